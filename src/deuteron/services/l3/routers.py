"""Routers: create, get, list, update, delete; their routes: add, remove; likewise their gateways.

    create, update, delete   THE transaction
                               the router's revision is counted up: nobody else changes it
                               extensions of routers
                               gateways, routes
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
from deuteron.services.l3 import conversion, gateway_choice, gateways, kinds, news, routes
from deuteron.services.l3 import router_rows as rows
from deuteron.services.l3.afterwards import Afterwards
from deuteron.services.l3.agents import scheduling
from deuteron.services.l3.gateway_choice import Info
from deuteron.services.l3.ha import networks as ha_networks
from deuteron.services.l3.ha import routers as ha
from deuteron.services.l3.router_rows import Attached, Router

COLLECTION = rows.COLLECTION

Edit = Callable[[Deployment, Transaction, Router, Afterwards], None]
"""Changes a router that is locked, its row excepted."""

_GATEWAY = "external_gateway_info"
_DEFAULT_ROUTES = ("enable_default_route_ecmp", "enable_default_route_bfd")
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
        NetworkNotFound, BadRequest, ...: a gateway cannot be had, see `gateways.set_first`.
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
                original = dict(router)
                gateways.set_first(d, tx, router, body[_GATEWAY], after)
                rows.update_row(tx, router["id"], standard.changed(original, router))
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
        "enable_default_route_ecmp": _said(
            body, "enable_default_route_ecmp", d.settings.routing.enable_default_route_ecmp
        ),
        "enable_default_route_bfd": _said(
            body, "enable_default_route_bfd", d.settings.routing.enable_default_route_bfd
        ),
        "enable_ndp_proxy": False,
        "qos_policy_id": None,
        "external_gateway_info": None,
        "external_gateways": [],
        "routes": [],
        "conntrack_helpers": [],
        "tags": sorted(set(body.get("tags") or ())),
        **standard.new(d.clock(), revision=1),
    }


def _said(body: Mapping[str, Any], name: str, by_default: bool) -> bool:
    """What a body says; null is nothing."""
    return by_default if body.get(name) is None else bool(body[name])


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
        NetworkNotFound, BadRequest, ...: the gateway cannot be had, see `gateways.set_first`.
    """
    present = get(d, ctx, router_id)
    standard.require_revision(present, if_revision)
    if "routes" in changes:
        changes["routes"] = routes.normal(changes["routes"])
    for name in _DEFAULT_ROUTES:
        if changes.get(name, False) is None:
            del changes[name]
    if not standard.changed(present, changes):
        return present
    conversion.prepare(d, ctx, present, kinds.changed(present, changes))
    edit = partial(_apply, changes)
    return _change(d, ctx, router_id, edit, changes=changes, if_revision=if_revision)


def _change(
    d: Deployment,
    ctx: RequestContext,
    router_id: str,
    edit: Edit,
    *,
    changes: Mapping[str, Any] | None = None,
    if_revision: int | None = None,
) -> Router:
    """Change a router in a transaction, and do what follows.

    Args:
        edit: changes it, its row excepted.
        changes: attributes of a request that extensions of routers look at.
        if_revision: refuse if the router has another revision.
    """
    after = Afterwards()
    with d.database.transaction(ctx) as tx:
        router = lock(d, tx, router_id)
        standard.require_revision({"revision_number": router["revision_number"] - 1}, if_revision)
        d.extended(COLLECTION).load(tx, [router])
        original = dict(router)
        edit(d, tx, router, after)
        d.extended(COLLECTION).on_update(tx, changes or {}, router, original)
        columns = {
            name: value
            for name, value in router.items()
            if name != "external_gateways" and original.get(name) != value
        }
        rows.update_row(tx, router_id, columns)
        tx.journal(news.NOUN, router_id, news.UPDATE, router["project_id"])
        unserved = scheduling.lacking(d, tx, [router_id])
    after.run(d, ctx, undo=partial(_without_new, d, ctx, router_id, after))
    scheduling.schedule(d, ctx, unserved)
    d.extended(COLLECTION).derive([router])
    return router


def _apply(
    changes: Mapping[str, Any], d: Deployment, tx: Transaction, router: Router, after: Afterwards
) -> None:
    """Apply the changes of an update."""
    kind = kinds.changed(router, changes)
    if "routes" in changes and changes["routes"] != router["routes"]:
        set_routes(d, tx, router, changes["routes"])
    for name in ("name", "description", "admin_state_up"):
        if name in changes:
            router[name] = changes[name]
    for name in _DEFAULT_ROUTES:
        if name in changes:
            router[name] = changes[name]
    if _GATEWAY in changes:
        gateways.set_first(d, tx, router, changes[_GATEWAY], after)
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


def _without_new(d: Deployment, ctx: RequestContext, router_id: str, after: Afterwards) -> None:
    """Take those gateways away that a change has made."""
    new = {port["id"] for made in after.inserted for port in made.ports}

    def edit(d: Deployment, tx: Transaction, router: Router, after: Afterwards) -> None:
        gateways.drop(d, tx, router, new, after)

    _change(d, ctx, router_id, edit)


def delete(
    d: Deployment, ctx: RequestContext, router_id: str, *, if_revision: int | None = None
) -> None:
    """Delete a router with its gateways.

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
        router["routes"] = []  # they go with it, and hold no gateway
        if router[_GATEWAY]:
            gateways.replace(d, tx, router, [], after)
        if router["ha"]:
            for due in ha.take(d, tx, router_id):
                after.owe(due)
        others = {one.port_id for one in attached if one.owner != rows.GATEWAY}
        remove_ports(d, tx, others, after)
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


# --- gateways -------------------------------------------------------------------------------------


def add_gateways(d: Deployment, ctx: RequestContext, router_id: str, document: Any) -> Router:
    """Give a router more gateways.

    Args:
        document: ``{"router": {"external_gateways": [...]}}`` as it came.

    Returns:
        API dict.

    Raises:
        RouterNotFound: there is none of this id.
        InvalidInput: the document is not as it should be.
        NetworkNotFound, BadRequest, ...: see `gateways.add`.
        MechanismDriverError: a driver refused the port of a gateway.
    """
    infos = gateway_choice.of_document(document)
    if not infos:
        return get(d, ctx, router_id)
    return _with_gateways(d, ctx, router_id, infos, gateways.add)


def update_gateways(d: Deployment, ctx: RequestContext, router_id: str, document: Any) -> Router:
    """Give a router these gateways and no others; none for no gateway at all.

    Args, Returns, Raises: as `add_gateways`, see `gateways.replace`.
    """
    infos = gateway_choice.of_document(document)
    return _with_gateways(d, ctx, router_id, infos, gateways.replace)


def remove_gateways(d: Deployment, ctx: RequestContext, router_id: str, document: Any) -> Router:
    """Take gateways from a router.

    Args, Returns, Raises: as `add_gateways`, see `gateways.remove`.
    """
    infos = gateway_choice.of_document(document)
    if not infos:
        return get(d, ctx, router_id)
    return _with_gateways(d, ctx, router_id, infos, gateways.remove)


def _with_gateways(
    d: Deployment,
    ctx: RequestContext,
    router_id: str,
    infos: Sequence[Info],
    verb: Callable[[Deployment, Transaction, Router, Sequence[Info], Afterwards], None],
) -> Router:
    def edit(d: Deployment, tx: Transaction, router: Router, after: Afterwards) -> None:
        verb(d, tx, router, infos, after)

    return _change(d, ctx, router_id, edit)


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
