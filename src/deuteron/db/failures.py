"""What a database's error means for us: try again, wait for the operator, or a fault of our own.

The one place that knows the error numbers of SQLite, MariaDB/MySQL and PostgreSQL. Everything
above `deuteron.db` sees `TryAgain` and `DatabaseUnavailable` with a reason in plain words.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from deuteron.errors import DatabaseUnavailable, NetworkError, TryAgain

# The transaction lost against another one: nothing is wrong, the operation is run again.
# MariaDB: https://mariadb.com/kb/en/mariadb-error-codes/
_MYSQL_CONFLICTS = {
    1020: "a row was changed by another transaction",
    1062: "another transaction inserted the same key",
    1205: "waited too long for a row that another transaction holds",
    1213: "deadlock with another transaction",
    1451: "another transaction refers to the row",
    1452: "another transaction removed a row that was referred to",
    3572: "another transaction holds the row",
}
_MYSQL_UNAVAILABLE = {
    3: "the server cannot write its files, probably its disk is full",
    1021: "the server's disk is full",
    1026: "the server cannot write its files",
    1030: "the server's storage failed, probably its disk is full",
    1040: "the server takes no more connections: raise its max_connections or lower max_pool_size",
    1044: "the account may not use this database: GRANT it all privileges on it",
    1045: "the server refused the account or its password in [database] connection",
    1047: "this node is not part of the cluster at the moment",
    1049: "the database named in [database] connection does not exist: CREATE DATABASE it",
    1053: "the server is shutting down",
    1114: "a table is full, probably the server's disk is",
    1129: "the server blocked this host after too many errors: run FLUSH HOSTS there",
    1130: "the server refuses connections from this host",
    1142: "the account may not do this: GRANT it all privileges on the database",
    1146: "its tables are missing: run `deuteron db upgrade`",
    1203: "the account has too many connections",
    1226: "the account has used up a limit that the server sets",
    1290: "the server is read-only",
    1317: "the statement was interrupted by the server",
    1698: "the server refused the account in [database] connection",
    1792: "the transaction is read-only",
    1836: "the server is read-only",
    1969: "a statement took longer than it may",
    2002: "no connection to the server",
    2003: "no connection to the server",
    2005: "the host named in [database] connection is unknown",
    2026: "the encrypted connection to the server failed",
    3024: "a statement took longer than it may",
}

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL_CONFLICTS = {
    "23503": "another transaction removed or refers to the row",
    "23505": "another transaction inserted the same key",
    "40001": "the transaction conflicted with another one",
    "40P01": "deadlock with another transaction",
    "55P03": "waited too long for a row that another transaction holds",
}
_POSTGRESQL_UNAVAILABLE = {
    "25006": "the server is read-only",
    "28000": "the server refused the account in [database] connection",
    "28P01": "the server refused the account or its password in [database] connection",
    "3D000": "the database named in [database] connection does not exist: create it",
    "42501": "the account may not do this: GRANT it all privileges on the database",
    "42P01": "its tables are missing: run `deuteron db upgrade`",
    "53000": "the server is out of resources",
    "53100": "the server's disk is full",
    "53200": "the server is out of memory",
    "53300": "the server takes no more connections: raise its max_connections "
    "or lower max_pool_size",
    "57014": "a statement took longer than it may",
    "57P01": "the server ended the connection",
    "57P02": "the server crashed and is recovering",
    "57P03": "the server is starting or stopping",
    "58030": "the server's storage failed",
}

# https://www.sqlite.org/rescode.html; extended codes are reduced to primary ones first.
_SQLITE_CONFLICTS = {
    5: "the database file is locked by another process",
    6: "a table is locked by another connection",
    787: "another transaction removed or refers to the row",
    1555: "another transaction inserted the same key",
    2067: "another transaction inserted the same key",
}
_SQLITE_UNAVAILABLE = {
    3: "access to the database file is denied: check its owner and mode",
    8: "the database file is read-only: check its owner and mode and those of its folder",
    10: "the disk failed under the database file",
    11: "the database file is damaged: restore a copy",
    13: "the disk is full",
    14: "the database file cannot be opened: check that its folder exists and may be written",
    26: "the file is not a SQLite database",
}

# What the drivers of databases raise, for those who must let it pass on its way to the transaction.
DATABASE_ERRORS = (DBAPIError, PoolTimeout)

LOST = "the connection to the server was lost"
UNKNOWN_COMMIT = (
    "the connection was lost while committing, so the change may or may not have been made: "
    "look before repeating it"
)


def raise_translated(error: DBAPIError | PoolTimeout, dialect: str) -> NoReturn:
    """Raise our error for the database's, or the database's own if it is a fault of the code.

    Args:
        error: as SQLAlchemy raised it.
        dialect: 'sqlite', 'mysql' or 'postgresql'.

    Raises:
        TryAgain: nothing was changed and the operation may be repeated at once.
        DatabaseUnavailable: only the operator or time can help.
        DBAPIError: anything else (a NOT NULL violation, a syntax error).
    """
    raise (translate(error, dialect) or error) from error


def translate(error: DBAPIError | PoolTimeout, dialect: str) -> NetworkError | None:
    """Our error for the database's, None if it is a fault of the code."""
    if isinstance(error, PoolTimeout):
        return DatabaseUnavailable(
            reason="all connections of the pool are in use: raise [database] max_pool_size"
        )
    if error.connection_invalidated:
        # Nothing of an uncommitted transaction survives its connection. If the server is gone,
        # the next attempt to connect says so.
        return TryAgain(reason=LOST)
    known = _known(error.orig, dialect)
    if known is not None:
        return known
    if _is_connection_failure(error.orig, dialect):
        return DatabaseUnavailable(reason=f"no connection to the server ({_first_line(error)})")
    return None


