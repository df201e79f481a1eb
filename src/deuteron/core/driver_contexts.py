"""Contexts for mechanism drivers, made of what the core has in its hands.

They are made only where some driver overrides the hook. Inside a transaction they read through
it; afterwards each value that a driver asks for is read once, on its own.
"""

from collections.abc import Callable, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.core.driver_sources import Committing, Lookups, PortSource, Within, reading
from deuteron.db import bindings as binding_rows
from deuteron.db.transaction import Transaction
from deuteron.ml2.contexts import Level, NetworkContext, PortContext, SubnetContext
from deuteron.ml2.plugin_context import PluginContext, outside_transaction, plugin_context
from deuteron.segment import Segment

Resource = dict[str, Any]


def _plugin_context(ctx: RequestContext, tx: Transaction | None) -> PluginContext:
    return outside_transaction(ctx) if tx is None else plugin_context(tx)


def _source(
    d: Deployment,
    ctx: RequestContext,
    network_id: str,
    *,
    tx: Transaction | None,
    segments: Sequence[Segment] | None = None,
) -> PortSource:
    known = None if segments is None else {network_id: segments}
    transactions = Committing(d, ctx) if tx is None else Within(tx)
    return PortSource(d, network_id, Lookups(d, known, tx=tx), transactions)


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
    source = _source(d, ctx, network["id"], tx=tx, segments=segments)
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
    source = _source(d, ctx, subnet["network_id"], tx=tx)

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
    source = _source(d, ctx, port["network_id"], tx=tx)
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
