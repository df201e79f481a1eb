"""What L3 agents are answered, and what is to be told to them."""

import logging
from typing import Any

import pytest

from deuteron.core import address_scopes, agents, ports, subnet_pools, subnets
from deuteron.core.followers import NotDelivered
from deuteron.db import segments
from deuteron.db.journal import JournalReader
from deuteron.errors import InvalidInput
from deuteron.query import Query
from deuteron.rpc import l3
from deuteron.rpc.endpoint import Call
from deuteron.rpc.message import Message
from deuteron.rpc.told_l3 import follower, messages
from deuteron.services.l3 import interfaces, routers
from deuteron.services.l3.agents import agents as l3_agents
from deuteron.services.l3.agents import news as agent_news
from deuteron.services.l3.floating import floating_ips
from tests.deployments import ADMIN, Site, a_deployment
from tests.routing import a_router, gate, having, join, outside, report, start
from tests.statements import counted

CALL = Call(ctx=ADMIN, sender="Message of a test", reply_queue=None, outgoing=None)  # type: ignore[arg-type]
STRANGER = "5b430841-afd8-4799-8a7c-20847bbb1980"


@pytest.fixture
def site(database, tmp_path) -> Site:
    return Site(a_deployment(database, tmp_path, mechanisms=("openvswitch",)))


def sync(site: Site, host: str = "h1", ids: list[str] | None = None) -> list[dict[str, Any]]:
    return l3.sync_routers(site.d, CALL, host=host, router_ids=ids)


# --- what they ask --------------------------------------------------------------------------------


def test_an_agent_is_told_its_routers_whole(site):
    start(site, "h1")
    router, external = a_router(site), outside(site)
    inside = join(site, router, "10.0.0.0/24", dns_nameservers=["192.0.2.53"])
    gate(site, router, external)
    vm = site.port({"id": inside["network_id"]})
    beside = site.subnet({"id": inside["network_id"]}, "10.0.9.0/24")
    floating = floating_ips.create(
        site.d,
        ADMIN,
        [{"project_id": "p", "floating_network_id": external["id"], "port_id": vm["id"]}],
    )[0]
    (told,) = sync(site)
    assert told.keys() >= routers.get(site.d, ADMIN, router["id"]).keys()
    assert (told["id"], told["tenant_id"], told["ha_vr_id"]) == (router["id"], "p", 0)
    assert told["external_gateway_info"]["network_id"] == external["id"]
    assert told["enable_snat"] is True
    gateway = told["gw_port"]
    assert gateway["id"] == told["gw_port_id"]
    assert gateway["device_owner"] == "network:router_gateway"
    assert [one["cidr"] for one in gateway["subnets"]] == ["203.0.113.0/24"]
    (port,) = told["_interfaces"]
    assert port["id"] == inside["port_id"]
    assert port["tenant_id"] == port["project_id"] == "p"
    (fixed_ip,) = port["fixed_ips"]
    assert (fixed_ip["ip_address"], fixed_ip["prefixlen"]) == ("10.0.0.1", 24)
    (subnet,) = port["subnets"]
    assert subnet == {
        "id": inside["subnet_id"],
        "cidr": "10.0.0.0/24",
        "gateway_ip": "10.0.0.1",
        "dns_nameservers": ["192.0.2.53"],
        "ipv6_ra_mode": None,
        "subnetpool_id": None,
    }
    assert [one["id"] for one in port["extra_subnets"]] == [beside["id"]]
    assert port["address_scopes"] == {"4": None, "6": None}
    assert port["mtu"] == 1450
    (leading,) = told["_floatingips"]
    assert leading["id"] == floating["id"]
    assert leading["fixed_ip_address"] == vm["fixed_ips"][0]["ip_address"]
    assert leading["fixed_ip_address_scope"] is None


