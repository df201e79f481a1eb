"""Segments are handed out by claim, on each database: any, wished and partial ones, and ranges."""

import uuid

import pytest
from sqlalchemy import func, select

from deuteron.db import segment_ranges
from deuteron.db import segments as rows
from deuteron.db.engine import utc_now
from deuteron.db.tables import free_ranges
from deuteron.errors import (
    InvalidInput,
    NetworkError,
    NoNetworkAvailable,
    SegmentsContainDuplicateEntry,
    SegmentsSetInConjunctionWithProviders,
)
from deuteron.ml2.plugin_context import plugin_context
from tests.segment_site import ASKED
from tests.statements import counted


def a_range(site, minimum, maximum, *, network_type="vxlan", place="", project_id=None):
    """A range made through the API."""
    row = {
        "id": str(uuid.uuid4()),
        "name": "",
        "description": "",
        "default": False,
        "shared": project_id is None,
        "project_id": project_id,
        "network_type": network_type,
        "physical_network": place,
        "minimum": minimum,
        "maximum": maximum,
        "created_at": utc_now(),
        "updated_at": utc_now(),
        "revision_number": 0,
    }
    with site.database.transaction(ASKED) as tx:
        segment_ranges.insert_one(tx, row)


# --- automatic ------------------------------------------------------------------------------------


def test_a_network_without_wishes_gets_the_first_type_with_a_free_segment(a_site):
    site = a_site(types=("gre", "vxlan"))
    made = [site.create()[0] for _ in range(6)]
    assert [one.network_type for one in made] == ["gre"] * 2 + ["vxlan"] * 4
    assert len({(one.network_type, one.segmentation_id) for one in made}) == 6
    with pytest.raises(NoNetworkAvailable) as refused:
        site.create()
    assert refused.value.status == 503


def test_an_external_network_gets_the_type_configured_for_it(a_site):
    site = a_site(external="vlan")
    assert site.create(external=True)[0].network_type == "vlan"
    assert site.create(external=False)[0].network_type == "vxlan"


def test_flat_is_never_handed_out_unasked(a_site):
    site = a_site(types=("flat",))
    with pytest.raises(NoNetworkAvailable):
        site.create()


def test_local_networks_are_without_number(a_site):
    site = a_site(types=("local",))
    made = [site.create()[0] for _ in range(3)]
    assert {(one.network_type, one.segmentation_id) for one in made} == {("local", None)}
    site.release(*made)
    assert site.claims() == set()


def test_vlans_are_taken_from_the_first_physical_network_first(a_site):
    site = a_site(types=("vlan",))
    made = [site.create()[0] for _ in range(5)]
    assert [one.physical_network for one in made] == ["physnet1"] * 3 + ["physnet2"] * 2


# --- wished ---------------------------------------------------------------------------------------


def test_a_wished_segment_is_reserved_and_refused_while_in_use(site):
    assert site.vlan("physnet1", 102) == ("physnet1", 102)
    with pytest.raises(NetworkError) as refused:
        site.vlan("physnet1", 102)
    assert (refused.value.status, refused.value.type) == (409, "VlanIdInUse")
    assert site.vlan("physnet2", 102) == ("physnet2", 102)


@pytest.mark.parametrize("network_type", ["gre", "vxlan", "geneve"])
def test_a_wished_tunnel_is_refused_while_in_use(site, network_type):
    wish = {"provider__network_type": network_type, "provider__segmentation_id": 99999}
    assert site.number(**wish) == 99999
    with pytest.raises(NetworkError) as refused:
        site.create(**wish)
    assert (refused.value.status, refused.value.type) == (409, "TunnelIdInUse")


def test_a_flat_network_is_refused_while_in_use(site):
    wish = {"provider__network_type": "flat", "provider__physical_network": "public"}
    (made,) = site.create(**wish)
    assert (made.physical_network, made.segmentation_id) == ("public", None)
    with pytest.raises(NetworkError) as refused:
        site.create(**wish)
    assert (refused.value.status, refused.value.type) == (409, "FlatNetworkInUse")
    site.release(made)
    site.create(**wish)


