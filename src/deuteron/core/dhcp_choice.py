"""Which DHCP agents a network gets: functions of values.

    agents --> may they? (up, alive or starting, in the zones, on the hosts)
           --> order     (fewest networks first; zones in turn; or any)
           --> places    (the lowest numbers that are free)

The rules and the names of the schedulers are Neutron's. Where it takes agents with equally many
networks as they come, here a hash of network and agent decides: networks that are scheduled at the
same moment, by any number of servers, then spread over equal agents.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

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
    spread = {agent.id: _spread(needs.network_id, agent.id) for agent in candidates}
    if scheduler == CHANCE:
        ordered = sorted(candidates, key=lambda agent: spread[agent.id])
    else:
        ordered = sorted(candidates, key=lambda agent: (agent.networks, spread[agent.id]))
    if scheduler == BY_ZONES:
        ordered = _zones_in_turn(ordered, serving)
    indexes = _free_indexes(places, None if needs.beyond else needs.agents, missing)
    return list(zip(ordered, indexes, strict=False))


def _spread(network_id: str, agent_id: str) -> bytes:
    return hashlib.blake2b(f"{network_id} {agent_id}".encode(), digest_size=8).digest()


def _zones_in_turn(ordered: Sequence[DhcpAgent], serving: Sequence[DhcpAgent]) -> list[DhcpAgent]:
    """Each next agent is of the zone that has the fewest of them so far."""
    queues: dict[str | None, list[DhcpAgent]] = {}
    for agent in ordered:
        queues.setdefault(agent.zone, []).append(agent)
    counts = {zone: sum(agent.zone == zone for agent in serving) for zone in queues}
    result: list[DhcpAgent] = []
    while queues:
        zone = min(queues, key=lambda zone: counts[zone])
        result.append(queues[zone].pop(0))
        counts[zone] += 1
        if not queues[zone]:
            del queues[zone]
    return result


def _free_indexes(places: Sequence[Place], highest: int | None, wanted: int) -> list[int]:
    """The lowest numbers of places that are free, at most so many.

    Args:
        places: those that are taken.
        highest: the largest number that there is, None for no limit.
        wanted: how many are looked for.
    """
    taken = {place.index for place in places}
    last = len(taken) + wanted if highest is None else highest
    return [index for index in range(1, last + 1) if index not in taken][:wanted]
