"""The `openstack` client on routers: gateways, interfaces, routes, and agents that carry them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.interop.clients import Report
from tests.interop.openstack_client import OpenStack

pytestmark = [
    pytest.mark.slow,
    # The SDK, by which agents report, warns of what it will drop itself.
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]


def names(openstack: OpenStack, command: str) -> list[str]:
    """The names that a list shows, sorted: their order is the server's business."""
    return sorted(row["Name"] for row in openstack.shown(f"{command} -c Name"))


@pytest.fixture(scope="module")
def outside(openstack: OpenStack) -> Iterator[str]:
    """The name of an external network; its subnet is ``ro-extsub``."""
    openstack.shown("network create ro-ext --external")
    openstack.shown(
        "subnet create ro-extsub --network ro-ext --subnet-range 203.0.113.0/24 --no-dhcp"
    )
    yield "ro-ext"
    openstack.done("network delete ro-ext")


@pytest.fixture(scope="module")
def inside(openstack: OpenStack) -> Iterator[str]:
    """The name of a network; its subnets are ``ro-sub`` and ``ro-sub2``."""
    openstack.shown("network create ro-net")
    for name, cidr in (("ro-sub", "192.0.2.0/25"), ("ro-sub2", "192.0.2.128/25")):
        openstack.shown(f"subnet create {name} --network ro-net --subnet-range {cidr} --no-dhcp")
    yield "ro-net"
    openstack.done("network delete ro-net")


def test_routers(openstack: OpenStack) -> None:
    made = openstack.shown("router create ro-one --description first --disable --tag a --tag b")
    assert (made["name"], made["description"], made["admin_state_up"]) == ("ro-one", "first", False)
    assert (made["tags"], made["external_gateway_info"], made["routes"]) == (["a", "b"], None, [])
    assert made["enable_ndp_proxy"] is False
    openstack.shown(
        "router create ro-two --enable --no-ha --centralized --no-tag --disable-ndp-proxy"
    )
    openstack.done(
        "router set ro-one --name ro-1 --description second --enable --tag c --no-ha --centralized"
    )
    shown = openstack.shown("router show ro-1")
    assert (shown["id"], shown["description"], shown["status"]) == (made["id"], "second", "ACTIVE")
    assert shown["tags"] == ["a", "b", "c"]
    assert shown["interfaces_info"] == []
    other = openstack.shown("router show ro-two")
    for options, expected in {
        "--disable": [],
        "--limit 1": ["ro-1", "ro-two"],  # a page, of which the client asks for all
        "--name ro-1": ["ro-1"],
        "--name ro-two --enable": ["ro-two"],
        "--tags a,b": ["ro-1"],
        "--any-tags c,z": ["ro-1"],
        "--not-tags a --name ro-two": ["ro-two"],
        "--not-any-tags a,z --name ro-1": [],
    }.items():
        assert names(openstack, f"router list {options}") == expected, options
    (row,) = openstack.shown("router list --long --name ro-1")
    assert (row["Status"], row["State"], row["HA"], row["Distributed"]) == (
        "ACTIVE",
        True,
        False,
        False,
    )
    assert len(openstack.shown("router list --limit 1 --max-items 1")) == 1
    after = "ro-two" if made["id"] < other["id"] else "ro-1"
    first = min(made["id"], other["id"])
    assert names(openstack, f"router list --limit 1 --marker {first}") == [after]
    openstack.done("router unset ro-1 --tag a")
    assert openstack.shown("router show ro-1")["tags"] == ["b", "c"]
    openstack.done("router set ro-1 --no-tag --tag d")
    assert openstack.shown("router show ro-1")["tags"] == ["d"]
    # a wish, as it has no gateway yet
    openstack.done("router set ro-1 --enable-ndp-proxy")
    openstack.done("router set ro-1 --disable-ndp-proxy")
    openstack.done("router unset ro-1 --all-tag")
    assert openstack.shown("router show ro-1")["tags"] == []
    assert openstack.refused("router show ro-one") == "No Router found for ro-one"
    assert "404" in openstack.refused("router create ro-x --availability-zone-hint nowhere")
    openstack.done("router delete ro-1 ro-two")


