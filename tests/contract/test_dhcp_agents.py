"""Networks of DHCP agents, on each database."""

import threading
from collections import Counter
from typing import Any

import pytest

from deuteron.core import agents, dhcp_agents, dhcp_scheduling, networks, ports
from deuteron.core.dhcp_agents import device_id
from deuteron.core.failover import FailOver
from deuteron.db import dhcp_agents as rows
from deuteron.db import segments as segment_rows
from deuteron.errors import (
    AgentNotFound,
    InvalidDHCPAgent,
    NetworkHostedByDHCPAgent,
    NetworkNotFound,
    NetworkNotHostedByDhcpAgent,
)
from deuteron.query import Query
from tests.deployments import ADMIN, OVS, Site, a_deployment
from tests.statements import counted

DHCP = "DHCP agent"


@pytest.fixture
def make_site(database, tmp_path):
    def make(configuration: str = "") -> Site:
        return Site(a_deployment(database, tmp_path, configuration=f"[DEFAULT]\n{configuration}\n"))

    return make


@pytest.fixture
def site(make_site) -> Site:
    return make_site()


def report(site: Site, host: str, zone: str | None = None) -> None:
    state = {
        "agent_type": DHCP,
        "binary": "neutron-dhcp-agent",
        "host": host,
        "topic": "dhcp_agent",
        "availability_zone": zone,
        "configurations": {},
    }
    agents.report(site.d, ADMIN, state)


def start(site: Site, host: str, zone: str | None = None) -> str:
    """A host with an Open vSwitch agent and a DHCP agent; the id of the latter."""
    site.report(host)
    report(site, host, zone)
    query = Query(filters={"agent_type": (DHCP,), "host": (host,)})
    return str(agents.list_(site.d, ADMIN, query)[0]["id"])


def served(site: Site, network: dict[str, Any]) -> list[str]:
    """Hosts of the agents of a network."""
    found = dhcp_agents.agents_of(site.d, ADMIN, network["id"])
    return sorted(agent["host"] for agent in found)


def of(site: Site, agent_id: str) -> set[str]:
    """Ids of the networks of an agent."""
    return {one["id"] for one in dhcp_agents.networks_of(site.d, ADMIN, agent_id)}


def test_a_subnet_or_a_port_gives_the_network_to_an_agent(site):
    start(site, "h1")
    by_subnet, by_port, bare = site.network(), site.network(), site.network()
    site.subnet(by_subnet)
    site.port(by_port)
    assert [served(site, one) for one in (by_subnet, by_port, bare)] == [["h1"], ["h1"], []]


def test_a_port_that_is_kept_for_an_agent_asks_for_none(site):
    start(site, "h1")
    network = site.network()
    site.port(network, device_id="reserved_dhcp_port")
    assert served(site, network) == []


def test_networks_spread_over_agents(site):
    for host in ("h1", "h2", "h3"):
        start(site, host)
    made = [site.network() for _ in range(6)]
    for network in made:
        site.subnet(network)
    assert Counter(served(site, network)[0] for network in made) == {"h1": 2, "h2": 2, "h3": 2}


def test_several_agents_of_a_network(make_site):
    site = make_site("dhcp_agents_per_network = 2")
    start(site, "h1")
    network = site.network()
    site.subnet(network)
    assert served(site, network) == ["h1"]
    for host in ("h2", "h3"):
        start(site, host)
    site.port(network)
    assert len(served(site, network)) == 2
    site.port(network)
    assert len(served(site, network)) == 2


@pytest.mark.parametrize("how", ["down", "dead", "far", "zone", "off"])
def test_who_gets_nothing(make_site, how):
    site = make_site(
        {"off": "network_auto_schedule = false", "zone": "default_availability_zones = z"}.get(
            how, ""
        )
    )
    agent_id = start(site, "h1", zone="elsewhere")
    if how == "zone":  # there is a zone z, but nobody to serve
        agents.update(site.d, ADMIN, start(site, "h2", zone="z"), {"admin_state_up": False})
    network = site.segmented(("vlan", "tight", 100)) if how == "far" else site.network()
    if how == "down":
        agents.update(site.d, ADMIN, agent_id, {"admin_state_up": False})
    if how == "dead":
        site.clock.turn(3600)
    site.subnet(network)
    site.port(network)
    assert served(site, network) == []
    assert dhcp_agents.of_active_agent(site.d, ADMIN, "h1") == (
        [network["id"]] if how == "far" else []
    )


def test_a_silent_agent_that_just_started_gets_networks(site):
    start(site, "h1")
    site.clock.turn(100)
    network = site.network()
    site.subnet(network)
    assert served(site, network) == ["h1"]


def test_zones_of_agents(make_site):
    site = make_site("default_availability_zones = z2")
    start(site, "h1", zone="z1")
    start(site, "h2", zone="z2")
    network = site.network()
    site.subnet(network)
    assert served(site, network) == ["h2"]


