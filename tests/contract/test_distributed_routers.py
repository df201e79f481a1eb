"""Distributed routers on each database: where they are needed, and what ports mean for them."""

from typing import Any

import pytest

from deuteron import errors
from deuteron.core import agent_objects, devices, ports
from deuteron.db import forwarding
from deuteron.db.journal import Entry, JournalReader
from deuteron.query import Query
from deuteron.services.l3 import interfaces, routers
from deuteron.services.l3.agents import hosting
from deuteron.services.l3.agents import rows as agent_rows
from deuteron.services.l3.agents import view as agent_view
from deuteron.services.l3.dvr import news as dvr_news
from deuteron.services.l3.dvr import routers as dvr
from deuteron.services.l3.dvr import rows as dvr_rows
from deuteron.services.l3.dvr import view as dvr_view
from deuteron.services.l3.ha import routers as ha
from deuteron.services.l3.ha import view as ha_view
from tests.deployments import ADMIN, Site, a_deployment
from tests.races import at_once
from tests.statements import counted

L3 = "L3 agent"
COMPUTE = "compute:nova"


@pytest.fixture
def site(database, tmp_path) -> Site:
    site = Site(a_deployment(database, tmp_path, mechanisms=("openvswitch",)))
    for host, mode in (("h1", "dvr"), ("h2", "dvr"), ("net", "dvr_snat"), ("old", "legacy")):
        site.report(host)
        site.report(host, L3, agent_mode=mode)
    site.report("bare")
    return site


def a_router(site: Site, **values: Any) -> dict[str, Any]:
    body = {"project_id": "p", "name": "", "admin_state_up": True, "distributed": True, **values}
    return routers.create(site.d, ADMIN, [body])[0]


def a_network(site: Site, cidr: str = "10.0.0.0/24", **values: Any) -> dict[str, Any]:
    network = site.network(**values)
    network["subnet"] = site.subnet(network, cidr)
    return network


def join(site: Site, router: dict[str, Any], network: dict[str, Any]) -> str:
    document = {"subnet_id": network["subnet"]["id"]}
    return str(interfaces.add(site.d, ADMIN, router["id"], document)["port_id"])


def leave(site: Site, router: dict[str, Any], network: dict[str, Any]) -> None:
    document = {"subnet_id": network["subnet"]["id"]}
    interfaces.remove(site.d, ADMIN, router["id"], document)


def hosts(site: Site, router: dict[str, Any]) -> set[str]:
    with site.d.database.read() as conn:
        return dvr.hosts_of(site.d, conn, [router["id"]]).get(router["id"], set())


def on(site: Site, host: str) -> set[str]:
    with site.d.database.read() as conn:
        return dvr.routers_on(site.d, conn, dvr_rows.agents_on(conn, [host])[host])


def bound(site: Site, port_id: str) -> set[str]:
    [port] = agent_objects.ports(site.d, ADMIN, Query(filters={"id": (port_id,)}))
    return {one["host"] for one in port["distributed_bindings"]}


