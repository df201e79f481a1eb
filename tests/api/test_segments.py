"""The segments of networks through the whole application."""

import pytest

from tests.api.client import Api
from tests.statements import counted

NOBODY = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def network(api: Api):
    return api.create(
        "network",
        **{
            "provider:network_type": "vlan",
            "provider:physical_network": "physnet1",
            "provider:segmentation_id": 100,
        },
    )


def test_a_network_is_born_with_its_segment(api, network):
    [segment] = api.list("segment", f"network_id={network['id']}")
    assert segment.keys() == {
        "id",
        "network_id",
        "name",
        "description",
        "network_type",
        "physical_network",
        "segmentation_id",
        "created_at",
        "updated_at",
        "revision_number",
    }
    assert (segment["network_type"], segment["segmentation_id"]) == ("vlan", 100)
    assert (segment["name"], segment["description"], segment["revision_number"]) == (None, None, 0)


def test_a_segment_is_added_and_shown_by_the_network(api, network):
    added = api.create(
        "segment",
        network_id=network["id"],
        network_type="vlan",
        physical_network="physnet2",
        name="second",
    )
    assert added["physical_network"] == "physnet2"
    assert added["segmentation_id"] in range(1, 4095)
    assert (added["name"], added["description"]) == ("second", "")
    shown = api.show("network", network["id"])
    assert [one["provider:physical_network"] for one in shown["segments"]] == [
        "physnet1",
        "physnet2",
    ]
    assert "provider:network_type" not in shown
    assert shown["revision_number"] == network["revision_number"]
    assert api.show("segment", added["id"]) == added


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (
            {"network_type": "vlan", "physical_network": "physnet1", "segmentation_id": 100},
            (409, "VlanIdInUse"),
        ),
        ({"network_type": "vlan", "segmentation_id": 5}, (400, "InvalidInput")),
        ({"network_type": "vlan", "physical_network": "nowhere"}, (400, "InvalidInput")),
        ({"network_type": "vxlan"}, (400, "InvalidInput")),  # carries less than the network's MTU
        ({"network_type": "vxlan", "physical_network": "physnet1"}, (400, "InvalidInput")),
        ({"network_type": "local", "segmentation_id": 2}, (400, "InvalidInput")),
        ({"network_type": "flat"}, (400, "InvalidInput")),
        ({"network_type": "unknown"}, (400, "InvalidInput")),
        ({}, (400, "HTTPBadRequest")),
        ({"network_type": "vlan", "id": NOBODY}, (400, "HTTPBadRequest")),
        ({"network_type": "vlan", "segmentation_id": "x"}, (400, "InvalidInput")),
        ({"network_type": "local", "network_id": NOBODY}, (404, "NetworkNotFound")),
        ({"network_type": "local", "network_id": "x"}, (400, "HTTPBadRequest")),
    ],
    ids=str,
)
def test_segments_that_cannot_be(api, network, wish, expected):
    assert api.refuse("segment", **{"network_id": network["id"], **wish}) == expected
    assert len(api.list("segment", f"network_id={network['id']}")) == 1
    again = api.create("network", **{"provider:network_type": "vxlan"})
    assert again["provider:segmentation_id"], "nothing stays taken"


def test_one_request_adds_one_segment(api, network):
    two = [{"network_id": network["id"], "network_type": "local"}] * 2
    assert api.call("POST", "/segments", {"segments": two}).refused == (400, "HTTPBadRequest")


def test_name_and_description_change_and_nothing_else(api, network):
    [segment] = api.list("segment", f"network_id={network['id']}")
    changed = api.update("segment", segment["id"], name="new", description="words")
    assert (changed["name"], changed["description"]) == ("new", "words")
    assert changed["revision_number"] == 1
    assert api.update("segment", segment["id"], name="new")["revision_number"] == 1
    for wish in ({"segmentation_id": 5}, {"network_type": "flat"}, {"physical_network": "x"}):
        assert api.refuse_update("segment", segment["id"], **wish) == (400, "HTTPBadRequest")


def test_an_unknown_segment_is_not_found(api):
    assert api.call("GET", "/segments/nope").refused == (404, "SegmentNotFound")
    assert api.refuse_update("segment", "nope", name="x") == (404, "SegmentNotFound")
    assert api.refuse_delete("segment", "nope") == (404, "SegmentNotFound")


def test_a_wrong_revision_is_refused(api, network):
    [segment] = api.list("segment", f"network_id={network['id']}")
    headers = {"If-Match": "revision_number=7"}
    path = f"/segments/{segment['id']}"
    answer = api.call("PUT", path, {"segment": {"name": "x"}}, headers=headers)
    assert answer.refused == (412, "RevisionNumberConstraintFailed")
    assert api.call("DELETE", path, headers=headers).status == 412


