"""Trunks and their sub-ports, and what they mean for ports, through the application.

Statuses, error types and the order of checks are those of Neutron, as observed.
"""

from typing import Any

import pytest

from tests.api.client import Answer, Api
from tests.api.conftest import MakeApi

NOWHERE = "4ea4cee1-1e1b-48b0-bad2-0dc4a83572f9"


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    return make_api(ml2={"mechanism_drivers": "openvswitch,linuxbridge"})


@pytest.fixture
def network(api: Api) -> str:
    return str(api.create("network")["id"])


@pytest.fixture
def ports(api: Api, network: str) -> list[str]:
    """Of one network, unused."""
    return [str(api.create("port", network_id=network)["id"]) for _ in range(4)]


def vlan(port: str, number: Any) -> dict[str, Any]:
    return {"port_id": port, "segmentation_type": "vlan", "segmentation_id": number}


def add(api: Api, trunk: dict[str, Any], *subports: dict[str, Any]) -> Answer:
    return api.call("PUT", f"/trunks/{trunk['id']}/add_subports", {"sub_ports": list(subports)})


def remove(api: Api, trunk: dict[str, Any], *ports: str) -> Answer:
    body = {"sub_ports": [{"port_id": port} for port in ports]}
    return api.call("PUT", f"/trunks/{trunk['id']}/remove_subports", body)


def test_its_extensions_are_there(api: Api) -> None:
    assert {one["alias"] for one in api.list("extension")} >= {"trunk", "trunk-details"}


def test_a_site_may_do_without(make_api: MakeApi) -> None:
    api = make_api(DEFAULT={"service_plugins": "qos"})
    assert "trunk" not in {one["alias"] for one in api.list("extension")}
    assert api.call("GET", "/trunks").status == 404
    api.delete("port", api.create("port", network_id=api.create("network")["id"])["id"])


def test_the_life_of_a_trunk(api: Api, ports: list[str]) -> None:
    parent, first, second, _ = ports
    trunk = api.create("trunk", port_id=parent, name="t", sub_ports=[vlan(first, 10)])
    assert set(trunk) == {
        "id",
        "name",
        "project_id",
        "tenant_id",
        "description",
        "admin_state_up",
        "status",
        "port_id",
        "sub_ports",
        "tags",
        "created_at",
        "updated_at",
        "revision_number",
    }
    assert (trunk["status"], trunk["port_id"]) == ("DOWN", parent)
    assert api.show("trunk", trunk["id"]) == trunk

    answer = add(api, trunk, vlan(second, "7"))
    assert answer.status == 200
    assert answer.body["sub_ports"] == [vlan(second, 7), vlan(first, 10)]
    assert set(answer.body) == set(trunk)
    path = f"/trunks/{trunk['id']}/get_subports"
    assert api.call("GET", path).body == {"sub_ports": [vlan(second, 7), vlan(first, 10)]}

    assert remove(api, trunk, first).body["sub_ports"] == [vlan(second, 7)]
    renamed = api.update("trunk", trunk["id"], name="other", description="d")
    assert (renamed["name"], renamed["sub_ports"]) == ("other", [vlan(second, 7)])
    assert api.list("trunk", f"port_id={parent}&fields=id") == [{"id": trunk["id"]}]
    assert api.list("trunk", "status=ACTIVE") == []
    api.delete("trunk", trunk["id"])
    assert api.refuse_delete("trunk", trunk["id"]) == (404, "TrunkNotFound")
    for port in ports:
        api.delete("port", port)


def test_a_port_that_carries_a_trunk_shows_it(api: Api, ports: list[str]) -> None:
    parent, first, second, _ = ports
    trunk = api.create("trunk", port_id=parent, sub_ports=[vlan(second, 20), vlan(first, 10)])
    mac = {port: api.show("port", port)["mac_address"] for port in ports}
    details = {
        "trunk_id": trunk["id"],
        "sub_ports": [
            {**vlan(first, 10), "mac_address": mac[first]},
            {**vlan(second, 20), "mac_address": mac[second]},
        ],
    }
    assert api.show("port", parent)["trunk_details"] == details
    assert "trunk_details" not in api.show("port", first)
    listed = {port["id"]: port for port in api.list("port", "fields=id&fields=trunk_details")}
    assert listed == {
        parent: {"id": parent, "trunk_details": details},
        **{port: {"id": port} for port in ports[1:]},
    }
    assert api.update("port", parent, name="x")["trunk_details"] == details


def test_ports_of_a_trunk_cannot_be_deleted(api: Api, ports: list[str]) -> None:
    parent, first, _, other = ports
    trunk = api.create("trunk", port_id=parent, sub_ports=[vlan(first, 10)])
    assert api.refuse_delete("port", parent) == (409, "PortInUseAsTrunkParent")
    assert api.refuse_delete("port", first) == (409, "PortInUseAsSubPort")
    api.delete("port", other)
    remove(api, trunk, first)
    api.delete("port", first)
    api.delete("trunk", trunk["id"])
    api.delete("port", parent)