def test_each_segment_of_a_routed_network_has_its_agent(site):
    for host, place in (("h1", "physnet1"), ("h2", "tight"), ("h3", "physnet1")):
        start(site, host)
        site.report(host, start=True, bridge_mappings={place: "br"})
    network = site.segmented(("vlan", "physnet1", 101), ("vlan", "tight", 100))
    with site.d.database.read() as conn:
        first, second = segment_rows.of_networks(conn, [network["id"]])[network["id"]]
    site.subnet(network, "10.0.1.0/24", segment_id=second.id)
    assert served(site, network) == ["h2"]
    site.subnet(network, "10.0.2.0/24", segment_id=first.id)
    assert len(served(site, network)) == 2
    site.subnet(network, "10.0.3.0/24", segment_id=first.id)
    assert len(served(site, network)) == 2


def test_by_hand(site):
    one, two = start(site, "h1"), start(site, "h2")
    network = site.network()
    dhcp_agents.add(site.d, ADMIN, one, network["id"])
    dhcp_agents.add(site.d, ADMIN, two, network["id"])
    assert served(site, network) == ["h1", "h2"]
    with pytest.raises(NetworkHostedByDHCPAgent):
        dhcp_agents.add(site.d, ADMIN, one, network["id"])
    dhcp_agents.remove(site.d, ADMIN, one, network["id"])
    assert (of(site, one), of(site, two)) == (set(), {network["id"]})
    with pytest.raises(NetworkNotHostedByDhcpAgent):
        dhcp_agents.remove(site.d, ADMIN, one, network["id"])
    dhcp_agents.add(site.d, ADMIN, one, network["id"])
    networks.delete(site.d, ADMIN, network["id"])
    assert of(site, one) == set()


def test_refusals(make_site):
    site = make_site()
    agent_id = start(site, "h1")
    network = site.network()
    ovs = agents.list_(site.d, ADMIN, Query(filters={"agent_type": (OVS,)}))[0]["id"]
    with pytest.raises(NetworkNotFound):
        dhcp_agents.add(site.d, ADMIN, agent_id, "nope")
    for verb in (dhcp_agents.add, dhcp_agents.remove):
        with pytest.raises(AgentNotFound):
            verb(site.d, ADMIN, "nope", network["id"])
    with pytest.raises(AgentNotFound):
        dhcp_agents.networks_of(site.d, ADMIN, "nope")
    with pytest.raises(InvalidDHCPAgent):
        dhcp_agents.add(site.d, ADMIN, ovs, network["id"])
    agents.update(site.d, ADMIN, agent_id, {"admin_state_up": False})
    with pytest.raises(InvalidDHCPAgent):
        dhcp_agents.add(site.d, ADMIN, agent_id, network["id"])
    tolerant = make_site("enable_services_on_agents_with_admin_state_down = true")
    dhcp_agents.add(tolerant.d, ADMIN, agent_id, network["id"])
    assert dhcp_agents.of_active_agent(tolerant.d, ADMIN, "h1") == [network["id"]]
    assert dhcp_agents.of_active_agent(site.d, ADMIN, "h1") == []


def test_who_loses_a_network_leaves_its_port(site):
    agent_id = start(site, "h1")
    network = site.network()
    site.subnet(network)
    owner = {"device_owner": "network:dhcp", "device_id": device_id("h1", network["id"])}
    port = site.port(network, **owner)
    dhcp_agents.remove(site.d, ADMIN, agent_id, network["id"])
    kept = ports.get(site.d, ADMIN, port["id"])
    assert kept["device_id"] == "reserved_dhcp_port"
    assert kept["fixed_ips"] == port["fixed_ips"]


def test_the_device_of_an_agents_port_is_that_of_the_stock_agent():
    assert device_id("h1.example.org", "n") == device_id("h1", "n")
    assert device_id("h1", "n") == "dhcp8839d356-f787-5a0b-8010-d454645c55f8-n"


def test_an_agent_that_starts_takes_what_lacks_one(site):
    made = [site.network() for _ in range(3)]
    for network in made[:2]:
        site.subnet(network)
    site.subnet(made[2], enable_dhcp=False)
    start(site, "h1")
    with counted(site.d.database) as statements:
        found = dhcp_agents.of_active_agent(site.d, ADMIN, "h1")
    assert set(found) == {network["id"] for network in made[:2]}
    assert len(statements) <= 6, statements
    start(site, "h2")
    assert dhcp_agents.of_active_agent(site.d, ADMIN, "h2") == []
    assert dhcp_agents.of_active_agent(site.d, ADMIN, "nobody") is None


def test_an_agent_takes_the_routed_networks_that_it_reaches(site):
    network = site.segmented(("vlan", "physnet1", 101), ("vlan", "tight", 100))
    with site.d.database.read() as conn:
        first, _ = segment_rows.of_networks(conn, [network["id"]])[network["id"]]
    site.subnet(network, segment_id=first.id)
    for host, place in (("h1", "tight"), ("h2", "physnet1")):
        start(site, host)
        site.report(host, start=True, bridge_mappings={place: "br"})
    assert dhcp_agents.of_active_agent(site.d, ADMIN, "h1") == []
    assert dhcp_agents.of_active_agent(site.d, ADMIN, "h2") == [network["id"]]


