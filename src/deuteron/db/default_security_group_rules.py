"""The template of security groups in the database: the rules that new groups are born with."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, bindparam, case, delete, insert, literal, select

from deuteron.db import select as listing
from deuteron.db.tables import default_security_group_rules as rules
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Rule = dict[str, Any]

PARENT = "PARENT"
"""The remote group of a rule whose remote side is the group that it will be in."""

_MARK = "remote_is_group"
_COLUMNS: dict[str, ColumnElement[Any]] = {
    **{str(column.name): column for column in rules.columns if column.name != _MARK},
    "remote_group_id": case((rules.c[_MARK], literal(PARENT)), else_=rules.c.remote_group_id),
}
_KEYS = tuple(_COLUMNS)
_ROWS = select(*(column.label(name) for name, column in _COLUMNS.items()))
_BY_ID = _ROWS.where(rules.c.id == bindparam("id"))
_IN_ORDER = (rules.c.direction, rules.c.ethertype, rules.c.id)
_USED = {
    True: _ROWS.where(rules.c.used_in_default_sg).order_by(*_IN_ORDER),
    False: _ROWS.where(rules.c.used_in_non_default_sg).order_by(*_IN_ORDER),
}
_REFERRING = select(rules.c.id).where(rules.c.remote_group_id == bindparam("group_id"))
_NAMING = (
    select(rules.c.id)
    .where(rules.c.remote_address_group_id == bindparam("address_group_id"))
    .limit(1)
)
_INSERT = insert(rules)
_DELETE = delete(rules).where(rules.c.id.in_(bindparam("ids", expanding=True)))


def get(conn: Connectable, rule_id: str) -> Rule | None:
    """The rule of this id, or None."""
    row = conn.execute(_BY_ID, {"id": rule_id}).fetchone()
    return None if row is None else dict(zip(_KEYS, row, strict=True))


def list_(conn: Connectable, query: Query) -> list[Rule]:
    """The rules that a query asks for, in its order."""
    statement = listing.page(_ROWS, columns=_COLUMNS, special={}, id_column=rules.c.id, query=query)
    found = [dict(zip(_KEYS, row, strict=True)) for row in conn.execute(statement)]
    if listing.marker_missing(conn, id_column=rules.c.id, query=query, found=found):
        # as in Neutron, the list begins anew
        return list_(conn, replace(query, marker=None))
    return listing.in_page_order(found, query)


def used(conn: Connectable, *, in_default: bool) -> list[Rule]:
    """The rules for default groups, or those for others.

    Args:
        conn: where to read.
        in_default: which.
    """
    return [dict(zip(_KEYS, row, strict=True)) for row in conn.execute(_USED[in_default])]


def referring_to(conn: Connectable, group_id: str) -> list[str]:
    """Ids of the rules whose remote side is this security group."""
    return [row[0] for row in conn.execute(_REFERRING, {"group_id": group_id})]


def names_address_group(conn: Connectable, address_group_id: str) -> bool:
    """Whether the remote side of any rule is this address group."""
    found = conn.execute(_NAMING, {"address_group_id": address_group_id})
    return found.first() is not None


def insert_one(conn: Connectable, rule: Mapping[str, Any]) -> None:
    """Insert a rule from its API dict."""
    conn.execute(_INSERT, _row(rule))


def _row(rule: Mapping[str, Any]) -> dict[str, Any]:
    of_parent = rule["remote_group_id"] == PARENT
    remote = {_MARK: of_parent, "remote_group_id": None if of_parent else rule["remote_group_id"]}
    return {**{name: rule[name] for name in _KEYS}, **remote}


def delete_many(conn: Connectable, rule_ids: Sequence[str]) -> int:
    """Delete rules; how many there were."""
    return int(conn.execute(_DELETE, {"ids": list(rule_ids)}).rowcount)


def fill(connection: Connection) -> None:
    """Give a new database the template that Neutron begins with.

    Everything may leave; into default groups comes what members of the group send.
    """
    ethertypes = ("IPv4", "IPv6")
    leaving = [_first(ethertype, "egress", None, in_others=True) for ethertype in ethertypes]
    coming = [_first(ethertype, "ingress", PARENT, in_others=False) for ethertype in ethertypes]
    connection.execute(_INSERT, [_row(rule) for rule in (*leaving, *coming)])


def _first(ethertype: str, direction: str, remote: str | None, *, in_others: bool) -> Rule:
    return {
        "id": str(uuid4()),
        "direction": direction,
        "ethertype": ethertype,
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_group_id": remote,
        "remote_address_group_id": None,
        "remote_ip_prefix": None,
        "description": f"{direction} rule that every site begins with",
        "used_in_default_sg": True,
        "used_in_non_default_sg": in_others,
    }
