"""The `openstack` client as its documentation has it, on every noun that the server knows."""

import pytest

from tests.interop.clients import Report
from tests.interop.openstack_client import OpenStack

pytestmark = [
    pytest.mark.slow,
    # The SDK, by which agents report, warns of what it will drop itself.
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]


def names(openstack: OpenStack, command: str) -> list[str]:
    """The names that a list shows, sorted: their order is the server's business."""
    return sorted(row["Name"] for row in openstack.shown(f"{command} -c Name"))


def test_networks(openstack: OpenStack) -> None:
    blue = openstack.shown(
        "network create n-blue --description first --tag a --tag b --mtu 1400 --enable"
    )
    assert blue["description"] == "first"
    assert blue["tags"] == ["a", "b"]
    assert blue["mtu"] == 1400
    assert blue["provider:network_type"] == "vxlan"
    vlan = openstack.shown(
        "network create n-vlan --provider-network-type vlan "
        "--provider-physical-network physnet1 --provider-segment 120"
    )
    assert (vlan["provider:physical_network"], vlan["provider:segmentation_id"]) == (
        "physnet1",
        120,
    )
    outside = openstack.shown(
        "network create n-outside --external --share --disable --disable-port-security"
    )
    assert outside["router:external"] is True
    assert outside["shared"] is True
    assert outside["admin_state_up"] is False
    assert outside["port_security_enabled"] is False
    refused = openstack.refused(
        "network create n-taken --provider-network-type vlan "
        "--provider-physical-network physnet1 --provider-segment 120"
    )
    assert refused.startswith("ConflictException: 409")
    assert openstack.refused("network create n-big --mtu 70000").startswith("BadRequestException")

    for options, expected in {
        "--name n-blue": ["n-blue"],
        "--external": ["n-outside"],
        "--internal --tags a": ["n-blue"],
        "--share": ["n-outside"],
        "--no-share --provider-network-type vlan": ["n-vlan"],
        "--disable": ["n-outside"],
        "--enable --name n-vlan": ["n-vlan"],
        "--status ACTIVE --name n-vlan": ["n-vlan"],
        "--provider-physical-network physnet1 --provider-segment 120": ["n-vlan"],
        "--tags a,b": ["n-blue"],
        "--any-tags b,c": ["n-blue"],
        "--not-tags a --external": ["n-outside"],
        "--not-any-tags a,b --name n-blue": [],
    }.items():
        assert names(openstack, f"network list {options}") == expected, options
    (row,) = openstack.shown("network list --long --name n-outside")
    assert row["Router Type"] is True
    assert row["Network Type"] == "vxlan"

    openstack.done(
        "network set n-blue --name n-red --description second --mtu 1300 --disable "
        "--disable-port-security --external --tag c"
    )
    red = openstack.shown("network show n-red")
    assert red["id"] == blue["id"]
    assert (red["description"], red["mtu"], red["admin_state_up"]) == ("second", 1300, False)
    assert (red["port_security_enabled"], red["router:external"]) == (False, True)
    assert red["tags"] == ["a", "b", "c"]
    assert red["revision_number"] > blue["revision_number"]
    openstack.done("network set n-red --internal --enable")
    openstack.done("network unset n-red --tag a")
    assert openstack.shown("network show n-red")["tags"] == ["b", "c"]
    openstack.done("network unset n-red --all-tag")
    assert openstack.shown("network show n-red")["tags"] == []
    openstack.done("network set n-vlan --provider-segment 121")
    assert openstack.shown("network show n-vlan")["provider:segmentation_id"] == 121

    assert openstack.refused("network show n-blue") == "No Network found for n-blue"
    openstack.done("network delete n-red n-vlan n-outside")
    assert openstack.shown("network list --name n-red") == []


