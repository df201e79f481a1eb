"""A client that costs as little as can be: bytes out, bytes in, over connections that stay open.

A server that closes them after each answer, as some do, gets new ones.

Requests are encoded before the clock is read, and answers are parsed after it.
"""

import json
import socket
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit


class Failed(Exception):
    """The server refused what was to be measured."""


class Client:
    """Requests to one server, in turn over several connections, so that all workers get some.

    Args:
        url: of the server, without a path.
        connections: how many.
    """

    def __init__(self, url: str, *, connections: int = 8) -> None:
        parts = urlsplit(url)
        self._host = parts.netloc
        self._address = (parts.hostname, parts.port)
        self._sockets = [self._connected() for _ in range(connections)]
        self._turn = cycle(range(connections))

    def _connected(self) -> socket.socket:
        made = socket.create_connection(self._address, 600)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def close(self) -> None:
        """Close all connections."""
        for one in self._sockets:
            one.close()

    def encoded(self, method: str, path: str, body: Any = None) -> bytes:
        """A request as it travels.

        Args:
            method: of HTTP.
            path: below ``/v2.0``.
            body: to be sent as JSON.
        """
        content = b"" if body is None else json.dumps(body).encode()
        length = f"Content-Length: {len(content)}\r\n" if content else ""
        head = f"{method} /v2.0{path} HTTP/1.1\r\nHost: {self._host}\r\n{length}\r\n"
        return head.encode() + content

    def send(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to an encoded request."""
        turn = next(self._turn)
        connection = self._sockets[turn]
        connection.sendall(request)
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            self._receive(connection, received)
        status = int(received[9:12])
        begin = end + 4
        at = received.lower().find(b"\r\ncontent-length:", 0, end)
        length = 0 if at < 0 else int(received[at + 17 : received.find(b"\r\n", at + 2)])
        while len(received) < begin + length:
            self._receive(connection, received)
        if b"\r\nconnection: close" in received[:end].lower():
            connection.close()
            self._sockets[turn] = self._connected()
        return status, bytes(received[begin : begin + length])

    @staticmethod
    def _receive(connection: socket.socket, received: bytearray) -> None:
        part = connection.recv(1 << 20)
        if not part:
            raise Failed("the server closed the connection")
        received += part

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request outside the measurements, parsed.

        Raises:
            Failed: it was refused.
        """
        return decoded(self.send(self.encoded(method, path, body)))


def decoded(answer: tuple[int, bytes]) -> Any:
    """The body of an answer.

    Args:
        answer: status and body.

    Raises:
        Failed: the status is not of success.
    """
    status, body = answer
    if not 200 <= status < 300:
        raise Failed(f"{status} {body[:500].decode(errors='replace')}")
    return json.loads(body) if body else None
