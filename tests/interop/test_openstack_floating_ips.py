"""The `openstack` client on floating IPs, and on what else leads through a router."""

from collections.abc import Iterator

import pytest

from tests.interop.openstack_client import OpenStack

pytestmark = pytest.mark.slow

ADDRESS = "Floating IP Address"


@pytest.fixture(scope="module")
def routed(openstack: OpenStack) -> Iterator[str]:
    """The name of a router that connects ``fi-net``, where the ports ``fi-a`` and ``fi-b`` are."""
    openstack.shown("network create fi-ext --external")
    openstack.shown(
        "subnet create fi-extsub --network fi-ext --subnet-range 198.51.100.0/24 --no-dhcp"
    )
    openstack.shown("network create fi-net")
    openstack.shown("subnet create fi-sub --network fi-net --subnet-range 192.0.2.0/24 --no-dhcp")
    openstack.shown("router create fi-router --external-gateway fi-ext")
    openstack.done("router add subnet fi-router fi-sub")
    for name, last in (("fi-a", 21), ("fi-b", 22)):
        openstack.shown(
            f"port create {name} --network fi-net "
            f"--fixed-ip subnet=fi-sub,ip-address=192.0.2.{last}"
        )
    yield "fi-router"
    openstack.done("port delete fi-a fi-b")
    openstack.done("router remove subnet fi-router fi-sub")
    openstack.done("router delete fi-router")
    openstack.done("network delete fi-net fi-ext")


def test_floating_ips(openstack: OpenStack, routed: str) -> None:
    free = openstack.shown(
        "floating ip create fi-ext --subnet fi-extsub --floating-ip-address 198.51.100.50 "
        "--description free --tag a"
    )
    assert (free["floating_ip_address"], free["status"]) == ("198.51.100.50", "DOWN")
    assert (free["port_id"], free["router_id"], free["tags"]) == (None, None, ["a"])
    bound = openstack.shown(
        f"floating ip create fi-ext --port fi-a --router {routed} --fixed-ip-address 192.0.2.21 "
        "--floating-ip-address 198.51.100.51"
    )
    assert bound["fixed_ip_address"] == "192.0.2.21"
    assert bound["port_details"]["name"] == "fi-a"
    assert "409" in openstack.refused("floating ip create fi-ext --port fi-a")
    assert "409" in openstack.refused(
        "floating ip create fi-ext --floating-ip-address 198.51.100.50"
    )
    assert "400" in openstack.refused("floating ip create fi-net")

    for options, expected in {
        "--network fi-ext --port fi-a": ["198.51.100.51"],
        "--fixed-ip-address 192.0.2.21": ["198.51.100.51"],
        "--floating-ip-address 198.51.100.50": ["198.51.100.50"],
        f"--router {routed}": ["198.51.100.51"],
        "--network fi-ext --status DOWN --tags a": ["198.51.100.50"],
        "--network fi-ext --not-tags a": ["198.51.100.51"],
        "--any-tags a,b": ["198.51.100.50"],
        "--network fi-ext --not-any-tags a": ["198.51.100.51"],
    }.items():
        rows = openstack.shown(f"floating ip list {options}")
        assert [row[ADDRESS] for row in rows] == expected, options
    for options, count in {
        "--limit 1": 2,  # a page, of which the client asks for all
        "--limit 1 --max-items 1": 1,
        f"--limit 1 --marker {min(free['id'], bound['id'])}": 1,
    }.items():
        assert len(openstack.shown(f"floating ip list --network fi-ext {options}")) == count
    (row,) = openstack.shown("floating ip list --long --floating-ip-address 198.51.100.50")
    assert (row["Description"], row["Tags"], row["DNS Name"]) == ("free", ["a"], "")

    openstack.done(
        "floating ip set 198.51.100.50 --port fi-b --fixed-ip-address 192.0.2.22 "
        "--description taken --tag b"
    )
    shown = openstack.shown("floating ip show 198.51.100.50")
    assert (shown["id"], shown["description"]) == (free["id"], "taken")
    assert (shown["fixed_ip_address"], shown["tags"]) == ("192.0.2.22", ["a", "b"])
    assert "409" in openstack.refused("floating ip set 198.51.100.50 --port fi-a")
    openstack.done(f"floating ip set 198.51.100.50 --port fi-b --router {routed} --no-tag --tag b")
    openstack.done("floating ip unset 198.51.100.50 --tag b")
    assert openstack.shown("floating ip show 198.51.100.50")["tags"] == []
    assert "409" in openstack.refused(f"router unset {routed} --external-gateway")
    assert "409" in openstack.refused(f"router remove subnet {routed} fi-sub")

    openstack.shown("network qos policy create fi-gold")
    openstack.done("floating ip set 198.51.100.50 --qos-policy fi-gold")
    assert "409" in openstack.refused("network qos policy delete fi-gold")
    openstack.done("floating ip unset 198.51.100.50 --qos-policy")
    openstack.done("floating ip set 198.51.100.50 --no-qos-policy")
    quick = openstack.shown(
        "floating ip create fi-ext --qos-policy fi-gold --no-tag "
        "--dns-name www --dns-domain example.org."
    )
    openstack.done(f"floating ip delete {quick['id']}")
    openstack.done("network qos policy delete fi-gold")

    openstack.done("floating ip unset 198.51.100.50 --port --all-tag")
    shown = openstack.shown("floating ip show 198.51.100.50")
    assert (shown["port_id"], shown["fixed_ip_address"], shown["tags"]) == (None, None, [])
    openstack.done("floating ip delete 198.51.100.50 198.51.100.51")
    assert openstack.shown("floating ip list --network fi-ext") == []


