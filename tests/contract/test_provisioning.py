"""The status of ports on each database: what they wait for, and when they are ACTIVE."""

from typing import Any

import pytest

from deuteron.core import bindings, dhcp_agents, provisioning
from deuteron.db import journal
from deuteron.db import provisioning as rows
from deuteron.db.engine import Database
from tests.deployments import ADMIN, Site, a_deployment
from tests.statements import counted

DHCP = "DHCP agent"


@pytest.fixture
def site(database: Database, tmp_path) -> Site:
    site = Site(a_deployment(database, tmp_path))
    site.report("host-1")
    return site


@pytest.fixture
def reader(site: Site) -> journal.JournalReader:
    reader = journal.JournalReader(site.d.database, "test")
    read_all(reader)
    return reader


def read_all(reader: journal.JournalReader) -> list[Any]:
    found: list[Any] = []
    while (batch := reader.read()) is not None:
        found += batch.entries
        reader.done(batch)
    return found


def states(site: Site, *ports: dict[str, Any]) -> list[rows.PortState]:
    with site.d.database.read() as conn:
        return rows.states(conn, [port["id"] for port in ports])


def wired(site: Site, *ports: dict[str, Any], host: str = "host-1", refresh: bool = False) -> None:
    found = states(site, *ports)
    provisioning.wired(site.d, ADMIN, found, host=host, refresh=refresh)


def status(site: Site, port: dict[str, Any]) -> str:
    return str(site.show(port)["status"])


def with_dhcp(site: Site) -> dict[str, Any]:
    """A network that a DHCP agent serves."""
    site.report("host-1", DHCP)
    network = site.network()
    site.subnet(network)
    assert dhcp_agents.agents_of(site.d, ADMIN, network["id"])
    return network


def test_a_bound_port_is_active_when_its_agent_has_wired_it(site: Site, reader: Any) -> None:
    port = site.port(site.network(), "host-1")
    assert port["status"] == "DOWN"
    revision = port["revision_number"]
    read_all(reader)
    site.clock.turn(5)
    wired(site, port)
    shown = site.show(port)
    assert (shown["status"], shown["revision_number"]) == ("ACTIVE", revision + 1)
    assert shown["updated_at"] == site.clock.now
    (entry,) = read_all(reader)
    assert (entry.resource_id, entry.event) == (port["id"], "status")
    assert entry.details["status"] == "ACTIVE"
    assert entry.details["was"] == {"status": "DOWN"}

    wired(site, port)
    assert site.show(port)["revision_number"] == revision + 1
    assert read_all(reader) == []


def test_only_the_agent_of_its_host_makes_it_active(site: Site) -> None:
    network = site.network()
    bound, unbound = site.port(network, "host-1"), site.port(network)
    failed = site.port(network, "host-without-agent")
    for host in ("host-2", "", "host-without-agent"):
        wired(site, bound, unbound, failed, host=host)
    wired(site, unbound, failed)
    assert {status(site, port) for port in (bound, unbound, failed)} == {"DOWN"}


def test_a_port_that_is_administratively_down_stays_so(site: Site) -> None:
    port = site.port(site.network(), "host-1", admin_state_up=False)
    wired(site, port)
    assert status(site, port) == "DOWN"
    site.update(port, admin_state_up=True)
    wired(site, port)
    assert status(site, port) == "ACTIVE"


def test_an_agent_prepares_wires_and_loses_a_port(site: Site, reader: Any) -> None:
    port = site.port(site.network(), "host-1")
    read_all(reader)
    for verb, expected in (
        (provisioning.preparing, "BUILD"),
        (provisioning.preparing, "BUILD"),
        (provisioning.wired, "ACTIVE"),
        (provisioning.preparing, "BUILD"),
        (provisioning.wired, "ACTIVE"),
        (provisioning.unwired, "DOWN"),
        (provisioning.unwired, "DOWN"),
        (provisioning.wired, "ACTIVE"),
    ):
        verb(site.d, ADMIN, states(site, port), host="host-1")
        assert status(site, port) == expected
    said = [(e.details["was"]["status"], e.details["status"]) for e in read_all(reader)]
    assert said == [
        ("DOWN", "BUILD"),
        ("BUILD", "ACTIVE"),
        ("ACTIVE", "BUILD"),
        ("BUILD", "ACTIVE"),
        ("ACTIVE", "DOWN"),
        ("DOWN", "ACTIVE"),
    ]


