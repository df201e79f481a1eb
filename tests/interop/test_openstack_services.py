"""The `openstack` client on the nouns of the service plugins: QoS, trunks, flavors, meters."""

import pytest

from tests.interop.openstack_client import OpenStack

pytestmark = pytest.mark.slow


def test_qos(openstack: OpenStack) -> None:
    gold = openstack.shown("network qos policy create qos-gold --share --description best")
    assert (gold["name"], gold["shared"], gold["rules"]) == ("qos-gold", True, [])
    openstack.shown("network qos policy create qos-usual --default")
    shared = [row["Name"] for row in openstack.shown("network qos policy list --share")]
    assert shared == ["qos-gold"]
    openstack.done("network qos policy set qos-gold --no-share --name qos-best --description top")
    shown = openstack.shown("network qos policy show qos-best")
    assert (shown["id"], shown["description"], shown["shared"]) == (gold["id"], "top", False)
    assert openstack.shown("network qos policy show qos-usual")["is_default"] is True

    for kind, options, changes, name, value in (
        ("bandwidth-limit", "--max-kbps 500 --egress", "--max-kbps 600", "max_kbps", 600),
        ("dscp-marking", "--dscp-mark 16", "--dscp-mark 18", "dscp_mark", 18),
        ("minimum-bandwidth", "--min-kbps 50 --egress", "--min-kbps 60", "min_kbps", 60),
        ("minimum-packet-rate", "--min-kpps 5 --any", "--min-kpps 6", "min_kpps", 6),
    ):
        rule = openstack.shown(f"network qos rule create qos-best --type {kind} {options}")
        openstack.done(f"network qos rule set qos-best {rule['id']} {changes}")
        shown = openstack.shown(f"network qos rule show qos-best {rule['id']}")
        assert (shown["id"], shown[name]) == (rule["id"], value)
        refused = openstack.refused(f"network qos rule create qos-best --type {kind} {options}")
        assert "409" in refused
        openstack.done(f"network qos rule delete qos-best {rule['id']}")
    assert openstack.shown("network qos rule list qos-best") == []

    types = openstack.shown("network qos rule type list --all-rules")
    assert len(types) == 5
    details = openstack.shown("network qos rule type show bandwidth_limit")
    assert details["rule_type_name"] == "bandwidth_limit"

    network = openstack.shown("network create qos-net --qos-policy qos-best")
    port = openstack.shown("port create qos-port --network qos-net")
    assert network["qos_policy_id"] == port["qos_network_policy_id"] == gold["id"]
    assert "409" in openstack.refused("network qos policy delete qos-best")
    openstack.done("network set --no-qos-policy qos-net")
    openstack.done("port set --qos-policy qos-usual qos-port")
    openstack.done("port unset --qos-policy qos-port")
    openstack.done("port delete qos-port")
    openstack.done("network delete qos-net")
    openstack.done("network qos policy set --no-default qos-usual")
    names = [row["Name"] for row in openstack.shown("network qos policy list")]
    assert sorted(names) == ["qos-best", "qos-usual"]
    openstack.done("network qos policy delete qos-best qos-usual")


def test_trunks(openstack: OpenStack) -> None:
    openstack.shown("network create t-net")
    ports = {
        name: openstack.shown(f"port create {name} --network t-net")["id"]
        for name in ("t-parent", "t-first", "t-second")
    }
    trunk = openstack.shown(
        "network trunk create t-trunk --parent-port t-parent --description all "
        "--subport port=t-first,segmentation-type=vlan,segmentation-id=10"
    )
    first = {
        "port_id": ports["t-first"],
        "segmentation_type": "vlan",
        "segmentation_id": 10,
    }
    assert (trunk["port_id"], trunk["sub_ports"]) == (ports["t-parent"], [first])
    openstack.done(
        "network trunk set t-trunk --subport port=t-second,segmentation-type=vlan,"
        "segmentation-id=20 --name t-other"
    )
    subports = openstack.shown("network subport list --trunk t-other")
    assert sorted(row["Segmentation ID"] for row in subports) == [10, 20]
    details = openstack.shown("port show t-parent")["trunk_details"]
    assert (details["trunk_id"], len(details["sub_ports"])) == (trunk["id"], 2)
    assert "409" in openstack.refused("port delete t-first")
    openstack.done("network trunk set t-other --disable")
    assert "409" in openstack.refused("network trunk unset t-other --subport t-first")
    openstack.done("network trunk set t-other --enable")
    openstack.done("network trunk unset t-other --subport t-first")
    added = "--segmentation-type vlan --segmentation-id 30"
    openstack.done(f"network trunk subport add t-other t-first {added}")
    rows = openstack.shown("network trunk subport list t-other")
    assert sorted(row["Segmentation ID"] for row in rows) == [20, 30]
    openstack.done("network trunk subport remove t-other t-first")
    (row,) = openstack.shown("network trunk list --long")
    assert (row["Name"], row["Status"]) == ("t-other", "DOWN")
    assert len(openstack.shown("network trunk show t-other")["sub_ports"]) == 1
    openstack.done("network trunk delete t-other")
    openstack.done("port delete t-parent t-first t-second")
    openstack.done("network delete t-net")


