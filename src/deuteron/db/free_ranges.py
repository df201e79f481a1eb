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

Rows are handed out by position: 0, 1, 2 ... for those made by `rebuild`, the time of release in
nanoseconds for those made by `give`. A number that is hinted by several rows counts for the last
of them. So a number that was used is used again when all others of its pool were.
A pool that was never used has no rows, or only such of numbers that were claimed by wish and
released; once it is used, an empty range at position -1 says that its other rows were made.
A range of any length is one row.

No row is locked by reading. A row is shortened or deleted only if it is still what was read;
who loses reads again.
"""

import time
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter
from threading import Lock
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select, update

from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.tables import free_ranges
from deuteron.db.transaction import Transaction
from deuteron.errors import TryAgain

Ranges = tuple[tuple[int, int], ...]

# Rows looked at by one `take`, and made by one `rebuild`.
_ROWS_READ = 256
_ROWS_MADE = 1000
# Position of the empty range that stands for: the rows of this pool were made.
_MARK = -1
_NOTHING = (1, 0)
# A process takes no more than this part of what is left, so that several can share a small pool.
_SHARE = 8
# Locks that order the fetching threads of a process, and for how many seconds one waits at most.
_LOCKS = 64
_PATIENCE = 0.2
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
_LATER = select(free_ranges.c.first).where(
    _OF_POOL,
    free_ranges.c.first.in_(bindparam("numbers", expanding=True)),
    free_ranges.c.last == free_ranges.c.first,
    free_ranges.c.position > bindparam("after"),
)
_INSERT_NEW = InsertIgnore(free_ranges)


def take(tx: Transaction, pool: Pool, count: int) -> tuple[list[int], bool]:
    """Take the oldest hints of a pool out of its rows: two statements, or three.

    Args:
        tx: the transaction; what is taken comes back when it is rolled back.
        pool: the pool; rows outside of its ranges are removed on the way.
        count: how many numbers are needed at least.

    Returns:
        The `count` numbers and, if the pool is large enough, some more up to its chunk; fewer if
        the rows have no more, none if they must be made first. And whether rows may be left.
    """
    found: list[int] = []
    for _ in range(_ATTEMPTS):
        need = count - len(found)
        at_most = max(_ROWS_READ, need)
        rows = _rows(tx, pool, at_most)
        if not rows or rows[0].position != _MARK:
            return found, bool(rows)
        if len(rows) == 1:
            return found, False
        found += _take_from(tx, pool, need, rows[1:], complete=len(rows) < at_most)
        if len(found) >= count:
            break
    return found, True


class _Row(NamedTuple):
    position: int
    first: int
    last: int


def _rows(tx: Transaction, pool: Pool, at_most: int) -> list[_Row]:
    found = tx.execute(_OLDEST, {"of_pool": pool.name, "at_most": at_most})
    return [_Row(position, int(first, 16), int(last, 16)) for position, first, last in found]


def _take_from(
    tx: Transaction, pool: Pool, count: int, rows: Sequence[_Row], *, complete: bool
) -> list[int]:
    """Take from these rows, which are all if `complete`, what is still as it was read."""
    inside = [_within(pool.ranges, row.first, row.last) for row in rows]
    missing = _share(pool, count, list(chain.from_iterable(inside)))
    emptied: list[int] = []
    whole: list[int] = []
    begun: list[int] = []
    shortened: _Row | None = None
    for row, part in zip(rows, inside, strict=True):
        if _size(part) > missing:
            begun = list(islice(_numbers(part), missing))
            shortened = row if begun else None
            break
        emptied.append(row.position)
        whole.extend(_numbers(part))
        missing -= _size(part)
    if emptied:
        # Who removes only some of them may hold numbers that another one has, too: only hints.
        removed = tx.execute(_DELETE, {"of_pool": pool.name, "positions": emptied})
        if removed.rowcount == 0:
            whole = []
    if shortened is not None and not _shorten(tx, pool, shortened, begun[-1] + 1):
        begun = []
    taken = whole + begun
    last = shortened.position if shortened is not None else emptied[-1]
    later = _hinted_later(tx, pool, taken, last, rows if complete else None)
    return [number for number in taken if number not in later]


def _shorten(tx: Transaction, pool: Pool, row: _Row, first: int) -> bool:
    """Let a row begin later, if it is still as it was read."""
    where = {"of_pool": pool.name, "at": row.position, "was": _text(row.first)}
    return bool(tx.execute(_SHORTEN, {**where, "now": _text(first)}).rowcount)


def _hinted_later(
    tx: Transaction, pool: Pool, numbers: Sequence[int], after: int, rows: Sequence[_Row] | None
) -> set[int]:
    """Which of these numbers have a row of their own behind position `after`.

    They were claimed by wish and released since the longer row was made. Asked of the database
    only if not all rows are at hand.
    """
    if rows is not None:
        return {row.first for row in rows if row.position > after and row.first == row.last}
    texts = [_text(number) for number in numbers]
    found = tx.execute(_LATER, {"of_pool": pool.name, "numbers": texts, "after": after})
    return {int(first, 16) for first in found.scalars()}


def _share(pool: Pool, count: int, left: Sequence[tuple[int, int]]) -> int:
    """How many numbers to take if `count` are needed and these are left."""
    return max(count, min(pool.chunk, _size(left) // _SHARE))


def give(tx: Transaction, freed: Mapping[str, Iterable[int]]) -> None:
    """Hint that numbers are free again, after all that are free already: one statement.

    Args:
        tx: the transaction that removes the claims.
        freed: name of a pool -> its numbers, in the order in which they are to be used again.
    """
    now = time.time_ns()
    rows = [
        {"pool": pool, "position": now + i, "first": _text(n), "last": _text(n)}
        for pool, numbers in freed.items()
        for i, n in enumerate(numbers)
    ]
    if rows:
        # two processes that release at the same nanosecond lose one hint
        _INSERT_NEW.execute(tx, rows)


def discard(tx: Transaction, pool: str, numbers: Iterable[int]) -> None:
    """Remove the hints of numbers that were claimed without one: one statement.

    A number that lies within a longer range stays hinted; its claim will say no.
    """
    parameters = {"of_pool": pool, "numbers": [_text(n) for n in numbers]}
    tx.execute(_DELETE_SINGLE, parameters)


def reset(tx: Transaction, pool: str) -> None:
    """Forget all hints of a pool; the next claim makes new ones from its ranges: one statement.

    For a pool whose ranges have changed, and for one that is no more.
    """
    tx.execute(_DELETE_ALL, {"of_pool": pool})


def rebuild(
    tx: Transaction, pool: Pool, used: Iterable[int], count: int, *, rows_left: bool
) -> list[int] | None:
    """Make the rows of a pool from its ranges and the claims, less what is taken: one statement.

    Args:
        tx: the transaction.
        pool: the pool.
        used: the numbers that are not free.
        count: how many numbers are needed at least.
        rows_left: the pool may have rows; they come last, in their order and without the numbers
            in use. Costs two statements more.

    Returns:
        Numbers as `take` does, an empty list if no number of the pool is free. None if another one
        has made the rows at the same time.
    """
    free = _without(pool.ranges, sorted(used))
    ordered: list[tuple[int, int]] = []
    if rows_left:
        present = _rows(tx, pool, _ROWS_MADE)
        for row in reversed(present):
            if row.position != _MARK:
                ordered = _cut(free, row.first, row.last) + ordered
        if present:
            tx.execute(_DELETE_UP_TO, {"of_pool": pool.name, "until": present[-1].position})
    ordered = free + ordered
    if not ordered:
        return []
    taken = list(islice(_numbers(ordered), _share(pool, count, ordered)))
    rest = list(islice(_after(ordered, len(taken)), _ROWS_MADE))
    rows = [
        {"pool": pool.name, "position": i, "first": _text(first), "last": _text(last)}
        for i, (first, last) in enumerate([_NOTHING, *rest], start=_MARK)
    ]
    if _INSERT_NEW.execute(tx, rows) == 0 and rest:
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
        self._spent: set[str] = set()
        self._fetching = tuple(Lock() for _ in range(_LOCKS))

    def candidates(
        self, tx: Transaction, pool: Pool, count: int, claims: Claims, *, doubtful: bool = False
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
        if len(found) >= count:
            self._push(pool, found[count:])
            return found[:count]
        with self._turn(pool.name):
            # what another thread has fetched while this one waited
            more = self._pop(pool, None if doubtful else count - len(found))
            found = _joined(found, _unclaimed(more, claims) if doubtful else more)
            found = self._fetched(tx, pool, count, claims, found, doubtful=doubtful)
            self._push(pool, found[count:])
        if len(found) < count:
            self._note_spent(pool.name)
        return found[:count]

    @contextmanager
    def _turn(self, pool: str) -> Iterator[None]:
        """One thread fetches hints of a pool, the others wait for what it brings.

        Not for long: it may itself wait for a row that one of them has changed.
        """
        lock = self._fetching[hash(pool) % len(self._fetching)]
        got = lock.acquire(timeout=_PATIENCE)
        try:
            yield
        finally:
            if got:
                lock.release()

    @staticmethod
    def _fetched(
        tx: Transaction,
        pool: Pool,
        count: int,
        claims: Claims,
        found: list[int],
        *,
        doubtful: bool,
    ) -> list[int]:
        """These numbers and more from the rows, until there are `count` or no more."""
        for _ in range(_ATTEMPTS):
            need = count - len(found)
            if need <= 0:
                return found
            taken, rows_left = take(tx, pool, need)
            found = _joined(found, _unclaimed(taken, claims) if doubtful else taken)
            need = count - len(found)
            if need <= 0:
                return found
            used = chain(claims.every(), found)
            made = rebuild(tx, pool, used, need, rows_left=rows_left)
            if made is not None:
                return _joined(found, made)
        raise TryAgain(reason=f"the free numbers of {pool.name}")

    def claim(
        self, tx: Transaction, pool: Pool, claims: Claims, insert_one: Callable[[int], bool]
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

    def claimed(self, tx: Transaction, pool: str, numbers: Sequence[int]) -> None:
        """Tell of numbers that were claimed by the caller's wish: one statement."""
        self._drop(pool, numbers)
        discard(tx, pool, numbers)

    def released(self, tx: Transaction, pool: str, numbers: Sequence[int]) -> None:
        """Tell of numbers whose claims the transaction removes: one statement."""
        self.released_all(tx, {pool: numbers})

    def released_all(self, tx: Transaction, freed: Mapping[str, Sequence[int]]) -> None:
        """Tell of numbers of several pools whose claims the transaction removes: one statement."""
        for pool, numbers in freed.items():
            self._drop(pool, numbers)
            self._spent.discard(pool)
        give(tx, freed)

    def spent(self, pool: str) -> bool:
        """Whether this process found the pool exhausted last time; another one should be tried."""
        return pool in self._spent

    def reset(self, tx: Transaction, pool: str) -> None:
        """Forget a pool, because its ranges have changed or it is no more: one statement."""
        with self._lock:
            self._held.pop(pool, None)
        self._spent.discard(pool)
        reset(tx, pool)

    def forget(self) -> None:
        """Forget all pools, because the database is another than before."""
        with self._lock:
            self._held.clear()
        self._spent.clear()

    def _note_spent(self, pool: str) -> None:
        if len(self._spent) >= self._pools:
            self._spent.clear()
        self._spent.add(pool)

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
