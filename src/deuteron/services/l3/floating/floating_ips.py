"""Floating IPs: addresses of external networks that lead to ports inside.

    create   THE transaction
               network, policy             1 statement each
               ports.insert                a port of its own, whose address it is
               associate                   see below
               row, quota, journal
    update   THE transaction
               lock                        others wait; of many at once the last one stays
               associate
                 ways.require_inside       the port and its addresses, 1 statement
                 ways.find                 the router, which is held
               row, journal

Where it leads is a port, one of its addresses, and the router between. A request that names no port
leaves that alone; null, or a body without anything, lets it lead nowhere (observed). Its status is
what the router's agent says. Source: API reference, "Floating IPs"; checks as observed of Neutron.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import ports, postcommits, quotas, standard
from deuteron.core.deployment import Deployment
from deuteron.db.transaction import Transaction
from deuteron.errors import (
    ExternalIpAddressExhausted,
    FipInUseByPortForwarding,
    FloatingIPNotFound,
    FloatingIPPortAlreadyAssociated,
    NetworkNotFound,
    PortHasPortForwarding,
    QosPolicyNotFound,
)
from deuteron.query import Query
from deuteron.services.l3 import news
from deuteron.services.l3.floating import rows, ways
from deuteron.services.l3.floating.ways import Way

FloatingIp = dict[str, Any]

NOUN = "floatingip"
OWNER = rows.OWNER
DOWN = "DOWN"
ACTIVE = "ACTIVE"
ERROR = "ERROR"
STATUS = "status"
"""The event of the journal for what an agent says."""

_NOWHERE: Mapping[str, Any] = {
    "port_id": None,
    "fixed_ip_address": None,
    "router_id": None,
    rows.DETAILS: None,
}
# What a request may change beside that.
_PLAIN = ("description", "qos_policy_id")
# What a port is that nobody plugs.
_NOT_APPLICABLE = "N/A"


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[FloatingIp]) -> list[FloatingIp]:
    """Allocate floating IPs, all or none, and let those lead to a port that name one.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the floating IPs, in the order of the bodies.

    Raises:
        NetworkNotFound, QosPolicyNotFound, PortNotFound, RouterNotFound: the caller sees none of
            this id.
        BadRequest: the network is not external or has no IPv4 subnet, or it cannot lead there.
        IpAddressAlreadyAllocated, InvalidIpForNetwork, IpAddressGenerationFailure, ...: the address
            cannot be had.
        ExternalIpAddressExhausted: it would be an IPv6 address.
        ExternalGatewayForFloatingIPNotFound, FloatingIPPortAlreadyAssociated: see `update`.
        OverQuota: the project has as many as it may have.
        MechanismDriverError: a driver refused.
    """
    made: list[FloatingIp] = []
    inserted: list[ports.Inserted] = []
    with d.database.transaction(ctx) as tx:
        for body in bodies:
            floating_ip, own_port = _insert(d, tx, body)
            made.append(floating_ip)
            inserted.append(own_port)
        quotas.take(d, tx, NOUN, {one["project_id"] for one in made})

    def undo() -> None:
        for one in made:
            delete(d, ctx, one["id"])

    for own_port in inserted:
        ports.follow_up(d, ctx, own_port, undo=undo)
    return made


def _insert(d: Deployment, tx: Transaction, body: FloatingIp) -> tuple[FloatingIp, ports.Inserted]:
    """A new floating IP, and its own port."""
    network_id = body["floating_network_id"]
    _require_external(tx, network_id)
    _require_policy(tx, body.get("qos_policy_id"))
    floating_ip: FloatingIp = {
        "id": str(uuid.uuid4()),
        "project_id": body["project_id"],
        "floating_ip_address": None,
        "floating_network_id": network_id,
        **_NOWHERE,
        "status": DOWN,
        "qos_policy_id": body.get("qos_policy_id"),
        # no external DNS service is told of them, so they are not kept, as Neutron without one
        "dns_name": "",
        "dns_domain": "",
        "description": body.get("description") or "",
        "tags": [],
        rows.FORWARDINGS: [],
        **standard.new(d.clock()),
    }
    inserted = ports.insert(d, tx, [_own_port(floating_ip["id"], body)], counted=False)
    own_port = inserted.ports[0]
    floating_ip["floating_ip_address"] = _address(own_port)
    way = _way(tx, floating_ip, body) if _names_port(body) else None
    if way is not None:
        floating_ip.update(_led_by(way))
    rows.insert_one(tx, floating_ip, own_port["id"])
    _note(tx, "create", floating_ip, way=way)
    return floating_ip, inserted


def _require_external(tx: Transaction, network_id: str) -> None:
    found = rows.external(tx, network_id, tx.context.scope)
    if found is None:
        raise NetworkNotFound(net_id=network_id)
    is_external, has_ipv4 = found
    if not is_external:
        raise ways.refusal(f"network {network_id} is not external")
    if not has_ipv4:
        raise ways.refusal(f"network {network_id} has no IPv4 subnet")


def _require_policy(tx: Transaction, policy_id: str | None) -> None:
    if policy_id and not rows.sees_policy(tx, policy_id, tx.context.scope):
        raise QosPolicyNotFound(policy_id=policy_id)


def _own_port(floating_ip_id: str, body: FloatingIp) -> dict[str, Any]:
    """The port on the external network that holds the address; nobody's, so nobody's to touch."""
    wished = {
        "subnet_id": body.get("subnet_id"),
        "ip_address": body.get("floating_ip_address"),
    }
    wished = {name: value for name, value in wished.items() if value}
    port = {
        "name": "",
        "project_id": "",
        "network_id": body["floating_network_id"],
        "admin_state_up": True,
        "status": _NOT_APPLICABLE,
        "device_id": floating_ip_id,
        "device_owner": OWNER,
        "description": "",
    }
    return {**port, "fixed_ips": [wished]} if wished else port


def _address(port: Mapping[str, Any]) -> str:
    """The first IPv4 address of a port on the external network."""
    for one in port["fixed_ips"]:
        if ":" not in one["ip_address"]:
            return str(one["ip_address"])
    raise ExternalIpAddressExhausted(net_id=port["network_id"])


def _names_port(body: Mapping[str, Any]) -> bool:
    """Whether a request says to which port it is to lead.

    Raises:
        BadRequest: it says to which address, and of no port.
    """
    if body.get("port_id"):
        return True
    if body.get("fixed_ip_address"):
        raise ways.refusal("fixed_ip_address is an address of a port: name that, too")
    return False


def _way(tx: Transaction, floating_ip: FloatingIp, wished: Mapping[str, Any]) -> Way:
    """Where a floating IP is to lead.

    Args:
        tx: the transaction.
        floating_ip: as it is.
        wished: ``port_id``, and perhaps ``fixed_ip_address`` and ``router_id``.
    """
    network_id = floating_ip["floating_network_id"]
    port = ways.require_inside(
        tx, wished["port_id"], network_id=network_id, project_id=floating_ip["project_id"]
    )
    address = ways.choose_address(port, wished.get("fixed_ip_address"))
    way = ways.find(tx, port, address, network_id=network_id, router_id=wished.get("router_id"))
    if address.taken_by not in (None, floating_ip["id"]):
        raise FloatingIPPortAlreadyAssociated(
            port_id=port.id,
            fip_id=floating_ip["id"],
            floating_ip_address=floating_ip["floating_ip_address"],
            fixed_ip=address.ip_address,
            net_id=network_id,
        )
    if rows.has_forwardings(floating_ip):
        raise FipInUseByPortForwarding(id=floating_ip["id"])
    if port.has_forwardings and way.router.distributed:
        raise PortHasPortForwarding(port_id=port.id)
    return way


def _led_by(way: Way) -> dict[str, Any]:
    return {
        "port_id": way.port.id,
        "fixed_ip_address": way.address.ip_address,
        "router_id": way.router.id,
        rows.DETAILS: way.port.details,
    }


def get(d: Deployment, ctx: RequestContext, floating_ip_id: str) -> FloatingIp:
    """The floating IP of this id.

    Raises:
        FloatingIPNotFound: there is none.
    """
    with d.database.read() as conn:
        found = rows.get(conn, floating_ip_id, ctx.scope)
    if found is None:
        raise FloatingIPNotFound(floatingip_id=floating_ip_id)
    return found


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[FloatingIp]:
    """The floating IPs that a query asks for, in its order."""
    with d.database.read() as conn:
        return rows.list_(conn, query, ctx.scope)


def lock(tx: Transaction, floating_ip_id: str) -> FloatingIp:
    """The floating IP of this id, which nobody else changes until the commit.

    Its revision is counted up, whatever the returned API dict says.

    Args:
        tx: the transaction; this is its first statement.
        floating_ip_id: of the floating IP.

    Raises:
        FloatingIPNotFound: the caller sees none.
    """
    found = rows.lock(tx, floating_ip_id, tx.context.scope)
    if found is None:
        raise FloatingIPNotFound(floatingip_id=floating_ip_id)
    return found


def update(
    d: Deployment,
    ctx: RequestContext,
    floating_ip_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
) -> FloatingIp:
    """Change a floating IP, or where it leads.

    Args:
        changes: validated attributes. None at all lets it lead nowhere.
        if_revision: refuse if it has another revision.

    Raises:
        FloatingIPNotFound, PortNotFound, RouterNotFound, QosPolicyNotFound: the caller sees none
            of this id.
        RevisionNumberConstraintFailed: it has another revision.
        BadRequest: it cannot lead to the port or the address.
        ExternalGatewayForFloatingIPNotFound: no router leads there.
        FloatingIPPortAlreadyAssociated: another one on the network leads there.
        FipInUseByPortForwarding: its ports lead to several ports already.
    """
    with d.database.transaction(ctx) as tx:
        original = lock(tx, floating_ip_id)
        standard.require_revision(original, if_revision)
        wished: dict[str, Any] = {name: changes[name] for name in _PLAIN if name in changes}
        way = _changed_way(tx, original, changes)
        if way is not None:
            wished.update(_led_by(way))
        elif _leaves(original, changes):
            wished.update(_NOWHERE)
        changed = standard.changed(original, wished)
        if not changed:
            rows.unlock(tx, floating_ip_id)
            return original
        _require_policy(tx, changed.get("qos_policy_id"))
        changed.update(standard.bumped(original, d.clock()))
        floating_ip = {**original, **changed}
        changed.pop(rows.DETAILS, None)
        if original["router_id"] and floating_ip["router_id"] != original["router_id"]:
            changed["had_router_id"] = original["router_id"]
        rows.update_row(tx, floating_ip_id, changed)
        _note(tx, "update", floating_ip, original=original, way=way)
    return floating_ip


def _changed_way(tx: Transaction, original: FloatingIp, changes: Mapping[str, Any]) -> Way | None:
    """Where it is to lead after a request that says so; None if it says nothing, or nowhere."""
    if _names_port(changes):
        return _way(tx, original, changes)
    if "router_id" in changes and "port_id" not in changes and original["port_id"]:
        present = {name: original[name] for name in ("port_id", "fixed_ip_address")}
        return _way(tx, original, {**present, "router_id": changes["router_id"]})
    return None


def _leaves(original: FloatingIp, changes: Mapping[str, Any]) -> bool:
    """Whether a request lets it lead nowhere; port forwardings stay."""
    return bool(original["port_id"]) and (not changes or changes.get("port_id", "") is None)


def delete(
    d: Deployment, ctx: RequestContext, floating_ip_id: str, *, if_revision: int | None = None
) -> None:
    """Give a floating IP's address back.

    Raises:
        FloatingIPNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        FipInUseByPortForwarding: its ports lead somewhere.
        MechanismDriverError: a driver refused.
    """
    with d.database.transaction(ctx) as tx:
        original = lock(tx, floating_ip_id)
        standard.require_revision(original, if_revision)
        if rows.has_forwardings(original):
            raise FipInUseByPortForwarding(id=floating_ip_id)
        own_port_id = rows.delete_one(tx, floating_ip_id)
        if own_port_id is None:
            raise FloatingIPNotFound(floatingip_id=floating_ip_id)
        due = ports.remove(d, tx, ports.require(tx, own_port_id, None))
        _note(tx, "delete", {**original, **_NOWHERE}, original=original)
    postcommits.run(d, ctx, due)


def _note(
    tx: Transaction,
    event: str,
    floating_ip: FloatingIp,
    *,
    original: FloatingIp | None = None,
    way: Way | None = None,
) -> None:
    """Tell the journal: of the floating IP, and of the routers whose agents have to hear it.

    Args:
        tx: the transaction.
        event: ``create``, ``update`` or ``delete``.
        floating_ip: API dict after the change.
        original: before it.
        way: that was found for it.
    """
    versions = [one for one in (original, floating_ip) if one is not None]
    known = [] if way is None else [{"id": way.router.id, "project_id": way.router.project_id}]
    others = {one["router_id"] for one in versions} - {one["id"] for one in known}
    routers = [*known, *rows.with_projects(tx, others)]
    details = {
        "routers": [router["id"] for router in routers],
        "ports": list({one["port_id"]: _port(one) for one in versions if one["port_id"]}.values()),
    }
    tx.journal(NOUN, floating_ip["id"], event, floating_ip["project_id"], details)
    news.changed(tx, routers)


def _port(floating_ip: FloatingIp) -> dict[str, str]:
    """What others want to know of the port to which a floating IP leads."""
    details = floating_ip[rows.DETAILS]
    return {
        "id": floating_ip["port_id"],
        "device_id": details["device_id"],
        "device_owner": details["device_owner"],
    }


def release(tx: Transaction, port_id: str, found: Sequence[Mapping[str, Any]]) -> None:
    """Let floating IPs lead nowhere, as their port goes.

    Args:
        tx: in which the port goes.
        port_id: of that port.
        found: its floating IPs, of `floating_ip_rows.leading_to`; at least one.
    """
    rows.disassociate(tx, port_id, tx.now)
    for one in found:
        tx.journal(NOUN, one["id"], "update", one["project_id"], {"routers": [one["router_id"]]})
    news.changed(tx, rows.with_projects(tx, [one["router_id"] for one in found]))


def delete_disassociated(d: Deployment, ctx: RequestContext, network_id: str) -> None:
    """Delete the floating IPs of a network that lead nowhere, whosever they are.

    They go with their network; Neutron does the same.
    """
    with d.database.read() as conn:
        found = rows.disassociated_on(conn, network_id)
    everybody = replace(ctx, is_admin=True)
    for floating_ip_id in found:
        try:
            delete(d, everybody, floating_ip_id)
        except FloatingIPNotFound:
            continue  # somebody else was faster


def report_statuses(
    d: Deployment, ctx: RequestContext, router_id: str, statuses: Mapping[str, str]
) -> None:
    """What an agent says of the floating IPs of a router.

    Only of those that are the router's, or were until they were disassociated: these are down, as
    are those that lead nowhere and are not mentioned. Source: wire of the L3 agent, as observed.

    Args:
        d: the deployment.
        ctx: the agent.
        router_id: of the router.
        statuses: floating IP id -> ``ACTIVE``, ``DOWN`` or ``ERROR``; others are left out.
    """
    with d.database.transaction(ctx) as tx:
        changed: dict[str, list[FloatingIp]] = {}
        for one in rows.of_agent(tx, router_id):
            said = statuses.get(one["id"]) if one["router_id"] else DOWN
            if said in (ACTIVE, DOWN, ERROR) and said != one["status"]:
                changed.setdefault(said, []).append(one)
        for status, found in sorted(changed.items()):
            rows.set_status(tx, [one["id"] for one in found], status, d.clock())
            for one in found:
                tx.journal(NOUN, one["id"], STATUS, one["project_id"], {"status": status})
