"""DHCP agents and the networks that they serve.

A row of ``network_dhcp_agents`` is a place of a network that an agent has taken: the places of a
network are numbered from 1, and each can be taken once. So however many servers schedule a network
at the same time, it gets as many agents as it has places.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, func, literal, or_, select

from deuteron.db.agents import DHCP_AGENT
from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.tables import agents, network_dhcp_agents, subnets
from deuteron.db.transaction import Connectable, Transaction

# Most ids in one statement.
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DhcpAgent:
    """A DHCP agent as far as scheduling looks at it.

    Args:
        id: of the agent.
        host: where it runs.
        zone: its availability zone, None where it names none.
        admin_state_up: whether it may be given networks.
        started_at, heartbeat_timestamp: ``2014-06-04 12:00:00`` in UTC.
        networks: how many it serves.
    """

    id: str
    host: str
    zone: str | None
    admin_state_up: bool
    started_at: str
    heartbeat_timestamp: str
    networks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place of a network and the agent that has it.

    Args:
        network_id: of the network.
        index: number of the place, from 1.
        agent: who serves the network.
    """

    network_id: str
    index: int
    agent: DhcpAgent


@dataclass(frozen=True, slots=True, kw_only=True)
class Unserved:
    """A network with DHCP that an agent does not serve.

    Args:
        network_id: of the network; it has fewer agents than it may have, or is a routed network.
        segment_ids: the segments of its subnets with DHCP; empty unless it is a routed network.
    """

    network_id: str
    segment_ids: frozenset[str]


_OF_AGENT = (
    select(func.count())
    .select_from(network_dhcp_agents)
    .where(network_dhcp_agents.c.agent_id == agents.c.id)
    .correlate(agents)
    .scalar_subquery()
)
_AGENT = (
    agents.c.id,
    agents.c.host,
    agents.c.availability_zone,
    agents.c.admin_state_up,
    agents.c.started_at,
    agents.c.heartbeat_timestamp,
    _OF_AGENT,
)
_ALL = select(*_AGENT).where(agents.c.agent_type == DHCP_AGENT).order_by(agents.c.id)
_ON_HOST = _ALL.where(agents.c.host == bindparam("on_host"))
_PLACES: Select[Any] = (
    select(network_dhcp_agents.c.network_id, network_dhcp_agents.c.binding_index, *_AGENT)
    .join(agents, agents.c.id == network_dhcp_agents.c.agent_id)
    .where(network_dhcp_agents.c.network_id.in_(bindparam("networks", expanding=True)))
    .order_by(network_dhcp_agents.c.network_id, network_dhcp_agents.c.binding_index)
)
_TAKEN = (
    select(network_dhcp_agents.c.network_id, func.count())
    .where(network_dhcp_agents.c.network_id.in_(bindparam("networks", expanding=True)))
    .group_by(network_dhcp_agents.c.network_id)
)
_OF_DEAD: Select[Any] = (
    select(network_dhcp_agents.c.network_id, network_dhcp_agents.c.binding_index, *_AGENT)
    .join(agents, agents.c.id == network_dhcp_agents.c.agent_id)
    .where(
        agents.c.admin_state_up.is_(True),
        agents.c.heartbeat_timestamp < bindparam("reported_since"),
    )
    .order_by(agents.c.id, network_dhcp_agents.c.network_id)
)
_NETWORKS = (
    select(network_dhcp_agents.c.network_id)
    .where(network_dhcp_agents.c.agent_id == bindparam("agent"))
    .order_by(network_dhcp_agents.c.network_id)
)
_PLACES_TAKEN = (
    select(func.count())
    .select_from(network_dhcp_agents)
    .where(network_dhcp_agents.c.network_id == subnets.c.network_id)
    .correlate(subnets)
    .scalar_subquery()
)
_UNSERVED = (
    select(subnets.c.network_id, subnets.c.segment_id)
    .where(
        subnets.c.enable_dhcp.is_(True),
        or_(subnets.c.segment_id.is_not(None), bindparam("at_most") > _PLACES_TAKEN),
        ~select(literal(1))
        .select_from(network_dhcp_agents)
        .where(
            network_dhcp_agents.c.network_id == subnets.c.network_id,
            network_dhcp_agents.c.agent_id == bindparam("agent"),
        )
        .correlate(subnets)
        .exists(),
    )
    .order_by(subnets.c.network_id)
)
_TAKE = InsertIgnore(network_dhcp_agents)
_LEAVE = delete(network_dhcp_agents).where(
    network_dhcp_agents.c.network_id == bindparam("network"),
    network_dhcp_agents.c.agent_id == bindparam("agent"),
)


