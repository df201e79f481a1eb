"""Keeps agents that report far too often away from the database, and says so once in a while.

An agent reports every half a minute, and when it starts a few times more. What says the same again
within moments is answered from memory; what says something else each time is answered so, too,
when an agent has used up its share.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

LOG = logging.getLogger(__name__)

# Seconds in which a report that says the same as the last one is not written again.
_SAME_WITHIN = 2.0
# Reports of one agent that are written at once, and so many more per second.
_AT_ONCE = 10.0
_PER_SECOND = 2.0
# Seconds between two lines about the same agent.
_SILENCE = 600.0
# Seconds by which the clock of an agent may differ.
_CLOCK = 60.0
_AGENTS = 50_000

Key = tuple[str, str]


class Verdict(StrEnum):
    """What is to be done with a report."""

    WRITE = "write"
    """It is to be kept."""
    KNOWN = "known"
    """It is as good as kept."""


@dataclass(slots=True, kw_only=True)
class _Agent:
    """What is remembered of one agent."""

    said: Mapping[str, Any] | None = None
    said_at: float = 0.0
    share: float = _AT_ONCE
    share_at: float = 0.0
    queue: str | None = None
    earlier_queue: str | None = None
    told: dict[str, float] = field(default_factory=dict)


class Intake:
    """Judges reports. Thread-safe.

    Args:
        monotonic: seconds that only grow.
        now: the present time, aware of its zone.
    """

    def __init__(self, *, monotonic: Callable[[], float], now: Callable[[], datetime]) -> None:
        self._monotonic = monotonic
        self._now = now
        self._agents: dict[Key, _Agent] = {}
        self._lock = threading.Lock()

    def judge(self, state: Mapping[str, Any], *, sender: str, reply_queue: str | None) -> Verdict:
        """Whether a report has to be written.

        Args:
            state: what the agent reports, with ``agent_type`` and ``host``.
            sender: who it is, for the log.
            reply_queue: where it waits for the answer; each process of an agent has its own.
        """
        now = self._monotonic()
        with self._lock:
            agent = self._agent(state)
            self._watch_queues(agent, now, sender, reply_queue)
            if agent.said == state and now - agent.said_at < _SAME_WITHIN:
                return Verdict.KNOWN
            agent.share = min(_AT_ONCE, agent.share + (now - agent.share_at) * _PER_SECOND)
            agent.share_at = now
            if agent.share < 1:
                self._tell(agent, "share", now, "%s reports more than can be of use", sender)
                return Verdict.KNOWN
            agent.share -= 1
            return Verdict.WRITE

    def written(self, state: Mapping[str, Any]) -> None:
        """Note that a report is kept.

        Args:
            state: as `judge` was given it.
        """
        with self._lock:
            agent = self._agent(state)
            agent.said, agent.said_at = dict(state), self._monotonic()

    def compare_clocks(self, state: Mapping[str, Any], time: str, *, sender: str) -> None:
        """Tell of an agent whose clock is not ours; its reports count as of when they come.

        Args:
            state: what it reports.
            time: of the report by its own clock, ISO 8601 in UTC without a zone.
            sender: who it is, for the log.

        Raises:
            ValueError: this is no time.
        """
        reported = datetime.fromisoformat(time)
        if reported.tzinfo is None:
            reported = reported.replace(tzinfo=UTC)
        ahead = (reported - self._now()).total_seconds()
        if abs(ahead) <= _CLOCK:
            return
        with self._lock:
            self._tell(
                self._agent(state),
                "clock",
                self._monotonic(),
                "%s: its clock is %.0f s %s ours",
                sender,
                abs(ahead),
                "ahead of" if ahead > 0 else "behind",
            )

    def _agent(self, state: Mapping[str, Any]) -> _Agent:
        key = (str(state.get("agent_type")), str(state.get("host")))
        agent = self._agents.get(key)
        if agent is None:
            if len(self._agents) >= _AGENTS:
                self._agents.clear()
            agent = self._agents[key] = _Agent(share_at=self._monotonic())
        return agent

    def _watch_queues(
        self, agent: _Agent, now: float, sender: str, reply_queue: str | None
    ) -> None:
        """An agent that restarts has another queue; two agents have theirs in turn."""
        if reply_queue is None or reply_queue == agent.queue:
            return
        if reply_queue == agent.earlier_queue:
            self._tell(
                agent,
                "queues",
                now,
                "%s: two agents of this type claim its host, the other one by reply_queue=%s",
                sender,
                agent.queue,
            )
        agent.earlier_queue, agent.queue = agent.queue, reply_queue

    def _tell(self, agent: _Agent, about: str, now: float, words: str, *values: object) -> None:
        told = agent.told.get(about)
        if told is None or now - told >= _SILENCE:
            agent.told[about] = now
            LOG.warning(words, *values)