def test_gateways(openstack: OpenStack, outside: str, inside: str) -> None:
    made = openstack.shown(
        f"router create rg-one --external-gateway {outside} --disable-snat "
        "--fixed-ip subnet=ro-extsub,ip-address=203.0.113.10"
    )
    gateway = made["external_gateway_info"]
    assert gateway["enable_snat"] is False
    (address,) = gateway["external_fixed_ips"]
    assert address["ip_address"] == "203.0.113.10"
    openstack.done(
        f"router set rg-one --external-gateway {outside} --enable-snat "
        "--fixed-ip ip-address=203.0.113.11 --fixed-ip ip-address=203.0.113.12"
    )
    gateway = openstack.shown("router show rg-one")["external_gateway_info"]
    assert gateway["enable_snat"] is True
    openstack.done(f"router set rg-one --external-gateway {outside} --disable-snat")
    gateway = openstack.shown("router show rg-one")["external_gateway_info"]
    assert gateway["enable_snat"] is False
    addresses = sorted(one["ip_address"] for one in gateway["external_fixed_ips"])
    assert addresses == ["203.0.113.11", "203.0.113.12"]
    # the client makes the router first, and then gives it gateways
    assert "409" in openstack.refused(
        f"router create rg-x --external-gateway {outside} --fixed-ip ip-address=203.0.113.11"
    )
    assert "400" in openstack.refused(f"router create rg-y --external-gateway {inside}")
    assert openstack.shown("router show rg-x")["external_gateway_info"] is None
    openstack.done("router delete rg-x rg-y")
    assert "409" in openstack.refused(f"network delete {outside}")

    openstack.shown("network qos policy create rg-gold")
    hiding = openstack.shown(
        f"router create rg-two --external-gateway {outside} --enable-snat --qos-policy rg-gold"
    )["external_gateway_info"]
    assert (hiding["enable_snat"], bool(hiding["qos_policy_id"])) == (True, True)
    openstack.done("router delete rg-two")
    openstack.done(f"router set rg-one --external-gateway {outside} --qos-policy rg-gold")
    assert openstack.shown("router show rg-one")["external_gateway_info"]["qos_policy_id"]
    assert "409" in openstack.refused("network qos policy delete rg-gold")
    openstack.done("router set rg-one --no-qos-policy")
    gateway = openstack.shown("router show rg-one")["external_gateway_info"]
    assert gateway.get("qos_policy_id") is None
    openstack.done("router set rg-one --qos-policy rg-gold")
    openstack.done("router unset rg-one --qos-policy")
    openstack.done("network qos policy delete rg-gold")
    openstack.done("router unset rg-one --external-gateway")
    assert openstack.shown("router show rg-one")["external_gateway_info"] is None
    openstack.done("router delete rg-one")


def test_several_gateways(openstack: OpenStack, outside: str, inside: str) -> None:
    openstack.shown("network create rm-ext --external")
    openstack.shown(
        "subnet create rm-extsub --network rm-ext --subnet-range 198.51.100.0/24 --no-dhcp"
    )
    ids = {name: openstack.shown(f"network show {name}")["id"] for name in (outside, "rm-ext")}

    def gateways(shown: dict[str, Any]) -> list[str]:
        """Those that a router has; the first one's address first."""
        first = shown["external_gateway_info"]
        found = shown["external_gateways"]
        assert first == (found[0] if found else None)
        addresses = [[ip["ip_address"] for ip in one["external_fixed_ips"]] for one in found]
        return [*addresses[0], *sorted(ip for ips in addresses[1:] for ip in ips)] if found else []

    made = openstack.shown(
        f"router create rm-one --external-gateway {outside} --external-gateway rm-ext "
        "--fixed-ip subnet=ro-extsub,ip-address=203.0.113.20 "
        "--fixed-ip subnet=rm-extsub,ip-address=198.51.100.20 --disable-snat "
        "--enable-default-route-ecmp --enable-default-route-bfd"
    )
    assert gateways(made) == ["203.0.113.20", "198.51.100.20"]
    assert (made["enable_default_route_ecmp"], made["enable_default_route_bfd"]) == (True, True)
    assert made["external_gateway_info"]["enable_snat"] is False
    twins = openstack.shown(
        "router create rm-two --external-gateway rm-ext --external-gateway rm-ext "
        "--fixed-ip ip-address=198.51.100.30 --fixed-ip ip-address=198.51.100.31"
    )
    assert gateways(twins) == ["198.51.100.30", "198.51.100.31"]
    assert "409" in openstack.refused("network delete rm-ext")

    more = openstack.shown(
        f"router add gateway rm-one {outside} --fixed-ip ip-address=203.0.113.21"
    )
    assert gateways(more) == ["203.0.113.20", "198.51.100.20", "203.0.113.21"]
    assert "400" in openstack.refused(f"router add gateway rm-one {inside}")
    assert "409" in openstack.refused(
        f"router add gateway rm-one {outside} --fixed-ip ip-address=203.0.113.21"
    )
    ambiguous = openstack.refused(f"router remove gateway rm-one {outside}")
    assert "name an address" in ambiguous
    assert "none on network" in openstack.refused(
        f"router remove gateway rm-one {outside} --fixed-ip ip-address=203.0.113.99"
    )
    assert "400" in openstack.refused(f"router remove gateway rm-one {inside}")
    fewer = openstack.shown(
        f"router remove gateway rm-one {outside} --fixed-ip ip-address=203.0.113.20"
    )
    assert gateways(fewer)[0] in ("198.51.100.20", "203.0.113.21")
    assert sorted(gateways(fewer)) == ["198.51.100.20", "203.0.113.21"]
    left = openstack.shown("router remove gateway rm-one rm-ext --fixed-ip subnet=rm-extsub")
    assert gateways(left) == ["203.0.113.21"]
    openstack.done(
        "router set rm-one --external-gateway rm-ext "
        f"--external-gateway {outside} --disable-default-route-ecmp --disable-default-route-bfd"
    )
    shown = openstack.shown("router show rm-one")
    assert [one["network_id"] for one in shown["external_gateways"]] == [
        ids["rm-ext"],
        ids[outside],
    ]
    assert gateways(shown)[1:] == ["203.0.113.21"]
    assert (shown["enable_default_route_ecmp"], shown["enable_default_route_bfd"]) == (False, False)
    assert shown["interfaces_info"] == []

    openstack.done("router set rm-one --route destination=10.9.0.0/16,gateway=198.51.100.9")
    openstack.done("router unset rm-one --route destination=10.9.0.0/16,gateway=198.51.100.9")
    assert len(openstack.shown("router show rm-one")["external_gateways"]) == 2
    # the first goes, and the other takes its place
    openstack.done("router unset rm-one --external-gateway")
    assert gateways(openstack.shown("router show rm-one")) == ["203.0.113.21"]
    openstack.done("router unset rm-one --external-gateway")
    assert gateways(openstack.shown("router show rm-one")) == []
    openstack.done("router delete rm-one rm-two")
    openstack.done("network delete rm-ext")


