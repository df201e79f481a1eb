"""NDP proxies: create, get, list, update, delete.

    create   THE transaction
               the port                   the caller sees it
               the router is held         nobody changes its gateway or interfaces meanwhile
               it is on the port's subnet, and answers for others
               address scopes             the same outside and inside, else nothing is routed
               the address is held        nobody takes it from the port meanwhile
               row, journal

Agents take proxies out of the journal, as objects of their own: a router need not be told anew.
Source: API reference, "Router NDP proxy"; the checks and their order as observed of Neutron.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import ports, standard
from deuteron.core.deployment import Deployment
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    AddressScopeConflict,
    BadRequest,
    InvalidAddress,
    NDPProxyExists,
    NDPProxyNotFound,
    PortUnreachableRouter,
    RouterNDPProxyNotEnable,
    TryAgain,
)
from deuteron.query import Query
from deuteron.services.l3 import router_rows
from deuteron.services.l3.floating import way_rows
from deuteron.services.ndp_proxy import rows

Proxy = dict[str, Any]

NOUN = "ndp_proxy"
"""What the journal calls a proxy. The details of its end are all of it, as agents ask for."""


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Mapping[str, Any]]) -> list[Proxy]:
    """Let routers answer for addresses, all or none.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the proxies, in the order of the bodies.

    Raises:
        PortNotFound: the caller sees none of this id.
        PortUnreachableRouter: the caller sees no such router, or it is not on the port's subnet.
        RouterNDPProxyNotEnable: the router does not answer for others.
        BadRequest, InvalidAddress: the port does not have such an address.
        AddressScopeConflict: nothing is routed from outside.
        NDPProxyExists: the router answers for it already.
    """
    made = []
    with d.database.transaction(ctx) as tx:
        for body in bodies:
            proxy = _new(d, tx, body)
            rows.insert_one(tx, proxy)
            tx.journal(NOUN, proxy["id"], "create", proxy["project_id"])
            made.append(proxy)
    return made


def _new(d: Deployment, tx: Transaction, body: Mapping[str, Any]) -> Proxy:
    port_id, router_id = body["port_id"], body["router_id"]
    port = ports.require(tx, port_id, tx.context.scope)
    held = way_rows.use(tx, router_id)
    router = router_rows.get(tx, router_id, tx.context.scope) if held else None
    network_id = port["network_id"]
    attached = router_rows.attached(tx, router_id) if router else []
    there = [one for one in attached if one.network_id == network_id]
    if router is None or not there:
        raise PortUnreachableRouter(port_id=port_id, router_id=router_id)
    if not router["enable_ndp_proxy"] or not router["external_gateway_info"]:
        raise RouterNDPProxyNotEnable(router_id=router_id)
    subnets = {one.subnet_id for one in there if one.ip_version == 6}
    address = _address(port, body, subnets)
    outside = router["external_gateway_info"]["network_id"]
    scopes = rows.ipv6_scopes(tx, [outside, network_id], None)
    if scopes.get(outside) != scopes.get(network_id):
        raise AddressScopeConflict(
            ext_address_scope=scopes.get(outside), internal_address_scope=scopes.get(network_id)
        )
    subnet_id = next(f["subnet_id"] for f in port["fixed_ips"] if f["ip_address"] == address)
    if not way_rows.hold(tx, port_id, subnet_id=subnet_id, ip_address=address):
        raise TryAgain(reason=f"port {port_id} was changed by another request")
    if any(one["ip_address"] == address for one in rows.of_port(tx, port_id)):
        raise NDPProxyExists(router_id=router_id, address=address)
    return {
        "id": str(uuid.uuid4()),
        "name": body.get("name") or "",
        "project_id": body["project_id"],
        "router_id": router_id,
        "port_id": port_id,
        "ip_address": address,
        "description": body.get("description") or "",
        **standard.new(d.clock()),
    }


def _address(port: Mapping[str, Any], body: Mapping[str, Any], subnets: set[str | None]) -> str:
    """The address of the port for which a router on these subnets is to answer."""
    port_id, router_id = port["id"], body["router_id"]
    own = {
        one["ip_address"]: one["subnet_id"] for one in port["fixed_ips"] if ":" in one["ip_address"]
    }
    if not own:
        raise BadRequest(resource=NOUN, msg=f"port {port_id} has no IPv6 address")
    if not body.get("ip_address"):
        for address, subnet_id in own.items():
            if subnet_id in subnets:
                return str(address)
        raise PortUnreachableRouter(port_id=port_id, router_id=router_id)
    wished = str(ip_address(body["ip_address"]))
    if wished not in own:
        raise InvalidAddress(address=wished, reason=f"port {port_id} does not have it")
    if own[wished] not in subnets:
        raise InvalidAddress(address=wished, reason=f"router {router_id} does not reach it")
    return wished


def get(d: Deployment, ctx: RequestContext, proxy_id: str) -> Proxy:
    """The proxy of this id.

    Raises:
        NDPProxyNotFound: there is none.
    """
    with d.database.read() as conn:
        return _require(conn, proxy_id, ctx.scope)


def _require(conn: Connectable, proxy_id: str, scope: str | None) -> Proxy:
    proxy = rows.get(conn, proxy_id, scope)
    if proxy is None:
        raise NDPProxyNotFound(id=proxy_id)
    return proxy


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Proxy]:
    """The proxies that a query asks for, in its order."""
    with d.database.read() as conn:
        return rows.list_(conn, query, ctx.scope)


def update(
    d: Deployment,
    ctx: RequestContext,
    proxy_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
) -> Proxy:
    """Change the name or the description of a proxy.

    Raises:
        NDPProxyNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
    """
    with d.database.transaction(ctx) as tx:
        present = _require(tx, proxy_id, ctx.scope)
        standard.require_revision(present, if_revision)
        changed = standard.changed(present, changes)
        if not changed:
            return present
        changed.update(standard.bumped(present, d.clock()))
        if not rows.update_row(tx, proxy_id, changed, revision=present["revision_number"]):
            raise TryAgain(reason=f"NDP proxy {proxy_id} was changed by another request")
        tx.journal(NOUN, proxy_id, "update", present["project_id"])
    return {**present, **changed}


def delete(
    d: Deployment, ctx: RequestContext, proxy_id: str, *, if_revision: int | None = None
) -> None:
    """Let a router answer for an address no more.

    Raises:
        NDPProxyNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
    """
    with d.database.transaction(ctx) as tx:
        proxy = _require(tx, proxy_id, ctx.scope)
        standard.require_revision(proxy, if_revision)
        if not forget(tx, [proxy]):
            raise NDPProxyNotFound(id=proxy_id)


def forget(tx: Transaction, gone: Iterable[Proxy]) -> int:
    """Delete proxies, whosever they are; how many were there.

    Args:
        tx: the transaction.
        gone: API dicts.
    """
    found = list(gone)
    if not found:
        return 0
    deleted = rows.delete_many(tx, [one["id"] for one in found])
    for one in found:
        tx.journal(NOUN, one["id"], "delete", one["project_id"], one)
    return deleted
