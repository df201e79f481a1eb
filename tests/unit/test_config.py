"""The configuration: what is accepted, and every fault with its words."""

# ruff: noqa: E501 - a fault is one line, however long

from collections.abc import Callable
from pathlib import Path

import pytest
from oslo_config import cfg

from deuteron import config
from deuteron.config import options, values
from deuteron.errors import ConfigError

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a configuration file and returns its path."""

    def _write(text: str, name: str = "neutron.conf") -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return _write


def faults(path: str) -> list[str]:
    return [str(fault).removeprefix(path) for fault in config.read([path]).faults]


def test_without_any_file_there_is_a_useful_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    settings = config.load([])

    assert settings.warnings == ()
    assert settings.bind_host == "127.0.0.1"
    assert settings.bind_port == 9696
    assert settings.state_path == tmp_path / "deuteron"
    assert settings.database.connection == f"sqlite:///{tmp_path}/deuteron/deuteron.sqlite"
    assert settings.api_workers == 1
    assert settings.ml2.type_drivers == ("local", "flat", "vlan", "gre", "vxlan", "geneve")
    assert settings.ml2.project_network_types == ("vxlan",)
    assert settings.ml2.mechanism_drivers == ("openvswitch", "linuxbridge", "l2population")
    assert cfg.CONF.ml2_type_vxlan.vni_ranges == ["1:16777215"]
    assert cfg.CONF.ml2_type_flat.flat_networks == ["*"]
    assert settings.securitygroup.enable_security_group
    assert settings.pagination_max_limit is None


def test_defaults_of_options_pass_their_own_rules() -> None:
    assert config.read([]).faults == ()


def test_ranges_and_maps_are_read(write: Write) -> None:
    settings = config.load(
        [
            write("""
[DEFAULT]
global_physnet_mtu = 9000
pagination_max_limit = 1000
[ml2]
project_network_types = vlan, vxlan,gre
physical_network_mtus = physnet1:1500,physnet2:9000
path_mtu = 8950
external_network_type = flat
overlay_ip_version = 6
[ml2_type_flat]
flat_networks =
[ml2_type_vlan]
network_vlan_ranges = physnet1:100:199,
    physnet1:300:399,
    physnet2
