"""Ports: create, get, list, update, delete.

    create   THE transaction
               networks and subnets        2 statements for any number of ports
               extensions, security groups
               db.ports.insert_many        rows
               ipam.assign                 claims addresses
               precommit, journal
             postcommit                    a failure deletes the ports again
             binding.bind                  outside the transaction, only if a host is set
             dhcp_scheduling.schedule      only if the site has DHCP agents and the network too few

A request for one port is a bulk of one. Verbs of other nouns that make, change or remove ports do
so in their own transaction: `insert`, `change`, `remove`, and what follows after the commit.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import (
    binding,
    bulk_binding,
    dhcp_scheduling,
    distributed,
    driver_contexts,
    foreign_attributes,
    ipam,
    macs,
    port_addresses,
    port_changes,
    port_journal,
    postcommits,
    provisioning,
    quotas,
    security_groups,
    standard,
)
from deuteron.core.deployment import Deployment
from deuteron.db import bindings as binding_rows
from deuteron.db import networks as network_rows
from deuteron.db import ports as rows
from deuteron.db import tags as tag_rows
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    MechanismDriverError,
    NetworkNotFound,
    PortNotFound,
    TryAgain,
)
from deuteron.ml2.contexts import BoundLevel
from deuteron.ml2.dispatch import Hook
from deuteron.ml2.extension_drivers import Noun
from deuteron.query import Query

Port = dict[str, Any]

# Ports that agents make for themselves: they go with their network or subnet.
OWNED_BY_AGENTS = (
    "network:dhcp",
    "network:distributed",
    "network:floatingip_agent_gateway",
)
_UNPLUGGED = ("unbound", "binding_failed")
_COLUMNS = frozenset(rows.TABLE_COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inserted:
    """Ports that were inserted, and what has to happen when that is committed.

    Args:
        ports: API dicts, in the order of the bodies.
        due: hooks of drivers.
        unserved: networks that have too few DHCP agents for them.
    """

    ports: list[Port]
    due: postcommits.Due | None
    unserved: Sequence[str]


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Port]) -> list[Port]:
    """Create ports, all or none, and bind those that name a host.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the ports, in the order of the bodies.

    Raises:
        NetworkNotFound, SecurityGroupNotFound: the body names what is not there.
        MacAddressInUse, IpAddressInUse, IpAddressGenerationFailure: no address can be given.
        OverQuota: the project has as many ports as it may have.
        MechanismDriverError: a driver refused.
    """
    with d.database.transaction(ctx) as tx:
        made = insert(d, tx, bodies)
    return follow_up(d, ctx, made)


def insert(
    d: Deployment, tx: Transaction, bodies: Sequence[Port], *, counted: bool = True
) -> Inserted:
    """What `create` does inside its transaction, for verbs that do more in it.

    Args:
        d: the deployment.
        tx: the transaction.
        bodies: validated API dicts, perhaps with a ``status``, which no request can give.
        counted: they count for the quota of their projects.

    Returns:
        What `follow_up` takes after the commit.

    Raises:
        as `create`.
    """
    ctx = tx.context
    made = _insert(d, tx, bodies)
    foreign_attributes.keep(d, tx, Noun.PORT, zip(bodies, made, strict=True))
    if d.mechanisms.overrides(Hook.CREATE_PORT_PRECOMMIT):
        d.mechanisms.precommit(
            Hook.CREATE_PORT_PRECOMMIT,
            [driver_contexts.for_port(d, ctx, port, levels=(), tx=tx) for port in made],
        )
    if counted:
        quotas.take(d, tx, "port", {port["project_id"] for port in made})
    for port in made:
        tx.journal("port", port["id"], "create", port["project_id"])
    items = [postcommits.Item(current=port, levels=()) for port in made]
    due = postcommits.due(d, tx, Hook.CREATE_PORT_POSTCOMMIT, items)
    unserved = dhcp_scheduling.lacking(d, tx, made)
    provisioning.await_dhcp(d, tx, [port["id"] for port in made])
    return Inserted(ports=made, due=due, unserved=unserved)


def follow_up(
    d: Deployment, ctx: RequestContext, made: Inserted, *, undo: Callable[[], None] | None = None
) -> list[Port]:
    """What follows when ports that were inserted are committed: drivers' hooks, binding, DHCP.

    Args:
        d: the deployment.
        ctx: the caller.
        made: as `insert` returned it.
        undo: takes back all that the transaction did, if a driver refuses; deletes the ports.

    Returns:
        API dicts of the ports.

    Raises:
        MechanismDriverError: a driver refused; nothing is left.
    """
    try:
        postcommits.run(d, ctx, made.due)
    except MechanismDriverError:
        if undo is None:
            for port in made.ports:
                delete(d, ctx, port["id"])
        else:
            undo()
        raise
    bulk_binding.bind(d, ctx, made.ports, fresh=True)
    dhcp_scheduling.schedule(d, ctx, made.unserved)
    return made.ports


def _insert(d: Deployment, tx: Transaction, bodies: Sequence[Port]) -> list[Port]:
    """Rows, security groups, tags and addresses of new ports."""
    network_ids = list({body["network_id"] for body in bodies})
    networks = {
        network["id"]: network for network in network_rows.rows(tx, network_ids, tx.context.scope)
    }
    for body in bodies:
        if body["network_id"] not in networks:
            raise NetworkNotFound(net_id=body["network_id"])
    named = [(body["network_id"], mac) for body in bodies if (mac := _wanted_mac(body))]
    macs.require_free(tx, named)
    made = []
    for body in bodies:
        port = _new(d, body)
        d.ports.on_create(tx, body, port, networks[port["network_id"]])
        made.append(port)
    requests = port_addresses.wishes(tx, bodies, made)
    d.ports.on_create_all(tx, list(zip(bodies, made, strict=True)))
    groups = security_groups.for_new_ports(d, tx, bodies, made)
    owners = {network_id: network["project_id"] for network_id, network in networks.items()}
    rows.insert_many(tx, made, groups, owners)
    tag_rows.insert(tx, {port["id"]: port["tags"] for port in made if port["tags"]})
    given = ipam.assign(tx, d.hints, requests)
    for port, ids in zip(made, groups, strict=True):
        port["security_groups"] = ids
        port["fixed_ips"] = given.get(port["id"], [])
    d.ports.stored(tx, zip(bodies, made, strict=True))
    d.ports.derive(made)
    return made


def _wanted_mac(body: Mapping[str, Any]) -> str | None:
    return macs.of_device(body) or body.get("mac_address")


def _new(d: Deployment, body: Port) -> Port:
    everywhere = distributed.is_distributed(body)
    host = "" if everywhere else body.get("binding:host_id") or ""
    return {
        "id": str(uuid.uuid4()),
        "project_id": body["project_id"],
        "network_id": body["network_id"],
        "name": body["name"],
        "mac_address": _wanted_mac(body) or macs.generate(d.settings.base_mac),
        "admin_state_up": body["admin_state_up"],
        "status": body.get("status") or "DOWN",
        "device_id": body["device_id"],
        "device_owner": body["device_owner"],
        "description": body.get("description") or "",
        "binding:host_id": host,
        "binding:vnic_type": body.get("binding:vnic_type") or "normal",
        "binding:profile": body.get("binding:profile") or {},
        "binding:vif_type": distributed.VIF_TYPE if everywhere else "unbound",
        "binding:vif_details": {},
        "fixed_ips": [],
        "tags": sorted(set(body.get("tags") or ())),
        # a host counts as a change of its own, as does the binding that follows (as in Neutron)
        **standard.new(d.clock(), revision=2 if host else 1),
    }


def get(d: Deployment, ctx: RequestContext, port_id: str) -> Port:
    """The port of this id.

    Raises:
        PortNotFound: there is none.
    """
    with d.database.read() as conn:
        port = require(conn, port_id, ctx.scope)
        d.ports.load(conn, [port])
    foreign_attributes.show(d, ctx, Noun.PORT, [port])
    return port


def find(conn: Connectable, port_id: str) -> Port | None:
    """The port of this id, whoever's it is, as `remove` wants it; None if there is none."""
    return rows.get(conn, port_id, None)