def test_interfaces(openstack: OpenStack, inside: str) -> None:
    openstack.shown("router create ri-one")
    openstack.done("router add subnet ri-one ro-sub")
    port = openstack.shown(
        f"port create ri-port --network {inside} --fixed-ip subnet=ro-sub2,ip-address=192.0.2.200"
    )
    openstack.done("router add port ri-one ri-port")
    interfaces = openstack.shown("router show ri-one")["interfaces_info"]
    found = {one["ip_address"]: one["port_id"] for one in interfaces}
    assert found.keys() == {"192.0.2.1", "192.0.2.200"}
    assert found["192.0.2.200"] == port["id"]
    rows = openstack.shown("port list --router ri-one")
    assert {row["ID"] for row in rows} == set(found.values())
    assert "400" in openstack.refused("router add subnet ri-one ro-sub")
    assert "409" in openstack.refused("router delete ri-one")
    assert "409" in openstack.refused("subnet delete ro-sub")
    assert "409" in openstack.refused("port delete ri-port")
    openstack.done("router remove subnet ri-one ro-sub")
    openstack.done("router remove port ri-one ri-port")
    assert "404" in openstack.refused("router remove subnet ri-one ro-sub")
    assert openstack.shown("router show ri-one")["interfaces_info"] == []
    openstack.done("router delete ri-one")


def test_routes(openstack: OpenStack, inside: str) -> None:
    openstack.shown("router create rr-one")
    openstack.done("router add subnet rr-one ro-sub")
    ten, eleven = (
        {"destination": f"10.{number}.0.0/16", "nexthop": "192.0.2.9"} for number in (10, 11)
    )
    openstack.done("router set rr-one --route destination=10.10.0.0/16,gateway=192.0.2.9")
    assert openstack.shown("router show rr-one")["routes"] == [ten]
    added = "--route destination=10.11.0.0/16,gateway=192.0.2.9"
    assert len(openstack.shown(f"router add route rr-one {added}")["routes"]) == 2
    assert len(openstack.shown(f"router add route rr-one {added}")["routes"]) == 2
    removed = "--route destination=10.10.0.0/16,gateway=192.0.2.9"
    assert openstack.shown(f"router remove route rr-one {removed}")["routes"] == [eleven]
    assert "400" in openstack.refused(
        "router add route rr-one --route destination=10.12.0.0/16,gateway=198.51.100.1"
    )
    assert "409" in openstack.refused("router remove subnet rr-one ro-sub")
    openstack.done("router unset rr-one --route destination=10.11.0.0/16,gateway=192.0.2.9")
    openstack.done("router set rr-one --route destination=10.10.0.0/16,gateway=192.0.2.9")
    openstack.done("router set rr-one --no-route")
    assert openstack.shown("router show rr-one")["routes"] == []
    openstack.done("router remove subnet rr-one ro-sub")
    openstack.done("router delete rr-one")


