"""What bodies of each resource may say. Statuses and types are Neutron's, observed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deuteron.api.attributes import Attributes, compiled, merged
from deuteron.api.definitions import agents, explanations, ports
from deuteron.api.extensions import EXTENSIONS, attribute_maps, enabled
from deuteron.api.faults import fault_of
from deuteron.context import RequestContext
from tests import cpu

ADMIN = RequestContext(request_id="req-1", is_admin=True)
UUID = "8f1d6d1e-0000-4000-8000-000000000001"

MAPS = attribute_maps(enabled(EXTENSIONS))
COMPILED = {name: compiled(facts) for name, facts in MAPS.items()}
COMPILED["bindings"] = compiled(ports.BINDINGS)
COMPILED["reports"] = compiled(agents.REPORT)
COMPILED["questions"] = compiled(explanations.QUESTION)

# What a create needs at least.
LEAST: dict[str, dict[str, Any]] = {
    "networks": {},
    "subnets": {"network_id": UUID, "ip_version": 4},
    "ports": {"network_id": UUID},
    "security_groups": {},
    "security_group_rules": {"security_group_id": UUID, "direction": "ingress"},
    "segments": {"network_id": UUID, "network_type": "vxlan"},
    "network_segment_ranges": {"minimum": 1, "maximum": 2},
    "bindings": {"host": "h1"},
    "reports": {"agent_type": "a", "binary": "b", "host": "h", "topic": "t"},
    "questions": {"network_id": UUID, "host": "h"},
}


def refusal(attributes: Attributes, body: dict[str, Any], *, update: bool = False) -> Any:
    """(status, type) of the refusal of a body, None where it is accepted."""
    try:
        (attributes.update if update else attributes.create)(body, ADMIN)
    except Exception as error:
        fault = fault_of(error)
        assert fault.message
        return fault.status, fault.type
    return None


@pytest.mark.parametrize("collection", LEAST)
def test_the_least_body_is_enough_and_nothing_of_it_can_be_left_out(collection: str) -> None:
    attributes, body = COMPILED[collection], LEAST[collection]
    assert refusal(attributes, body) is None
    for name in body:
        rest = {key: value for key, value in body.items() if key != name}
        assert refusal(attributes, rest) == (400, "HTTPBadRequest")


HTTP = (400, "HTTPBadRequest")
INPUT = (400, "InvalidInput")


@pytest.mark.parametrize(
    ("collection", "given", "expected"),
    [
        ("subnets", {"cidr": "10.99.0.0/33"}, INPUT),
        ("subnets", {"cidr": 5}, HTTP),
        ("subnets", {"cidr": "10.99.0.1/24"}, None),
        ("subnets", {"ip_version": "x"}, INPUT),
        ("subnets", {"ip_version": 5}, HTTP),
        ("subnets", {"gateway_ip": "x"}, HTTP),
        ("subnets", {"gateway_ip": None}, None),
        ("subnets", {"allocation_pools": "x"}, INPUT),
        ("subnets", {"allocation_pools": [{"start": "10.98.0.5"}]}, HTTP),
        ("subnets", {"dns_nameservers": ["x"]}, HTTP),
        ("subnets", {"dns_nameservers": None}, None),
        ("subnets", {"host_routes": ["x"]}, HTTP),
        ("subnets", {"host_routes": {"x": 1}}, HTTP),
        ("subnets", {"enable_dhcp": None}, INPUT),
        ("subnets", {"ipv6_ra_mode": "x"}, HTTP),
        ("subnets", {"prefixlen": -1}, HTTP),
        ("subnets", {"shared": True}, HTTP),
        ("subnets", {"segment_id": "x"}, HTTP),
        ("subnets", {"segment_id": None}, None),
        ("subnets", {"subnetpool_id": "x"}, HTTP),
        ("ports", {"network_id": "x"}, HTTP),
        ("ports", {"network_id": None}, HTTP),
        ("ports", {"mac_address": "zz"}, HTTP),
        ("ports", {"mac_address": None}, None),
        ("ports", {"mac_address": []}, HTTP),
        ("ports", {"fixed_ips": "x"}, HTTP),
        ("ports", {"fixed_ips": None}, HTTP),
        ("ports", {"fixed_ips": [{"ip_address": "x"}]}, HTTP),
        ("ports", {"fixed_ips": [{"subnet_id": "x"}]}, HTTP),
        ("ports", {"device_id": 5}, HTTP),
        ("ports", {"device_id": None}, HTTP),
        ("ports", {"binding:host_id": None}, None),
        ("ports", {"binding:host_id": {}}, HTTP),
        ("ports", {"binding:profile": "x"}, HTTP),
        ("ports", {"binding:profile": None}, None),
        ("ports", {"binding:vnic_type": "x"}, HTTP),
        ("ports", {"binding:vif_type": "ovs"}, HTTP),
        ("ports", {"binding:vif_details": {}}, HTTP),
        ("ports", {"security_groups": "x"}, HTTP),
        ("ports", {"security_groups": ["x"]}, HTTP),
        ("ports", {"security_groups": None}, None),
        ("ports", {"allowed_address_pairs": "x"}, HTTP),
        ("ports", {"allowed_address_pairs": ["x"]}, HTTP),
        ("ports", {"allowed_address_pairs": [{"ip_address": "x"}]}, HTTP),
        ("ports", {"allowed_address_pairs": [{"ip_address": 5}]}, HTTP),
        ("ports", {"allowed_address_pairs": [{"ip_address": "10.0.0.1", "foo": 1}]}, HTTP),
        (
            "ports",
            {"allowed_address_pairs": [{"mac_address": "fa:16:3e:00:00:01"}]},
            (400, "AllowedAddressPairsMissingIP"),
        ),
        (
            "ports",
            {"allowed_address_pairs": [{"ip_address": "10.0.0.1", "mac_address": "zz"}]},
            HTTP,
        ),
        *(
            (
                "ports",
                {"allowed_address_pairs": [{"ip_address": "10.0.0.1", "mac_address": mac}]},
                HTTP,
            )
            for mac in (None, "", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01")
        ),
        *(
            ("ports", {"allowed_address_pairs": [{"ip_address": address}]}, HTTP)
            for address in (
                "224.0.0.1",
                "224.0.0.0/4",
                "192.0.0.0/1",
                "ff02::1",
                "ff02::/16",
                "::/0",
            )
        ),
        ("ports", {"allowed_address_pairs": [{"ip_address": "0.0.0.0/0"}]}, None),
        ("ports", {"allowed_address_pairs": [{"ip_address": "10.0.0.0/24"}]}, None),
        ("ports", {"allowed_address_pairs": None}, None),
        ("ports", {"extra_dhcp_opts": "x"}, INPUT),
        ("ports", {"extra_dhcp_opts": [{"opt_name": "x"}]}, INPUT),
        ("ports", {"extra_dhcp_opts": None}, None),
        ("ports", {"port_security_enabled": None}, INPUT),
        ("ports", {"tags": ["x"]}, None),
        ("ports", {"tags": "x"}, HTTP),
        ("ports", {"tags": ["x", "x"]}, HTTP),
        ("ports", {"description": None}, HTTP),
        ("ports", {"revision_number": 5}, HTTP),
        ("ports", {"name": "a\nb"}, HTTP),
        ("networks", {"segments": "x"}, HTTP),
        ("networks", {"segments": ["x"]}, HTTP),
        ("networks", {"segments": [{"network_type": "vlan"}]}, HTTP),
        ("networks", {"segments": [{"provider:network_type": 5}]}, HTTP),
        ("networks", {"segments": [{"provider:segmentation_id": "x"}]}, INPUT),
        ("networks", {"provider:network_type": None}, HTTP),
        ("networks", {"mtu": -1}, HTTP),
        ("networks", {"mtu": "x"}, INPUT),
        ("networks", {"l2_adjacency": True}, HTTP),
        ("segments", {"physical_network": None}, HTTP),
        ("segments", {"segmentation_id": "x"}, INPUT),
        ("segments", {"segmentation_id": None}, INPUT),
        ("segments", {"name": None}, None),
        ("segments", {"name": 5}, HTTP),
        ("network_segment_ranges", {"minimum": 0}, HTTP),
        ("network_segment_ranges", {"maximum": 2**33}, HTTP),
        ("network_segment_ranges", {"maximum": "x"}, INPUT),
        ("network_segment_ranges", {"network_type": "flat"}, HTTP),
        ("network_segment_ranges", {"shared": "x"}, INPUT),
        ("network_segment_ranges", {"default": True}, HTTP),
        ("security_groups", {"name": "default"}, (409, "SecurityGroupDefaultAlreadyExists")),
        ("security_groups", {"name": "DEFAULT"}, (409, "SecurityGroupDefaultAlreadyExists")),
        ("security_groups", {"name": None}, HTTP),
        ("security_groups", {"stateful": "x"}, INPUT),
        ("security_groups", {"security_group_rules": []}, HTTP),
        ("security_group_rules", {"direction": "x"}, HTTP),
        ("security_group_rules", {"security_group_id": 5}, HTTP),
        ("security_group_rules", {"protocol": "x"}, (400, "SecurityGroupRuleInvalidProtocol")),
        ("security_group_rules", {"protocol": 256}, (400, "SecurityGroupRuleInvalidProtocol")),
        ("security_group_rules", {"protocol": []}, (400, "SecurityGroupRuleInvalidProtocol")),
        ("security_group_rules", {"port_range_min": "x"}, (400, "SecurityGroupInvalidPortValue")),
        ("security_group_rules", {"port_range_max": 70000}, (400, "SecurityGroupInvalidPortValue")),
        ("security_group_rules", {"port_range_max": []}, (400, "SecurityGroupInvalidPortValue")),
        ("security_group_rules", {"ethertype": "x"}, (400, "SecurityGroupRuleInvalidEtherType")),
        ("security_group_rules", {"ethertype": None}, (400, "SecurityGroupRuleInvalidEtherType")),
        ("security_group_rules", {"remote_ip_prefix": "x"}, (400, "InvalidCIDR")),
        ("security_group_rules", {"remote_ip_prefix": 5}, (400, "InvalidCIDR")),
        ("security_group_rules", {"remote_ip_prefix": ""}, None),
        ("bindings", {"host": None}, HTTP),
        ("bindings", {"host": ""}, HTTP),
        ("bindings", {"host": 5}, HTTP),
        ("bindings", {"vnic_type": "x"}, HTTP),
        ("bindings", {"profile": "x"}, HTTP),
        ("bindings", {"vif_type": "x"}, HTTP),
        ("reports", {"configurations": "x"}, HTTP),
        ("reports", {"host": ""}, HTTP),
        ("reports", {"start_flag": "x"}, INPUT),
        ("reports", {"alive": True}, HTTP),
        ("questions", {"network_id": "x"}, HTTP),
        ("questions", {"vnic_type": "x"}, HTTP),
    ],
)
def test_values(collection: str, given: dict[str, Any], expected: Any) -> None:
    assert refusal(COMPILED[collection], {**LEAST[collection], **given}) == expected


@pytest.mark.parametrize(
    ("collection", "given", "expected"),
    [
        ("ports", {"mac_address": None}, None),
        ("ports", {"tags": ["x"]}, HTTP),
        ("ports", {"fixed_ips": None}, HTTP),
        ("ports", {"fixed_ips": []}, None),
        ("ports", {"network_id": UUID}, HTTP),
        ("ports", {"binding:vnic_type": None}, HTTP),
        ("ports", {}, None),
        ("subnets", {"cidr": "10.0.0.0/24"}, HTTP),
        ("subnets", {"segment_id": UUID}, None),
        ("subnets", {"subnetpool_id": UUID}, HTTP),
        ("subnetpools", {"ip_version": 6}, HTTP),
        ("subnetpools", {"shared": True}, HTTP),
        ("subnetpools", {"name": "x" * 256}, HTTP),
        ("address_scopes", {"ip_version": 6}, HTTP),
        ("segments", {"network_type": "vlan"}, HTTP),
        ("segments", {"name": "n", "description": "d"}, None),
        ("security_groups", {"name": "default"}, (409, "SecurityGroupDefaultAlreadyExists")),
        ("security_groups", {"stateful": None}, INPUT),
        ("security_group_rules", {"direction": "egress"}, HTTP),
        ("security_group_rules", {"description": "d"}, None),
        ("network_segment_ranges", {"shared": False}, HTTP),
        ("network_segment_ranges", {"minimum": "5"}, None),
        ("agents", {"host": "x"}, HTTP),
        ("agents", {"admin_state_up": "x"}, INPUT),
        ("agents", {"description": 5}, HTTP),
        ("agents", {"description": None}, None),
        ("bindings", {"host": "h2"}, None),
        ("bindings", {"status": "ACTIVE"}, HTTP),
    ],
)
def test_changes(collection: str, given: dict[str, Any], expected: Any) -> None:
    assert refusal(COMPILED[collection], given, update=True) == expected


def test_an_update_holds_what_was_given_and_nothing_else() -> None:
    changes = COMPILED["ports"].update({"name": "x", "admin_state_up": "no"}, ADMIN)
    assert changes == {"name": "x", "admin_state_up": False}


def test_defaults_are_converted_and_what_has_none_is_absent() -> None:
    body = COMPILED["ports"].create(LEAST["ports"], ADMIN)
    assert body == {
        "network_id": UUID,
        "project_id": "",
        "name": "",
        "description": "",
        "admin_state_up": True,
        "device_id": "",
        "device_owner": "",
        "binding:vnic_type": "normal",
        "extra_dhcp_opts": None,
        "tags": [],
        "propagate_uplink_status": True,
        "numa_affinity_policy": None,
        "device_profile": None,
        "hints": None,
        "dns_name": "",
        "dns_domain": "",
    }


def test_a_default_list_is_every_ports_own() -> None:
    first = COMPILED["ports"].create(LEAST["ports"], ADMIN)
    first["tags"].append("x")
    assert COMPILED["ports"].create(LEAST["ports"], ADMIN)["tags"] == []


def test_the_body_of_the_request_is_left_alone() -> None:
    body = {"tenant_id": "p", "name": "x"}
    COMPILED["networks"].create(body, ADMIN)
    assert body == {"tenant_id": "p", "name": "x"}


@pytest.mark.parametrize(
    ("collection", "given", "name", "value"),
    [
        ("ports", {"mac_address": "FA-16-3E-00-00-01"}, "mac_address", "fa:16:3e:00:00:01"),
        ("ports", {"security_groups": None}, "security_groups", []),
        ("subnets", {"cidr": "FD00::/64", "ip_version": "6"}, "cidr", "fd00::/64"),
        ("subnets", {"ip_version": "4"}, "ip_version", 4),
        ("security_group_rules", {"protocol": "TCP"}, "protocol", "tcp"),
        ("security_group_rules", {"protocol": 6}, "protocol", "6"),
        ("security_group_rules", {"protocol": "any"}, "protocol", None),
        ("security_group_rules", {"ethertype": "ipv6"}, "ethertype", "IPv6"),
        ("security_group_rules", {"port_range_min": "80"}, "port_range_min", 80),
        (
            "security_group_rules",
            {"remote_ip_prefix": "10.0.0.1"},
            "remote_ip_prefix",
            "10.0.0.1/32",
        ),
        ("security_group_rules", {"remote_ip_prefix": ""}, "remote_ip_prefix", None),
        (
            "networks",
            {"segments": [{"provider:network_type": "vlan", "provider:segmentation_id": "5"}]},
            "segments",
            [{"provider:network_type": "vlan", "provider:segmentation_id": 5}],
        ),
        (
            "networks",
            {"segments": [{"provider:network_type": "vxlan", "provider:physical_network": None}]},
            "segments",
            [{"provider:network_type": "vxlan"}],
        ),
    ],
)
def test_values_are_made_canonical(
    collection: str, given: dict[str, Any], name: str, value: Any
) -> None:
    assert COMPILED[collection].create({**LEAST[collection], **given}, ADMIN)[name] == value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(data=st.data())
def test_no_value_whatever_is_more_than_a_refusal(data: st.DataObject) -> None:
    collection = data.draw(st.sampled_from(sorted(LEAST)))
    attributes = COMPILED[collection]
    name = data.draw(st.sampled_from(sorted(attributes.known)))
    body = {**LEAST[collection], name: data.draw(JSON)}
    refused = refusal(attributes, body)
    assert refused is None or 400 <= refused[0] < 500


def test_a_null_is_replaced_where_the_map_says_so() -> None:
    facts = {"allow_post": True, "allow_put": True, "default": 7, "default_overrides_none": True}
    attributes = compiled({"x": facts})
    assert attributes.create({"x": None}, ADMIN) == {"x": 7}
    assert attributes.update({"x": None}, ADMIN) == {"x": None}


def test_an_unknown_rule_is_found_when_it_is_compiled() -> None:
    facts = {"allow_post": True, "allow_put": True, "validate": {"type:nonsense": None}}
    with pytest.raises(KeyError):
        compiled({"x": facts})


def test_merging_leaves_its_sources_alone() -> None:
    base = {"ports": {"a": {"n": 1}}}
    assert merged(base, {"ports": {"b": {"n": 2}}}) == {"ports": {"a": {"n": 1}, "b": {"n": 2}}}
    assert base == {"ports": {"a": {"n": 1}}}


@pytest.mark.slow
def test_a_ports_body_costs_little() -> None:
    body = {
        "network_id": UUID,
        "name": "p",
        "binding:host_id": "h1",
        "device_owner": "compute:nova",
        "device_id": UUID,
        "fixed_ips": [{"subnet_id": UUID}],
        "security_groups": [UUID],
    }
    assert cpu.spent(lambda: COMPILED["ports"].create(body, ADMIN), 1000) < 40e-6
