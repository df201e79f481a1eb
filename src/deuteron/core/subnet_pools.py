"""Subnet pools: create, get, list, update, delete, and what changes their prefixes.

    add_prefixes, remove_prefixes    the prefixes alone
    onboard_network_subnets          a network's subnets become those of the pool, which has their
                                     prefixes from then on
    core.pool_allocation             a new subnet gets its prefix

Whoever changes the prefixes of a pool, or takes one, first counts the pool's row up and so holds
it until the end of the transaction; what is read after that stays true. Lengths of prefixes are
answered as text, but as numbers by an update (observed of Neutron).
Source: API reference, "Subnet pools", "Subnet pool prefix operations", "Subnet onboarding".
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import address_scopes, addresses, prefixes, quotas, standard
from deuteron.core.deployment import Deployment
from deuteron.db import networks as network_rows
from deuteron.db import revisions
from deuteron.db import subnet_pools as rows
from deuteron.db import subnets as subnet_rows
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    EmptySubnetPoolPrefixList,
    HTTPBadRequest,
    IllegalSubnetPoolIpVersionAssociationToAddressScope,
    IllegalSubnetPoolPrefixBounds,
    IllegalSubnetPoolPrefixUpdate,
    IllegalSubnetPoolUpdate,
    InvalidInput,
    NetworkAddressScopeAffinityError,
    NetworkNotFound,
    NotAuthorized,
    PrefixVersionMismatch,
    SubnetPoolDeleteError,
    SubnetPoolNotFound,
    TryAgain,
)
from deuteron.query import Query

Pool = dict[str, Any]

OBJECT_TYPE = "subnetpool"
"""What RBAC policies call it."""

_LENGTHS = ("default_prefixlen", "min_prefixlen", "max_prefixlen")
_DEFAULT_MINIMUM = {4: 8, 6: 64}
# The most that every database keeps, with room for sums.
_LARGEST_QUOTA = 2**62


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Pool]) -> list[Pool]:
    """Create subnet pools, all or none.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the pools.

    Raises:
        EmptySubnetPoolPrefixList, PrefixVersionMismatch, IllegalSubnetPoolPrefixBounds: the
            prefixes or their lengths cannot be so.
        InvalidInput: there is a default pool of this IP version already.
        AddressScopeNotFound: there is no such scope.
        IllegalSubnetPoolIpVersionAssociationToAddressScope: it is of the other IP version.
        AddressScopePrefixConflict: another pool of the scope has some of the prefixes.
        OverQuota: the project has as many pools as it may have.
    """
    made = [_new(body, d.clock()) for body in bodies]
    with d.database.transaction(ctx) as tx:
        for pool in made:
            if pool["is_default"]:
                _require_no_default(tx, pool["ip_version"])
            if pool["address_scope_id"] is not None:
                _require_scope(tx, pool)
                address_scopes.require_room(
                    tx, pool["address_scope_id"], pool["id"], pool["prefixes"]
                )
            rows.insert_many(tx, [pool])
        address_scopes.share(tx, OBJECT_TYPE, made)
        quotas.take(d, tx, "subnetpool", {pool["project_id"] for pool in made})
        for pool in made:
            tx.journal("subnetpool", pool["id"], "create", pool["project_id"])
    return [_shown(pool) for pool in made]


def _new(body: Mapping[str, Any], now: str) -> Pool:
    version = _version(body["prefixes"])
    minimum = body.get("min_prefixlen", _DEFAULT_MINIMUM[version])
    pool = {
        "id": str(uuid.uuid4()),
        "project_id": body["project_id"],
        "name": body["name"],
        "ip_version": version,
        "prefixes": prefixes.compacted(body["prefixes"], version),
        "min_prefixlen": minimum,
        "max_prefixlen": body.get("max_prefixlen", prefixes.BITS[version]),
        "default_prefixlen": body.get("default_prefixlen", minimum),
        "default_quota": body.get("default_quota"),
        "address_scope_id": body.get("address_scope_id"),
        "is_default": body["is_default"],
        "shared": body["shared"],
        "description": body.get("description") or "",
        "tags": [],
        **standard.new(now),
    }
    _require_bounds(pool)
    return pool


def _version(cidrs: Sequence[str]) -> int:
    found = prefixes.versions(cidrs)
    if not found:
        raise EmptySubnetPoolPrefixList
    if len(found) > 1:
        raise PrefixVersionMismatch
    return found.pop()


def _require_bounds(pool: Pool) -> None:
    """Lengths in order: minimum <= default <= maximum <= that of an address."""
    values = {**pool, "ip_version_max": prefixes.BITS[pool["ip_version"]]}
    for low, high, at_fault, base in (
        ("min_prefixlen", "max_prefixlen", "min_prefixlen", "max_prefixlen"),
        ("max_prefixlen", "ip_version_max", "max_prefixlen", "ip_version_max"),
        ("min_prefixlen", "default_prefixlen", "default_prefixlen", "min_prefixlen"),
        ("default_prefixlen", "max_prefixlen", "default_prefixlen", "max_prefixlen"),
    ):
        if values[low] > values[high]:
            raise IllegalSubnetPoolPrefixBounds(
                prefix_type=at_fault,
                prefixlen=values[at_fault],
                base_prefix_type=base,
                base_prefixlen=values[base],
            )
    if (pool["default_quota"] or 0) > _LARGEST_QUOTA:
        raise InvalidInput(error_message=f"default_quota is more than {_LARGEST_QUOTA}")


def _require_no_default(tx: Transaction, version: int) -> None:
    """A unique key decides between two requests at the same time; the loser comes here again."""
    if rows.default(tx, version) is not None:
        raise InvalidInput(error_message=f"there is a default subnet pool for IPv{version} already")


def _require_scope(tx: Transaction, pool: Pool) -> None:
    scope = address_scopes.require(tx, pool["address_scope_id"], tx.context.scope)
    if scope["ip_version"] != pool["ip_version"]:
        raise IllegalSubnetPoolIpVersionAssociationToAddressScope(
            subnetpool_id=pool["id"],
            address_scope_id=scope["id"],
            ip_version=scope["ip_version"],
        )


def _shown(pool: Pool) -> Pool:
    return {**pool, **{name: str(pool[name]) for name in _LENGTHS if name in pool}}


def get(d: Deployment, ctx: RequestContext, pool_id: str) -> Pool:
    """The subnet pool of this id.

    Raises:
        SubnetPoolNotFound: there is none.
    """
    with d.database.read() as conn:
        return _shown(require(conn, pool_id, ctx.scope))


def require(conn: Connectable, pool_id: str, scope: str | None) -> Pool:
    """The subnet pool of this id, read by an open connection, with numbers as numbers.

    Args:
        conn: where to read.
        pool_id: of the pool.
        scope: the project that asks, None for everything.

    Raises:
        SubnetPoolNotFound: there is none that the project sees.
    """
    pool = rows.get(conn, pool_id, scope)
    if pool is None:
        raise SubnetPoolNotFound(subnetpool_id=pool_id)
    return pool


def held(tx: Transaction, pool_id: str) -> Pool:
    """The subnet pool of this id; nobody else changes it or takes from it until the end.

    Raises:
        SubnetPoolNotFound: there is none that the caller sees.
    """
    if not rows.hold(tx, pool_id):
        raise SubnetPoolNotFound(subnetpool_id=pool_id)
    return require(tx, pool_id, tx.context.scope)


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Pool]:
    """The subnet pools that a query asks for, in its order."""
    with d.database.read() as conn:
        return [_shown(pool) for pool in rows.list_(conn, query, ctx.scope)]


def update(
    d: Deployment,
    ctx: RequestContext,
    pool_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
) -> Pool:
    """Change a subnet pool.

    Args:
        changes: validated attributes; `prefixes` must contain all present ones.
        if_revision: refuse if the pool has another revision.

    Raises:
        SubnetPoolNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        IllegalSubnetPoolPrefixUpdate: prefixes are missing.
        IllegalSubnetPoolUpdate: the pool is in an address scope of another project.
        NetworkAddressScopeAffinityError: a network would have subnets in two scopes.
        As `create`.
    """
    with d.database.transaction(ctx) as tx:
        pool = held(tx, pool_id)
        standard.require_revision(pool, if_revision)
        wanted = {**pool, **changes}
        if "prefixes" in changes:
            if not prefixes.covers(changes["prefixes"], pool["prefixes"]):
                raise IllegalSubnetPoolPrefixUpdate(
                    msg="the present prefixes must be among the new ones"
                )
            if _version(changes["prefixes"]) != pool["ip_version"]:
                raise PrefixVersionMismatch
            wanted["prefixes"] = prefixes.compacted(changes["prefixes"], pool["ip_version"])
        _require_bounds(wanted)
        return _write(d, tx, pool, wanted)


def _write(d: Deployment, tx: Transaction, pool: Pool, wanted: Pool) -> Pool:
    """Keep what is different between a pool as it was read and as it shall be."""
    changed = standard.changed(pool, wanted)
    if not changed:
        return pool
    if changed.get("is_default"):
        _require_no_default(tx, pool["ip_version"])
    _require_scope_allows(tx, pool, wanted)
    changed.update(standard.bumped(pool, d.clock()))
    if not rows.update_row(tx, pool, changed):
        raise TryAgain(reason=f"subnet pool {pool['id']} was changed by another request")
    tx.journal("subnetpool", pool["id"], "update", pool["project_id"])
    return {**pool, **changed}


def _require_scope_allows(tx: Transaction, pool: Pool, wanted: Pool) -> None:
    """Refuse a change that the address scope of the pool, old or new, does not bear."""
    old, new = pool["address_scope_id"], wanted["address_scope_id"]
    if old is not None and not tx.context.is_admin:
        owner = address_scopes.require(tx, old, None)["project_id"]
        if owner != tx.context.project_id:
            raise IllegalSubnetPoolUpdate(reason=f"address scope {old} is another project's")
    if new is None:
        return
    if new != old:
        _require_scope(tx, wanted)
        _require_networks_whole(tx, pool)
    if new != old or wanted["prefixes"] != pool["prefixes"]:
        address_scopes.require_room(tx, new, pool["id"], wanted["prefixes"])


def _require_networks_whole(tx: Transaction, pool: Pool) -> None:
    """Every network with subnets of a pool that changes scope has no others of its IP version."""
    of_pool = rows.allocated(tx, pool["id"])
    moving = {subnet_id for subnet_id, *_ in of_pool}
    networks = sorted({network_id for *_, network_id in of_pool})
    if networks and any(
        one["id"] not in moving and one["ip_version"] == pool["ip_version"]
        for one in subnet_rows.of_networks(tx, networks)
    ):
        raise NetworkAddressScopeAffinityError


def delete(
    d: Deployment, ctx: RequestContext, pool_id: str, *, if_revision: int | None = None
) -> None:
    """Delete a subnet pool.

    Raises:
        SubnetPoolNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        SubnetPoolDeleteError: subnets have their prefixes of it.
    """
    with d.database.transaction(ctx) as tx:
        pool = held(tx, pool_id)
        standard.require_revision(pool, if_revision)
        if rows.has_subnets(tx, pool_id):
            raise SubnetPoolDeleteError(reason="subnets are allocated from it")
        if not rows.delete_one(tx, pool_id):
            raise SubnetPoolNotFound(subnetpool_id=pool_id)
        tx.journal("subnetpool", pool_id, "delete", pool["project_id"])


# --- its prefixes ---------------------------------------------------------------------------------


def add_prefixes(
    d: Deployment, ctx: RequestContext, pool_id: str, document: Any
) -> dict[str, list[str]]:
    """Add prefixes to a pool (alias ``subnetpool-prefix-ops``).

    Args:
        document: ``{"prefixes": [CIDR, ...]}``.

    Returns:
        All prefixes, in the same form.

    Raises:
        HTTPBadRequest: the document is of another form.
        SubnetPoolNotFound: there is no such pool.
        PrefixVersionMismatch: a prefix is of the other IP version.
        AddressScopePrefixConflict: another pool of the address scope has one.
    """
    with d.database.transaction(ctx) as tx:
        pool = held(tx, pool_id)
        more = _prefixes(document)
        _require_version(pool, more)
        wanted = prefixes.added(pool["prefixes"], more, pool["ip_version"])
        changed = _write(d, tx, pool, {**pool, "prefixes": wanted})
    return {"prefixes": changed["prefixes"]}


def remove_prefixes(
    d: Deployment, ctx: RequestContext, pool_id: str, document: Any
) -> dict[str, list[str]]:
    """Take prefixes away from a pool; those that it does not have do not matter.

    Args:
        document: ``{"prefixes": [CIDR, ...]}``.

    Returns:
        The prefixes that are left, in the same form.

    Raises:
        HTTPBadRequest: the document is of another form.
        SubnetPoolNotFound: there is no such pool.
        IllegalSubnetPoolPrefixUpdate: subnets have addresses of them.
    """
    with d.database.transaction(ctx) as tx:
        pool = held(tx, pool_id)
        version = pool["ip_version"]
        less = [cidr for cidr in _prefixes(document) if addresses.parse(cidr).version == version]
        wanted = prefixes.removed(pool["prefixes"], less, version)
        if wanted == pool["prefixes"]:
            return {"prefixes": wanted}
        if prefixes.overlap([cidr for _, cidr, *_ in rows.allocated(tx, pool_id)], less):
            raise IllegalSubnetPoolPrefixUpdate(msg="subnets have addresses of the prefixes")
        _write(d, tx, pool, {**pool, "prefixes": wanted})
    return {"prefixes": wanted}


def _prefixes(document: Any) -> list[str]:
    """The prefixes of a request.

    Raises:
        HTTPBadRequest: it is of another form.
        InvalidInput: one is no prefix.
    """
    found = document.get("prefixes") if isinstance(document, dict) else None
    if not found or not isinstance(found, list):
        raise HTTPBadRequest(msg="The body has no list of prefixes")
    for one in found:
        if not isinstance(one, str) or "/" not in one:
            raise HTTPBadRequest(msg=f"{one!r} is no prefix (address/length)")
        addresses.parse(one)
    return found


def _require_version(pool: Pool, cidrs: Sequence[str]) -> None:
    if prefixes.versions(cidrs) - {pool["ip_version"]}:
        raise PrefixVersionMismatch


def onboard_network_subnets(
    d: Deployment, ctx: RequestContext, pool_id: str, document: Any
) -> list[dict[str, str]]:
    """Make the subnets of a network those of a pool, their prefixes its own.

    Args:
        document: ``{"network_id": id}``.

    Returns:
        ``id`` and ``cidr`` of these subnets: all of the pool's IP version.

    Raises:
        InvalidInput: the document names no network.
        SubnetPoolNotFound, NetworkNotFound: there is no such pool or network.
        NotAuthorized: the network is another project's.
        IllegalSubnetPoolUpdate: a subnet is the pool's already, or in the way of one.
        AddressScopePrefixConflict: another pool of the address scope has such addresses.
    """
    with d.database.transaction(ctx) as tx:
        pool = held(tx, pool_id)
        network = _network(tx, document)
        revisions.bump(tx, "networks", [network["id"]], d.clock())
        adopted = [
            subnet
            for subnet in subnet_rows.of_networks(tx, [network["id"]])
            if subnet["ip_version"] == pool["ip_version"]
        ]
        taken = [cidr for _, cidr, *_ in rows.allocated(tx, pool_id)]
        for subnet in adopted:
            if prefixes.overlap([subnet["cidr"]], taken):
                raise IllegalSubnetPoolUpdate(
                    reason=f"{subnet['cidr']} of subnet {subnet['id']} is allocated already"
                )
        if not adopted:
            return []
        cidrs = [subnet["cidr"] for subnet in adopted]
        wanted = prefixes.added(pool["prefixes"], cidrs, pool["ip_version"])
        _write(d, tx, pool, {**pool, "prefixes": wanted})
        rows.adopt(tx, pool_id, [subnet["id"] for subnet in adopted], d.clock())
        for subnet in adopted:
            tx.journal("subnet", subnet["id"], "update", subnet["project_id"])
    return [{"id": subnet["id"], "cidr": subnet["cidr"]} for subnet in adopted]


def _network(tx: Transaction, document: Any) -> Mapping[str, Any]:
    network_id = document.get("network_id") if isinstance(document, dict) else None
    if not network_id:
        raise InvalidInput(error_message="network_id must be specified")
    found = network_rows.rows(tx, [str(network_id)], tx.context.scope)
    if not found:
        raise NetworkNotFound(net_id=network_id)
    if not tx.context.is_admin and found[0]["project_id"] != tx.context.project_id:
        raise NotAuthorized(reason="the network is another project's")
    return found[0]
