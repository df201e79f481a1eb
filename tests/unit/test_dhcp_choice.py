"""Which DHCP agents a network gets."""

from collections import Counter

import pytest

from deuteron.core.dhcp_choice import BY_ZONES, CHANCE, Needs, choose, eligible
from deuteron.db.dhcp_agents import DhcpAgent, Place

WEIGHT = "WeightScheduler"


def an_agent(name: str, networks: int = 0, zone: str | None = None) -> DhcpAgent:
    return DhcpAgent(
        id=name,
        host=f"host-{name}",
        zone=zone,
        admin_state_up=True,
        started_at="2014-06-04 12:00:00",
        heartbeat_timestamp="2014-06-04 12:00:00",
        networks=networks,
    )


def places(*taken: tuple[int, DhcpAgent]) -> list[Place]:
    return [Place(network_id="n", index=index, agent=agent) for index, agent in taken]


def chosen(
    candidates: list[DhcpAgent],
    agents: int,
    *taken: tuple[int, DhcpAgent],
    scheduler: str = WEIGHT,
    network_id: str = "n",
    **needs: object,
) -> list[tuple[str, int]]:
    wanted = Needs(network_id=network_id, agents=agents, **needs)  # type: ignore[arg-type]
    found = choose(candidates, wanted, places(*taken), scheduler=scheduler)
    return [(agent.id, index) for agent, index in found]


def test_agents_with_the_fewest_networks_come_first():
    candidates = [an_agent("a", 5), an_agent("b", 1), an_agent("c", 3)]
    assert chosen(candidates, 1) == [("b", 1)]
    assert chosen(candidates, 2) == [("b", 1), ("c", 2)]
    assert [one for one, _ in chosen(candidates, 9)] == ["b", "c", "a"]


def test_only_what_is_missing_is_chosen_at_free_places():
    a, b, c = an_agent("a"), an_agent("b", 1), an_agent("c", 2)
    assert chosen([b, c], 2, (2, a)) == [("b", 1)]
    assert chosen([b, c], 3, (2, a)) == [("b", 1), ("c", 3)]
    assert chosen([b, c], 1, (1, a)) == []


def test_equal_agents_share_the_networks():
    candidates = [an_agent(name) for name in "abcd"]
    for scheduler in (WEIGHT, CHANCE):
        counts = Counter(
            chosen(candidates, 1, scheduler=scheduler, network_id=f"n{number}")[0][0]
            for number in range(400)
        )
        assert len(counts) == 4
        assert min(counts.values()) > 60


def test_chance_does_not_weigh():
    candidates = [an_agent("a", 100), an_agent("b")]
    found = {
        chosen(candidates, 1, scheduler=CHANCE, network_id=f"n{number}")[0][0]
        for number in range(40)
    }
    assert found == {"a", "b"}


def test_zones_take_turns():
    x1, x2, y1 = an_agent("x1", 0, "x"), an_agent("x2", 1, "x"), an_agent("y1", 9, "y")
    found = [one for one, _ in chosen([x1, x2, y1], 3, scheduler=BY_ZONES)]
    assert found == ["x1", "y1", "x2"]
    served = (1, an_agent("x3", 0, "x"))
    assert chosen([x1, y1], 2, served, scheduler=BY_ZONES) == [("y1", 2)]


def test_a_segment_has_agents_of_its_own():
    elsewhere, here = an_agent("a"), an_agent("b")
    assert chosen([here], 1, (1, elsewhere)) == []
    assert chosen([here], 1, (1, elsewhere), hosts={"host-b"}, beyond=True) == [("b", 2)]
    assert chosen([an_agent("c")], 1, (2, here), hosts={"host-b"}, beyond=True) == []


@pytest.mark.parametrize(
    ("needs", "fit"),
    [
        ({}, ["a", "b", "c"]),
        ({"zones": ("x",)}, ["a"]),
        ({"zones": ("x", "y")}, ["a", "b"]),
        ({"hosts": {"host-b", "host-z"}}, ["b"]),
        ({"hosts": set()}, []),
    ],
)
def test_who_is_eligible(needs, fit):
    agents = [an_agent("a", zone="x"), an_agent("b", zone="y"), an_agent("c"), an_agent("d")]
    wanted = Needs(network_id="n", agents=1, **needs)
    found = eligible(agents, wanted, places((1, agents[3])))
    assert [agent.id for agent in found] == fit
