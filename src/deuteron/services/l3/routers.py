"""Routers: create, get, list, update, delete, and their routes: add, remove.

    create, update, delete   THE transaction
                               the router's revision is counted up: nobody else changes it
                               extensions of routers
                               gateway, routes
                               row, journal
                             hooks of drivers, binding of ports

Source: API reference, "Routers".
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import ports, quotas, standard
from deuteron.core.deployment import Deployment
from deuteron.db import tags as tag_rows
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import RouterInUse, RouterNotFound
from deuteron.query import Query
from deuteron.services.l3 import conversion, gateways, kinds, news, routes
from deuteron.services.l3 import router_rows as rows
from deuteron.services.l3.afterwards import Afterwards
from deuteron.services.l3.agents import scheduling
from deuteron.services.l3.ha import networks as ha_networks
from deuteron.services.l3.ha import routers as ha
from deuteron.services.l3.router_rows import Attached, Router

COLLECTION = rows.COLLECTION

_GATEWAY = "external_gateway_info"
# Ports that agents of routers use for themselves, and that go with the router.
_OF_AGENTS = frozenset(
    (
        rows.GATEWAY,
        "network:router_ha_interface",
        "network:router_centralized_snat",
    )
)


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Router]) -> list[Router]:
    """Create routers, all or none, with their gateways.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the routers, in the order of the bodies.

    Raises:
        NetworkNotFound, BadRequest, ...: a gateway cannot be had, see `gateways.set_`.
        OverQuota: the project has as many routers as it may have.
        MechanismDriverError: a driver refused the port of a gateway.
    """
    kind_of = [kinds.of_new(d.settings.routing, body) for body in bodies]
    for project_id in {
        body["project_id"] for body, kind in zip(bodies, kind_of, strict=True) if kind.ha
    }:
        ha_networks.ensure(d, ctx, project_id)
    after = Afterwards()
    with d.database.transaction(ctx) as tx:
        made = []
        for body, kind in zip(bodies, kind_of, strict=True):
            router = _new(d, body, kind)
            d.extended(COLLECTION).on_create(tx, body, router, {})
            made.append(router)
        d.extended(COLLECTION).on_create_all(tx, list(zip(bodies, made, strict=True)))
        rows.insert_many(tx, made)
        tag_rows.insert(tx, {router["id"]: router["tags"] for router in made if router["tags"]})
        d.extended(COLLECTION).stored(tx, zip(bodies, made, strict=True))
        for body, router in zip(bodies, made, strict=True):
            if router["ha"]:
                ha.claim_vr_id(d, tx, router)
            if body.get(_GATEWAY):
                changes = gateways.set_(d, tx, router, body[_GATEWAY], after)
                rows.update_row(tx, router["id"], changes)
            tx.journal(news.NOUN, router["id"], news.CREATE, router["project_id"])
        quotas.take(d, tx, "router", {router["project_id"] for router in made})
        placed = [router["id"] for router in made if router["gw_port_id"] or router["ha"]]
        unserved = scheduling.lacking(d, tx, placed)
    after.run(d, ctx, undo=partial(_delete_all, d, ctx, made))
    scheduling.schedule(d, ctx, unserved)
    d.extended(COLLECTION).derive(made)
    return made


def _new(d: Deployment, body: Router, kind: kinds.Kind) -> Router:
    return {
        "id": str(uuid.uuid4()),
        "project_id": body["project_id"],
        "name": body["name"],
        "description": body.get("description") or "",
        "admin_state_up": body["admin_state_up"],
        "status": "ACTIVE",
        "gw_port_id": None,
        "enable_snat": d.settings.routing.enable_snat_by_default,
        "distributed": kind.distributed,
        "ha": kind.ha,
        "ha_vr_id": None,
        "flavor_id": None,
        "availability_zone_hints": [],
        "availability_zones": [],
        "enable_default_route_ecmp": False,
        "enable_default_route_bfd": False,
        "enable_ndp_proxy": False,
        "qos_policy_id": None,
        "external_gateway_info": None,
        "external_gateways": [],
        "routes": [],
        "conntrack_helpers": [],
        "tags": sorted(set(body.get("tags") or ())),
        **standard.new(d.clock(), revision=1),
    }


def _delete_all(d: Deployment, ctx: RequestContext, made: Sequence[Router]) -> None:
    for router in made:
        delete(d, ctx, router["id"])


def get(d: Deployment, ctx: RequestContext, router_id: str) -> Router:
    """The router of this id.

    Raises:
        RouterNotFound: there is none.
    """
    with d.database.read() as conn:
        router = require(conn, router_id, ctx.scope)
        d.extended(COLLECTION).load(conn, [router])
    return router


def require(conn: Connectable, router_id: str, scope: str | None) -> Router:
    """The router of this id, read by an open connection.

    Raises:
        RouterNotFound: there is none that the project (None: everything) sees.
    """
    router = rows.get(conn, router_id, scope)
    if router is None:
        raise RouterNotFound(router_id=router_id)
    return router


def lock(d: Deployment, tx: Transaction, router_id: str) -> Router:
    """The router of this id, which nobody else changes until the commit; its revision is counted.

    Raises:
        RouterNotFound: there is none that the caller sees.
    """
    router = rows.lock(tx, router_id, d.clock(), tx.context.scope)
    if router is None:
        raise RouterNotFound(router_id=router_id)
    return router


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Router]:
    """The routers that a query asks for, in its order."""
    with d.database.read() as conn:
        found = rows.list_(conn, query, ctx.scope)
        if rows.marker_missing(conn, query, found, ctx.scope):
            raise RouterNotFound(router_id=query.marker)
        d.extended(COLLECTION).load(conn, found, query.fields)
    return found


def update(
    d: Deployment,
    ctx: RequestContext,
    router_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
) -> Router:
    """Change a router, its gateway and its routes.

    Args:
        changes: validated attributes.
        if_revision: refuse if the router has another revision.

    Raises:
        RouterNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        InvalidRoutes, OverQuota: the routes cannot be, or are too many.
        BadRequest: it is up, and is to become distributed or highly available, or to be no more.
        NoVRIDAvailable: its project has as many highly available routers as there can be.
        NetworkNotFound, BadRequest, ...: the gateway cannot be had, see `gateways.set_`.
    """
    present = get(d, ctx, router_id)
    standard.require_revision(present, if_revision)
    if "routes" in changes:
        changes["routes"] = routes.normal(changes["routes"])
    if not standard.changed(present, changes):
        return present
    conversion.prepare(d, ctx, present, kinds.changed(present, changes))
    return _change(d, ctx, router_id, changes, if_revision=if_revision)


def _change(
    d: Deployment,
    ctx: RequestContext,
    router_id: str,
    changes: Mapping[str, Any],
    *,
    if_revision: int | None = None,
) -> Router:
    after = Afterwards()
    with d.database.transaction(ctx) as tx:
        router = lock(d, tx, router_id)
        standard.require_revision({"revision_number": router["revision_number"] - 1}, if_revision)
        d.extended(COLLECTION).load(tx, [router])
        original = {**router, _GATEWAY: _copy(router[_GATEWAY])}
        apply(d, tx, router, changes, after)
        d.extended(COLLECTION).on_update(tx, changes, router, original)
        columns = {
            name: value
            for name, value in router.items()
            if name != "external_gateways" and original.get(name) != value
        }
        rows.update_row(tx, router_id, columns)
        tx.journal(news.NOUN, router_id, news.UPDATE, router["project_id"])
        unserved = scheduling.lacking(d, tx, [router_id])
    after.run(d, ctx, undo=partial(_without_gateway, d, ctx, router_id))
    scheduling.schedule(d, ctx, unserved)
    d.extended(COLLECTION).derive([router])
    return router


def _copy(gateway: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if gateway is None else dict(gateway)


def apply(
    d: Deployment, tx: Transaction, router: Router, changes: Mapping[str, Any], after: Afterwards
) -> None:
    """Apply the changes of an update to a router that is locked, its row excepted.

    Args:
        d: the deployment.
        tx: the transaction.
        router: API dict, changed in place.
        changes: validated attributes.
        after: gets what follows after the commit.
    """
    kind = kinds.changed(router, changes)
    if "routes" in changes and changes["routes"] != router["routes"]:
        set_routes(d, tx, router, changes["routes"])
    for name in ("name", "description", "admin_state_up"):
        if name in changes:
            router[name] = changes[name]
    if _GATEWAY in changes:
        gateways.set_(d, tx, router, changes[_GATEWAY], after)
    if kind is not None:
        conversion.convert(d, tx, router, kind, after)


def set_routes(
    d: Deployment, tx: Transaction, router: Router, wanted: Sequence[rows.Route]
) -> None:
    """Give a router that is locked other routes.

    Raises:
        InvalidRoutes: a next hop cannot be reached.
        OverQuota: they are too many.
    """
    routes.require_reachable_by(wanted, rows.attached(tx, router["id"]))
    at_most = quotas.limit(d, tx, "router_route", router["project_id"])
    routes.require_few(wanted, at_most=at_most)
    rows.replace_routes(tx, router["id"], wanted)
    router["routes"] = list(wanted)


def _without_gateway(d: Deployment, ctx: RequestContext, router_id: str) -> None:
    _change(d, ctx, router_id, {_GATEWAY: None})


def delete(
    d: Deployment, ctx: RequestContext, router_id: str, *, if_revision: int | None = None
) -> None:
    """Delete a router with its gateway.

    Raises:
        RouterNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        RouterInUse: it is on a subnet.
        RouterExternalGatewayInUseByFloatingIp: floating IPs come in by it.
    """
    after = Afterwards()
    with d.database.transaction(ctx) as tx:
        router = lock(d, tx, router_id)
        standard.require_revision({"revision_number": router["revision_number"] - 1}, if_revision)
        attached = rows.attached(tx, router_id)
        _require_unused(router_id, attached)
        d.extended(COLLECTION).on_delete(tx, router)
        if router[_GATEWAY]:
            gateways.set_(d, tx, router, None, after)
        if router["ha"]:
            for due in ha.take(d, tx, router_id):
                after.owe(due)
        remove_ports(d, tx, {one.port_id for one in attached} - {router["gw_port_id"]}, after)
        tx.journal(news.NOUN, router_id, news.DELETE, router["project_id"])
        rows.delete_one(tx, router_id)
    after.run(d, ctx)
    if router["ha"]:
        ha_networks.remove_if_unused(d, ctx, router["project_id"])


def _require_unused(router_id: str, attached: Sequence[Attached]) -> None:
    used = sorted({one.port_id for one in attached if one.owner not in _OF_AGENTS})
    if used:
        raise RouterInUse(router_id=router_id, reason=f"has interfaces: {', '.join(used)}")


def remove_ports(d: Deployment, tx: Transaction, port_ids: set[str], after: Afterwards) -> None:
    """Remove ports of a router that is locked; those that are gone already are fine.

    Args:
        d: the deployment.
        tx: the transaction.
        port_ids: of the ports.
        after: gets what follows after the commit.
    """
    if not port_ids:
        return
    rows.detach(tx, sorted(port_ids))
    for port_id in sorted(port_ids):
        port = ports.find(tx, port_id)
        if port is not None:
            after.owe(ports.remove(d, tx, port))


# --- routes ---------------------------------------------------------------------------------------


def add_routes(d: Deployment, ctx: RequestContext, router_id: str, document: Any) -> Router:
    """Give a router more routes; those that it has are fine.

    Args:
        document: ``{"router": {"routes": [...]}}`` as it came.

    Returns:
        API dict.

    Raises:
        RouterNotFound: there is none of this id.
        InvalidInput: the document is not as it should be.
        InvalidRoutes, OverQuota: as `update`.
    """
    more = routes.of_document(document)
    return _with_routes(d, ctx, router_id, lambda present: [*present, *more])


def remove_routes(d: Deployment, ctx: RequestContext, router_id: str, document: Any) -> Router:
    """Take routes from a router; those that it has not are fine.

    Args, Returns, Raises: as `add_routes`.
    """
    fewer = routes.of_document(document)
    return _with_routes(
        d, ctx, router_id, lambda present: [one for one in present if one not in fewer]
    )


def _with_routes(
    d: Deployment,
    ctx: RequestContext,
    router_id: str,
    edit: Callable[[list[rows.Route]], list[rows.Route]],
) -> Router:
    with d.database.transaction(ctx) as tx:
        router = lock(d, tx, router_id)
        wanted = routes.normal(edit(router["routes"]))
        if wanted != router["routes"]:
            set_routes(d, tx, router, wanted)
            tx.journal(news.NOUN, router_id, news.UPDATE, router["project_id"])
        d.extended(COLLECTION).load(tx, [router])
    d.extended(COLLECTION).derive([router])
    return router
