"""Distributed routers in the database: which hosts need them, and what is theirs on a host."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, or_, select

from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.router_tables import dvr_gateway_ports, router_l3_agents, router_ports, routers
from deuteron.db.tables import agents, distributed_bindings, ip_allocations, port_bindings, ports
from deuteron.db.transaction import Connectable, Transaction
from deuteron.services.l3.kinds import DISTRIBUTED_INTERFACE, GATEWAY

L3_AGENT = "L3 agent"
# Agents that carry distributed routers, and those of them that reach external networks.
MODES = ("dvr", "dvr_snat", "dvr_no_external")
DVR_NO_EXTERNAL = "dvr_no_external"

COMPUTE = "compute:"
DHCP = "network:dhcp"
SERVED = ("neutron:LOADBALANCER", "neutron:LOADBALANCERV2")
"""Owners of ports, beside those of servers, that a distributed router of their host serves."""

_IDS: Any = bindparam("ids", expanding=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """The L3 agent of a host.

    Args:
        id: of the agent.
        host: where it is.
        mode: ``legacy``, ``dvr``, ``dvr_snat`` or ``dvr_no_external``.
    """

    id: str
    host: str
    mode: str

    @property
    def distributes(self) -> bool:
        """Whether it carries distributed routers."""
        return self.mode in MODES


_AGENTS = select(agents.c.id, agents.c.host, agents.c.configurations).where(
    agents.c.agent_type == L3_AGENT
)
_AGENTS_ON = _AGENTS.where(agents.c.host.in_(bindparam("hosts", expanding=True)))


def agents_on(conn: Connectable, hosts: Collection[str]) -> dict[str, Agent]:
    """Host -> its L3 agent, of those that have one: one statement."""
    if not hosts:
        return {}
    return {
        host: Agent(id=agent_id, host=host, mode=str(conf.get("agent_mode") or "legacy"))
        for agent_id, host, conf in conn.execute(_AGENTS_ON, {"hosts": sorted(hosts)})
    }


# --- which hosts need which routers ---------------------------------------------------------------


def is_served(device_owner: str, *, dhcp: bool) -> bool:
    """Whether a distributed router of its host serves a port of this owner.

    Args:
        device_owner: of the port.
        dhcp: those of DHCP agents as well.
    """
    return (
        device_owner.startswith(COMPUTE)
        or device_owner in SERVED
        or (dhcp and device_owner == DHCP)
    )


def _served() -> ColumnElement[bool]:
    return or_(
        ports.c.device_owner.startswith(COMPUTE, autoescape=True),
        ports.c.device_owner.in_(bindparam("owners", expanding=True)),
    )


_inside = ip_allocations.alias("inside")
_OF_INTERFACES = (
    router_ports.join(ip_allocations, ip_allocations.c.port_id == router_ports.c.port_id)
    .join(_inside, _inside.c.subnet_id == ip_allocations.c.subnet_id)
    .join(ports, ports.c.id == _inside.c.port_id)
    # whatever their status: a port that will move needs the router there before it comes
    .join(port_bindings, and_(port_bindings.c.port_id == ports.c.id, port_bindings.c.host != ""))
)
_NEEDING = (
    select(router_ports.c.router_id, port_bindings.c.host)
    .select_from(_OF_INTERFACES)
    .where(router_ports.c.owner == DISTRIBUTED_INTERFACE, _served())
    .distinct()
)
_HOSTS_NEEDING = _NEEDING.where(router_ports.c.router_id.in_(_IDS))
_NEEDED_ON = _NEEDING.where(port_bindings.c.host == bindparam("of_host"))
_other = router_ports.alias("other_ports")
_beside = ports.alias("beside")
_NEIGHBOURS = (
    select(router_ports.c.router_id, _other.c.router_id)
    .select_from(
        router_ports.join(ports, ports.c.id == router_ports.c.port_id)
        .join(_beside, _beside.c.network_id == ports.c.network_id)
        .join(_other, _other.c.port_id == _beside.c.id)
    )
    .where(
        router_ports.c.router_id.in_(_IDS),
        _other.c.owner == DISTRIBUTED_INTERFACE,
        _other.c.router_id != router_ports.c.router_id,
    )
    .distinct()
)
_DISTRIBUTED_OF = select(routers.c.id).where(routers.c.id.in_(_IDS), routers.c.distributed)
_ON_SUBNETS = (
    select(router_ports.c.router_id, ip_allocations.c.subnet_id)
    .join(ip_allocations, ip_allocations.c.port_id == router_ports.c.port_id)
    .where(
        router_ports.c.owner == DISTRIBUTED_INTERFACE,
        ip_allocations.c.subnet_id.in_(bindparam("subnets", expanding=True)),
    )
    .distinct()
)

_ON_NETWORK = (
    select(router_ports.c.router_id)
    .join(ports, ports.c.id == router_ports.c.port_id)
    .where(
        router_ports.c.owner == DISTRIBUTED_INTERFACE, ports.c.network_id == bindparam("network")
    )
    .distinct()
)


def _owners(*, dhcp: bool) -> list[str]:
    return [*SERVED, DHCP] if dhcp else list(SERVED)


def hosts_needing(
    conn: Connectable, router_ids: Collection[str], *, dhcp: bool
) -> dict[str, set[str]]:
    """Hosts with ports on the subnets of distributed routers: one statement.

    Args:
        conn: where to look.
        router_ids: of routers; those that are not distributed have none.
        dhcp: ports of DHCP agents count.
    """
    found: dict[str, set[str]] = {}
    if router_ids:
        asked = {"ids": sorted(router_ids), "owners": _owners(dhcp=dhcp)}
        for router_id, host in conn.execute(_HOSTS_NEEDING, asked):
            found.setdefault(router_id, set()).add(host)
    return found


def needed_on(conn: Connectable, host: str, *, dhcp: bool) -> set[str]:
    """Ids of the distributed routers on whose subnets a host has ports: one statement."""
    asked = {"of_host": host, "owners": _owners(dhcp=dhcp)}
    return {row[0] for row in conn.execute(_NEEDED_ON, asked)}


def neighbours(conn: Connectable, router_ids: Iterable[str]) -> dict[str, set[str]]:
    """The distributed routers that share a network with each of these: one statement."""
    ids = sorted(set(router_ids))
    found: dict[str, set[str]] = {}
    if ids:
        for router_id, other in conn.execute(_NEIGHBOURS, {"ids": ids}):
            found.setdefault(router_id, set()).add(other)
    return found


def distributed_among(conn: Connectable, router_ids: Collection[str]) -> set[str]:
    """Those of these routers that are distributed."""
    if not router_ids:
        return set()
    return set(conn.execute(_DISTRIBUTED_OF, {"ids": sorted(router_ids)}).scalars())


def on_subnets(conn: Connectable, subnet_ids: Collection[str]) -> dict[str, set[str]]:
    """Subnet id -> ids of the distributed routers on it: one statement."""
    found: dict[str, set[str]] = {}
    if subnet_ids:
        for router_id, subnet_id in conn.execute(_ON_SUBNETS, {"subnets": sorted(subnet_ids)}):
            found.setdefault(subnet_id, set()).add(router_id)
    return found


def on_network(conn: Connectable, network_id: str) -> set[str]:
    """Ids of the distributed routers on a network: one statement."""
    return set(conn.execute(_ON_NETWORK, {"network": network_id}).scalars())


# --- where routers are ----------------------------------------------------------------------------

_PLACED = (
    select(router_ports.c.router_id, distributed_bindings.c.host, distributed_bindings.c.port_id)
    .join(distributed_bindings, distributed_bindings.c.port_id == router_ports.c.port_id)
    .where(router_ports.c.router_id.in_(_IDS))
)
_AGENTS_OF = (
    select(router_l3_agents.c.router_id, agents.c.host)
    .join(agents, agents.c.id == router_l3_agents.c.agent_id)
    .where(router_l3_agents.c.router_id.in_(_IDS))
    .order_by(router_l3_agents.c.router_id, router_l3_agents.c.binding_index)
)

_PROJECTS = select(routers.c.id, routers.c.project_id).where(routers.c.id.in_(_IDS))


def projects(conn: Connectable, router_ids: Collection[str]) -> dict[str, str]:
    """Router id -> project, of those of these routers that there are: one statement."""
    if not router_ids:
        return {}
    return {row[0]: row[1] for row in conn.execute(_PROJECTS, {"ids": sorted(router_ids)})}


def placed(conn: Connectable, router_ids: Collection[str]) -> dict[str, dict[str, list[str]]]:
    """Router id -> host that has it -> ids of its interfaces there: one statement."""
    found: dict[str, dict[str, list[str]]] = {}
    if router_ids:
        for router_id, host, port_id in conn.execute(_PLACED, {"ids": sorted(router_ids)}):
            found.setdefault(router_id, {}).setdefault(host, []).append(port_id)
    return found


def scheduled(conn: Connectable, router_ids: Collection[str]) -> dict[str, list[str]]:
    """Router id -> hosts of the agents that it was given to, in order: one statement."""
    found: dict[str, list[str]] = {}
    if router_ids:
        for router_id, host in conn.execute(_AGENTS_OF, {"ids": sorted(router_ids)}):
            found.setdefault(router_id, []).append(host)
    return found


# --- gateway ports of agents ----------------------------------------------------------------------

_GATEWAY_PORT = select(dvr_gateway_ports.c.port_id).where(
    dvr_gateway_ports.c.network_id == bindparam("network"),
    dvr_gateway_ports.c.agent_id == bindparam("agent"),
)
_GATEWAY_PORTS_ON = select(dvr_gateway_ports.c.port_id).where(
    dvr_gateway_ports.c.network_id == bindparam("network")
)
_CLAIM = InsertIgnore(dvr_gateway_ports)
_FORGET = delete(dvr_gateway_ports).where(dvr_gateway_ports.c.port_id.in_(_IDS))
_GATEWAYS_ON = (
    select(func.count())
    .select_from(router_ports.join(ports, ports.c.id == router_ports.c.port_id))
    .where(router_ports.c.owner == GATEWAY, ports.c.network_id == bindparam("network"))
)


def gateway_port(conn: Connectable, network_id: str, agent_id: str) -> str | None:
    """Id of the port that the distributed routers of an agent share on an external network."""
    found = conn.execute(_GATEWAY_PORT, {"network": network_id, "agent": agent_id}).first()
    return None if found is None else str(found[0])


def gateway_ports_on(conn: Connectable, network_id: str) -> list[str]:
    """Ids of all such ports on a network."""
    return list(conn.execute(_GATEWAY_PORTS_ON, {"network": network_id}).scalars())


def claim_gateway_port(tx: Transaction, network_id: str, agent_id: str, port_id: str) -> bool:
    """Make a port that of an agent; False if it has one."""
    row = {"network_id": network_id, "agent_id": agent_id, "port_id": port_id}
    return _CLAIM.execute(tx, [row]) == 1


def forget_gateway_ports(tx: Transaction, port_ids: Sequence[str]) -> None:
    """Ports are those of agents no more."""
    tx.execute(_FORGET, {"ids": list(port_ids)})


def gateways_on(conn: Connectable, network_id: str) -> int:
    """How many routers have a gateway on a network."""
    return int(conn.execute(_GATEWAYS_ON, {"network": network_id}).scalar_one())
