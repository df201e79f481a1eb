"""Network segment ranges through the whole application."""

import pytest

from deuteron.core import segment_ranges
from tests.api.client import Api

NOUN = "network_segment_range"


@pytest.fixture
def api(make_api) -> Api:
    return make_api(
        ml2_type_vlan={"network_vlan_ranges": "physnet1:101:110"},
        ml2_type_vxlan={"vni_ranges": "1:16777215"},
        ml2_type_gre={"tunnel_id_ranges": "1:10"},
    )


def a_range(api, **changes):
    wish = {
        "network_type": "vlan",
        "physical_network": "physnet9",
        "minimum": 100,
        "maximum": 104,
        "shared": True,
        **changes,
    }
    return api.create(NOUN, **wish)


def default_of(api, network_type):
    return next(one for one in api.list(NOUN, f"network_type={network_type}") if one["default"])


def a_vlan(api, number=None, place="physnet9", **more):
    return api.create(
        "network",
        **{
            "provider:network_type": "vlan",
            "provider:physical_network": place,
            **({} if number is None else {"provider:segmentation_id": number}),
            **more,
        },
    )


def test_the_ranges_of_the_configuration_are_shown_and_read_only(api):
    shown = default_of(api, "vlan")
    assert shown["available"] == list(range(101, 111))
    assert shown["used"] == {}
    assert (shown["physical_network"], shown["shared"], shown["project_id"]) == (
        "physnet1",
        True,
        None,
    )
    refused = (400, "NetworkSegmentRangeDefaultReadOnly")
    assert api.refuse_update(NOUN, shown["id"], name="mine") == refused
    assert api.refuse_update(NOUN, shown["id"]) == refused
    assert api.refuse_delete(NOUN, shown["id"]) == refused


def test_a_range_is_made_and_shown(api):
    made = a_range(api, name="a", description="d")
    assert made.keys() == {
        "id",
        "name",
        "description",
        "default",
        "shared",
        "project_id",
        "network_type",
        "physical_network",
        "minimum",
        "maximum",
        "available",
        "used",
        "tags",
        "created_at",
        "updated_at",
        "revision_number",
    }
    assert (made["default"], made["shared"], made["project_id"]) == (False, True, None)
    assert made["available"] == [100, 101, 102, 103, 104]
    assert made["revision_number"] == 0
    assert api.show(NOUN, made["id"]) == made
    assert api.call("GET", f"/network-segment-ranges/{made['id']}").status == 200


def test_a_shared_range_is_no_projects(api):
    assert a_range(api, project_id="p1")["project_id"] is None
    own = a_range(api, minimum=200, maximum=201, shared=False, project_id="p1")
    assert (own["shared"], own["project_id"]) == (False, "p1")
    asking = a_range(api, minimum=300, maximum=301, shared=False)
    assert asking["project_id"] == "tests"


def test_the_physical_network_of_a_tunnel_range_is_ignored(api):
    made = a_range(api, network_type="gre", minimum=50, maximum=60)
    assert made["physical_network"] == ""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"physical_network": None}, (400, "HTTPBadRequest")),
        ({"minimum": 9, "maximum": 5}, (400, "NetworkVlanRangeError")),
        ({"minimum": 4000, "maximum": 5000}, (400, "NetworkVlanRangeError")),
        ({"minimum": 0}, (400, "HTTPBadRequest")),
        ({"network_type": "vxlan", "minimum": 9, "maximum": 5}, (400, "NetworkTunnelRangeError")),
        ({"network_type": "vxlan", "maximum": 2**24}, (400, "NetworkTunnelRangeError")),
        ({"network_type": "flat"}, (400, "HTTPBadRequest")),
        ({"network_type": "local"}, (400, "HTTPBadRequest")),
        ({"default": True}, (400, "HTTPBadRequest")),
        ({"shared": False, "project_id": ""}, (400, "BadRequest")),
    ],
    ids=str,
)
def test_ranges_that_cannot_be(api, changes, expected):
    wish = {
        "network_type": "vlan",
        "physical_network": "physnet9",
        "minimum": 100,
        "maximum": 104,
        "shared": True,
    }
    assert api.refuse(NOUN, **{**wish, **changes}) == expected


def test_a_vlan_range_needs_a_physical_network_and_every_range_a_type(api):
    wish = {"minimum": 100, "maximum": 104, "shared": True}
    assert api.refuse(NOUN, network_type="vlan", **wish) == (400, "BadRequest")
    assert api.refuse(NOUN, **wish) == (400, "NetworkSegmentRangeNetTypeNotSupported")


def test_ranges_made_here_do_not_overlap_but_those_of_the_configuration_may_be(api):
    made = a_range(api)
    overlaps = (409, "NetworkSegmentRangeOverlaps")
    wish = {
        "network_type": "vlan",
        "physical_network": "physnet9",
        "minimum": 104,
        "maximum": 110,
        "shared": True,
    }
    assert api.refuse(NOUN, **wish) == overlaps
    assert api.refuse(NOUN, **{**wish, "shared": False, "project_id": "p"}) == overlaps
    other = a_range(api, minimum=105, maximum=110)
    assert api.refuse_update(NOUN, other["id"], minimum=104) == overlaps
    a_range(api, physical_network="physnet1", minimum=105, maximum=120)
    a_range(api, physical_network="physnet8")
    assert api.update(NOUN, made["id"], minimum=90)["minimum"] == 90


