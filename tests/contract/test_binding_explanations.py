"""Every way in which a binding can fail is told: with its code, where, and the last words."""

from collections.abc import Callable
from typing import Any

import pytest
from neutron_lib.plugins.ml2 import api
from prometheus_client import generate_latest
from sqlalchemy import func, select

from deuteron import metrics
from deuteron.core import binding, explanations
from deuteron.db.engine import Database
from deuteron.db.tables import METADATA
from deuteron.errors import InvalidInput, NetworkNotFound, PortNotFound
from tests.deployments import ADMIN, LINUXBRIDGE, Site, a_deployment
from tests.statements import counted

Port = dict[str, Any]
GENEVE = ("geneve", None, 9)
VLAN = ("vlan", "physnet1", 150)
ELSEWHERE = ("flat", "physnet9", None)


class Odd(api.MechanismDriver):
    """Does what the name of the port's host says."""

    def initialize(self) -> None:
        pass

    @property
    def connectivity(self) -> str:
        return "l2"

    def bind_port(self, context: Any) -> None:
        segment = context.segments_to_bind[0]
        match context.host:
            case "raises":
                raise LookupError("no such switch: r7")
            case "needs-a-segment":
                below = context.allocate_dynamic_segment(
                    {api.NETWORK_TYPE: "vlan", api.PHYSICAL_NETWORK: "tight"}
                )
                context.set_binding(below[api.ID], "odd", {})
            case "speaks" if hasattr(context, "decline"):
                context.decline(segment[api.ID], "out_of_cables", "No cable is left.", "Buy one.")


@pytest.fixture
def site(database: Database, tmp_path) -> Site:
    made = Site(a_deployment(database, tmp_path, drivers=[("odd", Odd())]))
    made.report("host-1")
    return made


def explained(site: Site, port: Port) -> dict[str, Any]:
    (attempt,) = explanations.get(site.d, ADMIN, port["id"])["attempts"]
    return dict(attempt)


def dead(site: Site) -> None:
    site.clock.turn(100)


def tightened(site: Site) -> None:
    """The only VLAN of the physical network ``tight`` is taken."""
    site.segmented(("vlan", "tight", 100))


Prepare = Callable[[Site], None]

FAULTS: dict[str, tuple[str, dict[str, Any], list[tuple[str, str | None, int | None]], Prepare]] = {
    # reason: host, port attributes, segments, what went before
    "agent_dead": ("host-1", {}, [VLAN], dead),
    "no_agent": ("host-9", {}, [VLAN], lambda site: None),
    "physical_network_unmapped": ("host-1", {}, [ELSEWHERE], lambda site: None),
    "tunnel_type_missing": ("host-1", {}, [GENEVE], lambda site: None),
    "vnic_type_unsupported": (
        "host-1",
        {"binding:vnic_type": "baremetal"},
        [VLAN],
        lambda site: None,
    ),
    "switchdev_missing": (
        "host-1",
        {"binding:vnic_type": "direct"},
        [VLAN],
        lambda site: None,
    ),
    "driver_error": ("raises", {}, [VLAN], lambda site: None),
    "no_dynamic_segment": ("needs-a-segment", {}, [VLAN], tightened),
}


@pytest.mark.parametrize("reason", FAULTS)
@pytest.mark.parametrize("hypothetically", [False, True])
def test_each_fault_is_told(site, reason, hypothetically):
    host, attributes, segments, prepare = FAULTS[reason]
    prepare(site)
    network = site.segmented(*segments) if len(segments) > 1 else provider(site, segments[0])
    if hypothetically:
        question = {"network_id": network["id"], "host": host}
        if attributes:
            question["vnic_type"] = attributes["binding:vnic_type"]
        explanation = binding.explain(site.d, ADMIN, question)
        assert explanation["port_id"] is None
        (attempt,) = explanation["attempts"]
    else:
        port = site.port(network, host, **attributes)
        assert port["binding:vif_type"] == "binding_failed"
        attempt = explained(site, port)
    assert (attempt["outcome"], attempt["reason"]) == ("failed", reason)
    telling = [step for step in attempt["steps"] if step["reason"] == reason]
    assert telling
    for step in telling:
        assert step["sentence"]
        assert step["hint"]
        assert step["level"] == 0


def provider(site: Site, segment: tuple[str, str | None, int | None]) -> Port:
    kind, place, number = segment
    return site.network(
        **{
            "provider:network_type": kind,
            "provider:physical_network": place,
            "provider:segmentation_id": number,
        }
    )


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("agent_dead", "2014-06-04 12:00:00"),
        ("no_agent", "host-9"),
        ("physical_network_unmapped", "physnet1:br-1"),
        ("tunnel_type_missing", "vxlan"),
        ("vnic_type_unsupported", "baremetal"),
        ("driver_error", "LookupError: no such switch: r7"),
        ("no_dynamic_segment", "'tight'"),
    ],
)
def test_the_sentence_has_what_an_operator_asks_next(site, reason, words):
    host, attributes, segments, prepare = FAULTS[reason]
    prepare(site)
    port = site.port(provider(site, segments[0]), host, **attributes)
    assert words in explained(site, port)["sentence"]


