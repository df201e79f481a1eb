"""Ports through the whole application."""

import pytest

from tests.api.client import Api


@pytest.fixture
def network_id(api: Api) -> str:
    network = api.create("network")
    api.create("subnet", network_id=network["id"], cidr="10.0.0.0/24", ip_version=4)
    return str(network["id"])


def test_a_port_is_unbound_and_has_an_address(api: Api, network_id: str) -> None:
    port = api.create("port", network_id=network_id, name="p")
    assert port["status"] == "DOWN"
    assert port["binding:vif_type"] == "unbound"
    assert port["binding:host_id"] == ""
    assert port["binding:vnic_type"] == "normal"
    assert port["mac_address"].startswith("fa:16:3e:")
    [fixed_ip] = port["fixed_ips"]
    assert fixed_ip["ip_address"].startswith("10.0.0.")
    assert len(port["security_groups"]) == 1
    assert port["revision_number"] == 1
    assert api.show("port", port["id"]) == port
    assert api.list("port") == [port]


def test_addresses_are_chosen_or_wished(api: Api, network_id: str) -> None:
    wished = api.create("port", network_id=network_id, fixed_ips=[{"ip_address": "10.0.0.77"}])
    assert wished["fixed_ips"][0]["ip_address"] == "10.0.0.77"
    again = api.refuse("port", network_id=network_id, fixed_ips=[{"ip_address": "10.0.0.77"}])
    assert again == (409, "IpAddressAlreadyAllocated")
    none = api.create("port", network_id=network_id, fixed_ips=[])
    assert none["fixed_ips"] == []
    outside = api.refuse("port", network_id=network_id, fixed_ips=[{"ip_address": "10.9.0.1"}])
    assert outside == (400, "InvalidIpForNetwork")


def test_an_update_of_addresses_gives_the_old_ones_back(api: Api, network_id: str) -> None:
    port = api.create("port", network_id=network_id, fixed_ips=[{"ip_address": "10.0.0.77"}])
    changed = api.update("port", port["id"], fixed_ips=[{"ip_address": "10.0.0.78"}])
    assert [ip["ip_address"] for ip in changed["fixed_ips"]] == ["10.0.0.78"]
    assert api.show("port", port["id"]) == changed
    api.create("port", network_id=network_id, fixed_ips=[{"ip_address": "10.0.0.77"}])


def test_two_ports_of_a_network_cannot_share_a_mac(api: Api, network_id: str) -> None:
    mac = "fa:16:3e:00:00:01"
    api.create("port", network_id=network_id, mac_address=mac)
    assert api.refuse("port", network_id=network_id, mac_address=mac) == (409, "MacAddressInUse")
    other = api.create("network")
    api.create("port", network_id=other["id"], mac_address=mac)


def test_a_mac_is_regenerated_by_null(api: Api, network_id: str) -> None:
    port = api.create("port", network_id=network_id)
    changed = api.update("port", port["id"], mac_address=None)
    assert changed["mac_address"] != port["mac_address"]


def test_the_mac_of_a_bound_port_stays(api: Api, network_id: str) -> None:
    api.ovs_agent("host-1")
    port = api.create("port", network_id=network_id, **{"binding:host_id": "host-1"})
    assert port["binding:vif_type"] == "ovs"
    refused = api.refuse_update("port", port["id"], mac_address="fa:16:3e:00:00:02")
    assert refused == (409, "PortBound")


def test_a_direct_physical_port_takes_the_mac_of_its_device(api: Api, network_id: str) -> None:
    port = api.create(
        "port", network_id=network_id, device_id="vm", **{"binding:vnic_type": "direct-physical"}
    )
    profile = {"device_mac_address": "fa:16:3e:11:22:33"}
    bound = api.update(
        "port", port["id"], **{"binding:host_id": "host-9", "binding:profile": profile}
    )
    assert bound["mac_address"] == "fa:16:3e:11:22:33"
    released = api.update(
        "port",
        port["id"],
        device_id="",
        device_owner="",
        **{"binding:host_id": "", "binding:profile": {}},
    )
    assert released["mac_address"] != "fa:16:3e:11:22:33"


