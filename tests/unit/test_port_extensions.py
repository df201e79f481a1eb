"""The extensions of ports that come with the service, as Neutron was seen to do it."""

from typing import Any

import pytest

from deuteron import errors
from deuteron.core.port_extensions import builtin
from deuteron.core.port_extensions.dns_names import assignment, dns_names
from deuteron.core.port_extensions.host_attributes import offloaded

NETWORK = {"id": "n", "port_security_enabled": True}
MAC = "fa:16:3e:00:00:01"
NO_TRANSACTION: Any = None
ALL = builtin(max_allowed_address_pair=3, dns_domain="example.org")


def created(
    body: dict[str, Any], *, device_owner: str = "", network: dict[str, Any] | None = None
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": "p",
        "mac_address": MAC,
        "device_owner": device_owner,
        "binding:host_id": "host-1",
        "binding:vif_type": "unbound",
        "binding:profile": body.get("binding:profile") or {},
    }
    for extension in ALL:
        extension.on_create(NO_TRANSACTION, body, row, network or NETWORK)
    return row


def updated(original: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    row = {**original, **changes}
    for extension in ALL:
        extension.on_update(NO_TRANSACTION, changes, row, original)
    return row


def pair(ip: str, mac: str | None = None) -> dict[str, str]:
    return {"ip_address": ip} | ({"mac_address": mac} if mac else {})


def option(name: str, value: str | None, **more: int) -> dict[str, Any]:
    return {"opt_name": name, "opt_value": value, **more}


def test_every_column_of_an_extension_is_filled():
    row = created({"extra_dhcp_opts": None})
    for extension in ALL:
        assert set(extension.columns) <= set(row)


@pytest.mark.parametrize(
    ("body", "owner", "of_network", "enabled"),
    [
        ({}, "", True, True),
        ({}, "", False, False),
        ({"port_security_enabled": True}, "", False, True),
        ({"port_security_enabled": False}, "", True, False),
        ({}, "network:dhcp", True, False),
        ({"port_security_enabled": True}, "network:dhcp", True, False),
    ],
)
def test_port_security_is_the_ports_wish_then_the_networks(body, owner, of_network, enabled):
    network = {"port_security_enabled": of_network}
    row = created(body, device_owner=owner, network=network)
    assert row["port_security_enabled"] is enabled


def test_a_pair_without_mac_has_the_ports():
    body = {"allowed_address_pairs": [pair("1.1.1.1", "AA:bb:cc:00:00:01"), pair("10.0.0.7/24")]}
    assert created(body)["allowed_address_pairs"] == [
        {"mac_address": "AA:bb:cc:00:00:01", "ip_address": "1.1.1.1"},
        {"mac_address": MAC, "ip_address": "10.0.0.7/24"},
    ]


@pytest.mark.parametrize(
    "pairs",
    [
        [pair("1.1.1.1"), pair("1.1.1.1")],
        [pair("1.1.1.1", MAC), pair("1.1.1.1")],
        [pair("1.1.1.1", MAC.upper()), pair("1.1.1.1")],
    ],
)
def test_one_pair_twice_is_refused(pairs):
    with pytest.raises(errors.DuplicateAddressPairInRequest):
        created({"allowed_address_pairs": pairs})


def test_the_number_of_pairs_is_limited():
    created({"allowed_address_pairs": [pair(f"1.1.1.{n}") for n in range(3)]})
    with pytest.raises(errors.AllowedAddressPairExhausted, match="3"):
        created({"allowed_address_pairs": [pair(f"1.1.1.{n}") for n in range(4)]})


def test_pairs_need_port_security():
    pairs = [pair("1.1.1.1")]
    with pytest.raises(errors.AddressPairAndPortSecurityRequired):
        created({"port_security_enabled": False, "allowed_address_pairs": pairs})
    with pytest.raises(errors.AddressPairAndPortSecurityRequired):
        created({"allowed_address_pairs": pairs}, device_owner="network:router_interface")
    port = created({"allowed_address_pairs": pairs})
    with pytest.raises(errors.AddressPairAndPortSecurityRequired):
        updated(port, {"port_security_enabled": False})
    both = {"port_security_enabled": False, "allowed_address_pairs": []}
    assert updated(port, both)["allowed_address_pairs"] == []
    with pytest.raises(errors.AddressPairAndPortSecurityRequired):
        updated(updated(port, both), {"allowed_address_pairs": pairs})


def test_an_update_replaces_the_pairs_and_sees_the_new_mac():
    port = created({"allowed_address_pairs": [pair("1.1.1.1")]})
    changes = {"mac_address": "fa:16:3e:00:00:77", "allowed_address_pairs": [pair("2.2.2.2")]}
    assert updated(port, changes)["allowed_address_pairs"] == [
        {"mac_address": "fa:16:3e:00:00:77", "ip_address": "2.2.2.2"}
    ]
    unchanged = updated(port, {"mac_address": "fa:16:3e:00:00:77"})
    assert unchanged["allowed_address_pairs"] == port["allowed_address_pairs"]


def test_options_without_value_are_not_kept_unless_they_may_be_blank():
    options = [option("a", None), option("router", ""), option("b", "2", ip_version=6)]
    assert created({"extra_dhcp_opts": options})["extra_dhcp_opts"] == [
        {"opt_name": "router", "opt_value": "", "ip_version": 4},
        {"opt_name": "b", "opt_value": "2", "ip_version": 6},
    ]


def test_an_option_is_there_once_per_ip_version():
    created({"extra_dhcp_opts": [option("a", "1"), option("a", "2", ip_version=6)]})
    with pytest.raises(errors.NeutronDbObjectDuplicateEntry, match="option a of IP version 4"):
        created({"extra_dhcp_opts": [option("a", "1"), option("a", "2")]})
    with pytest.raises(errors.NeutronDbObjectDuplicateEntry):
        updated(created({}), {"extra_dhcp_opts": [option("a", "1"), option("a", "2")]})


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ([option("b", "2")], {"a": "1", "b": "2"}),
        ([option("a", "2")], {"a": "2"}),
        ([option("a", "2"), option("a", "3")], {"a": "3"}),
        ([option("a", None)], {}),
        ([option("z", None)], {"a": "1"}),
        ([], {"a": "1"}),
        (None, {"a": "1"}),
    ],
)
def test_an_update_is_merged_into_the_options(wanted, kept):
    port = created({"extra_dhcp_opts": [option("a", "1")]})
    row = updated(port, {"extra_dhcp_opts": wanted})
    assert {o["opt_name"]: o["opt_value"] for o in row["extra_dhcp_opts"]} == kept


