"""Address scopes: create, get, list, update, delete.

A scope is a set of subnet pools that have no addresses in common, so that whatever has addresses
of it may be routed to one another. Source: API reference, "Address scopes".
"""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import prefixes, sharing, standard
from deuteron.core.deployment import Deployment
from deuteron.db import address_scopes as rows
from deuteron.db import rbac_policies as rbac_rows
from deuteron.db.sharing import EVERYBODY, SHARED
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    AddressScopeInUse,
    AddressScopeNotFound,
    AddressScopePrefixConflict,
    AddressScopeUpdateError,
    TryAgain,
)
from deuteron.query import Query

Scope = dict[str, Any]

OBJECT_TYPE = "address_scope"
"""What RBAC policies call it."""


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Scope]) -> list[Scope]:
    """Create address scopes, all or none.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the scopes.
    """
    now = d.clock()
    made = [
        {
            "id": str(uuid.uuid4()),
            "project_id": body["project_id"],
            "name": body["name"],
            "ip_version": body["ip_version"],
            "shared": body["shared"],
            "description": "",
            **standard.new(now),
        }
        for body in bodies
    ]
    with d.database.transaction(ctx) as tx:
        rows.insert_many(tx, made)
        share(tx, OBJECT_TYPE, made)
        for one in made:
            tx.journal("address_scope", one["id"], "create", one["project_id"])
    return made


def share(tx: Transaction, object_type: str, made: Iterable[Scope]) -> None:
    """Share with everybody what was made just now and says so: one statement, or none.

    Args:
        tx: the transaction.
        object_type: what RBAC policies call it.
        made: API dicts.
    """
    policies = [sharing.with_everybody(object_type, one, SHARED) for one in made if one["shared"]]
    rbac_rows.insert_many(tx, policies)


def get(d: Deployment, ctx: RequestContext, scope_id: str) -> Scope:
    """The address scope of this id.

    Raises:
        AddressScopeNotFound: there is none.
    """
    with d.database.read() as conn:
        return require(conn, scope_id, ctx.scope)


def require(conn: Connectable, scope_id: str, scope: str | None) -> Scope:
    """The address scope of this id, read by an open connection.

    Args:
        conn: where to read.
        scope_id: of the address scope.
        scope: the project that asks, None for everything.

    Raises:
        AddressScopeNotFound: there is none that the project sees.
    """
    found = rows.get(conn, scope_id, scope)
    if found is None:
        raise AddressScopeNotFound(address_scope_id=scope_id)
    return found


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Scope]:
    """The address scopes that a query asks for, in its order."""
    with d.database.read() as conn:
        return rows.list_(conn, query, ctx.scope)


def update(
    d: Deployment,
    ctx: RequestContext,
    scope_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
) -> Scope:
    """Change the name of an address scope, or share it with everybody.

    Args:
        changes: validated attributes.
        if_revision: refuse if the scope has another revision.

    Raises:
        AddressScopeNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        AddressScopeUpdateError: a shared scope stays shared.
    """
    with d.database.transaction(ctx) as tx:
        found = require(tx, scope_id, ctx.scope)
        standard.require_revision(found, if_revision)
        changed = standard.changed(found, changes)
        if changed.get("shared") is False:
            raise AddressScopeUpdateError(
                address_scope_id=scope_id, reason="a shared scope stays shared"
            )
        if not changed:
            return found
        changed.update(standard.bumped(found, d.clock()))
        if not rows.update_row(tx, found, changed):
            raise TryAgain(reason=f"address scope {scope_id} was changed by another request")
        if "shared" in changed and EVERYBODY not in rbac_rows.targets(tx, scope_id, SHARED):
            rbac_rows.insert_many(tx, [sharing.with_everybody(OBJECT_TYPE, found, SHARED)])
        tx.journal("address_scope", scope_id, "update", found["project_id"])
    return {**found, **changed}


def delete(
    d: Deployment, ctx: RequestContext, scope_id: str, *, if_revision: int | None = None
) -> None:
    """Delete an address scope.

    Raises:
        AddressScopeNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        AddressScopeInUse: subnet pools are in it.
    """
    with d.database.transaction(ctx) as tx:
        found = require(tx, scope_id, ctx.scope)
        standard.require_revision(found, if_revision)
        if rows.has_pools(tx, scope_id):
            raise AddressScopeInUse(address_scope_id=scope_id)
        # A pool that came in between makes the database refuse: the operation is tried again.
        if not rows.delete_one(tx, scope_id):
            raise AddressScopeNotFound(address_scope_id=scope_id)
        tx.journal("address_scope", scope_id, "delete", found["project_id"])


def require_room(tx: Transaction, scope_id: str, pool_id: str, cidrs: Sequence[str]) -> None:
    """Refuse prefixes of a pool that another pool of the scope has.

    Nobody else can bring some into the scope until the end of the transaction.

    Args:
        tx: the transaction.
        scope_id: of the address scope.
        pool_id: the pool, which may be in the scope already.
        cidrs: the prefixes that it shall have.

    Raises:
        AddressScopePrefixConflict: another pool has them.
    """
    rows.hold(tx, scope_id)
    others = [
        cidr
        for other, prefixes_of_other in rows.prefixes(tx, scope_id).items()
        if other != pool_id
        for cidr in prefixes_of_other
    ]
    if prefixes.overlap(cidrs, others):
        raise AddressScopePrefixConflict
