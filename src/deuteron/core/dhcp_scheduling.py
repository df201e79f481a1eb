"""Gives networks to DHCP agents, at the events at which Neutron does: a new subnet, a new port.

    create of a port     lacking()    in its transaction: does a network want more agents?
                         schedule()   after it, in a transaction of its own
    create of a subnet   schedule()   after it; for a routed network per segment
    an agent asks        take_over()  what lacks an agent is its

A network that cannot be scheduled stays as it is; each of these events tries again. A site without
DHCP agents has none of the statements (`Presence`).
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import dhcp_choice
from deuteron.core.deployment import Deployment
from deuteron.core.dhcp_choice import Needs
from deuteron.core.liveness import alive_since
from deuteron.core.segment_hosts import hosts_of, segments_of_host
from deuteron.db import agents as agent_rows
from deuteron.db import dhcp_agents as rows
from deuteron.db import networks as network_rows
from deuteron.db import segments as segment_rows
from deuteron.db import subnets as subnet_rows
from deuteron.db.dhcp_agents import DhcpAgent, Unserved
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import DatabaseUnavailable, TryAgain
from deuteron.ml2.plugin_context import plugin_context
from deuteron.segment import Segment

LOG = logging.getLogger(__name__)

Resource = dict[str, Any]

# Events of networks in the journal: an agent serves the network from now on, or no longer. Their
# details are its ``host``.
GIVEN = "dhcp_agent_given"
TAKEN = "dhcp_agent_taken"

# The device of a port that is kept for the next DHCP agent of its network.
RESERVED_PORT = "reserved_dhcp_port"

# An agent that starts is busy: it is not dead before it had so many seconds for each network.
_SECONDS_PER_NETWORK = 2
_AT_ONCE = 500
_LATER = "DHCP agents are chosen when the next port or subnet is made: %s"


def lacking(d: Deployment, conn: Connectable, ports: Iterable[Resource]) -> list[str]:
    """Networks of new ports that have fewer DHCP agents than they may have.

    Args:
        d: the deployment.
        conn: where to look; one statement where the site has DHCP agents, else none.
        ports: API dicts. A port that is kept for an agent asks for none.
    """
    if not d.settings.network_auto_schedule or not d.dhcp_presence.there(conn):
        return []
    asking = sorted({port["network_id"] for port in ports if port["device_id"] != RESERVED_PORT})
    if not asking:
        return []
    taken = rows.taken(conn, asking)
    wanted = d.settings.dhcp_agents_per_network
    return [network_id for network_id in asking if taken.get(network_id, 0) < wanted]


def hosts_serving(d: Deployment, conn: Connectable, network_id: str) -> list[str]:
    """Hosts of the DHCP agents of a network: no statement where the site has none."""
    if not d.dhcp_presence.there(conn):
        return []
    return [place.agent.host for place in rows.places(conn, [network_id])[network_id]]


def schedule_subnets(d: Deployment, ctx: RequestContext, subnets: Sequence[Resource]) -> None:
    """Give the networks of new subnets to agents; each segment of a routed network has its own.

    Args:
        d: the deployment.
        ctx: the caller.
        subnets: API dicts.
    """
    if not d.settings.network_auto_schedule:
        return
    routed = [subnet for subnet in subnets if subnet["segment_id"] is not None]
    others = {subnet["network_id"] for subnet in subnets if subnet["segment_id"] is None}
    try:
        with d.database.read() as conn:
            if not d.dhcp_presence.there(conn):
                return
            reached = hosts_of(conn, [one["segment_id"] for one in routed]) if routed else {}
    except (TryAgain, DatabaseUnavailable) as trouble:
        LOG.info(_LATER, trouble)
        return
    schedule(d, ctx, sorted(others))
    for subnet in routed:
        schedule(d, ctx, [subnet["network_id"]], hosts=reached[subnet["segment_id"]])


def schedule(
    d: Deployment,
    ctx: RequestContext,
    network_ids: Sequence[str],
    *,
    hosts: Collection[str] | None = None,
) -> None:
    """Give networks the agents that they lack, as far as there are any.

    What called for it is committed, so trouble with the database is not the caller's.

    Args:
        d: the deployment.
        ctx: the caller.
        network_ids: any number of networks.
        hosts: of a segment: so many agents as a network may have must be on these. None: anywhere.
    """
    if not network_ids:
        return
    try:
        with d.database.transaction(ctx) as tx:
            assign(d, tx, network_ids, hosts=hosts)
    except (TryAgain, DatabaseUnavailable) as trouble:
        LOG.info(_LATER, trouble)


def assign(
    d: Deployment,
    tx: Transaction,
    network_ids: Sequence[str],
    *,
    hosts: Collection[str] | None = None,
    without: Collection[str] = (),
) -> None:
    """Give networks the agents that they lack, as part of a transaction.

    Args:
        d: the deployment.
        tx: the transaction.
        network_ids: any number of networks.
        hosts: see `schedule`.
        without: ids of agents that are not to be chosen.
    """
    usable = [agent for agent in usable_agents(d, tx) if agent.id not in without]
    places = rows.places(tx, network_ids)
    networks = {network["id"]: network for network in network_rows.rows(tx, network_ids)}
    reach = _Reach(d, tx, networks, usable) if hosts is None else None
    for network_id, network in networks.items():
        needs = Needs(
            network_id=network_id,
            agents=d.settings.dhcp_agents_per_network,
            zones=_zones(d, network),
            hosts=hosts,
            beyond=hosts is not None,
        )
        able = dhcp_choice.eligible(usable, needs, places[network_id])
        if reach is not None and able:
            reached = reach.hosts(network_id)
            able = [agent for agent in able if agent.host in reached]
        chosen = dhcp_choice.choose(
            able, needs, places[network_id], scheduler=d.settings.network_scheduler_driver
        )
        if give(tx, network, chosen):
            given = {agent.id for agent, _ in chosen}
            usable = [
                replace(agent, networks=agent.networks + 1) if agent.id in given else agent
                for agent in usable
            ]


def replace_agent(d: Deployment, tx: Transaction, network_id: str, agent: DhcpAgent) -> None:
    """Give a network another agent for one that it has just lost; a routed one for each segment.

    Args:
        d: the deployment.
        tx: the transaction.
        network_id: of the network.
        agent: that it is not to get again.
    """
    segment_ids = {
        subnet["segment_id"]
        for subnet in subnet_rows.of_networks(tx, [network_id])
        if subnet["enable_dhcp"] and subnet["segment_id"] is not None
    }
    if not segment_ids:
        assign(d, tx, [network_id], without=(agent.id,))
        return
    for hosts in hosts_of(tx, sorted(segment_ids)).values():
        assign(d, tx, [network_id], hosts=hosts, without=(agent.id,))


def give(
    tx: Transaction, network: Mapping[str, Any], chosen: Sequence[tuple[DhcpAgent, int]]
) -> bool:
    """Let agents have their places of a network; False if others were faster.

    Args:
        tx: the transaction.
        network: API dict.
        chosen: agents and the numbers of their places.
    """
    if not chosen:
        return False
    network_id = network["id"]
    if not rows.take(tx, [(network_id, agent.id, index) for agent, index in chosen]):
        return False
    for agent, _ in chosen:
        _note(tx, network, agent)
    return True


def _note(tx: Transaction, network: Mapping[str, Any], agent: DhcpAgent) -> None:
    tx.journal("network", network["id"], GIVEN, network["project_id"], {"host": agent.host})


def take_over(
    d: Deployment, ctx: RequestContext, agent: DhcpAgent, *, only_routed: bool = False
) -> None:
    """Give an agent the networks with DHCP that lack agents.

    Args:
        d: the deployment.
        ctx: the caller.
        agent: that is up and alive.
        only_routed: it did not ask: its host has reached other segments, and it has to be told of
            the networks that it gets by that.
    """
    wanted = d.settings.dhcp_agents_per_network
    with d.database.read() as conn:
        lack = rows.unserved(conn, agent.id, at_most=wanted)
        routed = [one for one in lack if one.segment_ids]
        reached = segments_of_host(conn, agent.host) if routed else set()
        segment_ids = {segment_id for one in routed for segment_id in one.segment_ids & reached}
        hosts = hosts_of(conn, sorted(segment_ids)) if segment_ids else {}
    fit = [one for one in lack if one.segment_ids & reached or not (one.segment_ids or only_routed)]
    for start in range(0, len(fit), _AT_ONCE):
        part = {one.network_id: one for one in fit[start : start + _AT_ONCE]}
        with d.database.transaction(ctx) as tx:
            places = rows.places(tx, list(part))
            chosen = []
            for network in network_rows.rows(tx, list(part)):
                of_network = places[network["id"]]
                for needs in _needs_there(d, network, part[network["id"]], hosts):
                    able = dhcp_choice.eligible([agent], needs, of_network)
                    found = dhcp_choice.choose(
                        able, needs, of_network, scheduler=dhcp_choice.CHANCE
                    )
                    if found:
                        chosen.append((network, found))
                        break
            if chosen:
                taken = [(one["id"], agent.id, found[0][1]) for one, found in chosen]
                rows.take(tx, taken)
            if only_routed:
                for network, _ in chosen:
                    _note(tx, network, agent)


def _needs_there(
    d: Deployment, network: Mapping[str, Any], lack: Unserved, hosts: Mapping[str, set[str]]
) -> list[Needs]:
    """What a network needs where an agent is: once for each segment that it reaches there."""
    common = Needs(
        network_id=network["id"],
        agents=d.settings.dhcp_agents_per_network,
        zones=_zones(d, network),
    )
    if not lack.segment_ids:
        return [common]
    return [
        replace(common, hosts=hosts[segment_id], beyond=True)
        for segment_id in sorted(lack.segment_ids & hosts.keys())
    ]


def host_reaches_more(d: Deployment, ctx: RequestContext, host: str) -> None:
    """The agents of a host say that it is on other physical networks than before.

    Segments that it reaches by them may lack a DHCP agent, and it may have one.

    Args:
        d: the deployment.
        ctx: the caller.
        host: as its agents report it.
    """
    if not d.settings.network_auto_schedule:
        return
    try:
        with d.database.read() as conn:
            if not d.dhcp_presence.there(conn):
                return
            agent = rows.on_host(conn, host)
        if agent is not None and _is_usable(d, agent):
            take_over(d, ctx, agent, only_routed=True)
    except (TryAgain, DatabaseUnavailable) as trouble:
        LOG.info(_LATER, trouble)


def usable_agents(d: Deployment, conn: Connectable) -> list[DhcpAgent]:
    """The DHCP agents that may be given networks: up, and alive or starting."""
    return [agent for agent in rows.all_agents(conn) if _is_usable(d, agent)]


def _is_usable(d: Deployment, agent: DhcpAgent) -> bool:
    alive = agent.heartbeat_timestamp >= alive_since(d)
    return agent.admin_state_up and (alive or is_starting(d, agent))


def is_starting(d: Deployment, agent: DhcpAgent) -> bool:
    """Whether an agent that is silent may still be busy with its start, which takes its time."""
    allowed = 2 * d.settings.agent_down_time + _SECONDS_PER_NETWORK * agent.networks
    started = datetime.strptime(agent.started_at, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return started + timedelta(seconds=allowed) > datetime.fromisoformat(d.clock())


def _zones(d: Deployment, network: Mapping[str, Any]) -> Sequence[str]:
    return network.get("availability_zone_hints") or d.settings.default_availability_zones


class _Reach:
    """Which hosts of DHCP agents reach which networks, as the mechanism drivers say.

    Args:
        d: the deployment.
        tx: the transaction.
        networks: by id.
        agents: whose hosts are asked about.
    """

    def __init__(
        self,
        d: Deployment,
        tx: Transaction,
        networks: Mapping[str, Any],
        agents: Sequence[DhcpAgent],
    ) -> None:
        self._d = d
        self._tx = tx
        self._network_ids = list(networks)
        self._candidates = {agent.host for agent in agents}
        self._segments: dict[str, list[Segment]] | None = None
        self._agents: list[Resource] | None = None

    def hosts(self, network_id: str) -> set[str]:
        """Those from which a segment of the network is reached."""
        if self._segments is None:
            self._segments = segment_rows.of_networks(self._tx, self._network_ids)
        return self._d.mechanisms.hosts_with_access(
            plugin_context(self._tx),
            [segment.as_dict() for segment in self._segments.get(network_id, ())],
            self._candidates,
            self._of_hosts,
        )

    def _of_hosts(self, _context: Any, filters: Mapping[str, Sequence[Any]]) -> list[Resource]:
        """Agents as drivers look for them: by host and type."""
        if self._agents is None:
            self._agents = agent_rows.on_hosts(
                self._tx, sorted(self._candidates), alive_since=alive_since(self._d)
            )
        return [
            agent
            for agent in self._agents
            if all(agent.get(name) in wanted for name, wanted in filters.items())
        ]
