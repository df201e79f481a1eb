"""Forwarding entries: what agents are told when ports come, go and change."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from neutron_lib import exceptions

from deuteron.context import RequestContext
from deuteron.ml2.contexts import BoundLevel, PortContext
from deuteron.ml2.mechanisms.l2population import (
    Endpoint,
    L2populationMechanismDriver,
    Message,
    Method,
    PlacedPort,
    RecordedMessages,
    TellingDriver,
    addresses_changed,
    endpoint_of,
    port_down,
    port_up,
)
from deuteron.ml2.plugin_context import outside_transaction

SEGMENT = {
    "id": "s1",
    "network_type": "vxlan",
    "physical_network": None,
    "segmentation_id": 77,
    "network_id": "n1",
}
FLOOD = ["00:00:00:00:00:00", "0.0.0.0"]
H1 = Endpoint(host="h1", tunneling_ip="192.0.2.1", network_types=("vxlan",))
H2 = Endpoint(host="h2", tunneling_ip="192.0.2.2", network_types=("vxlan",))


def a_port(name: str, *addresses: str, **values: Any) -> dict[str, Any]:
    return {
        "id": name,
        "network_id": "n1",
        "mac_address": f"mac-{name}",
        "device_owner": "compute:x",
        "status": "ACTIVE",
        "fixed_ips": [{"subnet_id": "s", "ip_address": one} for one in addresses],
        "binding:host_id": "h1",
        "binding:vif_type": "ovs",
        **values,
    }


def placed(name: str, host: str, *addresses: str, owner: str = "compute:x") -> PlacedPort:
    return PlacedPort(
        id=name,
        host=host,
        mac_address=f"mac-{name}",
        ip_addresses=addresses,
        device_owner=owner,
    )


def entries(ports: dict[str, list[list[str]]]) -> dict[str, Any]:
    return {"n1": {"network_type": "vxlan", "segment_id": 77, "ports": ports}}


def test_the_first_port_of_a_host_learns_of_all_others_and_makes_itself_known():
    active = [placed("p1", "h1", "10.0.0.1"), placed("p2", "h2", "10.0.0.2", "10.0.0.3")]
    assert port_up(
        a_port("p1", "10.0.0.1"), SEGMENT, H1, active=active, others={"h1": H1, "h2": H2}
    ) == [
        Message(
            method=Method.ADD,
            entries=entries({"192.0.2.2": [FLOOD, ["mac-p2", "10.0.0.2"], ["mac-p2", "10.0.0.3"]]}),
            host="h1",
        ),
        Message(method=Method.ADD, entries=entries({"192.0.2.1": [FLOOD, ["mac-p1", "10.0.0.1"]]})),
    ]


def test_the_first_port_of_a_network_tells_only_of_itself():
    active = [placed("p1", "h1", "10.0.0.1")]
    (message,) = port_up(a_port("p1", "10.0.0.1"), SEGMENT, H1, active=active, others={"h1": H1})
    assert message.host is None


@pytest.mark.parametrize("count", [3, 10])
def test_further_ports_of_a_host_tell_their_addresses_only(count):
    active = [placed(f"p{one}", "h1") for one in range(count)] + [placed("q", "h2")]
    (message,) = port_up(
        a_port("p1", "10.0.0.1"), SEGMENT, H1, active=active, others={"h1": H1, "h2": H2}
    )
    assert message == Message(
        method=Method.ADD, entries=entries({"192.0.2.1": [["mac-p1", "10.0.0.1"]]})
    )


def test_two_ports_that_come_up_together_both_count_as_the_first():
    active = [placed("p1", "h1"), placed("p2", "h1"), placed("q", "h2", "10.0.0.9")]
    directed, told = port_up(
        a_port("p1", "10.0.0.1"), SEGMENT, H1, active=active, others={"h1": H1, "h2": H2}
    )
    assert directed.host == "h1"
    assert told.entries == entries({"192.0.2.1": [FLOOD, ["mac-p1", "10.0.0.1"]]})


def test_a_restarted_agent_gets_everything_again():
    active = [placed(f"p{one}", "h1") for one in range(5)] + [placed("q", "h2")]
    messages = port_up(
        a_port("p1", "10.0.0.1"),
        SEGMENT,
        H1,
        active=active,
        others={"h1": H1, "h2": H2},
        refresh=True,
    )
    assert [message.host for message in messages] == ["h1", None]


@pytest.mark.parametrize(
    "owner", ["network:router_interface_distributed", "network:ha_router_replicated_interface"]
)
def test_a_port_that_is_everywhere_is_flooded_to_but_has_no_address_of_a_place(owner):
    active = [placed("p1", "h1"), placed("r", "h2", "10.0.0.254", owner=owner)]
    directed, _ = port_up(
        a_port("p1", "10.0.0.1"), SEGMENT, H1, active=active, others={"h1": H1, "h2": H2}
    )
    assert directed.entries == entries({"192.0.2.2": [FLOOD]})
    (told,) = port_up(
        a_port("r", "10.0.0.254", device_owner=owner),
        SEGMENT,
        H2,
        active=active[1:],
        others={"h2": H2},
    )
    assert told.entries == entries({"192.0.2.2": [FLOOD]})


def test_the_last_port_of_a_host_takes_the_flooding_with_it():
    port = a_port("p1", "10.0.0.1")
    assert port_down(port, SEGMENT, H1, active=[placed("q", "h2")]) == [
        Message(
            method=Method.REMOVE,
            entries=entries({"192.0.2.1": [FLOOD, ["mac-p1", "10.0.0.1"]]}),
        )
    ]
    (message,) = port_down(port, SEGMENT, H1, active=[placed("p2", "h1")])
    assert message.entries == entries({"192.0.2.1": [["mac-p1", "10.0.0.1"]]})


def test_a_changed_address_is_told_as_before_and_after():
    before, after = a_port("p1", "10.0.0.1", "10.0.0.2"), a_port("p1", "10.0.0.2", "10.0.0.3")
    assert addresses_changed(after, before, H1) == [
        Message(
            method=Method.UPDATE,
            entries={
                "chg_ip": {
                    "n1": {
                        "192.0.2.1": {
                            "before": [["mac-p1", "10.0.0.1"]],
                            "after": [["mac-p1", "10.0.0.3"]],
                        }
                    }
                }
            },
        )
    ]
    assert addresses_changed(before, before, H1) == []
    (only_added,) = addresses_changed(a_port("p1", "10.0.0.1"), a_port("p1"), H1)
    assert list(only_added.entries["chg_ip"]["n1"]["192.0.2.1"]) == ["after"]


def test_the_endpoint_of_a_host_is_that_of_its_agent_with_tunnels():
    plain = {"host": "h1", "configurations": {}}
    tunnels = {
        "host": "h1",
        "configurations": {"tunneling_ip": "192.0.2.1", "tunnel_types": ["vxlan"]},
    }
    assert endpoint_of([plain]) is None
    assert endpoint_of([plain, tunnels]) == H1
    tunnels["configurations"]["l2pop_network_types"] = []
    assert endpoint_of([tunnels]).network_types == ()


class Topology:
    def __init__(self, *active: PlacedPort) -> None:
        self.active = list(active)

    def active_ports(self, network_id: str) -> Sequence[PlacedPort]:
        return self.active

    def endpoints(self, hosts: Any) -> Mapping[str, Endpoint]:
        return {one.host: one for one in (H1, H2) if one.host in hosts}


class Sources:
    def network(self):
        return {"id": "n1"}

    def segments(self):
        return [SEGMENT, {**SEGMENT, "id": "s2", "network_type": "vlan"}]

    def segment(self, segment_id):
        return None


def a_context(
    port: dict[str, Any], original: dict[str, Any] | None = None, segment: str = "s1"
) -> PortContext:
    request = outside_transaction(RequestContext(request_id="req-1"))
    level = BoundLevel(driver="openvswitch", segment_id=segment)
    sources: Any = Sources()
    return PortContext(request, port, original, sources, levels=[level])


@pytest.fixture
def topology() -> Topology:
    return Topology(placed("p1", "h1", "10.0.0.1"))


@pytest.fixture
def recorded() -> RecordedMessages:
    return RecordedMessages()


@pytest.fixture
def driver(topology, recorded) -> L2populationMechanismDriver:
    driver = TellingDriver(topology=topology, notifier=recorded)
    driver.initialize()
    return driver


UP, DOWN = {"status": "ACTIVE"}, {"status": "DOWN"}


@pytest.mark.parametrize(
    ("before", "after", "methods"),
    [
        (DOWN, UP, ["add_fdb_entries"]),
        (UP, DOWN, ["remove_fdb_entries"]),
        (UP, UP, []),
        (DOWN, DOWN, []),
        (UP, {**DOWN, "binding:host_id": "h2"}, ["remove_fdb_entries"]),
        (DOWN, {**DOWN, "binding:host_id": "h2"}, []),
    ],
)
def test_what_an_update_tells(driver, recorded, before, after, methods):
    context = a_context(a_port("p1", "10.0.0.1", **after), a_port("p1", "10.0.0.1", **before))
    driver.update_port_postcommit(context)
    assert [message.method for message in recorded.messages] == methods


def test_a_port_that_moved_is_taken_from_its_old_host(driver, recorded):
    after = a_port("p1", "10.0.0.1", status="DOWN", **{"binding:host_id": "h2"})
    driver.update_port_postcommit(a_context(after, a_port("p1", "10.0.0.1")))
    (message,) = recorded.messages
    assert list(message.entries["n1"]["ports"]) == [H1.tunneling_ip]


def test_a_deleted_port_is_taken_away(driver, recorded, topology):
    topology.active.clear()
    driver.delete_port_postcommit(a_context(a_port("p1", "10.0.0.1")))
    assert [message.method for message in recorded.messages] == [Method.REMOVE]


def test_a_changed_address_is_told(driver, recorded):
    driver.update_port_postcommit(a_context(a_port("p1", "10.0.0.5"), a_port("p1", "10.0.0.1")))
    assert [message.method for message in recorded.messages] == [Method.UPDATE]


def test_networks_without_tunnels_are_nobodys_business(driver, recorded):
    driver.update_port_postcommit(
        a_context(a_port("p1", "10.0.0.1"), a_port("p1", "10.0.0.1", **DOWN), segment="s2")
    )
    driver.delete_port_postcommit(a_context(a_port("p1"), segment="s2"))
    assert not recorded.messages


def test_hosts_without_an_endpoint_are_told_nothing_of(driver, recorded):
    driver.delete_port_postcommit(a_context(a_port("p1", **{"binding:host_id": "h9"})))
    assert not recorded.messages


def test_the_mac_address_of_an_active_port_stays(driver):
    changed = a_port("p1", mac_address="other")
    with pytest.raises(exceptions.InvalidInput):
        driver.update_port_precommit(a_context(changed, a_port("p1")))
    driver.update_port_precommit(a_context({**changed, **DOWN}, a_port("p1", **DOWN)))


def test_it_binds_nothing_and_filters_nothing(driver):
    assert driver.filter_hosts_with_segment_access(None, [], {"h1"}, None) == set()
    assert not driver._supports_port_binding
    assert driver.check_vlan_qinq(None) is False


def test_recorded_messages_are_the_last_ones():
    recorded = RecordedMessages(limit=2)
    for name in ("1", "2", "3"):
        recorded.send(Message(method=Method.ADD, entries={name: {}}))
    assert [list(message.entries) for message in recorded.messages] == [["2"], ["3"]]
