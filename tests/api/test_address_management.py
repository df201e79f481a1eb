"""Service types, external subnets, addresses on routed networks, IP availability."""

import pytest

from tests.api.client import Api

SEGMENTS = {"ml2_type_vlan": {"network_vlan_ranges": "physnet1:1:1000,physnet2:1:1000"}}


def a_network(api: Api, *subnets: dict, **values) -> tuple[str, list[str]]:
    network = api.create("network", **values)["id"]
    made = [
        api.create("subnet", network_id=network, ip_version=4, **subnet)["id"] for subnet in subnets
    ]
    return network, made


def addresses(port: dict) -> list[str]:
    return [one["ip_address"] for one in port["fixed_ips"]]


# Service types


def test_ports_get_addresses_of_the_subnets_for_their_owner_first(api):
    network, _ = a_network(
        api,
        {"cidr": "10.1.0.0/24"},
        {"cidr": "10.2.0.0/24", "service_types": ["compute:nova", "network:router_gateway"]},
        {"cidr": "10.3.0.0/24", "service_types": ["network:router_gateway"], "enable_dhcp": False},
    )

    def port(owner="", **values):
        return addresses(api.create("port", network_id=network, device_owner=owner, **values))

    assert port() == ["10.1.0.2"]
    assert port("compute:nova") == ["10.2.0.2"]
    assert port("network:dhcp") == ["10.2.0.3"]
    # two subnets are for it: the older one, or either if both were made in one second
    assert port("network:router_gateway") in (["10.2.0.4"], ["10.3.0.2"])
    assert api.refuse("port", network_id=network, fixed_ips=[{"ip_address": "10.2.0.9"}]) == (
        400,
        "InvalidIpForNetwork",
    )


def test_a_network_may_have_nothing_for_an_owner(api):
    network, (subnet,) = a_network(api, {"cidr": "10.1.0.0/24", "service_types": ["network:dhcp"]})
    refusal = (409, "IpAddressGenerationFailureNoMatchingSubnet")
    for fixed_ips in ({}, {"fixed_ips": []}, {"fixed_ips": [{"subnet_id": subnet}]}):
        assert api.refuse("port", network_id=network, **fixed_ips) == refusal
    api.update("subnet", subnet, service_types=[])
    assert addresses(api.create("port", network_id=network)) == ["10.1.0.2"]


@pytest.mark.parametrize(
    ("types", "refusal"),
    [
        (["bad"], (400, "InvalidSubnetServiceType")),
        ([1], (400, "InvalidInputSubnetServiceType")),
        ("compute:nova", (400, "HTTPBadRequest")),
        (["network:dhcp", "network:dhcp"], (409, "NeutronDbObjectDuplicateEntry")),
    ],
)
def test_service_types_that_cannot_be(api, types, refusal):
    network, (subnet,) = a_network(api, {"cidr": "10.1.0.0/24"})
    assert api.refuse_update("subnet", subnet, service_types=types) == refusal
    body = {"network_id": network, "ip_version": 4, "cidr": "10.2.0.0/24"}
    assert api.refuse("subnet", **body, service_types=types) == refusal
    assert api.update("subnet", subnet, service_types=None)["service_types"] == []


def test_a_subnet_is_external_as_its_network(api):
    inside, (a,) = a_network(api, {"cidr": "10.1.0.0/24"})
    _, (b,) = a_network(api, {"cidr": "10.1.0.0/24"}, **{"router:external": True})
    assert not api.show("subnet", a)["router:external"]
    assert api.show("subnet", b)["router:external"]
    assert [one["id"] for one in api.list("subnet", "router:external=true")] == [b]
    api.update("network", inside, **{"router:external": True})
    assert all(one["router:external"] for one in api.list("subnet"))
    assert api.refuse_update("subnet", a, **{"router:external": False}) == (400, "HTTPBadRequest")


# Routed networks


