"""Makes the tables, brings old ones up to date, and refuses those it does not understand.

                     what is there                        prepare() does
    empty            nothing                              create everything at HEAD
    unfinished       a creation that was cut off          drop and create
    current          tables at HEAD                       nothing
    older            tables at an earlier revision        upgrade, or StartError with the command
    newer            a revision that is unknown here      StartError
    foreign          tables, but no revision of ours      StartError

The history is Alembic's (db/migrations), which is imported only to upgrade: a fresh database is
made from `METADATA` at once, and a test proves that both ways end at the same tables.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select, text

from deuteron.db import default_security_group_rules
from deuteron.db.engine import Database
from deuteron.db.tables import METADATA
from deuteron.errors import StartError

# Every revision in order; the last one is what METADATA describes.
REVISIONS = ("0001",)
HEAD = REVISIONS[-1]

VERSION_TABLE = "deuteron_version"
MIGRATIONS = Path(__file__).with_name("migrations")

_VERSIONS = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), primary_key=True),
)
# MariaDB cannot create tables in a transaction, so it is noted that it has begun.
_UNFINISHED = "unfinished"

# Seconds to wait for another process that is creating or upgrading the tables.
_PATIENCE = 120
# Any number, as long as it is always the same: the name of the lock in PostgreSQL.
_LOCK_NUMBER = 0x4D4C32


class State(StrEnum):
    """What a database holds, see the module's table."""

    EMPTY = "empty"
    UNFINISHED = "unfinished"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
    FOREIGN = "foreign"


def prepare(database: Database, *, may_upgrade: bool) -> None:
    """Make the database ready for this version of the code, or say what has to be done.

    Any number of processes may do this at once: one works, the others wait for it.

    Args:
        database: to prepare.
        may_upgrade: bring an older one up to date; otherwise the operator must.

    Raises:
        StartError: older and not `may_upgrade`, newer, or somebody else's.
        DatabaseUnavailable: it does not answer or may not be written.
    """
    with database.maintenance() as connection:
        if state_of(connection)[0] is State.CURRENT:
            return
    with _alone(database) as connection:
        state, revision = state_of(connection)
        if state is State.OLDER and not may_upgrade:
            raise StartError(
                msg=f"the database is at revision {revision}, this version needs {HEAD}: "
                "make a backup, then run `deuteron db upgrade`"
            )
        _bring_to_head(connection, state, revision)


def upgrade(database: Database) -> str:
    """Create the tables or bring them up to date.

    Returns:
        What was done, in one line.

    Raises:
        StartError: the tables are of a newer version or somebody else's.
        DatabaseUnavailable: it does not answer or may not be written.
    """
    with _alone(database) as connection:
        state, revision = state_of(connection)
        _bring_to_head(connection, state, revision)
    match state:
        case State.CURRENT:
            return f"The database is at revision {HEAD} already."
        case State.OLDER:
            return f"Upgraded the database from revision {revision} to {HEAD}."
        case _:
            return f"Created the tables at revision {HEAD}."


def check(database: Database) -> None:
    """Confirm that the database is what this version needs, without changing anything.

    Raises:
        StartError: it is not; the message says what to do.
        DatabaseUnavailable: it does not answer.
    """
    with database.maintenance() as connection:
        state, revision = state_of(connection)
        if state is State.CURRENT:
            missing = sorted(set(METADATA.tables) - set(inspect(connection).get_table_names()))
            if missing:
                raise StartError(
                    msg=f"the database lacks the tables {', '.join(missing)} "
                    "though its revision is right: restore a backup"
                )
            return
    if state is State.OLDER:
        raise StartError(
            msg=f"the database is at revision {revision}, this version needs {HEAD}: "
            "make a backup, then run `deuteron db upgrade`"
        )
    if state in {State.EMPTY, State.UNFINISHED}:
        raise StartError(msg="the database has no tables yet: run `deuteron db upgrade`")
    _refuse(state, revision)


def version(database: Database) -> str | None:
    """The revision of the database, None if it has no tables of ours.

    Raises:
        DatabaseUnavailable: it does not answer.
    """
    with database.maintenance() as connection:
        return state_of(connection)[1]


def state_of(connection: Connection) -> tuple[State, str | None]:
    """What the database holds, and the revision noted in it."""
    # Asked first: a failing SELECT would spoil a transaction of PostgreSQL.
    there = inspect(connection).get_table_names()
    if VERSION_TABLE not in there:
        return (State.FOREIGN if there else State.EMPTY), None
    revision = connection.execute(select(_VERSIONS.c.version_num)).scalar()
    if revision is None or revision == _UNFINISHED:
        return State.UNFINISHED, None
    if revision == HEAD:
        return State.CURRENT, revision
    return (State.OLDER if revision in REVISIONS else State.NEWER), revision


def _bring_to_head(connection: Connection, state: State, revision: str | None) -> None:
    match state:
        case State.CURRENT:
            return
        case State.EMPTY | State.UNFINISHED:
            _create(connection, state)
        case State.OLDER:
            migrate(connection)
        case State.NEWER | State.FOREIGN:
            _refuse(state, revision)


def _refuse(state: State, revision: str | None) -> None:
    if state is State.NEWER:
        raise StartError(
            msg=f"the database is at revision {revision}, which this version does not know "
            f"(it knows up to {HEAD}): start the newer version that made it, or restore a backup"
        )
    raise StartError(
        msg="[database] connection names a database that holds the tables of another program: "
        "name an empty one"
    )


def _create(connection: Connection, state: State) -> None:
    if state is State.UNFINISHED:
        METADATA.drop_all(connection)
    else:
        _VERSIONS.create(connection)
    connection.execute(_VERSIONS.delete())
    connection.execute(_VERSIONS.insert(), {"version_num": _UNFINISHED})
    METADATA.create_all(connection, checkfirst=False)
    fill(connection)
    connection.execute(_VERSIONS.update(), {"version_num": HEAD})


def fill(connection: Connection) -> None:
    """Give tables that were made just now the rows that every site begins with."""
    default_security_group_rules.fill(connection)


def migrate(connection: Connection) -> None:
    """Apply the revisions that the database has not had yet, in the transaction that is open."""
    # Alembic takes longer to import than a server may take to start.
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(MIGRATIONS))

    def steps(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs("head", revision)

    migration = MigrationContext.configure(
        connection, opts={"fn": steps, "version_table": VERSION_TABLE}
    )
    with Operations.context(migration):
        migration.run_migrations()


@contextmanager
def _alone(database: Database) -> Iterator[Connection]:
    """A connection while which no other process has its own; in a transaction where DDL has one."""
    with database.maintenance() as connection:
        match database.dialect:
            case "sqlite":
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {_PATIENCE * 1000}")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
                connection.exec_driver_sql("COMMIT")
            case "postgresql":
                connection.exec_driver_sql("BEGIN")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})")
                yield connection
                connection.exec_driver_sql("COMMIT")
            case _:
                name = f"deuteron-schema-{connection.engine.url.database}"[:64]
                taken = connection.execute(
                    text("SELECT GET_LOCK(:name, :seconds)"),
                    {"name": name, "seconds": _PATIENCE},
                ).scalar()
                if taken != 1:
                    raise StartError(
                        msg="another process has been changing the database's tables for "
                        f"{_PATIENCE} seconds: wait for it and start again"
                    )
                # Ends with the connection, which is closed next.
                yield connection
