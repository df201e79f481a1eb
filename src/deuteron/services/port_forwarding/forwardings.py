"""Port forwardings: create, get, list, update, delete.

    create   THE transaction
               lock the floating IP       others wait
               its other forwardings      1 statement
               the port inside            1 statement; whose floating IPs lead there, 1
               those that lead there      1 statement
               the router                 that of the floating IP, or one that is found and held
               rows, journal

The first one gives the floating IP its router, which all others must be reached by; the last one
takes it away. Source: API reference, "Floating IPs port forwarding"; checks as observed of Neutron.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import standard
from deuteron.core.deployment import Deployment
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    ExternalGatewayForFloatingIPNotFound,
    FloatingIPNotFound,
    FloatingIPPortAlreadyAssociated,
    PortForwardingNotFound,
    PortHasBindingFloatingIP,
    PortNotFound,
)
from deuteron.query import Query
from deuteron.services.l3.floating import floating_ips, way_rows, ways
from deuteron.services.l3.floating import forwarding_rows as rows
from deuteron.services.l3.floating import forwardings as followed
from deuteron.services.l3.floating import rows as floating_ip_rows
from deuteron.services.l3.floating.way_rows import Address, Inside
from deuteron.services.port_forwarding import rules

Forwarding = dict[str, Any]
FloatingIp = dict[str, Any]

_PLAIN = ("protocol", "description")
_INSIDE = ("internal_port_id", "internal_ip_address")


def create(
    d: Deployment, ctx: RequestContext, floating_ip_id: str, bodies: Sequence[Mapping[str, Any]]
) -> list[Forwarding]:
    """Create port forwardings of a floating IP, all or none.

    Args:
        floating_ip_id: of the floating IP.
        bodies: validated API dicts.

    Returns:
        API dicts of the port forwardings, in the order of the bodies.

    Raises:
        FloatingIPNotFound, PortNotFound: the caller sees none of this id.
        FloatingIPPortAlreadyAssociated: the floating IP leads to a port as a whole.
        PortHasBindingFloatingIP: a floating IP leads to the port as a whole.
        BadRequest: the ports do not fit, lead elsewhere already or have others leading to them, or
            the floating IP's router does not reach the address.
    """
    with d.database.transaction(ctx) as tx:
        floating_ip = floating_ips.lock(tx, floating_ip_id)
        present = rows.kept(tx, [floating_ip_id])
        made: list[Forwarding] = []
        for body in bodies:
            forwarding = _new(d, floating_ip_id, body)
            _place(tx, floating_ip, forwarding, [*present, *made])
            made.append(forwarding)
        rows.insert_many(tx, made)
        _touch(d, tx, floating_ip)
        followed.note(tx, "create", made, {floating_ip_id: floating_ip})
    return [rows.shown(one) for one in made]


def _new(d: Deployment, floating_ip_id: str, body: Mapping[str, Any]) -> Forwarding:
    forwarding = {
        "id": str(uuid.uuid4()),
        "floatingip_id": floating_ip_id,
        "protocol": body["protocol"],
        "internal_port_id": body["internal_port_id"],
        "internal_ip_address": body["internal_ip_address"],
        "description": body.get("description") or "",
        **rules.ports_of(body),
        **standard.new(d.clock()),
    }
    rules.require_ports(forwarding)
    return forwarding


def _place(
    tx: Transaction,
    floating_ip: FloatingIp,
    forwarding: Forwarding,
    present: Sequence[Forwarding],
) -> None:
    """Require that a port forwarding can be; the floating IP gets its router, if it has none.

    Args:
        tx: the transaction.
        floating_ip: API dict, changed in place.
        forwarding: with all columns.
        present: the others of the floating IP.
    """
    port_id = forwarding["internal_port_id"]
    network_id = floating_ip["floating_network_id"]
    rules.require_free(forwarding, [*present, *rows.of_port(tx, port_id)])
    port = way_rows.inside(tx, port_id, network_id, tx.context.scope)
    if port is None:
        raise PortNotFound(port_id=port_id)
    _require_no_whole(tx, forwarding)
    if floating_ip["port_id"]:
        raise FloatingIPPortAlreadyAssociated(
            port_id=port_id,
            fip_id=floating_ip["id"],
            floating_ip_address=floating_ip["floating_ip_address"],
            fixed_ip=forwarding["internal_ip_address"],
            net_id=network_id,
        )
    address = _address(port, forwarding["internal_ip_address"])
    ways.hold(tx, port, address)
    floating_ip["router_id"] = _router(tx, floating_ip, port, address)


def _require_no_whole(tx: Transaction, forwarding: Forwarding) -> None:
    port_id = forwarding["internal_port_id"]
    for one in floating_ip_rows.leading_to(tx, port_id):
        if one["port_id"]:
            raise PortHasBindingFloatingIP(
                floating_ip_address=one["floating_ip_address"],
                fip_id=one["id"],
                port_id=port_id,
                fixed_ip=forwarding["internal_ip_address"],
            )


def _address(port: Inside, wished: str) -> Address:
    for address in port.addresses:
        if address.ip_address == wished:
            return address
    raise rules.refusal(f"{wished} is no IPv4 address of port {port.id}")


def _router(tx: Transaction, floating_ip: FloatingIp, port: Inside, address: Address) -> str:
    """The id of the router that leads there, which is held."""
    present, network_id = floating_ip["router_id"], floating_ip["floating_network_id"]
    if present:
        reaches = way_rows.use(tx, present) and way_rows.is_still_between(
            tx, present, subnet_id=address.subnet_id, network_id=network_id
        )
        if not reaches:
            raise rules.refusal(
                f"router {present}, by which the floating IP comes, does not lead to port {port.id}"
            )
        return str(present)
    try:
        return ways.router_to(tx, port, address, network_id).id
    except ExternalGatewayForFloatingIPNotFound as error:
        raise rules.refusal(error.message.rstrip(".")) from error


def _touch(d: Deployment, tx: Transaction, floating_ip: FloatingIp) -> None:
    """Write what a change of its port forwardings changes of a floating IP that is locked."""
    changes = {"router_id": floating_ip["router_id"], "updated_at": d.clock()}
    floating_ip_rows.update_row(tx, floating_ip["id"], changes)


def get(d: Deployment, ctx: RequestContext, floating_ip_id: str, forwarding_id: str) -> Forwarding:
    """A port forwarding of a floating IP.

    Raises:
        FloatingIPNotFound: the caller sees no such floating IP.
        PortForwardingNotFound: it has none of this id.
    """
    with d.database.read() as conn:
        _require_floating_ip(conn, floating_ip_id, ctx.scope)
        found = rows.get(conn, floating_ip_id, forwarding_id)
    if found is None:
        raise PortForwardingNotFound(id=forwarding_id)
    return rows.shown(found)


def _require_floating_ip(conn: Connectable, floating_ip_id: str, scope: str | None) -> None:
    if not floating_ip_rows.is_there(conn, floating_ip_id, scope):
        raise FloatingIPNotFound(floatingip_id=floating_ip_id)


def list_(
    d: Deployment, ctx: RequestContext, floating_ip_id: str, query: Query
) -> list[Forwarding]:
    """The port forwardings of a floating IP that a query asks for, in its order.

    Raises:
        FloatingIPNotFound: the caller sees no such floating IP.
    """
    with d.database.read() as conn:
        _require_floating_ip(conn, floating_ip_id, ctx.scope)
        return [rows.shown(one) for one in rows.list_(conn, query, floating_ip_id)]


def of_all(d: Deployment, _ctx: RequestContext, query: Query) -> list[Forwarding]:
    """The port forwardings of all floating IPs that a query asks for, as agents know them.

    Args:
        query: filters are columns; ``floatingip_id`` is one.

    Returns:
        API dicts, with ``floatingip_id``, ``floating_ip_address`` and ``router_id``.
    """
    with d.database.read() as conn:
        found = rows.list_(conn, query, None)
        of = floating_ip_rows.of_ids(conn, {one["floatingip_id"] for one in found})
    return [
        followed.whole(one, of[one["floatingip_id"]]) for one in found if one["floatingip_id"] in of
    ]


def update(
    d: Deployment,
    ctx: RequestContext,
    floating_ip_id: str,
    forwarding_id: str,
    changes: Mapping[str, Any],
    *,
    if_revision: int | None = None,
) -> Forwarding:
    """Change a port forwarding.

    Args:
        changes: validated attributes. Another port without an address means its first one.
        if_revision: refuse if the port forwarding has another revision.

    Raises:
        FloatingIPNotFound, PortForwardingNotFound, PortNotFound: there is none.
        RevisionNumberConstraintFailed: it has another revision.
        PortHasBindingFloatingIP, BadRequest: as in `create`.
    """
    with d.database.transaction(ctx) as tx:
        floating_ip = floating_ips.lock(tx, floating_ip_id)
        original = _require(tx, floating_ip_id, forwarding_id, if_revision)
        wished = {name: changes[name] for name in (*_PLAIN, *_INSIDE) if changes.get(name)}
        if "description" in changes:
            wished["description"] = changes["description"] or ""
        wished.update(rules.ports_of(changes))
        if wished.get("internal_port_id", original["internal_port_id"]) != original[
            "internal_port_id"
        ] and not wished.get("internal_ip_address"):
            wished["internal_ip_address"] = _first_address(tx, floating_ip, wished)
        changed = standard.changed(original, wished)
        if not changed:
            floating_ip_rows.unlock(tx, floating_ip_id)
            return rows.shown(original)
        forwarding = {**original, **changed}
        if changed.keys() != {"description"}:
            rules.require_ports(forwarding)
            present = rows.kept(tx, [floating_ip_id])
            _place(tx, floating_ip, forwarding, present)
        changed.update(standard.bumped(original, d.clock()))
        rows.update_one(tx, forwarding_id, changed)
        _touch(d, tx, floating_ip)
        followed.note(tx, "update", [forwarding], {floating_ip_id: floating_ip})
    return rows.shown({**forwarding, **changed})


def _require(
    tx: Transaction, floating_ip_id: str, forwarding_id: str, if_revision: int | None
) -> Forwarding:
    found = rows.get(tx, floating_ip_id, forwarding_id)
    if found is None:
        raise PortForwardingNotFound(id=forwarding_id)
    standard.require_revision(found, if_revision)
    return found


def _first_address(tx: Transaction, floating_ip: FloatingIp, wished: Mapping[str, Any]) -> str:
    """The first IPv4 address of the port that a port forwarding is to lead to."""
    port_id = wished["internal_port_id"]
    port = way_rows.inside(tx, port_id, floating_ip["floating_network_id"], tx.context.scope)
    if port is None:
        raise PortNotFound(port_id=port_id)
    if not port.addresses:
        raise rules.refusal(f"port {port_id} has no IPv4 address")
    return port.addresses[0].ip_address


def delete(
    d: Deployment,
    ctx: RequestContext,
    floating_ip_id: str,
    forwarding_id: str,
    *,
    if_revision: int | None = None,
) -> None:
    """Delete a port forwarding; the last one takes the router from its floating IP.

    Raises:
        FloatingIPNotFound, PortForwardingNotFound: there is none.
        RevisionNumberConstraintFailed: it has another revision.
    """
    with d.database.transaction(ctx) as tx:
        floating_ip = floating_ips.lock(tx, floating_ip_id)
        gone = _require(tx, floating_ip_id, forwarding_id, if_revision)
        floating_ip_rows.unlock(tx, floating_ip_id)  # counted again by what follows
        followed.remove(tx, [gone], {floating_ip_id: floating_ip})
