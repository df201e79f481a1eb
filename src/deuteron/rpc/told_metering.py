"""What metering agents are told: entries of the journal in, messages out.

    follow the journal --> news.read --> messages()   pure
                                     `-> Delivery     to metering_agent.<host>, or all of them

Each is told of the routers of the L3 agent of its host, by Neutron's methods:

    label deleted                       remove_metering_label
    label created, its rules changed    add_metering_label, update_metering_label_rules,
                                        routers_updated
    router left the host                router_deleted
    router deleted                      router_deleted        all agents
    router came to the host, changed    routers_updated

``add_metering_label`` makes the chains of labels that are not there yet, and
``update_metering_label_rules`` gives them their rules in the place of those that they have. So it
does not matter what an agent was told before, nor how often: a rule that is added by itself is
there twice if it was told twice, and comes back after its removal (observed). ``routers_updated``
names no router: the agent asks for all that there are, as one that is told of some forgets the
others.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from deuteron.core.deployment import Deployment
from deuteron.core.followers import Entry, Follower
from deuteron.rpc.delivery import Delivery
from deuteron.rpc.endpoint import Outgoing
from deuteron.rpc.message import Message
from deuteron.services.metering import news
from deuteron.services.metering.agent_view import without_rules
from deuteron.services.metering.news import News
from deuteron.services.metering.rows import METERING_AGENT

NAME = "metering agents"
TOPIC = "metering_agent"
VERSION = "1.0"


def messages(told: News) -> Iterator[Message]:
    """The messages in the order of sending.

    Args:
        told: what has to be told.
    """
    for host, routers in told.gone.items():
        yield _message(host, "remove_metering_label", routers=routers)
    for host, routers in told.changed.items():
        bare = [without_rules(router) for router in routers]
        yield _message(host, "add_metering_label", routers=bare)
        yield _message(host, "update_metering_label_rules", routers=routers)
    for host, ids in told.left.items():
        for router_id in sorted(ids):
            yield _message(host, "router_deleted", router_id=router_id)
    for router_id in sorted(told.ended):
        yield _message(None, "router_deleted", router_id=router_id)
    for host in sorted(told.refreshed):
        yield _message(host, "routers_updated", routers=[])


def _message(host: str | None, method: str, **arguments: Any) -> Message:
    return Message(topic=TOPIC, method=method, version=VERSION, arguments=arguments, host=host)


def follower(
    d: Deployment, outgoing: Outgoing, *, seconds: Callable[[], float] = time.monotonic
) -> Follower:
    """What follows the journal for metering agents.

    Args:
        d: the deployment.
        outgoing: brings messages to agents.
        seconds: monotonic.
    """
    delivery = Delivery(outgoing, kind=METERING_AGENT, seconds=seconds)

    def handle(entries: Sequence[Entry]) -> float:
        told = news.read(d, entries)
        if told is not None:
            delivery.send(messages(told), told.alive)
        return 0

    return Follower(name=NAME, handle=handle)