def test_each_segment_gets_an_agent_as_hosts_come(site):
    network = site.segmented(("vlan", "physnet1", 101), ("vlan", "tight", 100))
    with site.d.database.read() as conn:
        found = segment_rows.of_networks(conn, [network["id"]])[network["id"]]
    for number, segment in enumerate(found):
        site.subnet(network, f"10.0.{number}.0/24", segment_id=segment.id)
    for host in ("h1", "h2", "h3"):
        report(site, host)
        assert served(site, network) == []
    for host, place in (("h1", "physnet1"), ("h2", "physnet1"), ("h3", "tight")):
        site.report(host, bridge_mappings={place: "br"})
    assert served(site, network) == ["h1", "h3"]
    # h2 was late for its segment, but takes it over when it asks and h1 is gone
    assert dhcp_agents.of_active_agent(site.d, ADMIN, "h2") == []
    (gone,) = agents.list_(site.d, ADMIN, Query(filters={"host": ("h1",), "agent_type": (DHCP,)}))
    agents.delete(site.d, ADMIN, gone["id"])
    assert dhcp_agents.of_active_agent(site.d, ADMIN, "h2") == [network["id"]]


def test_networks_of_the_dead_go_to_the_living(site):
    dead = start(site, "h1")
    network, other = site.network(), site.network()
    for one in (network, other):
        site.subnet(one)
    port = site.port(network, device_owner="network:dhcp", device_id=device_id("h1", network["id"]))
    site.clock.turn(100)
    start(site, "h2")
    assert dhcp_agents.fail_over(site.d, ADMIN) == 0  # silent, but not for long enough
    site.clock.turn(60)
    report(site, "h2")
    assert dhcp_agents.fail_over(site.d, ADMIN) == 2
    assert [served(site, one) for one in (network, other)] == [["h2"], ["h2"]]
    assert of(site, dead) == set()
    assert ports.get(site.d, ADMIN, port["id"])["device_id"] == "reserved_dhcp_port"
    assert dhcp_agents.fail_over(site.d, ADMIN) == 0


def test_the_agent_of_a_segment_is_replaced_by_one_there(site):
    for host, place in (("h1", "physnet1"), ("h3", "tight")):
        start(site, host)
        site.report(host, bridge_mappings={place: "br"})
    network = site.segmented(("vlan", "physnet1", 101), ("vlan", "tight", 100))
    with site.d.database.read() as conn:
        found = segment_rows.of_networks(conn, [network["id"]])[network["id"]]
    for number, segment in enumerate(found):
        site.subnet(network, f"10.0.{number}.0/24", segment_id=segment.id)
    assert served(site, network) == ["h1", "h3"]
    site.clock.turn(200)
    start(site, "h2")
    report(site, "h3")
    assert dhcp_agents.fail_over(site.d, ADMIN) == 1
    assert served(site, network) == ["h2", "h3"]


def test_the_dead_keep_their_networks_while_nobody_lives(site):
    agent_id = start(site, "h1")
    network = site.network()
    site.subnet(network)
    site.clock.turn(3600)
    assert dhcp_agents.fail_over(site.d, ADMIN) == 0
    start(site, "h2")
    agents.update(site.d, ADMIN, agent_id, {"admin_state_up": False})
    assert dhcp_agents.fail_over(site.d, ADMIN) == 0
    assert served(site, network) == ["h1"]


def test_rounds_wait_until_all_agents_could_report(site):
    start(site, "h1")
    site.subnet(site.network())
    site.clock.turn(3600)
    start(site, "h2")
    now = [0.0]
    rounds = FailOver(site.d, DHCP, dhcp_agents.fail_over, lambda: ADMIN, seconds=lambda: now[0])

    def after(seconds: float) -> int:
        now[0] += seconds
        return rounds()

    assert [after(0), after(37)] == [0, 0]
    assert [after(100), after(37)] == [0, 0]  # a pause
    site.clock.turn(100)  # nobody is alive: the broker was away
    assert after(37) == 0
    report(site, "h2")
    assert [after(37), after(37), after(37)] == [0, 0, 1]
    assert after(37) == 0


def test_any_number_of_servers_give_a_network_as_many_agents_as_it_has_places(make_site):
    site = make_site("dhcp_agents_per_network = 2")
    for number in range(5):
        start(site, f"h{number}")
    network = site.network()
    ready = threading.Barrier(6)

    def race() -> None:
        ready.wait()
        dhcp_scheduling.schedule(site.d, ADMIN, [network["id"]])

    threads = [threading.Thread(target=race) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with site.d.database.read() as conn:
        places = rows.places(conn, [network["id"]])[network["id"]]
    assert [place.index for place in places] == [1, 2]


def test_an_agent_that_is_deleted_serves_nothing(site):
    agent_id = start(site, "h1")
    network = site.network()
    site.subnet(network)
    agents.delete(site.d, ADMIN, agent_id)
    assert served(site, network) == []
