"""Security groups: create, get, list, update, delete; default groups; the groups of ports.

    a project's first network, port, group or list of groups
        -> ensure_default()     1 statement if the default group is there, else it is made:
                                its row, its claim (a unique key decides between requests), rules

A new group has the rules of the template (`deuteron.core.default_security_group_rules`): those for
default groups, or those for others. Source: API reference, "Security groups".
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import default_security_group_rules as template
from deuteron.core import default_statefulness, quotas, standard
from deuteron.core.deployment import Deployment
from deuteron.db import revisions
from deuteron.db import security_group_rules as rule_rows
from deuteron.db import security_groups as rows
from deuteron.db.security_groups import Facts
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    PortSecurityAndIPRequiredForSecurityGroups,
    PortSecurityPortHasSecurityGroup,
    SecurityGroupCannotRemoveDefault,
    SecurityGroupCannotUpdateDefault,
    SecurityGroupConflict,
    SecurityGroupInUse,
    SecurityGroupNotFound,
    TryAgain,
)
from deuteron.query import Query

Group = dict[str, Any]

# Reserved by the API: no other group can have this name.
DEFAULT = "default"


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Group]) -> list[Group]:
    """Create security groups, all or none.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the groups, in the order of the bodies.

    Raises:
        OverQuota: the project has as many groups, or rules, as it may have.
    """
    now = d.clock()
    with d.database.transaction(ctx) as tx:
        ensure_default(d, tx, {body["project_id"] for body in bodies})
        kinds = default_statefulness.complete(tx, bodies)
        first = template.used(tx, in_default=False)
        made = [
            _new(body, now, stateful=stateful, first=first)
            for body, stateful in zip(bodies, kinds, strict=True)
        ]
        rows.insert_many(tx, made)
        _insert_rules(tx, made)
        projects = {group["project_id"] for group in made}
        quotas.take_all(d, tx, ("security_group", "security_group_rule"), projects)
        for group in made:
            tx.journal("security_group", group["id"], "create", group["project_id"])
    return made


def _new(
    body: Mapping[str, Any],
    now: str,
    *,
    stateful: bool,
    first: Sequence[Mapping[str, Any]],
    is_default: bool = False,
) -> Group:
    """A group with its first rules, as an API dict.

    Args:
        body: of the request.
        now: ISO text in UTC.
        stateful: whether it is.
        first: rules of the template.
        is_default: it will be its project's default group.
    """
    group_id = str(uuid.uuid4())
    project_id = body["project_id"]
    return {
        "id": group_id,
        "name": body["name"],
        "stateful": stateful,
        "project_id": project_id,
        "description": body.get("description", ""),
        "security_group_rules": [
            {
                **template.rule_of(pattern, group_id),
                "project_id": project_id,
                "belongs_to_default_sg": is_default,
                **standard.new(now),
            }
            for pattern in first
        ],
        "shared": False,
        "tags": [],
        **standard.new(now, revision=1),
    }


def _new_default(project_id: str, now: str, first: Sequence[Mapping[str, Any]]) -> Group:
    """A default group; it is stateful whatever the project's other groups are (observed)."""
    body = {"project_id": project_id, "name": DEFAULT, "description": "Default security group"}
    return _new(body, now, stateful=True, first=first, is_default=True)


def _insert_rules(tx: Transaction, groups: Iterable[Group]) -> None:
    rule_rows.insert_many(tx, [rule for group in groups for rule in group["security_group_rules"]])


def get(d: Deployment, ctx: RequestContext, group_id: str) -> Group:
    """The security group of this id, with its rules.

    Raises:
        SecurityGroupNotFound: there is none.
    """
    with d.database.read() as conn:
        return _require(conn, group_id, ctx.scope)


def _require(conn: Connectable, group_id: str, scope: str | None) -> Group:
    group = rows.get(conn, group_id, scope)
    if group is None:
        raise SecurityGroupNotFound(id=group_id)
    return group


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Group]:
    """The security groups that a query asks for, in its order, with their rules.

    The caller's project has its default group before it is answered.
    """
    ensure_default_of_caller(d, ctx, query)
    with d.database.read() as conn:
        return rows.list_(conn, query, ctx.scope)


