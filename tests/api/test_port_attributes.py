"""What ports, networks and subnets say of names, hosts and VLAN tags, through the application."""

from typing import Any

import pytest

from tests.api.client import Api
from tests.api.conftest import MakeApi

LINUXBRIDGE: dict[str, Any] = {"mechanism_drivers": "linuxbridge"}


@pytest.fixture
def named(make_api: MakeApi) -> Api:
    """A site with a domain of its own."""
    return make_api(DEFAULT={"dns_domain": "example.org"})


def a_network(api: Api, **attributes: Any) -> str:
    network = api.create("network", **attributes)
    api.create("subnet", network_id=network["id"], cidr="10.0.0.0/24", ip_version=4)
    return str(network["id"])


def aliases(api: Api) -> set[str]:
    return {one["alias"] for one in api.call("GET", "/extensions").body["extensions"]}


def test_a_port_keeps_what_it_asks_of_its_host(api: Api) -> None:
    network_id = a_network(api)
    hints = {"openvswitch": {"other_config": {"tx-steering": "hash"}}}
    wishes = {
        "propagate_uplink_status": False,
        "numa_affinity_policy": "socket",
        "device_profile": "fpga",
        "hints": hints,
        "hardware_offload_type": "switchdev",
        "trusted": True,
    }
    port = api.create("port", network_id=network_id, **wishes)
    assert {name: port[name] for name in wishes} == wishes
    assert port["binding:profile"] == {"capabilities": ["switchdev"], "trusted": True}
    assert api.show("port", port["id"]) == port
    changes = {
        "propagate_uplink_status": True,
        "numa_affinity_policy": None,
        "hints": None,
        "trusted": False,
        "data_plane_status": "DOWN",
    }
    changed = api.update("port", port["id"], **changes)
    assert {name: changed[name] for name in changes} == changes
    assert changed["binding:profile"] == {"capabilities": ["switchdev"], "trusted": False}
    assert api.show("port", port["id"]) == changed
    [listed] = api.list("port", "fields=binding:profile&fields=trusted")
    assert listed == {name: changed[name] for name in ("binding:profile", "trusted")}
    assert api.update("port", port["id"], data_plane_status=None)["data_plane_status"] is None


def test_wrong_wishes_are_refused(api: Api) -> None:
    network_id = a_network(api)
    for wish in (
        {"data_plane_status": "ACTIVE"},
        {"numa_affinity_policy": "none"},
        {"hints": {"other": {}}},
        {"hints": {"openvswitch": {"other_config": {"tx-steering": ["hash"]}}}},
        {"hardware_offload_type": None},
        {"device_profile": "x" * 256},
        {"dns_name": "-x"},
        {"dns_domain": "no-dot-at-its-end"},
        {"dns_assignment": []},
    ):
        assert api.refuse("port", network_id=network_id, **wish) == (400, "HTTPBadRequest")
    for wish in ({"trusted": None}, {"propagate_uplink_status": None}, {"dns_name": None}):
        assert api.refuse("port", network_id=network_id, **wish) == (400, "InvalidInput")
    port = api.create("port", network_id=network_id)
    for change in ({"hardware_offload_type": "switchdev"}, {"device_profile": "fpga"}):
        assert api.refuse_update("port", port["id"], **change) == (400, "HTTPBadRequest")
    for query in ("dns_name=a", "trusted=true", "sort_key=hints&sort_dir=asc"):
        assert api.call("GET", f"/ports?{query}").refused == (400, "HTTPBadRequest")


def test_a_bound_port_stays_bound_when_it_becomes_trusted(api: Api) -> None:
    api.ovs_agent("host-1")
    network_id = a_network(api)
    port = api.create("port", network_id=network_id, **{"binding:host_id": "host-1"})
    assert port["binding:vif_type"] == "ovs"
    refused = api.refuse_update("port", port["id"], numa_affinity_policy="legacy")
    assert refused == (409, "PortBoundNUMAAffinityPolicy")
    trusted = api.update("port", port["id"], trusted=True)
    again = api.update("port", port["id"], **{"binding:profile": {}})
    for seen in (trusted, again, api.show("port", port["id"])):
        assert seen["binding:vif_type"] == "ovs"
        assert seen["binding:profile"] == {"trusted": True}
    assert again["revision_number"] == trusted["revision_number"]
    moved = api.update("port", port["id"], **{"binding:host_id": "host-2"})
    assert moved["binding:vif_type"] == "binding_failed"
    assert moved["binding:profile"] == {"trusted": True}
    assert api.show("port", port["id"]) == moved


def test_the_policy_guards_what_hosts_obey(api: Api) -> None:
    member = api.as_project("mine", roles="member,reader")
    network_id = a_network(member)
    for wish in ({"trusted": True}, {"hints": {"openvswitch": {}}}):
        refused = member.refuse("port", network_id=network_id, **wish)
        assert refused == (403, "PolicyNotAuthorized")
    port = member.create(
        "port", network_id=network_id, hardware_offload_type="switchdev", device_profile="fpga"
    )
    assert not {"trusted", "hints"} & port.keys()
    refused = member.refuse_update("port", port["id"], data_plane_status="DOWN")
    assert refused == (403, "PolicyNotAuthorized")
    integrator = api.as_project("mine", roles="member,reader,data_plane_integrator")
    assert integrator.update("port", port["id"], data_plane_status="DOWN")


