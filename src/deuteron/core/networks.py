"""Networks: create, get, list, update, delete.

create   segments.wanted()          what the body asks for, before anything is opened
         THE transaction
           segments.reserve/allocate   claims
           db.networks, db.segments    rows
           precommit, journal
         postcommit                 a failure deletes the network again
"""

import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import (
    dhcp_scheduling,
    driver_contexts,
    foreign_attributes,
    ports,
    postcommits,
    quotas,
    security_groups,
    sharing,
    standard,
)
from deuteron.core.deployment import Deployment
from deuteron.core.network_extensions import tagged_frames
from deuteron.core.subnets import MINIMUM_MTU
from deuteron.db import bindings as binding_rows
from deuteron.db import networks as rows
from deuteron.db import segments as segment_rows
from deuteron.db import subnets as subnet_rows
from deuteron.db.transaction import Transaction
from deuteron.errors import (
    InvalidInput,
    MechanismDriverError,
    NetworkInUse,
    NetworkMTUSubnetConflict,
    NetworkNotFound,
    TryAgain,
)
from deuteron.ml2.dispatch import Hook
from deuteron.ml2.extension_drivers import Noun
from deuteron.ml2.plugin_context import plugin_context
from deuteron.ml2.segments import PROVIDER, provider_attributes
from deuteron.query import Query
from deuteron.segment import Segment

Network = dict[str, Any]

# The words that clients look for in the error.
_PORTS_LEFT = "There are one or more ports still in use on the network"


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Network]) -> list[Network]:
    """Create networks with their segments, all or none.

    Args:
        bodies: validated API dicts; ``provider:*`` or ``segments`` may ask for certain segments.

    Returns:
        API dicts of the networks.

    Raises:
        NoNetworkAvailable: no free segment is left in any project network type.
        VlanIdInUse, TunnelIdInUse, FlatNetworkInUse: a wished segment is another network's.
        InvalidInput: an impossible segment, or an MTU above what the segments carry.
        OverQuota: the project has as many networks as it may have.
        MechanismDriverError: a driver refused.
    """
    wanted = [d.segments.wanted(body) for body in bodies]
    with d.database.transaction(ctx) as tx:
        made = [_place(d, tx, body, forms) for body, forms in zip(bodies, wanted, strict=True)]
        pairs = list(zip(bodies, (network for network, _ in made), strict=True))
        d.networks.on_create_all(tx, pairs)
        rows.insert_many(tx, [network for network, _ in made])
        sharing.new_networks(tx, [network for network, _ in made])
        segment_rows.insert(tx, [one for _, segments in made for one in segments], now=d.clock())
        security_groups.ensure_default(d, tx, {network["project_id"] for network, _ in made})
        d.networks.stored(tx, pairs)
        foreign_attributes.keep(d, tx, Noun.NETWORK, pairs)
        for network, segments in made:
            tagged_frames.require_drivers(
                d.mechanisms,
                network,
                partial(driver_contexts.for_network, d, ctx, network, segments=segments, tx=tx),
            )
        if d.mechanisms.overrides(Hook.CREATE_NETWORK_PRECOMMIT):
            d.mechanisms.precommit(
                Hook.CREATE_NETWORK_PRECOMMIT,
                [
                    driver_contexts.for_network(d, ctx, network, segments=segments, tx=tx)
                    for network, segments in made
                ],
            )
        quotas.take(d, tx, "network", {network["project_id"] for network, _ in made})
        for network, _ in made:
            tx.journal("network", network["id"], "create", network["project_id"])
        items = [postcommits.Item(current=network) for network, _ in made]
        due = postcommits.due(d, tx, Hook.CREATE_NETWORK_POSTCOMMIT, items)
    try:
        postcommits.run(d, ctx, due)
    except MechanismDriverError:
        for network, _ in made:
            delete(d, ctx, network["id"])
        raise
    return [network for network, _ in made]


