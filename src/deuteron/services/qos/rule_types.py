"""The types of QoS rules, who enforces them, and which rules contradict each other. No I/O.

Two rules of one type and direction are one too many. What is guaranteed cannot exceed what is
allowed: minimum above maximum bandwidth of one direction. A minimum packet rate is for both
directions together (``any``) or for each of them, not both.
Source: API reference, "Quality of Service"; conflicts and what drivers can, observed of Neutron.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neutron_lib import constants
from neutron_lib.db.constants import DB_INTEGER_MAX_VALUE
from neutron_lib.services.qos import constants as qos

from deuteron.errors import QoSRuleParameterConflict, QoSRulesConflict

Rule = Mapping[str, Any]

_ANY = constants.ANY_DIRECTION
_BOTH = tuple(constants.VALID_DIRECTIONS)
_ALL = tuple(constants.VALID_DIRECTIONS_AND_ANY)
_NUMBER = (0, DB_INTEGER_MAX_VALUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleType:
    """A type of rules.

    Args:
        name: as the API has it.
        ranges: parameters that are numbers -> the smallest and the largest.
        choices: parameters of which there are only a few -> these.
    """

    name: str
    ranges: Mapping[str, tuple[int, int]]
    choices: Mapping[str, Sequence[Any]]

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of all parameters."""
        return (*self.ranges, *self.choices)


RULE_TYPES: Mapping[str, RuleType] = {
    one.name: one
    for one in (
        RuleType(
            name=qos.RULE_TYPE_BANDWIDTH_LIMIT,
            ranges={qos.MAX_KBPS: _NUMBER, qos.MAX_BURST: _NUMBER},
            choices={qos.DIRECTION: _BOTH},
        ),
        RuleType(
            name=qos.RULE_TYPE_DSCP_MARKING,
            ranges={},
            choices={qos.DSCP_MARK: tuple(constants.VALID_DSCP_MARKS)},
        ),
        RuleType(
            name=qos.RULE_TYPE_MINIMUM_BANDWIDTH,
            ranges={qos.MIN_KBPS: _NUMBER},
            choices={qos.DIRECTION: _BOTH},
        ),
        RuleType(
            name=qos.RULE_TYPE_MINIMUM_PACKET_RATE,
            ranges={qos.MIN_KPPS: _NUMBER},
            choices={qos.DIRECTION: _ALL},
        ),
        RuleType(
            name=qos.RULE_TYPE_PACKET_RATE_LIMIT,
            ranges={qos.MAX_KPPS: _NUMBER, qos.MAX_BURST_KPPS: _NUMBER},
            choices={qos.DIRECTION: _BOTH},
        ),
    )
}
"""Name -> type, in the order in which a policy lists its rules."""

TRACKED_BY_PLACEMENT = frozenset(
    (qos.RULE_TYPE_MINIMUM_BANDWIDTH, qos.RULE_TYPE_MINIMUM_PACKET_RATE)
)
"""Types whose rules become resources that a server is scheduled by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Who enforces rules on ports.

    Args:
        name: of the mechanism driver.
        vif_types: of bound ports that it serves.
        vnic_types: of ports that it could serve, while they are not bound.
        rule_types: names of those that it enforces.
    """

    name: str
    vif_types: frozenset[str]
    vnic_types: frozenset[str]
    rule_types: frozenset[str]


DRIVERS = (
    Driver(
        name="openvswitch",
        vif_types=frozenset(("ovs", "vhostuser")),
        vnic_types=frozenset(("normal", "direct")),
        rule_types=frozenset(RULE_TYPES),
    ),
    Driver(
        name="linuxbridge",
        vif_types=frozenset(("bridge",)),
        vnic_types=frozenset(("normal",)),
        rule_types=frozenset((qos.RULE_TYPE_BANDWIDTH_LIMIT, qos.RULE_TYPE_DSCP_MARKING)),
    ),
)
_UNPLUGGED = ("unbound", "binding_failed")


def loaded(mechanisms: Iterable[str]) -> tuple[Driver, ...]:
    """The drivers among these mechanism drivers.

    Args:
        mechanisms: names of mechanism drivers.
    """
    names = frozenset(mechanisms)
    return tuple(driver for driver in DRIVERS if driver.name in names)


def enforced_by_all(drivers: Sequence[Driver]) -> list[str]:
    """The types of rules that every driver enforces, so that they hold on any port."""
    return [name for name in RULE_TYPES if drivers and all(name in d.rule_types for d in drivers)]


def enforced_by_any(drivers: Sequence[Driver]) -> list[str]:
    """The types of rules that some driver enforces."""
    return [name for name in RULE_TYPES if any(name in d.rule_types for d in drivers)]


def is_enforced(
    drivers: Iterable[Driver], rule_type: str, *, vif_type: str, vnic_type: str
) -> bool:
    """Whether a driver that can serve a port enforces rules of a type.

    Args:
        drivers: that are loaded.
        rule_type: its name.
        vif_type: of the port; while it is not bound, its `vnic_type` counts.
        vnic_type: of the port.
    """
    if vif_type in _UNPLUGGED:
        able = (driver for driver in drivers if vnic_type in driver.vnic_types)
    else:
        able = (driver for driver in drivers if vif_type in driver.vif_types)
    return any(rule_type in driver.rule_types for driver in able)


def require_no_conflict(policy_id: str, rule: Rule, others: Collection[Rule]) -> None:
    """Refuse a rule that does not go together with the others of its policy.

    Args:
        policy_id: for the message.
        rule: as it will be, with ``id``, ``type``, ``direction`` ('' where there is none) and its
            parameters.
        others: the rules of the policy; the rule itself may be among them.

    Raises:
        QoSRuleParameterConflict: a minimum above a maximum, or packet rates with and without
            direction.
        QoSRulesConflict: there is one of this type and direction.
    """
    others = [other for other in others if other["id"] != rule["id"]]
    for other in others:
        values = _contradiction(rule, other)
        if values is not None:
            raise QoSRuleParameterConflict(
                rule_value=values[0],
                policy_id=policy_id,
                existing_rule=other["type"],
                existing_value=values[1],
            )
    for other in others:
        if other["type"] == rule["type"] and other["direction"] == rule["direction"]:
            raise QoSRulesConflict(
                new_rule_type=rule["type"], rule_id=other["id"], policy_id=policy_id
            )


def _contradiction(rule: Rule, other: Rule) -> tuple[Any, Any] | None:
    """The values by which two rules contradict each other, or None."""
    kinds = (rule["type"], other["type"])
    if kinds == (qos.RULE_TYPE_MINIMUM_PACKET_RATE, qos.RULE_TYPE_MINIMUM_PACKET_RATE):
        directions = (rule["direction"], other["direction"])
        return directions if directions[0] != directions[1] and _ANY in directions else None
    if rule["direction"] != other["direction"]:
        return None
    if kinds == (qos.RULE_TYPE_MINIMUM_BANDWIDTH, qos.RULE_TYPE_BANDWIDTH_LIMIT):
        values = (rule[qos.MIN_KBPS], other[qos.MAX_KBPS])
        return values if values[0] > values[1] else None
    if kinds == (qos.RULE_TYPE_BANDWIDTH_LIMIT, qos.RULE_TYPE_MINIMUM_BANDWIDTH):
        values = (rule[qos.MAX_KBPS], other[qos.MIN_KBPS])
        return values if values[0] < values[1] else None
    return None
