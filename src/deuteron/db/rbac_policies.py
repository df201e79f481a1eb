"""RBAC policies in the database, and who uses what they share.

What can be shared is the table `SHAREABLE`: object type of the API -> where the objects are, how
they can be shared, and which projects depend on seeing them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    Select,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    union,
    update,
)
from sqlalchemy.sql.elements import KeyedColumnElement

from deuteron.db import router_tables, sharing, tables
from deuteron.db import select as listing
from deuteron.db.sharing import EVERYBODY, EXTERNAL, SHARED, VISIBLE, Visible
from deuteron.db.tables import rbac_policies
from deuteron.db.transaction import Connectable
from deuteron.errors import InvalidInput
from deuteron.query import Query

Policy = dict[str, Any]

_OBJECT = "object_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shareable:
    """A type of objects that can be shared.

    Args:
        table: with the columns ``id``, ``project_id``, ``revision_number`` and ``updated_at``.
        actions: how its objects can be shared.
        used_by: selects the projects that use one object; its id is the parameter ``object_id``.
        visible: what a project sees of it.
        require: ``(conn, row, target project)`` refuses to share an object with who does not see
            what it depends on.
    """

    table: Table
    visible: Visible
    actions: tuple[str, ...] = (SHARED,)
    used_by: Select[Any]
    require: Callable[[Connectable, Mapping[str, Any], str], None] | None = None


def _members_of_group() -> Select[Any]:
    members, ports = tables.port_security_groups, tables.ports
    return (
        select(ports.c.project_id)
        .join(members, members.c.port_id == ports.c.id)
        .where(members.c.security_group_id == bindparam(_OBJECT))
        .distinct()
    )


_SCOPE_OF_POOL = select(rbac_policies.c.id).where(
    rbac_policies.c.object_id == bindparam(_OBJECT),
    rbac_policies.c.target_project.in_((EVERYBODY, bindparam("target", type_=String()))),
)


def _require_scope_seen(conn: Connectable, pool: Mapping[str, Any], target: str) -> None:
    """Refuse to share a subnet pool with who does not see its address scope."""
    scope_id = pool["address_scope_id"]
    if scope_id is None:
        return
    parameters = {_OBJECT: scope_id, "target": target}
    if conn.execute(_SCOPE_OF_POOL, parameters).first() is None:
        raise InvalidInput(
            error_message=f"subnet pool {pool['id']} cannot be shared, "
            "because its address scope is not shared with the same target"
        )


SHAREABLE: Mapping[str, Shareable] = {
    "address_group": Shareable(
        table=tables.address_groups,
        visible=VISIBLE["address_groups"],
        used_by=select(tables.security_group_rules.c.project_id)
        .where(tables.security_group_rules.c.remote_address_group_id == bindparam(_OBJECT))
        .distinct(),
    ),
    "address_scope": Shareable(
        table=tables.address_scopes,
        visible=VISIBLE["address_scopes"],
        used_by=select(tables.subnetpools.c.project_id)
        .where(tables.subnetpools.c.address_scope_id == bindparam(_OBJECT))
        .distinct(),
    ),
    "network": Shareable(
        table=tables.networks,
        visible=VISIBLE["networks"],
        actions=(SHARED, EXTERNAL),
        used_by=select(tables.ports.c.project_id)
        .where(tables.ports.c.network_id == bindparam(_OBJECT))
        .distinct(),
    ),
    "security_group": Shareable(
        table=tables.security_groups,
        visible=VISIBLE["security_groups"],
        used_by=_members_of_group(),
    ),
    "subnetpool": Shareable(
        table=tables.subnetpools,
        visible=VISIBLE["subnetpools"],
        used_by=select(tables.subnets.c.project_id)
        .where(tables.subnets.c.subnetpool_id == bindparam(_OBJECT))
        .distinct(),
        require=_require_scope_seen,
    ),
}
"""Object type -> what it is."""


# --- the API's policies ---------------------------------------------------------------------------

_COLUMNS: Mapping[str, KeyedColumnElement[Any]] = {
    **{str(column.name): column for column in rbac_policies.columns},
    "target_tenant": rbac_policies.c.target_project,
}
_KEYS = tuple(str(column.name) for column in rbac_policies.columns)
_ROWS = select(*rbac_policies.columns)
_BY_ID = _ROWS.where(rbac_policies.c.id == bindparam("id"))
_OWN = rbac_policies.c.project_id == bindparam("owner")
_INSERT = insert(rbac_policies)
_RETARGET = (
    update(rbac_policies)
    .where(rbac_policies.c.id == bindparam("policy_id"))
    .values(target_project=bindparam("target"))
)
_DELETE = delete(rbac_policies).where(rbac_policies.c.id == bindparam("id"))


def get(conn: Connectable, policy_id: str, scope: str | None) -> Policy | None:
    """The policy of this id, or None if it is not the project's (None: anybody's)."""
    statement = _BY_ID if scope is None else _BY_ID.where(_OWN)
    row = conn.execute(statement, {"id": policy_id, "owner": scope}).first()
    return None if row is None else dict(zip(_KEYS, row, strict=True))


def list_(conn: Connectable, query: Query, scope: str | None) -> list[Policy]:
    """The policies of a project (None: of all) that a query asks for, in its order."""
    base = _ROWS if scope is None else _ROWS.where(_OWN)
    statement = listing.page(
        base, columns=_COLUMNS, special={}, id_column=rbac_policies.c.id, query=query
    )
    rows = conn.execute(statement, {"owner": scope})
    found = [dict(zip(_KEYS, row, strict=True)) for row in rows]
    if listing.marker_missing(
        conn,
        id_column=rbac_policies.c.id,
        query=query,
        found=found,
        visible=None if scope is None else _OWN,
        parameters={"owner": scope},
    ):
        return list_(conn, replace(query, marker=None), scope)
    return listing.in_page_order(found, query)


def insert_many(conn: Connectable, policies: Sequence[Policy]) -> None:
    """Insert policies from dicts that hold every column; none is fine."""
    if policies:
        conn.execute(_INSERT, list(policies) if len(policies) > 1 else policies[0])


def retarget(conn: Connectable, policy_id: str, target_project: str) -> bool:
    """Give a policy another target; False if it is gone."""
    parameters = {"policy_id": policy_id, "target": target_project}
    return bool(conn.execute(_RETARGET, parameters).rowcount == 1)


def delete_one(conn: Connectable, policy_id: str) -> bool:
    """Delete a policy; False if it is gone."""
    return bool(conn.execute(_DELETE, {"id": policy_id}).rowcount == 1)


# --- the policies of an object --------------------------------------------------------------------

_OF_OBJECT = select(rbac_policies.c.id, rbac_policies.c.target_project).where(
    rbac_policies.c.object_id == bindparam(_OBJECT), rbac_policies.c.action == bindparam("action")
)
_PRESENT = select(
    rbac_policies.c.object_id, rbac_policies.c.action, rbac_policies.c.target_project
).where(rbac_policies.c.object_id.in_(bindparam("ids", expanding=True)))
_DELETE_OF_OBJECTS = delete(rbac_policies).where(
    rbac_policies.c.object_id.in_(bindparam("ids", expanding=True))
)
_WITHDRAW = delete(rbac_policies).where(
    rbac_policies.c.object_id == bindparam(_OBJECT), rbac_policies.c.action == bindparam("action")
)
_WITHDRAW_FROM = _WITHDRAW.where(rbac_policies.c.target_project == bindparam("target"))


def targets(conn: Connectable, object_id: str, action: str) -> dict[str, str]:
    """Target project -> id of the policy, of all policies of an object with this action."""
    rows = conn.execute(_OF_OBJECT, {_OBJECT: object_id, "action": action})
    return {target: policy_id for policy_id, target in rows}


def withdraw(
    conn: Connectable, object_id: str, action: str, target_project: str | None = None
) -> None:
    """Delete the policies of an object with this action.

    Args:
        conn: where to write.
        object_id: of the object.
        action: of the policies.
        target_project: only the one with this target, None for all.
    """
    parameters = {_OBJECT: object_id, "action": action}
    if target_project is None:
        conn.execute(_WITHDRAW, parameters)
    else:
        conn.execute(_WITHDRAW_FROM, {**parameters, "target": target_project})


def delete_of(conn: Connectable, object_ids: Sequence[str]) -> None:
    """Delete all policies of objects.

    After the objects themselves: whoever makes a policy at the same time has locked the object's
    row, so that its policy is seen here, or does not find the object any more.
    """
    conn.execute(_DELETE_OF_OBJECTS, {"ids": list(object_ids)})


# --- objects --------------------------------------------------------------------------------------


def objects(
    conn: Connectable, shareable: Shareable, object_ids: Sequence[str], scope: str | None
) -> dict[str, Mapping[str, Any]]:
    """Id -> row of those of these objects that a project (None: anybody) sees: one statement.

    Args:
        conn: where to read.
        shareable: their type.
        object_ids: of the objects.
        scope: the project that asks.
    """
    statement = select(shareable.table).where(shareable.table.c.id.in_(object_ids))
    if scope is not None:
        statement = statement.where(shareable.visible.one)
    rows = conn.execute(statement, sharing.parameters(scope)).mappings()
    return {row["id"]: dict(row) for row in rows}


def present(conn: Connectable, object_ids: Sequence[str]) -> set[tuple[str, str, str]]:
    """(object id, action, target) of all policies of these objects: one statement."""
    return {tuple(row) for row in conn.execute(_PRESENT, {"ids": list(object_ids)})}


def touch(conn: Connectable, shareable: Shareable, object_ids: Sequence[str], now: str) -> int:
    """Count who may see objects as a change of them, and lock them; how many there are."""
    table = shareable.table
    statement = (
        update(table)
        .where(table.c.id.in_(object_ids))
        .values(revision_number=table.c.revision_number + 1, updated_at=now)
    )
    return int(conn.execute(statement).rowcount)


def users(conn: Connectable, shareable: Shareable, object_id: str) -> set[str]:
    """The projects that use an object; '' is none."""
    found = conn.execute(shareable.used_by, {_OBJECT: object_id})
    return {project_id for (project_id,) in found if project_id}


_ON_NETWORK = union(
    # what routers and agents have on a network is not their project's matter
    select(tables.ports.c.project_id).where(
        tables.ports.c.network_id == bindparam(_OBJECT),
        ~tables.ports.c.device_owner.startswith("network:"),
    ),
    select(tables.subnets.c.project_id).where(tables.subnets.c.network_id == bindparam(_OBJECT)),
)


def projects_on_network(conn: Connectable, network_id: str) -> set[str]:
    """The projects with ports or subnets on a network."""
    found = conn.execute(_ON_NETWORK, {_OBJECT: network_id})
    return {project_id for (project_id,) in found if project_id}


_GATEWAY = (
    select(tables.ports.c.id)
    .where(
        tables.ports.c.network_id == bindparam(_OBJECT),
        tables.ports.c.device_owner == "network:router_gateway",
    )
    .limit(1)
)


def has_gateways(conn: Connectable, network_id: str) -> bool:
    """Whether gateways of routers are on a network."""
    return conn.execute(_GATEWAY, {_OBJECT: network_id}).first() is not None


_ROUTED_OUT = (
    select(router_tables.routers.c.project_id)
    .join(
        router_tables.router_ports,
        router_tables.router_ports.c.router_id == router_tables.routers.c.id,
    )
    .join(tables.ports, tables.ports.c.id == router_tables.router_ports.c.port_id)
    .where(
        tables.ports.c.network_id == bindparam(_OBJECT),
        router_tables.router_ports.c.owner == "network:router_gateway",
    )
    .distinct()
)


def routed_out(conn: Connectable, network_id: str) -> set[str]:
    """The projects whose routers have gateways on a network."""
    return {row[0] for row in conn.execute(_ROUTED_OUT, {_OBJECT: network_id})}


_SET_EXTERNAL = (
    update(tables.networks)
    .where(tables.networks.c.id.in_(bindparam("ids", expanding=True)))
    .values(external=bindparam("value"))
)


def set_external(conn: Connectable, network_ids: Sequence[str], *, external: bool) -> None:
    """Make networks external, or no longer."""
    conn.execute(_SET_EXTERNAL, {"ids": list(network_ids), "value": external})
