"""L3 agents and the routers that they have.

A row of ``router_l3_agents`` is a place of a router that an agent has taken: the places of a router
are numbered from 1, and each can be taken once. So however many servers schedule a router at the
same time, it gets as many agents as it has places.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Row, Select, bindparam, case, delete, func, literal, select, union

from deuteron.db.agents import L3_AGENT
from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.router_tables import router_l3_agents, router_ports, routers
from deuteron.db.tables import agents, ip_allocations, ports, subnets
from deuteron.db.transaction import Connectable, Transaction
from deuteron.services.l3.kinds import AGENT_GATEWAY, GATEWAY, HA_PORT

# Most ids in one statement.
_AT_ONCE = 1000

LEGACY = "legacy"
DVR = "dvr"
DVR_SNAT = "dvr_snat"
DVR_NO_EXTERNAL = "dvr_no_external"


@dataclass(frozen=True, slots=True, kw_only=True)
class L3Agent:
    """An L3 agent as far as scheduling looks at it.

    Args:
        id: of the agent.
        host: where it runs.
        zone: its availability zone, None where it names none.
        admin_state_up: whether it may be given routers.
        heartbeat_timestamp: ``2014-06-04 12:00:00`` in UTC.
        configurations: what it says of itself.
        routers: how many it has.
    """

    id: str
    host: str
    zone: str | None
    admin_state_up: bool
    heartbeat_timestamp: str
    configurations: Mapping[str, Any]
    routers: int

    @property
    def mode(self) -> str:
        """``legacy``, ``dvr``, ``dvr_snat`` or ``dvr_no_external``."""
        return str(self.configurations.get("agent_mode") or LEGACY)

    @property
    def handles_internal_only_routers(self) -> bool:
        """Whether it takes routers without a gateway."""
        return bool(self.configurations.get("handle_internal_only_routers", True))

    @property
    def only_router(self) -> str | None:
        """The only router that it takes, None for any."""
        return self.configurations.get("router_id") or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place of a router and the agent that has it.

    Args:
        router_id: of the router.
        index: number of the place, from 1.
        agent: who has the router.
        ha_port_id: through which keepalived talks there; None of a router that is not HA.
        ha_state: what it said: ``active``, ``standby``, ``unknown``; None if nothing.
    """

    router_id: str
    index: int
    agent: L3Agent
    ha_port_id: str | None
    ha_state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedulable:
    """A router as far as scheduling looks at it.

    Args:
        id: of the router.
        project_id: whose it is.
        ha: it has several agents.
        distributed: agents of hosts with its ports have it besides.
        zones: availability zones that it wishes to be in.
        external: it has a gateway.
        status: ``ACTIVE``, or ``ERROR`` of one that no agent is to have.
        ha_vr_id: its VRRP group, None if it has none.
    """

    id: str
    project_id: str
    ha: bool
    distributed: bool
    zones: tuple[str, ...]
    external: bool
    status: str = "ACTIVE"
    ha_vr_id: int | None = None


_OF_AGENT = (
    select(func.count())
    .select_from(router_l3_agents)
    .where(router_l3_agents.c.agent_id == agents.c.id)
    .correlate(agents)
    .scalar_subquery()
)
_AGENT = (
    agents.c.id,
    agents.c.host,
    agents.c.availability_zone,
    agents.c.admin_state_up,
    agents.c.heartbeat_timestamp,
    agents.c.configurations,
    _OF_AGENT,
)
_PLACE = (
    router_l3_agents.c.router_id,
    router_l3_agents.c.binding_index,
    router_l3_agents.c.ha_port_id,
    router_l3_agents.c.ha_state,
    *_AGENT,
)
_TAKEN = router_l3_agents.join(agents, agents.c.id == router_l3_agents.c.agent_id)
_IN_ORDER = (router_l3_agents.c.router_id, router_l3_agents.c.binding_index)

