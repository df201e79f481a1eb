"""Address scopes in the database: rows to API dicts and back, and which pools are in them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update

from deuteron.db import rbac_policies, sharing
from deuteron.db.collection import Collection
from deuteron.db.tables import address_scopes, subnetpools
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Scope = dict[str, Any]

_COLUMNS: dict[str, ColumnElement[Any]] = {
    str(column.name): column for column in address_scopes.columns if column.name != "pools"
}
_SHARED = sharing.shared_with_caller(address_scopes.c.id)
_SCOPES = Collection(
    "address_scopes",
    shown={**_COLUMNS, "shared": _SHARED},
    special={"shared": lambda values: sharing.shared_filter(address_scopes.c.id, values)},
    id_column=address_scopes.c.id,
)


def get(conn: Connectable, scope_id: str, scope: str | None = None) -> Scope | None:
    """The address scope of this id, or None if a project (None: everything) does not see it."""
    return _SCOPES.one(conn, scope_id, scope)


def list_(conn: Connectable, query: Query, scope: str | None = None) -> list[Scope]:
    """The address scopes that a query asks for and a project sees, in its order."""
    found, _ = _SCOPES.page(conn, query, scope)
    return found


_INSERT = insert(address_scopes)


def insert_many(conn: Connectable, wanted: Sequence[Scope]) -> None:
    """Insert address scopes from API dicts that hold every column."""
    conn.execute(_INSERT, [{name: one[name] for name in _COLUMNS} for one in wanted])


def update_row(conn: Connectable, found: Scope, changes: Mapping[str, Any]) -> bool:
    """Write changed attributes if the scope still has the revision that was read; else False."""
    statement = (
        update(address_scopes)
        .where(
            address_scopes.c.id == found["id"],
            address_scopes.c.revision_number == found["revision_number"],
        )
        .values({name: changes[name] for name in changes if name in _COLUMNS})
    )
    return bool(conn.execute(statement).rowcount == 1)


_DELETE = delete(address_scopes).where(address_scopes.c.id == bindparam("id"))


def delete_one(conn: Connectable, scope_id: str) -> bool:
    """Delete an address scope and what shares it; False if it was gone already."""
    found = conn.execute(_DELETE, {"id": scope_id}).rowcount == 1
    rbac_policies.delete_of(conn, [scope_id])
    return bool(found)


_POOLS = select(subnetpools.c.id, subnetpools.c.prefixes).where(
    subnetpools.c.address_scope_id == bindparam("id")
)
_HAS_POOLS = _POOLS.with_only_columns(subnetpools.c.id).limit(1)
_COUNT_UP = (
    update(address_scopes)
    .where(address_scopes.c.id == bindparam("scope_id"))
    .values(pools=address_scopes.c.pools + 1)
)


def hold(conn: Connectable, scope_id: str) -> bool:
    """Let nobody else change which pools are in the scope until the transaction ends.

    Returns:
        False if there is no such scope.
    """
    return bool(conn.execute(_COUNT_UP, {"scope_id": scope_id}).rowcount == 1)


def prefixes(conn: Connectable, scope_id: str) -> dict[str, list[str]]:
    """The prefixes of the pools in a scope: pool id -> CIDRs."""
    return {row.id: row.prefixes for row in conn.execute(_POOLS, {"id": scope_id})}


def has_pools(conn: Connectable, scope_id: str) -> bool:
    """Whether any pool is in the scope."""
    return conn.execute(_HAS_POOLS, {"id": scope_id}).first() is not None
