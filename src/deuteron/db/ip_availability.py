"""How many addresses of subnets are in use: counts, read by a constant number of statements."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, exists, func, select

from deuteron.db import select as listing
from deuteron.db import sharing
from deuteron.db.tables import ip_allocations, networks, subnets
from deuteron.db.transaction import Connectable
from deuteron.query import Query

# Above this many the ids are not sent: all rows are read instead.
_IDS_AT_MOST = 1000

_NETWORK = {
    "network_id": networks.c.id,
    "network_name": networks.c.name,
    "project_id": networks.c.project_id,
}
_NETWORKS = select(*(column.label(name) for name, column in _NETWORK.items()))
_SPECIAL = {
    "ip_version": lambda values: exists().where(
        subnets.c.network_id == networks.c.id, subnets.c.ip_version.in_(values)
    )
}


def list_networks(conn: Connectable, query: Query, scope: str | None) -> list[dict[str, Any]]:
    """``network_id``, ``network_name`` and ``project_id`` of the networks that a query asks for.

    Args:
        conn: where to read.
        query: with filters by these and by the ``ip_version`` of a subnet.
        scope: the project that asks, None for everything.
    """
    statement = listing.page(
        sharing.for_many(_NETWORKS, "networks", scope),
        columns=_NETWORK,
        special=_SPECIAL,
        id_column=networks.c.id,
        query=query,
    )
    found = [
        dict(zip(_NETWORK, row, strict=True))
        for row in conn.execute(statement, sharing.parameters(scope))
    ]
    return listing.in_page_order(found, query)


_SUBNET = {
    "network_id": subnets.c.network_id,
    "subnet_id": subnets.c.id,
    "subnet_name": subnets.c.name,
    "ip_version": subnets.c.ip_version,
    "cidr": subnets.c.cidr,
    "allocation_pools": subnets.c.allocation_pools,
}
_SUBNETS = select(*(column.label(name) for name, column in _SUBNET.items())).order_by(
    subnets.c.created_at, subnets.c.id
)
_SUBNETS_OF = _SUBNETS.where(subnets.c.network_id.in_(bindparam("ids", expanding=True)))


def subnets_of(conn: Connectable, network_ids: Sequence[str]) -> list[dict[str, Any]]:
    """What is to know of the subnets of networks, the oldest first."""
    few = len(network_ids) <= _IDS_AT_MOST
    rows = conn.execute(_SUBNETS_OF, {"ids": list(network_ids)}) if few else conn.execute(_SUBNETS)
    wanted = set(network_ids)
    found = [dict(zip(_SUBNET, row, strict=True)) for row in rows]
    return found if few else [one for one in found if one["network_id"] in wanted]


_USED = select(ip_allocations.c.subnet_id, func.count().label("used")).group_by(
    ip_allocations.c.subnet_id
)
_USED_OF = _USED.where(ip_allocations.c.subnet_id.in_(bindparam("ids", expanding=True)))
_ADDRESSES = select(ip_allocations.c.subnet_id, ip_allocations.c.ip_address)
_ADDRESSES_OF = _ADDRESSES.where(ip_allocations.c.subnet_id.in_(bindparam("ids", expanding=True)))
_AMONG = _ADDRESSES_OF.where(
    ip_allocations.c.ip_address.in_(bindparam("addresses", expanding=True))
)


def used(conn: Connectable, subnet_ids: Sequence[str]) -> dict[str, int]:
    """Subnet id -> how many of its addresses ports have; one without any is missing."""
    if not subnet_ids:
        return {}
    few = len(subnet_ids) <= _IDS_AT_MOST
    rows = conn.execute(_USED_OF, {"ids": list(subnet_ids)}) if few else conn.execute(_USED)
    return {row.subnet_id: int(row.used) for row in rows}


def among(conn: Connectable, addresses: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """Those of these addresses that ports have.

    Args:
        conn: where to read.
        addresses: subnet id -> some of its addresses.

    Returns:
        (subnet id, address) pairs.
    """
    if not addresses:
        return []
    wanted = {subnet_id: set(texts) for subnet_id, texts in addresses.items()}
    texts = set().union(*wanted.values())
    if len(wanted) + len(texts) > _IDS_AT_MOST:
        rows = conn.execute(_ADDRESSES)
    else:
        rows = conn.execute(_AMONG, {"ids": list(wanted), "addresses": list(texts)})
    return [(one, text) for one, text in rows if text in wanted.get(one, ())]


def of_subnets(conn: Connectable, subnet_ids: Sequence[str]) -> list[tuple[str, str]]:
    """All addresses of these subnets that ports have, as (subnet id, address) pairs."""
    if not subnet_ids:
        return []
    few = len(subnet_ids) <= _IDS_AT_MOST
    rows = (
        conn.execute(_ADDRESSES_OF, {"ids": list(subnet_ids)}) if few else conn.execute(_ADDRESSES)
    )
    wanted = set(subnet_ids)
    return [(one, text) for one, text in rows if one in wanted]
