"""Errors that are hard to cause on a real server, as its driver reports them."""

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from deuteron.db.failures import translate
from deuteron.errors import DatabaseUnavailable, NetworkError, TryAgain


class Reported(Exception):
    """An error as a driver raises it."""

    sqlstate: str | None = None
    sqlite_errorcode: int | None = None


def reported(dialect: str, code: int | str) -> DBAPIError:
    cause = Reported(code, "words of the server") if dialect == "mysql" else Reported("words")
    if dialect == "postgresql":
        cause.sqlstate = str(code)
    if dialect == "sqlite":
        cause.sqlite_errorcode = int(code)
    return OperationalError("SELECT 1", {}, cause)


@pytest.mark.parametrize(
    ("dialect", "code", "meaning", "words"),
    [
        ("mysql", 1021, DatabaseUnavailable, "disk is full"),
        ("mysql", 1114, DatabaseUnavailable, "table is full"),
        ("mysql", 1047, DatabaseUnavailable, "not part of the cluster"),
        ("mysql", 1040, DatabaseUnavailable, "max_connections"),
        ("mysql", 1969, DatabaseUnavailable, "longer than it may"),
        ("postgresql", "53100", DatabaseUnavailable, "disk is full"),
        ("postgresql", "53300", DatabaseUnavailable, "max_connections"),
        ("postgresql", "57014", DatabaseUnavailable, "longer than it may"),
        ("postgresql", "40001", TryAgain, "conflicted"),
        ("sqlite", 10 | 3 << 8, DatabaseUnavailable, "disk failed"),
        ("sqlite", 5 | 2 << 8, TryAgain, "locked"),
        ("sqlite", 11, DatabaseUnavailable, "damaged"),
    ],
)
def test_known_errors_say_what_to_do(
    dialect: str, code: int | str, meaning: type[NetworkError], words: str
) -> None:
    error = translate(reported(dialect, code), dialect)
    assert type(error) is meaning
    assert words in str(error)


@pytest.mark.parametrize(
    ("dialect", "code"), [("mysql", 1064), ("postgresql", "42601"), ("sqlite", 1)]
)
def test_faults_of_the_code_stay_what_they_are(dialect: str, code: int | str) -> None:
    assert translate(reported(dialect, code), dialect) is None
