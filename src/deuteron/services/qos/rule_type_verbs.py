"""What may be asked about the types of rules: which there are, and who enforces them.

Without a filter, the types that every loaded driver enforces; ``all_supported`` widens that to any
driver, ``all_rules`` to all that there are.
"""

from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.errors import QosRuleTypeNotFound
from deuteron.query import Query
from deuteron.services.qos.rule_types import (
    RULE_TYPES,
    RuleType,
    enforced_by_all,
    enforced_by_any,
    loaded,
)


def list_(d: Deployment, _ctx: RequestContext, query: Query) -> list[dict[str, Any]]:
    """The types that a query asks for."""
    drivers = loaded(d.settings.ml2.mechanism_drivers)
    if True in query.filters.get("all_rules", ()):
        names = list(RULE_TYPES)
    elif True in query.filters.get("all_supported", ()):
        names = enforced_by_any(drivers)
    else:
        names = enforced_by_all(drivers)
    return [{"type": name} for name in names]


def get(d: Deployment, _ctx: RequestContext, name: str) -> dict[str, Any]:
    """One type with the drivers that enforce it and the parameters that they take.

    Raises:
        QosRuleTypeNotFound: there is none of this name.
    """
    kind = RULE_TYPES.get(name)
    if kind is None:
        raise QosRuleTypeNotFound(type=name)
    return {
        "type": name,
        "drivers": [
            {"name": driver.name, "supported_parameters": _parameters(kind)}
            for driver in loaded(d.settings.ml2.mechanism_drivers)
            if name in driver.rule_types
        ],
    }


def _parameters(kind: RuleType) -> list[dict[str, Any]]:
    ranges = [
        {
            "parameter_name": name,
            "parameter_type": "range",
            "parameter_values": {"start": first, "end": last},
        }
        for name, (first, last) in kind.ranges.items()
    ]
    choices = [
        {
            "parameter_name": name,
            "parameter_type": "choices",
            "parameter_values": list(values),
        }
        for name, values in kind.choices.items()
    ]
    return ranges + choices
