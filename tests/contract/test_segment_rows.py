"""Queries of segments, their ranges and hosts say the same on every database."""

import uuid

import pytest
from sqlalchemy import insert

from deuteron.context import RequestContext
from deuteron.db import segment_ranges, segments
from deuteron.db.tables import networks
from deuteron.query import Query
from deuteron.segment import Segment

ASKED = RequestContext(request_id="req-1")
NOW = "2014-06-04T12:00:00Z"


@pytest.fixture
def tx(database):
    with database.transaction(ASKED) as transaction:
        yield transaction


def a_network(tx, project_id="p1"):
    network_id = str(uuid.uuid4())
    row = {
        "id": network_id,
        "project_id": project_id,
        "name": "",
        "admin_state_up": True,
        "status": "ACTIVE",
        "external": False,
        "mtu": 1450,
        "port_security_enabled": True,
        "created_at": NOW,
        "updated_at": NOW,
        "revision_number": 1,
    }
    tx.execute(insert(networks), row)
    return network_id


def a_segment(tx, network_id=None, **what):
    made = Segment(
        id=str(uuid.uuid4()),
        network_id=network_id or a_network(tx),
        **{"network_type": "vlan", "physical_network": "physnet1", **what},
    )
    segments.insert(tx, [made], now=NOW)
    return made


def a_range(**changes):
    return {
        "id": str(uuid.uuid4()),
        "name": "",
        "description": "",
        "default": False,
        "shared": True,
        "project_id": None,
        "network_type": "vlan",
        "physical_network": "physnet1",
        "minimum": 100,
        "maximum": 200,
        "created_at": NOW,
        "updated_at": NOW,
        "revision_number": 0,
        **changes,
    }


def test_a_claim_is_made_once_and_given_back_once(tx):
    assert segments.claim(tx, "vlan", "physnet1", 5)
    assert not segments.claim(tx, "vlan", "physnet1", 5)
    assert segments.claim(tx, "vlan", "physnet2", 5)
    assert segments.claim(tx, "gre", "", 2**32 - 1)
    assert segments.claimed_among(tx, "vlan", "physnet1", [4, 5, 6]) == [5]
    assert segments.unclaim(tx, "vlan", "physnet1", 5)
    assert not segments.unclaim(tx, "vlan", "physnet1", 5)
    assert segments.claim(tx, "vlan", "physnet1", 5)


def test_claims_within_bounds(tx):
    for number in (9, 3, 5, 12):
        segments.claim(tx, "vxlan", "", number)
    assert segments.claimed_within(tx, "vxlan", "", 4, 11) == [5, 9]


def test_the_use_of_a_range(tx):
    row, tunnels = a_range(), a_range(network_type="vxlan", physical_network="")
    segment_ranges.insert_one(tx, row)
    segment_ranges.insert_one(tx, tunnels)
    ids = [row["id"], tunnels["id"]]
    a_segment(tx, a_network(tx, "p1"), segmentation_id=100)
    a_segment(tx, a_network(tx, "p2"), segmentation_id=150)
    a_segment(tx, segmentation_id=99)
    a_segment(tx, segmentation_id=160, physical_network="physnet2")
    assert segment_ranges.used(tx, ids) == {row["id"]: {100: "p1", 150: "p2"}, tunnels["id"]: {}}
    assert segment_ranges.extremes(tx, row) == (100, 150)
    assert segment_ranges.extremes(tx, a_range(minimum=300, maximum=400)) is None
    assert segment_ranges.extremes(tx, tunnels) is None
    a_segment(tx, network_type="vxlan", physical_network=None, segmentation_id=101)
    assert segment_ranges.extremes(tx, tunnels) == (101, 101)
    assert segment_ranges.used(tx, ids)[tunnels["id"]] == {101: "p1"}
    for place in (("vlan", "physnet1", 150), ("vlan", "physnet2", 160), ("vxlan", "", 199)):
        segments.claim(tx, *place)
    assert segment_ranges.claimed(tx, ids) == {row["id"]: [150], tunnels["id"]: [199]}
    counted = {one.id: taken for one, taken in segment_ranges.counts(tx)}
    assert counted == {row["id"]: 1, tunnels["id"]: 1}


