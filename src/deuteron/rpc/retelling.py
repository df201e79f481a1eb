"""What is told again after the broker was away.

What the broker had not handed over yet is lost with it. When it is back, agents need some seconds
to listen again, each after a pause of its own, and what is sent to all in the meantime reaches none
of those that are late. So all that was told shortly before it went, and since, is told again until
everybody had the time to return:

    told . . . told x  x  x told        told told        told                told
               |    broker away |       |                |                   |
               `- kept ---------+-------+- again, all ---+- again, all ------+- again, all

This is possible because states are told, not steps: what is told again is what is then. A broker
that goes while there is nothing to tell is noticed by a knock now and then. A process that begins
to tell does not know what became of the one before it, nor of the broker meanwhile: it tells again
what the journal has of the last time.
"""

import logging
import time
from collections.abc import Callable, Sequence

from deuteron.core.followers import Entry, NotDelivered

LOG = logging.getLogger(__name__)

# Seconds for which what was told is kept: a broker hands over sooner.
_KEPT = 10.0
# Seconds after the first success; agents pause for 30 at most between two tries to connect.
_AGAIN = (5.0, 15.0, 35.0, 65.0)
# Seconds between two knocks: no broker is back sooner than that.
_KNOCKS = 3.0
# Entries that are kept at most.
MOST = 10_000
# Seconds in which a process that told, or the broker, may have gone and another agent not be back.
LATELY = 75.0
# Of them told at once, as when they are told first.
_AT_ONCE = 500


class Retelling:
    """Tells, and tells again what a broker may have lost. Not thread-safe.

    Args:
        tell: does what follows from entries of the journal; `NotDelivered` if the broker is away.
        knock: sends something that nobody hears; raises the same.
        lately: entries of the last `LATELY` seconds, whoever has told them; asked once.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        tell: Callable[[Sequence[Entry]], None],
        knock: Callable[[], None],
        lately: Callable[[], Sequence[Entry]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._knock = knock
        self._clock = clock
        self._lately = lately
        self._kept: dict[int, tuple[float, Entry]] = {}
        self._begun = False
        self._away = True  # for all that this process knows
        self._due: list[float] = []
        self._next_knock = 0.0

    def handle(self, entries: Sequence[Entry]) -> float:
        """As a follower's."""
        self.reach(lambda: self._tell(entries))
        self._keep(entries)
        if self._due:
            self.idle()
        return 0

    def idle(self) -> None:
        """As a follower's: tells again if it is time, and sees whether the broker is there."""
        if self._due and self._clock() >= self._due[0]:
            kept = [entry for _, entry in self._kept.values()]
            self.reach(lambda: self._tell_all(kept))
            del self._due[0]
        elif self._clock() >= self._next_knock:
            self.reach(self._knock)

    def reach(self, do: Callable[[], None]) -> None:
        """Sends something, and notices by it that the broker is away or back.

        Args:
            do: sends it; `NotDelivered` if the broker is away.
        """
        if not self._begun:
            self._keep(self._lately())
            self._begun = True
        try:
            do()
        except NotDelivered:
            self._away = True
            raise
        now = self._clock()
        self._next_knock = now + _KNOCKS
        if self._away:
            self._away = False
            self._due = [now + seconds for seconds in _AGAIN]
            LOG.info("The broker is there; agents are told again what it may have lost")
        if not self._due:
            old = [seq for seq, (at, _) in self._kept.items() if at < now - _KEPT]
            for seq in old:
                del self._kept[seq]

    def _tell_all(self, entries: Sequence[Entry]) -> None:
        for start in range(0, len(entries), _AT_ONCE):
            self._tell(entries[start : start + _AT_ONCE])

    def _keep(self, entries: Sequence[Entry]) -> None:
        now = self._clock()
        for entry in entries:
            self._kept.pop(entry.seq, None)
            self._kept[entry.seq] = now, entry
        for seq in list(self._kept)[: max(len(self._kept) - MOST, 0)]:
            del self._kept[seq]
