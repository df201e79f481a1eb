"""A private MariaDB server."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pymysql

from tests.instances.process import Folder, free_port, wait_until

_LOGGED = re.compile(r"\b(\d+) (Query|Connect|Quit|Prepare|Execute)\t(.*)")


def programs() -> tuple[str, str] | None:
    """The server and what makes its folder, None if they are not installed."""
    server = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin:/usr/libexec")
    installer = shutil.which("mariadb-install-db")
    return (server, installer) if server and installer else None


class MariaDB:
    """A server that listens on a port of its own. Use `start` and `stop` at will.

    Args:
        more: options beside the usual ones.
        filled: it begins with the tables of a server; one that gets them from another has none.
    """

    dialect = "mysql"

    def __init__(self, more: Sequence[str] = (), *, filled: bool = True) -> None:
        found = programs()
        assert found is not None
        self._server, installer = found
        self._more = more
        self._folder = Folder("mariadb", "mysql")
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        if not filled:
            self._folder.run(["mkdir", str(self.data)])
            return
        self._folder.run(
            [
                installer,
                "--no-defaults",
                f"--datadir={self.data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
                "--innodb-log-file-size=8M",
                "--innodb-flush-method=nosync",
            ]
        )

    @property
    def data(self) -> Path:
        return self._folder.path / "data"

    @property
    def general_log(self) -> Path:
        return self._folder.path / "general.log"

    def start(self) -> None:
        self._process = self._folder.start(
            [
                self._server,
                "--no-defaults",
                f"--datadir={self.data}",
                f"--socket={self._folder.path}/socket",
                f"--pid-file={self._folder.path}/pid",
                f"--port={self.port}",
                "--bind-address=127.0.0.1",
                "--skip-log-bin",
                "--skip-name-resolve",
                "--innodb-buffer-pool-size=64M",
                "--innodb-log-file-size=8M",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-flush-method=nosync",
                "--innodb-fast-shutdown=2",
                "--max-connections=400",
                f"--general-log-file={self.general_log}",
                *self._more,
            ]
        )
        wait_until(
            lambda: self.run("CREATE USER IF NOT EXISTS deuteron IDENTIFIED BY 'secret'"),
            self._process,
            self._folder,
        )

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as the server's administrator; the rows of the last one."""
        connection = pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", autocommit=True, connect_timeout=5
        )
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def create(self, name: str) -> str:
        """Make an empty database; its URL."""
        self.run(f"CREATE DATABASE `{name}`", f"GRANT ALL ON `{name}`.* TO deuteron")
        return self.url(name)

    def drop(self, name: str) -> None:
        self.run(f"DROP DATABASE `{name}`")

    def url(self, name: str) -> str:
        return f"mysql://deuteron:secret@127.0.0.1:{self.port}/{name}"

    def empty(self, name: str, tables: Sequence[str], numbered: Sequence[str] = ()) -> None:
        """Delete all rows of these tables and start the numbers of those over."""
        self.run(
            "SET FOREIGN_KEY_CHECKS = 0",
            *(f"DELETE FROM `{name}`.`{table}`" for table in tables),
            *(f"ALTER TABLE `{name}`.`{table}` AUTO_INCREMENT = 1" for table in numbered),
        )

    def kill_connections(self) -> None:
        """Cut off everybody but the administrator."""
        rows = self.run("SELECT id FROM information_schema.processlist WHERE user = 'deuteron'")
        self.run(*(f"KILL {row[0]}" for row in rows))

    @contextmanager
    def logged(self) -> Iterator[list[str]]:
        """Fills the list with the statements that the server was sent, one per round trip."""
        statements: list[str] = []
        self.general_log.unlink(missing_ok=True)
        self.run("SET GLOBAL general_log = 1", "FLUSH GENERAL LOGS")
        try:
            yield statements
        finally:
            self.run("SET GLOBAL general_log = 0")
            entries = [
                entry.groups()
                for entry in map(_LOGGED.search, self.general_log.read_text().splitlines())
                if entry
            ]
            ours = {who for who, _, what in entries if "GENERAL LOG" in what or "root@" in what}
            ours |= {who for who, _, what in entries if "general_log" in what}
            statements += [f"{kind} {what}" for who, kind, what in entries if who not in ours]

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def remove(self) -> None:
        self.stop()
        self._folder.remove()
