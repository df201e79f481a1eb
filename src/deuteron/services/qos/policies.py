"""QoS policies: create, get, list, update, delete.

    create   THE transaction
               defaults of the projects   1 statement, if one is to be a default policy
               rows, sharing, journal

A policy is made empty and gets its rules one by one (`deuteron.services.qos.rules`). One policy of
a project can be its default: new networks of the project have it unless they name another.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import sharing, standard
from deuteron.core.deployment import Deployment
from deuteron.db import rbac_policies
from deuteron.db.sharing import EVERYBODY, SHARED
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    BadRequest,
    QoSPolicyDefaultAlreadyExists,
    QosPolicyInUse,
    QosPolicyNotFound,
    RbacPolicyInUse,
    TryAgain,
)
from deuteron.query import Query
from deuteron.services.qos import rows

Policy = dict[str, Any]

OBJECT_TYPE = "qos_policy"
"""How RBAC policies and the journal call it."""


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Policy]) -> list[Policy]:
    """Create policies without rules, all or none.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the policies, in the order of the bodies.

    Raises:
        BadRequest: one would belong to nobody.
        QoSPolicyDefaultAlreadyExists: the project has a default policy.
    """
    now = d.clock()
    made = [_new(body, now) for body in bodies]
    with d.database.transaction(ctx) as tx:
        _require_no_default(tx, [policy for policy in made if policy["is_default"]])
        rows.insert_many(tx, made)
        rows.set_default(tx, [policy for policy in made if policy["is_default"]])
        rbac_policies.insert_many(
            tx,
            [
                sharing.with_everybody(OBJECT_TYPE, policy, SHARED)
                for policy in made
                if policy["shared"]
            ],
        )
        for policy in made:
            tx.journal(OBJECT_TYPE, policy["id"], "create", policy["project_id"])
    return made


def _new(body: Mapping[str, Any], now: str) -> Policy:
    if not body["project_id"]:
        raise BadRequest(resource="QoS policy", msg="it must belong to a project")
    return {
        "id": str(uuid.uuid4()),
        "project_id": body["project_id"],
        "name": body["name"],
        "description": body.get("description") or "",
        "shared": body["shared"],
        "is_default": body.get("is_default", False),
        "rules": [],
        "tags": [],
        **standard.new(now),
    }


def _require_no_default(tx: Transaction, wanted: Sequence[Policy]) -> None:
    """Refuse default policies where a project would have two."""
    if not wanted:
        return
    projects = [policy["project_id"] for policy in wanted]
    present = rows.defaults(tx, projects)
    for project_id in projects:
        if project_id in present or projects.count(project_id) > 1:
            raise QoSPolicyDefaultAlreadyExists(project_id=project_id)


def get(d: Deployment, ctx: RequestContext, policy_id: str) -> Policy:
    """The policy of this id, with its rules.

    Raises:
        QosPolicyNotFound: there is none.
    """
    with d.database.read() as conn:
        return _require(conn, policy_id, ctx.scope)


def _require(conn: Connectable, policy_id: str, scope: str | None) -> Policy:
    policy = rows.get(conn, policy_id, scope)
    if policy is None:
        raise QosPolicyNotFound(policy_id=policy_id)
    return policy


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Policy]:
    """The policies that a query asks for, in its order, with their rules."""
    with d.database.read() as conn:
        return rows.list_(conn, query, ctx.scope)


def update(
    d: Deployment,
    ctx: RequestContext,
    policy_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
) -> Policy:
    """Change a policy.

    Args:
        changes: validated attributes.
        if_revision: refuse if the policy has another revision.

    Raises:
        QosPolicyNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        QoSPolicyDefaultAlreadyExists: the project has another default policy.
        RbacPolicyInUse: other projects use it and would no longer see it.
    """
    with d.database.transaction(ctx) as tx:
        policy = _require(tx, policy_id, ctx.scope)
        standard.require_revision(policy, if_revision)
        changed = standard.changed(policy, changes)
        if not changed:
            return policy
        if "is_default" in changed:
            if changed["is_default"]:
                _require_no_default(tx, [policy])
                rows.set_default(tx, [policy])
            else:
                rows.unset_default(tx, policy_id)
        if "shared" in changed:
            _share(tx, policy, shared=changed["shared"])
        changed.update(standard.bumped(policy, d.clock()))
        if not rows.update_row(tx, policy, changed):
            raise TryAgain(reason=f"QoS policy {policy_id} was changed by another request")
        tx.journal(OBJECT_TYPE, policy_id, "update", policy["project_id"])
    return {**policy, **changed}


def _share(tx: Transaction, policy: Policy, *, shared: bool) -> None:
    """Share a policy with everybody, or not any more."""
    present = rbac_policies.targets(tx, policy["id"], SHARED)
    if shared:
        if EVERYBODY not in present:
            rbac_policies.insert_many(tx, [sharing.with_everybody(OBJECT_TYPE, policy, SHARED)])
        return
    left = {*present, policy["project_id"]} - {EVERYBODY}
    users = rbac_policies.users(tx, rows.SHAREABLE, policy["id"]) - left
    if users:
        raise RbacPolicyInUse(
            object_id=policy["id"], details=f"projects {', '.join(sorted(users))} use it"
        )
    rbac_policies.withdraw(tx, policy["id"], SHARED, EVERYBODY)


def delete(
    d: Deployment, ctx: RequestContext, policy_id: str, *, if_revision: int | None = None
) -> None:
    """Delete a policy with its rules.

    Raises:
        QosPolicyNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        QosPolicyInUse: a port, network, floating IP or router has it.
    """
    with d.database.transaction(ctx) as tx:
        policy = rows.row(tx, policy_id, ctx.scope)
        if policy is None:
            raise QosPolicyNotFound(policy_id=policy_id)
        standard.require_revision(policy, if_revision)
        user = rows.user(tx, policy_id)
        if user is not None:
            raise QosPolicyInUse(policy_id=policy_id, object_type=user[0], object_id=user[1])
        # Who gets the policy in between makes the database refuse: the operation is tried again.
        if not rows.delete_one(tx, policy_id):
            raise QosPolicyNotFound(policy_id=policy_id)
        rbac_policies.delete_of(tx, [policy_id])
        tx.journal(OBJECT_TYPE, policy_id, "delete", policy["project_id"])
