"""QoS policies and rules in the database: rows to API dicts and back, and who uses them.

A policy is read by three statements, however many are asked for: its row, its rules, its tags.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Table,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    select,
    union,
    union_all,
    update,
)
from sqlalchemy.sql.elements import KeyedColumnElement

from deuteron.db import select as listing
from deuteron.db import sharing
from deuteron.db import tags as tag_rows
from deuteron.db.collection import Collection
from deuteron.db.pages import Page
from deuteron.db.rbac_policies import Shareable
from deuteron.db.router_tables import floatingips, routers
from deuteron.db.service_tables import qos_default_policies, qos_policies, qos_rules
from deuteron.db.tables import networks, port_bindings, ports
from deuteron.db.transaction import Connectable
from deuteron.query import Query
from deuteron.services.qos.rule_types import RULE_TYPES

Policy = dict[str, Any]
Rule = dict[str, Any]

COLLECTION = "policies"
# Above this many the ids are not sent: the rules are joined to the policies' own query.
_IDS_AT_MOST = 1000

_COLUMNS: dict[str, ColumnElement[Any]] = {
    str(column.name): column for column in qos_policies.columns
}
_IS_DEFAULT = exists().where(qos_default_policies.c.policy_id == qos_policies.c.id)


def _default_filter(values: tuple[Any, ...]) -> ColumnElement[bool]:
    wanted = {bool(value) for value in values}
    if len(wanted) > 1:
        return qos_policies.c.id.is_not(None)
    return _IS_DEFAULT if wanted == {True} else ~_IS_DEFAULT


_SPECIAL = {
    "is_default": _default_filter,
    "shared": lambda values: sharing.shared_filter(qos_policies.c.id, values),
}
_POLICIES = Collection(
    COLLECTION,
    shown={
        **_COLUMNS,
        "shared": sharing.shared_with_caller(qos_policies.c.id),
        "is_default": _IS_DEFAULT,
    },
    columns=_COLUMNS,
    special=_SPECIAL,
    id_column=qos_policies.c.id,
)


# --- policies -------------------------------------------------------------------------------------


def row(conn: Connectable, policy_id: str, scope: str | None) -> Policy | None:
    """Only what is of the policy itself; None if a project (None: everything) does not see it."""
    return _POLICIES.one(conn, policy_id, scope)


def get(conn: Connectable, policy_id: str, scope: str | None) -> Policy | None:
    """The policy of this id with its rules and tags, or None."""
    policy = row(conn, policy_id, scope)
    if policy is not None:
        _complete(conn, [policy], None)
    return policy


def list_(conn: Connectable, query: Query, scope: str | None) -> list[Policy]:
    """The policies that a query asks for and a project (None: everything) sees, in its order."""
    found, page = _POLICIES.page(conn, query, scope)
    if page is not None:
        _complete(conn, found, page)
    return found


def _complete(
    conn: Connectable,
    found: list[Policy],
    page: Page | None,
) -> None:
    """Add rules and tags to the rows of policies."""
    ids = [policy["id"] for policy in found]
    rules = _rules_of(conn, ids, page)
    tags = tag_rows.tags_of(conn, COLLECTION, ids)
    for policy in found:
        policy["rules"] = rules.get(policy["id"], [])
        policy["tags"] = tags.get(policy["id"], [])


_INSERT = insert(qos_policies)


def insert_many(conn: Connectable, wanted: Sequence[Policy]) -> None:
    """Insert policies from API dicts that hold every column of the table; not their rules."""
    conn.execute(_INSERT, [{name: policy[name] for name in _COLUMNS} for policy in wanted])


def update_row(conn: Connectable, policy: Policy, changes: Mapping[str, Any]) -> bool:
    """Write changed columns if the policy still has the revision that was read.

    Args:
        policy: as it was read.
        changes: column name -> new value, with the new ``revision_number``.

    Returns:
        False if another one changed it in between; nothing is written then.
    """
    statement = (
        update(qos_policies)
        .where(
            qos_policies.c.id == policy["id"],
            qos_policies.c.revision_number == policy["revision_number"],
        )
        .values({name: value for name, value in changes.items() if name in _COLUMNS})
    )
    return conn.execute(statement).rowcount == 1


_DELETE = delete(qos_policies).where(qos_policies.c.id == bindparam("id"))


def delete_one(conn: Connectable, policy_id: str) -> bool:
    """Delete a policy with its rules and tags; False if it was gone already."""
    tag_rows.delete(conn, [policy_id])
    return conn.execute(_DELETE, {"id": policy_id}).rowcount == 1


# --- the default policies of projects -------------------------------------------------------------

_DEFAULTS = select(qos_default_policies.c.project_id, qos_default_policies.c.policy_id).where(
    qos_default_policies.c.project_id.in_(bindparam("projects", expanding=True))
)
_SET_DEFAULT = insert(qos_default_policies)
_UNSET_DEFAULT = delete(qos_default_policies).where(
    qos_default_policies.c.policy_id == bindparam("id")
)


def defaults(conn: Connectable, project_ids: Iterable[str]) -> dict[str, str]:
    """Project id -> id of its default policy, of those that have one."""
    found = conn.execute(_DEFAULTS, {"projects": sorted(set(project_ids))})
    return {row[0]: row[1] for row in found}


def set_default(conn: Connectable, policies: Iterable[Policy]) -> None:
    """Make these the default policies of their projects; none is fine."""
    claims = [{"project_id": one["project_id"], "policy_id": one["id"]} for one in policies]
    if claims:
        conn.execute(_SET_DEFAULT, claims)


def unset_default(conn: Connectable, policy_id: str) -> None:
    """Let a policy not be a default one any more."""
    conn.execute(_UNSET_DEFAULT, {"id": policy_id})


# --- rules ----------------------------------------------------------------------------------------

_RULE_COLUMNS: dict[str, KeyedColumnElement[Any]] = {
    str(column.name): column for column in qos_rules.columns
}
_RULES = select(*_RULE_COLUMNS.values())
# One policy has few rules, so they are sorted when they were read.
_RULES_OF = _RULES.where(qos_rules.c.qos_policy_id.in_(bindparam("ids", expanding=True)))
_RULE = _RULES.where(qos_rules.c.id == bindparam("id"), qos_rules.c.type == bindparam("type"))


def _rule(found: Sequence[Any]) -> Rule:
    """The columns of its type, with ``direction`` '' where the type has none."""
    whole = dict(zip(_RULE_COLUMNS, found, strict=True))
    kept = ("id", "qos_policy_id", "type", "direction", *RULE_TYPES[whole["type"]].parameters)
    return {name: whole[name] for name in kept}


def _sorted(rules: Iterable[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: (rule["type"], rule["id"]))


def shown(rule: Rule) -> Rule:
    """A rule as the API has it: without a direction that its type has not."""
    if "direction" in RULE_TYPES[rule["type"]].choices:
        return rule
    return {name: value for name, value in rule.items() if name != "direction"}


def rules_of(conn: Connectable, policy_ids: Iterable[str]) -> dict[str, list[Rule]]:
    """Policy id -> its rules in order, of those that have any; by one statement."""
    found: dict[str, list[Rule]] = {}
    for one in conn.execute(_RULES_OF, {"ids": sorted(set(policy_ids))}):
        rule = _rule(one)
        found.setdefault(rule["qos_policy_id"], []).append(rule)
    return {policy_id: _sorted(rules) for policy_id, rules in found.items()}


def _rules_of(
    conn: Connectable, ids: Sequence[str], policies: Page | None
) -> dict[str, list[Rule]]:
    """Policy id -> its rules as the API shows them."""
    if not ids:
        return {}
    if policies is None or len(ids) <= _IDS_AT_MOST:
        rows = conn.execute(_RULES_OF, {"ids": list(ids)})
    else:
        wanted = policies.ids()
        statement = _RULES.join(wanted, wanted.c.id == qos_rules.c.qos_policy_id)
        rows = conn.execute(statement, policies.parameters)
    found: dict[str, list[Rule]] = {}
    for one in rows:
        rule = _rule(one)
        found.setdefault(rule["qos_policy_id"], []).append(shown(rule))
    return {policy_id: _sorted(rules) for policy_id, rules in found.items()}


_VISIBLE = (
    select(qos_policies.c.id, *_RULE_COLUMNS.values())
    .select_from(qos_policies.outerjoin(qos_rules, qos_rules.c.qos_policy_id == qos_policies.c.id))
    .where(qos_policies.c.id.in_(bindparam("ids", expanding=True)))
)
_VISIBLE_SCOPED = sharing.for_one(_VISIBLE, COLLECTION)


def visible(
    conn: Connectable, policy_ids: Iterable[str], scope: str | None
) -> dict[str, list[Rule]]:
    """Policy id -> its rules, of those that a project (None: everything) sees; one statement.

    Args:
        conn: where to read.
        policy_ids: at least one.
        scope: the project that asks.
    """
    statement = _VISIBLE if scope is None else _VISIBLE_SCOPED
    parameters = {"ids": sorted(set(policy_ids)), **sharing.parameters(scope)}
    found: dict[str, list[Rule]] = {}
    for policy_id, *rule in conn.execute(statement, parameters):
        rules = found.setdefault(policy_id, [])
        if rule[0] is not None:
            rules.append(_rule(rule))
    return {policy_id: _sorted(rules) for policy_id, rules in found.items()}


def list_rules(conn: Connectable, policy_id: str, kind: str, query: Query) -> list[Rule]:
    """The rules of one type of a policy that a query asks for, in its order."""
    base = _RULES.where(qos_rules.c.qos_policy_id == policy_id, qos_rules.c.type == kind)
    statement = listing.page(
        base, columns=_RULE_COLUMNS, special={}, id_column=qos_rules.c.id, query=query
    )
    found = [shown(_rule(one)) for one in conn.execute(statement).fetchall()]
    if listing.marker_missing(conn, id_column=qos_rules.c.id, query=query, found=found):
        return list_rules(conn, policy_id, kind, replace(query, marker=None))
    return listing.in_page_order(found, query)


def get_rule(conn: Connectable, rule_id: str, kind: str) -> Rule | None:
    """The rule of this id and type, whoever owns its policy, or None."""
    found = conn.execute(_RULE, {"id": rule_id, "type": kind}).fetchone()
    return None if found is None else _rule(found)


_INSERT_RULES = insert(qos_rules)
_UPDATE_RULE = update(qos_rules).where(qos_rules.c.id == bindparam("rule_id"))
_DELETE_RULE = delete(qos_rules).where(qos_rules.c.id == bindparam("id"))
_EMPTY = dict.fromkeys(_RULE_COLUMNS)


def insert_rules(conn: Connectable, rules: Sequence[Rule]) -> None:
    """Insert rules of one type."""
    conn.execute(_INSERT_RULES, [{**_EMPTY, **rule} for rule in rules])


def update_rule(conn: Connectable, rule_id: str, changes: Mapping[str, Any]) -> bool:
    """Write changed columns of a rule; False if it is gone."""
    statement = _UPDATE_RULE.values(changes)
    return conn.execute(statement, {"rule_id": rule_id}).rowcount == 1


def delete_rule(conn: Connectable, rule_id: str) -> bool:
    """Delete a rule; False if it is gone."""
    return conn.execute(_DELETE_RULE, {"id": rule_id}).rowcount == 1


# --- who has a policy, and who sees it ------------------------------------------------------------

# What can have a policy: noun -> table.
_HOLDERS: Mapping[str, Table] = {
    "port": ports,
    "network": networks,
    "floatingip": floatingips,
    "router": routers,
}
_USERS = union(
    *(
        select(table.c.project_id).where(table.c.qos_policy_id == bindparam("object_id"))
        for table in _HOLDERS.values()
    )
).subquery("users")
SHAREABLE = Shareable(
    table=qos_policies,
    visible=sharing.VISIBLE[COLLECTION],
    used_by=select(_USERS.c.project_id),
)
"""How policies are shared."""

_USER = select(
    *(
        select(table.c.id)
        .where(table.c.qos_policy_id == bindparam("id"))
        .limit(1)
        .scalar_subquery()
        .label(noun)
        for noun, table in _HOLDERS.items()
    )
)


def user(conn: Connectable, policy_id: str) -> tuple[str, str] | None:
    """One that has the policy: a port, network, floating IP or router.

    Returns:
        (noun, id); None if there is none.
    """
    ids = conn.execute(_USER, {"id": policy_id}).one()
    found = zip(_HOLDERS, ids, strict=True)
    return next(((noun, one) for noun, one in found if one is not None), None)


_FOR_COMPUTE = case((ports.c.device_owner.startswith("compute:"), 1), else_=0)
_KINDS = (
    select(
        func.min(ports.c.id),
        port_bindings.c.vif_type,
        port_bindings.c.vnic_type,
        func.max(_FOR_COMPUTE),
    )
    .select_from(ports.join(port_bindings, port_bindings.c.port_id == ports.c.id))
    .where(port_bindings.c.status == "ACTIVE")
    .group_by(port_bindings.c.vif_type, port_bindings.c.vnic_type)
)
_OF_NETWORK = _KINDS.where(
    ports.c.network_id == bindparam("network_id"), ports.c.qos_policy_id.is_(None)
)
_OF_POLICY = union_all(
    _KINDS.where(ports.c.qos_policy_id == bindparam("policy_id")),
    _KINDS.where(
        ports.c.network_id.in_(
            select(networks.c.id).where(networks.c.qos_policy_id == bindparam("policy_id"))
        ),
        ports.c.qos_policy_id.is_(None),
    ),
)

Kind = tuple[str, str, str, bool]
"""One port of a kind, the vif_type and vnic_type of all of them, whether one is a server's."""


def kinds_on_network(conn: Connectable, network_id: str) -> list[Kind]:
    """The kinds of ports of a network that have no policy of their own."""
    rows = conn.execute(_OF_NETWORK, {"network_id": network_id})
    return [(port_id, vif, vnic, bool(server)) for port_id, vif, vnic, server in rows]


def kinds_with_policy(conn: Connectable, policy_id: str) -> list[Kind]:
    """The kinds of ports for which a policy holds, their own or their network's."""
    rows = conn.execute(_OF_POLICY, {"policy_id": policy_id})
    return [(port_id, vif, vnic, bool(server)) for port_id, vif, vnic, server in rows]
