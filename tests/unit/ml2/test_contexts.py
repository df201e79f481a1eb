"""Contexts behave as drivers know them, and fetch only what is read."""

import pytest
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api

from deuteron.context import RequestContext
from deuteron.ml2.contexts import (
    BoundLevel,
    Decline,
    HostBinding,
    NetworkContext,
    PortContext,
    Proposal,
    SubnetContext,
)
from deuteron.ml2.plugin_context import outside_transaction, plugin_context

STATIC = {"id": "s1", "network_type": "vxlan", "physical_network": None, "segmentation_id": 7}
DYNAMIC = {"id": "s2", "network_type": "vlan", "physical_network": "p", "segmentation_id": 8}
REQUEST = RequestContext(
    request_id="req-1", project_id="p1", user_id="u1", roles=frozenset({"member"})
)


class Sources:
    """Answers, and notes what was asked for."""

    def __init__(self):
        self.asked = []

    def network(self):
        self.asked.append("network")
        return {"id": "n1"}

    def segments(self):
        self.asked.append("segments")
        return [STATIC, DYNAMIC]

    def segment(self, segment_id):
        self.asked.append(("segment", segment_id))

    def host_agents(self, host, agent_type):
        self.asked.append(("host_agents", host, agent_type))
        return [{"host": host}]

    def allocate_dynamic(self, segment):
        self.asked.append(("allocate", segment))
        return DYNAMIC

    def release_dynamic(self, segment_id):
        self.asked.append(("release", segment_id))


def a_port(**changes):
    return {
        "id": "port1",
        "device_owner": "compute:nova",
        "status": "DOWN",
        "binding:host_id": "host1",
        "binding:vif_type": "ovs",
        "binding:vif_details": {"a": 1},
        "binding:vnic_type": "normal",
        "binding:profile": {},
        **changes,
    }


@pytest.fixture
def sources():
    return Sources()


def a_context(sources, port=None, original=None, **more):
    return PortContext(outside_transaction(REQUEST), port or a_port(), original, sources, **more)


LEVELS = [BoundLevel(driver="tor", segment_id="s1"), BoundLevel(driver="ovs", segment_id="s2")]


def test_contexts_are_those_of_the_interface(sources):
    context = a_context(sources)
    assert isinstance(context, api.PortContext)
    assert isinstance(context.network, api.NetworkContext)


def test_what_is_not_read_is_not_fetched(sources):
    context = a_context(sources, levels=lambda: pytest.fail("levels were fetched"))
    assert (context.host, context.vif_type, context.status) == ("host1", "ovs", "DOWN")
    assert context.vif_details == {"a": 1}
    assert sources.asked == []


def test_what_is_read_twice_is_fetched_once(sources):
    context = a_context(sources, levels=LEVELS)
    for _ in range(2):
        assert context.network.current == {"id": "n1"}
        assert context.network.network_segments == [STATIC, DYNAMIC]
        assert context.top_bound_segment is STATIC
    assert sources.asked == ["network", "segments"]


def test_binding_levels_are_described_from_the_top(sources):
    context = a_context(sources, levels=LEVELS)
    assert context.binding_levels == [
        {api.BOUND_DRIVER: "tor", api.BOUND_SEGMENT: STATIC},
        {api.BOUND_DRIVER: "ovs", api.BOUND_SEGMENT: DYNAMIC},
    ]
    assert context.bottom_bound_segment is DYNAMIC


def test_an_unbound_port_has_no_levels(sources):
    context = a_context(sources, a_port(**{"binding:vif_type": "unbound"}))
    assert context.binding_levels is None
    assert context.top_bound_segment is None
    assert context.bottom_bound_segment is None


def test_a_level_on_a_foreign_segment_is_looked_up(sources):
    context = a_context(sources, levels=[BoundLevel(driver="x", segment_id="s9")])
    assert context.top_bound_segment is None
    assert ("segment", "s9") in sources.asked


def test_without_an_update_there_is_no_original(sources):
    context = a_context(sources, levels=LEVELS)
    assert context.original is None
    assert context.original_status is None
    assert context.original_host is None
    assert context.original_vif_type is None
    assert context.original_vif_details is None
    assert context.original_binding_levels is None
    assert context.original_top_bound_segment is None
    assert context.original_bottom_bound_segment is None


