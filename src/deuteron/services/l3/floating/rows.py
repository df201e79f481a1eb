"""Floating IPs in the database: rows to API dicts and back.

A list is read by two statements, however long: rows with what is shown of their ports, and tags;
by a third one if some have port forwardings. Such a floating IP has a router and no port.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    bindparam,
    cast,
    delete,
    exists,
    insert,
    literal,
    null,
    select,
    union_all,
    update,
)

from deuteron.db import sharing
from deuteron.db import tags as tag_rows
from deuteron.db.collection import Collection
from deuteron.db.router_tables import floatingips, port_forwardings, router_ports, routers
from deuteron.db.service_tables import qos_policies
from deuteron.db.tables import networks, ports, subnets
from deuteron.db.transaction import Connectable
from deuteron.query import Query
from deuteron.services.l3.floating import forwarding_rows

FloatingIp = dict[str, Any]

COLLECTION = "floatingips"
OWNER = "network:floatingip"
DETAILS = "port_details"
FORWARDINGS = "port_forwardings"

_RENAMED = {"fixed_port_id": "port_id"}
_KEPT_INSIDE = {"floating_port_id", "had_router_id"}
_COLUMNS: dict[str, ColumnElement[Any]] = {
    _RENAMED.get(str(column.name), str(column.name)): column
    for column in floatingips.columns
    if column.name not in _KEPT_INSIDE
}
_OF_PORT = (
    "name",
    "network_id",
    "mac_address",
    "admin_state_up",
    "status",
    "device_id",
    "device_owner",
)
_FLOATING_IPS = Collection(
    COLLECTION,
    shown={**_COLUMNS, **{f"{DETAILS}.{name}": ports.c[name] for name in _OF_PORT}},
    columns=_COLUMNS,
    id_column=floatingips.c.id,
    joined=floatingips.outerjoin(ports, ports.c.id == floatingips.c.fixed_port_id),
)


def get(conn: Connectable, floating_ip_id: str, scope: str | None) -> FloatingIp | None:
    """The floating IP of this id, whole; None if a project (None: everything) does not see it."""
    found = _FLOATING_IPS.one(conn, floating_ip_id, scope)
    if found is not None:
        _complete(conn, [found])
    return found


_IS_THERE = select(floatingips.c.id).where(floatingips.c.id == bindparam("id"))
_IS_THERE_SCOPED = sharing.for_one(_IS_THERE, COLLECTION)


def is_there(conn: Connectable, floating_ip_id: str, scope: str | None) -> bool:
    """Whether a project (None: everything) sees a floating IP of this id."""
    statement = _IS_THERE if scope is None else _IS_THERE_SCOPED
    found = conn.execute(statement, {"id": floating_ip_id, **sharing.parameters(scope)})
    return found.fetchone() is not None


def list_(conn: Connectable, query: Query, scope: str | None) -> list[FloatingIp]:
    """The floating IPs that a query asks for and a project (None: everything) sees, in order."""
    found, page = _FLOATING_IPS.page(conn, query, scope)
    if page is not None:
        _complete(conn, found)
    return found


def _complete(conn: Connectable, found: Sequence[FloatingIp]) -> None:
    """Fold what is of ports, add tags and port forwardings."""
    forwarding = [one["id"] for one in found if has_forwardings(one)]
    forwardings = forwarding_rows.of_floating_ips(conn, forwarding)
    tags = tag_rows.tags_of(conn, COLLECTION, [one["id"] for one in found])
    for one in found:
        details = {name: one.pop(f"{DETAILS}.{name}") for name in _OF_PORT}
        one[DETAILS] = details if one["port_id"] else None
        one["tags"] = tags.get(one["id"], [])
        one[FORWARDINGS] = forwardings.get(one["id"], [])


def has_forwardings(floating_ip: Mapping[str, Any]) -> bool:
    """Whether its ports lead to several ones inside: then it has a router, and no port itself."""
    return floating_ip["router_id"] is not None and floating_ip["port_id"] is None


_OF_IDS = select(
    floatingips.c.id, floatingips.c.router_id, floatingips.c.floating_ip_address
).where(floatingips.c.id.in_(bindparam("ids", expanding=True)))


def of_ids(conn: Connectable, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Id -> ``router_id`` and ``floating_ip_address`` of floating IPs; none costs nothing."""
    wanted = sorted(ids)
    if not wanted:
        return {}
    return {
        row[0]: {"router_id": row[1], "floating_ip_address": row[2]}
        for row in conn.execute(_OF_IDS, {"ids": wanted})
    }


_LOCK = (
    update(floatingips)
    .where(floatingips.c.id == bindparam("one"))
    .values(revision_number=floatingips.c.revision_number + bindparam("step"))
)
_PROJECTS = select(routers.c.id, routers.c.project_id).where(
    routers.c.id.in_(bindparam("ids", expanding=True))
)


