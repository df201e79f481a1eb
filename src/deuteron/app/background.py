"""What one process does beside answering requests: chores in one thread, followers in one each.

Several processes may run it at once: whatever has to be done by one of them only is claimed in the
database first.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.util import Finalize

from deuteron.context import RequestContext
from deuteron.core.followers import Bell, Follower, follow
from deuteron.db.engine import Database
from deuteron.errors import NetworkError

LOG = logging.getLogger(__name__)

# Seconds that a follower has for what it has in hand, when the process ends.
_LAST_WORDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Something to be done again and again.

    Args:
        name: for the log.
        every: seconds between two runs.
        run: does it once; an error is logged and the next run comes as always.
    """

    name: str
    every: float
    run: Callable[[], object]


def own_context() -> RequestContext:
    """The service itself as the one who asks."""
    return RequestContext(request_id=f"req-{uuid.uuid4()}", is_admin=True)


class Background:
    """Runs chores in a daemon thread.

    Args:
        chores: each is first run after its own interval.
    """

    def __init__(self, chores: Sequence[Chore]) -> None:
        self._chores = tuple(chores)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="background", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the chore in hand."""
        self._ended.set()
        self._thread.join()

    def _loop(self) -> None:
        waits = {chore.name: chore.every for chore in self._chores}
        while waits:
            pause = min(waits.values())
            if self._ended.wait(pause):
                return
            for chore in self._chores:
                waits[chore.name] -= pause
                if waits[chore.name] <= 0:
                    waits[chore.name] = chore.every
                    self._run(chore)

    def _run(self, chore: Chore) -> None:
        try:
            chore.run()
        except NetworkError as error:
            LOG.warning("%s: %s; it is tried again in %g s", chore.name, error, chore.every)
        except Exception:
            LOG.exception("%s failed; it is tried again in %g s", chore.name, chore.every)


class Following:
    """Runs followers of the journal, each in a daemon thread of its own.

    A clean end of the process lets another one go on at once; after a crash that waits for the
    lease.

    Args:
        database: where the journal is.
        followers: all of them; none costs nothing.
    """

    def __init__(self, database: Database, followers: Sequence[Follower]) -> None:
        self._database = database
        self._bells = [Bell() for _ in followers]
        self._threads = [
            threading.Thread(
                target=follow, args=(database, follower, bell), name=follower.name, daemon=True
            )
            for follower, bell in zip(followers, self._bells, strict=True)
        ]

    def start(self) -> None:
        """Begin."""
        for bell, thread in zip(self._bells, self._threads, strict=True):
            self._database.on_journal(bell.ring)
            thread.start()
        if self._threads:
            # Runs at the end of a forked worker, too, where atexit does not.
            Finalize(None, self.stop, exitpriority=10)

    def stop(self) -> None:
        """End, after what is in hand if that is soon."""
        for bell in self._bells:
            bell.end()
        for thread in self._threads:
            thread.join(_LAST_WORDS)
