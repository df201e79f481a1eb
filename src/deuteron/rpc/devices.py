"""What layer 2 agents ask of the devices on their hosts, and report of them.

    agent finds a device      get_devices_details_list   what to wire; the port is BUILD
    it has wired it           update_device_up           the port is ACTIVE if nothing else lacks
    the device is gone        update_device_down         the port is DOWN
    many of them              update_device_list         the same for 20 at a time

The Open vSwitch agent knows its ports from objects (`deuteron.rpc.resources`) and reports only.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.core import devices, networks, ports
from deuteron.core.deployment import Deployment
from deuteron.core.devices import Device, Found
from deuteron.errors import InvalidInput, NetworkError, TryAgain
from deuteron.query import Query
from deuteron.rpc import arguments
from deuteron.rpc.endpoint import Call, Endpoint
from deuteron.rpc.forms import as_told
from deuteron.rpc.sender import shown

# Shown in one line of the log, at most.
_NAMED = 5


def get_device_details(
    d: Deployment, call: Call, *, device: Any, host: Any, **_others: Any
) -> dict[str, Any]:
    """What an agent needs to wire a device.

    Args:
        d: the deployment.
        call: the message.
        device: its name, or MAC address and PCI slot.
        host: of the agent.
    """
    return _details(d, call, [device], host)[0]


def get_devices_details_list(
    d: Deployment, call: Call, *, devices: Any, host: Any, **_others: Any
) -> list[dict[str, Any]]:
    """What an agent needs to wire devices; see `get_device_details`."""
    return _details(d, call, devices, host)


def get_devices_details_list_and_failed_devices(
    d: Deployment, call: Call, *, devices: Any, host: Any, **_others: Any
) -> dict[str, Any]:
    """As `get_devices_details_list`; all of them fail or none does."""
    names = _names("devices", devices)
    try:
        return {"devices": _details(d, call, devices, host), "failed_devices": []}
    except NetworkError as error:
        _fail_or_raise(call, error)
        return {"devices": [], "failed_devices": [_shown(name) for name in names]}


def _details(d: Deployment, call: Call, wanted: Any, host: Any) -> list[dict[str, Any]]:
    where = arguments.text("host", host)
    found = devices.details(d, call.ctx, _names("devices", wanted), host=where)
    unknown = [one.device for one in found if one.state is None]
    _tell_strange(call, "asks for", unknown)
    return [_entry(one, where) for one in found]


def _entry(found: Found, host: str) -> dict[str, Any]:
    """The form of the wire; observed."""
    name = _shown(found.device)
    if found.port is None or found.segment is None:
        return {"device": name}
    if found.is_active_elsewhere(host):
        return {"device": name, "no_active_binding": True}
    port, segment, network = found.port, found.segment, found.network or {}
    return {
        "device": name,
        "network_id": port["network_id"],
        "port_id": port["id"],
        "mac_address": port["mac_address"],
        "admin_state_up": port["admin_state_up"],
        "network_type": segment["network_type"],
        "segmentation_id": segment["segmentation_id"],
        "physical_network": segment["physical_network"],
        "mtu": network.get("mtu"),
        "fixed_ips": port["fixed_ips"],
        "device_owner": port["device_owner"],
        "allowed_address_pairs": port["allowed_address_pairs"],
        "port_security_enabled": port["port_security_enabled"],
        "qos_policy_id": port.get("qos_policy_id"),
        "qos_network_policy_id": network.get("qos_policy_id"),
        "profile": port["binding:profile"],
        "propagate_uplink_status": port.get("propagate_uplink_status", False),
    }


def update_device_up(
    d: Deployment,
    call: Call,
    *,
    device: Any,
    host: Any,
    refresh_tunnels: Any = False,
    agent_restarted: Any = False,
    **_others: Any,
) -> None:
    """An agent has wired a device.

    Args:
        d: the deployment.
        call: the message.
        device: its name.
        host: of the agent.
        refresh_tunnels: it has forgotten where the other ports of the network are.
        agent_restarted: the same in the words of older agents.
    """
    _up(
        d,
        call,
        _names("device", [device]),
        arguments.text("host", host),
        refresh=bool(refresh_tunnels or agent_restarted),
    )


def update_device_down(
    d: Deployment, call: Call, *, device: Any, host: Any, **_others: Any
) -> dict[str, Any]:
    """A device is no more on the host of an agent.

    Returns:
        its name, and whether there still is a port of it.
    """
    names = _names("device", [device])
    states = devices.down(d, call.ctx, names, host=arguments.text("host", host))
    return _down(names, [state is not None for state in states])[0]


def update_device_list(
    d: Deployment,
    call: Call,
    *,
    host: Any,
    devices_up: Any = None,
    devices_down: Any = None,
    refresh_tunnels: Any = False,
    agent_restarted: Any = False,
    **_others: Any,
) -> dict[str, Any]:
    """Devices that an agent has wired, and those that are gone; in two transactions at most.

    Args:
        d: the deployment.
        call: the message.
        host: of the agent.
        devices_up, devices_down: their names.
        refresh_tunnels: it has forgotten where the other ports of their networks are.
        agent_restarted: the same in the words of older agents.

    Returns:
        the names of all devices, by whether they were noted or failed; one that nobody knows was
        noted. The agent reports those that failed again.
    """
    where = arguments.text("host", host)
    up, down = _names("devices_up", devices_up), _names("devices_down", devices_down)
    answer: dict[str, Any] = {
        "devices_up": [],
        "failed_devices_up": [],
        "devices_down": [],
        "failed_devices_down": [],
    }
    refresh = bool(refresh_tunnels or agent_restarted)
    if up:
        try:
            _up(d, call, up, where, refresh=refresh)
        except NetworkError as error:
            _fail_or_raise(call, error)
            answer["failed_devices_up"] = [_shown(name) for name in up]
        else:
            answer["devices_up"] = [_shown(name) for name in up]
    if down:
        try:
            states = devices.down(d, call.ctx, down, host=where)
        except NetworkError as error:
            _fail_or_raise(call, error)
            answer["failed_devices_down"] = [_shown(name) for name in down]
        else:
            answer["devices_down"] = _down(down, [state is not None for state in states])
    return answer


def _up(d: Deployment, call: Call, names: list[Device], host: str, *, refresh: bool) -> None:
    states = devices.up(d, call.ctx, names, host=host, refresh=refresh)
    _tell_strange(call, "has wired", devices.strange(names, states, host=host))


def _tell_strange(call: Call, does: str, strange: Sequence[Device]) -> None:
    """One line of the log for devices with which nothing was done."""
    if strange:
        named = ", ".join(shown(_shown(one)) for one in strange[:_NAMED])
        more = f" and {len(strange) - _NAMED} more" if len(strange) > _NAMED else ""
        call.tell(f"{does} devices that are no ports here, or elsewhere: {named}{more}")


def _down(names: Sequence[Device], exist: Sequence[bool]) -> list[dict[str, Any]]:
    return [
        {"device": _shown(name), "exists": exists}
        for name, exists in zip(names, exist, strict=True)
    ]


def _fail_or_raise(call: Call, error: NetworkError) -> None:
    """A lost transaction is tried again by the dispatcher, from the beginning."""
    if isinstance(error, TryAgain):
        raise error
    call.tell(f"reports devices that are not noted: {error}")


def get_network_details(
    d: Deployment, call: Call, *, network: Any, **_others: Any
) -> dict[str, Any]:
    """The API dict of a network.

    Raises:
        NetworkNotFound: there is none of this id.
    """
    return as_told(networks.get(d, call.ctx, arguments.text("network", network)))


def get_ports_by_vnic_type_and_host(
    d: Deployment, call: Call, *, vnic_type: Any, host: Any
) -> list[dict[str, Any]]:
    """API dicts of the ports of a vnic_type that are bound to a host."""
    filters: Mapping[str, tuple[str, ...]] = {
        "binding:vnic_type": (arguments.text("vnic_type", vnic_type),),
        "binding:host_id": (arguments.text("host", host),),
    }
    return [as_told(port) for port in ports.list_(d, call.ctx, Query(filters=filters))]


def _names(name: str, value: Any) -> list[Device]:
    """Names of devices: texts, or pairs of a MAC address and a PCI slot."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > arguments.MOST:
        raise InvalidInput(
            error_message=f"{name} must be a list of at most {arguments.MOST} devices"
        )
    return [_name(f"{name}[{number}]", one) for number, one in enumerate(value)]


def _name(name: str, value: Any) -> Device:
    if isinstance(value, list) and len(value) == 2:
        slot = None if value[1] is None else arguments.text(f"{name}[1]", value[1])
        return arguments.text(f"{name}[0]", value[0]), slot
    return arguments.text(name, value)


def _shown(device: Device) -> str:
    """How a device is named in answers: without its PCI slot."""
    return device if isinstance(device, str) else device[0]


ENDPOINT = Endpoint(
    version="1.9",
    methods={
        "get_device_details": get_device_details,
        "get_devices_details_list": get_devices_details_list,
        "get_devices_details_list_and_failed_devices": get_devices_details_list_and_failed_devices,
        "get_network_details": get_network_details,
        "get_ports_by_vnic_type_and_host": get_ports_by_vnic_type_and_host,
        "update_device_up": update_device_up,
        "update_device_down": update_device_down,
        "update_device_list": update_device_list,
    },
)
