"""Subnets through the whole application."""

import pytest

from tests.api.client import Api


@pytest.fixture
def network_id(api: Api) -> str:
    return str(api.create("network")["id"])


def test_a_subnet_gets_gateway_and_pool(api: Api, network_id: str) -> None:
    subnet = api.create("subnet", network_id=network_id, cidr="10.1.0.7/24", ip_version=4)
    assert subnet["cidr"] == "10.1.0.0/24"
    assert subnet["gateway_ip"] == "10.1.0.1"
    assert subnet["allocation_pools"] == [{"start": "10.1.0.2", "end": "10.1.0.254"}]
    assert subnet["enable_dhcp"] is True
    assert api.show("subnet", subnet["id"]) == subnet
    assert api.show("network", network_id)["revision_number"] == 2


@pytest.mark.parametrize(
    ("attributes", "refused"),
    [
        ({"cidr": "10.0.0.0/99", "ip_version": 4}, (400, "InvalidInput")),
        ({"cidr": "10.0.0.0/24", "ip_version": 6}, (400, "InvalidInput")),
        ({"ip_version": 4}, (400, "BadRequest")),
        ({"cidr": "10.0.0.128/25", "ip_version": 4}, (400, "InvalidInput")),
        (
            {"cidr": "10.2.0.0/24", "ip_version": 4, "gateway_ip": "10.2.0.9"},
            (409, "GatewayConflictWithAllocationPools"),
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    api: Api, network_id: str, attributes: dict[str, object], refused: tuple[int, str]
) -> None:
    api.create("subnet", network_id=network_id, cidr="10.0.0.0/24", ip_version=4)
    pools = (
        {"allocation_pools": [{"start": "10.2.0.2", "end": "10.2.0.20"}]}
        if "gateway_ip" in attributes
        else {}
    )
    assert api.refuse("subnet", network_id=network_id, **attributes, **pools) == refused
    assert len(api.list("subnet")) == 1


def test_a_subnet_in_use_stays(api: Api, network_id: str) -> None:
    subnet = api.create("subnet", network_id=network_id, cidr="10.1.0.0/24", ip_version=4)
    port = api.create("port", network_id=network_id)
    assert api.refuse_delete("subnet", subnet["id"]) == (409, "SubnetInUse")
    api.delete("port", port["id"])
    api.delete("subnet", subnet["id"])
    assert api.list("subnet") == []


def test_addresses_that_ports_made_themselves_go_with_the_subnet(api: Api, network_id: str) -> None:
    port = api.create("port", network_id=network_id)
    subnet = api.create(
        "subnet",
        network_id=network_id,
        cidr="2001:db8::/64",
        ip_version=6,
        ipv6_ra_mode="slaac",
        ipv6_address_mode="slaac",
    )
    [fixed_ip] = api.show("port", port["id"])["fixed_ips"]
    assert fixed_ip["subnet_id"] == subnet["id"], "a port that is there configures itself"
    api.delete("subnet", subnet["id"])
    assert api.show("port", port["id"])["fixed_ips"] == []


def test_pools_and_gateway_change(api: Api, network_id: str) -> None:
    subnet = api.create("subnet", network_id=network_id, cidr="10.1.0.0/24", ip_version=4)
    pools = [{"start": "10.1.0.50", "end": "10.1.0.51"}]
    changed = api.update("subnet", subnet["id"], allocation_pools=pools)
    assert changed["allocation_pools"] == pools
    given = {
        api.create("port", network_id=network_id)["fixed_ips"][0]["ip_address"] for _ in range(2)
    }
    assert given == {"10.1.0.50", "10.1.0.51"}
    assert api.refuse("port", network_id=network_id) == (409, "IpAddressGenerationFailure")
    assert api.update("subnet", subnet["id"], gateway_ip=None)["gateway_ip"] is None


def test_a_gateway_that_a_router_has_stays(api: Api, network_id: str) -> None:
    subnet = api.create("subnet", network_id=network_id, cidr="10.1.0.0/24", ip_version=4)
    api.create(
        "port",
        network_id=network_id,
        device_owner="network:router_interface",
        fixed_ips=[{"ip_address": "10.1.0.1"}],
    )
    assert api.refuse_update("subnet", subnet["id"], gateway_ip=None) == (409, "GatewayIpInUse")


def test_routed_networks_tie_all_subnets_to_segments(api: Api, network_id: str) -> None:
    [segment] = api.list("segment", f"network_id={network_id}")
    routed = {"network_id": network_id, "ip_version": 4, "segment_id": segment["id"]}
    api.create("subnet", cidr="10.1.0.0/24", **routed)
    api.create("subnet", cidr="10.2.0.0/24", **routed)
    refused = api.refuse("subnet", network_id=network_id, cidr="10.3.0.0/24", ip_version=4)
    assert refused == (400, "SubnetsNotAllAssociatedWithSegments")
    assert api.refuse_delete("segment", segment["id"])[0] == 409


def test_dns_servers_and_routes_are_kept_in_order(api: Api, network_id: str) -> None:
    routes = [{"destination": "10.9.0.0/16", "nexthop": "10.1.0.9"}]
    subnet = api.create(
        "subnet",
        network_id=network_id,
        cidr="10.1.0.0/24",
        ip_version=4,
        dns_nameservers=["9.9.9.9", "1.1.1.1"],
        host_routes=routes,
    )
    assert subnet["dns_nameservers"] == ["9.9.9.9", "1.1.1.1"]
    assert subnet["host_routes"] == routes
