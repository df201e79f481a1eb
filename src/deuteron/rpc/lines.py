"""Lines of the log about what agents do wrong: some of each, then how many there were.

Who does something wrong does it again, and may do so thousands of times in a second.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

# Lines about one sender, and about all together: at once, and so many more per second.
_OF_ONE = (100.0, 1.0)
_OF_ALL = (1000.0, 10.0)
_SENDERS = 10_000


@dataclass(slots=True)
class _Share:
    """What is left of so many at once and so many per second.

    Args:
        left: lines.
        at: when that was so.
        untold: lines that were one too many since the last one.
    """

    left: float
    at: float
    untold: int = 0

    def take(self, now: float, most: float, per_second: float) -> bool:
        """Whether there is one more."""
        self.left = min(most, self.left + (now - self.at) * per_second)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Lines:
    """Warns of senders. Thread-safe.

    Args:
        log: where to.
        monotonic: seconds that only grow.
    """

    def __init__(
        self, log: logging.Logger, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._senders: dict[str, _Share] = {}
        self._all = _Share(_OF_ALL[0], monotonic())

    def warn(self, sender: str, words: str) -> None:
        """Tell what a sender did, unless that was told often enough of it.

        Args:
            sender: see `deuteron.rpc.sender`.
            words: what follows it.
        """
        now = self._monotonic()
        with self._lock:
            share = self._senders.get(sender)
            if share is None:
                if len(self._senders) >= _SENDERS:
                    self._senders.clear()
                share = self._senders[sender] = _Share(_OF_ONE[0], now)
            if not (share.take(now, *_OF_ONE) and self._all.take(now, *_OF_ALL)):
                share.untold += 1
                return
            untold, share.untold = share.untold, 0
        more = f" ({untold} lines about it were left out before this one)" if untold else ""
        self._log.warning("%s %s%s", sender, words, more)