def test_ports_and_their_addresses_have_names(named: Api) -> None:
    network_id = a_network(named, dns_domain="Published.ORG.")
    network = named.show("network", network_id)
    assert network["dns_domain"] == "published.org."
    assert named.update("network", network_id, dns_domain="")["dns_domain"] == ""
    assert named.refuse_update("network", network_id, dns_domain="x") == (400, "HTTPBadRequest")

    port = named.create(
        "port", network_id=network_id, dns_name="Web", dns_domain="<project_id>.Site."
    )
    [address] = [ip["ip_address"] for ip in port["fixed_ips"]]
    assert (port["dns_name"], port["dns_domain"]) == ("web", "<project_id>.site.")
    assert port["dns_assignment"] == [
        {"ip_address": address, "hostname": "web", "fqdn": "web.example.org."}
    ]
    assert named.show("port", port["id"]) == port
    moved = named.update("port", port["id"], fixed_ips=[{"ip_address": "10.0.0.77"}], dns_name="")
    assert moved["dns_assignment"] == [
        {
            "ip_address": "10.0.0.77",
            "hostname": "host-10-0-0-77",
            "fqdn": "host-10-0-0-77.example.org.",
        }
    ]
    assert named.list("port") == [moved]
    assert named.list("port", "fields=dns_assignment") == [
        {"dns_assignment": moved["dns_assignment"]}
    ]
    renamed = named.update("port", port["id"], name="n")
    assert renamed["dns_assignment"] == moved["dns_assignment"]
    elsewhere = named.refuse("port", network_id=network_id, dns_name="web.example.com.")
    assert elsewhere == (400, "HTTPBadRequest")


def test_without_a_domain_of_its_own_a_site_has_no_names_of_ports(api: Api) -> None:
    network_id = a_network(api)
    port = api.create("port", network_id=network_id, dns_name="web", dns_domain="site.")
    assert (port["dns_name"], port["dns_domain"]) == ("", "")
    assert port["dns_assignment"][0]["fqdn"].endswith(".openstacklocal.")
    unchanged = api.update("port", port["id"], dns_name="web")
    assert unchanged == port


def test_a_subnet_says_whether_its_addresses_are_published(api: Api) -> None:
    network_id = api.create("network")["id"]
    subnet = api.create("subnet", network_id=network_id, cidr="10.0.0.0/24", ip_version=4)
    assert subnet["dns_publish_fixed_ip"] is False
    changed = api.update("subnet", subnet["id"], dns_publish_fixed_ip="yes")
    assert changed["dns_publish_fixed_ip"] is True
    refused = api.refuse_update("subnet", subnet["id"], dns_publish_fixed_ip=None)
    assert refused == (400, "InvalidInput")


def test_many_ports_are_made_with_their_tags(api: Api) -> None:
    network_id = a_network(api)
    bodies = [{"network_id": network_id, "tags": [tag]} for tag in ("red", "blue")]
    made = api.call("POST", "/ports", {"ports": bodies}).body["ports"]
    assert [port["tags"] for port in made] == [["red"], ["blue"]]
    assert [port["id"] for port in api.list("port", "tags=blue")] == [made[1]["id"]]


def test_tagged_frames_are_a_matter_of_the_drivers(api: Api, make_api: MakeApi) -> None:
    assert not {"vlan-transparent", "qinq"} & aliases(api)
    assert api.refuse("network", vlan_transparent=True) == (400, "HTTPBadRequest")
    assert "vlan_transparent" not in api.create("network")

    bridged = make_api(ml2=LINUXBRIDGE)
    assert {"vlan-transparent", "qinq"} <= aliases(bridged)
    made = bridged.create("network", vlan_transparent=True)
    assert (made["vlan_transparent"], made["qinq"]) == (True, False)
    found = bridged.list("network", "vlan_transparent=true")
    assert [network["id"] for network in found] == [made["id"]]
    assert bridged.list("network", "qinq=true") == []
    assert bridged.refuse("network", qinq=True) == (400, "VlanQinqDriverError")
    both = bridged.refuse("network", qinq=True, vlan_transparent=True)
    assert both == (400, "BadRequest")
    refused = bridged.refuse_update("network", made["id"], vlan_transparent=False)
    assert refused == (400, "HTTPBadRequest")


def test_tagged_frames_can_be_switched_off(make_api: MakeApi) -> None:
    off = make_api(ml2=LINUXBRIDGE, DEFAULT={"vlan_transparent": False, "vlan_qinq": False})
    assert not {"vlan-transparent", "qinq"} & aliases(off)
    silent = make_api(ml2={"mechanism_drivers": "linuxbridge,l2population"})
    assert silent.refuse("network", qinq=True) == (400, "VlanQinqDriverError")
    unable = make_api(ml2={"mechanism_drivers": "logger"})
    assert unable.refuse("network", vlan_transparent=True) == (400, "VlanTransparencyDriverError")