def _agent(row: Sequence[Any]) -> DhcpAgent:
    agent_id, host, zone, admin_state_up, started_at, heartbeat, networks = row
    return DhcpAgent(
        id=agent_id,
        host=host,
        zone=zone,
        admin_state_up=admin_state_up,
        started_at=started_at,
        heartbeat_timestamp=heartbeat,
        networks=networks,
    )


def _place(row: Row[*tuple[Any, ...]]) -> Place:
    return Place(network_id=row[0], index=row[1], agent=_agent(row[2:]))


def all_agents(conn: Connectable) -> list[DhcpAgent]:
    """All DHCP agents: one statement."""
    return [_agent(row) for row in conn.execute(_ALL)]


def on_host(conn: Connectable, host: str) -> DhcpAgent | None:
    """The DHCP agent of a host."""
    row = conn.execute(_ON_HOST, {"on_host": host}).first()
    return None if row is None else _agent(row)


def places(conn: Connectable, network_ids: Sequence[str]) -> dict[str, list[Place]]:
    """The taken places of each of these networks, by their number.

    Args:
        conn: where to look.
        network_ids: any number; one statement for each thousand.
    """
    found: dict[str, list[Place]] = {network_id: [] for network_id in network_ids}
    for start in range(0, len(network_ids), _AT_ONCE):
        parameters = {"networks": list(network_ids[start : start + _AT_ONCE])}
        for row in conn.execute(_PLACES, parameters):
            found[row[0]].append(_place(row))
    return found


def taken(conn: Connectable, network_ids: Sequence[str]) -> dict[str, int]:
    """How many agents serve each of these networks; those without any are absent."""
    rows = conn.execute(_TAKEN, {"networks": list(network_ids)})
    return {network_id: count for network_id, count in rows}  # noqa: C416 (rows are no pairs)


def of_dead(conn: Connectable, *, reported_since: str) -> list[Place]:
    """Places of agents that are administratively up and have been silent.

    Args:
        conn: where to look.
        reported_since: an agent that reported at or after this time is not silent.
    """
    return [_place(row) for row in conn.execute(_OF_DEAD, {"reported_since": reported_since})]


def networks_of(conn: Connectable, agent_id: str) -> list[str]:
    """Ids of the networks that an agent serves."""
    return list(conn.execute(_NETWORKS, {"agent": agent_id}).scalars())


def unserved(conn: Connectable, agent_id: str, *, at_most: int) -> list[Unserved]:
    """Networks with DHCP that an agent may serve besides those that it serves.

    Args:
        conn: where to look.
        agent_id: of the agent.
        at_most: agents of one network, or of each segment of a routed one, which is for the caller
            to look at.
    """
    found: dict[str, set[str]] = {}
    for network_id, segment_id in conn.execute(_UNSERVED, {"agent": agent_id, "at_most": at_most}):
        segment_ids = found.setdefault(network_id, set())
        if segment_id is not None:
            segment_ids.add(segment_id)
    return [
        Unserved(network_id=network_id, segment_ids=frozenset(segment_ids))
        for network_id, segment_ids in found.items()
    ]


def take(tx: Transaction, wanted: Sequence[tuple[str, str, int]]) -> int:
    """Let agents take places of networks, those that are still free.

    Args:
        tx: the transaction.
        wanted: network id, agent id and number of the place; at least one.

    Returns:
        How many places were taken: one that was free before may be another agent's now.
    """
    rows: list[Mapping[str, Any]] = [
        {"network_id": network_id, "agent_id": agent_id, "binding_index": index}
        for network_id, agent_id, index in wanted
    ]
    return _TAKE.execute(tx, rows)


def leave(tx: Transaction, *, network_id: str, agent_id: str) -> bool:
    """Give the place of an agent back; False if it does not serve the network."""
    return bool(tx.execute(_LEAVE, {"network": network_id, "agent": agent_id}).rowcount == 1)
