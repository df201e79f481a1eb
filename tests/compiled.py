"""The text of statements, made once for all tests of a process.

Each test has databases of its own, and each engine of SQLAlchemy would make the text of each
statement anew: a fifth of the time of a test.
"""

from typing import Any

import sqlalchemy

from deuteron.db import engine

_MOST = 10_000


class _Compiled(dict[Any, Any]):
    """Compiled statements of all engines of the same kind of database.

    SQLAlchemy asks for them by a tuple that begins with the dialect, an object of one engine.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_of_any_engine(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        if len(self) >= _MOST:
            self.clear()
        super().__setitem__(_of_any_engine(key), compiled)


def _of_any_engine(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect, *rest = key
    return type(dialect), dialect.server_version_info, *rest


def share() -> None:
    """Has all engines that are made from now on share what is compiled."""
    shared = _Compiled()

    def create_engine(*words: Any, **options: Any) -> sqlalchemy.Engine:
        made = sqlalchemy.create_engine(*words, **options)
        made.update_execution_options(compiled_cache=shared)
        return made

    engine.create_engine = create_engine  # type: ignore[attr-defined]
