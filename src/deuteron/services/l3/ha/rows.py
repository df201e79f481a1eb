"""Highly available routers in the database: their networks, VRRP groups, ports and states."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, exists, func, insert, select, update

from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.router_tables import (
    ha_networks,
    ha_vr_ids,
    router_l3_agents,
    router_ports,
    routers,
)
from deuteron.db.tables import agents, port_bindings, ports, subnets
from deuteron.db.transaction import Connectable, Transaction
from deuteron.services.l3.kinds import REPLICATED_INTERFACE
from deuteron.services.l3.router_rows import CARRIED

_L3_AGENT = "L3 agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class HaNetwork:
    """The network over which agents of a project's highly available routers talk.

    Args:
        id: of the network.
        complete: it has a subnet.
    """

    id: str
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A highly available router on one of its agents.

    Args:
        router_id: of the router.
        agent_id: of the agent.
        host: of the agent.
        port_id: of the port that keepalived talks through there, None if it is not there yet.
        state: what the agent has said: ``active``, ``standby``, None if nothing.
        heartbeat_timestamp: of the agent.
        admin_state_up: of the agent.
    """

    router_id: str
    agent_id: str
    host: str
    port_id: str | None
    state: str | None
    heartbeat_timestamp: str
    admin_state_up: bool


# --- networks -------------------------------------------------------------------------------------

_OF_PROJECT = select(
    ha_networks.c.network_id,
    exists().where(subnets.c.network_id == ha_networks.c.network_id),
).where(ha_networks.c.project_id == bindparam("project"))
_INSERT_NETWORK = InsertIgnore(ha_networks)
_IS_HA = select(ha_networks.c.project_id).where(ha_networks.c.network_id == bindparam("network"))
_IN_USE = select(func.count()).where(ha_vr_ids.c.network_id == bindparam("network"))
_FORGET = delete(ha_networks).where(ha_networks.c.network_id == bindparam("network"))


def network_of(conn: Connectable, project_id: str) -> HaNetwork | None:
    """The network of a project, or None."""
    found = conn.execute(_OF_PROJECT, {"project": project_id}).first()
    return None if found is None else HaNetwork(id=found[0], complete=bool(found[1]))


def claim_network(tx: Transaction, project_id: str, network_id: str) -> bool:
    """Make a network that of a project; False if it has one."""
    row = {"project_id": project_id, "network_id": network_id}
    return _INSERT_NETWORK.execute(tx, [row]) == 1


def is_ha_network(conn: Connectable, network_id: str) -> bool:
    """Whether a network is such a one."""
    return conn.execute(_IS_HA, {"network": network_id}).first() is not None


def routers_on(conn: Connectable, network_id: str) -> int:
    """How many routers have a VRRP group on a network."""
    return int(conn.execute(_IN_USE, {"network": network_id}).scalar_one())


def forget_network(tx: Transaction, network_id: str) -> None:
    """A network is that of no project any more."""
    tx.execute(_FORGET, {"network": network_id})


# --- VRRP groups ----------------------------------------------------------------------------------

_VR_IDS = select(ha_vr_ids.c.vr_id).where(ha_vr_ids.c.network_id == bindparam("network"))
_CLAIM_VR_ID = InsertIgnore(ha_vr_ids)
_RELEASE_VR_ID = delete(ha_vr_ids).where(ha_vr_ids.c.router_id == bindparam("router"))
_SET_VR_ID = (
    update(routers)
    .where(routers.c.id == bindparam("router"))
    .values(ha_vr_id=bindparam("number"), status=bindparam("new_status"))
)


def vr_ids(conn: Connectable, network_id: str) -> set[int]:
    """The VRRP groups that are taken on a network."""
    return set(conn.execute(_VR_IDS, {"network": network_id}).scalars())


