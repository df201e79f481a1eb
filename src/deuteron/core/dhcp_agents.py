"""Networks of DHCP agents (``dhcp_agent_scheduler``): list, add, remove, and away from the dead.

    networks_of, agents_of    what is served by whom
    add, remove               by hand
    of_active_agent           what an agent is told that asks for everything
    fail_over                 networks of agents that have been silent for long go to others

Whose place a network loses keeps its port for the next agent, so that the address of the network's
DHCP server stays.
"""

import logging
import uuid
from collections.abc import Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import dhcp_choice, dhcp_scheduling, networks, ports
from deuteron.core.deployment import Deployment
from deuteron.core.dhcp_choice import Needs
from deuteron.core.liveness import agent_time, alive_since
from deuteron.core.segment_hosts import hosts_of
from deuteron.db import agents as agent_rows
from deuteron.db import dhcp_agents as rows
from deuteron.db import networks as network_rows
from deuteron.db import ports as port_rows
from deuteron.db.agents import DHCP_AGENT
from deuteron.db.dhcp_agents import DhcpAgent, Place
from deuteron.db.moments import later
from deuteron.db.transaction import Connectable
from deuteron.errors import (
    AgentNotFound,
    InvalidDHCPAgent,
    NetworkError,
    NetworkHostedByDHCPAgent,
    NetworkNotFound,
    NetworkNotHostedByDhcpAgent,
    PortNotFound,
    TryAgain,
)
from deuteron.query import Query

LOG = logging.getLogger(__name__)

Resource = dict[str, Any]


def device_id(host: str, network_id: str) -> str:
    """The device of the port that the DHCP agent of a host has on a network.

    Args:
        host: as the agent reports it; what follows the first dot does not count.
        network_id: of the network.
    """
    return f"dhcp{uuid.uuid5(uuid.NAMESPACE_DNS, host.split('.', maxsplit=1)[0])}-{network_id}"


def networks_of(d: Deployment, ctx: RequestContext, agent_id: str) -> list[Resource]:
    """API dicts of the networks that an agent serves.

    Raises:
        AgentNotFound: there is no agent of this id.
    """
    with d.database.read() as conn:
        ids = rows.networks_of(conn, agent_id)
        if not ids:
            _require_agent(d, conn, agent_id)
            return []
    return networks.list_(d, ctx, Query(filters={"id": tuple(ids)}))


def agents_of(d: Deployment, _ctx: RequestContext, network_id: str) -> list[Resource]:
    """API dicts of the DHCP agents that serve a network; none of one that does not exist."""
    with d.database.read() as conn:
        ids = tuple(place.agent.id for place in rows.places(conn, [network_id])[network_id])
        if not ids:
            return []
        return agent_rows.list_(conn, Query(filters={"id": ids}), alive_since=alive_since(d))


def add(d: Deployment, ctx: RequestContext, agent_id: str, network_id: str) -> None:
    """Let an agent serve a network, however many serve it already.

    Raises:
        NetworkNotFound, AgentNotFound: there is none of this id.
        InvalidDHCPAgent: the agent is of another type or administratively down.
        NetworkHostedByDHCPAgent: it serves the network already.
    """
    with d.database.transaction(ctx) as tx:
        network = next(iter(network_rows.rows(tx, [network_id], ctx.scope)), None)
        if network is None:
            raise NetworkNotFound(net_id=network_id)
        agent = _require_agent(d, tx, agent_id)
        able = agent["admin_state_up"] or d.settings.enable_services_on_agents_with_admin_state_down
        if agent["agent_type"] != DHCP_AGENT or not able:
            raise InvalidDHCPAgent(id=agent_id)
        places = rows.places(tx, [network_id])[network_id]
        if any(place.agent.id == agent_id for place in places):
            raise NetworkHostedByDHCPAgent(network_id=network_id, agent_id=agent_id)
        needs = Needs(network_id=network_id, agents=len(places) + 1, beyond=True)
        wanted = [one for one in rows.all_agents(tx) if one.id == agent_id]
        chosen = dhcp_choice.choose(wanted, needs, places, scheduler=dhcp_choice.CHANCE)
        if not dhcp_scheduling.give(tx, network, chosen):
            raise TryAgain(reason="another request took the same place of the network")


def remove(d: Deployment, ctx: RequestContext, agent_id: str, network_id: str) -> None:
    """Take a network from an agent.

    Raises:
        AgentNotFound: there is no agent of this id.
        NetworkNotHostedByDhcpAgent: it does not serve the network.
    """
    with d.database.read() as conn:
        agent = _require_agent(d, conn, agent_id)
        serves = network_id in rows.networks_of(conn, agent_id)
    if serves:  # the port comes first: the agent deletes it when it hears that it lost the network
        _reserve_port(d, ctx, network_id=network_id, host=agent["host"])
        with d.database.transaction(ctx) as tx:
            serves = rows.leave(tx, network_id=network_id, agent_id=agent_id)
            if serves:
                host = {"host": agent["host"]}
                tx.journal("network", network_id, dhcp_scheduling.TAKEN, "", host)
    if not serves:
        raise NetworkNotHostedByDhcpAgent(network_id=network_id, agent_id=agent_id)


