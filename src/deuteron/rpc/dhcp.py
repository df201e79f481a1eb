"""What DHCP agents ask, and the one call of metadata agents.

    start       get_active_networks_info   all networks of the agent, and those that lack an agent
    network     get_network_info           one of them anew
                create_dhcp_port, update_dhcp_port, release_dhcp_port   the agent's own port there
    port        dhcp_ready_on_ports        the DHCP server knows it

Methods, arguments and answers are Neutron's; see `deuteron.core.dhcp_networks` for what a network
is made of here.
"""

import ipaddress
import logging
import re
from collections.abc import Mapping
from typing import Any

from deuteron.core import dhcp_agents, dhcp_networks, networks, ports, provisioning, subnets
from deuteron.core.deployment import Deployment
from deuteron.core.dhcp_networks import ServedNetwork
from deuteron.core.dhcp_scheduling import RESERVED_PORT
from deuteron.errors import (
    HTTPBadRequest,
    InvalidInput,
    IpAddressGenerationFailure,
    NetworkError,
    NetworkNotFound,
    PortNotFound,
    SubnetNotFound,
)
from deuteron.query import Query
from deuteron.rpc import arguments
from deuteron.rpc.endpoint import Call, Endpoint
from deuteron.rpc.filters import found_by
from deuteron.rpc.forms import as_told

LOG = logging.getLogger(__name__)

Resource = dict[str, Any]

_OWNER = "network:dhcp"
_MAC = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")
_CHANGEABLE = ("name", "admin_state_up", "device_id", "fixed_ips")


def endpoints() -> tuple[Endpoint, ...]:
    """The methods of DHCP agents and those of metadata agents."""
    return (
        Endpoint(
            version="1.10",
            methods={
                "get_active_networks_info": get_active_networks_info,
                "get_network_info": get_network_info,
                "create_dhcp_port": create_dhcp_port,
                "update_dhcp_port": update_dhcp_port,
                "get_dhcp_port": get_dhcp_port,
                "release_dhcp_port": release_dhcp_port,
                "dhcp_ready_on_ports": dhcp_ready_on_ports,
                "get_networks": get_networks,
            },
        ),
        Endpoint(version="1.0", methods={"get_ports": get_ports}),
    )


# --- networks -------------------------------------------------------------------------------------


def get_active_networks_info(
    d: Deployment, call: Call, *, host: Any, enable_dhcp_filter: Any = True, **_others: Any
) -> list[Resource]:
    """All networks that an agent serves, after it was given those that lack an agent.

    Args:
        d: the deployment.
        call: the message.
        host: of the agent.
        enable_dhcp_filter: leave out subnets without DHCP.
    """
    host = arguments.text("host", host)
    ids = dhcp_agents.of_active_agent(d, call.ctx, host)
    if ids is None:
        call.tell("asks for networks, but is no DHCP agent that has reported")
        return []
    found = dhcp_networks.read(d, call.ctx, ids, up=True)
    return [_network(one, host, only_dhcp=bool(enable_dhcp_filter)) for one in found]


def get_network_info(
    d: Deployment, call: Call, *, network_id: Any, host: Any = None, **_others: Any
) -> Resource | None:
    """One network with its subnets with DHCP; None if it is gone.

    Args:
        d: the deployment.
        call: the message.
        network_id: of the network.
        host: of the agent; on a routed network it is told the subnets that it reaches.
    """
    host = "" if host is None else arguments.text("host", host)
    found = dhcp_networks.read(d, call.ctx, [arguments.text("network_id", network_id)])
    return _network(found[0], host, only_dhcp=True) if found else None


def _network(served: ServedNetwork, host: str, *, only_dhcp: bool) -> Resource:
    """A network in the form that agents take. Of a routed one they get what their host reaches."""
    network = served.network
    here = [as_told(one) for one in served.subnets if one["enable_dhcp"] or not only_dhcp]
    elsewhere: list[Resource] = []
    on_segments = [one for one in here if one["segment_id"] is not None]
    if on_segments:
        reached = served.segments_at(host)
        here = [one for one in on_segments if one["segment_id"] in reached]
        elsewhere = [one for one in on_segments if one["segment_id"] not in reached]
    shown = {
        "id": network["id"],
        "project_id": network["project_id"],
        "tenant_id": network["project_id"],
        "admin_state_up": network["admin_state_up"],
        "mtu": network["mtu"],
        "subnets": here,
        "non_local_subnets": elsewhere,
        "ports": [as_told(port) for port in served.ports],
    }
    if on_segments:
        shown["segments"] = [
            {
                "id": segment.id,
                "network_id": segment.network_id,
                "network_type": segment.network_type,
                "physical_network": segment.physical_network,
                "segmentation_id": segment.segmentation_id,
                "is_dynamic": segment.is_dynamic,
                "segment_index": segment.segment_index,
                "hosts": sorted(served.hosts[segment.id]),
            }
            for segment in served.segments
        ]
    return shown