@pytest.fixture
def routed(make_api):
    """A routed network: two segments with a subnet each, a host on each."""
    api = make_api(**SEGMENTS)
    api.ovs_agent("host1", bridge_mappings={"physnet1": "br-1"})
    api.ovs_agent("host2", bridge_mappings={"physnet2": "br-2"})
    vlan = {"provider:network_type": "vlan", "provider:segmentation_id": 7}
    network = api.create(
        "network",
        segments=[{**vlan, "provider:physical_network": f"physnet{i}"} for i in (1, 2)],
    )["id"]
    segments = {
        one["physical_network"]: one["id"] for one in api.list("segment", f"network_id={network}")
    }
    subnets = [
        api.create(
            "subnet",
            network_id=network,
            ip_version=4,
            cidr=f"10.0.{i}.0/24",
            segment_id=segments[f"physnet{i}"],
        )["id"]
        for i in (1, 2)
    ]
    return api, network, subnets


def test_addresses_wait_for_the_host(routed):
    api, network, (_, b) = routed
    port = api.create("port", network_id=network)
    assert (port["ip_allocation"], port["fixed_ips"]) == ("deferred", [])
    changed = api.update("port", port["id"], **{"binding:host_id": "host2"})
    assert (changed["ip_allocation"], addresses(changed)) == ("deferred", ["10.0.2.2"])
    moved = api.refuse_update("port", port["id"], **{"binding:host_id": "host1"})
    assert moved == (409, "HostNotCompatibleWithFixedIps")
    at_once = api.create("port", network_id=network, **{"binding:host_id": "host1"})
    assert (at_once["ip_allocation"], addresses(at_once)) == ("immediate", ["10.0.1.2"])
    named = api.create("port", network_id=network, fixed_ips=[{"subnet_id": b}])
    assert named["ip_allocation"] == "immediate"


def test_who_wants_no_address_gets_none_with_the_host_either(routed):
    api, network, _ = routed
    port = api.create("port", network_id=network, fixed_ips=[])
    assert port["ip_allocation"] == "none"
    changed = api.update("port", port["id"], **{"binding:host_id": "host2"})
    assert changed["fixed_ips"] == []
    found = api.list("port", "ip_allocation=none")
    assert [one["id"] for one in found] == [port["id"]]


def test_subnets_have_routes_to_those_of_other_segments(routed):
    api, network, (a, b) = routed

    def routes(subnet):
        shown = api.show("subnet", subnet)["host_routes"]
        return [(one["destination"], one["nexthop"]) for one in shown]

    assert routes(a) == [("10.0.2.0/24", "10.0.1.1")]
    assert routes(b) == [("10.0.1.0/24", "10.0.2.1")]
    api.update("subnet", a, host_routes=[])
    assert routes(a) == [("10.0.2.0/24", "10.0.1.1")]
    api.update("subnet", a, gateway_ip=None)
    assert routes(a) == []
    api.update("subnet", a, gateway_ip="10.0.1.1")
    segment = api.show("subnet", b)["segment_id"]
    api.create("subnet", network_id=network, ip_version=4, cidr="10.0.3.0/24", segment_id=segment)
    assert routes(a) == [("10.0.2.0/24", "10.0.1.1"), ("10.0.3.0/24", "10.0.1.1")]
    api.delete("subnet", b)
    assert routes(a) == [("10.0.3.0/24", "10.0.1.1")]
    api.delete("network", network)


def test_a_segment_can_be_chosen_later_if_there_is_no_choice(make_api):
    api = make_api(**SEGMENTS)
    network, (subnet,) = a_network(api, {"cidr": "10.1.0.0/24"})
    (segment,) = api.list("segment", f"network_id={network}")
    unknown = "11111111-2222-3333-4444-555555555555"
    assert api.refuse_update("subnet", subnet, segment_id=unknown) == (404, "SegmentNotFound")
    body = {"network_id": network, "network_type": "vxlan", "segmentation_id": 61234}
    other = api.create("segment", **body)["id"]
    assert api.refuse_update("subnet", subnet, segment_id=segment["id"]) == (
        400,
        "NoUpdateSubnetWhenMultipleSegmentsOnNetwork",
    )
    api.delete("segment", other)
    assert api.update("subnet", subnet, segment_id=segment["id"])["segment_id"] == segment["id"]
    assert api.refuse_update("subnet", subnet, segment_id=None) == (
        400,
        "SubnetSegmentAssociationChangeNotAllowed",
    )


