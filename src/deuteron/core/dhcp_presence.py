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
            return self.ask(conn)
        return self._there

    def ask(self, conn: Connectable) -> bool:
        """Whether there are any now, for those who must not miss the first: one statement."""
        self._remember(rows.any_agent(conn))
        return self._there

    def met(self) -> None:
        """A DHCP agent has reported to this process."""
        self._remember(True)

    def _remember(self, there: bool) -> None:
        self._there = there
        self._until = self._clock() + _FRESH