_ALL = select(*_AGENT).where(agents.c.agent_type == L3_AGENT).order_by(agents.c.id)
_ON_HOST = _ALL.where(agents.c.host == bindparam("on_host"))
_PLACES: Select[Any] = (
    select(*_PLACE)
    .select_from(_TAKEN)
    .where(router_l3_agents.c.router_id.in_(bindparam("routers", expanding=True)))
    .order_by(*_IN_ORDER)
)
_OF_DEAD: Select[Any] = (
    select(*_PLACE)
    .select_from(_TAKEN)
    .where(
        agents.c.admin_state_up.is_(True),
        agents.c.heartbeat_timestamp < bindparam("reported_since"),
    )
    .order_by(agents.c.id, router_l3_agents.c.router_id)
)
_HOSTS = (
    select(router_l3_agents.c.router_id, agents.c.host)
    .select_from(_TAKEN)
    .where(router_l3_agents.c.router_id.in_(bindparam("routers", expanding=True)))
    .order_by(*_IN_ORDER)
)
_ROUTERS = (
    select(router_l3_agents.c.router_id)
    .where(router_l3_agents.c.agent_id == bindparam("agent"))
    .order_by(router_l3_agents.c.router_id)
)
_SCHEDULABLE_COLUMNS = (
    routers.c.id,
    routers.c.project_id,
    routers.c.ha,
    routers.c.distributed,
    routers.c.availability_zone_hints,
    routers.c.gw_port_id,
    routers.c.status,
    routers.c.ha_vr_id,
)
_SCHEDULABLE = select(*_SCHEDULABLE_COLUMNS).where(
    routers.c.id.in_(bindparam("routers", expanding=True))
)
_HELD = (
    select(func.count())
    .select_from(router_l3_agents)
    .where(router_l3_agents.c.router_id == routers.c.id)
    .correlate(routers)
    .scalar_subquery()
)
_IS_SHORT = case((routers.c.ha, bindparam("agents_of_ha", type_=Integer)), else_=1) > _HELD
_UNSERVED = (
    select(*_SCHEDULABLE_COLUMNS)
    .where(
        _IS_SHORT,
        ~select(literal(1))
        .select_from(router_l3_agents)
        .where(
            router_l3_agents.c.router_id == routers.c.id,
            router_l3_agents.c.agent_id == bindparam("agent"),
        )
        .correlate(routers)
        .exists(),
    )
    .order_by(routers.c.id)
)
_LACKING = (
    select(routers.c.id)
    .where(routers.c.id.in_(bindparam("routers", expanding=True)), _IS_SHORT)
    .order_by(routers.c.id)
)
_LEFT_BEHIND = union(
    select(ports.c.id).where(
        ports.c.device_owner == AGENT_GATEWAY,
        ports.c.device_id.in_(bindparam("agents", expanding=True)),
    ),
    select(router_ports.c.port_id).where(
        router_ports.c.owner == HA_PORT,
        ~select(literal(1))
        .where(router_l3_agents.c.ha_port_id == router_ports.c.port_id)
        .correlate(router_ports)
        .exists(),
    ),
)
_ON_POOLS = (
    select(router_ports.c.router_id)
    .select_from(
        router_ports.join(ip_allocations, ip_allocations.c.port_id == router_ports.c.port_id).join(
            subnets, subnets.c.id == ip_allocations.c.subnet_id
        )
    )
    .where(subnets.c.subnetpool_id.in_(bindparam("pools", expanding=True)))
    .distinct()
)
_WITH_GATEWAYS = select(router_ports.c.router_id).where(
    router_ports.c.owner == GATEWAY,
    router_ports.c.port_id.in_(bindparam("ports", expanding=True)),
)
_TAKE = InsertIgnore(router_l3_agents)
_LEAVE = delete(router_l3_agents).where(
    router_l3_agents.c.router_id == bindparam("router"),
    router_l3_agents.c.agent_id == bindparam("agent"),
)


def _agent(row: Sequence[Any]) -> L3Agent:
    agent_id, host, zone, admin_state_up, heartbeat, configurations, count = row
    return L3Agent(
        id=agent_id,
        host=host,
        zone=zone,
        admin_state_up=admin_state_up,
        heartbeat_timestamp=heartbeat,
        configurations=configurations,
        routers=count,
    )


def _place(row: Row[*tuple[Any, ...]]) -> Place:
    return Place(
        router_id=row[0],
        index=row[1],
        ha_port_id=row[2],
        ha_state=row[3],
        agent=_agent(row[4:]),
    )


def _schedulable(row: Row[*tuple[Any, ...]]) -> Schedulable:
    return Schedulable(
        id=row[0],
        project_id=row[1],
        ha=row[2],
        distributed=row[3],
        zones=tuple(row[4] or ()),
        external=row[5] is not None,
        status=row[6],
        ha_vr_id=row[7],
    )


def of_dict(agent: Mapping[str, Any]) -> L3Agent:
    """An L3 agent as scheduling looks at it, of its API dict; its routers are not counted."""
    return L3Agent(
        id=agent["id"],
        host=agent["host"],
        zone=agent["availability_zone"],
        admin_state_up=agent["admin_state_up"],
        heartbeat_timestamp=agent["heartbeat_timestamp"],
        configurations=agent["configurations"],
        routers=0,
    )


def all_agents(conn: Connectable) -> list[L3Agent]:
    """All L3 agents: one statement."""
    return [_agent(row) for row in conn.execute(_ALL)]


