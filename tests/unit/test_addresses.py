"""The rules of addresses: what the reference answers, and what holds for every subnet."""

import ipaddress

import netaddr
import pytest
from hypothesis import given
from hypothesis import strategies as st
from neutron_lib.utils import net as lib_net
from oslo_utils import netutils

from deuteron.core import addresses
from deuteron.errors import InvalidInput, NetworkError

V4 = {"ip_version": 4, "cidr": "10.0.0.0/24"}
V6 = {"ip_version": 6, "cidr": "2001:db8::/64"}


def planned(**body):
    body.setdefault("enable_dhcp", True)
    return addresses.plan_subnet(body, network_id="n", other_cidrs=[])


def pools(*pairs):
    return [{"start": start, "end": end} for start, end in pairs]


def routes(*pairs):
    return [{"destination": destination, "nexthop": nexthop} for destination, nexthop in pairs]


@pytest.mark.parametrize(
    ("body", "gateway", "expected"),
    [
        ({"cidr": "10.0.0.5/24"}, "10.0.0.1", [("10.0.0.2", "10.0.0.254")]),
        ({"cidr": "10.0.0.0/30"}, "10.0.0.1", [("10.0.0.2", "10.0.0.2")]),
        ({"cidr": "10.0.0.0/29", "gateway_ip": None}, None, [("10.0.0.1", "10.0.0.6")]),
        (
            {"cidr": "10.0.0.0/29", "gateway_ip": "10.0.0.4"},
            "10.0.0.4",
            [("10.0.0.1", "10.0.0.3"), ("10.0.0.5", "10.0.0.6")],
        ),
        (
            {"cidr": "10.0.0.0/29", "gateway_ip": "11.0.0.7"},
            "11.0.0.7",
            [("10.0.0.1", "10.0.0.6")],
        ),
        (
            {"cidr": "10.0.0.0/32", "enable_dhcp": False},
            "10.0.0.1",
            [("10.0.0.0", "10.0.0.0")],
        ),
        (
            {"cidr": "10.0.0.0/31", "enable_dhcp": False, "gateway_ip": None},
            None,
            [("10.0.0.0", "10.0.0.1")],
        ),
        ({"cidr": "10.0.0.0/255.255.255.0"}, "10.0.0.1", [("10.0.0.2", "10.0.0.254")]),
        (
            {"cidr": "2001:DB8:0::5/64"},
            "2001:db8::",
            [("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff")],
        ),
        (
            {"cidr": "2001:db8::/64", "gateway_ip": "2001:DB8::0001"},
            "2001:db8::1",
            [("2001:db8::2", "2001:db8::ffff:ffff:ffff:ffff")],
        ),
        (
            {"cidr": "2001:db8::/64", "gateway_ip": "fe80::1"},
            "fe80::1",
            [("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff")],
        ),
        (
            {"cidr": "2001:db8::/127", "enable_dhcp": False},
            "2001:db8::",
            [("2001:db8::1", "2001:db8::1")],
        ),
        (
            {"cidr": "2001:db8::/128", "enable_dhcp": False},
            "2001:db8::",
            [("2001:db8::", "2001:db8::")],
        ),
        (
            {"cidr": "10.0.0.0/24", "allocation_pools": pools(("10.0.0.9", "10.0.0.9"))},
            "10.0.0.1",
            [("10.0.0.9", "10.0.0.9")],
        ),
        (
            {
                "cidr": "10.0.0.0/24",
                "allocation_pools": pools(("10.0.0.30", "10.0.0.40"), ("10.0.0.9", "10.0.0.29")),
            },
            "10.0.0.1",
            [("10.0.0.30", "10.0.0.40"), ("10.0.0.9", "10.0.0.29")],
        ),
        ({"cidr": "10.0.0.0/24", "allocation_pools": []}, "10.0.0.1", [("10.0.0.2", "10.0.0.254")]),
    ],
)
def test_a_subnet_gets_what_the_reference_gives_it(body, gateway, expected):
    plan = planned(ip_version=6 if ":" in body["cidr"] else 4, **body)
    assert plan["gateway_ip"] == gateway
    assert plan["allocation_pools"] == pools(*expected)
    assert plan["cidr"] == str(netaddr.IPNetwork(body["cidr"]).cidr)


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({**V4, "cidr": "10.0.0.0/31"}, "InvalidInput"),
        ({**V4, "cidr": "10.0.0.0/31", "enable_dhcp": False}, "IpamValueInvalid"),
        (
            {**V4, "cidr": "10.0.0.0/31", "enable_dhcp": False, "gateway_ip": "10.0.0.0"},
            "InvalidInput",
        ),
        ({**V4, "gateway_ip": "10.0.0.0"}, "InvalidInput"),
        ({**V4, "gateway_ip": "10.0.0.255"}, "InvalidInput"),
        ({**V4, "gateway_ip": "fe80::1"}, "InvalidInput"),
        ({**V6, "cidr": "2001:db8::/127"}, "InvalidInput"),
        ({**V6, "cidr": "::/64"}, "InvalidInput"),
        ({**V4, "cidr": "0.0.0.0/8"}, "InvalidInput"),
        ({**V4, "cidr": "128.0.0.0/0", "enable_dhcp": False}, "InvalidInput"),
        ({**V4, "cidr": "224.0.0.0/24"}, "InvalidInput"),
        ({**V4, "cidr": "127.0.0.0/24"}, "InvalidInput"),
        ({**V6, "cidr": "ff00::/64"}, "InvalidInput"),
        ({**V6, "cidr": "10.0.0.0/24"}, "InvalidInput"),
        ({**V4, "cidr": "10.0.0.0/33"}, "InvalidInput"),
        ({**V4, "cidr": "ten"}, "InvalidInput"),
        ({**V4, "ipv6_ra_mode": "slaac"}, "InvalidInput"),
        ({**V4, "ipv6_address_mode": "slaac"}, "InvalidInput"),
        (
            {**V6, "ipv6_ra_mode": "dhcpv6-stateful", "ipv6_address_mode": "slaac"},
            "InvalidInput",
        ),
        ({**V6, "ipv6_ra_mode": "slaac", "enable_dhcp": False}, "InvalidInput"),
        ({**V6, "cidr": "2001:db8::/63", "ipv6_ra_mode": "slaac"}, "InvalidInput"),
        (
            {
                **V4,
                "allocation_pools": pools(("10.0.0.9", "10.0.0.20"), ("10.0.0.20", "10.0.0.30")),
            },
            "OverlappingAllocationPools",
        ),
        ({**V4, "allocation_pools": pools(("10.0.0.20", "10.0.0.10"))}, "InvalidAllocationPool"),
        ({**V4, "allocation_pools": pools(("fe80::1", "fe80::2"))}, "InvalidAllocationPool"),
        ({**V4, "allocation_pools": pools(("10.0.0.9", "fe80::2"))}, "InvalidAllocationPool"),
        (
            {**V4, "allocation_pools": pools(("10.0.0.0", "10.0.0.9")), "gateway_ip": None},
            "OutOfBoundsAllocationPool",
        ),
        ({**V4, "allocation_pools": pools(("10.0.0.9", "10.0.1.5"))}, "OutOfBoundsAllocationPool"),
        (
            {**V6, "allocation_pools": pools(("2001:db8::", "2001:db8::5"))},
            "OutOfBoundsAllocationPool",
        ),
        (
            {**V4, "allocation_pools": pools(("10.0.0.1", "10.0.0.10"))},
            "GatewayConflictWithAllocationPools",
        ),
        ({**V4, "dns_nameservers": ["fe80::1"]}, "InvalidInput"),
        ({**V4, "dns_nameservers": [f"1.1.1.{i}" for i in range(6)]}, "DNSNameServersExhausted"),
        ({**V4, "host_routes": routes(("fe80::/24", "10.0.0.9"))}, "InvalidInput"),
        ({**V4, "host_routes": routes(("10.5.0.0/24", "fe80::1"))}, "InvalidInput"),
        (
            {**V4, "host_routes": routes(*[(f"10.5.{i}.0/24", "10.0.0.9") for i in range(21)])},
            "HostRoutesExhausted",
        ),
    ],
)
def test_a_subnet_is_refused_as_by_the_reference(body, refusal):
    with pytest.raises(NetworkError) as refused:
        planned(**body)
    assert refused.value.type == refusal


