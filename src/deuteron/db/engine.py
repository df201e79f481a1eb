"""The database: connections, transactions and nothing else.

    read()          checkout -> statement, statement, ... -> back to the pool
    transaction()   checkout -> BEGIN -> statements -> session, journal -> COMMIT -> back

All connections are in the driver's autocommit mode, so a read costs the statements it runs and
not one round trip more; a transaction begins with a BEGIN of our own. The decision and its
measurement are in docs/decisions.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Executable,
    NullPool,
    create_engine,
    event,
    literal_column,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from deuteron.context import RequestContext
from deuteron.db import failures
from deuteron.db.moments import utc_now
from deuteron.db.transaction import Connectable, Reader, Transaction
from deuteron.db.url import parsed_url
from deuteron.errors import DatabaseUnavailable, NetworkError, TryAgain

__all__ = [
    "Connectable",
    "ConnectionSettings",
    "Database",
    "Reader",
    "Transaction",
    "utc_now",
]

_NOTHING: Executable = select(literal_column("1"))
_BEGIN = {"sqlite": "BEGIN IMMEDIATE", "mysql": "START TRANSACTION", "postgresql": "BEGIN"}

_UNLIMITED = {
    "sqlite": (),
    "mysql": (
        # What is in the comment is for MariaDB only.
        "SET SESSION innodb_lock_wait_timeout = 3600",
        "SET SESSION sql_mode = 'TRADITIONAL' /*M! , max_statement_time = 0 */",
    ),
    "postgresql": (
        "SET statement_timeout = 0",
        "SET lock_timeout = 0",
        "SET idle_in_transaction_session_timeout = 0",
    ),
}


class TransactionLost(NetworkError):
    """A precommit hook rolled the transaction back without raising an error."""

    template = (
        "A driver rolled back the transaction of the operation without saying why; "
        "nothing was changed."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """What every connection is set to when it is opened.

    Args:
        lock_timeout: seconds to wait for a lock before the operation is tried again.
        statement_timeout: seconds one statement may take.
        idle_timeout: seconds a transaction may idle before the server ends it.
        wsrep_sync_wait: Galera's variable of that name, None to leave it.
    """

    lock_timeout: float = 10
    statement_timeout: float = 60
    idle_timeout: float = 300
    wsrep_sync_wait: int | None = None


_USUAL = ConnectionSettings()


class Database:
    """One database and the pool of connections to it. Thread-safe.

    Args:
        url: ``sqlite:///path``, ``mysql://...`` or ``postgresql://...``, see `deuteron.db.url`.
        pool_size: connections kept open, 0 for any number.
        max_overflow: connections beyond that, closed after use; -1 for any number.
        pool_timeout: seconds to wait for a connection when all are in use.
        recycle: seconds after which a connection is replaced, -1 for never.
        settings: what connections are set to.
        now: the clock of journal entries.

    Raises:
        StartError: the URL cannot be understood or its driver is not installed.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 5,
        max_overflow: int = 50,
        pool_timeout: float = 30,
        recycle: float = 3600,
        settings: ConnectionSettings = _USUAL,
        now: Callable[[], str] = utc_now,
    ) -> None:
        parsed, synchronous = parsed_url(url)
        self.dialect: str = parsed.get_backend_name()
        self._now = now
        self._on_journal: tuple[Callable[[], None], ...] = ()
        self._lock_timeout = settings.lock_timeout
        # SQLite has one writer. Our threads queue here, where the next one is woken at once,
        # instead of polling the file's lock.
        self._turn = threading.Lock() if self.dialect == "sqlite" else None
        self._prepares = _prepares(self.dialect, settings, synchronous)
        self._engine = self._engine_of(
            parsed,
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=pool_timeout,
            pool_recycle=int(recycle),
            pool_use_lifo=True,
        )

    def _engine_of(self, url: URL, **pool: Any) -> Engine:
        # Would cost a query per connection.
        hstore = {"use_native_hstore": False} if self.dialect == "postgresql" else {}
        engine = create_engine(
            url,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            pool_reset_on_return=None,
            **hstore,
            **pool,
        )
        event.listen(engine, "connect", lambda connection, _record: self._prepares(connection))
        return engine

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """Statements that need no transaction, each seeing what is committed when it runs.

        Raises:
            DatabaseUnavailable: the server does not answer.
        """
        reader = Reader(self._engine.connect, self.dialect)
        try:
            yield reader
        except (DBAPIError, PoolTimeout) as error:
            failures.raise_translated(error, self.dialect)
        finally:
            reader.close()

    @contextmanager
    def transaction(self, context: RequestContext) -> Iterator[Transaction]:
        """All or nothing: commits at the end of the block, rolls back if it raises.

        Isolation is READ COMMITTED (SQLite: a single writer at a time). Outside of `deuteron.db`
        only the verbs of `deuteron.core` may open one.

        Args:
            context: who asks; the journal keeps it.

        Raises:
            TryAgain: lost against another transaction, nothing was changed.
            DatabaseUnavailable: the server does not answer, is full or read-only.
        """
        if self._turn is not None and not self._turn.acquire(timeout=self._lock_timeout):
            raise TryAgain(reason="waited too long for the other writers of this process")
        try:
            yield from self._transaction(context)
        except (DBAPIError, PoolTimeout) as error:
            failures.raise_translated(error, self.dialect)
        finally:
            if self._turn is not None:
                self._turn.release()

    def _transaction(self, context: RequestContext) -> Iterator[Transaction]:
        connection = self._begun()
        try:
            root = connection.get_transaction()
            transaction = Transaction(connection, context, self._now)
            try:
                yield transaction
                transaction.flush()
            except BaseException:
                _roll_back(connection)
                raise
            finally:
                transaction.close()
            if root is None or not root.is_active:
                _roll_back(connection)
                raise TransactionLost()
            try:
                root.commit()
            except DBAPIError as error:
                _roll_back(connection)
                if error.connection_invalidated:
                    raise DatabaseUnavailable(reason=failures.UNKNOWN_COMMIT) from error
                raise
            if transaction.appended:
                for call in self._on_journal:
                    call()
        finally:
            connection.close()

    def _begun(self) -> Connection:
        """A connection with a transaction open; a stale one of the pool is replaced once."""
        connection = self._engine.connect()
        try:
            connection.exec_driver_sql(_BEGIN[self.dialect])
        except DBAPIError as error:
            connection.close()
            if not error.connection_invalidated:
                raise
        else:
            return connection
        connection = self._engine.connect()
        try:
            connection.exec_driver_sql(_BEGIN[self.dialect])
        except BaseException:
            connection.close()
            raise
        return connection

    def on_journal(self, call: Callable[[], None]) -> None:
        """Call something after each commit of this process that appended to the journal.

        Args:
            call: must return at once, and not fail: it runs in the thread of the operation.
        """
        self._on_journal = (*self._on_journal, call)

    def ping(self) -> None:
        """Ask for nothing, to see whether the database answers.

        Raises:
            DatabaseUnavailable: it does not.
        """
        with self.read() as reader:
            reader.execute(_NOTHING)

    @contextmanager
    def maintenance(self) -> Iterator[Connection]:
        """A connection of its own for `deuteron.db.schema`: no pool, no limits of time.

        It is in autocommit mode; a transaction that is open at the end is rolled back.

        Raises:
            DatabaseUnavailable: the server does not answer.
        """
        # Closes its connection when it is given back. The client must not lose its patience either.
        patient = self._engine.url.difference_update_query(["read_timeout"])
        engine = self._engine_of(patient, poolclass=NullPool)
        try:
            with engine.connect() as connection:
                for statement in _UNLIMITED[self.dialect]:
                    connection.exec_driver_sql(statement)
                yield connection
        except DBAPIError as error:
            failures.raise_translated(error, self.dialect)

    @contextmanager
    def watched(self, on_statement: Callable[[str], None]) -> Iterator[None]:
        """Call `on_statement` with the text of every statement, for tests that count them.

        BEGIN and COMMIT are among them, as the round trips that they are.
        """

        def before_execute(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            on_statement(statement)

        def before_commit(_connection: Any) -> None:
            on_statement("COMMIT")

        event.listen(self._engine, "before_cursor_execute", before_execute)
        event.listen(self._engine, "commit", before_commit)
        try:
            yield
        finally:
            event.remove(self._engine, "before_cursor_execute", before_execute)
            event.remove(self._engine, "commit", before_commit)

    def dispose(self) -> None:
        """Close all connections of the pool."""
        self._engine.dispose()


def _roll_back(connection: Connection) -> None:
    """End the transaction whatever state it is in; a connection that cannot is thrown away."""
    if connection.invalidated or connection.closed:
        return
    try:
        # Not SQLAlchemy's rollback, which does nothing on connections in autocommit mode.
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.rollback()
    except Exception:
        connection.invalidate()


def _write_ahead(connection: Any, patience: float) -> None:
    """Switch a SQLite file to the write-ahead log.

    SQLite does not wait by itself for another process that is switching the same new file.

    Args:
        connection: the driver's own.
        patience: seconds to wait.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _prepares(
    dialect: str, settings: ConnectionSettings, synchronous: str
) -> Callable[[Any], None]:
    """What makes each new connection ready; takes the driver's own connection."""
    lock_timeout = settings.lock_timeout

    def of_sqlite(connection: Any) -> None:
        # busy_timeout first: the others may have to wait for another process.
        connection.execute(f"PRAGMA busy_timeout = {int(lock_timeout * 1000)}")
        _write_ahead(connection, lock_timeout)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_size_limit = 67108864")

    def of_mysql(connection: Any) -> None:
        variables = [
            "sql_mode = 'TRADITIONAL'",
            f"innodb_lock_wait_timeout = {max(1, int(lock_timeout))}",
        ]
        if "mariadb" in str(connection.get_server_info()).lower():
            variables.append(f"max_statement_time = {settings.statement_timeout}")
            variables.append(f"idle_transaction_timeout = {int(settings.idle_timeout)}")
        else:
            variables.append(f"max_execution_time = {int(settings.statement_timeout * 1000)}")
        if settings.wsrep_sync_wait is not None:
            variables.append(f"wsrep_sync_wait = {settings.wsrep_sync_wait}")
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cursor.execute(f"SET SESSION {', '.join(variables)}")

    def of_postgresql(connection: Any) -> None:
        connection.execute(
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;"
            f"SET lock_timeout = {int(lock_timeout * 1000)};"
            f"SET statement_timeout = {int(settings.statement_timeout * 1000)};"
            f"SET idle_in_transaction_session_timeout = {int(settings.idle_timeout * 1000)}"
        )

    return {"sqlite": of_sqlite, "mysql": of_mysql, "postgresql": of_postgresql}[dialect]
