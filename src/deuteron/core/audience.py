"""Who listens to what happens to ports and networks: layer 2 agents and those that wire routers.

An agent that is silent keeps its place: where it is the broker that was away, nobody could report,
and whoever comes back with it has missed what was not kept for it. Only who has been silent for a
day when others report is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from deuteron.db import agents as rows
from deuteron.db.transaction import Connectable
from deuteron.ml2.forwarding_entries import Endpoint, endpoint_of

Agent = dict[str, Any]

LINUX_BRIDGE = "Linux bridge agent"
L3 = "L3 agent"
# They keep no ports and networks. They name versions of all objects nevertheless, and take
# policies only.
_TOLD_BY_NAME = (LINUX_BRIDGE, "Macvtap agent", "NIC Switch agent")
_POLICIES, _OF_POLICIES = "QosPolicy", "qos"

_REMEMBERED = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """The agents of a site that are told of ports and networks.

    Args:
        versions: kind of objects -> versions in which agents know it.
        named: hosts of agents that are told by name instead.
        linux_bridges: those of them with Linux bridges.
        routers: whether there are agents for routers.
        populated: whether any agent listens to where the ports of a network are.
        endpoints: host -> where its tunnels end, of whoever ever said so.
    """

    versions: Mapping[str, Sequence[str]]
    named: frozenset[str]
    linux_bridges: frozenset[str]
    routers: bool
    populated: bool
    endpoints: Mapping[str, Endpoint]

    @property
    def empty(self) -> bool:
        """Whether nobody listens."""
        return not (self.versions or self.named or self.routers or self.populated)


def read(conn: Connectable) -> Audience:
    """The present audience: one statement."""
    return of(rows.listening(conn))


def of(agents: Sequence[Agent]) -> Audience:
    """The audience that agents are.

    Args:
        agents: as `deuteron.db.agents.listening` has them.
    """
    there = _there(agents)
    versions: dict[str, set[str]] = {}
    for agent in there:
        for kind, version in _kept(agent).items():
            versions.setdefault(kind, set()).add(str(version))
    by_host: dict[str, list[Agent]] = {}
    for agent in agents:
        by_host.setdefault(agent["host"], []).append(agent)
    endpoints = {host: endpoint_of(of_host) for host, of_host in by_host.items()}
    return Audience(
        versions={kind: sorted(known) for kind, known in versions.items()},
        named=frozenset(agent["host"] for agent in there if agent["agent_type"] in _TOLD_BY_NAME),
        linux_bridges=frozenset(
            agent["host"] for agent in there if agent["agent_type"] == LINUX_BRIDGE
        ),
        routers=any(agent["agent_type"] == L3 for agent in there),
        populated=any(agent["configurations"].get("l2_population") for agent in there),
        endpoints={host: one for host, one in endpoints.items() if one is not None},
    )


def _kept(agent: Agent) -> Mapping[str, Any]:
    """The objects that an agent keeps, and the versions in which it knows them."""
    versions: Mapping[str, Any] = agent["resource_versions"] or {}
    if agent["agent_type"] not in _TOLD_BY_NAME:
        return versions
    extensions = agent["configurations"].get("extensions")
    if _POLICIES in versions and isinstance(extensions, list) and _OF_POLICIES in extensions:
        return {_POLICIES: versions[_POLICIES]}
    return {}


def _there(agents: Sequence[Agent]) -> list[Agent]:
    """Those that were heard of within a day of the one that was heard of last."""
    beats = [datetime.fromisoformat(agent["heartbeat_timestamp"]) for agent in agents]
    since = max(beats) - _REMEMBERED if beats else datetime.min
    return [agent for agent, beat in zip(agents, beats, strict=True) if beat >= since]
