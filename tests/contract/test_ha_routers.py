"""Highly available routers on each database: their networks, VRRP groups, ports and states."""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, select

from deuteron import errors
from deuteron.context import RequestContext
from deuteron.core import devices, networks, ports, subnets
from deuteron.db.router_tables import (
    ha_networks,
    ha_vr_ids,
    router_l3_agents,
    router_ports,
    routers,
)
from deuteron.db.tables import agents as agents_table
from deuteron.db.tables import journal
from deuteron.query import Query
from deuteron.services.l3.ha import networks as networks_of_ha
from deuteron.services.l3.ha import routers as ha
from tests.deployments import ADMIN, Site, a_deployment
from tests.races import at_once
from tests.rows import NOW

L3 = "L3 agent"
MEMBER = RequestContext(request_id="req-2", project_id="p", roles=frozenset({"member"}))


@pytest.fixture
def site(database, tmp_path) -> Site:
    d = a_deployment(database, tmp_path, mechanisms=("openvswitch",))
    return Site(d)


def a_router(site: Site, ctx: RequestContext = ADMIN, project: str = "p") -> dict[str, Any]:
    """A highly available router, by the steps that its creation has."""
    router = {
        "id": str(uuid.uuid4()),
        "project_id": project,
        "name": "",
        "admin_state_up": True,
        "status": "ACTIVE",
        "enable_snat": True,
        "distributed": False,
        "ha": True,
        "ha_vr_id": None,
        "enable_default_route_ecmp": False,
        "enable_default_route_bfd": False,
        "enable_ndp_proxy": False,
        "created_at": NOW,
        "updated_at": NOW,
        "revision_number": 1,
    }
    while True:
        try:
            networks_of_ha.ensure(site.d, ctx, project)
            with site.d.database.transaction(ctx) as tx:
                tx.execute(insert(routers), router)
                ha.claim_vr_id(site.d, tx, router)
            return router
        except errors.TryAgain:
            continue


def delete(site: Site, router: dict[str, Any], ctx: RequestContext = ADMIN) -> None:
    with site.d.database.transaction(ctx) as tx:
        ha.take(site.d, tx, router["id"])
        tx.execute(routers.delete().where(routers.c.id == router["id"]))
    networks_of_ha.remove_if_unused(site.d, ctx, router["project_id"])


def agent(site: Site, host: str) -> str:
    site.report(host)
    site.report(host, L3, agent_mode="legacy")
    with site.d.database.read() as conn:
        found = select(agents_table.c.id).where(
            agents_table.c.host == host, agents_table.c.agent_type == L3
        )
        return str(conn.execute(found).scalar_one())


def schedule(site: Site, router: dict[str, Any], *agents: tuple[str, str]) -> list[dict[str, Any]]:
    with site.d.database.transaction(ADMIN) as tx:
        tx.execute(
            insert(router_l3_agents),
            [
                {"router_id": router["id"], "agent_id": agent_id, "binding_index": index}
                for index, (agent_id, _) in enumerate(agents, 1)
            ],
        )
        made = ha.give(site.d, tx, router, agents)
    assert made is not None
    return ports.follow_up(site.d, ADMIN, made)


def of_ha(site: Site) -> list[tuple[str, str]]:
    with site.d.database.read() as conn:
        return [tuple(row) for row in conn.execute(select(ha_networks))]


