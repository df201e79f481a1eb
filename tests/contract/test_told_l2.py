"""What layer 2 agents are told of changes, on each database, from the journal on."""

from collections.abc import Sequence
from typing import Any

import pytest

from deuteron.core import (
    address_groups,
    agents,
    devices,
    networks,
    ports,
    security_group_rules,
    security_groups,
)
from deuteron.core.forwarding import Informed
from deuteron.db.engine import Database
from deuteron.db.journal import JournalReader
from deuteron.rpc import told_l2
from deuteron.rpc.message import Message
from deuteron.services.qos import policies
from deuteron.services.trunk import trunks
from tests.deployments import ADMIN, LINUXBRIDGE, OVS, Site, a_deployment
from tests.statements import counted

FLOOD = ["00:00:00:00:00:00", "0.0.0.0"]

VERSIONS = {
    "Port": "1.11",
    "Network": "1.3",
    "Subnet": "1.2",
    "SecurityGroup": "1.6",
    "SecurityGroupRule": "1.3",
    "AddressGroup": "1.2",
    "Trunk": "1.1",
    "SubPort": "1.0",
    "QosPolicy": "1.10",
    "Log": "1.0",
}


@pytest.fixture
def site(database: Database, tmp_path) -> Site:
    return Site(a_deployment(database, tmp_path))


def start(
    site: Site,
    host: str,
    agent_type: str = OVS,
    *,
    number: int = 1,
    extensions: Sequence[str] = (),
    **versions: str,
) -> None:
    """An agent starts that knows objects in these versions, and listens to everything."""
    linux_bridges = agent_type == LINUXBRIDGE
    mappings = {"interface_mappings" if linux_bridges else "bridge_mappings": {"physnet1": "br"}}
    state = {
        "agent_type": agent_type,
        "binary": "agent",
        "host": host,
        "topic": "N/A",
        "configurations": {
            **mappings,
            "tunnel_types": ["vxlan"],
            "tunneling_ip": f"192.0.2.{number}",
            "l2_population": True,
            "extensions": list(extensions),
        },
        "start_flag": True,
        "resource_versions": {**VERSIONS, **versions},
    }
    agents.report(site.d, ADMIN, state)


