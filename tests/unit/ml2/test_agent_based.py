"""What the drivers of the Open vSwitch and Linux bridge agents bind, and what they decline."""

from collections.abc import Mapping
from typing import Any

import pytest
from neutron_lib.placement.utils import device_resource_provider_uuid
from neutron_lib.plugins.ml2 import api
from oslo_config import cfg

from deuteron.context import RequestContext
from deuteron.errors import StartError
from deuteron.ml2.contexts import PortContext
from deuteron.ml2.mechanisms import openvswitch
from deuteron.ml2.mechanisms.linuxbridge import LinuxbridgeMechanismDriver
from deuteron.ml2.mechanisms.openvswitch import OpenvswitchMechanismDriver
from deuteron.ml2.plugin_context import outside_transaction
from deuteron.ml2.reasons import Reason

OVS = "Open vSwitch agent"
LB = "Linux bridge agent"
PROVIDER = "7f8d6d0e-7d2a-5f0f-8f0a-000000000000"


def a_segment(kind: str, place: str | None = None, number: int | None = None) -> dict[str, Any]:
    return {
        "id": f"{kind}-{place}-{number}",
        "network_type": kind,
        "physical_network": place,
        "segmentation_id": number,
        "network_id": "n1",
    }


def an_agent(agent_type: str = OVS, *, alive: bool = True, **conf: Any) -> dict[str, Any]:
    return {
        "id": "a1",
        "agent_type": agent_type,
        "host": "h1",
        "alive": alive,
        "admin_state_up": True,
        "heartbeat_timestamp": "2014-06-04 11:00:00",
        "configurations": conf,
    }


class Sources:
    """Agents of the host."""

    def __init__(self, agents: list[dict[str, Any]]) -> None:
        self.agents = agents

    def host_agents(self, host: str, agent_type: str) -> list[dict[str, Any]]:
        return [
            one for one in self.agents if (one["host"], one["agent_type"]) == (host, agent_type)
        ]


def a_context(
    segments: list[dict[str, Any]],
    *agents: dict[str, Any],
    vnic_type: str = "normal",
    profile: Mapping[str, Any] | None = None,
) -> PortContext:
    port = {
        "id": "12345678-9abc-def0-1234-56789abcdef0",
        "network_id": "n1",
        "device_owner": "compute:x",
        "status": "DOWN",
        "fixed_ips": [],
        "binding:host_id": "h1",
        "binding:vnic_type": vnic_type,
        "binding:profile": dict(profile or {}),
        "binding:vif_type": "unbound",
        "binding:vif_details": {},
    }
    request = outside_transaction(RequestContext(request_id="req-1"))
    sources: Any = Sources(list(agents))
    context = PortContext(request, port, None, sources)
    context.prepare_to_bind(segments)
    return context


@pytest.fixture
def ovs() -> OpenvswitchMechanismDriver:
    driver = OpenvswitchMechanismDriver()
    driver.initialize()
    return driver


@pytest.fixture
def lb() -> LinuxbridgeMechanismDriver:
    driver = LinuxbridgeMechanismDriver()
    driver.initialize()
    return driver


VLAN = a_segment("vlan", "net1", 100)
FLAT = a_segment("flat", "net1")
VXLAN = a_segment("vxlan", None, 5)
GENEVE = a_segment("geneve", None, 5)
LOCAL = a_segment("local")
ODD = a_segment("odd", None, 1)
ON_NET1 = {"bridge_mappings": {"net1": "br-1"}, "tunnel_types": ["vxlan"]}


@pytest.mark.parametrize(
    ("segments", "conf", "bound"),
    [
        ([LOCAL], {}, LOCAL),
        ([FLAT], ON_NET1, FLAT),
        ([VLAN], ON_NET1, VLAN),
        ([VXLAN], ON_NET1, VXLAN),
        ([GENEVE, VLAN], ON_NET1, VLAN),  # the first that fits, not the first
        ([VXLAN, VLAN], ON_NET1, VXLAN),
        ([VLAN], {}, None),
        ([VXLAN], {}, None),
        ([GENEVE], ON_NET1, None),
        ([ODD], {"tunnel_types": ["odd"]}, ODD),  # agents of other people's types
        ([], ON_NET1, None),
    ],
)
@pytest.mark.parametrize(("driver", "agent_type"), [("ovs", OVS), ("lb", LB)])
def test_the_first_segment_that_the_agent_reaches_is_bound(
    request, driver, agent_type, segments, conf, bound
):
    context = a_context(segments, an_agent(agent_type, **conf))
    request.getfixturevalue(driver).bind_port(context)
    proposal = context.proposal
    assert (proposal and proposal.segment_id) == (bound and bound["id"])


def test_linux_bridges_are_mapped_by_interface_or_bridge(lb):
    for conf in ({"interface_mappings": {"net1": "eth1"}}, {"bridge_mappings": {"net1": "br1"}}):
        context = a_context([VLAN], an_agent(LB, **conf))
        lb.bind_port(context)
        assert context.proposal is not None


def test_open_vswitch_knows_bridge_mappings_only(ovs):
    context = a_context([VLAN], an_agent(OVS, interface_mappings={"net1": "eth1"}))
    ovs.bind_port(context)
    assert context.proposal is None


