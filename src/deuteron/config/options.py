"""Every option the server reads: section, name, type and default, as Neutron names them.

`OPTIONS` are registered on oslo.config's global object too, where drivers of other distributions
look for them. `LIBRARY_OPTIONS` are read here, but registered by the library that owns them
(oslo.db, oslo.log) or by services of other distributions: two different definitions of one option
would be an error there.
"""

import os
import socket

from oslo_config import cfg

from deuteron.config import routing

_NETWORK_TYPES = ["local", "flat", "vlan", "gre", "vxlan", "geneve"]

# A network type can be had without a line of configuration only if its numbers need no agreement
# with switches: VXLAN's do not.
WHOLE_VNI_RANGE = "1:16777215"

_DEFAULT: list[cfg.Opt] = [
    cfg.StrOpt(
        "state_path",
        help="The folder of the SQLite database, the lock and clouds.yaml. Not set: "
        "$XDG_STATE_HOME/deuteron, or ~/.local/state/deuteron.",
    ),
    cfg.HostAddressOpt("bind_host", default="127.0.0.1", help="The address to listen on."),
    cfg.PortOpt("bind_port", default=9696, help="The port to listen on."),
    cfg.IntOpt(
        "api_workers",
        min=1,
        help="Processes that serve requests. Not set: 1 on SQLite, else one per core, at most 4.",
    ),
    cfg.StrOpt(
        "auth_strategy",
        default="noauth",
        choices=["noauth", "http_basic", "keystone"],
        help="How callers are known: noauth, http_basic or keystone.",
    ),
    cfg.StrOpt(
        "http_basic_auth_user_file",
        default="/etc/htpasswd",
        help="Users and bcrypt hashes of their passwords, for http_basic.",
    ),
    cfg.StrOpt("core_plugin", default="ml2", help="ml2, or the path of Neutron's Ml2Plugin."),
    cfg.ListOpt(
        "service_plugins",
        default=[],
        help="Names or class paths of Neutron's service plugins; empty: all that this server has "
        "but pvlan. "
        "Those that it has not are named in one warning; their API is missing.",
    ),
    cfg.StrOpt(
        "base_mac",
        default="fa:16:3e:00:00:00",
        help="The first three octets of generated MAC addresses, or four if the fourth is not 00.",
    ),
    cfg.StrOpt(
        "dvr_base_mac",
        default="fa:16:3f:00:00:00",
        help="As base_mac, for the addresses that distributed routers of a host have.",
    ),
    cfg.StrOpt(
        "dns_domain",
        default="openstacklocal",
        help="Domain of the names of ports; with the default one ports have no names of their own.",
    ),
    cfg.StrOpt(
        "pagination_max_limit",
        default="-1",
        help="Most items in one answer; infinite or a negative number for no limit.",
    ),
    cfg.BoolOpt("allow_bulk", default=True, help="Whether a body may hold many resources."),
    cfg.BoolOpt("filter_validation", default=True, help="Whether unknown filters are refused."),
    cfg.IntOpt("max_dns_nameservers", default=5, min=0, help="Name servers per subnet."),
    cfg.IntOpt("max_subnet_host_routes", default=20, min=0, help="Host routes per subnet."),
    cfg.IntOpt("max_allowed_address_pair", default=10, min=0, help="Address pairs per port."),
    cfg.IntOpt(
        "global_physnet_mtu",
        default=1500,
        min=0,
        help="Bytes of an IP packet that the physical networks carry; 0: no limit.",
    ),
    cfg.BoolOpt(
        "vlan_transparent",
        help="Whether VLAN transparent networks may be made. Not set: the drivers decide.",
    ),
    cfg.BoolOpt(
        "vlan_qinq",
        help="Whether networks with two VLAN tags may be made. Not set: the drivers decide.",
    ),
    cfg.IntOpt(
        "agent_down_time",
        default=75,
        min=1,
        max=(2**31 - 1) // 1000,
        help="Seconds of silence after which an agent is dead; at least twice report_interval.",
    ),
    cfg.BoolOpt(
        "enable_new_agents",
        default=True,
        help="Whether an agent that reports for the first time may be used at once.",
    ),
    cfg.IntOpt(
        "rpc_workers",
        default=1,
        min=0,
        help="Processes that answer agents; 0 for none beside deuteron serve.",
    ),
    cfg.IntOpt(
        "rpc_state_report_workers",
        default=1,
        min=0,
        help="Processes that only take what agents report; 0: those of rpc_workers do it.",
    ),
    cfg.IntOpt("dhcp_agents_per_network", default=1, min=1, help="DHCP agents of one network."),
    cfg.StrOpt(
        "network_scheduler_driver",
        default="neutron.scheduler.dhcp_agent_scheduler.WeightScheduler",
        help="How DHCP agents are chosen: WeightScheduler takes those with the fewest networks, "
        "AZAwareWeightScheduler spreads over availability zones before, ChanceScheduler takes any.",
    ),
    cfg.BoolOpt(
        "network_auto_schedule",
        default=True,
        help="Whether networks are given to DHCP agents without being asked to.",
    ),
    cfg.BoolOpt(
        "allow_automatic_dhcp_failover",
        default=True,
        help="Whether networks are taken from DHCP agents that are dead.",
    ),
    cfg.BoolOpt(
        "dhcp_agent_notification",
        default=True,
        help="Whether DHCP agents are told of changes; else they hear of them when they ask.",
    ),
    cfg.BoolOpt(
        "enable_services_on_agents_with_admin_state_down",
        default=False,
        help="Whether agents that are administratively down go on with what they have.",
    ),
    cfg.IntOpt(
        "dhcp_lease_duration", default=86400, min=-1, help="Seconds of a lease, -1 for ever."
    ),
    cfg.ListOpt(
        "default_availability_zones", default=[], help="Hints of a resource that has none."
    ),
    cfg.StrOpt(
        "network_link_prefix",
        help="What links in answers begin with. Not set: the address that the client used.",
    ),
    cfg.BoolOpt(
        "notify_nova_on_port_status_changes",
        default=True,
        help="Whether Nova is told that ports of its servers became active or down.",
    ),
    cfg.BoolOpt(
        "notify_nova_on_port_data_changes",
        default=True,
        help="Whether Nova is told that ports of its servers were changed or deleted.",
    ),
    cfg.IntOpt(
        "send_events_interval",
        default=2,
        min=1,
        help="Seconds between two requests to Nova, so that more goes with one.",
    ),
    cfg.BoolOpt(
        "sg_filter_ethertypes",
        default=False,
        help="Whether security group rules take only the ether types that the API names.",
    ),
    cfg.HostAddressOpt(
        "host",
        default=socket.gethostname(),
        sample_default="the name of this machine",
        help="The name of this machine, as its agents report it.",
    ),
]

