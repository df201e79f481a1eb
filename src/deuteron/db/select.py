"""List requests as SQL: filters, order and pages, the same on every database.

Nulls sort before everything else when ascending, texts by code point, and the id is always the
last key, so that an order is total and a page begins exactly where the one before it ended.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.sql.elements import KeyedColumnElement

from deuteron.db.tables import tags
from deuteron.db.transaction import Connectable
from deuteron.errors import HTTPBadRequest
from deuteron.query import Query

Clause = Callable[[tuple[Any, ...]], ColumnElement[bool]]
Row = TypeVar("Row")

_MARKER, _LIMIT, _VALUES = "marker", "page_limit", "values_{}"


def page(
    base: Select[Any],
    *,
    columns: Mapping[str, ColumnElement[Any]],
    special: Mapping[str, Clause],
    id_column: KeyedColumnElement[Any],
    query: Query,
    for_any: bool = False,
    marked: Select[Any] | None = None,
) -> Select[Any]:
    """The statement of one list request.

    A marker that does not exist gives no rows: `marker_missing` tells that from an end of the
    list. As in Neutron, a marker without a limit is ignored.

    Args:
        base: selects the wanted columns, with every condition that does not come from the query.
        columns: attribute -> column, for filters and order.
        special: filter name -> what makes its condition of its values, for all that is not a
            comparison with a column; goes before `columns`.
        id_column: what makes the order total.
        query: what was asked for.
        for_any: the statement is for every query of the same `shape`: it has parameters, whose
            values are those of `parameters_of`.
        marked: where the marker is looked for, if that is more than `base`.

    Raises:
        HTTPBadRequest: the order or a filter names an attribute that is not there.
    """
    statement = base
    for number, (name, values) in enumerate(query.filters.items()):
        parameter = _VALUES.format(number) if for_any else None
        statement = statement.where(
            _condition(name, values, columns, special, id_column, parameter)
        )
    keys = _sort_keys(query, columns, id_column)
    if query.marker is not None and query.limit is not None:
        marker = bindparam(_MARKER, None if for_any else query.marker, String())
        statement = statement.where(
            _beyond_marker(base if marked is None else marked, keys, id_column, marker)
        )
    for column, ascending in keys:
        if _nullable(column):
            absent = column.is_(None)
            statement = statement.order_by(absent.desc() if ascending else absent.asc())
        statement = statement.order_by(column.asc() if ascending else column.desc())
    if query.limit is None:
        return statement
    return statement.limit(bindparam(_LIMIT, type_=Integer()) if for_any else query.limit)


def shape(query: Query, special: Mapping[str, Clause]) -> Hashable | None:
    """What queries have in common that the same statement is for; None if it is for this one only.

    Args:
        query: what was asked for.
        special: as of `page`; these conditions and those of tags look at the values themselves.
    """
    filters = query.filters
    if filters and not (filters.keys().isdisjoint(special) and filters.keys().isdisjoint(_TAGS)):
        return None
    return (
        query.fields,
        tuple((name, *_kind_of(values)) for name, values in filters.items()),
        query.sort,
        query.limit is None,
        query.marker is None,
        query.page_reverse,
    )


def _kind_of(values: tuple[Any, ...]) -> tuple[bool, int]:
    """Whether None is among them, and whether there is none, one or several of the others."""
    absent = values.count(None)
    return absent > 0, min(len(values) - absent, 2)


def parameters_of(query: Query) -> dict[str, Any]:
    """The values of the parameters of a statement that is for any query of this shape."""
    found: dict[str, Any] = {}
    for number, values in enumerate(query.filters.values()):
        present = [value for value in values if value is not None]
        found[_VALUES.format(number)] = present[0] if present and len(values) == 1 else present
    if query.limit is not None:
        found[_LIMIT] = query.limit
        found[_MARKER] = query.marker
    return found


def in_page_order(rows: Iterable[Row], query: Query) -> list[Row]:
    """Rows of `page` in the order of the answer: a page before a marker was read backwards."""
    found = list(rows)
    if query.page_reverse and query.limit is not None:
        found.reverse()
    return found


def marker_missing(
    conn: Connectable,
    *,
    id_column: KeyedColumnElement[Any],
    query: Query,
    found: object,
    visible: ColumnElement[bool] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> bool:
    """Whether a page is empty because its marker does not exist; costs nothing if it is not empty.

    Neutron answers 404 then for networks, ports and routers and starts at the beginning for others.

    Args:
        conn: where to look.
        id_column: the marker's column.
        query: what was asked for.
        found: the rows of the page, true if there are any.
        visible: condition on the rows that are there for who asks, None for all.
        parameters: of that condition.
    """
    if found or query.marker is None or query.limit is None:
        return False
    statement = select(id_column).where(id_column == bindparam(_MARKER))
    if visible is not None:
        statement = statement.where(visible)
    return conn.execute(statement, {**(parameters or {}), _MARKER: query.marker}).first() is None


def contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """The column's text contains this one, whatever wildcards are in it; case counts.

    Args:
        column: of text.
        text: to look for, taken literally.
    """
    # Not LIKE, whose case rules differ between the databases.
    if not text:
        return column.is_not(None)
    found: ColumnElement[bool] = func.replace(column, text, "") != column
    return found


def _matches(
    column: ColumnElement[Any], values: tuple[Any, ...], parameter: str | None
) -> ColumnElement[bool]:
    """The column has one of these values, None among them meaning NULL."""
    present = [value for value in values if value is not None]
    if not values:
        return false()
    if not present:
        return column.is_(None)
    if len(values) == 1:
        (one,) = present
        return column == (one if parameter is None else bindparam(parameter, type_=column.type))
    among = column.in_(
        present if parameter is None else bindparam(parameter, type_=column.type, expanding=True)
    )
    return among if len(present) == len(values) else or_(column.is_(None), among)


def _condition(
    name: str,
    values: tuple[Any, ...],
    columns: Mapping[str, ColumnElement[Any]],
    special: Mapping[str, Clause],
    id_column: KeyedColumnElement[Any],
    parameter: str | None,
) -> ColumnElement[bool]:
    if name in special:
        return special[name](values)
    if name in columns:
        return _matches(columns[name], values, parameter)
    if name in _TAGS:
        return _TAGS[name](id_column, values)
    raise HTTPBadRequest(msg=f"['{name}'] is invalid attribute for filtering")


# Tags: values are tags or comma-separated lists of them.
# https://docs.openstack.org/api-ref/network/v2/#filtering-by-tags


def _wanted_tags(values: tuple[Any, ...]) -> list[str]:
    return sorted({tag for value in values for tag in str(value).split(",")})


def _has_tag(id_column: KeyedColumnElement[Any], wanted: list[str]) -> ColumnElement[bool]:
    return exists().where(tags.c.resource_id == id_column, tags.c.tag.in_(wanted))


def _has_every_tag(id_column: KeyedColumnElement[Any], wanted: list[str]) -> ColumnElement[bool]:
    return and_(true(), *(_has_tag(id_column, [tag]) for tag in wanted))


_TAGS: Mapping[str, Callable[[KeyedColumnElement[Any], tuple[Any, ...]], ColumnElement[bool]]] = {
    "tags": lambda id_column, values: _has_every_tag(id_column, _wanted_tags(values)),
    "tags-any": lambda id_column, values: _has_tag(id_column, _wanted_tags(values)),
    "not-tags": lambda id_column, values: ~_has_every_tag(id_column, _wanted_tags(values)),
    "not-tags-any": lambda id_column, values: ~_has_tag(id_column, _wanted_tags(values)),
}


def _sort_keys(
    query: Query, columns: Mapping[str, ColumnElement[Any]], id_column: KeyedColumnElement[Any]
) -> list[tuple[ColumnElement[Any], bool]]:
    """(column, ascending) pairs, ending with the id, turned round for a page before a marker."""
    keys: dict[str, tuple[ColumnElement[Any], bool]] = {}
    for name, ascending in query.sort:
        if name not in columns:
            raise HTTPBadRequest(msg=f"['{name}'] is invalid attribute for sort_keys")
        keys.setdefault(name, (columns[name], ascending != query.page_reverse))
    ordered = list(keys.values())
    if not any(column is id_column for column, _ in ordered):
        ordered.append((id_column, not query.page_reverse))
    return ordered


def _beyond_marker(
    base: Select[Any],
    keys: list[tuple[ColumnElement[Any], bool]],
    id_column: KeyedColumnElement[Any],
    marker: ColumnElement[str],
) -> ColumnElement[bool]:
    """Rows that come after the marker's row in the order of `keys`.

    (a, b, id) > (A, B, ID) spelled out: a > A, or a = A and (b > B, or b = B and id > ID); the
    marker's values are read by the same statement.
    """
    beyond: ColumnElement[bool] = false()
    for column, ascending in reversed(keys):
        value = (
            base.with_only_columns(column)
            .where(id_column == marker)
            .order_by(None)
            .correlate(None)
            .scalar_subquery()
        )
        after = column > value if ascending else column < value
        same = column == value
        if _nullable(column):
            there = exists(
                base.with_only_columns(id_column)
                .where(id_column == marker, column.is_(None))
                .correlate(None)
            )
            same = or_(same, and_(column.is_(None), there))
            # Nulls come first when ascending, last when descending.
            after = (
                or_(after, and_(column.is_not(None), there))
                if ascending
                else or_(after, and_(column.is_(None), value.is_not(None)))
            )
        beyond = after if column is id_column else or_(after, and_(same, beyond))
    return beyond


def _nullable(column: ColumnElement[Any]) -> bool:
    return bool(getattr(column, "nullable", True))
