"""Reads the journal: every committed entry exactly once, though numbers commit out of order.

Entries get their number when they are written and become visible when their transaction commits,
so a reader that has seen 7 may find 5 later:

    seen so far      1 2 3 4 . 6 7        position 7, gap 5
    next reading     5 has come           it is delivered, late
                     or 5 is still open   the gap stays
                     or it is overdue     the reader fills it itself with an entry that says nothing

Filling it settles the matter for good, whatever any clock says: the primary key admits either the
late transaction's entry or ours. If that transaction still holds the number, the INSERT waits for
its end; if it comes afterwards, it gets a duplicate key, is rolled back and tried again with a new
number. So nothing can appear behind a reader's back, and no assumption about how long a
transaction may last is needed. docs/decisions tells it at length.
"""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, or_, select, update

from deuteron.context import RequestContext
from deuteron.db.engine import Database
from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.moments import later, utc_now
from deuteron.db.tables import journal, journal_readers
from deuteron.db.transaction import Connectable
from deuteron.errors import DatabaseUnavailable, TryAgain

# The event of an entry that only fills a gap.
VOID = "void"

# A gap wider than this is no transaction that is late: numbers were skipped on purpose.
_WIDEST_GAP = 100_000
# How far back a new reader looks for what is still under way.
_UNDER_WAY = 1000
_GAPS_PER_STATEMENT = 100
_FILLED_AT_ONCE = 500
_PRUNED_AT_ONCE = 1000
# A gap that could not be filled is left alone for so many times the usual grace.
_GRACES_AFTER_FAILURE = 6
# A reader that nobody has run for so many seconds does not hold up the pruning any more.
_FORGET_READERS_AFTER = 30 * 86400.0