def test_ports_are_where_the_agent_is(site):
    one, two = start(site, "h1"), start(site, "h2")
    router = a_router(site)
    l3_agents.add(site.d, ADMIN, one, router["id"])
    join(site, router)
    gate(site, router, outside(site))
    (told,) = sync(site)
    bound = (told["gw_port"], *told["_interfaces"])
    assert [port["binding:host_id"] for port in bound] == ["h1", "h1"]
    assert [port["binding:vif_type"] for port in bound] == ["ovs", "ovs"]
    revisions = [port["revision_number"] for port in bound]
    (again,) = sync(site)
    assert [p["revision_number"] for p in (again["gw_port"], *again["_interfaces"])] == revisions
    l3_agents.remove(site.d, ADMIN, one, router["id"])
    l3_agents.add(site.d, ADMIN, two, router["id"])
    assert sync(site) == []
    (moved,) = sync(site, "h2")
    assert {p["binding:host_id"] for p in (moved["gw_port"], *moved["_interfaces"])} == {"h2"}


def test_who_is_told_nothing(site, caplog):
    agent_id = start(site, "h1")
    router, down = a_router(site), a_router(site, admin_state_up=False)
    for one in (router, down):
        l3_agents.add(site.d, ADMIN, agent_id, one["id"])
    assert [one["id"] for one in sync(site, ids=[router["id"], down["id"]])] == [router["id"]]
    assert caplog.messages == []
    assert sync(site, "nowhere") == []
    assert l3.get_router_ids(site.d, CALL, host="nowhere") == []
    assert caplog.messages == ["asks for routers, but is no L3 agent that has reported"] * 2
    assert sync(site, ids=[STRANGER]) == []
    assert STRANGER in caplog.messages[-1]
    agents.update(site.d, ADMIN, agent_id, {"admin_state_up": False})
    assert sync(site) == []
    assert l3.get_router_ids(site.d, CALL, host="h1") == []


def test_a_port_that_only_says_that_it_is_a_routers_is_not(site):
    start(site, "h1")
    router = a_router(site)
    inside = join(site, router)
    network = {"id": inside["network_id"]}
    site.port(network, device_id=router["id"], device_owner="network:router_interface")
    (told,) = sync(site)
    assert [port["id"] for port in told["_interfaces"]] == [inside["port_id"]]


def test_segments_and_scopes_of_subnets(site):
    start(site, "h1")
    router = a_router(site)
    inside = join(site, router)
    network = {"id": inside["network_id"]}
    six = site.subnet(
        network, "2001:db8::/64", ip_version=6, ipv6_ra_mode="slaac", ipv6_address_mode="slaac"
    )
    interfaces.add(site.d, ADMIN, router["id"], {"subnet_id": six["id"]})
    (told,) = sync(site)
    subnets = {
        subnet["cidr"]: subnet["ipv6_ra_mode"]
        for port in told["_interfaces"]
        for subnet in port["subnets"]
    }
    assert subnets == {"10.0.0.0/24": None, "2001:db8::/64": "slaac"}


def test_many_routers_cost_the_statements_of_one(site):
    agent_id = start(site, "h1")
    external = outside(site)
    made: list[str] = []
    costs = []
    for count in (1, 9):
        for _ in range(count):
            router = a_router(site)
            l3_agents.add(site.d, ADMIN, agent_id, router["id"])
            join(site, router)
            gate(site, router, external)
            made.append(router["id"])
        sync(site)  # binds
        with counted(site.d.database) as statements:
            assert len(sync(site, ids=made)) == len(made)
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 20, statements


def test_floating_ips_have_the_states_that_are_reported(site, caplog):
    start(site, "h1")
    router, external = a_router(site), outside(site)
    inside = join(site, router)
    gate(site, router, external)
    vm = site.port({"id": inside["network_id"]})
    body = {"project_id": "p", "floating_network_id": external["id"], "port_id": vm["id"]}
    floating = floating_ips.create(site.d, ADMIN, [body])[0]

    def say(status: str, router_id: str = router["id"]) -> str:
        statuses = {floating["id"]: status, STRANGER: "ACTIVE"}
        l3.update_floatingip_statuses(site.d, CALL, router_id=router_id, fip_statuses=statuses)
        return str(floating_ips.get(site.d, ADMIN, floating["id"])["status"])

    assert [say("ACTIVE"), say("ERROR"), say("ACTIVE")] == ["ACTIVE", "ERROR", "ACTIVE"]
    assert say("DOWN", router_id=STRANGER) == "ACTIVE"
    assert STRANGER in caplog.messages[-1]


