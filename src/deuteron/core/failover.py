"""When things are taken from agents that are dead: not before everybody had the time to report."""

import time
from collections.abc import Callable

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.core.liveness import alive_since
from deuteron.db import agents as rows

_QUIET_ROUNDS = 3


class FailOver:
    """Takes things from dead agents; called again and again by one process.

    It acts from the third round on in which agents were alive: after a start, a pause, a leap of
    the clock or while the broker was away all agents must first have the time to report. Rounds
    come twice per ``agent_down_time``.

    Args:
        d: the deployment.
        agent_type: of the agents.
        move: ``(deployment, context)``, takes things from the dead; how many.
        context: makes the context of a round.
        seconds: the present time in seconds.
    """

    def __init__(
        self,
        d: Deployment,
        agent_type: str,
        move: Callable[[Deployment, RequestContext], int],
        context: Callable[[], RequestContext],
        *,
        seconds: Callable[[], float] = time.time,
    ) -> None:
        self._d = d
        self._agent_type = agent_type
        self._move = move
        self._context = context
        self._seconds = seconds
        self._last: float | None = None
        self._quiet_rounds = 0

    def __call__(self) -> int:
        """One round; how many things were taken from dead agents."""
        now, before = self._seconds(), self._last
        self._last = now
        with self._d.database.read() as conn:
            found = rows.hosts_alive(conn, self._agent_type, alive_since(self._d))
        if before is None or not 0 <= now - before <= self._d.settings.agent_down_time:
            self._quiet_rounds = 0
        self._quiet_rounds = self._quiet_rounds + 1 if any(found.values()) else 0
        if self._quiet_rounds < _QUIET_ROUNDS:
            return 0
        return self._move(self._d, self._context())