class News:
    """What agents are to be told of what happens from now on."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reader = JournalReader(site.d.database, "test", from_now=True, batch=500)
        self._reader.read()

    def entries(self) -> list[Entry]:
        found: list[Entry] = []
        while (batch := self._reader.read()) is not None:
            found += batch.entries
            self._reader.done(batch)
        return found

    def __call__(self) -> tuple[dict[str, set[str]], list[tuple[str, str, bool]]]:
        """Host -> routers; (address, MAC address, whether it is there)."""
        news = dvr_news.read(self._site.d, ADMIN, self.entries())
        told = [(one.ip_address, one.mac_address, one.known) for one in news.neighbours]
        return news.updated, told

    def lost(self) -> list[tuple[str, str]]:
        """(router, host) that are no more."""
        return [
            (entry.resource_id, entry.details["host"])
            for entry in self.entries()
            if entry.event == dvr.UNSCHEDULED and entry.details is not None
        ]


@pytest.fixture
def news(site) -> News:
    return News(site)


def test_hosts_with_ports_on_its_subnets_need_a_router(site):
    router, network = a_router(site), a_network(site)
    join(site, router, network)
    assert hosts(site, router) == set()
    site.port(network, "h1")
    site.port(network, "old")
    site.port(network, "bare")
    site.port(network, "h2", device_owner="baremetal:x")
    assert hosts(site, router) == {"h1"}
    site.port(network, "h2", device_owner="network:dhcp")
    assert hosts(site, router) == {"h1", "h2"}
    assert (on(site, "h1"), on(site, "net")) == ({router["id"]}, set())
    assert on(site, "old") == set()


def test_so_do_hosts_of_routers_that_share_a_network(site):
    one, two, far = a_router(site), a_router(site), a_router(site)
    left, middle, right = (a_network(site, f"10.0.{number}.0/24") for number in range(3))
    join(site, one, left)
    join(site, one, middle)
    between = site.port(middle, device_owner="", device_id="")
    interfaces.add(site.d, ADMIN, two["id"], {"port_id": between["id"]})
    join(site, two, right)
    site.port(left, "h1")
    assert hosts(site, one) == hosts(site, two) == {"h1"}
    assert on(site, "h1") == {one["id"], two["id"]}
    assert hosts(site, far) == set()
    with counted(site.d.database) as statements:
        hosts(site, one)
    assert len(statements) == 4


def test_a_router_that_is_not_distributed_is_needed_nowhere(site):
    router, network = a_router(site, distributed=False), a_network(site)
    join(site, router, network)
    site.port(network, "h1")
    assert hosts(site, router) == set()
    assert on(site, "h1") == set()


def test_an_agent_that_asks_has_its_interfaces(site):
    router, network = a_router(site), a_network(site)
    port_id = join(site, router, network)
    for host in ("h1", "h2", "h1"):
        hosting.bind_ports(site.d, ADMIN, host, [router["id"]])
    assert bound(site, port_id) == {"h1", "h2"}
    with counted(site.d.database) as statements:
        hosting.bind_ports(site.d, ADMIN, "h1", [router["id"]])
    assert len(statements) == 3


def test_a_router_on_one_agent_moves_with_it(site):
    router, network = a_router(site, distributed=False), a_network(site)
    port_id = join(site, router, network)
    for host in ("h1", "h2"):
        hosting.bind_ports(site.d, ADMIN, host, [router["id"]])
        assert site.show({"id": port_id})["binding:host_id"] == host
    with counted(site.d.database) as statements:
        hosting.bind_ports(site.d, ADMIN, "h2", [router["id"]])
    assert len(statements) == 1


def test_agents_hear_of_ports_that_come_and_go(site, news):
    router, network = a_router(site), a_network(site)
    interface = join(site, router, network)
    news()
    port = site.port(network, "h1", device_owner=COMPUTE)
    address, mac = port["fixed_ips"][0]["ip_address"], port["mac_address"]
    updated, told = news()
    assert updated == {"h1": {router["id"]}}
    assert (address, mac, True) in told
    hosting.bind_ports(site.d, ADMIN, "h1", [router["id"]])
    news()
    assert news() == ({}, [])
    site.update(port, **{"binding:host_id": "h2"})
    updated, told = news()
    assert updated.keys() == {"h1", "h2"}
    assert (address, mac, True) in told
    assert bound(site, interface) == set()
    assert news.lost() == [(router["id"], "h1")]
    hosting.bind_ports(site.d, ADMIN, "h2", [router["id"]])
    ports.delete(site.d, ADMIN, port["id"])
    updated, told = news()
    assert told == [(address, mac, False)]
    assert news.lost() == [(router["id"], "h2")]


def test_agents_hear_of_addresses_that_change(site, news):
    router, network = a_router(site), a_network(site)
    join(site, router, network)
    port = site.port(network, "h1")
    news()
    subnet = network["subnet"]["id"]
    fixed_ips = [{"subnet_id": subnet, "ip_address": "10.0.0.77"}]
    site.update(port, fixed_ips=fixed_ips)
    mac, before = port["mac_address"], port["fixed_ips"][0]["ip_address"]
    assert news() == ({}, [(before, mac, False), ("10.0.0.77", mac, True)])
    pair = {"ip_address": "10.0.0.99", "mac_address": "fa:16:3e:00:00:99"}
    wide = {"ip_address": "10.0.0.0/25", "mac_address": "fa:16:3e:00:00:99"}
    site.update(port, allowed_address_pairs=[pair, wide])
    assert ("10.0.0.99", "fa:16:3e:00:00:99", True) in news()[1]


def test_ports_that_no_distributed_router_serves_are_no_news(site, news):
    network = a_network(site)
    site.port(network, "h1")
    entries = news.entries()
    with counted(site.d.database) as statements:
        assert dvr_news.read(site.d, ADMIN, []) == dvr_news.PortNews()
    assert not statements
    assert dvr_news.read(site.d, ADMIN, entries) == dvr_news.PortNews()


def test_an_interface_that_goes_takes_the_router_from_hosts(site, news):
    router = a_router(site)
    one, two = a_network(site), a_network(site, "10.0.1.0/24")
    for network, host in ((one, "h1"), (two, "h2")):
        join(site, router, network)
        site.port(network, host)
    for host in ("h1", "h2"):
        hosting.bind_ports(site.d, ADMIN, host, [router["id"]])
    news.entries()
    leave(site, router, one)
    assert news.lost() == [(router["id"], "h1")]
    assert hosts(site, router) == {"h2"}


def test_an_agent_has_one_gateway_port_on_an_external_network(site):
    outside = a_network(site, "192.0.2.0/24", **{"router:external": True})
    made = []

    def ask() -> None:
        while True:
            try:
                made.append(dvr.agent_gateway_port(site.d, ADMIN, outside["id"], "h1"))
            except errors.TryAgain:
                continue
            return

    assert not at_once(*[ask] * 5, tries=1)
    assert len({port["id"] for port in made}) == 1
    port = site.show(made[0])
    assert port["device_owner"] == "network:floatingip_agent_gateway"
    assert (port["binding:host_id"], port["binding:vif_type"]) == ("h1", "ovs")
    assert port["project_id"] == ""
    assert dvr.agent_gateway_port(site.d, ADMIN, outside["id"], "bare") is None
    dvr.delete_agent_gateway_port(site.d, ADMIN, outside["id"], "h1")
    dvr.delete_agent_gateway_port(site.d, ADMIN, outside["id"], "h1")
    with pytest.raises(errors.PortNotFound):
        site.show(port)


def test_with_the_last_gateway_of_a_network_those_ports_go(site, news):
    outside = a_network(site, "192.0.2.0/24", **{"router:external": True})
    gateway = {"network_id": outside["id"]}
    one, two = (a_router(site, external_gateway_info=gateway) for _ in range(2))
    port = dvr.agent_gateway_port(site.d, ADMIN, outside["id"], "h1")
    news.entries()
    routers.update(site.d, ADMIN, one["id"], {"external_gateway_info": None})
    assert site.show(port)
    routers.delete(site.d, ADMIN, two["id"])
    with pytest.raises(errors.PortNotFound):
        site.show(port)
    left = [one.details for one in news.entries() if one.event == dvr.NETWORK_LEFT]
    assert left == [{"network_id": outside["id"]}]


def test_the_neighbours_of_a_subnet_are_those_that_are_bound(site):
    router, network = a_router(site), a_network(site)
    interface = join(site, router, network)
    server = site.port(network, "h1")
    site.port(network)
    found = dvr.ports_by_subnet(site.d, ADMIN, network["subnet"]["id"])
    assert {port["id"] for port in found} == {interface, server["id"]}


def told(site: Site, host: str, *asked: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Router id -> what the agent of a host is told of it."""
    ids = [router["id"] for router in asked]
    hosting.bind_ports(site.d, ADMIN, host, ids)
    with site.d.database.read() as conn:
        agent = agent_rows.on_host(conn, host)
    assert agent is not None
    additions = (ha_view.show, dvr_view.show)
    found = agent_view.read(site.d, ADMIN, agent, ids, additions)
    return {router["id"]: router for router in found}