_SYSTEM = RequestContext(request_id="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened.

    Args:
        seq: its number; grows, but see the module.
        at: when, ISO 8601 in UTC.
        resource: singular noun of the API.
        resource_id: its id.
        event: what was done to it.
        project_id: whose it is.
        request_id: the request that did it.
        actor: the user who asked for it.
        details: what was kept with it for those who follow, None for nothing.
    """

    seq: int
    at: str
    resource: str
    resource_id: str
    event: str
    project_id: str
    request_id: str
    actor: str
    details: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Numbers ``first`` to ``last`` that were not there when the reader came by at ``seen``."""

    first: int
    last: int
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one reading found.

    Args:
        entries: late ones first, then by number.
        position: where the reader is when they are done.
        gaps: what is missing below it then.
    """

    entries: tuple[Entry, ...]
    position: int
    gaps: tuple[Gap, ...]


_READ = (
    select(journal)
    .where(journal.c.seq > bindparam("position"))
    .order_by(journal.c.seq)
    .limit(bindparam("at_most"))
)
_STATE = select(journal_readers.c.position, journal_readers.c.gaps).where(
    journal_readers.c.name == bindparam("reader")
)
_HOLD = (
    update(journal_readers)
    .where(
        journal_readers.c.name == bindparam("reader"),
        or_(
            journal_readers.c.holder == bindparam("me"),
            journal_readers.c.held_until < bindparam("now"),
        ),
    )
    .values(holder=bindparam("me"), held_until=bindparam("until"))
)
_ADVANCE = (
    update(journal_readers)
    .where(
        journal_readers.c.name == bindparam("reader"),
        journal_readers.c.holder == bindparam("me"),
    )
    .values(position=bindparam("to"), gaps=bindparam("missing"), held_until=bindparam("until"))
)
_NEWEST = select(journal).order_by(journal.c.seq.desc()).limit(bindparam("at_most"))
_NEW_READER = InsertIgnore(journal_readers)
_FILL = InsertIgnore(journal)


class JournalReader:
    """Reads for one purpose, from where the reading for it ended last.

        batch = reader.read()
        if batch is not None:
            ... tell everybody who has to know of batch.entries ...
            reader.done(batch)

    Of all processes that read under one name only one gets something at a time: it holds the name
    for `lease` seconds, and longer while it reads on. A crash between the telling and `done` has
    the entries delivered again to whoever reads next, so the telling must bear repetition; they
    are never lost. Not thread-safe.

    Args:
        database: where the journal is.
        name: the purpose, at most 64 characters.
        from_now: a name that is new begins with what happens from now on, not with the oldest
            entry that is kept.
        grace: seconds after which a gap is filled; longer than a commit takes.
        lease: seconds after which another process may go on for one that stopped reading.
        batch: entries read at once.
        clock: the present time, ISO 8601 in UTC.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        from_now: bool = False,
        grace: float = 10,
        lease: float = 15,
        batch: int = 500,
        clock: Callable[[], str] = utc_now,
    ) -> None:
        self._database = database
        self._name = name
        self._from_now = from_now
        self._grace = grace
        self._lease = lease
        self._batch = batch
        self._clock = clock
        self._me = uuid.uuid4().hex
        self._held_until = 0.0  # by the monotonic clock
        self._position = 0
        self._gaps: tuple[Gap, ...] = ()

    def read(self) -> Batch | None:
        """The next entries; None if there are none or another process holds the name.

        Raises:
            DatabaseUnavailable: the database does not answer.
            TryAgain: it was too busy; read again later.
        """
        if not self._hold():
            return None
        now = self._clock()
        self._fill_overdue(now)
        with self._database.read() as reader:
            parameters = {"position": self._position, "at_most": self._batch}
            new = [_entry(row) for row in reader.execute(_READ, parameters)]
            # Looked for second and told first: whoever changes a resource draws its number after
            # the one before has committed, so that no resource is told of in the wrong order.
            late = _between(reader, self._gaps)
        gaps = _without(self._gaps, {entry.seq for entry in late})
        position = self._position
        for entry in new:
            if entry.seq > position + 1:
                first = max(position + 1, entry.seq - _WIDEST_GAP)
                gaps.append(Gap(first=first, last=entry.seq - 1, seen=now))
            position = entry.seq
        if position == self._position and tuple(gaps) == self._gaps:
            return None
        entries = tuple(entry for entry in (*late, *new) if entry.event != VOID)
        batch = Batch(entries=entries, position=position, gaps=tuple(gaps))
        if entries:
            return batch
        self.done(batch)  # nothing to tell, but it need not be looked at again
        return None

    def done(self, batch: Batch) -> bool:
        """Go on behind a batch that was delivered.

        Returns:
            False if another process had taken over in between, because this one held the name for
            too long; the entries are then delivered there too.

        Raises:
            DatabaseUnavailable: the database does not answer.
            TryAgain: it was too busy; call again.
        """
        began = time.monotonic()
        with self._database.read() as writer:
            advanced = writer.execute(
                _ADVANCE,
                {
                    "reader": self._name,
                    "me": self._me,
                    "to": batch.position,
                    "missing": [[gap.first, gap.last, gap.seen] for gap in batch.gaps],
                    "until": later(self._clock(), self._lease),
                },
            ).rowcount
        if advanced != 1:
            self._held_until = 0.0
            return False
        self._held_until = began + self._lease
        self._position, self._gaps = batch.position, batch.gaps
        return True

    @property
    def holding(self) -> bool:
        """Whether this process is the one that reads, as far as it knows."""
        return time.monotonic() < self._held_until

    def release(self) -> None:
        """Let another process read under this name at once; for a clean end."""
        if self._held_until:
            self._held_until = 0.0
            now = self._clock()
            with self._database.read() as writer:
                # Just over; `prune` goes by it.
                until = later(now, -1)
                writer.execute(
                    _HOLD, {"reader": self._name, "me": self._me, "now": now, "until": until}
                )

    def _hold(self) -> bool:
        """Take the name or keep it; the database is asked only when half the lease has passed."""
        began = time.monotonic()
        if began < self._held_until - self._lease / 2:
            return True
        kept = began < self._held_until
        now = self._clock()
        lease = {
            "reader": self._name,
            "me": self._me,
            "now": now,
            "until": later(now, self._lease),
        }
        with self._database.read() as writer:
            if writer.execute(_HOLD, lease).rowcount != 1:
                self._held_until = 0.0
                if kept or writer.execute(_STATE, {"reader": self._name}).first() is not None:
                    return False
                self._begin()
                if writer.execute(_HOLD, lease).rowcount != 1:
                    return False
            if not kept:
                self._position, gaps = writer.execute(_STATE, {"reader": self._name}).one()
                self._gaps = tuple(Gap(first=f, last=last, seen=seen) for f, last, seen in gaps)
        self._held_until = began + self._lease
        return True

    def _begin(self) -> None:
        """Note a new name; if two processes do it at once, one of them wins."""
        now = self._clock()
        with self._database.transaction(_SYSTEM) as tx:
            oldest, newest = tx.execute(
                select(func.min(journal.c.seq), func.max(journal.c.seq))
            ).one()
            gaps: list[Gap] = []
            if newest is None:
                position = 0
            else:
                # A journal that begins late has been pruned; one that begins early may lack some
                # that are under way.
                position = oldest - 1 if oldest > _UNDER_WAY else 0
                if self._from_now:
                    # What is under way now has not happened yet.
                    before = max(position, newest - _UNDER_WAY)
                    recent = tx.execute(_READ, {"position": before, "at_most": _UNDER_WAY})
                    missing = Gap(first=before + 1, last=newest, seen=now)
                    gaps = _without([missing], {row.seq for row in recent})
                    position = newest
            row = {
                "name": self._name,
                "position": position,
                "gaps": [[gap.first, gap.last, gap.seen] for gap in gaps],
                "holder": "",
                "held_until": "",
            }
            _NEW_READER.execute(tx, [row])

    def _fill_overdue(self, now: str) -> None:
        """Put entries that say nothing where a number has been missing for too long."""
        limit = later(now, -self._grace)
        numbers: list[int] = []
        for gap in self._gaps:
            room = _FILLED_AT_ONCE - len(numbers)
            if room and gap.seen <= limit:
                numbers.extend(range(gap.first, min(gap.last + 1, gap.first + room)))
        if not numbers:
            return
        nothing = {
            "at": now,
            "resource": "",
            "resource_id": "",
            "event": VOID,
            "project_id": "",
            "request_id": "",
            "actor": "",
            "details": None,
        }
        try:
            with self._database.transaction(_SYSTEM) as tx:
                _FILL.execute(tx, [{**nothing, "seq": number} for number in numbers])
        except (TryAgain, DatabaseUnavailable):
            # Somebody still holds one of the numbers. Everything else goes on in the meantime.
            after = later(now, self._grace * (_GRACES_AFTER_FAILURE - 1))
            self._gaps = tuple(replace(gap, seen=max(gap.seen, after)) for gap in self._gaps)