def test_an_update_shows_both_states(sources):
    before = a_port(
        **{"binding:host_id": "host0", "binding:vif_type": "bridge", "status": "ACTIVE"}
    )
    context = a_context(sources, original=before, levels=[], original_levels=LEVELS)
    assert (context.host, context.original_host) == ("host1", "host0")
    assert (context.vif_type, context.original_vif_type) == ("ovs", "bridge")
    assert (context.status, context.original_status) == ("DOWN", "ACTIVE")
    assert context.binding_levels is None
    assert context.original_top_bound_segment is STATIC
    assert context.original_bottom_bound_segment is DYNAMIC


def test_an_update_that_leaves_the_binding_has_the_same_levels(sources):
    context = a_context(sources, original=a_port(), levels=LEVELS)
    assert context.original_binding_levels == context.binding_levels


def test_a_distributed_port_shows_the_binding_of_one_host(sources):
    port = a_port(
        device_owner="network:router_interface_distributed",
        **{"binding:host_id": "", "binding:vif_type": "distributed"},
    )
    here = HostBinding(host="host7", vif_type="ovs", vif_details={}, status="ACTIVE")
    context = a_context(sources, port, port, binding=here)
    assert (context.host, context.original_host) == ("host7", "host7")
    assert (context.status, context.vif_type) == ("ACTIVE", "ovs")
    assert context.original_status == "DOWN"


def test_a_driver_completes_a_binding(sources):
    context = a_context(sources, a_port(**{"binding:vif_type": "unbound"}))
    assert context.segments_to_bind is None
    context.prepare_to_bind([STATIC])
    assert context.segments_to_bind == [STATIC]
    assert context.proposal is None
    context.set_binding("s1", portbindings.VIF_TYPE_OVS, {"b": 2}, status="ACTIVE")
    assert context.proposal == Proposal(
        segment_id="s1", vif_type="ovs", vif_details={"b": 2}, status="ACTIVE"
    )
    assert (context.vif_type, context.vif_details) == ("ovs", {"b": 2})
    context.unset_binding()
    assert context.proposal is None
    assert (context.vif_type, context.vif_details) == ("unbound", {})


def test_a_driver_continues_a_binding_below(sources):
    context = a_context(sources)
    context.prepare_to_bind([STATIC])
    below = context.allocate_dynamic_segment({"network_type": "vlan"})
    context.continue_binding("s1", [below])
    assert context.proposal == Proposal(segment_id="s1", next_segments=(DYNAMIC,))
    context.push_level(BoundLevel(driver="tor", segment_id="s1"))
    assert context.top_bound_segment is STATIC
    assert context.pop_level().driver == "tor"
    assert context.binding_levels is None


def test_a_driver_may_say_why_it_declines(sources):
    context = a_context(sources)
    context.prepare_to_bind([STATIC])
    context.decline("s1", "unmapped", "The host has no way there.", "Map it.")
    assert context.declines == [
        Decline(
            segment_id="s1",
            reason="unmapped",
            sentence="The host has no way there.",
            hint="Map it.",
        )
    ]
    context.prepare_to_bind([STATIC])
    assert context.declines == []


def test_agents_are_those_of_the_host_of_the_operation(sources):
    context = a_context(sources)
    assert context.host_agents("Open vSwitch agent") == [{"host": "host1"}]
    assert sources.asked == [("host_agents", "host1", "Open vSwitch agent")]


def test_a_dynamic_segment_is_released_by_its_id(sources):
    a_context(sources).release_dynamic_segment("s2")
    assert sources.asked == [("release", "s2")]


def test_network_and_subnet_contexts():
    network = NetworkContext(outside_transaction(REQUEST), {"id": "n"}, {"id": "n0"}, (STATIC,))
    assert (network.current, network.original) == ({"id": "n"}, {"id": "n0"})
    assert network.network_segments == [STATIC]
    made = []
    subnet = SubnetContext(
        network.plugin_context, {"id": "s"}, None, lambda: made.append(1) or network
    )
    assert subnet.current == {"id": "s"}
    assert subnet.original is None
    assert made == []
    assert subnet.network is network
    assert subnet.network is network
    assert made == [1]


class ATransaction:
    """Stands for an open transaction."""

    context = REQUEST
    session = "the session"


def test_a_plugin_context_inside_a_transaction_has_its_session():
    context = plugin_context(ATransaction())
    assert context.session == "the session"
    assert (context.project_id, context.tenant_id, context.user_id) == ("p1", "p1", "u1")
    assert context.request_id == "req-1"
    assert context.roles == ["member"]
    assert not context.is_admin
    elevated = context.elevated()
    assert elevated.is_admin
    assert "admin" in elevated.roles
    assert elevated.session == "the session"


def test_a_plugin_context_outside_of_a_transaction_says_so():
    with pytest.raises(RuntimeError, match="no transaction is open"):
        _ = outside_transaction(REQUEST).session
