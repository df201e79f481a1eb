"""Limits of projects, and how many of each resource they have.

    claim    a create marks the row (project, resource), after it inserted what it makes: whoever
             does the same for the same project waits until it has ended
    counted  then the resources are counted, those just inserted among them, and the limit is read

So nothing is counted twice or kept beside the rows themselves, and a count is never out of date.
The mark changes the row, which makes it a conflict on a Galera cluster, too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Select,
    Table,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import mysql, postgresql, sqlite

from deuteron.db import router_tables, service_tables, tables
from deuteron.db.tables import quotas
from deuteron.db.transaction import Connectable, Transaction

COUNTED: Mapping[str, Table] = {
    "network": tables.networks,
    "subnet": tables.subnets,
    "subnetpool": tables.subnetpools,
    "port": tables.ports,
    "rbac_policy": tables.rbac_policies,
    "security_group": tables.security_groups,
    "security_group_rule": tables.security_group_rules,
    "trunk": service_tables.trunks,
    "router": router_tables.routers,
    "floatingip": router_tables.floatingips,
}
"""Resource -> where it is kept; a table with ``project_id``."""

OF_PARENTS = frozenset({"router_route"})
"""Those whose limit is for each thing that has some, so that a project as such uses none."""

OF_THE_CORE = (
    "network",
    "subnet",
    "subnetpool",
    "port",
    "rbac_policy",
    "security_group",
    "security_group_rule",
)
"""Those of them that do not come with a service plugin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What a project has of one resource.

    Args:
        resource: singular.
        own_limit: -1 for any number, None if it may have as many as any other project.
        used: how many there are.
    """

    resource: str
    own_limit: int | None
    used: int


_OTHER: dict[str, Any] = {"hard_limit": None, "claims": 0}
# No bound parameter: drivers of MySQL would not take it after the rows of an INSERT.
_MORE: dict[str, Any] = {"claims": quotas.c.claims + literal_column("1")}
_KEY = ("project_id", "resource")
# Makes the row if it is not there; either way it is locked until the transaction ends.
_CLAIM = {
    "sqlite": sqlite.insert(quotas).on_conflict_do_update(index_elements=_KEY, set_=_MORE),
    "postgresql": postgresql.insert(quotas).on_conflict_do_update(index_elements=_KEY, set_=_MORE),
    "mysql": mysql.insert(quotas).on_duplicate_key_update(**_MORE),
}
_CLAIM["mariadb"] = _CLAIM["mysql"]


def claim(tx: Transaction, resources: Iterable[str], project_ids: Iterable[str]) -> None:
    """Wait for other creates of these projects, and let others wait: one statement.

    Args:
        tx: the transaction, which holds the claim to its end.
        resources: singular, at least one.
        project_ids: at least one.
    """
    keys = [
        {"project_id": project_id, "resource": resource, **_OTHER}
        for project_id in sorted(project_ids)
        for resource in sorted(resources)
    ]
    tx.execute(_CLAIM[tx.connection.dialect.name], keys if len(keys) > 1 else keys[0])


_CLAIM_LIMITED = (
    update(quotas)
    .where(
        quotas.c.project_id.in_(bindparam("projects", expanding=True)),
        quotas.c.resource.in_(bindparam("of", expanding=True)),
        quotas.c.hard_limit >= 0,
    )
    .values(_MORE)
)


def claim_limited(tx: Transaction, resources: Iterable[str], project_ids: Iterable[str]) -> bool:
    """As `claim`, for those of these projects only that have a limit of their own.

    Returns:
        Whether there is such a project.
    """
    asked = {"projects": list(project_ids), "of": list(resources)}
    return int(tx.execute(_CLAIM_LIMITED, asked).rowcount) > 0


def _counts_of(resource: str, table: Table) -> Select[Any]:
    number = (
        select(func.count())
        .select_from(table)
        .where(table.c.project_id == quotas.c.project_id)
        .scalar_subquery()
    )
    return select(quotas.c.resource, quotas.c.hard_limit, number).where(
        quotas.c.project_id.in_(bindparam("projects", expanding=True)),
        quotas.c.resource == literal(resource),
    )


_COUNTS = {resource: _counts_of(resource, table) for resource, table in COUNTED.items()}


def counts(tx: Transaction, resources: Sequence[str], project_ids: Iterable[str]) -> list[Count]:
    """What these projects have of resources, as far as they were claimed: one statement.

    Args:
        tx: the transaction.
        resources: singular, at least one.
        project_ids: at least one.
    """
    several = len(resources) > 1
    statement = (
        union_all(*(_COUNTS[one] for one in resources)) if several else _COUNTS[resources[0]]
    )
    found = tx.execute(statement, {"projects": list(project_ids)})
    return [Count(resource=resource, own_limit=limit, used=used) for resource, limit, used in found]


_USED = {
    resource: select(literal(resource), func.count())
    .select_from(table)
    .where(table.c.project_id == bindparam("project"))
    for resource, table in COUNTED.items()
}


def used(conn: Connectable, resources: Sequence[str], project_id: str) -> dict[str, int]:
    """How many of these resources a project has, by one statement.

    Args:
        conn: where to read.
        resources: singular, at least one.
        project_id: of the project.
    """
    counted = [resource for resource in resources if resource not in OF_PARENTS]
    used = dict.fromkeys(resources, 0)
    if counted:
        statement = union_all(*(_USED[resource] for resource in counted))
        for resource, number in conn.execute(statement, {"project": project_id}):
            used[str(resource)] = int(number)
    return used


_OWN = select(quotas.c.resource, quotas.c.hard_limit).where(
    quotas.c.project_id == bindparam("project"), quotas.c.hard_limit.is_not(None)
)
_ALL_OWN = (
    select(quotas.c.project_id, quotas.c.resource, quotas.c.hard_limit)
    .where(quotas.c.hard_limit.is_not(None))
    .order_by(quotas.c.project_id)
)


def own_limits(conn: Connectable, project_id: str) -> dict[str, int]:
    """Resource -> limit of those that a project has of its own."""
    found = conn.execute(_OWN, {"project": project_id})
    return {str(resource): int(limit) for resource, limit in found}


_ONE_OWN = select(quotas.c.hard_limit).where(
    quotas.c.project_id == bindparam("project"), quotas.c.resource == bindparam("of")
)


def own_limit(conn: Connectable, project_id: str, resource: str) -> int | None:
    """The limit that a project has of its own for one resource, None if it has none."""
    row = conn.execute(_ONE_OWN, {"project": project_id, "of": resource}).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def all_own_limits(conn: Connectable) -> dict[str, dict[str, int]]:
    """Project id -> what `own_limits` says of it, for those that have any, in their order."""
    found: dict[str, dict[str, int]] = {}
    for project_id, resource, limit in conn.execute(_ALL_OWN):
        found.setdefault(project_id, {})[resource] = limit
    return found


_SET = (
    update(quotas)
    .where(quotas.c.project_id == bindparam("project"), quotas.c.resource == bindparam("of"))
    .values(hard_limit=bindparam("limit"))
)


def set_limits(tx: Transaction, project_id: str, limits: Mapping[str, int]) -> None:
    """Give a project limits of its own, which were claimed before.

    Args:
        tx: the transaction.
        project_id: of the project.
        limits: resource -> limit, at least one.
    """
    tx.execute(
        _SET,
        [
            {"project": project_id, "of": resource, "limit": limit}
            for resource, limit in sorted(limits.items())
        ],
    )


_UNSET = (
    update(quotas)
    .where(quotas.c.project_id == bindparam("project"), quotas.c.hard_limit.is_not(None))
    .values(hard_limit=None)
)


def unset_limits(tx: Transaction, project_id: str) -> int:
    """Take from a project all limits of its own.

    Returns:
        How many there were.
    """
    return int(tx.execute(_UNSET, {"project": project_id}).rowcount)
