"""Subnet pools in the database: rows to API dicts and back, and the subnets that they gave out."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update

from deuteron.db import rbac_policies, sharing
from deuteron.db import tags as tag_rows
from deuteron.db.collection import Collection
from deuteron.db.tables import subnetpools, subnets
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Pool = dict[str, Any]

_COLUMNS: dict[str, ColumnElement[Any]] = {
    str(column.name): column
    for column in subnetpools.columns
    if column.name not in {"allocations", "default_for"}
}
_SHARED = sharing.shared_with_caller(subnetpools.c.id)
_POOLS = Collection(
    "subnetpools",
    shown={**_COLUMNS, "shared": _SHARED},
    special={"shared": lambda values: sharing.shared_filter(subnetpools.c.id, values)},
    id_column=subnetpools.c.id,
)


def _complete(conn: Connectable, found: Sequence[Pool]) -> None:
    tags = tag_rows.tags_of(conn, "subnetpools", [pool["id"] for pool in found])
    for pool in found:
        pool["tags"] = tags.get(pool["id"], [])


def get(conn: Connectable, pool_id: str, scope: str | None = None) -> Pool | None:
    """The subnet pool of this id, or None if a project (None: everything) does not see it."""
    pool = _POOLS.one(conn, pool_id, scope)
    if pool is not None:
        _complete(conn, [pool])
    return pool


def list_(conn: Connectable, query: Query, scope: str | None = None) -> list[Pool]:
    """The subnet pools that a query asks for and a project sees, in its order."""
    found, statement = _POOLS.page(conn, query, scope)
    if statement is not None:
        _complete(conn, found)
    return found


_INSERT = insert(subnetpools)


def insert_many(conn: Connectable, wanted: Sequence[Pool]) -> None:
    """Insert pools from API dicts that hold every column."""
    conn.execute(
        _INSERT,
        [
            {**{name: one[name] for name in _COLUMNS}, "default_for": _default(one)}
            for one in wanted
        ],
    )


def _default(pool: Mapping[str, Any]) -> int | None:
    return pool["ip_version"] if pool["is_default"] else None


def update_row(conn: Connectable, pool: Pool, changes: Mapping[str, Any]) -> bool:
    """Write changed attributes if the pool still has the revision that was read.

    Args:
        conn: where to write.
        pool: as it was read.
        changes: column -> new value, with the new ``revision_number``.

    Returns:
        False if another one changed it in between; nothing is written then.
    """
    values = dict(changes)
    if "is_default" in values:
        values["default_for"] = _default({**pool, **values})
    statement = (
        update(subnetpools)
        .where(
            subnetpools.c.id == pool["id"],
            subnetpools.c.revision_number == pool["revision_number"],
        )
        .values(values)
    )
    return bool(conn.execute(statement).rowcount == 1)


_DELETE = delete(subnetpools).where(subnetpools.c.id == bindparam("id"))


def delete_one(conn: Connectable, pool_id: str) -> bool:
    """Delete a pool, its tags and what shares it; False if it was gone already."""
    tag_rows.delete(conn, [pool_id])
    found = conn.execute(_DELETE, {"id": pool_id}).rowcount == 1
    rbac_policies.delete_of(conn, [pool_id])
    return bool(found)


_DEFAULT = _POOLS.rows.where(subnetpools.c.default_for == bindparam("version"))
_DEFAULT_SCOPED = sharing.for_one(_DEFAULT, "subnetpools")


def default(conn: Connectable, ip_version: int, scope: str | None = None) -> str | None:
    """Id of the default pool of an IP version, None if there is none that a project sees."""
    statement = _DEFAULT if scope is None else _DEFAULT_SCOPED
    row = conn.execute(statement, {"version": ip_version, **sharing.parameters(scope)}).fetchone()
    return None if row is None else str(row.id)


# --- what it gave out -----------------------------------------------------------------------------

_COUNT_UP = (
    update(subnetpools)
    .where(subnetpools.c.id == bindparam("pool_id"))
    .values(allocations=subnetpools.c.allocations + 1)
)
_SUBNETS = select(subnets.c.id, subnets.c.cidr, subnets.c.project_id, subnets.c.network_id).where(
    subnets.c.subnetpool_id == bindparam("id")
)
_HAS_SUBNETS = _SUBNETS.with_only_columns(subnets.c.id).limit(1)


def hold(conn: Connectable, pool_id: str) -> bool:
    """Let nobody else allocate from a pool until the transaction ends.

    Returns:
        False if there is no such pool.
    """
    return bool(conn.execute(_COUNT_UP, {"pool_id": pool_id}).rowcount == 1)


def allocated(conn: Connectable, pool_id: str) -> list[tuple[str, str, str, str]]:
    """The subnets of a pool as (id, CIDR, project id, network id)."""
    return [tuple(row) for row in conn.execute(_SUBNETS, {"id": pool_id})]


def has_subnets(conn: Connectable, pool_id: str) -> bool:
    """Whether any subnet is of the pool."""
    return conn.execute(_HAS_SUBNETS, {"id": pool_id}).first() is not None


_SCOPES = select(subnetpools.c.id, subnetpools.c.address_scope_id).where(
    subnetpools.c.id.in_(bindparam("ids", expanding=True))
)


def scopes(conn: Connectable, pool_ids: Sequence[str]) -> dict[str, str | None]:
    """The address scopes of pools: pool id -> scope id, None where it has none."""
    found = conn.execute(_SCOPES, {"ids": list(pool_ids)})
    return {row.id: row.address_scope_id for row in found}


_ADOPT = (
    update(subnets)
    .where(subnets.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        subnetpool_id=bindparam("pool_id"),
        revision_number=subnets.c.revision_number + 1,
        updated_at=bindparam("now"),
    )
)


def adopt(conn: Connectable, pool_id: str, subnet_ids: Sequence[str], now: str) -> None:
    """Make subnets those of a pool."""
    conn.execute(_ADOPT, {"pool_id": pool_id, "ids": list(subnet_ids), "now": now})
