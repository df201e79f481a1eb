"""The walk through the drivers: order, levels, loops, and what is noted of each."""

from collections.abc import Callable
from typing import Any

import pytest
from neutron_lib import exceptions
from neutron_lib.plugins.ml2 import api

from deuteron.context import RequestContext
from deuteron.ml2.contexts import PortContext
from deuteron.ml2.dispatch import Mechanisms
from deuteron.ml2.hierarchy import MAX_LEVELS, Walk
from deuteron.ml2.plugin_context import outside_transaction
from deuteron.ml2.reasons import Reason


class Driver(api.MechanismDriver):
    """Binds as the test says."""

    def __init__(
        self,
        way: Callable[[PortContext], None] = lambda context: None,
        *,
        connectivity: str = "l2",
        responsible: bool = False,
    ) -> None:
        self.way = way
        self.asked = 0
        self._connectivity = connectivity
        self._responsible = responsible

    def initialize(self) -> None:
        pass

    @property
    def connectivity(self) -> str:
        return self._connectivity

    def bind_port(self, context: PortContext) -> None:
        self.asked += 1
        self.way(context)

    def responsible_for_ports_allocation(self, context: PortContext) -> bool:
        return self._responsible


class Idle(api.MechanismDriver):
    """Binds no ports at all."""

    def initialize(self) -> None:
        pass


def a_segment(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "network_type": "vlan",
        "physical_network": "p",
        "segmentation_id": 1,
        "network_id": "n",
    }


SEGMENTS = [a_segment("s1"), a_segment("s2")]


def binds(segment: str = "s1", vif_type: str = "mine") -> Callable[[PortContext], None]:
    return lambda context: context.set_binding(segment, vif_type, {"a": 1})


def continues(segment: str, *below: str) -> Callable[[PortContext], None]:
    return lambda context: context.continue_binding(segment, [a_segment(name) for name in below])


def by_level(*ways: Callable[[PortContext], None]) -> Callable[[PortContext], None]:
    return lambda context: ways[len(context.binding_levels or ())](context)


def raises(error: Exception) -> Callable[[PortContext], None]:
    def way(context: PortContext) -> None:
        raise error

    return way


class Sources:
    def network(self):
        return {"id": "n"}

    def segments(self):
        return SEGMENTS

    def segment(self, segment_id):
        return a_segment(segment_id)


def walked(
    *drivers: tuple[str, Any],
    profile: dict[str, Any] | None = None,
    has_address: bool = True,
    wished: list[Any] | None = None,
) -> tuple[bool, Walk]:
    port = {
        "id": "p1",
        "device_owner": "compute:x",
        "status": "DOWN",
        "binding:host_id": "h",
        "binding:profile": profile or {},
    }
    sources: Any = Sources()
    request = outside_transaction(RequestContext(request_id="req-1"))
    left = list(wished or ())
    walk = Walk(
        Mechanisms(drivers),
        PortContext(request, port, None, sources),
        has_address=has_address,
        exhausted=lambda: left.pop() if left else None,
    )
    return walk.down(SEGMENTS), walk


def noted(walk: Walk) -> list[tuple[int, str, str | None, str, str]]:
    return [
        (
            step.level,
            step.driver,
            step.segment and step.segment["id"],
            str(step.outcome),
            step.reason,
        )
        for step in walk.steps
    ]


def levels(walk: Walk) -> list[tuple[str, str]]:
    return [(level.driver, level.segment_id) for level in walk.levels()]


def test_the_first_driver_that_binds_wins_and_the_rest_are_not_asked():
    last = Driver(binds())
    bound, walk = walked(("a", Driver()), ("b", Driver(binds("s2"))), ("c", last))
    assert bound
    assert levels(walk) == [("b", "s2")]
    assert (walk.proposal.vif_type, walk.proposal.vif_details) == ("mine", {"a": 1})
    assert noted(walk) == [
        (0, "a", None, "declined", "declined"),
        (0, "b", "s2", "bound", ""),
    ]
    assert last.asked == 0


def test_nobody_binds():
    bound, walk = walked(("a", Driver()), ("idle", Idle()), ("b", Driver()))
    assert not bound
    assert walk.proposal is None
    assert [driver for _, driver, *_ in noted(walk)] == ["a", "b"]


def test_a_driver_may_leave_the_rest_to_others():
    fabric = Driver(by_level(continues("s1", "d1"), lambda context: None))
    host = Driver(by_level(lambda context: None, binds("d1")))
    bound, walk = walked(("fabric", fabric), ("host", host))
    assert bound
    assert levels(walk) == [("fabric", "s1"), ("host", "d1")]
    assert noted(walk) == [
        (0, "fabric", "s1", "continued", ""),
        (1, "fabric", None, "declined", "declined"),
        (1, "host", "d1", "bound", ""),
    ]


def test_lower_levels_see_those_above():
    seen = []
    fabric = Driver(by_level(continues("s1", "d1"), lambda context: None))
    host = Driver(lambda context: seen.append(context.binding_levels) or binds("d1")(context))
    walked(("fabric", fabric), ("host", host))
    assert [(one["bound_driver"], one["bound_segment"]["id"]) for one in seen[0]] == [
        ("fabric", "s1")
    ]