def test_subnets(openstack: OpenStack) -> None:
    openstack.shown("network create s-net")
    four = openstack.shown(
        "subnet create s-four --network s-net --subnet-range 192.0.2.0/24 --gateway 192.0.2.254 "
        "--allocation-pool start=192.0.2.10,end=192.0.2.20 --dns-nameserver 203.0.113.53 "
        "--host-route destination=10.0.0.0/8,gateway=192.0.2.1 --description d --tag t"
    )
    assert four["allocation_pools"] == [{"start": "192.0.2.10", "end": "192.0.2.20"}]
    assert four["host_routes"] == [{"destination": "10.0.0.0/8", "nexthop": "192.0.2.1"}]
    assert (four["gateway_ip"], four["enable_dhcp"]) == ("192.0.2.254", True)
    assert (four["dns_nameservers"], four["tags"]) == (["203.0.113.53"], ["t"])
    six = openstack.shown(
        "subnet create s-six --network s-net --ip-version 6 --subnet-range 2001:db8::/64 "
        "--ipv6-ra-mode slaac --ipv6-address-mode slaac"
    )
    assert (six["ipv6_ra_mode"], six["gateway_ip"]) == ("slaac", "2001:db8::")
    quiet = openstack.shown(
        "subnet create s-quiet --network s-net --subnet-range 198.51.100.0/24 "
        "--no-dhcp --gateway none"
    )
    assert (quiet["enable_dhcp"], quiet["gateway_ip"]) == (False, None)
    for wrong in (
        "--subnet-range 192.0.2.0/25",
        "--subnet-range 192.0.2.0/33",
        "--subnet-range 203.0.113.0/24 --allocation-pool start=192.0.2.1,end=192.0.2.9",
    ):
        refused = openstack.refused(f"subnet create s-wrong --network s-net {wrong}")
        assert refused.startswith("BadRequestException: 400"), wrong

    for options, expected in {
        "--network s-net": ["s-four", "s-quiet", "s-six"],
        "--ip-version 6": ["s-six"],
        "--no-dhcp": ["s-quiet"],
        "--dhcp --ip-version 4": ["s-four"],
        "--gateway 192.0.2.254": ["s-four"],
        "--name s-six": ["s-six"],
        "--subnet-range 192.0.2.0/24": ["s-four"],
        "--tags t": ["s-four"],
    }.items():
        assert names(openstack, f"subnet list {options}") == expected, options
    (row,) = openstack.shown("subnet list --long --name s-four")
    assert row["Allocation Pools"] == [{"start": "192.0.2.10", "end": "192.0.2.20"}]

    openstack.done(
        "subnet set s-four --name s-4 --description e --dns-nameserver 203.0.113.54 --tag u "
        "--host-route destination=10.1.0.0/16,gateway=192.0.2.2 "
        "--allocation-pool start=192.0.2.30,end=192.0.2.40"
    )
    four = openstack.shown("subnet show s-4")
    assert (four["description"], four["tags"]) == ("e", ["t", "u"])
    assert set(four["dns_nameservers"]) == {"203.0.113.53", "203.0.113.54"}
    assert len(four["host_routes"]) == len(four["allocation_pools"]) == 2
    openstack.done(
        "subnet set s-4 --no-dns-nameservers --no-host-route --no-dhcp --gateway none "
        "--no-allocation-pool --allocation-pool start=192.0.2.50,end=192.0.2.60"
    )
    four = openstack.shown("subnet show s-4")
    assert four["allocation_pools"] == [{"start": "192.0.2.50", "end": "192.0.2.60"}]
    assert (four["dns_nameservers"], four["host_routes"]) == ([], [])
    assert (four["enable_dhcp"], four["gateway_ip"]) == (False, None)
    openstack.done(
        "subnet set s-4 --dhcp --gateway 192.0.2.1 --dns-nameserver 203.0.113.1 "
        "--dns-nameserver 203.0.113.2"
    )
    openstack.done("subnet unset s-4 --dns-nameserver 203.0.113.1 --tag u --gateway")
    four = openstack.shown("subnet show s-4")
    assert (four["dns_nameservers"], four["tags"]) == (["203.0.113.2"], ["t"])
    assert four["gateway_ip"] is None

    openstack.shown("port create s-port --network s-net --fixed-ip subnet=s-4")
    assert "409" in openstack.refused("subnet delete s-4")
    openstack.done("port delete s-port")
    openstack.done("subnet delete s-4 s-six s-quiet")
    openstack.done("network delete s-net")


