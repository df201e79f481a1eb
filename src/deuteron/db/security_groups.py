"""Security groups in the database: rows to API dicts and back, and who uses them.

A group is read by three statements, however many are asked for: its row, its rules, its tags.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    select,
    update,
)

from deuteron.db import rbac_policies, sharing
from deuteron.db import security_group_rules as rule_rows
from deuteron.db import tags as tag_rows
from deuteron.db.collection import Collection
from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.pages import Page
from deuteron.db.tables import default_security_groups, port_security_groups, security_groups
from deuteron.db.tables import rbac_policies as policies
from deuteron.db.transaction import Connectable, Transaction
from deuteron.query import Query

Group = dict[str, Any]

_COLUMNS: dict[str, ColumnElement[Any]] = {
    str(column.name): column for column in security_groups.columns
}
_GROUPS = Collection(
    "security_groups",
    shown={**_COLUMNS, "shared": sharing.shared_with_caller(security_groups.c.id)},
    columns=_COLUMNS,
    special={"shared": lambda values: sharing.shared_filter(security_groups.c.id, values)},
    id_column=security_groups.c.id,
)


def _complete(
    conn: Connectable,
    found: list[Group],
    page: Page | None,
) -> None:
    """Add rules and tags to the rows of groups."""
    ids = [group["id"] for group in found]
    rules = rule_rows.of_groups(conn, ids, page)
    tags = tag_rows.tags_of(conn, "security_groups", ids)
    for group in found:
        group["security_group_rules"] = rules.get(group["id"], [])
        group["tags"] = tags.get(group["id"], [])


def get(conn: Connectable, group_id: str, scope: str | None = None) -> Group | None:
    """The group of this id, or None if a project (None: everything) does not see it."""
    group = row(conn, group_id, scope)
    if group is not None:
        _complete(conn, [group], None)
    return group


def row(conn: Connectable, group_id: str, scope: str | None = None) -> Group | None:
    """Only what is of the group itself, for those who need no more; or None."""
    return _GROUPS.one(conn, group_id, scope)


def list_(conn: Connectable, query: Query, scope: str | None = None) -> list[Group]:
    """The groups that a query asks for and a project (None: everything) sees, in its order."""
    found, page = _GROUPS.page(conn, query, scope)
    if page is not None:
        _complete(conn, found, page)
    return found


_FACTS = (
    select(
        security_groups.c.id,
        security_groups.c.project_id,
        security_groups.c.stateful,
        exists()
        .where(default_security_groups.c.security_group_id == security_groups.c.id)
        .label("is_default"),
        policies.c.target_project,
    )
    .select_from(
        security_groups.outerjoin(
            policies,
            and_(
                policies.c.object_id == security_groups.c.id,
                policies.c.action == sharing.SHARED,
                policies.c.target_project.in_(bindparam("targets", expanding=True)),
            ),
        )
    )
    .where(security_groups.c.id.in_(bindparam("ids", expanding=True)))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What matters of a group to who wants to use it.

    Args:
        stateful: of the group.
        is_default: it is its project's default group.
        projects: its own and those that it is shared with, among those asked about.
        for_all: it is shared with everybody.
    """

    stateful: bool
    is_default: bool
    projects: frozenset[str]
    for_all: bool

    def usable_by(self, project_ids: Iterable[str]) -> bool:
        """Whether each of these projects may use it."""
        return self.for_all or self.projects.issuperset(project_ids)


def facts(
    conn: Connectable, group_ids: Iterable[str], project_ids: Iterable[str]
) -> dict[str, Facts]:
    """Who may use these groups, by one statement; those that do not exist are missing.

    Args:
        conn: where to read.
        group_ids: of the groups, at least one.
        project_ids: those that want to use them.

    Returns:
        Group id -> facts.
    """
    parameters = {"ids": list(group_ids), "targets": [sharing.EVERYBODY, *project_ids]}
    found: dict[str, Facts] = {}
    for group_id, owner, stateful, is_default, target in conn.execute(_FACTS, parameters):
        known = found.get(group_id)
        found[group_id] = Facts(
            stateful=stateful,
            is_default=is_default,
            projects=(known.projects if known else frozenset([owner])) | {target},
            for_all=target == sharing.EVERYBODY or (known is not None and known.for_all),
        )
    return found


_INSERT = insert(security_groups)


def insert_many(conn: Connectable, wanted: Sequence[Group]) -> None:
    """Insert groups from API dicts that hold every column of the table; not their rules."""
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
    """Delete groups with their rules, the rules that refer to them, their tags and policies.

    Args:
        group_ids: at least one.

    Returns:
        How many there were.
    """
    tag_rows.delete(conn, group_ids)
    deleted = conn.execute(_DELETE, {"ids": list(group_ids)}).rowcount
    rbac_policies.delete_of(conn, group_ids)
    return int(deleted)


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
