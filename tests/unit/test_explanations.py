"""Explanations: which reason is told, what people read, and that every code is documented."""

import re
from pathlib import Path
from typing import Any

import pytest

from deuteron.core import explanations
from deuteron.core.explanation_text import as_text
from deuteron.ml2.hierarchy import Outcome, Step
from deuteron.ml2.reasons import Reason, nearest

DOCUMENT = Path(__file__).parents[2] / "docs" / "binding-reasons.md"
VLAN = {"id": "s1", "network_type": "vlan", "physical_network": "net2", "segmentation_id": 101}


def a_step(**values: Any) -> Step:
    return Step(
        **{
            "level": 0,
            "driver": "openvswitch",
            "segment": None,
            "outcome": Outcome.DECLINED,
            "reason": Reason.NO_AGENT.value,
            "sentence": "No agent.",
            "hint": "Start one.",
            **values,
        }
    )


UNMAPPED = a_step(
    segment=VLAN,
    reason=Reason.PHYSICAL_NETWORK_UNMAPPED.value,
    sentence="No bridge for 'net2'.",
    hint="Map it.",
)


def an_attempt(*steps: Step, vif_type: str | None = None) -> dict[str, Any]:
    return explanations.attempt_of(
        at="2014-06-04T12:00:00Z", host="h1", vnic_type="normal", vif_type=vif_type, steps=steps
    )


def test_the_reason_nearest_to_success_is_told():
    attempt = an_attempt(a_step(), UNMAPPED, a_step(driver="linuxbridge"))
    assert (attempt["outcome"], attempt["reason"], attempt["sentence"], attempt["hint"]) == (
        "failed",
        "physical_network_unmapped",
        "No bridge for 'net2'.",
        "Map it.",
    )


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        ([], ""),
        (["no_agent", "agent_dead"], "agent_dead"),
        (["vnic_type_unsupported", "switchdev_missing"], "switchdev_missing"),
        (["out_of_cables", "no_segments"], "out_of_cables"),
        (["out_of_cables", "no_agent"], "no_agent"),
        (["driver_error", "no_dynamic_segment"], "no_dynamic_segment"),
    ],
)
def test_nearest(codes, told):
    assert nearest(codes) == told


def test_a_bound_attempt_has_no_reason():
    attempt = an_attempt(
        UNMAPPED, a_step(outcome=Outcome.BOUND, reason="", hint=""), vif_type="ovs"
    )
    assert (attempt["outcome"], attempt["vif_type"]) == ("bound", "ovs")
    assert (attempt["reason"], attempt["sentence"], attempt["hint"]) == ("", "", "")
    assert [step["outcome"] for step in attempt["steps"]] == ["declined", "bound"]


def test_the_last_attempts_are_kept():
    kept: list[dict[str, Any]] = []
    for number in range(8):
        kept = explanations.latest(kept, [{"number": number}])
    assert [one["number"] for one in kept] == [3, 4, 5, 6, 7]


def test_metrics_count_known_codes_only():
    attempt = an_attempt(a_step(), UNMAPPED, a_step(reason="out_of_cables"))
    assert explanations.reasons_of(attempt) == [
        "declined",
        "no_agent",
        "physical_network_unmapped",
    ]
    assert explanations.reasons_of(an_attempt(vif_type="ovs")) == [""]
    assert explanations.reasons_of(an_attempt()) == [""]


def test_as_text():
    explanation = {
        "port_id": "p1",
        "network_id": "n1",
        "host": "h1",
        "vnic_type": "normal",
        "vif_type": "binding_failed",
        "attempts": [
            an_attempt(
                UNMAPPED,
                a_step(level=1, driver="linuxbridge", hint=""),
            )
        ],
    }
    assert as_text(explanation).splitlines() == [
        "Port p1 on host h1: binding_failed",
        "",
        "2014-06-04T12:00:00Z  host h1, vnic_type normal: failed (physical_network_unmapped)",
        "  openvswitch, vlan 101 on net2: declined (physical_network_unmapped)",
        "      No bridge for 'net2'.",
        "      Hint: Map it.",
        "    linuxbridge, all segments: declined (no_agent)",
        "        No agent.",
    ]


def test_as_text_of_a_port_that_nobody_bound():
    text = as_text({"port_id": "p1", "host": "", "vif_type": "unbound", "attempts": []})
    assert text == "Port p1 without a host: unbound\nNobody has tried to bind it yet."


def test_as_text_of_a_question():
    text = as_text(
        {"port_id": None, "network_id": "n1", "host": "h1", "attempts": [an_attempt(a_step())]}
    )
    assert text.startswith("A port of network n1 on host h1:")


def test_every_reason_is_documented_in_order():
    documented = re.findall(r"^\| `(\w+)` \|", DOCUMENT.read_text(), re.MULTILINE)
    outcomes = [one.value for one in Outcome]
    assert documented == [*outcomes, *(one.value for one in Reason)]