@pytest.mark.parametrize(
    "body",
    [
        {**V4, "cidr": "0.0.0.0/8", "enable_dhcp": False},
        {**V4, "cidr": "224.0.0.0/24", "enable_dhcp": False},
        {**V6, "cidr": "2001:db8::/126"},
        {**V6, "cidr": "2001:db8::/63", "ipv6_address_mode": "dhcpv6-stateful"},
        {**V6, "ipv6_address_mode": "slaac"},
        {**V6, "ipv6_ra_mode": "dhcpv6-stateless", "ipv6_address_mode": "dhcpv6-stateless"},
        {**V4, "host_routes": routes(("10.5.0.0/24", "11.0.0.9"))},
    ],
)
def test_a_subnet_is_accepted_as_by_the_reference(body):
    assert planned(**body)["cidr"] == body["cidr"]


@pytest.mark.parametrize(
    ("other", "overlaps"),
    [
        ("10.0.5.0/24", True),
        ("10.0.0.0/8", True),
        ("10.0.0.0/16", True),
        ("10.1.0.0/16", False),
        ("9.255.0.0/16", False),
        ("::/8", False),
    ],
)
def test_subnets_of_a_network_do_not_overlap(other, overlaps):
    assert addresses.overlapping("10.0.0.0/16", ["192.168.0.0/24", other]) is overlaps
    body = {**V4, "cidr": "10.0.0.0/16", "enable_dhcp": True}
    if overlaps:
        with pytest.raises(InvalidInput, match="overlaps"):
            addresses.plan_subnet(body, network_id="n", other_cidrs=[other])
    else:
        addresses.plan_subnet(body, network_id="n", other_cidrs=[other])