def test_a_level_that_nobody_binds_below_is_taken_back():
    fabric = Driver(by_level(continues("s1", "d1"), lambda context: None))

    def bind_top_only(context: PortContext) -> None:
        if context.segments_to_bind[0]["id"] == "s1":
            binds("s2")(context)

    bound, walk = walked(("fabric", fabric), ("host", Driver(bind_top_only)))
    assert bound
    assert levels(walk) == [("host", "s2")]
    assert noted(walk)[0] == (0, "fabric", "s1", "failed", Reason.LOWER_LEVEL_FAILED)


def test_a_driver_is_not_asked_again_about_a_segment_that_it_bound():
    looping = Driver(continues("s1", "s1"))
    bound, walk = walked(("looping", looping))
    assert not bound
    assert looping.asked == 1
    assert noted(walk)[1] == (1, "looping", "s1", "skipped", Reason.DRIVER_LOOP)


def test_two_drivers_cannot_hand_a_segment_to_each_other_for_ever():
    a, b = Driver(continues("s1", "s1")), Driver(continues("s1", "s1"))
    bound, _ = walked(("a", a), ("b", b))
    assert not bound
    assert (a.asked, b.asked) == (2, 2)


def deep(last: int) -> Driver:
    def way(context: PortContext) -> None:
        level = len(context.binding_levels or ())
        segment = context.segments_to_bind[0]["id"]
        if level + 1 == last:
            binds(segment)(context)
        else:
            continues(segment, f"d{level}")(context)

    return Driver(way)


def test_ten_levels_are_bound():
    bound, walk = walked(("deep", deep(MAX_LEVELS)))
    assert bound
    assert len(levels(walk)) == MAX_LEVELS == 10


def test_eleven_are_refused():
    driver = deep(MAX_LEVELS + 1)
    bound, walk = walked(("deep", driver))
    assert not bound
    assert driver.asked == MAX_LEVELS
    assert levels(walk) == []
    assert Reason.TOO_MANY_LEVELS in {step[4] for step in noted(walk)}


def test_a_driver_that_raises_is_noted_and_the_next_is_asked():
    bound, walk = walked(("a", Driver(raises(ValueError("no switch")))), ("b", Driver(binds())))
    assert bound
    first = walk.steps[0]
    assert (first.outcome, first.reason) == ("failed", Reason.DRIVER_ERROR)
    assert "ValueError: no switch" in first.sentence


def test_what_a_driver_set_before_it_raised_is_void():
    def way(context: PortContext) -> None:
        binds()(context)
        raise ValueError

    bound, walk = walked(("a", Driver(way)))
    assert not bound
    assert levels(walk) == []


@pytest.mark.parametrize("way", [raises(exceptions.NoNetworkAvailable()), lambda context: None])
def test_a_segment_that_is_not_to_be_had_is_the_reason(way):
    wished = [{"network_type": "vlan", "physical_network": "rack"}]
    bound, walk = walked(("a", Driver(way)), wished=wished)
    assert not bound
    (step,) = walk.steps
    assert step.reason == Reason.NO_DYNAMIC_SEGMENT
    assert "vlan" in step.sentence
    assert "'rack'" in step.sentence


def test_a_drivers_own_words_are_kept():
    def way(context: PortContext) -> None:
        context.decline("s2", "out_of_cables", "There is no cable.", "Buy one.")

    _, walk = walked(("a", Driver(way)))
    (step,) = walk.steps
    assert (step.segment["id"], step.reason, step.sentence, step.hint) == (
        "s2",
        "out_of_cables",
        "There is no cable.",
        "Buy one.",
    )


def test_a_driver_that_binds_nothing_and_names_no_segments_has_not_bound():
    bound, walk = walked(("a", Driver(continues("s1"))), ("b", Driver(binds())))
    assert bound
    assert levels(walk) == [("b", "s1")]
    assert walk.steps[0].reason == Reason.LOWER_LEVEL_FAILED


@pytest.mark.parametrize("connectivity", ["l3", "legacy"])
def test_a_port_without_address_is_for_drivers_of_layer_2(connectivity):
    routed = Driver(binds(vif_type="routed"), connectivity=connectivity)
    bound, walk = walked(("l3", routed), ("l2", Driver(binds())), has_address=False)
    assert bound
    assert walk.proposal.vif_type == "mine"
    assert noted(walk)[0] == (0, "l3", None, "skipped", Reason.NO_ADDRESS)
    _, walk = walked(("l3", routed), has_address=True)
    assert walk.proposal.vif_type == "routed"


ALLOCATION = {"allocation": {"group": "provider-1"}}


def test_placement_chooses_the_driver_of_the_lowest_level():
    first, second = Driver(binds("s1", "first")), Driver(binds("s2", "second"), responsible=True)
    bound, walk = walked(("first", first), ("second", second), profile=ALLOCATION)
    assert bound
    assert levels(walk) == [("second", "s2")]
    assert walk.proposal.vif_type == "second"


@pytest.mark.parametrize("responsible", [[], ["a", "b"]])
def test_placement_must_choose_exactly_one(responsible):
    drivers = [(name, Driver(binds(), responsible=name in responsible)) for name in ("a", "b")]
    bound, walk = walked(*drivers, profile=ALLOCATION)
    assert not bound
    assert walk.proposal is None
    assert walk.steps[-1].reason == Reason.NOT_RESPONSIBLE
    assert "provider-1" in walk.steps[-1].sentence


def test_without_drivers_that_bind_the_walk_says_so():
    bound, walk = walked(("idle", Idle()))
    assert not bound
    assert walk.steps[0].reason == Reason.NO_DRIVERS