def test_what_agents_are_told_of_distributed_routers(site):
    outside = a_network(site, "192.0.2.0/24", **{"router:external": True})
    router = a_router(site, external_gateway_info={"network_id": outside["id"]})
    network = a_network(site)
    interface = join(site, router, network)
    site.port(network, "h1")
    share = dvr.agent_gateway_port(site.d, ADMIN, outside["id"], "h1")
    assert share is not None
    for host in ("h1", "net"):
        shown = told(site, host, router)[router["id"]]
        assert shown["gw_port_host"] == "net"
        assert shown["gw_port"]["binding:host_id"] == "net"
        [snat] = shown["_snat_router_interfaces"]
        assert (snat["binding:host_id"], snat["fixed_ips"][0]["prefixlen"]) == ("net", 24)
        assert [one["id"] for one in shown["_interfaces"]] == [interface]
        shared = [one["id"] for one in shown["_floatingip_agent_interfaces"]]
        assert shared == ([share["id"]] if host == "h1" else [])
    assert bound(site, interface) == {"h1", "net"}
    inside = a_router(site)
    shown = told(site, "h1", inside)[inside["id"]]
    assert shown["gw_port_host"] is None
    assert "_snat_router_interfaces" not in shown


def test_what_agents_are_told_of_highly_available_routers(site):
    for host in ("one", "two", "three"):
        site.report(host)
        site.report(host, L3, agent_mode="legacy")
    router, network = a_router(site, distributed=False, ha=True), a_network(site)
    join(site, router, network)
    with site.d.database.read() as conn:
        has = [place.agent.host for place in agent_rows.places(conn, [router["id"]])[router["id"]]]
    assert len(has) == 3
    for host in has:
        shown = told(site, host, router)[router["id"]]
        assert shown["_ha_interface"]["binding:host_id"] == host
        assert shown["_ha_interface"]["fixed_ips"][0]["prefixlen"] == 18
        assert (shown["_ha_state"], shown["ha_vr_id"]) == ("standby", router["ha_vr_id"])
        assert shown["_interfaces"][0]["binding:host_id"] == ""
    for host in {"one", "two", "three", "old"} - set(has):
        assert told(site, host, router) == {}


