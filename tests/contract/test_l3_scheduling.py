"""Which L3 agents have which routers, on each database."""

import threading
from collections import Counter
from dataclasses import replace

import pytest

from deuteron.core import agents, ports
from deuteron.core.failover import FailOver
from deuteron.core.presence import Presence
from deuteron.db.engine import Database
from deuteron.errors import RouterHostedByL3Agent, TryAgain
from deuteron.query import Query
from deuteron.services.l3 import routers
from deuteron.services.l3.agents import agents as l3_agents
from deuteron.services.l3.agents import rows, scheduling
from deuteron.services.l3.dvr import routers as dvr
from tests.contract.test_dhcp_agents import report as report_dhcp
from tests.deployments import ADMIN, Site, a_deployment
from tests.routing import L3, a_router, gate, having, join, outside, report, start
from tests.statements import counted

ZONES = "neutron.scheduler.l3_agent_scheduler.AZLeastRoutersScheduler"


@pytest.fixture
def make_site(database, tmp_path):
    def make(configuration: str = "") -> Site:
        return Site(
            a_deployment(
                database,
                tmp_path,
                mechanisms=("openvswitch",),
                configuration=f"[DEFAULT]\n{configuration}\n",
            )
        )

    return make


@pytest.fixture
def site(make_site) -> Site:
    return make_site()


def test_routers_spread_over_agents(site):
    for host in ("h1", "h2", "h3"):
        start(site, host)
    made = [a_router(site) for _ in range(6)]
    for router in made:
        join(site, router)
    assert Counter(having(site, router)[0] for router in made) == {"h1": 2, "h2": 2, "h3": 2}


@pytest.mark.parametrize("how", ["down", "dead", "mode", "none"])
def test_who_gets_nothing(site, how):
    if how != "none":
        agent_id = start(site, "h1", agent_mode="dvr" if how == "mode" else "legacy")
        if how == "down":
            agents.update(site.d, ADMIN, agent_id, {"admin_state_up": False})
    if how == "dead":
        site.clock.turn(3600)
    router = a_router(site)
    join(site, router)
    assert having(site, router) == []


def test_a_site_without_agents_pays_nothing(site):
    router = a_router(site)
    join(site, router)
    with counted(site.d.database) as statements:
        routers.update(site.d, ADMIN, router["id"], {"name": "x"})
    assert not [one for one in statements if "router_l3_agents" in one and "UNION" not in one]


def test_a_change_costs_one_statement_once_a_router_has_its_agent(site):
    start(site, "h1")
    router = a_router(site)
    join(site, router)
    with counted(site.d.database) as statements:
        routers.update(site.d, ADMIN, router["id"], {"name": "x"})
    assert len([one for one in statements if one.startswith("SELECT routers.id FROM")]) == 1
    assert statements.transactions == 1


def test_an_agent_that_asks_gets_what_lacks_one(make_site):
    site = make_site()
    made = [a_router(site) for _ in range(5)]
    agent_id = start(site, "h1")
    assert l3_agents.of_active_agent(site.d, ADMIN, "h1") == sorted(r["id"] for r in made)
    other = start(site, "h2")
    assert l3_agents.of_active_agent(site.d, ADMIN, "h2") == []
    assert l3_agents.of_active_agent(site.d, ADMIN, "nowhere") == []
    with site.d.database.read() as conn:
        assert len(rows.routers_of(conn, agent_id)) == 5
        assert rows.routers_of(conn, other) == []
    agents.update(site.d, ADMIN, agent_id, {"admin_state_up": False})
    assert l3_agents.of_active_agent(site.d, ADMIN, "h1") == []


def test_asking_costs_the_same_for_many_routers(site):
    start(site, "h1")
    costs = []
    for count in (3, 30):
        for _ in range(count):
            a_router(site)
        with counted(site.d.database) as statements:
            l3_agents.of_active_agent(site.d, ADMIN, "h1")
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 9


def test_nothing_is_given_to_who_asks_if_a_site_does_not_wish_it(make_site):
    site = make_site("router_auto_schedule = false")
    a_router(site)
    start(site, "h1")
    assert l3_agents.of_active_agent(site.d, ADMIN, "h1") == []


def test_zones(make_site):
    site = make_site(f"router_scheduler_driver = {ZONES}\ndefault_availability_zones = z1")
    start(site, "h1", "z1")
    start(site, "h2", "z2")
    report_dhcp(site, "h1", "z1")  # the default is one of networks as well
    wishing, silent = a_router(site, availability_zone_hints=["z2"]), a_router(site)
    for router in (wishing, silent):
        join(site, router)
    assert (having(site, wishing), having(site, silent)) == (["h2"], ["h1"])


def test_a_gateway_brings_an_agent_for_gateways(site):
    start(site, "h1", handle_internal_only_routers=False)
    router = a_router(site)
    join(site, router)
    assert having(site, router) == []
    gate(site, router, outside(site))
    assert having(site, router) == ["h1"]


