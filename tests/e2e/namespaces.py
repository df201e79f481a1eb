"""Network namespaces without names: nothing of them can outlive the tests.

A namespace is held by an open file and by the processes in it. Whoever ends the tests, however,
has the kernel close the file, and with it go the namespace and all its links.
"""

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)

T = TypeVar("T")


class Namespace:
    """A network namespace.

    Args:
        path: of the namespace of somebody else; None makes a new one.
    """

    def __init__(self, path: str | None = None) -> None:
        self._file = os.open(path, os.O_RDONLY) if path else _in_thread(_made)

    @property
    def path(self) -> str:
        """Where commands find it."""
        return f"/proc/{os.getpid()}/fd/{self._file}"

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a command in it."""
        return run("nsenter", f"--net={self.path}", "--", *command, check=check)

    def shell(self, script: str) -> str:
        """Runs a shell script in it that ends at the first failure; its output."""
        return self.run("sh", "-euc", script).stdout

    def inside(self, call: Callable[[], T]) -> T:
        """The result of a call in it; sockets that it makes stay in the namespace."""

        def entered() -> T:
            if _LIBC.setns(self._file, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            return call()

        return _in_thread(entered)

    def listen(self, address: str, port: int) -> socket.socket:
        """A socket that listens in it."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return self.inside(
            lambda: socket.create_server((address, port), family=family, backlog=200)
        )

    def close(self) -> None:
        """Lets go of it."""
        os.close(self._file)


def run(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end; what it printed is in the error if it fails."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def _made() -> int:
    if _LIBC.unshare(_CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def _in_thread(call: Callable[[], T]) -> T:
    """The result of a call in a thread of its own, as a thread's namespace is its own too."""
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def first_child(pid: int) -> int | None:
    """The process that a process has started first, None if it has none."""
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(words[0]) if words else None
