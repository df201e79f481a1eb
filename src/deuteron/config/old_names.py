"""Names of options in earlier releases, back to Havana, and what they are called now.

An entry with an old name becomes one with the present name before anything else looks at it, so
the rest of the server knows only the present names. A warning tells both.
"""

from collections.abc import Sequence
from dataclasses import replace

from deuteron.config.files import Entry

# (section, old name): (section, present name). Sections as `files.normal_section` gives them.
OLD_NAMES: dict[tuple[str, str], tuple[str, str]] = {
    # oslo.db's, through the years: [DATABASE] was Folsom's and Grizzly's section.
    ("DEFAULT", "sql_connection"): ("database", "connection"),
    ("database", "sql_connection"): ("database", "connection"),
    ("sql", "connection"): ("database", "connection"),
    ("DEFAULT", "sql_connection_debug"): ("database", "connection_debug"),
    ("DEFAULT", "sql_idle_timeout"): ("database", "connection_recycle_time"),
    ("DEFAULT", "sql_max_overflow"): ("database", "max_overflow"),
    ("DEFAULT", "sql_max_pool_size"): ("database", "max_pool_size"),
    ("DEFAULT", "sql_max_retries"): ("database", "max_retries"),
    ("DEFAULT", "sql_retry_interval"): ("database", "retry_interval"),
    ("database", "idle_timeout"): ("database", "connection_recycle_time"),
    ("database", "reconnect_interval"): ("database", "retry_interval"),
    ("database", "sql_idle_timeout"): ("database", "connection_recycle_time"),
    ("database", "sql_max_overflow"): ("database", "max_overflow"),
    ("database", "sql_max_pool_size"): ("database", "max_pool_size"),
    ("database", "sql_max_retries"): ("database", "max_retries"),
    ("database", "sqlalchemy_max_overflow"): ("database", "max_overflow"),
    ("database", "sqlalchemy_pool_size"): ("database", "max_pool_size"),
    ("database", "sqlalchemy_pool_timeout"): ("database", "pool_timeout"),
    ("sql", "idle_timeout"): ("database", "connection_recycle_time"),
    # oslo.log's
    ("DEFAULT", "logdir"): ("DEFAULT", "log_dir"),
    ("DEFAULT", "logfile"): ("DEFAULT", "log_file"),
    # oslo.middleware's
    ("oslo_middleware", "http_basic_auth_user_file"): ("DEFAULT", "http_basic_auth_user_file"),
    # of routers
    ("DEFAULT", "max_routes"): ("quotas", "quota_router_route"),
    # ML2's own
    ("ml2", "tenant_network_types"): ("ml2", "project_network_types"),
    ("ml2", "segment_mtu"): ("DEFAULT", "global_physnet_mtu"),
    ("ovs_driver", "vnic_type_blacklist"): ("ovs_driver", "vnic_type_prohibit_list"),
    # the monolithic plugins': Open vSwitch and Linux bridge
    ("ovs", "tenant_network_type"): ("ml2", "project_network_types"),
    ("ovs", "network_vlan_ranges"): ("ml2_type_vlan", "network_vlan_ranges"),
    ("vlans", "tenant_network_type"): ("ml2", "project_network_types"),
    ("vlans", "network_vlan_ranges"): ("ml2_type_vlan", "network_vlan_ranges"),
}