def lock(conn: Connectable, floating_ip_id: str, scope: str | None) -> FloatingIp | None:
    """Count a floating IP's revision up, so that nobody else changes it until the commit; read it.

    Args:
        conn: the transaction; this is its first statement.
        floating_ip_id: of the floating IP.
        scope: the project that asks, None for everything.

    Returns:
        As `get`, with the revision that it had; None if there is none that the project sees.
    """
    if conn.execute(_LOCK, {"one": floating_ip_id, "step": 1}).rowcount == 0:
        return None
    found = get(conn, floating_ip_id, scope)
    if found is not None:
        found["revision_number"] -= 1
    return found


def unlock(conn: Connectable, floating_ip_id: str) -> None:
    """Let the revision be as it was before `lock`, as nothing was changed."""
    conn.execute(_LOCK, {"one": floating_ip_id, "step": -1})


def with_projects(conn: Connectable, router_ids: Iterable[str | None]) -> list[dict[str, Any]]:
    """``id`` and ``project_id`` of routers, as far as there are any; none costs nothing."""
    ids = sorted({one for one in router_ids if one})
    if not ids:
        return []
    found = conn.execute(_PROJECTS, {"ids": ids})
    return [{"id": router_id, "project_id": project_id} for router_id, project_id in found]


_INSERT = insert(floatingips)
_DELETE = delete(floatingips).where(floatingips.c.id == bindparam("id"))
_FLOATING_PORT = select(floatingips.c.floating_port_id).where(floatingips.c.id == bindparam("id"))
_NAMES = {shown: str(column.name) for shown, column in _COLUMNS.items()}


def insert_one(conn: Connectable, floating_ip: FloatingIp, floating_port_id: str) -> None:
    """Insert a floating IP from an API dict.

    Args:
        conn: the transaction.
        floating_ip: with every column that is shown.
        floating_port_id: of its own port on the external network.
    """
    row = {name: floating_ip[shown] for shown, name in _NAMES.items()}
    conn.execute(_INSERT, {**row, "floating_port_id": floating_port_id, "had_router_id": None})


def update_row(conn: Connectable, floating_ip_id: str, changes: Mapping[str, Any]) -> None:
    """Write changed attributes of a floating IP that is locked.

    Args:
        conn: the transaction.
        floating_ip_id: of the floating IP.
        changes: attribute -> value, at least one; ``had_router_id`` beside what is shown.
    """
    values = {_NAMES.get(name, name): value for name, value in changes.items()}
    conn.execute(update(floatingips).where(floatingips.c.id == floating_ip_id).values(values))


def delete_one(conn: Connectable, floating_ip_id: str) -> str | None:
    """Delete a floating IP with its tags.

    Returns:
        The id of its own port, which stays; None if the floating IP was gone already.
    """
    port_id: str | None = conn.execute(_FLOATING_PORT, {"id": floating_ip_id}).scalar()
    tag_rows.delete(conn, [floating_ip_id])
    return port_id if conn.execute(_DELETE, {"id": floating_ip_id}).rowcount else None


# --- external networks and policies ---------------------------------------------------------------

_EXTERNAL = select(
    networks.c.external,
    exists().where(subnets.c.network_id == networks.c.id, subnets.c.ip_version == 4),
).where(networks.c.id == bindparam("id"))
_EXTERNAL_SCOPED = sharing.for_one(_EXTERNAL, "networks")
_POLICY = select(qos_policies.c.id).where(qos_policies.c.id == bindparam("id"))
_POLICY_SCOPED = sharing.for_one(_POLICY, "policies")


def external(conn: Connectable, network_id: str, scope: str | None) -> tuple[bool, bool] | None:
    """Whether a network is external, and has IPv4 subnets; None if a project does not see it."""
    statement = _EXTERNAL if scope is None else _EXTERNAL_SCOPED
    row = conn.execute(statement, {"id": network_id, **sharing.parameters(scope)}).fetchone()
    return None if row is None else (bool(row[0]), bool(row[1]))


def sees_policy(conn: Connectable, policy_id: str, scope: str | None) -> bool:
    """Whether there is such a QoS policy for a project (None: everything)."""
    statement = _POLICY if scope is None else _POLICY_SCOPED
    found = conn.execute(statement, {"id": policy_id, **sharing.parameters(scope)})
    return found.fetchone() is not None


# --- ports that go or change, networks that go ----------------------------------------------------

