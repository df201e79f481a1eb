"""Log lines: one line each, on standard error, with the id of the request they belong to.

2014-06-04T12:00:00.123Z INFO req-8f0c... deuteron.api.faults GET /v2.0/ports/x refused: ...
"""

import copy
import logging
import time
from contextvars import ContextVar
from typing import TextIO

# The request that the running code works for: its own id, and the caller's global one behind a
# slash where it sent one. '-' outside of requests.
REQUEST: ContextVar[str] = ContextVar("request", default="-")

# What these fail at is what others have sent, or the network: where in their code says nothing.
_WITHOUT_TRACEBACKS = ("oslo.messaging", "oslo_messaging")

_FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(request)s %(name)s %(message)s"


def _with_request(record: logging.LogRecord) -> bool:
    record.request = REQUEST.get()
    return True


class _OneLine(logging.Formatter):
    """Times in UTC; line breaks within a message are shown as such, our own tracebacks are kept."""

    converter = time.gmtime  # type: ignore[assignment]

    def format(self, record: logging.LogRecord) -> str:
        if record.exc_info and record.name.startswith(_WITHOUT_TRACEBACKS):
            error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
            record = copy.copy(record)
            record.msg, record.args = f"{record.getMessage()} ({error!r})", ()
            record.exc_info = record.exc_text = None
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (of logging)
        record.message = record.message.replace("\r", "\\r").replace("\n", "\\n")
        return super().formatMessage(record)


def configure(*, debug: bool = False, stream: TextIO | None = None) -> None:
    """Send the log of this process to a stream.

    Args:
        debug: say more, of our own modules.
        stream: None for standard error.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_OneLine(_FORMAT, datefmt="%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(_with_request)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("deuteron").setLevel(logging.DEBUG if debug else logging.INFO)
