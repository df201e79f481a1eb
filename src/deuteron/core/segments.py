"""Segments: create, get, list, update, delete (the ``segment`` extension).

A network is born with its segments; this API adds more of them and takes them away again. Drivers
learn of either as an update of the network, whose ``provider:*`` or ``segments`` change by it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import driver_contexts, ports, postcommits, standard
from deuteron.core.deployment import Deployment
from deuteron.db import networks as network_rows
from deuteron.db import segments as rows
from deuteron.db.transaction import Transaction
from deuteron.errors import NetworkNotFound, PortNotFound, SegmentInUse, SegmentNotFound, TryAgain
from deuteron.ml2.dispatch import Hook
from deuteron.ml2.plugin_context import plugin_context
from deuteron.ml2.segments import PROVIDER, provider_attributes
from deuteron.query import Query
from deuteron.segment import Segment

SegmentRow = dict[str, Any]

# Ports that agents make for themselves and that go with the segment (observed of Neutron).
_OWNED_BY_AGENTS = frozenset({"network:dhcp"})


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[SegmentRow]) -> list[SegmentRow]:
    """Add segments to networks, all or none.

    Args:
        bodies: validated API dicts; an open number is completed by the type driver.

    Returns:
        API dicts of the segments.

    Raises:
        NetworkNotFound: there is no such network.
        InvalidInput: an impossible segment, or one that does not carry the network's MTU.
        VlanIdInUse, TunnelIdInUse, FlatNetworkInUse: another network has it.
        NoNetworkAvailable: no number is left.
        MechanismDriverError: a driver refused.
    """
    forms = [d.segments.validated(_form(body)) for body in bodies]
    with d.database.transaction(ctx) as tx:
        before = _Networks(tx, [body["network_id"] for body in bodies])
        made = []
        for body, form in zip(bodies, forms, strict=True):
            segment = _add(d, tx, before, body, form)
            rows.insert(
                tx,
                [segment],
                now=d.clock(),
                name=body.get("name"),
                description=body.get("description") or "",
                revision=1,
            )
            made.append(segment)
        for segment in made:
            project_id = before.networks[segment.network_id]["project_id"]
            tx.journal("segment", segment.id, "create", project_id)
        due = _tell(d, ctx, tx, before)
        answer = [rows.get(tx, segment.id) or {} for segment in made]
    postcommits.run(d, ctx, due)
    return answer


def _form(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "network_type": body.get("network_type"),
        "physical_network": body.get("physical_network") or None,
        "segmentation_id": body.get("segmentation_id"),
    }


class _Networks:
    """The networks concerned by a change of segments: as they were, and what becomes of them.

    Args:
        tx: the transaction.
        network_ids: of the networks, repeated or not.

    Raises:
        NetworkNotFound: one is not there.
    """

    def __init__(self, tx: Transaction, network_ids: Sequence[str]) -> None:
        ids = list(dict.fromkeys(network_ids))
        self.networks = {
            network["id"]: network for network in network_rows.get_many(tx, ids, tx.context.scope)
        }
        for network_id in ids:
            if network_id not in self.networks:
                raise NetworkNotFound(net_id=network_id)
        found = rows.of_networks(tx, ids)
        self.segments = {network_id: found.get(network_id, []) for network_id in ids}

    def changed(self, network_id: str) -> dict[str, Any]:
        """API dict of a network with its segments as they are now."""
        network = dict(self.networks[network_id])
        for name in (*PROVIDER, "segments"):
            network.pop(name, None)
        return {**network, **provider_attributes(self.segments[network_id])}


def _add(
    d: Deployment,
    tx: Transaction,
    before: _Networks,
    body: Mapping[str, Any],
    form: dict[str, Any],
) -> Segment:
    network = before.networks[body["network_id"]]
    present = before.segments[network["id"]]
    (segment,) = d.segments.reserve(
        plugin_context(tx),
        [form],
        network_id=network["id"],
        project_id=network["project_id"],
        first_index=1 + max((one.segment_index for one in present), default=-1),
    )
    static = [one for one in present if not one.is_dynamic]
    d.segments.mtu([*static, segment], network["mtu"])
    before.segments[network["id"]] = [*static, segment, *(o for o in present if o.is_dynamic)]
    return segment


def _tell(
    d: Deployment, ctx: RequestContext, tx: Transaction, before: _Networks
) -> postcommits.Due | None:
    """Let the drivers see each network before and after, now and after the commit."""
    items = [
        postcommits.Item(current=before.changed(network_id), original=network)
        for network_id, network in before.networks.items()
    ]
    if d.mechanisms.overrides(Hook.UPDATE_NETWORK_PRECOMMIT):
        d.mechanisms.precommit(
            Hook.UPDATE_NETWORK_PRECOMMIT,
            [
                driver_contexts.for_network(
                    d,
                    ctx,
                    item.current,
                    original=item.original,
                    segments=before.segments[item.current["id"]],
                    tx=tx,
                )
                for item in items
            ],
        )
    return postcommits.due(d, tx, Hook.UPDATE_NETWORK_POSTCOMMIT, items)


def get(d: Deployment, ctx: RequestContext, segment_id: str) -> SegmentRow:
    """The segment of this id.

    Raises:
        SegmentNotFound: there is none.
    """
    with d.database.read() as conn:
        segment = rows.get(conn, segment_id, ctx.scope)
    if segment is None:
        raise SegmentNotFound(segment_id=segment_id)
    return segment


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[SegmentRow]:
    """The segments that a query asks for, in its order."""
    with d.database.read() as conn:
        return rows.list_(conn, query, ctx.scope)


def update(
    d: Deployment,
    ctx: RequestContext,
    segment_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
) -> SegmentRow:
    """Change the name or description of a segment.

    Args:
        changes: validated attributes.
        if_revision: refuse if the segment has another revision.

    Raises:
        SegmentNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
    """
    with d.database.transaction(ctx) as tx:
        segment = rows.get(tx, segment_id, ctx.scope)
        if segment is None:
            raise SegmentNotFound(segment_id=segment_id)
        standard.require_revision(segment, if_revision)
        changed = standard.changed(segment, changes)
        if not changed:
            return segment
        changed.update(standard.bumped(segment, d.clock()))
        if not rows.update_row(tx, segment, changed):
            raise TryAgain(reason=f"segment {segment_id} was changed by another request")
        (network,) = network_rows.rows(tx, [segment["network_id"]])
        tx.journal("segment", segment_id, "update", network["project_id"])
    return {**segment, **changed}


def delete(
    d: Deployment, ctx: RequestContext, segment_id: str, *, if_revision: int | None = None
) -> None:
    """Take a segment away from its network, the last one too.

    Raises:
        SegmentNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        SegmentInUse: a subnet is tied to it, or ports are bound to it.
        MechanismDriverError: a driver refused.
    """
    _delete_ports_of_agents(d, ctx, segment_id)
    with d.database.transaction(ctx) as tx:
        shown = rows.get(tx, segment_id, ctx.scope)
        if shown is None:
            raise SegmentNotFound(segment_id=segment_id)
        standard.require_revision(shown, if_revision)
        _require_unused(tx, segment_id)
        before = _Networks(tx, [shown["network_id"]])
        present = before.segments[shown["network_id"]]
        d.segments.release(plugin_context(tx), [one for one in present if one.id == segment_id])
        before.segments[shown["network_id"]] = [one for one in present if one.id != segment_id]
        if not rows.delete(tx, [segment_id]):
            raise TryAgain(reason=f"segment {segment_id} is being deleted by another request")
        project_id = before.networks[shown["network_id"]]["project_id"]
        tx.journal("segment", segment_id, "delete", project_id)
        due = _tell(d, ctx, tx, before)
    postcommits.run(d, ctx, due)


def _delete_ports_of_agents(d: Deployment, ctx: RequestContext, segment_id: str) -> None:
    """Delete the ports that agents made for themselves, if a segment has no others."""
    with d.database.read() as conn:
        owners = rows.ports_on(conn, segment_id)
    if not set(owners.values()) <= _OWNED_BY_AGENTS:
        return
    for port_id in owners:
        try:
            ports.delete(d, ctx, port_id)
        except PortNotFound:
            continue  # its agent was faster


def _require_unused(tx: Transaction, segment_id: str) -> None:
    tied = rows.subnets_on(tx, segment_id)
    if tied:
        raise SegmentInUse(segment_id=segment_id, reason=f"subnets {', '.join(tied)} are on it")
    bound = rows.ports_on(tx, segment_id)
    if bound:
        raise SegmentInUse(
            segment_id=segment_id, reason=f"{len(bound)} ports are bound to it: {', '.join(bound)}"
        )
