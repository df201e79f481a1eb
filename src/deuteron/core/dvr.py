"""What distributed routing needs of the core: an address for each host, and who is on a subnet."""

from typing import Any

from deuteron.context import RequestContext
from deuteron.core import macs, ports, subnets
from deuteron.core.deployment import Deployment
from deuteron.db import dvr_host_macs as rows
from deuteron.errors import SubnetNotFound, TryAgain
from deuteron.query import Query

# Owners of ports, beside the compute service, that a distributed router of their host serves.
_SERVED = ("neutron:LOADBALANCER", "neutron:LOADBALANCERV2", "network:dhcp")
_COMPUTE = "compute:"


def host_macs(d: Deployment, ctx: RequestContext) -> dict[str, str]:
    """Host -> the MAC address that its distributed routers have towards other hosts."""
    with d.database.read() as conn:
        return rows.all_hosts(conn)


def ensure_host_mac(d: Deployment, ctx: RequestContext, host: str) -> tuple[str, bool]:
    """The MAC address of a host, made if it has none.

    Args:
        d: the deployment.
        ctx: the agent.
        host: of the agent.

    Returns:
        the address, and whether it is new.
    """
    known = host_macs(d, ctx)
    if host in known:
        return known[host], False
    made = macs.generate(d.settings.dvr_base_mac)
    with d.database.transaction(ctx) as tx:
        if not rows.insert(tx, host, made):
            raise TryAgain(reason=f"host {host} was given an address by another process")
    return made, True


def subnet_with_gateway(
    d: Deployment, ctx: RequestContext, subnet_id: str, address: str | None
) -> dict[str, Any]:
    """A subnet and the MAC address of a router's port there.

    Args:
        d: the deployment.
        ctx: the agent.
        subnet_id: of the subnet.
        address: of the router's port, None for the subnet's gateway.

    Returns:
        API dict with ``gateway_mac``; empty if there is no such subnet or port.
    """
    try:
        subnet = subnets.get(d, ctx, subnet_id)
    except SubnetNotFound:
        return {}
    wanted = (f"subnet_id={subnet_id}", f"ip_address={address or subnet['gateway_ip']}")
    found = ports.list_(d, ctx, Query(filters={"fixed_ips": wanted}))
    return {**subnet, "gateway_mac": found[0]["mac_address"]} if found else {}


def ports_on_host(
    d: Deployment, ctx: RequestContext, *, host: str, subnet_id: str
) -> list[dict[str, Any]]:
    """API dicts of the ports of a subnet on a host that distributed routers serve.

    Args:
        d: the deployment.
        ctx: the agent.
        host: to which they are bound.
        subnet_id: of the subnet.
    """
    filters = {"binding:host_id": (host,), "fixed_ips": (f"subnet_id={subnet_id}",)}
    return [
        port
        for port in ports.list_(d, ctx, Query(filters=filters))
        if port["device_owner"].startswith(_COMPUTE) or port["device_owner"] in _SERVED
    ]
