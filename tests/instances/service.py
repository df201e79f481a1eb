"""A private Deuteron: `deuteron serve` as a process of its own, on a port and folder of its own.

service = Service({"ml2": {"mechanism_drivers": "openvswitch"}})
with service.running():
    service.url, service.clouds
"""

import http.client
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from tests.instances.process import die_with_parent

Options = Mapping[str, Mapping[str, object]]

_ENDPOINT = re.compile(r"^ *endpoint: (\S+)$", re.MULTILINE)


class Service:
    """A server of the API. Use `start` and `stop` at will; `remove` ends it for good.

    Args:
        options: the configuration, section -> option -> value; SQLite if it names no database.
        workers: processes that answer.
        port: to listen on; 0 for any, which only a server without authentication tells in a file.
    """

    def __init__(self, options: Options, *, workers: int = 1, port: int = 0) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="deuteron-service-"))
        self.state = self.folder / "state"
        self.configuration = self.folder / "deuteron.conf"
        self.configuration.write_text(as_ini(options), encoding="utf-8")
        self.url = ""
        self._workers = workers
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def clouds(self) -> Path:
        """The clouds.yaml that the server wrote; its cloud is ``deuteron``."""
        return self.state / "clouds.yaml"

    @property
    def log(self) -> str:
        """The end of what the server has printed and logged."""
        text = (self.folder / "log").read_text(encoding="utf-8", errors="replace")
        return "".join(text.splitlines(keepends=True)[-40:])

    @property
    def pid(self) -> int:
        """Of the parent process; its children are the workers."""
        assert self._process is not None
        return self._process.pid

    def start(self, *, seconds: float = 60) -> float:
        """Start it and wait for its first answer.

        Args:
            seconds: to wait at most.

        Returns:
            the seconds that it took.
        """
        self.clouds.unlink(missing_ok=True)
        self.url = f"http://127.0.0.1:{self._port}" if self._port else ""
        begin = time.perf_counter()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "deuteron", "serve"),
                    *("--config-file", self.configuration),
                    *("--state-dir", self.state),
                    *("--port", str(self._port)),
                    *("--workers", str(self._workers)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - no lock is held when it is called
            )
        while not self._answers():
            if self._process.poll() is not None or time.perf_counter() > begin + seconds:
                self.stop()
                raise RuntimeError(f"deuteron serve does not answer:\n{self.log}")
            time.sleep(0.005)
        return time.perf_counter() - begin

    def stop(self) -> int:
        """End it by SIGTERM; its exit code, 0 also if it does not run."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._process = None
        return code

    def remove(self) -> None:
        """End it and remove its folder."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def running(self) -> Iterator["Service"]:
        """Runs until the end of the block; nothing is left behind."""
        try:
            self.start()
            yield self
        finally:
            self.remove()

    def _answers(self) -> bool:
        if not self.url:
            written = _ENDPOINT.search(self.clouds.read_text()) if self.clouds.exists() else None
            if written is None:
                return False
            self.url = written[1]
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        try:
            connection.request("GET", "/v2.0/networks?limit=1")
            status = connection.getresponse().status
        except OSError:
            return False
        finally:
            connection.close()
        if status not in {HTTPStatus.OK, HTTPStatus.UNAUTHORIZED}:
            raise RuntimeError(f"deuteron serve answers {status}:\n{self.log}")
        return True


def as_ini(options: Options) -> str:
    """The configuration as a file."""
    return "".join(
        f"[{section}]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())
        for section, values in options.items()
    )
