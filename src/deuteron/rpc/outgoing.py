"""What agents are told: casts to one host, and to all who listen.

    outgoing = BrokerOutgoing(transport)
    outgoing.cast("dhcp_agent", "network_create_end", host="h1", version="1.0", payload={...})
    outgoing.fanout("q-agent-notifier-tunnel-update", "tunnel_update", version="1.0", ...)

A message is on its way when the call returns; while the broker is away, the call raises.
"""

from typing import Any

from deuteron.rpc.messaging import (
    MessageUndeliverable,
    Target,
    Transport,
    TransportOptions,
    get_rpc_client,
)

# Neutron's agents ask no more of a context than to be there.
_CONTEXT: dict[str, Any] = {"is_admin": True}
# The broker says if it has no queue for a message.
_AT_LEAST_ONCE = TransportOptions(at_least_once=True)
# Messages of which the broker is not sure are sent again so many times before it is an error.
_RETRIES = 2


class BrokerOutgoing:
    """Sends by the broker. Thread-safe.

    Args:
        transport: to the broker.
    """

    def __init__(self, transport: Transport) -> None:
        self._client = get_rpc_client(transport, Target(), retry=_RETRIES)

    def cast(
        self, topic: str, method: str, /, *, host: str, version: str, **arguments: Any
    ) -> None:
        """Tell the agent of one host, without waiting for it.

        Args:
            topic: that its kind of agents listens to.
            method: what it is told.
            host: where it is.
            version: of the method.
            arguments: of the method.

        Raises:
            MessageDeliveryFailure: the broker does not take it.
        """
        told = self._client.prepare(topic=topic, server=host, version=version)
        told.cast(_CONTEXT, method, **arguments)

    def deliver(
        self, topic: str, method: str, /, *, host: str, version: str, **arguments: Any
    ) -> bool:
        """Tell the agent of one host, and see to it that the message waits for it.

        After a broker has lost its queues an agent needs some seconds to be back.

        Args:
            topic: that its kind of agents listens to.
            method: what it is told.
            host: where it is.
            version: of the method.
            arguments: of the method.

        Returns:
            False if the broker has no queue for that agent.

        Raises:
            MessageDeliveryFailure: the broker does not take it.
        """
        told = self._client.prepare(
            topic=topic, server=host, version=version, transport_options=_AT_LEAST_ONCE
        )
        try:
            told.cast(_CONTEXT, method, **arguments)
        except MessageUndeliverable:
            return False
        return True

    def fanout(self, topic: str, method: str, /, *, version: str, **arguments: Any) -> None:
        """Tell all agents that listen to the topic.

        Args:
            topic: that they listen to.
            method: what they are told.
            version: of the method.
            arguments: of the method.

        Raises:
            MessageDeliveryFailure: the broker does not take it.
        """
        told = self._client.prepare(topic=topic, fanout=True, version=version)
        told.cast(_CONTEXT, method, **arguments)

    def call(
        self,
        topic: str,
        method: str,
        /,
        *,
        host: str,
        version: str,
        timeout: float | None = None,
        **arguments: Any,
    ) -> Any:
        """Ask the agent of one host and wait for its answer.

        Args:
            topic: that its kind of agents listens to.
            method: what it is asked.
            host: where it is.
            version: of the method.
            timeout: seconds, None for ``rpc_response_timeout``.
            arguments: of the method.

        Raises:
            MessagingTimeout: no answer came.
            MessageDeliveryFailure: the broker does not take it.
        """
        more = {} if timeout is None else {"timeout": timeout}
        asked = self._client.prepare(topic=topic, server=host, version=version, **more)
        return asked.call(_CONTEXT, method, **arguments)
