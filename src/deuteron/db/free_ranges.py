"""Numbers that are probably free: what makes a claim quick, never what makes it exclusive.

Addresses of subnets and segmentation ids are handed out by *claim*: a row in ``ip_allocations`` or
``segment_claims``, whose primary key lets one transaction win. Which number to try is a *hint*:

    Hints (this process, memory)  <--take--  free_ranges (rows)  <--rebuild--  ranges less claims
          |                                        ^
          '--> claim by INSERT                     '--give--  a number that was released

Hints may be wrong in every way. A number may be hinted twice (a transaction that took it was
rolled back), or not at all (a process died with it in its memory, or the transaction that claimed
it was rolled back after an earlier one had taken the hint). So a claim that fails is repeated with
the next number, and before a pool is called exhausted its rows are made anew from its ranges and
the claims. The price of a wrong hint is a statement, never a wrong answer.

Rows are handed out by position: small and far apart for those made by `rebuild`, the time of
release in nanoseconds for those made by `give`, so a number that was used is used again as late as
possible.
A pool that was never used has no rows, and a range of any length is one row.

No row is locked by reading. A row is shortened or deleted only if it is still what was read;
who loses reads again.
"""

import time
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter
from threading import Lock

from sqlalchemy import bindparam, delete, func, select, update

from deuteron.db.insert_ignore import InsertIgnore, Writer
from deuteron.db.tables import free_ranges
from deuteron.errors import TryAgain

Ranges = tuple[tuple[int, int], ...]

