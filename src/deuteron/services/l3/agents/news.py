"""What L3 agents have to be told of after a change.

    entries of the journal --> News     by host, as it is now
                           --> deuteron.rpc renders the messages

Agents are told the present state: an agent asks for a router of which it hears, and learns that it
is gone if it is. So what comes again does no harm, and many changes are told at once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.core.followers import Entry
from deuteron.core.liveness import alive_since
from deuteron.core.port_journal import STATUS
from deuteron.db import agents as agent_rows
from deuteron.db.agents import L3_AGENT
from deuteron.db.transaction import Connectable
from deuteron.services.l3 import news
from deuteron.services.l3.agents import agents, rows, scheduling
from deuteron.services.l3.agents.scheduling import SCHEDULED, UNSCHEDULED, How
from deuteron.services.l3.dvr import news as dvr_news
from deuteron.services.l3.dvr import routers as dvr
from deuteron.services.l3.dvr.news import Neighbour, PortNews
from deuteron.services.l3.kinds import GATEWAY, HA_PORT

# Events that agents hear of that have the router; of a new one those hear that it is given to.
_CHANGES = (news.UPDATE, news.CHANGED)
_ACTIVE = "ACTIVE"
# It may have another address scope, between which routers do not lead.
_POOL = "subnetpool"


@dataclass(slots=True, kw_only=True)
class News:
    """What is to be told.

    Args:
        alive: hosts whose L3 agent is alive.
        updated: host -> routers at which its agent has to look.
        added: host -> routers that were given to its agent by hand, or from a dead one.
        removed: host -> routers that its agent has lost.
        deleted: routers that are no more.
        left: external networks that no router leads to any more.
        neighbours: addresses that distributed routers know, or know no longer.
        states: (host, admin_state_up) of agents that were switched on or off.
    """

    alive: frozenset[str]
    updated: dict[str, set[str]] = field(default_factory=dict)
    added: dict[str, set[str]] = field(default_factory=dict)
    removed: dict[str, set[str]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    neighbours: Sequence[Neighbour] = ()
    states: list[tuple[str, bool]] = field(default_factory=list)


def read(d: Deployment, ctx: RequestContext, entries: Sequence[Entry]) -> News | None:
    """What follows from entries of the journal, in a constant number of statements.

    Routers that lack agents at a change are scheduled before, should the server that changed them
    have died before it could. Ports that agents used for themselves which were deleted are removed.

    Args:
        d: the deployment.
        ctx: the service itself.
        entries: of the journal.

    Returns:
        None where nothing is of interest for L3 agents, or there are none.
    """
    about = [entry for entry in entries if _is_of_interest(entry)]
    if not about:
        return None
    ended = {entry.resource_id for entry in about if _is_end_of_agent(entry)}
    if ended:
        agents.clean_up(d, ctx, ended)
    with d.database.read() as conn:
        beats = agent_rows.hosts_alive(conn, L3_AGENT, alive_since(d))
    if not beats:
        return None
    d.l3_presence.met()
    told = News(alive=frozenset(host for host, alive in beats.items() if alive))
    of_routers = [entry for entry in about if entry.resource == news.NOUN]
    _schedule(d, ctx, of_routers)
    with d.database.read() as conn:
        concerned = {*_rescoped(conn, about), *_regated(conn, about)}
        placed = _placed(d, conn, {*concerned, *(entry.resource_id for entry in of_routers)})
    for router_id in concerned:
        for host in placed[router_id]:
            told.updated.setdefault(host, set()).add(router_id)
    for entry in of_routers:
        _tell_of_router(told, entry, placed.get(entry.resource_id, ()))
    for entry in about:
        _tell_of_agent(told, entry)
        _tell_of_ha_port(told, entry)
    _tell_of_ports(told, dvr_news.read(d, ctx, entries))
    for host, ids in told.added.items():
        told.updated.get(host, set()).difference_update(ids)
    return told


def _is_of_interest(entry: Entry) -> bool:
    if entry.resource == "agent":
        return entry.event == "delete" or "changed" in (entry.details or {})
    if entry.resource == _POOL:
        return entry.event == "update"
    return entry.resource in (news.NOUN, "port")


def _is_end_of_agent(entry: Entry) -> bool:
    return entry.resource == "agent" and entry.event == "delete"


def _rescoped(conn: Connectable, about: Iterable[Entry]) -> list[str]:
    """Routers on subnets of pools that were changed."""
    pools = {entry.resource_id for entry in about if entry.resource == _POOL}
    return rows.on_pools(conn, pools) if pools else []


def _regated(conn: Connectable, about: Iterable[Entry]) -> list[str]:
    """Routers whose gateways have other addresses, by a new subnet, or a host (routed networks)."""
    changed = {
        entry.resource_id
        for entry in about
        if entry.resource == "port" and entry.event == "update" and _may_have_others(entry)
    }
    return rows.with_gateways(conn, changed) if changed else []


def _may_have_others(entry: Entry) -> bool:
    if entry.details is None:  # it made itself one, or lost it with the subnet
        return True
    return entry.details["device_owner"] == GATEWAY and "fixed_ips" in entry.details.get("was", {})


def _schedule(d: Deployment, ctx: RequestContext, entries: Iterable[Entry]) -> None:
    """Give routers that were changed the agents that they lack.

    Those that were taken from an agent meanwhile are left alone: an administrator did that.
    """
    changed = {entry.resource_id for entry in entries if entry.event in (news.CREATE, *_CHANGES)}
    changed -= {entry.resource_id for entry in entries if entry.event == UNSCHEDULED}
    made = {entry.resource_id for entry in entries if entry.event == news.CREATE}
    with d.database.read() as conn:
        lacking = scheduling.lacking(d, conn, changed)
        if made.intersection(lacking):  # one that leads nowhere yet has no agent
            known = rows.schedulable(conn, made.intersection(lacking))
            bare = {one.id for one in known if not (one.external or one.ha)}
            changed_since = {e.resource_id for e in entries if e.event in _CHANGES}
            lacking = [one for one in lacking if one not in bare - changed_since]
    scheduling.schedule(d, ctx, lacking)


def _placed(
    d: Deployment, conn: Connectable, router_ids: Collection[str]
) -> Mapping[str, Collection[str]]:
    """Router id -> the hosts that have it, for whatever reason."""
    if not router_ids:
        return {}
    given = rows.hosts_of(conn, router_ids)
    needing = dvr.hosts_of(d, conn, router_ids)
    return {one: {*given.get(one, ()), *needing.get(one, ())} for one in router_ids}


def _tell_of_router(told: News, entry: Entry, hosts: Collection[str]) -> None:
    router_id, details = entry.resource_id, entry.details or {}
    if entry.event in _CHANGES:
        for host in hosts:
            told.updated.setdefault(host, set()).add(router_id)
    elif entry.event == SCHEDULED and details["host"] in hosts:
        if details["how"] == How.ADDED:
            told.added.setdefault(details["host"], set()).add(router_id)
        elif details["how"] == How.CHOSEN:
            told.updated.setdefault(details["host"], set()).add(router_id)
    elif entry.event == UNSCHEDULED:
        of_host = told.updated if details["host"] in hosts else told.removed
        of_host.setdefault(details["host"], set()).add(router_id)
    elif entry.event == news.DELETE:
        told.deleted.append(router_id)
    elif entry.event == dvr.NETWORK_LEFT:
        told.left.append(details["network_id"])


def _tell_of_agent(told: News, entry: Entry) -> None:
    details = entry.details or {}
    if entry.resource == "agent" and details.get("agent_type") == L3_AGENT:
        state = details.get("changed", {}).get("admin_state_up")
        if state is not None:
            told.states.append((details["host"], state))


def _tell_of_ha_port(told: News, entry: Entry) -> None:
    """An agent starts keepalived when the port by which that talks is wired."""
    details = entry.details or {}
    if (
        entry.resource == "port"
        and entry.event == STATUS
        and details.get("device_owner") == HA_PORT
        and details["status"] == _ACTIVE
    ):
        host = details["binding:host_id"]
        told.updated.setdefault(host, set()).add(details["device_id"])


def _tell_of_ports(told: News, of_ports: PortNews) -> None:
    for host, ids in of_ports.updated.items():
        told.updated.setdefault(host, set()).update(ids)
    told.neighbours = of_ports.neighbours
