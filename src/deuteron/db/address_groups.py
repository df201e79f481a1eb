"""Address groups in the database: rows to API dicts and back, and who uses them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update

from deuteron.db import rbac_policies, sharing
from deuteron.db.collection import Collection
from deuteron.db.tables import address_groups as groups
from deuteron.db.tables import security_group_rules
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Group = dict[str, Any]

_COLUMNS: dict[str, ColumnElement[Any]] = {str(column.name): column for column in groups.columns}
_GROUPS = Collection(
    "address_groups",
    shown={**_COLUMNS, "shared": sharing.shared_with_caller(groups.c.id)},
    columns=_COLUMNS,
    id_column=groups.c.id,
)
_PRESENT = select(groups.c.id).where(groups.c.id.in_(bindparam("ids", expanding=True)))
_PRESENT_SCOPED = sharing.for_one(_PRESENT, "address_groups")
_INSERT = insert(groups)
_DELETE = delete(groups).where(groups.c.id == bindparam("id"))
_IS_USED = (
    select(security_group_rules.c.id)
    .where(security_group_rules.c.remote_address_group_id == bindparam("id"))
    .limit(1)
)


def get(conn: Connectable, group_id: str, scope: str | None = None) -> Group | None:
    """The group of this id, or None if a project (None: everything) does not see it."""
    return _GROUPS.one(conn, group_id, scope)


def list_(conn: Connectable, query: Query, scope: str | None = None) -> list[Group]:
    """The groups that a query asks for and a project (None: everything) sees, in its order."""
    found, _ = _GROUPS.page(conn, query, scope)
    return found


def present(conn: Connectable, group_ids: Iterable[str], scope: str | None) -> set[str]:
    """Those of these groups that a project (None: anybody) sees.

    Args:
        conn: where to read.
        group_ids: at least one.
        scope: the project.
    """
    statement = _PRESENT if scope is None else _PRESENT_SCOPED
    found = conn.execute(statement, {"ids": list(group_ids), **sharing.parameters(scope)})
    return {row[0] for row in found}


def is_used(conn: Connectable, group_id: str) -> bool:
    """Whether the remote side of any security group's rule is this group."""
    return conn.execute(_IS_USED, {"id": group_id}).first() is not None


def insert_many(conn: Connectable, wanted: Sequence[Group]) -> None:
    """Insert groups from API dicts that hold every column of the table."""
    conn.execute(_INSERT, [{name: group[name] for name in _COLUMNS} for group in wanted])


def update_row(conn: Connectable, group: Group, changes: Mapping[str, Any]) -> bool:
    """Write changed attributes if the group still has the revision that was read.

    Args:
        group: the group as it was read.
        changes: column name -> new value, with the new ``revision_number``.

    Returns:
        False if another one changed it in between; nothing is written then.
    """
    statement = (
        update(groups)
        .where(groups.c.id == group["id"], groups.c.revision_number == group["revision_number"])
        .values(changes)
    )
    return conn.execute(statement).rowcount == 1


def delete_one(conn: Connectable, group_id: str) -> bool:
    """Delete a group and the policies that share it; False if it is gone."""
    deleted = conn.execute(_DELETE, {"id": group_id}).rowcount
    rbac_policies.delete_of(conn, [group_id])
    return bool(deleted)