# Rows looked at by one `take`, and made by one `rebuild`.
_ROWS_READ = 256
_ROWS_MADE = 1000
# Between the positions of rows that `rebuild` makes, so that `exclude` can put one in between.
_SPACING = 1 << 20
# A process takes no more than this part of what is left, so that several can share a small pool.
_SHARE = 8
# Lost races in a row after which something else is done.
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A set of numbers that are handed out.

    Args:
        name: of the pool, unique among all pools, at most 128 characters.
        ranges: (first, last) pairs, both inclusive, ascending and apart; the present ones. What
            the rows or the memory of a process hold outside of them is never handed out.
        chunk: how many hints a process takes into its memory at once, at most.
    """

    name: str
    ranges: Ranges
    chunk: int = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """How to ask which numbers of one pool are claimed.

    Args:
        among: which of these numbers are claimed; one statement.
        every: all numbers that are claimed, in any order, with or without those outside of the
            pool; one statement.
    """

    among: Callable[[Sequence[int]], Iterable[int]]
    every: Callable[[], Iterable[int]]


_OF_POOL = free_ranges.c.pool == bindparam("of_pool")
_OLDEST = (
    select(free_ranges.c.position, free_ranges.c.first, free_ranges.c.last)
    .where(_OF_POOL)
    .order_by(free_ranges.c.position)
    .limit(bindparam("at_most"))
)
_DELETE = delete(free_ranges).where(
    _OF_POOL, free_ranges.c.position.in_(bindparam("positions", expanding=True))
)
_DELETE_UP_TO = delete(free_ranges).where(_OF_POOL, free_ranges.c.position <= bindparam("until"))
_DELETE_ALL = delete(free_ranges).where(_OF_POOL)
_DELETE_SINGLE = delete(free_ranges).where(
    _OF_POOL,
    free_ranges.c.first.in_(bindparam("numbers", expanding=True)),
    free_ranges.c.last == free_ranges.c.first,
)
_SHORTEN = (
    update(free_ranges)
    .where(
        _OF_POOL,
        free_ranges.c.position == bindparam("at"),
        free_ranges.c.first == bindparam("was"),
    )
    .values(first=bindparam("now"))
)
_AROUND = (
    select(free_ranges.c.position, free_ranges.c.first, free_ranges.c.last)
    .where(_OF_POOL, free_ranges.c.first <= bindparam("number"))
    .order_by(free_ranges.c.first.desc())
    .limit(1)
)
_NEXT_POSITION = select(func.min(free_ranges.c.position)).where(
    _OF_POOL, free_ranges.c.position > bindparam("at")
)
_END_BEFORE = (
    update(free_ranges)
    .where(
        _OF_POOL,
        free_ranges.c.position == bindparam("at"),
        free_ranges.c.first == bindparam("was"),
    )
    .values(last=bindparam("now"))
)
_INSERT_NEW = InsertIgnore(free_ranges)


def take(tx: Writer, pool: Pool, count: int) -> list[int]:
    """Take the oldest hints of a pool out of its rows: two statements, or three.

    Args:
        tx: the transaction; what is taken comes back when it is rolled back.
        pool: the pool; rows outside of its ranges are removed on the way.
        count: how many numbers are needed at least.

    Returns:
        The `count` numbers and, if the pool is large enough, some more up to its chunk; fewer only
        if the rows have no more or others were quicker every time.
    """
    found: list[int] = []
    for _ in range(_ATTEMPTS):
        need = count - len(found)
        parameters = {"of_pool": pool.name, "at_most": max(_ROWS_READ, need)}
        rows = [
            (position, int(first, 16), int(last, 16))
            for position, first, last in tx.execute(_OLDEST, parameters)
        ]
        if not rows:
            break
        found += _take_from(tx, pool, need, rows)
        if len(found) >= count:
            break
    return found


def _take_from(
    tx: Writer, pool: Pool, count: int, rows: Sequence[tuple[int, int, int]]
) -> list[int]:
    """Take from these rows what is still as it was read."""
    inside = [_within(pool.ranges, first, last) for _, first, last in rows]
    missing = _share(pool, count, list(chain.from_iterable(inside)))
    emptied: list[int] = []
    whole: list[int] = []
    begun: list[int] = []
    at = was = 0
    for (position, first, _), part in zip(rows, inside, strict=True):
        if _size(part) > missing:
            at, was, begun = position, first, list(islice(_numbers(part), missing))
            break
        emptied.append(position)
        whole.extend(_numbers(part))
        missing -= _size(part)
    if emptied:
        # Who removes only some of them may hold numbers that another one has, too: only hints.
        removed = tx.execute(_DELETE, {"of_pool": pool.name, "positions": emptied})
        if removed.rowcount == 0:
            whole = []
    if begun:
        next_one = _text(begun[-1] + 1)
        shortened = tx.execute(
            _SHORTEN, {"of_pool": pool.name, "at": at, "was": _text(was), "now": next_one}
        )
        if shortened.rowcount == 0:
            begun = []
    return whole + begun


def _share(pool: Pool, count: int, left: Sequence[tuple[int, int]]) -> int:
    """How many numbers to take if `count` are needed and these are left."""
    return max(count, min(pool.chunk, _size(left) // _SHARE))


def give(tx: Writer, pool: str, numbers: Iterable[int]) -> None:
    """Hint that numbers are free again, after all that are free already: one statement.

    Args:
        tx: the transaction that removes the claims.
        pool: name of the pool.
        numbers: the numbers, in the order in which they are to be used again.
    """
    now = time.time_ns()
    rows = [
        {"pool": pool, "position": now + i, "first": _text(n), "last": _text(n)}
        for i, n in enumerate(numbers)
    ]
    if rows:
        # two processes that release at the same nanosecond lose one hint
        _INSERT_NEW.execute(tx, rows)


def discard(tx: Writer, pool: str, numbers: Iterable[int]) -> None:
    """Remove the hints of numbers that were claimed without one: one statement.

    A number that lies within a longer range stays hinted; its claim will say no.
    """
    parameters = {"of_pool": pool, "numbers": [_text(n) for n in numbers]}
    tx.execute(_DELETE_SINGLE, parameters)


def exclude(tx: Writer, pool: str, number: int) -> None:
    """Remove the hint of a number that was claimed without one, out of a longer range too.

    For pools in which a number that is released must wait its turn even if it was claimed by
    wish: as long as its old hint stands, it could come at once. One statement, or up to four.
    """
    row = tx.execute(_AROUND, {"of_pool": pool, "number": _text(number)}).first()
    if row is None or int(row.last, 16) < number:
        return
    position, first, last = row.position, int(row.first, 16), int(row.last, 16)
    if first == last:
        tx.execute(_DELETE, {"of_pool": pool, "positions": [position]})
        return
    where = {"of_pool": pool, "at": position, "was": _text(first)}
    if number == first:
        tx.execute(_SHORTEN, {**where, "now": _text(first + 1)})
        return
    if tx.execute(_END_BEFORE, {**where, "now": _text(number - 1)}).rowcount == 0:
        return
    if number < last:
        rest = {"pool": pool, "first": _text(number + 1), "last": _text(last)}
        _INSERT_NEW.execute(tx, [{**rest, "position": _position_after(tx, pool, position)}])


def _position_after(tx: Writer, pool: str, position: int) -> int:
    """A position between this one and the next; at the end if there is no room."""
    following = tx.execute(_NEXT_POSITION, {"of_pool": pool, "at": position}).scalar_one()
    if following is None:
        return position + _SPACING
    between = (position + int(following)) // 2
    return between if between > position else time.time_ns()


def has_rows(tx: Writer, pool: str) -> bool:
    """Whether a pool has hints at all: not if it was never used, or if all were taken."""
    return tx.execute(_OLDEST, {"of_pool": pool, "at_most": 1}).first() is not None


def reset(tx: Writer, pool: str) -> None:
    """Forget all hints of a pool; the next claim makes new ones from its ranges: one statement.

    For a pool whose ranges have changed, and for one that is no more.
    """
    tx.execute(_DELETE_ALL, {"of_pool": pool})


def rebuild(
    tx: Writer, pool: Pool, used: Iterable[int], count: int, *, rows_left: bool
) -> list[int] | None:
    """Make the rows of a pool from its ranges and the claims, less what is taken: one statement.

    Args:
        tx: the transaction.
        pool: the pool.
        used: the numbers that are not free.
        count: how many numbers are needed at least.
        rows_left: the pool may have rows; they keep their order, without the numbers in use. Costs
            two statements more.

    Returns:
        Numbers as `take` does, an empty list if no number of the pool is free. None if another one
        has made the rows at the same time.
    """
    free = _without(pool.ranges, sorted(used))
    ordered: list[tuple[int, int]] = []
    if rows_left:
        parameters = {"of_pool": pool.name, "at_most": _ROWS_MADE}
        present = list(tx.execute(_OLDEST, parameters))
        for _, first, last in present:
            ordered += _cut(free, int(first, 16), int(last, 16))
        if present:
            tx.execute(_DELETE_UP_TO, {"of_pool": pool.name, "until": present[-1][0]})
    ordered += free
    taken = list(islice(_numbers(ordered), _share(pool, count, ordered)))
    rest = list(islice(_after(ordered, len(taken)), _ROWS_MADE))
    rows = [
        {"pool": pool.name, "position": i * _SPACING, "first": _text(first), "last": _text(last)}
        for i, (first, last) in enumerate(rest)
    ]
    if rows and _INSERT_NEW.execute(tx, rows) == 0:
        return None
    return taken


class Hints:
    """The hints that this process has taken and not yet tried. For all threads of it.

    Most claims find their hint here and cost no statement besides the claim. What is here when the
    process ends is found again by the next `rebuild`.

    Args:
        pools: of how many pools hints are kept; those not used for longest are dropped.
    """

    def __init__(self, *, pools: int = 4096) -> None:
        self._pools = pools
        self._lock = Lock()
        self._held: OrderedDict[str, tuple[Ranges, dict[int, None]]] = OrderedDict()

    def candidates(
        self, tx: Writer, pool: Pool, count: int, claims: Claims, *, doubtful: bool = False
    ) -> list[int]:
        """Numbers to claim next, oldest first: usually without a statement.

        Args:
            tx: the transaction in which they will be claimed.
            pool: the pool.
            count: how many numbers.
            claims: asked when the rows have no more, and for each hint if `doubtful`.
            doubtful: a claim by a hint of this pool has just failed, so look before the next.

        Returns:
            `count` different numbers; fewer only if no more of the pool's numbers are free.

        Raises:
            TryAgain: others were quicker every time.
        """
        found = self._pop(pool, None if doubtful else count)
        if doubtful:
            found = _unclaimed(found, claims)
        rows_left = True
        for _ in range(_ATTEMPTS):
            need = count - len(found)
            if need <= 0:
                break
            taken = take(tx, pool, need)
            rows_left = len(taken) >= need
            found = _joined(found, _unclaimed(taken, claims) if doubtful else taken)
            need = count - len(found)
            if need <= 0:
                break
            used = chain(claims.every(), found)
            made = rebuild(tx, pool, used, need, rows_left=rows_left)
            if made is not None:
                found = _joined(found, made)
                break
        else:
            raise TryAgain(reason=f"the free numbers of {pool.name}")
        self._push(pool, found[count:])
        return found[:count]

    def claim(
        self, tx: Writer, pool: Pool, claims: Claims, insert_one: Callable[[int], bool]
    ) -> int | None:
        """Claim one number of a pool.

        Args:
            tx: the transaction.
            pool: the pool.
            claims: how to ask for the claims of the pool.
            insert_one: inserts the claim of a number; False if another one has it.

        Returns:
            The number, or None if all are claimed.

        Raises:
            TryAgain: others were quicker every time.
        """
        for attempt in range(_ATTEMPTS):
            found = self.candidates(tx, pool, 1, claims, doubtful=attempt > 0)
            if not found:
                return None
            if insert_one(found[0]):
                return found[0]
        raise TryAgain(reason=f"the claims of {pool.name}")

    def claimed(self, tx: Writer, pool: str, numbers: Sequence[int]) -> None:
        """Tell of numbers that were claimed by the caller's wish: one statement."""
        self._drop(pool, numbers)
        discard(tx, pool, numbers)

    def released(self, tx: Writer, pool: str, numbers: Sequence[int]) -> None:
        """Tell of numbers whose claims the transaction removes: one statement."""
        self._drop(pool, numbers)
        give(tx, pool, numbers)

    def excluded(self, tx: Writer, pool: str, number: int) -> None:
        """Tell of a number that was claimed by the caller's wish, and must wait once released.

        See `exclude`; `claimed` costs less where the order of such numbers does not matter.
        """
        self._drop(pool, [number])
        exclude(tx, pool, number)

    def returned(self, tx: Writer, pool: Pool, number: int, claims: Claims) -> None:
        """Tell of a number whose claim was removed: it waits until all others were handed out.

        Also in a pool that has no rows yet, which `released` would hand out first: two
        statements, or four.

        Args:
            tx: the transaction that removed the claim.
            pool: the pool.
            number: the number.
            claims: asked when the pool has no rows.
        """
        self._drop(pool.name, [number])
        if not has_rows(tx, pool.name):
            others = chain(claims.every(), [number])
            self._push(pool, rebuild(tx, pool, others, 0, rows_left=False) or [])
        give(tx, pool.name, [number])

    def reset(self, tx: Writer, pool: str) -> None:
        """Forget a pool, because its ranges have changed or it is no more: one statement."""
        with self._lock:
            self._held.pop(pool, None)
        reset(tx, pool)

    def _pop(self, pool: Pool, count: int | None) -> list[int]:
        with self._lock:
            ranges, numbers = self._held.get(pool.name, (pool.ranges, {}))
            if ranges != pool.ranges:
                del self._held[pool.name]
                return []
            found = list(islice(numbers, count))
            for number in found:
                del numbers[number]
            return found

    def _push(self, pool: Pool, found: Sequence[int]) -> None:
        if not found:
            return
        with self._lock:
            ranges, numbers = self._held.get(pool.name, (pool.ranges, {}))
            if ranges != pool.ranges:
                numbers = {}
            numbers.update(dict.fromkeys(found))
            self._held[pool.name] = (pool.ranges, numbers)
            self._held.move_to_end(pool.name)
            if len(self._held) > self._pools:
                self._held.popitem(last=False)

    def _drop(self, pool: str, numbers: Iterable[int]) -> None:
        with self._lock:
            if pool in self._held:
                for number in numbers:
                    self._held[pool][1].pop(number, None)


