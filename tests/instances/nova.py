"""A stand-in for Nova: takes events over HTTP as Nova (or Ironic) does, and remembers them.

with Nova() as nova:
    ... [nova] auth_type = none, endpoint = nova.url ...
    nova.events
"""

import json
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from tests.instances.process import free_port

Event = dict[str, Any]
# What it says to a request's events: a status and a document; None for what Nova usually says.
Says = Callable[[Sequence[Event]], tuple[int, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that it took: its events, and its headers in lower case."""

    events: list[Event]
    headers: dict[str, str]
    status: int


class Nova:
    """Stopped, it refuses connections; `start` and `stop` at will.

    Args:
        path: where events are taken, with the version before it.
    """

    def __init__(self, path: str = "/v2.1/os-server-external-events") -> None:
        self.port = free_port()
        self.path = path
        self.requests: list[Request] = []
        self.says: Says = lambda _events: None
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Its endpoint, as in a catalog."""
        return f"http://127.0.0.1:{self.port}{self.path.rpartition('/')[0]}"

    @property
    def events(self) -> list[Event]:
        """All that it has accepted, in order."""
        return [
            event for request in self.requests if request.status < 300 for event in request.events
        ]

    @property
    def names(self) -> list[str]:
        """The names of those."""
        return [event["name"] for event in self.events]

    def start(self) -> "Nova":
        nova = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                status, document = nova._taken(
                    self.path,
                    {name.lower(): value for name, value in self.headers.items()},
                    json.loads(self.rfile.read(length)),
                )
                answer = b"" if document is None else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_words: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            # A stopped server answers nobody, those who are connected neither.
            open_sockets: ClassVar[list[socket.socket]] = []

            def process_request(self, request: Any, client_address: Any) -> None:
                self.open_sockets.append(request)
                super().process_request(request, client_address)

            def server_close(self) -> None:
                super().server_close()
                for one in self.open_sockets:
                    with suppress(OSError):
                        one.shutdown(socket.SHUT_RDWR)

        self._server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    __enter__ = start

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _taken(self, path: str, headers: dict[str, str], document: Any) -> tuple[int, Any]:
        if path != self.path:
            return 404, {"itemNotFound": {"message": path, "code": 404}}
        events = document["events"]
        status, said = self.says(events) or (
            200,
            {"events": [{**event, "status": "completed", "code": 200} for event in events]},
        )
        self.requests.append(Request(events=events, headers=headers, status=status))
        return status, said
