"""Create the tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None


def _text(length: int) -> sa.String:
    """A text that compares and sorts by code point on every database."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "address_groups",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column(
            "addresses",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=False,
        ),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_groups")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_address_groups_name"), "address_groups", ["name"], unique=False)
    op.create_index(
        op.f("ix_address_groups_project_id"), "address_groups", ["project_id"], unique=False
    )
    op.create_table(
        "address_scopes",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column("ip_version", sa.SmallInteger(), nullable=False),
        sa.Column("pools", sa.BigInteger(), nullable=False),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_scopes")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_address_scopes_name"), "address_scopes", ["name"], unique=False)
    op.create_index(
        op.f("ix_address_scopes_project_id"), "address_scopes", ["project_id"], unique=False
    )
    op.create_table(
        "agents",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("agent_type", _text(64), nullable=False),
        sa.Column("binary", _text(255), nullable=False),
        sa.Column("host", _text(255), nullable=False),
        sa.Column("topic", _text(255), nullable=False),
        sa.Column("availability_zone", _text(255), nullable=True),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("started_at", _text(20), nullable=False),
        sa.Column("heartbeat_timestamp", _text(20), nullable=False),
        sa.Column(
            "configurations",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=False,
        ),
        sa.Column(
            "resource_versions",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=True,
        ),
        sa.Column("load", sa.Integer(), nullable=False),
        sa.Column("resources_synced", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("agent_type", "host", name=op.f("uq_agents_agent_type_host")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_agents_host"), "agents", ["host"], unique=False)
    op.create_table(
        "dvr_host_macs",
        sa.Column("host", _text(255), nullable=False),
        sa.Column("mac_address", _text(32), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_dvr_host_macs")),
        sa.UniqueConstraint("mac_address", name=op.f("uq_dvr_host_macs_mac_address")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "flavors",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column("description", _text(1024), nullable=True),
        sa.Column("service_type", _text(255), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flavors")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "free_ranges",
        sa.Column("pool", _text(128), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", _text(32), nullable=False),
        sa.Column("last", _text(32), nullable=False),
        sa.PrimaryKeyConstraint("pool", "position", name=op.f("pk_free_ranges")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_free_ranges_pool_first", "free_ranges", ["pool", "first"], unique=False)
    op.create_table(
        "host_physical_networks",
        sa.Column("host", _text(255), nullable=False),
        sa.Column("physical_network", _text(64), nullable=False),
        sa.PrimaryKeyConstraint("host", "physical_network", name=op.f("pk_host_physical_networks")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_host_physical_networks_physical_network"),
        "host_physical_networks",
        ["physical_network"],
        unique=False,
    )
    op.create_table(
        "journal",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", _text(20), nullable=False),
        sa.Column("resource", _text(32), nullable=False),
        sa.Column("resource_id", _text(64), nullable=False),
        sa.Column("event", _text(32), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("request_id", _text(64), nullable=False),
        sa.Column("actor", _text(255), nullable=False),
        sa.Column(
            "details", sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"), nullable=True
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_journal_resource_id"), "journal", ["resource_id"], unique=False)
    op.create_table(
        "journal_readers",
        sa.Column("name", _text(64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column(
            "gaps", sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"), nullable=False
        ),
        sa.Column("holder", _text(64), nullable=False),
        sa.Column("held_until", _text(20), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_journal_readers")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "metering_labels",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column("description", _text(1024), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("rules", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metering_labels")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_metering_labels_project_id"), "metering_labels", ["project_id"], unique=False
    )
    op.create_table(
        "network_segment_ranges",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("name", _text(255), nullable=True),
        sa.Column("default", sa.Boolean(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("project_id", _text(255), nullable=True),
        sa.Column("network_type", _text(32), nullable=False),
        sa.Column("physical_network", _text(64), nullable=True),
        sa.Column("minimum", sa.BigInteger(), nullable=False),
        sa.Column("maximum", sa.BigInteger(), nullable=False),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_segment_ranges")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "postcommits",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("hook", _text(64), nullable=False),
        sa.Column("resource_id", _text(36), nullable=False),
        sa.Column(
            "payload", sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"), nullable=False
        ),
        sa.Column(
            "drivers", sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", _text(20), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postcommits")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_postcommits_due_at"), "postcommits", ["due_at"], unique=False)
    op.create_index(
        op.f("ix_postcommits_resource_id"), "postcommits", ["resource_id"], unique=False
    )
    op.create_table(
        "qos_policies",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qos_policies")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_qos_policies_name"), "qos_policies", ["name"], unique=False)
    op.create_index(
        op.f("ix_qos_policies_project_id"), "qos_policies", ["project_id"], unique=False
    )
    op.create_table(
        "quotas",
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("resource", _text(64), nullable=False),
        sa.Column("hard_limit", sa.Integer(), nullable=True),
        sa.Column("claims", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "resource", name=op.f("pk_quotas")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "rbac_policies",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("object_type", _text(32), nullable=False),
        sa.Column("object_id", _text(36), nullable=False),
        sa.Column("action", _text(32), nullable=False),
        sa.Column("target_project", _text(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rbac_policies")),
        sa.UniqueConstraint(
            "object_id",
            "action",
            "target_project",
            name=op.f("uq_rbac_policies_object_id_action_target_project"),
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_rbac_policies_project_id"), "rbac_policies", ["project_id"], unique=False
    )
    op.create_index(
        "ix_rbac_policies_target",
        "rbac_policies",
        ["target_project", "object_type", "action", "object_id"],
        unique=False,
    )
    op.create_table(
        "security_groups",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column("stateful", sa.Boolean(), nullable=False),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_groups")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_security_groups_name"), "security_groups", ["name"], unique=False)
    op.create_index(
        op.f("ix_security_groups_project_id"), "security_groups", ["project_id"], unique=False
    )
    op.create_table(
        "security_groups_default_statefulness",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("stateful", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_groups_default_statefulness")),
        sa.UniqueConstraint(
            "project_id", name=op.f("uq_security_groups_default_statefulness_project_id")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "segment_claims",
        sa.Column("network_type", _text(32), nullable=False),
        sa.Column("physical_network", _text(64), nullable=False),
        sa.Column("segmentation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "network_type", "physical_network", "segmentation_id", name=op.f("pk_segment_claims")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "service_profiles",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("description", _text(1024), nullable=True),
        sa.Column("driver", _text(1024), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("metainfo", _text(4096), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_profiles")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "tags",
        sa.Column("resource_id", _text(36), nullable=False),
        sa.Column("tag", _text(255), nullable=False),
        sa.PrimaryKeyConstraint("resource_id", "tag", name=op.f("pk_tags")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "tunnel_endpoints",
        sa.Column("tunnel_type", _text(32), nullable=False),
        sa.Column("host", _text(255), nullable=False),
        sa.Column("ip_address", _text(64), nullable=False),
        sa.PrimaryKeyConstraint("tunnel_type", "host", name=op.f("pk_tunnel_endpoints")),
        sa.UniqueConstraint(
            "tunnel_type", "ip_address", name=op.f("uq_tunnel_endpoints_tunnel_type_ip_address")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "default_security_group_rules",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("direction", _text(16), nullable=False),
        sa.Column("ethertype", _text(8), nullable=False),
        sa.Column("protocol", _text(40), nullable=True),
        sa.Column("port_range_min", sa.Integer(), nullable=True),
        sa.Column("port_range_max", sa.Integer(), nullable=True),
        sa.Column("remote_is_group", sa.Boolean(), nullable=False),
        sa.Column("remote_group_id", _text(36), nullable=True),
        sa.Column("remote_address_group_id", _text(36), nullable=True),
        sa.Column("remote_ip_prefix", _text(64), nullable=True),
        sa.Column("description", _text(255), nullable=False),
        sa.Column("used_in_default_sg", sa.Boolean(), nullable=False),
        sa.Column("used_in_non_default_sg", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["remote_address_group_id"],
            ["address_groups.id"],
            name=op.f("fk_default_security_group_rules_remote_address_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["remote_group_id"],
            ["security_groups.id"],
            name=op.f("fk_default_security_group_rules_remote_group_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_default_security_group_rules")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_default_security_group_rules_remote_address_group_id"),
        "default_security_group_rules",
        ["remote_address_group_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_default_security_group_rules_remote_group_id"),
        "default_security_group_rules",
        ["remote_group_id"],
        unique=False,
    )
    op.create_table(
        "default_security_groups",
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("security_group_id", _text(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["security_group_id"],
            ["security_groups.id"],
            name=op.f("fk_default_security_groups_security_group_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_default_security_groups")),
        sa.UniqueConstraint(
            "security_group_id", name=op.f("uq_default_security_groups_security_group_id")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "flavor_service_profiles",
        sa.Column("flavor_id", _text(36), nullable=False),
        sa.Column("service_profile_id", _text(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["flavor_id"],
            ["flavors.id"],
            name=op.f("fk_flavor_service_profiles_flavor_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["service_profile_id"],
            ["service_profiles.id"],
            name=op.f("fk_flavor_service_profiles_service_profile_id"),
        ),
        sa.PrimaryKeyConstraint(
            "flavor_id", "service_profile_id", name=op.f("pk_flavor_service_profiles")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_flavor_service_profiles_service_profile_id"),
        "flavor_service_profiles",
        ["service_profile_id"],
        unique=False,
    )
    op.create_table(
        "metering_label_rules",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("metering_label_id", _text(36), nullable=False),
        sa.Column("direction", _text(16), nullable=False),
        sa.Column("excluded", sa.Boolean(), nullable=False),
        sa.Column("remote_ip_prefix", _text(64), nullable=True),
        sa.Column("source_ip_prefix", _text(64), nullable=True),
        sa.Column("destination_ip_prefix", _text(64), nullable=True),
        sa.ForeignKeyConstraint(
            ["metering_label_id"],
            ["metering_labels.id"],
            name=op.f("fk_metering_label_rules_metering_label_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metering_label_rules")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_metering_label_rules_metering_label_id"),
        "metering_label_rules",
        ["metering_label_id"],
        unique=False,
    )
    op.create_table(
        "networks",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("status", _text(16), nullable=False),
        sa.Column("external", sa.Boolean(), nullable=False),
        sa.Column("mtu", sa.Integer(), nullable=False),
        sa.Column("port_security_enabled", sa.Boolean(), nullable=False),
        sa.Column("qos_policy_id", _text(36), nullable=True),
        sa.Column(
            "availability_zone_hints",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=True,
        ),
        sa.Column("default_external", sa.Boolean(), nullable=True),
        sa.Column("dns_domain", _text(255), nullable=False),
        sa.Column("vlan_transparent", sa.Boolean(), nullable=False),
        sa.Column("qinq", sa.Boolean(), nullable=False),
        sa.Column("pvlan", sa.Boolean(), nullable=False),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["qos_policy_id"], ["qos_policies.id"], name=op.f("fk_networks_qos_policy_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_networks")),
        sa.UniqueConstraint("default_external", name=op.f("uq_networks_default_external")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_networks_name"), "networks", ["name"], unique=False)
    op.create_index(op.f("ix_networks_project_id"), "networks", ["project_id"], unique=False)
    op.create_index(op.f("ix_networks_qos_policy_id"), "networks", ["qos_policy_id"], unique=False)
    op.create_table(
        "qos_default_policies",
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("policy_id", _text(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["policy_id"],
            ["qos_policies.id"],
            name=op.f("fk_qos_default_policies_policy_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_qos_default_policies")),
        sa.UniqueConstraint("policy_id", name=op.f("uq_qos_default_policies_policy_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "qos_rules",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("qos_policy_id", _text(36), nullable=False),
        sa.Column("type", _text(32), nullable=False),
        sa.Column("direction", _text(16), nullable=False),
        sa.Column("max_kbps", sa.Integer(), nullable=True),
        sa.Column("max_burst_kbps", sa.Integer(), nullable=True),
        sa.Column("min_kbps", sa.Integer(), nullable=True),
        sa.Column("max_kpps", sa.Integer(), nullable=True),
        sa.Column("max_burst_kpps", sa.Integer(), nullable=True),
        sa.Column("min_kpps", sa.Integer(), nullable=True),
        sa.Column("dscp_mark", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["qos_policy_id"],
            ["qos_policies.id"],
            name=op.f("fk_qos_rules_qos_policy_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qos_rules")),
        sa.UniqueConstraint(
            "qos_policy_id",
            "type",
            "direction",
            name=op.f("uq_qos_rules_qos_policy_id_type_direction"),
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "security_group_rules",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("security_group_id", _text(36), nullable=False),
        sa.Column("direction", _text(16), nullable=False),
        sa.Column("ethertype", _text(8), nullable=False),
        sa.Column("protocol", _text(40), nullable=True),
        sa.Column("port_range_min", sa.Integer(), nullable=True),
        sa.Column("port_range_max", sa.Integer(), nullable=True),
        sa.Column("remote_group_id", _text(36), nullable=True),
        sa.Column("remote_address_group_id", _text(36), nullable=True),
        sa.Column("remote_ip_prefix", _text(64), nullable=True),
        sa.Column("normalized_cidr", _text(64), nullable=True),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["remote_address_group_id"],
            ["address_groups.id"],
            name=op.f("fk_security_group_rules_remote_address_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["remote_group_id"],
            ["security_groups.id"],
            name=op.f("fk_security_group_rules_remote_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["security_group_id"],
            ["security_groups.id"],
            name=op.f("fk_security_group_rules_security_group_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_group_rules")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_security_group_rules_project_id"),
        "security_group_rules",
        ["project_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_security_group_rules_remote_address_group_id"),
        "security_group_rules",
        ["remote_address_group_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_security_group_rules_remote_group_id"),
        "security_group_rules",
        ["remote_group_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_security_group_rules_security_group_id"),
        "security_group_rules",
        ["security_group_id"],
        unique=False,
    )
    op.create_table(
        "subnetpools",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column("ip_version", sa.SmallInteger(), nullable=False),
        sa.Column(
            "prefixes", sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"), nullable=False
        ),
        sa.Column("min_prefixlen", sa.Integer(), nullable=False),
        sa.Column("max_prefixlen", sa.Integer(), nullable=False),
        sa.Column("default_prefixlen", sa.Integer(), nullable=False),
        sa.Column("default_quota", sa.BigInteger(), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("default_for", sa.SmallInteger(), nullable=True),
        sa.Column("address_scope_id", _text(36), nullable=True),
        sa.Column("allocations", sa.BigInteger(), nullable=False),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["address_scope_id"],
            ["address_scopes.id"],
            name=op.f("fk_subnetpools_address_scope_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subnetpools")),
        sa.UniqueConstraint("default_for", name=op.f("uq_subnetpools_default_for")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_subnetpools_address_scope_id"), "subnetpools", ["address_scope_id"], unique=False
    )
    op.create_index(op.f("ix_subnetpools_name"), "subnetpools", ["name"], unique=False)
    op.create_index(op.f("ix_subnetpools_project_id"), "subnetpools", ["project_id"], unique=False)
    op.create_table(
        "auto_allocated_topologies",
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("network_id", _text(36), nullable=False),
        sa.Column("router_id", _text(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"],
            ["networks.id"],
            name=op.f("fk_auto_allocated_topologies_network_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_auto_allocated_topologies")),
        sa.UniqueConstraint("network_id", name=op.f("uq_auto_allocated_topologies_network_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "ha_networks",
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("network_id", _text(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"], ["networks.id"], name=op.f("fk_ha_networks_network_id")
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_ha_networks")),
        sa.UniqueConstraint("network_id", name=op.f("uq_ha_networks_network_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "network_dhcp_agents",
        sa.Column("network_id", _text(36), nullable=False),
        sa.Column("agent_id", _text(36), nullable=False),
        sa.Column("binding_index", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agents.id"],
            name=op.f("fk_network_dhcp_agents_agent_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["network_id"],
            ["networks.id"],
            name=op.f("fk_network_dhcp_agents_network_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("network_id", "agent_id", name=op.f("pk_network_dhcp_agents")),
        sa.UniqueConstraint(
            "network_id",
            "binding_index",
            name=op.f("uq_network_dhcp_agents_network_id_binding_index"),
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_network_dhcp_agents_agent_id"), "network_dhcp_agents", ["agent_id"], unique=False
    )
    op.create_table(
        "ports",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("network_id", _text(36), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column("mac_address", _text(32), nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("status", _text(16), nullable=False),
        sa.Column("device_id", _text(255), nullable=False),
        sa.Column("device_owner", _text(255), nullable=False),
        sa.Column("port_security_enabled", sa.Boolean(), nullable=False),
        sa.Column(
            "allowed_address_pairs",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=False,
        ),
        sa.Column(
            "extra_dhcp_opts",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=False,
        ),
        sa.Column("ip_allocation", _text(16), nullable=False),
        sa.Column("qos_policy_id", _text(36), nullable=True),
        sa.Column("awaits_l2", sa.Boolean(), nullable=False),
        sa.Column("awaits_dhcp", sa.Boolean(), nullable=False),
        sa.Column("propagate_uplink_status", sa.Boolean(), nullable=False),
        sa.Column("numa_affinity_policy", _text(16), nullable=True),
        sa.Column("device_profile", _text(255), nullable=True),
        sa.Column(
            "hints", sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"), nullable=True
        ),
        sa.Column("hardware_offload_type", _text(16), nullable=True),
        sa.Column("trusted", sa.Boolean(), nullable=True),
        sa.Column("data_plane_status", _text(16), nullable=True),
        sa.Column("dns_name", _text(255), nullable=False),
        sa.Column("dns_domain", _text(255), nullable=False),
        sa.Column("pvlan_type", _text(16), nullable=True),
        sa.Column("pvlan_community", _text(255), nullable=True),
        sa.Column("other_project_id", _text(255), nullable=True),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["networks.id"], name=op.f("fk_ports_network_id")),
        sa.ForeignKeyConstraint(
            ["qos_policy_id"], ["qos_policies.id"], name=op.f("fk_ports_qos_policy_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ports")),
        sa.UniqueConstraint(
            "network_id", "mac_address", name=op.f("uq_ports_network_id_mac_address")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_ports_device_id"), "ports", ["device_id"], unique=False)
    op.create_index(op.f("ix_ports_device_owner"), "ports", ["device_owner"], unique=False)
    op.create_index(op.f("ix_ports_name"), "ports", ["name"], unique=False)
    op.create_index(
        "ix_ports_other_project_id_id", "ports", ["other_project_id", "id"], unique=False
    )
    op.create_index("ix_ports_project_id_id", "ports", ["project_id", "id"], unique=False)
    op.create_index(op.f("ix_ports_qos_policy_id"), "ports", ["qos_policy_id"], unique=False)
    op.create_table(
        "segments",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("network_id", _text(36), nullable=False),
        sa.Column("network_type", _text(32), nullable=False),
        sa.Column("physical_network", _text(64), nullable=True),
        sa.Column("segmentation_id", sa.BigInteger(), nullable=True),
        sa.Column("segment_index", sa.Integer(), nullable=False),
        sa.Column("is_dynamic", sa.Boolean(), nullable=False),
        sa.Column("dynamic_place", _text(140), nullable=True),
        sa.Column("name", _text(255), nullable=True),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"], ["networks.id"], name=op.f("fk_segments_network_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
        sa.UniqueConstraint("dynamic_place", name=op.f("uq_segments_dynamic_place")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_segments_network_id"), "segments", ["network_id"], unique=False)
    op.create_index(
        "ix_segments_place",
        "segments",
        ["network_type", "physical_network", "segmentation_id"],
        unique=False,
    )
    op.create_table(
        "binding_explanations",
        sa.Column("port_id", _text(36), nullable=False),
        sa.Column(
            "attempts", sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["port_id"],
            ["ports.id"],
            name=op.f("fk_binding_explanations_port_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("port_id", name=op.f("pk_binding_explanations")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "distributed_bindings",
        sa.Column("port_id", _text(36), nullable=False),
        sa.Column("host", _text(255), nullable=False),
        sa.Column("status", _text(16), nullable=False),
        sa.Column("vif_type", _text(64), nullable=False),
        sa.Column(
            "vif_details",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["port_id"],
            ["ports.id"],
            name=op.f("fk_distributed_bindings_port_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("port_id", "host", name=op.f("pk_distributed_bindings")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_distributed_bindings_host"), "distributed_bindings", ["host"], unique=False
    )
    op.create_table(
        "dvr_gateway_ports",
        sa.Column("network_id", _text(36), nullable=False),
        sa.Column("agent_id", _text(36), nullable=False),
        sa.Column("port_id", _text(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agents.id"],
            name=op.f("fk_dvr_gateway_ports_agent_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["network_id"], ["networks.id"], name=op.f("fk_dvr_gateway_ports_network_id")
        ),
        sa.ForeignKeyConstraint(
            ["port_id"], ["ports.id"], name=op.f("fk_dvr_gateway_ports_port_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("network_id", "agent_id", name=op.f("pk_dvr_gateway_ports")),
        sa.UniqueConstraint("port_id", name=op.f("uq_dvr_gateway_ports_port_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_dvr_gateway_ports_agent_id"), "dvr_gateway_ports", ["agent_id"], unique=False
    )
    op.create_table(
        "port_binding_levels",
        sa.Column("port_id", _text(36), nullable=False),
        sa.Column("host", _text(255), nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("driver", _text(64), nullable=False),
        sa.Column("segment_id", _text(36), nullable=True),
        sa.ForeignKeyConstraint(
            ["port_id"],
            ["ports.id"],
            name=op.f("fk_port_binding_levels_port_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name=op.f("fk_port_binding_levels_segment_id")
        ),
        sa.PrimaryKeyConstraint("port_id", "host", "level", name=op.f("pk_port_binding_levels")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_port_binding_levels_segment_id"),
        "port_binding_levels",
        ["segment_id"],
        unique=False,
    )
    op.create_table(
        "port_bindings",
        sa.Column("port_id", _text(36), nullable=False),
        sa.Column("host", _text(255), nullable=False),
        sa.Column("status", _text(16), nullable=False),
        sa.Column("vnic_type", _text(64), nullable=False),
        sa.Column(
            "profile", sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"), nullable=False
        ),
        sa.Column("vif_type", _text(64), nullable=False),
        sa.Column(
            "vif_details",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["port_id"], ["ports.id"], name=op.f("fk_port_bindings_port_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("port_id", "host", name=op.f("pk_port_bindings")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_port_bindings_host"), "port_bindings", ["host"], unique=False)
    op.create_table(
        "port_security_groups",
        sa.Column("port_id", _text(36), nullable=False),
        sa.Column("security_group_id", _text(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["port_id"],
            ["ports.id"],
            name=op.f("fk_port_security_groups_port_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["security_group_id"],
            ["security_groups.id"],
            name=op.f("fk_port_security_groups_security_group_id"),
        ),
        sa.PrimaryKeyConstraint(
            "port_id", "security_group_id", name=op.f("pk_port_security_groups")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_port_security_groups_security_group_id"),
        "port_security_groups",
        ["security_group_id"],
        unique=False,
    )
    op.create_table(
        "routers",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("status", _text(16), nullable=False),
        sa.Column("gw_port_id", _text(36), nullable=True),
        sa.Column("enable_snat", sa.Boolean(), nullable=False),
        sa.Column("distributed", sa.Boolean(), nullable=False),
        sa.Column("ha", sa.Boolean(), nullable=False),
        sa.Column("ha_vr_id", sa.Integer(), nullable=True),
        sa.Column("flavor_id", _text(36), nullable=True),
        sa.Column(
            "availability_zone_hints",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=True,
        ),
        sa.Column("enable_default_route_ecmp", sa.Boolean(), nullable=False),
        sa.Column("enable_default_route_bfd", sa.Boolean(), nullable=False),
        sa.Column("enable_ndp_proxy", sa.Boolean(), nullable=False),
        sa.Column("qos_policy_id", _text(36), nullable=True),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["flavor_id"], ["flavors.id"], name=op.f("fk_routers_flavor_id")),
        sa.ForeignKeyConstraint(["gw_port_id"], ["ports.id"], name=op.f("fk_routers_gw_port_id")),
        sa.ForeignKeyConstraint(
            ["qos_policy_id"], ["qos_policies.id"], name=op.f("fk_routers_qos_policy_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routers")),
        sa.UniqueConstraint("gw_port_id", name=op.f("uq_routers_gw_port_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_routers_flavor_id"), "routers", ["flavor_id"], unique=False)
    op.create_index(op.f("ix_routers_name"), "routers", ["name"], unique=False)
    op.create_index(op.f("ix_routers_project_id"), "routers", ["project_id"], unique=False)
    op.create_index(op.f("ix_routers_qos_policy_id"), "routers", ["qos_policy_id"], unique=False)
    op.create_table(
        "subnets",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("network_id", _text(36), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column("ip_version", sa.SmallInteger(), nullable=False),
        sa.Column("cidr", _text(64), nullable=False),
        sa.Column("gateway_ip", _text(64), nullable=True),
        sa.Column("enable_dhcp", sa.Boolean(), nullable=False),
        sa.Column("ipv6_ra_mode", _text(16), nullable=True),
        sa.Column("ipv6_address_mode", _text(16), nullable=True),
        sa.Column("subnetpool_id", _text(36), nullable=True),
        sa.Column("segment_id", _text(36), nullable=True),
        sa.Column(
            "allocation_pools",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=False,
        ),
        sa.Column(
            "dns_nameservers",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=False,
        ),
        sa.Column(
            "host_routes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=False,
        ),
        sa.Column(
            "service_types",
            sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"),
            nullable=False,
        ),
        sa.Column("dns_publish_fixed_ip", sa.Boolean(), nullable=False),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"], ["networks.id"], name=op.f("fk_subnets_network_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name=op.f("fk_subnets_segment_id")
        ),
        sa.ForeignKeyConstraint(
            ["subnetpool_id"], ["subnetpools.id"], name=op.f("fk_subnets_subnetpool_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subnets")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_subnets_name"), "subnets", ["name"], unique=False)
    op.create_index(op.f("ix_subnets_network_id"), "subnets", ["network_id"], unique=False)
    op.create_index(op.f("ix_subnets_project_id"), "subnets", ["project_id"], unique=False)
    op.create_index(op.f("ix_subnets_segment_id"), "subnets", ["segment_id"], unique=False)
    op.create_index(op.f("ix_subnets_subnetpool_id"), "subnets", ["subnetpool_id"], unique=False)
    op.create_table(
        "trunks",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("status", _text(16), nullable=False),
        sa.Column("port_id", _text(36), nullable=False),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], name=op.f("fk_trunks_port_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trunks")),
        sa.UniqueConstraint("port_id", name=op.f("uq_trunks_port_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_trunks_name"), "trunks", ["name"], unique=False)
    op.create_index(op.f("ix_trunks_project_id"), "trunks", ["project_id"], unique=False)
    op.create_table(
        "conntrack_helpers",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("router_id", _text(36), nullable=False),
        sa.Column("protocol", _text(16), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("helper", _text(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["router_id"],
            ["routers.id"],
            name=op.f("fk_conntrack_helpers_router_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conntrack_helpers")),
        sa.UniqueConstraint(
            "router_id",
            "protocol",
            "port",
            "helper",
            name=op.f("uq_conntrack_helpers_router_id_protocol_port_helper"),
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "floatingips",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("floating_ip_address", _text(64), nullable=False),
        sa.Column("floating_network_id", _text(36), nullable=False),
        sa.Column("floating_port_id", _text(36), nullable=False),
        sa.Column("fixed_port_id", _text(36), nullable=True),
        sa.Column("fixed_ip_address", _text(64), nullable=True),
        sa.Column("router_id", _text(36), nullable=True),
        sa.Column("had_router_id", _text(36), nullable=True),
        sa.Column("status", _text(16), nullable=False),
        sa.Column("qos_policy_id", _text(36), nullable=True),
        sa.Column("dns_name", _text(255), nullable=False),
        sa.Column("dns_domain", _text(255), nullable=False),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fixed_port_id"], ["ports.id"], name=op.f("fk_floatingips_fixed_port_id")
        ),
        sa.ForeignKeyConstraint(
            ["floating_network_id"],
            ["networks.id"],
            name=op.f("fk_floatingips_floating_network_id"),
        ),
        sa.ForeignKeyConstraint(
            ["floating_port_id"], ["ports.id"], name=op.f("fk_floatingips_floating_port_id")
        ),
        sa.ForeignKeyConstraint(
            ["qos_policy_id"], ["qos_policies.id"], name=op.f("fk_floatingips_qos_policy_id")
        ),
        sa.ForeignKeyConstraint(
            ["router_id"], ["routers.id"], name=op.f("fk_floatingips_router_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_floatingips")),
        sa.UniqueConstraint(
            "floating_network_id",
            "fixed_port_id",
            "fixed_ip_address",
            name=op.f("uq_floatingips_floating_network_id_fixed_port_id_fixed_ip_address"),
        ),
        sa.UniqueConstraint("floating_port_id", name=op.f("uq_floatingips_floating_port_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_floatingips_fixed_port_id"), "floatingips", ["fixed_port_id"], unique=False
    )
    op.create_index(
        op.f("ix_floatingips_floating_ip_address"),
        "floatingips",
        ["floating_ip_address"],
        unique=False,
    )
    op.create_index(
        op.f("ix_floatingips_had_router_id"), "floatingips", ["had_router_id"], unique=False
    )
    op.create_index(op.f("ix_floatingips_project_id"), "floatingips", ["project_id"], unique=False)
    op.create_index(
        op.f("ix_floatingips_qos_policy_id"), "floatingips", ["qos_policy_id"], unique=False
    )
    op.create_index(op.f("ix_floatingips_router_id"), "floatingips", ["router_id"], unique=False)
    op.create_table(
        "ha_vr_ids",
        sa.Column("network_id", _text(36), nullable=False),
        sa.Column("vr_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("router_id", _text(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"], ["networks.id"], name=op.f("fk_ha_vr_ids_network_id")
        ),
        sa.ForeignKeyConstraint(
            ["router_id"], ["routers.id"], name=op.f("fk_ha_vr_ids_router_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("network_id", "vr_id", name=op.f("pk_ha_vr_ids")),
        sa.UniqueConstraint("router_id", name=op.f("uq_ha_vr_ids_router_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "ip_allocations",
        sa.Column("subnet_id", _text(36), nullable=False),
        sa.Column("ip_address", _text(64), nullable=False),
        sa.Column("port_id", _text(36), nullable=False),
        sa.Column("network_id", _text(36), nullable=False),
        sa.Column("uses", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["port_id"], ["ports.id"], name=op.f("fk_ip_allocations_port_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subnet_id"], ["subnets.id"], name=op.f("fk_ip_allocations_subnet_id")
        ),
        sa.PrimaryKeyConstraint("subnet_id", "ip_address", name=op.f("pk_ip_allocations")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_ip_allocations_address", "ip_allocations", ["ip_address"], unique=False)
    op.create_index(op.f("ix_ip_allocations_port_id"), "ip_allocations", ["port_id"], unique=False)
    op.create_table(
        "ndp_proxies",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("project_id", _text(255), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column("router_id", _text(36), nullable=False),
        sa.Column("port_id", _text(36), nullable=False),
        sa.Column("ip_address", _text(64), nullable=False),
        sa.Column("description", _text(255), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], name=op.f("fk_ndp_proxies_port_id")),
        sa.ForeignKeyConstraint(
            ["router_id"], ["routers.id"], name=op.f("fk_ndp_proxies_router_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ndp_proxies")),
        sa.UniqueConstraint(
            "port_id", "ip_address", name=op.f("uq_ndp_proxies_port_id_ip_address")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_ndp_proxies_name"), "ndp_proxies", ["name"], unique=False)
    op.create_index(op.f("ix_ndp_proxies_port_id"), "ndp_proxies", ["port_id"], unique=False)
    op.create_index(op.f("ix_ndp_proxies_project_id"), "ndp_proxies", ["project_id"], unique=False)
    op.create_index(op.f("ix_ndp_proxies_router_id"), "ndp_proxies", ["router_id"], unique=False)
    op.create_table(
        "router_l3_agents",
        sa.Column("router_id", _text(36), nullable=False),
        sa.Column("agent_id", _text(36), nullable=False),
        sa.Column("binding_index", sa.Integer(), nullable=False),
        sa.Column("ha_port_id", _text(36), nullable=True),
        sa.Column("ha_state", _text(16), nullable=True),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agents.id"],
            name=op.f("fk_router_l3_agents_agent_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["ha_port_id"], ["ports.id"], name=op.f("fk_router_l3_agents_ha_port_id")
        ),
        sa.ForeignKeyConstraint(
            ["router_id"],
            ["routers.id"],
            name=op.f("fk_router_l3_agents_router_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("router_id", "agent_id", name=op.f("pk_router_l3_agents")),
        sa.UniqueConstraint("ha_port_id", name=op.f("uq_router_l3_agents_ha_port_id")),
        sa.UniqueConstraint(
            "router_id", "binding_index", name=op.f("uq_router_l3_agents_router_id_binding_index")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_router_l3_agents_agent_id"), "router_l3_agents", ["agent_id"], unique=False
    )
    op.create_table(
        "router_ports",
        sa.Column("port_id", _text(36), nullable=False),
        sa.Column("router_id", _text(36), nullable=False),
        sa.Column("owner", _text(255), nullable=False),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], name=op.f("fk_router_ports_port_id")),
        sa.ForeignKeyConstraint(
            ["router_id"],
            ["routers.id"],
            name=op.f("fk_router_ports_router_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("port_id", name=op.f("pk_router_ports")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        "ix_router_ports_router_id_owner", "router_ports", ["router_id", "owner"], unique=False
    )
    op.create_table(
        "router_routes",
        sa.Column("router_id", _text(36), nullable=False),
        sa.Column("destination", _text(64), nullable=False),
        sa.Column("nexthop", _text(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["router_id"],
            ["routers.id"],
            name=op.f("fk_router_routes_router_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "router_id", "destination", "nexthop", name=op.f("pk_router_routes")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "trunk_subports",
        sa.Column("port_id", _text(36), nullable=False),
        sa.Column("trunk_id", _text(36), nullable=False),
        sa.Column("segmentation_type", _text(32), nullable=False),
        sa.Column("segmentation_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], name=op.f("fk_trunk_subports_port_id")),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["trunks.id"], name=op.f("fk_trunk_subports_trunk_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("port_id", name=op.f("pk_trunk_subports")),
        sa.UniqueConstraint(
            "trunk_id",
            "segmentation_type",
            "segmentation_id",
            name=op.f("uq_trunk_subports_trunk_id_segmentation_type_segmentation_id"),
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "port_forwardings",
        sa.Column("id", _text(36), nullable=False),
        sa.Column("floatingip_id", _text(36), nullable=False),
        sa.Column("protocol", _text(16), nullable=False),
        sa.Column("external_port_start", sa.Integer(), nullable=False),
        sa.Column("external_port_end", sa.Integer(), nullable=False),
        sa.Column("internal_port_id", _text(36), nullable=False),
        sa.Column("internal_ip_address", _text(64), nullable=False),
        sa.Column("internal_port_start", sa.Integer(), nullable=False),
        sa.Column("internal_port_end", sa.Integer(), nullable=False),
        sa.Column("description", _text(1024), nullable=True),
        sa.Column("created_at", _text(20), nullable=False),
        sa.Column("updated_at", _text(20), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["floatingip_id"],
            ["floatingips.id"],
            name=op.f("fk_port_forwardings_floatingip_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["internal_port_id"], ["ports.id"], name=op.f("fk_port_forwardings_internal_port_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_port_forwardings")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_port_forwardings_floatingip_id"),
        "port_forwardings",
        ["floatingip_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_port_forwardings_internal_port_id"),
        "port_forwardings",
        ["internal_port_id"],
        unique=False,
    )
