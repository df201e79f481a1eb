"""Who is told again of a network, as it may have lost the tunnels of it."""

import pytest

from deuteron.core.tunnel_doubts import Doubts


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def doubts(clock: Clock) -> Doubts:
    return Doubts(clock)


@pytest.mark.parametrize("lost_first", [True, False])
def test_who_loses_one_network_while_it_is_told_of_another_is_told_twice_more(
    doubts: Doubts, clock: Clock, lost_first: bool
) -> None:
    steps = [lambda: doubts.lost(["h1", "h9"]), lambda: doubts.begun("n1", ["h1", "h2"])]
    for step in steps if lost_first else steps[::-1]:
        step()
        clock.now += 2
    assert doubts.due() == set()
    clock.now += 1
    assert doubts.due() == {("n1", "h1")}
    assert doubts.due() == {("n1", "h1")}  # until they were told
    doubts.settle(doubts.due())
    assert doubts.due() == set()
    clock.now += 9
    assert doubts.due() == {("n1", "h1")}
    doubts.settle(doubts.due())
    clock.now += 1000
    assert doubts.due() == set()


def test_what_goes_on_shifts_the_time_but_who_was_late_is_told_once(
    doubts: Doubts, clock: Clock
) -> None:
    doubts.lost(["h1"])
    doubts.begun("n1", ["h1"])
    clock.now += 2
    doubts.lost(["h1"])
    clock.now += 2
    assert doubts.due() == set()
    clock.now += 60  # the broker was away
    doubts.settle(doubts.due())
    assert doubts.due() == set()


@pytest.mark.parametrize("lost_first", [True, False])
def test_what_is_long_apart_does_not_meet(doubts: Doubts, clock: Clock, lost_first: bool) -> None:
    steps = [lambda: doubts.lost(["h1"]), lambda: doubts.begun("n1", ["h1"])]
    for step in steps if lost_first else steps[::-1]:
        step()
        clock.now += 11
    clock.now += 1000
    assert doubts.due() == set()


def test_linux_bridges_are_told_twice_more_in_any_case(doubts: Doubts, clock: Clock) -> None:
    doubts.begun("n1", ["h1", "h2"], frozenset(["h2", "h3"]))
    for seconds in (4, 10):
        clock.now += seconds
        assert doubts.due() == {("n1", "h2")}
        doubts.settle(doubts.due())
    clock.now += 100
    assert doubts.due() == set()
