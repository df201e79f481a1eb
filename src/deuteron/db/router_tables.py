"""The tables of routing; `deuteron.db.tables` says what holds for all tables.

Whoever changes a router, its interfaces, gateways or routes begins by counting up its revision:
that locks the row, so that what is checked afterwards stays true until the commit.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from deuteron.db.columns import METADATA, Json, own_id, project, standard


def _router(*, primary_key: bool = False, index: bool = False) -> Column[str]:
    return Column(
        "router_id",
        String(36),
        ForeignKey("routers.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
        index=index or None,
    )


def _agent(*, index: bool = False) -> Column[str]:
    return Column(
        "agent_id",
        String(36),
        ForeignKey("agents.id", ondelete="CASCADE"),
        primary_key=True,
        index=index or None,
    )


# `gw_port_id` is the first of its gateways, the one that clients know as external_gateway_info.
# `ha_vr_id` is the VRRP group (RFC 5798, 5.2.3) of a highly available one. `uses` counts what came
# to lead through it: a floating IP or port forwarding begins by counting it up, which makes it wait
# for those who change the router, and them for it.
routers = Table(
    "routers",
    METADATA,
    own_id(),
    project(),
    Column("name", String(255), nullable=False, index=True),
    Column("admin_state_up", Boolean, nullable=False),
    Column("status", String(16), nullable=False),
    Column("gw_port_id", String(36), ForeignKey("ports.id"), unique=True),
    Column("enable_snat", Boolean, nullable=False),
    Column("distributed", Boolean, nullable=False),
    Column("ha", Boolean, nullable=False),
    Column("ha_vr_id", Integer),
    Column("flavor_id", String(36), ForeignKey("flavors.id"), index=True),
    Column("availability_zone_hints", Json),
    Column("enable_default_route_ecmp", Boolean, nullable=False),
    Column("enable_default_route_bfd", Boolean, nullable=False),
    Column("enable_ndp_proxy", Boolean, nullable=False),
    # of the first gateway
    Column("qos_policy_id", String(36), ForeignKey("qos_policies.id"), index=True),
    Column("uses", BigInteger, nullable=False, default=0),
    *standard(),
)

# The ports that a router has: what makes a port one of a router is this row, not what its
# device_id says. `owner` is the device_owner with which it was made.
router_ports = Table(
    "router_ports",
    METADATA,
    Column("port_id", String(36), ForeignKey("ports.id"), primary_key=True),
    _router(),
    Column("owner", String(255), nullable=False),
    Index("ix_router_ports_router_id_owner", "router_id", "owner"),
)

router_routes = Table(
    "router_routes",
    METADATA,
    _router(primary_key=True),
    Column("destination", String(64), primary_key=True),
    Column("nexthop", String(64), primary_key=True),
)

# --- floating IPs ---------------------------------------------------------------------------------

# The unique key gives an address of a port one floating IP on a network at most. `had_router_id`
# is the router of the last association, whose agents still have to take it away.
floatingips = Table(
    "floatingips",
    METADATA,
    own_id(),
    project(),
    Column("floating_ip_address", String(64), nullable=False, index=True),
    Column("floating_network_id", String(36), ForeignKey("networks.id"), nullable=False),
    Column("floating_port_id", String(36), ForeignKey("ports.id"), nullable=False, unique=True),
    Column("fixed_port_id", String(36), ForeignKey("ports.id"), index=True),
    Column("fixed_ip_address", String(64)),
    Column("router_id", String(36), ForeignKey("routers.id"), index=True),
    Column("had_router_id", String(36), index=True),
    Column("status", String(16), nullable=False),
    Column("qos_policy_id", String(36), ForeignKey("qos_policies.id"), index=True),
    Column("dns_name", String(255), nullable=False, default=""),
    Column("dns_domain", String(255), nullable=False, default=""),
    *standard(),
    UniqueConstraint("floating_network_id", "fixed_port_id", "fixed_ip_address"),
)

# Ports of a floating IP that lead to ports inside: as many, or all of them to one. A single port is
# a range of one. Whoever changes those of a floating IP begins by counting its revision up.
port_forwardings = Table(
    "port_forwardings",
    METADATA,
    own_id(),
    Column(
        "floatingip_id",
        String(36),
        ForeignKey("floatingips.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("protocol", String(16), nullable=False),
    Column("external_port_start", Integer, nullable=False),
    Column("external_port_end", Integer, nullable=False),
    Column("internal_port_id", String(36), ForeignKey("ports.id"), nullable=False, index=True),
    Column("internal_ip_address", String(64), nullable=False),
    Column("internal_port_start", Integer, nullable=False),
    Column("internal_port_end", Integer, nullable=False),
    *standard(described_by=1024),
)

# --- what else a router does ----------------------------------------------------------------------

conntrack_helpers = Table(
    "conntrack_helpers",
    METADATA,
    own_id(),
    _router(),
    Column("protocol", String(16), nullable=False),
    Column("port", Integer, nullable=False),
    Column("helper", String(64), nullable=False),
    UniqueConstraint("router_id", "protocol", "port", "helper"),
)

ndp_proxies = Table(
    "ndp_proxies",
    METADATA,
    own_id(),
    project(),
    Column("name", String(255), nullable=False, index=True),
    Column("router_id", String(36), ForeignKey("routers.id"), nullable=False, index=True),
    Column("port_id", String(36), ForeignKey("ports.id"), nullable=False, index=True),
    Column("ip_address", String(64), nullable=False),
    *standard(),
    UniqueConstraint("port_id", "ip_address"),
)

# --- where routers are ----------------------------------------------------------------------------

# Which L3 agents have which routers. `binding_index` counts from 1: its unique key makes each of
# the places that a router has among the agents exclusive. Of a highly available router there are
# the port that keepalived of this agent talks through, and what it has said: active or standby.
router_l3_agents = Table(
    "router_l3_agents",
    METADATA,
    _router(primary_key=True),
    _agent(index=True),
    Column("binding_index", Integer, nullable=False),
    Column("ha_port_id", String(36), ForeignKey("ports.id"), unique=True),
    Column("ha_state", String(16)),
    UniqueConstraint("router_id", "binding_index"),
)

# The hidden network over which the agents of a project's highly available routers talk.
ha_networks = Table(
    "ha_networks",
    METADATA,
    Column("project_id", String(255), primary_key=True),
    Column("network_id", String(36), ForeignKey("networks.id"), nullable=False, unique=True),
)

# VRRP groups that are taken on a hidden network, which stays as long as there is one; the primary
# key makes each exclusive.
ha_vr_ids = Table(
    "ha_vr_ids",
    METADATA,
    Column("network_id", String(36), ForeignKey("networks.id"), primary_key=True),
    Column("vr_id", Integer, primary_key=True, autoincrement=False),
    Column(
        "router_id",
        String(36),
        ForeignKey("routers.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
)

# The port that all distributed routers of an agent share on an external network, for floating IPs.
dvr_gateway_ports = Table(
    "dvr_gateway_ports",
    METADATA,
    Column("network_id", String(36), ForeignKey("networks.id"), primary_key=True),
    _agent(index=True),
    Column(
        "port_id",
        String(36),
        ForeignKey("ports.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
)
