"""The `openstack` client on what ports tell their hosts, and on names."""

import pytest

from tests.interop.openstack_client import OpenStack

pytestmark = pytest.mark.slow

_TUNED = {"openvswitch": {"other_config": {"tx-steering": "hash"}}}


def test_what_ports_tell_their_hosts(openstack: OpenStack) -> None:
    openstack.shown("network create h-net")
    port = openstack.shown(
        "port create h-port --network h-net --numa-policy-socket --trusted --device-profile fpga "
        "--hint ovs-tx-steering=hash --hardware-offload-type switchdev "
        "--disable-uplink-status-propagation --tag a --tag b"
    )
    assert (port["numa_affinity_policy"], port["device_profile"]) == ("socket", "fpga")
    assert (port["hints"], port["trusted"], port["tags"]) == (_TUNED, True, ["a", "b"])
    assert port["hardware_offload_type"] == "switchdev"
    assert port["binding_profile"] == {"capabilities": ["switchdev"], "trusted": True}
    assert port["propagate_uplink_status"] is False

    openstack.done(
        "port set h-port --numa-policy-required --not-trusted --data-plane-status DOWN "
        "--enable-uplink-status-propagation --hint ovs-tx-steering=thread"
    )
    port = openstack.shown("port show h-port")
    assert (port["numa_affinity_policy"], port["data_plane_status"]) == ("required", "DOWN")
    assert (port["trusted"], port["propagate_uplink_status"]) == (False, True)
    assert port["hints"]["openvswitch"]["other_config"] == {"tx-steering": "thread"}

    openstack.done("port unset h-port --numa-policy --hints --data-plane-status")
    port = openstack.shown("port show h-port")
    unset = ("numa_affinity_policy", "hints", "data_plane_status")
    assert [port[name] for name in unset] == [None] * 3
    openstack.done("port delete h-port")
    openstack.done("network delete h-net")


def test_names(openstack: OpenStack) -> None:
    network = openstack.shown("network create d-net --dns-domain site.org.")
    assert network["dns_domain"] == "site.org."
    openstack.done("network set d-net --dns-domain other.org.")
    subnet = openstack.shown(
        "subnet create d-sub --network d-net --subnet-range 192.0.2.0/24 --dns-publish-fixed-ip"
    )
    assert subnet["dns_publish_fixed_ip"] is True
    openstack.done("subnet set d-sub --no-dns-publish-fixed-ip")

    port = openstack.shown(
        "port create d-port --network d-net --dns-name web --dns-domain shop.org. "
        "--fixed-ip subnet=d-sub,ip-address=192.0.2.7"
    )
    assert (port["dns_name"], port["dns_domain"]) == ("web", "shop.org.")
    assert port["dns_assignment"] == [
        {"hostname": "web", "ip_address": "192.0.2.7", "fqdn": "web.example.org."}
    ]
    openstack.done("port set d-port --dns-name www --dns-domain www.org.")
    assert openstack.shown("port show d-port")["dns_assignment"][0]["hostname"] == "www"
    assert "400" in openstack.refused("port set d-port --dns-name www.org.")
    openstack.done("port delete d-port")
    openstack.done("subnet delete d-sub")
    openstack.done("network delete d-net")


def test_tags_of_guests_need_drivers_that_carry_them(openstack: OpenStack) -> None:
    for option in ("--transparent-vlan", "--qinq-vlan"):
        assert "400" in openstack.refused(f"network create v-net {option}")
