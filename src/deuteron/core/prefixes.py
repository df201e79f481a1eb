"""Prefixes of subnet pools: which are free, and which of them a subnet gets. Pure arithmetic.

A prefix is a CIDR in text outside of this module and a range of numbers, first to last address,
inside of it. Everything here is of one IP version.

    prefixes of the pool  less  CIDRs of its subnets  =  free ranges
    free ranges, cut into the largest aligned blocks  ->  the smallest that fits, the lowest of them
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from deuteron.core.addresses import Cidr, parse, to_text

BITS = {4: 32, 6: 128}
QUOTA_UNIT = {4: 32, 6: 64}
"""IP version -> length of the prefix that a quota of prefix space counts: a /32, a /64."""


class Range(NamedTuple):
    """Addresses in a row.

    Args:
        first: its first address.
        last: its last address.
    """

    first: int
    last: int


def versions(cidrs: Iterable[str]) -> set[int]:
    """The IP versions of these prefixes.

    Raises:
        InvalidInput: one is no prefix.
    """
    return {parse(cidr).version for cidr in cidrs}


def compacted(cidrs: Iterable[str], version: int) -> list[str]:
    """The fewest prefixes with the same addresses, ascending."""
    return [_text(block, version) for block in _blocks(_merged(cidrs), BITS[version])]


def added(cidrs: Iterable[str], more: Iterable[str], version: int) -> list[str]:
    """The addresses of both, compacted."""
    return compacted([*cidrs, *more], version)


def removed(cidrs: Iterable[str], less: Iterable[str], version: int) -> list[str]:
    """The addresses of the first that are not in the second, compacted."""
    left = _less(_merged(cidrs), _merged(less))
    return [_text(block, version) for block in _blocks(left, BITS[version])]


def overlap(cidrs: Iterable[str], others: Iterable[str]) -> bool:
    """Whether both have an address in common."""
    mine, theirs = _merged(cidrs), _merged(others)
    starts = [one.first for one in theirs]
    for one in mine:
        at = bisect_right(starts, one.last) - 1
        if at >= 0 and theirs[at].last >= one.first:
            return True
    return False


def covers(cidrs: Iterable[str], others: Iterable[str]) -> bool:
    """Whether every address of the second is in the first."""
    mine = _merged(cidrs)
    starts = [one.first for one in mine]
    return all(_within(other, mine, starts) for other in _merged(others))


def free_block(
    cidrs: Iterable[str], taken: Iterable[str], prefixlen: int, version: int
) -> str | None:
    """The prefix that a new subnet of this size gets, None if there is no room.

    It is cut from the smallest free block that is large enough, so that large ones stay whole; of
    several the lowest (observed of Neutron).

    Args:
        cidrs: the prefixes of the pool.
        taken: the CIDRs of its subnets.
        prefixlen: the wanted size.
        version: of all of them.
    """
    size = 1 << (BITS[version] - prefixlen)
    best: Range | None = None
    for block in _blocks(_less(_merged(cidrs), _merged(taken)), BITS[version]):
        room = block.last - block.first + 1
        if room >= size and (best is None or room < best.last - best.first + 1):
            best = block
    if best is None:
        return None
    return _text(Range(best.first, best.first + size - 1), version)


def is_free(cidrs: Iterable[str], taken: Iterable[str], cidr: str) -> bool:
    """Whether a subnet can have this very CIDR of a pool.

    Args:
        cidrs: the prefixes of the pool.
        taken: the CIDRs of its subnets.
        cidr: the wanted one.
    """
    free = _less(_merged(cidrs), _merged(taken))
    return _within(_range(parse(cidr)), free, [one.first for one in free])


def over_quota(quota: int, used: Iterable[str], prefixlen: int, version: int) -> bool:
    """Whether one more prefix would be more than a project may have of a pool.

    Args:
        quota: in units of `QUOTA_UNIT`.
        used: the CIDRs that the project has.
        prefixlen: the size of one more.
        version: of all of them.
    """
    unit = 1 << (BITS[version] - QUOTA_UNIT[version])
    have = sum(1 << (BITS[version] - parse(cidr).prefix) for cidr in used)
    return have + (1 << (BITS[version] - prefixlen)) > quota * unit


def _range(block: Cidr) -> Range:
    return Range(block.first, block.last)


def _merged(cidrs: Iterable[str]) -> list[Range]:
    """Ascending ranges with gaps between them."""
    merged: list[Range] = []
    for one in sorted(_range(parse(cidr)) for cidr in cidrs):
        if merged and one.first <= merged[-1].last + 1:
            merged[-1] = Range(merged[-1].first, max(merged[-1].last, one.last))
        else:
            merged.append(one)
    return merged


def _less(ranges: Iterable[Range], others: Sequence[Range]) -> list[Range]:
    """What is left of ascending ranges without others."""
    left: list[Range] = []
    ends = [other.last for other in others]
    for one in ranges:
        begin = one.first
        for at in range(bisect_left(ends, begin), len(others)):
            other = others[at]
            if other.first > one.last:
                break
            if other.first > begin:
                left.append(Range(begin, other.first - 1))
            begin = other.last + 1
        if begin <= one.last:
            left.append(Range(begin, one.last))
    return left


def _within(one: Range, ranges: Sequence[Range], starts: Sequence[int]) -> bool:
    at = bisect_right(starts, one.first) - 1
    return at >= 0 and one.last <= ranges[at].last


def _blocks(ranges: Iterable[Range], bits: int) -> Iterator[Range]:
    """Ranges cut into the largest blocks that a prefix can say, ascending."""
    for first, last in ranges:
        begin = first
        while begin <= last:
            aligned = begin & -begin or 1 << bits
            fitting = 1 << ((last - begin + 1).bit_length() - 1)
            size = min(aligned, fitting)
            yield Range(begin, begin + size - 1)
            begin += size


def _text(block: Range, version: int) -> str:
    prefix = BITS[version] - (block.last - block.first + 1).bit_length() + 1
    return f"{to_text(block.first, version)}/{prefix}"