OPTIONS: dict[str, list[cfg.Opt]] = {
    "DEFAULT": [*_DEFAULT, *routing.OPTIONS],
    "ml2": [
        cfg.ListOpt(
            "type_drivers",
            default=_NETWORK_TYPES,
            help="Names of the type drivers to load, ours or of other distributions.",
        ),
        cfg.ListOpt(
            "project_network_types",
            default=["vxlan"],
            help="Network types tried in this order for a network that asks for none.",
        ),
        cfg.ListOpt(
            "mechanism_drivers",
            default=["openvswitch", "linuxbridge", "l2population"],
            help="Names of the mechanism drivers to load, all active at once, asked in this order.",
        ),
        cfg.ListOpt(
            "extension_drivers",
            default=["port_security"],
            help="Names of the extension drivers to load.",
        ),
        cfg.IntOpt(
            "path_mtu",
            default=0,
            min=0,
            help="Bytes of an IP packet between hosts under tunnels; 0: global_physnet_mtu.",
        ),
        cfg.DictOpt(
            "physical_network_mtus",
            default={},
            help="PHYSICAL_NETWORK:BYTES of those that differ from global_physnet_mtu.",
        ),
        cfg.StrOpt(
            "external_network_type",
            help="Network type of an external network that asks for none. Not set: as others.",
        ),
        cfg.IntOpt(
            "overlay_ip_version", default=4, choices=[4, 6], help="IP version of the tunnels."
        ),
        cfg.StrOpt(
            "tunnelled_network_rp_name",
            default="rp_tunnelled",
            help="Resource provider of the tunnelled networks' bandwidth.",
        ),
    ],
    "ml2_type_flat": [
        cfg.ListOpt(
            "flat_networks",
            default=["*"],
            help="Physical networks of flat networks; * for any, empty for none.",
        ),
    ],
    "ml2_type_vlan": [
        cfg.ListOpt(
            "network_vlan_ranges",
            default=[],
            help="PHYSICAL_NETWORK:FIRST:LAST, or PHYSICAL_NETWORK alone for 1 to 4094.",
        ),
    ],
    "ml2_type_gre": [
        cfg.ListOpt("tunnel_id_ranges", default=[], help="FIRST:LAST of GRE keys."),
    ],
    "ml2_type_vxlan": [
        cfg.ListOpt("vni_ranges", default=[WHOLE_VNI_RANGE], help="FIRST:LAST of VNIs."),
        cfg.StrOpt("vxlan_group", help="Multicast group. Not set: no multicast."),
    ],
    "ml2_type_geneve": [
        cfg.ListOpt("vni_ranges", default=[], help="FIRST:LAST of VNIs."),
        cfg.IntOpt(
            "max_header_size", default=30, min=0, help="Bytes of the header with its options."
        ),
    ],
    "securitygroup": [
        cfg.BoolOpt(
            "enable_security_group",
            default=True,
            help="Whether the security groups API is part of the server.",
        ),
        cfg.BoolOpt("enable_ipset", default=True, help="Whether agents use ipsets."),
        cfg.StrOpt("firewall_driver", help="A matter of the agents; any value."),
        cfg.ListOpt(
            "permitted_ethertypes", default=[], help="Ether types that agents let pass: 0x4008."
        ),
    ],
    "quotas": [
        cfg.IntOpt(
            "default_quota", default=-1, help="Resources per project of what has no option here."
        ),
        cfg.IntOpt("quota_network", default=100, help="Networks per project, -1: no limit."),
        cfg.IntOpt("quota_subnet", default=100, help="Subnets per project, -1: no limit."),
        cfg.IntOpt("quota_port", default=500, help="Ports per project, -1: no limit."),
        cfg.IntOpt(
            "quota_rbac_policy", default=10, help="RBAC policies per project, -1: no limit."
        ),
        cfg.IntOpt(
            "quota_security_group", default=10, help="Security groups per project, -1: no limit."
        ),
        cfg.IntOpt(
            "quota_security_group_rule",
            default=100,
            help="Security group rules per project, -1: no limit.",
        ),
        *routing.QUOTAS,
    ],
    "ovs_driver": [
        cfg.ListOpt(
            "vnic_type_prohibit_list",
            default=[],
            help="vnic_types that the openvswitch mechanism driver is not to bind.",
        ),
        cfg.BoolOpt(
            "ovs_create_tap",
            default=True,
            help="Whether the compute service makes the TAP device of a port.",
        ),
    ],
    "deuteron": [
        cfg.IntOpt(
            "api_threads",
            default=8,
            min=1,
            help="Requests that one worker process handles at a time.",
        ),
        cfg.BoolOpt(
            "insecure_listen_without_authentication",
            default=False,
            help="Listen beyond loopback although nobody has to say who they are.",
        ),
        cfg.IntOpt(
            "max_request_body_size",
            default=1048576,
            min=1024,
            help="Bytes of the largest body that is accepted.",
        ),
    ],
}