def test_ports(openstack: OpenStack) -> None:
    openstack.shown("network create p-net")
    openstack.shown("subnet create p-sub --network p-net --subnet-range 192.0.2.0/24")
    groups = [openstack.shown(f"security group create {name}")["id"] for name in ("p-g1", "p-g2")]

    full = openstack.shown(
        "port create p-full --network p-net --fixed-ip subnet=p-sub,ip-address=192.0.2.55 "
        "--mac-address 02:00:00:00:00:01 --vnic-type direct --binding-profile a=b --host far "
        "--device machine --device-owner compute:nova --description d --disable --tag q "
        "--extra-dhcp-option name=bootfile-name,value=x "
        "--allowed-address ip-address=10.0.0.5,mac-address=02:00:00:00:00:09 "
        "--security-group p-g1 --security-group p-g2"
    )
    assert [one["ip_address"] for one in full["fixed_ips"]] == ["192.0.2.55"]
    assert full["mac_address"] == "02:00:00:00:00:01"
    assert (full["binding_vnic_type"], full["binding_profile"]) == ("direct", {"a": "b"})
    assert (full["binding_host_id"], full["binding_vif_type"]) == ("far", "binding_failed")
    assert (full["device_id"], full["device_owner"]) == ("machine", "compute:nova")
    assert (full["admin_state_up"], full["tags"]) == (False, ["q"])
    assert full["extra_dhcp_opts"] == [
        {"opt_name": "bootfile-name", "opt_value": "x", "ip_version": 4}
    ]
    assert full["allowed_address_pairs"] == [
        {"ip_address": "10.0.0.5", "mac_address": "02:00:00:00:00:09"}
    ]
    assert sorted(full["security_group_ids"]) == sorted(groups)
    bare = openstack.shown(
        "port create p-bare --network p-net --no-security-group --disable-port-security"
    )
    assert (bare["security_group_ids"], bare["port_security_enabled"]) == ([], False)
    plain = openstack.shown("port create p-plain --network p-net")
    assert len(plain["security_group_ids"]) == 1
    without = openstack.shown("port create p-without --network p-net --no-fixed-ip")
    assert without["fixed_ips"] == []
    for wrong, status in {
        "--fixed-ip subnet=p-sub,ip-address=192.0.2.55": "409",
        "--fixed-ip subnet=p-sub,ip-address=10.0.0.1": "400",
        "--mac-address 02:00:00:00:00:01": "409",
        "--mac-address nonsense": "400",
    }.items():
        assert status in openstack.refused(f"port create p-wrong --network p-net {wrong}"), wrong

    for options, expected in {
        "--network p-net": ["p-bare", "p-full", "p-plain", "p-without"],
        "--host far": ["p-full"],
        "--device-owner compute:nova": ["p-full"],
        "--device-id machine": ["p-full"],
        "--fixed-ip subnet=p-sub,ip-address=192.0.2.55": ["p-full"],
        "--fixed-ip ip-substring=2.0.2.55": ["p-full"],
        "--mac-address 02:00:00:00:00:01": ["p-full"],
        "--tags q": ["p-full"],
        "--not-tags q --name p-full": [],
        "--name p-bare": ["p-bare"],
        "--status ACTIVE --network p-net": [],
    }.items():
        assert names(openstack, f"port list {options}") == expected, options
    (row,) = openstack.shown("port list --long --name p-full")
    assert (row["Device Owner"], row["Status"], row["Tags"]) == ("compute:nova", "DOWN", ["q"])

    openstack.done(
        "port set p-plain --name p-set --description x --device dev --device-owner me --disable "
        "--fixed-ip subnet=p-sub,ip-address=192.0.2.58 --tag z --host near --binding-profile k=v "
        "--extra-dhcp-option name=server-ip-address,value=192.0.2.3 "
        "--allowed-address ip-address=10.0.0.9 --security-group p-g1 --vnic-type macvtap"
    )
    changed = openstack.shown("port show p-set")
    assert changed["id"] == plain["id"]
    assert len(changed["fixed_ips"]) == 2
    assert "192.0.2.58" in [one["ip_address"] for one in changed["fixed_ips"]]
    assert (changed["binding_host_id"], changed["binding_vnic_type"]) == ("near", "macvtap")
    assert (changed["binding_profile"], changed["tags"]) == ({"k": "v"}, ["z"])
    assert (changed["device_id"], changed["device_owner"]) == ("dev", "me")
    assert groups[0] in changed["security_group_ids"]
    assert changed["allowed_address_pairs"] == [
        {"ip_address": "10.0.0.9", "mac_address": changed["mac_address"]}
    ]
    assert [one["opt_name"] for one in changed["extra_dhcp_opts"]] == ["server-ip-address"]
    openstack.done("port set p-set --mac-address 02:00:00:00:00:02")
    openstack.done(
        "port set p-set --no-fixed-ip --no-allowed-address --no-security-group "
        "--no-binding-profile --enable"
    )
    changed = openstack.shown("port show p-set")
    assert changed["mac_address"] == "02:00:00:00:00:02"
    assert changed["fixed_ips"] == changed["allowed_address_pairs"] == []
    assert (changed["security_group_ids"], changed["binding_profile"]) == ([], {})
    openstack.done("port set p-bare --enable-port-security --security-group p-g1")
    assert openstack.shown("port show p-bare")["security_group_ids"] == [groups[0]]

    openstack.done(
        "port unset p-full --binding-profile a --fixed-ip subnet=p-sub,ip-address=192.0.2.55 "
        "--host --device --device-owner --tag q --security-group p-g1 "
        "--allowed-address ip-address=10.0.0.5,mac-address=02:00:00:00:00:09"
    )
    full = openstack.shown("port show p-full")
    assert (full["binding_host_id"], full["binding_vif_type"]) == ("", "unbound")
    assert (full["binding_profile"], full["tags"], full["fixed_ips"]) == ({}, [], [])
    assert (full["device_id"], full["device_owner"]) == ("", "")
    assert (full["security_group_ids"], full["allowed_address_pairs"]) == ([groups[1]], [])

    assert "409" in openstack.refused("network delete p-net")
    openstack.done("port delete p-full p-bare p-set p-without")
    openstack.done("network delete p-net")
    openstack.done("security group delete p-g1 p-g2")


