"""What metering agents have to be told of after a change.

    entries of the journal --> News     per host, as it is now
                           --> deuteron.rpc renders the messages

Labels and routers are told as they are, not what happened to them: what has gone in between is left
out, and what comes again does no harm.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deuteron.core.deployment import Deployment
from deuteron.core.followers import Entry
from deuteron.core.liveness import alive_since
from deuteron.db.transaction import Connectable
from deuteron.services.metering import agent_view, labels, rows, rules

Router = Mapping[str, Any]
Label = Mapping[str, Any]
ByHost = Mapping[str, Sequence[Router]]

_ROUTER = "router"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is to be told, by host where it concerns some.

    Args:
        alive: hosts whose metering agent is alive.
        gone: routers with labels that are no more.
        changed: routers of which a label is new or has other rules, with all their labels.
        left: ids of routers that are not there any more.
        ended: ids of routers that are nowhere any more.
        refreshed: hosts where routers came, or changed in any way.
    """

    alive: frozenset[str]
    gone: ByHost
    changed: ByHost
    left: Mapping[str, Collection[str]]
    ended: Collection[str]
    refreshed: frozenset[str]


def read(d: Deployment, entries: Sequence[Entry]) -> News | None:
    """What follows from entries of the journal, in a constant number of statements.

    Args:
        d: the deployment.
        entries: of the journal.

    Returns:
        None where nothing is of interest for metering agents, or nobody listens.
    """
    about = [entry for entry in entries if _is_of_interest(entry)]
    if not about:
        return None
    with d.database.read() as conn:
        agents = rows.metering_agents(conn)
        if not agents:
            return None
        gone, changed = _labels(conn, about, agents.keys())
        left, ended, refreshed = _routers(conn, about)
    since = alive_since(d)
    return News(
        alive=frozenset(host for host, heartbeat in agents.items() if heartbeat >= since),
        gone=gone,
        changed=changed,
        left=left,
        ended=ended,
        refreshed=frozenset((refreshed & agents.keys()) | changed.keys()),
    )


def _is_of_interest(entry: Entry) -> bool:
    if entry.resource == _ROUTER:
        return entry.event in ("update", "delete", "scheduled", "unscheduled")
    return entry.resource in (labels.RESOURCE, rules.RESOURCE)


def _labels(
    conn: Connectable, entries: Sequence[Entry], hosts: Collection[str]
) -> tuple[ByHost, ByHost]:
    """What became of labels, and of their rules."""
    ended: dict[str, Label] = {
        entry.resource_id: entry.details
        for entry in entries
        if entry.resource == labels.RESOURCE and entry.event == "delete" and entry.details
    }
    touched = set(_touched(entries)) - ended.keys()
    present = rows.labels_by_id(conn, touched) if touched else []
    concerned = [*ended.values(), *present]
    if not concerned:
        return {}, {}
    shared = any(label["shared"] for label in concerned)
    projects = None if shared else {label["project_id"] for label in concerned}
    placed = rows.enabled_on(conn, hosts, projects)
    affected = [router for router, _ in placed if any(_count(present, router))]
    known = rows.labels_of(conn, (one["project_id"] for one in affected)) if affected else []
    ids = {router["id"] for router in affected}
    return (
        _by_host((agent_view.with_labels(router, ended.values()), host) for router, host in placed),
        _by_host(
            (agent_view.with_labels(router, known), host)
            for router, host in placed
            if router["id"] in ids
        ),
    )


def _touched(entries: Iterable[Entry]) -> Iterable[str]:
    """Ids of labels that are new or have other rules."""
    for entry in entries:
        if entry.resource == labels.RESOURCE and entry.event == "create":
            yield entry.resource_id
        elif entry.resource == rules.RESOURCE and entry.details:
            yield entry.details["metering_label_id"]


def _count(some: Iterable[Label], router: Router) -> Iterable[bool]:
    return (agent_view.counts_on(label, router) for label in some)


def _by_host(placed: Iterable[tuple[Router, str]]) -> ByHost:
    """Routers with labels, by host; without those that have none."""
    found: dict[str, list[Router]] = {}
    for router, host in placed:
        if router[agent_view.LABELS]:
            found.setdefault(host, []).append(router)
    return found


def _routers(
    conn: Connectable, entries: Sequence[Entry]
) -> tuple[Mapping[str, Collection[str]], Collection[str], set[str]]:
    """Which routers left which hosts, which ended, and where others came or changed."""
    about = [entry for entry in entries if entry.resource == _ROUTER]
    if not about or not rows.any_label(conn):
        return {}, (), set()
    ended = {entry.resource_id for entry in about if entry.event == "delete"}
    places = rows.places_of(conn, {entry.resource_id for entry in about})
    left: dict[str, set[str]] = {}
    for entry in about:
        if entry.event == "unscheduled" and entry.details and entry.resource_id not in ended:
            host = entry.details["host"]
            if (entry.resource_id, host) not in places:
                left.setdefault(host, set()).add(entry.resource_id)
    return left, ended, {host for _, host in places}
