"""Where ports are that are on many hosts: a binding on each of them, with a status of its own.

A distributed port is ACTIVE as soon as it is so anywhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, case, delete, exists, select, update

from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.tables import distributed_bindings as bindings
from deuteron.db.tables import port_binding_levels as levels
from deuteron.db.tables import ports
from deuteron.db.transaction import Connectable, Transaction

Row = dict[str, Any]

ACTIVE = "ACTIVE"
DOWN = "DOWN"
DISTRIBUTED = "distributed"
"""The ``binding:vif_type`` of a port that is on many hosts, as the API shows it."""

_KEYS = ("host", "status", "vif_type", "vif_details")
_ROWS = select(bindings.c.port_id, *(bindings.c[name] for name in _KEYS)).order_by(
    bindings.c.port_id, bindings.c.host
)
_OF_PORTS = _ROWS.where(bindings.c.port_id.in_(bindparam("ids", expanding=True)))
_ON_HOST = _OF_PORTS.where(bindings.c.host == bindparam("of_host"))
_INSERT = InsertIgnore(bindings)
_REPLACE = (
    update(bindings)
    .where(bindings.c.port_id == bindparam("of_port"), bindings.c.host == bindparam("of_host"))
    .values(vif_type=bindparam("new_type"), vif_details=bindparam("new_details"))
)
_SET_STATUS = (
    update(bindings)
    .where(
        bindings.c.port_id.in_(bindparam("ids", expanding=True)),
        bindings.c.host == bindparam("of_host"),
    )
    .values(status=bindparam("new_status"))
)
_WANTED = case(
    (exists().where(bindings.c.port_id == ports.c.id, bindings.c.status == ACTIVE), ACTIVE),
    else_=DOWN,
)
# Neutron counts each report of a host as a change of the port.
_SETTLE = (
    update(ports)
    .where(
        ports.c.id.in_(bindparam("ids", expanding=True)),
        # the status of others is that of their one binding
        ports.c.device_owner == "network:router_interface_distributed",
    )
    .values(
        revision_number=ports.c.revision_number + 1,
        updated_at=bindparam("now"),
        status=_WANTED,
    )
)
_DELETE = delete(bindings).where(bindings.c.port_id.in_(bindparam("ids", expanding=True)))
_DELETE_ON_HOST = _DELETE.where(bindings.c.host == bindparam("of_host"))
_DELETE_LEVELS = delete(levels).where(levels.c.port_id.in_(bindparam("ids", expanding=True)))
_DELETE_LEVELS_ON_HOST = _DELETE_LEVELS.where(levels.c.host == bindparam("of_host"))


def of_ports(conn: Connectable, port_ids: Sequence[str]) -> dict[str, list[Row]]:
    """Port id -> host, status, vif_type, vif_details of each of its hosts: one statement."""
    found: dict[str, list[Row]] = {}
    if port_ids:
        for row in conn.execute(_OF_PORTS, {"ids": list(port_ids)}):
            found.setdefault(row[0], []).append(dict(zip(_KEYS, row[1:], strict=True)))
    return found


def on_host(conn: Connectable, port_ids: Sequence[str], host: str) -> dict[str, Row]:
    """Port id -> its binding on a host, of those that have one: one statement."""
    if not port_ids:
        return {}
    found = conn.execute(_ON_HOST, {"ids": list(port_ids), "of_host": host})
    return {row[0]: dict(zip(_KEYS, row[1:], strict=True)) for row in found}


def insert(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Keep new bindings, one for each port; False if another one keeps one of them meanwhile."""
    return _INSERT.execute(tx, rows) == len(rows)


def replace(
    tx: Transaction, port_id: str, host: str, *, vif_type: str, vif_details: Mapping[str, Any]
) -> None:
    """Write what became of a binding that was tried again."""
    parameters = {
        "of_port": port_id,
        "of_host": host,
        "new_type": vif_type,
        "new_details": dict(vif_details),
    }
    tx.execute(_REPLACE, parameters)


def set_status(
    tx: Transaction, port_ids: Sequence[str], host: str, status: str, *, now: str
) -> None:
    """Write the status of ports on a host, and what follows for the ports: two statements.

    Args:
        tx: the transaction.
        port_ids: at least one.
        host: where they have it.
        status: ``ACTIVE`` or ``DOWN``.
        now: ISO text in UTC.
    """
    ids = list(port_ids)
    tx.execute(_SET_STATUS, {"ids": ids, "of_host": host, "new_status": status})
    tx.execute(_SETTLE, {"ids": ids, "now": now})


def remove(tx: Transaction, port_ids: Sequence[str], host: str | None, *, now: str) -> None:
    """Take ports from a host, or from all: three statements.

    Args:
        tx: the transaction.
        port_ids: at least one.
        host: one, None for all.
        now: ISO text in UTC.
    """
    ids = list(port_ids)
    if host is None:
        tx.execute(_DELETE_LEVELS, {"ids": ids})
        tx.execute(_DELETE, {"ids": ids})
    else:
        tx.execute(_DELETE_LEVELS_ON_HOST, {"ids": ids, "of_host": host})
        tx.execute(_DELETE_ON_HOST, {"ids": ids, "of_host": host})
    tx.execute(_SETTLE, {"ids": ids, "now": now})