@pytest.mark.parametrize(
    ("segments", "agents", "asked", "reason", "words"),
    [
        ([VXLAN], [], {}, Reason.NO_AGENT, ["'h1'"]),
        ([VXLAN], [an_agent(LB, **ON_NET1)], {}, Reason.NO_AGENT, [OVS]),
        (
            [VXLAN],
            [an_agent(alive=False, **ON_NET1)],
            {},
            Reason.AGENT_DEAD,
            ["2014-06-04 11:00:00"],
        ),
        (
            [a_segment("vlan", "net2", 7)],
            [an_agent(**ON_NET1)],
            {},
            Reason.PHYSICAL_NETWORK_UNMAPPED,
            ["'net2'", "net1:br-1"],
        ),
        ([FLAT], [an_agent()], {}, Reason.PHYSICAL_NETWORK_UNMAPPED, ["it has none"]),
        ([GENEVE], [an_agent(**ON_NET1)], {}, Reason.TUNNEL_TYPE_MISSING, ["geneve", "vxlan"]),
        ([GENEVE], [an_agent()], {}, Reason.TUNNEL_TYPE_MISSING, ["no tunnel types at all"]),
        ([ODD], [an_agent(**ON_NET1)], {}, Reason.NETWORK_TYPE_UNSUPPORTED, ["'odd'"]),
        (
            [VXLAN],
            [an_agent(**ON_NET1)],
            {"vnic_type": "macvtap"},
            Reason.VNIC_TYPE_UNSUPPORTED,
            ["'macvtap'", "normal, direct"],
        ),
        ([VXLAN], [an_agent(**ON_NET1)], {"vnic_type": "direct"}, Reason.SWITCHDEV_MISSING, []),
        (
            [VXLAN],
            [an_agent(**ON_NET1)],
            {"vnic_type": "smart-nic"},
            Reason.SMARTNIC_MISSING,
            [],
        ),
    ],
)
def test_a_refusal_says_why(ovs, segments, agents, asked, reason, words):
    context = a_context(segments, *agents, **asked)
    ovs.bind_port(context)
    assert context.proposal is None
    (decline,) = context.declines
    assert decline.reason == reason
    for word in words:
        assert word in decline.sentence
    assert decline.hint


def test_each_segment_is_refused_for_its_own_reason(ovs):
    context = a_context([GENEVE, a_segment("vlan", "net2", 7)], an_agent(**ON_NET1))
    ovs.bind_port(context)
    assert [(one.segment_id, one.reason) for one in context.declines] == [
        (GENEVE["id"], Reason.TUNNEL_TYPE_MISSING),
        ("vlan-net2-7", Reason.PHYSICAL_NETWORK_UNMAPPED),
    ]


@pytest.mark.parametrize(
    ("vnic_type", "profile", "conf"),
    [
        ("direct", {"capabilities": ["switchdev"]}, {}),
        ("smart-nic", {}, {"baremetal_smartnic": True}),
        ("vdpa", {}, {}),
    ],
)
def test_vnic_types_of_open_vswitch(ovs, vnic_type, profile, conf):
    agent = an_agent(**ON_NET1, **conf)
    context = a_context([VXLAN], agent, vnic_type=vnic_type, profile=profile)
    ovs.bind_port(context)
    assert context.proposal is not None


def test_the_kernel_datapath_gets_the_details_that_compute_needs(ovs):
    agent = an_agent(
        **ON_NET1, ovs_hybrid_plug=False, datapath_type="system", integration_bridge="br-int"
    )
    context = a_context([VXLAN], agent)
    ovs.bind_port(context)
    assert (context.proposal.vif_type, context.proposal.vif_details) == (
        "ovs",
        {
            "connectivity": "l2",
            "port_filter": True,
            "ovs_hybrid_plug": False,
            "ovs_create_tap": True,
            "datapath_type": "system",
            "bridge_name": "br-int",
        },
    )


@pytest.mark.parametrize(
    ("conf", "vnic_type"),
    [
        ({"ovs_hybrid_plug": True}, "normal"),
        ({"datapath_type": "netdev"}, "normal"),
        ({}, "direct"),
    ],
)
def test_no_tap_is_made_where_another_device_is_used(conf, vnic_type):
    _, details = openvswitch.vif(
        {"id": "p", "binding:vnic_type": vnic_type},
        an_agent(**conf),
        port_filter=True,
        create_tap=True,
    )
    assert "ovs_create_tap" not in details


@pytest.mark.parametrize(
    ("interfaces", "mode"), [(["dpdkvhostuser"], "client"), (["dpdkvhostuserclient"], "server")]
)
def test_the_user_space_datapath_gets_a_socket(interfaces, mode):
    agent = an_agent(
        datapath_type="netdev",
        ovs_capabilities={"iface_types": interfaces},
        vhostuser_socket_dir="/run/vhu",
        integration_bridge="br-int",
        ovs_hybrid_plug=True,
    )
    port = {"id": "12345678-9abc-def0", "binding:vnic_type": "normal"}
    assert openvswitch.vif(port, agent, port_filter=True, create_tap=True) == (
        "vhostuser",
        {
            "port_filter": False,
            "ovs_hybrid_plug": False,
            "vhostuser_mode": mode,
            "vhostuser_ovs_plug": True,
            "vhostuser_socket": "/run/vhu/vhu12345678-9a",
            "datapath_type": "netdev",
            "bridge_name": "br-int",
        },
    )


