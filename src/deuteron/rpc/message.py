"""One message to agents, as what has to be told becomes before it is sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deuteron.core.followers import NotDelivered
from deuteron.rpc.endpoint import Outgoing
from deuteron.rpc.messaging import MessagingException


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message that nobody answers.

    Args:
        topic: that the agents listen to.
        method: what they are told.
        version: of the method.
        arguments: JSON.
        host: of the agent, None for all that listen.
    """

    topic: str
    method: str
    version: str
    arguments: Mapping[str, Any]
    host: str | None = None


def send(outgoing: Outgoing, messages: Iterable[Message]) -> None:
    """Send messages in their order.

    Raises:
        NotDelivered: the broker does not take one; those before it are on their way.
    """
    for one in messages:
        try:
            if one.host is None:
                outgoing.fanout(one.topic, one.method, version=one.version, **one.arguments)
            else:
                outgoing.cast(
                    one.topic, one.method, host=one.host, version=one.version, **one.arguments
                )
        except MessagingException as error:
            raise NotDelivered(f"agents cannot be told: {error}") from error