def claim_vr_id(tx: Transaction, network_id: str, number: int, router_id: str) -> bool:
    """Take a VRRP group for a router; False if another one has it."""
    row = {"network_id": network_id, "vr_id": number, "router_id": router_id}
    return _CLAIM_VR_ID.execute(tx, [row]) == 1


def release_vr_id(tx: Transaction, router_id: str) -> None:
    """Give the VRRP group of a router back."""
    tx.execute(_RELEASE_VR_ID, {"router": router_id})


def set_vr_id(tx: Transaction, router_id: str, number: int | None, status: str) -> None:
    """Write the VRRP group of a router, and its status."""
    tx.execute(_SET_VR_ID, {"router": router_id, "number": number, "new_status": status})


# --- places ---------------------------------------------------------------------------------------

_PLACES = (
    select(
        router_l3_agents.c.router_id,
        router_l3_agents.c.agent_id,
        agents.c.host,
        router_l3_agents.c.ha_port_id,
        router_l3_agents.c.ha_state,
        agents.c.heartbeat_timestamp,
        agents.c.admin_state_up,
    )
    .join(agents, agents.c.id == router_l3_agents.c.agent_id)
    .join(routers, routers.c.id == router_l3_agents.c.router_id)
    .where(
        router_l3_agents.c.router_id.in_(bindparam("ids", expanding=True)),
        routers.c.ha,
    )
    .order_by(router_l3_agents.c.router_id, router_l3_agents.c.binding_index)
)
_INSERT_PORTS = insert(router_ports)
_DELETE_PORTS = delete(router_ports).where(
    router_ports.c.port_id.in_(bindparam("ids", expanding=True))
)
_SET_PORT = (
    update(router_l3_agents)
    .where(
        router_l3_agents.c.router_id == bindparam("router"),
        router_l3_agents.c.agent_id == bindparam("agent"),
    )
    .values(ha_port_id=bindparam("port"), ha_state=bindparam("state"))
)
_UNSET_PORTS = (
    update(router_l3_agents)
    .where(
        router_l3_agents.c.router_id == bindparam("router"),
        router_l3_agents.c.ha_port_id.in_(bindparam("ids", expanding=True)),
    )
    .values(ha_port_id=None, ha_state=None)
)


def places(conn: Connectable, router_ids: Iterable[str]) -> list[Place]:
    """Where those of these routers that are highly available are: one statement."""
    ids = sorted(set(router_ids))
    if not ids:
        return []
    return [
        Place(
            router_id=row[0],
            agent_id=row[1],
            host=row[2],
            port_id=row[3],
            state=row[4],
            heartbeat_timestamp=row[5],
            admin_state_up=bool(row[6]),
        )
        for row in conn.execute(_PLACES, {"ids": ids})
    ]


def keep_ports(
    tx: Transaction, router_id: str, owner: str, made: Sequence[tuple[str, str]], *, state: str
) -> None:
    """Keep the ports through which a router's agents talk: two statements.

    Args:
        tx: the transaction in which they were made.
        router_id: of the router.
        owner: their device owner.
        made: (agent id, port id).
        state: of the router on these agents from now on.
    """
    rows = [{"port_id": port, "router_id": router_id, "owner": owner} for _, port in made]
    tx.execute(_INSERT_PORTS, rows)
    tx.execute(
        _SET_PORT,
        [
            {"router": router_id, "agent": agent, "port": port, "state": state}
            for agent, port in made
        ],
    )


def forget_ports(tx: Transaction, router_id: str, port_ids: Sequence[str]) -> None:
    """Ports are a router's no more: two statements."""
    tx.execute(_UNSET_PORTS, {"router": router_id, "ids": list(port_ids)})
    tx.execute(_DELETE_PORTS, {"ids": list(port_ids)})


_REPLICATED = select(router_ports.c.port_id).where(
    router_ports.c.router_id == bindparam("router"),
    router_ports.c.owner == REPLICATED_INTERFACE,
)