@pytest.mark.parametrize("order", ["wired first", "served first"])
def test_a_port_with_dhcp_waits_for_both_agents(site: Site, order: str) -> None:
    network = with_dhcp(site)
    port = site.port(network, "host-1")
    steps = [
        lambda: wired(site, port),
        lambda: provisioning.served(site.d, ADMIN, [port["id"], "gone"]),
    ]
    if order == "served first":
        steps.reverse()
    steps[0]()
    assert status(site, port) == "DOWN"
    steps[1]()
    assert status(site, port) == "ACTIVE"


def test_what_needs_no_dhcp_does_not_wait_for_it(site: Site) -> None:
    network = with_dhcp(site)
    other = site.network()
    site.subnet(other, "10.1.0.0/24", enable_dhcp=False)
    for port in (
        site.port(network, "host-1", device_owner="network:router_interface"),
        site.port(network, "host-1", device_owner=""),
        site.port(network, "host-1", fixed_ips=[]),
        site.port(other, "host-1"),
    ):
        wired(site, port)
        assert status(site, port) == "ACTIVE"


def test_another_address_is_waited_for_again(site: Site) -> None:
    network = with_dhcp(site)
    port = site.port(network, "host-1")
    wired(site, port)
    provisioning.served(site.d, ADMIN, [port["id"]])
    changed = site.update(port, fixed_ips=[{"ip_address": "10.0.0.77"}])
    assert changed["status"] == "ACTIVE"
    (state,) = states(site, port)
    assert state.awaits_dhcp
    site.update(port, fixed_ips=[])
    (state,) = states(site, port)
    assert not state.awaits_dhcp


def test_dhcp_alone_does_not_make_a_port_active(site: Site) -> None:
    network = with_dhcp(site)
    port, unbound = site.port(network, "host-1"), site.port(network)
    provisioning.served(site.d, ADMIN, [port["id"], unbound["id"]])
    assert status(site, port) == status(site, unbound) == "DOWN"
    site.update(unbound, **{"binding:host_id": "host-1"})
    wired(site, unbound)
    assert status(site, unbound) == "ACTIVE"


def test_a_port_that_moves_waits_for_its_new_host(site: Site, reader: Any) -> None:
    site.report("host-2")
    port = site.port(site.network(), "host-1")
    wired(site, port)
    bindings.create(site.d, ADMIN, port["id"], {"host": "host-2"})
    read_all(reader)
    wired(site, port, host="host-2")
    (entry,) = read_all(reader)
    assert (entry.event, entry.details["status"]) == ("plugged", "ACTIVE")
    bindings.activate(site.d, ADMIN, port["id"], "host-2")
    (state,) = states(site, port)
    assert (state.status, state.awaits_l2, state.host) == ("DOWN", True, "host-2")
    wired(site, port)
    assert status(site, port) == "DOWN"
    wired(site, port, host="host-2")
    assert status(site, port) == "ACTIVE"


def test_a_refresh_is_noted_once_for_each_network(site: Site, reader: Any) -> None:
    networks = [site.network(), site.network()]
    ports = [site.port(network, "host-1") for network in networks for _ in range(3)]
    read_all(reader)
    wired(site, *ports, refresh=True)
    events = [entry.event for entry in read_all(reader)]
    assert events == ["status"] * 6 + ["refresh"] * 2
    wired(site, *ports, refresh=True)
    assert [entry.event for entry in read_all(reader)] == ["refresh"] * 2


def test_the_number_of_ports_does_not_matter(site: Site) -> None:
    network = site.network()
    ports = [site.port(network, "host-1") for _ in range(20)]
    costs = []
    for some in (ports[:1], ports[1:]):
        found = states(site, *some)
        with counted(site.d.database) as statements:
            provisioning.wired(site.d, ADMIN, found, host="host-1")
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 5, statements
    with counted(site.d.database) as statements:
        provisioning.wired(site.d, ADMIN, states(site, *ports), host="host-1")
    assert len(statements) == 1
    assert {status(site, port) for port in ports} == {"ACTIVE"}