def test_ports_that_cannot_be_used(api: Api, network: str, ports: list[str]) -> None:
    parent, first, second, other = ports
    trunk = api.create("trunk", port_id=parent, sub_ports=[vlan(first, 10)])
    carrying, on_trunk = (409, "ParentPortInUse"), (409, "TrunkPortInUse")
    assert api.refuse("trunk", port_id=parent) == carrying
    assert api.refuse("trunk", port_id=first) == on_trunk
    assert api.refuse("trunk", port_id=NOWHERE) == (404, "PortNotFound")
    assert api.refuse("trunk", port_id="p")[0] == 400
    assert api.refuse("trunk")[0] == 400
    assert api.refuse("trunk", port_id=second, sub_ports=[vlan(second, 5)]) == carrying
    assert api.refuse("trunk", port_id=second, sub_ports=[vlan(first, 5)]) == on_trunk
    assert api.refuse("trunk", port_id=second, sub_ports=[vlan(parent, 5)]) == carrying
    missing = [vlan(NOWHERE, 5)]
    assert api.refuse("trunk", port_id=second, sub_ports=missing) == (404, "PortNotFound")
    used = api.create("port", network_id=network, device_id="server")["id"]
    assert add(api, trunk, vlan(used, 5)).refused == (409, "PortInUse")
    assert add(api, trunk, vlan(first, 11)).refused == on_trunk
    assert add(api, trunk, vlan(other, 10)).refused == (409, "DuplicateSubPort")
    assert remove(api, trunk, other).refused == (404, "SubPortNotFound")
    assert add(api, {"id": NOWHERE}, vlan(other, 5)).refused == (404, "TrunkNotFound")
    assert api.show("trunk", trunk["id"])["sub_ports"] == [vlan(first, 10)]
    body = {"trunks": [{"port_id": second}, {"port_id": other}]}
    assert api.call("POST", "/trunks", body).status == 400


@pytest.mark.parametrize(
    "subport",
    [
        {"segmentation_type": "vlan", "segmentation_id": 5},
        {"port_id": "PORT", "segmentation_type": "vlan"},
        {"port_id": "PORT", "segmentation_id": 5},
        {"port_id": "PORT"},
        {"port_id": "PORT", "segmentation_type": "gre", "segmentation_id": 5},
        {"port_id": "PORT", "segmentation_type": "vlan", "segmentation_id": 0},
        {"port_id": "PORT", "segmentation_type": "vlan", "segmentation_id": 4095},
        {"port_id": "PORT", "segmentation_type": "vlan", "segmentation_id": "five"},
        {"port_id": "PORT", "segmentation_type": "inherit"},  # its network has no VLAN
        {"port_id": ["PORT"], "segmentation_type": "vlan", "segmentation_id": 5},
        "PORT",
    ],
)
def test_impossible_sub_ports(api: Api, ports: list[str], subport: Any) -> None:
    parent, other, port, _ = ports
    if isinstance(subport, dict) and subport.get("port_id") == "PORT":
        subport = {**subport, "port_id": port}
    assert api.refuse("trunk", port_id=parent, sub_ports=[subport])[0] == 400
    trunk = api.create("trunk", port_id=parent)
    assert add(api, trunk, vlan(other, 6), subport).status == 400
    assert api.show("trunk", trunk["id"])["sub_ports"] == []


@pytest.mark.parametrize("body", [None, {}, {"sub_ports": None}, {"sub_ports": {}}, []])
def test_documents_that_are_none(api: Api, ports: list[str], body: Any) -> None:
    trunk = api.create("trunk", port_id=ports[0])
    for action in ("add_subports", "remove_subports"):
        assert api.call("PUT", f"/trunks/{trunk['id']}/{action}", body).status == 400


def test_each_port_and_each_vlan_once_in_a_request(api: Api, ports: list[str]) -> None:
    trunk = api.create("trunk", port_id=ports[0])
    twice = (400, "InvalidInput")
    assert add(api, trunk, vlan(ports[1], 5), vlan(ports[1], 6)).refused == twice
    assert add(api, trunk, vlan(ports[1], 5), vlan(ports[2], 5)).refused == twice
    assert add(api, trunk, vlan(ports[1], 5), vlan(ports[2], "5")).refused[0] in (400, 409)
    assert api.show("trunk", trunk["id"])["sub_ports"] == []


