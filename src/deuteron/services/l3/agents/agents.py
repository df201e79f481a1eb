"""Routers of L3 agents (``l3_agent_scheduler``): list, add, remove, and away from the dead.

    routers_of, agents_of    what is where
    add, remove              by hand
    of_active_agent          what an agent is told that asks for everything
    fail_over                routers of agents that have been silent for long go to others

Source: API reference, "L3 agent scheduler"; the order of the checks as observed of Neutron.
"""

import logging
from collections.abc import Collection, Mapping
from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.core.liveness import agent_time, alive_since
from deuteron.db import agents as agent_rows
from deuteron.db.agents import L3_AGENT
from deuteron.db.moments import later
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    AgentNotFound,
    DVRL3CannotAssignToDvrAgent,
    DVRL3CannotRemoveFromDvrAgent,
    InvalidL3Agent,
    NetworkError,
    RouterHostedByL3Agent,
    RouterL3AgentMismatch,
    RouterNotFound,
    TryAgain,
)
from deuteron.query import Query
from deuteron.services.l3 import routers
from deuteron.services.l3.afterwards import Afterwards
from deuteron.services.l3.agents import choice, rows, scheduling
from deuteron.services.l3.agents.rows import (
    DVR,
    DVR_NO_EXTERNAL,
    LEGACY,
    L3Agent,
    Place,
    Schedulable,
)
from deuteron.services.l3.agents.scheduling import How
from deuteron.services.l3.dvr import routers as dvr
from deuteron.services.l3.dvr import rows as dvr_rows
from deuteron.services.l3.ha import routers as ha
from deuteron.surface import Related

LOG = logging.getLogger(__name__)

Resource = dict[str, Any]

# Agents of these modes have the routers that the ports of their host need.
_BY_THEIR_PORTS = (DVR, DVR_NO_EXTERNAL)


def routers_of(d: Deployment, ctx: RequestContext, agent_id: str) -> list[Resource]:
    """API dicts of the routers that an agent has.

    Raises:
        AgentNotFound: there is no agent of this id.
    """
    with d.database.read() as conn:
        ids = rows.routers_of(conn, agent_id)
        if not ids:
            _require_agent(d, conn, agent_id)
            return []
    return routers.list_(d, ctx, Query(filters={"id": tuple(ids)}))


def agents_of(d: Deployment, ctx: RequestContext, router_id: str) -> list[Resource]:
    """API dicts of the L3 agents that have a router, each with its ``ha_state`` there.

    Raises:
        RouterNotFound: there is no router of this id.
    """
    with d.database.read() as conn:
        places = rows.places(conn, [router_id])[router_id]
        if not places:
            _require_router(conn, router_id, ctx.scope)
            return []
        ids = tuple(place.agent.id for place in places)
        found = agent_rows.list_(conn, Query(filters={"id": ids}), alive_since=alive_since(d))
        states: Mapping[str, str | None] = {}
        if any(place.ha_port_id is not None for place in places):
            states = ha.states_shown(d, conn, router_id)
    return [{**agent, "ha_state": states.get(agent["id"])} for agent in found]


def add(d: Deployment, ctx: RequestContext, agent_id: str, router_id: str) -> None:
    """Let an agent have a router; it may have it already.

    Raises:
        RouterNotFound, AgentNotFound: there is none of this id.
        InvalidL3Agent: the agent is of another type, administratively down or cannot have it.
        DVRL3CannotAssignToDvrAgent, RouterL3AgentMismatch: its mode does not fit.
        RouterHostedByL3Agent: another agent has the router, which is to have one only.
    """
    after = Afterwards()
    with d.database.transaction(ctx) as tx:
        router = _require_router(tx, router_id, ctx.scope)
        agent = _require_l3_agent(d, tx, agent_id, router)
        places = rows.places(tx, [router_id])[router_id]
        if any(place.agent.id == agent_id for place in places):
            return
        if places and not router.ha:
            raise RouterHostedByL3Agent(router_id=router_id, agent_id=places[0].agent.id)
        chosen = choice.choose(
            [agent],
            router,
            places,
            wanted=len(places) + 1,
            scheduler=choice.CHANCE,
            beyond=True,
        )
        if not scheduling.give(d, tx, router, chosen, after, how=How.ADDED):
            raise TryAgain(reason="another request took the same place of the router")
    scheduling.follow_up(d, ctx, after)


def remove(d: Deployment, ctx: RequestContext, agent_id: str, router_id: str) -> None:
    """Take a router from an agent; one that it does not have is fine.

    It has no agent then until it is changed, or until an agent asks for what lacks one.

    Raises:
        AgentNotFound, RouterNotFound: there is none of this id.
        DVRL3CannotRemoveFromDvrAgent: the agent has what its host needs.
    """
    after = Afterwards()
    with d.database.transaction(ctx) as tx:
        found = _require_agent(d, tx, agent_id)
        agent = rows.of_dict(found)
        if agent.mode in _BY_THEIR_PORTS:
            raise DVRL3CannotRemoveFromDvrAgent()
        router = _require_router(tx, router_id, ctx.scope)
        scheduling.take(d, tx, router, agent, after)
    scheduling.follow_up(d, ctx, after)


def _require_agent(d: Deployment, conn: Connectable, agent_id: str) -> Resource:
    agent = agent_rows.get(conn, agent_id, alive_since=alive_since(d))
    if agent is None:
        raise AgentNotFound(id=agent_id)
    return agent


