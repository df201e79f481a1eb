"""How the rows of a noun are read: one by its id, or a page of those that somebody sees.

    _GROUPS = Collection("security_groups", shown=..., columns=..., id_column=...)
    _GROUPS.one(conn, group_id, scope)      the row, None if the project does not see it
    _GROUPS.page(conn, query, scope)        the rows, and what found them, to join their children

What belongs to the rows (tags, rules, sub-ports ...) is added by the noun's own module.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, bindparam, select
from sqlalchemy.sql.elements import KeyedColumnElement

from deuteron.db import select as listing
from deuteron.db import sharing
from deuteron.db.pages import Page, Pages
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Row = dict[str, Any]


class Collection:
    """The rows of one noun, as API dicts.

    Args:
        name: a key of `deuteron.db.sharing.VISIBLE`.
        shown: attribute -> what is read of it, in this order.
        id_column: the id, which makes every order total.
        columns: attribute -> column, for filters and order; `shown` if None.
        special: filter name -> its condition, see `deuteron.db.select.page`.
        begins_anew: a list after a marker that is not there begins at its beginning, as in Neutron
            for all but networks, ports and routers; else it is empty.
        joined: the table joined with what `shown` reads beside it; None if that is nothing.
    """

    def __init__(
        self,
        name: str,
        *,
        shown: Mapping[str, ColumnElement[Any]],
        id_column: KeyedColumnElement[Any],
        columns: Mapping[str, ColumnElement[Any]] | None = None,
        special: Mapping[str, Callable[[tuple[Any, ...]], ColumnElement[bool]]] | None = None,
        begins_anew: bool = True,
        joined: FromClause | None = None,
    ) -> None:
        self._name = name
        self._shown = {key: column.label(key) for key, column in shown.items()}
        self._id_column = id_column
        self._begins_anew = begins_anew
        self.keys = tuple(shown)
        rows = select(*self._shown.values())
        self.rows = rows if joined is None else rows.select_from(joined)
        self._by_id = self.rows.where(id_column == bindparam("id"))
        self._by_id_scoped = sharing.for_one(self._by_id, name)
        self._pages = Pages(
            name,
            rows=self._read,
            columns=shown if columns is None else columns,
            special=special or {},
            id_column=id_column,
        )

    def one(self, conn: Connectable, row_id: str, scope: str | None) -> Row | None:
        """The row of this id, or None if a project (None: everything) does not see it."""
        statement = self._by_id if scope is None else self._by_id_scoped
        row = conn.execute(statement, {"id": row_id, **sharing.parameters(scope)}).fetchone()
        return None if row is None else dict(zip(self.keys, row, strict=True))

    def page(
        self, conn: Connectable, query: Query, scope: str | None
    ) -> tuple[list[Row], Page | None]:
        """The rows that a query asks for and a project (None: everything) sees, in its order.

        Returns:
            The rows, and what found them; None instead of it if the query wants some of the
            columns and nothing else, so that the rows are complete as they are.
        """
        page = self._pages.of(conn, query, scope)
        rows = conn.execute(page.statement, page.parameters).fetchall()
        if self._begins_anew and self.marker_missing(conn, query, rows, scope):
            return self.page(conn, replace(query, marker=None), scope)
        whole = self._wants_whole(query)
        keys: Sequence[str] = self.keys if whole else query.fields or ()
        found = [dict(zip(keys, row, strict=True)) for row in rows]
        return listing.in_page_order(found, query), page if whole else None

    def _wants_whole(self, query: Query) -> bool:
        return query.fields is None or not self._shown.keys() >= set(query.fields)

    def _read(self, query: Query) -> Select[Any]:
        if self._wants_whole(query):
            return self.rows
        columns = [self._shown[key] for key in query.fields or ()]
        return self.rows.with_only_columns(*columns, maintain_column_froms=True)

    def marker_missing(
        self, conn: Connectable, query: Query, found: Sequence[Any], scope: str | None
    ) -> bool:
        """Whether a page is empty because its marker is nothing that a project sees."""
        return listing.marker_missing(
            conn,
            id_column=self._id_column,
            query=query,
            found=found,
            visible=sharing.of_marker(self._name, scope),
            parameters=sharing.parameters(scope),
        )
