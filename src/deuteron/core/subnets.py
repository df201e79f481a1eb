"""Subnets: create, get, list, update, delete.

A change of a subnet counts as a change of its network, whose revision number grows with it.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import (
    addresses,
    dhcp_scheduling,
    driver_contexts,
    foreign_attributes,
    ipam,
    peer_routes,
    ports,
    postcommits,
    quotas,
    standard,
)
from deuteron.core.deployment import Deployment
from deuteron.core.pool_allocation import Pools
from deuteron.db import networks as network_rows
from deuteron.db import ports as port_rows
from deuteron.db import revisions
from deuteron.db import segments as segment_rows
from deuteron.db import subnets as rows
from deuteron.db.transaction import Transaction
from deuteron.errors import (
    GatewayIpInUse,
    MechanismDriverError,
    NetworkIdsDontMatch,
    NetworkMTUSubnetConflict,
    NetworkNotFound,
    NeutronDbObjectDuplicateEntry,
    NoUpdateSubnetWhenMultipleSegmentsOnNetwork,
    SegmentNotFound,
    SubnetCantAssociateToDynamicSegment,
    SubnetInUse,
    SubnetNotFound,
    SubnetSegmentAssociationChangeNotAllowed,
    SubnetsNotAllAssociatedWithSegments,
    TryAgain,
)
from deuteron.ml2.dispatch import Hook
from deuteron.ml2.extension_drivers import Noun
from deuteron.query import Query
from deuteron.segment import Segment

Subnet = dict[str, Any]

# Smallest MTU of a link that carries the protocol (RFC 791, RFC 8200).
MINIMUM_MTU = {4: 68, 6: 1280}
# A router to a subnet of this type serves a routed network without being on one of its segments.
_ROUTED = "network:routed"
_ROUTER_INTERFACE = "network:router_interface"


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Subnet]) -> list[Subnet]:
    """Create subnets, all or none.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the subnets.

    Raises:
        NetworkNotFound, SegmentNotFound, SubnetPoolNotFound: the body names what is not there.
        BadRequest, SubnetAllocationError, SubnetPoolQuotaExceeded, ...: see
            `deuteron.core.pool_allocation.Pools`.
        InvalidInput: the CIDR, the gateway, the pools, the modes do not fit together, or the CIDR
            overlaps another one of the network.
        NetworkMTUSubnetConflict: the network's MTU is too small for the protocol.
        OverQuota: the project has as many subnets as it may have.
        MechanismDriverError: a driver refused.
    """
    with d.database.transaction(ctx) as tx:
        made = _insert(d, tx, bodies)
        foreign_attributes.keep(d, tx, Noun.SUBNET, zip(bodies, made, strict=True))
        if d.mechanisms.overrides(Hook.CREATE_SUBNET_PRECOMMIT):
            contexts = [driver_contexts.for_subnet(d, ctx, subnet, tx=tx) for subnet in made]
            d.mechanisms.precommit(Hook.CREATE_SUBNET_PRECOMMIT, contexts)
        quotas.take(d, tx, "subnet", {subnet["project_id"] for subnet in made})
        for subnet in made:
            tx.journal("subnet", subnet["id"], "create", subnet["project_id"])
        items = [postcommits.Item(current=subnet) for subnet in made]
        due = postcommits.due(d, tx, Hook.CREATE_SUBNET_POSTCOMMIT, items)
        due_of_peers = _route_peers_to(d, ctx, tx, made)
    postcommits.run(d, ctx, due_of_peers)
    try:
        postcommits.run(d, ctx, due)
    except MechanismDriverError:
        for subnet in made:
            delete(d, ctx, subnet["id"])
        raise
    d.subnets.created(d, ctx, made)
    dhcp_scheduling.schedule_subnets(d, ctx, made)
    return made


def _insert(d: Deployment, tx: Transaction, bodies: Sequence[Subnet]) -> list[Subnet]:
    network_ids = sorted({body["network_id"] for body in bodies})
    pools = Pools(tx, bodies)
    # holds the networks: what is read of their subnets stays true until the end
    revisions.bump(tx, "networks", network_ids, d.clock())
    networks = {
        network["id"]: network for network in network_rows.rows(tx, network_ids, tx.context.scope)
    }
    siblings = rows.of_networks(tx, network_ids)
    made: list[Subnet] = []
    for body in bodies:
        network = networks.get(body["network_id"])
        if network is None:
            raise NetworkNotFound(net_id=body["network_id"])
        of_network = [one for one in siblings + made if one["network_id"] == network["id"]]
        subnet = _plan(d, tx, pools.completed(body), network, of_network)
        pools.require_affinity(subnet, of_network)
        made.append(subnet)
    for subnet in made:
        if subnet["segment_id"] is not None:
            of_network = [
                one for one in siblings + made if one["network_id"] == subnet["network_id"]
            ]
            subnet["host_routes"] = peer_routes.with_peers(subnet, of_network)
    rows.insert_many(tx, made)
    for subnet in made:
        if addresses.is_auto_address(subnet):
            _give_to_ports(d, tx, subnet)
    d.subnets.stored(tx, zip(bodies, made, strict=True))
    return made


def _plan(
    d: Deployment,
    tx: Transaction,
    body: Subnet,
    network: Mapping[str, Any],
    siblings: Sequence[Subnet],
) -> Subnet:
    """A new subnet as it will be, checked against its network."""
    _require_each_once(body.get("service_types") or ())
    planned = addresses.plan_subnet(
        body,
        network_id=network["id"],
        other_cidrs=[one["cidr"] for one in siblings],
        max_dns_nameservers=d.settings.max_dns_nameservers,
        max_host_routes=d.settings.max_subnet_host_routes,
    )
    if _ROUTED not in (body.get("service_types") or ()):
        _require_segment(tx, body.get("segment_id"), network["id"], siblings)
    if network["mtu"] < MINIMUM_MTU[body["ip_version"]]:
        raise NetworkMTUSubnetConflict(net_id=network["id"], mtu=MINIMUM_MTU[body["ip_version"]])
    subnet = {
        "id": str(uuid.uuid4()),
        "project_id": body["project_id"],
        "network_id": network["id"],
        "name": body["name"],
        "ip_version": body["ip_version"],
        "enable_dhcp": body["enable_dhcp"],
        "ipv6_ra_mode": body.get("ipv6_ra_mode"),
        "ipv6_address_mode": body.get("ipv6_address_mode"),
        "subnetpool_id": body["subnetpool_id"],
        "service_types": list(body.get("service_types") or ()),
        "dns_publish_fixed_ip": bool(body.get("dns_publish_fixed_ip")),
        "router:external": network["router:external"],
        "segment_id": body.get("segment_id"),
        "description": body.get("description") or "",
        "tags": [],
        **planned,
        **standard.new(d.clock()),
    }
    d.subnets.on_create(tx, body, subnet, network)
    return subnet


def _require_segment(
    tx: Transaction, segment_id: str | None, network_id: str, siblings: Sequence[Subnet]
) -> None:
    """Either every subnet of a network has a segment, or none (routed networks)."""
    segment = None if segment_id is None else segment_rows.find(tx, segment_id)
    if segment_id is not None and not _is_there(tx, segment, network_id):
        raise SegmentNotFound(segment_id=segment_id)
    if any(
        (one["segment_id"] is None) != (segment is None)
        for one in siblings
        if _ROUTED not in one["service_types"]
    ):
        raise SubnetsNotAllAssociatedWithSegments(network_id=network_id)
    if segment is None:
        return
    if segment.network_id != network_id:
        raise NetworkIdsDontMatch(subnet_network=network_id, segment_id=segment_id)
    if segment.is_dynamic:
        raise SubnetCantAssociateToDynamicSegment(segment_id=segment_id)


def _is_there(tx: Transaction, segment: Segment | None, network_id: str) -> bool:
    """Whether the caller may know of a segment: it is of this network, or of one of its own."""
    if segment is None or tx.context.sees_everything or segment.network_id == network_id:
        return segment is not None
    return segment_rows.get(tx, segment.id, tx.context.scope) is not None


def _give_to_ports(d: Deployment, tx: Transaction, subnet: Subnet) -> None:
    """The ports that are there already configure themselves an address of the new subnet."""
    pairs = [
        (port_id, mac)
        for port_id, mac, owner in port_rows.macs_on_network(tx, subnet["network_id"])
        if owner not in ipam.ROUTER_OWNERS
    ]
    given = ipam.add_auto_addresses(tx, subnet, pairs)
    if given:
        revisions.bump(tx, "ports", list(given), d.clock())
    for port_id in given:
        tx.journal("port", port_id, "update", subnet["project_id"])


def get(d: Deployment, ctx: RequestContext, subnet_id: str) -> Subnet:
    """The subnet of this id.

    Raises:
        SubnetNotFound: there is none.
    """
    with d.database.read() as conn:
        subnet = rows.get(conn, subnet_id, ctx.scope)
        if subnet is None:
            raise SubnetNotFound(subnet_id=subnet_id)
        d.subnets.load(conn, [subnet])
    foreign_attributes.show(d, ctx, Noun.SUBNET, [subnet])
    return subnet


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Subnet]:
    """The subnets that a query asks for, in its order."""
    with d.database.read() as conn:
        found = rows.list_(conn, query, ctx.scope)
        d.subnets.load(conn, found, query.fields)
    foreign_attributes.show(d, ctx, Noun.SUBNET, found)
    return found


def _require(tx: Transaction, subnet_id: str) -> Subnet:
    subnet = rows.get(tx, subnet_id, tx.context.scope)
    if subnet is None:
        raise SubnetNotFound(subnet_id=subnet_id)
    return subnet


def update(
    d: Deployment,
    ctx: RequestContext,
    subnet_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
) -> Subnet:
    """Change a subnet.

    Args:
        changes: validated attributes.
        if_revision: refuse if the subnet has another revision.

    Raises:
        SubnetNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        InvalidInput: gateway, pools, servers or routes do not fit.
        GatewayIpInUse: the present gateway address is a router's.
        SubnetSegmentAssociationChangeNotAllowed: it has a segment already.
        MechanismDriverError: a driver refused.
    """
    with d.database.transaction(ctx) as tx:
        original = _require(tx, subnet_id)
        standard.require_revision(original, if_revision)
        d.subnets.load(tx, [original])
        foreign_attributes.add(d, tx, Noun.SUBNET, [original])
        wanted = standard.changed(original, changes)
        if "gateway_ip" in wanted:
            _require_gateway_unused(tx, original)
        planned = addresses.plan_subnet_changes(
            original,
            wanted,
            max_dns_nameservers=d.settings.max_dns_nameservers,
            max_host_routes=d.settings.max_subnet_host_routes,
        )
        subnet = {**original, **planned}
        d.subnets.on_update(tx, changes, subnet, original)
        foreign_attributes.change(d, tx, Noun.SUBNET, changes, subnet)
        if "service_types" in changes:
            subnet["service_types"] = list(changes["service_types"] or ())
            _require_each_once(subnet["service_types"])
        _route_to_peers(tx, subnet, original)
        changed = standard.changed(original, subnet)
        if not changed:
            return original
        if "segment_id" in changed:
            _require_segment_may_change(tx, original, changed["segment_id"])
        changed.update(standard.bumped(original, d.clock()))
        kept = {name: value for name, value in changed.items() if name in rows.ATTRIBUTES}
        if not rows.update_row(tx, original, kept):
            raise TryAgain(reason=f"subnet {subnet_id} was changed by another request")
        if "allocation_pools" in changed:
            ipam.subnet_changed(tx, d.hints, subnet_id)
        revisions.bump(tx, "networks", [original["network_id"]], d.clock())
        subnet = {**original, **changed}
        if d.mechanisms.overrides(Hook.UPDATE_SUBNET_PRECOMMIT):
            context = driver_contexts.for_subnet(d, ctx, subnet, original=original, tx=tx)
            d.mechanisms.precommit(Hook.UPDATE_SUBNET_PRECOMMIT, [context])
        tx.journal("subnet", subnet_id, "update", subnet["project_id"])
        item = postcommits.Item(current=subnet, original=original)
        due = postcommits.due(d, tx, Hook.UPDATE_SUBNET_POSTCOMMIT, [item])
    postcommits.run(d, ctx, due)
    return subnet


def _require_each_once(service_types: Sequence[str]) -> None:
    if len(set(service_types)) < len(service_types):
        raise NeutronDbObjectDuplicateEntry(thing="service type")


def _route_to_peers(tx: Transaction, subnet: Subnet, original: Subnet) -> None:
    """The routes to the other segments follow the gateway, and stay whatever routes are wished."""
    gateway = original["gateway_ip"]
    moved = subnet["gateway_ip"] != gateway
    if subnet["segment_id"] is None or not (
        moved or subnet["host_routes"] != original["host_routes"]
    ):
        return
    of_network = rows.of_networks(tx, [subnet["network_id"]])
    subnet["host_routes"] = peer_routes.with_peers(
        subnet, of_network, old_gateway=gateway if moved else None
    )


def _route_peers_to(
    d: Deployment, ctx: RequestContext, tx: Transaction, made: Sequence[Subnet]
) -> postcommits.Due | None:
    """Give the older subnets of routed networks routes to the new ones."""
    routed = {subnet["network_id"] for subnet in made if subnet["segment_id"] is not None}
    if not routed:
        return None
    new = {subnet["id"] for subnet in made}
    present = rows.of_networks(tx, sorted(routed))
    wanted = []
    for peer in present:
        if peer["id"] not in new:
            of_network = [one for one in present if one["network_id"] == peer["network_id"]]
            wanted.append((peer, peer_routes.with_peers(peer, of_network)))
    return _reroute(d, ctx, tx, wanted)


def _reroute(
    d: Deployment,
    ctx: RequestContext,
    tx: Transaction,
    wanted: Sequence[tuple[Subnet, list[dict[str, str]]]],
) -> postcommits.Due | None:
    """Give subnets other host routes, as an update of each."""
    items = []
    for peer, routes in wanted:
        if routes == peer["host_routes"]:
            continue
        changed = {"host_routes": routes, **standard.bumped(peer, d.clock())}
        if not rows.update_row(tx, peer, changed):
            raise TryAgain(reason=f"subnet {peer['id']} was changed by another request")
        tx.journal("subnet", peer["id"], "update", peer["project_id"])
        items.append(postcommits.Item(current={**peer, **changed}, original=peer))
    if items and d.mechanisms.overrides(Hook.UPDATE_SUBNET_PRECOMMIT):
        contexts = [
            driver_contexts.for_subnet(d, ctx, item.current, original=item.original, tx=tx)
            for item in items
        ]
        d.mechanisms.precommit(Hook.UPDATE_SUBNET_PRECOMMIT, contexts)
    return postcommits.due(d, tx, Hook.UPDATE_SUBNET_POSTCOMMIT, items)


def _require_gateway_unused(tx: Transaction, subnet: Subnet) -> None:
    """A router's interface with the present gateway address keeps it."""
    if subnet["gateway_ip"] is None:
        return
    holder = port_rows.holder(tx, subnet["id"], subnet["gateway_ip"])
    if holder is not None and holder[1].startswith(_ROUTER_INTERFACE):
        raise GatewayIpInUse(ip_address=subnet["gateway_ip"], port_id=holder[0])


