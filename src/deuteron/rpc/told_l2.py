"""What layer 2 agents are told: entries of the journal in, messages out.

entries --> audience             who listens: nobody, nothing is read
        --> present objects      what there is, in a constant number of statements
        --> told_objects         pushes, to agents that keep objects
            told_by_name         calls by name, to those that keep none
            forwarding           where the ports of networks are
        --> Outgoing
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial

from deuteron.context import RequestContext
from deuteron.core import audience as audiences
from deuteron.core import followers, forwarding
from deuteron.core.audience import Audience
from deuteron.core.deployment import Deployment
from deuteron.core.followers import Entry, Follower
from deuteron.core.forwarding import Informed
from deuteron.rpc import told_by_name, told_objects
from deuteron.rpc.endpoint import Outgoing
from deuteron.rpc.message import Message, send
from deuteron.rpc.retelling import LATELY, MOST, Retelling
from deuteron.rpc.told_objects import Present

NAME = "layer 2 agents"

# Seconds. Ports of which hosts do not know cannot be reached, so another process should go on soon.
_LEASE = 6.0
# Nobody listens to it.
_KNOCK = Message(topic="deuteron-knock", method="knock", version="1.0", arguments={})
_FORWARDING = "q-agent-notifier-l2population-update"


def follower(
    d: Deployment,
    outgoing: Outgoing,
    context: Callable[[], RequestContext],
    clock: Callable[[], float] = time.monotonic,
) -> Follower:
    """What follows the journal for layer 2 agents.

    Args:
        d: the deployment.
        outgoing: brings messages to agents.
        context: the service itself as the one who asks.
        clock: seconds, monotonic.
    """
    informed = Informed(clock)

    def tell(entries: Sequence[Entry]) -> None:
        send(outgoing, messages(d, context(), entries, informed))

    def knock() -> None:
        send(outgoing, [_KNOCK])

    lately = partial(followers.lately, d, seconds=LATELY, at_most=MOST)
    retelling = Retelling(tell, knock, lately, clock)

    def tell_doubtful() -> None:
        doubtful = informed.doubts.due()
        if doubtful:
            retelling.reach(lambda: send(outgoing, again(d, doubtful)))
            informed.doubts.settle(doubtful)

    def handle(entries: Sequence[Entry]) -> float:
        pause = retelling.handle(entries)
        tell_doubtful()
        return pause

    def idle() -> None:
        retelling.idle()
        tell_doubtful()

    return Follower(name=NAME, handle=handle, idle=idle, lease=_LEASE)


def again(d: Deployment, doubtful: Collection[tuple[str, str]]) -> list[Message]:
    """Where the ports of networks are, for hosts that may have lost it: two statements.

    Args:
        d: the deployment.
        doubtful: (network, host), at least one.
    """
    with d.database.read() as conn:
        audience = audiences.read(conn)
    found = forwarding.again(d, doubtful, audience.endpoints, audience.linux_bridges)
    return list(_forwarded(found, audience))


def messages(
    d: Deployment, ctx: RequestContext, entries: Sequence[Entry], informed: Informed
) -> list[Message]:
    """The messages that follow from entries of the journal, in the order of sending.

    Args:
        d: the deployment.
        ctx: the service itself.
        entries: of the journal.
        informed: what hosts were told of others.
    """
    with d.database.read() as conn:
        audience = audiences.read(conn)
    if audience.empty:
        return []
    about = told_objects.mentioned(entries)
    versions = _versions(audience)
    there = told_objects.present(d, ctx, about, _kinds(audience) | versions.keys())
    return [
        *told_objects.pushes(about, there, versions),
        *told_by_name.messages(entries, there, audience),
        *_forwarding(d, entries, there, audience, informed),
    ]


def _forwarding(
    d: Deployment,
    entries: Sequence[Entry],
    there: Present,
    audience: Audience,
    informed: Informed,
) -> Iterator[Message]:
    if not audience.populated or not forwarding.is_wanted(d):
        return
    ports = there.get("Port", {})
    found = forwarding.messages(
        d, entries, ports, audience.endpoints, informed, bridged=audience.linux_bridges
    )
    yield from _forwarded(found, audience)


def _forwarded(found: Iterable[forwarding.Message], audience: Audience) -> Iterator[Message]:
    for message in found:
        hosts = audience.linux_bridges if message.host is None else {message.host}
        apart = bool(hosts & audience.linux_bridges)
        for one in forwarding.by_network(message) if apart else (message,):
            yield Message(
                topic=_FORWARDING,
                method=one.method.value,
                version="1.0",
                arguments={"fdb_entries": one.entries},
                host=one.host,
            )


def _versions(audience: Audience) -> Mapping[str, Sequence[str]]:
    """The versions in which agents know objects; those of routers say nothing of theirs."""
    if not audience.routers:
        return audience.versions
    return {**told_objects.versions_of_routers(), **audience.versions}


def _kinds(audience: Audience) -> set[str]:
    """Names of the kinds of objects that anybody who listens has to know of."""
    wanted = set(audience.versions)
    if audience.named:
        wanted.update(told_by_name.KINDS)
    if audience.named or audience.routers:
        wanted.update(told_by_name.KINDS_OF_ROUTERS)
    if audience.populated:
        wanted.add("Port")
    return wanted
