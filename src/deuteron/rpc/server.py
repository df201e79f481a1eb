"""Takes the messages of one topic from the broker, a few at a time.

    broker --> Entrance, Gate --> the library --> a thread, Dispatcher --> Replies --> broker

The library would read as fast as the broker delivers and keep what it cannot work on in memory. A
`Server` reads no further while all of its threads are busy: what waits does so at the broker,
where it expires when nobody waits for the answer any more, and a process that is killed loses
little. It would also read whatever comes, and have a thread wait for whoever asked to be back.
"""

import threading
from functools import partial
from typing import Any

from deuteron.rpc.dispatcher import Dispatcher
from deuteron.rpc.entrance import Entrance
from deuteron.rpc.gate import Gate
from deuteron.rpc.messaging import RPCServer, Target, Transport
from deuteron.rpc.replies import Replies


class Server(RPCServer):  # type: ignore[misc] # the library has no types
    """Answers one topic in threads.

    Args:
        transport: to the broker.
        target: the topic, and the name of this server.
        dispatcher: answers.
        threads: messages that are worked on at a time.
    """

    def __init__(
        self, transport: Transport, target: Target, dispatcher: Dispatcher, *, threads: int
    ) -> None:
        super().__init__(transport, target, dispatcher, "threading")
        self._threads = threads
        self._room = threading.BoundedSemaphore(threads)
        self._gate = Gate(target.topic)
        self._replies = Replies()

    def begin(self) -> None:
        """Start; returns when the broker has been reached."""
        self.start(override_pool_size=self._threads)

    def end(self) -> None:
        """Take no more messages and finish those in hand."""
        self.stop()
        self.wait()

    def _create_listener(self) -> Any:
        listener = super()._create_listener()
        Entrance(self._gate, listener._poll_style_listener)
        return listener

    def _on_incoming(self, incoming: Any) -> None:
        for message in incoming:
            self._gate.taken(message.unique_id)
            message.reply = partial(self._replies.send, message)
        self._room.acquire()
        try:
            super()._on_incoming(incoming)
        except BaseException:
            self._room.release()
            raise

    def _process_incoming(self, incoming: Any) -> None:
        try:
            super()._process_incoming(incoming)
        finally:
            self._room.release()
