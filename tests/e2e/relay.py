"""Makes ports of this machine's loopback reachable as the same ports on hosts' loopbacks.

    python relay.py PORT[,PORT...] PID[,PID...]

A socket stays in the namespace in which it was made: those that listen are made in the network
namespaces of the processes, those that go out are made here. No route joins hosts and machine, and
the broker stays on loopback.
"""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tests.e2e.namespaces import Namespace

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def _answer(port: int) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))

    return answer


async def _serve(ports: list[int], pids: list[int]) -> None:
    listening: list[socket.socket] = []
    for pid in pids:
        namespace = Namespace(f"/proc/{pid}/ns/net")
        for port in ports:
            listening.append(namespace.listen("127.0.0.1", port))
            await asyncio.start_server(_answer(port), sock=listening[-1])
        namespace.close()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(
        _serve(
            [int(one) for one in sys.argv[1].split(",")], [int(o) for o in sys.argv[2].split(",")]
        )
    )
