"""The `openstack` client's less usual options, noun by noun, and what they do to what is shown."""

from typing import Any

import pytest

from tests.interop.clients import Report
from tests.interop.openstack_client import OpenStack

pytestmark = [
    pytest.mark.slow,
    # The SDK, by which agents report, warns of what it will drop itself.
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]


def names(openstack: OpenStack, command: str) -> list[str]:
    return sorted(row["Name"] for row in openstack.shown(f"{command} -c Name"))


def found(thing: dict[str, Any], **expected: Any) -> bool:
    assert {name: thing[name] for name in expected} == expected
    return True


def test_networks(openstack: OpenStack) -> None:
    made = openstack.shown(
        "network create on-net --no-share --enable-port-security --internal --no-default --no-tag"
    )
    assert found(made, shared=False, port_security_enabled=True, tags=[], is_default=False)
    policy = openstack.shown("network qos policy create on-policy")["id"]
    openstack.done("network set on-net --share --qos-policy on-policy --tag a --tag b")
    shown = openstack.shown("network show on-net")
    assert found(shown, shared=True, qos_policy_id=policy, tags=["a", "b"])
    openstack.done("network set on-net --no-share --no-tag --disable-port-security")
    openstack.done("network set on-net --enable-port-security --external --default")
    shown = openstack.shown("network show on-net")
    assert found(shown, shared=False, tags=[], port_security_enabled=True, is_default=True)
    kind = shown["provider:network_type"]
    openstack.done(f"network set on-net --provider-network-type {kind}")  # as it is
    assert "400" in openstack.refused("network set on-net --provider-network-type vlan")
    assert "400" in openstack.refused("network set on-net --provider-physical-network physnet1")
    openstack.done("network delete on-net")
    openstack.done("network qos policy delete on-policy")


def test_subnets(openstack: OpenStack) -> None:
    openstack.shown("network create os-net")
    made = openstack.shown(
        "subnet create os-sub --network os-net --subnet-range 192.0.2.0/24 --dhcp --no-tag "
        "--allocation-pool start=192.0.2.10,end=192.0.2.20 "
        "--allocation-pool start=192.0.2.30,end=192.0.2.40 "
        "--host-route destination=10.0.0.0/8,gateway=192.0.2.1 "
        "--host-route destination=10.1.0.0/16,gateway=192.0.2.2"
    )
    assert found(made, enable_dhcp=True, tags=[])
    openstack.done("subnet set os-sub --tag a --tag b")
    assert names(openstack, "subnet list --any-tags b,c") == ["os-sub"]
    assert names(openstack, "subnet list --not-tags a --network os-net") == []
    assert names(openstack, "subnet list --not-any-tags c --network os-net") == ["os-sub"]
    openstack.done(
        "subnet unset os-sub --all-tag --allocation-pool start=192.0.2.30,end=192.0.2.40 "
        "--host-route destination=10.1.0.0/16,gateway=192.0.2.2"
    )
    assert found(
        openstack.shown("subnet show os-sub"),
        tags=[],
        allocation_pools=[{"start": "192.0.2.10", "end": "192.0.2.20"}],
        host_routes=[{"destination": "10.0.0.0/8", "nexthop": "192.0.2.1"}],
    )
    (segment,) = openstack.shown("network segment list --network os-net")
    openstack.done(f"subnet set os-sub --network-segment {segment['ID']} --tag c")
    assert openstack.shown("subnet show os-sub")["segment_id"] == segment["ID"]
    openstack.done("subnet set os-sub --no-tag")
    assert openstack.shown("subnet show os-sub")["tags"] == []
    openstack.done("network delete os-net")

    openstack.shown("subnet pool create os-pool --pool-prefix 10.0.0.0/16 --no-default --no-tag")
    openstack.done("subnet pool set os-pool --tag a --tag b")
    assert names(openstack, "subnet pool list --any-tags b,c") == ["os-pool"]
    assert names(openstack, "subnet pool list --not-any-tags b,c") == []
    openstack.done("subnet pool unset os-pool --all-tag")
    assert openstack.shown("subnet pool show os-pool")["tags"] == []
    openstack.done("subnet pool delete os-pool")


def test_ports(openstack: OpenStack) -> None:
    openstack.shown("network create op-net")
    group = openstack.shown("security group create op-group")["id"]
    policy = openstack.shown("network qos policy create op-policy")["id"]
    made = openstack.shown(
        "port create op-port --network op-net --enable --enable-port-security --no-tag "
        "--qos-policy op-policy --security-group op-group --device machine"
    )
    assert found(made, admin_state_up=True, port_security_enabled=True, qos_policy_id=policy)
    assert made["security_group_ids"] == [group]
    assert names(openstack, f"port list --security-group {group}") == ["op-port"]
    openstack.done("port set op-port --tag a --tag b")
    assert names(openstack, "port list --any-tags b,c") == ["op-port"]
    assert names(openstack, "port list --not-any-tags b,c --network op-net") == []
    openstack.done("port unset op-port --all-tag")
    openstack.done("port set op-port --no-security-group --disable-port-security --tag c")
    shown = openstack.shown("port show op-port")
    assert found(shown, port_security_enabled=False, security_group_ids=[], tags=["c"])
    openstack.done("port set op-port --no-tag --enable-port-security")
    assert found(openstack.shown("port show op-port"), port_security_enabled=True, tags=[])
    openstack.done("port delete op-port")
    openstack.done("network delete op-net")
    openstack.done("security group delete op-group")
    openstack.done("network qos policy delete op-policy")


