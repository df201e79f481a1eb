"""What a security group rule may say, and which rules are the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neutron_lib import constants

from deuteron import errors
from deuteron.core.security_group_rule import ANYWHERE, PROTOCOLS, key, normalised, normalized_cidr


def a_rule(**changes: Any) -> dict[str, Any]:
    return {
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_group_id": None,
        "remote_address_group_id": None,
        "remote_ip_prefix": None,
    } | changes


def ports(first: int | None, last: int | None, protocol: str | None = "tcp") -> dict[str, Any]:
    return a_rule(protocol=protocol, port_range_min=first, port_range_max=last)


def test_protocol_names_are_those_of_the_field():
    assert dict(PROTOCOLS) == constants.IP_PROTOCOL_MAP


@pytest.mark.parametrize(
    ("protocol", "ethertype", "kept"),
    [
        (None, "IPv4", None),
        ("tcp", "IPv4", "tcp"),
        ("6", "IPv4", "6"),
        ("icmp", "IPv4", "icmp"),
        ("1", "IPv4", "1"),
        ("icmp", "IPv6", "ipv6-icmp"),
        ("icmpv6", "IPv6", "ipv6-icmp"),
        ("ipv6-icmp", "IPv6", "ipv6-icmp"),
        ("1", "IPv6", "58"),
        ("58", "IPv6", "58"),
        ("tcp", "IPv6", "tcp"),
    ],
)
def test_icmp_of_ipv6_has_one_name_and_one_number(protocol, ethertype, kept):
    assert normalised(a_rule(protocol=protocol, ethertype=ethertype))["protocol"] == kept


@pytest.mark.parametrize("protocol", ["icmpv6", "ipv6-icmp", "58", "ipv6-route", "43", "60"])
def test_protocols_of_ipv6_are_not_in_ipv4(protocol):
    with pytest.raises(errors.SecurityGroupEthertypeConflictWithProtocol):
        normalised(a_rule(protocol=protocol))


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        (ports(1, 2, None), errors.SecurityGroupProtocolRequiredWithPorts),
        (ports(1, None), errors.SecurityGroupInvalidPortRange),
        (ports(None, 1), errors.SecurityGroupInvalidPortRange),
        (ports(24, 23), errors.SecurityGroupInvalidPortRange),
        (ports(0, 1), errors.SecurityGroupInvalidPortValue),
        (ports(0, 0, "17"), errors.SecurityGroupInvalidPortValue),
        (ports(None, 0, "icmp"), errors.SecurityGroupMissingIcmpType),
        (ports(256, None, "icmp"), errors.SecurityGroupInvalidIcmpValue),
        (ports(1, 256, "1"), errors.SecurityGroupInvalidIcmpValue),
        (ports(1, 2, "gre"), errors.SecurityGroupInvalidProtocolForPort),
        (ports(1, 2, "47"), errors.SecurityGroupInvalidProtocolForPort),
        (ports(1, 2, "ip"), errors.SecurityGroupInvalidProtocolForPort),
    ],
)
def test_ports_must_fit_the_protocol(rule, error):
    with pytest.raises(error):
        normalised(rule)


@pytest.mark.parametrize("protocol", ["tcp", "udp", "sctp", "dccp", "udplite", "6", "136"])
def test_protocols_with_ports_take_a_range(protocol):
    kept = normalised(ports(22, 23, protocol))
    assert (kept["port_range_min"], kept["port_range_max"]) == (22, 23)


@pytest.mark.parametrize(("icmp_type", "code"), [(8, None), (8, 0), (0, 0), (255, 255)])
def test_icmp_takes_a_type_and_perhaps_a_code(icmp_type, code):
    kept = normalised(ports(icmp_type, code, "icmp"))
    assert (kept["port_range_min"], kept["port_range_max"]) == (icmp_type, code)


@pytest.mark.parametrize("protocol", [None, "tcp", "icmp"])
def test_all_ports_are_no_ports(protocol):
    kept = normalised(ports(1, 65535, protocol))
    assert (kept["port_range_min"], kept["port_range_max"]) == (None, None)


def test_a_prefix_is_of_the_ethertype():
    normalised(a_rule(ethertype="IPv6", remote_ip_prefix="2001:db8::/64"))
    for ethertype, prefix in (("IPv4", "2001:db8::/64"), ("IPv6", "10.0.0.0/8")):
        with pytest.raises(errors.SecurityGroupRuleParameterConflict):
            normalised(a_rule(ethertype=ethertype, remote_ip_prefix=prefix))


def test_a_rule_has_one_remote_side():
    sides = {
        "remote_group_id": "g",
        "remote_address_group_id": "a",
        "remote_ip_prefix": "10.0.0.0/8",
    }
    for side, value in sides.items():
        assert normalised(a_rule(**{side: value}))[side] == value
        two = {name: other for name, other in sides.items() if name != side}
        with pytest.raises(errors.SecurityGroupMultipleRemoteEntites):
            normalised(a_rule(**two))


@pytest.mark.parametrize(
    ("prefix", "cidr"),
    [
        (None, None),
        ("10.0.0.5/24", "10.0.0.0/24"),
        ("10.0.0.5/32", "10.0.0.5/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:db8::1/64", "2001:db8::/64"),
    ],
)
def test_a_prefix_has_a_network(prefix, cidr):
    assert normalized_cidr(prefix) == cidr


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"protocol": "tcp"}, {"protocol": "6"}),
        ({"protocol": "ip"}, {"protocol": "0"}),
        ({"remote_ip_prefix": None}, {"remote_ip_prefix": "0.0.0.0/0"}),
        (
            {"ethertype": "IPv6", "protocol": "icmp"},
            {"ethertype": "IPv6", "protocol": "58", "remote_ip_prefix": "::/0"},
        ),
    ],
)
def test_rules_that_say_the_same_are_the_same(one, other):
    assert key(normalised(a_rule(**one))) == key(normalised(a_rule(**other)))


@pytest.mark.parametrize(
    "other",
    [
        {"direction": "egress"},
        {"ethertype": "IPv6"},
        {"protocol": "tcp"},
        {"protocol": "0"},
        {"protocol": "icmp", "port_range_min": 8},
        {"remote_group_id": "g"},
        {"remote_address_group_id": "a"},
        {"remote_ip_prefix": "10.0.0.0/8"},
    ],
)
def test_rules_that_say_something_else_are_different(other):
    assert key(normalised(a_rule())) != key(normalised(a_rule(**other)))


RULES = st.fixed_dictionaries(
    {
        "direction": st.sampled_from(["ingress", "egress"]),
        "ethertype": st.sampled_from(["IPv4", "IPv6"]),
        "protocol": st.none() | st.sampled_from([*PROTOCOLS, *map(str, range(256))]),
        "port_range_min": st.none() | st.integers(0, 65535),
        "port_range_max": st.none() | st.integers(0, 65535),
        "remote_group_id": st.none() | st.just("g"),
        "remote_address_group_id": st.none() | st.just("a"),
        "remote_ip_prefix": st.sampled_from(
            [None, *ANYWHERE, "10.0.0.7/24", "10.0.0.0/8", "2001:db8::1/64"]
        ),
    }
)


@given(RULES)
def test_a_rule_is_refused_or_settled_at_once(rule):
    try:
        kept = normalised(rule)
    except errors.InvalidInput:
        return
    assert normalised(kept) == kept
    assert key(normalised(kept)) == key(kept)
    number = PROTOCOLS.get(kept["protocol"], kept["protocol"])
    if kept["port_range_min"] is not None or kept["port_range_max"] is not None:
        assert int(number) in {1, 6, 17, 33, 58, 132, 136}
    if kept["ethertype"] == "IPv6":
        assert kept["protocol"] not in {"icmp", "icmpv6", "1"}


@given(RULES.filter(lambda rule: rule["protocol"] not in {None, "hopopt"}))
def test_name_and_number_of_a_protocol_make_the_same_rule(rule):
    protocol = rule["protocol"]
    renamed = rule | {"protocol": str(PROTOCOLS.get(protocol, protocol))}
    try:
        kept = normalised(rule)
    except errors.InvalidInput as error:
        with pytest.raises(type(error)):
            normalised(renamed)
    else:
        assert key(kept) == key(normalised(renamed))
