"""Which L3 agents a router gets: functions of values.

    agents --> may they?   (up and alive; a mode that fits; the gateway; the router's zones)
           --> order       (fewest routers first; zones in turn; or any)
           --> places      (the lowest numbers that are free)

    agent_mode        routers that are not distributed    distributed ones
    legacy            yes                                 no
    dvr_snat          yes                                 their central part
    dvr               no                                  no: they have those of their hosts' ports
    dvr_no_external   no                                  no: the same

The rules and the names of the schedulers are Neutron's; `deuteron.core.placing` decides between
equal agents.
"""

from collections.abc import Iterable, Sequence

from deuteron.core.placing import free_indexes, spread, zones_in_turn
from deuteron.services.l3.agents.rows import (
    DVR,
    DVR_NO_EXTERNAL,
    LEGACY,
    L3Agent,
    Place,
    Schedulable,
)

CHANCE = "ChanceScheduler"
BY_ZONES = "AZLeastRoutersScheduler"
ERROR = "ERROR"


def fits(agent: L3Agent, router: Schedulable) -> bool:
    """Whether an agent can have a router, by what it says of itself.

    Args:
        agent: in whatever state.
        router: as it is.
    """
    if agent.mode in (DVR, DVR_NO_EXTERNAL) or (agent.mode == LEGACY and router.distributed):
        return False
    if router.ha and router.status == ERROR:  # it has no VRRP group
        return False
    if agent.only_router not in (None, router.id):
        return False
    return router.external or agent.handles_internal_only_routers


def eligible(
    agents: Iterable[L3Agent], router: Schedulable, places: Sequence[Place], *, scheduler: str
) -> list[L3Agent]:
    """The agents that may be given a router and do not have it yet.

    Args:
        agents: those that are up and alive.
        router: with the zones that it is to be in.
        places: of the router that are taken.
        scheduler: name of its class; one of them looks at zones.
    """
    having = {place.agent.id for place in places}
    zones = router.zones if scheduler == BY_ZONES else ()
    return [
        agent
        for agent in agents
        if agent.id not in having and (not zones or agent.zone in zones) and fits(agent, router)
    ]


def choose(
    candidates: Sequence[L3Agent],
    router: Schedulable,
    places: Sequence[Place],
    *,
    wanted: int | None,
    scheduler: str,
    beyond: bool = False,
) -> list[tuple[L3Agent, int]]:
    """The agents that a router gets besides those that it has, and their places.

    Args:
        candidates: see `eligible`.
        router: that gets them.
        places: of the router that are taken.
        wanted: agents that it is to have, None for all.
        scheduler: name of its class.
        beyond: it may have more agents than places: an administrator wishes it.
    """
    if wanted is None:
        wanted = len(places) + len(candidates)
    missing = wanted - len(places)
    if missing <= 0:
        return []
    mixed = {agent.id: spread(router.id, agent.id) for agent in candidates}
    if scheduler == CHANCE:
        ordered = sorted(candidates, key=lambda agent: mixed[agent.id])
    else:
        ordered = sorted(candidates, key=lambda agent: (agent.routers, mixed[agent.id]))
    if scheduler == BY_ZONES and router.ha:
        ordered = zones_in_turn(ordered, [place.agent for place in places])
    taken = {place.index for place in places}
    indexes = free_indexes(taken, None if beyond else wanted, missing)
    return list(zip(ordered, indexes, strict=False))
