"""The addresses of ports in the database: claims, by subnet and address."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select

from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.tables import ip_allocations
from deuteron.db.transaction import Connectable, Transaction

_CLAIM = InsertIgnore(ip_allocations)
_IN_SUBNET = select(ip_allocations.c.ip_address).where(
    ip_allocations.c.subnet_id == bindparam("subnet")
)
_AMONG = _IN_SUBNET.where(ip_allocations.c.ip_address.in_(bindparam("addresses", expanding=True)))
_HOLDERS = select(
    ip_allocations.c.subnet_id, ip_allocations.c.ip_address, ip_allocations.c.port_id
).where(
    ip_allocations.c.subnet_id.in_(bindparam("subnets", expanding=True)),
    ip_allocations.c.ip_address.in_(bindparam("addresses", expanding=True)),
)
_UNCLAIM = delete(ip_allocations).where(
    ip_allocations.c.port_id == bindparam("port"),
    ip_allocations.c.ip_address.in_(bindparam("addresses", expanding=True)),
)


def claim(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Claim addresses in one statement; those that another port has are left out.

    Args:
        tx: the transaction.
        rows: ``subnet_id``, ``ip_address``, ``port_id`` and ``network_id`` each, at least one.

    Returns:
        Whether all were claimed.
    """
    return _CLAIM.execute(tx, rows) == len(rows)


def holders(conn: Connectable, addresses: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Which ports have these addresses.

    Args:
        conn: where to ask.
        addresses: (subnet id, address) pairs.

    Returns:
        (subnet id, address) -> port id, of those that are claimed.
    """
    pairs = set(addresses)
    found = conn.execute(
        _HOLDERS, {"subnets": sorted({s for s, _ in pairs}), "addresses": [a for _, a in pairs]}
    )
    return {(s, a): port for s, a, port in found if (s, a) in pairs}


def of_subnet(conn: Connectable, subnet_id: str) -> list[str]:
    """All addresses of a subnet that are claimed."""
    return list(conn.execute(_IN_SUBNET, {"subnet": subnet_id}).scalars())


def claimed_among(conn: Connectable, subnet_id: str, addresses: Iterable[str]) -> list[str]:
    """Those of these addresses of a subnet that are claimed."""
    parameters = {"subnet": subnet_id, "addresses": list(addresses)}
    return list(conn.execute(_AMONG, parameters).scalars())


def unclaim(tx: Transaction, port_id: str, addresses: Iterable[str]) -> None:
    """Take these addresses from a port."""
    tx.execute(_UNCLAIM, {"port": port_id, "addresses": list(addresses)})
