"""Connection tracking helpers in the database: rows to API dicts and back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, update

from deuteron.db.collection import Collection
from deuteron.db.router_tables import conntrack_helpers
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Helper = dict[str, Any]

COLLECTION = "conntrack_helpers"
_COLUMNS: dict[str, ColumnElement[Any]] = {
    str(column.name): column for column in conntrack_helpers.columns
}
_HELPERS = Collection(COLLECTION, shown=_COLUMNS, id_column=conntrack_helpers.c.id)


def get(conn: Connectable, helper_id: str, scope: str | None) -> Helper | None:
    """The helper of this id; None if a project (None: everything) does not see it."""
    return _HELPERS.one(conn, helper_id, scope)


def list_(conn: Connectable, query: Query, scope: str | None) -> list[Helper]:
    """The helpers that a query asks for and a project (None: everything) sees, in its order."""
    return _HELPERS.page(conn, query, scope)[0]


def of_router(conn: Connectable, router_id: str) -> list[Helper]:
    """All helpers of a router."""
    return list_(conn, Query(filters={"router_id": (router_id,)}), None)


_INSERT = insert(conntrack_helpers)
_DELETE = delete(conntrack_helpers).where(conntrack_helpers.c.id == bindparam("helper_id"))


def insert_many(conn: Connectable, helpers: Sequence[Helper]) -> None:
    """Insert helpers from API dicts, at least one."""
    conn.execute(_INSERT, [{name: helper[name] for name in _COLUMNS} for helper in helpers])


def update_row(conn: Connectable, helper_id: str, changes: Mapping[str, Any]) -> None:
    """Write changed columns of a helper, at least one."""
    statement = update(conntrack_helpers).where(conntrack_helpers.c.id == helper_id)
    conn.execute(statement.values(dict(changes)))


def delete_one(conn: Connectable, helper_id: str) -> None:
    """Delete a helper."""
    conn.execute(_DELETE, {"helper_id": helper_id})


def below(query: Query, router_id: str) -> Query:
    """The same query for the helpers of one router."""
    return replace(query, filters={**query.filters, "router_id": (router_id,)})
