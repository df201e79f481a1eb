"""What DHCP and metadata agents are answered, and what is to be told to DHCP agents."""

from dataclasses import replace
from typing import Any

import pytest

from deuteron.core import (
    agents,
    dhcp_agents,
    dhcp_news,
    networks,
    ports,
    provisioning,
    segments,
    subnets,
)
from deuteron.core.dhcp_agents import device_id
from deuteron.core.followers import NotDelivered
from deuteron.core.presence import Presence
from deuteron.db import provisioning as provisioning_rows
from deuteron.db import segments as segment_rows
from deuteron.db.agents import DHCP_AGENT
from deuteron.db.journal import JournalReader
from deuteron.errors import InvalidInput, IpAddressGenerationFailure, NetworkNotFound, PortNotFound
from deuteron.query import Query
from deuteron.rpc import dhcp
from deuteron.rpc.endpoint import Call
from deuteron.rpc.told_dhcp import Cast, casts, follower
from tests.contract.test_dhcp_agents import report, start
from tests.deployments import ADMIN, Site, a_deployment
from tests.statements import counted

CALL = Call(ctx=ADMIN, sender="Message of a test", reply_queue=None, outgoing=None)  # type: ignore[arg-type]


@pytest.fixture
def site(database, tmp_path) -> Site:
    return Site(a_deployment(database, tmp_path))


