"""The rules of QoS policies: create, get, list, update, delete, of one type each.

    create, update   THE transaction
                       the policy is there for the caller     1 statement
                       revision of the policy                 1 statement; locks it, so that no
                                                              other request adds a rule meanwhile
                       its rules, no conflict                 1 statement
                       row
                       ports that have the policy             1 statement: their drivers enforce it
                       journal

A rule counts as a change of its policy. The verbs take the type of the rules first; the API binds
it (`deuteron.services.qos.api`). An alias of a rule is found without its policy.
"""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.db import revisions
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    QosPolicyNotFound,
    QosRuleNotFound,
    QosRuleNotSupported,
    TryAgain,
)
from deuteron.query import Query
from deuteron.services.qos import rows
from deuteron.services.qos.policies import OBJECT_TYPE
from deuteron.services.qos.rule_types import (
    TRACKED_BY_PLACEMENT,
    is_enforced,
    loaded,
    require_no_conflict,
)

Rule = dict[str, Any]


def create(
    kind: str, d: Deployment, ctx: RequestContext, policy_id: str, bodies: Sequence[Rule]
) -> list[Rule]:
    """Add rules of one type to a policy, all or none.

    Args:
        kind: the type.
        policy_id: of the policy.
        bodies: validated API dicts.

    Returns:
        API dicts of the rules, in the order of the bodies.

    Raises:
        QosPolicyNotFound: there is no such policy.
        QoSRulesConflict, QoSRuleParameterConflict: it contradicts a rule that is there.
        QosRuleNotSupported: a port has the policy whose driver does not enforce such rules.
        NotImplementedError: a server's port has the policy, and its place was chosen by the rules.
    """
    with d.database.transaction(ctx) as tx:
        owner, present = _locked(d, tx, policy_id)
        made: list[Rule] = []
        for body in bodies:
            rule = {
                "id": str(uuid.uuid4()),
                "qos_policy_id": policy_id,
                "type": kind,
                "direction": "",
                **body,
            }
            require_no_conflict(policy_id, rule, [*present, *made])
            made.append(rule)
        rows.insert_rules(tx, made)
        _require_enforced(d, tx, policy_id, kind, [*present, *made])
        tx.journal(OBJECT_TYPE, policy_id, "update", owner)
    return [rows.shown(rule) for rule in made]


def _locked(d: Deployment, tx: Transaction, policy_id: str) -> tuple[str, list[Rule]]:
    """Count a change of the policy; whose it is, and its rules.

    Raises:
        QosPolicyNotFound: it is not there for the caller.
    """
    policy = rows.row(tx, policy_id, tx.context.scope)
    if policy is None or not revisions.bump(tx, rows.COLLECTION, [policy_id], d.clock()):
        raise QosPolicyNotFound(policy_id=policy_id)
    return policy["project_id"], rows.rules_of(tx, [policy_id]).get(policy_id, [])


def _require_enforced(
    d: Deployment, tx: Transaction, policy_id: str, kind: str, rules: Iterable[Rule]
) -> None:
    """Refuse a policy that a driver of one of its ports does not enforce.

    Raises:
        QosRuleNotSupported: see there.
        NotImplementedError: rules of servers' ports by which their hosts were chosen.
    """
    ports = rows.kinds_with_policy(tx, policy_id)
    drivers = loaded(d.settings.ml2.mechanism_drivers)
    for port_id, vif_type, vnic_type, _ in ports:
        for rule in rules:
            if not is_enforced(drivers, rule["type"], vif_type=vif_type, vnic_type=vnic_type):
                raise QosRuleNotSupported(rule_type=rule["type"], port_id=port_id)
    if kind in TRACKED_BY_PLACEMENT and any(of_server for *_, of_server in ports):
        raise NotImplementedError(
            "Hosts of servers were chosen by what the policy guarantees: "
            "these rules cannot change while servers' ports have it"
        )


def get(kind: str, d: Deployment, ctx: RequestContext, policy_id: str, rule_id: str) -> Rule:
    """The rule of this id and type.

    Raises:
        QosPolicyNotFound: there is no such policy.
        QosRuleNotFound: it has no such rule.
    """
    with d.database.read() as conn:
        _require_policy(conn, policy_id, ctx.scope)
        return rows.shown(_require(conn, kind, policy_id, rule_id))


def _require_policy(conn: Connectable, policy_id: str, scope: str | None) -> str:
    """Whose the policy is, if it is there for the caller."""
    policy = rows.row(conn, policy_id, scope)
    if policy is None:
        raise QosPolicyNotFound(policy_id=policy_id)
    return str(policy["project_id"])