def test_ids_outside_of_the_ranges_are_for_those_who_wish_them(site):
    assert site.vlan("physnet1", 4094) == ("physnet1", 4094)
    assert site.number(provider__network_type="gre", provider__segmentation_id=2**32 - 1) == (
        2**32 - 1
    )


def test_partial_segments_are_completed(site):
    assert site.vlan("physnet2")[0] == "physnet2"
    place, number = site.vlan()
    assert (place, number) in {("physnet1", n) for n in (101, 102, 103)}
    assert site.number(provider__network_type="vxlan") in range(1001, 1005)
    site.vlan("physnet2")
    with pytest.raises(NetworkError) as refused:
        site.vlan("physnet2")
    assert (refused.value.status, refused.value.type) == (503, "NoNetworkAvailable")


def test_an_unknown_physical_network_is_refused_unless_a_range_names_it(site):
    for number in (None, 5):
        with pytest.raises(NetworkError) as refused:
            site.vlan("elsewhere", number)
        assert (refused.value.status, refused.value.type) == (400, "InvalidInput")
    a_range(site, 7, 7, network_type="vlan", place="elsewhere")
    assert site.vlan("elsewhere", 5) == ("elsewhere", 5)
    assert site.vlan("elsewhere") == ("elsewhere", 7)


def test_many_segments_are_reserved_in_their_order_complete_ones_first(site):
    wish = [
        {"provider:network_type": "vlan", "provider:physical_network": "physnet2"},
        {"provider:network_type": "vxlan"},
        {
            "provider:network_type": "vlan",
            "provider:physical_network": "physnet2",
            "provider:segmentation_id": 201,
        },
    ]
    made = site.create(segments=wish)
    assert [one.segment_index for one in made] == [0, 1, 2]
    assert [one.segmentation_id for one in made][::2] == [202, 201]
    with site.database.read() as conn:
        network_id = made[0].network_id
        assert rows.of_networks(conn, [network_id]) == {network_id: made}


def test_a_refused_segment_leaves_none_of_the_others_taken(site):
    site.vlan("physnet1", 101)
    before = site.claims()
    with pytest.raises(NetworkError):
        site.create(
            segments=[
                {"provider:network_type": "vxlan"},
                {
                    "provider:network_type": "vlan",
                    "provider:physical_network": "physnet1",
                    "provider:segmentation_id": 101,
                },
            ]
        )
    assert site.claims() == before


V = {"provider:network_type": "vxlan"}
V5 = {**V, "provider:segmentation_id": 5}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({**V, "segments": [V]}, SegmentsSetInConjunctionWithProviders),
        ({**V, "segments": []}, SegmentsSetInConjunctionWithProviders),
        ({"segments": [V5, V5]}, SegmentsContainDuplicateEntry),
        ({"segments": [{"provider:network_type": "local"}] * 2}, SegmentsContainDuplicateEntry),
        ({"segments": [{"provider:physical_network": "physnet1"}]}, InvalidInput),
        ({"segments": [{"provider:network_type": "unknown"}]}, InvalidInput),
        ({"provider:network_type": "unknown"}, InvalidInput),
        ({"provider:network_type": ""}, InvalidInput),
        ({"provider:physical_network": "physnet1"}, InvalidInput),
        ({"provider:segmentation_id": 5}, InvalidInput),
    ],
    ids=str,
)
def test_contradicting_wishes_are_refused(site, body, error):
    with pytest.raises(NetworkError) as refused:
        site.manager.wanted(body)
    assert (refused.value.status, refused.value.type) == (400, error.__name__)


@pytest.mark.parametrize("body", [{}, {"segments": []}, {"provider:network_type": None}], ids=str)
def test_no_wish_is_none(site, body):
    assert site.manager.wanted(body) is None


def test_partial_segments_may_be_equal(site):
    assert site.manager.wanted({"segments": [V, V]}) is not None


# --- release --------------------------------------------------------------------------------------


def test_a_freed_id_is_handed_out_last(site):
    made = [site.create()[0] for _ in range(2)]
    site.release(made[0])
    freed = made[0].segmentation_id
    later = [site.number() for _ in range(3)]
    assert later[-1] == freed
    assert freed not in later[:-1]


def test_a_freed_id_that_was_wished_is_handed_out_last_too(site):
    (wished,) = site.create(provider__network_type="vxlan", provider__segmentation_id=1001)
    site.release(wished)
    assert [site.number() for _ in range(4)][-1] == 1001