_FIRST_UNREAD = (
    select(journal.c.at)
    .where(journal.c.seq > journal_readers.c.position)
    .order_by(journal.c.seq)
    .limit(1)
    .scalar_subquery()
)
_LAGS = select(
    journal_readers.c.name,
    select(func.max(journal.c.seq)).scalar_subquery() - journal_readers.c.position,
    _FIRST_UNREAD,
).where(journal_readers.c.name.in_(bindparam("readers", expanding=True)))


def lags(conn: Connectable, names: Sequence[str]) -> list[tuple[str, int, str | None]]:
    """How far readers are behind: (name, numbers not read yet, when the first was written).

    Args:
        conn: where to look.
        names: of the readers, at least one; one that never read is left out.
    """
    return [
        (name, int(behind or 0), at)
        for name, behind, at in conn.execute(_LAGS, {"readers": list(names)})
    ]


def newest(conn: Connectable, *, since: str, at_most: int) -> list[Entry]:
    """The entries of the last time, whoever has read them, by number: one statement.

    Args:
        conn: where to look.
        since: ISO 8601 in UTC; older ones are left out.
        at_most: how many, the newest.
    """
    found = [_entry(row) for row in conn.execute(_NEWEST, {"at_most": at_most})]
    return [one for one in reversed(found) if one.at >= since and one.event != VOID]


def prune(database: Database, *, days: float, clock: Callable[[], str] = utc_now) -> int:
    """Delete entries that are older than so many days and that all readers have passed.

    Args:
        database: where the journal is.
        days: how long entries are kept.
        clock: the present time, ISO 8601 in UTC.

    Returns:
        How many entries were deleted.
    """
    now = clock()
    with database.read() as writer:
        forgotten = later(now, -_FORGET_READERS_AFTER)
        writer.execute(
            delete(journal_readers).where(
                journal_readers.c.held_until < forgotten, journal_readers.c.held_until != ""
            )
        )
        floor = min(
            (
                min((gap[0] - 1 for gap in gaps), default=position)
                for position, gaps in writer.execute(
                    select(journal_readers.c.position, journal_readers.c.gaps)
                )
            ),
            default=None,
        )
        before = later(now, -days * 86400)
        deleted = 0
        while True:
            oldest = writer.execute(_READ, {"position": 0, "at_most": _PRUNED_AT_ONCE}).all()
            last = 0
            for row in oldest:
                if row.at >= before or (floor is not None and row.seq > floor):
                    break
                last = row.seq
            if not last:
                return deleted
            deleted += writer.execute(delete(journal).where(journal.c.seq <= last)).rowcount
            if last != oldest[-1].seq or len(oldest) < _PRUNED_AT_ONCE:
                return deleted


def _between(conn: Connectable, gaps: Sequence[Gap]) -> list[Entry]:
    """Entries that have come to fill gaps."""
    found: list[Entry] = []
    for start in range(0, len(gaps), _GAPS_PER_STATEMENT):
        ranges = (
            and_(journal.c.seq >= gap.first, journal.c.seq <= gap.last)
            for gap in gaps[start : start + _GAPS_PER_STATEMENT]
        )
        rows = conn.execute(select(journal).where(or_(*ranges)).order_by(journal.c.seq))
        found.extend(_entry(row) for row in rows)
    return found


def _entry(row: Sequence[Any]) -> Entry:
    seq, at, resource, resource_id, event, project_id, request_id, actor, details = row
    return Entry(
        seq=seq,
        at=at,
        resource=resource,
        resource_id=resource_id,
        event=event,
        project_id=project_id,
        request_id=request_id,
        actor=actor,
        details=details,
    )


def _without(gaps: Sequence[Gap], there: set[int]) -> list[Gap]:
    """The gaps that remain when these numbers are there."""
    remaining: list[Gap] = []
    for gap in gaps:
        first = gap.first
        for number in sorted(n for n in there if gap.first <= n <= gap.last):
            if number > first:
                remaining.append(Gap(first=first, last=number - 1, seen=gap.seen))
            first = number + 1
        if first <= gap.last:
            remaining.append(Gap(first=first, last=gap.last, seen=gap.seen))
    return remaining