def _login(service: str, *, endpoint: str) -> list[cfg.Opt]:
    """How this service logs in at another one: options of keystoneauth."""
    return [
        cfg.StrOpt(
            "auth_type",
            help="How this service logs in: password, v3applicationcredential, ... . Not set: "
            f"{service} is told nothing.",
        ),
        cfg.StrOpt("auth_section", help="Another section that has these options."),
        cfg.StrOpt("auth_url", help="Keystone: http://HOST:5000/v3."),
        cfg.StrOpt("username", help="The user of this service."),
        cfg.StrOpt("user_id", help="The same by its id."),
        cfg.StrOpt("password", secret=True, help="The user's password."),
        cfg.StrOpt("endpoint", help=f"Where auth_type asks no Keystone: {endpoint}."),
        cfg.StrOpt("region_name", help=f"{service}'s region in the catalog. Not set: the first."),
        cfg.FloatOpt("timeout", default=10.0, min=0.1, help="Seconds to wait for an answer."),
    ]


LIBRARY_OPTIONS: dict[str, list[cfg.Opt]] = {
    "service_providers": [
        cfg.MultiStrOpt(
            "service_provider",
            default=[],
            help="SERVICE_TYPE:NAME:DRIVER, with :default for that of the type; one in each line.",
        ),
    ],
    "oslo_policy": [
        cfg.StrOpt(
            "policy_file",
            help="The site's own rules. Not set: policy.yaml or policy.json, if it is there.",
        ),
        cfg.ListOpt("policy_dirs", default=["policy.d"], help="Folders of further such files."),
        cfg.StrOpt(
            "policy_default_rule",
            default="default",
            help="The rule that stands for those that do not exist.",
        ),
        cfg.BoolOpt(
            "enforce_new_defaults",
            default=True,
            help="Without effect: the defaults of earlier releases are not part of this server.",
        ),
        cfg.BoolOpt(
            "enforce_scope",
            default=True,
            help="Without effect: tokens for domains or the system are always refused.",
        ),
    ],
    "nova": [
        *_login("Nova", endpoint="http://HOST:8774/v2.1"),
        cfg.StrOpt(
            "endpoint_type",
            default="public",
            choices=["public", "admin", "internal"],
            help="Nova's interface in the catalog: public, admin or internal.",
        ),
    ],
    "ironic": [
        cfg.BoolOpt(
            "enable_notifications",
            default=False,
            help="Whether Ironic is told that ports of its machines became active, down or gone.",
        ),
        *_login("Ironic", endpoint="http://HOST:6385/v1"),
        cfg.ListOpt(
            "valid_interfaces",
            default=["internal", "public"],
            help="Ironic's interfaces in the catalog, the best first.",
        ),
    ],
    "DEFAULT": [
        cfg.StrOpt(
            "transport_url",
            help="The broker of the agents, rabbit://USER:PASSWORD@HOST:PORT/VHOST. Not set: the "
            "server speaks with no agents.",
        ),
        cfg.StrOpt(
            "control_exchange", default="neutron", help="The broker's exchange for calls and casts."
        ),
        cfg.IntOpt(
            "rpc_response_timeout",
            default=60,
            min=1,
            help="Seconds to wait for an answer of an agent.",
        ),
        cfg.BoolOpt("debug", default=False, help="Log more."),
        cfg.StrOpt("log_file", help="Where to log. Not set: standard error."),
        cfg.StrOpt("log_dir", help="The folder of log_file."),
    ],
    "database": [
        cfg.StrOpt(
            "connection",
            help="sqlite:///PATH, mysql://USER:PASSWORD@HOST/NAME or postgresql://... . "
            "Not set: SQLite in the state folder.",
        ),
        cfg.IntOpt(
            "max_pool_size",
            min=0,
            help="Connections kept by each process; 0: no limit. Not set: enough for its threads.",
        ),
        cfg.IntOpt("max_overflow", default=50, min=-1, help="Connections beyond; -1: no limit."),
        cfg.IntOpt("pool_timeout", min=0, help="Seconds to wait for a connection."),
        cfg.IntOpt(
            "connection_recycle_time",
            default=3600,
            min=-1,
            help="Seconds after which a connection is replaced.",
        ),
        cfg.IntOpt(
            "mysql_wsrep_sync_wait",
            help="Galera's variable of that name. Not set: as the server has it.",
        ),
    ],
}

# Registered and judged for drivers that look at them; the server itself does nothing with them.
FOR_DRIVERS: frozenset[tuple[str, str]] = frozenset(
    {
        ("DEFAULT", "dhcp_lease_duration"),
        ("DEFAULT", "host"),
        ("ml2", "tunnelled_network_rp_name"),
        ("ml2_type_vxlan", "vxlan_group"),
        ("securitygroup", "enable_ipset"),
        ("securitygroup", "firewall_driver"),
        ("securitygroup", "permitted_ethertypes"),
    }
)


def all_options() -> dict[tuple[str, str], cfg.Opt]:
    """Every option read, by section and name, in the order of the tables above."""
    return {
        (section, option.dest): option
        for table in (OPTIONS, LIBRARY_OPTIONS)
        for section, options in table.items()
        for option in options
    }


def default_state_path() -> str:
    """The state folder where none is configured, by the XDG base directory rules."""
    base = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):  # noqa: PTH117 - a text from the environment
        base = os.path.expanduser("~/.local/state")  # noqa: PTH111
    return f"{base}/deuteron"
