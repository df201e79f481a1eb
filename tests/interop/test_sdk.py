"""What the openstack SDK does beyond what the client needs."""

from typing import Any

import pytest
from openstack import exceptions

from tests.interop.clients import Report

# The SDK warns of what it will drop itself.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")


@pytest.fixture
def network(sdk: Any) -> Any:
    """A network with a subnet; both are gone after the test, with all ports."""
    made = sdk.create_network(name="sdk")
    sdk.create_subnet(network_id=made.id, ip_version=4, cidr="192.0.2.0/24")
    yield made
    for port in sdk.ports(network_id=made.id):
        sdk.delete_port(port)
    sdk.delete_network(made)


def test_many_ports_are_made_at_once_and_read_page_by_page(sdk: Any, network: Any) -> None:
    made = list(sdk.create_ports([{"network_id": network.id, "name": f"p{i}"} for i in range(7)]))
    assert [port.name for port in made] == [f"p{i}" for i in range(7)]

    paged = list(sdk.ports(network_id=network.id, limit=3))
    assert sorted(port.id for port in paged) == sorted(port.id for port in made)
    by_name = sdk.ports(network_id=network.id, limit=2, sort_key="name", sort_dir="desc")
    assert [port.name for port in by_name] == [f"p{i}" for i in reversed(range(7))]


def test_a_change_is_refused_where_somebody_else_was_first(sdk: Any, network: Any) -> None:
    seen = sdk.get_network(network.id).revision_number
    sdk.update_network(network.id, description="first", if_revision=seen)
    with pytest.raises(exceptions.PreconditionFailedException):
        sdk.update_network(network.id, description="second", if_revision=seen)
    assert sdk.get_network(network.id).description == "first"


def test_tags_are_set_as_a_whole(sdk: Any, network: Any) -> None:
    sdk.set_tags(network, ["b", "a"])
    assert sorted(sdk.get_network(network.id).tags) == ["a", "b"]
    assert [one.id for one in sdk.networks(tags="a,b")] == [network.id]
    sdk.set_tags(network, [])
    assert sdk.get_network(network.id).tags == []


def test_a_port_moves_by_two_bindings(sdk: Any, network: Any, report: Report) -> None:
    """What a live migration does: bind on the new host, then activate there."""
    for host in ("old", "new"):
        report(host, "Open vSwitch agent", tunnel_types=["vxlan"], tunneling_ip="10.0.0.1")
    port = sdk.create_port(
        network_id=network.id, binding_host_id="old", device_owner="compute:nova"
    )
    assert port.binding_vif_type == "ovs"

    waiting = sdk.create_port_binding(port, host="new")
    assert (waiting.host, waiting.status, waiting.vif_type) == ("new", "INACTIVE", "ovs")
    assert sdk.get_port(port.id).binding_host_id == "old"
    sdk.activate_port_binding(port, host="new")
    assert sdk.get_port(port.id).binding_host_id == "new"
    assert {one.host: one.status for one in sdk.port_bindings(port)} == {
        "old": "INACTIVE",
        "new": "ACTIVE",
    }
    sdk.delete_port_binding(port, host="old")
    assert [one.host for one in sdk.port_bindings(port)] == ["new"]


def test_what_is_not_there_is_said_so(sdk: Any) -> None:
    assert sdk.find_network("nothing") is None
    with pytest.raises(exceptions.NotFoundException):
        sdk.get_network("nothing")
    with pytest.raises(exceptions.NotFoundException):
        sdk.delete_port("nothing", ignore_missing=False)
    answer = sdk.post("/networks", json={"network": {"colour": "blue"}})
    assert answer.status_code == 400
    assert answer.json()["NeutronError"]["type"] == "HTTPBadRequest"
    assert "colour" in answer.json()["NeutronError"]["message"]


def test_answers_have_the_request_id_that_the_log_has(sdk: Any) -> None:
    answer = sdk.get("/networks")
    assert answer.headers["x-openstack-request-id"].startswith("req-")


def test_a_port_knows_why_it_is_not_bound(sdk: Any, network: Any) -> None:
    port = sdk.create_port(network_id=network.id, binding_host_id="nowhere")
    assert port.binding_vif_type == "binding_failed"
    explanation = sdk.get(f"/ports/{port.id}/binding-explanation").json()["binding_explanation"]
    assert explanation["attempts"][0]["reason"] == "no_agent"

    question = {"network_id": network.id, "host": "nowhere"}
    answer = sdk.post("/binding-explanations", json={"binding_explanation": question})
    assert answer.json()["binding_explanation"]["attempts"][0]["reason"] == "no_agent"
