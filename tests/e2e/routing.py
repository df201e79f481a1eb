"""Routers as the tests of packets make them, with who is behind them and who is outside."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.e2e.hosts import Host
from tests.e2e.machines import Machine, until
from tests.e2e.networking import Resource
from tests.e2e.site import Site

# Where machines tell who asks.
PORT = 8
# The tunnel agents, those of layer 3, and what machines ask through routers.
AGENTS = (
    ("openvswitch", "ovs1"),
    ("openvswitch", "ovs2"),
    ("linuxbridge", "lb1"),
    ("l3", "ovs1"),
    ("l3", "ovs2"),
    ("l3", "lb1"),
    ("metadata", "ovs1"),
    ("metadata", "lb1"),
    ("metering", "lb1"),
)
# Where metering agents tell what they have counted since they told of it. What they tell next may
# have been counted already.
_METERED = "notifications.info"
_ROUNDS = 2
# The processes of an L3 agent, by words of their command lines.
_OF_L3 = "neutron-l3-agent|l3.conf|keepalived|radvd|haproxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A network outside, a machine on it, and the pool of its IPv6 addresses."""

    network: Resource
    machine: Machine
    pool: Resource


def outside(site: Site, host: str = "ovs2") -> Outside:
    """An external network on the switch of physnet1, with a machine that no firewall guards."""
    network = site.network(
        "flat",
        cidr="172.24.0.0/24",
        **{"provider:physical_network": "physnet1", "router:external": True},
    )
    scope = site.api.create("address-scopes", name="outside", ip_version=6)
    pool = site.api.create(
        "subnetpools",
        name="outside",
        address_scope_id=scope["id"],
        prefixes=["2001:db8:f::/48"],
        default_prefixlen=64,
    )
    site.api.create("subnets", network_id=network["id"], ip_version=6, subnetpool_id=pool["id"])
    machine = site.machine(
        network, host, ipv6=True, port_security_enabled=False, security_groups=[]
    )
    machine.namespace.shell(f"ip address add {machine.address6}/64 dev eth0 nodad")
    machine.tell(PORT)
    return Outside(network=network, machine=machine, pool=pool)


def router(
    site: Site, out: Outside, networks: Sequence[Resource], *, hosts: Sequence[str], **values: Any
) -> Resource:
    """A router between networks, with a gateway to the one outside.

    Args:
        site: where.
        out: what it leads to.
        networks: which it connects.
        hosts: whose L3 agents may have it.
        values: of the router.
    """
    made = site.api.create(
        "routers",
        name="test",
        external_gateway_info={"network_id": out.network["id"]},
        availability_zone_hints=list(hosts),
        **values,
    )
    for network in networks:
        site.api.connect(made["id"], network["subnet"]["id"])
    return made


def machine(site: Site, network: Resource, host: str, **port: Any) -> Machine:
    """A machine that leaves its network by the gateway, and tells who asks it."""
    made = site.machine(network, host, **port)
    gateway = network["subnet"]["gateway_ip"]
    made.namespace.run("ip", "route", "add", "default", "via", gateway)
    made.tell(PORT)
    return made


def open_group(site: Site) -> Resource:
    """A security group that lets everybody in."""
    group = site.api.create("security-groups", name="open")
    for ethertype in ("IPv4", "IPv6"):
        site.api.create(
            "security-group-rules",
            security_group_id=group["id"],
            direction="ingress",
            ethertype=ethertype,
        )
    return group


def gateway_address(made: Resource, *, ipv6: bool = False) -> str:
    """The address by which those behind a router are seen outside."""
    fixed = made["external_gateway_info"]["external_fixed_ips"]
    (address,) = (one["ip_address"] for one in fixed if (":" in one["ip_address"]) is ipv6)
    return str(address)


def wait_for_answer(asking: Machine, address: str, seen_as: str) -> float:
    """Waits until a machine is answered at an address, and is seen there as another one."""
    seen: list[str] = []

    def answered() -> bool:
        seen[:] = [asking.asks(address, PORT)]
        return seen == [seen_as]

    try:
        return until(answered, f"{asking.address} at {address} is {seen_as}")
    except AssertionError as error:
        raise AssertionError(f"{error}, but {seen}") from None


def wait_for_status(site: Site, floating_ip: Resource, status: str) -> None:
    """Waits until agents have told what they did with a floating IP."""

    def told() -> bool:
        return bool(site.api.get("floatingips", floating_ip["id"])["status"] == status)

    until(told, f"{floating_ip['floating_ip_address']} is {status}")


@dataclass(slots=True)
class Meter:
    """What metering agents tell of a label.

    Args:
        site: where they are.
        label: which has rules; nothing is told of others.
        packets: how many had been counted when it was read.
    """

    site: Site
    label: Resource
    packets: int = 0

    def read(self) -> int:
        """How many have been counted until now."""
        self._listen()
        told = 0

        def after_all() -> bool:
            nonlocal told
            told += self._listen()
            return told >= _ROUNDS

        until(after_all, "the metering agent tells what it has counted")
        return self.packets

    def _listen(self) -> int:
        told = 0
        for message in self.site.rabbitmq.take(_METERED):
            said = json.loads(json.loads(message)["oslo.message"])
            if said["event_type"] == "l3.meter" and said["payload"]["label_id"] == self.label["id"]:
                self.packets += said["payload"]["pkts"]
                told += 1
        return told


def lose(host: Host) -> None:
    """Ends a host's L3 agent and all that it has started by SIGKILL, and takes its cables out."""
    host.run("pkill", "-KILL", "-f", _OF_L3, check=False)
    host.shell("ip link set eth0 down; ip link set eth1 down")


def find_again(host: Host) -> None:
    """Puts a host's cables back in, once the devices of its routers are gone as at any boot."""
    host.shell("for one in $(ip netns list | cut -d' ' -f1); do ip netns delete $one; done")
    host.shell("ip link set eth0 up; ip link set eth1 up")