def test_a_sub_port_inherits_the_vlan_of_its_network(api: Api, ports: list[str]) -> None:
    network = api.create(
        "network",
        **{
            "provider:network_type": "vlan",
            "provider:physical_network": "physnet1",
            "provider:segmentation_id": 77,
        },
        mtu=1400,
    )
    port = api.create("port", network_id=network["id"])["id"]
    subport = {"port_id": port, "segmentation_type": "inherit"}
    trunk = api.create("trunk", port_id=ports[0], sub_ports=[subport])
    assert trunk["sub_ports"] == [vlan(port, 77)]


def test_sub_ports_fit_through_the_parent(api: Api, ports: list[str]) -> None:
    wide = api.create("network", mtu=1400)["id"]
    narrow = api.create("network", mtu=1300)["id"]
    through = api.create("port", network_id=narrow)["id"]
    port = api.create("port", network_id=wide)["id"]
    too_wide = (409, "SubPortMtuGreaterThanTrunkPortMtu")
    assert api.refuse("trunk", port_id=through, sub_ports=[vlan(port, 5)]) == too_wide
    assert api.create("trunk", port_id=port, sub_ports=[vlan(through, 5)])["sub_ports"]


def test_a_disabled_trunk_stays_as_it_is(api: Api, ports: list[str]) -> None:
    trunk = api.create("trunk", port_id=ports[0], sub_ports=[vlan(ports[1], 5)])
    api.update("trunk", trunk["id"], admin_state_up=False)
    disabled = (409, "TrunkDisabled")
    assert add(api, trunk, vlan(ports[2], 6)).refused == disabled
    assert remove(api, trunk, ports[1]).refused == disabled
    assert api.refuse_delete("trunk", trunk["id"]) == disabled
    api.update("trunk", trunk["id"], admin_state_up=True)
    api.delete("trunk", trunk["id"])


def test_a_bound_port_and_its_driver(api: Api) -> None:
    flat = {
        "provider:network_type": "vlan",
        "provider:physical_network": "physnet1",
        "provider:segmentation_id": 9,
    }
    network = api.create("network", **flat)["id"]
    api.ovs_agent("ovs")
    api.linuxbridge_agent("bridge")
    by_ovs = api.create("port", network_id=network, **{"binding:host_id": "ovs"})
    assert by_ovs["binding:vif_type"] == "ovs"
    assert api.refuse("trunk", port_id=by_ovs["id"]) == (409, "ParentPortInUse")
    by_bridge = api.create("port", network_id=network, **{"binding:host_id": "bridge"})
    assert by_bridge["binding:vif_type"] == "bridge"
    api.delete("trunk", api.create("trunk", port_id=by_bridge["id"])["id"])
    nowhere = api.create("port", network_id=network, **{"binding:host_id": "moon"})
    assert api.refuse("trunk", port_id=nowhere["id"]) == (409, "ParentPortInUse")
    # a trunk that was there first leaves with its server
    later = api.create("port", network_id=network)["id"]
    trunk = api.create("trunk", port_id=later)["id"]
    api.update("port", later, **{"binding:host_id": "ovs"})
    assert api.refuse_delete("trunk", trunk) == (409, "TrunkInUse")
    api.update("port", later, **{"binding:host_id": ""})
    api.delete("trunk", trunk)


def test_tags_and_revisions(api: Api, ports: list[str]) -> None:
    trunk = api.create("trunk", port_id=ports[0])
    path = f"/trunks/{trunk['id']}"
    assert api.call("PUT", f"{path}/tags", {"tags": ["a"]}).status == 200
    assert api.show("trunk", trunk["id"])["tags"] == ["a"]
    assert len(api.list("trunk", "tags=a")) == 1
    old = {"If-Match": "revision_number=0"}
    answer = api.call("PUT", path, {"trunk": {"name": "x"}}, headers=old)
    assert answer.refused == (412, "RevisionNumberConstraintFailed")
    assert api.call("DELETE", path, headers=old).status == 412
    for changes in ({"port_id": ports[1]}, {"sub_ports": []}, {"status": "ACTIVE"}):
        assert api.refuse_update("trunk", trunk["id"], **changes)[0] == 400


def test_other_projects(api: Api, ports: list[str]) -> None:
    trunk = api.create("trunk", port_id=ports[0])
    other = api.as_project("other")
    missing = (404, "TrunkNotFound")
    assert other.list("trunk") == []
    assert other.call("GET", f"/trunks/{trunk['id']}").refused == missing
    assert other.call("GET", f"/trunks/{trunk['id']}/get_subports").refused == missing
    assert add(other, trunk).refused == missing
    assert other.refuse_delete("trunk", trunk["id"]) == missing
    assert other.refuse("trunk", port_id=ports[1]) == (404, "PortNotFound")
    own = other.create("port", network_id=other.create("network")["id"])["id"]
    subports = [vlan(ports[1], 5)]
    assert other.refuse("trunk", port_id=own, sub_ports=subports) == (404, "PortNotFound")
    assert other.create("trunk", port_id=own)["project_id"] == "other"