def test_port_forwardings(openstack: OpenStack, routed: str) -> None:
    openstack.shown("floating ip create fi-ext --floating-ip-address 198.51.100.60")
    first = openstack.shown(
        "floating ip port forwarding create 198.51.100.60 --internal-ip-address 192.0.2.21 "
        "--port fi-a --internal-protocol-port 22 --external-protocol-port 2222 --protocol tcp "
        "--description ssh"
    )
    assert (first["internal_port"], first["external_port"]) == (22, 2222)
    many = openstack.shown(
        "floating ip port forwarding create 198.51.100.60 --internal-ip-address 192.0.2.22 "
        "--port fi-b --internal-protocol-port 100:110 --external-protocol-port 200:210 "
        "--protocol udp"
    )
    assert many["external_port_range"] == "200:210"
    assert "400" in openstack.refused(
        "floating ip port forwarding create 198.51.100.60 --internal-ip-address 192.0.2.22 "
        "--port fi-b --internal-protocol-port 50 --external-protocol-port 205 --protocol udp"
    )
    rows = openstack.shown("floating ip port forwarding list 198.51.100.60")
    assert {row["ID"] for row in rows} == {first["id"], many["id"]}
    for options in (
        "--port fi-a",
        "--external-protocol-port 2222",
        "--protocol tcp",
    ):
        (row,) = openstack.shown(f"floating ip port forwarding list 198.51.100.60 {options}")
        assert row["ID"] == first["id"]
    for options, count in {
        "--limit 1": 2,
        "--limit 1 --max-items 1": 1,
        f"--limit 1 --marker {min(first['id'], many['id'])}": 1,
    }.items():
        rows = openstack.shown(f"floating ip port forwarding list 198.51.100.60 {options}")
        assert len(rows) == count, options
    openstack.done(
        f"floating ip port forwarding set 198.51.100.60 {first['id']} --description other "
        "--internal-protocol-port 23 --external-protocol-port 2323 --protocol udp "
    )
    openstack.done(
        f"floating ip port forwarding set 198.51.100.60 {first['id']} --port fi-b "
        "--internal-ip-address 192.0.2.22"
    )
    shown = openstack.shown(f"floating ip port forwarding show 198.51.100.60 {first['id']}")
    assert (shown["internal_ip_address"], shown["protocol"]) == ("192.0.2.22", "udp")
    assert (shown["internal_port"], shown["external_port"]) == (23, 2323)
    assert "409" in openstack.refused("floating ip set 198.51.100.60 --port fi-a")
    openstack.done(f"floating ip port forwarding delete 198.51.100.60 {first['id']} {many['id']}")
    assert openstack.shown("floating ip port forwarding list 198.51.100.60") == []
    openstack.done("floating ip delete 198.51.100.60")


