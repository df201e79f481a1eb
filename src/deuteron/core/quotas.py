"""Quotas: how many networks, subnets, ports, ... a project may have.

    a create    rows are inserted, hooks have run
                take()      claim the project, count: 2 statements; over the limit: all is undone
                journal, commit

`take` stands last because the claim holds up other creates of the same project until the commit.
Where nobody has a limit unless it was given one, one statement asks whether it was.
Default groups of security are made on need and not refused; they count as what they are.
"""

from collections.abc import Collection, Mapping
from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.db import quotas as rows
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import BadRequest, HTTPBadRequest, OverQuota, TenantQuotaNotFound

Quota = dict[str, Any]

UNLIMITED = -1
_LONGEST_ID = 255
_OF_SECURITY_GROUPS = ("security_group", "security_group_rule")


def resources(d: Deployment) -> tuple[str, ...]:
    """What has a quota at this site, singular nouns of the API."""
    groups = d.settings.securitygroup.enable_security_group
    return tuple(one for one in d.limited if groups or one not in _OF_SECURITY_GROUPS)


def _limits_of_all(d: Deployment) -> dict[str, int]:
    """Resource -> limit of a project that has none of its own, of those that are configured."""
    configured = d.settings.quotas
    return {
        "network": configured.quota_network,
        "subnet": configured.quota_subnet,
        "port": configured.quota_port,
        "rbac_policy": configured.quota_rbac_policy,
        "security_group": configured.quota_security_group,
        "security_group_rule": configured.quota_security_group_rule,
        "router": configured.quota_router,
        "floatingip": configured.quota_floatingip,
        "router_route": configured.quota_router_route,
    }


def take(d: Deployment, tx: Transaction, resource: str, project_ids: Collection[str]) -> None:
    """`take_all` for one kind of resource."""
    take_all(d, tx, (resource,), project_ids)


def take_all(
    d: Deployment, tx: Transaction, made: Collection[str], project_ids: Collection[str]
) -> None:
    """Refuse what was just inserted if it is more than its projects may have.

    Never over the limit, however many requests there are at the same time. What stands between
    this and the commit holds up other creates of these projects.

    Args:
        d: the deployment.
        tx: in which the resources were inserted.
        made: what they are, singular.
        project_ids: whose they are; what is nobody's ('') is the service's own, without a limit.

    Raises:
        OverQuota: a project has too many now.
    """
    project_ids = {one for one in project_ids if one}
    if not project_ids:
        return
    of_all = {one: limit for one, limit in defaults(d).items() if one in made}
    claimed = [one for one in of_all if of_all[one] != UNLIMITED]
    others = [one for one in of_all if of_all[one] == UNLIMITED]
    if claimed:
        rows.claim(tx, claimed, project_ids)
    if others and rows.claim_limited(tx, others, project_ids):
        claimed += others
    if not claimed:
        return
    overs = set()
    for count in rows.counts(tx, claimed, project_ids):
        limit = of_all[count.resource] if count.own_limit is None else count.own_limit
        if limit != UNLIMITED and count.used > limit:
            overs.add(count.resource)
    if overs:
        raise OverQuota(overs=sorted(overs))


def limit(d: Deployment, conn: Connectable, resource: str, project_id: str) -> int:
    """How many of a resource there may be, -1 for any number.

    Args:
        d: the deployment.
        conn: where to read; one statement.
        resource: singular.
        project_id: of the project.
    """
    own = rows.own_limit(conn, project_id, resource)
    return int(defaults(d)[resource]) if own is None else own


def defaults(d: Deployment) -> Quota:
    """Resource -> limit of projects without limits of their own."""
    configured, other = _limits_of_all(d), d.settings.quotas.default_quota
    return {resource: configured.get(resource, other) for resource in resources(d)}


def get(d: Deployment, project_id: str) -> Quota:
    """Resource -> limit of a project, whether it exists or not."""
    with d.database.read() as conn:
        return _merged(d, rows.own_limits(conn, project_id))


def _merged(d: Deployment, own: Mapping[str, int]) -> Quota:
    return {resource: own.get(resource, limit) for resource, limit in defaults(d).items()}


def details(d: Deployment, project_id: str) -> Quota:
    """Resource -> its ``limit``, how many are ``used``, and ``reserved`` ones, which there are not.

    Args:
        d: the deployment.
        project_id: of a project, whether it exists or not.
    """
    limits = get(d, project_id)
    with d.database.read() as conn:
        used = rows.used(conn, resources(d), project_id)
    return {
        resource: {"limit": limit, "used": used[resource], "reserved": 0}
        for resource, limit in limits.items()
    }


def list_(d: Deployment, ctx: RequestContext) -> list[Quota]:
    """The projects that have limits of their own, all their limits; those the caller may know."""
    with d.database.read() as conn:
        found = rows.all_own_limits(conn)
    return [
        {**_merged(d, own), "project_id": project_id, "tenant_id": project_id}
        for project_id, own in found.items()
        if ctx.scope is None or project_id == ctx.scope
    ]


def update(
    d: Deployment,
    ctx: RequestContext,
    project_id: str,
    limits: Mapping[str, int],
    *,
    below_use: bool = False,
) -> Quota:
    """Give a project limits of its own.

    Args:
        d: the deployment.
        ctx: who asks.
        project_id: of any project.
        limits: resource -> limit, -1 for any number; what is not named stays.
        below_use: whether a limit may be lower than what is there.

    Returns:
        Resource -> limit, all of them.

    Raises:
        HTTPBadRequest: a limit is lower than what is there.
        BadRequest: no project can have such an id.
    """
    if len(project_id) > _LONGEST_ID:
        raise BadRequest(resource="quotas", msg=f"a project's id has at most {_LONGEST_ID} letters")
    if not limits:
        return get(d, project_id)
    with d.database.transaction(ctx) as tx:
        rows.claim(tx, list(limits), [project_id])
        if not below_use:
            _require_enough(limits, rows.used(tx, sorted(limits), project_id))
        rows.set_limits(tx, project_id, limits)
        own = rows.own_limits(tx, project_id)
        tx.journal("quota", _journal_id(project_id), "update", project_id)
    return _merged(d, own)


def _require_enough(limits: Mapping[str, int], used: Mapping[str, int]) -> None:
    for resource, limit in limits.items():
        if limit != UNLIMITED and used[resource] > limit:
            raise HTTPBadRequest(
                msg=f"Quota limit {limit} for {resource} is below the {used[resource]} in use"
            )


def _journal_id(project_id: str) -> str:
    """What the journal keeps as the id; it has room for any that an identity service makes."""
    return project_id[:64]


def delete(d: Deployment, ctx: RequestContext, project_id: str) -> None:
    """Take from a project the limits of its own, so that it has those of all others.

    Raises:
        TenantQuotaNotFound: it has none.
    """
    with d.database.transaction(ctx) as tx:
        if not rows.unset_limits(tx, project_id):
            raise TenantQuotaNotFound(project_id=project_id)
        tx.journal("quota", _journal_id(project_id), "delete", project_id)
