"""What L3 agents are told: entries of the journal in, messages out.

    follow the journal --> agent_news.read --> messages()   pure
                                           `-> Delivery     to l3_agent.<host>, or all of them

Methods and arguments are Neutron's (observed):

    router changed, given to an agent        routers_updated             the agents that have it
    router given by hand, or moved           router_added_to_agent       that agent
    router taken                             router_removed_from_agent   that agent
    router deleted                           router_deleted              all
    address of a distributed router's subnet add_arp_entry, del_arp_entry   all
    last gateway on an external network gone fipnamespace_delete_on_ext_net   all
    agent switched on or off                 agent_updated               that agent

Neutron sends one ``routers_updated`` for each router, and waits for an answer to
``router_added_to_agent``. Here one names all routers that changed, and that the broker has a queue
of the agent is answer enough: agents have the same to do in either case.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.core.followers import Entry, Follower
from deuteron.rpc.delivery import Delivery
from deuteron.rpc.endpoint import Outgoing
from deuteron.rpc.message import Message
from deuteron.services.l3.agents import news as agent_news
from deuteron.services.l3.agents.news import News

NAME = "l3 agents"
TOPIC = "l3_agent"
L3_AGENT = "L3 agent"

_VERSION = "1.0"
_VERSION_OF_UPDATES = "1.1"
_VERSION_OF_NEIGHBOURS = "1.2"
# Entries of the journal that are read at once.
_BATCH = 200


def messages(told: News) -> Iterator[Message]:
    """The messages in the order of sending.

    Args:
        told: what has to be told.
    """
    for router_id in dict.fromkeys(told.deleted):
        yield _to_all("router_deleted", router_id=router_id)
    for network_id in dict.fromkeys(told.left):
        yield _to_all("fipnamespace_delete_on_ext_net", ext_net_id=network_id)
    for host, ids in told.removed.items():
        for router_id in sorted(ids):
            yield _to(host, "router_removed_from_agent", payload={"router_id": router_id})
    for host, state in told.states:
        yield _to(host, "agent_updated", payload={"admin_state_up": state})
    for host, ids in told.added.items():
        yield _to(host, "router_added_to_agent", payload=sorted(ids))
    for host, ids in told.updated.items():
        if ids:
            yield _to(host, "routers_updated", version=_VERSION_OF_UPDATES, routers=sorted(ids))
    for one in told.neighbours:
        address: Mapping[str, Any] = {
            "ip_address": one.ip_address,
            "mac_address": one.mac_address,
            "subnet_id": one.subnet_id,
        }
        yield _to_all(
            "add_arp_entry" if one.known else "del_arp_entry",
            version=_VERSION_OF_NEIGHBOURS,
            payload={"router_id": one.router_id, "arp_table": address},
        )


def _to(host: str, method: str, *, version: str = _VERSION, **arguments: Any) -> Message:
    return Message(topic=TOPIC, method=method, version=version, arguments=arguments, host=host)


def _to_all(method: str, *, version: str = _VERSION, **arguments: Any) -> Message:
    return Message(topic=TOPIC, method=method, version=version, arguments=arguments)


def follower(
    d: Deployment,
    outgoing: Outgoing,
    context: Callable[[], RequestContext],
    *,
    seconds: Callable[[], float] = time.monotonic,
) -> Follower:
    """What follows the journal for L3 agents.

    Args:
        d: the deployment.
        outgoing: brings messages to agents.
        context: the service itself as the one who asks.
        seconds: monotonic.
    """
    delivery = Delivery(outgoing, kind=L3_AGENT, seconds=seconds)

    def handle(entries: Sequence[Entry]) -> float:
        told = agent_news.read(d, context(), entries)
        if told is not None:
            delivery.send(messages(told), told.alive)
        return 0

    return Follower(name=NAME, handle=handle, batch=_BATCH)