def _require_router(conn: Connectable, router_id: str, scope: str | None) -> Schedulable:
    found = rows.schedulable(conn, [router_id])
    if not found or scope not in (None, found[0].project_id):
        raise RouterNotFound(router_id=router_id)
    return found[0]


def _require_l3_agent(
    d: Deployment, tx: Transaction, agent_id: str, router: Schedulable
) -> L3Agent:
    found = _require_agent(d, tx, agent_id)
    if found["agent_type"] != L3_AGENT:
        raise InvalidL3Agent(id=agent_id)
    agent = rows.of_dict(found)
    if agent.mode in _BY_THEIR_PORTS:
        raise DVRL3CannotAssignToDvrAgent()
    if agent.mode == LEGACY and router.distributed:
        raise RouterL3AgentMismatch(router_id=router.id, agent_id=agent_id)
    able = agent.admin_state_up or d.settings.enable_services_on_agents_with_admin_state_down
    if not able or not choice.fits(agent, router):
        raise InvalidL3Agent(id=agent_id)
    return agent


def of_active_agent(d: Deployment, ctx: RequestContext, host: str) -> list[str]:
    """Ids of the routers that the L3 agent of a host has.

    It is given what lacks an agent before, if it is up and alive.

    Args:
        d: the deployment.
        ctx: the caller.
        host: as the agent reports it; a host without an agent has nothing.
    """
    with d.database.read() as conn:
        agent = rows.on_host(conn, host)
    if agent is None:
        return []
    if d.settings.routing.router_auto_schedule and scheduling.is_usable(agent, alive_since(d)):
        scheduling.take_over(d, ctx, agent)
    with d.database.read() as conn:
        return sorted(_having(d, conn, agent))


def on_host(d: Deployment, host: str) -> tuple[L3Agent | None, frozenset[str]]:
    """The L3 agent of a host, and the ids of the routers that it has.

    Args:
        d: the deployment.
        host: as the agent reports it.
    """
    with d.database.read() as conn:
        agent = rows.on_host(conn, host)
        return agent, frozenset() if agent is None else _having(d, conn, agent)


def _having(d: Deployment, conn: Connectable, agent: L3Agent) -> frozenset[str]:
    """Routers that were given to an agent, and distributed ones that its host needs.

    One that is administratively down has none.
    """
    if not (agent.admin_state_up or d.settings.enable_services_on_agents_with_admin_state_down):
        return frozenset()
    as_distributing = dvr_rows.Agent(id=agent.id, host=agent.host, mode=agent.mode)
    needed = dvr.routers_on(d, conn, as_distributing)
    return frozenset((*rows.routers_of(conn, agent.id), *needed))


def clean_up(d: Deployment, ctx: RequestContext, agent_ids: Collection[str]) -> None:
    """Remove the ports that agents used for themselves which were deleted.

    Args:
        d: the deployment.
        ctx: the caller.
        agent_ids: of agents that are no more, of whatever type.
    """
    with d.database.read() as conn:
        port_ids = rows.left_behind(conn, agent_ids)
    if not port_ids:
        return
    after = Afterwards()
    with d.database.transaction(ctx) as tx:
        routers.remove_ports(d, tx, set(port_ids), after)
    scheduling.follow_up(d, ctx, after)


def is_router(d: Deployment, router_id: str) -> bool:
    """Whether there is a router of this id."""
    with d.database.read() as conn:
        return bool(rows.schedulable(conn, [router_id]))


def fail_over(d: Deployment, ctx: RequestContext) -> int:
    """Take routers from agents that have been silent for twice ``agent_down_time``.

    They go to other agents; the dead are not told, they ask when they are back. Any number of
    servers may do this at once: a place is given back by one of them, in the transaction in which
    another agent gets it. Agents that are administratively down keep their routers, and a router
    that no other agent can have stays where it is.

    Args:
        d: the deployment.
        ctx: the caller.

    Returns:
        How many places went to others.
    """
    silent_since = agent_time(later(d.clock(), -2 * d.settings.agent_down_time))
    with d.database.read() as conn:
        lost = rows.of_dead(conn, reported_since=silent_since)
    moved = 0
    for place in lost:
        try:
            moved += _move(d, ctx, place)
        except NetworkError as error:
            LOG.warning(
                "Router %s stays with the dead L3 agent of %s until the next time: %s",
                place.router_id,
                place.agent.host,
                error,
            )
    return moved


def _move(d: Deployment, ctx: RequestContext, place: Place) -> bool:
    """Take one router from a dead agent; False if another server was faster."""
    with d.database.transaction(ctx) as tx:
        after = scheduling.replace(d, tx, place)
    if after is None:
        return False
    scheduling.follow_up(d, ctx, after)
    LOG.warning(
        "Router %s was taken from the L3 agent of %s, which last reported at %s",
        place.router_id,
        place.agent.host,
        place.agent.heartbeat_timestamp,
    )
    return True


OF_ROUTERS = {
    "l3-agents": Related(
        collection="agents",
        list_=agents_of,
        rule="get_l3-agents",
        shows=frozenset(("ha_state",)),
    )
}
OF_AGENTS = {
    "l3-routers": Related(
        collection="routers",
        key="router_id",
        list_=routers_of,
        rule="get_l3-routers",
        add=add,
        add_rule="create_l3-router",
        remove=remove,
        remove_rule="delete_l3-router",
    )
}
