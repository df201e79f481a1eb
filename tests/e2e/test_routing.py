"""Stock L3 agents carry packets between networks and to networks outside.

outside ---- router ---- first    one on ovs2
                    \\--- second   two on lb1, with a network behind it; three on ovs1

The networks stay while routers of all kinds come and go. An Open vSwitch agent would cut one flat
network off while it forgets another one, so there is one network outside for all.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.e2e import metadata, routing
from tests.e2e.hosts import Host
from tests.e2e.machines import Machine, until
from tests.e2e.networking import Resource
from tests.e2e.routing import PORT, Outside
from tests.e2e.site import Site

pytestmark = pytest.mark.e2e

AGENTS = routing.AGENTS

ECHO = 7
TFTP, OTHER = 69, 1069
# The same object for all tests, so that they share a router.
ON_LB = {"hosts": ["lb1"]}
_BEHIND = "10.77.0.1"
# The seconds within which connections work again when a host is lost. Whatever else the machine
# does disturbs: the better of two losses, there and back again, tells of the routers.
_FAILOVER = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is around a router."""

    site: Site
    out: Outside
    first: Resource
    second: Resource
    one: Machine
    two: Machine
    three: Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """A router, and what is around it."""

    site: Site
    out: Outside
    router: Resource
    one: Machine
    two: Machine
    three: Machine

    @property
    def gateway(self) -> str:
        """The address of those behind the router."""
        return routing.gateway_address(self.router)


@pytest.fixture(scope="module")
def around(whole_site: Site) -> Iterator[Around]:
    """Two networks with machines, and one outside, without a router."""
    site = whole_site
    site.start_agents(*AGENTS)
    group = routing.open_group(site)["id"]
    first = site.network("vxlan", cidr="10.61.0.0/24")
    second = site.network("vxlan", cidr="10.62.0.0/24")
    pairs = [{"ip_address": _BEHIND}]
    around = Around(
        site=site,
        out=routing.outside(site),
        first=first,
        second=second,
        one=routing.machine(site, first, "ovs2", security_groups=[group]),
        two=routing.machine(
            site, second, "lb1", security_groups=[group], allowed_address_pairs=pairs
        ),
        three=routing.machine(site, second, "ovs1", security_groups=[group]),
    )
    for machine in (around.one, around.two, around.three):
        machine.echo(ECHO)
    for port in (TFTP, OTHER):
        around.out.machine.answer_tftp(port)
    site.wait_until_active(site.machines)
    yield around
    site.clear()


@pytest.fixture(scope="module", params=[{"hosts": ["ovs1"]}, ON_LB], ids=str)
def routed(around: Around, request: pytest.FixtureRequest) -> Iterator[Routed]:
    """A router on a host with Open vSwitch, on one with Linux bridges, or as a test wants it."""
    site, before = around.site, around.site.api.made
    networks = [around.first, around.second]
    try:
        router = routing.router(site, around.out, networks, **request.param)
        for machine in site.machines:
            # Gateways have the addresses of those before them.
            machine.namespace.run("ip", "neighbour", "flush", "all")
        yield Routed(
            site=site,
            out=around.out,
            router=router,
            one=around.one,
            two=around.two,
            three=around.three,
        )
    finally:
        site.api.undo(down_to=before)


def test_machines_of_two_networks_reach_each_other(routed: Routed) -> None:
    for machine in (routed.two, routed.three):
        routing.wait_for_answer(routed.one, machine.address, routed.one.address)
        routing.wait_for_answer(machine, routed.one.address, machine.address)
        for source, target in ((routed.one, machine), (machine, routed.one)):
            until(lambda s=source, t=target: s.reaches(t.address, ECHO), "much gets through")


def test_machines_are_seen_outside_by_the_address_of_their_router(routed: Routed) -> None:
    for machine in (routed.one, routed.two):
        routing.wait_for_answer(machine, routed.out.machine.address, routed.gateway)


def test_a_floating_ip_is_a_machine_outside_and_the_machine_is_it(routed: Routed) -> None:
    api, out = routed.site.api, routed.out.machine
    floating_ip = api.create(
        "floatingips",
        floating_network_id=routed.out.network["id"],
        port_id=routed.one.port["id"],
    )
    address = floating_ip["floating_ip_address"]
    routing.wait_for_answer(out, address, out.address)
    routing.wait_for_answer(routed.one, out.address, address)
    # From behind the router, too, which hides who it is; and whoever has none is seen as before.
    routing.wait_for_answer(routed.two, address, routed.gateway)
    routing.wait_for_answer(routed.two, out.address, routed.gateway)
    routing.wait_for_status(routed.site, floating_ip, "ACTIVE")

    api.update("floatingips", floating_ip["id"], port_id=routed.two.port["id"])
    routing.wait_for_answer(routed.two, out.address, address)
    routing.wait_for_answer(routed.one, out.address, routed.gateway)

    api.update("floatingips", floating_ip["id"], port_id=None)
    until(lambda: not out.asks(address, PORT), "nobody answers at the floating IP")
    routing.wait_for_status(routed.site, floating_ip, "DOWN")
    api.delete("floatingips", floating_ip["id"])