def test_flavors(openstack: OpenStack) -> None:
    provider = {"Service Type": "VPN", "Name": "swan", "Default": True}
    listed = openstack.shown("network service provider list")
    assert [one for one in listed if one["Service Type"] == "VPN"] == [provider]
    assert {one["Name"] for one in listed if one["Service Type"] == "L3_ROUTER_NAT"} == {
        "dvrha",
        "dvr",
        "ha",
        "single_node",
    }
    driven = openstack.shown(
        "network flavor profile create --driver swan.Driver --description first --enable"
    )
    assert (driven["driver"], driven["enabled"]) == ("swan.Driver", True)
    told = openstack.shown("network flavor profile create --metainfo fast --disable")
    openstack.done(f"network flavor profile set {told['id']} --metainfo slow --enable")
    shown = openstack.shown(f"network flavor profile show {told['id']}")
    assert (shown["meta_info"], shown["enabled"]) == ("slow", True)
    rows = openstack.shown("network flavor profile list")
    assert {row["ID"] for row in rows} == {driven["id"], told["id"]}

    flavor = openstack.shown(
        "network flavor create --service-type VPN --description d --enable f-gold"
    )
    assert (flavor["service_type"], flavor["service_profile_ids"]) == ("VPN", [])
    openstack.done("network flavor set f-gold --name f-best --description e --disable")
    openstack.done(f"network flavor add profile f-best {driven['id']}")
    shown = openstack.shown("network flavor show f-best")
    assert (shown["id"], shown["service_profile_ids"]) == (flavor["id"], [driven["id"]])
    assert (shown["description"], shown["enabled"]) == ("e", False)
    assert [row["Name"] for row in openstack.shown("network flavor list")] == ["f-best"]
    assert "409" in openstack.refused(f"network flavor profile delete {driven['id']}")
    openstack.done(f"network flavor remove profile f-best {driven['id']}")
    openstack.done(f"network flavor profile delete {driven['id']} {told['id']}")
    assert "400" in openstack.refused("network flavor create --service-type NONE f-none")
    openstack.done("network flavor delete f-best")
    assert openstack.shown("network flavor list") == []


def test_meters(openstack: OpenStack) -> None:
    meter = openstack.shown("network meter create m-own --description mine --no-share")
    assert (meter["name"], meter["description"], meter["shared"]) == ("m-own", "mine", False)
    shared = openstack.shown("network meter create m-all --share")
    assert shared["shared"] is True
    assert openstack.shown("network meter show m-own")["id"] == meter["id"]
    rows = openstack.shown("network meter list")
    assert {row["Name"]: row["Description"] for row in rows} == {"m-own": "mine", "m-all": ""}
    for options, count in {
        "--limit 1": 2,  # a page, of which the client asks for all
        "--limit 1 --max-items 1": 1,
        f"--limit 1 --marker {min(meter['id'], shared['id'])}": 1,
    }.items():
        assert len(openstack.shown(f"network meter list {options}")) == count, options

    remote = openstack.shown(
        "network meter rule create m-own --remote-ip-prefix 10.0.0.0/8 --exclude --egress"
    )
    assert (remote["metering_label_id"], remote["direction"]) == (meter["id"], "egress")
    assert (remote["remote_ip_prefix"], remote["is_excluded"]) == ("10.0.0.0/8", True)
    pair = openstack.shown(
        "network meter rule create m-own --source-ip-prefix 10.0.0.0/24 "
        "--destination-ip-prefix 192.0.2.7 --include --ingress"
    )
    assert pair["destination_ip_prefix"] == "192.0.2.7/32"
    overlapping = "--remote-ip-prefix 10.1.0.0/16 --exclude --egress"
    assert "409" in openstack.refused(f"network meter rule create m-own {overlapping}")
    openstack.shown(f"network meter rule create m-all {overlapping}")
    assert "400" in openstack.refused("network meter rule create m-own --ingress")
    rows = openstack.shown("network meter rule list")
    assert len(rows) == 3
    for options, count in {
        "--limit 1": 3,
        "--limit 1 --max-items 1": 1,
        f"--limit 1 --marker {min(row['ID'] for row in rows)}": 2,
    }.items():
        assert len(openstack.shown(f"network meter rule list {options}")) == count, options
    shown = openstack.shown(f"network meter rule show {pair['id']}")
    assert shown["source_ip_prefix"] == "10.0.0.0/24"
    openstack.done(f"network meter rule delete {remote['id']}")
    openstack.done("network meter delete m-own m-all")
    assert openstack.shown("network meter rule list") == []