class Told:
    """What agents are told of what happens from now on."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reader = JournalReader(site.d.database, "test", from_now=True, batch=500)
        self._reader.read()
        self._informed = Informed()

    def __call__(self) -> list[Message]:
        found: list[Message] = []
        while (batch := self._reader.read()) is not None:
            found += told_l2.messages(self._site.d, ADMIN, batch.entries, self._informed)
            self._reader.done(batch)
        return found

    def pushes(self) -> list[tuple[str, str, list[str]]]:
        """Topic without its beginning, event, ids."""
        return [
            (
                message.topic.removeprefix("neutron-vo-"),
                message.arguments["event_type"],
                [data(one).get("id") for one in message.arguments["resource_list"]],
            )
            for message in self()
            if message.method == "push"
        ]

    def forwarding(self) -> list[tuple[str, str | None, Any]]:
        """Method, host and entries of what is said of where ports are."""
        return [
            (message.method, message.host, message.arguments["fdb_entries"])
            for message in self()
            if message.topic == "q-agent-notifier-l2population-update"
        ]

    def forget(self) -> None:
        """Another process goes on."""
        self._informed = Informed()


def data(told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = told["versioned_object.data"]
    return found


@pytest.fixture
def told(site: Site) -> Told:
    return Told(site)


def a_group(site: Site, **values: Any) -> dict[str, Any]:
    body = {"project_id": "p", "name": "g", "description": "", "stateful": True, **values}
    return security_groups.create(site.d, ADMIN, [body])[0]


def a_rule(site: Site, group: dict[str, Any], **values: Any) -> dict[str, Any]:
    body = {
        "project_id": "p",
        "security_group_id": group["id"],
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_ip_prefix": None,
        "remote_group_id": None,
        "remote_address_group_id": None,
        "description": "",
        **values,
    }
    return security_group_rules.create(site.d, ADMIN, [body])[0]


def a_policy(site: Site) -> dict[str, Any]:
    body = {"project_id": "p", "name": "q", "description": "", "shared": False, "is_default": False}
    return policies.create(site.d, ADMIN, [body])[0]


# --- objects --------------------------------------------------------------------------------------


def test_agents_get_what_is_new_as_it_is(site: Site, told: Told) -> None:
    start(site, "h1")
    network = site.network()
    subnet = site.subnet(network)
    group = a_group(site)
    port = site.port(network, "h1", security_groups=[group["id"]])
    messages = [one for one in told() if one.method == "push"]
    assert [(one.topic, one.arguments["event_type"]) for one in messages] == [
        ("neutron-vo-Network-1.3", "updated"),
        ("neutron-vo-Subnet-1.2", "updated"),
        ("neutron-vo-SecurityGroup-1.6", "updated"),
        ("neutron-vo-Port-1.11", "updated"),
    ]
    assert {(one.version, one.host) for one in messages} == {("1.1", None)}
    pushed = [data(one.arguments["resource_list"][-1]) for one in messages]
    assert [one["id"] for one in pushed] == [network["id"], subnet["id"], group["id"], port["id"]]
    (binding,) = pushed[3]["bindings"]
    (level,) = pushed[3]["binding_levels"]
    assert data(binding)["vif_type"] == "ovs"
    assert data(data(level)["segment"])["network_type"] == "vxlan"
    assert pushed[3]["security_group_ids"] == [group["id"]]
    assert pushed[3]["revision_number"] == site.show(port)["revision_number"]


def test_what_changed_often_is_told_once_and_what_is_gone_by_its_id(site: Site, told: Told) -> None:
    start(site, "h1")
    network = site.network()
    port, other = site.port(network), site.port(network)
    told()
    for name in ("a", "b", "c"):
        site.update(port, name=name)
    ports.delete(site.d, ADMIN, other["id"])
    changed, gone = told()
    (one,) = changed.arguments["resource_list"]
    assert data(one)["name"] == "c"
    assert gone.arguments == {
        "resource_list": [
            {
                "versioned_object.name": "Port",
                "versioned_object.namespace": "versionedobjects",
                "versioned_object.version": "1.11",
                "versioned_object.data": {"id": other["id"]},
                "versioned_object.changes": ["id"],
            }
        ],
        "event_type": "deleted",
    }
    ports.delete(site.d, ADMIN, port["id"])
    networks.delete(site.d, ADMIN, network["id"])
    assert told.pushes() == [
        ("Port-1.11", "deleted", [port["id"]]),
        ("Network-1.3", "deleted", [network["id"]]),
    ]


def test_many_ports_are_few_messages_and_as_many_statements_as_one(site: Site, told: Told) -> None:
    start(site, "h1")
    network = site.network()
    site.subnet(network)

    def cost(ports_: int) -> tuple[int, list[int]]:
        told()
        bodies = [site.body(network, **{"binding:host_id": "h1"}) for _ in range(ports_)]
        ports.create(site.d, ADMIN, bodies)
        with counted(site.d.database) as statements:
            pushes = told.pushes()
        return len(statements), [len(ids) for _, _, ids in pushes]

    few, messages = cost(1)
    assert messages == [1]
    assert cost(120) == (few, [100, 20])
    assert few <= 20


def test_each_version_that_agents_know_is_told_and_no_other(site: Site, told: Told) -> None:
    network = site.network()
    site.port(network)
    with counted(site.d.database) as statements:
        assert told() == []  # nobody listens
    assert len(statements) <= 4  # the journal's, and who listens
    start(site, "h1")
    start(site, "h2", Port="1.10")
    start(site, "h3", LINUXBRIDGE, Port="1.9")
    start(site, "h4", Port="1.99")
    site.port(network)
    assert [topic for topic, _, _ in told.pushes()] == ["Port-1.10", "Port-1.11"]
    site.clock.turn(90000)  # all but one are silent for more than a day
    start(site, "h1")
    site.port(network)
    assert [topic for topic, _, _ in told.pushes()] == ["Port-1.11"]
    site.clock.turn(90000)  # the broker was away: nobody could report
    site.port(network)
    assert [topic for topic, _, _ in told.pushes()] == ["Port-1.11"]


def test_groups_rules_and_addresses_are_told(site: Site, told: Told) -> None:
    start(site, "h1")
    group, other = a_group(site), a_group(site)
    body = {"project_id": "p", "name": "ag", "description": "", "addresses": ["10.1.1.0/24"]}
    addresses = address_groups.create(site.d, ADMIN, [body])[0]
    told()
    rule = a_rule(site, group, remote_address_group_id=addresses["id"])
    referring = a_rule(site, other, remote_group_id=group["id"])
    address_groups.add_addresses(site.d, ADMIN, addresses["id"], {"addresses": ["10.2.0.0/16"]})
    pushed = {message.topic: message.arguments["resource_list"] for message in told()}
    (shown,) = pushed["neutron-vo-AddressGroup-1.2"]
    assert [data(one)["address"] for one in data(shown)["addresses"]] == [
        "10.1.1.0/24",
        "10.2.0.0/16",
    ]
    rules = {data(one)["id"]: data(one) for one in pushed["neutron-vo-SecurityGroupRule-1.3"]}
    assert rules[rule["id"]]["remote_address_group_id"] == addresses["id"]
    assert rules[referring["id"]]["remote_group_id"] == group["id"]
    security_group_rules.delete(site.d, ADMIN, rule["id"])
    security_groups.delete(site.d, ADMIN, group["id"])
    assert told.pushes() == [
        ("SecurityGroupRule-1.3", "deleted", [rule["id"], referring["id"]]),
        ("SecurityGroup-1.6", "deleted", [group["id"]]),
    ]


def test_trunks_and_policies_are_told_as_new_and_sub_ports_as_they_come_and_go(
    site: Site, told: Told
) -> None:
    start(site, "h1")
    network = site.network()
    parent, one, two, three = (site.port(network) for _ in range(4))
    told()
    policy = a_policy(site)
    trunk = trunks.create(
        site.d,
        ADMIN,
        [
            {
                "project_id": "p",
                "name": "",
                "description": "",
                "admin_state_up": True,
                "port_id": parent["id"],
                "sub_ports": [],
            }
        ],
    )[0]
    assert told.pushes() == [
        ("QosPolicy-1.10", "created", [policy["id"]]),
        ("Trunk-1.1", "created", [trunk["id"]]),
    ]

    def sub_ports(*wanted: tuple[dict[str, Any], int]) -> dict[str, Any]:
        return {
            "sub_ports": [
                {"port_id": port["id"], "segmentation_type": "vlan", "segmentation_id": number}
                for port, number in wanted
            ]
        }

    trunks.add_subports(site.d, ADMIN, trunk["id"], sub_ports((one, 5), (two, 6), (three, 7)))
    trunks.remove_subports(site.d, ADMIN, trunk["id"], {"sub_ports": [{"port_id": one["id"]}]})
    changed, left, joined = (m for m in told() if m.method == "push" and "Port-1.11" not in m.topic)
    assert changed.arguments["event_type"] == "updated"
    assert [left.arguments["event_type"], joined.arguments["event_type"]] == ["deleted", "created"]
    assert [_sub_ports(m) for m in (left, joined)] == [
        [
            {
                "trunk_id": trunk["id"],
                "port_id": port["id"],
                "segmentation_type": "vlan",
                "segmentation_id": number,
            }
            for port, number in some
        ]
        for some in ([(one, 5)], [(two, 6), (three, 7)])
    ]


def _sub_ports(message: Message) -> list[dict[str, Any]]:
    assert message.topic == "neutron-vo-SubPort-1.0"
    return [data(one) for one in message.arguments["resource_list"]]


# --- where ports are ------------------------------------------------------------------------------


def up(site: Site, told: Told, host: str, *ports_: dict[str, Any], refresh: bool = False) -> Any:
    """An agent has wired ports; what is told of where they are."""
    told()
    ids = [port["id"] for port in ports_]
    devices.up(site.d, ADMIN, ids, host=host, refresh=refresh)
    return told.forwarding()


def test_hosts_hear_where_the_ports_of_a_network_are(site: Site, told: Told) -> None:
    start(site, "h1")
    start(site, "h2", LINUXBRIDGE, number=2)
    network = site.network()
    site.subnet(network)
    flat = site.segmented(("vlan", "physnet1", 100))
    one, two = site.port(network, "h1"), site.port(network, "h2")
    aside = site.port(flat, "h1")

    def entries(ports_: dict[str, Any]) -> dict[str, Any]:
        return {
            network["id"]: {
                "network_type": "vxlan",
                "segment_id": network["provider:segmentation_id"],
                "ports": ports_,
            }
        }

    def pair(port: dict[str, Any]) -> list[str]:
        return [port["mac_address"], port["fixed_ips"][0]["ip_address"]]

    def at(number: int, *pairs: list[str]) -> dict[str, Any]:
        return entries({f"192.0.2.{number}": [*pairs]})

    assert told.forwarding() == []
    assert up(site, told, "h1", one, aside) == [
        ("add_fdb_entries", None, at(1, FLOOD, pair(one))),
    ]
    assert up(site, told, "h2", two) == [
        ("add_fdb_entries", "h2", at(1, FLOOD, pair(one))),
        ("add_fdb_entries", None, at(2, FLOOD, pair(two))),
    ]
    devices.down(site.d, ADMIN, [two["id"]], host="h2")
    ports.delete(site.d, ADMIN, one["id"])
    assert told.forwarding() == [
        (
            "remove_fdb_entries",
            None,
            entries({"192.0.2.2": [FLOOD, pair(two)], "192.0.2.1": [FLOOD, pair(one)]}),
        ),
    ]


def test_an_agent_that_has_forgotten_is_told_again(site: Site, told: Told) -> None:
    start(site, "h1")
    start(site, "h2", number=2)
    network = site.network()
    site.subnet(network)
    one, two = site.port(network, "h1"), site.port(network, "h2")
    up(site, told, "h1", one)
    up(site, told, "h2", two)
    told.forget()
    assert [host for _, host, _ in up(site, told, "h1", one, refresh=True)] == ["h1", None]


def test_linux_bridges_are_told_of_one_network_at_a_time(site: Site, told: Told) -> None:
    start(site, "h1")
    networks_ = [site.network() for _ in range(3)]
    for network in networks_:
        site.subnet(network)
    one, two, three = (site.port(network, "h1") for network in networks_)
    (message,) = up(site, told, "h1", one, two)
    assert message[2].keys() == {one["network_id"], two["network_id"]}
    start(site, "h2", LINUXBRIDGE, number=2)
    messages = up(site, told, "h2", *(site.port(network, "h2") for network in networks_[:2]))
    assert sorted((host or "all", *entries) for _, host, entries in messages) == sorted(
        (to, port["network_id"]) for port in (one, two) for to in ("all", "h2")
    )
    up(site, told, "h1", three)
    for port in (one, two, three):
        site.update(port, fixed_ips=[])
    assert [[*entries["chg_ip"]] for _, _, entries in told.forwarding()] == [
        [port["network_id"]] for port in (one, two, three)
    ]


class Directed:
    """A broker that keeps what is told to single hosts of where ports are."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []

    def cast(self, _topic: str, _method: str, /, *, host: str, version: str, **told: Any) -> None:
        assert version == "1.0"
        self.heard.append((host, told["fdb_entries"]))

    def deliver(self, *_what: Any, **_message: Any) -> bool:
        return True

    def fanout(self, *_what: Any, **_message: Any) -> None: ...


