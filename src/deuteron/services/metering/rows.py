"""Metering labels and their rules in the database: rows to API dicts and back."""

from collections.abc import Collection as Several
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, or_, select, true, update

from deuteron.db.collection import Collection
from deuteron.db.router_tables import router_l3_agents, routers
from deuteron.db.service_tables import metering_label_rules, metering_labels
from deuteron.db.tables import agents
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Label = dict[str, Any]
Rule = dict[str, Any]
Router = dict[str, Any]

METERING_AGENT = "Metering agent"

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


# --- what agents are told -------------------------------------------------------------------------

_KNOWN_LABELS = select(*_LABEL.values()).order_by(metering_labels.c.id)
_LABELS_OF = _KNOWN_LABELS.where(
    or_(
        metering_labels.c.shared == true(),
        metering_labels.c.project_id.in_(bindparam("projects", expanding=True)),
    )
)
_LABELS_BY_ID = _KNOWN_LABELS.where(metering_labels.c.id.in_(bindparam("ids", expanding=True)))
_ANY_LABEL = select(metering_labels.c.id).limit(1)
_AGENTS = select(agents.c.host, agents.c.heartbeat_timestamp).where(
    agents.c.agent_type == METERING_AGENT
)
_ROUTER = ("id", "name", "project_id", "admin_state_up", "status", "gw_port_id", "distributed")
_ROUTERS = (
    select(*(routers.c[name] for name in _ROUTER))
    .where(routers.c.admin_state_up == true())
    .order_by(routers.c.id)
)
_PLACES = (
    select(*(routers.c[name] for name in _ROUTER), agents.c.host)
    .join(router_l3_agents, router_l3_agents.c.router_id == routers.c.id)
    .join(agents, agents.c.id == router_l3_agents.c.agent_id)
    .order_by(routers.c.id, agents.c.host)
)
_ON_HOSTS = _PLACES.where(
    agents.c.host.in_(bindparam("hosts", expanding=True)), routers.c.admin_state_up == true()
)
_ON_HOSTS_OF = _ON_HOSTS.where(routers.c.project_id.in_(bindparam("projects", expanding=True)))
_PLACES_OF = _PLACES.where(routers.c.id.in_(bindparam("ids", expanding=True)))


def any_label(conn: Connectable) -> bool:
    """Whether there is any label."""
    return conn.execute(_ANY_LABEL).first() is not None


def labels_by_id(conn: Connectable, label_ids: Iterable[str]) -> list[Label]:
    """Those of these labels that exist, without rules: one statement."""
    rows = conn.execute(_LABELS_BY_ID, {"ids": sorted(set(label_ids))})
    return [dict(zip(_LABEL, row, strict=True)) for row in rows]


def labels_of(conn: Connectable, projects: Iterable[str]) -> list[Label]:
    """The labels of these projects and all shared ones, with their ``rules``: two statements."""
    rows = conn.execute(_LABELS_OF, {"projects": sorted(set(projects))})
    found = [dict(zip(_LABEL, row, strict=True)) for row in rows]
    rules = rules_of(conn, (label["id"] for label in found)) if found else {}
    for label in found:
        label["rules"] = rules.get(label["id"], [])
    return found


def metering_agents(conn: Connectable) -> dict[str, str]:
    """Host -> last heartbeat (``2014-06-04 12:00:00``) of each metering agent."""
    return {row[0]: row[1] for row in conn.execute(_AGENTS)}


def enabled_routers(conn: Connectable) -> list[Router]:
    """All routers that are administratively up, as far as metering agents know them."""
    return [dict(zip(_ROUTER, row, strict=True)) for row in conn.execute(_ROUTERS)]


def enabled_on(
    conn: Connectable, hosts: Several[str], projects: Several[str] | None = None
) -> list[tuple[Router, str]]:
    """The routers on these hosts that are administratively up, and where they are.

    Args:
        conn: where to look; one statement.
        hosts: of L3 agents.
        projects: whose routers, None for all.
    """
    parameters: dict[str, Any] = {"hosts": sorted(hosts)}
    if projects is None:
        rows = conn.execute(_ON_HOSTS, parameters)
    else:
        rows = conn.execute(_ON_HOSTS_OF, {**parameters, "projects": sorted(projects)})
    return [(dict(zip(_ROUTER, row[:-1], strict=True)), row[-1]) for row in rows]


def places_of(conn: Connectable, router_ids: Several[str]) -> set[tuple[str, str]]:
    """(router id, host) of each place of these routers: one statement."""
    rows = conn.execute(_PLACES_OF, {"ids": sorted(router_ids)})
    return {(row[0], row[-1]) for row in rows}