[ml2_type_gre]
tunnel_id_ranges = 1:4294967295
[ml2_type_vxlan]
vni_ranges = 5000:5999,1:1000
vxlan_group = 239.1.1.1
[ml2_type_geneve]
vni_ranges = 7:7
max_header_size = 38
[securitygroup]
permitted_ethertypes = 0x4008
""")
        ]
    )

    conf = cfg.CONF
    assert settings.ml2.project_network_types == ("vlan", "vxlan", "gre")
    assert values.physical_network_mtus(conf.ml2.physical_network_mtus) == {
        "physnet1": 1500,
        "physnet2": 9000,
    }
    assert conf.ml2.path_mtu == 8950
    assert settings.ml2.external_network_type == "flat"
    assert conf.ml2.overlay_ip_version == 6
    assert conf.ml2_type_flat.flat_networks == []
    assert values.vlan_ranges(conf.ml2_type_vlan.network_vlan_ranges) == {
        "physnet1": ((100, 199), (300, 399)),
        "physnet2": ((1, 4094),),
    }
    assert values.tunnel_ranges(
        conf.ml2_type_gre.tunnel_id_ranges, highest=values.MAX_GRE_KEY, kind="GRE keys"
    ) == ((1, 4294967295),)
    assert values.tunnel_ranges(
        conf.ml2_type_vxlan.vni_ranges, highest=values.MAX_VNI, kind="VNIs"
    ) == ((5000, 5999), (1, 1000))
    assert conf.ml2_type_vxlan.vxlan_group == "239.1.1.1"
    assert conf.ml2_type_geneve.vni_ranges == ["7:7"]
    assert conf.ml2_type_geneve.max_header_size == 38
    assert conf.securitygroup.permitted_ethertypes == ["0x4008"]
    assert settings.pagination_max_limit == 1000
    assert settings.warnings == ()


def test_a_later_source_wins(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    one = write(
        "[DEFAULT]\nbind_port = 1\nmax_dns_nameservers = 1\nmax_subnet_host_routes = 1\n", "one"
    )
    two = write("[DEFAULT]\nbind_port = 2\nmax_dns_nameservers = 2\nbind_port = 3\n", "two")
    monkeypatch.setenv("OS_DEFAULT__MAX_DNS_NAMESERVERS", "7")

    settings = config.load([one, two])

    assert (settings.bind_port, settings.max_dns_nameservers, settings.max_subnet_host_routes) == (
        3,
        7,
        1,
    )
    by_command_line = config.load([one, two], command_line={("DEFAULT", "bind_port"): "4"})
    assert by_command_line.bind_port == 4
    assert config.load([one]).bind_port == 1


def test_folders_are_read_after_files_in_the_order_of_names(write: Write, tmp_path: Path) -> None:
    folder = tmp_path / "conf.d"
    folder.mkdir()
    (folder / "20.conf").write_text("[DEFAULT]\nbind_port = 20\n")
    (folder / "10.conf").write_text("[DEFAULT]\nbind_port = 10\nagent_down_time = 10\n")
    (folder / "30.txt").write_text("[DEFAULT]\nbind_port = 30\n")
    file = write("[DEFAULT]\nbind_port = 1\nmax_dns_nameservers = 1\n")

    settings = config.load([file], [str(folder)])

    assert (settings.bind_port, settings.agent_down_time, settings.max_dns_nameservers) == (
        20,
        10,
        1,
    )
    assert settings.config_files == (file, str(folder / "10.conf"), str(folder / "20.conf"))


def test_values_may_refer_to_others(write: Write) -> None:
    settings = config.load(
        [
            write(
                "[DEFAULT]\nstate_path = /srv/net\nlog_dir = $state_path/log\nlog_file = a.log\n"
                "[database]\nconnection = sqlite:///${state_path}/net.db\n"
            )
        ]
    )

    assert settings.log_file == "/srv/net/log/a.log"
    assert settings.database.connection == "sqlite:////srv/net/net.db"


def test_sections_count_without_case_but_for_default(write: Write) -> None:
    path = write("[SECURITYGROUP]\nenable_security_group = false\n[default]\nbind_port = 1\n")

    settings = config.load([path])

    assert not settings.securitygroup.enable_security_group
    assert settings.bind_port == 9696
    assert settings.warnings == (
        f"{path}:4: [default] bind_port is not read: write [DEFAULT] in capitals",
    )


def test_workers_follow_the_database(write: Write) -> None:
    mysql = config.load([write("[database]\nconnection = mysql://u:p@db/neutron\n")])

    assert 1 <= mysql.api_workers <= 4
    assert config.load([write("[DEFAULT]\napi_workers = 7\n")]).api_workers == 7


def test_global_object_has_what_drivers_look_for(write: Write) -> None:
    path = write(
        "[ml2]\ntenant_network_types = vlan\n[ml2_type_vlan]\nnetwork_vlan_ranges = p:1:2\n"
        "[their_section]\nvalue = 5\n"
    )

    config.load([path], command_line={("DEFAULT", "bind_port"): "77"})

    cfg.CONF.register_opt(cfg.IntOpt("value"), group="their_section")
    assert cfg.CONF.ml2.project_network_types == ["vlan"]
    assert cfg.CONF.ml2_type_vlan.network_vlan_ranges == ["p:1:2"]
    assert cfg.CONF.their_section.value == 5
    assert cfg.CONF.bind_port == 77

    config.load([])

    assert cfg.CONF.ml2.project_network_types == ["vxlan"]
    assert cfg.CONF.ml2_type_vlan.network_vlan_ranges == []
    assert cfg.CONF.their_section.value is None
    assert cfg.CONF.bind_port == 9696


def test_libraries_register_their_own_options(write: Write) -> None:
    from oslo_db import options as oslo_db_options

    config.load([write("[database]\nconnection = mysql://u:p@db/neutron\n")])

    cfg.CONF.register_opts(oslo_db_options.database_opts, "database")
    assert cfg.CONF.database.connection == "mysql://u:p@db/neutron"


def test_nova_is_told_where_the_site_says_how_to_log_in(write: Write) -> None:
    login = "auth_type = password\nauth_url = http://k/v3\nusername = n\npassword = secret\n"
    never = "[DEFAULT]\nnotify_nova_on_port_status_changes = no\n"

    own = config.load([write(f"[nova]\n{login}region_name = here\n")]).nova
    shared = config.load([write(f"[nova]\nauth_section = cloud\n[cloud]\n{login}")]).nova
    half = config.load([write(f"{never}[nova]\n{login}")]).nova
    none = config.load(
        [write(f"{never}notify_nova_on_port_data_changes = no\n[nova]\n{login}")]
    ).nova

    assert own is not None
    assert (own.region_name, own.endpoint_type, own.timeout) == ("here", "public", 10)
    assert shared is not None
    assert half is not None
    assert none is None
    assert config.load([write("[nova]\nregion_name = here\n")]).nova is None


# --- faults --------------------------------------------------------------------------------------

FAULTS = [
    # DEFAULT
    ("[DEFAULT]\nbind_port = 99999", ":2: [DEFAULT] bind_port = 99999: the number is out of bounds; use 0 to 65535"),
    ("[DEFAULT]\nbind_port = http", ":2: [DEFAULT] bind_port = http: this is no whole number; write one"),
    ("[DEFAULT]\nbind_host = no good", ":2: [DEFAULT] bind_host = no good: this is neither an address nor a host name; write one, as 127.0.0.1"),
    ("[DEFAULT]\nbind_host = 0.0.0.0", ":2: [DEFAULT] bind_host = 0.0.0.0: whoever reaches this address would be the administrator, as there is no authentication; use 127.0.0.1, set auth_strategy, or start with --insecure-listen-without-authentication"),
    ("[DEFAULT]\napi_workers = 0", ":2: [DEFAULT] api_workers = 0: the number is out of bounds; use at least 1"),
    ("[DEFAULT]\nallow_bulk = perhaps", ":2: [DEFAULT] allow_bulk = perhaps: this is neither true nor false; write true or false"),
    ("[DEFAULT]\nauth_strategy = kerberos", ":2: [DEFAULT] auth_strategy = kerberos: Valid values are [noauth, http_basic, keystone], but found 'kerberos'"),
    ("[DEFAULT]\nbase_mac = fa:16", ":2: [DEFAULT] base_mac = fa:16: this is not a MAC address; write six octets, fa:16:3e:00:00:00"),
    ("[DEFAULT]\nbase_mac = 01:16:3e:00:00:00", ":2: [DEFAULT] base_mac = 01:16:3e:00:00:00: this is a multicast address; use an even first octet, as fa"),
    ("[DEFAULT]\npagination_max_limit = many", ":2: [DEFAULT] pagination_max_limit = many: this is no number; use one, or infinite"),
    ("[DEFAULT]\nnetwork_scheduler_driver = x.Y", ":2: [DEFAULT] network_scheduler_driver = x.Y: there is no such scheduler; use neutron.scheduler.dhcp_agent_scheduler. with WeightScheduler, AZAwareWeightScheduler, ChanceScheduler"),
    ("[DEFAULT]\nnetwork_link_prefix = example.org", ":2: [DEFAULT] network_link_prefix = example.org: this is no URL; write http://HOST or https://HOST"),
    ("[DEFAULT]\nglobal_physnet_mtu = 60", ":2: [DEFAULT] global_physnet_mtu = 60: no link carries so little; use 0 for no limit, or at least 68"),
    ("[DEFAULT]\nagent_down_time = 0", ":2: [DEFAULT] agent_down_time = 0: the number is out of bounds; use 1 to 2147483"),
    # plugins
    ("[DEFAULT]\ncore_plugin = neutron.plugins.openvswitch.ovs_neutron_plugin.OVSNeutronPluginV2", ":2: [DEFAULT] core_plugin = neutron.plugins.openvswitch.ovs_neutron_plugin.OVSNeutronPluginV2: the monolithic plugins were replaced by ML2, which serves the same agents; write core_plugin = ml2, and in [ml2] mechanism_drivers = openvswitch"),
    ("[DEFAULT]\ncore_plugin = neutron.plugins.linuxbridge.lb_neutron_plugin.LinuxBridgePluginV2", ":2: [DEFAULT] core_plugin = neutron.plugins.linuxbridge.lb_neutron_plugin.LinuxBridgePluginV2: the monolithic plugins were replaced by ML2, which serves the same agents; write core_plugin = ml2, and in [ml2] mechanism_drivers = linuxbridge"),
    ("[DEFAULT]\ncore_plugin = nuage", ":2: [DEFAULT] core_plugin = nuage: only ML2 can be the core plugin; write core_plugin = ml2"),
    ("[DEFAULT]\nservice_plugins = ruoter", ":2: [DEFAULT] service_plugins = ruoter: there is no service plugin ruoter; did you mean router?"),
    ("[DEFAULT]\nservice_plugins = my.own.Plugin", ":2: [DEFAULT] service_plugins = my.own.Plugin: there is no service plugin my.own.Plugin; remove it"),
    # ml2
    ("[ml2]\ntype_drivers =", ":2: [ml2] type_drivers = : without a type driver there can be no network; write local,flat,vlan,vxlan"),
    ("[ml2]\ntype_drivers = vlan,vlan", ":2: [ml2] type_drivers = vlan,vlan: vlan stands there twice; write it once"),
    ("[ml2]\nmechanism_drivers = a,a", ":2: [ml2] mechanism_drivers = a,a: a stands there twice; write it once"),
    ("[ml2]\nproject_network_types = vxlna", ":2: [ml2] project_network_types = vxlna: vxlna is not among the type_drivers local,flat,vlan,gre,vxlan,geneve; did you mean vxlan?"),
    ("[ml2]\ntype_drivers = flat\nproject_network_types = stt", ":3: [ml2] project_network_types = stt: stt is not among the type_drivers flat; add stt to type_drivers"),
    ("[ml2]\nexternal_network_type = stt", ":2: [ml2] external_network_type = stt: stt is not among the type_drivers local,flat,vlan,gre,vxlan,geneve; add stt to type_drivers"),
    ("[ml2]\npath_mtu = 67", ":2: [ml2] path_mtu = 67: no link carries so little; use 0 for no limit, or at least 68"),
    ("[ml2]\npath_mtu = -1", ":2: [ml2] path_mtu = -1: the number is out of bounds; use at least 0"),
    ("[ml2]\noverlay_ip_version = 5", ":2: [ml2] overlay_ip_version = 5: the number is out of bounds; use 4 or 6"),
    ("[ml2]\nphysical_network_mtus = physnet1:jumbo", ":2: [ml2] physical_network_mtus = physnet1:jumbo: physnet1:jumbo is not PHYSICAL_NETWORK:BYTES; use 0 for no limit, or at least 68"),
    ("[ml2]\nphysical_network_mtus = physnet1", ":2: [ml2] physical_network_mtus = physnet1: Value should be NAME:VALUE pairs separated by \",\"; write NAME:VALUE,NAME:VALUE"),
    # types
    ("[ml2_type_vlan]\nnetwork_vlan_ranges = p:0:5", ":2: [ml2_type_vlan] network_vlan_ranges = p:0:5: 'p:0:5' leaves the VLAN ids; use 1 to 4094"),
    ("[ml2_type_vlan]\nnetwork_vlan_ranges = p:1:4095", ":2: [ml2_type_vlan] network_vlan_ranges = p:1:4095: 'p:1:4095' leaves the VLAN ids; use 1 to 4094"),
    ("[ml2_type_vlan]\nnetwork_vlan_ranges = p:9:5", ":2: [ml2_type_vlan] network_vlan_ranges = p:9:5: 'p:9:5' ends before it begins; write 5:9"),
    ("[ml2_type_vlan]\nnetwork_vlan_ranges = p:1", ":2: [ml2_type_vlan] network_vlan_ranges = p:1: 'p:1' is neither PHYSICAL_NETWORK nor PHYSICAL_NETWORK:FIRST:LAST"),
    ("[ml2_type_vlan]\nnetwork_vlan_ranges = :1:2", ":2: [ml2_type_vlan] network_vlan_ranges = :1:2: ':1:2' is neither PHYSICAL_NETWORK nor PHYSICAL_NETWORK:FIRST:LAST"),
    ("[ml2_type_vlan]\nnetwork_vlan_ranges = p:a:b", ":2: [ml2_type_vlan] network_vlan_ranges = p:a:b: 'p:a:b' does not name two whole numbers; write FIRST:LAST"),
    ("[ml2_type_vlan]\nnetwork_vlan_ranges = p:1:10,q:5:6,p:5:20", ":2: [ml2_type_vlan] network_vlan_ranges = p:1:10,q:5:6,p:5:20: the ranges 1:10 and 5:20 of p overlap; write 1:20"),
    ("[ml2_type_gre]\ntunnel_id_ranges = 0:1", ":2: [ml2_type_gre] tunnel_id_ranges = 0:1: '0:1' leaves the GRE keys; use 1 to 4294967295"),
    ("[ml2_type_gre]\ntunnel_id_ranges = 1:4294967296", ":2: [ml2_type_gre] tunnel_id_ranges = 1:4294967296: '1:4294967296' leaves the GRE keys; use 1 to 4294967295"),
    ("[ml2_type_vxlan]\nvni_ranges = 1:16777216", ":2: [ml2_type_vxlan] vni_ranges = 1:16777216: '1:16777216' leaves the VNIs; use 1 to 16777215"),
    ("[ml2_type_vxlan]\nvni_ranges = 5", ":2: [ml2_type_vxlan] vni_ranges = 5: '5' is not FIRST:LAST"),
    ("[ml2_type_vxlan]\nvni_ranges = 1:10,10:20", ":2: [ml2_type_vxlan] vni_ranges = 1:10,10:20: the ranges 1:10 and 10:20 overlap; write 1:20"),
    ("[ml2_type_vxlan]\nvxlan_group = 10.0.0.1", ":2: [ml2_type_vxlan] vxlan_group = 10.0.0.1: this is no multicast address; use one of 224.0.0.0/4 or ff00::/8"),
    ("[ml2_type_vxlan]\nvxlan_group = all", ":2: [ml2_type_vxlan] vxlan_group = all: this is no address; use a multicast one, as 239.1.1.1"),
    ("[ml2_type_geneve]\nvni_ranges = 2:1", ":2: [ml2_type_geneve] vni_ranges = 2:1: '2:1' ends before it begins; write 1:2"),
    ("[ml2_type_geneve]\nmax_header_size = -1", ":2: [ml2_type_geneve] max_header_size = -1: the number is out of bounds; use at least 0"),
    ("[securitygroup]\npermitted_ethertypes = 4008", ":2: [securitygroup] permitted_ethertypes = 4008: '4008' is no ether type; write it as 0x4008"),
    # database
    ("[database]\nconnection = neutron", ":2: [database] connection = neutron: this is no URL; write sqlite:///PATH, mysql://USER:PASSWORD@HOST/NAME or postgresql://USER:PASSWORD@HOST/NAME"),
    ("[database]\nconnection = oracle://u:secret@h/n", ":2: [database] connection = oracle://u:***@h/n: 'oracle' is no kind of database known here; use sqlite, mysql, mariadb or postgresql"),
    ("[database]\nconnection = mysql://u:secret@h:http/n", ":2: [database] connection = mysql://u:***@h:http/n: the port is no number from 1 to 65535; correct HOST:PORT"),
    ("[database]\nconnection = mysql://u:secret@h", ":2: [database] connection = mysql://u:***@h: the URL names no database; add /NAME"),
    ("[database]\nconnection = sqlite://", ":2: [database] connection = sqlite://: a database in memory is not shared by processes; write sqlite:///PATH"),
    ("[database]\nsql_connection = sqlite:///:memory:", ":2: [database] sql_connection = sqlite:///:memory:: a database in memory is not shared by processes; write sqlite:///PATH"),
    ("[database]\nmax_pool_size = -1", ":2: [database] max_pool_size = -1: the number is out of bounds; use at least 0"),
    ("[deuteron]\napi_threads = 0", ":2: [deuteron] api_threads = 0: the number is out of bounds; use at least 1"),
    # nova
    ("[nova]\nauth_type = pasword", ":2: [nova] auth_type = pasword: there is no such way to log in; did you mean password?"),
    ("[nova]\nauth_type = magic", ":2: [nova] auth_type = magic: there is no such way to log in; write password"),
    ("[nova]\nusername = neutron", "[nova] auth_type =  (not set): the section says who logs in, but not how; write auth_type = password"),
    ("[nova]\nauth_type = password\nusername = n\npassword = secret", "[nova] auth_url =  (not set): password needs auth_url; write auth_url = http://HOST:5000/v3"),
    ("[nova]\nauth_type = password\nauth_url = http://k/v3\npassword = secret", "[nova] username =  (not set): password needs username; write username = that of this service's user"),
    ("[nova]\nauth_type = v3password\nauth_url = http://k/v3\nuser_id = 1", "[nova] password =  (not set): v3password needs password; write password = that of this service's user"),
    ("[nova]\nauth_type = password\nauth_url = k:5000\nusername = n\npassword = secret", ":3: [nova] auth_url = k:5000: this is no URL; write http://HOST or https://HOST"),
    ("[nova]\nauth_type = none", "[nova] endpoint =  (not set): none needs endpoint; write endpoint = http://HOST:8774/v2.1"),
    ("[nova]\nauth_type = none\nendpoint = nova", ":3: [nova] endpoint = nova: this is no URL; write http://HOST or https://HOST"),
    ("[nova]\nauth_section = elsewhere", ":2: [nova] auth_section = elsewhere: [elsewhere] has no auth_type; write one there, or remove auth_section"),
    ("[nova]\nauth_section = cloud\n[cloud]\nauth_type = password\nauth_url = http://k\nuser_id = 1", ":2: [nova] auth_section = cloud: password needs password; write password = that of this service's user"),
    ("[nova]\nendpoint_type = publicURL", ":2: [nova] endpoint_type = publicURL: Valid values are [public, admin, internal], but found 'publicURL'"),
    ("[nova]\ntimeout = 0", ":2: [nova] timeout = 0: the number is out of bounds; use at least 0.1"),
    ("[ironic]\nenable_notifications = true", "[ironic] auth_type =  (not set): Ironic cannot be told without logging in there; write auth_type = password"),
    ("[ironic]\nauth_type = none", "[ironic] endpoint =  (not set): none needs endpoint; write endpoint = http://HOST:6385/v1"),
    ("[DEFAULT]\nsend_events_interval = 0", ":2: [DEFAULT] send_events_interval = 0: the number is out of bounds; use at least 1"),
    # lines
    ("bind_port = 1", ":1: bind_port = 1: the option stands before any section; write [DEFAULT] or its section above it"),
    ("[DEFAULT]\nbind_port", ":2: bind_port: this is not an option; write name = value"),
    ("[DEFAULT]\n= 5", ":2: = 5: this is not an option; write name = value"),
    ("[DEFAULT]\n\n  more", ":3: more: this line continues nothing; begin the name of an option in the first column"),
    ("[DEFAULT\nbind_port = 1", ":1: [DEFAULT: the name of a section stands in brackets; write [name]"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fault"), FAULTS)
def test_a_fault_names_line_option_and_way_out(write: Write, text: str, fault: str) -> None:
    assert faults(write(text))[0] == fault


def test_all_faults_are_told_at_once_in_the_order_of_the_files(
    write: Write, tmp_path: Path
) -> None:
    one = write("[DEFAULT]\nbind_port = x\n[ml2]\npath_mtu = y\nnonsense\n", "one")
    two = write("[ml2]\noverlay_ip_version = 9\n", "two")
    missing = str(tmp_path / "missing")

    with pytest.raises(ConfigError) as caught:
        config.load([one, two, missing], [missing])

    assert caught.value.exit_code == 2
    places = [line.partition(": ")[0] for line in caught.value.message.splitlines()]
    assert places == [f"{one}:2", f"{one}:4", f"{one}:5", f"{two}:2", missing, missing]


def test_a_fault_of_the_command_line_or_the_environment_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OS_ML2__PATH_MTU", "x")

    reading = config.read([], command_line={("DEFAULT", "bind_port"): "y"})

    assert [str(fault) for fault in reading.faults] == [
        "command line: [DEFAULT] bind_port = y: this is no whole number; write one",
        "OS_ML2__PATH_MTU: [ml2] path_mtu = x: this is no whole number; write one",
    ]


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe\x00")

    assert faults(str(path)) == [
        ": cannot be read: it is not UTF-8 text; correct --config-file or the file"
    ]


def test_listening_beyond_loopback_must_be_asked_for(write: Write) -> None:
    path = write(
        "[DEFAULT]\nbind_host = 0.0.0.0\n[deuteron]\ninsecure_listen_without_authentication = yes\n"
    )

    assert config.load([path]).bind_host == "0.0.0.0"
    assert config.load([write("[DEFAULT]\nbind_host = ::1\n")]).bind_host == "::1"


# --- names that are not options of the server ----------------------------------------------------


def test_an_unknown_option_is_told_with_the_nearest_name(write: Write) -> None:
    path = write(
        "[DEFAULT]\nbind_prot = 1\n[ml2]\nmechanism_driver = x\nzzzz = 1\n"
        "[ml2_type_vxlna]\nvni_ranges = 1:2\n"
    )

    reading = config.read([path])

    assert reading.faults == ()
    assert reading.settings.warnings == (
        f"{path}:2: [DEFAULT] bind_prot is unknown: did you mean bind_port?",
        f"{path}:4: [ml2] mechanism_driver is unknown: did you mean mechanism_drivers?",
        f"{path}:5: [ml2] zzzz is unknown and has no effect",
        f"{path}:7: section [ml2_type_vxlna]: did you mean [ml2_type_vxlan]?",
    )


def test_sections_of_libraries_agents_and_drivers_are_accepted(write: Write) -> None:
    path = write(
        "[DEFAULT]\ntransport_url = rabbit://u:p@h:5672/\nuse_syslog = true\n"
        "[keystone_authtoken]\nauth_url = http://k\n[oslo_messaging_rabbit]\nx = 1\n"
        "[oslo_policy]\npolicy_file = p.yaml\n[nova]\nregion_name = r\n[agent]\nany = thing\n"
        "[ovs]\nbridge_mappings = physnet1:br-ex\n[linux_bridge]\n"
        "physical_interface_mappings = physnet1:eth1\n[genericswitch:leaf1]\nip = 192.0.2.1\n"
        "[quotas]\nquota_vip = 5\n"
    )

    reading = config.read([path])

    assert reading.faults == ()
    assert reading.settings.warnings == ()
    assert reading.settings.transport_url == "rabbit://u:p@h:5672/"
    assert reading.without_effect == (
        "[DEFAULT] use_syslog",
        "[quotas] quota_vip",
    )


def test_project_types_without_segments_are_told(write: Write) -> None:
    settings = config.load([write("[ml2]\nproject_network_types = vlan,geneve\n")])

    assert [warning.partition(", but")[0] for warning in settings.warnings] == [
        "[ml2] project_network_types names vlan",
        "[ml2] project_network_types names geneve",
    ]


def test_project_types_by_default_are_those_that_are_loaded(write: Write) -> None:
    settings = config.load([write("[ml2]\ntype_drivers = flat,vlan\n")])

    assert settings.ml2.project_network_types == ()
    assert settings.warnings == (
        "[ml2] project_network_types is empty: every network needs provider attributes",
    )


def test_every_option_has_a_help_text() -> None:
    for (section, name), option in options.all_options().items():
        assert (option.help or "").endswith("."), f"[{section}] {name}"


def test_providers_of_services_stand_in_many_lines_and_files(write: Write) -> None:
    first = write("[service_providers]\nservice_provider = VPN:Swan:a.Driver:default\n")
    second = write("[service_providers]\nservice_provider = VPN:b:b.Driver\n", "vpn.conf")
    found = config.load([first, second]).service_providers
    assert [(one.service_type, one.name, one.driver, one.default) for one in found] == [
        ("VPN", "swan", "a.Driver", True),
        ("VPN", "b", "b.Driver", False),
    ]


def test_a_provider_at_fault_is_told_in_its_line(write: Write) -> None:
    path = write("""[service_providers]
service_provider = VPN:a:a.Driver:default
service_provider = VPN:a
service_provider = VPN:b:b.Driver:other
service_provider = VPN:A:c.Driver:default
service_provider = LB:a:a.Driver:default
""")
    assert faults(path) == [
        ":3: [service_providers] service_provider = VPN:a: this names no provider; write SERVICE_TYPE:NAME:DRIVER",
        ":4: [service_providers] service_provider = VPN:b:b.Driver:other: 'other' is not 'default'; write it, or end after the driver",
        ":5: [service_providers] service_provider = VPN:A:c.Driver:default: VPN has a provider of this default already; remove one",
        ":5: [service_providers] service_provider = VPN:A:c.Driver:default: VPN has a provider of this name already; remove one",
    ]
