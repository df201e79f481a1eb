"""Followers of the journal: what must happen elsewhere after a change, and must not be forgotten.

    a change commits ---- wakes (this process) ----.
                                                   v
    journal --> JournalReader.read --> Follower.handle --> JournalReader.done --.
                    ^                       | fails                             |
                    `--- the same entries --'  (waits longer each time)         |
                    `------------------- what has come since <------------------'

Every process may follow under one name; the reader lets one of them read at a time, and another
take over when that one is gone. A crash between `handle` and `done` has the entries handled again:
each is handled at least once, and those of one resource in the order of its changes.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from deuteron import metrics
from deuteron.core.deployment import Deployment
from deuteron.db import journal
from deuteron.db.engine import Database
from deuteron.db.journal import Entry, JournalReader
from deuteron.db.moments import later
from deuteron.errors import NetworkError

__all__ = ["Bell", "Entry", "Follower", "NotDelivered", "follow", "lags", "lately"]

LOG = logging.getLogger(__name__)

# Seconds between two looks at the journal where nothing wakes: changes of other processes.
POLL = 0.5
# Seconds that a process which was woken waits for more, so that a burst is read at once.
_GATHER = 0.02
# Seconds until what failed is tried for the second time; twice as long each time after.
_FIRST_PAUSE = 0.5
# A process that waits to take over looks so many times in the time of a lease.
_LOOKS_PER_LEASE = 3


class NotDelivered(Exception):
    """What a follower has to reach does not take it now; the same is handled again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """Something that follows the journal.

    Args:
        name: of its place in the journal, at most 64 characters; it stays where it is when the
            service is not running, and begins with what happens after the name was first used.
        handle: does what follows from the entries, which must bear repetition. Returns the
            seconds to wait before it is given more, so that more comes at once; 0 for none.
            `NotDelivered` is logged with its words, any other error with its traceback; either
            way the same entries come again.
        lease: seconds after which another process goes on for one that is gone; `handle` should
            take less, or it is given to another process besides.
        batch: entries that it is given at once, at most.
        idle: called now and then while there is nothing to handle, None for one that has nothing to
            do then; it may raise as `handle`.
    """

    name: str
    handle: Callable[[Sequence[Entry]], float]
    lease: float = 15
    batch: int = 500
    idle: Callable[[], None] | None = None


class Bell:
    """Wakes a follower, or tells it to end."""

    def __init__(self) -> None:
        self._rung = threading.Event()
        self._ended = threading.Event()

    def ring(self) -> None:
        """There may be something to read."""
        self._rung.set()

    def end(self) -> None:
        """It is enough."""
        self._ended.set()
        self._rung.set()

    @property
    def ended(self) -> bool:
        """Whether it is to end."""
        return self._ended.is_set()

    def wait(self, seconds: float) -> None:
        """Wait until it rings, at most so long, and a moment for what comes with it."""
        if self._rung.wait(seconds) and not self._ended.wait(_GATHER):
            self._rung.clear()

    def pause(self, seconds: float) -> None:
        """Wait so long, whatever rings; not if it is to end."""
        self._ended.wait(seconds)


def follow(database: Database, follower: Follower, bell: Bell) -> None:
    """Give a follower what happens, until its bell ends it.

    Args:
        database: where the journal is.
        follower: who follows.
        bell: see `Bell`; rings after each commit of this process.
    """
    reader = JournalReader(
        database,
        follower.name,
        from_now=True,
        lease=follower.lease,
        batch=follower.batch,
    )
    longest = follower.lease / _LOOKS_PER_LEASE
    failures = 0
    while not bell.ended:
        try:
            pause = _step(reader, follower)
        except Exception as error:
            failures += 1
            delay = min(_FIRST_PAUSE * 2 ** min(failures - 1, 10), longest)
            _tell(follower, error, failures, delay)
            bell.pause(delay)
            continue
        if failures and reader.holding:
            LOG.warning("%s goes on after %d failures", follower.name, failures)
        failures = 0
        if pause is not None:
            bell.pause(pause)
        elif reader.holding:
            bell.wait(POLL)
        else:
            bell.pause(longest)
    try:
        reader.release()
    except NetworkError as error:
        LOG.warning("%s ends without a word to other processes: %s", follower.name, error)


def _step(reader: JournalReader, follower: Follower) -> float | None:
    """Read and handle once.

    Returns:
        the seconds that the follower wants to wait; None if there was nothing for it.
    """
    batch = reader.read()
    if batch is None:
        if follower.idle is not None and reader.holding:
            follower.idle()
        return None
    pause = follower.handle(batch.entries)
    reader.done(batch)
    return pause


def _tell(follower: Follower, error: Exception, failures: int, delay: float) -> None:
    """Log a failure: the first, the second, the fourth, ever more rarely."""
    if failures & (failures - 1):
        return
    if isinstance(error, NotDelivered | NetworkError):
        LOG.warning(
            "%s: %s (failure %d); it is tried again in %g s", follower.name, error, failures, delay
        )
    else:
        LOG.error(
            "%s failed (failure %d); it is tried again in %g s",
            follower.name,
            failures,
            delay,
            exc_info=error,
        )


def lately(d: Deployment, *, seconds: float, at_most: int) -> list[Entry]:
    """What happened in the last seconds, whoever was told of it: one statement.

    Args:
        d: the deployment.
        seconds: how far back.
        at_most: entries, the newest.
    """
    with d.database.read() as conn:
        return journal.newest(conn, since=later(d.clock(), -seconds), at_most=at_most)


def lags(d: Deployment, names: Sequence[str]) -> Iterator[metrics.FollowerLag]:
    """How far followers are behind.

    Args:
        names: of those that are enabled.
    """
    if not names:
        return
    now = datetime.fromisoformat(d.clock())
    with d.database.read() as conn:
        found = journal.lags(conn, names)
    for name, entries, since in found:
        waited = 0.0 if since is None else (now - datetime.fromisoformat(since)).total_seconds()
        yield metrics.FollowerLag(name=name, entries=entries, seconds=max(waited, 0.0))
