"""Agents on each database: what they report is kept, and who is silent is dead."""

import threading
from typing import Any

import pytest

from deuteron.core import agents, segment_hosts, segments
from deuteron.db.engine import Database
from deuteron.errors import AgentNotFound, InvalidInput, TryAgain
from deuteron.query import Query
from tests.deployments import ADMIN, LINUXBRIDGE, OVS, Site, a_deployment
from tests.statements import counted


@pytest.fixture
def site(database: Database, tmp_path) -> Site:
    return Site(a_deployment(database, tmp_path))


def the_agents(site: Site, **filters: Any) -> list[dict[str, Any]]:
    query = Query(filters={name: (value,) for name, value in filters.items()})
    return agents.list_(site.d, ADMIN, query)


def test_a_first_report_makes_the_agent(site):
    assert site.report("host-1") == "new"
    (agent,) = the_agents(site)
    assert {name: value for name, value in agent.items() if name != "id"} == {
        "agent_type": OVS,
        "binary": "neutron-openvswitch-agent",
        "host": "host-1",
        "topic": "N/A",
        "availability_zone": None,
        "admin_state_up": True,
        "description": None,
        "created_at": "2014-06-04 12:00:00",
        "started_at": "2014-06-04 12:00:00",
        "heartbeat_timestamp": "2014-06-04 12:00:00",
        "configurations": {
            "tunnel_types": ["vxlan"],
            "tunneling_ip": "192.0.2.1",
            "bridge_mappings": {"physnet1": "br-1"},
            "integration_bridge": "br-int",
        },
        "resources_synced": None,
        "alive": True,
    }
    assert agents.get(site.d, ADMIN, agent["id"]) == agent


def test_a_heartbeat_costs_two_statements(site):
    site.report("host-1")
    site.clock.turn(30)
    with counted(site.d.database) as statements:
        assert site.report("host-1") == "alive"
    assert len(statements) == 2, statements
    (agent,) = the_agents(site)
    assert agent["heartbeat_timestamp"] == "2014-06-04 12:00:30"
    assert agent["started_at"] == "2014-06-04 12:00:00"


def test_a_changed_count_is_kept_by_a_heartbeat(site):
    site.report("host-1", devices=1)
    with counted(site.d.database) as statements:
        site.report("host-1", devices=2)
    assert len(statements) == 2, statements
    assert the_agents(site)[0]["configurations"]["devices"] == 2


def test_a_started_agent_has_a_new_start(site):
    site.report("host-1")
    site.clock.turn(30)
    site.report("host-1", start=True)
    assert the_agents(site)[0]["started_at"] == "2014-06-04 12:00:30"


def test_silence_is_death_and_a_report_revives(site):
    site.report("host-1")
    site.clock.turn(75)
    assert the_agents(site)[0]["alive"] is True
    site.clock.turn(1)
    assert the_agents(site)[0]["alive"] is False
    assert site.report("host-1") == "revived"
    assert the_agents(site)[0]["alive"] is True
    assert site.report("host-1") == "alive"


def test_type_and_host_are_the_name_of_an_agent(site):
    assert site.report("host-1") == "new"
    assert site.report("host-1", LINUXBRIDGE) == "new"
    assert site.report("host-2") == "new"
    assert site.report("host-1", other=True) == "alive"
    assert len(the_agents(site)) == 3


@pytest.mark.parametrize(
    ("filters", "hosts"),
    [
        ({"alive": True}, {"host-2"}),
        ({"alive": False}, {"host-1"}),
        ({"host": "host-1"}, {"host-1"}),
        ({"agent_type": LINUXBRIDGE}, {"host-2"}),
        ({"agent_type": LINUXBRIDGE.swapcase()}, {"host-2"}),
        ({"binary": "neutron-openvswitch-agent"}, {"host-1"}),
        ({"admin_state_up": False}, set()),
        ({}, {"host-1", "host-2"}),
    ],
)
def test_filters(site, filters, hosts):
    site.report("host-1")
    site.clock.turn(80)
    site.report("host-2", LINUXBRIDGE)
    assert {agent["host"] for agent in the_agents(site, **filters)} == hosts


def test_alive_and_dead_together_are_all(site):
    site.report("host-1")
    site.clock.turn(80)
    site.report("host-2")
    found = agents.list_(site.d, ADMIN, Query(filters={"alive": (True, False)}))
    assert len(found) == 2


def test_order_and_pages(site):
    for host in ("b", "a", "c"):
        site.report(host)
    query = Query(sort=(("host", False),), limit=2)
    assert [agent["host"] for agent in agents.list_(site.d, ADMIN, query)] == ["c", "b"]


def test_an_operator_disables_and_describes(site):
    site.report("host-1")
    agent_id = the_agents(site)[0]["id"]
    changes = {"admin_state_up": False, "description": "to be moved"}
    assert agents.update(site.d, ADMIN, agent_id, changes)["description"] == "to be moved"
    site.report("host-1", start=True)
    agent = agents.get(site.d, ADMIN, agent_id)
    assert (agent["admin_state_up"], agent["description"]) == (False, "to be moved")


