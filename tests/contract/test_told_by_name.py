"""What agents that keep no objects are told by name, on each database, from the journal on."""

from collections.abc import Sequence

import pytest

from deuteron.core import bindings, devices, networks, ports, security_group_rules
from tests.contract.test_told_l2 import Told, a_group, a_policy, a_rule, site, start, told
from tests.deployments import ADMIN, LINUXBRIDGE, Site

__all__ = ["site", "told"]  # fixtures


def methods(told: Told) -> Sequence[str]:
    return [message.method for message in told()]


def test_a_linux_bridge_agent_hears_of_its_ports_by_name(site: Site, told: Told) -> None:
    start(site, "h3", LINUXBRIDGE)
    network = site.network()
    site.subnet(network)
    assert told() == []
    port = site.port(network, "h3")
    group = port["security_groups"][0]
    members, bound = told()
    assert (members.method, members.arguments) == (
        "security_groups_member_updated",
        {"security_groups": [group]},
    )
    assert (bound.topic, bound.method, bound.version) == (
        "q-agent-notifier-port-update",
        "port_update",
        "1.0",
    )
    assert bound.arguments["port"]["id"] == port["id"]
    assert bound.arguments["port"]["tenant_id"] == "p"
    assert "binding_levels" not in bound.arguments["port"]
    assert bound.arguments["network_type"] == "vxlan"
    assert bound.arguments["segmentation_id"] == network["provider:segmentation_id"]
    site.update(port, name="other")
    assert told() == []
    site.update(port, admin_state_up=False)
    assert methods(told) == ["port_update"]
    site.update(port, security_groups=[])
    members, _ = told()
    assert members.arguments == {"security_groups": [group]}
    start(site, "h1")
    elsewhere = site.port(network, "h1")
    assert elsewhere["binding:vif_type"] == "ovs"
    assert methods(told) == ["push", "security_groups_member_updated"]
    ports.delete(site.d, ADMIN, elsewhere["id"])
    assert methods(told) == ["push", "security_groups_member_updated"]


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("network:ha_router_replicated_interface", 1),
        ("network:router_gateway", 1),
        ("network:router_interface", 0),
    ],
)
def test_a_linux_bridge_agent_hears_of_ports_that_its_host_may_have_as_well(
    site: Site, told: Told, owner: str, expected: int
) -> None:
    start(site, "h1")
    start(site, "h3", LINUXBRIDGE)
    network = site.network()
    port = site.port(network, device_owner=owner)
    assert "port_update" not in methods(told)
    site.update(port, **{"binding:host_id": "h1"})
    updates = [message for message in told() if message.method == "port_update"]
    assert [one.arguments["port"]["id"] for one in updates] == [port["id"]] * expected


def test_a_linux_bridge_agent_that_has_wired_a_port_is_not_told_that_it_is_bound(
    site: Site, told: Told
) -> None:
    start(site, "h3", LINUXBRIDGE)
    network = site.network()
    port = site.port(network, "h3")
    devices.up(site.d, ADMIN, [port["id"]], host="h3")
    assert "port_update" not in methods(told)
    site.update(port, admin_state_up=False)
    assert methods(told) == ["port_update"]


def test_a_linux_bridge_agent_hears_of_networks_and_rules_by_name(site: Site, told: Told) -> None:
    start(site, "h3", LINUXBRIDGE)
    network, group = site.network(), a_group(site)
    told()
    networks.update(site.d, ADMIN, network["id"], {"mtu": 1400})
    rule = a_rule(site, group)
    changed, rules = told()
    assert (changed.topic, changed.version) == ("q-agent-notifier-network-update", "1.4")
    assert changed.arguments["network"]["mtu"] == 1400
    assert "segment_objects" not in changed.arguments["network"]
    assert (rules.method, rules.version) == ("security_groups_rule_updated", "1.1")
    assert rules.arguments == {"security_groups": [group["id"]]}
    security_group_rules.delete(site.d, ADMIN, rule["id"])
    networks.delete(site.d, ADMIN, network["id"])
    gone, rules = told()
    assert (gone.topic, gone.arguments) == (
        "q-agent-notifier-network-delete",
        {"network_id": network["id"]},
    )
    assert rules.arguments == {"security_groups": [group["id"]]}


@pytest.mark.parametrize("agent_type", ["Macvtap agent", "NIC Switch agent"])
def test_agents_of_other_devices_hear_by_name_too(site: Site, told: Told, agent_type: str) -> None:
    network = site.network()
    start(site, "h1", agent_type)
    site.report("h1")  # it has a driver that binds ports
    port = site.port(network, "h1")
    networks.update(site.d, ADMIN, network["id"], {"mtu": 1400})
    site.port(network, "h2")
    assert methods(told) == ["network_update", "security_groups_member_updated", "port_update"]
    ports.delete(site.d, ADMIN, port["id"])
    assert methods(told) == ["security_groups_member_updated"]


@pytest.mark.parametrize(
    ("agent_type", "extensions", "pushed"),
    [
        (LINUXBRIDGE, (), False),
        (LINUXBRIDGE, ("qos",), True),
        ("NIC Switch agent", ("qos",), True),
    ],
)
def test_who_limits_traffic_hears_of_policies(
    site: Site, told: Told, agent_type: str, extensions: Sequence[str], pushed: bool
) -> None:
    start(site, "h3", agent_type, extensions=extensions)
    policy = a_policy(site)
    networks.update(site.d, ADMIN, site.network()["id"], {"mtu": 1400})
    expected = [("QosPolicy-1.10", "created", [policy["id"]])] if pushed else []
    assert told.pushes() == expected


def test_routers_limit_traffic_too(site: Site, told: Told) -> None:
    site.report("h1", "L3 agent", extensions=["fip_qos"])
    policy = a_policy(site)
    assert told.pushes() == [("QosPolicy-1.10", "created", [policy["id"]])]


def test_both_hosts_hear_that_a_port_has_moved(site: Site, told: Told) -> None:
    for number, host in enumerate(("h1", "h2"), 1):
        start(site, host, LINUXBRIDGE, number=number)
    network = site.network()
    port = site.port(network, "h1")
    binding = {"host": "h2", "vnic_type": "normal", "profile": {}}
    bindings.create(site.d, ADMIN, port["id"], binding)
    told()
    bindings.activate(site.d, ADMIN, port["id"], "h2")
    found = [m for m in told() if m.method.startswith("binding")]
    assert [(m.method, m.version, m.arguments) for m in found] == [
        (
            "binding_deactivate",
            "1.5",
            {"port_id": port["id"], "host": "h1", "network_id": network["id"]},
        ),
        ("binding_activate", "1.5", {"port_id": port["id"], "host": "h2"}),
    ]
