"""The database: connections, transactions and nothing else.

    read()          checkout -> statement, statement, ... -> back to the pool
    transaction()   checkout -> BEGIN -> statements -> session, journal -> COMMIT -> back

All connections are in the driver's autocommit mode, so a read costs the statements it runs and
not one round trip more; a transaction begins with a BEGIN of our own. The decision and its
measurement are in docs/decisions.
"""

import importlib.util
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from deuteron.context import RequestContext
from deuteron.db import failures
from deuteron.db.transaction import Connectable, Reader, Transaction
from deuteron.errors import DatabaseUnavailable, NetworkError, StartError, TryAgain

__all__ = ["Connectable", "Database", "Reader", "Transaction", "utc_now"]

_BEGIN = {"sqlite": "BEGIN IMMEDIATE", "mysql": "START TRANSACTION", "postgresql": "BEGIN"}


class TransactionLost(NetworkError):
    """A precommit hook rolled the transaction back without raising an error."""

    template = (
        "A driver rolled back the transaction of the operation without saying why; "
        "nothing was changed."
    )


def utc_now() -> str:
    """The present time as the API shows it, ``2014-06-04T12:00:00Z``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class Database:
    """One database and the pool of connections to it. Thread-safe.

    Args:
        url: ``sqlite:///path``, ``mysql://...`` or ``postgresql://...``; the driver is chosen here
            (mysqlclient, else PyMySQL; psycopg 3) unless the URL names one.
        pool_size: connections kept open.
        max_overflow: connections beyond that, closed after use.
        pool_timeout: seconds to wait for a connection when all are in use.
        recycle: seconds after which a connection is replaced.
        lock_timeout: seconds to wait for a lock before the operation is tried again.
        statement_timeout: seconds one statement may take.
        idle_timeout: seconds a transaction may idle before the server ends it.
        synchronous: SQLite's ``NORMAL`` or ``FULL``, see docs/database.md.
        wsrep_sync_wait: Galera's variable of that name for reads after writes on other nodes.
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
        lock_timeout: float = 10,
        statement_timeout: float = 60,
        idle_timeout: float = 300,
        synchronous: str = "NORMAL",
        wsrep_sync_wait: int | None = None,
        now: Callable[[], str] = utc_now,
    ) -> None:
        parsed = parsed_url(url)
        self.url = parsed
        self.dialect: str = parsed.get_backend_name()
        self._now = now
        self._lock_timeout = lock_timeout
        # SQLite has one writer. Our threads queue here, where the next one is woken at once,
        # instead of polling the file's lock.
        self._turn = threading.Lock() if self.dialect == "sqlite" else None
        options: dict[str, Any] = {}
        if self.dialect == "postgresql":
            options["use_native_hstore"] = False  # would cost a query per connection
        self._engine: Engine = create_engine(
            parsed,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            pool_reset_on_return=None,
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=pool_timeout,
            pool_recycle=int(recycle),
            pool_use_lifo=True,
            **options,
        )
        settings = _session_settings(
            self.dialect,
            lock_timeout=lock_timeout,
            statement_timeout=statement_timeout,
            idle_timeout=idle_timeout,
            synchronous=synchronous,
            wsrep_sync_wait=wsrep_sync_wait,
        )
        event.listen(self._engine, "connect", lambda connection, _record: settings(connection))

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """Statements that need no transaction, each seeing what is committed when it runs.

        Raises:
            DatabaseUnavailable: the server does not answer.
        """
        reader = Reader(self._engine.connect)
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


def parsed_url(url: str) -> URL:
    """The URL with its driver chosen and its options completed.

    Args:
        url: as an operator writes it, with the drivers and options that Neutron's documentation
            has used over the years (``mysql+pymysql://``, ``?charset=utf8``).

    Raises:
        StartError: it is no URL, or of a database or driver that is not supported.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StartError(
            msg="[database] connection is not a URL such as sqlite:////var/lib/deuteron/db.sqlite,"
            " mysql://user:password@host/name or postgresql://user:password@host/name"
        ) from error
    backend, _, driver = parsed.drivername.partition("+")
    match backend:
        case "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise StartError(
                    msg="[database] connection must name a file: sqlite:////folder/name.sqlite"
                )
            return parsed.set(drivername="sqlite")
        case "mysql" | "mariadb":
            chosen = _mysql_driver(driver)
            parsed = parsed.set(drivername=f"mysql+{chosen}")
            if str(parsed.query.get("charset", "utf8")) in {"utf8", "utf8mb3"}:
                # What Neutron's documentation says, but it holds three-byte characters only.
                parsed = parsed.update_query_dict({"charset": "utf8mb4"})
            return _with_defaults(parsed, {"connect_timeout": "10", "read_timeout": "90"})
        case "postgresql" | "postgres":
            return _with_defaults(
                parsed.set(drivername="postgresql+psycopg"),
                {
                    "connect_timeout": "10",
                    "client_encoding": "utf8",
                    "keepalives_idle": "30",
                    "tcp_user_timeout": "60000",
                    "application_name": "deuteron",
                },
            )
        case _:
            raise StartError(
                msg=f"[database] connection is of the kind {backend!r}; supported are sqlite, "
                "mysql (MariaDB too) and postgresql"
            )


def _mysql_driver(asked: str) -> str:
    modules = {"mysqldb": "MySQLdb", "pymysql": "pymysql"}
    if asked and asked not in modules:
        raise StartError(
            msg=f"[database] connection names the driver {asked!r}; supported are "
            "mysql+mysqldb (mysqlclient) and mysql+pymysql"
        )
    for driver, module in modules.items():
        if asked in {"", driver} and importlib.util.find_spec(module):
            return driver
    raise StartError(
        msg="[database] connection is of MySQL, but its driver is not installed: "
        "pip install PyMySQL (or mysqlclient)"
    )


def _with_defaults(url: URL, options: dict[str, str]) -> URL:
    return url.update_query_dict({k: v for k, v in options.items() if k not in url.query})


def _session_settings(
    dialect: str,
    *,
    lock_timeout: float,
    statement_timeout: float,
    idle_timeout: float,
    synchronous: str,
    wsrep_sync_wait: int | None,
) -> Callable[[Any], None]:
    """What makes each new connection ready; takes the driver's own connection."""

    def of_sqlite(connection: Any) -> None:
        # busy_timeout first: the others may have to wait for another process.
        connection.execute(f"PRAGMA busy_timeout = {int(lock_timeout * 1000)}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_size_limit = 67108864")

    def of_mysql(connection: Any) -> None:
        settings = [
            "sql_mode = 'TRADITIONAL'",
            f"innodb_lock_wait_timeout = {max(1, int(lock_timeout))}",
        ]
        if "mariadb" in str(connection.get_server_info()).lower():
            settings.append(f"max_statement_time = {statement_timeout}")
            settings.append(f"idle_transaction_timeout = {int(idle_timeout)}")
        else:
            settings.append(f"max_execution_time = {int(statement_timeout * 1000)}")
        if wsrep_sync_wait is not None:
            settings.append(f"wsrep_sync_wait = {wsrep_sync_wait}")
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cursor.execute(f"SET SESSION {', '.join(settings)}")

    def of_postgresql(connection: Any) -> None:
        connection.execute(
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;"
            f"SET lock_timeout = {int(lock_timeout * 1000)};"
            f"SET statement_timeout = {int(statement_timeout * 1000)};"
            f"SET idle_in_transaction_session_timeout = {int(idle_timeout * 1000)}"
        )

    return {"sqlite": of_sqlite, "mysql": of_mysql, "postgresql": of_postgresql}[dialect]
