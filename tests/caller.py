"""An agent of a test: calls the server by oslo.messaging, as Neutron's agents do, and listens.

agent = Caller(rabbitmq.url)
agent.call("q-plugin", "tunnel_sync", version="1.4", tunnel_ip="192.0.2.1", ...)
with agent.listening("q-agent-notifier-tunnel-update") as heard:
    ...
    heard.get(timeout=10)
"""

import queue
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from oslo_config import cfg

from deuteron.rpc.messaging import (
    RPCServer,
    Target,
    get_rpc_client,
    get_rpc_transport,
    set_transport_defaults,
)


class _Ear:
    """Stands for the endpoints of an agent: keeps what it is told."""

    def __init__(self) -> None:
        self.heard: queue.Queue[dict[str, Any]] = queue.Queue()

    def dispatch(self, incoming: Any) -> None:
        self.heard.put(incoming.message)


class Caller:
    """One agent.

    Args:
        url: of the broker.
        host: its name there.
    """

    def __init__(self, url: str, host: str = "h1") -> None:
        set_transport_defaults("neutron")
        self._transport = get_rpc_transport(cfg.CONF, url=url)
        self._client = get_rpc_client(self._transport, Target())
        self._host = host

    def call(
        self,
        topic: str,
        method: str,
        *,
        version: str,
        timeout: float = 20,
        arguments: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Any:
        """Ask and wait."""
        asked = self._client.prepare(topic=topic, version=version, timeout=timeout)
        return asked.call({"request_id": "req-agent"}, method, **(arguments or {}), **more)

    def cast(self, topic: str, method: str, *, version: str, **arguments: Any) -> None:
        """Tell and do not wait."""
        self._client.prepare(topic=topic, version=version).cast({}, method, **arguments)

    @contextmanager
    def listening(self, topic: str) -> Iterator["queue.Queue[dict[str, Any]]"]:
        """What the agent is told on a topic in the meantime."""
        ear = _Ear()
        server = RPCServer(
            self._transport, Target(topic=topic, server=self._host), ear, "threading"
        )
        server.start(override_pool_size=1)
        try:
            yield ear.heard
        finally:
            server.stop()
            server.wait()

    def close(self) -> None:
        self._transport.cleanup()