def require(conn: Connectable, port_id: str, scope: str | None) -> Port:
    """The port of this id, read by an open connection.

    Args:
        conn: where to read.
        port_id: of the port.
        scope: the project that asks, None for everything.

    Raises:
        PortNotFound: there is none that it sees.
    """
    port = rows.get(conn, port_id, scope)
    if port is None:
        raise PortNotFound(port_id=port_id)
    return port


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Port]:
    """The ports that a query asks for, in its order."""
    with d.database.read() as conn:
        found = rows.list_(conn, query, ctx.scope)
        if rows.marker_missing(conn, query, found, ctx.scope):
            raise PortNotFound(port_id=query.marker)
        d.ports.load(conn, found, query.fields)
    foreign_attributes.show(d, ctx, Noun.PORT, found)
    return found


def update(
    d: Deployment,
    ctx: RequestContext,
    port_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
    of_binding: bool = False,
) -> Port:
    """Change a port, and bind it if its host, vnic_type or profile say so.

    Args:
        changes: validated attributes.
        if_revision: refuse if the port has another revision.
        of_binding: it is the binding that is changed, with all that a driver binds it by.

    Raises:
        PortNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        PortBound: the MAC address of a bound port cannot change.
        PortInUse: nor can the vnic_type of one that a driver was asked to bind.
        MacAddressInUse, IpAddressInUse, ...: as in `create`.
        MechanismDriverError: a driver refused.
    """
    with d.database.transaction(ctx) as tx:
        original = require(tx, port_id, ctx.scope)
        standard.require_revision(original, if_revision)
        port, due = change(d, tx, original, changes, of_binding=of_binding)
    postcommits.run(d, ctx, due)
    return binding.bind(d, ctx, port)