# --- ports of agents ------------------------------------------------------------------------------


def create_dhcp_port(
    d: Deployment, call: Call, *, port: Any, host: Any, **_others: Any
) -> Resource | None:
    """Make the port by which an agent is on a network.

    Args:
        d: the deployment.
        call: the message.
        port: the wish, under ``port``.
        host: of the agent, to which the port is bound.

    Returns:
        the port; None if what it is for is gone.

    Raises:
        IpAddressGenerationFailure: its subnets have no address left.
    """
    wish = _wish(port)
    network_id = arguments.text("port.network_id", wish.get("network_id"))
    project_id = wish.get("project_id") or wish.get("tenant_id") or ""
    body = {
        "name": "",
        "admin_state_up": True,
        "device_id": "",
        **_changes(wish),
        "project_id": arguments.text("port.project_id", project_id) if project_id else "",
        "network_id": network_id,
        "device_owner": _OWNER,
        "description": "",
        "binding:host_id": arguments.text("host", host),
    }
    if wish.get("mac_address"):
        body["mac_address"] = _mac(wish["mac_address"])
    try:
        return as_told(ports.create(d, call.ctx, [body])[0])
    except (NetworkNotFound, SubnetNotFound, InvalidInput, IpAddressGenerationFailure) as error:
        _pass_over(d, call, error, wish)
        return None


def update_dhcp_port(
    d: Deployment, call: Call, *, port_id: Any, port: Any, host: Any, **_others: Any
) -> Resource | None:
    """Change the port of an agent, or let it have the one that is kept for it.

    Args:
        d: the deployment.
        call: the message.
        port_id: of the port.
        port: the wish, under ``port``.
        host: of the agent, to which the port is bound.

    Returns:
        the port; None if it, or what the wish names, is gone, or if it is another agent's.

    Raises:
        NetworkNotFound: the agent does not serve the network.
        IpAddressGenerationFailure: its subnets have no address left.
    """
    wish = _wish(port)
    host = arguments.text("host", host)
    network_id = arguments.text("port.network_id", wish.get("network_id"))
    port_id = arguments.text("port_id", port_id)
    try:
        present = ports.get(d, call.ctx, port_id)
        if present["device_id"] not in (RESERVED_PORT, dhcp_agents.device_id(host, network_id)):
            return None
        agents = dhcp_agents.serving(d, [network_id])[network_id]
        if all(agent.host != host for agent in agents):
            raise NetworkNotFound(net_id=network_id)
        changes = {**_changes(wish), "binding:host_id": host}
        return as_told(ports.update(d, call.ctx, port_id, changes))
    except PortNotFound:
        LOG.debug("%s would change port %s, which is gone", call.sender, port_id)
        return None
    except (SubnetNotFound, InvalidInput, IpAddressGenerationFailure) as error:
        _pass_over(d, call, error, wish)
        return None


def get_dhcp_port(d: Deployment, call: Call, *, port_id: Any, **_others: Any) -> Resource:
    """A port.

    Raises:
        PortNotFound: there is none of this id.
    """
    return as_told(ports.get(d, call.ctx, arguments.text("port_id", port_id)))


def release_dhcp_port(
    d: Deployment, call: Call, *, network_id: Any, device_id: Any, host: Any = None, **_others: Any
) -> None:
    """Delete the ports that an agent has on a network; none is fine.

    Args:
        d: the deployment.
        call: the message.
        network_id: of the network.
        device_id: of the agent's ports there.
        host: of the agent.
    """
    del host  # in the log by the sender's name
    wanted = {
        "network_id": (arguments.text("network_id", network_id),),
        "device_id": (arguments.text("device_id", device_id),),
    }
    for port in ports.list_(d, call.ctx, Query(filters=wanted, fields=("id",))):
        try:
            ports.delete(d, call.ctx, port["id"])
        except PortNotFound:
            continue


