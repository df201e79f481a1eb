"""The template of security groups: rules that every new group is born with. The administrator's.

    a rule of the template   used_in_default_sg        in new default groups
                             used_in_non_default_sg    in all other new groups
                             remote_group_id PARENT    the remote side is the new group itself

A change of the template leaves groups alone that exist already. Source: API reference, "Security
group default rules".
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import address_groups, security_group_rule
from deuteron.core.deployment import Deployment
from deuteron.db import default_security_group_rules as rows
from deuteron.db import security_groups as group_rows
from deuteron.db.default_security_group_rules import PARENT
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    DefaultSecurityGroupRuleExists,
    DefaultSecurityGroupRuleNotFound,
    SecurityGroupNotFound,
)
from deuteron.query import Query

Rule = dict[str, Any]

_RESOURCE = "default_security_group_rule"


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Rule]) -> list[Rule]:
    """Add rules to the template, all or none.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the rules, in the order of the bodies.

    Raises:
        DefaultSecurityGroupRuleExists: the template says so already for the same kind of groups.
        SecurityGroupNotFound, AddressGroupNotFound: a rule names one that does not exist.
        InvalidInput: a rule contradicts itself, see `security_group_rule.normalised`.
    """
    made = [_new(security_group_rule.normalised(body)) for body in bodies]
    with d.database.transaction(ctx) as tx:
        for rule in made:
            _require_remote(tx, rule)
            _require_new(tx, rule)
            rows.insert_one(tx, rule)
            tx.journal(_RESOURCE, rule["id"], "create", "")
    return made


def _new(body: Rule) -> Rule:
    return {
        "id": str(uuid.uuid4()),
        "direction": body["direction"],
        "ethertype": body["ethertype"],
        "protocol": body["protocol"],
        "port_range_min": body["port_range_min"],
        "port_range_max": body["port_range_max"],
        "remote_ip_prefix": body["remote_ip_prefix"],
        "remote_group_id": body["remote_group_id"] or None,
        "remote_address_group_id": body["remote_address_group_id"] or None,
        "description": body["description"],
        "used_in_default_sg": body["used_in_default_sg"],
        "used_in_non_default_sg": body["used_in_non_default_sg"],
    }


def _require_remote(tx: Transaction, rule: Rule) -> None:
    """Refuse a rule whose remote side does not exist: no group could be made with it."""
    group_id = rule["remote_group_id"]
    if group_id not in (None, PARENT) and group_rows.row(tx, group_id) is None:
        raise SecurityGroupNotFound(id=group_id)
    address_group_id = rule["remote_address_group_id"]
    if address_group_id:
        address_groups.require_usable(tx, [address_group_id], tx.context.project_id)


def _require_new(tx: Transaction, rule: Rule) -> None:
    """Refuse a rule that is there already for default groups, or for the others."""
    wanted = security_group_rule.key(rule)
    for in_default, name in ((True, "used_in_default_sg"), (False, "used_in_non_default_sg")):
        if not rule[name]:
            continue
        for present in rows.used(tx, in_default=in_default):
            if security_group_rule.key(present) == wanted:
                raise DefaultSecurityGroupRuleExists(rule_id=present["id"])


def get(d: Deployment, _ctx: RequestContext, rule_id: str) -> Rule:
    """The rule of this id.

    Raises:
        DefaultSecurityGroupRuleNotFound: there is none.
    """
    with d.database.read() as conn:
        return _require(conn, rule_id)


def _require(conn: Connectable, rule_id: str) -> Rule:
    rule = rows.get(conn, rule_id)
    if rule is None:
        raise DefaultSecurityGroupRuleNotFound(id=rule_id)
    return rule


def list_(d: Deployment, _ctx: RequestContext, query: Query) -> list[Rule]:
    """The rules that a query asks for, in its order; the template is one for all projects."""
    with d.database.read() as conn:
        return rows.list_(conn, query)


def delete(d: Deployment, ctx: RequestContext, rule_id: str) -> None:
    """Take a rule from the template.

    Raises:
        DefaultSecurityGroupRuleNotFound: there is none of this id.
    """
    with d.database.transaction(ctx) as tx:
        if not rows.delete_many(tx, [rule_id]):
            raise DefaultSecurityGroupRuleNotFound(id=rule_id)
        tx.journal(_RESOURCE, rule_id, "delete", "")


def lose_references(tx: Transaction, group_id: str) -> None:
    """Delete the rules whose remote side is a security group that is about to go."""
    referring = rows.referring_to(tx, group_id)
    if referring:
        rows.delete_many(tx, referring)
        for rule_id in referring:
            tx.journal(_RESOURCE, rule_id, "delete", "")


def used(conn: Connectable, *, in_default: bool) -> list[Rule]:
    """The rules of a new group, one of each kind: one statement.

    Args:
        conn: where to read.
        in_default: it will be a default group.
    """
    found = rows.used(conn, in_default=in_default)
    return list({security_group_rule.key(rule): rule for rule in found}.values())


def rule_of(pattern: Mapping[str, Any], group_id: str) -> Rule:
    """A new group's rule, as the template has it.

    Args:
        pattern: the rule of the template.
        group_id: of the new group.
    """
    remote = pattern["remote_group_id"]
    return {
        "id": str(uuid.uuid4()),
        "security_group_id": group_id,
        "ethertype": pattern["ethertype"],
        "direction": pattern["direction"],
        "protocol": pattern["protocol"],
        "port_range_min": pattern["port_range_min"],
        "port_range_max": pattern["port_range_max"],
        "remote_ip_prefix": pattern["remote_ip_prefix"],
        "normalized_cidr": security_group_rule.normalized_cidr(pattern["remote_ip_prefix"]),
        "remote_group_id": group_id if remote == PARENT else remote,
        "remote_address_group_id": pattern["remote_address_group_id"],
        "description": None,
    }
