"""The databases that tests run on.

`database` gives a test three runs: SQLite always, MariaDB and PostgreSQL among the slow tests. It
has all tables and what every site begins with. `empty_url` names one without tables; `two_nodes`
one that two servers have.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deuteron.db import schema
from deuteron.db.engine import ConnectionSettings, Database
from deuteron.db.tables import METADATA
from tests.instances import galera as galera_cluster
from tests.instances import mariadb as mariadb_server
from tests.instances import postgresql as postgresql_server
from tests.instances import rabbitmq as rabbitmq_server
from tests.instances.galera import Galera
from tests.instances.keystone import Keystone
from tests.instances.mariadb import MariaDB
from tests.instances.postgresql import PostgreSQL
from tests.instances.rabbitmq import RabbitMQ

DIALECTS = [
    "sqlite",
    pytest.param("mysql", marks=pytest.mark.slow),
    pytest.param("postgresql", marks=pytest.mark.slow),
]
# One database per server is shared by all tests; its rows are deleted in between.
_SHARED = "shared"
_TABLES = [table.name for table in reversed(METADATA.sorted_tables)]
_NUMBERED = [
    table.name for table in METADATA.sorted_tables if table.autoincrement_column is not None
]


@pytest.hookimpl(tryfirst=True)  # before `-m` looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for a server, starts processes or tries every back end is slow."""
    servers = {"galera", "mariadb", "postgresql", "database_server", "keystone", "rabbitmq"}
    for item in items:
        whole = item.path.parent.name in {"contract", "e2e", "interop", "process"}
        if whole or servers & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


def missing(what: str) -> None:
    """Skip the test where a program is missing, visibly; fail where it must not be."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed (tests/install-servers does it)")
    pytest.skip(f"{what} is not installed")


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A running MariaDB server."""
    if mariadb_server.programs() is None:
        missing("MariaDB")
    server = MariaDB()
    try:
        server.start()
        _fill(server.create(_SHARED))
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def galera() -> Iterator[Galera]:
    """A running cluster of two MariaDB servers."""
    if galera_cluster.provider() is None:
        missing("Galera")
    cluster = Galera()
    try:
        cluster.start()
        _fill(cluster.first.create(_SHARED))
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture
def two_nodes(galera: Galera) -> tuple[str, str]:
    """The URLs of one database as a new site has it, on two servers."""
    _empty(galera.first)
    return galera.first.url(_SHARED), galera.second.url(_SHARED)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A running PostgreSQL server."""
    if postgresql_server.programs() is None:
        missing("PostgreSQL")
    server = PostgreSQL()
    try:
        server.start()
        _fill(server.create(_SHARED))
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMQ]:
    """A running RabbitMQ server."""
    if rabbitmq_server.programs() is None:
        missing("RabbitMQ")
    server = RabbitMQ()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    _fill(f"sqlite:///{path}")
    return path


def _fill(url: str) -> None:
    database = Database(url)
    schema.prepare(database, may_upgrade=True)
    database.dispose()


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """The URL of a SQLite database as a new site has it, for tests that are not about databases."""
    path = tmp_path / "deuteron.sqlite"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=DIALECTS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database as a new site has it, on each kind of server."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    server = request.getfixturevalue("mariadb" if request.param == "mysql" else "postgresql")
    _empty(server)
    yield server.url(_SHARED)


def _empty(server: MariaDB | PostgreSQL) -> None:
    """Make the shared database of a server as a new site has it."""
    server.empty(_SHARED, _TABLES, _NUMBERED)
    emptied = Database(server.url(_SHARED))
    with emptied.maintenance() as connection:
        schema.fill(connection)
    emptied.dispose()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database as a new site has it, on each kind of server."""
    opened = Database(database_url, settings=ConnectionSettings(lock_timeout=5))
    yield opened
    opened.dispose()


@pytest.fixture(params=["mysql", "postgresql"])
def database_server(request: pytest.FixtureRequest) -> MariaDB | PostgreSQL:
    """Each of the servers, for tests that disturb it. They leave it running."""
    chosen: MariaDB | PostgreSQL = request.getfixturevalue(
        "mariadb" if request.param == "mysql" else "postgresql"
    )
    return chosen


@pytest.fixture(params=DIALECTS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, on each kind of server."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/deuteron.sqlite"
        return
    server = request.getfixturevalue("mariadb" if request.param == "mysql" else "postgresql")
    name = f"empty_{uuid4().hex[:12]}"
    yield server.create(name)
    server.drop(name)


@pytest.fixture(scope="session")
def keystone() -> Iterator[Keystone]:
    """A running Keystone with projects and users."""
    server = Keystone()
    try:
        server.start()
        server.fill()
        yield server
    finally:
        server.remove()
