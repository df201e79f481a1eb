"""Contexts for mechanism drivers, made of what the core has in its hands.

They are made only where some driver overrides the hook. Inside a transaction they read through
it; afterwards each value that a driver asks for is read once, on its own.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.core.liveness import alive_since
from deuteron.db import agents as agent_rows
from deuteron.db import bindings as binding_rows
from deuteron.db import networks as network_rows
from deuteron.db import segments as segment_rows
from deuteron.db.transaction import Connectable, Transaction
from deuteron.ml2.contexts import Level, NetworkContext, PortContext, SubnetContext
from deuteron.ml2.plugin_context import PluginContext, outside_transaction, plugin_context
from deuteron.segment import Segment

Resource = dict[str, Any]


@contextmanager
def reading(d: Deployment, tx: Transaction | None) -> Iterator[Connectable]:
    """The open transaction, or a reader of its own where none is open."""
    if tx is not None:
        yield tx
    else:
        with d.database.read() as conn:
            yield conn


def _plugin_context(ctx: RequestContext, tx: Transaction | None) -> PluginContext:
    return outside_transaction(ctx) if tx is None else plugin_context(tx)


class PortSource:
    """Fetches what a port context was not given; see `deuteron.ml2.contexts.PortSources`.

    Args:
        d: the deployment.
        ctx: the caller.
        network_id: of the port.
        tx: the open transaction, None outside of one.
        segments: of the network, where they are known already.
    """

    def __init__(
        self,
        d: Deployment,
        ctx: RequestContext,
        network_id: str,
        *,
        tx: Transaction | None = None,
        segments: Sequence[Segment] | None = None,
    ) -> None:
        self._d = d
        self._ctx = ctx
        self._network_id = network_id
        self._tx = tx
        self._segments = segments

    def network(self) -> Resource:
        """API dict of the port's network, empty if it is gone."""
        with reading(self._d, self._tx) as conn:
            return network_rows.get(conn, self._network_id) or {}

    def segments(self) -> list[Resource]:
        """Segments of the network in driver form."""
        if self._segments is None:
            with reading(self._d, self._tx) as conn:
                found = segment_rows.of_networks(conn, [self._network_id])
            self._segments = found.get(self._network_id, [])
        return [segment.as_dict() for segment in self._segments]

    def segment(self, segment_id: str) -> Resource | None:
        """One segment in driver form."""
        with reading(self._d, self._tx) as conn:
            found = segment_rows.find(conn, segment_id)
        return None if found is None else found.as_dict()

    def host_agents(self, host: str, agent_type: str) -> list[Resource]:
        """API dicts of the agents of this type on this host."""
        with reading(self._d, self._tx) as conn:
            agents = agent_rows.on_host(conn, host, alive_since=alive_since(self._d))
        return [agent for agent in agents if agent["agent_type"] == agent_type]

    def allocate_dynamic(self, segment: Resource) -> Resource:
        """Find or make a dynamic segment of the network."""
        if self._tx is not None:
            made = self._d.segments.allocate_dynamic(
                plugin_context(self._tx), self._network_id, segment
            )
        else:
            with self._d.database.transaction(self._ctx) as tx:
                made = self._d.segments.allocate_dynamic(
                    plugin_context(tx), self._network_id, segment
                )
        self._segments = None
        return made.as_dict()

    def release_dynamic(self, segment_id: str) -> None:
        """Give a dynamic segment back."""
        if self._tx is not None:
            self._d.segments.release_dynamic(plugin_context(self._tx), segment_id)
        else:
            with self._d.database.transaction(self._ctx) as tx:
                self._d.segments.release_dynamic(plugin_context(tx), segment_id)
        self._segments = None


def for_network(
    d: Deployment,
    ctx: RequestContext,
    network: Resource,
    *,
    original: Resource | None = None,
    segments: Sequence[Segment] | None = None,
    tx: Transaction | None = None,
) -> NetworkContext:
    """The context of a network.

    Args:
        network: API dict as it is (after the change).
        original: API dict before an update.
        segments: of the network, read when asked for if not given.
        tx: the open transaction, None for postcommit hooks.
    """
    source = PortSource(d, ctx, network["id"], tx=tx, segments=segments)
    return NetworkContext(_plugin_context(ctx, tx), network, original, source.segments)


def for_subnet(
    d: Deployment,
    ctx: RequestContext,
    subnet: Resource,
    *,
    original: Resource | None = None,
    tx: Transaction | None = None,
) -> SubnetContext:
    """The context of a subnet; see `for_network` for the arguments."""
    source = PortSource(d, ctx, subnet["network_id"], tx=tx)

    def network() -> NetworkContext:
        return NetworkContext(_plugin_context(ctx, tx), source.network(), None, source.segments)

    return SubnetContext(_plugin_context(ctx, tx), subnet, original, network)


def for_port(
    d: Deployment,
    ctx: RequestContext,
    port: Resource,
    *,
    original: Resource | None = None,
    levels: Sequence[Level] | None = None,
    original_levels: Sequence[Level] | None = None,
    tx: Transaction | None = None,
) -> PortContext:
    """The context of a port.

    Args:
        port: API dict as it is (after the change).
        original: API dict before an update.
        levels: binding levels, read when asked for if not given.
        original_levels: those before an update that changed them.
        tx: the open transaction, None for postcommit hooks.
    """
    source = PortSource(d, ctx, port["network_id"], tx=tx)
    given: Sequence[Level] | Callable[[], Sequence[Level]]
    if levels is not None:
        given = levels
    else:

        def given() -> Sequence[Level]:
            with reading(d, tx) as conn:
                return binding_rows.levels(conn, port["id"], port["binding:host_id"])

    return PortContext(
        _plugin_context(ctx, tx),
        port,
        original,
        source,
        levels=given,
        original_levels=original_levels,
    )
