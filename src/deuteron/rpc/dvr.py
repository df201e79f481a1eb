"""What the layer 2 agents of hosts with distributed routers ask."""

from typing import Any

from deuteron.core import dvr
from deuteron.core.deployment import Deployment
from deuteron.rpc import arguments
from deuteron.rpc.endpoint import Call, Endpoint
from deuteron.rpc.forms import as_told

UPDATE = "q-agent-notifier-dvr-update"


def get_dvr_mac_address_by_host(d: Deployment, call: Call, *, host: Any) -> dict[str, str]:
    """The MAC address of a host; if it is new, all agents are told of all.

    Args:
        d: the deployment.
        call: the message.
        host: of the agent.
    """
    name = arguments.text("host", host)
    mac, new = dvr.ensure_host_mac(d, call.ctx, name)
    if new:
        call.outgoing.fanout(
            UPDATE,
            "dvr_mac_address_update",
            version="1.0",
            dvr_macs=get_dvr_mac_address_list(d, call),
        )
    return _entry(name, mac)


def get_dvr_mac_address_list(d: Deployment, call: Call) -> list[dict[str, str]]:
    """The MAC addresses of all hosts."""
    return [_entry(host, mac) for host, mac in dvr.host_macs(d, call.ctx).items()]


def _entry(host: str, mac: str) -> dict[str, str]:
    return {"host": host, "mac_address": mac.upper().replace(":", "-")}


def get_subnet_for_dvr(
    d: Deployment, call: Call, *, subnet: Any, fixed_ips: Any = None
) -> dict[str, Any]:
    """A subnet with the MAC address of a router's port there.

    Args:
        d: the deployment.
        call: the message.
        subnet: its id.
        fixed_ips: of the router's port, its first address counts; none for the subnet's gateway.

    Returns:
        API dict with ``gateway_mac``, empty if there is no such port.
    """
    subnet_id, address = subnet, None
    if isinstance(fixed_ips, list) and fixed_ips:
        first = arguments.mapping("fixed_ips[0]", fixed_ips[0])
        subnet_id = first.get("subnet_id")
        address = arguments.text("fixed_ips[0].ip_address", first.get("ip_address"))
    name = arguments.text("subnet", subnet_id)
    found = dvr.subnet_with_gateway(d, call.ctx, name, address)
    return as_told(found) if found else {}


def get_ports_on_host_by_subnet(
    d: Deployment, call: Call, *, host: Any, subnet: Any
) -> list[dict[str, Any]]:
    """API dicts of the ports of a subnet on a host that distributed routers serve."""
    found = dvr.ports_on_host(
        d,
        call.ctx,
        host=arguments.text("host", host),
        subnet_id=arguments.text("subnet", subnet),
    )
    return [as_told(port) for port in found]


ENDPOINT = Endpoint(
    version="1.1",
    methods={
        "get_dvr_mac_address_by_host": get_dvr_mac_address_by_host,
        "get_dvr_mac_address_list": get_dvr_mac_address_list,
        "get_subnet_for_dvr": get_subnet_for_dvr,
        "get_ports_on_host_by_subnet": get_ports_on_host_by_subnet,
    },
)
