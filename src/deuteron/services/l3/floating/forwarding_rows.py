"""Port forwardings in the database: of which floating IPs they are, and who needs which port.

A floating IP has a router without having a port exactly while it has port forwardings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    delete,
    exists,
    false,
    insert,
    null,
    or_,
    select,
    update,
)

from deuteron.db import select as listing
from deuteron.db.router_tables import floatingips, port_forwardings
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Forwarding = dict[str, Any]

SIDES = ("external", "internal")
# What a floating IP shows of them.
_IN_FLOATING_IP = ("id", "protocol", "internal_ip_address", "internal_port_id")

_COLUMNS: dict[str, ColumnElement[Any]] = {
    str(column.name): column for column in port_forwardings.columns
}
_ROWS = select(*_COLUMNS.values())
_OF_FLOATING_IPS = _ROWS.where(
    port_forwardings.c.floatingip_id.in_(bindparam("ids", expanding=True))
).order_by(port_forwardings.c.id)
_OF_PORT = _ROWS.where(port_forwardings.c.internal_port_id == bindparam("port"))
_ONE = _ROWS.where(
    port_forwardings.c.id == bindparam("id"),
    port_forwardings.c.floatingip_id == bindparam("floating_ip"),
)


def _forwarding(row: Sequence[Any]) -> Forwarding:
    return dict(zip(_COLUMNS, row, strict=True))


def shown(forwarding: Forwarding) -> Forwarding:
    """A port forwarding as the API has it: a port of its own, if its range is one, and the range.

    Args:
        forwarding: all columns.
    """
    row = dict(forwarding)
    for side in SIDES:
        start, end = row.pop(f"{side}_port_start"), row.pop(f"{side}_port_end")
        row[f"{side}_port"] = start if start == end else None
        row[f"{side}_port_range"] = f"{start}:{end}"
    return row


def of_floating_ips(conn: Connectable, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Floating IP id -> what it shows of its port forwardings, by one statement; none for no ids.

    Single ports are shown, ranges are not (observed).
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for forwarding in kept(conn, ids):
        part = {name: forwarding[name] for name in _IN_FLOATING_IP}
        for side in SIDES:
            start = forwarding[f"{side}_port_start"]
            if start == forwarding[f"{side}_port_end"]:
                part[f"{side}_port"] = start
        found.setdefault(forwarding["floatingip_id"], []).append(part)
    return found


def kept(conn: Connectable, floating_ip_ids: Sequence[str]) -> list[Forwarding]:
    """All columns of the port forwardings of these floating IPs; none for no ids."""
    if not floating_ip_ids:
        return []
    found = conn.execute(_OF_FLOATING_IPS, {"ids": list(floating_ip_ids)})
    return [_forwarding(row) for row in found]


def of_port(conn: Connectable, port_id: str) -> list[Forwarding]:
    """All columns of the port forwardings that lead to a port."""
    return [_forwarding(row) for row in conn.execute(_OF_PORT, {"port": port_id})]


def get(conn: Connectable, floating_ip_id: str, forwarding_id: str) -> Forwarding | None:
    """All columns of one, None if the floating IP has none of this id."""
    asked = {"id": forwarding_id, "floating_ip": floating_ip_id}
    row = conn.execute(_ONE, asked).fetchone()
    return None if row is None else _forwarding(row)


# --- lists ----------------------------------------------------------------------------------------


def _is_single(values: tuple[Any, ...]) -> ColumnElement[bool]:
    wanted = [int(value) for value in values if str(value).isdecimal()]
    return and_(
        port_forwardings.c.external_port_start.in_(wanted),
        port_forwardings.c.external_port_end == port_forwardings.c.external_port_start,
    )


def _is_range(values: tuple[Any, ...]) -> ColumnElement[bool]:
    either: list[ColumnElement[bool]] = [false()]
    for value in values:
        start, _, end = str(value).partition(":")
        if start.isdecimal() and (end or start).isdecimal():
            either.append(
                and_(
                    port_forwardings.c.external_port_start == int(start),
                    port_forwardings.c.external_port_end == int(end or start),
                )
            )
    return or_(*either)


_SORTED_BY: dict[str, ColumnElement[Any]] = {
    **_COLUMNS,
    "external_port": port_forwardings.c.external_port_start,
    "external_port_range": port_forwardings.c.external_port_start,
}
_SPECIAL = {"external_port": _is_single, "external_port_range": _is_range}


def list_(conn: Connectable, query: Query, floating_ip_id: str | None) -> list[Forwarding]:
    """All columns of the port forwardings that a query asks for, in its order.

    Args:
        conn: where to read.
        query: what was asked for.
        floating_ip_id: of the floating IP whose they are, None for all.
    """
    base = _ROWS
    if floating_ip_id is not None:
        base = base.where(port_forwardings.c.floatingip_id == floating_ip_id)
    statement = listing.page(
        base,
        columns=_SORTED_BY,
        special=_SPECIAL,
        id_column=port_forwardings.c.id,
        query=query,
    )
    found = [_forwarding(row) for row in conn.execute(statement).fetchall()]
    if listing.marker_missing(conn, id_column=port_forwardings.c.id, query=query, found=found):
        return list_(conn, replace(query, marker=None), floating_ip_id)
    return listing.in_page_order(found, query)


# --- changes --------------------------------------------------------------------------------------

_INSERT = insert(port_forwardings)
_DELETE = delete(port_forwardings).where(
    port_forwardings.c.id.in_(bindparam("ids", expanding=True))
)
_RELEASE = (
    update(floatingips)
    .where(
        floatingips.c.id.in_(bindparam("ids", expanding=True)),
        floatingips.c.fixed_port_id.is_(None),
        ~exists().where(port_forwardings.c.floatingip_id == floatingips.c.id),
    )
    .ordered_values(  # in this order: MariaDB sees what it has set already
        (floatingips.c.had_router_id, floatingips.c.router_id),
        (floatingips.c.router_id, null()),
    )
)


def insert_many(conn: Connectable, made: Sequence[Forwarding]) -> None:
    """Insert port forwardings with all their columns, at least one."""
    conn.execute(_INSERT, list(made))


def update_one(conn: Connectable, forwarding_id: str, changes: Mapping[str, Any]) -> None:
    """Write changed columns of one whose floating IP is locked."""
    statement = update(port_forwardings).where(port_forwardings.c.id == forwarding_id)
    conn.execute(statement.values(changes))


def delete_many(conn: Connectable, ids: Sequence[str], floating_ip_ids: Sequence[str]) -> None:
    """Delete port forwardings; floating IPs that have none left lose their router.

    Args:
        conn: the transaction, in which the floating IPs are locked.
        ids: of the port forwardings, at least one.
        floating_ip_ids: of their floating IPs.
    """
    conn.execute(_DELETE, {"ids": list(ids)})
    conn.execute(_RELEASE, {"ids": list(floating_ip_ids)})