def change(
    d: Deployment,
    tx: Transaction,
    original: Port,
    changes: Mapping[str, Any],
    *,
    of_binding: bool = False,
) -> tuple[Port, postcommits.Due | None]:
    """What `update` does inside its transaction, for verbs that do more in it.

    Args:
        d: the deployment.
        tx: the transaction.
        original: as `require` read it.
        changes: validated attributes.
        of_binding: it is the binding that is changed, with all that a driver binds it by.

    Returns:
        The port, and what `postcommits.run` takes after the commit; `binding.bind` is next, if a
        host was set.

    Raises:
        as `update`.
    """
    d.ports.load(tx, [original])
    foreign_attributes.add(d, tx, Noun.PORT, [original])
    if not of_binding:
        port_changes.require_wired_as_before(original, changes)
    port = port_changes.changed(d, tx, original, changes)
    if port == original:
        return port, None
    return port, write(d, tx, original, port)


def write(d: Deployment, tx: Transaction, original: Port, port: Port) -> postcommits.Due | None:
    """Write what an update has made of a port, and let drivers and the journal know.

    Args:
        d: the deployment.
        tx: the transaction.
        original: as it was read, with what extensions show.
        port: as `port_changes.changed` made it.

    Returns:
        What `postcommits.run` takes after the commit.

    Raises:
        TryAgain: another one changed the port.
        MechanismDriverError: a driver refused.
    """
    levels = levels_before(d, tx, original, Hook.UPDATE_PORT_POSTCOMMIT)
    _write(d, tx, original, port)
    if any(port[name] != original[name] for name in ("fixed_ips", "mac_address")):
        provisioning.await_dhcp(d, tx, [port["id"]])
    if d.mechanisms.concerned(Hook.UPDATE_PORT_PRECOMMIT, original, port):
        context = driver_contexts.for_port(
            d, tx.context, port, original=original, original_levels=levels, tx=tx
        )
        d.mechanisms.precommit(Hook.UPDATE_PORT_PRECOMMIT, [context])
    port_journal.note(tx, "update", port, original)
    item = postcommits.Item(current=port, original=original, original_levels=levels)
    return postcommits.due(d, tx, Hook.UPDATE_PORT_POSTCOMMIT, [item])