def test_states_of_routers_that_an_agent_never_had(site, caplog):
    start(site, "h1")
    router = a_router(site)
    states = {router["id"]: "active", STRANGER: "standby"}
    with caplog.at_level(logging.WARNING):
        l3.update_ha_routers_states(site.d, CALL, host="h1", states=states)
    assert len(caplog.messages) == 1
    assert router["id"] in caplog.messages[0]
    assert having(site, router) == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda d: l3.sync_routers(d, CALL, host=5),
        lambda d: l3.sync_routers(d, CALL, host="h1", router_ids="x"),
        lambda d: l3.sync_routers(d, CALL, host="h1", router_ids=[{}]),
        lambda d: l3.get_router_ids(d, CALL, host=None),
        lambda d: l3.update_floatingip_statuses(d, CALL, router_id="r", fip_statuses=[]),
        lambda d: l3.update_floatingip_statuses(d, CALL, router_id="r", fip_statuses={"f": 1}),
        lambda d: l3.update_ha_routers_states(d, CALL, host="h", states=["r"]),
        lambda d: l3.get_agent_gateway_port(d, CALL, network_id=[], host="h"),
    ],
)
def test_what_is_no_question(site, ask):
    with pytest.raises(InvalidInput):
        ask(site.d)


# --- what they are told ---------------------------------------------------------------------------