def _require_segment_may_change(tx: Transaction, subnet: Subnet, segment_id: str | None) -> None:
    """A subnet may be tied once, the only one of its network to the only segment.

    So it is observed of Neutron: several subnets or segments are made as a routed network at once.
    """
    network_id = subnet["network_id"]
    siblings = [
        one
        for one in rows.of_networks(tx, [network_id])
        if one["id"] != subnet["id"] and _ROUTED not in one["service_types"]
    ]
    if siblings:
        raise SubnetsNotAllAssociatedWithSegments(network_id=network_id)
    if subnet["segment_id"] is not None:
        raise SubnetSegmentAssociationChangeNotAllowed
    if len(segment_rows.of_networks(tx, [network_id]).get(network_id, ())) > 1:
        raise NoUpdateSubnetWhenMultipleSegmentsOnNetwork(network_id=network_id)
    _require_segment(tx, segment_id, network_id, siblings)


def delete(
    d: Deployment, ctx: RequestContext, subnet_id: str, *, if_revision: int | None = None
) -> None:
    """Delete a subnet.

    Addresses that ports configured themselves and those of agents' own ports go with it.

    Raises:
        SubnetNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        SubnetInUse: users' ports have addresses from it.
        MechanismDriverError: a driver refused.
    """
    with d.database.transaction(ctx) as tx:
        subnet = _require(tx, subnet_id)
        standard.require_revision(subnet, if_revision)
        _take_from_ports(d, tx, subnet)
        if d.mechanisms.overrides(Hook.DELETE_SUBNET_PRECOMMIT):
            context = driver_contexts.for_subnet(d, ctx, subnet, tx=tx)
            d.mechanisms.precommit(Hook.DELETE_SUBNET_PRECOMMIT, [context])
        ipam.subnet_deleted(tx, d.hints, subnet_id)
        if not rows.delete_one(tx, subnet_id):
            raise TryAgain(reason=f"subnet {subnet_id} is being deleted by another request")
        revisions.bump(tx, "networks", [subnet["network_id"]], d.clock())
        details = {"network_id": subnet["network_id"]}
        tx.journal("subnet", subnet_id, "delete", subnet["project_id"], details)
        due = postcommits.due(
            d, tx, Hook.DELETE_SUBNET_POSTCOMMIT, [postcommits.Item(current=subnet)]
        )
        due_of_peers = None
        if subnet["segment_id"] is not None:
            peers = rows.of_networks(tx, [subnet["network_id"]])
            routes = [(peer, peer_routes.without(peer, subnet)) for peer in peers]
            due_of_peers = _reroute(d, ctx, tx, routes)
    postcommits.run(d, ctx, due)
    postcommits.run(d, ctx, due_of_peers)


def _take_from_ports(d: Deployment, tx: Transaction, subnet: Subnet) -> None:
    """Take the subnet's addresses from ports that do not hold it."""
    if addresses.is_auto_address(subnet):
        holding = port_rows.some_in_subnet(tx, subnet["id"], ipam.ROUTER_OWNERS, owned=True)
    else:
        holding = port_rows.some_in_subnet(tx, subnet["id"], ports.OWNED_BY_AGENTS, owned=False)
    if holding:
        raise SubnetInUse(
            subnet_id=subnet["id"], reason=f"ports have addresses from it: {', '.join(holding)}"
        )
    changed = sorted(port_rows.in_subnet(tx, subnet["id"]))
    if not changed:
        return
    port_rows.drop_addresses(tx, subnet["id"])
    revisions.bump(tx, "ports", changed, d.clock())
    for port_id in changed:
        tx.journal("port", port_id, "update", subnet["project_id"])
