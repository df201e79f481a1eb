"""What happens when the database is not as it should be: one clear error, never half a change."""

import os
import signal
import subprocess
import sys

import pytest
from sqlalchemy import event, insert, select, text

from deuteron.context import RequestContext
from deuteron.db import schema
from deuteron.db.engine import Database
from deuteron.db.tables import tags
from deuteron.db.url import parsed_url
from deuteron.errors import DatabaseUnavailable, StartError, TryAgain
from tests.instances.process import free_port

ASKED = RequestContext(request_id="req-1")
LARGE = "x" * 200


def tag(name: str) -> dict[str, str]:
    return {"resource_id": "r", "tag": name}


def tags_in(database: Database) -> list[str]:
    with database.read() as reader:
        return list(reader.execute(select(tags.c.tag).order_by(tags.c.tag)).scalars())


def write(database: Database, name: str) -> None:
    with database.transaction(ASKED) as tx:
        tx.execute(insert(tags), tag(name))


@pytest.fixture
def remote(database_server):
    """A database on a server."""
    database_server.empty("shared", ["tags"])
    database = Database(database_server.url("shared"))
    yield database
    database.dispose()


# --- connections


def test_stale_connections_are_replaced_unnoticed(database_server, remote):
    together = [remote._engine.connect() for _ in range(3)]
    for connection in together:
        connection.close()
    database_server.kill_connections()
    assert tags_in(remote) == []
    write(remote, "a")
    database_server.kill_connections()
    write(remote, "b")
    assert tags_in(remote) == ["a", "b"]


def test_the_driver_without_a_compiler_does_the_same(mariadb):
    mariadb.empty("shared", ["tags"])
    database = Database(mariadb.url("shared").replace("mysql://", "mysql+pymysql://"))
    write(database, "a")
    mariadb.kill_connections()
    assert tags_in(database) == ["a"]
    mariadb.kill_connections()
    with pytest.raises(TryAgain, match="same key"):
        write(database, "a")
    database.dispose()


def test_a_restart_of_the_server_is_survived(database_server, remote):
    write(remote, "a")
    database_server.stop()
    with pytest.raises(DatabaseUnavailable, match="no connection to the server"):
        tags_in(remote)
    with pytest.raises(DatabaseUnavailable, match="no connection to the server"):
        write(remote, "b")
    database_server.start()
    assert tags_in(remote) == ["a"]
    write(remote, "b")


def test_a_connection_lost_in_a_transaction_means_try_again(database_server, remote):
    with pytest.raises(TryAgain, match="lost"), remote.transaction(ASKED) as tx:
        tx.execute(insert(tags), tag("a"))
        database_server.kill_connections()
        tx.execute(insert(tags), tag("b"))
    assert tags_in(remote) == []


def test_a_connection_lost_while_committing_is_not_repeated(database_server, remote):
    with (
        pytest.raises(DatabaseUnavailable, match="may or may not"),
        remote.transaction(ASKED) as tx,
    ):
        tx.execute(insert(tags), tag("a"))
        database_server.kill_connections()
    assert tags_in(remote) == []


def test_a_pool_that_is_too_small_is_named(tmp_path, sqlite_template):
    database = Database(
        f"sqlite:///{sqlite_template}", pool_size=1, max_overflow=0, pool_timeout=0.1
    )
    with database.read() as reader:
        reader.execute(select(1))
        with pytest.raises(DatabaseUnavailable, match="max_pool_size"):
            tags_in(database)
    database.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://a:b@127.0.0.1:{}/x",
        "mysql+pymysql://a:b@127.0.0.1:{}/x",
        "postgresql://a:b@127.0.0.1:{}/x",
    ],
)
def test_an_unreachable_server_is_named(url):
    database = Database(url.format(free_port()))
    for attempt in (
        lambda: tags_in(database),
        lambda: write(database, "a"),
        lambda: schema.prepare(database, may_upgrade=True),
    ):
        with pytest.raises(DatabaseUnavailable, match="no connection to the server"):
            attempt()
    database.dispose()


def test_a_wrong_password_is_named(mariadb):
    database = Database(f"mysql://deuteron:wrong@127.0.0.1:{mariadb.port}/shared")
    with pytest.raises(DatabaseUnavailable, match="refused the account or its password"):
        tags_in(database)
    database.dispose()


def test_a_missing_database_is_named(database_server):
    if database_server.dialect == "mysql":
        database_server.run("GRANT ALL ON nowhere.* TO deuteron")
    database = Database(database_server.url("nowhere"))
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        tags_in(database)
    database.dispose()


# --- servers that do not take changes


