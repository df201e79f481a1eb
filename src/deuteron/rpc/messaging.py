"""oslo.messaging, imported once and rightly: with threads, without eventlet.

All modules of `deuteron.rpc` that need the library take it from here. Its dependencies import
eventlet wherever it is installed, which doubles their memory and patches nothing that is used: for
them it is not there.
"""

import sys
from typing import Any

sys.modules.setdefault("eventlet", None)  # type: ignore[arg-type]

from oslo_service import backend  # noqa: E402 - eventlet has to be out of the way

if backend.get_backend_type() is None:
    backend.init_backend(backend.BackendType.THREADING)

import oslo_messaging  # noqa: E402
from oslo_messaging._drivers.amqp import AMQPDestinationNotFound  # noqa: E402
from oslo_messaging._drivers.common import PURPOSE_SEND  # noqa: E402
from oslo_messaging.rpc.dispatcher import (  # noqa: E402
    ExpectedException,
    NoSuchMethod,
    UnsupportedVersion,
)
from oslo_messaging.rpc.server import RPCServer  # noqa: E402

MessageUndeliverable = oslo_messaging.MessageUndeliverable
MessagingException = oslo_messaging.MessagingException
MessagingTimeout = oslo_messaging.MessagingTimeout
RemoteError = oslo_messaging.RemoteError
Target = oslo_messaging.Target
Transport = oslo_messaging.Transport
TransportOptions = oslo_messaging.TransportOptions
get_rpc_client = oslo_messaging.get_rpc_client
get_rpc_transport = oslo_messaging.get_rpc_transport
set_transport_defaults = oslo_messaging.set_transport_defaults

NO_SUCH_QUEUE = (MessageUndeliverable, AMQPDestinationNotFound)
"""What says that nobody listens where a message goes."""


def sending(driver: Any) -> Any:
    """A connection to send by, for a ``with`` block."""
    return driver._get_connection(PURPOSE_SEND)


__all__ = [
    "NO_SUCH_QUEUE",
    "ExpectedException",
    "MessageUndeliverable",
    "MessagingException",
    "MessagingTimeout",
    "NoSuchMethod",
    "RPCServer",
    "RemoteError",
    "Target",
    "Transport",
    "TransportOptions",
    "UnsupportedVersion",
    "get_rpc_client",
    "get_rpc_transport",
    "sending",
    "set_transport_defaults",
]
