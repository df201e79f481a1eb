"""Messages to the agents of hosts, which are waited for if they do not listen yet.

After a broker has lost its queues, agents need some seconds to listen again, and messages to nobody
are lost. So an agent that is alive and does not listen is waited for, though not for ever. One that
is dead is told nothing: it asks for everything when it is back, and what had been waiting for it in
the meantime would be old.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterable

from deuteron.core.followers import NotDelivered
from deuteron.rpc.endpoint import Outgoing
from deuteron.rpc.message import Message
from deuteron.rpc.messaging import MessagingException

LOG = logging.getLogger(__name__)

# Seconds that an agent that is alive may take to listen.
_PATIENCE = 60.0


class Delivery:
    """Tells agents of one kind. Not thread-safe.

    Args:
        outgoing: brings messages to agents.
        kind: the agents' type, for the log.
        seconds: monotonic.
    """

    def __init__(
        self, outgoing: Outgoing, *, kind: str, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._outgoing = outgoing
        self._kind = kind
        self._seconds = seconds
        self._deaf: dict[str, float] = {}

    def send(self, messages: Iterable[Message], alive: Collection[str]) -> None:
        """Send messages in their order, those to hosts to agents that are alive.

        Args:
            messages: what is told.
            alive: hosts whose agent is alive.

        Raises:
            NotDelivered: the broker does not take one, or an agent is waited for. What was
                delivered is to be sent again with the rest.
        """
        unheard: set[str] = set()
        for one in messages:
            if one.host is None:
                self._is_taken(one)
            elif one.host not in alive or one.host in unheard:
                continue  # what an agent is told comes in order
            elif self._is_taken(one):
                self._deaf.pop(one.host, None)
            else:
                unheard.add(one.host)
        now = self._seconds()
        waiting = [
            host for host in sorted(unheard) if now < self._deaf.setdefault(host, now + _PATIENCE)
        ]
        if waiting:
            raise NotDelivered(f"the {self._kind}s of {', '.join(waiting)} do not listen")
        for host in unheard:
            LOG.warning("The %s of %s is alive, but listens to nothing", self._kind, host)

    def _is_taken(self, one: Message) -> bool:
        """Send one message; whether somebody is there to hear it."""
        try:
            if one.host is None:
                self._outgoing.fanout(one.topic, one.method, version=one.version, **one.arguments)
                return True
            return self._outgoing.deliver(
                one.topic, one.method, host=one.host, version=one.version, **one.arguments
            )
        except MessagingException as error:
            raise NotDelivered(f"{self._kind}s cannot be told: {error}") from error