class Told:
    """What agents are told of what happens from now on."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reader = JournalReader(site.d.database, "test", from_now=True, batch=500)
        self._reader.read()

    def __call__(self) -> list[Cast]:
        found: list[Cast] = []
        while (batch := self._reader.read()) is not None:
            news = dhcp_news.read(self._site.d, ADMIN, batch.entries)
            found += [] if news is None else casts(batch.entries, news)
            self._reader.done(batch)
        return found

    def methods(self) -> list[tuple[str | None, str, Any]]:
        return [(cast.host, cast.method, cast.payload.get("priority")) for cast in self()]


@pytest.fixture
def told(site: Site) -> Told:
    return Told(site)


def a_dhcp_port(site: Site, network: dict[str, Any], host: str = "h1", **values: Any) -> Any:
    wish = {
        "name": "",
        "admin_state_up": True,
        "network_id": network["id"],
        "project_id": network["project_id"],
        "device_id": device_id(host, network["id"]),
        **values,
    }
    return dhcp.create_dhcp_port(site.d, CALL, port={"port": wish}, host=host)


# --- what they ask --------------------------------------------------------------------------------


def test_an_agent_is_told_its_networks_whole(site, caplog):
    start(site, "h1")
    network, bare = site.network(), site.network()
    four = site.subnet(network, "10.0.0.0/24", dns_nameservers=["192.0.2.53"])
    quiet = site.subnet(network, "10.0.1.0/24", enable_dhcp=False)
    port = site.port(network)
    down = site.network(admin_state_up=False)
    site.subnet(down)
    (found,) = dhcp.get_active_networks_info(site.d, CALL, host="h1", enable_dhcp_filter=False)
    assert found["id"] == network["id"]
    assert found["mtu"] == network["mtu"]
    assert found["tenant_id"] == found["project_id"] == "p"
    assert [one["id"] for one in found["subnets"]] == sorted([four["id"], quiet["id"]])
    assert found["non_local_subnets"] == []
    assert "segments" not in found
    (shown,) = found["ports"]
    assert shown["id"] == port["id"]
    assert shown["fixed_ips"] == port["fixed_ips"]
    assert shown["tenant_id"] == "p"
    (filtered,) = dhcp.get_active_networks_info(site.d, CALL, host="h1")
    assert [one["id"] for one in filtered["subnets"]] == [four["id"]]
    one = dhcp.get_network_info(site.d, CALL, network_id=network["id"], host="h1")
    assert one == filtered
    assert dhcp.get_network_info(site.d, CALL, network_id=bare["id"])["subnets"] == []
    assert dhcp.get_network_info(site.d, CALL, network_id="gone", host="h1") is None
    assert dhcp.get_active_networks_info(site.d, CALL, host="nobody") == []
    assert caplog.messages == ["asks for networks, but is no DHCP agent that has reported"]


def test_many_networks_cost_what_one_does(site):
    start(site, "h1")

    def cost() -> int:
        with counted(site.d.database) as statements:
            dhcp.get_active_networks_info(site.d, CALL, host="h1")
        return len(statements)

    first = site.network()
    site.subnet(first)
    site.port(first)
    few = cost()
    for _ in range(12):
        network = site.network()
        site.subnet(network)
        site.port(network)
    assert cost() == few <= 16


def test_on_a_routed_network_an_agent_has_the_subnets_of_its_segments(site):
    for host, place in (("h1", "physnet1"), ("h2", "tight")):
        start(site, host)
        site.report(host, start=True, bridge_mappings={place: "br"})
    network = site.segmented(("vlan", "physnet1", 101), ("vlan", "tight", 100))
    with site.d.database.read() as conn:
        first, second = segment_rows.of_networks(conn, [network["id"]])[network["id"]]
    near = site.subnet(network, "10.0.1.0/24", segment_id=first.id)
    far = site.subnet(network, "10.0.2.0/24", segment_id=second.id)
    found = dhcp.get_network_info(site.d, CALL, network_id=network["id"], host="h1")
    assert [one["id"] for one in found["subnets"]] == [near["id"]]
    assert [one["id"] for one in found["non_local_subnets"]] == [far["id"]]
    assert [(one["id"], one["segmentation_id"], one["hosts"]) for one in found["segments"]] == [
        (first.id, 101, ["h1"]),
        (second.id, 100, ["h2"]),
    ]
    assert segments.get(site.d, ADMIN, first.id)["id"] == first.id


def test_an_agent_makes_its_port_and_gives_it_back(site):
    start(site, "h1")
    network = site.network()
    subnet = site.subnet(network)
    made = a_dhcp_port(site, network, fixed_ips=[{"subnet_id": subnet["id"]}])
    assert made["device_owner"] == "network:dhcp"
    assert made["binding:host_id"] == "h1"
    assert made["binding:vif_type"] == "ovs"
    assert made["fixed_ips"][0]["subnet_id"] == subnet["id"]
    assert made["tenant_id"] == network["project_id"]
    assert dhcp.get_dhcp_port(site.d, CALL, port_id=made["id"])["id"] == made["id"]
    what = {"network_id": network["id"], "device_id": made["device_id"]}
    assert dhcp.release_dhcp_port(site.d, CALL, **what, host="h1") is None
    with pytest.raises(PortNotFound):
        dhcp.get_dhcp_port(site.d, CALL, port_id=made["id"])
    assert dhcp.release_dhcp_port(site.d, CALL, **what) is None


def test_what_is_gone_gives_no_port(site):
    network = site.network()
    subnet = site.subnet(network, "10.0.0.0/30", gateway_ip=None)
    fixed_ips = [{"subnet_id": subnet["id"]}]
    gone = {"id": "gone", "project_id": "p"}
    assert a_dhcp_port(site, gone) is None
    assert a_dhcp_port(site, network, fixed_ips=[{"subnet_id": "gone"}]) is None
    site.port(network)
    site.port(network)
    with pytest.raises(IpAddressGenerationFailure):
        a_dhcp_port(site, network, fixed_ips=fixed_ips)


def test_a_port_of_the_wrong_shape_is_refused(site):
    network = site.network()
    site.subnet(network)
    for wrong in (
        {"fixed_ips": 5},
        {"fixed_ips": [5]},
        {"fixed_ips": [{"ip_address": "evil"}]},
        {"name": 5},
        {"name": "x" * 300},
        {"device_id": ["x"]},
        {"admin_state_up": "x"},
        {"network_id": 5},
        {"project_id": 5},
        {"mac_address": "evil"},
    ):
        with pytest.raises(InvalidInput):
            a_dhcp_port(site, network, **wrong)
    for port in (None, {}, {"port": 5}):
        with pytest.raises(InvalidInput):
            dhcp.create_dhcp_port(site.d, CALL, port=port, host="h1")
    assert ports.list_(site.d, ADMIN, Query()) == []
    assert a_dhcp_port(site, network, mac_address="FA:16:3E:00:00:01")["mac_address"] == (
        "fa:16:3e:00:00:01"
    )


def test_an_agent_takes_the_port_that_is_kept_for_it(site):
    for host in ("h1", "h2"):
        start(site, host)
    network = site.network()
    site.subnet(network)
    (host,) = [one.host for one in dhcp_agents.serving(site.d, [network["id"]])[network["id"]]]
    other = "h2" if host == "h1" else "h1"
    port = a_dhcp_port(site, network, host)
    wish = {"port": {"network_id": network["id"], "name": "x"}}

    def update(by: str, wish: Any = wish, port_id: str = port["id"]) -> Any:
        return dhcp.update_dhcp_port(site.d, CALL, port_id=port_id, port=wish, host=by)

    assert update(host)["name"] == "x"
    assert update(other) is None
    ports.update(site.d, ADMIN, port["id"], {"device_id": "reserved_dhcp_port"})
    with pytest.raises(NetworkNotFound):
        update(other)
    mine = {"port": {"network_id": network["id"], "device_id": device_id(host, network["id"])}}
    assert update(host, mine)["device_id"] == port["device_id"]
    assert update(host, port_id="gone") is None


def test_the_port_of_a_dead_agent_goes_to_its_successor(site):
    start(site, "h1")
    network = site.network()
    subnet = site.subnet(network)
    port = a_dhcp_port(site, network, fixed_ips=[{"subnet_id": subnet["id"]}])
    site.clock.turn(200)
    start(site, "h2")
    assert dhcp_agents.fail_over(site.d, ADMIN) == 1
    (found,) = dhcp.get_active_networks_info(site.d, CALL, host="h2")
    (kept,) = found["ports"]
    assert kept["device_id"] == "reserved_dhcp_port"
    wish = {"network_id": network["id"], "device_id": device_id("h2", network["id"])}
    taken = dhcp.update_dhcp_port(site.d, CALL, port_id=kept["id"], port={"port": wish}, host="h2")
    assert taken["id"] == port["id"]
    assert taken["fixed_ips"] == port["fixed_ips"]
    assert (taken["binding:host_id"], taken["binding:vif_type"]) == ("h2", "ovs")


def test_a_port_waits_for_both_of_its_agents(site):
    start(site, "h1")
    network, unserved = site.network(), site.network()
    site.subnet(network)
    site.subnet(unserved, enable_dhcp=False)
    owner = {"device_owner": "compute:nova", "host": "h1"}
    both, first, second, none = (
        site.port(network, **owner)["id"],
        site.port(network, **owner)["id"],
        site.port(network, **owner)["id"],
        site.port(unserved, **owner)["id"],
    )

    def wired(*port_ids: str) -> None:
        with site.d.database.read() as conn:
            found = provisioning_rows.states(conn, port_ids)
        provisioning.wired(site.d, ADMIN, found, host="h1")

    def statuses() -> list[str]:
        return [ports.get(site.d, ADMIN, one)["status"] for one in (both, first, second, none)]

    wired(first, none)
    dhcp.dhcp_ready_on_ports(site.d, CALL, port_ids=[both, second, "gone"])
    assert statuses() == ["DOWN", "DOWN", "DOWN", "ACTIVE"]
    wired(both)
    dhcp.dhcp_ready_on_ports(site.d, CALL, port_ids=[first])
    assert statuses() == ["ACTIVE", "ACTIVE", "DOWN", "ACTIVE"]
    dhcp.dhcp_ready_on_ports(site.d, CALL, port_ids=[])
    with pytest.raises(InvalidInput):
        dhcp.dhcp_ready_on_ports(site.d, CALL, port_ids="x")


def test_metadata_agents_find_who_asks(site):
    network = site.network()
    site.subnet(network)
    interface = site.port(
        network, device_id="router", device_owner="network:router_interface", name="r"
    )
    port = site.port(network)
    owners = ["network:router_interface", "network:ha_router_replicated_interface"]

    def found(**filters: Any) -> list[str]:
        return [one["id"] for one in dhcp.get_ports(site.d, CALL, filters=filters)]

    assert found(device_id=["router"], device_owner=owners) == [interface["id"]]
    address = port["fixed_ips"][0]["ip_address"]
    assert found(fixed_ips={"ip_address": [address]}, network_id=[network["id"]]) == [port["id"]]
    assert found(mac_address=[port["mac_address"]], network_id=[network["id"]]) == [port["id"]]
    assert found(network_id=[]) == []
    for wrong in ({"evil": ["x"]}, {"fixed_ips": {"evil": ["x"]}}, {"id": [{}]}, {"id": [["x"]]}):
        with pytest.raises(InvalidInput):
            found(**wrong)
    with pytest.raises(InvalidInput):
        dhcp.get_ports(site.d, CALL, filters=5)


def test_networks_are_found_by_filters(site):
    network = site.network(name="a")
    site.network(name="b")
    found = dhcp.get_networks(site.d, CALL, filters={"name": ["a"]}, fields=["id", "tenant_id"])
    assert found == [{"id": network["id"], "tenant_id": "p"}]
    assert len(dhcp.get_networks(site.d, CALL)) == 2


# --- what they are told ---------------------------------------------------------------------------


def test_a_site_without_agents_tells_nobody(site, told):
    network = site.network()
    site.subnet(network)
    site.port(network)
    assert told() == []


def test_the_life_of_a_network(site, told):
    start(site, "h1")
    network = site.network()
    assert told() == []
    subnet = site.subnet(network)
    assert told.methods() == [
        ("h1", "network_create_end", 0),
        ("h1", "subnet_create_end", 3),
    ]
    networks.update(site.d, ADMIN, network["id"], {"name": "new"})
    (cast,) = told()
    assert (cast.host, cast.method) == ("h1", "network_update_end")
    assert cast.payload["network"]["name"] == "new"
    subnets.update(site.d, ADMIN, subnet["id"], {"dns_nameservers": ["192.0.2.53"]})
    (cast,) = told()
    assert (cast.host, cast.method) == ("h1", "subnet_update_end")
    assert cast.payload["subnet"]["dns_nameservers"] == ["192.0.2.53"]
    subnets.delete(site.d, ADMIN, subnet["id"])
    (cast,) = told()
    assert (cast.host, cast.method) == ("h1", "subnet_delete_end")
    assert cast.payload == {"subnet_id": subnet["id"], "network_id": network["id"], "priority": 4}
    networks.delete(site.d, ADMIN, network["id"])
    everyone, those_that_served = told()
    assert (everyone.host, those_that_served.host) == (None, "h1")
    for cast in (everyone, those_that_served):
        assert cast.method == "network_delete_end"
        assert cast.payload == {"network_id": network["id"], "priority": 2}


def test_the_life_of_a_port(site, told):
    start(site, "h1")
    network = site.network()
    site.subnet(network)
    told()
    port = site.port(network)
    (cast,) = told()
    assert (cast.host, cast.method, cast.payload["priority"]) == ("h1", "port_create_end", 5)
    assert cast.payload["port"]["id"] == port["id"]
    assert cast.payload["port"]["fixed_ips"] == port["fixed_ips"]
    site.update(port, name="new", device_owner="compute:nova")
    site.update(port, **{"binding:host_id": "h1"})
    assert told() == []
    site.update(port, extra_dhcp_opts=[{"opt_name": "a", "opt_value": "b"}])
    assert told.methods() == [("h1", "port_update_end", 6)]
    now = site.update(port, fixed_ips=[{"ip_address": "10.0.0.77"}])
    (cast,) = told()
    assert cast.payload["port"]["fixed_ips"] == now["fixed_ips"]
    site.update(port, device_owner="network:router_interface")
    assert told.methods() == [("h1", "port_create_end", 5)]
    ports.delete(site.d, ADMIN, port["id"])
    (cast,) = told()
    assert cast.method == "port_delete_end"
    assert cast.payload == {
        "port_id": port["id"],
        "network_id": network["id"],
        "fixed_ips": [{**now["fixed_ips"][0], "port_id": port["id"], "network_id": network["id"]}],
        "priority": 6,
    }


def test_much_at_once_is_told_once(site, told):
    start(site, "h1")
    network = site.network()
    site.subnet(network)
    port, gone = site.port(network), site.port(network)
    for number in range(3):
        site.update(port, fixed_ips=[{"ip_address": f"10.0.0.7{number}"}])
    ports.delete(site.d, ADMIN, gone["id"])
    methods = [method for _, method, _ in told.methods()]
    assert sorted(methods) == [
        "network_create_end",
        "port_create_end",
        "port_delete_end",
        "subnet_create_end",
    ]


def test_one_of_several_agents_is_first(site, told):
    for host in ("h1", "h2", "h3"):
        start(site, host)
    network = site.network()
    for host in ("h1", "h2", "h3"):
        agent_id = agents.list_(site.d, ADMIN, _of_host(host))[0]["id"]
        dhcp_agents.add(site.d, ADMIN, agent_id, network["id"])
    site.subnet(network)
    assert {host for host, method, _ in told.methods() if method == "network_create_end"} == {
        "h1",
        "h2",
        "h3",
    }
    first = set()
    for _ in range(12):
        site.port(network)
        of_port = told.methods()
        assert sorted(priority for _, _, priority in of_port) == [5, 6, 6]
        first |= {host for host, _, priority in of_port if priority == 5}
    assert len(first) > 1


def _of_host(host: str) -> Query:
    return Query(filters={"agent_type": ("DHCP agent",), "host": (host,)})


def test_by_hand_and_by_state(site, told):
    agent_id = start(site, "h1")
    network = site.network()
    dhcp_agents.add(site.d, ADMIN, agent_id, network["id"])
    assert told.methods() == [("h1", "network_create_end", 0)]
    dhcp_agents.remove(site.d, ADMIN, agent_id, network["id"])
    assert told.methods() == [("h1", "network_delete_end", 2)]
    dhcp_agents.add(site.d, ADMIN, agent_id, network["id"])
    dhcp_agents.remove(site.d, ADMIN, agent_id, network["id"])
    assert told.methods() == [("h1", "network_delete_end", 2)]
    agents.update(site.d, ADMIN, agent_id, {"description": "x"})
    assert told() == []
    agents.update(site.d, ADMIN, agent_id, {"admin_state_up": False})
    (cast,) = told()
    assert (cast.host, cast.method, cast.payload) == (
        "h1",
        "agent_updated",
        {"admin_state_up": False},
    )


def test_agents_that_are_down_are_told_nothing(site, told):
    agent_id = start(site, "h1")
    network = site.network()
    site.subnet(network)
    agents.update(site.d, ADMIN, agent_id, {"admin_state_up": False})
    told()
    site.port(network)
    assert told() == []


def test_a_subnet_of_a_segment_is_told_where_it_is_reached(site, told):
    for host, place in (("h1", "physnet1"), ("h2", "tight")):
        start(site, host)
        site.report(host, start=True, bridge_mappings={place: "br"})
    network = site.segmented(("vlan", "physnet1", 101), ("vlan", "tight", 100))
    with site.d.database.read() as conn:
        found = segment_rows.of_networks(conn, [network["id"]])[network["id"]]
    for number, segment in enumerate(found):
        site.subnet(network, f"10.0.{number}.0/24", segment_id=segment.id)
    made = [host for host, method, _ in told.methods() if method == "subnet_create_end"]
    assert sorted(made) == ["h1", "h2"]


def test_who_died_before_it_scheduled_is_made_up_for(site, told):
    network = site.network()
    site.subnet(network)
    site.clock.turn(1)
    site.report("h1")
    report(site, "h1")
    assert sorted(told.methods()) == [
        ("h1", "network_create_end", 0),
        ("h1", "subnet_create_end", 3),
    ]


def test_the_first_agent_is_not_missed_though_another_process_met_it(site, told):
    network = site.network()
    site.port(network)
    assert told() == []
    start(Site(replace(site.d, dhcp_presence=Presence(DHCP_AGENT))), "h1")
    site.port(network)
    assert [method for _, method, _ in told.methods()] == ["port_create_end", "network_create_end"]


class Broker:
    """Takes messages for those who listen."""

    def __init__(self) -> None:
        self.listening = {"h1", "h2"}
        self.heard: list[tuple[str, str]] = []

    def deliver(self, _topic: str, method: str, *, host: str, **_message: Any) -> bool:
        if host in self.listening:
            self.heard.append((host, method))
        return host in self.listening

    def fanout(self, *_what: Any, **_message: Any) -> None: ...

    cast: Any = None


def test_an_agent_that_is_alive_is_waited_for_but_not_for_ever(site):
    for host in ("h1", "h2"):
        start(site, host)
    network = site.network()
    for host in ("h1", "h2"):
        agent_id = agents.list_(site.d, ADMIN, _of_host(host))[0]["id"]
        dhcp_agents.add(site.d, ADMIN, agent_id, network["id"])
    reader = JournalReader(site.d.database, "test", from_now=True, batch=500)
    reader.read()
    site.port(network)
    batch = reader.read()
    broker, now = Broker(), [0.0]
    handle = follower(site.d, broker, lambda: ADMIN, seconds=lambda: now[0]).handle
    both = [("h1", "port_create_end"), ("h2", "port_create_end")]
    handle(batch.entries)
    assert sorted(broker.heard) == both
    broker.listening.remove("h2")
    with pytest.raises(NotDelivered, match="h2"):
        handle(batch.entries)
    now[0] += 59
    with pytest.raises(NotDelivered):
        handle(batch.entries)
    now[0] += 2
    handle(batch.entries)
    broker.listening.add("h2")
    handle(batch.entries)
    broker.listening.remove("h2")
    with pytest.raises(NotDelivered):
        handle(batch.entries)
    site.clock.turn(100)
    broker.heard.clear()
    handle(batch.entries)  # they are dead, and fetch everything when they are back
    assert broker.heard == []


def test_the_news_of_many_entries_cost_what_one_does(site):
    start(site, "h1")

    def cost(count: int) -> int:
        reader = JournalReader(site.d.database, f"cost-{count}", from_now=True, batch=500)
        reader.read()
        network = site.network()
        site.subnet(network)
        for _ in range(count):
            site.port(network)
        batch = reader.read()
        assert batch is not None
        with counted(site.d.database) as statements:
            dhcp_news.read(site.d, ADMIN, batch.entries)
        return len(statements)

    assert cost(1) == cost(20) <= 14