def test_security_groups(openstack: OpenStack) -> None:
    openstack.shown("security group create og-one --no-tag")
    openstack.done("security group set og-one --stateless --tag a --tag b")
    openstack.done("security group set og-one --stateful")
    assert found(openstack.shown("security group show og-one"), stateful=True, tags=["a", "b"])
    assert names(openstack, "security group list --any-tags b,c") == ["og-one"]
    assert "og-one" not in names(openstack, "security group list --not-any-tags b")
    assert "og-one" not in names(openstack, "security group list --not-tags a")
    assert names(openstack, "security group list --share") == []
    assert "og-one" in names(openstack, "security group list --no-share")
    openstack.done("security group unset og-one --all-tag")
    openstack.done("security group set og-one --tag d --no-tag")
    openstack.shown("security group rule create og-one --ingress --ethertype IPv6 --protocol tcp")
    rows = openstack.shown("security group rule list og-one --ethertype IPv6 --ingress")
    assert [row["IP Protocol"] for row in rows] == ["tcp"]
    openstack.done("security group delete og-one")

    group = openstack.shown("address group create og-addresses --address 10.0.0.1")["id"]
    made = openstack.shown(
        "default security group rule create --egress --ethertype IPv4 --protocol icmp "
        f"--icmp-type 8 --icmp-code 0 --remote-address-group {group} --for-default-sg"
    )
    assert found(made, direction="egress", ether_type="IPv4", remote_address_group_id=group)
    assert found(made, port_range_min=8, port_range_max=0, used_in_default_sg=True)
    rows = openstack.shown("default security group rule list --egress --ethertype IPv4")
    assert made["id"] in [row["ID"] for row in rows]
    openstack.done(f"default security group rule delete {made['id']}")
    openstack.done("address group delete og-addresses")

    command = "security group default statefulness"
    setting = openstack.shown(f"{command} create --stateful")["id"]
    openstack.done(f"{command} set {setting} --stateless")
    assert openstack.shown(f"{command} show {setting}")["stateful"] is False
    openstack.done(f"{command} delete {setting}")


def test_services(openstack: OpenStack) -> None:
    openstack.shown("network qos policy create oq-one --no-share --no-default")
    assert "oq-one" in names(openstack, "network qos policy list --no-share")
    openstack.done("network qos policy set oq-one --share --default")
    shown = openstack.shown("network qos policy show oq-one")
    assert found(shown, shared=True, is_default=True)
    rule = openstack.shown(
        "network qos rule create oq-one --type bandwidth-limit --max-kbps 500 "
        "--max-burst-kbits 50 --ingress"
    )
    assert found(rule, max_kbps=500, max_burst_kbps=50, direction="ingress")
    openstack.done(f"network qos rule set oq-one {rule['id']} --max-burst-kbits 60 --egress")
    shown = openstack.shown(f"network qos rule show oq-one {rule['id']}")
    assert found(shown, max_burst_kbps=60, direction="egress")
    kinds = openstack.shown("network qos rule type list --all-supported")
    assert "bandwidth_limit" in [row["Type"] for row in kinds]
    openstack.done("network qos policy set oq-one --no-default")
    openstack.done("network qos policy delete oq-one")

    openstack.shown("network create ot-net")
    openstack.shown("port create ot-port --network ot-net")
    made = openstack.shown("network trunk create ot-one --parent-port ot-port --disable")
    assert made["is_admin_state_up"] is False
    openstack.done("network trunk set ot-one --enable --description d")
    assert openstack.shown("network trunk show ot-one")["description"] == "d"
    openstack.done("network trunk delete ot-one")
    openstack.shown("network trunk create ot-two --parent-port ot-port --enable")
    openstack.done("network trunk delete ot-two")
    openstack.done("port delete ot-port")
    openstack.done("network delete ot-net")

    profile = openstack.shown("network flavor profile create --metainfo m")["id"]
    openstack.done(
        f"network flavor profile set {profile} --description d --driver swan.Driver --disable"
    )
    shown = openstack.shown(f"network flavor profile show {profile}")
    assert found(shown, description="d", driver="swan.Driver", enabled=False)
    openstack.shown("network flavor create of-one --service-type VPN --disable")
    openstack.done("network flavor set of-one --enable")
    assert openstack.shown("network flavor show of-one")["enabled"] is True
    openstack.done("network flavor delete of-one")
    openstack.done(f"network flavor profile delete {profile}")


def test_what_administrators_look_at(openstack: OpenStack, report: Report) -> None:
    made = openstack.shown(
        "network segment range create or-one --shared --network-type vlan "
        "--physical-network physnet8 --minimum 10 --maximum 10"
    )
    openstack.shown(
        "network create or-net --provider-network-type vlan --provider-physical-network physnet8"
    )
    assert "or-one" in names(openstack, "network segment range list --unavailable")
    openstack.done("network delete or-net")
    openstack.done(f"network segment range delete {made['id']}")
    report("oa-host", "Open vSwitch agent")
    (row,) = openstack.shown("network agent list --host oa-host --long")
    assert row["Host"] == "oa-host"
    openstack.done(f"network agent delete {row['ID']}")
