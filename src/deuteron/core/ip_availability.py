"""How many addresses networks and subnets have, and how many are in use.

    networks of the query, their subnets, counts of what ports have    one statement each
    addresses in use outside of the allocation pools                   at most two more

``total_ips`` counts the allocation pools and ``used_ips`` every address of a port, be it in a pool
or not; the details tell these apart (aliases ``network-ip-availability`` and ``-details``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import addresses
from deuteron.core.deployment import Deployment
from deuteron.db import ip_availability as rows
from deuteron.db.transaction import Connectable
from deuteron.errors import NetworkNotFound
from deuteron.query import Query

Availability = dict[str, Any]

_DETAILS = (
    "total_ips_in_subnet",
    "total_ips_in_allocation_pool",
    "used_ips_in_subnet",
    "used_ips_in_allocation_pool",
)
# Up to so many addresses beside the pools are asked for by name; usually it is the gateway's.
_FEW = 16


def get(d: Deployment, ctx: RequestContext, network_id: str) -> Availability:
    """The IP availability of one network.

    Raises:
        NetworkNotFound: there is no such network.
    """
    found = list_(d, ctx, Query(filters={"network_id": (network_id,)}))
    if not found:
        raise NetworkNotFound(net_id=network_id)
    return found[0]


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Availability]:
    """The IP availability of the networks that a query asks for, in its order.

    A filter by ``ip_version`` leaves out subnets of the other one, and networks without any.
    """
    with d.database.read() as conn:
        found = rows.list_networks(conn, replace(query, fields=None), ctx.scope)
        subnets = rows.subnets_of(conn, [network["network_id"] for network in found])
        versions = query.filters.get("ip_version")
        if versions is not None:
            subnets = [subnet for subnet in subnets if subnet["ip_version"] in versions]
        shown = _of_subnets(conn, subnets)
    by_network: dict[str, list[Availability]] = {}
    for subnet, one in zip(subnets, shown, strict=True):
        by_network.setdefault(subnet["network_id"], []).append(one)
    return [_of_network(network, by_network.get(network["network_id"], [])) for network in found]


def _of_network(network: Mapping[str, Any], subnets: Sequence[Availability]) -> Availability:
    return {
        **network,
        "subnet_ip_availability": list(subnets),
        "used_ips": sum(one["used_ips"] for one in subnets),
        "total_ips": sum(one["total_ips"] for one in subnets),
        "ip_availability_details": {
            name: sum(one["ip_availability_details"][name] for one in subnets) for name in _DETAILS
        },
    }


def _of_subnets(conn: Connectable, subnets: Sequence[Mapping[str, Any]]) -> list[Availability]:
    used = rows.used(conn, [subnet["subnet_id"] for subnet in subnets])
    outside = _used_outside(conn, [subnet for subnet in subnets if subnet["subnet_id"] in used])
    shown = []
    for subnet in subnets:
        subnet_id = subnet["subnet_id"]
        pools = addresses.ranges(subnet["allocation_pools"])
        total = sum(last - first + 1 for first, last in pools)
        in_use = used.get(subnet_id, 0)
        details = (
            _size(addresses.parse(subnet["cidr"])),
            total,
            in_use,
            in_use - outside.get(subnet_id, 0),
        )
        shown.append(
            {
                "subnet_id": subnet_id,
                "ip_version": subnet["ip_version"],
                "cidr": subnet["cidr"],
                "subnet_name": subnet["subnet_name"],
                "used_ips": in_use,
                "total_ips": total,
                "ip_availability_details": dict(zip(_DETAILS, details, strict=True)),
            }
        )
    return shown


def _size(block: addresses.Cidr) -> int:
    """How many addresses ports could have at most; in IPv4 not the first and last."""
    size = block.last - block.first + 1
    return size - 2 if block.version == 4 and size > 2 else size


def _used_outside(conn: Connectable, subnets: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Subnet id -> how many addresses outside of its allocation pools are in use."""
    named: dict[str, list[str]] = {}
    whole: dict[str, addresses.Ranges] = {}
    for subnet in subnets:
        block = addresses.parse(subnet["cidr"])
        pools = addresses.ranges(subnet["allocation_pools"])
        beside = block.last - block.first + 1 - sum(last - first + 1 for first, last in pools)
        if beside > _FEW:
            whole[subnet["subnet_id"]] = pools
        elif beside:
            named[subnet["subnet_id"]] = _beside(block, pools)
    found = [subnet_id for subnet_id, _ in rows.among(conn, named)]
    for subnet_id, text in rows.of_subnets(conn, list(whole)):
        number, _ = addresses.to_number(text)
        if not any(first <= number <= last for first, last in whole[subnet_id]):
            found.append(subnet_id)
    outside: dict[str, int] = {}
    for subnet_id in found:
        outside[subnet_id] = outside.get(subnet_id, 0) + 1
    return outside


def _beside(block: addresses.Cidr, pools: addresses.Ranges) -> list[str]:
    """The few addresses of a block that are in no pool."""
    beside = []
    begin = block.first
    for first, last in (*pools, (block.last + 1, block.last + 1)):
        beside += [addresses.to_text(number, block.version) for number in range(begin, first)]
        begin = last + 1
    return beside