def _place(
    d: Deployment, tx: Transaction, body: Network, forms: list[dict[str, Any]] | None
) -> tuple[Network, list[Segment]]:
    """The network as it will be, with the segments that are claimed for it."""
    network_id = str(uuid.uuid4())
    external = bool(body.get("router:external"))
    owner = {"network_id": network_id, "project_id": body["project_id"]}
    if forms is None:
        segments = [d.segments.allocate(plugin_context(tx), external=external, **owner)]
    else:
        segments = d.segments.reserve(plugin_context(tx), forms, **owner)
    network = {
        "id": network_id,
        "project_id": body["project_id"],
        "name": body["name"],
        "admin_state_up": body["admin_state_up"],
        "status": "ACTIVE",
        "shared": body["shared"],
        "router:external": external,
        "mtu": d.segments.mtu(segments, body.get("mtu") or None),
        "port_security_enabled": body.get("port_security_enabled", True),
        "description": body.get("description") or "",
        "subnets": [],
        "tags": [],
        "l2_adjacency": True,
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
        **standard.new(d.clock(), revision=1),
        **provider_attributes(segments),
    }
    d.networks.on_create(tx, body, network, {})
    return network, segments


def get(d: Deployment, ctx: RequestContext, network_id: str) -> Network:
    """The network of this id.

    Raises:
        NetworkNotFound: there is none.
    """
    with d.database.read() as conn:
        network = rows.get(conn, network_id, ctx.scope)
        if network is None:
            raise NetworkNotFound(net_id=network_id)
        d.networks.load(conn, [network])
    foreign_attributes.show(d, ctx, Noun.NETWORK, [network])
    return network


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Network]:
    """The networks that a query asks for, in its order."""
    with d.database.read() as conn:
        found = rows.list_(conn, query, ctx.scope)
        if rows.marker_missing(conn, query, found, ctx.scope):
            raise NetworkNotFound(net_id=query.marker)
        d.networks.load(conn, found, query.fields)
    foreign_attributes.show(d, ctx, Noun.NETWORK, found)
    return found


def _require(tx: Transaction, network_id: str) -> Network:
    network = rows.get(tx, network_id, tx.context.scope)
    if network is None:
        raise NetworkNotFound(net_id=network_id)
    return network


def update(
    d: Deployment,
    ctx: RequestContext,
    network_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
) -> Network:
    """Change a network.

    Args:
        changes: validated attributes; of the segments only the id of a single VLAN can change.
        if_revision: refuse if the network has another revision.

    Raises:
        NetworkNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        InvalidInput: the segments cannot change so, or the MTU is above what they carry.
        NetworkMTUSubnetConflict: the MTU is below what its subnets need.
        InvalidSharedSetting, ExternalNetworkInUse: it is in use as what it would cease to be.
        MechanismDriverError: a driver refused.
    """
    with d.database.transaction(ctx) as tx:
        original = _require(tx, network_id)
        standard.require_revision(original, if_revision)
        d.networks.load(tx, [original])
        foreign_attributes.add(d, tx, Noun.NETWORK, [original])
        if not changes.get("segments", True):
            changes = {name: value for name, value in changes.items() if name != "segments"}
        network = {**original, **standard.changed(original, changes)}
        d.networks.on_update(tx, changes, network, original)
        foreign_attributes.change(d, tx, Noun.NETWORK, changes, network)
        segments = segment_rows.of_networks(tx, [network_id]).get(network_id, [])
        if any(network.get(name) != original.get(name) for name in (*PROVIDER, "segments")):
            segments = _renumber(d, tx, original, changes, segments)
            network.update(provider_attributes(segments))
        if network["mtu"] != original["mtu"]:
            network["mtu"] = d.segments.mtu(segments, network["mtu"])
            _require_mtu_for_subnets(tx, network)
        if network == original:
            return original
        sharing.changed_network(tx, network, original)
        network.update(standard.bumped(original, d.clock()))
        changed = {
            name: network[name]
            for name in rows.ATTRIBUTES
            if network[name] != original[name] or name == "updated_at"
        }
        if not rows.update_row(tx, original, changed):
            raise TryAgain(reason=f"network {network_id} was changed by another request")
        if d.mechanisms.overrides(Hook.UPDATE_NETWORK_PRECOMMIT):
            context = driver_contexts.for_network(
                d, ctx, network, original=original, segments=segments, tx=tx
            )
            d.mechanisms.precommit(Hook.UPDATE_NETWORK_PRECOMMIT, [context])
        tx.journal("network", network_id, "update", network["project_id"])
        item = postcommits.Item(current=network, original=original)
        due = postcommits.due(d, tx, Hook.UPDATE_NETWORK_POSTCOMMIT, [item])
    postcommits.run(d, ctx, due)
    return network