def dhcp_ready_on_ports(d: Deployment, call: Call, *, port_ids: Any, **_others: Any) -> None:
    """An agent serves the addresses of ports, which need not wait for it any more.

    Args:
        d: the deployment.
        call: the message.
        port_ids: of the ports; those that are gone are left out.
    """
    provisioning.served(d, call.ctx, arguments.texts("port_ids", port_ids))


def _wish(port: Any) -> Mapping[str, Any]:
    outer = arguments.mapping("port", port)
    return arguments.mapping("port.port", outer.get("port"))


def _changes(wish: Mapping[str, Any]) -> Resource:
    """What a wish says of a port, judged as far as the core relies on it."""
    changes = {name: wish[name] for name in _CHANGEABLE if name in wish}
    for name in ("name", "device_id"):
        if changes.get(name):
            arguments.text(f"port.{name}", changes[name])
        elif name in changes:
            changes[name] = ""
    if not isinstance(changes.get("admin_state_up", True), bool):
        raise InvalidInput(error_message="port.admin_state_up must be true or false")
    if "fixed_ips" in changes:
        wanted = changes["fixed_ips"]
        if not isinstance(wanted, list):
            raise InvalidInput(error_message="port.fixed_ips must be a list")
        changes["fixed_ips"] = [_fixed_ip(one) for one in wanted]
    return changes


def _mac(value: Any) -> str:
    if not _MAC.fullmatch(arguments.text("port.mac_address", value)):
        raise InvalidInput(error_message="port.mac_address is no MAC address")
    return str(value).lower()


def _fixed_ip(value: Any) -> dict[str, str]:
    wanted = arguments.mapping("port.fixed_ips", value)
    fixed_ip = {
        name: arguments.text(f"port.fixed_ips.{name}", wanted[name])
        for name in ("subnet_id", "ip_address")
        if wanted.get(name) is not None
    }
    try:
        ipaddress.ip_address(fixed_ip.get("ip_address", "::"))
    except ValueError:
        raise InvalidInput(error_message="port.fixed_ips.ip_address is no address") from None
    return fixed_ip


def _pass_over(d: Deployment, call: Call, error: NetworkError, wish: Mapping[str, Any]) -> None:
    """What an agent wishes may just have gone; it will hear of that.

    Raises:
        IpAddressGenerationFailure: the subnet that it wishes an address of is there.
    """
    if isinstance(error, IpAddressGenerationFailure):
        wanted = wish.get("fixed_ips") or [{}]
        subnet_id = wanted[0].get("subnet_id")
        if subnet_id is None:
            raise error
        try:
            subnets.get(d, call.ctx, subnet_id)
        except SubnetNotFound:
            pass
        else:
            raise error
    LOG.warning("%s has no port: %s", call.sender, error)


# --- what is found by filters ---------------------------------------------------------------------


def get_ports(d: Deployment, call: Call, *, filters: Any, **_others: Any) -> list[Resource]:
    """The ports that match; metadata agents find by them who asks.

    Args:
        d: the deployment.
        call: the message.
        filters: attribute -> list of values; ``fixed_ips`` is {``ip_address``: values,
            ``subnet_id``: values}.

    Raises:
        InvalidInput: an attribute is unknown.
    """
    wanted = found_by("filters", filters)
    if not all(wanted.values()):
        return []
    return [as_told(port) for port in _found(ports.list_, d, call, Query(filters=wanted))]


def get_networks(
    d: Deployment, call: Call, *, filters: Any = None, fields: Any = None, **_others: Any
) -> list[Resource]:
    """The networks that match, cut down to these attributes.

    Args:
        d: the deployment.
        call: the message.
        filters: attribute -> list of values; None for all networks.
        fields: names, None or none for all.

    Raises:
        InvalidInput: an attribute is unknown.
    """
    wanted = found_by("filters", filters)
    if not all(wanted.values()):
        return []
    found = [as_told(one) for one in _found(networks.list_, d, call, Query(filters=wanted))]
    names = arguments.texts("fields", fields)
    if not names:
        return found
    return [{name: one[name] for name in names if name in one} for one in found]


def _found(list_: Any, d: Deployment, call: Call, query: Query) -> list[Resource]:
    try:
        return list(list_(d, call.ctx, query))
    except HTTPBadRequest as error:
        raise InvalidInput(error_message=error.message) from None