def test_any_number_of_servers_give_a_router_to_one_agent(site, database_url):
    for number in range(4):
        start(site, f"h{number}")
    router = a_router(site)
    opened = [Database(database_url) for _ in range(4)]
    sites = [replace(site.d, database=one, l3_presence=Presence(L3)) for one in opened]
    begin = threading.Barrier(len(sites))

    def give(d) -> None:
        begin.wait()
        for _ in range(5):
            scheduling.schedule(d, ADMIN, [router["id"]])

    threads = [threading.Thread(target=give, args=(d,)) for d in sites]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in opened:
        one.dispose()
    assert len(having(site, router)) == 1


def test_by_hand(site):
    one, two = start(site, "h1"), start(site, "h2")
    router = a_router(site)
    l3_agents.add(site.d, ADMIN, one, router["id"])
    l3_agents.add(site.d, ADMIN, one, router["id"])
    with pytest.raises(RouterHostedByL3Agent):
        l3_agents.add(site.d, ADMIN, two, router["id"])
    l3_agents.remove(site.d, ADMIN, one, router["id"])
    assert having(site, router) == []
    l3_agents.add(site.d, ADMIN, two, router["id"])
    assert having(site, router) == ["h2"]
    agents.delete(site.d, ADMIN, two)
    assert having(site, router) == []
    routers.delete(site.d, ADMIN, router["id"])


def test_a_place_that_another_took_is_tried_again(site):
    agent_id = start(site, "h1")
    router = a_router(site)
    with site.d.database.read() as conn:
        (agent,), (known,) = rows.all_agents(conn), rows.schedulable(conn, [router["id"]])
    l3_agents.add(site.d, ADMIN, agent_id, router["id"])
    with site.d.database.transaction(ADMIN) as tx:
        after = scheduling.Afterwards()
        assert not scheduling.give(site.d, tx, known, [(agent, 1)], after)


# --- agents that are dead -------------------------------------------------------------------------


def test_routers_of_the_dead_go_to_others(site):
    start(site, "h1")
    made = [a_router(site) for _ in range(3)]
    for router in made:
        join(site, router)
    start(site, "h2")
    site.clock.turn(149)
    report(site, "h2")
    assert l3_agents.fail_over(site.d, ADMIN) == 0
    site.clock.turn(2)
    report(site, "h2")
    assert l3_agents.fail_over(site.d, ADMIN) == 3
    assert [having(site, router) for router in made] == [["h2"]] * 3
    assert l3_agents.fail_over(site.d, ADMIN) == 0


def test_the_dead_keep_what_nobody_else_can_have(site):
    agent_id = start(site, "h1")
    router = a_router(site)
    join(site, router)
    site.clock.turn(3600)
    start(site, "h2", agent_mode="dvr")
    start(site, "h3", handle_internal_only_routers=False)
    assert l3_agents.fail_over(site.d, ADMIN) == 0
    assert having(site, router) == ["h1"]
    start(site, "h4")
    agents.update(site.d, ADMIN, agent_id, {"admin_state_up": False})
    assert l3_agents.fail_over(site.d, ADMIN) == 0  # it was switched off, and is not dead
    agents.update(site.d, ADMIN, agent_id, {"admin_state_up": True})
    assert l3_agents.fail_over(site.d, ADMIN) == 1
    assert having(site, router) == ["h4"]


def test_rounds_wait_until_all_agents_could_report(site):
    start(site, "h1")
    join(site, a_router(site))
    site.clock.turn(3600)
    start(site, "h2")
    now = [0.0]
    rounds = FailOver(site.d, L3, l3_agents.fail_over, lambda: ADMIN, seconds=lambda: now[0])
    moved = []
    for _ in range(4):
        now[0] += 37
        moved.append(rounds())
    assert moved == [0, 0, 1, 0]


def test_many_servers_move_a_router_once(site, database_url):
    start(site, "h1")
    router = a_router(site)
    join(site, router)
    site.clock.turn(3600)
    start(site, "h2")
    start(site, "h3")
    opened = [Database(database_url) for _ in range(3)]
    moved: list[int] = []

    def fail_over(d) -> None:
        try:
            moved.append(l3_agents.fail_over(d, ADMIN))
        except TryAgain:
            moved.append(0)

    threads = [
        threading.Thread(target=fail_over, args=(replace(site.d, database=one),)) for one in opened
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in opened:
        one.dispose()
    assert sum(moved) == 1
    assert len(having(site, router)) == 1


def test_ports_of_agents_that_were_deleted_go(site):
    one = start(site, "h1", agent_mode="dvr_snat")
    start(site, "h2", agent_mode="dvr_snat")
    external = outside(site)
    router = a_router(site, ha=True)
    join(site, router)
    assert having(site, router) == ["h1", "h2"]
    for host in ("h1", "h2"):
        dvr.agent_gateway_port(site.d, ADMIN, external["id"], host)
    agents.delete(site.d, ADMIN, one)
    l3_agents.clean_up(site.d, ADMIN, [one])
    owners = ("network:router_ha_interface", "network:floatingip_agent_gateway")
    left = ports.list_(site.d, ADMIN, Query(filters={"device_owner": owners}))
    assert sorted((port["device_owner"], port["binding:host_id"]) for port in left) == [
        ("network:floatingip_agent_gateway", "h2"),
        ("network:router_ha_interface", "h2"),
    ]
    assert having(site, router) == ["h2"]