def _renumber(
    d: Deployment,
    tx: Transaction,
    original: Network,
    changes: dict[str, Any],
    segments: list[Segment],
) -> list[Segment]:
    """Give the only VLAN segment of a network another id (observed of Neutron: nothing else)."""
    fixed = [
        name
        for name in (*PROVIDER[:2], "segments")
        if name in changes and changes[name] != original.get(name)
    ]
    if fixed:
        raise InvalidInput(
            error_message=f"{', '.join(fixed)} of a network cannot change; make another segment"
        )
    static = [segment for segment in segments if not segment.is_dynamic]
    if len(static) != 1:
        raise InvalidInput(error_message="only a network of one segment can be renumbered")
    _require_followers(d, tx, static[0])
    renumbered = d.segments.renumber(
        plugin_context(tx),
        static[0],
        changes["provider:segmentation_id"],
        project_id=original["project_id"],
    )
    return [renumbered if one.id == renumbered.id else one for one in segments]


def _require_followers(d: Deployment, tx: Transaction, segment: Segment) -> None:
    """The drivers that bound ports to a segment must be able to follow another number of it."""
    able = {
        name
        for name, driver in d.mechanisms.drivers
        if PROVIDER[2] in driver.provider_network_attribute_updates_supported()
    }
    unable = binding_rows.drivers_on_segment(tx, segment.id) - able
    if unable:
        raise InvalidInput(
            error_message=f"ports of the network are bound by {', '.join(sorted(unable))}, which "
            f"cannot follow another {PROVIDER[2]}; unbind them first"
        )


def _require_mtu_for_subnets(tx: Transaction, network: Network) -> None:
    for subnet in subnet_rows.of_networks(tx, [network["id"]]):
        minimum = MINIMUM_MTU[subnet["ip_version"]]
        if network["mtu"] < minimum:
            raise NetworkMTUSubnetConflict(net_id=network["id"], mtu=minimum)


def delete(
    d: Deployment, ctx: RequestContext, network_id: str, *, if_revision: int | None = None
) -> None:
    """Delete a network with its subnets, segments and the ports that the service made itself.

    Raises:
        NetworkNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        NetworkInUse: it has ports of users.
        MechanismDriverError: a driver refused.
    """
    d.networks.clear(d, ctx, network_id)
    ports.delete_those_of_agents(d, ctx, network_id=network_id)
    with d.database.transaction(ctx) as tx:
        network = _require(tx, network_id)
        standard.require_revision(network, if_revision)
        left = ports.on_network(tx, network_id)
        if left:
            raise NetworkInUse(net_id=network_id, reason=f"{_PORTS_LEFT}: {', '.join(left)}")
        d.networks.on_delete(tx, network)
        segments = segment_rows.of_networks(tx, [network_id]).get(network_id, [])
        if d.mechanisms.overrides(Hook.DELETE_NETWORK_PRECOMMIT):
            context = driver_contexts.for_network(d, ctx, network, segments=segments, tx=tx)
            d.mechanisms.precommit(Hook.DELETE_NETWORK_PRECOMMIT, [context])
        d.segments.release(plugin_context(tx), segments)
        hosts = dhcp_scheduling.hosts_serving(d, tx, network_id)
        details = {"dhcp_hosts": hosts} if hosts else None
        if not rows.delete_one(tx, network_id):
            raise TryAgain(reason=f"network {network_id} is being deleted by another request")
        tx.journal("network", network_id, "delete", network["project_id"], details)
        item = postcommits.Item(current=network, segments=tuple(segments))
        due = postcommits.due(d, tx, Hook.DELETE_NETWORK_POSTCOMMIT, [item])
    postcommits.run(d, ctx, due)
