"""Arithmetic of segmentation id ranges: pure, knows neither database nor configuration.

Ranges stay ranges: a pool of sixteen million numbers costs what one of ten does.
"""

from collections.abc import Iterable, Sequence

from deuteron.segment import SegmentRange

Numbers = tuple[tuple[int, int], ...]
"""(first, last) pairs, both inclusive; ascending, apart, not touching."""


def merged(ranges: Iterable[tuple[int, int]]) -> Numbers:
    """The union of any ranges, each (first, last) with first <= last."""
    result: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return tuple(result)


def without(ranges: Numbers, others: Numbers) -> Numbers:
    """What is left of `ranges` when `others` are cut out."""
    result = []
    for first, last in ranges:
        begin = first
        for cut_first, cut_last in others:
            if cut_last < begin:
                continue
            if cut_first > last:
                break
            if cut_first > begin:
                result.append((begin, cut_first - 1))
            begin = cut_last + 1
        if begin <= last:
            result.append((begin, last))
    return tuple(result)


def contains(ranges: Numbers, number: int) -> bool:
    """Whether the number lies in one of the ranges."""
    return any(first <= number <= last for first, last in ranges)


def pools(ranges: Sequence[SegmentRange]) -> list[tuple[SegmentRange, Numbers]]:
    """The numbers that each range hands out, such that every number belongs to one range only.

    A range of a project takes its numbers away from everybody's, and one made through the API
    takes them from those of the configuration (as observed of Neutron, which keeps other
    projects' numbers out of shared allocations).

    Args:
        ranges: of one network type.

    Returns:
        (range, numbers) pairs: ranges of projects first, then shared ones, then those of the
        configuration, each kind in the order given.
    """
    taken: dict[str, Numbers] = {}
    result = []
    for one in sorted(ranges, key=_rank):
        place = one.physical_network
        before = taken.get(place, ())
        result.append((one, without(((one.minimum, one.maximum),), before)))
        taken[place] = merged([*before, (one.minimum, one.maximum)])
    return result


def _rank(one: SegmentRange) -> int:
    if one.project_id is not None:
        return 0
    return 2 if one.default else 1
