"""Servers in processes of their own, as a person would start them."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

STARTING = 60


@dataclass(kw_only=True)
class Server:
    """A server that was started; its output is in files."""

    process: subprocess.Popen[bytes]
    folder: Path
    url: str = ""

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text()

    @property
    def err(self) -> str:
        return (self.folder / "err").read_text()

    @property
    def pid(self) -> int:
        return self.process.pid

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def wait_for_answer(self) -> None:
        """Waits until the server says where it listens."""
        deadline = time.monotonic() + STARTING
        while time.monotonic() < deadline:
            words = self.out.partition("\n")[0].split()
            if words:
                self.url = words[-1]
                return
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended: {self.err}")
            time.sleep(0.01)
        raise AssertionError(f"no answer within {STARTING} s: {self.err}")

    def get(self, path: str, timeout: float = 30) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=timeout) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def post(self, path: str, document: object, timeout: float = 30) -> int:
        """The status of the answer."""
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps(document).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=STARTING)


Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts ``deuteron serve``, or another program that serves, on a free port."""
    servers: list[Server] = []

    def _start(*options: str, program: str | None = None, state_dir: Path | None = None) -> Server:
        folder = tmp_path / f"server-{len(servers)}"
        folder.mkdir()
        command = ["-m", "deuteron"] if program is None else ["-c", program]
        state = state_dir or tmp_path / "state"
        arguments = ["serve", "--state-dir", str(state), "--port", "0", *options]
        if not any(option.startswith("--config") for option in options):
            (folder / "empty.conf").touch()
            arguments += ["--config-file", str(folder / "empty.conf")]
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-W", "error::ResourceWarning", *command, *arguments],
                stdout=out,
                stderr=err,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        servers.append(Server(process=process, folder=folder))
        return servers[-1]

    yield _start

    for server in servers:
        if server.process.poll() is None:
            server.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.process.wait(timeout=10)
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