def test_ports_of_a_floating_ip_lead_to_several_machines(routed: Routed) -> None:
    api, out = routed.site.api, routed.out.machine
    floating_ip = api.create("floatingips", floating_network_id=routed.out.network["id"])
    address, path = floating_ip["floating_ip_address"], f"floatingips/{floating_ip['id']}"
    forwarded = {}
    for external, machine in ((8001, routed.one), (8002, routed.two)):
        body = {
            "protocol": "tcp",
            "external_port": external,
            "internal_port": PORT,
            "internal_port_id": machine.port["id"],
            "internal_ip_address": machine.address,
        }
        made = api.request("POST", f"{path}/port_forwardings", {"port_forwarding": body})
        forwarded[external] = made["port_forwarding"]["id"]
    for external in forwarded:
        until(lambda e=external: out.asks(address, e) == out.address, f"{address}:{external}")
    api.request("DELETE", f"{path}/port_forwardings/{forwarded[8001]}")
    until(lambda: not out.asks(address, 8001), "nobody answers at the one port")
    until(lambda: out.asks(address, 8002) == out.address, "somebody still does at the other one")
    api.request("DELETE", f"{path}/port_forwardings/{forwarded[8002]}")
    until(lambda: not out.asks(address, 8002), "nobody answers at the other port")
    api.delete("floatingips", floating_ip["id"])


def test_extra_routes_lead_to_networks_behind_machines(routed: Routed) -> None:
    path = f"routers/{routed.router['id']}"
    route = {"destination": "10.77.0.0/24", "nexthop": routed.two.address}
    routed.two.namespace.run("ip", "address", "replace", f"{_BEHIND}/32", "dev", "lo")
    assert not routed.one.pings(_BEHIND)
    body = {"router": {"routes": [route]}}
    routed.site.api.request("PUT", f"{path}/add_extraroutes", body)
    until(lambda: routed.one.pings(_BEHIND), "the route leads there")
    routed.site.api.request("PUT", f"{path}/remove_extraroutes", body)
    until(lambda: not routed.one.pings(_BEHIND), "nothing leads there")


def test_without_snat_machines_are_seen_as_they_are(routed: Routed) -> None:
    out, gateway = routed.out.machine, dict(routed.router["external_gateway_info"])
    out.namespace.run("ip", "route", "replace", "10.61.0.0/24", "via", routed.gateway)

    def set_snat(wanted: bool) -> None:
        info = {"network_id": gateway["network_id"], "enable_snat": wanted}
        routed.site.api.update("routers", routed.router["id"], external_gateway_info=info)

    set_snat(False)
    routing.wait_for_answer(routed.one, out.address, routed.one.address)
    routing.wait_for_answer(out, routed.one.address, out.address)
    set_snat(True)
    routing.wait_for_answer(routed.one, out.address, routed.gateway)


def test_of_several_gateways_agents_carry_the_first(routed: Routed) -> None:
    api, out, network = routed.site.api, routed.out.machine, routed.out.network["id"]
    path = f"routers/{routed.router['id']}"
    addresses = routed.router["external_gateway_info"]["external_fixed_ips"]
    one, two = (
        {"network_id": network, "external_fixed_ips": those}
        for those in (addresses, [{"ip_address": "172.24.0.222"}])
    )

    def gateways(action: str, *infos: Resource) -> None:
        body = {"router": {"external_gateways": list(infos)}}
        api.request("PUT", f"{path}/{action}_external_gateways", body)

    def answers(address: str) -> bool:
        out.namespace.run("ip", "neighbour", "flush", "all")
        return out.pings(address)

    gateways("add", two)
    floating_ip = api.create("floatingips", floating_network_id=network)
    address = floating_ip["floating_ip_address"]
    api.update("floatingips", floating_ip["id"], port_id=routed.two.port["id"])
    routing.wait_for_answer(routed.two, out.address, address)  # the agent has seen the change
    routing.wait_for_answer(routed.one, out.address, routed.gateway)
    assert answers(routed.gateway)
    assert not answers("172.24.0.222")

    gateways("update", two, one)
    routing.wait_for_answer(routed.one, out.address, "172.24.0.222")
    routing.wait_for_answer(routed.two, out.address, address)
    assert not answers(routed.gateway)

    gateways("remove", two)
    routing.wait_for_answer(routed.one, out.address, routed.gateway)
    routing.wait_for_answer(routed.two, out.address, address)
    assert not answers("172.24.0.222")
    api.delete("floatingips", floating_ip["id"])


