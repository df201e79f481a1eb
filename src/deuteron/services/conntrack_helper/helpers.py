"""Connection tracking helpers of routers: create, get, list, update, delete.

    create, update, delete   the site allows it
                             THE transaction
                               the router is locked, its revision counted up
                               no other helper of the router says the same
                               row, journal

Agents take helpers out of the journal, as objects of their own: a router need not be told anew.
Source: API reference, "Routers Conntrack Helper"; the checks as observed of Neutron.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import standard
from deuteron.core.deployment import Deployment
from deuteron.db.transaction import Connectable
from deuteron.errors import (
    BadRequest,
    ConntrackHelperNotAllowed,
    ConntrackHelperNotFound,
    InvalidProtocolForHelper,
)
from deuteron.query import Query
from deuteron.services.conntrack_helper import rows
from deuteron.services.l3 import routers

Helper = dict[str, Any]

NOUN = "conntrack_helper"
"""What the journal calls a helper. The details of its end are all of it, as agents ask for."""

_SAME = ("protocol", "port", "helper")


def create(
    d: Deployment, ctx: RequestContext, router_id: str, bodies: Sequence[Mapping[str, Any]]
) -> list[Helper]:
    """Give a router helpers, all or none.

    Args:
        router_id: of the router.
        bodies: validated API dicts.

    Returns:
        API dicts of the helpers, in the order of the bodies.

    Raises:
        ConntrackHelperNotAllowed, InvalidProtocolForHelper: the site does not allow it.
        RouterNotFound: the caller sees none of this id.
        BadRequest: the router has such a helper.
    """
    made: list[Helper] = []
    for body in bodies:
        helper = {"id": str(uuid.uuid4()), "router_id": router_id}
        helper.update((name, body[name]) for name in _SAME)
        _require_allowed(d, helper)
        made.append(helper)
    with d.database.transaction(ctx) as tx:
        router = routers.lock(d, tx, router_id)
        present = rows.of_router(tx, router_id)
        for helper in made:
            _require_new(helper, present)
            present.append(helper)
        rows.insert_many(tx, made)
        for helper in made:
            tx.journal(NOUN, helper["id"], "create", router["project_id"])
    return made


def _require_allowed(d: Deployment, helper: Helper) -> None:
    allowed = d.settings.routing.allowed_conntrack_helpers
    name, protocol = helper["helper"], helper["protocol"]
    if name not in allowed:
        raise ConntrackHelperNotAllowed(helper=name)
    if protocol not in allowed[name]:
        raise InvalidProtocolForHelper(
            helper=name, protocol=protocol, supported_protocols=", ".join(allowed[name])
        )


def _require_new(helper: Helper, present: Iterable[Helper]) -> None:
    if any(all(one[name] == helper[name] for name in _SAME) for one in present):
        said = f"{helper['helper']} on {helper['protocol']} port {helper['port']}"
        msg = f"router {helper['router_id']} has {said} already"
        raise BadRequest(resource=NOUN, msg=msg)


def get(d: Deployment, ctx: RequestContext, router_id: str, helper_id: str) -> Helper:
    """The helper of this id.

    Raises:
        ConntrackHelperNotFound: the router has none, or the caller does not see it.
    """
    with d.database.read() as conn:
        return _require(conn, router_id, helper_id, ctx.scope)


def _require(conn: Connectable, router_id: str, helper_id: str, scope: str | None) -> Helper:
    helper = rows.get(conn, helper_id, scope)
    if helper is None or helper["router_id"] != router_id:
        raise ConntrackHelperNotFound(id=helper_id)
    return helper


def list_(d: Deployment, ctx: RequestContext, router_id: str, query: Query) -> list[Helper]:
    """The helpers of a router that a query asks for; of a router that is not there, none."""
    with d.database.read() as conn:
        return rows.list_(conn, rows.below(query, router_id), ctx.scope)


def of_all(d: Deployment, ctx: RequestContext, query: Query) -> list[Helper]:
    """The helpers of whatever routers that a query asks for."""
    with d.database.read() as conn:
        return rows.list_(conn, query, ctx.scope)


def update(
    d: Deployment,
    ctx: RequestContext,
    router_id: str,
    helper_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,  # noqa: ARG001 (helpers have no revision number)
) -> Helper:
    """Change a helper.

    Args:
        router_id: of the router.
        helper_id: of the helper.
        changes: validated attributes.

    Raises:
        ConntrackHelperNotFound: the router has none of this id.
        ConntrackHelperNotAllowed, InvalidProtocolForHelper, BadRequest: as in `create`.
    """
    present = get(d, ctx, router_id, helper_id)
    if not standard.changed(present, changes):
        return present
    with d.database.transaction(ctx) as tx:
        router = routers.lock(d, tx, router_id)
        helper = {**_require(tx, router_id, helper_id, ctx.scope), **changes}
        _require_allowed(d, helper)
        others = rows.of_router(tx, router_id)
        _require_new(helper, [one for one in others if one["id"] != helper_id])
        rows.update_row(tx, helper_id, changes)
        tx.journal(NOUN, helper_id, "update", router["project_id"])
    return helper


def delete(
    d: Deployment,
    ctx: RequestContext,
    router_id: str,
    helper_id: str,
    *,
    if_revision: int | None = None,  # noqa: ARG001 (helpers have no revision number)
) -> None:
    """Take a helper from a router.

    Raises:
        ConntrackHelperNotFound: the router has none of this id.
    """
    get(d, ctx, router_id, helper_id)
    with d.database.transaction(ctx) as tx:
        router = routers.lock(d, tx, router_id)
        helper = _require(tx, router_id, helper_id, ctx.scope)
        rows.delete_one(tx, helper_id)
        tx.journal(NOUN, helper_id, "delete", router["project_id"], helper)
