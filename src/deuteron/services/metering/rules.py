"""The rules of metering labels: create, get, list, delete. Nothing of a rule can be changed.

    create   THE transaction
               the labels are counted up     1 statement; locks them, so that no other request
                                             adds a rule meanwhile
               whose they are                1 statement
               their rules, no overlap       1 statement
               rows, journal

A rule is its label's project's: who may see the label may see its rules.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.errors import (
    MeteringLabelNotFound,
    MeteringLabelRuleNotFound,
    MeteringLabelRuleOverlaps,
)
from deuteron.query import Query
from deuteron.services.metering import prefixes, rows

Rule = dict[str, Any]

RESOURCE = "metering_label_rule"
"""What the journal calls a rule."""


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Rule]) -> list[Rule]:
    """Add rules to labels, all or none.

    Args:
        d: the deployment.
        ctx: the caller.
        bodies: validated API dicts.

    Returns:
        API dicts of the rules, in the order of the bodies.

    Raises:
        Invalid: see `prefixes.canonical`.
        MeteringLabelNotFound: the caller has no such label.
        MeteringLabelRuleOverlaps: the label has such a rule already.
    """
    wanted = [_new(body) for body in bodies]
    with d.database.transaction(ctx) as tx:
        owners = rows.lock_labels(tx, (rule["metering_label_id"] for rule in wanted))
        present = rows.rules_of(tx, owners)
        for rule in wanted:
            label_id = rule["metering_label_id"]
            owner = owners.get(label_id)
            if owner is None or ctx.scope not in (None, owner):
                raise MeteringLabelNotFound(label_id=label_id)
            rule["project_id"] = owner
            others = present.setdefault(label_id, [])
            other = prefixes.overlapping(rule, others)
            if other is not None:
                raise MeteringLabelRuleOverlaps(
                    remote_ip_prefix=rule[prefixes.REMOTE], rule_id=other["id"]
                )
            others.append(rule)
            tx.journal(RESOURCE, rule["id"], "create", owner, _noted(rule))
        rows.insert_rules(tx, wanted)
    return wanted


def _new(body: Mapping[str, Any]) -> Rule:
    return {
        "id": str(uuid.uuid4()),
        "metering_label_id": body["metering_label_id"],
        "direction": body["direction"],
        "excluded": body["excluded"],
        **prefixes.canonical(body),
    }


def _noted(rule: Rule) -> Rule:
    """What those who follow the journal are told of a rule."""
    return {name: value for name, value in rule.items() if name != "project_id"}


def get(d: Deployment, ctx: RequestContext, rule_id: str) -> Rule:
    """The rule of this id.

    Raises:
        MeteringLabelRuleNotFound: there is none.
    """
    with d.database.read() as conn:
        rule = rows.get_rule(conn, rule_id, ctx.scope)
    if rule is None:
        raise MeteringLabelRuleNotFound(rule_id=rule_id)
    return rule


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Rule]:
    """The rules that a query asks for, in its order."""
    with d.database.read() as conn:
        return rows.list_rules(conn, query, ctx.scope)


def delete(
    d: Deployment,
    ctx: RequestContext,
    rule_id: str,
    *,
    if_revision: int | None = None,  # noqa: ARG001 (rules have no revision number)
) -> None:
    """Take a rule from its label.

    Raises:
        MeteringLabelRuleNotFound: there is none of this id.
    """
    with d.database.transaction(ctx) as tx:
        rule = rows.get_rule(tx, rule_id, ctx.scope)
        if rule is None or not rows.delete_rule(tx, rule_id):
            raise MeteringLabelRuleNotFound(rule_id=rule_id)
        tx.journal(RESOURCE, rule_id, "delete", rule["project_id"], _noted(rule))