def test_conntrack_helpers(openstack: OpenStack, routed: str) -> None:
    tftp = openstack.shown(
        f"network l3 conntrack helper create {routed} --helper tftp --protocol udp --port 69"
    )
    assert (tftp["helper"], tftp["protocol"], tftp["port"]) == ("tftp", "udp", 69)
    ftp = openstack.shown(
        f"network l3 conntrack helper create {routed} --helper ftp --protocol tcp --port 21"
    )
    wrong = "--helper ftp --protocol udp --port 21"
    assert "400" in openstack.refused(f"network l3 conntrack helper create {routed} {wrong}")
    for options, expected in {
        "": {tftp["id"], ftp["id"]},
        "--helper tftp": {tftp["id"]},
        "--protocol tcp": {ftp["id"]},
        "--port 21": set(),  # the client compares the number with the text
        "--limit 1": {tftp["id"], ftp["id"]},
        "--limit 1 --max-items 1": {min(tftp["id"], ftp["id"])},
        f"--limit 1 --marker {min(tftp['id'], ftp['id'])}": {max(tftp["id"], ftp["id"])},
    }.items():
        rows = openstack.shown(f"network l3 conntrack helper list {routed} {options}")
        assert {row["ID"] for row in rows} == expected, options
    openstack.done(
        f"network l3 conntrack helper set {routed} {tftp['id']} --port 70 --protocol udp "
        "--helper tftp"
    )
    assert openstack.shown(f"network l3 conntrack helper show {routed} {tftp['id']}")["port"] == 70
    openstack.done(f"network l3 conntrack helper delete {routed} {tftp['id']} {ftp['id']}")
    assert openstack.shown(f"network l3 conntrack helper list {routed}") == []


def test_ndp_proxies(openstack: OpenStack) -> None:
    openstack.shown("address scope create np-scope --ip-version 6")
    openstack.shown(
        "subnet pool create np-pool --address-scope np-scope --pool-prefix 2001:db8:77::/48 "
        "--default-prefix-length 64"
    )
    for network, kind in (("np-ext", "--external"), ("np-net", "--internal")):
        openstack.shown(f"network create {network} {kind}")
        openstack.shown(
            f"subnet create {network}sub --network {network} --ip-version 6 "
            "--subnet-pool np-pool --no-dhcp"
        )
    openstack.shown("router create np-router --external-gateway np-ext --enable-ndp-proxy")
    openstack.done("router add subnet np-router np-netsub")
    port = openstack.shown("port create np-port --network np-net")
    address = port["fixed_ips"][0]["ip_address"]
    made = openstack.shown(
        f"router ndp proxy create np-router --port np-port --ip-address {address} --name np-one "
        "--description d"
    )
    assert (made["ip_address"], made["port_id"]) == (address, port["id"])
    for options in (
        "--name np-one",
        "--router np-router",
        "--port np-port",
        f"--ip-address {address}",
    ):
        (row,) = openstack.shown(f"router ndp proxy list {options}")
        assert row["Name"] == "np-one"
    openstack.done("router ndp proxy set np-one --name np-1 --description e")
    shown = openstack.shown("router ndp proxy show np-1")
    assert (shown["id"], shown["description"]) == (made["id"], "e")
    assert "409" in openstack.refused("router unset np-router --external-gateway")
    openstack.done("router ndp proxy delete np-1")
    openstack.done("router set np-router --disable-ndp-proxy")
    assert openstack.shown("router show np-router")["enable_ndp_proxy"] is False
    openstack.done("port delete np-port")
    openstack.done("router remove subnet np-router np-netsub")
    openstack.done("router delete np-router")
    openstack.done("network delete np-net np-ext")
    openstack.done("subnet pool delete np-pool")
    openstack.done("address scope delete np-scope")