def test_each_driver_and_segment_is_told(site):
    site.report("host-1", LINUXBRIDGE, tunnel_types=[], interface_mappings={"physnet9": "eth9"})
    network = site.segmented(GENEVE, ("vxlan", None, 9))
    site.report("host-1", tunnel_types=["gre"])
    attempt = explained(site, site.port(network, "host-1"))
    told = [
        (step["driver"], step["segment"] and step["segment"]["network_type"], step["reason"])
        for step in attempt["steps"]
    ]
    assert told == [
        ("openvswitch", "geneve", "tunnel_type_missing"),
        ("openvswitch", "vxlan", "tunnel_type_missing"),
        ("linuxbridge", "geneve", "tunnel_type_missing"),
        ("linuxbridge", "vxlan", "tunnel_type_missing"),
        ("odd", None, "declined"),
    ]


def test_a_driver_that_says_nothing_shows_so(site):
    attempt = explained(site, site.port(site.network(), "host-9"))
    last = attempt["steps"][-1]
    assert (last["driver"], last["reason"]) == ("odd", "declined")
    assert "no reason" in last["sentence"]


def test_a_driver_may_have_words_of_its_own(site):
    attempt = explained(site, site.port(site.network(), "speaks"))
    last = attempt["steps"][-1]
    assert (last["reason"], last["sentence"], last["hint"]) == (
        "out_of_cables",
        "No cable is left.",
        "Buy one.",
    )


def test_a_bound_port_is_explained_too(site):
    port = site.port(provider(site, VLAN), "host-1")
    explanation = explanations.get(site.d, ADMIN, port["id"])
    assert {name: explanation[name] for name in explanation if name != "attempts"} == {
        "port_id": port["id"],
        "network_id": port["network_id"],
        "host": "host-1",
        "vnic_type": "normal",
        "vif_type": "ovs",
    }
    (attempt,) = explanation["attempts"]
    assert (attempt["outcome"], attempt["vif_type"], attempt["reason"]) == ("bound", "ovs", "")
    (step,) = attempt["steps"]
    assert (step["driver"], step["outcome"]) == ("openvswitch", "bound")
    assert step["segment"]["segmentation_id"] == 150


def test_the_last_five_attempts_are_kept_the_latest_first(site):
    port = site.port(site.network(), "host-9")
    for number in range(7):
        site.update(port, **{"binding:host_id": f"host-{number + 10}"})
    hosts = [one["host"] for one in explanations.get(site.d, ADMIN, port["id"])["attempts"]]
    assert hosts == ["host-16", "host-15", "host-14", "host-13", "host-12"]


def test_a_port_that_nobody_tried_has_no_attempts(site):
    port = site.port(site.network())
    assert explanations.get(site.d, ADMIN, port["id"])["attempts"] == []


def test_an_unknown_port_is_not_found(site):
    with pytest.raises(PortNotFound):
        explanations.get(site.d, ADMIN, "11111111-1111-1111-1111-111111111111")


# --- what would be --------------------------------------------------------------------------------


def contents(database: Database) -> dict[str, int]:
    with database.read() as conn:
        return {
            table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in METADATA.sorted_tables
        }


def test_a_question_says_how_a_port_would_be_bound(site):
    network = provider(site, VLAN)
    explanation = binding.explain(
        site.d, ADMIN, {"network_id": network["id"], "host": "host-1", "vnic_type": "normal"}
    )
    assert (explanation["vif_type"], explanation["attempts"][0]["outcome"]) == ("ovs", "bound")


def test_a_question_writes_nothing(site):
    network = site.network()
    before = contents(site.d.database)
    with counted(site.d.database) as statements:
        binding.explain(site.d, ADMIN, {"network_id": network["id"], "host": "host-1"})
    assert contents(site.d.database) == before
    assert all(one.startswith("SELECT") for one in statements), statements
    assert statements.transactions == 0


def test_a_dynamic_segment_of_a_question_is_given_back(site):
    network = site.network()
    before = contents(site.d.database)
    question = {"network_id": network["id"], "host": "needs-a-segment"}
    for _ in range(3):  # there is one segment: it can be taken again and again
        assert binding.explain(site.d, ADMIN, question)["vif_type"] == "odd"
    assert contents(site.d.database) == before
    assert site.port(network, "needs-a-segment")["binding:vif_type"] == "odd"


def test_a_question_about_an_unknown_network_is_refused(site):
    unknown = "11111111-1111-1111-1111-111111111111"
    with pytest.raises(NetworkNotFound):
        binding.explain(site.d, ADMIN, {"network_id": unknown, "host": "host-1"})


@pytest.mark.parametrize(
    "wrong",
    [{"host": ""}, {"host": None}, {"network_id": 3}, {"vnic_type": 3}, {"profile": "x"}],
)
def test_a_malformed_question_is_refused(site, wrong):
    network = site.network()
    question = {"network_id": network["id"], "host": "host-1", **wrong}
    with pytest.raises(InvalidInput):
        binding.explain(site.d, ADMIN, question)


# --- counted --------------------------------------------------------------------------------------


def count_of(outcome: str, reason: str) -> float:
    wanted = f'deuteron_binds_total{{outcome="{outcome}",reason="{reason}"}}'
    for line in generate_latest(metrics.REGISTRY).decode().splitlines():
        if line.startswith(wanted):
            return float(line.rpartition(" ")[2])
    return 0.0


def test_binds_are_counted_by_outcome_and_reason(site):
    bound, failed = count_of("bound", ""), count_of("failed", "no_agent")
    network = site.network()
    site.port(network, "host-1")
    site.port(network, "host-9")
    binding.explain(site.d, ADMIN, {"network_id": network["id"], "host": "host-9"})
    assert count_of("bound", "") == bound + 1
    assert count_of("failed", "no_agent") == failed + 1