def update(
    d: Deployment,
    ctx: RequestContext,
    group_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
) -> Group:
    """Change a security group.

    Args:
        changes: validated attributes.
        if_revision: refuse if the group has another revision.

    Raises:
        SecurityGroupNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        SecurityGroupCannotUpdateDefault: a default group keeps its name.
        SecurityGroupInUse: a group of ports stays stateful or stateless.
    """
    with d.database.transaction(ctx) as tx:
        group = _require(tx, group_id, ctx.scope)
        standard.require_revision(group, if_revision)
        if "name" in changes and group["name"] == DEFAULT:
            raise SecurityGroupCannotUpdateDefault
        changed = standard.changed(group, changes)
        if not changed:
            return group
        if "stateful" in changed and rows.is_used(tx, group_id):
            raise SecurityGroupInUse(id=group_id)
        changed.update(standard.bumped(group, d.clock()))
        if not rows.update_row(tx, group, changed):
            raise TryAgain(reason=f"security group {group_id} was changed by another request")
        tx.journal("security_group", group_id, "update", group["project_id"])
    return {**group, **changed}


def delete(
    d: Deployment, ctx: RequestContext, group_id: str, *, if_revision: int | None = None
) -> None:
    """Delete a security group, its rules and those rules of other groups that refer to it.

    Raises:
        SecurityGroupNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        SecurityGroupInUse: ports are members of it.
        SecurityGroupCannotRemoveDefault: a default group, and the caller is no administrator.
    """
    with d.database.transaction(ctx) as tx:
        group = rows.row(tx, group_id, ctx.scope)
        if group is None:
            raise SecurityGroupNotFound(id=group_id)
        standard.require_revision(group, if_revision)
        if rows.is_used(tx, group_id):
            raise SecurityGroupInUse(id=group_id)
        if group["name"] == DEFAULT and not ctx.is_admin:
            raise SecurityGroupCannotRemoveDefault
        _lose_references(d, tx, group_id)
        template.lose_references(tx, group_id)
        # A port that became a member in between makes the database refuse: the operation is tried
        # again and finds it.
        if not rows.delete_many(tx, [group_id]):
            raise SecurityGroupNotFound(id=group_id)
        tx.journal("security_group", group_id, "delete", group["project_id"])


def _lose_references(d: Deployment, tx: Transaction, group_id: str) -> None:
    """Delete the rules of other groups that refer to this one, as changes of those groups."""
    referring = rule_rows.referring_to(tx, group_id)
    if not referring:
        return
    others = sorted({other for _, other, _ in referring})
    revisions.bump(tx, "security_groups", others, d.clock())
    rule_rows.delete_many(tx, [rule_id for rule_id, _, _ in referring])
    for rule_id, group, project_id in referring:
        details = {"security_group_id": group}
        tx.journal("security_group_rule", rule_id, "delete", project_id, details)


# Default groups


def ensure_default(d: Deployment, tx: Transaction, project_ids: Collection[str]) -> dict[str, str]:
    """See to it that each of these projects has its default security group.

    Any number of requests may do so at the same time; each project gets one. A site without
    security groups (``enable_security_group``) has no default groups either.

    Args:
        project_ids: of the projects; nobody ('') has none.

    Returns:
        Project id -> group id.

    Raises:
        TryAgain: a default group was deleted in this very moment.
    """
    project_ids = {one for one in project_ids if one}
    if not project_ids or not d.settings.securitygroup.enable_security_group:
        return {}
    found = rows.defaults(tx, project_ids)
    missing = sorted(set(project_ids) - found.keys())
    if not missing:
        return found
    now = d.clock()
    first = template.used(tx, in_default=True)
    made = {project_id: _new_default(project_id, now, first) for project_id in missing}
    rows.insert_many(tx, list(made.values()))
    claims = {project_id: group["id"] for project_id, group in made.items()}
    if rows.claim_defaults(tx, claims) < len(claims):  # others were faster
        found = rows.defaults(tx, project_ids)
        if len(found) < len(set(project_ids)):
            raise TryAgain(reason="a default security group was deleted by another request")
        lost = {p: group for p, group in made.items() if found[p] != group["id"]}
        rows.delete_many(tx, [group["id"] for group in lost.values()])
        made = {p: group for p, group in made.items() if p not in lost}
    _insert_rules(tx, made.values())
    for project_id, group in made.items():
        tx.journal("security_group", group["id"], "create", project_id)
    return found | {project_id: group["id"] for project_id, group in made.items()}