def test_a_range_does_not_become_one_that_cannot_be(api):
    made = a_range(api)
    for wish in ({"maximum": 99}, {"maximum": 4095}, {"minimum": 105}):
        assert api.refuse_update(NOUN, made["id"], **wish) == (400, "NetworkVlanRangeError")
    assert api.show(NOUN, made["id"])["maximum"] == 104


def test_a_freed_id_waits_although_its_range_has_changed(api):
    made = a_range(api)
    network = a_vlan(api)
    api.delete("network", network["id"])
    api.update(NOUN, made["id"], maximum=103)
    ids = [a_vlan(api)["provider:segmentation_id"] for _ in range(4)]
    assert ids == [101, 102, 103, network["provider:segmentation_id"]]


def test_what_is_used_and_available_follows_the_networks(api):
    made = a_range(api)
    network = a_vlan(api, 102, project_id="p7")
    shown = api.show(NOUN, made["id"])
    assert shown["used"] == {"102": "p7"}
    assert shown["available"] == [100, 101, 103, 104]
    [listed] = api.list(NOUN, "physical_network=physnet9&fields=used")
    assert listed == {"used": {"102": "p7"}}
    api.delete("network", network["id"])
    assert api.show(NOUN, made["id"])["available"] == [100, 101, 102, 103, 104]


def test_a_range_in_use_neither_shrinks_nor_goes(api):
    made = a_range(api)
    a_vlan(api, 102)
    referenced = (409, "NetworkSegmentRangeReferencedByProject")
    assert api.refuse_update(NOUN, made["id"], minimum=103) == referenced
    assert api.refuse_update(NOUN, made["id"], maximum=101) == referenced
    assert api.refuse_delete(NOUN, made["id"]) == referenced
    shrunk = api.update(NOUN, made["id"], minimum=101, maximum=103, name="less")
    assert (shrunk["available"], shrunk["revision_number"]) == ([101, 103], 1)
    assert shrunk["name"] == "less"
    for wish in ({"network_type": "gre"}, {"shared": False}, {"project_id": "p"}):
        assert api.refuse_update(NOUN, made["id"], **wish) == (400, "HTTPBadRequest")


def test_networks_get_their_ids_from_a_new_range_at_once_and_not_after_it_shrank(api):
    made = a_range(api)
    first = a_vlan(api)["provider:segmentation_id"]
    assert first == 100
    shrunk = api.update(NOUN, made["id"], maximum=101)
    assert shrunk["available"] == [101]
    assert a_vlan(api)["provider:segmentation_id"] == 101
    wish = {"provider:network_type": "vlan", "provider:physical_network": "physnet9"}
    assert api.refuse("network", **wish) == (503, "NoNetworkAvailable")
    api.update(NOUN, made["id"], maximum=102)
    assert a_vlan(api)["provider:segmentation_id"] == 102


def test_a_range_is_deleted(api):
    made = a_range(api)
    api.delete(NOUN, made["id"])
    assert api.call("GET", f"/network_segment_ranges/{made['id']}").refused == (
        404,
        "NetworkSegmentRangeNotFound",
    )
    assert api.refuse_delete(NOUN, made["id"]) == (404, "NetworkSegmentRangeNotFound")
    wish = {"provider:network_type": "vlan", "provider:physical_network": "physnet9"}
    assert api.refuse("network", **wish) == (400, "InvalidInput")


def test_a_huge_range_names_as_many_numbers_as_can_be_read(api):
    wish = {"provider:network_type": "vxlan", "provider:segmentation_id": 3}
    api.create("network", **wish)
    shown = api.show(NOUN, default_of(api, "vxlan")["id"])
    assert len(shown["available"]) == segment_ranges.MOST_AVAILABLE
    assert shown["available"][:3] == [1, 2, 4]


def test_ranges_are_tagged_and_filtered(api):
    made = a_range(api, name="tagged")
    a_range(api, minimum=200, maximum=201, name="other")
    path = f"/network_segment_ranges/{made['id']}/tags/red"
    assert api.call("PUT", path).status == 201
    assert [one["name"] for one in api.list(NOUN, "tags=red")] == ["tagged"]
    assert api.show(NOUN, made["id"])["tags"] == ["red"]
    assert [one["name"] for one in api.list(NOUN, "name=other&fields=name")] == ["other"]
    for name in ("minimum", "default", "shared", "available"):
        answer = api.call("GET", f"/network_segment_ranges?{name}=1")
        assert answer.refused == (400, "HTTPBadRequest")


def test_metrics_show_how_much_of_each_range_is_taken(api):
    a_range(api)
    a_vlan(api, 103)
    text = api.call("GET", "//metrics").body
    labels = 'maximum="104",minimum="100",network_type="vlan",physical_network="physnet9"'
    assert f"deuteron_segment_range_used{{{labels}}} 1.0" in text
    assert f"deuteron_segment_range_size{{{labels}}} 5.0" in text
