"""Files of earlier releases: every old name works, and is named with its present one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from oslo_config import cfg

from deuteron import config
from deuteron.config import old_names, plugins
from deuteron.config.settings import Settings

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a configuration file and returns its path."""

    def _write(text: str) -> str:
        path = tmp_path / "neutron.conf"
        path.write_text(text)
        return str(path)

    return _write


def value_of(settings: Settings, section: str, name: str) -> Any:
    """From the settings, or where drivers look for it."""
    record = settings if section == "DEFAULT" else getattr(settings, section, None)
    if hasattr(record, name):
        return getattr(record, name)
    return cfg.CONF[section][name]


OLD = "an old name, taken as"
MISSING = "names what is not part of this server, its"

# A value for each present option that old names lead to, and what comes of it.
VALUES: dict[tuple[str, str], tuple[str, Any]] = {
    ("DEFAULT", "global_physnet_mtu"): ("9000", 9000),
    ("DEFAULT", "http_basic_auth_user_file"): ("users", "users"),
    ("DEFAULT", "log_file"): ("a.log", "a.log"),
    ("database", "connection"): (
        "mysql://neutron:secret@db/neutron_ml2",
        "mysql://neutron:secret@db/neutron_ml2",
    ),
    ("database", "connection_recycle_time"): ("77", 77),
    ("database", "max_overflow"): ("78", 78),
    ("database", "max_pool_size"): ("79", 79),
    ("database", "pool_timeout"): ("81", 81),
    ("ml2", "project_network_types"): ("vlan", ("vlan",)),
    ("ml2_type_vlan", "network_vlan_ranges"): ("p:1:9", ["p:1:9"]),
    ("ovs_driver", "vnic_type_prohibit_list"): ("direct", ["direct"]),
    ("quotas", "quota_router_route"): ("7", 7),
}
# Options that are known by their present names, too, but do nothing here.
WITHOUT_EFFECT = {
    ("DEFAULT", "log_dir"),
    ("database", "connection_debug"),
    ("database", "max_retries"),
    ("database", "retry_interval"),
}


@pytest.mark.parametrize(("old", "present"), old_names.OLD_NAMES.items())
def test_an_old_name_works_and_is_named(
    write: Write, old: tuple[str, str], present: tuple[str, str]
) -> None:
    text, value = ("1", None) if present in WITHOUT_EFFECT else VALUES[present]
    path = write(f"[{old[0]}]\n{old[1]} = {text}\n")

    settings = config.load([path])

    if value is not None:
        assert value_of(settings, *present) == value
    assert settings.warnings[0] == (
        f"{path}:2: [{old[0]}] {old[1]} is an old name, taken as [{present[0]}] {present[1]}: "
        "rename it"
    )


@pytest.mark.parametrize("old", old_names.REPLACED)
def test_what_is_gone_is_named_with_what_to_do(write: Write, old: tuple[str, str]) -> None:
    path = write(f"[{old[0]}]\n{old[1]} = 1\n")

    settings = config.load([path])

    assert settings.warnings == (
        f"{path}:2: [{old[0]}] {old[1]} is old and has no effect: {old_names.REPLACED[old]}",
    )


def test_the_present_name_wins_over_the_old_one_in_one_file(write: Write) -> None:
    path = write("[ml2]\nproject_network_types = vxlan\ntenant_network_types = vlan\n")

    assert config.load([path]).ml2.project_network_types == ("vxlan",)