def test_agents(openstack: OpenStack, report: Report, outside: str, inside: str) -> None:
    for host, mode in (("ra-one", "dvr_snat"), ("ra-two", "legacy")):
        report(host, "L3 agent", availability_zone="ra-zone", agent_mode=mode)
    agents = {
        row["Host"]: row["ID"]
        for row in openstack.shown("network agent list --agent-type l3")
        if row["Host"].startswith("ra-")
    }
    assert "ra-zone" in {
        row["Zone Name"] for row in openstack.shown("availability zone list --network --long")
    }
    router = openstack.shown("router create ra-router --availability-zone-hint ra-zone")
    openstack.done(f"network agent add router --l3 {agents['ra-two']} ra-router")
    assert names(openstack, f"router list --agent {agents['ra-two']}") == ["ra-router"]
    (row,) = openstack.shown("network agent list --router ra-router --long")
    assert (row["ID"], row["Availability Zone"]) == (agents["ra-two"], "ra-zone")
    # refused, but the client does not look at the answer
    openstack.typed(f"network agent add router --l3 {agents['ra-one']} ra-router")
    (row,) = openstack.shown("network agent list --router ra-router")
    assert row["ID"] == agents["ra-two"]
    assert openstack.shown("router show ra-router")["availability_zones"] == ["ra-zone"]
    openstack.done(f"network agent remove router --l3 {agents['ra-two']} ra-router")
    assert openstack.shown("network agent list --router ra-router") == []
    # priorities are those of another kind of agent
    openstack.typed(
        f"network agent router set {agents['ra-two']} ra-router --ha-chassis-priority 5"
    )
    openstack.done(f"router delete {router['id']}")

    openstack.shown("router create ra-dvr --distributed")
    openstack.done("router add subnet ra-dvr ro-sub")
    openstack.done(f"router set ra-dvr --external-gateway {outside}")
    shown = openstack.shown("router show ra-dvr")
    assert shown["distributed"] is True
    (row,) = openstack.shown("network agent list --router ra-dvr")
    assert row["Host"] == "ra-one"
    assert "400" in openstack.refused("router set ra-dvr --centralized")
    openstack.done("router set ra-dvr --disable")
    for option, distributed in (("--centralized", False), ("--distributed", True)):
        openstack.done(f"router set ra-dvr {option}")
        assert openstack.shown("router show ra-dvr")["distributed"] is distributed
    openstack.done("router unset ra-dvr --external-gateway")
    openstack.done("router remove subnet ra-dvr ro-sub")
    openstack.done("router delete ra-dvr")

    openstack.shown("router create ra-ha --ha")
    rows = openstack.shown("network agent list --router ra-ha --long")
    assert {row["HA State"] for row in rows} == {"standby"}
    assert {row["Host"] for row in rows} == {"ra-one", "ra-two"}
    openstack.done("router set ra-ha --disable")
    for option, ha in (("--no-ha", False), ("--ha", True)):
        openstack.done(f"router set ra-ha {option}")
        assert openstack.shown("router show ra-ha")["ha"] is ha
    openstack.done("router delete ra-ha")
    for agent in agents.values():
        openstack.done(f"network agent delete {agent}")


def test_flavors(openstack: OpenStack) -> None:
    rows = openstack.shown("network service provider list")
    providers = {row["Name"] for row in rows if row["Service Type"] == "L3_ROUTER_NAT"}
    assert providers == {"dvr", "dvrha", "ha", "single_node"}
    profile = openstack.shown(
        "network flavor profile create --driver "
        "neutron.services.l3_router.service_providers.single_node.SingleNodeDriver"
    )
    flavor = openstack.shown("network flavor create --service-type L3_ROUTER_NAT rf-plain")
    assert "404" in openstack.refused(f"router create rf-x --flavor {flavor['id']}")
    openstack.done(f"network flavor add profile rf-plain {profile['id']}")
    made = openstack.shown(f"router create rf-one --flavor {flavor['id']}")
    assert (made["flavor_id"], made["ha"], made["distributed"]) == (flavor["id"], False, False)
    assert "409" in openstack.refused("network flavor delete rf-plain")
    openstack.done("router delete rf-one")
    openstack.done(f"network flavor remove profile rf-plain {profile['id']}")
    openstack.done("network flavor delete rf-plain")
    openstack.done(f"network flavor profile delete {profile['id']}")
