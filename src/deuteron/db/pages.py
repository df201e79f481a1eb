"""The lists of one noun as SQL, for who asks: each kind of list is put together once.

    query, scope --> shape --> known? -- yes --> statement, values of its parameters
                                no
                                 `--> select.page, without the values --> known from now on

To put a statement together and to find out that it is an old acquaintance costs as much as all else
of a short list, and more for a project, whose statements say more. What a condition makes of its
values (tags, addresses) is put together each time.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery
from sqlalchemy.sql.elements import KeyedColumnElement

from deuteron.db import select as listing
from deuteron.db import sharing
from deuteron.query import Query

# Shapes are few, unless somebody asks for the fields in ever another order.
_MOST_SHAPES = 200


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
        self._name = name
        self._rows = rows
        self._columns = columns
        self._special = special
        self._id_column = id_column
        self._known: dict[Hashable, Select[Any]] = {}

    def of(self, query: Query, scope: str | None) -> Page:
        """The rows that a query asks for and a project (None: everything) sees.

        Raises:
            HTTPBadRequest: as `deuteron.db.select.page`.
        """
        shape = listing.shape(query, self._special)
        parameters = sharing.parameters(scope)
        if shape is None:
            return Page(self._statement(query, scope, for_any=False), parameters)
        parameters.update(listing.parameters_of(query))
        shape = (shape, scope is None)
        statement = self._known.get(shape)
        if statement is None:
            statement = self._statement(query, scope, for_any=True)
            if len(self._known) >= _MOST_SHAPES:
                self._known.clear()
            self._known[shape] = statement
        return Page(statement, parameters)

    def _statement(self, query: Query, scope: str | None, *, for_any: bool) -> Select[Any]:
        return listing.page(
            sharing.for_many(self._rows(query), self._name, scope),
            columns=self._columns,
            special=self._special,
            id_column=self._id_column,
            query=query,
            for_any=for_any,
        )