def _wait_until_told(machine: Machine) -> None:
    """Waits until a router has told a machine its IPv6 address."""

    def told() -> bool:
        return machine.address6 in machine.namespace.run("ip", "-6", "address").stdout

    until(told, f"{machine.address6} is told")


def test_routers_tell_machines_their_ipv6_addresses(routed: Routed) -> None:
    site, api = routed.site, routed.site.api
    group = routing.open_group(site)
    machines = []
    for number, host in ((1, "ovs2"), (2, "lb1")):
        network = site.network("vxlan", cidr=f"10.63.{number}.0/24")
        subnet = api.create(
            "subnets",
            network_id=network["id"],
            ip_version=6,
            cidr=f"2001:db8:{number}::/64",
            ipv6_ra_mode="slaac",
            ipv6_address_mode="slaac",
        )
        api.connect(routed.router["id"], subnet["id"])
        machines.append(site.machine(network, host, ipv6=True, security_groups=[group["id"]]))
    site.wait_until_active(machines)
    one, two = machines
    for machine in machines:
        _wait_until_told(machine)
    until(lambda: one.pings(two.address6), "they reach each other")
    two.echo(7)
    until(lambda: one.reaches(two.address6, 7), "much gets through")


def test_metadata_is_there_through_the_router(routed: Routed) -> None:
    (host,) = routed.router["availability_zone_hints"]
    with metadata.stand_in_for_nova(routed.site.hosts[host]):
        metadata.require_known(routed.one)
        metadata.require_known(routed.two)


def test_a_router_answers_outside_for_ipv6_addresses_inside(routed: Routed) -> None:
    site, api, out = routed.site, routed.site.api, routed.out.machine
    network = site.network("vxlan", cidr="10.64.0.0/24")
    subnet = api.create(
        "subnets",
        network_id=network["id"],
        ip_version=6,
        subnetpool_id=routed.out.pool["id"],
        ipv6_ra_mode="slaac",
        ipv6_address_mode="slaac",
    )
    api.connect(routed.router["id"], subnet["id"])
    group = routing.open_group(site)["id"]
    machine = site.machine(network, "ovs2", ipv6=True, security_groups=[group])
    machine.echo(ECHO)
    _wait_until_told(machine)
    way = ("ip", "-6", "route", "replace", subnet["cidr"], "dev", "eth0")
    # Whoever knows the way gets in. The router has the proxies of whom it answers for let in alone:
    # that is when the agent is through. If it were told of one earlier, it could have it twice.
    out.namespace.run(*way, "via", routing.gateway_address(routed.router, ipv6=True))
    until(lambda: out.pings(machine.address6), "packets are let in")
    api.update("routers", routed.router["id"], enable_ndp_proxy=True)
    until(lambda: not out.pings(machine.address6), "packets are not let in")
    out.namespace.run(*way)
    assert not out.pings(machine.address6)
    proxy = api.create("ndp_proxies", router_id=routed.router["id"], port_id=machine.port["id"])
    until(lambda: out.pings(machine.address6), f"{machine.address6} answers outside")
    until(lambda: out.reaches(machine.address6, ECHO), "much gets through")
    api.delete("ndp_proxies", proxy["id"])
    until(lambda: not out.pings(machine.address6), f"{machine.address6} does not answer")


def test_a_helper_of_connection_tracking_lets_answers_in_from_other_ports(routed: Routed) -> None:
    api, out = routed.site.api, routed.out.machine
    path = f"routers/{routed.router['id']}/conntrack_helpers"

    def answered(port: int) -> bool:
        return routed.one.asks_by_tftp(out.address, port)

    routing.wait_for_answer(routed.one, out.address, routed.gateway)
    assert not answered(TFTP)
    helper = {"protocol": "udp", "port": TFTP, "helper": "tftp"}
    made = api.request("POST", path, {"conntrack_helper": helper})["conntrack_helper"]
    until(lambda: answered(TFTP), "the answer comes in from another port")
    assert not answered(OTHER)
    api.request("PUT", f"{path}/{made['id']}", {"conntrack_helper": {"port": OTHER}})
    until(lambda: answered(OTHER), "the other port is looked into")
    assert not answered(TFTP)
    api.request("DELETE", f"{path}/{made['id']}")
    until(lambda: not answered(OTHER), "nothing is looked into")


