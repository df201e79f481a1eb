"""The story: two kinds of hosts on one network, and a host that the network does not reach.

         blue = vlan 120 on physnet1 + vxlan 5001
                     |                    |
        rack-1 (Open vSwitch)   rack-2 (Linux bridge)     rack-3 (neither reaches it)
                vm-1                   vm-2                      vm-3

Every line that is printed is made of what the server answered, and is checked before.
"""

import textwrap
from collections.abc import Mapping
from typing import Any

WIDTH = 98
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "ml2": {
        "type_drivers": "vlan,vxlan",
        "project_network_types": "vxlan",
        "mechanism_drivers": "openvswitch,linuxbridge",
    },
    "ml2_type_vlan": {"network_vlan_ranges": "physnet1:100:199"},
    "ml2_type_vxlan": {"vni_ranges": "5001:5999"},
}

OPEN_VSWITCH = "Open vSwitch agent"
LINUX_BRIDGE = "Linux bridge agent"
BINARIES = {
    OPEN_VSWITCH: "neutron-openvswitch-agent",
    LINUX_BRIDGE: "neutron-linuxbridge-agent",
}


class NotAsTold(Exception):
    """The server answered something else than the story says."""


def tell(network: Any, url: str) -> None:
    """Plays and prints the story.

    Args:
        network: the SDK's proxy of the networking service.
        url: of the server, to be shown.

    Raises:
        NotAsTold: something is not as it should be.
    """
    _say("The story of ML2", f"told by the OpenStack SDK on {url}")
    _say_text(
        "A network is made of segments: VLANs, tunnels. Mechanism drivers, here Open vSwitch and "
        "Linux bridge at once, know how hosts reach them; each port is bound by the first driver "
        "that can serve it on its host.",
        indent=0,
    )

    _chapter("1. Agents report what their hosts can do", "PUT /v2.0/agents")
    _report(network, "rack-1", OPEN_VSWITCH, physical_networks={"physnet1": "br-ex"})
    _report(network, "rack-2", LINUX_BRIDGE, tunnel_types=["vxlan"])
    _report(network, "rack-3", OPEN_VSWITCH, physical_networks={"physnet9": "br-lab"})

    _chapter("2. One network of two segments, a subnet, a security group", "POST /v2.0/networks")
    blue = _make_network(network)
    group = _make_security_group(network)

    _chapter("3. A port on each host, bound by the mechanism of its host", "POST /v2.0/ports")
    for name, host, vif_type, driver, segment in (
        ("vm-1", "rack-1", "ovs", "openvswitch", "vlan 120 on physnet1"),
        ("vm-2", "rack-2", "bridge", "linuxbridge", "vxlan 5001"),
    ):
        port = _make_port(network, blue, group, name, host)
        step = _binding(network, port, vif_type, driver, segment)
        _say_port(port, f"{driver}, level {step['level']}: {segment}")

    _chapter("4. rack-3 reaches none of them, so why?", "GET /v2.0/ports/ID/binding-explanation")
    port = _make_port(network, blue, group, "vm-3", "rack-3")
    _must(port.binding_vif_type, "binding_failed", "the vif_type of vm-3")
    _say_port(port, "")
    _say_refusals(network, port)

    _chapter("5. One hint is followed, and the port is bound by itself", "PUT /v2.0/agents")
    _report(
        network,
        "rack-3",
        OPEN_VSWITCH,
        physical_networks={"physnet9": "br-lab"},
        tunnel_types=["vxlan"],
    )
    port = network.get_port(port.id)
    step = _binding(network, port, "ovs", "openvswitch", "vxlan 5001")
    _say_port(port, f"openvswitch, level {step['level']}: vxlan 5001")


# --- what is done ---------------------------------------------------------------------------------


def _report(
    network: Any,
    host: str,
    agent_type: str,
    *,
    physical_networks: Mapping[str, str] | None = None,
    tunnel_types: list[str] | None = None,
) -> None:
    mapped = physical_networks or {}
    tunnels = tunnel_types or []
    mappings = "bridge_mappings" if agent_type == OPEN_VSWITCH else "interface_mappings"
    agent = {
        "agent_type": agent_type,
        "binary": BINARIES[agent_type],
        "host": host,
        "topic": "N/A",
        "configurations": {
            mappings: mapped,
            "tunnel_types": tunnels,
            "tunneling_ip": f"10.0.0.{host[-1]}",
        },
    }
    answer = network.put("/agents", json={"agent": agent})
    _must(answer.ok, True, f"the report of {host} ({answer.status_code})")
    kept = next(network.agents(host=host))
    _must(kept.is_alive, True, f"the agent of {host} being alive")
    _must(kept.configuration[mappings], mapped, f"the mappings of {host}")
    networks = ", ".join(f"{name} by {bridge}" for name, bridge in mapped.items())
    _say(
        f"   {kept.host}  {kept.agent_type}",
        f"physical networks: {networks or 'none'};  tunnels: {', '.join(tunnels) or 'none'}",
    )


