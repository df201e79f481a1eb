"""What the context of a driver fetches when the driver asks, and the dynamic segments it may take.

Each value is read once per operation, however many drivers ask and however many ports are bound.
"""

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol, TypeVar

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.core.liveness import alive_since
from deuteron.db import agents as agent_rows
from deuteron.db import networks as network_rows
from deuteron.db import segments as segment_rows
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import NoNetworkAvailable, TryAgain
from deuteron.ml2.foreign import as_ours
from deuteron.ml2.plugin_context import plugin_context
from deuteron.segment import Segment

Resource = dict[str, Any]
Result = TypeVar("Result")

MAX_TRIES = 10


def pause(attempt: int) -> None:
    """Wait before something is tried again, longer each time and never in step with others.

    Args:
        attempt: how many tries failed so far, from 1.
    """
    time.sleep(random.uniform(0, 0.01 * 2 ** min(attempt, 5)))


class Transactions(Protocol):
    """How a change that a driver wishes for while it binds is made."""

    def run(self, change: Callable[[Transaction], Result]) -> Result:
        """Make the change."""


class Committing:
    """Each change stands at once, as it does for drivers in Neutron.

    Args:
        d: the deployment.
        ctx: the caller.
    """

    def __init__(self, d: Deployment, ctx: RequestContext) -> None:
        self._d = d
        self._ctx = ctx

    def run(self, change: Callable[[Transaction], Result]) -> Result:
        """Make the change in a transaction of its own; again if it lost against another."""
        for attempt in range(1, MAX_TRIES):
            try:
                with self._d.database.transaction(self._ctx) as tx:
                    return change(tx)
            except TryAgain:
                pause(attempt)
        with self._d.database.transaction(self._ctx) as tx:
            return change(tx)


class Within:
    """Changes are part of the operation's own transaction.

    Args:
        tx: the open transaction.
    """

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def run(self, change: Callable[[Transaction], Result]) -> Result:
        """Make the change."""
        return change(self._tx)


class Rehearsing:
    """All changes are made in one transaction, which is opened for the first and never committed.

    Args:
        transaction: opens it.
    """

    def __init__(self, transaction: Callable[[], Transaction]) -> None:
        self._open = transaction
        self._tx: Transaction | None = None

    def run(self, change: Callable[[Transaction], Result]) -> Result:
        """Make the change where nobody will see it."""
        if self._tx is None:
            self._tx = self._open()
        return change(self._tx)


class _RehearsalOver(Exception):
    """Ends the transaction of a rehearsal without a commit."""


@contextmanager
def rehearsing(d: Deployment, ctx: RequestContext) -> Iterator[Rehearsing]:
    """Changes within the block are undone at its end.

    Args:
        d: the deployment.
        ctx: the caller.
    """
    try:
        with ExitStack() as stack:
            yield Rehearsing(lambda: stack.enter_context(d.database.transaction(ctx)))
            raise _RehearsalOver
    except _RehearsalOver:
        pass


@contextmanager
def reading(d: Deployment, tx: Transaction | None) -> Iterator[Connectable]:
    """The open transaction, or a reader of its own where none is open."""
    if tx is not None:
        yield tx
        return
    with d.database.read() as conn:
        yield conn


