"""Prefixes of pools: what holds for every set of them, against a model of single addresses."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deuteron.core import prefixes

# Blocks of a /24, so that a set of addresses is a model of them.
SPACE = ipaddress.ip_network("10.0.0.0/24")


@st.composite
def blocks(draw: st.DrawFn, shortest: int = 24) -> str:
    length = draw(st.integers(shortest, 32))
    number = draw(st.integers(0, 2 ** (length - 24) - 1))
    return f"{SPACE.network_address + number * 2 ** (32 - length)}/{length}"


def model(cidrs: list[str]) -> set[int]:
    return {int(address) for cidr in cidrs for address in ipaddress.ip_network(cidr)}


def collapsed(addresses: set[int]) -> list[str]:
    singles = (ipaddress.ip_network(address) for address in addresses)
    return [str(network) for network in ipaddress.collapse_addresses(singles)]


@given(st.lists(blocks(), max_size=8))
def test_compacted_prefixes_are_the_fewest_with_the_same_addresses(cidrs):
    assert prefixes.compacted(cidrs, 4) == collapsed(model(cidrs))


@given(st.lists(blocks(), max_size=6), st.lists(blocks(), max_size=6))
def test_adding_and_removing_is_set_arithmetic(cidrs, others):
    assert prefixes.added(cidrs, others, 4) == collapsed(model(cidrs) | model(others))
    assert prefixes.removed(cidrs, others, 4) == collapsed(model(cidrs) - model(others))


@given(st.lists(blocks(), max_size=6), st.lists(blocks(), max_size=6))
def test_relations_of_prefixes_are_those_of_sets(cidrs, others):
    assert prefixes.overlap(cidrs, others) == bool(model(cidrs) & model(others))
    assert prefixes.covers(cidrs, others) == (model(others) <= model(cidrs))


@given(st.lists(blocks(), max_size=6), st.lists(blocks(), max_size=6), blocks())
def test_a_wished_prefix_is_free_if_nobody_has_any_of_it(cidrs, taken, wished):
    free = model(cidrs) - model(taken)
    assert prefixes.is_free(cidrs, taken, wished) == (model([wished]) <= free)


@given(st.lists(blocks(), max_size=6), st.lists(blocks(), max_size=6), st.integers(24, 32))
def test_a_free_block_is_found_if_there_is_one(cidrs, taken, length):
    free = model(cidrs) - model(taken)
    found = prefixes.free_block(cidrs, taken, length, 4)
    fitting = [block for block in SPACE.subnets(new_prefix=length) if model([str(block)]) <= free]
    if found is None:
        assert not fitting
    else:
        assert ipaddress.ip_network(found) in fitting


@given(st.lists(st.integers(24, 30), max_size=20))
def test_blocks_that_were_handed_out_never_overlap(lengths):
    taken: list[str] = []
    for length in lengths:
        block = prefixes.free_block([str(SPACE)], taken, length, 4)
        if block is not None:
            assert not prefixes.overlap([block], taken)
            taken.append(block)
    assert sum(2 ** (32 - int(cidr.split("/")[1])) for cidr in taken) <= 256


def test_large_blocks_stay_whole():
    pool = ["10.4.0.0/22", "10.9.0.0/20"]
    assert prefixes.free_block(pool, [], 26, 4) == "10.4.0.0/26"
    taken = ["10.4.0.0/26", "10.4.0.64/28"]
    assert prefixes.free_block(pool, taken, 28, 4) == "10.4.0.80/28"
    assert prefixes.free_block(pool, taken, 24, 4) == "10.4.1.0/24"


def test_all_of_ipv6_is_a_pool():
    assert prefixes.compacted(["::/0"], 6) == ["::/0"]
    assert prefixes.free_block(["::/0"], [], 64, 6) == "::/64"
    assert prefixes.free_block(["::/0"], ["::/1"], 1, 6) == "8000::/1"


@pytest.mark.parametrize(
    ("version", "quota", "used", "prefixlen", "over"),
    [
        (4, 512, ["10.0.0.0/24"], 24, False),
        (4, 512, ["10.0.0.0/24", "10.0.1.0/24"], 32, True),
        (4, 1, [], 31, True),
        (6, 2, ["fd00::/64"], 64, False),
        (6, 2, ["fd00::/64", "fd00:0:0:1::/80"], 64, True),
        (6, 1, ["fd00::/65"], 65, False),
    ],
)
def test_quotas_count_single_addresses_of_ipv4_and_64s_of_ipv6(
    version, quota, used, prefixlen, over
):
    assert prefixes.over_quota(quota, used, prefixlen, version) is over
