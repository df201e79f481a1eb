"""What L3 agents need to know of routers, read for many routers at once."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import and_, bindparam, select

from deuteron.db.router_tables import floatingips, router_ports
from deuteron.db.tables import ip_allocations, networks, subnetpools, subnets
from deuteron.db.transaction import Connectable

# Most ids in one statement.
_AT_ONCE = 10_000

_PORTS = select(router_ports.c.port_id, router_ports.c.router_id, router_ports.c.owner).where(
    router_ports.c.router_id.in_(bindparam("routers", expanding=True))
)
_SUBNET_KEYS = (
    "id",
    "cidr",
    "gateway_ip",
    "dns_nameservers",
    "ipv6_ra_mode",
    "subnetpool_id",
    "ip_version",
    "segment_id",
)
_NETWORKS = (
    select(
        networks.c.id,
        networks.c.mtu,
        subnetpools.c.address_scope_id,
        *(subnets.c[name] for name in _SUBNET_KEYS),
    )
    .select_from(
        networks.outerjoin(subnets, subnets.c.network_id == networks.c.id).outerjoin(
            subnetpools, subnetpools.c.id == subnets.c.subnetpool_id
        )
    )
    .where(networks.c.id.in_(bindparam("networks", expanding=True)))
    .order_by(networks.c.id, subnets.c.created_at, subnets.c.id)
)
_SCOPES = (
    select(floatingips.c.id, subnetpools.c.address_scope_id)
    .select_from(
        floatingips.join(
            ip_allocations,
            and_(
                ip_allocations.c.port_id == floatingips.c.fixed_port_id,
                ip_allocations.c.ip_address == floatingips.c.fixed_ip_address,
            ),
        )
        .join(subnets, subnets.c.id == ip_allocations.c.subnet_id)
        .join(subnetpools, subnetpools.c.id == subnets.c.subnetpool_id)
    )
    .where(
        floatingips.c.router_id.in_(bindparam("routers", expanding=True)),
        subnetpools.c.address_scope_id.is_not(None),
    )
)


def ports_of(conn: Connectable, router_ids: Collection[str]) -> dict[str, tuple[str, str]]:
    """Port id -> (router id, owner) of the ports of routers: one statement."""
    found = conn.execute(_PORTS, {"routers": list(router_ids)})
    return {port_id: (router_id, owner) for port_id, router_id, owner in found}


def networks_with_subnets(
    conn: Connectable, network_ids: Collection[str]
) -> dict[str, tuple[int, list[dict[str, Any]]]]:
    """Network id -> its MTU and its subnets; one statement for each ten thousand.

    The subnets have what agents are told of them, and ``ip_version``, ``segment_id`` and
    ``address_scope_id``.
    """
    found: dict[str, tuple[int, list[dict[str, Any]]]] = {}
    ids = sorted(network_ids)
    for start in range(0, len(ids), _AT_ONCE):
        for row in conn.execute(_NETWORKS, {"networks": ids[start : start + _AT_ONCE]}):
            _, those = found.setdefault(row[0], (row[1], []))
            if row[3] is not None:
                subnet = dict(zip(_SUBNET_KEYS, row[3:], strict=True))
                those.append({**subnet, "address_scope_id": row[2]})
    return found


def scopes_behind(conn: Connectable, router_ids: Collection[str]) -> dict[str, str]:
    """Floating IP id -> the address scope of the address that it leads to, of those in one."""
    found = conn.execute(_SCOPES, {"routers": list(router_ids)})
    return {floating_ip_id: scope_id for floating_ip_id, scope_id in found}  # noqa: C416
