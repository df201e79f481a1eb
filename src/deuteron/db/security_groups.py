"""Security groups in the database: rows to API dicts and back, and who uses them.

A group is read by three statements, however many are asked for: its row, its rules, its tags.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, insert, select, update

from deuteron.db import security_group_rules as rule_rows
from deuteron.db import select as listing
from deuteron.db import tags as tag_rows
from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.tables import default_security_groups, port_security_groups, security_groups
from deuteron.db.transaction import Connectable, Transaction
from deuteron.query import Query

Group = dict[str, Any]

_COLUMNS: dict[str, ColumnElement[Any]] = {
    str(column.name): column for column in security_groups.columns
}
_KEYS = tuple(_COLUMNS)
_ROWS = select(*_COLUMNS.values())
_BY_ID = _ROWS.where(security_groups.c.id == bindparam("id"))


def _complete(conn: Connectable, found: list[Group], statement: Select[Any] | None) -> None:
    """Add rules and tags to the rows of groups."""
    ids = [group["id"] for group in found]
    rules = rule_rows.of_groups(conn, ids, statement)
    tags = tag_rows.tags_of(conn, "security_groups", ids)
    for group in found:
        group["security_group_rules"] = rules.get(group["id"], [])
        group["tags"] = tags.get(group["id"], [])


def get(conn: Connectable, group_id: str) -> Group | None:
    """The group of this id, or None."""
    group = row(conn, group_id)
    if group is not None:
        _complete(conn, [group], None)
    return group


def row(conn: Connectable, group_id: str) -> Group | None:
    """Only the group's own columns, for those who need no more; or None."""
    found = conn.execute(_BY_ID, {"id": group_id}).fetchone()
    return None if found is None else dict(zip(_KEYS, found, strict=True))


def list_(conn: Connectable, query: Query) -> list[Group]:
    """The groups that a query asks for, in its order."""
    if query.fields is not None and set(query.fields) <= set(_KEYS):
        keys: tuple[str, ...] = query.fields
        base, complete = select(*(_COLUMNS[name] for name in keys)), False
    else:
        keys, base, complete = _KEYS, _ROWS, True
    statement = listing.page(
        base, columns=_COLUMNS, special={}, id_column=security_groups.c.id, query=query
    )
    found = [dict(zip(keys, values, strict=True)) for values in conn.execute(statement)]
    if listing.marker_missing(
        conn, id_column=security_groups.c.id, query=query, found=found
    ):  # as in Neutron, the list begins anew
        return list_(conn, replace(query, marker=None))
    if complete:
        _complete(conn, found, statement)
    return listing.in_page_order(found, query)


_USABLE = select(
    security_groups.c.id, security_groups.c.project_id, security_groups.c.stateful
).where(security_groups.c.id.in_(bindparam("ids", expanding=True)))


def facts(conn: Connectable, group_ids: Iterable[str]) -> dict[str, tuple[str, bool]]:
    """Whose these groups are and whether they are stateful; those that do not exist are missing.

    Args:
        group_ids: of the groups, at least one.

    Returns:
        Group id -> (project id, stateful).
    """
    found = conn.execute(_USABLE, {"ids": list(group_ids)})
    return {group_id: (project_id, stateful) for group_id, project_id, stateful in found}


_INSERT = insert(security_groups)


def insert_many(conn: Connectable, wanted: Sequence[Group]) -> None:
    """Insert groups from API dicts that hold every column of the table; not their rules."""
    conn.execute(_INSERT, [{name: group[name] for name in _KEYS} for group in wanted])


def update_row(conn: Connectable, group: Group, changes: Mapping[str, Any]) -> bool:
    """Write changed attributes if the group still has the revision that was read.

    Args:
        group: the group as it was read.
        changes: column name -> new value, with the new ``revision_number``.

    Returns:
        False if another one changed it in between; nothing is written then.
    """
    statement = (
        update(security_groups)
        .where(
            security_groups.c.id == group["id"],
            security_groups.c.revision_number == group["revision_number"],
        )
        .values(changes)
    )
    return conn.execute(statement).rowcount == 1


_DELETE = delete(security_groups).where(security_groups.c.id.in_(bindparam("ids", expanding=True)))


def delete_many(conn: Connectable, group_ids: Sequence[str]) -> int:
    """Delete groups with their rules, the rules that refer to them and their tags.

    Args:
        group_ids: at least one.

    Returns:
        How many there were.
    """
    tag_rows.delete(conn, group_ids)
    return int(conn.execute(_DELETE, {"ids": list(group_ids)}).rowcount)


# Default groups


_DEFAULTS = select(
    default_security_groups.c.project_id, default_security_groups.c.security_group_id
).where(default_security_groups.c.project_id.in_(bindparam("projects", expanding=True)))
_CLAIM_DEFAULT = InsertIgnore(default_security_groups)


def defaults(conn: Connectable, project_ids: Iterable[str]) -> dict[str, str]:
    """The default groups of these projects, as far as they have one.

    Args:
        project_ids: at least one.

    Returns:
        Project id -> group id.
    """
    found = conn.execute(_DEFAULTS, {"projects": list(project_ids)})
    return {row[0]: row[1] for row in found}


def claim_defaults(tx: Transaction, wanted: Mapping[str, str]) -> int:
    """Make groups the default ones of their projects, where no other request was faster.

    Waits for a request that is about to do the same.

    Args:
        tx: in which the groups were inserted.
        wanted: project id -> group id.

    Returns:
        How many became default groups.
    """
    rows = [
        {"project_id": project_id, "security_group_id": group_id}
        for project_id, group_id in sorted(wanted.items())
    ]
    return _CLAIM_DEFAULT.execute(tx, rows)


# Members


_IS_USED = (
    select(port_security_groups.c.port_id)
    .where(port_security_groups.c.security_group_id == bindparam("id"))
    .limit(1)
)


def is_used(conn: Connectable, group_id: str) -> bool:
    """Whether any port is a member of the group.

    Args:
        group_id: of the group.
    """
    return conn.execute(_IS_USED, {"id": group_id}).first() is not None
