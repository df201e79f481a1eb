"""The tables: made once, upgraded on demand, refused when they are not ours."""

import subprocess
import sys
from itertools import count

import pytest
from sqlalchemy import create_engine, text

from deuteron.db import schema
from deuteron.db.engine import ConnectionSettings, Database
from deuteron.db.url import parsed_url
from deuteron.errors import StartError
from tests import cpu


def run(url: str, *statements: str) -> None:
    engine = create_engine(parsed_url(url)[0])
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def empty(empty_url):
    database = Database(empty_url)
    yield database
    database.dispose()


def test_an_empty_database_is_filled(empty):
    assert schema.version(empty) is None
    with pytest.raises(StartError, match="deuteron db upgrade"):
        schema.check(empty)
    schema.prepare(empty, may_upgrade=False)
    schema.check(empty)
    assert schema.version(empty) == schema.HEAD
    assert "already" in schema.upgrade(empty)


def test_a_creation_that_was_cut_off_is_begun_again(empty, empty_url):
    schema.prepare(empty, may_upgrade=False)
    run(empty_url, "DROP TABLE tags", "UPDATE deuteron_version SET version_num = 'unfinished'")
    with pytest.raises(StartError, match="deuteron db upgrade"):
        schema.check(empty)
    schema.prepare(empty, may_upgrade=False)
    schema.check(empty)


def test_a_database_newer_than_the_code_is_refused(empty, empty_url):
    schema.prepare(empty, may_upgrade=True)
    run(empty_url, "UPDATE deuteron_version SET version_num = '9999'")
    for refuse in (
        lambda: schema.prepare(empty, may_upgrade=True),
        lambda: schema.upgrade(empty),
        lambda: schema.check(empty),
    ):
        with pytest.raises(StartError, match="revision 9999, which this version does not know"):
            refuse()


def test_tables_of_another_program_are_left_alone(empty, empty_url):
    run(empty_url, "CREATE TABLE networks (id INTEGER)")
    for refuse in (
        lambda: schema.prepare(empty, may_upgrade=True),
        lambda: schema.check(empty),
    ):
        with pytest.raises(StartError, match="another program"):
            refuse()


def test_a_missing_table_is_noticed(empty, empty_url):
    schema.prepare(empty, may_upgrade=True)
    run(empty_url, "DROP TABLE tags")
    with pytest.raises(StartError, match="lacks the tables tags"):
        schema.check(empty)


STARTER = """
import sys
from deuteron.db import schema
from deuteron.db.engine import Database

print("ready", flush=True)
sys.stdin.readline()
database = Database(sys.argv[1])
schema.prepare(database, may_upgrade=True)
schema.check(database)
"""


def test_processes_that_start_at_once_do_not_disturb_each_other(empty_url):
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, empty_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(3)
    ]
    for starter in starters:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "ready\n"
    for starter in starters:
        assert starter.stdin is not None
        starter.stdin.write("go\n")
        starter.stdin.flush()
    outputs = [starter.communicate(timeout=60)[0] for starter in starters]
    assert [starter.returncode for starter in starters] == [0, 0, 0], "\n".join(outputs)


def test_a_fresh_sqlite_database_is_quick(tmp_path):
    databases = (Database(f"sqlite:///{tmp_path}/{number}.sqlite") for number in count())

    def prepare():
        database = next(databases)
        schema.prepare(database, may_upgrade=False)
        database.dispose()

    assert cpu.spent(prepare) < 0.15


def test_waiting_for_another_process_has_no_limit_of_a_connection(database_server):
    url = database_server.create("patient")
    if database_server.dialect == "mysql":
        url += "?read_timeout=1"
    database = Database(url, settings=ConnectionSettings(statement_timeout=1, idle_timeout=1))
    with database.maintenance() as connection:
        sleep = (
            "SELECT SLEEP(1.5)" if database_server.dialect == "mysql" else "SELECT pg_sleep(1.5)"
        )
        connection.execute(text(sleep))
    database.dispose()
    database_server.drop("patient")