# IP availability


def availability(api: Api, query: str = "") -> list[dict]:
    answer = api.call("GET", f"/network-ip-availabilities{query}")
    assert answer.status == 200, answer
    return answer.body["network_ip_availabilities"]


def test_availability_counts_addresses_and_tells_pools_apart(api):
    pools = [{"start": "10.1.0.4", "end": "10.1.0.5"}]
    network, _ = a_network(api, {"cidr": "10.1.0.0/29", "allocation_pools": pools}, name="n")
    api.create("port", network_id=network)
    api.create("port", network_id=network, fixed_ips=[{"ip_address": "10.1.0.2"}])
    answer = api.call("GET", f"/network-ip-availabilities/{network}").body
    shown = answer["network_ip_availability"]
    details = {
        "total_ips_in_subnet": 6,
        "total_ips_in_allocation_pool": 2,
        "used_ips_in_subnet": 2,
        "used_ips_in_allocation_pool": 1,
    }
    assert (shown["network_id"], shown["network_name"]) == (network, "n")
    assert (shown["used_ips"], shown["total_ips"]) == (2, 2)
    assert shown["ip_availability_details"] == details
    (subnet,) = shown["subnet_ip_availability"]
    assert subnet["ip_availability_details"] == details
    assert (subnet["cidr"], subnet["ip_version"]) == ("10.1.0.0/29", 4)


def test_availability_of_pools_with_a_wide_gap(api):
    pools = [{"start": "10.1.0.100", "end": "10.1.0.101"}]
    network, _ = a_network(api, {"cidr": "10.1.0.0/24", "allocation_pools": pools})
    api.create("port", network_id=network)
    api.create("port", network_id=network, fixed_ips=[{"ip_address": "10.1.0.7"}])
    ((shown),) = availability(api)
    assert shown["ip_availability_details"]["used_ips_in_allocation_pool"] == 1


def test_availability_of_ipv6_and_of_nothing(api):
    network = api.create("network", name="six")["id"]
    empty = api.create("network", name="empty")["id"]
    api.create(
        "subnet",
        network_id=network,
        ip_version=6,
        cidr="fd00::/64",
        ipv6_ra_mode="slaac",
        ipv6_address_mode="slaac",
    )
    api.create("port", network_id=network)
    (shown,) = availability(api, f"?network_id={network}")
    assert (shown["used_ips"], shown["total_ips"]) == (1, 2**64 - 1)
    assert shown["ip_availability_details"]["total_ips_in_subnet"] == 2**64
    assert [one["network_id"] for one in availability(api, "?ip_version=6")] == [network]
    assert availability(api, "?ip_version=4") == []
    assert availability(api, "?ip_version=x") == []
    (nothing,) = availability(api, "?network_name=empty")
    assert (nothing["network_id"], nothing["total_ips"]) == (empty, 0)
    assert nothing["subnet_ip_availability"] == []
    pages = availability(api, "?limit=1"), availability(api, "?limit=5")
    assert [len(page) for page in pages] == [1, 2]
    assert availability(api, f"?network_id={network}&fields=used_ips") == [{"used_ips": 1}]


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("/nope", (404, "NetworkNotFound")),
        ("?foo=1", (400, "HTTPBadRequest")),
        ("?total_ips=1", (400, "HTTPBadRequest")),
    ],
)
def test_availability_that_cannot_be_asked(api, path, refusal):
    assert api.call("GET", f"/network-ip-availabilities{path}").refused == refusal