def _known(cause: BaseException | None, dialect: str) -> NetworkError | None:
    match dialect:
        case "sqlite":
            code = getattr(cause, "sqlite_errorcode", None)
            if code is None:
                return None
            for number in (code, code & 0xFF):
                known = _said(number, _SQLITE_CONFLICTS, _SQLITE_UNAVAILABLE, cause)
                if known is not None:
                    return known
            if "no such table" in str(cause):
                return DatabaseUnavailable(
                    reason="its tables are missing: run `deuteron db upgrade`"
                )
            return None
        case "mysql":
            number = cause.args[0] if cause is not None and cause.args else None
            return _said(number, _MYSQL_CONFLICTS, _MYSQL_UNAVAILABLE, cause)
        case _:
            state = getattr(cause, "sqlstate", None)
            return _said(state, _POSTGRESQL_CONFLICTS, _POSTGRESQL_UNAVAILABLE, cause)


def _said(
    code: Any,
    conflicts: Mapping[Any, str],
    unavailable: Mapping[Any, str],
    cause: BaseException | None,
) -> NetworkError | None:
    if code in conflicts:
        return TryAgain(reason=f"{conflicts[code]} ({_detail(cause)})")
    if code in unavailable:
        return DatabaseUnavailable(reason=f"{unavailable[code]} ({_detail(cause)})")
    return None


def _is_connection_failure(cause: BaseException | None, dialect: str) -> bool:
    """A refused or broken connection that has no number of its own."""
    if dialect == "postgresql":
        # libpq reports a failure to connect without an SQLSTATE.
        state = getattr(cause, "sqlstate", None)
        operational = type(cause).__name__ in {"OperationalError", "ConnectionTimeout"}
        return operational and (state is None or state.startswith("08"))
    if dialect == "mysql":
        number = cause.args[0] if cause is not None and cause.args else None
        return isinstance(number, int) and 2000 <= number < 2100
    return False


def _detail(cause: BaseException | None) -> str:
    """The database's own words, without the numbers and quotes around them."""
    words = cause.args[-1] if cause is not None and cause.args else cause
    return str(words).strip().splitlines()[0] if str(words).strip() else type(cause).__name__


def _first_line(error: DBAPIError) -> str:
    return _detail(error.orig)