@pytest.mark.parametrize(
    ("asking", "mode", "host", "destination", "expected"),
    [
        ("h1", "dvr", "h1", None, "h1"),
        ("h1", "dvr", "h2", None, None),
        ("h1", "dvr", "h2", "h1", "h2"),
        ("h1", "dvr", "", None, None),
        ("net", "dvr_snat", "", None, "central"),
        ("net", "dvr_snat", "inner", None, "central"),
        ("inner", "dvr_no_external", "inner", None, None),
        ("net", "dvr_snat", "h1", None, None),
    ],
)
def test_who_serves_the_floating_ip_of_a_port(asking, mode, host, destination, expected):
    modes = {"h1": "dvr", "h2": "dvr", "inner": "dvr_no_external"}
    found = dvr_view.served(asking, mode, host, destination, modes)
    if expected == "central":
        assert found is not None
        assert found["host"] == "FLOATING_IP_HOST_NEEDS_BINDING"
        assert found["dvr_snat_bound"] is True
    else:
        assert (found and found["host"]) == expected


def test_all_hosts_of_a_highly_available_router_attend_to_its_interfaces(site, news):
    for host in ("one", "two"):
        site.report(host)
        site.report(host, L3, agent_mode="legacy")
    router, network = a_router(site, distributed=False, ha=True), a_network(site)
    port = {"id": join(site, router, network)}
    with site.d.database.read() as conn:
        has = [place.agent.host for place in agent_rows.places(conn, [router["id"]])[router["id"]]]
    for host in has:
        told(site, host, router)
        devices.up(site.d, ADMIN, [port["id"]], host=host)
    with site.d.database.read() as conn:
        placed = forwarding.placed(conn, [network["id"]], ["vxlan"])
    assert placed == {}  # it is active nowhere
    ha.report_states(site.d, ADMIN, has[0], {router["id"]: "active"})
    assert site.show(port)["binding:host_id"] == has[0]
    with site.d.database.read() as conn:
        placed = forwarding.placed(conn, [network["id"]], ["vxlan"])
    assert {one.host for one in placed.values()} == set(has)
    leave(site, router, network)
    with site.d.database.read() as conn:
        assert forwarding.placed(conn, [network["id"]], ["vxlan"]) == {}