def test_offloaded_ports_of_the_user_space_datapath_are_plain(ovs):
    agent = an_agent(
        **ON_NET1, datapath_type="netdev", ovs_capabilities={"iface_types": ["dpdkvhostuser"]}
    )
    profile = {"capabilities": ["switchdev"]}
    context = a_context([VXLAN], agent, vnic_type="direct", profile=profile)
    ovs.bind_port(context)
    assert context.proposal.vif_type == "ovs"


def test_linux_bridge_details(lb):
    context = a_context([VXLAN], an_agent(LB, **ON_NET1))
    lb.bind_port(context)
    assert (context.proposal.vif_type, context.proposal.vif_details) == (
        "bridge",
        {"connectivity": "l2", "port_filter": True},
    )


def test_linux_bridge_serves_normal_ports_only(lb):
    context = a_context([VXLAN], an_agent(LB, **ON_NET1), vnic_type="direct")
    lb.bind_port(context)
    assert context.declines[0].reason == Reason.VNIC_TYPE_UNSUPPORTED


@pytest.fixture
def overridden():
    """Sets options of the global configuration for one test."""
    changed = []

    def change(group: str, name: str, value: Any) -> None:
        for driver in (OpenvswitchMechanismDriver(), LinuxbridgeMechanismDriver()):
            driver.initialize()  # registers the options
        cfg.CONF.set_override(name, value, group=group)
        changed.append((name, group))

    yield change
    for name, group in changed:
        cfg.CONF.clear_override(name, group=group)


def test_without_security_groups_there_is_no_filter(overridden):
    overridden("securitygroup", "enable_security_group", False)
    for driver, agent_type in (
        (OpenvswitchMechanismDriver(), OVS),
        (LinuxbridgeMechanismDriver(), LB),
    ):
        driver.initialize()
        context = a_context([VXLAN], an_agent(agent_type, **ON_NET1))
        driver.bind_port(context)
        assert context.proposal.vif_details["port_filter"] is False


def test_prohibited_vnic_types_are_declined(overridden):
    overridden("ovs_driver", "vnic_type_prohibit_list", ["direct"])
    driver = OpenvswitchMechanismDriver()
    driver.initialize()
    context = a_context([VXLAN], an_agent(**ON_NET1), vnic_type="direct")
    driver.bind_port(context)
    assert context.declines[0].reason == Reason.VNIC_TYPE_UNSUPPORTED


@pytest.mark.parametrize("prohibited", [["macvtap"], list(openvswitch.VNIC_TYPES)])
def test_a_prohibition_that_makes_no_sense_stops_the_start(overridden, prohibited):
    overridden("ovs_driver", "vnic_type_prohibit_list", prohibited)
    with pytest.raises(StartError, match="vnic_type_prohibit_list"):
        OpenvswitchMechanismDriver().initialize()


def test_hosts_are_filtered_by_what_their_agents_reach(ovs, lb):
    agents = [
        {**an_agent(**ON_NET1), "host": "h1"},
        {**an_agent(), "host": "h2"},
        {**an_agent(LB, **ON_NET1), "host": "h3"},
    ]

    def getter(context, filters):
        return [
            one
            for one in agents
            if one["host"] in filters["host"] and one["agent_type"] in filters["agent_type"]
        ]

    hosts = {"h1", "h2", "h3"}
    assert ovs.filter_hosts_with_segment_access(None, [VLAN], hosts, getter) == {"h1"}
    assert lb.filter_hosts_with_segment_access(None, [VLAN], hosts, getter) == {"h3"}
    assert ovs.filter_hosts_with_segment_access(None, [VLAN, LOCAL], hosts, getter) == {"h1", "h2"}


def test_placement_knows_the_agents_devices(ovs):
    namespace = ovs.resource_provider_uuid5_namespace
    own = str(device_resource_provider_uuid(namespace=namespace, host="h1", device="br-1"))
    agent = an_agent(resource_provider_bandwidths={"br-1": {"egress": 1}})
    for allocation, expected in (
        ({"g": own}, True),
        ({"g": own, "h": PROVIDER}, False),
        ({"g": PROVIDER}, False),
        ({}, False),
    ):
        context = a_context([VXLAN], agent, profile={"allocation": allocation})
        assert ovs.responsible_for_ports_allocation(context) is expected


def test_both_are_plain_drivers_of_the_interface(ovs, lb):
    for driver in (ovs, lb):
        assert isinstance(driver, api.MechanismDriver)
        assert driver.connectivity == "l2"
    assert ovs.provider_network_attribute_updates_supported() == ["provider:segmentation_id"]
    assert ovs.supported_extensions({"vlan-transparent", "qos"}) == {"qos"}
    assert lb.check_vlan_transparency(None) is True