def levels_before(
    d: Deployment, tx: Transaction, port: Port, hook: Hook
) -> tuple[BoundLevel, ...] | None:
    """The binding levels of a port before they go, if any driver may ask for them.

    Args:
        d: the deployment.
        tx: the transaction in which they go.
        port: as it is before.
        hook: by which drivers would ask.
    """
    if not d.mechanisms.overrides(hook):
        return None
    if port["binding:vif_type"] in _UNPLUGGED:
        return ()
    return tuple(
        BoundLevel(driver=level.driver, segment_id=level.segment_id)
        for level in binding_rows.levels(tx, port["id"], port["binding:host_id"])
    )


def _write(d: Deployment, tx: Transaction, original: Port, port: Port) -> None:
    """Write what is different between the port as it was read and as it will be."""
    changes = {name: port[name] for name in _COLUMNS if port[name] != original[name]}
    if not rows.update_row(tx, original, {**changes, "updated_at": port["updated_at"]}):
        raise TryAgain(reason=f"port {port['id']} was changed by another request")
    if port["security_groups"] != original["security_groups"]:
        rows.replace_groups(tx, port["id"], port["security_groups"])
    if port_changes.is_rebound(original, port):
        binding_rows.reset(tx, original, port)


def delete(
    d: Deployment, ctx: RequestContext, port_id: str, *, if_revision: int | None = None
) -> None:
    """Delete a port and give its addresses back.

    Raises:
        PortNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        MechanismDriverError: a driver refused.
    """
    with d.database.transaction(ctx) as tx:
        port = require(tx, port_id, ctx.scope)
        standard.require_revision(port, if_revision)
        due = remove(d, tx, port)
    postcommits.run(d, ctx, due)


def remove(d: Deployment, tx: Transaction, port: Port) -> postcommits.Due | None:
    """What `delete` does inside its transaction, for verbs that do more in it.

    Args:
        d: the deployment.
        tx: the transaction.
        port: as `require` read it.

    Returns:
        What `postcommits.run` takes after the commit.

    Raises:
        as `delete`.
    """
    d.ports.on_delete(tx, port)
    if distributed.is_spread(port):
        distributed.leave(d, tx, [port["id"]])
    levels = levels_before(d, tx, port, Hook.DELETE_PORT_POSTCOMMIT)
    if d.mechanisms.overrides(Hook.DELETE_PORT_PRECOMMIT):
        context = driver_contexts.for_port(d, tx.context, port, tx=tx)
        d.mechanisms.precommit(Hook.DELETE_PORT_PRECOMMIT, [context])
    ipam.release(tx, d.hints, port["fixed_ips"])
    if not rows.delete_many(tx, [port["id"]]):
        raise TryAgain(reason=f"port {port['id']} is being deleted by another request")
    port_journal.note(tx, "delete", port)
    item = postcommits.Item(current=port, levels=levels)
    return postcommits.due(d, tx, Hook.DELETE_PORT_POSTCOMMIT, [item])


def on_network(conn: Connectable, network_id: str) -> list[str]:
    """Ids of all ports of a network."""
    return [port_id for port_id, _, _ in rows.owners_on_network(conn, network_id)]


def delete_those_of_agents(d: Deployment, ctx: RequestContext, *, network_id: str) -> None:
    """Delete the ports that agents made for themselves, if a network has no others.

    So that a network or its last subnet can be deleted although a DHCP agent serves it.
    """
    with d.database.read() as conn:
        owners = rows.owners_on_network(conn, network_id)
    if any(owner not in OWNED_BY_AGENTS for _, owner, _ in owners):
        return
    for port_id, _, _ in owners:
        try:
            delete(d, ctx, port_id)
        except PortNotFound:
            continue  # its agent was faster
