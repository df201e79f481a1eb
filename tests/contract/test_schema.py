"""The tables: made once, upgraded on demand, refused when they are not ours."""

import multiprocessing
import time

import pytest
from sqlalchemy import create_engine, text

from deuteron.db import schema
from deuteron.db.engine import Database
from deuteron.db.url import parsed_url
from deuteron.errors import StartError


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


def _start(url: str, failures: "multiprocessing.Queue[str]") -> None:
    database = Database(url)
    try:
        schema.prepare(database, may_upgrade=True)
        schema.check(database)
    except Exception as error:
        failures.put(repr(error))
    database.dispose()


def test_processes_that_start_at_once_do_not_disturb_each_other(empty_url):
    spawn = multiprocessing.get_context("spawn")
    failures = spawn.Queue()
    starters = [spawn.Process(target=_start, args=(empty_url, failures)) for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(60)
    assert failures.empty(), failures.get()


def test_a_fresh_sqlite_database_is_quick(tmp_path):
    best = 1.0
    for attempt in range(5):
        database = Database(f"sqlite:///{tmp_path}/{attempt}.sqlite")
        began = time.process_time()
        schema.prepare(database, may_upgrade=False)
        best = min(best, time.process_time() - began)
        database.dispose()
    assert best < 0.15
