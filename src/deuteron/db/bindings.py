"""Bindings of ports to hosts, and the levels of which a binding is made.

A port has one ACTIVE binding, and INACTIVE ones on hosts it may move to. Levels exist exactly for
bindings that succeeded: whoever makes a binding unbound takes its levels away.

`vif_details` are kept with ``bound_drivers`` (level -> driver) in them, as the API shows them with
a port, so that listing ports needs no look at the levels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Integer,
    String,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from deuteron.db import select as listing
from deuteron.db.tables import (
    port_binding_levels,
    port_bindings,
    ports,
    subnets,
)
from deuteron.db.transaction import Connectable, Transaction
from deuteron.query import Query

ACTIVE = "ACTIVE"
INACTIVE = "INACTIVE"
UNBOUND = "unbound"
FAILED = "binding_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingLevel:
    """One level of a binding.

    Args:
        driver: the name under which the mechanism driver is configured.
        segment_id: the segment it bound.
        level: from 0, nearest to the fabric.
    """

    driver: str
    segment_id: str
    level: int


_IS = and_(
    port_bindings.c.port_id == bindparam("of_port"), port_bindings.c.host == bindparam("of_host")
)
_LEVELS_OF = and_(
    port_binding_levels.c.port_id == bindparam("of_port"),
    port_binding_levels.c.host == bindparam("of_host"),
)
_LEVELS = (
    select(
        port_binding_levels.c.driver, port_binding_levels.c.segment_id, port_binding_levels.c.level
    )
    .where(_LEVELS_OF)
    .order_by(port_binding_levels.c.level)
)
_INSERT_LEVELS = insert(port_binding_levels)
_DELETE_LEVELS = delete(port_binding_levels).where(_LEVELS_OF)


def levels(conn: Connectable, port_id: str, host: str) -> list[BindingLevel]:
    """The levels of a binding, from the fabric down; none if it is not bound.

    Args:
        conn: where to look.
        port_id: of the port.
        host: of the binding.
    """
    found = conn.execute(_LEVELS, {"of_port": port_id, "of_host": host})
    return [BindingLevel(driver=row[0], segment_id=row[1], level=row[2]) for row in found]


def insert_levels(
    tx: Transaction, port_id: str, host: str, made: Sequence[tuple[str, str]]
) -> None:
    """Keep the levels of a new binding: one statement.

    Args:
        tx: the transaction of the binding.
        port_id: of the port.
        host: of the binding.
        made: (driver, segment id) from the fabric down, at least one.
    """
    rows = [
        {
            "port_id": port_id,
            "host": host,
            "level": level,
            "driver": driver,
            "segment_id": segment_id,
        }
        for level, (driver, segment_id) in enumerate(made)
    ]
    tx.execute(_INSERT_LEVELS, rows if len(rows) > 1 else rows[0])


def delete_levels(tx: Transaction, port_id: str, host: str) -> None:
    """Take the levels of a binding away."""
    tx.execute(_DELETE_LEVELS, {"of_port": port_id, "of_host": host})


# --- binding a port -------------------------------------------------------------------------------

# The revision is the token of the compare-and-swap: whatever a binding depends on bumps it.
_TAKE_REVISION = (
    update(ports)
    .where(
        ports.c.id == bindparam("of_port"),
        ports.c.revision_number == bindparam("expected"),
    )
    .values(
        revision_number=bindparam("expected", type_=BigInteger) + bindparam("step", type_=Integer),
        updated_at=bindparam("now"),
        status=func.coalesce(bindparam("wished", type_=String), ports.c.status),
        awaits_l2=func.coalesce(bindparam("awaits", type_=Boolean), ports.c.awaits_l2),
    )
)
_BIND = (
    update(port_bindings)
    .where(
        _IS,
        port_bindings.c.status == ACTIVE,
        port_bindings.c.vif_type.in_((UNBOUND, FAILED)),
    )
    .values(vif_type=bindparam("new_type"), vif_details=bindparam("new_details"))
)


def take_revision(
    tx: Transaction,
    port_id: str,
    *,
    expected: int,
    now: str,
    status: str | None = None,
    awaits_l2: bool | None = None,
    step: int = 1,
) -> bool:
    """Give the port its next revision if it still has the expected one: one statement.

    Args:
        tx: the transaction.
        port_id: of the port.
        expected: the revision that was read.
        now: ISO text in UTC.
        status: the port's new status, None to leave it.
        awaits_l2: whether an agent has to wire it before it is ACTIVE, None to leave that.
        step: by how much the revision grows.

    Returns:
        False if another one changed or deleted the port.
    """
    parameters = {
        "of_port": port_id,
        "expected": expected,
        "step": step,
        "now": now,
        "wished": status,
        "awaits": awaits_l2,
    }
    return bool(tx.execute(_TAKE_REVISION, parameters).rowcount == 1)


def bind(
    tx: Transaction, port_id: str, host: str, *, vif_type: str, vif_details: Mapping[str, Any]
) -> bool:
    """Write the result of a binding, if the port is still active and not bound on the host.

    Args:
        tx: the transaction that took the port's revision.
        port_id: of the port.
        host: of the binding.
        vif_type: how it is bound; ``binding_failed`` too.
        vif_details: with ``bound_drivers``.

    Returns:
        False if it is not, or no longer so.
    """
    parameters = {
        "of_port": port_id,
        "of_host": host,
        "new_type": vif_type,
        "new_details": dict(vif_details),
    }
    return bool(tx.execute(_BIND, parameters).rowcount == 1)


_RESET = (
    update(port_bindings)
    .where(_IS)
    .values(
        host=bindparam("new_host"),
        vnic_type=bindparam("new_vnic_type"),
        profile=bindparam("new_profile"),
        vif_type=bindparam("new_type"),
        vif_details={},
        status=ACTIVE,
    )
)
_DELETE = delete(port_bindings).where(_IS)


def reset(tx: Transaction, original: Mapping[str, Any], port: Mapping[str, Any]) -> None:
    """Make the active binding that of another host, vnic_type or profile, not bound yet.

    An inactive binding on the new host gives way; a port that had no active binding gets one. Two
    statements, four if the host changes.

    Args:
        tx: the transaction that changes the port.
        original: API dict before.
        port: API dict after.
    """
    port_id, host, new_host = port["id"], original["binding:host_id"], port["binding:host_id"]
    if host:
        delete_levels(tx, port_id, host)
    if new_host not in {host, ""}:
        remove(tx, port_id, new_host)
    parameters = {
        "of_port": port_id,
        "of_host": host,
        "new_host": new_host,
        "new_vnic_type": port["binding:vnic_type"],
        "new_profile": port["binding:profile"],
        "new_type": port["binding:vif_type"],
    }
    if tx.execute(_RESET, parameters).rowcount == 0:
        made = unbound(new_host, port["binding:vnic_type"], port["binding:profile"])
        add(tx, port_id, made)


_DRIVERS_ON_SEGMENT = (
    select(port_binding_levels.c.driver)
    .where(port_binding_levels.c.segment_id == bindparam("segment_id"))
    .distinct()
)


def drivers_on_segment(conn: Connectable, segment_id: str) -> set[str]:
    """Names of the drivers that have bound ports to a segment."""
    return set(conn.execute(_DRIVERS_ON_SEGMENT, {"segment_id": segment_id}).scalars())


# --- the bindings of the API ----------------------------------------------------------------------

_COLUMNS = {
    str(column.name): column for column in port_bindings.columns if column.name != "port_id"
}
_KEYS = ("host", "vif_type", "vnic_type", "status", "profile", "vif_details")
_ROWS = select(*(_COLUMNS[key] for key in _KEYS))
_OF_PORT = _ROWS.where(port_bindings.c.port_id == bindparam("of_port")).order_by(
    port_bindings.c.host
)
_INSERT = insert(port_bindings)
_CHANGE = (
    update(port_bindings)
    .where(_IS)
    .values(
        host=bindparam("new_host"),
        status=bindparam("new_status"),
        vnic_type=bindparam("new_vnic_type"),
        profile=bindparam("new_profile"),
        vif_type=bindparam("new_type"),
        vif_details=bindparam("new_details"),
    )
)

Binding = dict[str, Any]


def unbound(host: str, vnic_type: str, profile: Mapping[str, Any]) -> Binding:
    """An active binding that no driver has bound yet."""
    return {
        "host": host,
        "vif_type": UNBOUND,
        "vnic_type": vnic_type,
        "status": ACTIVE,
        "profile": dict(profile),
        "vif_details": {},
    }


def _binding(row: Any) -> Binding:
    return dict(zip(_KEYS, row, strict=True))


def of_port(conn: Connectable, port_id: str) -> list[Binding]:
    """All bindings of a port: host, vif_type, vnic_type, status, profile, vif_details."""
    return [_binding(row) for row in conn.execute(_OF_PORT, {"of_port": port_id})]


def list_(conn: Connectable, port_id: str, query: Query) -> list[Binding]:
    """The bindings of a port that a query asks for, in its order."""
    statement = listing.page(
        _ROWS.where(port_bindings.c.port_id == port_id),
        columns=_COLUMNS,
        special={},
        id_column=port_bindings.c.host,
        query=query,
    )
    return listing.in_page_order([_binding(row) for row in conn.execute(statement)], query)


def add(tx: Transaction, port_id: str, binding: Mapping[str, Any]) -> None:
    """Keep a new binding.

    Args:
        tx: the transaction.
        port_id: of the port.
        binding: all of its attributes.
    """
    tx.execute(_INSERT, {"port_id": port_id, **{key: binding[key] for key in _KEYS}})


def change(tx: Transaction, port_id: str, host: str, binding: Mapping[str, Any]) -> bool:
    """Write a binding anew; False if there is none on the host.

    Args:
        tx: the transaction.
        port_id: of the port.
        host: of the binding as it is.
        binding: all of its attributes as they will be.
    """
    parameters = {
        "of_port": port_id,
        "of_host": host,
        "new_host": binding["host"],
        "new_status": binding["status"],
        "new_vnic_type": binding["vnic_type"],
        "new_profile": binding["profile"],
        "new_type": binding["vif_type"],
        "new_details": binding["vif_details"],
    }
    return bool(tx.execute(_CHANGE, parameters).rowcount == 1)


def remove(tx: Transaction, port_id: str, host: str) -> bool:
    """Delete a binding with its levels; False if there was none."""
    delete_levels(tx, port_id, host)
    return bool(tx.execute(_DELETE, {"of_port": port_id, "of_host": host}).rowcount == 1)


# --- ports to bind, ports bound -------------------------------------------------------------------

_WAITING = (
    select(port_bindings.c.port_id)
    .where(
        port_bindings.c.status == ACTIVE,
        port_bindings.c.host != "",
        port_bindings.c.vif_type.in_((UNBOUND, FAILED)),
    )
    .order_by(port_bindings.c.port_id)
)
_WAITING_ON = _WAITING.where(port_bindings.c.host == bindparam("of_host"))
_LEFT_UNBOUND = (
    select(port_bindings.c.port_id)
    .join(ports, ports.c.id == port_bindings.c.port_id)
    .where(
        port_bindings.c.status == ACTIVE,
        port_bindings.c.host != "",
        port_bindings.c.vif_type == UNBOUND,
        ports.c.updated_at < bindparam("before"),
    )
    .order_by(port_bindings.c.port_id)
    .limit(1000)
)


def waiting_on(conn: Connectable, host: str) -> list[str]:
    """Ids of the ports of a host whose binding failed or did not happen."""
    return list(conn.execute(_WAITING_ON, {"of_host": host}).scalars())


def left_unbound(conn: Connectable, before: str) -> list[str]:
    """Ids of ports with a host that nobody bound since then, as after a crash; at most 1000.

    Args:
        conn: where to look.
        before: ISO text in UTC.
    """
    return list(conn.execute(_LEFT_UNBOUND, {"before": before}).scalars())


_SEGMENTS_OF_SUBNETS = select(subnets.c.segment_id).where(
    subnets.c.id.in_(bindparam("subnet_ids", expanding=True))
)


def segments_of_subnets(conn: Connectable, subnet_ids: list[str]) -> set[str | None]:
    """The segments that these subnets are tied to, None among them for one that is not tied."""
    return set(conn.execute(_SEGMENTS_OF_SUBNETS, {"subnet_ids": subnet_ids}).scalars())
