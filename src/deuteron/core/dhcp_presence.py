"""Whether a site has DHCP agents at all, so that one without them pays nothing for scheduling."""

import time
from collections.abc import Callable

from deuteron.db import dhcp_agents as rows
from deuteron.db.transaction import Connectable

# Seconds after which the database is asked again.
_FRESH = 10.0


class DhcpPresence:
    """What this process last heard of DHCP agents.

    It may be wrong for some seconds after another process has met the first agent. Nothing is lost
    by that: a new agent asks for all networks that lack one, and who follows the journal for agents
    makes up for what was not scheduled since.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._there = False
        self._until = float("-inf")

    def there(self, conn: Connectable) -> bool:
        """Whether there are any, dead or alive: no statement where it was asked just before."""
        if self._clock() >= self._until:
            self._note(rows.any_agent(conn))
        return self._there

    def met(self) -> None:
        """A DHCP agent has reported, or was seen in the database."""
        self._note(True)

    def _note(self, there: bool) -> None:
        self._there = there
        self._until = self._clock() + _FRESH