def test_who_may_have_lost_a_tunnel_is_told_of_all_others_again(site: Site) -> None:
    for number in (1, 2):
        start(site, f"h{number}", number=number)
    network, other = site.network(), site.network()
    for one in (network, other):
        site.subnet(one)
    one, two = site.port(network, "h1"), site.port(network, "h2")
    last = site.port(other, "h2")
    reader = JournalReader(site.d.database, "test", from_now=True, batch=500)
    reader.read()
    agents_, now = Directed(), [1000.0]
    follower = told_l2.follower(site.d, agents_, lambda: ADMIN, lambda: now[0])

    def heard(seconds: float = 0) -> list[tuple[str, Any]]:
        now[0] += seconds
        while (batch := reader.read()) is not None:
            follower.handle(batch.entries)
            reader.done(batch)
        assert follower.idle is not None
        follower.idle()
        found, agents_.heard = agents_.heard, []
        return found

    for _ in range(6):
        heard(100)  # whatever is told again as a process begins
    for port in (last, one):
        devices.up(site.d, ADMIN, [port["id"]], host=port["binding:host_id"])
    heard(100)
    ports.delete(site.d, ADMIN, last["id"])
    devices.up(site.d, ADMIN, [two["id"]], host="h2")
    ((host, entries),) = heard()
    assert host == "h2"
    (of_network,) = entries.values()
    assert of_network["ports"].keys() == {"192.0.2.1"}
    assert heard(1) == []
    with counted(site.d.database) as statements:
        assert heard(3) == [("h2", entries)]
    assert len(statements) <= 5  # the journal's, who listens, and where ports are
    heard(20)
    start(site, "h3", LINUXBRIDGE, number=3)
    devices.up(site.d, ADMIN, [site.port(network, "h3")["id"]], host="h3")
    assert [host for host, _ in heard()] == ["h3"]
    ((host, entries),) = heard(4)
    assert host == "h3"
    assert entries[network["id"]]["ports"] == {f"192.0.2.{one}": [FLOOD] for one in (1, 2)}
    heard(20)
    devices.down(site.d, ADMIN, [one["id"]], host="h1")
    assert heard(20) == []  # nobody is there any more to tell of


def test_many_ports_cost_what_one_does(site: Site, told: Told) -> None:
    start(site, "h1")
    network = site.network()
    site.subnet(network)

    def cost(count: int) -> int:
        bodies = [site.body(network, **{"binding:host_id": "h1"}) for _ in range(count)]
        made = ports.create(site.d, ADMIN, bodies)
        told()
        devices.up(site.d, ADMIN, [port["id"] for port in made], host="h1")
        with counted(site.d.database) as statements:
            told()
        return len(statements)

    assert cost(1) == cost(20) <= 20


def test_nothing_is_told_of_places_without_the_driver(database: Database, tmp_path) -> None:
    site = Site(a_deployment(database, tmp_path, mechanisms=["openvswitch"]))
    told = Told(site)
    start(site, "h1")
    network = site.network()
    site.subnet(network)
    assert up(site, told, "h1", site.port(network, "h1")) == []
