"""Security group rules: create, get, list, update, delete.

    create   normalised          before anything is opened
             THE transaction
               groups named exist       1 statement; 1 more if address groups are
               revision of the group    1 statement; locks it, so that no other request can add
                                        the same rule meanwhile
               no such rule there       1 statement
               rows, journal

The rules of one request are of one group. A rule counts as a change of its group.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import address_groups, quotas, security_group_rule, security_groups, standard
from deuteron.core.deployment import Deployment
from deuteron.db import revisions
from deuteron.db import security_group_rules as rows
from deuteron.db.security_groups import Facts
from deuteron.db.transaction import Transaction
from deuteron.errors import (
    DuplicateSecurityGroupRuleInPost,
    SecurityGroupNotFound,
    SecurityGroupNotSingleGroupRules,
    SecurityGroupRuleExists,
    SecurityGroupRuleNotFound,
    SecurityGroupRulesNotSingleProject,
    TryAgain,
)
from deuteron.query import Query

Rule = dict[str, Any]


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Rule]) -> list[Rule]:
    """Add rules to one security group, all or none.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the rules, in the order of the bodies.

    Raises:
        SecurityGroupNotSingleGroupRules, SecurityGroupRulesNotSingleProject: they are not of one
            group and project.
        DuplicateSecurityGroupRuleInPost: two of them say the same.
        SecurityGroupRuleExists: the group has one of them already.
        SecurityGroupNotFound: the group, or one that a rule refers to, does not exist.
        AddressGroupNotFound: neither does an address group.
        OverQuota: the project has as many rules as it may have.
        InvalidInput: a rule contradicts itself, see `security_group_rule.normalised`.
    """
    _require_single(bodies)
    now = d.clock()
    wanted = [security_group_rule.normalised(body) for body in bodies]
    with d.database.transaction(ctx) as tx:
        group_id = wanted[0]["security_group_id"]
        group = _require_groups(tx, wanted)
        made = [_new(rule, now, of_default=group.is_default) for rule in wanted]
        if not revisions.bump(tx, "security_groups", [group_id], now):
            raise SecurityGroupNotFound(id=group_id)
        _require_new(tx, group_id, made)
        rows.insert_many(tx, made)
        quotas.take(d, tx, "security_group_rule", {rule["project_id"] for rule in made})
        for rule in made:
            tx.journal("security_group_rule", rule["id"], "create", rule["project_id"])
    return made


def _require_single(bodies: Sequence[Rule]) -> None:
    if len({body["security_group_id"] for body in bodies}) > 1:
        raise SecurityGroupNotSingleGroupRules
    if len({body["project_id"] for body in bodies}) > 1:
        raise SecurityGroupRulesNotSingleProject


def _new(body: Rule, now: str, *, of_default: bool) -> Rule:
    return {
        "id": str(uuid.uuid4()),
        "project_id": body["project_id"],
        "security_group_id": body["security_group_id"],
        "ethertype": body["ethertype"],
        "direction": body["direction"],
        "protocol": body["protocol"],
        "port_range_min": body["port_range_min"],
        "port_range_max": body["port_range_max"],
        "remote_ip_prefix": body["remote_ip_prefix"],
        "normalized_cidr": security_group_rule.normalized_cidr(body["remote_ip_prefix"]),
        "remote_group_id": body["remote_group_id"] or None,
        "remote_address_group_id": body["remote_address_group_id"] or None,
        "belongs_to_default_sg": of_default,
        "description": body.get("description", ""),
        **standard.new(now),
    }


def _require_groups(tx: Transaction, wanted: Sequence[Rule]) -> Facts:
    """Refuse rules that name what does not exist, or not for their project; facts of their group.

    Args:
        tx: the transaction.
        wanted: of one group and project.
    """
    group_id, project_id = wanted[0]["security_group_id"], wanted[0]["project_id"]
    named = {group_id, *(rule["remote_group_id"] for rule in wanted if rule["remote_group_id"])}
    found = security_groups.require_usable(tx, named, [project_id])
    remote = {rule["remote_address_group_id"] for rule in wanted} - {None, ""}
    if remote:
        address_groups.require_usable(tx, remote, project_id)
    return found[group_id]


def _require_new(tx: Transaction, group_id: str, made: Sequence[Rule]) -> None:
    """Refuse rules that are there already, among themselves or in the group."""
    wanted = {security_group_rule.key(rule) for rule in made}
    if len(wanted) < len(made):
        raise DuplicateSecurityGroupRuleInPost
    for rival in rows.rivals(tx, group_id, made, anywhere=security_group_rule.ANYWHERE):
        if security_group_rule.key(rival) in wanted:
            raise SecurityGroupRuleExists(rule_id=rival["id"])


def get(d: Deployment, ctx: RequestContext, rule_id: str) -> Rule:
    """The rule of this id.

    Raises:
        SecurityGroupRuleNotFound: there is none.
    """
    with d.database.read() as conn:
        rule = rows.get(conn, rule_id, ctx.scope)
    if rule is None:
        raise SecurityGroupRuleNotFound(id=rule_id)
    return rule


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Rule]:
    """The rules that a query asks for, in its order.

    As with groups, the caller's project has its default group before it is answered.
    """
    security_groups.ensure_default_of_caller(d, ctx, query)
    with d.database.read() as conn:
        return rows.list_(conn, query, ctx.scope)


def update(
    d: Deployment,
    ctx: RequestContext,
    rule_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
) -> Rule:
    """Change the description of a rule; the API lets nothing else through.

    Raises:
        SecurityGroupRuleNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
    """
    with d.database.transaction(ctx) as tx:
        rule = _require(tx, rule_id)
        standard.require_revision(rule, if_revision)
        changed = standard.changed(rule, changes)
        if not changed:
            return rule
        now = d.clock()
        changed.update(standard.bumped(rule, now))
        if not rows.update_row(tx, rule, changed):
            raise TryAgain(reason=f"security group rule {rule_id} was changed by another request")
        revisions.bump(tx, "security_groups", [rule["security_group_id"]], now)
        tx.journal("security_group_rule", rule_id, "update", rule["project_id"])
    return {**rule, **changed}


def delete(
    d: Deployment, ctx: RequestContext, rule_id: str, *, if_revision: int | None = None
) -> None:
    """Take a rule from its group.

    Raises:
        SecurityGroupRuleNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
    """
    with d.database.transaction(ctx) as tx:
        rule = _require(tx, rule_id)
        standard.require_revision(rule, if_revision)
        revisions.bump(tx, "security_groups", [rule["security_group_id"]], d.clock())
        if not rows.delete_many(tx, [rule_id]):
            raise SecurityGroupRuleNotFound(id=rule_id)
        details = {"security_group_id": rule["security_group_id"]}
        tx.journal("security_group_rule", rule_id, "delete", rule["project_id"], details)


def _require(tx: Transaction, rule_id: str) -> Rule:
    rule = rows.get(tx, rule_id, tx.context.scope)
    if rule is None:
        raise SecurityGroupRuleNotFound(id=rule_id)
    return rule
