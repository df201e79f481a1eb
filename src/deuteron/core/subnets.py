"""Subnets: create, get, list, update, delete.

A change of a subnet counts as a change of its network, whose revision number grows with it.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import (
    addresses,
    driver_contexts,
    foreign_attributes,
    ipam,
    ports,
    postcommits,
    standard,
)
from deuteron.core.deployment import Deployment
from deuteron.db import networks as network_rows
from deuteron.db import ports as port_rows
from deuteron.db import revisions
from deuteron.db import segments as segment_rows
from deuteron.db import subnets as rows
from deuteron.db.transaction import Transaction
from deuteron.errors import (
    BadRequest,
    GatewayIpInUse,
    MechanismDriverError,
    NetworkIdsDontMatch,
    NetworkMTUSubnetConflict,
    NetworkNotFound,
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


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Subnet]) -> list[Subnet]:
    """Create subnets, all or none.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the subnets.

    Raises:
        NetworkNotFound, SegmentNotFound: the body names what is not there.
        InvalidInput: the CIDR, the gateway, the pools, the modes do not fit together, or the CIDR
            overlaps another one of the network.
        NetworkMTUSubnetConflict: the network's MTU is too small for the protocol.
        MechanismDriverError: a driver refused.
    """
    with d.database.transaction(ctx) as tx:
        made = _insert(d, tx, bodies)
        foreign_attributes.keep(d, tx, Noun.SUBNET, zip(bodies, made, strict=True))
        if d.mechanisms.overrides(Hook.CREATE_SUBNET_PRECOMMIT):
            contexts = [driver_contexts.for_subnet(d, ctx, subnet, tx=tx) for subnet in made]
            d.mechanisms.precommit(Hook.CREATE_SUBNET_PRECOMMIT, contexts)
        for subnet in made:
            tx.journal("subnet", subnet["id"], "create", subnet["project_id"])
        items = [postcommits.Item(current=subnet) for subnet in made]
        due = postcommits.due(d, tx, Hook.CREATE_SUBNET_POSTCOMMIT, items)
    try:
        postcommits.run(d, ctx, due)
    except MechanismDriverError:
        for subnet in made:
            delete(d, ctx, subnet["id"])
        raise
    return made


def _insert(d: Deployment, tx: Transaction, bodies: Sequence[Subnet]) -> list[Subnet]:
    network_ids = list({body["network_id"] for body in bodies})
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
        made.append(_plan(d, tx, body, network, of_network))
    rows.insert_many(tx, made)
    revisions.bump(tx, "networks", list(networks), d.clock())
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
    if not body.get("cidr"):
        raise BadRequest(resource="subnets", msg="without a subnet pool it needs a cidr")
    planned = addresses.plan_subnet(
        body,
        network_id=network["id"],
        other_cidrs=[one["cidr"] for one in siblings],
        max_dns_nameservers=d.settings.max_dns_nameservers,
        max_host_routes=d.settings.max_subnet_host_routes,
    )
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
        "subnetpool_id": None,
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
    if any((one["segment_id"] is None) != (segment is None) for one in siblings):
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
        d.subnets.load(conn, found)
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
        planned = addresses.plan_subnet_changes(
            original,
            wanted,
            max_dns_nameservers=d.settings.max_dns_nameservers,
            max_host_routes=d.settings.max_subnet_host_routes,
        )
        subnet = {**original, **planned}
        d.subnets.on_update(tx, changes, subnet, original)
        foreign_attributes.change(d, tx, Noun.SUBNET, changes, subnet)
        changed = standard.changed(original, subnet)
        if not changed:
            return original
        if "gateway_ip" in changed:
            _require_gateway_unused(tx, original)
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


def _require_gateway_unused(tx: Transaction, subnet: Subnet) -> None:
    for port_id, owner, address in port_rows.owners_in_subnet(tx, subnet["id"]):
        if address == subnet["gateway_ip"] and owner.startswith("network:router_interface"):
            raise GatewayIpInUse(ip_address=address, port_id=port_id)


def _require_segment_may_change(tx: Transaction, subnet: Subnet, segment_id: str | None) -> None:
    """A subnet may be tied to a segment once; the only one of its network (observed of Neutron)."""
    if subnet["segment_id"] is not None:
        raise SubnetSegmentAssociationChangeNotAllowed
    siblings = [
        one for one in rows.of_networks(tx, [subnet["network_id"]]) if one["id"] != subnet["id"]
    ]
    _require_segment(tx, segment_id, subnet["network_id"], siblings)


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
        tx.journal("subnet", subnet_id, "delete", subnet["project_id"])
        due = postcommits.due(
            d, tx, Hook.DELETE_SUBNET_POSTCOMMIT, [postcommits.Item(current=subnet)]
        )
    postcommits.run(d, ctx, due)


def _take_from_ports(d: Deployment, tx: Transaction, subnet: Subnet) -> None:
    """Take the subnet's addresses from ports that do not hold it."""
    owners = port_rows.owners_in_subnet(tx, subnet["id"])
    automatic = addresses.is_auto_address(subnet)
    holding = [
        port_id
        for port_id, owner, _ in owners
        if owner not in ports.OWNED_BY_AGENTS and (not automatic or owner in ipam.ROUTER_OWNERS)
    ]
    if holding:
        raise SubnetInUse(
            subnet_id=subnet["id"],
            reason=f"ports have addresses from it: {', '.join(sorted(set(holding)))}",
        )
    if not owners:
        return
    port_rows.drop_addresses(tx, subnet["id"])
    changed = sorted({port_id for port_id, _, _ in owners})
    revisions.bump(tx, "ports", changed, d.clock())
    for port_id in changed:
        tx.journal("port", port_id, "update", subnet["project_id"])
