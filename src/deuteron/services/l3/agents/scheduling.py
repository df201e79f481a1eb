"""Gives routers to L3 agents, at the events at which Neutron does.

    a change of a router    lacking()    in its transaction: does it want more agents?
    (gateway, interface)    schedule()   after it, in a transaction of its own
    an agent asks           take_over()  what lacks an agent is its
    an agent is dead        replace()    another one gets its place

A router that cannot be scheduled stays as it is; each of these events tries again. A site without
L3 agents has none of the statements (`Presence`).
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace as changed
from enum import StrEnum

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.core.liveness import alive_since
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    DatabaseUnavailable,
    MechanismDriverError,
    RouterReschedulingFailed,
    TryAgain,
)
from deuteron.services.l3.afterwards import Afterwards
from deuteron.services.l3.agents import choice, rows
from deuteron.services.l3.agents.rows import L3Agent, Place, Schedulable
from deuteron.services.l3.ha import routers as ha

LOG = logging.getLogger(__name__)

# Events of routers in the journal: an agent has it from now on, or no longer. Their details are the
# agent's ``host`` and, of the first, ``how`` it came to it.
SCHEDULED = "scheduled"
UNSCHEDULED = "unscheduled"

_AT_ONCE = 500
# No site has so many agents.
_MANY = 1_000_000
_LATER = "L3 agents are chosen at the next change of the router: %s"


class How(StrEnum):
    """How an agent came to a router.

    The words stand in the journal; they decide what the agent is told.
    """

    CHOSEN = "chosen"
    ADDED = "added"  # by hand, or moved from a dead agent
    ASKED = "asked"  # it asked for what lacks an agent, and has the answer


def lacking(d: Deployment, conn: Connectable, router_ids: Collection[str]) -> list[str]:
    """Routers that have fewer L3 agents than they may have.

    Args:
        d: the deployment.
        conn: where to look; one statement where the site has L3 agents, else none.
        router_ids: any number.
    """
    if not router_ids or not d.l3_presence.there(conn):
        return []
    return rows.lacking(conn, router_ids, agents_of_ha=_places(d, ha=True) or _MANY)


def schedule(d: Deployment, ctx: RequestContext, router_ids: Collection[str]) -> None:
    """Give routers the agents that they lack, as far as there are any.

    What called for it is committed, so trouble with the database is not the caller's.

    Args:
        d: the deployment.
        ctx: the caller.
        router_ids: any number; none costs nothing.
    """
    if not router_ids:
        return
    try:
        with d.database.transaction(ctx) as tx:
            after = assign(d, tx, router_ids)
        follow_up(d, ctx, after)
    except (TryAgain, DatabaseUnavailable) as trouble:
        LOG.info(_LATER, trouble)


def assign(d: Deployment, tx: Transaction, router_ids: Collection[str]) -> Afterwards:
    """Give routers the agents that they lack, as part of a transaction.

    Args:
        d: the deployment.
        tx: the transaction.
        router_ids: any number.

    Returns:
        what `follow_up` takes after the commit.
    """
    after = Afterwards()
    usable = usable_agents(d, tx)
    if not usable:
        return after
    places = rows.places(tx, router_ids)
    for router in _with_zones(d, rows.schedulable(tx, router_ids)):
        of_router = places[router.id]
        chosen = _choose(d, usable, router, of_router)
        if not chosen or not give(d, tx, router, chosen, after):
            continue
        given = {agent.id for agent, _ in chosen}
        usable = [
            changed(agent, routers=agent.routers + 1) if agent.id in given else agent
            for agent in usable
        ]
    return after


def follow_up(d: Deployment, ctx: RequestContext, after: Afterwards) -> None:
    """What follows when places are committed: hooks and binding of ports that came or went along.

    Args:
        d: the deployment.
        ctx: the caller.
        after: as `assign`, `give` or `take` filled it.
    """
    try:
        after.run(d, ctx)
    except MechanismDriverError as refused:
        LOG.warning("An L3 agent is without a port of a router that it has: %s", refused)


def give(
    d: Deployment,
    tx: Transaction,
    router: Schedulable,
    chosen: Sequence[tuple[L3Agent, int]],
    after: Afterwards,
    *,
    how: How = How.CHOSEN,
) -> bool:
    """Let agents have their places of a router; False if others were faster.

    Args:
        d: the deployment.
        tx: the transaction.
        router: that they get.
        chosen: agents and the numbers of their places, at least one.
        after: gets what `follow_up` takes after the commit.
        how: they came to it.
    """
    if not rows.take(tx, [(router.id, agent.id, index) for agent, index in chosen]):
        return False
    _give_ports(d, tx, router, [agent for agent, _ in chosen], after)
    _note(tx, router, chosen, how)
    return True


def _give_ports(
    d: Deployment,
    tx: Transaction,
    router: Schedulable,
    agents: Sequence[L3Agent],
    after: Afterwards,
) -> None:
    """Make the ports through which agents of a highly available router talk."""
    if not router.ha:
        return
    row = {
        "id": router.id,
        "project_id": router.project_id,
        "ha": router.ha,
        "ha_vr_id": router.ha_vr_id,
        "status": router.status,
    }
    made = ha.give(d, tx, row, [(agent.id, agent.host) for agent in agents])
    if made is not None:
        after.inserted.append(made)


def _note(
    tx: Transaction, router: Schedulable, chosen: Sequence[tuple[L3Agent, int]], how: How
) -> None:
    for agent, _ in chosen:
        details = {"host": agent.host, "how": how.value}
        tx.journal("router", router.id, SCHEDULED, router.project_id, details)


def take(
    d: Deployment,
    tx: Transaction,
    router: Schedulable,
    agent: L3Agent,
    after: Afterwards,
) -> bool:
    """Take a router from an agent; False if it does not have it.

    Args:
        d: the deployment.
        tx: the transaction.
        router: that it loses.
        agent: that loses it.
        after: gets what `follow_up` takes after the commit.
    """
    if router.ha:
        for due in ha.take(d, tx, router.id, [agent.id]):
            after.owe(due)
    if not rows.leave(tx, router_id=router.id, agent_id=agent.id):
        return False
    tx.journal("router", router.id, UNSCHEDULED, router.project_id, {"host": agent.host})
    return True


def replace(d: Deployment, tx: Transaction, place: Place) -> Afterwards | None:
    """Give the place of a dead agent to another one, as part of a transaction.

    Args:
        d: the deployment.
        tx: the transaction; to be rolled back if nobody has the place then.
        place: of the dead agent.

    Returns:
        what `follow_up` takes after the commit; None if the agent does not have the router.

    Raises:
        RouterReschedulingFailed: nobody else can have the router.
        TryAgain: others were faster.
    """
    routers = _with_zones(d, rows.schedulable(tx, [place.router_id]))
    after = Afterwards()
    if not routers or not take(d, tx, routers[0], place.agent, after):
        return None
    router = routers[0]
    others = [agent for agent in usable_agents(d, tx) if agent.id != place.agent.id]
    chosen = _choose(d, others, router, rows.places(tx, [router.id])[router.id])
    if not chosen:
        raise RouterReschedulingFailed(router_id=router.id)
    if not give(d, tx, router, chosen, after, how=How.ADDED):
        raise TryAgain(reason="another request took the same place of the router")
    return after


def take_over(d: Deployment, ctx: RequestContext, agent: L3Agent) -> None:
    """Give an agent the routers that lack agents and fit it.

    Args:
        d: the deployment.
        ctx: the caller.
        agent: that is up and alive, and asks.
    """
    with d.database.read() as conn:
        found = rows.unserved(conn, agent.id, agents_of_ha=_places(d, ha=True) or _MANY)
    scheduler = d.settings.routing.router_scheduler_driver
    fit = [
        router
        for router in _with_zones(d, found)
        if choice.eligible([agent], router, (), scheduler=scheduler)
    ]
    for start in range(0, len(fit), _AT_ONCE):
        after = Afterwards()
        part = fit[start : start + _AT_ONCE]
        with d.database.transaction(ctx) as tx:
            places = rows.places(tx, [router.id for router in part])
            chosen = [(router, _choose(d, [agent], router, places[router.id])) for router in part]
            taken = [(router.id, agent.id, one[0][1]) for router, one in chosen if one]
            if taken and rows.take(tx, taken) < len(taken):
                raise TryAgain(reason="others gave the same routers to agents")
            for router, one in chosen:
                if one:
                    _give_ports(d, tx, router, [agent], after)
                    _note(tx, router, one, How.ASKED)
        follow_up(d, ctx, after)


def usable_agents(d: Deployment, conn: Connectable) -> list[L3Agent]:
    """The L3 agents that may be given routers: up and alive."""
    since = alive_since(d)
    return [agent for agent in rows.all_agents(conn) if is_usable(agent, since)]


def is_usable(agent: L3Agent, since: str) -> bool:
    """Whether an agent is administratively up, and reported at or after a time."""
    return agent.admin_state_up and agent.heartbeat_timestamp >= since


def _choose(
    d: Deployment, agents: Sequence[L3Agent], router: Schedulable, places: Sequence[Place]
) -> list[tuple[L3Agent, int]]:
    scheduler = d.settings.routing.router_scheduler_driver
    return choice.choose(
        choice.eligible(agents, router, places, scheduler=scheduler),
        router,
        places,
        wanted=_places(d, ha=router.ha),
        scheduler=scheduler,
    )


def _places(d: Deployment, *, ha: bool) -> int | None:
    """How many agents a router may have; None for all."""
    return (d.settings.routing.max_l3_agents_per_router or None) if ha else 1


def _with_zones(d: Deployment, routers: Sequence[Schedulable]) -> list[Schedulable]:
    """Routers that wish for no zone are to be in the default ones."""
    default = tuple(d.settings.default_availability_zones)
    return [router if router.zones else changed(router, zones=default) for router in routers]