# Gone, and what to do now; the value is not taken over.
REPLACED: dict[tuple[str, str], str] = {
    ("DEFAULT", "allow_overlapping_ips"): "addresses of different networks may always overlap",
    ("DEFAULT", "allow_pagination"): "pagination is always there",
    ("DEFAULT", "allow_sorting"): "sorting is always there",
    ("DEFAULT", "force_gateway_on_subnet"): "a gateway may lie outside its subnet",
    ("DEFAULT", "mac_generation_retries"): "a free MAC address is always found",
    ("DEFAULT", "max_fixed_ips_per_port"): "the number of addresses of a port has no limit",
    ("DEFAULT", "advertise_mtu"): "MTUs are always told",
    ("DEFAULT", "rpc_backend"): "now part of [DEFAULT] transport_url",
    ("DEFAULT", "rabbit_host"): "now part of [DEFAULT] transport_url",
    ("DEFAULT", "rabbit_hosts"): "now part of [DEFAULT] transport_url",
    ("DEFAULT", "rabbit_password"): "now part of [DEFAULT] transport_url",
    ("DEFAULT", "rabbit_port"): "now part of [DEFAULT] transport_url",
    ("DEFAULT", "rabbit_userid"): "now part of [DEFAULT] transport_url",
    ("DEFAULT", "rabbit_virtual_host"): "now part of [DEFAULT] transport_url",
    ("DEFAULT", "verbose"): "use debug = true for more",
    ("DEFAULT", "nova_admin_auth_url"): "now [nova] auth_url",
    ("DEFAULT", "nova_admin_password"): "now [nova] password",
    ("DEFAULT", "nova_admin_tenant_id"): "now [nova] project_id",
    ("DEFAULT", "nova_admin_tenant_name"): "now [nova] project_name",
    ("DEFAULT", "nova_admin_username"): "now [nova] username, beside auth_type = password",
    ("DEFAULT", "nova_api_insecure"): "now [nova] insecure",
    ("DEFAULT", "nova_ca_certificates_file"): "now [nova] cafile",
    ("DEFAULT", "nova_region_name"): "now [nova] region_name",
    ("DEFAULT", "nova_url"): "Keystone's catalog tells it",
    ("nova", "live_migration_events"): "Nova is always told where a port was wired before it moves",
    ("ovs", "enable_tunneling"): "now [ml2] type_drivers, and tunnel_types of the agent's [agent]",
    ("ovs", "tunnel_type"): "now [ml2] project_network_types",
}

_TUNNEL_RANGES = {
    "gre": ("ml2_type_gre", "tunnel_id_ranges"),
    "vxlan": ("ml2_type_vxlan", "vni_ranges"),
}
_NOOP_FIREWALL = "neutron.agent.firewall.NoopFirewallDriver"


def modernise(entries: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """Gives every entry its present name.

    Args:
        entries: as they were read.

    Returns:
        The entries, and a warning for each old name.
    """
    tunnel_range_name = _TUNNEL_RANGES[_tunnel_type(entries)]
    result = []
    warnings = []
    for entry in entries:
        old = (entry.section, entry.name)
        present = OLD_NAMES.get(old)
        if old == ("ovs", "tunnel_id_ranges"):
            present = tunnel_range_name
        if present:
            result.append(_renamed(entry, present))
            warnings.append(
                f"{entry.place}: [{entry.section}] {entry.name} is an old name, "
                f"taken as [{present[0]}] {present[1]}: rename it"
            )
        else:
            result.append(entry)
        if old in REPLACED:
            warnings.append(
                f"{entry.place}: [{entry.section}] {entry.name} is old and has no effect: "
                f"{REPLACED[old]}"
            )
    return result, warnings + _firewall_warnings(entries)


def _renamed(entry: Entry, present: tuple[str, str]) -> Entry:
    value = entry.value
    if entry.name == "tenant_network_type" and value.strip().lower() == "none":
        value = ""  # the monolithic plugins' word for no project networks
    return replace(
        entry,
        section=present[0],
        name=present[1],
        value=value,
        written=(entry.section, entry.name),
    )


def _tunnel_type(entries: Sequence[Entry]) -> str:
    """Of which tunnels ``[OVS] tunnel_id_ranges`` spoke: GRE unless VXLAN was asked for."""
    for name in (("ovs", "tenant_network_type"), ("ovs", "tunnel_type"), ("agent", "tunnel_types")):
        for entry in reversed(entries):
            types = {part.strip().lower() for part in entry.value.split(",")}
            if (entry.section, entry.name) == name and types & _TUNNEL_RANGES.keys():
                return "gre" if "gre" in types else "vxlan"
    return "gre"


def _firewall_warnings(entries: Sequence[Entry]) -> list[str]:
    """Havana had no enable_security_group: the no-op firewall driver switched the API off."""
    if any(entry.name == "enable_security_group" for entry in entries):
        return []
    return [
        f"{entry.place}: [securitygroup] firewall_driver = {entry.value} switched the security "
        "groups API off in Havana and does not now: write enable_security_group = false for that"
        for entry in entries
        if (entry.section, entry.name) == ("securitygroup", "firewall_driver")
        and entry.value.strip() == _NOOP_FIREWALL
    ]
