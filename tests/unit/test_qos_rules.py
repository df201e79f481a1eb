"""Which rules of a QoS policy go together, and who enforces them."""

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deuteron.errors import QoSRuleParameterConflict, QoSRulesConflict
from deuteron.services.qos.resource_request import resource_request
from deuteron.services.qos.rule_types import (
    DRIVERS,
    RULE_TYPES,
    enforced_by_all,
    enforced_by_any,
    is_enforced,
    require_no_conflict,
)


@st.composite
def a_rule(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(RULE_TYPES)))
    values: dict[str, Any] = {"id": str(uuid.uuid4()), "type": kind, "direction": ""}
    for name in RULE_TYPES[kind].ranges:
        values[name] = draw(st.integers(0, 3))
    for name, choices in RULE_TYPES[kind].choices.items():
        values[name] = draw(st.sampled_from(list(choices)))
    return values


def goes_with(rule: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    try:
        require_no_conflict("policy", rule, others)
    except (QoSRulesConflict, QoSRuleParameterConflict):
        return False
    return True


@given(a_rule(), a_rule())
def test_rules_contradict_each_other_whichever_was_first(one: Any, other: Any) -> None:
    assert goes_with(one, [other]) == goes_with(other, [one])


@given(a_rule())
def test_a_rule_does_not_contradict_itself(rule: Any) -> None:
    assert goes_with(rule, [rule])


@given(st.lists(a_rule(), max_size=12))
def test_what_a_policy_can_have(wanted: list[Any]) -> None:
    kept: list[dict[str, Any]] = []
    for rule in wanted:
        if goes_with(rule, kept):
            kept.append(rule)
    places = [(rule["type"], rule["direction"]) for rule in kept]
    assert len(set(places)) == len(places)
    rates = {place[1] for place in places if place[0] == "minimum_packet_rate"}
    assert "any" not in rates or rates == {"any"}
    for direction in ("ingress", "egress"):
        by_type = {rule["type"]: rule for rule in kept if rule["direction"] == direction}
        if {"minimum_bandwidth", "bandwidth_limit"} <= by_type.keys():
            least = by_type["minimum_bandwidth"]["min_kbps"]
            assert least <= by_type["bandwidth_limit"]["max_kbps"]


@given(st.lists(st.sampled_from(DRIVERS), unique=True))
def test_what_all_enforce_some_enforce(drivers: list[Any]) -> None:
    everywhere, somewhere = enforced_by_all(drivers), enforced_by_any(drivers)
    assert set(everywhere) <= set(somewhere)
    for kind in RULE_TYPES:
        anywhere = any(
            is_enforced(drivers, kind, vif_type=vif, vnic_type="normal")
            for vif in ("ovs", "bridge", "unbound")
        )
        assert anywhere == (kind in somewhere)


@pytest.mark.parametrize(
    ("vif_type", "vnic_type", "kind", "enforced"),
    [
        ("ovs", "normal", "minimum_bandwidth", True),
        ("bridge", "normal", "minimum_bandwidth", False),
        ("bridge", "normal", "bandwidth_limit", True),
        ("unbound", "direct", "minimum_bandwidth", True),
        ("binding_failed", "direct", "minimum_bandwidth", True),
        ("unbound", "macvtap", "dscp_marking", False),
        ("hw_veb", "direct", "dscp_marking", False),
    ],
)
def test_who_enforces(vif_type: str, vnic_type: str, kind: str, enforced: bool) -> None:
    assert is_enforced(DRIVERS, kind, vif_type=vif_type, vnic_type=vnic_type) is enforced


def test_the_ids_of_groups_are_those_of_neutron() -> None:
    """Made of the port and its rules, so that Nova finds its allocations again (observed)."""
    port = "0e08979d-9830-49ac-b045-7e6249a0221d"
    rule = {
        "id": "d2dad00f-9fd3-4464-92ce-de43e9dd2ab7",
        "type": "minimum_bandwidth",
        "direction": "egress",
        "min_kbps": 500,
    }
    asked = resource_request(
        port_id=port, vnic_type="normal", rules=[rule], physical_networks=["physnet1", None]
    )
    assert asked is not None
    (group,) = asked["request_groups"]
    assert group == {
        "id": str(uuid.uuid5(uuid.UUID(port), rule["id"])),
        "required": ["CUSTOM_PHYSNET_PHYSNET1", "CUSTOM_VNIC_TYPE_NORMAL"],
        "resources": {"NET_BW_EGR_KILOBIT_PER_SEC": 500},
    }
    nothing = resource_request(port_id=port, vnic_type="normal", rules=[rule], physical_networks=[])
    assert nothing is None
