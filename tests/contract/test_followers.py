"""Followers of the journal: everything at least once and in order, by one process at a time."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import update

from deuteron.app.background import Following
from deuteron.context import RequestContext
from deuteron.core import followers
from deuteron.core.followers import Follower, NotDelivered
from deuteron.db.engine import Database
from deuteron.db.journal import Entry, JournalReader
from deuteron.db.moments import later
from deuteron.db.tables import journal, journal_readers
from tests.deployments import Clock, a_deployment

ASKED = RequestContext(request_id="req-1")


@dataclass
class Told:
    """Remembers what it was told; fails as often as it is asked to."""

    ids: list[str] = field(default_factory=list)
    details: list[object] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    pause: float = 0

    def __call__(self, entries: Sequence[Entry]) -> float:
        if self.failures:
            raise self.failures.pop()
        self.ids += [entry.resource_id for entry in entries]
        self.details += [entry.details for entry in entries]
        return self.pause


def change(database: Database, *ids: str) -> None:
    with database.transaction(ASKED) as tx:
        for one in ids:
            tx.journal("port", one, "update", "owner", {"status": one})


def until(condition: Callable[[], object], seconds: float = 10) -> float:
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() < begin + seconds, "it did not happen"
        time.sleep(0.005)
    return time.monotonic() - begin


@contextmanager
def following(database: Database, told: Told, lease: float = 15) -> Iterator[Following]:
    """A process that follows; ready when it holds the name."""
    running = Following(database, [Follower(name="test", handle=told, lease=lease)])
    running.start()
    try:
        yield running
    finally:
        running.stop()


def ready(database: Database) -> None:
    """Wait until somebody holds the name, so that it begins now."""

    def held() -> bool:
        with database.read() as reader:
            rows = reader.execute(journal_readers.select()).all()
        return bool(rows and rows[0].holder)

    until(held)


def test_it_is_told_at_once_and_in_order_with_details(database):
    told = Told()
    with following(database, told):
        ready(database)
        took = 0.0
        for number in range(5):
            change(database, f"{number}")
            took += until(lambda n=number: len(told.ids) > n)
    assert told.ids == ["0", "1", "2", "3", "4"]
    assert told.details == [{"status": one} for one in told.ids]
    assert took < 5 * followers.POLL / 2, "commits of this process wake it"


def test_changes_of_other_processes_are_found_by_looking(database, database_url):
    other = Database(database_url)
    told = Told()
    with following(database, told):
        ready(database)
        change(other, "a")
        assert until(lambda: told.ids) < 10 * followers.POLL
    other.dispose()


@pytest.mark.parametrize("error", [NotDelivered("it is closed"), ValueError("what?")])
def test_what_failed_is_told_again(database, error):
    told = Told(failures=[error, error])
    with following(database, told):
        ready(database)
        change(database, "a", "b")
        until(lambda: told.ids)
    assert told.ids == ["a", "b"]
    assert not told.failures


def test_it_goes_on_where_it_was(database):
    told = Told()
    with following(database, told):
        ready(database)
        change(database, "a")
        until(lambda: told.ids)
    change(database, "b")
    with following(database, told):
        took = until(lambda: told.ids[1:])
    assert told.ids == ["a", "b"]
    assert took < 3, "a clean end gives the name back"


def test_another_goes_on_for_one_that_died(database):
    dead = JournalReader(database, "test", from_now=True, lease=2)
    assert dead.read() is None  # holds the name from now on
    change(database, "a")
    assert dead.read() is not None  # and dies with it
    told = Told()
    with following(database, told, lease=2):
        until(lambda: told.ids)
    assert told.ids == ["a"]


def test_only_one_of_many_is_told(database):
    told = Told()
    with following(database, told), following(database, told), following(database, told):
        ready(database)
        for number in range(10):
            change(database, f"{number}")
        until(lambda: len(told.ids) >= 10)
    assert told.ids == [f"{number}" for number in range(10)]


def test_more_comes_at_once_after_a_pause(database):
    batches: list[int] = []

    def handle(entries: Sequence[Entry]) -> float:
        batches.append(len(entries))
        return 0.5

    running = Following(database, [Follower(name="test", handle=handle)])
    running.start()
    try:
        ready(database)
        change(database, "a")
        until(lambda: batches)
        for number in range(6):
            change(database, f"{number}")
        until(lambda: sum(batches) == 7)
    finally:
        running.stop()
    assert batches == [1, 6]


def test_who_has_nothing_to_handle_may_do_something_else(database):
    done: list[int] = []
    told = Told()

    def idle() -> None:
        done.append(len(told.ids))
        if len(done) == 1:
            raise NotDelivered("not yet")

    running = Following(database, [Follower(name="test", handle=told, idle=idle)])
    running.start()
    try:
        until(lambda: len(done) > 1)
        change(database, "a")
        until(lambda: done[-1] == 1)
    finally:
        running.stop()


def test_what_happened_lately_is_there_for_who_begins(database, tmp_path):
    clock = Clock()
    d = a_deployment(database, tmp_path, clock=clock)

    def change_at(seconds: float, one: str) -> None:
        with database.transaction(ASKED) as tx:
            tx.journal("port", one, "update", "owner")
            tx.flush()
            tx.execute(
                update(journal)
                .where(journal.c.resource_id == one)
                .values(at=later(clock(), -seconds))
            )

    for seconds, one in ((100, "old"), (60, "a"), (1, "b")):
        change_at(seconds, one)
    found = followers.lately(d, seconds=75, at_most=10)
    assert [entry.resource_id for entry in found] == ["a", "b"]
    assert [e.resource_id for e in followers.lately(d, seconds=75, at_most=1)] == ["b"]


def test_nobody_follows_at_no_cost(database):
    running = Following(database, [])
    before = threading.active_count()
    running.start()
    assert threading.active_count() == before
    change(database, "a")
    running.stop()


def test_the_lag_counts_what_was_not_told_yet(database, tmp_path):
    clock = Clock()
    deployment = a_deployment(database, tmp_path, clock=clock)
    reader = JournalReader(database, "test", from_now=True)
    reader.read()
    assert [(lag.entries, lag.seconds) for lag in followers.lags(deployment, ["test"])] == [(0, 0)]
    change(database, "a", "b")
    batch = reader.read()
    assert batch is not None
    clock.now = batch.entries[0].at
    clock.turn(30)
    assert [(lag.entries, lag.seconds) for lag in followers.lags(deployment, ["test"])] == [(2, 30)]
    reader.done(batch)
    assert [lag.entries for lag in followers.lags(deployment, ["test", "else"])] == [0]
    assert list(followers.lags(deployment, [])) == []
