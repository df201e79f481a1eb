"""The lists of one noun as SQL, for who asks: each kind of list is put together once.

    query, scope --> shape --> known? -- yes --> statement, values of its parameters
                                no
                                 `--> select.page, without the values --> known from now on

To put a statement together and to find out that it is an old acquaintance costs as much as all else
of a short list, and more for a project, whose statements say more. What a condition makes of its
values (tags, addresses) is put together each time.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, Subquery, select, union_all
from sqlalchemy.sql.elements import KeyedColumnElement

from deuteron.db import select as listing
from deuteron.db import sharing
from deuteron.db.transaction import Connectable
from deuteron.query import Query

# Shapes are few, unless somebody asks for the fields in ever another order.
_MOST_SHAPES = 200


class _Build(Protocol):
    def __call__(self, query: Query, *, for_any: bool) -> Select[Any]: ...


@dataclass(frozen=True, slots=True)
class Page:
    """One list request.

    Args:
        statement: its first column is the id, unless the query asks for some of the columns.
        parameters: values of its parameters.
    """

    statement: Select[Any]
    parameters: Mapping[str, Any]

    def ids(self) -> Subquery:
        """The ids of the rows, in its column ``id``: to join their children to."""
        id_column = self.statement.selected_columns[0].label("id")
        return self.statement.with_only_columns(id_column).subquery()


class Pages:
    """The list requests of one noun.

    Args:
        name: a key of `deuteron.db.sharing.VISIBLE`.
        rows: what selects the columns for a query, by the names in it alone.
        columns: attribute -> column, for filters and order.
        special: filter name -> its condition, see `deuteron.db.select.page`.
        id_column: the id, which makes every order total.
    """

    def __init__(
        self,
        name: str,
        *,
        rows: Callable[[Query], Select[Any]],
        columns: Mapping[str, ColumnElement[Any]],
        special: Mapping[str, listing.Clause],
        id_column: KeyedColumnElement[Any],
    ) -> None:
        self._visible = sharing.VISIBLE[name]
        self._rows = rows
        self._columns = columns
        self._special = special
        self._id_column = id_column
        self._known: dict[Hashable, Select[Any]] = {}

    def of(self, conn: Connectable, query: Query, scope: str | None) -> Page:
        """The rows that a query asks for and a project (None: everything) sees.

        Args:
            conn: where they will be read.
            query: what is asked for.
            scope: the project.

        Raises:
            HTTPBadRequest: as `deuteron.db.select.page`.
        """
        build = self._way(conn.dialect, query, scope)
        parameters = sharing.parameters(scope)
        shape = listing.shape(query, self._special)
        if shape is None:
            return Page(build(query, for_any=False), parameters)
        parameters.update(listing.parameters_of(query))
        known = (build, shape)
        statement = self._known.get(known)
        if statement is None:
            statement = build(query, for_any=True)
            if len(self._known) >= _MOST_SHAPES:
                self._known.clear()
            self._known[known] = statement
        return Page(statement, parameters)

    def _way(self, dialect: str, query: Query, scope: str | None) -> _Build:
        if scope is None:
            return self._of_all
        if self._visible.own and query.filters.get("project_id") == (scope,):
            # One statement for both: SQLAlchemy fits the results of equal ones to each other.
            return self._of_all if query.marker is None else self._of_own
        if dialect == "sqlite" and self._visible.parts and query.limit is not None:
            return self._of_parts
        return self._of_seen

    def _of_all(self, query: Query, *, for_any: bool) -> Select[Any]:
        return self._page(self._rows(query), query, for_any=for_any)

    def _of_seen(self, query: Query, *, for_any: bool) -> Select[Any]:
        return self._page(self._rows(query).where(self._visible.many), query, for_any=for_any)

    def _of_own(self, query: Query, *, for_any: bool) -> Select[Any]:
        """Those that the query asks for by the project are seen anyway."""
        rows = self._rows(query)
        return self._page(rows, query, for_any=for_any, marked=rows.where(self._visible.many))

    def _of_parts(self, query: Query, *, for_any: bool) -> Select[Any]:
        """A page that is put together from the same page of each part of what a project sees.

        For SQLite, which joins two indexes by reading all that they have of the project, however
        little of it the page shows; the others know when to go along the page instead.
        """
        rows = self._rows(query)
        seen = rows.where(self._visible.many)
        ids = [
            self._page(
                rows.with_only_columns(self._id_column, maintain_column_froms=True).where(part),
                query,
                for_any=for_any,
                marked=seen,
            ).subquery()
            for part in self._visible.parts
        ]
        either = union_all(*(select(next(iter(part.columns))) for part in ids))
        return self._page(
            rows.where(self._id_column.in_(either)),
            replace(query, filters={}, marker=None),
            for_any=for_any,
        )

    def _page(
        self,
        base: Select[Any],
        query: Query,
        *,
        for_any: bool,
        marked: Select[Any] | None = None,
    ) -> Select[Any]:
        return listing.page(
            base,
            columns=self._columns,
            special=self._special,
            id_column=self._id_column,
            query=query,
            for_any=for_any,
            marked=marked,
        )