def test_a_bulk_of_ports_on_two_networks(api: Api, network_id: str) -> None:
    other = api.create("network")
    bodies = [{"network_id": network_id, "name": "a"}, {"network_id": other["id"], "name": "b"}]
    answer = api.call("POST", "/ports", {"ports": bodies})
    assert answer.status == 201
    made = answer.body["ports"]
    assert [port["name"] for port in made] == ["a", "b"]
    assert len(made[0]["fixed_ips"]) == 1
    assert made[1]["fixed_ips"] == []
    missing = [{"network_id": network_id}, {"network_id": "00000000-0000-4000-8000-000000000000"}]
    assert api.call("POST", "/ports", {"ports": missing}).refused == (404, "NetworkNotFound")
    assert len(api.list("port")) == 2


def test_ports_are_found_by_address_group_and_fields(api: Api, network_id: str) -> None:
    port = api.create("port", network_id=network_id, fixed_ips=[{"ip_address": "10.0.0.77"}])
    api.create("port", network_id=network_id)
    subnet = port["fixed_ips"][0]["subnet_id"]
    assert [p["id"] for p in api.list("port", "fixed_ips=ip_address=10.0.0.77")] == [port["id"]]
    assert len(api.list("port", f"fixed_ips=subnet_id={subnet}")) == 2
    assert [p["id"] for p in api.list("port", "fixed_ips=ip_address_substr=0.77")] == [port["id"]]
    assert api.list("port", f"id={port['id']}&fields=id&fields=name") == [
        {"id": port["id"], "name": ""}
    ]
    assert len(api.list("port", "device_id=")) == 2
    assert api.list("port", "device_id=x") == []


def test_a_deleted_port_gives_its_address_back_last(make_api) -> None:
    api = make_api()
    network = api.create("network")
    api.create("subnet", network_id=network["id"], cidr="10.0.0.0/29", ip_version=4)
    first = api.create("port", network_id=network["id"])
    address = first["fixed_ips"][0]["ip_address"]
    api.delete("port", first["id"])
    others = [
        api.create("port", network_id=network["id"])["fixed_ips"][0]["ip_address"] for _ in range(5)
    ]
    assert others[-1] == address
    assert api.refuse("port", network_id=network["id"]) == (409, "IpAddressGenerationFailure")


def test_a_routed_network_defers_addresses_until_the_host_is_known(api: Api) -> None:
    network = api.create(
        "network",
        **{
            "provider:network_type": "vlan",
            "provider:physical_network": "physnet1",
            "provider:segmentation_id": 9,
        },
    )
    [segment] = api.list("segment", f"network_id={network['id']}")
    api.ovs_agent("host-1")
    api.create(
        "subnet",
        network_id=network["id"],
        cidr="10.3.0.0/24",
        ip_version=4,
        segment_id=segment["id"],
    )
    port = api.create("port", network_id=network["id"])
    assert port["fixed_ips"] == []
    placed = api.update("port", port["id"], **{"binding:host_id": "host-1"})
    assert len(placed["fixed_ips"]) == 1
    assert placed["binding:vif_type"] == "ovs"


def test_names_that_are_not_there_are_refused(api: Api, network_id: str) -> None:
    nowhere = "00000000-0000-4000-8000-000000000000"
    assert api.refuse("port", network_id=nowhere) == (404, "NetworkNotFound")
    refused = api.refuse("port", network_id=network_id, security_groups=[nowhere])
    assert refused == (404, "SecurityGroupNotFound")
    assert api.list("port") == []
    assert api.refuse_update("port", nowhere, name="x") == (404, "PortNotFound")
    assert api.refuse_delete("port", nowhere) == (404, "PortNotFound")
