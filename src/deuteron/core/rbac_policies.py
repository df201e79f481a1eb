"""RBAC policies: create, get, list, update, delete. Who besides its owner sees an object, and how.

    create   objects seen and own, not shared so already     2 statements per type of objects
             touched: a change of who sees it is a change of the object, and it cannot go meanwhile
             rows, journal
    update   the old target must not use the object
    delete   neither must the target of a policy that goes

Only owners of an object and administrators share it. What can be shared is `Deployment.shareable`.
A policy access_as_external makes a network external; it is so until the last one is gone.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import quotas
from deuteron.core.deployment import Deployment
from deuteron.db import networks as network_rows
from deuteron.db import rbac_policies as rows
from deuteron.db.rbac_policies import Shareable
from deuteron.db.sharing import EVERYBODY, EXTERNAL, SHARED
from deuteron.db.transaction import Transaction
from deuteron.errors import (
    DuplicateRbacPolicy,
    InvalidActionForType,
    InvalidInput,
    RbacPolicyInUse,
    RbacPolicyNotFound,
)
from deuteron.query import Query

Policy = dict[str, Any]
Object = Mapping[str, Any]


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Policy]) -> list[Policy]:
    """Share objects, all or none.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the policies, in the order of the bodies.

    Raises:
        InvalidActionForType: objects of the type are not shared in this way.
        InvalidInput: there is no such type or object, it is another project's, or the target
            would not see what it depends on.
        DuplicateRbacPolicy: it is shared so already.
        OverQuota: the project has as many policies as it may have.
    """
    for body in bodies:
        _require_action(d, body)
    made = [_new(body) for body in bodies]
    with d.database.transaction(ctx) as tx:
        for object_type in dict.fromkeys(policy["object_type"] for policy in made):
            of_type = [policy for policy in made if policy["object_type"] == object_type]
            _share(d, tx, d.shareable[object_type], of_type)
        rows.insert_many(tx, made)
        quotas.take(d, tx, "rbac_policy", {policy["project_id"] for policy in made})
        for policy in made:
            tx.journal("rbac_policy", policy["id"], "create", policy["project_id"])
    return [_shown(policy) for policy in made]


def _require_action(d: Deployment, body: Policy) -> None:
    object_type = body["object_type"]
    shareable = d.shareable.get(object_type)
    if shareable is None:
        raise InvalidInput(error_message=f"'{object_type}' is no type of objects to be shared")
    if body["action"] not in shareable.actions:
        raise InvalidActionForType(
            action=body["action"], object_type=object_type, valid=", ".join(shareable.actions)
        )


def _new(body: Policy) -> Policy:
    return {
        "id": str(uuid.uuid4()),
        "project_id": body["project_id"],
        "object_type": body["object_type"],
        "object_id": body["object_id"],
        "action": body["action"],
        "target_project": body["target_tenant"],
    }


def _shown(policy: Policy) -> Policy:
    return {**policy, "target_tenant": policy["target_project"]}


def _share(
    d: Deployment, tx: Transaction, shareable: Shareable, policies: Sequence[Policy]
) -> None:
    """What new policies of one type mean for their objects, before they are inserted."""
    ids = sorted({policy["object_id"] for policy in policies})
    objects = rows.objects(tx, shareable, ids, tx.context.scope)
    for policy in policies:
        _require_owner(tx, policy, objects.get(policy["object_id"]))
    wanted = [_key(policy) for policy in policies]
    if len(set(wanted)) < len(wanted) or rows.present(tx, ids).intersection(wanted):
        raise DuplicateRbacPolicy
    if shareable.require is not None:
        for policy in policies:
            shareable.require(tx, objects[policy["object_id"]], policy["target_project"])
    _touch(d, tx, shareable, objects.values(), policies[0]["object_type"])
    becoming = sorted({policy["object_id"] for policy in policies if policy["action"] == EXTERNAL})
    if becoming:
        rows.set_external(tx, becoming, external=True)


def _key(policy: Policy) -> tuple[str, str, str]:
    return policy["object_id"], policy["action"], policy["target_project"]


def _require_owner(tx: Transaction, policy: Policy, thing: Object | None) -> None:
    if thing is None:
        raise InvalidInput(
            error_message=f"{policy['object_type']} {policy['object_id']} could not be found"
        )
    if not tx.context.is_admin and thing["project_id"] != tx.context.project_id:
        raise InvalidInput(error_message="only administrators share what another project owns")


def _touch(
    d: Deployment,
    tx: Transaction,
    shareable: Shareable,
    objects: Iterable[Object],
    object_type: str,
) -> None:
    touched = {one["id"]: one["project_id"] for one in objects}
    if rows.touch(tx, shareable, sorted(touched), d.clock()) < len(touched):
        raise InvalidInput(error_message=f"{object_type} could not be found")
    for object_id, project_id in touched.items():
        tx.journal(object_type, object_id, "update", project_id or "")


def get(d: Deployment, ctx: RequestContext, policy_id: str) -> Policy:
    """The policy of this id.

    Raises:
        RbacPolicyNotFound: there is none.
    """
    with d.database.read() as conn:
        policy = rows.get(conn, policy_id, ctx.scope)
    if policy is None:
        raise RbacPolicyNotFound(id=policy_id)
    return _shown(policy)


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Policy]:
    """The policies that a query asks for, in its order."""
    with d.database.read() as conn:
        return [_shown(policy) for policy in rows.list_(conn, query, ctx.scope)]


def update(
    d: Deployment,
    ctx: RequestContext,
    policy_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
) -> Policy:
    """Give a policy another target; the API lets nothing else through.

    Args:
        changes: validated attributes.
        if_revision: of no meaning, policies have no revision.

    Raises:
        RbacPolicyNotFound: there is none of this id.
        InvalidInput: the object is another project's.
        RbacPolicyInUse: the target uses the object and would no longer see it.
        DuplicateRbacPolicy: the object is shared with the new target already.
    """
    with d.database.transaction(ctx) as tx:
        policy = _require(tx, policy_id)
        target = str(changes.get("target_tenant", policy["target_project"]))
        shareable, thing = _object_of(d, tx, policy)
        _require_owner(tx, policy, thing)
        if target == policy["target_project"]:
            return _shown(policy)
        if target != EVERYBODY:
            _require_unused(tx, shareable, policy, thing, target)
        changed = {**policy, "target_project": target}
        if _key(changed) in rows.present(tx, [policy["object_id"]]):
            raise DuplicateRbacPolicy
        if not rows.retarget(tx, policy_id, target):
            raise RbacPolicyNotFound(id=policy_id)
        _touch(d, tx, shareable, [thing], policy["object_type"])
        tx.journal("rbac_policy", policy_id, "update", policy["project_id"])
    return _shown(changed)


def delete(
    d: Deployment, ctx: RequestContext, policy_id: str, *, if_revision: int | None = None
) -> None:
    """Share an object no longer.

    Raises:
        RbacPolicyNotFound: there is none of this id.
        RbacPolicyInUse: the target uses the object and would no longer see it.
    """
    with d.database.transaction(ctx) as tx:
        policy = _require(tx, policy_id)
        shareable, thing = _object_of(d, tx, policy)
        _require_unused(tx, shareable, policy, thing, None)
        if not rows.delete_one(tx, policy_id):
            raise RbacPolicyNotFound(id=policy_id)
        if policy["action"] == EXTERNAL and not rows.targets(tx, thing["id"], EXTERNAL):
            if rows.has_gateways(tx, thing["id"]):
                raise RbacPolicyInUse(object_id=thing["id"], details="it has gateways of routers")
            rows.set_external(tx, [thing["id"]], external=False)
        _touch(d, tx, shareable, [thing], policy["object_type"])
        tx.journal("rbac_policy", policy_id, "delete", policy["project_id"])


def _require(tx: Transaction, policy_id: str) -> Policy:
    policy = rows.get(tx, policy_id, tx.context.scope)
    if policy is None:
        raise RbacPolicyNotFound(id=policy_id)
    return policy


def _object_of(d: Deployment, tx: Transaction, policy: Policy) -> tuple[Shareable, Object]:
    """The object of a policy, whoever owns it: it is there as long as the policy is."""
    shareable = d.shareable[policy["object_type"]]
    found = rows.objects(tx, shareable, [policy["object_id"]], None)
    if not found:
        raise RbacPolicyNotFound(id=policy["id"])
    return shareable, found[policy["object_id"]]


def _require_unused(
    tx: Transaction, shareable: Shareable, policy: Policy, thing: Object, instead: str | None
) -> None:
    """Refuse if whom a policy is for uses the object and has no other way to see it.

    Args:
        tx: the transaction.
        shareable: the object's type.
        policy: that goes.
        thing: the object.
        instead: the target that it gets, None if it goes altogether.

    Raises:
        RbacPolicyInUse: it is used.
    """
    target, action = policy["target_project"], policy["action"]
    if target == thing["project_id"]:
        return
    if action == EXTERNAL and target == EVERYBODY:
        _require_not_default(tx, thing)
    left = (rows.targets(tx, thing["id"], action).keys() - {target}) | {thing["project_id"]}
    if EVERYBODY in left:
        return
    if action == SHARED:
        users = rows.users(tx, shareable, thing["id"])
    else:
        users = rows.routed_out(tx, thing["id"])
    losing = users - left - {instead}
    if target != EVERYBODY:
        losing &= {target}
    if losing:
        raise RbacPolicyInUse(
            object_id=thing["id"], details=f"used by projects {', '.join(sorted(losing))}"
        )


def _require_not_default(tx: Transaction, network: Object) -> None:
    """Refuse to hide the default external network."""
    if network_rows.default_external(tx) == network["id"]:
        raise RbacPolicyInUse(object_id=network["id"], details="it is the default external network")
