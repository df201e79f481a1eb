"""One process that speaks with agents: a server per topic, all of one deployment."""

import logging
import socket
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from oslo_config import cfg

from deuteron.config import Settings
from deuteron.core.deployment import Deployment
from deuteron.rpc.dispatcher import Dispatcher
from deuteron.rpc.endpoint import Endpoint
from deuteron.rpc.messaging import (
    Target,
    Transport,
    get_rpc_transport,
    set_transport_defaults,
)
from deuteron.rpc.outgoing import BrokerOutgoing
from deuteron.rpc.server import Server

LOG = logging.getLogger(__name__)

# A broker that comes back is to be served soon: what agents ask before is lost. Seconds.
_IMPATIENCE = {"rabbit_retry_backoff": 1, "rabbit_interval_max": 3}
# Messages of one topic that a process works on at a time.
_THREADS = 8


def connect(settings: Settings) -> Transport:
    """The way to the broker; nothing is connected yet.

    Options of the library itself (``[oslo_messaging_rabbit]``) are read from the files by
    oslo.config's global object, which the configuration has filled.

    Args:
        settings: with a ``transport_url``.
    """
    set_transport_defaults(settings.control_exchange)
    transport = get_rpc_transport(cfg.CONF, url=settings.transport_url)
    for option, value in _IMPATIENCE.items():
        cfg.CONF.set_default(option, value, group="oslo_messaging_rabbit")
    return transport


class Service:
    """Answers topics.

    Args:
        deployment: what handlers work with.
        transport: to the broker.
        topics: topic -> endpoints; all that there are.
        only: those that this process answers, None for all.
    """

    def __init__(
        self,
        deployment: Deployment,
        transport: Transport,
        topics: Mapping[str, tuple[Endpoint, ...]],
        *,
        only: Collection[str] | None = None,
    ) -> None:
        outgoing = BrokerOutgoing(transport)
        name = socket.gethostname()
        self._servers = [
            Server(
                transport,
                Target(topic=topic, server=name),
                Dispatcher(deployment, outgoing, topic=topic, endpoints=endpoints),
                threads=_THREADS,
            )
            for topic, endpoints in topics.items()
            if only is None or topic in only
        ]

    def begin(self) -> None:
        """Answer from now on; returns when the broker has been reached."""
        for server in self._servers:
            server.begin()

    def end(self) -> None:
        """Take no more messages and finish those in hand.

        All topics at once: one that is quiet takes the library up to five seconds.
        """
        with ThreadPoolExecutor(len(self._servers) or 1) as pool:
            list(pool.map(Server.end, self._servers))