def test_the_first_router_makes_the_network_and_the_last_takes_it_along(site):
    first, second = a_router(site, MEMBER), a_router(site, MEMBER)
    assert {first["ha_vr_id"], second["ha_vr_id"]} <= set(range(1, 255))
    assert first["ha_vr_id"] != second["ha_vr_id"]
    [(project, network_id)] = of_ha(site)
    network = networks.get(site.d, ADMIN, network_id)
    assert (project, network["project_id"], network["name"]) == ("p", "", "HA network project p")
    [subnet] = subnets.list_(site.d, ADMIN, Query(filters={"network_id": (network_id,)}))
    assert subnet["name"] == "HA subnet project p"
    assert (subnet["cidr"], subnet["gateway_ip"]) == ("169.254.192.0/18", None)
    assert (subnet["enable_dhcp"], subnet["project_id"]) == (False, "")
    with pytest.raises(errors.NetworkNotFound):
        networks.get(site.d, MEMBER, network_id)
    delete(site, first, MEMBER)
    assert of_ha(site)
    with pytest.raises(errors.NetworkInUse):
        networks.delete(site.d, ADMIN, network_id)
    delete(site, second, MEMBER)
    assert not of_ha(site)
    with pytest.raises(errors.NetworkNotFound):
        networks.get(site.d, ADMIN, network_id)


def test_the_quota_and_the_default_group_are_nobodys(site):
    a_router(site)
    with site.d.database.read() as conn:
        noted = select(journal.c.project_id).where(journal.c.resource == "security_group")
        assert "" not in set(conn.execute(noted).scalars())


def test_a_network_that_lost_its_subnet_gets_it_again(site):
    a_router(site)
    [(_, network_id)] = of_ha(site)
    [subnet] = subnets.list_(site.d, ADMIN, Query(filters={"network_id": (network_id,)}))
    subnets.delete(site.d, ADMIN, subnet["id"])
    assert networks_of_ha.ensure(site.d, ADMIN, "p") == network_id
    assert subnets.list_(site.d, ADMIN, Query(filters={"network_id": (network_id,)}))


def test_a_project_may_bring_its_own_network_once(site):
    own = replace(ADMIN, project_id="q")
    mine = Site(site.d, own).network(ha=True)
    with pytest.raises(errors.DuplicatedHANetwork):
        Site(site.d, own).network(ha=True)
    assert networks_of_ha.ensure(site.d, ADMIN, "q") == mine["id"]
    networks.delete(site.d, own, mine["id"])
    assert not of_ha(site)


def test_of_many_creates_at_once_there_is_one_network_and_no_group_twice(site):
    made: list[dict[str, Any]] = []
    failures = at_once(*[lambda: made.append(a_router(site))] * 20, tries=1)
    assert not failures
    [(_, network_id)] = of_ha(site)
    with site.d.database.read() as conn:
        claimed = dict(
            tuple(row) for row in conn.execute(select(ha_vr_ids.c.router_id, ha_vr_ids.c.vr_id))
        )
    assert claimed == {router["id"]: router["ha_vr_id"] for router in made}
    assert len(set(claimed.values())) == 20
    query = Query(filters={"name": ("HA network project p",)})
    assert [one["id"] for one in networks.list_(site.d, ADMIN, query)] == [network_id]
    assert len(subnets.list_(site.d, ADMIN, Query(filters={"network_id": (network_id,)}))) == 1


def test_creates_and_deletes_at_once_leave_nothing_behind(site):
    def come_and_go() -> None:
        for _ in range(3):
            delete(site, a_router(site))

    assert not at_once(*[come_and_go] * 4, tries=1)
    networks_of_ha.remove_if_unused(site.d, ADMIN, "p")
    assert not of_ha(site)


def test_when_all_groups_are_taken_the_router_is_in_error(site, caplog):
    first = a_router(site)
    [(_, network_id)] = of_ha(site)
    with site.d.database.transaction(ADMIN) as tx:
        for number in set(range(1, 255)) - {first["ha_vr_id"]}:
            other = {**first, "id": str(uuid.uuid4()), "ha_vr_id": number}
            tx.execute(insert(routers), other)
            row = {"network_id": network_id, "vr_id": number, "router_id": other["id"]}
            tx.execute(insert(ha_vr_ids), row)
    late = a_router(site)
    assert (late["ha_vr_id"], late["status"]) == (None, "ERROR")
    assert "254" in caplog.text
    with pytest.raises(errors.NoVRIDAvailable), site.d.database.transaction(ADMIN) as tx:
        ha.require_vr_id(tx, late)


