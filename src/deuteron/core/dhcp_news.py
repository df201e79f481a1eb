"""What DHCP agents have to be told of after a change, and what it takes to tell them.

entries of the journal --> Asked    what is read to tell of them
                       --> News     as it is now
                       --> deuteron.rpc renders the messages

Agents are told the present state: what has gone in between is left out, its end comes by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import dhcp_agents, dhcp_scheduling, networks, ports, subnets
from deuteron.core.deployment import Deployment
from deuteron.core.followers import Entry
from deuteron.core.liveness import alive_since
from deuteron.core.port_journal import ADDRESSED
from deuteron.db import agents as rows
from deuteron.db.agents import DHCP_AGENT
from deuteron.db.dhcp_agents import DhcpAgent
from deuteron.query import Query

Resource = dict[str, Any]

_STATED = ("create", "update")
_ROUTER_INTERFACES = ("network:router_interface", "network:router_interface_distributed")


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The present state of what entries of the journal are about; by id.

    Args:
        networks, subnets, ports: API dicts of those that exist.
        agents: of each network, without those that are administratively down.
        hosts: of each segment: who reaches it.
        alive: hosts whose DHCP agent is alive.
    """

    networks: Mapping[str, Resource]
    subnets: Mapping[str, Resource]
    ports: Mapping[str, Resource]
    agents: Mapping[str, Sequence[DhcpAgent]]
    hosts: Mapping[str, set[str]]
    alive: frozenset[str]


def concerns_addresses(entry: Entry) -> bool:
    """Whether an update of a port is one that DHCP servers have to know.

    Entries without details say nothing of it: they do.
    """
    details = entry.details
    if details is None:
        return True
    changed = details.get("changed", ())
    return any(name in ADDRESSED for name in changed) or "mac_address" in details.get("was", {})


def became_interface(entry: Entry) -> bool:
    """Whether a port was made the interface of a router: then it is new to DHCP agents.

    They serve metadata on networks without one.
    """
    details = entry.details or {}
    was = details.get("was", {})
    return "device_owner" in was and details["device_owner"] in _ROUTER_INTERFACES


def read(d: Deployment, ctx: RequestContext, entries: Sequence[Entry]) -> News | None:
    """What is to be told of entries; None where no DHCP agent is concerned.

    Networks that lack agents at the creation of a subnet or a port are scheduled before, should
    the server that made these have died before it could.

    Args:
        d: the deployment.
        ctx: the service itself.
        entries: of the journal.
    """
    with d.database.read() as conn:
        alive = rows.hosts_alive(conn, DHCP_AGENT, alive_since(d))
    if not alive:
        return None
    d.dhcp_presence.met()
    told = [entry for entry in entries if _is_stated(entry)]
    found_ports = _by_id(ports.list_, d, ctx, _ids(told, "port"))
    found_subnets = _by_id(subnets.list_, d, ctx, _ids(told, "subnet"))
    network_ids = {
        *(port["network_id"] for port in found_ports.values()),
        *(subnet["network_id"] for subnet in found_subnets.values()),
        *(entry.resource_id for entry in entries if entry.resource == "network"),
        *(entry.details["network_id"] for entry in entries if _is_gone(entry) and entry.details),
    }
    _schedule(d, ctx, entries, found_ports, found_subnets)
    shown = {
        *(entry.resource_id for entry in told if entry.resource == "network"),
        *(
            found_subnets[entry.resource_id]["network_id"]
            for entry in told
            if entry.resource == "subnet"
            and entry.event == "create"
            and entry.resource_id in found_subnets
        ),
    }
    on_segments = {one["segment_id"] for one in found_subnets.values() if one["segment_id"]}
    return News(
        networks=_by_id(networks.list_, d, ctx, shown),
        subnets=found_subnets,
        ports=found_ports,
        agents=dhcp_agents.serving(d, sorted(network_ids), able=True),
        hosts=dhcp_agents.hosts_of_segments(d, sorted(on_segments)),
        alive=frozenset(host for host, reports in alive.items() if reports),
    )


def _is_stated(entry: Entry) -> bool:
    """Whether the present state of its resource is told."""
    if entry.resource == "port" and entry.event not in ("create", "delete"):
        return concerns_addresses(entry) or became_interface(entry)
    if entry.resource == "network":
        return entry.event == "update"
    return entry.resource in ("port", "subnet") and entry.event in _STATED


def _is_gone(entry: Entry) -> bool:
    return entry.resource in ("port", "subnet") and entry.event == "delete"


def _ids(entries: Iterable[Entry], resource: str) -> set[str]:
    return {entry.resource_id for entry in entries if entry.resource == resource}


def _by_id(list_: Any, d: Deployment, ctx: RequestContext, ids: set[str]) -> dict[str, Resource]:
    if not ids:
        return {}
    found = list_(d, ctx, Query(filters={"id": tuple(sorted(ids))}))
    return {resource["id"]: resource for resource in found}


def _schedule(
    d: Deployment,
    ctx: RequestContext,
    entries: Sequence[Entry],
    found_ports: Mapping[str, Resource],
    found_subnets: Mapping[str, Resource],
) -> None:
    made = {entry.resource_id for entry in entries if entry.event == "create"}
    new = [
        *(port for port_id, port in found_ports.items() if port_id in made),
        *(
            {**subnet, "device_id": ""}
            for subnet_id, subnet in found_subnets.items()
            if subnet_id in made and subnet["segment_id"] is None
        ),
    ]
    with d.database.read() as conn:
        lacking = dhcp_scheduling.lacking(d, conn, new)
    dhcp_scheduling.schedule(d, ctx, lacking)
