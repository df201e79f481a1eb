"""How things are spread over agents: what is the same for networks and for routers. No I/O.

A thing (a network, a router) has places that are numbered from 1; an agent takes one of them.
"""

import hashlib
from collections.abc import Collection, Sequence
from typing import Protocol, TypeVar


class Zoned(Protocol):
    """Somebody who is in an availability zone, or in none."""

    @property
    def zone(self) -> str | None:
        """Its name."""


Agent = TypeVar("Agent", bound=Zoned)


def spread(thing_id: str, agent_id: str) -> bytes:
    """Sorts agents in an order that is another one for each thing, and the same on all servers.

    Things that are placed at the same moment then spread over equal agents.
    """
    return hashlib.blake2b(f"{thing_id} {agent_id}".encode(), digest_size=8).digest()


def zones_in_turn(ordered: Sequence[Agent], serving: Sequence[Agent]) -> list[Agent]:
    """Each next agent is of the zone that has the fewest of them so far.

    Args:
        ordered: agents that may be chosen, the best first.
        serving: those that were chosen before.
    """
    queues: dict[str | None, list[Agent]] = {}
    for agent in ordered:
        queues.setdefault(agent.zone, []).append(agent)
    counts = {zone: sum(agent.zone == zone for agent in serving) for zone in queues}
    result: list[Agent] = []
    while queues:
        zone = min(queues, key=lambda zone: counts[zone])
        result.append(queues[zone].pop(0))
        counts[zone] += 1
        if not queues[zone]:
            del queues[zone]
    return result


def free_indexes(taken: Collection[int], highest: int | None, wanted: int) -> list[int]:
    """The lowest numbers of places that are free, at most so many.

    Args:
        taken: those that are not.
        highest: the largest number that there is, None for no limit.
        wanted: how many are looked for.
    """
    last = len(taken) + wanted if highest is None else highest
    return [index for index in range(1, last + 1) if index not in taken][:wanted]