def test_overlapping_ranges(tx):
    one, other = a_range(), a_range(minimum=300, maximum=400)
    for row in (one, other, a_range(default=True)):
        segment_ranges.insert_one(tx, row)

    def overlapping(first, last, **more):
        return segment_ranges.overlapping(
            tx,
            **{
                "network_type": "vlan",
                "physical_network": "physnet1",
                "minimum": first,
                "maximum": last,
                **more,
            },
        )

    assert overlapping(200, 300) == [one["id"], other["id"]]
    assert overlapping(201, 299) == []
    assert overlapping(100, 200, but=one["id"]) == []
    assert overlapping(100, 200, physical_network="physnet2") == []


def test_ranges_of_the_configuration_are_inserted_once(tx):
    row = a_range(default=True)
    segment_ranges.insert_defaults(tx, [row])
    segment_ranges.insert_defaults(tx, [row, a_range(default=True, minimum=5, maximum=6)])
    assert [one.minimum for one in segment_ranges.of_type(tx, "vlan")] == [5, 100]


def test_a_change_based_on_an_old_revision_is_not_written(tx):
    row = a_range()
    segment_ranges.insert_one(tx, row)
    assert segment_ranges.update_row(tx, row, {"name": "a", "revision_number": 1})
    assert not segment_ranges.update_row(tx, row, {"name": "b", "revision_number": 1})
    shown = segment_ranges.get(tx, row["id"])
    assert shown is not None
    assert shown["name"] == "a"
    made = a_segment(tx)
    segment = segments.get(tx, made.id)
    assert segment is not None
    assert segments.update_row(tx, segment, {"name": "a", "revision_number": 1})
    assert not segments.update_row(tx, segment, {"name": "b", "revision_number": 1})


def test_segments_of_a_network_come_in_order_static_ones_first(tx):
    network_id = a_network(tx)
    third = a_segment(tx, network_id, segment_index=2, segmentation_id=1)
    dynamic = a_segment(tx, network_id, is_dynamic=True, segmentation_id=2)
    first = a_segment(tx, network_id, segment_index=0, network_type="local", physical_network=None)
    other = a_segment(tx)
    assert segments.of_networks(tx, [network_id, other.network_id, "none"]) == {
        network_id: [first, third, dynamic],
        other.network_id: [other],
    }
    found = segments.list_(tx, Query(filters={"network_id": (network_id,)}))
    assert {one["id"] for one in found} == {first.id, third.id, dynamic.id}


def test_a_dynamic_segment_is_found_by_what_is_known_of_it(tx):
    network_id = a_network(tx)
    made = a_segment(tx, network_id, is_dynamic=True, segmentation_id=7)
    a_segment(tx, network_id, segmentation_id=8, physical_network="physnet2")

    def like(network_type="vlan", physical_network=None, segmentation_id=None):
        return segments.dynamic_like(
            tx,
            network_id,
            network_type=network_type,
            physical_network=physical_network,
            segmentation_id=segmentation_id,
        )

    assert like() == like(physical_network="physnet1") == like(segmentation_id=7) == made
    assert like(physical_network="physnet2") is None
    assert like(segmentation_id=8) is None
    assert like("vxlan") is None


def test_hosts_reach_the_segments_of_their_physical_networks(tx):
    one = a_segment(tx)
    two = a_segment(tx, physical_network="physnet2")
    a_segment(tx, is_dynamic=True)
    tunnel = a_segment(tx, network_type="vxlan", physical_network=None)
    segments.set_physical_networks(tx, "host1", {"physnet1", "physnet3"})
    segments.set_physical_networks(tx, "host2", {"physnet1", "physnet2"})
    assert segments.of_host(tx, "host1") == {one.id}
    assert segments.of_host(tx, "host2") == {one.id, two.id}
    assert segments.of_host(tx, "host2", network_id=two.network_id) == {two.id}
    assert segments.hosts_of(tx, [one.id, two.id, tunnel.id]) == {
        one.id: {"host1", "host2"},
        two.id: {"host2"},
        tunnel.id: set(),
    }
    segments.set_physical_networks(tx, "host1", set())
    assert segments.of_host(tx, "host1") == set()


def test_a_segment_is_renumbered(tx):
    made = a_segment(tx, segmentation_id=5)
    segments.renumber(tx, made.id, 6, now="2015-01-01T00:00:00Z")
    shown = segments.get(tx, made.id)
    assert shown is not None
    assert (shown["segmentation_id"], shown["revision_number"]) == (6, 1)
    assert shown["updated_at"] == "2015-01-01T00:00:00Z"
