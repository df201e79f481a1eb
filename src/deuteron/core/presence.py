"""Whether a site has agents of a type at all: one without them pays nothing for scheduling."""

import time
from collections.abc import Callable

from deuteron.db import agents as rows
from deuteron.db.transaction import Connectable

# Seconds after which the database is asked again.
_FRESH = 10.0


class Presence:
    """What this process last heard of agents of a type.

    It may be wrong for some seconds after another process has met the first agent. Nothing is lost
    by that: a new agent asks for all that lacks one, and who follows the journal for agents makes
    up for what was not scheduled since.

    Args:
        agent_type: as agents report it.
        clock: seconds, monotonic.
    """

    def __init__(self, agent_type: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.agent_type = agent_type
        self._clock = clock
        self._there = False
        self._until = float("-inf")

    def there(self, conn: Connectable) -> bool:
        """Whether there are any, dead or alive: no statement where it was asked just before."""
        if self._clock() >= self._until:
            self._note(rows.any_of_type(conn, self.agent_type))
        return self._there

    def met(self) -> None:
        """Such an agent has reported, or was seen in the database."""
        self._note(True)

    def _note(self, there: bool) -> None:
        self._there = there
        self._until = self._clock() + _FRESH
