"""Messages of one agent are read over; whatever else comes stays."""

import json
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from deuteron.rpc.skipping import marks_of, skip, skipped

AGENT = {"agent_type": "DHCP agent", "host": "evil"}


def a_body(host: str = "evil", agent_type: str = "DHCP agent", method: str = "report_state") -> str:
    state = {"agent_type": agent_type, "host": host, "note": 'a "quoted" word'}
    inner = {"method": method, "args": {"agent_state": {"agent_state": state}}}
    return json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(inner)})


def a_frame(kind: int, payload: bytes, channel: int = 1) -> bytes:
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce"


def a_delivery(tag: int, body: str, channel: int = 1, size: int | None = None) -> bytes:
    payload = body.encode()
    consumer, exchange, key = (
        bytes([len(one)]) + one for one in (b"tag", b"neutron", b"q-reports-plugin")
    )
    method = struct.pack(">HH", 60, 60) + consumer + struct.pack(">QB", tag, 0) + exchange + key
    properties = struct.pack(">HHQH", 60, 0, len(payload) if size is None else size, 0)
    return b"".join(
        a_frame(kind, one, channel) for kind, one in ((1, method), (2, properties), (3, payload))
    )


MARKS = marks_of(a_body(), **AGENT) or ()
HEARTBEAT = a_frame(8, b"", 0)


def test_the_reports_of_an_agent_have_its_names_in_common() -> None:
    assert len(MARKS) == 3
    assert all(one in a_body().encode() for one in MARKS)
    assert not all(one in a_body("evil2").encode() for one in MARKS)
    assert not all(one in a_body(agent_type="L3 agent").encode() for one in MARKS)
    assert not all(one in a_body(method="get_agents").encode() for one in MARKS)
    assert marks_of(a_body().replace(": ", ":").encode(), **AGENT)
    assert marks_of(a_body(), agent_type="DHCP agent", host="h2") is None
    assert marks_of(a_body('e"vil'), agent_type="DHCP agent", host='e"vil') is None


def test_messages_of_the_agent_are_read_over_whole() -> None:
    one, two = a_delivery(7, a_body()), a_delivery(8, a_body())
    assert skipped(b"", 1, MARKS) == (0, 0, False)
    assert skipped(one + two, 1, MARKS) == (len(one + two), 8, False)
    for end in range(1, len(two)):
        assert skipped(one + two[:end], 1, MARKS) == (len(one), 7, False)


@pytest.mark.parametrize(
    "other",
    [
        a_delivery(8, a_body("h2")),
        a_delivery(8, a_body(), channel=2),
        a_delivery(8, a_body(), size=100_000),
        a_delivery(8, ""),
        a_delivery(8, a_body() + "x" * 70_000),
        HEARTBEAT,
        a_frame(1, struct.pack(">HHBB", 20, 40, 0, 0)),
    ],
)
def test_what_is_something_else_stays(other: bytes) -> None:
    flood = a_delivery(7, a_body())
    assert skipped(flood + other + flood, 1, MARKS) == (len(flood), 7, True)


class Connection:
    """One end of a connection of the library for AMQP."""

    def __init__(self, end: socket.socket) -> None:
        self.sock = end
        self._read_buffer = b""

    @contextmanager
    def having_timeout(self, timeout: float) -> Iterator[None]:
        self.sock.settimeout(timeout)
        yield


@pytest.fixture
def ends() -> Iterator[tuple[Any, socket.socket]]:
    """A channel, and the broker's end of its connection."""
    ours, theirs = socket.socketpair()
    transport = Connection(ours)
    yield SimpleNamespace(channel_id=1, connection=SimpleNamespace(transport=transport)), theirs
    ours.close()
    theirs.close()


def left(channel: Any) -> bytes:
    found: bytes = channel.connection.transport._read_buffer
    return found


def test_a_connection_is_read_up_to_what_is_something_else(
    ends: tuple[Any, socket.socket],
) -> None:
    channel, broker = ends
    other = a_delivery(41, a_body("h2")) + a_delivery(42, a_body())
    flood = b"".join(a_delivery(number, a_body()) for number in range(1, 41))
    channel.connection.transport._read_buffer = flood[:100]
    broker.sendall(flood[100:] + other)
    assert skip(channel, MARKS, until=time.monotonic() + 60) == 40
    assert left(channel) == other


def test_what_has_come_in_part_stays(ends: tuple[Any, socket.socket]) -> None:
    channel, broker = ends
    flood = a_delivery(1, a_body()) + a_delivery(2, a_body())
    broker.sendall(flood[:-10])
    assert skip(channel, MARKS, until=time.monotonic() + 60) == 1
    assert left(channel) == a_delivery(2, a_body())[:-10]
    broker.sendall(flood[-10:])
    assert skip(channel, MARKS, until=time.monotonic() + 60) == 2
    assert left(channel) == b""


def test_the_end_of_a_connection_is_left_to_the_library(
    ends: tuple[Any, socket.socket],
) -> None:
    channel, broker = ends
    broker.sendall(a_delivery(1, a_body()))
    broker.close()
    assert skip(channel, MARKS, until=time.monotonic() + 60) == 1


def test_it_comes_to_an_end_while_the_flood_goes_on(ends: tuple[Any, socket.socket]) -> None:
    channel, broker = ends
    broker.sendall(a_delivery(1, a_body()) * 3)
    assert skip(channel, MARKS, until=time.monotonic() - 1) == 0
    assert skip(channel, MARKS, until=time.monotonic() + 60) == 1
