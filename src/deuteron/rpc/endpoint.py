"""What a topic is made of: methods under a version, and what a handler is given.

All endpoints of a topic share one namespace: the method's name says which one is meant, and its
version whether it can be served (equal major number, minor number not above the endpoint's).
"""

import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from deuteron.context import RequestContext

LOG = logging.getLogger(__name__)

Handler = Callable[..., Any]


class Outgoing(Protocol):
    """Brings messages to agents; `deuteron.rpc.outgoing` has the real one."""

    def cast(
        self, topic: str, method: str, /, *, host: str, version: str, **arguments: Any
    ) -> None:
        """Tell the agent of one host."""

    def deliver(
        self, topic: str, method: str, /, *, host: str, version: str, **arguments: Any
    ) -> bool:
        """Tell the agent of one host; False if nobody listens for it."""

    def fanout(self, topic: str, method: str, /, *, version: str, **arguments: Any) -> None:
        """Tell all agents that listen to the topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One message of an agent.

    Args:
        ctx: the agent as the one who asks; agents may do everything.
        sender: who it is, as far as the message says so; for the log.
        reply_queue: where the agent waits for the answer, None where it does not wait.
        outgoing: for what other agents have to be told at once.
        tell: what is strange about the message, to the log; of the sender a few times only.
    """

    ctx: RequestContext
    sender: str
    reply_queue: str | None
    outgoing: Outgoing
    tell: Callable[[str], None] = LOG.warning


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Methods of one kind.

    Args:
        version: ``MAJOR.MINOR``, the newest that is served.
        methods: name -> function ``(deployment, call, *, argument, ...)``.
        namespace: that of the messages, None for those without.
    """

    version: str
    methods: Mapping[str, Handler]
    namespace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """The names of the arguments that a handler takes.

    Args:
        required: those without a default.
        known: all of them.
        others: whether any other is welcome, too.
    """

    required: frozenset[str]
    known: frozenset[str]
    others: bool


def arguments_of(handler: Handler) -> Arguments:
    """Reads a handler's signature, once."""
    parameters = list(inspect.signature(handler).parameters.values())[2:]
    named = [one for one in parameters if one.kind is one.KEYWORD_ONLY]
    return Arguments(
        required=frozenset(one.name for one in named if one.default is one.empty),
        known=frozenset(one.name for one in named),
        others=any(one.kind is one.VAR_KEYWORD for one in parameters),
    )


def serves(offered: str, wanted: str) -> bool:
    """Whether an endpoint of one version serves a message of another.

    Args:
        offered: ``MAJOR.MINOR``.
        wanted: what the message says; text of any kind.
    """
    have, want = _numbers(offered), _numbers(wanted)
    return have is not None and want is not None and have[0] == want[0] and have[1] >= want[1]


def _numbers(version: str) -> tuple[int, int] | None:
    major, _, minor = version.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        return None
    return int(major), int(minor)
