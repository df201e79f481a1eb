"""Whatever agents say is answered or refused: every method, every argument, on each database."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from deuteron.core import agents
from deuteron.core import audience as audiences
from deuteron.db.engine import Database
from deuteron.query import EVERYTHING
from deuteron.rpc.dispatcher import Dispatcher
from deuteron.rpc.endpoint import arguments_of
from deuteron.rpc.messaging import ExpectedException
from deuteron.rpc.topics import topics
from tests.deployments import ADMIN, LINUXBRIDGE, OVS, Site, a_deployment

UNKNOWN = "00000000-0000-4000-8000-000000000000"


class Nobody:
    """Nobody hears what agents would be told."""

    def cast(self, topic: str, method: str, **_more: Any) -> None:
        pass

    def fanout(self, topic: str, method: str, **_more: Any) -> None:
        pass


def nested(depth: int) -> Any:
    made: Any = "x"
    for _ in range(depth):
        made = [made]
    return made


GARBAGE: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**15,
    10**30,
    1.5,
    float("nan"),
    "",
    "x",
    "\0",
    "\ud800",
    "%' OR 1=1 --",
    "é" * 300,
    [],
    [None],
    [5, "x"],
    ["\0"],
    ["\ud800"],
    [["fa:16:3e:00:00:01", None], ["fa:16:3e:00:00:01", "0000:00:00.0"], ["x", 5]],
    [UNKNOWN, "tap00000000-00", "fa:16:3e:00:00:01"],
    [{}],
    [{"subnet_id": UNKNOWN, "ip_address": "10.0.0.5"}],
    {},
    {"x": "y"},
    {"id": [10**30, "x", None, True]},
    {"admin_state_up": ["maybe"]},
    {"mtu": ["many"]},
    {"fixed_ips": ["x"]},
    {"fixed_ips": {"ip_address": [5]}},
    {UNKNOWN: "ACTIVE"},
    {UNKNOWN: {"x": []}},
    {"iface_types": 5, "datapath_types": {}},
    nested(20),
    nested(200),
)


@pytest.fixture
def site(database: Database, tmp_path) -> Site:
    site = Site(a_deployment(database, tmp_path))
    site.report("h1")
    site.report("h3", LINUXBRIDGE)
    return site


def valid(site: Site) -> dict[str, Any]:
    """An argument of each name."""
    network = site.network()
    subnet = site.subnet(network)
    port = site.port(network, "h1")
    return {
        "agent_id": "ovs-agent-h1",
        "agent_state": {"agent_state": AGENT},
        "agent_type": AGENT["agent_type"],
        "device": port["id"],
        "device_id": "dhcp-x",
        "devices": [port["id"], f"tap{port['id'][:11]}", port["mac_address"]],
        "devices_down": [port["id"]],
        "devices_up": [port["id"]],
        "filter_kwargs": {"id": [port["id"]]},
        "filters": {"device_id": ["x"]},
        "fip_statuses": {UNKNOWN: "ACTIVE"},
        "host": "h1",
        "network": network["id"],
        "network_id": network["id"],
        "port": {"port": {"network_id": network["id"], "device_id": "dhcp-x"}},
        "port_id": port["id"],
        "port_ids": [port["id"]],
        "resource_id": port["id"],
        "resource_type": "Port",
        "router_id": UNKNOWN,
        "router_ids": [UNKNOWN],
        "states": {UNKNOWN: "active"},
        "status": "ACTIVE",
        "subnet": subnet["id"],
        "subnet_id": subnet["id"],
        "subports": [{"trunk_id": UNKNOWN, "port_id": port["id"]}],
        "time": "2014-06-04T12:00:00.000000",
        "trunk_id": UNKNOWN,
        "tunnel_ip": "192.0.2.9",
        "tunnel_type": "vxlan",
        "version": "1.0",
        "vnic_type": "normal",
    }


AGENT: Mapping[str, Any] = {
    "agent_type": "Open vSwitch agent",
    "binary": "neutron-openvswitch-agent",
    "host": "h1",
    "topic": "N/A",
    "availability_zone": "nova",
    "configurations": {"tunnel_types": ["vxlan"], "tunneling_ip": "192.0.2.1", "devices": 3},
    "resource_versions": {"Port": "1.11"},
    "start_flag": True,
}
_OF_PORTS = (
    *("name", "admin_state_up", "network_id", "project_id", "tenant_id", "device_id"),
    *("fixed_ips", "mac_address", "binding:host_id", "security_groups"),
)
_OF_CONFIGURATIONS = (
    *("tunnel_types", "tunneling_ip", "bridge_mappings", "interface_mappings", "device_mappings"),
    *("ovs_capabilities", "l2_population", "networks", "devices", "agent_mode", "extensions"),
    *("datapath_type", "vhostuser_socket_dir", "ovs_hybrid_plug", "routers", "integration_bridge"),
    *("l2pop_network_types", "handle_internal_only_routers", "router_id", "baremetal_smartnic"),
    *("resource_provider_bandwidths", "resource_provider_packet_processing_with_direction"),
)


def variations(name: str, given: Any) -> Iterator[Any]:
    """An argument gone wrong: all of it, or what is inside of it."""
    yield from GARBAGE
    if name == "port":
        for inner in _OF_PORTS:
            yield from ({"port": {**given["port"], inner: one}} for one in GARBAGE)
    if name == "agent_state":
        for inner in AGENT:
            yield from ({"agent_state": {**AGENT, inner: one}} for one in GARBAGE)
        for inner in _OF_CONFIGURATIONS:
            for one in GARBAGE:
                configurations = {**AGENT["configurations"], inner: one}
                yield {"agent_state": {**AGENT, "configurations": configurations}}


def a_dispatcher(site: Site, topic: str) -> Dispatcher:
    return Dispatcher(site.d, Nobody(), topic=topic, endpoints=topics()[topic])  # type: ignore[arg-type]


def a_message(method: str, args: Any, version: str = "1.4", namespace: str | None = None) -> Any:
    message = {"method": method, "version": version, "namespace": namespace, "args": args}
    return SimpleNamespace(ctxt={}, reply_q=None, message=message)


METHODS = sorted(
    (topic, method)
    for topic, endpoints in topics().items()
    for endpoint in endpoints
    for method in endpoint.methods
    if topic != "q-plugin" or method != "report_state"
)


@pytest.mark.slow
@pytest.mark.parametrize(("topic", "method"), METHODS)
def test_garbage_is_answered_or_refused(
    site: Site, topic: str, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    dispatcher = a_dispatcher(site, topic)
    (endpoint,) = (one for one in topics()[topic] if method in one.methods)
    proper = valid(site)
    known = arguments_of(endpoint.methods[method]).known
    arguments = {name: proper[name] for name in known if name in proper}
    named = {"version": endpoint.version, "namespace": endpoint.namespace}
    refused = 0
    for name, right in arguments.items():
        for wrong in variations(name, right):
            try:
                dispatcher.dispatch(a_message(method, {**arguments, name: wrong}, **named))
            except ExpectedException:
                refused += 1
    assert refused or not arguments
    troubles = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert not troubles, troubles[0].getMessage()


# What is taken, as nobody relies on its type, and what is refused.
OF_ANOTHER_TYPE: tuple[Any, ...] = (
    *(True, -1, 10**15, "x", [5], ["x"], {"x": "y"}),
    {"iface_types": 5},
    {"vxlan": {"x": []}},
)


@pytest.mark.slow
@pytest.mark.parametrize("agent_type", [OVS, LINUXBRIDGE, "DHCP agent"])
def test_what_an_agent_says_of_itself_harms_nobody(
    site: Site, agent_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    dispatcher = a_dispatcher(site, "q-reports-plugin")
    for inner in (*_OF_CONFIGURATIONS, "resource_versions", "availability_zone"):
        # Of many ports on one network two may get the same random MAC address.
        network = site.network()
        site.subnet(network)
        for one in OF_ANOTHER_TYPE:
            state = {**AGENT, "agent_type": agent_type}
            if inner in AGENT:
                state[inner] = one
            else:
                state["configurations"] = {**AGENT["configurations"], inner: one}
            args = {"agent_state": {"agent_state": state}, "time": "2014-06-04T12:00:00"}
            with suppress(ExpectedException):
                dispatcher.dispatch(a_message("report_state", args))
                site.port(network, "h1")
                agents.list_(site.d, ADMIN, EVERYTHING)
                with site.d.database.read() as conn:
                    audiences.read(conn)
        site.subnet(site.network())
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR], caplog.text