_LEADING = select(
    floatingips.c.id,
    floatingips.c.project_id,
    floatingips.c.router_id,
    floatingips.c.fixed_ip_address,
    floatingips.c.fixed_port_id,
    floatingips.c.floating_ip_address,
)
_WITH_PORT = (
    _LEADING.where(floatingips.c.fixed_port_id == bindparam("port")),
    _LEADING.join(port_forwardings, port_forwardings.c.floatingip_id == floatingips.c.id)
    .where(port_forwardings.c.internal_port_id == bindparam("port"))
    .distinct(),
)
_LEADING_TO = union_all(*_WITH_PORT)
_NOTHING = cast(null(), String(64))
_OWNERS = (
    select(router_ports.c.owner).where(router_ports.c.port_id == bindparam("port")),
    select(literal(OWNER)).where(floatingips.c.floating_port_id == bindparam("port")),
)
_TIES = union_all(
    *(one.add_columns(*(_NOTHING for _ in _LEADING.selected_columns)) for one in _OWNERS),
    *(select(_NOTHING, *one.subquery().c) for one in _WITH_PORT),
)
_DISASSOCIATE = (
    update(floatingips)
    .where(floatingips.c.fixed_port_id == bindparam("port"))
    .ordered_values(  # in this order: MariaDB sees what it has set already
        (floatingips.c.had_router_id, floatingips.c.router_id),
        (floatingips.c.router_id, null()),
        (floatingips.c.fixed_port_id, null()),
        (floatingips.c.fixed_ip_address, null()),
        (floatingips.c.revision_number, floatingips.c.revision_number + 1),
        (floatingips.c.updated_at, bindparam("now")),
    )
)
_LONELY = (
    select(floatingips.c.id)
    .where(floatingips.c.floating_network_id == bindparam("network"))
    .where(floatingips.c.router_id.is_(None), floatingips.c.fixed_port_id.is_(None))
)
_KEYS = ("id", "project_id", "router_id", "fixed_ip_address", "port_id", "floating_ip_address")


def leading_to(conn: Connectable, port_id: str) -> list[FloatingIp]:
    """The floating IPs that lead to a port, as a whole or by port forwardings; one statement.

    Returns:
        Rows with ``id``, ``project_id``, ``router_id``, ``fixed_ip_address``, ``port_id`` and
        ``floating_ip_address``; ``port_id`` is None if it is by port forwardings.
    """
    found = conn.execute(_LEADING_TO, {"port": port_id})
    return [dict(zip(_KEYS, row, strict=True)) for row in found]


def ties(conn: Connectable, port_id: str) -> tuple[str | None, list[FloatingIp]]:
    """What a port is to routers and floating IPs, whatever it says of itself; one statement.

    Returns:
        The owner as which it is a port of a router, or has the address of a floating IP, None if it
        is neither; and the floating IPs that lead to it, as of `leading_to`.
    """
    rows = conn.execute(_TIES, {"port": port_id}).fetchall()
    owner = next((row[0] for row in rows if row[0] is not None), None)
    return owner, [dict(zip(_KEYS, row[1:], strict=True)) for row in rows if row[0] is None]


def disassociate(conn: Connectable, port_id: str, now: str) -> None:
    """Let no floating IP lead to a port as a whole any more."""
    conn.execute(_DISASSOCIATE, {"port": port_id, "now": now})


def disassociated_on(conn: Connectable, network_id: str) -> list[str]:
    """Ids of the floating IPs of a network that lead nowhere."""
    return [row[0] for row in conn.execute(_LONELY, {"network": network_id})]


# --- what agents say ------------------------------------------------------------------------------

_STATUSES = select(
    floatingips.c.id, floatingips.c.project_id, floatingips.c.router_id, floatingips.c.status
)
_OF_AGENT = union_all(
    _STATUSES.where(floatingips.c.router_id == bindparam("router")),
    _STATUSES.where(
        floatingips.c.had_router_id == bindparam("router"), floatingips.c.router_id.is_(None)
    ),
)
_SET_STATUS = (
    update(floatingips)
    .where(floatingips.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        status=bindparam("new"),
        revision_number=floatingips.c.revision_number + 1,
        updated_at=bindparam("now"),
    )
)


def of_agent(conn: Connectable, router_id: str) -> list[FloatingIp]:
    """The floating IPs of a router, and those that lead nowhere since they were of it.

    Returns:
        Rows with ``id``, ``project_id``, ``router_id`` and ``status``.
    """
    keys = ("id", "project_id", "router_id", "status")
    found = conn.execute(_OF_AGENT, {"router": router_id})
    return [dict(zip(keys, row, strict=True)) for row in found]


def set_status(conn: Connectable, ids: Sequence[str], status: str, now: str) -> None:
    """Write the status of floating IPs, at least one."""
    conn.execute(_SET_STATUS, {"ids": list(ids), "new": status, "now": now})
