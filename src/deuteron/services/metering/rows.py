"""Metering labels and their rules in the database: rows to API dicts and back."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update

from deuteron.db.collection import Collection
from deuteron.db.service_tables import metering_label_rules, metering_labels
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Label = dict[str, Any]
Rule = dict[str, Any]

_LABEL: dict[str, ColumnElement[Any]] = {
    str(column.name): column for column in metering_labels.columns if column.name != "rules"
}
_RULE: dict[str, ColumnElement[Any]] = {
    str(column.name): column for column in metering_label_rules.columns
}
_LABELS = Collection("metering_labels", shown=_LABEL, id_column=metering_labels.c.id)
# With the project of its label, which decides who may see a rule.
_RULES = Collection(
    "metering_label_rules",
    shown={
        **_RULE,
        "project_id": select(metering_labels.c.project_id)
        .where(metering_labels.c.id == metering_label_rules.c.metering_label_id)
        .scalar_subquery(),
    },
    columns=_RULE,
    id_column=metering_label_rules.c.id,
)


def get_label(conn: Connectable, label_id: str, scope: str | None) -> Label | None:
    """The label of this id; None if a project (None: everything) does not see it."""
    return _LABELS.one(conn, label_id, scope)


def list_labels(conn: Connectable, query: Query, scope: str | None) -> list[Label]:
    """The labels that a query asks for and a project (None: everything) sees, in its order."""
    return _LABELS.page(conn, query, scope)[0]


_INSERT_LABEL = insert(metering_labels)
_DELETE_LABEL = delete(metering_labels).where(metering_labels.c.id == bindparam("label_id"))
_COUNT_UP = (
    update(metering_labels)
    .where(metering_labels.c.id.in_(bindparam("ids", expanding=True)))
    .values(rules=metering_labels.c.rules + 1)
)
_PROJECTS = select(metering_labels.c.id, metering_labels.c.project_id).where(
    metering_labels.c.id.in_(bindparam("ids", expanding=True))
)


def insert_labels(conn: Connectable, labels: Sequence[Label]) -> None:
    """Insert labels from API dicts, at least one."""
    conn.execute(
        _INSERT_LABEL,
        [{**{name: label[name] for name in _LABEL}, "rules": 0} for label in labels],
    )


def delete_label(conn: Connectable, label_id: str) -> bool:
    """Delete a label with its rules; False if it was gone already."""
    return conn.execute(_DELETE_LABEL, {"label_id": label_id}).rowcount == 1


def lock_labels(conn: Connectable, label_ids: Iterable[str]) -> dict[str, str]:
    """Keep others from changing the rules of these labels, until the transaction ends.

    Returns:
        Id -> project of those that exist.
    """
    ids = sorted(set(label_ids))
    conn.execute(_COUNT_UP, {"ids": ids})
    return {row[0]: row[1] for row in conn.execute(_PROJECTS, {"ids": ids})}


# --- rules ----------------------------------------------------------------------------------------


def get_rule(conn: Connectable, rule_id: str, scope: str | None) -> Rule | None:
    """The rule of this id with its project; None if a project (None: everything) sees it not."""
    return _RULES.one(conn, rule_id, scope)


def list_rules(conn: Connectable, query: Query, scope: str | None) -> list[Rule]:
    """The rules that a query asks for and a project (None: everything) sees, in its order."""
    return _RULES.page(conn, query, scope)[0]


_INSERT_RULE = insert(metering_label_rules)
_DELETE_RULE = delete(metering_label_rules).where(metering_label_rules.c.id == bindparam("rule_id"))
_RULES_OF = (
    select(*_RULE.values())
    .where(metering_label_rules.c.metering_label_id.in_(bindparam("ids", expanding=True)))
    .order_by(metering_label_rules.c.id)
)


def insert_rules(conn: Connectable, rules: Sequence[Rule]) -> None:
    """Insert rules from API dicts, at least one."""
    conn.execute(_INSERT_RULE, [{name: rule[name] for name in _RULE} for rule in rules])


def delete_rule(conn: Connectable, rule_id: str) -> bool:
    """Delete a rule; False if it was gone already."""
    return conn.execute(_DELETE_RULE, {"rule_id": rule_id}).rowcount == 1


def rules_of(conn: Connectable, label_ids: Iterable[str]) -> dict[str, list[Rule]]:
    """The rules of labels, by one statement; a label without rules is absent."""
    found: dict[str, list[Rule]] = {}
    for row in conn.execute(_RULES_OF, {"ids": sorted(set(label_ids))}):
        rule = dict(zip(_RULE, row, strict=True))
        found.setdefault(rule["metering_label_id"], []).append(rule)
    return found