def ensure_default_of_caller(d: Deployment, ctx: RequestContext, query: Query) -> None:
    """The default group of the project whose groups or rules are about to be listed.

    Args:
        query: its first project counts, else the caller's.
    """
    projects = query.filters.get("project_id") or (ctx.project_id,)
    project_id = projects[0]
    if not project_id:
        return
    with d.database.read() as conn:
        if rows.defaults(conn, [project_id]):
            return
    with d.database.transaction(ctx) as tx:
        ensure_default(d, tx, [project_id])


# The groups of ports


def for_new_ports(
    d: Deployment,
    tx: Transaction,
    bodies: Sequence[Mapping[str, Any]],
    ports: Sequence[Mapping[str, Any]],
) -> list[list[str]]:
    """The security groups of new ports, by two statements at most.

    A port with port security that names no groups is in its project's default group.

    Args:
        bodies: validated API dicts; ``security_groups`` is absent where it was not given.
        ports: the ports so far, in the order of the bodies, with ``port_security_enabled`` and
            ``project_id``.

    Returns:
        Ids of the groups of each port.

    Raises:
        PortSecurityAndIPRequiredForSecurityGroups: groups for a port without port security.
        SecurityGroupNotFound: no such group, or not for the port's project.
        SecurityGroupConflict: stateful and stateless groups on one port.
    """
    wanted = [body.get("security_groups") for body in bodies]
    named: set[str] = set()
    for ids, port in zip(wanted, ports, strict=True):
        if ids and not port["port_security_enabled"]:
            raise PortSecurityAndIPRequiredForSecurityGroups
        named.update(ids or ())
    lacking = {
        port["project_id"]
        for ids, port in zip(wanted, ports, strict=True)
        if ids is None and port["port_security_enabled"]
    }
    if named:
        owners = {port["project_id"] for ids, port in zip(wanted, ports, strict=True) if ids}
        usable = require_usable(tx, named, owners)
        for ids in wanted:
            _require_one_kind(usable, ids or ())
    defaults = ensure_default(d, tx, lacking)
    return [
        _default_of(port, defaults) if ids is None else sorted(set(ids))
        for ids, port in zip(wanted, ports, strict=True)
    ]


def _default_of(port: Mapping[str, Any], defaults: Mapping[str, str]) -> list[str]:
    if not port["port_security_enabled"] or port["project_id"] not in defaults:
        return []
    return [defaults[port["project_id"]]]


def for_update(
    tx: Transaction,
    changes: Mapping[str, Any],
    port: Mapping[str, Any],
    original: Mapping[str, Any],
) -> list[str] | None:
    """The security groups of a port after an update, by one statement at most.

    Args:
        changes: validated attributes.
        port: the port so far, with ``port_security_enabled`` as it will be.
        original: the API dict of the port before.

    Returns:
        Ids of the groups, None if they stay.

    Raises:
        PortSecurityAndIPRequiredForSecurityGroups: groups for a port without port security.
        PortSecurityPortHasSecurityGroup: port security goes while groups stay.
        SecurityGroupNotFound: no such group, or not for the port's project.
        SecurityGroupConflict: stateful and stateless groups on one port.
    """
    wanted = changes.get("security_groups", original["security_groups"])
    if wanted and not port["port_security_enabled"]:
        if "security_groups" in changes:
            raise PortSecurityAndIPRequiredForSecurityGroups
        raise PortSecurityPortHasSecurityGroup
    if set(wanted) == set(original["security_groups"]):
        return None
    if wanted:
        usable = require_usable(tx, wanted, [port["project_id"]])
        _require_one_kind(usable, wanted)
    return sorted(set(wanted))


def require_usable(
    tx: Transaction, group_ids: Collection[str], project_ids: Collection[str]
) -> dict[str, Facts]:
    """Refuse groups that are neither of these projects nor shared with them.

    An administrator may use any.

    Args:
        group_ids: at least one.
        project_ids: whose ports or rules want to use them.

    Returns:
        Group id -> what matters of it.

    Raises:
        SecurityGroupNotFound: names all that are missing.
    """
    found = rows.facts(tx, group_ids, project_ids)
    usable = {
        group_id: group
        for group_id, group in found.items()
        if tx.context.is_admin or group.usable_by(project_ids)
    }
    missing = set(group_ids) - usable.keys()
    if missing:
        raise SecurityGroupNotFound(id=", ".join(sorted(missing)))
    return usable


def _require_one_kind(groups: Mapping[str, Facts], group_ids: Iterable[str]) -> None:
    if len({groups[group_id].stateful for group_id in group_ids}) > 1:
        raise SecurityGroupConflict(
            reason="stateful and stateless groups cannot be on one port together"
        )