# --- changes


def a_subnet(**values):
    return {
        "id": "s",
        "cidr": "10.0.0.0/24",
        "gateway_ip": "10.0.0.1",
        "enable_dhcp": True,
        "ipv6_ra_mode": None,
        "ipv6_address_mode": None,
        "allocation_pools": pools(("10.0.0.2", "10.0.0.254")),
        **values,
    }


@pytest.mark.parametrize(
    ("subnet", "changes", "expected"),
    [
        ({}, {"allocation_pools": []}, {"allocation_pools": []}),
        ({}, {"gateway_ip": None}, {"gateway_ip": None}),
        (
            {},
            {"gateway_ip": "10.0.0.201", "allocation_pools": pools(("10.0.0.2", "10.0.0.199"))},
            {"gateway_ip": "10.0.0.201", "allocation_pools": pools(("10.0.0.2", "10.0.0.199"))},
        ),
        ({}, {"dns_nameservers": None}, {"dns_nameservers": []}),
        ({}, {"host_routes": None}, {"host_routes": []}),
        ({}, {"name": "x"}, {"name": "x"}),
        ({}, {"gateway_ip": "11.0.0.1"}, {"gateway_ip": "11.0.0.1"}),
    ],
)
def test_changes_come_back_in_canonical_form(subnet, changes, expected):
    assert addresses.plan_subnet_changes(a_subnet(**subnet), changes) == expected


@pytest.mark.parametrize(
    ("subnet", "changes", "refusal"),
    [
        (
            {},
            {"allocation_pools": pools(("10.0.0.1", "10.0.0.9"))},
            "GatewayConflictWithAllocationPools",
        ),
        ({}, {"gateway_ip": "10.0.0.5"}, "GatewayConflictWithAllocationPools"),
        ({}, {"gateway_ip": "10.0.0.0"}, "InvalidInput"),
        (
            {},
            {"allocation_pools": pools(("10.0.1.100", "10.0.1.150"))},
            "OutOfBoundsAllocationPool",
        ),
        (
            {"cidr": "10.0.0.0/31", "enable_dhcp": False, "gateway_ip": None},
            {"enable_dhcp": True},
            "InvalidInput",
        ),
        (
            {"cidr": "2001:db8::/64", "gateway_ip": "2001:db8::", "ipv6_ra_mode": "slaac"},
            {"enable_dhcp": False},
            "InvalidInput",
        ),
        ({}, {"dns_nameservers": [f"1.1.1.{i}" for i in range(6)]}, "DNSNameServersExhausted"),
    ],
)
def test_changes_are_refused_as_by_the_reference(subnet, changes, refusal):
    with pytest.raises(NetworkError) as refused:
        addresses.plan_subnet_changes(a_subnet(**subnet), changes)
    assert refused.value.type == refusal


# --- what holds for every subnet