def test_a_read_only_server_still_answers_reads(database_server, remote):
    write(remote, "a")
    if database_server.dialect == "mysql":
        only, again = "SET GLOBAL read_only = 1", "SET GLOBAL read_only = 0"
    else:
        only = "ALTER SYSTEM SET default_transaction_read_only = on"
        again = "ALTER SYSTEM RESET default_transaction_read_only"
    reload = "SELECT 1" if database_server.dialect == "mysql" else "SELECT pg_reload_conf()"
    database_server.run(only, reload)
    try:
        fresh = Database(database_server.url("shared"))
        with pytest.raises(DatabaseUnavailable, match="read-only"):
            write(fresh, "b")
        assert tags_in(fresh) == ["a"]
        fresh.dispose()
    finally:
        database_server.run(again, reload)


def test_a_read_only_file_still_answers_reads(tmp_path, sqlite_template):
    database = Database(f"sqlite:///file:{sqlite_template}?mode=ro&uri=true")
    assert tags_in(database) == []
    with pytest.raises(DatabaseUnavailable, match="file is read-only"):
        write(database, "a")
    database.dispose()


def test_a_missing_folder_is_named(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/nowhere/db.sqlite")
    with pytest.raises(DatabaseUnavailable, match="cannot be opened: check that its folder"):
        schema.prepare(database, may_upgrade=True)
    database.dispose()


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "notes"
    path.write_text("not a database " * 100)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(DatabaseUnavailable, match="not a SQLite database"):
        schema.prepare(database, may_upgrade=True)
    database.dispose()


def test_a_full_disk_loses_nothing_that_was_accepted(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/db.sqlite")
    schema.prepare(database, may_upgrade=True)
    with database.read() as reader:
        pages = reader.execute(text("PRAGMA page_count")).scalar_one()

    def limit(connection, _record):
        connection.execute(f"PRAGMA max_page_count = {pages + 20}")

    database.dispose()
    event.listen(database._engine, "connect", limit)
    accepted = []
    with pytest.raises(DatabaseUnavailable, match="disk is full"):
        for number in range(1000):
            write(database, f"{number:04}{LARGE}")
            accepted.append(f"{number:04}{LARGE}")
    assert len(accepted) > 10
    assert tags_in(database) == accepted
    database.dispose()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_file_system_loses_nothing_that_was_accepted(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", tmp_path]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    database = Database(f"sqlite:///{tmp_path}/db.sqlite")
    try:
        schema.prepare(database, may_upgrade=True)
        accepted = []
        with pytest.raises(DatabaseUnavailable, match="disk"):
            for number in range(100_000):
                write(database, f"{number:06}{LARGE}")
                accepted.append(f"{number:06}{LARGE}")
        assert tags_in(database) == accepted
    finally:
        database.dispose()
        subprocess.run(["umount", tmp_path], check=True)


# --- kill -9

WRITER = """
import itertools, sys
from sqlalchemy import insert
from deuteron.context import RequestContext
from deuteron.db.engine import Database
from deuteron.db.tables import tags

database = Database(sys.argv[1])
for number in itertools.count():
    with database.transaction(RequestContext(request_id="req-1")) as tx:
        tx.execute(insert(tags), {"resource_id": "r", "tag": f"{number:06}"})
        tx.execute(insert(tags), {"resource_id": "s", "tag": f"{number:06}"})
    print(f"{number:06}", flush=True)
"""


def test_a_killed_process_loses_nothing_that_was_accepted(database, database_url):
    accepted = []
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, database_url], stdout=subprocess.PIPE, text=True
    )
    with writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            accepted.append(line.strip())
            if len(accepted) == 50:
                writer.send_signal(signal.SIGKILL)
    with database.read() as reader:
        rows = reader.execute(select(tags).order_by(tags.c.tag)).all()
    first, second = ([row.tag for row in rows if row.resource_id == key] for key in "rs")
    assert first == second, "half a change was kept"
    assert first[: len(accepted)] == accepted
    write(database, "and on")


# --- URLs


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "not a URL"),
        ("sqlite://", "must name a file"),
        ("mysql://host", "names no database"),
        ("mysql+oursql://host/name", "mysql\\+mysqldb"),
        ("oracle://host/name", "supported are sqlite, mysql"),
        ("sqlite:////tmp/x?synchronous=OFF", "NORMAL, FULL or EXTRA"),
    ],
)
def test_an_unusable_url_is_explained(url, words):
    with pytest.raises(StartError, match=words):
        Database(url)


def test_urls_of_old_guides_work():
    old, _ = parsed_url("mysql+pymysql://neutron:p%40ss@db/neutron_ml2?charset=utf8")
    assert old.password == "p@ss"
    assert old.query["charset"] == "utf8mb4"
    assert parsed_url("postgresql+psycopg2://u@h/n")[0].drivername == "postgresql+psycopg"
    assert parsed_url("postgres://u@h/n")[0].drivername == "postgresql+psycopg"
    assert parsed_url("mariadb+pymysql://u@h/n")[0].drivername == "mysql+pymysql"
    assert parsed_url("sqlite:////x?synchronous=full")[1] == "FULL"