class Told:
    """What agents are told of what happens from now on."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reader = JournalReader(site.d.database, "test", from_now=True, batch=500)
        self._reader.read()

    def __call__(self) -> list[Message]:
        found: list[Message] = []
        while (batch := self._reader.read()) is not None:
            news = agent_news.read(self._site.d, ADMIN, batch.entries)
            found += [] if news is None else messages(news)
            self._reader.done(batch)
        return found

    def short(self) -> list[tuple[str | None, str, Any]]:
        return [(one.host, one.method, next(iter(one.arguments.values()))) for one in self()]


@pytest.fixture
def told(site: Site) -> Told:
    return Told(site)


def test_changes_are_told_to_those_who_have_the_router_at_once(site, told):
    start(site, "h1")
    start(site, "h2")
    router = a_router(site)
    assert told.short() == []
    inside = join(site, router)
    gate(site, router, outside(site))
    routers.update(site.d, ADMIN, router["id"], {"name": "x"})
    (host,) = having(site, router)
    assert told.short() == [(host, "routers_updated", [router["id"]])]
    interfaces.remove(site.d, ADMIN, router["id"], {"port_id": inside["port_id"]})
    assert told.short() == [(host, "routers_updated", [router["id"]])]
    gate(site, router, None)
    routers.delete(site.d, ADMIN, router["id"])
    assert told.short() == [(None, "router_deleted", router["id"])]


def test_what_is_given_and_taken_by_hand(site, told):
    one, two = start(site, "h1"), start(site, "h2")
    router = a_router(site)
    l3_agents.add(site.d, ADMIN, one, router["id"])
    assert told.short() == [("h1", "router_added_to_agent", [router["id"]])]
    l3_agents.remove(site.d, ADMIN, one, router["id"])
    assert told.short() == [("h1", "router_removed_from_agent", {"router_id": router["id"]})]
    assert having(site, router) == []
    l3_agents.add(site.d, ADMIN, two, router["id"])
    l3_agents.remove(site.d, ADMIN, two, router["id"])
    l3_agents.add(site.d, ADMIN, two, router["id"])  # it has it, whatever was in between
    assert told.short() == [("h2", "router_added_to_agent", [router["id"]])]


def test_what_was_taken_by_hand_is_not_given_back_for_an_earlier_change(site, told):
    agent_id = start(site, "h1")
    router = a_router(site)
    join(site, router)
    told()
    routers.update(site.d, ADMIN, router["id"], {"name": "x"})
    l3_agents.remove(site.d, ADMIN, agent_id, router["id"])
    assert told.short() == [("h1", "router_removed_from_agent", {"router_id": router["id"]})]
    assert having(site, router) == []


def test_who_asked_is_not_told_of_what_it_got(site, told):
    router = a_router(site)
    start(site, "h1")
    told()
    assert l3.get_router_ids(site.d, CALL, host="h1") == [router["id"]]
    assert told.short() == []


def test_a_router_that_moves(site, told):
    start(site, "h1")
    router = a_router(site)
    join(site, router)
    told()
    site.clock.turn(3600)
    start(site, "h2")
    l3_agents.fail_over(site.d, ADMIN)
    assert sorted(told.short(), key=str) == [
        ("h1", "router_removed_from_agent", {"router_id": router["id"]}),
        ("h2", "router_added_to_agent", [router["id"]]),
    ]


def test_a_router_that_nobody_scheduled_in_time(site, told):
    """The process that changed it died before it could."""
    router, bare = a_router(site), a_router(site)
    join(site, router)
    start(site, "h1")
    assert having(site, router) == []
    first, *_ = told.short()
    assert first == ("h1", "routers_updated", [router["id"]])
    assert (having(site, router), having(site, bare)) == (["h1"], [])


def test_agents_are_told_that_they_were_switched(site, told):
    agent_id = start(site, "h1")
    report(site, "h1", more="abilities")
    assert told.short() == []
    agents.update(site.d, ADMIN, agent_id, {"admin_state_up": False})
    assert told.short() == [("h1", "agent_updated", {"admin_state_up": False})]
    query = Query(filters={"agent_type": ("Open vSwitch agent",)})
    other = agents.list_(site.d, ADMIN, query)[0]
    agents.update(site.d, ADMIN, other["id"], {"admin_state_up": False})
    assert told.short() == []


def test_a_floating_ip_is_news_of_its_router(site, told):
    start(site, "h1")
    router, external = a_router(site), outside(site)
    inside = join(site, router)
    gate(site, router, external)
    vm = site.port({"id": inside["network_id"]})
    told()
    body = {"project_id": "p", "floating_network_id": external["id"], "port_id": vm["id"]}
    floating = floating_ips.create(site.d, ADMIN, [body])[0]
    assert told.short() == [("h1", "routers_updated", [router["id"]])]
    floating_ips.delete(site.d, ADMIN, floating["id"])
    assert told.short() == [("h1", "routers_updated", [router["id"]])]
    ports.delete(site.d, ADMIN, vm["id"])


def test_another_address_scope_is_news_of_the_routers_there(site, told):
    start(site, "h1")
    scope, pool = (
        make(site.d, ADMIN, [{"project_id": "p", "name": "", "shared": False, **more}])[0]
        for make, more in (
            (address_scopes.create, {"ip_version": 4}),
            (
                subnet_pools.create,
                {"prefixes": ["10.0.0.0/8"], "default_prefixlen": 24, "is_default": False},
            ),
        )
    )
    router, other = a_router(site), a_router(site)
    join(site, router, None, subnetpool_id=pool["id"])
    join(site, other)
    told()
    subnet_pools.update(site.d, ADMIN, pool["id"], {"address_scope_id": scope["id"]})
    assert told.short() == [("h1", "routers_updated", [router["id"]])]
    (shown,) = sync(site, ids=[router["id"]])
    assert shown["_interfaces"][0]["address_scopes"]["4"] == scope["id"]


def test_gateways_get_addresses_with_subnets(site, told):
    start(site, "h1")
    external = site.network(**{"router:external": True})
    router = gate(site, a_router(site), external)
    down = gate(site, a_router(site, admin_state_up=False), external)
    told()

    def addresses(one: dict[str, Any]) -> set[str]:
        shown = routers.get(site.d, ADMIN, one["id"])["external_gateway_info"]
        return {address["subnet_id"] for address in shown["external_fixed_ips"]}

    six = {"ip_version": 6, "enable_dhcp": False}
    first = site.subnet(external, "2001:db8:1::/64", **six)
    news = ("h1", "routers_updated", sorted((router["id"], down["id"])))
    assert told.short() == [news]
    assert addresses(router) == addresses(down) == {first["id"]}
    site.subnet(external, "2001:db8:2::/64", **six)  # one is enough
    site.subnet(external, "203.0.113.0/24", enable_dhcp=False)
    assert told.short() == []
    only = {"service_types": ["network:router_gateway"], "enable_dhcp": False}
    four = site.subnet(external, "198.51.100.0/24", **only)
    assert told.short() == [news]
    modes = {"ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"}
    automatic = site.subnet(external, "2001:db8:3::/64", ip_version=6, **modes)
    assert told.short() == [news]
    assert addresses(router) == {first["id"], four["id"], automatic["id"]}
    subnets.delete(site.d, ADMIN, automatic["id"])
    assert told.short() == [news]


def test_a_gateway_on_a_routed_network_gets_its_address_with_its_host(site, told):
    start(site, "h1")
    provider = {"provider:network_type": "vlan", "provider:physical_network": "physnet1"}
    external = site.network(**{"router:external": True, **provider})
    with site.d.database.read() as conn:
        (segment,) = segments.of_networks(conn, [external["id"]])[external["id"]]
    site.subnet(external, "203.0.113.0/24", segment_id=segment.id, enable_dhcp=False)
    router = gate(site, a_router(site, ha=True), external)
    assert router["external_gateway_info"]["external_fixed_ips"] == []
    told()
    l3.update_ha_routers_states(site.d, CALL, host="h1", states={router["id"]: "active"})
    assert told.short() == [("h1", "routers_updated", [router["id"]])]
    shown = routers.get(site.d, ADMIN, router["id"])
    assert len(shown["external_gateway_info"]["external_fixed_ips"]) == 1


def test_a_subnet_that_has_no_address_for_a_gateway_is_made_all_the_same(site, caplog):
    external = site.network(**{"router:external": True})
    made = [gate(site, a_router(site), external) for _ in range(2)]
    site.subnet(
        external,
        "2001:db8:1::/64",
        ip_version=6,
        allocation_pools=[{"start": "2001:db8:1::9", "end": "2001:db8:1::9"}],
    )
    gates = [routers.get(site.d, ADMIN, one["id"])["external_gateway_info"] for one in made]
    assert sorted(len(one["external_fixed_ips"]) for one in gates) == [0, 1]
    (message,) = caplog.messages
    assert message.startswith("Gateway ")


def test_a_site_without_agents_reads_nothing(site, told):
    a_router(site)
    site.network()
    with counted(site.d.database) as statements:
        assert told() == []
    assert not [one for one in statements if "router_l3_agents" in one]


class Broker:
    """Takes messages; hosts in `deaf` do not listen."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str | None]] = []
        self.deaf: set[str] = set()

    def fanout(self, _topic: str, method: str, /, **_message: Any) -> None:
        self.sent.append((method, None))

    def deliver(self, _topic: str, method: str, /, *, host: str, **_message: Any) -> bool:
        if host in self.deaf:
            return False
        self.sent.append((method, host))
        return True


def test_the_living_are_waited_for_and_the_dead_are_not(site):
    broker, now = Broker(), [0.0]
    following = follower(site.d, broker, lambda: ADMIN, seconds=lambda: now[0])  # type: ignore[arg-type]
    agent_id = start(site, "h1")
    reader = JournalReader(site.d.database, "test", from_now=True)
    reader.read()
    router = a_router(site)
    l3_agents.add(site.d, ADMIN, agent_id, router["id"])
    batch = reader.read()
    assert batch is not None
    broker.deaf.add("h1")
    with pytest.raises(NotDelivered):
        following.handle(batch.entries)
    broker.deaf.clear()
    following.handle(batch.entries)
    assert broker.sent == [("router_added_to_agent", "h1")]
    site.clock.turn(3600)
    following.handle(batch.entries)
    assert len(broker.sent) == 1