@pytest.mark.parametrize("routed", [ON_LB], indirect=True, ids=str)
def test_traffic_is_counted_by_the_rules_of_labels(routed: Routed) -> None:
    api, out = routed.site.api, routed.out.machine.address
    label = api.create("metering/metering-labels", name="sent")
    meter = routing.Meter(routed.site, label)
    for machine in (routed.one, routed.two):
        routing.wait_for_answer(machine, out, routed.gateway)
    for counted, other in ((routed.one, routed.two), (routed.two, routed.one)):
        rule = api.create(
            "metering/metering-label-rules",
            metering_label_id=label["id"],
            direction="egress",
            source_ip_prefix=f"{counted.address}/32",
        )
        before = meter.packets
        until(lambda m=counted, b=before: m.pings(out) and meter.read() > b, "it is counted")
        before = meter.packets
        for machine in 3 * [counted, other]:
            machine.pings(out)
        assert meter.read() == before + 3
        api.delete("metering/metering-label-rules", rule["id"])


def _cards(host: Host, namespace: str, kind: str) -> set[str]:
    """The MAC addresses of a kind of devices in a namespace of a host."""
    shell = ("ip", "netns", "exec", namespace, "sh", "-c")
    return set(host.run(*shell, f"cat /sys/class/net/{kind}-*/address").stdout.split())


def _seen(machine: Machine, address: str) -> str:
    """The MAC address that a machine has found for an address on its network."""
    words = machine.namespace.run("ip", "neighbour", "show", address).stdout.split()
    return words[words.index("lladdr") + 1] if "lladdr" in words else ""


@pytest.mark.parametrize(
    "routed", [{"hosts": ["ovs1"], "distributed": True}], indirect=True, ids=str
)
def test_a_distributed_router_has_floating_ips_on_the_hosts_of_their_ports(routed: Routed) -> None:
    api, out = routed.site.api, routed.out.machine
    # Between the hosts, and out through the one that hides addresses.
    routing.wait_for_answer(routed.one, routed.three.address, routed.one.address)
    routing.wait_for_answer(routed.three, routed.one.address, routed.three.address)
    for machine in (routed.one, routed.three):
        routing.wait_for_answer(machine, out.address, routed.gateway)
    for machine in (routed.one, routed.three):
        floating_ip = api.create(
            "floatingips",
            floating_network_id=routed.out.network["id"],
            port_id=machine.port["id"],
        )
        address = floating_ip["floating_ip_address"]
        routing.wait_for_answer(out, address, out.address)
        routing.wait_for_answer(machine, out.address, address)
        namespace = f"fip-{routed.out.network['id']}"
        assert {_seen(out, address)} == _cards(machine.host, namespace, "fg")
        routing.wait_for_status(routed.site, floating_ip, "ACTIVE")
        api.delete("floatingips", floating_ip["id"])
        routing.wait_for_answer(machine, out.address, routed.gateway)


def _states(routed: Routed) -> dict[str, str]:
    """The state of a router by the host that reported it."""
    answer = routed.site.api.request("GET", f"routers/{routed.router['id']}/l3-agents")
    return {agent["host"]: agent["ha_state"] for agent in answer["agents"]}


@pytest.mark.parametrize("routed", [{"hosts": ["ovs1", "lb1"], "ha": True}], indirect=True, ids=str)
def test_a_router_whose_host_is_lost_goes_on_elsewhere(routed: Routed) -> None:
    site, out, machine = routed.site, routed.out.machine, routed.one
    floating_ip = site.api.create(
        "floatingips",
        floating_network_id=routed.out.network["id"],
        port_id=machine.port["id"],
    )
    address = floating_ip["floating_ip_address"]

    def works() -> bool:
        told = machine.asks(out.address, PORT), out.asks(address, PORT)
        return told == (address, out.address)

    until(
        lambda: sorted(_states(routed).values()) == ["active", "standby"],
        "one host has the router, one stands by",
        seconds=60,
    )
    until(works, "the floating IP works both ways")
    took = [_fail_over(routed, address, works) for _ in range(2)]
    assert min(took) < _FAILOVER, took


def _fail_over(routed: Routed, address: str, works: Callable[[], bool]) -> float:
    """Loses the host that has a router, and finds it again.

    Returns:
        The seconds until the other host had the router.
    """
    site, out, machine = routed.site, routed.out.machine, routed.one
    active, other = sorted(_states(routed), key=lambda host: _states(routed)[host])
    agent, host = site.agents["l3", active], site.hosts[active]
    begin = time.monotonic()
    routing.lose(host)
    try:
        for source, target in ((out, address), (machine, out.address)):
            until(lambda s=source, t=target: s.pings(t), f"{other} has the router of {active}")
        took = time.monotonic() - begin
        until(works, "the floating IP still works both ways")
        until(lambda: _states(routed)[other] == "active", "the other says so")
    finally:
        routing.find_again(host)
        agent.kill()
        agent.start()
    # It comes back, and leaves the router where it is.
    until(lambda: _states(routed)[active] == "standby", "it stands by", seconds=60)
    assert _states(routed)[other] == "active"
    until(works, "the floating IP works both ways, as before")
    return took
