"""Counts the SQL statements of a piece of code, for tests that hold it to a budget.

with counted(database) as statements:
    ports.create(...)
assert len(statements) <= 12, statements
"""

from collections.abc import Iterator
from contextlib import contextmanager

from deuteron.db.engine import Database


class Statements(list[str]):
    """The statements that were run, without BEGIN and COMMIT; printed one per line."""

    def __init__(self) -> None:
        super().__init__()
        self.transactions = 0

    def note(self, statement: str) -> None:
        if statement == "COMMIT":
            self.transactions += 1
        elif not statement.startswith(("BEGIN", "START TRANSACTION")):
            self.append(" ".join(statement.split()))

    def __repr__(self) -> str:
        return f"{len(self)} statements:\n" + "\n".join(self)


@contextmanager
def counted(database: Database) -> Iterator[Statements]:
    """The statements that run on this database within the block, in all threads."""
    statements = Statements()
    with database.watched(statements.note):
        yield statements