def _unclaimed(numbers: Sequence[int], claims: Claims) -> list[int]:
    if not numbers:
        return []
    taken = set(claims.among(numbers))
    return [n for n in numbers if n not in taken]


def _joined(found: list[int], more: list[int]) -> list[int]:
    """Both, each number once."""
    return list(dict.fromkeys(found + more))


def _text(number: int) -> str:
    return f"{number:032x}"


def _numbers(ranges: Iterable[tuple[int, int]]) -> Iterable[int]:
    return chain.from_iterable(range(first, last + 1) for first, last in ranges)


def _size(ranges: Iterable[tuple[int, int]]) -> int:
    return sum(last - first + 1 for first, last in ranges)


def _after(ranges: Iterable[tuple[int, int]], count: int) -> Iterable[tuple[int, int]]:
    """The ranges without their first `count` numbers."""
    for first, last in ranges:
        begin = first + count
        count = max(0, begin - last - 1)
        if begin <= last:
            yield begin, last


def _within(ranges: Iterable[tuple[int, int]], first: int, last: int) -> list[tuple[int, int]]:
    """The parts of the ranges that lie between `first` and `last`."""
    return [(max(a, first), min(b, last)) for a, b in ranges if a <= last and b >= first]


def _without(ranges: Iterable[tuple[int, int]], numbers: Sequence[int]) -> list[tuple[int, int]]:
    """What is left of the ranges without these numbers, which are in ascending order."""
    left = []
    for first, last in ranges:
        begin = first
        for i in range(bisect_left(numbers, first), bisect_right(numbers, last)):
            if numbers[i] > begin:
                left.append((begin, numbers[i] - 1))
            begin = numbers[i] + 1
        if begin <= last:
            left.append((begin, last))
    return left


def _cut(ranges: list[tuple[int, int]], first: int, last: int) -> list[tuple[int, int]]:
    """Take the part between `first` and `last` out of ascending ranges, which are changed."""
    low = bisect_left(ranges, first, key=itemgetter(1))
    high = bisect_right(ranges, last, key=itemgetter(0))
    out = _within(ranges[low:high], first, last)
    rest = []
    if out and ranges[low][0] < first:
        rest.append((ranges[low][0], first - 1))
    if out and ranges[high - 1][1] > last:
        rest.append((last + 1, ranges[high - 1][1]))
    ranges[low:high] = rest
    return out
