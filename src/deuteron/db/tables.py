"""The tables, all in one place: the shape of what is kept.

API field = column name where it can be. Times are ISO 8601 text in UTC (``2014-06-04T12:00:00Z``)
as the API shows them: they sort as text, are equal on every database and need no conversion.
Lists and objects that are only ever read whole with their row are JSON text.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from deuteron.db import router_tables, service_tables
from deuteron.db.columns import METADATA, Json
from deuteron.db.columns import SERIAL as _SERIAL
from deuteron.db.columns import own_id as _id
from deuteron.db.columns import project as _project
from deuteron.db.columns import standard as _standard

# The tables of service plugins refer to these, and some of these to them.
__all__ = ["METADATA", "Json", "router_tables", "service_tables"]

networks = Table(
    "networks",
    METADATA,
    _id(),
    _project(),
    Column("name", String(255), nullable=False, index=True),
    Column("admin_state_up", Boolean, nullable=False),
    Column("status", String(16), nullable=False),
    Column("external", Boolean, nullable=False),
    Column("mtu", Integer, nullable=False),
    Column("port_security_enabled", Boolean, nullable=False),
    Column("qos_policy_id", String(36), ForeignKey("qos_policies.id"), index=True),
    Column("availability_zone_hints", Json),
    # true or null: the unique key keeps it single
    Column("default_external", Boolean, unique=True),
    Column("dns_domain", String(255), nullable=False, default=""),
    Column("vlan_transparent", Boolean, nullable=False, default=False),
    Column("qinq", Boolean, nullable=False, default=False),
    Column("pvlan", Boolean, nullable=False, default=False),
    *_standard(),
)

# A segment of a network. `segmentation_id` is null where the type has none (local, flat).
segments = Table(
    "segments",
    METADATA,
    _id(),
    Column(
        "network_id",
        String(36),
        ForeignKey("networks.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("network_type", String(32), nullable=False),
    Column("physical_network", String(64)),
    Column("segmentation_id", BigInteger),
    Column("segment_index", Integer, nullable=False, default=0),
    Column("is_dynamic", Boolean, nullable=False, default=False),
    # Makes the dynamic segment for a place one, though several processes want it at once; null for
    # static segments, and for those whose number was wished for.
    Column("dynamic_place", String(140), unique=True),
    Column("name", String(255)),
    *_standard(),
    Index("ix_segments_place", "network_type", "physical_network", "segmentation_id"),
)

# Who has which segmentation id: the primary key is what makes an allocation exclusive.
# `physical_network` is '' for tunnel types, `segmentation_id` 0 for flat networks.
segment_claims = Table(
    "segment_claims",
    METADATA,
    Column("network_type", String(32), primary_key=True),
    Column("physical_network", String(64), primary_key=True),
    Column("segmentation_id", BigInteger, primary_key=True, autoincrement=False),
)

# Numbers that may be free, as ranges; the lowest position is handed out first (what was freed has
# the time of it as its position, so it comes last). `first` and `last` are 32 hexadecimal digits,
# so that IPv6 fits and text order is number order. See db/free_ranges.py.
free_ranges = Table(
    "free_ranges",
    METADATA,
    Column("pool", String(128), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("first", String(32), nullable=False),
    Column("last", String(32), nullable=False),
    Index("ix_free_ranges_pool_first", "pool", "first"),
)

network_segment_ranges = Table(
    "network_segment_ranges",
    METADATA,
    _id(),
    Column("name", String(255)),
    Column("default", Boolean, nullable=False, default=False),
    Column("shared", Boolean, nullable=False),
    Column("project_id", String(255)),
    Column("network_type", String(32), nullable=False),
    Column("physical_network", String(64)),
    Column("minimum", BigInteger, nullable=False),
    Column("maximum", BigInteger, nullable=False),
    *_standard(),
)

# Which hosts are on which physical networks, from the mappings that agents report; with the
# segments' own physical network it says which hosts reach a segment (routed networks).
host_physical_networks = Table(
    "host_physical_networks",
    METADATA,
    Column("host", String(255), primary_key=True),
    Column("physical_network", String(64), primary_key=True, index=True),
)

# Pools of one scope have no addresses in common. `pools` counts the changes of which pools are in
# the scope and what prefixes they have: whoever is about to change that begins by counting it up,
# which makes others wait until it is known.
address_scopes = Table(
    "address_scopes",
    METADATA,
    _id(),
    _project(),
    Column("name", String(255), nullable=False, index=True),
    Column("ip_version", SmallInteger, nullable=False),
    Column("pools", BigInteger, nullable=False, default=0),
    *_standard(),
)

# `default_for` is the IP version of a default pool, else null: the unique key keeps it single.
# `allocations` counts up with each prefix that is allocated, as `pools` of a scope does.
subnetpools = Table(
    "subnetpools",
    METADATA,
    _id(),
    _project(),
    Column("name", String(255), nullable=False, index=True),
    Column("ip_version", SmallInteger, nullable=False),
    Column("prefixes", Json, nullable=False),
    Column("min_prefixlen", Integer, nullable=False),
    Column("max_prefixlen", Integer, nullable=False),
    Column("default_prefixlen", Integer, nullable=False),
    Column("default_quota", BigInteger),
    Column("is_default", Boolean, nullable=False),
    Column("default_for", SmallInteger, unique=True),
    Column("address_scope_id", String(36), ForeignKey("address_scopes.id"), index=True),
    Column("allocations", BigInteger, nullable=False, default=0),
    *_standard(),
)

subnets = Table(
    "subnets",
    METADATA,
    _id(),
    _project(),
    Column(
        "network_id",
        String(36),
        ForeignKey("networks.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("name", String(255), nullable=False, index=True),
    Column("ip_version", SmallInteger, nullable=False),
    Column("cidr", String(64), nullable=False),
    Column("gateway_ip", String(64)),
    Column("enable_dhcp", Boolean, nullable=False),
    Column("ipv6_ra_mode", String(16)),
    Column("ipv6_address_mode", String(16)),
    Column("subnetpool_id", String(36), ForeignKey("subnetpools.id"), index=True),
    Column("segment_id", String(36), ForeignKey("segments.id"), index=True),
    Column("allocation_pools", Json, nullable=False),
    Column("dns_nameservers", Json, nullable=False),
    Column("host_routes", Json, nullable=False),
    Column("service_types", Json, nullable=False),
    Column("dns_publish_fixed_ip", Boolean, nullable=False),
    *_standard(),
)

ports = Table(
    "ports",
    METADATA,
    _id(),
    Column("project_id", String(255), nullable=False, default=""),
    Column(
        "network_id",
        String(36),
        ForeignKey("networks.id"),
        nullable=False,
    ),
    Column("name", String(255), nullable=False, index=True),
    Column("mac_address", String(32), nullable=False),
    Column("admin_state_up", Boolean, nullable=False),
    Column("status", String(16), nullable=False),
    Column("device_id", String(255), nullable=False, index=True),
    Column("device_owner", String(255), nullable=False, index=True),
    # of the port extensions
    Column("port_security_enabled", Boolean, nullable=False),
    Column("allowed_address_pairs", Json, nullable=False),
    Column("extra_dhcp_opts", Json, nullable=False),
    # how it came to its addresses: 'immediate', 'deferred' or 'none'
    Column("ip_allocation", String(16), nullable=False, default="immediate"),
    Column("qos_policy_id", String(36), ForeignKey("qos_policies.id"), index=True),
    # what it waits for before it can be ACTIVE, see db/provisioning.py; no attributes
    Column("awaits_l2", Boolean, nullable=False, default=False),
    Column("awaits_dhcp", Boolean, nullable=False, default=False),
    Column("propagate_uplink_status", Boolean, nullable=False, default=True),
    Column("numa_affinity_policy", String(16)),
    Column("device_profile", String(255)),
    Column("hints", Json),
    Column("hardware_offload_type", String(16)),
    Column("trusted", Boolean),
    Column("data_plane_status", String(16)),
    Column("dns_name", String(255), nullable=False, default=""),
    Column("dns_domain", String(255), nullable=False, default=""),
    Column("pvlan_type", String(16)),
    Column("pvlan_community", String(255)),
    # Whose its network is, if that is another project: it sees the port, too. It never changes, and
    # two indexes of one table are cheaper than a join for every list.
    Column("other_project_id", String(255)),
    *_standard(),
    UniqueConstraint("network_id", "mac_address"),
    # with the id, so that a page of what a project sees is read in order
    Index("ix_ports_project_id_id", "project_id", "id"),
    Index("ix_ports_other_project_id_id", "other_project_id", "id"),
)

# The addresses of ports; the primary key is what makes an address exclusive.
# `uses` counts what came to lead to it: floating IPs, port forwardings, NDP proxies. Counting it up
# they wait for those who take it from its port, and let them wait; of two on different nodes of a
# Galera cluster one is tried again, as the row really changes.
ip_allocations = Table(
    "ip_allocations",
    METADATA,
    Column("subnet_id", String(36), ForeignKey("subnets.id"), primary_key=True),
    Column("ip_address", String(64), primary_key=True),
    Column(
        "port_id",
        String(36),
        ForeignKey("ports.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("network_id", String(36), nullable=False),
    Column("uses", Integer, nullable=False, server_default="0"),
    Index("ix_ip_allocations_address", "ip_address"),
)

port_security_groups = Table(
    "port_security_groups",
    METADATA,
    Column("port_id", String(36), ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "security_group_id",
        String(36),
        ForeignKey("security_groups.id"),
        primary_key=True,
        index=True,
    ),
)

# One row per port and host. An unbound port has host '' and vif_type 'unbound'.
# status is ACTIVE or INACTIVE (a second binding, for live migration).
port_bindings = Table(
    "port_bindings",
    METADATA,
    Column("port_id", String(36), ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True),
    Column("host", String(255), primary_key=True, index=True),
    Column("status", String(16), nullable=False),
    Column("vnic_type", String(64), nullable=False),
    Column("profile", Json, nullable=False),
    Column("vif_type", String(64), nullable=False),
    Column("vif_details", Json, nullable=False),
)

port_binding_levels = Table(
    "port_binding_levels",
    METADATA,
    Column("port_id", String(36), ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True),
    Column("host", String(255), primary_key=True),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("driver", String(64), nullable=False),
    Column("segment_id", String(36), ForeignKey("segments.id"), index=True),
)

# Where a distributed port is: on each of these hosts at once, with levels of its own there. Its row
# in `port_bindings` names no host.
distributed_bindings = Table(
    "distributed_bindings",
    METADATA,
    Column("port_id", String(36), ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True),
    Column("host", String(255), primary_key=True, index=True),
    Column("status", String(16), nullable=False),
    Column("vif_type", String(64), nullable=False),
    Column("vif_details", Json, nullable=False),
)

# The last attempts to bind a port, as they are shown by its binding-explanation.
binding_explanations = Table(
    "binding_explanations",
    METADATA,
    Column("port_id", String(36), ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True),
    Column("attempts", Json, nullable=False),
)

security_groups = Table(
    "security_groups",
    METADATA,
    _id(),
    _project(),
    Column("name", String(255), nullable=False, index=True),
    Column("stateful", Boolean, nullable=False),
    *_standard(),
)

# Which group is a project's default one; the primary key keeps it single under concurrency.
default_security_groups = Table(
    "default_security_groups",
    METADATA,
    Column("project_id", String(255), primary_key=True),
    Column(
        "security_group_id",
        String(36),
        ForeignKey("security_groups.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
)

# How new groups of a project are, stateful or not, where a request does not say it; the row without
# a project ('') is for all projects without one.
security_groups_default_statefulness = Table(
    "security_groups_default_statefulness",
    METADATA,
    _id(),
    Column("project_id", String(255), nullable=False, unique=True),
    Column("stateful", Boolean, nullable=False),
)

address_groups = Table(
    "address_groups",
    METADATA,
    _id(),
    _project(),
    Column("name", String(255), nullable=False, index=True),
    Column("addresses", Json, nullable=False),
    *_standard(),
)

security_group_rules = Table(
    "security_group_rules",
    METADATA,
    _id(),
    _project(),
    Column(
        "security_group_id",
        String(36),
        ForeignKey("security_groups.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("direction", String(16), nullable=False),
    Column("ethertype", String(8), nullable=False),
    Column("protocol", String(40)),
    Column("port_range_min", Integer),
    Column("port_range_max", Integer),
    Column(
        "remote_group_id",
        String(36),
        ForeignKey("security_groups.id", ondelete="CASCADE"),
        index=True,
    ),
    Column("remote_address_group_id", String(36), ForeignKey("address_groups.id"), index=True),
    Column("remote_ip_prefix", String(64)),
    Column("normalized_cidr", String(64)),
    *_standard(),
)

# The rules that new groups are born with. With `remote_is_group` the remote side is the new group
# itself.
default_security_group_rules = Table(
    "default_security_group_rules",
    METADATA,
    _id(),
    Column("direction", String(16), nullable=False),
    Column("ethertype", String(8), nullable=False),
    Column("protocol", String(40)),
    Column("port_range_min", Integer),
    Column("port_range_max", Integer),
    Column("remote_is_group", Boolean, nullable=False),
    Column(
        "remote_group_id",
        String(36),
        ForeignKey("security_groups.id", ondelete="CASCADE"),
        index=True,
    ),
    Column("remote_address_group_id", String(36), ForeignKey("address_groups.id"), index=True),
    Column("remote_ip_prefix", String(64)),
    Column("description", String(255), nullable=False),
    Column("used_in_default_sg", Boolean, nullable=False),
    Column("used_in_non_default_sg", Boolean, nullable=False),
)

agents = Table(
    "agents",
    METADATA,
    _id(),
    Column("agent_type", String(64), nullable=False),
    Column("binary", String(255), nullable=False),
    Column("host", String(255), nullable=False, index=True),
    Column("topic", String(255), nullable=False),
    Column("availability_zone", String(255)),
    Column("admin_state_up", Boolean, nullable=False),
    Column("description", String(255)),
    Column("created_at", String(20), nullable=False),
    Column("started_at", String(20), nullable=False),
    Column("heartbeat_timestamp", String(20), nullable=False),
    Column("configurations", Json, nullable=False),
    Column("resource_versions", Json),
    Column("load", Integer, nullable=False, default=0),
    Column("resources_synced", Boolean),
    UniqueConstraint("agent_type", "host"),
)

# Which DHCP agents serve which networks. `binding_index` counts from 1: its unique key makes each
# of the places that a network has among the agents exclusive.
network_dhcp_agents = Table(
    "network_dhcp_agents",
    METADATA,
    Column(
        "network_id", String(36), ForeignKey("networks.id", ondelete="CASCADE"), primary_key=True
    ),
    Column(
        "agent_id",
        String(36),
        ForeignKey("agents.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    Column("binding_index", Integer, nullable=False),
    UniqueConstraint("network_id", "binding_index"),
)

# Where the tunnels of hosts end, one row per type of tunnels; an address belongs to one host.
tunnel_endpoints = Table(
    "tunnel_endpoints",
    METADATA,
    Column("tunnel_type", String(32), primary_key=True),
    Column("host", String(255), primary_key=True),
    Column("ip_address", String(64), nullable=False),
    UniqueConstraint("tunnel_type", "ip_address"),
)

# The MAC address that distributed routers of a host have towards other hosts.
dvr_host_macs = Table(
    "dvr_host_macs",
    METADATA,
    Column("host", String(255), primary_key=True),
    Column("mac_address", String(32), nullable=False, unique=True),
)

# Who besides its owner may see an object, and how. `target_project` is a project or '*'. What a
# network's ``shared`` says is read from here. See db/sharing.py.
rbac_policies = Table(
    "rbac_policies",
    METADATA,
    _id(),
    _project(),
    Column("object_type", String(32), nullable=False),
    Column("object_id", String(36), nullable=False),
    Column("action", String(32), nullable=False),
    Column("target_project", String(255), nullable=False),
    UniqueConstraint("object_id", "action", "target_project"),
    Index("ix_rbac_policies_target", "target_project", "object_type", "action", "object_id"),
)

# How many resources of a kind a project may have, where it is not as many as any other; and what
# makes creates of one project wait for each other before they are counted. See db/quotas.py.
quotas = Table(
    "quotas",
    METADATA,
    Column("project_id", String(255), primary_key=True),
    Column("resource", String(64), primary_key=True),
    Column("hard_limit", Integer),
    Column("claims", BigInteger, nullable=False),
)

tags = Table(
    "tags",
    METADATA,
    Column("resource_id", String(36), primary_key=True),
    Column("tag", String(255), primary_key=True),
)

# Every committed change, in the transaction that made it. See db/journal.py.
journal = Table(
    "journal",
    METADATA,
    Column("seq", _SERIAL, primary_key=True, autoincrement=True),
    Column("at", String(20), nullable=False),
    Column("resource", String(32), nullable=False),
    Column("resource_id", String(64), nullable=False, index=True),
    Column("event", String(32), nullable=False),
    Column("project_id", String(255), nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("actor", String(255), nullable=False),
    Column("details", Json),  # what followers need that cannot be read later
    sqlite_autoincrement=True,  # a number must not come again when the newest entries are pruned
)

# How far each reader of the journal has come, the gaps below that point which a transaction still
# open then may yet fill, and which process reads for it at the moment. See db/journal.py.
journal_readers = Table(
    "journal_readers",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("gaps", Json, nullable=False),
    Column("holder", String(64), nullable=False, default=""),
    Column("held_until", String(20), nullable=False, default=""),
)

# Postcommit hooks that are due: written in the transaction of the change, removed when the hooks
# of all drivers have run; what is left after a crash or a failure is repeated.
postcommits = Table(
    "postcommits",
    METADATA,
    _id(),
    Column("hook", String(64), nullable=False),
    Column("resource_id", String(36), nullable=False, index=True),
    Column("payload", Json, nullable=False),
    Column("drivers", Json, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", String(20), nullable=False, index=True),
    Column("error", Text),
)


def _same_everywhere(metadata: MetaData) -> None:
    """Make texts compare and sort alike on every database: by code point, case and all.

    SQLite does so by itself; MariaDB's default ignores case, PostgreSQL's is the server's locale.
    Applied to all tables here, so that none can forget it.
    """
    for table in metadata.tables.values():
        options = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
        for option, value in options.items():
            table.dialect_kwargs[f"mysql_{option}"] = value
        for column in table.columns:
            if type(column.type) is String:
                exact = String(column.type.length, collation="C")
                column.type = column.type.with_variant(exact, "postgresql")


_same_everywhere(METADATA)
