"""Processes beside those that answer requests: forked, and started anew when they die.

children = Children([Child(name="rpc", run=...)])
children.start()
children.stop()
"""

import logging
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess

LOG = logging.getLogger(__name__)

# Seconds before a child that died is started again; twice as long each time it dies soon.
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
# A child that lived so many seconds had started well.
_WELL = 60.0
# Seconds that a child has to end after SIGTERM.
_GRACE = 15.0
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process.

    Args:
        name: for the log.
        run: does its work until SIGTERM; called in the process.
    """

    name: str
    run: Callable[[], None]


@dataclass(slots=True, kw_only=True)
class _Running:
    """A child and its process."""

    child: Child
    process: ForkProcess
    since: float
    pause: float = _FIRST_PAUSE


class Children:
    """Keeps processes running.

    Args:
        children: what is to run.
    """

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = tuple(children)
        self._running: list[_Running] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="children", daemon=True)

    def start(self) -> None:
        """Start all of them and watch them."""
        for child in self._children:
            self._running.append(
                _Running(child=child, process=_forked(child), since=time.monotonic())
            )
        if self._running:
            self._thread.start()

    def stop(self) -> None:
        """End all of them; those that do not listen are killed."""
        self._ended.set()
        if self._running:
            self._thread.join()
        for one in self._running:
            one.process.terminate()
        deadline = time.monotonic() + _GRACE
        for one in self._running:
            one.process.join(max(0.0, deadline - time.monotonic()))
            if one.process.is_alive():
                LOG.warning("Process %s does not end; it is killed", one.child.name)
                one.process.kill()
                one.process.join()

    def _watch(self) -> None:
        while not self._ended.is_set():
            wait([one.process.sentinel for one in self._running], timeout=0.5)
            for one in self._running:
                if not self._ended.is_set() and not one.process.is_alive():
                    self._again(one)

    def _again(self, one: _Running) -> None:
        if time.monotonic() - one.since > _WELL:
            one.pause = _FIRST_PAUSE
        LOG.error(
            "Process %s (%s) ended with code %s; it is started again in %g s",
            one.child.name,
            one.process.pid,
            one.process.exitcode,
            one.pause,
        )
        if self._ended.wait(one.pause):
            return
        one.pause = min(2 * one.pause, _LONGEST_PAUSE)
        one.process.close()
        one.process = _forked(one.child)
        one.since = time.monotonic()


def _forked(child: Child) -> ForkProcess:
    process = multiprocessing.get_context("fork").Process(
        target=_begin, args=(child,), name=child.name
    )
    process.start()
    return process


def _begin(child: Child) -> None:
    """In the new process: signals as a fresh process has them, but blocked until it listens."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    for number in _ENDING:
        signal.signal(number, signal.SIG_DFL)
    child.run()