def test_segments_are_filtered_and_sorted(api, network):
    for number in (30, 20, 10):
        api.create(
            "segment",
            network_id=network["id"],
            network_type="vlan",
            physical_network="physnet2",
            segmentation_id=number,
            name=f"n{number}",
        )
    query = "physical_network=physnet2&sort_key=segmentation_id&sort_dir=asc"
    assert [one["segmentation_id"] for one in api.list("segment", query)] == [10, 20, 30]
    assert [one["name"] for one in api.list("segment", "name=n20&fields=name")] == ["n20"]
    page = api.call("GET", f"/segments?{query}&limit=2").body
    assert [one["segmentation_id"] for one in page["segments"]] == [10, 20]
    assert page["segments_links"][0]["rel"] == "next"
    for name in ("segment_index", "is_dynamic", "hosts"):
        assert api.call("GET", f"/segments?{name}=1").refused == (400, "HTTPBadRequest")


def test_the_last_segment_can_go_and_another_come(api):
    network = api.create("network")
    [segment] = api.list("segment", f"network_id={network['id']}")
    api.delete("segment", segment["id"])
    assert api.show("network", network["id"])["provider:network_type"] is None
    taken = api.create(
        "network",
        **{
            "provider:network_type": "vxlan",
            "provider:segmentation_id": segment["segmentation_id"],
        },
    )
    assert taken["provider:segmentation_id"] == segment["segmentation_id"]
    api.create("segment", network_id=network["id"], network_type="vxlan")
    assert api.show("network", network["id"])["provider:network_type"] == "vxlan"
    api.delete("network", network["id"])


def test_a_segment_with_a_subnet_stays(api, network):
    [segment] = api.list("segment", f"network_id={network['id']}")
    subnet = api.create(
        "subnet",
        network_id=network["id"],
        ip_version=4,
        cidr="10.0.0.0/24",
        segment_id=segment["id"],
    )
    assert api.show("network", network["id"])["l2_adjacency"] is False
    assert api.refuse_delete("segment", segment["id"]) == (409, "SegmentInUse")
    api.delete("subnet", subnet["id"])
    api.delete("segment", segment["id"])


def test_a_segment_with_a_bound_port_stays_but_one_with_only_a_dhcp_port_goes(api, network):
    api.ovs_agent("host1")
    wish = {"network_id": network["id"], "binding:host_id": "host1"}
    port = api.create("port", **wish)
    assert port["binding:vif_type"] == "ovs"
    api.create("port", device_owner="network:dhcp", **wish)
    [segment] = api.list("segment", f"network_id={network['id']}")
    assert api.refuse_delete("segment", segment["id"]) == (409, "SegmentInUse")
    api.delete("port", port["id"])
    api.delete("segment", segment["id"])
    assert api.list("port", f"network_id={network['id']}") == []


def test_deleting_a_network_frees_all_its_segments(api, network):
    added = api.create(
        "segment", network_id=network["id"], network_type="vlan", physical_network="physnet2"
    )
    api.delete("network", network["id"])
    assert api.call("GET", f"/segments/{added['id']}").status == 404
    wish = {
        "provider:network_type": "vlan",
        "provider:physical_network": "physnet2",
        "provider:segmentation_id": added["segmentation_id"],
    }
    api.create("network", **wish)


def test_hosts_reach_segments_made_before_and_after_their_agents_report(api, deployment):
    from deuteron.core.segment_hosts import hosts_of, segments_of_host

    def place(name):
        wish = {"provider:network_type": "vlan", "provider:physical_network": name}
        network = api.create("network", **wish)
        [segment] = api.list("segment", f"network_id={network['id']}")
        return segment["id"], network["id"]

    before, network_id = place("physnet1")
    api.ovs_agent("host1", bridge_mappings={"physnet1": "br-1"})
    api.ovs_agent("host2", bridge_mappings={"physnet2": "br-2"})
    after, _ = place("physnet1")
    elsewhere, _ = place("physnet2")
    with deployment.database.read() as conn:
        assert segments_of_host(conn, "host1") == {before, after}
        assert segments_of_host(conn, "host1", network_id=network_id) == {before}
        assert segments_of_host(conn, "unknown") == set()
        assert hosts_of(conn, [before, elsewhere]) == {before: {"host1"}, elsewhere: {"host2"}}
    api.ovs_agent("host1", bridge_mappings={"physnet2": "br-2"})
    with deployment.database.read() as conn:
        assert segments_of_host(conn, "host1") == {elsewhere}


def test_listing_takes_one_statement(api, deployment, network):
    with counted(deployment.database) as statements:
        api.list("segment")
    assert len(statements) == 1, statements