class Lookups:
    """What was read already in this operation.

    Args:
        d: the deployment.
        segments: of networks whose segments are known, by network id.
        tx: the open transaction to read through; None reads each value on its own.
    """

    def __init__(
        self,
        d: Deployment,
        segments: Mapping[str, Sequence[Segment]] | None = None,
        *,
        tx: Transaction | None = None,
    ) -> None:
        self._d = d
        self._tx = tx
        self._networks: dict[str, Resource] = {}
        self._segments = {} if segments is None else dict(segments)
        self._agents: dict[str, list[Resource]] = {}

    def network(self, network_id: str) -> Resource:
        """API dict of a network, empty if it is gone."""
        if network_id not in self._networks:
            with reading(self._d, self._tx) as conn:
                self._networks[network_id] = network_rows.get(conn, network_id) or {}
        return self._networks[network_id]

    def segments(self, network_id: str) -> Sequence[Segment]:
        """Segments of a network, static and dynamic."""
        if network_id not in self._segments:
            self.read_segments([network_id])
        return self._segments[network_id]

    def read_segments(self, network_ids: Collection[str]) -> None:
        """Read the segments of networks that are not known yet: one statement."""
        missing = sorted(set(network_ids) - self._segments.keys())
        if missing:
            with reading(self._d, self._tx) as conn:
                found = segment_rows.of_networks(conn, missing)
            self._segments.update((one, found.get(one, [])) for one in missing)

    def add(self, network_id: str, segment: Segment) -> None:
        """A segment was made just now."""
        known = self.segments(network_id)
        if all(one.id != segment.id for one in known):
            self._segments[network_id] = [*known, segment]

    def forget(self, network_id: str, segment_id: str) -> None:
        """A segment was given back just now."""
        self._segments[network_id] = [
            one for one in self.segments(network_id) if one.id != segment_id
        ]

    def segment(self, segment_id: str) -> Segment | None:
        """One segment, wherever it is."""
        with reading(self._d, self._tx) as conn:
            return segment_rows.find(conn, segment_id)

    def agents(self, host: str) -> list[Resource]:
        """API dicts of all agents of a host."""
        if host not in self._agents:
            with reading(self._d, self._tx) as conn:
                self._agents[host] = agent_rows.on_host(
                    conn, host, alive_since=alive_since(self._d)
                )
        return self._agents[host]


class PortSource:
    """What a context fetches; see `deuteron.ml2.contexts.PortSources`.

    Args:
        d: the deployment.
        network_id: of the port.
        lookups: what was read already.
        transactions: how dynamic segments are taken.
    """

    def __init__(
        self, d: Deployment, network_id: str, lookups: Lookups, transactions: Transactions
    ) -> None:
        self._d = d
        self._network_id = network_id
        self._lookups = lookups
        self._transactions = transactions
        self._wished: Resource | None = None

    def network(self) -> Resource:
        """API dict of the port's network."""
        return self._lookups.network(self._network_id)

    def segments(self) -> list[Resource]:
        """Segments of the network in driver form."""
        return [one.as_dict() for one in self._lookups.segments(self._network_id)]

    def static_segments(self) -> list[Resource]:
        """Segments of the network that no driver made, in driver form."""
        of_network = self._lookups.segments(self._network_id)
        return [one.as_dict() for one in of_network if not one.is_dynamic]

    def segment(self, segment_id: str) -> Resource | None:
        """One segment in driver form."""
        found = self._lookups.segment(segment_id)
        return None if found is None else found.as_dict()

    def host_agents(self, host: str, agent_type: str) -> list[Resource]:
        """API dicts of the agents of this type on this host."""
        return [agent for agent in self._lookups.agents(host) if agent["agent_type"] == agent_type]

    def allocate_dynamic(self, segment: Resource) -> Resource:
        """Find or make a dynamic segment of the network.

        Raises:
            Exception: neutron-lib's NoNetworkAvailable and the like; `exhausted` then tells.
        """

        def allocate(tx: Transaction) -> Segment:
            return self._d.segments.allocate_dynamic(plugin_context(tx), self._network_id, segment)

        try:
            made = self._transactions.run(allocate)
        except Exception as error:
            if as_ours(error).type == NoNetworkAvailable.__name__:
                self._wished = segment
            raise
        self._lookups.add(self._network_id, made)
        return made.as_dict()

    def release_dynamic(self, segment_id: str) -> None:
        """Give a dynamic segment back."""
        self._transactions.run(
            lambda tx: self._d.segments.release_dynamic(plugin_context(tx), segment_id)
        )
        self._lookups.forget(self._network_id, segment_id)

    def exhausted(self) -> Resource | None:
        """The segment that a driver wished for in vain since the last call, in driver form."""
        wished, self._wished = self._wished, None
        return wished
