"""Reads over the messages with which one agent floods a connection, without taking them apart.

What the library needs for a message is ten times what it takes to see that it is another one of
the same agent. Thus an agent that sends ten thousand reports a second does not keep those of others
waiting.

    socket --> frames: delivery, properties, body --> all marks are in it?  yes: next one
                                                                            no:  back to the library

Frames: AMQP 0-9-1, 2.3.5 and 4.2; https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf
"""

import re
import struct
import time
from collections.abc import Sequence
from typing import Any

_FRAME = struct.Struct(">BHI")  # kind, channel, length; then so many bytes and one at the end
_METHOD, _PROPERTIES, _BODY = 1, 2, 3
_DELIVERY = struct.pack(">HH", 60, 60)
_NUMBER = struct.Struct(">Q")
_AT_ONCE = 65_536
# Seconds for which more is waited for.
_MOMENT = 0.001

Marks = Sequence[bytes]


def marks_of(body: bytes | str, *, agent_type: str, host: str) -> Marks | None:
    """What all reports of an agent have in common, as it is in the body of a message.

    Args:
        body: of one of its reports.
        agent_type, host: of the agent.

    Returns:
        None if that cannot be told.
    """
    text = body if isinstance(body, bytes) else body.encode()
    found = [b"report_state"] if b"report_state" in text else []
    for name, value in (("agent_type", agent_type), ("host", host)):
        pattern = rf'\\"{name}\\": ?\\"{re.escape(value)}\\"'.encode()
        match = re.search(pattern, text)
        if match is not None:
            found.append(match.group())
    return found if len(found) == 3 else None


def skipped(data: bytes, channel_id: int, marks: Marks) -> tuple[int, int, bool]:
    """How many bytes hold nothing but messages with all marks.

    Args:
        data: begins with a frame.
        channel_id: of the messages.
        marks: that each of them has.

    Returns:
        The number of bytes, the delivery tag of the last of these messages (0 if there is none),
        and whether what follows is something else, rather than a part of a message.
    """
    behind = tag = 0
    while True:
        at = behind
        numbers = []
        for kind in (_METHOD, _PROPERTIES, _BODY):
            if len(data) < at + _FRAME.size:
                return behind, tag, False
            found, channel, length = _FRAME.unpack_from(data, at)
            if (found, channel) != (kind, channel_id) or length > _AT_ONCE:
                return behind, tag, True
            begin, at = at + _FRAME.size, at + _FRAME.size + length + 1
            if len(data) < at:
                return behind, tag, False
            if kind == _METHOD:
                if data[begin : begin + 4] != _DELIVERY:
                    return behind, tag, True
                # class, method, the consumer's name with its length
                numbers.append(_NUMBER.unpack_from(data, begin + 5 + data[begin + 4])[0])
            elif kind == _PROPERTIES:
                # class, weight
                numbers.append(_NUMBER.unpack_from(data, begin + 4)[0])
            elif length != numbers[1] or any(data.find(one, begin, at) < 0 for one in marks):
                return behind, tag, True
        behind, tag = at, numbers[0]


def skip(channel: Any, marks: Marks, *, until: float) -> int:
    """Read over messages that have all marks; what is something else stays to be read.

    Args:
        channel: of the library for AMQP, which has just read a message whole.
        marks: that each of the messages has.
        until: when to stop at the latest, by `time.monotonic`.

    Returns:
        The delivery tag of the last message, 0 if there was none.
    """
    transport = channel.connection.transport
    data: bytes = transport._read_buffer
    last = 0
    stop = False
    while not stop:
        behind, tag, stop = skipped(data, channel.channel_id, marks)
        data, last = data[behind:], tag or last
        if stop or time.monotonic() > until:
            break
        try:
            with transport.having_timeout(_MOMENT):
                more = transport.sock.recv(_AT_ONCE)
        except TimeoutError:
            break
        except OSError:
            more = b""
        stop = not more  # the library finds out why
        data += more
    transport._read_buffer = data
    return last
