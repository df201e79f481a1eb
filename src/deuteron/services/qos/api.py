"""The nouns and extensions of QoS, as data.

/qos/policies                                     policies, with their rules
/qos/policies/{id}/<type>_rules                   the rules of a policy, of one type
/qos/alias-<type>-rules/{id}                      a rule without its policy
/qos/rule-types                                   the types of rules, and who enforces them
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from neutron_lib.api.definitions import (
    port_resource_request,
    port_resource_request_groups,
    qos,
    qos_bw_limit_direction,
    qos_bw_minimum_ingress,
    qos_default,
    qos_port_network_policy,
    qos_pps_minimum_rule,
    qos_pps_minimum_rule_alias,
    qos_pps_rule,
    qos_rule_type_details,
    qos_rule_type_filter,
    qos_rules_alias,
)

from deuteron.services.qos import policies, rule_type_verbs, rules
from deuteron.surface import AttributeMap, Extension, Resource, defined_by

_TYPE = {
    "type": {
        **qos.RESOURCE_ATTRIBUTE_MAP[qos.RULE_TYPES]["type"],
        "is_sort_key": False,
        "primary_key": True,
    }
}

EXTENSIONS: tuple[Extension, ...] = (
    defined_by(port_resource_request),
    defined_by(port_resource_request_groups),
    defined_by(qos),
    defined_by(qos_bw_limit_direction),
    defined_by(qos_bw_minimum_ingress),
    defined_by(qos_default),
    defined_by(qos_port_network_policy),
    defined_by(qos_pps_rule),
    defined_by(qos_pps_minimum_rule),
    defined_by(qos_pps_minimum_rule_alias),
    defined_by(qos_rule_type_details),
    defined_by(qos_rule_type_filter),
    defined_by(qos_rules_alias),
)


def _attributes(*definitions: Mapping[str, Any]) -> Mapping[str, AttributeMap]:
    """Collection -> attribute map of the rules: what some definitions say, the later one wins."""
    made: dict[str, dict[str, Any]] = {}
    for definition in definitions:
        for collection, described in definition.items():
            made.setdefault(collection, {}).update(described["parameters"])
    return made


_RULES = _attributes(
    qos.SUB_RESOURCE_ATTRIBUTE_MAP,
    qos_bw_limit_direction.SUB_RESOURCE_ATTRIBUTE_MAP,
    qos_bw_minimum_ingress.SUB_RESOURCE_ATTRIBUTE_MAP,
    {"packet_rate_limit_rules": qos_pps_rule.SUB_RES_ATTR_MAP["packet_rate_limit_rules"]},
    qos_pps_minimum_rule.SUB_RESOURCE_ATTRIBUTE_MAP,
)
_ALIASES: Mapping[str, AttributeMap] = {
    **qos_rules_alias.RESOURCE_ATTRIBUTE_MAP,
    **qos_pps_minimum_rule_alias.RESOURCE_ATTRIBUTE_MAP,
}


def _rules(kind: str) -> Resource:
    """The rules of one type, below their policy."""
    collection = f"{kind}_rules"
    return Resource(
        name=f"{kind}_rule",
        collection=collection,
        paths=(f"qos/policies/{{id}}/{collection}",),
        parent="policy",
        list_=partial(rules.list_, kind),
        get=partial(rules.get, kind),
        create=partial(rules.create, kind),
        update=partial(rules.update, kind),
        delete=partial(rules.delete, kind),
        attributes=_RULES[collection],
    )


def _alias(kind: str) -> Resource:
    """The rules of one type, without their policy."""
    collection = f"alias_{kind}_rules"
    return Resource(
        name=f"alias_{kind}_rule",
        collection=collection,
        paths=(f"qos/{collection.replace('_', '-')}", f"qos/{collection}"),
        get=partial(rules.get_alias, kind),
        update=partial(rules.update_alias, kind),
        delete=partial(rules.delete_alias, kind),
        attributes=_ALIASES[collection],
    )


RESOURCES: tuple[Resource, ...] = (
    Resource(
        name="policy",
        collection="policies",
        paths=("qos/policies",),
        list_=policies.list_,
        get=policies.get,
        create=policies.create,
        update=policies.update,
        delete=policies.delete,
        bulk=False,
        tagged=True,
    ),
    *(
        _rules(kind)
        for kind in (
            "bandwidth_limit",
            "dscp_marking",
            "minimum_bandwidth",
            "minimum_packet_rate",
            "packet_rate_limit",
        )
    ),
    *(
        _alias(kind)
        for kind in (
            "bandwidth_limit",
            "dscp_marking",
            "minimum_bandwidth",
            "minimum_packet_rate",
        )
    ),
    Resource(
        name="rule_type",
        collection="rule_types",
        paths=("qos/rule-types", "qos/rule_types"),
        key="type",
        paged=False,
        list_=rule_type_verbs.list_,
        get=rule_type_verbs.get,
    ),
)