def test_security_groups_and_their_rules(openstack: OpenStack) -> None:
    made = openstack.shown("security group create g-web --description d --stateless --tag t")
    assert (made["stateful"], made["tags"], made["description"]) == (False, ["t"], "d")
    assert len(made["rules"]) == 2
    assert openstack.shown("security group create g-state --stateful")["stateful"] is True
    assert names(openstack, "security group list --tags t") == ["g-web"]
    assert {"g-web", "g-state"} <= set(names(openstack, "security group list"))
    openstack.done("security group set g-web --name g-www --description e --tag u")
    openstack.done("security group unset g-www --tag t")
    shown = openstack.shown("security group show g-www")
    assert (shown["id"], shown["description"], shown["tags"]) == (made["id"], "e", ["u"])

    web = openstack.shown(
        "security group rule create g-www --protocol tcp --dst-port 80:90 "
        "--remote-ip 10.0.0.0/8 --description x"
    )
    assert (web["port_range_min"], web["port_range_max"]) == (80, 90)
    assert (web["direction"], web["ether_type"], web["remote_ip_prefix"]) == (
        "ingress",
        "IPv4",
        "10.0.0.0/8",
    )
    ping = openstack.shown(
        "security group rule create g-www --protocol icmp --icmp-type 8 --icmp-code 0 --egress"
    )
    assert (ping["port_range_min"], ping["port_range_max"]) == (8, 0)
    names_too = openstack.shown(
        "security group rule create g-www --ethertype IPv6 --protocol udp --dst-port 53 "
        "--remote-group g-state"
    )
    assert names_too["remote_group_id"] == openstack.shown("security group show g-state")["id"]
    for wrong, status in {
        "--protocol tcp --dst-port 80:90 --remote-ip 10.0.0.0/8": "409",
        "--protocol nonsense": "400",
        "--protocol icmp --icmp-type 300": "400",
        "--remote-ip 10.0.0.0/8 --ethertype IPv6": "400",
    }.items():
        assert status in openstack.refused(f"security group rule create g-www {wrong}"), wrong
    assert openstack.shown(f"security group rule show {web['id']}")["description"] == "x"
    rows = openstack.shown("security group rule list g-www")
    assert len(rows) == 5
    assert {row["IP Protocol"] for row in rows} == {None, "tcp", "icmp", "udp"}
    (row,) = openstack.shown("security group rule list g-www --egress --protocol icmp")
    assert row["Port Range"] == "type=8"
    assert len(openstack.shown("security group rule list g-www --ingress")) == 2

    openstack.done(f"security group rule delete {web['id']} {ping['id']}")
    assert "No SecurityGroupRule" in openstack.refused(f"security group rule delete {web['id']}")
    openstack.done("security group delete g-www g-state")