def _make_network(network: Any) -> Any:
    blue = network.create_network(
        name="blue",
        segments=[
            {
                "provider:network_type": "vlan",
                "provider:physical_network": "physnet1",
                "provider:segmentation_id": 120,
            },
            {"provider:network_type": "vxlan"},
        ],
    )
    segments = sorted(network.segments(network_id=blue.id), key=lambda one: one.network_type)
    words = [
        _segment(one.network_type, one.physical_network, one.segmentation_id) for one in segments
    ]
    _must(words, ["vlan 120 on physnet1", "vxlan 5001"], "the segments of blue")
    _say("   network blue", f"{'  +  '.join(words)},  MTU {blue.mtu}")
    subnet = network.create_subnet(network_id=blue.id, ip_version=4, cidr="192.0.2.0/24")
    _must(subnet.gateway_ip, "192.0.2.1", "the gateway")
    _say("   subnet", f"{subnet.cidr}, gateway {subnet.gateway_ip}")
    return blue


def _make_security_group(network: Any) -> Any:
    group = network.create_security_group(name="web")
    network.create_security_group_rule(
        security_group_id=group.id,
        direction="ingress",
        ether_type="IPv4",
        protocol="tcp",
        port_range_min=443,
        port_range_max=443,
        remote_ip_prefix="198.51.100.0/24",
    )
    (rule,) = network.security_group_rules(security_group_id=group.id, direction="ingress")
    _must((rule.protocol, rule.port_range_min), ("tcp", 443), "the rule of web")
    _say(
        f"   security group {group.name}",
        f"{rule.direction} {rule.protocol} {rule.port_range_min} from {rule.remote_ip_prefix}",
    )
    return group


def _make_port(network: Any, of: Any, group: Any, name: str, host: str) -> Any:
    port = network.create_port(
        network_id=of.id, name=name, binding_host_id=host, security_groups=[group.id]
    )
    _must(port.binding_host_id, host, f"the host of {name}")
    _must(port.security_group_ids, [group.id], f"the security groups of {name}")
    return port


def _binding(
    network: Any, port: Any, vif_type: str, driver: str, segment: str
) -> Mapping[str, Any]:
    """The step of a port's explanation that bound it, checked."""
    _must(port.binding_vif_type, vif_type, f"the vif_type of {port.name}")
    (step,) = [one for one in _explained(network, port) if one["outcome"] == "bound"]
    _must(step["driver"], driver, f"the driver of {port.name}")
    _must(_segment_of(step), segment, f"the segment of {port.name}")
    return step


def _explained(network: Any, port: Any) -> list[Mapping[str, Any]]:
    """The steps of the last attempt to bind a port."""
    answer = network.get(f"/ports/{port.id}/binding-explanation")
    _must(answer.status_code, 200, f"the explanation of {port.name}")
    steps: list[Mapping[str, Any]] = answer.json()["binding_explanation"]["attempts"][0]["steps"]
    return steps


def _say_refusals(network: Any, port: Any) -> None:
    steps = _explained(network, port)
    told = [(step["driver"], _segment_of(step), step["reason"]) for step in steps]
    _must(
        told,
        [
            ("openvswitch", "vlan 120 on physnet1", "physical_network_unmapped"),
            ("openvswitch", "vxlan 5001", "tunnel_type_missing"),
            ("linuxbridge", "all segments", "no_agent"),
        ],
        "the explanation of vm-3",
    )
    for (driver, segment, reason), step in zip(told, steps, strict=True):
        _say(f"   {driver}, {segment}", reason)
        _say_text(step["sentence"])
        _say_text(step["hint"], mark="-> ")


def _must(found: object, wanted: object, what: str) -> None:
    if found != wanted:
        raise NotAsTold(f"{what} should be {wanted!r}, and is {found!r}")


# --- how it is printed ----------------------------------------------------------------------------


def _segment(kind: str, physical_network: str | None, number: int | None) -> str:
    return f"{kind} {number}" + (f" on {physical_network}" if physical_network else "")


def _segment_of(step: Mapping[str, Any]) -> str:
    one = step["segment"]
    if one is None:
        return "all segments"
    return _segment(one["network_type"], one["physical_network"], one["segmentation_id"])


def _chapter(title: str, request: str = "") -> None:
    print(f"\n{title}{request:>{WIDTH - len(title)}}".rstrip())


def _say(left: str, right: str) -> None:
    print(f"{left:<38}{right}")


def _say_port(port: Any, result: str) -> None:
    address = port.fixed_ips[0]["ip_address"]
    where = f"   {port.name} on {port.binding_host_id}  {address}"
    _say(where, f"{f'vif_type {port.binding_vif_type}':<17}{result}".rstrip())


def _say_text(words: str, *, indent: int = 6, mark: str = "") -> None:
    first = " " * indent + mark
    print(textwrap.fill(words, WIDTH, initial_indent=first, subsequent_indent=" " * len(first)))