def test_agents_get_a_port_each_and_lose_it_again(site):
    router = a_router(site)
    one, two = agent(site, "h1"), agent(site, "h2")
    made = schedule(site, router, (one, "h1"), (two, "h2"))
    [(_, network_id)] = of_ha(site)
    for port, host in zip(made, ("h1", "h2"), strict=True):
        assert port["device_owner"] == "network:router_ha_interface"
        assert (port["device_id"], port["network_id"]) == (router["id"], network_id)
        assert (port["project_id"], port["name"]) == ("", "HA port project p")
        assert (port["binding:host_id"], port["binding:vif_type"]) == (host, "ovs")
        assert not port["security_groups"]
        assert len(port["fixed_ips"]) == 1
    assert ha.count_on(site.d, ADMIN, "h1") == 1
    with site.d.database.transaction(ADMIN) as tx:
        ha.take(site.d, tx, router["id"], [one])
    with pytest.raises(errors.PortNotFound):
        site.show(made[0])
    assert site.show(made[1])
    with site.d.database.read() as conn:
        assert ha.states_shown(site.d, conn, router["id"]) == {one: None, two: "standby"}


def test_the_active_agent_has_the_routers_ports(site):
    router = a_router(site)
    one, two = agent(site, "h1"), agent(site, "h2")
    schedule(site, router, (one, "h1"), (two, "h2"))
    owner = "network:ha_router_replicated_interface"
    network = site.network()
    interface = site.port(network, device_id=router["id"], device_owner=owner)
    with site.d.database.transaction(ADMIN) as tx:
        row = {"port_id": interface["id"], "router_id": router["id"], "owner": owner}
        tx.execute(insert(router_ports), row)
    strange = a_router(site)["id"]

    def said(host: str, state: str) -> None:
        ha.report_states(site.d, ADMIN, host, {router["id"]: state, strange: state})

    def shown() -> tuple[Any, ...]:
        with site.d.database.read() as conn:
            states = ha.states_shown(site.d, conn, router["id"])
            where = ha.active_hosts(site.d, conn, [router["id"], strange])
        return states[one], states[two], where, site.show(interface)["binding:host_id"]

    def active_on(*hosts: str) -> dict[str, list[str]]:
        return {router["id"]: list(hosts)} if hosts else {}

    said("h1", "active")
    assert shown() == ("active", "standby", active_on("h1"), "h1")
    said("h2", "active")
    assert shown() == ("active", "active", active_on("h1", "h2"), "h2")
    said("h2", "standby")  # the first one was so all the time, and says nothing more
    assert shown() == ("active", "standby", active_on("h1"), "h1")
    said("h2", "active")
    said("h1", "standby")
    assert shown() == ("standby", "active", active_on("h2"), "h2")
    said("nowhere", "active")
    assert shown()[3] == "h2"
    with pytest.raises(errors.InvalidInput):
        said("h1", "asleep")
    site.clock.turn(60)
    site.report("h1", L3, agent_mode="legacy")
    site.clock.turn(60)
    assert shown()[:3] == ("standby", "standby", {})
    site.clock.turn(60)
    assert shown()[:3] == ("standby", "unknown", {})


def test_ha_ports_are_down_when_their_agent_starts(site):
    router = a_router(site)
    [port] = schedule(site, router, (agent(site, "h1"), "h1"))
    devices.up(site.d, ADMIN, [port["id"]], host="h1")
    assert site.show(port)["status"] == "ACTIVE"
    ha.ports_unready(site.d, ADMIN, "h2")
    assert site.show(port)["status"] == "ACTIVE"
    ha.ports_unready(site.d, ADMIN, "h1")
    assert site.show(port)["status"] == "DOWN"
    devices.up(site.d, ADMIN, [port["id"]], host="h1")
    assert site.show(port)["status"] == "ACTIVE"