def serving(
    d: Deployment, network_ids: Sequence[str], *, able: bool = False
) -> dict[str, list[DhcpAgent]]:
    """The DHCP agents that serve each of these networks: one statement.

    Args:
        d: the deployment.
        network_ids: any networks; one without agents has an empty list.
        able: without those that are administratively down, unless these go on serving.
    """
    everyone = not able or d.settings.enable_services_on_agents_with_admin_state_down
    with d.database.read() as conn:
        places = rows.places(conn, network_ids)
    return {
        network_id: [place.agent for place in of_network if everyone or place.agent.admin_state_up]
        for network_id, of_network in places.items()
    }


def hosts_of_segments(d: Deployment, segment_ids: Sequence[str]) -> dict[str, set[str]]:
    """Hosts that reach each of these segments."""
    if not segment_ids:
        return {}
    with d.database.read() as conn:
        return hosts_of(conn, segment_ids)


def _require_agent(d: Deployment, conn: Connectable, agent_id: str) -> Resource:
    agent = agent_rows.get(conn, agent_id, alive_since=alive_since(d))
    if agent is None:
        raise AgentNotFound(id=agent_id)
    return agent


def _reserve_port(d: Deployment, ctx: RequestContext, *, network_id: str, host: str) -> None:
    """Keep the port that an agent had on a network for the next one."""
    query = Query(filters={"device_id": (device_id(host, network_id),)}, fields=("id",))
    with d.database.read() as conn:
        found = port_rows.list_(conn, query, None)
    for port in found:
        try:
            ports.update(d, ctx, port["id"], {"device_id": dhcp_scheduling.RESERVED_PORT})
        except PortNotFound:
            continue  # the agent was faster


def of_active_agent(d: Deployment, ctx: RequestContext, host: str) -> list[str] | None:
    """Ids of the networks that the DHCP agent of a host has to serve; None if there is no agent.

    It is given what lacks an agent before, if it is up and alive.

    Args:
        d: the deployment.
        ctx: the caller.
        host: as the agent reports it.
    """
    with d.database.read() as conn:
        agent = rows.on_host(conn, host)
    if agent is None:
        return None
    if (
        d.settings.network_auto_schedule
        and agent.admin_state_up
        and agent.heartbeat_timestamp >= alive_since(d)
    ):
        dhcp_scheduling.take_over(d, ctx, agent)
    if not agent.admin_state_up and not d.settings.enable_services_on_agents_with_admin_state_down:
        return []
    with d.database.read() as conn:
        return rows.networks_of(conn, agent.id)


def fail_over(d: Deployment, ctx: RequestContext) -> int:
    """Take networks from agents that have been silent for twice ``agent_down_time``.

    They go to other agents; the dead are not told, they ask when they are back. Any number of
    servers may do this at once: a place is given back by one of them, in the transaction in which
    another agent gets it. Agents that are administratively down keep their networks, and nothing is
    taken while no other agent is alive.

    Args:
        d: the deployment.
        ctx: the caller.

    Returns:
        How many places were given back.
    """
    silent_since = agent_time(later(d.clock(), -2 * d.settings.agent_down_time))
    with d.database.read() as conn:
        lost = rows.of_dead(conn, reported_since=silent_since)
        lost = [place for place in lost if not dhcp_scheduling.is_starting(d, place.agent)]
        if not lost:
            return 0
        usable = dhcp_scheduling.usable_agents(d, conn)
    if not usable:
        LOG.warning("All DHCP agents are dead; networks stay with those that they had")
        return 0
    moved = 0
    for place in lost:
        try:
            moved += _move(d, ctx, place)
        except NetworkError as error:
            LOG.warning(
                "Network %s stays with the dead DHCP agent of %s until the next time: %s",
                place.network_id,
                place.agent.host,
                error,
            )
    return moved


def _move(d: Deployment, ctx: RequestContext, place: Place) -> bool:
    """Take one network from a dead agent; False if another server was faster."""
    dead: DhcpAgent = place.agent
    # The port comes first, so that the next agent finds it.
    _reserve_port(d, ctx, network_id=place.network_id, host=dead.host)
    with d.database.transaction(ctx) as tx:
        if not rows.leave(tx, network_id=place.network_id, agent_id=dead.id):
            return False
        if d.settings.network_auto_schedule:
            dhcp_scheduling.replace_agent(d, tx, place.network_id, dead)
    LOG.warning(
        "Network %s was taken from the DHCP agent of %s, which last reported at %s",
        place.network_id,
        dead.host,
        dead.heartbeat_timestamp,
    )
    return True
