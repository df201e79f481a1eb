"""Which DHCP agents a network gets: functions of values.

    agents --> may they? (up, alive or starting, in the zones, on the hosts)
           --> order     (fewest networks first; zones in turn; or any)
           --> places    (the lowest numbers that are free)

The rules and the names of the schedulers are Neutron's. Where it takes agents with equally many
networks as they come, here a hash of network and agent decides: networks that are scheduled at the
same moment, by any number of servers, then spread over equal agents.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from deuteron.core.placing import free_indexes, spread, zones_in_turn
from deuteron.db.dhcp_agents import DhcpAgent, Place

CHANCE = "ChanceScheduler"
BY_ZONES = "AZAwareWeightScheduler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a network needs of its agents.

    Args:
        network_id: of the network.
        agents: how many should serve it.
        zones: availability zones that they may be in; empty for all.
        hosts: where they may be; None for all.
        beyond: whether it may have more agents than places; so it is for each segment of a routed
            network, and where an administrator wishes it.
    """

    network_id: str
    agents: int
    zones: Sequence[str] = ()
    hosts: Collection[str] | None = None
    beyond: bool = False


def eligible(agents: Iterable[DhcpAgent], needs: Needs, places: Sequence[Place]) -> list[DhcpAgent]:
    """The agents that may be given a network and do not have it yet.

    Args:
        agents: those that are up, and alive or starting.
        needs: of the network.
        places: of the network that are taken.
    """
    serving = {place.agent.id for place in places}
    return [
        agent
        for agent in agents
        if agent.id not in serving
        and (not needs.zones or agent.zone in needs.zones)
        and (needs.hosts is None or agent.host in needs.hosts)
    ]


def choose(
    candidates: Sequence[DhcpAgent],
    needs: Needs,
    places: Sequence[Place],
    *,
    scheduler: str,
) -> list[tuple[DhcpAgent, int]]:
    """The agents that a network gets besides those that it has, and their places.

    Args:
        candidates: see `eligible`.
        needs: of the network.
        places: of the network that are taken.
        scheduler: name of its class.
    """
    serving = [
        place.agent for place in places if needs.hosts is None or place.agent.host in needs.hosts
    ]
    missing = needs.agents - len(serving)
    if missing <= 0:
        return []
    mixed = {agent.id: spread(needs.network_id, agent.id) for agent in candidates}
    if scheduler == CHANCE:
        ordered = sorted(candidates, key=lambda agent: mixed[agent.id])
    else:
        ordered = sorted(candidates, key=lambda agent: (agent.networks, mixed[agent.id]))
    if scheduler == BY_ZONES:
        ordered = zones_in_turn(ordered, serving)
    taken = {place.index for place in places}
    indexes = free_indexes(taken, None if needs.beyond else needs.agents, missing)
    return list(zip(ordered, indexes, strict=False))
