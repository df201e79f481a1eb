"""Messages as the broker brings them, judged before anything is made of them.

    bytes --> how many, JSON in JSON, an object, whom to answer  --wrong----> told, dropped
          --> seen just before                                   --yes------> told, dropped
          --> one report too many of an agent in this second     --yes------> told once, dropped
          --> the library, which reads them again, and a thread that answers

To drop a message costs a tenth of what it costs to answer it, so that an agent that does nothing
but report is no burden to the others.
"""

import logging
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import orjson

from deuteron.rpc.lines import Lines
from deuteron.rpc.sender import sender_of, shown

LOG = logging.getLogger(__name__)

JSON = "application/json"
# Bytes of a message. Those of agents have some hundred, those with all devices of a host some
# hundred thousand.
_LARGEST = 10_000_000
# Reports of one agent in a second. An agent that starts has some.
_REPORTS = 20
# Seconds between two lines about an agent that reports too often.
_SILENCE = 600.0
_AGENTS = 50_000
_REMEMBERED = 64
# Characters at both ends of a message that is too large, and who sent it in them.
_GLIMPSE = 4096
_NAMED = re.compile(r'\\?"(host|agent_id|agent_type|_reply_q)\\?": *\\?"([^"\\]+)')
_VERSION, _MESSAGE = "oslo.version", "oslo.message"

Agent = tuple[str, str]


class Verdict(StrEnum):
    """What is to be done with a message."""

    READ = "read"
    """It is to be answered."""
    DROP = "drop"
    """It is nothing that can be; the log says why."""
    FLOOD = "flood"
    """Its sender has said the same often enough, and goes on with it."""


class Gate:
    """Judges the messages of one topic. Not thread-safe.

    Args:
        topic: for the log.
        monotonic: seconds that only grow.

    Attributes:
        flooding: type and host of the agent of the last message that was one too many.
    """

    def __init__(self, topic: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._topic = topic
        self._monotonic = monotonic
        self._lines = Lines(LOG, monotonic=monotonic)
        self._seen: deque[Any] = deque(maxlen=_REMEMBERED)
        self._second = 0
        self._reports: dict[Agent, int] = {}
        self._told: dict[Agent, float] = {}
        self.flooding: Agent = ("", "")

    def judge(self, body: bytes | str, content_type: object = JSON) -> Verdict:
        """What is to be done with a message.

        Args:
            body: as it came.
            content_type: what it says of itself.
        """
        if content_type != JSON:
            return self._drop(_glimpsed(body), "it does not say that it is JSON")
        if len(body) > _LARGEST:
            return self._drop(_glimpsed(body), f"it has more than {_LARGEST:,} bytes")
        try:
            message = _opened(body)
        except ValueError as error:
            why = f"it is none of an agent: {shown(error)}"
            return self._drop("Message of an unknown sender", why)
        arguments, queue = message.get("args"), message.get("_reply_q")
        if not (_is_text(queue) and _is_text(message.get("_msg_id"))):
            return self._drop(sender_of(arguments, None), "it names no queue for its answer")
        unique = message.get("_unique_id")
        if unique is not None and unique in self._seen:
            return self._drop(sender_of(arguments, queue), "it came before")
        if message.get("method") == "report_state" and not self._may_report(arguments, queue):
            return Verdict.FLOOD
        return Verdict.READ

    def taken(self, unique_id: Any) -> None:
        """A message is answered now, and is not to be if it comes again.

        Until then the broker has it: one that comes again after a connection broke is needed.

        Args:
            unique_id: of the message, None if it has none.
        """
        if unique_id is not None:
            self._seen.append(unique_id)

    def _drop(self, sender: str, why: str) -> Verdict:
        self._lines.warn(sender, f"on {self._topic} dropped: {why}")
        return Verdict.DROP

    def _may_report(self, arguments: Any, queue: str | None) -> bool:
        """Whether an agent has not reported too often in this second."""
        now = self._monotonic()
        if self._second != int(now):
            self._second = int(now)
            self._reports.clear()
        agent = _reporting(arguments)
        count = self._reports[agent] = self._reports.get(agent, 0) + 1
        if count <= _REPORTS:
            return True
        self.flooding = agent
        told = self._told.get(agent)
        if told is None or now - told >= _SILENCE:
            if len(self._told) >= _AGENTS:
                self._told.clear()
            self._told[agent] = now
            self._lines.warn(
                sender_of(arguments, queue),
                f"on {self._topic}: it reports more than {_REPORTS} times a second, "
                "what is more is dropped",
            )
        return False


def _opened(body: bytes | str) -> Mapping[str, Any]:
    """What is in a message.

    Raises:
        ValueError: nothing of an agent.
    """
    outer = orjson.loads(body)
    if not isinstance(outer, dict):
        raise ValueError("no object")
    if not (_VERSION in outer and _MESSAGE in outer):
        return outer
    if str(outer[_VERSION]).partition(".")[0] != "2":
        raise ValueError(f"envelope of version {outer[_VERSION]}")
    if not isinstance(outer[_MESSAGE], str):
        raise ValueError("nothing in the envelope")
    inner = orjson.loads(outer[_MESSAGE])
    if not isinstance(inner, dict):
        raise ValueError("no object in the envelope")
    return inner


def _glimpsed(body: bytes | str) -> str:
    """The sender of a message that is not read, as far as its beginning or end tells."""
    some = body[:_GLIMPSE], body[-_GLIMPSE:]
    text = "".join(one if isinstance(one, str) else one.decode(errors="replace") for one in some)
    named = dict(_NAMED.findall(text))
    return sender_of(named, named.get("_reply_q"))


def _is_text(value: Any) -> bool:
    """Whether it is a text or null."""
    return value is None or isinstance(value, str)


def _reporting(arguments: Any) -> Agent:
    """Type and host of the agent that reports."""
    state = arguments
    for _ in range(2):
        state = state.get("agent_state") if isinstance(state, dict) else None
    if not isinstance(state, dict):
        return "", ""
    return str(state.get("agent_type")), str(state.get("host"))
