"""Security group rules in the database: rows to API dicts and back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from deuteron.db.collection import Collection
from deuteron.db.pages import Page
from deuteron.db.tables import default_security_groups
from deuteron.db.tables import security_group_rules as rules
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Rule = dict[str, Any]

_COLUMNS: dict[str, ColumnElement[Any]] = {str(column.name): column for column in rules.columns}
_OF_DEFAULT = exists().where(
    default_security_groups.c.security_group_id == rules.c.security_group_id
)
_RULES = Collection(
    "security_group_rules",
    shown={**_COLUMNS, "belongs_to_default_sg": _OF_DEFAULT},
    columns=_COLUMNS,
    special={
        "belongs_to_default_sg": lambda values: or_(
            *(_OF_DEFAULT if value else ~_OF_DEFAULT for value in set(values))
        )
    },
    id_column=rules.c.id,
)

_OF_GROUPS = _RULES.rows.where(rules.c.security_group_id.in_(bindparam("ids", expanding=True)))

# Above this many groups their ids are not sent: the rules are joined to the groups' query.
_IDS_AT_MOST = 1000


def get(conn: Connectable, rule_id: str, scope: str | None = None) -> Rule | None:
    """The rule of this id, or None if a project (None: everything) does not see it."""
    return _RULES.one(conn, rule_id, scope)


def list_(conn: Connectable, query: Query, scope: str | None = None) -> list[Rule]:
    """The rules that a query asks for and a project (None: everything) sees, in its order."""
    found, _ = _RULES.page(conn, query, scope)
    return found


def of_groups(
    conn: Connectable,
    group_ids: Sequence[str],
    groups: Page | None = None,
) -> dict[str, list[Rule]]:
    """The rules of these groups, by one statement.

    Args:
        group_ids: of the groups.
        groups: what found them; used instead of the ids where there are many.

    Returns:
        Group id -> its rules; a group without any is missing.
    """
    if not group_ids:
        return {}
    if groups is None or len(group_ids) <= _IDS_AT_MOST:
        result = conn.execute(_OF_GROUPS, {"ids": list(group_ids)})
    else:
        found = groups.ids()
        result = conn.execute(
            _RULES.rows.select_from(rules.join(found, found.c.id == rules.c.security_group_id)),
            groups.parameters,
        )
    by_group: dict[str, list[Rule]] = {}
    for row in result:
        rule = dict(zip(_RULES.keys, row, strict=True))
        by_group.setdefault(rule["security_group_id"], []).append(rule)
    return by_group


_RIVALS = _RULES.rows.where(
    rules.c.security_group_id == bindparam("group_id"),
    func.coalesce(rules.c.port_range_min, -1).in_(bindparam("first", expanding=True)),
    func.coalesce(rules.c.port_range_max, -1).in_(bindparam("last", expanding=True)),
    func.coalesce(rules.c.remote_group_id, "").in_(bindparam("remotes", expanding=True)),
    func.coalesce(rules.c.remote_address_group_id, "").in_(
        bindparam("address_groups", expanding=True)
    ),
    func.coalesce(rules.c.remote_ip_prefix, "").in_(bindparam("prefixes", expanding=True)),
)


def rivals(
    conn: Connectable, group_id: str, wanted: Sequence[Rule], *, anywhere: Iterable[str]
) -> list[Rule]:
    """The rules of a group that have range and remote side in common with one of these.

    Args:
        group_id: of the group.
        wanted: the rules to compare with.
        anywhere: prefixes that say the same as no prefix.
    """
    prefixes = {rule["remote_ip_prefix"] or "" for rule in wanted} | {"", *anywhere}
    parameters = {
        "group_id": group_id,
        "first": sorted({_or(rule["port_range_min"], -1) for rule in wanted}),
        "last": sorted({_or(rule["port_range_max"], -1) for rule in wanted}),
        "remotes": sorted({rule["remote_group_id"] or "" for rule in wanted}),
        "address_groups": sorted({rule["remote_address_group_id"] or "" for rule in wanted}),
        "prefixes": sorted(prefixes),
    }
    return [dict(zip(_RULES.keys, row, strict=True)) for row in conn.execute(_RIVALS, parameters)]


def _or(value: int | None, absent: int) -> int:
    return absent if value is None else value


_INSERT = insert(rules)


def insert_many(conn: Connectable, wanted: Sequence[Rule]) -> None:
    """Insert rules from API dicts that hold every column of the table."""
    if wanted:
        conn.execute(_INSERT, [{name: rule[name] for name in _COLUMNS} for rule in wanted])


def update_row(conn: Connectable, rule: Rule, changes: Mapping[str, Any]) -> bool:
    """Write changed attributes if the rule still has the revision that was read.

    Args:
        rule: the rule as it was read.
        changes: column name -> new value, with the new ``revision_number``.

    Returns:
        False if another one changed it in between; nothing is written then.
    """
    statement = (
        update(rules)
        .where(rules.c.id == rule["id"], rules.c.revision_number == rule["revision_number"])
        .values(changes)
    )
    return conn.execute(statement).rowcount == 1


_DELETE = delete(rules).where(rules.c.id.in_(bindparam("ids", expanding=True)))


def delete_many(conn: Connectable, rule_ids: Sequence[str]) -> int:
    """Delete rules; how many there were."""
    return int(conn.execute(_DELETE, {"ids": list(rule_ids)}).rowcount)


_REFERRING = select(rules.c.id, rules.c.security_group_id, rules.c.project_id).where(
    rules.c.remote_group_id == bindparam("group_id"),
    rules.c.security_group_id != bindparam("group_id"),
)


def referring_to(conn: Connectable, group_id: str) -> list[tuple[str, str, str]]:
    """(rule id, group id, project id) of the rules of other groups whose remote side is this group.

    Args:
        group_id: of the group.
    """
    return [tuple(row) for row in conn.execute(_REFERRING, {"group_id": group_id})]