def _require(conn: Connectable, kind: str, policy_id: str, rule_id: str) -> Rule:
    rule = rows.get_rule(conn, rule_id, kind)
    if rule is None or rule["qos_policy_id"] != policy_id:
        raise QosRuleNotFound(rule_id=rule_id, policy_id=policy_id)
    return rule


def list_(
    kind: str, d: Deployment, ctx: RequestContext, policy_id: str, query: Query
) -> list[Rule]:
    """The rules of this type that a query asks for, in its order.

    Raises:
        QosPolicyNotFound: there is no such policy.
    """
    with d.database.read() as conn:
        _require_policy(conn, policy_id, ctx.scope)
        return rows.list_rules(conn, policy_id, kind, query)


def update(
    kind: str,
    d: Deployment,
    ctx: RequestContext,
    policy_id: str,
    rule_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,  # noqa: ARG001 (rules have no revision number)
) -> Rule:
    """Change a rule.

    Args:
        kind: its type.
        policy_id: of the policy.
        rule_id: of the rule.
        changes: validated attributes.

    Raises:
        QosPolicyNotFound, QosRuleNotFound: there is none.
        QoSRulesConflict, QoSRuleParameterConflict, ...: as in `create`.
    """
    with d.database.transaction(ctx) as tx:
        owner, present = _locked(d, tx, policy_id)
        rule = next((one for one in present if (one["id"], one["type"]) == (rule_id, kind)), None)
        if rule is None:
            raise QosRuleNotFound(rule_id=rule_id, policy_id=policy_id)
        changed = {**rule, **changes}
        require_no_conflict(policy_id, changed, present)
        if changes and not rows.update_rule(tx, rule_id, changes):
            raise TryAgain(reason=f"QoS rule {rule_id} was changed by another request")
        others = [one for one in present if one["id"] != rule_id]
        _require_enforced(d, tx, policy_id, kind, [*others, changed])
        tx.journal(OBJECT_TYPE, policy_id, "update", owner)
    return rows.shown(changed)


def delete(
    kind: str,
    d: Deployment,
    ctx: RequestContext,
    policy_id: str,
    rule_id: str,
    *,
    if_revision: int | None = None,  # noqa: ARG001 (rules have no revision number)
) -> None:
    """Take a rule from its policy.

    Raises:
        QosPolicyNotFound, QosRuleNotFound: there is none.
        NotImplementedError: as in `create`.
    """
    with d.database.transaction(ctx) as tx:
        owner, _ = _locked(d, tx, policy_id)
        _require(tx, kind, policy_id, rule_id)
        if not rows.delete_rule(tx, rule_id):
            raise QosRuleNotFound(rule_id=rule_id, policy_id=policy_id)
        _require_enforced(d, tx, policy_id, kind, ())
        tx.journal(OBJECT_TYPE, policy_id, "update", owner)


# --- aliases: a rule without its policy -----------------------------------------------------------


def get_alias(kind: str, d: Deployment, ctx: RequestContext, rule_id: str) -> Rule:
    """The rule of this id and type, of any policy that is there for the caller.

    Raises:
        QosRuleNotFound: there is none.
    """
    return get(kind, d, ctx, _policy_of(kind, d, ctx, rule_id), rule_id)


def _policy_of(kind: str, d: Deployment, ctx: RequestContext, rule_id: str) -> str:
    with d.database.read() as conn:
        rule = rows.get_rule(conn, rule_id, kind)
        if rule is None or rows.row(conn, rule["qos_policy_id"], ctx.scope) is None:
            raise QosRuleNotFound(rule_id=rule_id, policy_id="")
    return str(rule["qos_policy_id"])


def update_alias(
    kind: str,
    d: Deployment,
    ctx: RequestContext,
    rule_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,  # noqa: ARG001 (rules have no revision number)
) -> Rule:
    """Change a rule; raises what `update` does."""
    return update(kind, d, ctx, _policy_of(kind, d, ctx, rule_id), rule_id, changes)


def delete_alias(
    kind: str,
    d: Deployment,
    ctx: RequestContext,
    rule_id: str,
    *,
    if_revision: int | None = None,  # noqa: ARG001 (rules have no revision number)
) -> None:
    """Take a rule from its policy; raises what `delete` does."""
    delete(kind, d, ctx, _policy_of(kind, d, ctx, rule_id), rule_id)
