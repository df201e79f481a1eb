"""How the types with numbers (vlan, gre, vxlan, geneve) hand them out.

    wished number   claim it: one statement
    any number      ranges of the type -> pools -> a hint -> claim it

A pool is what `ranges.pools` leaves of a range; its hints are kept under the range's id, so that
a number that was freed waits until all others of its pool were used: agents in the field cut a
network off whose number was another's a moment ago.
"""

from collections.abc import Sequence
from functools import partial

from deuteron.db import segment_ranges, segments
from deuteron.db.free_ranges import Claims, Hints, Pool
from deuteron.db.transaction import Transaction
from deuteron.ml2.types.ranges import Numbers, contains, pools
from deuteron.segment import SegmentRange

# Numbers a process keeps at hand. Networks are made far less often than ports.
_CHUNK = 8


def ranges_of(tx: Transaction, network_type: str) -> list[SegmentRange]:
    """All ranges of the type, those of the configuration too: one statement."""
    return segment_ranges.of_type(tx, network_type)


def take_any(
    tx: Transaction,
    hints: Hints,
    ranges: Sequence[SegmentRange],
    *,
    project_id: str | None,
    physical_network: str | None = None,
) -> tuple[str, int] | None:
    """Claim any number: of the project's own ranges, else of shared ones, else of the default.

    Args:
        tx: the transaction.
        hints: of this process.
        ranges: of the type, in order of preference.
        project_id: whose network it is for; None for nobody's.
        physical_network: only on this one; None for any.

    Returns:
        (physical network, number), or None if all are taken.
    """
    for one, numbers in pools(ranges):
        if one.project_id not in {None, project_id}:
            continue
        if physical_network not in {None, one.physical_network}:
            continue
        number = _take_from(tx, hints, one, numbers)
        if number is not None:
            return one.physical_network, number
    return None


def _take_from(tx: Transaction, hints: Hints, one: SegmentRange, numbers: Numbers) -> int | None:
    if not numbers:
        return None
    place = (one.network_type, one.physical_network)
    first, last = numbers[0][0], numbers[-1][1]
    return hints.claim(
        tx,
        Pool(name=pool_name(one.id), ranges=numbers, chunk=_CHUNK),
        Claims(
            among=partial(segments.claimed_among, tx, *place),
            every=partial(segments.claimed_within, tx, *place, first, last),
        ),
        partial(segments.claim, tx, *place),
    )


def give_back(
    tx: Transaction, hints: Hints, network_type: str, physical_network: str, number: int
) -> bool:
    """Remove the claim of a number and let it wait at the end of its pool.

    Args:
        tx: the transaction.
        hints: of this process.
        network_type: of the segment.
        physical_network: '' for types without one.
        number: the segmentation id.

    Returns:
        False if nobody had it.
    """
    if not segments.unclaim(tx, network_type, physical_network, number):
        return False
    one = _home(tx, network_type, physical_network, number)
    if one is not None:
        hints.released(tx, pool_name(one.id), [number])
    return True


def _home(
    tx: Transaction, network_type: str, physical_network: str, number: int
) -> SegmentRange | None:
    """The range whose pool the number belongs to, None if it lies outside of all."""
    for one, numbers in pools(ranges_of(tx, network_type)):
        if one.physical_network == physical_network and contains(numbers, number):
            return one
    return None


def pool_name(range_id: str) -> str:
    """Under which the hints of a range are kept."""
    return f"segments {range_id}"
