"""INSERT that leaves out the rows whose key exists: how a claim is made on each database.

A unique key decides who gets a number, an address or a default group. The loser must learn it
without an error, because an error ends the transaction on PostgreSQL.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import mysql, postgresql, sqlite

from deuteron.db.transaction import Transaction


class InsertIgnore:
    """The statement for one table, made once.

    On MySQL this is ``INSERT IGNORE``, which also leaves out a row whose foreign key points
    nowhere; the caller sees one row less and looks again, as after a lost race.

    Args:
        table: the table to insert into, all columns given.
    """

    def __init__(self, table: Table) -> None:
        ignoring = mysql.insert(table).prefix_with("IGNORE")
        # RETURNING makes one statement of many rows, and tells how many were inserted.
        returning = postgresql.insert(table).on_conflict_do_nothing().returning(*table.primary_key)
        self._statements = {
            "sqlite": sqlite.insert(table).on_conflict_do_nothing(),
            "postgresql": returning,
            "mysql": ignoring,
            "mariadb": ignoring,
        }

    def execute(self, tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert the rows that are new, in one statement.

        Args:
            tx: the transaction.
            rows: at least one row, column name -> value.

        Returns:
            How many rows were inserted.
        """
        dialect = tx.connection.dialect.name
        inserted = tx.execute(self._statements[dialect], list(rows))
        return len(inserted.all()) if dialect == "postgresql" else int(inserted.rowcount)