def test_a_freed_id_waits_in_other_processes_too(a_site):
    one, other = a_site(), a_site()
    (made,) = one.create()
    one.release(made)
    assert [other.number() for _ in range(4)][-1] == made.segmentation_id


def test_releasing_twice_does_no_harm(site):
    (made,) = site.create()
    site.release(made)
    site.release(made)
    assert len({site.number() for _ in range(4)}) == 4


def test_a_rolled_back_allocation_comes_back(site):
    class Veto(Exception):
        pass

    for _ in range(6):
        with pytest.raises(Veto), site.database.transaction(ASKED) as tx:
            site.manager.allocate(plugin_context(tx), network_id="n", project_id="p")
            raise Veto
    assert {site.number() for _ in range(4)} == {1001, 1002, 1003, 1004}


# --- ranges ---------------------------------------------------------------------------------------


def test_a_project_gets_its_own_range_then_shared_ones_then_the_default(site):
    a_range(site, 1003, 1003, project_id="p1")
    a_range(site, 2001, 2001)
    got = [site.number(project_id="p1") for _ in range(5)]
    assert got[:2] == [1003, 2001]
    assert sorted(got[2:]) == [1001, 1002, 1004]
    with pytest.raises(NoNetworkAvailable):
        site.create(project_id="p1")


def test_the_range_of_a_project_is_nobody_elses(site):
    a_range(site, 1001, 1003, project_id="p1")
    assert site.number(project_id="p2") == 1004
    with pytest.raises(NoNetworkAvailable):
        site.create(project_id="p2")
    with pytest.raises(NoNetworkAvailable):
        site.create(project_id="")
    assert site.number(project_id="p1") in range(1001, 1004)


def test_a_restart_with_other_ranges_keeps_what_is_allocated(a_site):
    site = a_site()
    made = [site.create()[0] for _ in range(4)]
    narrower = a_site(lines="[ml2_type_vxlan]\nvni_ranges = 1003:1006\n")
    assert {one.segmentation_id for one in made} == {1001, 1002, 1003, 1004}
    assert {narrower.number() for _ in range(2)} == {1005, 1006}
    with pytest.raises(NoNetworkAvailable):
        narrower.create()
    outside = next(one for one in made if one.segmentation_id == 1001)
    inside = next(one for one in made if one.segmentation_id == 1003)
    narrower.release(outside, inside)
    assert narrower.number() == 1003
    with pytest.raises(NoNetworkAvailable):
        narrower.create()


def test_ranges_of_the_configuration_are_kept_once_and_under_the_same_id(a_site):
    def kept(site):
        with site.database.read() as conn:
            return {one.id: (one.minimum, one.maximum) for one in segment_ranges.every(conn)}

    first = kept(a_site())
    assert sorted(first.values()) == [
        (1, 2),
        (1, 16777215),
        (101, 103),
        (201, 202),
        (1001, 1004),
    ]
    assert kept(a_site()) == first
    assert (
        kept(a_site(lines="[ml2_type_gre]\ntunnel_id_ranges = 1:3\n"))
        .keys()
        .isdisjoint(key for key, bounds in first.items() if bounds == (1, 2))
    )


def test_sixteen_million_numbers_are_one_row(site):
    with site.database.read() as conn:
        before = conn.execute(select(func.count()).select_from(free_ranges)).scalar_one()
    assert before == 0
    site.create(provider__network_type="geneve")
    with site.database.read() as conn:
        count = conn.execute(select(func.count()).select_from(free_ranges)).scalar_one()
    assert count <= 3


def test_an_allocation_takes_two_statements(site):
    site.create()
    with counted(site.database) as statements, site.database.transaction(ASKED) as tx:
        site.manager.allocate(plugin_context(tx), network_id=str(uuid.uuid4()), project_id="owner")
    assert len(statements) <= 4, statements
    with counted(site.database) as statements:
        site.create(provider__network_type="geneve")
        site.create(provider__network_type="geneve")
        del statements[:]
        site.create(provider__network_type="geneve")
    # the ranges, the claim; the rows of the network and its segment
    assert len(statements) == 4, statements