def on_host(conn: Connectable, host: str) -> L3Agent | None:
    """The L3 agent of a host."""
    row = conn.execute(_ON_HOST, {"on_host": host}).first()
    return None if row is None else _agent(row)


def places(conn: Connectable, router_ids: Collection[str]) -> dict[str, list[Place]]:
    """The taken places of each of these routers, by their number.

    Args:
        conn: where to look.
        router_ids: any number; one statement for each thousand.
    """
    found: dict[str, list[Place]] = {router_id: [] for router_id in router_ids}
    ids = list(found)
    for start in range(0, len(ids), _AT_ONCE):
        for row in conn.execute(_PLACES, {"routers": ids[start : start + _AT_ONCE]}):
            found[row[0]].append(_place(row))
    return found


def hosts_of(conn: Connectable, router_ids: Collection[str]) -> dict[str, list[str]]:
    """Hosts of the agents that have each of these routers; a router without any has none.

    Args:
        conn: where to look.
        router_ids: any number; one statement for each thousand.
    """
    found: dict[str, list[str]] = {router_id: [] for router_id in router_ids}
    ids = list(found)
    for start in range(0, len(ids), _AT_ONCE):
        for router_id, host in conn.execute(_HOSTS, {"routers": ids[start : start + _AT_ONCE]}):
            found[router_id].append(host)
    return found


def routers_of(conn: Connectable, agent_id: str) -> list[str]:
    """Ids of the routers that an agent has."""
    return list(conn.execute(_ROUTERS, {"agent": agent_id}).scalars())


def of_dead(conn: Connectable, *, reported_since: str) -> list[Place]:
    """Places of agents that are administratively up and have been silent.

    Args:
        conn: where to look.
        reported_since: an agent that reported at or after this time is not silent.
    """
    return [_place(row) for row in conn.execute(_OF_DEAD, {"reported_since": reported_since})]


def on_pools(conn: Connectable, pool_ids: Collection[str]) -> list[str]:
    """Ids of the routers that are on subnets of these pools: one statement."""
    return list(conn.execute(_ON_POOLS, {"pools": sorted(pool_ids)}).scalars())


def with_gateways(conn: Connectable, port_ids: Collection[str]) -> list[str]:
    """Ids of the routers whose gateways are among these ports: one statement."""
    return list(conn.execute(_WITH_GATEWAYS, {"ports": sorted(port_ids)}).scalars())


def left_behind(conn: Connectable, agent_ids: Collection[str]) -> list[str]:
    """Ids of the ports that agents used for themselves which were deleted: one statement."""
    return list(conn.execute(_LEFT_BEHIND, {"agents": sorted(agent_ids)}).scalars())


def schedulable(conn: Connectable, router_ids: Collection[str]) -> list[Schedulable]:
    """Those of these routers that exist: one statement."""
    rows = conn.execute(_SCHEDULABLE, {"routers": sorted(router_ids)})
    return [_schedulable(row) for row in rows]


def lacking(conn: Connectable, router_ids: Collection[str], *, agents_of_ha: int) -> list[str]:
    """Those of these routers that have fewer agents than they may have: one statement.

    Args:
        conn: where to look.
        router_ids: at least one.
        agents_of_ha: places of a highly available router.
    """
    parameters = {"routers": sorted(router_ids), "agents_of_ha": agents_of_ha}
    return list(conn.execute(_LACKING, parameters).scalars())


def unserved(conn: Connectable, agent_id: str, *, agents_of_ha: int) -> list[Schedulable]:
    """Routers that lack agents and that this one does not have: one statement.

    Args:
        conn: where to look.
        agent_id: of the agent.
        agents_of_ha: places of a highly available router.
    """
    parameters = {"agent": agent_id, "agents_of_ha": agents_of_ha}
    return [_schedulable(row) for row in conn.execute(_UNSERVED, parameters)]


def take(tx: Transaction, wanted: Sequence[tuple[str, str, int]]) -> int:
    """Let agents take places of routers, those that are still free.

    Args:
        tx: the transaction.
        wanted: router id, agent id and number of the place; at least one.

    Returns:
        How many places were taken: one that was free before may be another agent's now.
    """
    rows: list[Mapping[str, Any]] = [
        {
            "router_id": router_id,
            "agent_id": agent_id,
            "binding_index": index,
            "ha_port_id": None,
            "ha_state": None,
        }
        for router_id, agent_id, index in wanted
    ]
    return _TAKE.execute(tx, rows)


def leave(tx: Transaction, *, router_id: str, agent_id: str) -> bool:
    """Give the place of an agent back; False if it does not have the router."""
    return bool(tx.execute(_LEAVE, {"router": router_id, "agent": agent_id}).rowcount == 1)