def test_an_update_leaves_the_original_alone():
    port = created({"extra_dhcp_opts": [option("a", "1")]})
    updated(port, {"extra_dhcp_opts": [option("a", "2")]})
    assert port["extra_dhcp_opts"] == [{"opt_name": "a", "opt_value": "1", "ip_version": 4}]


def test_what_hosts_are_told_is_nothing_by_default():
    row = created({})
    assert row["propagate_uplink_status"] is True
    for name in (
        "data_plane_status",
        "device_profile",
        "hardware_offload_type",
        "hints",
        "numa_affinity_policy",
        "trusted",
    ):
        assert row[name] is None


def test_empty_hints_and_profiles_are_none():
    row = created({"hints": {}, "device_profile": ""})
    assert (row["hints"], row["device_profile"]) == (None, None)
    row = created({"hints": {"openvswitch": {}}})
    assert row["hints"] == {"openvswitch": {}}
    assert updated(row, {"hints": {}})["hints"] is None


@pytest.mark.parametrize(
    ("given", "capabilities"),
    [
        ({}, ["switchdev"]),
        ({"capabilities": ["x"]}, ["x", "switchdev"]),
        ({"capabilities": ["switchdev"]}, ["switchdev"]),
        ({"capabilities": "switchdev"}, ["switchdev"]),
    ],
)
def test_hardware_offload_is_a_capability_of_the_profile(given, capabilities):
    profile = {"slot": 1, **given}
    assert offloaded(profile, "switchdev") == {"slot": 1, "capabilities": capabilities}
    assert profile == {"slot": 1, **given}


def test_trust_is_shown_in_the_profile_whatever_that_becomes():
    port = created({"trusted": True, "binding:profile": {"slot": 1}})
    assert port["binding:profile"] == {"slot": 1, "trusted": True}
    port = updated(port, {"binding:profile": {"slot": 2, "trusted": "perhaps"}})
    assert port["binding:profile"] == {"slot": 2, "trusted": True}
    assert updated(port, {"trusted": False})["binding:profile"] == {"slot": 2, "trusted": False}


def test_the_numa_policy_of_a_bound_port_stays():
    port = created({"numa_affinity_policy": "socket"})
    assert updated(port, {"numa_affinity_policy": None})["numa_affinity_policy"] is None
    bound = {**port, "binding:vif_type": "ovs"}
    with pytest.raises(errors.PortBoundNUMAAffinityPolicy, match="host-1"):
        updated(bound, {"numa_affinity_policy": "legacy"})
    assert updated(bound, {"name": "n"})["numa_affinity_policy"] == "socket"


@pytest.mark.parametrize(
    ("name", "suffix", "host", "full"),
    [
        ("", ".d.", "host-2001-db8--1", "host-2001-db8--1.d."),
        ("", "", "host-2001-db8--1", "host-2001-db8--1"),
        ("web", ".d.", "web", "web.d."),
        ("web.d.", ".d.", "web.d.", "web.d."),
    ],
)
def test_each_address_has_a_name(name, suffix, host, full):
    assert assignment([{"ip_address": "2001:db8::1"}], name, suffix) == [
        {"ip_address": "2001:db8::1", "hostname": host, "fqdn": full}
    ]


@pytest.mark.parametrize(
    ("domain", "kept", "full"),
    [
        ("example.org", "web", "web.example.org."),
        ("example.org.", "web", "web.example.org."),
        ("openstacklocal", "", "host-1-1-1-1.openstacklocal."),
        ("", "", "host-1-1-1-1"),
    ],
)
def test_ports_have_names_where_the_site_has_a_domain(domain, kept, full):
    names = dns_names(domain=domain)
    row: dict[str, Any] = {"fixed_ips": [{"ip_address": "1.1.1.1"}]}
    names.on_create(NO_TRANSACTION, {"dns_name": "web", "dns_domain": "a.b."}, row, NETWORK)
    assert row["dns_name"] == kept
    names.derive([row])
    assert row["dns_assignment"][0]["fqdn"] == full
    changed = {**row, "dns_name": "other", "dns_domain": "c."}
    names.on_update(NO_TRANSACTION, {"dns_name": "other", "dns_domain": "c."}, changed, row)
    assert (changed["dns_name"] == "other") is (kept != "")


def test_ports_that_were_read_in_part_have_no_names():
    rows = [{"id": "p", "dns_name": "web"}]
    dns_names(domain="example.org").derive(rows)
    assert rows == [{"id": "p", "dns_name": "web"}]
