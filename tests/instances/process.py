"""A server process of the tests' own: ready when it answers, gone when the tests are."""

import contextlib
import ctypes
import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def die_with_parent() -> None:
    """Have the kernel end this child when the tests are killed."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Folder:
    """A temporary folder that belongs to the account of a server.

    Args:
        account: who the server runs as if the tests run as root, which servers refuse.
    """

    def __init__(self, prefix: str, account: str) -> None:
        _remove_left_over(f"deuteron-{prefix}-*")
        self.path = Path(tempfile.mkdtemp(prefix=f"deuteron-{prefix}-"))
        # Held as long as these tests live, however they end.
        self._lock = (self.path / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.user: pwd.struct_passwd | None = None
        if os.geteuid() == 0:
            self.user = _account(account)
            os.chown(self.path, self.user.pw_uid, self.user.pw_gid)

    def run(self, command: Sequence[str]) -> None:
        """Run a command to its end as the account; its output is shown if it fails."""
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=self.path,
            user=self.user.pw_uid if self.user else None,
            group=self.user.pw_gid if self.user else None,
            extra_groups=[] if self.user else None,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout}\n{done.stderr}")

    def start(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a server as the account; its output goes to ``log`` in the folder.

        Args:
            command: the server and its words.
            environment: all of its variables, None for those of the tests; a server that is given
                them gets a process group of its own, too, to be ended with its helpers.
        """
        with (self.path / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.path,
                env=environment,
                start_new_session=environment is not None,
                user=self.user.pw_uid if self.user else None,
                group=self.user.pw_gid if self.user else None,
                extra_groups=[] if self.user else None,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - no threads yet
            )

    def remove(self) -> None:
        self._lock.close()
        shutil.rmtree(self.path, ignore_errors=True)


def _remove_left_over(pattern: str) -> None:
    """Remove the folders of tests that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(pattern):
        with contextlib.suppress(OSError), (folder / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


def _account(name: str) -> pwd.struct_passwd:
    for candidate in (name, "nobody"):
        try:
            return pwd.getpwnam(candidate)
        except KeyError:
            continue
    raise RuntimeError(f"there is no account {name} or nobody")


def wait_until(
    answers: Callable[[], None],
    process: subprocess.Popen[bytes],
    folder: Folder,
    seconds: float = 60,
) -> None:
    """Wait until a call does not raise; if the process ends first, show its log."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answers()
            return
        except Exception:
            log = (folder.path / "log").read_text(errors="replace")
            if process.poll() is not None:
                raise RuntimeError(f"{process.args!r} ended:\n{log}") from None
            if time.monotonic() > deadline:
                raise RuntimeError(f"{process.args!r} does not answer:\n{log}") from None
            time.sleep(0.05)