def test_network_segments(openstack: OpenStack) -> None:
    network = openstack.shown("network create m-net")
    made = openstack.shown(
        "network segment create m-one --network m-net --network-type vlan "
        "--physical-network physnet2 --segment 130 --description d"
    )
    assert (made["segmentation_id"], made["network_id"]) == (130, network["id"])
    chosen = openstack.shown(
        "network segment create m-two --network m-net --network-type vlan "
        "--physical-network physnet2"
    )
    assert 100 <= chosen["segmentation_id"] <= 199
    assert "409" in openstack.refused(
        "network segment create m-taken --network m-net --network-type vlan "
        "--physical-network physnet2 --segment 130"
    )
    rows = openstack.shown("network segment list --long --network m-net")
    assert {row["Name"] for row in rows} == {None, "m-one", "m-two"}
    openstack.done("network segment set m-one --name m-1 --description e")
    shown = openstack.shown("network segment show m-1")
    assert (shown["id"], shown["description"]) == (made["id"], "e")
    assert len(openstack.shown("network show m-net")["segments"]) == 3

    openstack.done("network segment delete m-two")
    for row in rows:
        if row["Name"] is None:
            openstack.done(f"network segment delete {row['ID']}")
    subnet = openstack.shown(
        "subnet create m-sub --network m-net --network-segment m-1 --subnet-range 192.0.2.0/24"
    )
    assert subnet["segment_id"] == made["id"]
    assert "409" in openstack.refused("network segment delete m-1")
    openstack.done("subnet delete m-sub")
    openstack.done("network delete m-net")
    assert "No Segment" in openstack.refused("network segment show m-1")


def test_network_segment_ranges(openstack: OpenStack) -> None:
    made = openstack.shown(
        "network segment range create r-one --shared --network-type vlan "
        "--physical-network physnet7 --minimum 10 --maximum 20"
    )
    assert (made["minimum"], made["maximum"], made["shared"]) == (10, 20, True)
    assert made["default"] is False
    for wrong in (
        "--network-type vlan --physical-network physnet7 --minimum 30 --maximum 25",
        "--network-type vlan --minimum 30 --maximum 35",
    ):
        refused = openstack.refused(f"network segment range create r-wrong --shared {wrong}")
        assert refused.startswith("BadRequestException: 400"), wrong
    openstack.shown(
        "network create r-net --provider-network-type vlan --provider-physical-network physnet7"
    )
    shown = openstack.shown("network segment range show r-one")
    assert len(shown["used"]) == 1
    assert "r-one" in names(openstack, "network segment range list --used")
    assert "r-one" in names(openstack, "network segment range list --available")
    assert "r-one" not in names(openstack, "network segment range list --unused")
    openstack.done("network segment range set r-one --name r-two --maximum 30 --minimum 10")
    shown = openstack.shown("network segment range show r-two")
    assert (shown["id"], shown["maximum"]) == (made["id"], 30)

    assert "409" in openstack.refused("network segment range delete r-two")
    openstack.done("network delete r-net")
    openstack.done("network segment range delete r-two")
    rows = openstack.shown("network segment range list --long")
    assert {row["Network Type"] for row in rows} == {"vlan", "vxlan"}


def test_network_agents(openstack: OpenStack, report: Report) -> None:
    report("a-one", "Open vSwitch agent", bridge_mappings={"physnet1": "br-ex"})
    report("a-two", "Linux bridge agent", interface_mappings={})

    rows = [row for row in openstack.shown("network agent list") if row["Host"][:2] == "a-"]
    assert {row["Host"]: row["Agent Type"] for row in rows} == {
        "a-one": "Open vSwitch agent",
        "a-two": "Linux bridge agent",
    }
    (one,) = openstack.shown("network agent list --agent-type open-vswitch --host a-one")
    assert (one["Alive"], one["State"], one["Binary"]) == (
        True,
        True,
        "neutron-open-vswitch-agent",
    )
    assert openstack.shown("network agent list --host a-two --agent-type open-vswitch") == []
    openstack.done(f"network agent set {one['ID']} --disable --description spare")
    shown = openstack.shown(f"network agent show {one['ID']}")
    assert (shown["admin_state_up"], shown["description"]) == (False, "spare")
    assert shown["configuration"] == {"bridge_mappings": {"physnet1": "br-ex"}}
    openstack.done(f"network agent set {one['ID']} --enable")
    for row in rows:
        openstack.done(f"network agent delete {row['ID']}")
    assert openstack.shown("network agent list --host a-one") == []


def test_extensions(openstack: OpenStack) -> None:
    rows = openstack.shown("extension list --network")
    assert {"provider", "multi-provider", "segment", "binding-extended", "security-group"} <= {
        row["Alias"] for row in rows
    }
    assert openstack.shown("extension show provider")["name"] == "Provider Network"
