"""Which L3 agents a router gets."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from deuteron.services.l3.agents.choice import BY_ZONES, CHANCE, choose, eligible, fits
from deuteron.services.l3.agents.rows import L3Agent, Place, Schedulable

LEAST = "LeastRoutersScheduler"
ROUTER = Schedulable(
    id="r", project_id="p", ha=False, distributed=False, zones=(), external=True, ha_vr_id=None
)
HA = replace(ROUTER, ha=True, ha_vr_id=1)


def an_agent(name: str, routers: int = 0, zone: str | None = None, **said: Any) -> L3Agent:
    return L3Agent(
        id=name,
        host=f"host-{name}",
        zone=zone,
        admin_state_up=True,
        heartbeat_timestamp="2014-06-04 12:00:00",
        configurations=said,
        routers=routers,
    )


def places(*taken: tuple[int, L3Agent]) -> list[Place]:
    return [
        Place(router_id="r", index=index, agent=agent, ha_port_id=None, ha_state=None)
        for index, agent in taken
    ]


def chosen(
    agents: list[L3Agent],
    wanted: int | None,
    *taken: tuple[int, L3Agent],
    router: Schedulable = ROUTER,
    scheduler: str = LEAST,
    **more: bool,
) -> list[tuple[str, int]]:
    have = places(*taken)
    able = eligible(agents, router, have, scheduler=scheduler)
    found = choose(able, router, have, wanted=wanted, scheduler=scheduler, **more)
    return [(agent.id, index) for agent, index in found]


@pytest.mark.parametrize(
    ("mode", "of_one_agent", "of_many_hosts"),
    [
        ("legacy", True, False),
        ("dvr_snat", True, True),
        ("dvr", False, False),
        ("dvr_no_external", False, False),
    ],
)
def test_modes_of_agents(mode, of_one_agent, of_many_hosts):
    agent = an_agent("a", agent_mode=mode)
    assert fits(agent, ROUTER) is of_one_agent
    assert fits(agent, replace(ROUTER, distributed=True)) is of_many_hosts


def test_what_agents_say_that_they_take():
    outside = an_agent("a", handle_internal_only_routers=False)
    assert fits(outside, ROUTER)
    assert not fits(outside, replace(ROUTER, external=False))
    assert fits(an_agent("a"), replace(ROUTER, external=False))
    assert fits(an_agent("a", router_id="r"), ROUTER)
    assert not fits(an_agent("a", router_id="another"), ROUTER)
    assert fits(an_agent("a", router_id=""), ROUTER)


def test_an_ha_router_without_a_vrrp_group_is_nobodys():
    assert not fits(an_agent("a"), replace(HA, status="ERROR", ha_vr_id=None))


def test_agents_with_the_fewest_routers_come_first():
    agents = [an_agent("a", 5), an_agent("b", 1), an_agent("c", 3)]
    assert chosen(agents, 1) == [("b", 1)]
    assert [one for one, _ in chosen(agents, None, router=HA)] == ["b", "c", "a"]


def test_only_what_is_missing_is_chosen_at_free_places():
    a, b, c = an_agent("a"), an_agent("b", 1), an_agent("c", 2)
    assert chosen([a, b, c], 1, (1, a)) == []
    assert chosen([a, b, c], 2, (2, a), router=HA) == [("b", 1)]
    assert chosen([a, b, c], 3, (2, a), router=HA) == [("b", 1), ("c", 3)]
    assert chosen([b], 2, (1, a), router=HA, beyond=True) == [("b", 2)]


def test_zones_count_for_the_scheduler_of_zones_only():
    wishing = replace(HA, zones=("z1", "z2"))
    agents = [
        an_agent("a", 0, "z1"),
        an_agent("b", 1, "z1"),
        an_agent("c", 9, "z2"),
        an_agent("d", 0, "z3"),
    ]
    assert {one for one, _ in chosen(agents, 2, router=wishing)} == {"a", "d"}
    by_zones = chosen(agents, 2, router=wishing, scheduler=BY_ZONES)
    assert {one for one, _ in by_zones} == {"a", "c"}
    assert [one for one, _ in chosen(agents, 9, router=HA, scheduler=BY_ZONES)][-1] == "b"


def test_equal_agents_share_the_routers():
    agents = [an_agent(name) for name in "abcd"]
    for scheduler in (LEAST, CHANCE):
        counts = Counter(
            chosen(agents, 1, router=replace(ROUTER, id=f"r{number}"), scheduler=scheduler)[0][0]
            for number in range(400)
        )
        assert min(counts[name] for name in "abcd") > 60, scheduler