def test_a_site_may_keep_new_agents_out(database, tmp_path):
    d = a_deployment(database, tmp_path, configuration="[DEFAULT]\nenable_new_agents = false")
    site = Site(d)
    site.report("host-1")
    assert the_agents(site)[0]["admin_state_up"] is False


def test_a_deleted_agent_comes_back_as_a_new_one(site):
    site.report("host-1")
    agent_id = the_agents(site)[0]["id"]
    agents.delete(site.d, ADMIN, agent_id)
    assert the_agents(site) == []
    assert site.report("host-1") == "new"


@pytest.mark.parametrize(
    "verb",
    [
        lambda d, gone: agents.get(d, ADMIN, gone),
        lambda d, gone: agents.update(d, ADMIN, gone, {"description": "x"}),
        lambda d, gone: agents.delete(d, ADMIN, gone),
    ],
)
def test_an_unknown_agent_is_not_found(site, verb):
    with pytest.raises(AgentNotFound):
        verb(site.d, "11111111-1111-1111-1111-111111111111")


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": ""},
        {"host": None},
        {"host": "x" * 256},
        {"agent_type": "x" * 65},
        {"binary": 7},
        {"topic": None},
        {"configurations": ["bridge_mappings"]},
        {"configurations": {"bridge_mappings": ["physnet1:br-1"]}},
        {"resource_versions": "1.0"},
        {"configurations": {"tunnel_types": "vxlan"}},
        {"configurations": {"l2pop_network_types": [1]}},
        {"configurations": {"tunneling_ip": "somewhere"}},
        {"configurations": {"ovs_capabilities": {"iface_types": 5}}},
        {"configurations": {"agent_mode": 5}},
        {"configurations": {"note": "x" * 70_000}},
        {"availability_zone": 1},
    ],
)
def test_a_malformed_report_is_refused(site, wrong):
    state = {"agent_type": OVS, "binary": "b", "host": "h", "topic": "t", **wrong}
    with pytest.raises(InvalidInput):
        agents.report(site.d, ADMIN, state)
    assert the_agents(site) == []


def test_what_is_null_or_empty_is_not_malformed(site):
    nothing = dict.fromkeys(("bridge_mappings", "tunnel_types", "tunneling_ip", "agent_mode"))
    for configurations in (nothing, {"tunneling_ip": "", "tunnel_types": []}, None):
        state = {"agent_type": OVS, "binary": "b", "host": "h", "topic": "t"}
        agents.report(site.d, ADMIN, {**state, "configurations": configurations})


def test_what_an_agent_leaves_out_stays(site):
    state = {"agent_type": "DHCP agent", "binary": "b", "host": "h", "topic": "t"}
    more = {"availability_zone": "nova", "resource_versions": {"Port": "1.1"}}
    agents.report(site.d, ADMIN, {**state, **more, "configurations": {"networks": 3}})
    agents.report(site.d, ADMIN, state)
    assert the_agents(site)[0]["availability_zone"] == "nova"


def test_two_first_reports_at_once_make_one_agent(site):
    answers: list[str] = []
    go = threading.Barrier(4)

    def report() -> None:
        go.wait()
        for _ in range(10):
            try:
                answers.append(site.report("host-1"))
            except TryAgain:
                continue
            return

    threads = [threading.Thread(target=report) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["alive", "alive", "alive", "new"]
    assert len(the_agents(site)) == 1


# --- hosts of segments ----------------------------------------------------------------------------


def hosts_of(site: Site, network: dict[str, Any]) -> set[str]:
    with site.d.database.read() as conn:
        by_segment = segment_hosts.hosts_of(conn, segment_ids(site, network))
    return set().union(*by_segment.values())


def segment_ids(site: Site, network: dict[str, Any]) -> list[str]:
    query = Query(filters={"network_id": (network["id"],)})
    return [one["id"] for one in segments.list_(site.d, ADMIN, query)]


def test_hosts_are_mapped_to_segments_by_what_their_agents_report(site):
    network = site.segmented(("vlan", "physnet1", 150))
    site.report("host-1")
    site.report("host-2", LINUXBRIDGE)
    site.report("host-3", bridge_mappings={})
    assert hosts_of(site, network) == {"host-1", "host-2"}
    site.report("host-3", bridge_mappings={"physnet1": "br-1"})
    site.report("host-1", bridge_mappings={"other": "br-1"})
    assert hosts_of(site, network) == {"host-2", "host-3"}


def test_two_agents_of_a_host_add_up(site):
    network = site.segmented(("vlan", "physnet1", 150))
    site.report("host-1", bridge_mappings={})
    site.report("host-1", LINUXBRIDGE)
    site.report("host-1", bridge_mappings={}, other=True)
    assert hosts_of(site, network) == {"host-1"}


def test_a_deleted_agent_takes_its_mappings_along(site):
    network = site.segmented(("vlan", "physnet1", 150))
    site.report("host-1")
    agents.delete(site.d, ADMIN, the_agents(site)[0]["id"])
    assert hosts_of(site, network) == set()