def replicated(conn: Connectable, router_id: str) -> list[str]:
    """Ids of the interfaces of a router that all its agents have."""
    return list(conn.execute(_REPLICATED, {"router": router_id}).scalars())


# --- what agents say ------------------------------------------------------------------------------

_ON_HOST = select(agents.c.id).where(
    agents.c.host == bindparam("of_host"), agents.c.agent_type == _L3_AGENT
)
_HA_ON_HOST = (
    select(router_l3_agents.c.router_id, routers.c.project_id, router_l3_agents.c.ha_state)
    .join(routers, routers.c.id == router_l3_agents.c.router_id)
    .where(routers.c.ha, router_l3_agents.c.agent_id.in_(_ON_HOST.scalar_subquery()))
)
_SOME_HA_ON_HOST = _HA_ON_HOST.where(routers.c.id.in_(bindparam("ids", expanding=True)))
_COUNT = select(func.count()).select_from(_HA_ON_HOST.subquery())
_SET_STATE = (
    update(router_l3_agents)
    .where(
        router_l3_agents.c.router_id.in_(bindparam("ids", expanding=True)),
        router_l3_agents.c.agent_id.in_(_ON_HOST.scalar_subquery()),
    )
    .values(ha_state=bindparam("new_state"))
)


def count_on(conn: Connectable, host: str) -> int:
    """How many highly available routers the agent of a host has."""
    return int(conn.execute(_COUNT, {"of_host": host}).scalar_one())


def states_on(
    conn: Connectable, host: str, router_ids: Sequence[str]
) -> dict[str, tuple[str, str | None]]:
    """Router id -> (project, state) of those of these routers that the agent of a host has."""
    found = conn.execute(_SOME_HA_ON_HOST, {"of_host": host, "ids": list(router_ids)})
    return {row[0]: (row[1], row[2]) for row in found}


def set_states(tx: Transaction, host: str, states: Mapping[str, str]) -> None:
    """Write what the agent of a host says of its routers: a statement for each state."""
    for state in sorted(set(states.values())):
        ids = sorted(one for one, said in states.items() if said == state)
        tx.execute(_SET_STATE, {"of_host": host, "ids": ids, "new_state": state})


# --- ports that follow the active agent, ports that must be wired anew ----------------------------

_ELSEWHERE = (
    select(router_ports.c.port_id)
    .join(
        port_bindings,
        (port_bindings.c.port_id == router_ports.c.port_id) & (port_bindings.c.status == "ACTIVE"),
    )
    .join(routers, routers.c.id == router_ports.c.router_id)
    .where(
        router_ports.c.router_id.in_(bindparam("ids", expanding=True)),
        router_ports.c.owner.in_(bindparam("owners", expanding=True)),
        CARRIED,
        port_bindings.c.host != bindparam("of_host"),
    )
    .order_by(router_ports.c.port_id)
)
_WIRED = (
    select(ports.c.id)
    .join(
        port_bindings,
        (port_bindings.c.port_id == ports.c.id) & (port_bindings.c.status == "ACTIVE"),
    )
    .where(
        ports.c.device_owner == bindparam("owner"),
        ports.c.status == "ACTIVE",
        port_bindings.c.host == bindparam("of_host"),
    )
)


def ports_elsewhere(
    conn: Connectable, router_ids: Sequence[str], owners: Sequence[str], host: str
) -> list[str]:
    """Ids of the ports of routers that agents carry, and that are not on a host.

    Args:
        conn: where to look; one statement.
        router_ids: at least one.
        owners: of the ports that matter.
        host: where they should be.
    """
    parameters = {"ids": list(router_ids), "owners": list(owners), "of_host": host}
    return list(conn.execute(_ELSEWHERE, parameters).scalars())


def wired_on(conn: Connectable, host: str, owner: str) -> list[str]:
    """Ids of the ports of an owner that are ACTIVE on a host."""
    return list(conn.execute(_WIRED, {"of_host": host, "owner": owner}).scalars())
