"""Answers on their way: who waits for one may be gone, or not be back yet.

An agent whose broker was away asks as soon as it can, and may have its queue for answers a little
later. So an answer without a queue is tried again for as long as agents wait; apart from the
threads that answer others, and a growing while after each try.

    answer --> its queue is there           sent
           --> it is not, or was not lately  kept, tried after 0.25, 0.5, 1, ... 8 s
                                             dropped after 60 s, with a line of the log
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deuteron.rpc.lines import Lines
from deuteron.rpc.messaging import NO_SUCH_QUEUE, sending
from deuteron.rpc.sender import sender_of

LOG = logging.getLogger(__name__)

# Seconds that agents wait for an answer, if they are not told otherwise.
_PATIENCE = 60.0
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 8.0
# Queues that are not there, and answers that wait for one of them.
_QUEUES = 200
_ANSWERS = 50

Deliver = Callable[[Any, Any, Any], None]


@dataclass(slots=True, kw_only=True)
class _Queue:
    """A queue that is not there.

    Args:
        sender: who waits there.
        until: when nobody waits any more.
        next_try: when to look again.
        pause: seconds after that.
        answers: what is to be sent there: message, result, failure.
    """

    sender: str
    until: float
    next_try: float
    pause: float = _FIRST_PAUSE
    answers: list[tuple[Any, Any, Any]] = field(default_factory=list)


def deliver(message: Any, result: Any, failure: Any) -> None:
    """Send an answer.

    Args:
        message: of the library, what is answered.
        result: JSON.
        failure: what `sys.exc_info` gives, None if there is none.

    Raises:
        NO_SUCH_QUEUE: nobody listens there.
    """
    with sending(message.listener.driver) as connection:
        message._send_reply(connection, result, failure)


class Replies:
    """Brings answers to who asked. Thread-safe.

    Args:
        deliver: sends one; raises one of `NO_SUCH_QUEUE` if nobody listens.
        monotonic: seconds that only grow.
        pause: waits for so many seconds.
    """

    def __init__(
        self,
        deliver: Deliver = deliver,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._deliver = deliver
        self._monotonic = monotonic
        self._pause = pause
        self._lines = Lines(LOG, monotonic=monotonic)
        self._lock = threading.Lock()
        self._queues: dict[str, _Queue] = {}
        self._trying = False

    def send(self, message: Any, result: Any = None, failure: Any = None) -> None:
        """Answer a message, at once or as soon as its queue is there.

        Args:
            message: of the library; one without an id wants no answer.
            result: JSON.
            failure: what `sys.exc_info` gives, None if there is none.
        """
        if not message.msg_id or not message.reply_q:
            return
        if message.reply_q not in self._queues:
            try:
                self._deliver(message, result, failure)
            except NO_SUCH_QUEUE:
                pass
            else:
                return
        self._keep(message, result, failure)

    def _keep(self, message: Any, result: Any, failure: Any) -> None:
        now = self._monotonic()
        sender = sender_of(message.message.get("args"), message.reply_q)
        with self._lock:
            kept = self._queues.get(message.reply_q)
            if kept is None and len(self._queues) < _QUEUES:
                kept = self._queues[message.reply_q] = _Queue(
                    sender=sender, until=now + _PATIENCE, next_try=now + _FIRST_PAUSE
                )
            if kept is None or len(kept.answers) >= _ANSWERS:
                self._lines.warn(sender, "has no queue for its answer, which is dropped")
                return
            kept.answers.append((message, result, failure))
            if self._trying:
                return
            self._trying = True
        threading.Thread(target=self._try_again, name="replies", daemon=True).start()

    def _try_again(self) -> None:
        """Until nothing waits any more."""
        while True:
            self._pause(_FIRST_PAUSE)
            now = self._monotonic()
            with self._lock:
                due = [name for name, one in self._queues.items() if one.next_try <= now]
            for name in due:
                self._look(name, now)
            with self._lock:
                if not self._queues:
                    self._trying = False
                    return

    def _look(self, name: str, now: float) -> None:
        """Send what waits for a queue, if that is there now."""
        kept = self._queues[name]
        while True:
            with self._lock:
                if not kept.answers:
                    del self._queues[name]
                    return
            try:
                self._deliver(*kept.answers[0])
            except NO_SUCH_QUEUE:
                break
            except Exception as error:
                LOG.warning("%s cannot be answered: %r", kept.sender, error)
            with self._lock:
                del kept.answers[0]
        kept.next_try, kept.pause = now + kept.pause, min(2 * kept.pause, _LONGEST_PAUSE)
        if now >= kept.until:
            with self._lock:
                del self._queues[name]
            self._lines.warn(
                kept.sender,
                f"has no queue for its answers since {_PATIENCE:.0f} s;"
                f" {len(kept.answers)} of them are dropped",
            )
