"""A private PostgreSQL server."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.instances.process import Folder, free_port, wait_until

_LOGGED = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*)")


def programs() -> tuple[str, str] | None:
    """The server and what makes its folder, None if they are not installed."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name)
    )
    path = str(folders[-1]) if folders else None
    server = shutil.which("postgres", path=path) or shutil.which("postgres")
    installer = shutil.which("initdb", path=path) or shutil.which("initdb")
    return (server, installer) if server and installer else None


class PostgreSQL:
    """A server that listens on a port of its own. Use `start` and `stop` at will."""

    dialect = "postgresql"

    def __init__(self) -> None:
        found = programs()
        assert found is not None
        self._server, installer = found
        self._folder = Folder("postgresql", "postgres")
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        # A locale whose order is not that of code points, as servers in the field have it.
        self._folder.run(
            [
                installer,
                f"--pgdata={self.data}",
                "--username=root",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale-provider=icu",
                "--icu-locale=en-US",
                "--no-sync",
            ]
        )

    @property
    def data(self) -> Path:
        return self._folder.path / "data"

    def start(self) -> None:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "shared_buffers": "32MB",
            "max_connections": "200",
            "autovacuum": "off",
        }
        self._process = self._folder.start(
            [
                self._server,
                "-D",
                str(self.data),
                *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
            ]
        )
        wait_until(lambda: self.run("SELECT 1"), self._process, self._folder)

    def run(self, *statements: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run statements as the server's administrator; the rows of the last one."""
        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="root",
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        ) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def create(self, name: str) -> str:
        """Make an empty database; its URL."""
        self.run(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        self.run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def url(self, name: str) -> str:
        return f"postgresql://root@127.0.0.1:{self.port}/{name}"

    def empty(self, name: str, tables: Sequence[str], numbered: Sequence[str] = ()) -> None:
        """Delete all rows of these tables and start the numbers of those over."""
        # Without the triggers that check foreign keys.
        self.run(
            "SET session_replication_role = replica",
            *(f'DELETE FROM "{table}"' for table in tables),
            *(f'TRUNCATE "{table}" RESTART IDENTITY' for table in numbered),
            database=name,
        )

    def kill_connections(self) -> None:
        """Cut off everybody but the administrator."""
        self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'deuteron'"
        )

    @contextmanager
    def logged(self) -> Iterator[list[str]]:
        """Fills the list with the statements that the server was sent, one per round trip."""
        statements: list[str] = []
        log = self._folder.path / "log"
        self._log_statements("all")
        begin = log.stat().st_size
        try:
            yield statements
        finally:
            self._log_statements("none")
            with log.open() as lines:
                lines.seek(begin)
                for line in lines:
                    entry = _LOGGED.search(line)
                    if entry and "log_statement" not in entry[1] and "conf" not in entry[1]:
                        statements.append(entry[1].strip())

    def _log_statements(self, which: str) -> None:
        self.run(f"ALTER SYSTEM SET log_statement = '{which}'", "SELECT pg_reload_conf()")
        time.sleep(0.2)  # until the signal has reached everybody

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
            self._process = None

    def remove(self) -> None:
        self.stop()
        self._folder.remove()
