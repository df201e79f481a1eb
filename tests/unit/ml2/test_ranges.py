"""Arithmetic of segmentation id ranges, against sets of numbers."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from deuteron.ml2.types.ranges import contains, merged, pools, without
from deuteron.segment import SegmentRange

pair = st.tuples(st.integers(1, 60), st.integers(1, 60)).map(lambda p: (min(p), max(p)))
several = st.lists(pair, max_size=8)


def numbers(ranges):
    return {n for first, last in ranges for n in range(first, last + 1)}


def assert_normal(ranges):
    assert all(first <= last for first, last in ranges)
    assert all(a[1] + 1 < b[0] for a, b in pairwise(ranges))


@given(several)
def test_merged_ranges_have_the_same_numbers_in_normal_form(ranges):
    assert numbers(merged(ranges)) == numbers(ranges)
    assert_normal(merged(ranges))


@given(several, several)
def test_without_takes_away_exactly_the_others(ranges, others):
    left = without(merged(ranges), merged(others))
    assert numbers(left) == numbers(ranges) - numbers(others)
    assert_normal(left)


@given(several, st.integers(0, 61))
def test_contains_is_membership(ranges, number):
    assert contains(merged(ranges), number) == (number in numbers(ranges))


def test_a_range_of_all_vnis_stays_one_range():
    assert without(((1, 2**24 - 1),), ((100, 199),)) == ((1, 99), (200, 2**24 - 1))


a_range = st.builds(
    lambda bounds, place, owner, number: SegmentRange(
        id=str(number),
        network_type="vlan",
        physical_network=place,
        minimum=bounds[0],
        maximum=bounds[1],
        project_id=owner if owner in {"p1", "p2"} else None,
        default=owner == "default",
    ),
    pair,
    st.sampled_from(["physnet1", "physnet2"]),
    st.sampled_from(["p1", "p2", "shared", "default"]),
    st.integers(0, 10**6),
)


def rank(one):
    return 0 if one.project_id else (2 if one.default else 1)


@given(st.lists(a_range, max_size=8))
def test_every_number_belongs_to_one_pool_and_that_of_the_closest_range(ranges):
    owner = {}
    for one, left in pools(ranges):
        assert_normal(left)
        assert numbers(left) <= set(range(one.minimum, one.maximum + 1))
        for number in numbers(left):
            assert (one.physical_network, number) not in owner
            owner[one.physical_network, number] = rank(one)
    for one in ranges:
        for number in range(one.minimum, one.maximum + 1):
            assert owner[one.physical_network, number] <= rank(one)


def test_pools_come_in_order_of_preference():
    def a(number, **what):
        return SegmentRange(
            id=number,
            network_type="vxlan",
            physical_network="",
            minimum=1,
            maximum=9,
            **what,
        )

    ranges = [a("d", default=True), a("s"), a("p", project_id="x")]
    assert [one.id for one, _ in pools(ranges)] == ["p", "s", "d"]