def test_a_later_file_wins_over_an_earlier_one_whichever_name_it_has(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("[ml2]\nproject_network_types = vxlan\n")
    two.write_text("[ml2]\ntenant_network_types = local\n")

    assert config.load([str(one), str(two)]).ml2.project_network_types == ("local",)


@pytest.mark.parametrize("section", ["OVS", "ovs", "VLANS", "vlans"])
def test_files_of_the_monolithic_plugins(write: Write, section: str) -> None:
    path = write(
        f"[{section}]\ntenant_network_type = vlan\nnetwork_vlan_ranges = physnet1:1000:2999\n"
        "bridge_mappings = physnet1:br-eth1\n[LINUX_BRIDGE]\n"
        "physical_interface_mappings = physnet1:eth1\n[VXLAN]\nenable_vxlan = true\n"
        "[AGENT]\nvxlan_udp_port = 4789\n"
    )

    settings = config.load([path])

    assert settings.ml2.project_network_types == ("vlan",)
    assert cfg.CONF.ml2_type_vlan.network_vlan_ranges == ["physnet1:1000:2999"]
    assert len(settings.warnings) == 2


def test_none_was_the_word_for_no_project_networks(write: Write) -> None:
    settings = config.load([write("[OVS]\ntenant_network_type = none\n")])

    assert settings.ml2.project_network_types == ()


@pytest.mark.parametrize(
    ("text", "gre", "vxlan"),
    [
        ("", ["1:9"], ["1:16777215"]),
        ("tunnel_type = gre\n", ["1:9"], ["1:16777215"]),
        ("tunnel_type = vxlan\n", [], ["1:9"]),
        ("tenant_network_type = vxlan\n", [], ["1:9"]),
        ("tenant_network_type = vxlan\ntunnel_type = gre\n", [], ["1:9"]),
        ("[AGENT]\ntunnel_types = vxlan\n", [], ["1:9"]),
        ("[AGENT]\ntunnel_types = vxlan,gre\n", ["1:9"], ["1:16777215"]),
    ],
)
def test_tunnel_ranges_of_open_vswitch_were_of_its_tunnel_type(
    write: Write, text: str, gre: object, vxlan: object
) -> None:
    config.load([write(f"[OVS]\ntunnel_id_ranges = 1:9\nenable_tunneling = true\n{text}")])

    assert cfg.CONF.ml2_type_gre.tunnel_id_ranges == gre
    assert cfg.CONF.ml2_type_vxlan.vni_ranges == vxlan


def test_the_no_op_firewall_of_havana_is_explained(write: Write) -> None:
    path = write("[SECURITYGROUP]\nfirewall_driver = neutron.agent.firewall.NoopFirewallDriver\n")

    settings = config.load([path])

    assert settings.securitygroup.enable_security_group
    (warning,) = settings.warnings
    assert warning == (
        f"{path}:2: [securitygroup] firewall_driver = neutron.agent.firewall.NoopFirewallDriver "
        "switched the security groups API off in Havana and does not now: write "
        "enable_security_group = false for that"
    )
    both = write(
        "[securitygroup]\nenable_security_group = true\n"
        "firewall_driver = neutron.agent.firewall.NoopFirewallDriver\n"
    )
    assert config.load([both]).warnings == ()


# The lines of the ML2 page, as they stand there, with its choices made.
ML2_PAGE = """
[DEFAULT]
core_plugin = neutron.plugins.ml2.plugin.Ml2Plugin
service_plugins = neutron.services.l3_router.l3_router_plugin.L3RouterPlugin
[ml2]
mechanism_drivers = openvswitch
tenant_network_types = local,vlan,gre,vxlan
[database]
sql_connection = mysql://neutron:secret@db/neutron_ml2
[securitygroup]
firewall_driver = dummy_value_to_enable_security_groups_in_server
"""


def test_the_lines_of_the_ml2_page(write: Write) -> None:
    path = write(ML2_PAGE)

    settings = config.load([path])

    assert settings.ml2.mechanism_drivers == ("openvswitch",)
    assert settings.ml2.project_network_types == ("local", "vlan", "gre", "vxlan")
    assert settings.database.connection == "mysql://neutron:secret@db/neutron_ml2"
    assert settings.securitygroup.enable_security_group
    assert settings.service_plugins == ("router", "flavors")
    assert settings.warnings[:2] == (
        f"{path}:7: [ml2] tenant_network_types is {OLD} [ml2] project_network_types: rename it",
        f"{path}:9: [database] sql_connection is {OLD} [database] connection: rename it",
    )


@pytest.mark.parametrize(
    "value", ["ml2", "neutron.plugins.ml2.plugin.Ml2Plugin", "neutron.plugins.ml2.plugin:Ml2Plugin"]
)
def test_names_of_the_core_plugin(value: str) -> None:
    assert plugins.core_plugin_problem(value) is None


def test_service_plugins_are_known_by_name_and_by_path(write: Write) -> None:
    path = write(
        "[DEFAULT]\nservice_plugins = segments,neutron.services.tag.tag_plugin:TagPlugin,local_ip,"
        "neutron.services.qos.qos_plugin:QoSPlugin,neutron.services.trunk.plugin.TrunkPlugin,"
        "neutron.services.evpn.plugin.EVPNPlugin\n"
        "[ml2]\nextension_drivers = port_security,qos\n"
    )

    settings = config.load([path])

    assert settings.service_plugins == ("qos", "trunk", "flavors")
    assert settings.ml2.extension_drivers == ("port_security", "qos")
    assert settings.warnings == (
        (
            f"service_plugins {MISSING} API is missing: local IPs (local_ip), "
            "EVPN (neutron.services.evpn.plugin.EVPNPlugin)"
        ),
    )
    assert config.load([write("[DEFAULT]\n")]).service_plugins is None


def test_the_extension_drivers_of_neutron_need_no_driver(write: Write) -> None:
    names = ("dns_domain_keywords", "data_plane_status", "port_trusted", "port_hints")
    settings = config.load([write(f"[ml2]\nextension_drivers = {','.join(names)}\n")])
    assert settings.warnings == ()
    assert settings.ml2.extension_drivers == names
