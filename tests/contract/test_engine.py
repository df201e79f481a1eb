"""The database's contract: what a read costs, what a transaction keeps, what errors mean."""

import threading

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from deuteron.context import RequestContext
from deuteron.db.engine import ConnectionSettings, Database, TransactionLost
from deuteron.db.tables import default_security_groups, journal, tags
from deuteron.errors import TryAgain
from tests.statements import counted

ASKED = RequestContext(request_id="req-1", user_id="somebody")
COUNT_TAGS = select(func.count()).select_from(tags)


def tag(name: str) -> dict[str, str]:
    return {"resource_id": "r", "tag": name}


def tags_in(database: Database) -> list[str]:
    with database.read() as reader:
        return list(reader.execute(select(tags.c.tag).order_by(tags.c.tag)).scalars())


# --- transactions


def test_a_transaction_is_kept_with_its_journal(database):
    with database.transaction(ASKED) as tx:
        tx.execute(insert(tags), tag("a"))
        tx.journal("port", "p1", "create", "owner")
        tx.journal("port", "p2", "create", "owner")
    assert tags_in(database) == ["a"]
    with database.read() as reader:
        rows = reader.execute(select(journal).order_by(journal.c.seq)).mappings().all()
    assert [row["resource_id"] for row in rows] == ["p1", "p2"]
    assert rows[0]["request_id"] == "req-1"
    assert rows[0]["actor"] == "somebody"
    assert rows[0]["project_id"] == "owner"


def test_a_transaction_that_fails_leaves_nothing(database):
    with pytest.raises(ZeroDivisionError), database.transaction(ASKED) as tx:
        tx.execute(insert(tags), tag("a"))
        tx.journal("port", "p1", "create", "owner")
        tx.flush()
        _ = 1 / 0
    assert tags_in(database) == []
    with database.read() as reader:
        assert reader.execute(select(journal)).all() == []


def test_journal_entries_are_one_statement(database):
    with counted(database) as statements, database.transaction(ASKED) as tx:
        for number in range(5):
            tx.journal("port", f"p{number}", "create", "owner")
    assert len(statements) == 1, statements
    assert statements.transactions == 1


def test_a_session_is_of_the_same_transaction(database, database_url):
    with database.transaction(ASKED) as tx:
        tx.execute(insert(tags), tag("a"))
        tx.session.execute(insert(tags), tag("b"))
        tx.session.commit()
        with tx.session.begin_nested() as nested:
            tx.session.execute(insert(tags), tag("c"))
            nested.rollback()
        assert tx.execute(COUNT_TAGS).scalar() == 2
        other = Database(database_url)
        assert tags_in(other) == []
        other.dispose()
    assert tags_in(database) == ["a", "b"]


def test_a_session_that_rolls_back_ends_the_operation(database):
    with pytest.raises(TransactionLost), database.transaction(ASKED) as tx:
        tx.execute(insert(tags), tag("a"))
        tx.session.rollback()
    assert tags_in(database) == []


def test_a_connection_comes_back_clean_after_failures(database):
    for _ in range(3):
        with pytest.raises(TransactionLost), database.transaction(ASKED) as tx:
            tx.session.execute(insert(tags), tag("a"))
            tx.session.rollback()
        with pytest.raises(TryAgain), database.transaction(ASKED) as tx:
            tx.execute(insert(tags), [tag("a"), tag("a")])
    with database.transaction(ASKED) as tx:
        tx.execute(insert(tags), tag("b"))
    assert tags_in(database) == ["b"]


def test_250_writers_at_once_all_succeed(database):
    failures = []

    def write(number: int) -> None:
        try:
            with database.transaction(ASKED) as tx:
                tx.execute(insert(tags), tag(f"{number:03}"))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(250)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(tags_in(database)) == 250


def test_writers_that_read_first_wait_for_each_other(database_url):
    processes = [Database(database_url) for _ in range(3)]
    failures = []

    def write(which: int) -> None:
        for number in range(20):
            try:
                with processes[which].transaction(ASKED) as tx:
                    tx.execute(COUNT_TAGS).all()
                    tx.execute(insert(tags), tag(f"{which}-{number}"))
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=write, args=(which,)) for which in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(tags_in(processes[0])) == 60
    for database in processes:
        database.dispose()


# --- what it costs


def test_a_read_costs_its_statements_and_nothing_more(database_server):
    database = Database(database_server.url("shared"))
    tags_in(database)  # connects
    with database_server.logged() as statements, database.read() as reader:
        reader.execute(COUNT_TAGS).all()
        reader.execute(COUNT_TAGS).all()
    database.dispose()
    assert len(statements) == 2, statements


def test_a_transaction_costs_a_begin_and_a_commit(database_server):
    database = Database(database_server.url("shared"))
    tags_in(database)
    with database_server.logged() as statements, database.transaction(ASKED) as tx:
        tx.execute(COUNT_TAGS).all()
        tx.execute(COUNT_TAGS).all()
    database.dispose()
    assert len(statements) == 4, statements


# --- what errors mean


def test_a_key_that_another_one_inserted_means_try_again(database):
    with database.transaction(ASKED) as tx:
        tx.execute(insert(tags), tag("a"))
    with pytest.raises(TryAgain, match="same key"), database.transaction(ASKED) as tx:
        tx.execute(insert(tags), tag("a"))


def test_a_row_that_another_one_removed_means_try_again(database):
    with pytest.raises(TryAgain, match=r"refers|referred"), database.transaction(ASKED) as tx:
        tx.execute(
            insert(default_security_groups), {"project_id": "p", "security_group_id": "gone"}
        )


def test_a_fault_of_the_code_is_not_hidden(database):
    with pytest.raises(IntegrityError), database.transaction(ASKED) as tx:
        tx.execute(text("INSERT INTO tags (resource_id, tag) VALUES ('a', NULL)"))


def test_two_that_wait_for_each_other_are_told_to_try_again(database_server):
    database = Database(database_server.url("shared"))
    database_server.empty("shared", ["tags"])
    with database.transaction(ASKED) as tx:
        tx.execute(insert(tags), [tag("a"), tag("b")])
    together = threading.Barrier(2)
    outcomes = []

    def change(first: str, second: str) -> None:
        try:
            with database.transaction(ASKED) as tx:
                for name in (first, second):
                    row = update(tags).where(tags.c.tag == name)
                    tx.execute(row.values(resource_id=threading.current_thread().name))
                    if name == first:
                        together.wait(10)
        except TryAgain as error:
            outcomes.append(str(error))
        else:
            outcomes.append("done")

    threads = [threading.Thread(target=change, args=names) for names in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.dispose()
    assert sorted(outcomes)[1] == "done"
    assert "deadlock" in sorted(outcomes)[0]


def test_a_writer_that_waits_too_long_is_told_to_try_again(database_url):
    impatient = ConnectionSettings(lock_timeout=1)
    holder, waiter = Database(database_url), Database(database_url, settings=impatient)
    with holder.transaction(ASKED) as tx:
        tx.execute(insert(tags), tag("a"))
        with (
            pytest.raises(TryAgain, match=r"waited too long|locked"),
            waiter.transaction(ASKED) as other,
        ):
            other.execute(insert(tags), tag("a"))
    assert tags_in(holder) == ["a"]
    holder.dispose()
    waiter.dispose()