V4_NETWORKS = st.builds(
    lambda number, prefix: ipaddress.ip_network((number, prefix), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(1, 32),
)
V6_NETWORKS = st.builds(
    lambda number, prefix: ipaddress.ip_network((number, prefix), strict=False),
    st.integers(2**100, 2**128 - 1),
    st.integers(1, 128),
)
NETWORKS = V4_NETWORKS | V6_NETWORKS


@given(NETWORKS)
def test_a_cidr_is_written_in_one_way(network):
    block = addresses.parse(str(network))
    assert str(block) == str(netaddr.IPNetwork(str(network)))
    assert (block.first, block.last) == (
        int(network.network_address),
        int(network.broadcast_address),
    )


@given(st.ip_addresses())
def test_an_address_is_written_in_one_way(address):
    number, version = addresses.to_number(address.exploded)
    assert (number, version) == (int(address), address.version)
    assert addresses.to_text(number, version) == str(netaddr.IPAddress(address.exploded))
    assert addresses.to_numbers([str(address)], version) == [int(address)]


@given(NETWORKS, st.data())
def test_default_pools_are_all_addresses_that_a_port_may_have(network, data):
    offset = data.draw(st.integers(0, min(network.num_addresses - 1, 1000)))
    gateway = data.draw(st.sampled_from([None, str(network[offset])]))
    found = addresses.default_pools(str(network), gateway)
    ranges = addresses.ranges(found)
    assert list(ranges) == sorted(ranges)
    size = sum(last - first + 1 for first, last in ranges)
    block = addresses.parse(str(network))
    low, high = block.usable
    if network.num_addresses == 1:
        assert ranges == ((block.first, block.last),)
        return
    inside = gateway is not None and low <= int(ipaddress.ip_address(gateway)) <= high
    assert size == high - low + 1 - inside
    if ranges:
        assert addresses.checked_pools(str(network), found, gateway) == found
        assert ranges[0][0] >= low
        assert ranges[-1][1] <= high


@given(st.lists(st.tuples(st.integers(2, 254), st.integers(2, 254)), max_size=5))
def test_pools_are_accepted_if_no_address_is_in_two_of_them(pairs):
    wanted = pools(*[(f"10.0.0.{min(pair)}", f"10.0.0.{max(pair)}") for pair in pairs])
    members = [n for pair in pairs for n in range(min(pair), max(pair) + 1)]
    if len(members) == len(set(members)):
        assert addresses.checked_pools("10.0.0.0/24", wanted, "10.0.0.1") == wanted
    else:
        with pytest.raises(NetworkError) as refused:
            addresses.checked_pools("10.0.0.0/24", wanted, "10.0.0.1")
        assert refused.value.type == "OverlappingAllocationPools"


@given(NETWORKS, NETWORKS)
def test_overlap_is_a_common_address(one, other):
    same_version = one.version == other.version
    assert addresses.overlapping(str(one), [str(other)]) is (same_version and one.overlaps(other))


MACS = st.integers(0, 2**48 - 1).map(
    lambda n: str(netaddr.EUI(n, dialect=netaddr.mac_unix_expanded))
)


@given(MACS, st.integers(2**100, 2**128 - 1))
def test_an_address_made_from_a_mac_address_is_that_of_the_library(mac, number):
    cidr = str(ipaddress.ip_network((number, 64), strict=False))
    made = addresses.eui64(cidr, mac)
    assert made == str(netutils.get_ipv6_addr_by_EUI64(cidr, mac))
    assert addresses.is_eui64(made)
    assert not addresses.is_eui64(addresses.to_text(addresses.to_number(made)[0] ^ 1 << 30, 6))


def test_a_random_mac_address_is_understood():
    assert addresses.is_eui64(
        addresses.eui64(
            "2001:db8::/64", lib_net.get_random_mac(["fa", "16", "3e", "00", "00", "00"])
        )
    )


@pytest.mark.parametrize(
    ("cidr", "address", "owner", "may"),
    [
        ("10.0.0.0/24", "10.0.0.1", "", True),
        ("10.0.0.0/24", "10.0.0.0", "", False),
        ("10.0.0.0/24", "10.0.0.255", "", False),
        ("10.0.0.0/24", "10.0.1.1", "", False),
        ("10.0.0.0/24", "2001:db8::1", "", False),
        ("2001:db8::/64", "2001:db8::", "", True),
        ("2001:db8::/64", "2001:db8::", "network:router_interface", True),
        ("2001:db8::/64", "2001:db8::", "network:router_gateway", True),
        ("2001:db8::/64", "2001:db8::", "compute:nova", False),
        ("2001:db8::/64", "2001:db8::", "network:dhcp", False),
        ("2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff", "compute:nova", True),
    ],
)
def test_who_may_have_an_address(cidr, address, owner, may):
    assert addresses.ip_on_subnet(cidr, address, owner) is may


@pytest.mark.parametrize(
    "text", ["", "x", "10.0.0", "10.0.0.256", "1::2::3", "010.0.0.1", "1.2.3.4\0"]
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(InvalidInput):
        addresses.to_number(text)


@pytest.mark.parametrize(
    "text", ["", "/24", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/33", "::/129", "x/8"]
)
def test_what_is_no_cidr_is_refused(text):
    with pytest.raises(InvalidInput):
        addresses.parse(text)
