"""The tables of service plugins; `deuteron.db.tables` says what holds for all tables."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from deuteron.db.columns import METADATA, own_id, project, standard

# --- QoS ------------------------------------------------------------------------------------------

qos_policies = Table(
    "qos_policies",
    METADATA,
    own_id(),
    project(),
    Column("name", String(255), nullable=False, index=True),
    *standard(),
)

# Which policy new networks of a project have; the primary key keeps it single under concurrency.
qos_default_policies = Table(
    "qos_default_policies",
    METADATA,
    Column("project_id", String(255), primary_key=True),
    Column(
        "policy_id",
        String(36),
        ForeignKey("qos_policies.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
)

# Rules of all types; each type uses some of the numbers. `direction` is '' for types without one.
qos_rules = Table(
    "qos_rules",
    METADATA,
    own_id(),
    Column(
        "qos_policy_id",
        String(36),
        ForeignKey("qos_policies.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("type", String(32), nullable=False),
    Column("direction", String(16), nullable=False),
    Column("max_kbps", Integer),
    Column("max_burst_kbps", Integer),
    Column("min_kbps", Integer),
    Column("max_kpps", Integer),
    Column("max_burst_kpps", Integer),
    Column("min_kpps", Integer),
    Column("dscp_mark", Integer),
    UniqueConstraint("qos_policy_id", "type", "direction"),
)

# --- trunks ---------------------------------------------------------------------------------------

trunks = Table(
    "trunks",
    METADATA,
    own_id(),
    project(),
    Column("name", String(255), nullable=False, index=True),
    Column("admin_state_up", Boolean, nullable=False),
    Column("status", String(16), nullable=False),
    Column("port_id", String(36), ForeignKey("ports.id"), nullable=False, unique=True),
    *standard(),
)

trunk_subports = Table(
    "trunk_subports",
    METADATA,
    Column("port_id", String(36), ForeignKey("ports.id"), primary_key=True),
    Column(
        "trunk_id",
        String(36),
        ForeignKey("trunks.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("segmentation_type", String(32), nullable=False),
    Column("segmentation_id", Integer, nullable=False),
    UniqueConstraint("trunk_id", "segmentation_type", "segmentation_id"),
)

# --- flavors --------------------------------------------------------------------------------------

flavors = Table(
    "flavors",
    METADATA,
    own_id(),
    Column("name", String(255), nullable=False),
    Column("description", String(1024)),
    Column("service_type", String(255), nullable=False),
    Column("enabled", Boolean, nullable=False),
)

service_profiles = Table(
    "service_profiles",
    METADATA,
    own_id(),
    Column("description", String(1024)),
    Column("driver", String(1024), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("metainfo", String(4096)),
)

flavor_service_profiles = Table(
    "flavor_service_profiles",
    METADATA,
    Column("flavor_id", String(36), ForeignKey("flavors.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "service_profile_id",
        String(36),
        ForeignKey("service_profiles.id"),
        primary_key=True,
        index=True,
    ),
)

# --- auto-allocated topologies --------------------------------------------------------------------

# The primary key keeps a project's topology single. The router is another service's.
auto_allocated_topologies = Table(
    "auto_allocated_topologies",
    METADATA,
    Column("project_id", String(255), primary_key=True),
    Column(
        "network_id",
        String(36),
        ForeignKey("networks.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    Column("router_id", String(36), nullable=False),
)

# --- metering -------------------------------------------------------------------------------------

# `rules` counts the changes of the label's rules: whoever adds one begins by counting it up, which
# makes others wait until it is known whether theirs overlaps.
metering_labels = Table(
    "metering_labels",
    METADATA,
    own_id(),
    project(),
    Column("name", String(255), nullable=False),
    Column("description", String(1024), nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("rules", BigInteger, nullable=False, default=0),
)

metering_label_rules = Table(
    "metering_label_rules",
    METADATA,
    own_id(),
    Column(
        "metering_label_id",
        String(36),
        ForeignKey("metering_labels.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("direction", String(16), nullable=False),
    Column("excluded", Boolean, nullable=False),
    Column("remote_ip_prefix", String(64)),
    Column("source_ip_prefix", String(64)),
    Column("destination_ip_prefix", String(64)),
)
