"""Loads what belongs to N rows (addresses, tags, segments ...) in one statement, whatever N is.

A noun describes its children as SELECTs of equal shape ``(kind, parent_id, a, b, c)``; they are
joined by UNION ALL, so a show costs two statements and so does a list of ten thousand rows.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, literal_column, null, select, union_all

from deuteron.db.pages import Page
from deuteron.db.transaction import Connectable

# Above this many parents the ids are no longer sent; the children are joined to the parents' query.
_IDS_AT_MOST = 1000


class Children:
    """The children of one kind of parent.

    Args:
        parts: one ``(kind, parent id column, up to three value columns, further condition)`` each;
            the value columns must be texts.
    """

    def __init__(
        self, *parts: tuple[str, ColumnElement[Any], Sequence[Any], ColumnElement[bool] | None]
    ) -> None:
        self._parts = parts
        self._by_ids = union_all(
            *(
                self._select(part).where(part[1].in_(bindparam("ids", expanding=True)))
                for part in parts
            )
        )

    @staticmethod
    def _select(
        part: tuple[str, ColumnElement[Any], Sequence[Any], ColumnElement[bool] | None],
    ) -> Select[Any]:
        kind, parent, values, condition = part
        columns = [*values, null(), null(), null()][:3]
        statement = select(literal_column(f"'{kind}'").label("kind"), parent, *columns)
        return statement if condition is None else statement.where(condition)

    def load(
        self,
        conn: Connectable,
        ids: Sequence[str],
        parents: Page | None = None,
    ) -> Sequence[Sequence[Any]]:
        """Rows ``(kind, parent_id, a, b, c)`` of these parents, in no particular order.

        Args:
            ids: ids of the parents.
            parents: what found them; used instead of the ids where there are many.
        """
        if not ids:
            return ()
        if parents is None or len(ids) <= _IDS_AT_MOST:
            return conn.execute(self._by_ids, {"ids": ids}).fetchall()
        found = parents.ids()
        return conn.execute(
            union_all(
                *(self._select(part).join(found, found.c.id == part[1]) for part in self._parts)
            ),
            parents.parameters,
        ).fetchall()
