"""The journal's readers: everything once, whatever order transactions commit in."""

import random
import threading
import time
from contextlib import ExitStack

import pytest
from sqlalchemy import func, insert, select, update

from deuteron.context import RequestContext
from deuteron.db.engine import ConnectionSettings, Database
from deuteron.db.journal import VOID, JournalReader, prune
from deuteron.db.tables import journal, journal_readers
from deuteron.errors import TryAgain

ASKED = RequestContext(request_id="req-1")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = 1_400_000_000

    def __call__(self) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.moment))

    def forward(self, seconds: float) -> None:
        self.moment += int(seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def remote(database_server):
    """A server, where transactions can be open at the same time."""
    database_server.empty("shared", ["journal", "journal_readers"], ["journal"])
    database = Database(database_server.url("shared"), settings=ConnectionSettings(lock_timeout=1))
    yield database
    database.dispose()


def change(database: Database, *resource_ids: str) -> None:
    with database.transaction(ASKED) as tx:
        for resource_id in resource_ids:
            tx.journal("port", resource_id, "create", "owner")


def delivered(reader: JournalReader) -> list[str]:
    """The ids of everything that is there to read."""
    ids: list[str] = []
    while (batch := reader.read()) is not None:
        ids.extend(entry.resource_id for entry in batch.entries)
        assert reader.done(batch)
    return ids


def gaps_of(database: Database) -> list[object]:
    with database.read() as reader:
        return list(reader.execute(select(journal_readers.c.gaps)).scalar_one())


def voids_in(database: Database) -> int:
    with database.read() as reader:
        count = select(func.count()).select_from(journal).where(journal.c.event == VOID)
        return int(reader.execute(count).scalar_one())


# --- in order


def test_entries_are_read_once_and_in_order(database, clock):
    change(database, "a", "b")
    reader = JournalReader(database, "test", clock=clock, batch=2)
    assert delivered(reader) == ["a", "b"]
    assert delivered(reader) == []
    change(database, "c", "d", "e")
    assert delivered(reader) == ["c", "d", "e"]


def test_each_name_has_its_own_place(database, clock):
    change(database, "a")
    assert delivered(JournalReader(database, "one", clock=clock)) == ["a"]
    change(database, "b")
    assert delivered(JournalReader(database, "two", clock=clock)) == ["a", "b"]


def test_a_new_name_may_begin_now(database, clock):
    change(database, "a")
    reader = JournalReader(database, "test", from_now=True, clock=clock)
    assert delivered(reader) == []
    change(database, "b")
    assert delivered(reader) == ["b"]


# --- out of order


def test_an_entry_that_commits_late_is_not_skipped(remote, clock):
    reader = JournalReader(remote, "test", clock=clock)
    change(remote, "first")
    assert delivered(reader) == ["first"]
    with remote.transaction(ASKED) as late:
        late.journal("port", "late", "create", "owner")
        late.flush()
        change(remote, "early")
        assert delivered(reader) == ["early"]
        assert len(gaps_of(remote)) == 1
        assert delivered(reader) == []
    assert delivered(reader) == ["late"]
    assert gaps_of(remote) == []


def test_what_follows_a_late_entry_does_not_overtake_it(remote, clock):
    change(remote, "0")
    reader = JournalReader(remote, "test", clock=clock)
    assert delivered(reader) == ["0"]
    statements = 0
    with ExitStack() as under_way:
        late = under_way.enter_context(remote.transaction(ASKED))
        late.journal("port", "late", "create", "owner")
        late.flush()
        change(remote, "1")
        assert delivered(reader) == ["1"]

        def commit_in_between(_statement: str) -> None:
            nonlocal statements
            statements += 1
            if statements == 2:
                under_way.close()
                change(remote, "after it")

        with remote.watched(commit_in_between):
            first = delivered(reader)
    assert first + delivered(reader) == ["late", "after it"]


def test_a_late_entry_is_not_lost_by_a_change_of_readers(remote, clock):
    with remote.transaction(ASKED) as late:
        late.journal("port", "late", "create", "owner")
        late.flush()
        change(remote, "early")
        first = JournalReader(remote, "test", clock=clock)
        assert delivered(first) == ["early"]
        first.release()
    assert delivered(JournalReader(remote, "test", clock=clock)) == ["late"]


def test_a_name_that_begins_now_gets_what_is_under_way(remote, clock):
    with remote.transaction(ASKED) as late:
        late.journal("port", "late", "create", "owner")
        late.flush()
        change(remote, "before")
        reader = JournalReader(remote, "test", from_now=True, clock=clock)
        assert delivered(reader) == []
    assert delivered(reader) == ["late"]


def test_a_gap_of_a_transaction_that_failed_is_closed(remote, clock):
    reader = JournalReader(remote, "test", clock=clock, grace=10)
    with pytest.raises(ZeroDivisionError), remote.transaction(ASKED) as failing:
        failing.journal("port", "x", "create", "owner")
        failing.journal("port", "y", "create", "owner")
        failing.flush()
        _ = 1 / 0
    change(remote, "a")
    assert delivered(reader) == ["a"]
    clock.forward(9)
    assert delivered(reader) == []
    assert voids_in(remote) == 0
    clock.forward(2)
    assert delivered(reader) == []
    assert gaps_of(remote) == []
    assert voids_in(remote) == 2
    # another name finds the gap filled and says nothing of it
    assert delivered(JournalReader(remote, "other", clock=clock)) == ["a"]


def test_a_transaction_that_outlives_the_grace_is_waited_for(remote, clock):
    reader = JournalReader(remote, "test", clock=clock, grace=10)
    with remote.transaction(ASKED) as late:
        late.journal("port", "late", "create", "owner")
        late.flush()
        change(remote, "early")
        assert delivered(reader) == ["early"]
        clock.forward(60)
        assert delivered(reader) == []
        change(remote, "more")
        assert delivered(reader) == ["more"]
        assert len(gaps_of(remote)) == 1
    assert delivered(reader) == ["late"]
    assert voids_in(remote) == 0


def test_a_number_that_was_given_up_cannot_be_used_any_more(remote, clock):
    reader = JournalReader(remote, "test", clock=clock, grace=10)
    with pytest.raises(ZeroDivisionError), remote.transaction(ASKED) as failing:
        failing.journal("port", "x", "create", "owner")
        failing.flush()
        number = failing.execute(select(func.max(journal.c.seq))).scalar_one()
        _ = 1 / 0
    change(remote, "a")
    assert delivered(reader) == ["a"]
    clock.forward(11)
    assert delivered(reader) == []
    with pytest.raises(TryAgain), remote.transaction(ASKED) as slow:
        columns = [column.name for column in journal.columns if column.name != "seq"]
        slow.execute(insert(journal), {"seq": number, **dict.fromkeys(columns, "late")})


def test_nothing_is_lost_or_doubled_when_many_write(database):
    reader = JournalReader(database, "test", grace=2, batch=7)
    dice = random.Random(7)
    written: list[str] = []
    stop = threading.Event()

    def write(writer: int) -> None:
        for number in range(25):
            name, pause, fails = f"{writer}-{number}", dice.random() / 100, dice.random() < 0.2
            try:
                with database.transaction(ASKED) as tx:
                    tx.journal("port", f"{name}-a", "create", "owner")
                    tx.journal("port", f"{name}-b", "create", "owner")
                    tx.flush()
                    time.sleep(pause)
                    if fails:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                continue
            written.extend((f"{name}-a", f"{name}-b"))

    seen: list[str] = []

    def read() -> None:
        while not stop.is_set():
            seen.extend(delivered(reader))
            time.sleep(0.002)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    reading = threading.Thread(target=read)
    for thread in (reading, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    reading.join()
    deadline = time.monotonic() + 15
    while len(seen) < len(written) or gaps_of(database):
        assert time.monotonic() < deadline
        seen.extend(delivered(reader))
        time.sleep(0.1)
    assert sorted(seen) == sorted(written)


# --- several processes, crashes


def test_one_process_reads_at_a_time(database, clock):
    change(database, "a")
    one = JournalReader(database, "test", clock=clock, lease=15)
    two = JournalReader(database, "test", clock=clock, lease=15)
    batch = one.read()
    assert batch is not None
    assert two.read() is None
    assert one.done(batch)
    change(database, "b")
    assert two.read() is None
    one.release()
    assert delivered(two) == ["b"]
    assert one.read() is None


def test_what_a_crash_left_undone_is_delivered_again(database, clock):
    change(database, "a")
    crashing = JournalReader(database, "test", clock=clock, lease=15)
    batch = crashing.read()
    assert batch is not None
    after = JournalReader(database, "test", clock=clock, lease=15)
    clock.forward(14)
    assert after.read() is None
    clock.forward(2)
    assert delivered(after) == ["a"]
    # the first one was not dead, only slow
    assert crashing.done(batch) is False
    assert delivered(after) == []


def test_numbers_skipped_on_purpose_are_not_searched_for_ever(database, clock):
    reader = JournalReader(database, "test", clock=clock)
    change(database, "a")
    assert delivered(reader) == ["a"]
    with database.transaction(ASKED) as tx:
        columns = [column.name for column in journal.columns if column.name != "seq"]
        tx.execute(insert(journal), {"seq": 10_000_000, **dict.fromkeys(columns, "b")})
    assert delivered(reader) == ["b"]
    first, last, _ = gaps_of(database)[0]
    assert last - first < 200_000


# --- pruning


def test_old_entries_go_when_every_reader_has_passed_them(database, clock):
    change_at(database, clock, "old")
    clock.forward(8 * 86400)
    change_at(database, clock, "new")
    quick = JournalReader(database, "quick", clock=clock)
    slow = JournalReader(database, "slow", clock=clock)
    assert delivered(quick) == ["old", "new"]
    assert slow.read() is not None  # and does not finish
    assert prune(database, days=7, clock=clock) == 0
    clock.forward(20)
    assert delivered(slow) == ["old", "new"]
    assert prune(database, days=7, clock=clock) == 1
    assert delivered(JournalReader(database, "third", clock=clock)) == ["new"]


@pytest.mark.parametrize("released", [False, True])
def test_a_reader_that_is_gone_does_not_keep_entries_for_ever(database, clock, released):
    change_at(database, clock, "old")
    gone = JournalReader(database, "gone", clock=clock)
    assert gone.read() is not None
    if released:
        gone.release()
    clock.forward(29 * 86400)
    assert prune(database, days=7, clock=clock) == 0
    clock.forward(2 * 86400)
    assert prune(database, days=7, clock=clock) == 1


def test_numbers_do_not_come_again_after_pruning(database, clock):
    change_at(database, clock, "old")
    reader = JournalReader(database, "test", clock=clock)
    assert delivered(reader) == ["old"]
    clock.forward(8 * 86400)
    assert prune(database, days=7, clock=clock) == 1
    change(database, "new")
    assert delivered(reader) == ["new"]


def change_at(database: Database, clock: Clock, resource_id: str) -> None:
    """A change that was made at the clock's time."""
    change(database, resource_id)
    with database.read() as writer:
        writer.execute(
            update(journal).where(journal.c.resource_id == resource_id).values(at=clock())
        )
