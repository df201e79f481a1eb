"""What DHCP agents are told: entries of the journal in, casts out.

    follow the journal --> dhcp_news.read --> casts()   pure
                                          `-> Delivery  to dhcp_agent.<host>, or all of them

Methods, payloads and their ``priority`` are Neutron's (observed):

    network given to an agent, taken      network_create_end 0, network_delete_end 2   that agent
    network updated                       network_update_end 1
    network deleted                       network_delete_end 2     all agents, those that served it
    subnet created, updated, deleted      subnet_*_end 3, 3, 4
    port created                          port_create_end 5 for one agent, 6 for the others
    port updated, deleted                 port_update_end 6, port_delete_end 6
    agent enabled, disabled               agent_updated                                that agent

A port or subnet that has changed often since the last look is told once, as it is.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import dhcp_news
from deuteron.core.deployment import Deployment
from deuteron.core.dhcp_news import News
from deuteron.core.dhcp_scheduling import GIVEN, TAKEN
from deuteron.core.followers import Entry, Follower
from deuteron.rpc.delivery import Delivery
from deuteron.rpc.endpoint import Outgoing
from deuteron.rpc.forms import as_told
from deuteron.rpc.message import Message

NAME = "dhcp agents"
TOPIC = "dhcp_agent"
VERSION = "1.0"
DHCP_AGENT = "DHCP agent"

_HIGH, _LOW = 5, 6
_GIVEN = "network_create_end"

# Entries of the journal that are read at once.
_BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """One message to an agent that does not answer.

    Args:
        host: of the agent, None for all agents.
        method: what it is told.
        payload: JSON.
    """

    host: str | None
    method: str
    payload: Mapping[str, Any]


def casts(entries: Sequence[Entry], news: News) -> list[Cast]:
    """The messages that follow from entries of the journal, in their order.

    Networks that agents are given come first, as from Neutron: here they are given just after the
    subnet or port that called for it was made.

    Args:
        entries: of the journal.
        news: what they are about, as it is now.
    """
    told: set[tuple[str, str]] = set()
    found: list[Cast] = []
    for entry in entries:
        render = _RENDERINGS.get(entry.resource)
        if render is None:
            continue
        made = list(render(entry, news))
        about = (entry.resource, entry.resource_id)
        if entry.event in ("create", "update"):
            if about in told:
                continue
            if made and entry.resource != "agent":
                told.add(about)
        found.extend(made)
    found.sort(key=lambda cast: cast.method != _GIVEN)  # an agent fetches what it is given whole
    return found


def _of_network(entry: Entry, news: News) -> Iterator[Cast]:
    network_id = entry.resource_id
    hosts = [agent.host for agent in news.agents.get(network_id, ())]
    if entry.event == "delete":
        payload = {"network_id": network_id, "priority": 2}
        yield Cast(host=None, method="network_delete_end", payload=payload)
        for host in (entry.details or {}).get("dhcp_hosts", ()):
            yield Cast(host=host, method="network_delete_end", payload=payload)
    elif entry.event == "update" and network_id in news.networks:
        payload = {"network": as_told(news.networks[network_id]), "priority": 1}
        for host in hosts:
            yield Cast(host=host, method="network_update_end", payload=payload)
    elif entry.event == GIVEN and entry.details and entry.details["host"] in hosts:
        payload = {"network": {"id": network_id}, "priority": 0}
        yield Cast(host=entry.details["host"], method=_GIVEN, payload=payload)
    elif entry.event == TAKEN and entry.details and entry.details["host"] not in hosts:
        payload = {"network_id": network_id, "priority": 2}
        yield Cast(host=entry.details["host"], method="network_delete_end", payload=payload)


def _of_subnet(entry: Entry, news: News) -> Iterator[Cast]:
    if entry.event == "delete" and entry.details:
        network_id = entry.details["network_id"]
        payload = {"subnet_id": entry.resource_id, "network_id": network_id, "priority": 4}
        for agent in news.agents.get(network_id, ()):
            yield Cast(host=agent.host, method="subnet_delete_end", payload=payload)
        return
    subnet = news.subnets.get(entry.resource_id)
    if subnet is None or entry.event not in ("create", "update"):
        return
    shown = as_told(subnet)
    network = news.networks.get(subnet["network_id"])
    if entry.event == "create" and network is not None:
        shown["network"] = as_told(network)
    payload = {"subnet": shown, "priority": 3}
    reached = news.hosts.get(subnet["segment_id"]) if subnet["segment_id"] else None
    for agent in news.agents.get(subnet["network_id"], ()):
        if reached is None or agent.host in reached:
            yield Cast(host=agent.host, method=f"subnet_{entry.event}_end", payload=payload)


def _of_port(entry: Entry, news: News) -> Iterator[Cast]:
    if entry.event == "delete":
        yield from _of_deleted_port(entry, news)
        return
    port = news.ports.get(entry.resource_id)
    if port is None:
        return
    agents = news.agents.get(port["network_id"], ())
    if entry.event == "create" or dhcp_news.became_interface(entry):
        first = _first(port["id"], len(agents))
        for number, agent in enumerate(agents):
            priority = _HIGH if number == first else _LOW
            payload = {"port": as_told(port), "priority": priority}
            yield Cast(host=agent.host, method="port_create_end", payload=payload)
    elif dhcp_news.concerns_addresses(entry):
        payload = {"port": as_told(port), "priority": _LOW}
        for agent in agents:
            yield Cast(host=agent.host, method="port_update_end", payload=payload)


def _first(port_id: str, agents: int) -> int:
    """Which of so many agents serves a new port before the others do."""
    if agents < 2:
        return 0
    return hashlib.blake2b(port_id.encode(), digest_size=2).digest()[0] % agents


def _of_deleted_port(entry: Entry, news: News) -> Iterator[Cast]:
    if entry.details is None:
        return
    network_id = entry.details["network_id"]
    payload = {
        "port_id": entry.resource_id,
        "network_id": network_id,
        "fixed_ips": [
            {**fixed_ip, "port_id": entry.resource_id, "network_id": network_id}
            for fixed_ip in entry.details.get("fixed_ips", ())
        ],
        "priority": _LOW,
    }
    for agent in news.agents.get(network_id, ()):
        yield Cast(host=agent.host, method="port_delete_end", payload=payload)


def _of_agent(entry: Entry, _news: News) -> Iterator[Cast]:
    details = entry.details or {}
    state = details.get("changed", {}).get("admin_state_up")
    if details.get("agent_type") == DHCP_AGENT and state is not None:
        payload = {"admin_state_up": state}
        yield Cast(host=details["host"], method="agent_updated", payload=payload)


_RENDERINGS: Mapping[str, Callable[[Entry, News], Iterator[Cast]]] = {
    "agent": _of_agent,
    "network": _of_network,
    "port": _of_port,
    "subnet": _of_subnet,
}


def follower(
    d: Deployment,
    outgoing: Outgoing,
    context: Callable[[], RequestContext],
    *,
    seconds: Callable[[], float] = time.monotonic,
) -> Follower:
    """What follows the journal for DHCP agents.

    Args:
        d: the deployment.
        outgoing: brings messages to agents.
        context: the service itself as the one who asks.
        seconds: monotonic.
    """
    delivery = Delivery(outgoing, kind=DHCP_AGENT, seconds=seconds)

    def handle(entries: Sequence[Entry]) -> float:
        news = dhcp_news.read(d, context(), entries)
        if news is not None:
            delivery.send(map(_message, casts(entries, news)), news.alive)
        return 0

    return Follower(name=NAME, handle=handle, batch=_BATCH)


def _message(cast: Cast) -> Message:
    return Message(
        topic=TOPIC,
        method=cast.method,
        version=VERSION,
        arguments={"payload": cast.payload},
        host=cast.host,
    )
