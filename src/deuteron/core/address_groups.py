"""Address groups: create, get, list, update, delete, and their addresses.

A group is a named list of IP prefixes that rules of security groups can have as their remote side.
Its addresses are kept as networks, each once, in the order of their text; an address is a network
of one. Source: API reference, "Address groups"; what is refused as observed of Neutron.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import netaddr

from deuteron.context import RequestContext
from deuteron.core import standard
from deuteron.core.deployment import Deployment
from deuteron.db import address_groups as rows
from deuteron.db import default_security_group_rules as template_rows
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    AddressesAlreadyExist,
    AddressesNotFound,
    AddressGroupInUse,
    AddressGroupNotFound,
    AddrFormatError,
    HTTPBadRequest,
    TryAgain,
)
from deuteron.query import Query

Group = dict[str, Any]

_ADDRESSES = "addresses"


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Group]) -> list[Group]:
    """Create address groups, all or none.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the groups, in the order of the bodies.
    """
    now = d.clock()
    made = [_new(body, now) for body in bodies]
    with d.database.transaction(ctx) as tx:
        rows.insert_many(tx, made)
        for group in made:
            tx.journal("address_group", group["id"], "create", group["project_id"])
    return made


def _new(body: Group, now: str) -> Group:
    addresses = networks(body.get(_ADDRESSES) or ())
    return {
        "id": str(uuid.uuid4()),
        "name": body["name"],
        "project_id": body["project_id"],
        "description": body.get("description", ""),
        _ADDRESSES: addresses,
        "shared": False,
        **standard.new(now, revision=1 if addresses else 0),
    }


def networks(addresses: Iterable[str]) -> list[str]:
    """Addresses and prefixes as a group keeps them: ``10.0.0.0/24`` for ``10.0.0.5/24``.

    Args:
        addresses: texts.

    Raises:
        AddrFormatError: one is neither address nor prefix.
    """
    found = set()
    for address in addresses:
        try:
            found.add(str(netaddr.IPNetwork(address).cidr))
        except (ValueError, netaddr.AddrFormatError):
            raise AddrFormatError(address=address) from None
    return sorted(found)


def get(d: Deployment, ctx: RequestContext, group_id: str) -> Group:
    """The address group of this id.

    Raises:
        AddressGroupNotFound: there is none.
    """
    with d.database.read() as conn:
        return _require(conn, group_id, ctx.scope)


def _require(conn: Connectable, group_id: str, scope: str | None) -> Group:
    group = rows.get(conn, group_id, scope)
    if group is None:
        raise AddressGroupNotFound(address_group_id=group_id)
    return group


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Group]:
    """The address groups that a query asks for, in its order."""
    with d.database.read() as conn:
        return rows.list_(conn, query, ctx.scope)


def update(
    d: Deployment,
    ctx: RequestContext,
    group_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
) -> Group:
    """Change the name or description of an address group.

    Args:
        changes: validated attributes.
        if_revision: refuse if the group has another revision.

    Raises:
        AddressGroupNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
    """
    with d.database.transaction(ctx) as tx:
        group = _require(tx, group_id, ctx.scope)
        standard.require_revision(group, if_revision)
        return _change(d, tx, group, changes)


def _change(d: Deployment, tx: Transaction, group: Group, changes: dict[str, Any]) -> Group:
    changed = standard.changed(group, changes)
    if not changed:
        return group
    changed.update(standard.bumped(group, d.clock()))
    if not rows.update_row(tx, group, changed):
        raise TryAgain(reason=f"address group {group['id']} was changed by another request")
    tx.journal("address_group", group["id"], "update", group["project_id"])
    return {**group, **changed}


def add_addresses(d: Deployment, ctx: RequestContext, group_id: str, document: Any) -> Group:
    """Add addresses to a group.

    Args:
        document: ``{"addresses": [...]}`` as it came.

    Raises:
        HTTPBadRequest: the document is not of this form.
        AddrFormatError: neither address nor prefix.
        AddressesAlreadyExist: the group has one of them already; none is added.
        AddressGroupNotFound: there is no such group.
    """
    wanted = networks(_addresses_in(document))
    with d.database.transaction(ctx) as tx:
        group = _require(tx, group_id, ctx.scope)
        present = set(group[_ADDRESSES]).intersection(wanted)
        if present:
            raise AddressesAlreadyExist(
                address_group_id=group_id, addresses=", ".join(sorted(present))
            )
        return _change(d, tx, group, {_ADDRESSES: sorted([*group[_ADDRESSES], *wanted])})


def remove_addresses(d: Deployment, ctx: RequestContext, group_id: str, document: Any) -> Group:
    """Take addresses from a group.

    Args:
        document: ``{"addresses": [...]}`` as it came.

    Raises:
        HTTPBadRequest: the document is not of this form.
        AddrFormatError: neither address nor prefix.
        AddressesNotFound: the group lacks one of them; none is removed.
        AddressGroupNotFound: there is no such group.
    """
    unwanted = set(networks(_addresses_in(document)))
    with d.database.transaction(ctx) as tx:
        group = _require(tx, group_id, ctx.scope)
        missing = unwanted.difference(group[_ADDRESSES])
        if missing:
            raise AddressesNotFound(address_group_id=group_id, addresses=", ".join(sorted(missing)))
        left = [address for address in group[_ADDRESSES] if address not in unwanted]
        return _change(d, tx, group, {_ADDRESSES: left})


def _addresses_in(document: Any) -> list[str]:
    """The addresses of a request's body.

    Raises:
        HTTPBadRequest: not ``{"addresses": [...]}`` with texts.
    """
    addresses = document.get(_ADDRESSES) if isinstance(document, dict) else None
    if not isinstance(addresses, list) or not all(isinstance(one, str) for one in addresses):
        raise HTTPBadRequest(msg="The body must be {'addresses': [...]} with a list of texts")
    return addresses


def delete(
    d: Deployment, ctx: RequestContext, group_id: str, *, if_revision: int | None = None
) -> None:
    """Delete an address group.

    Raises:
        AddressGroupNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        AddressGroupInUse: rules of security groups, or of their template, name it.
    """
    with d.database.transaction(ctx) as tx:
        group = _require(tx, group_id, ctx.scope)
        standard.require_revision(group, if_revision)
        if rows.is_used(tx, group_id) or template_rows.names_address_group(tx, group_id):
            raise AddressGroupInUse(address_group_id=group_id)
        # A rule that named it in between makes the database refuse: the operation is tried again
        # and finds it.
        if not rows.delete_one(tx, group_id):
            raise AddressGroupNotFound(address_group_id=group_id)
        tx.journal("address_group", group_id, "delete", group["project_id"])


def require_usable(tx: Transaction, group_ids: Collection[str], project_id: str) -> None:
    """Refuse groups that are neither a project's own nor shared with it.

    An administrator may use any.

    Args:
        group_ids: at least one.
        project_id: whose rules want to name them.

    Raises:
        AddressGroupNotFound: names all that are missing.
    """
    scope = None if tx.context.is_admin else project_id
    missing = set(group_ids) - rows.present(tx, group_ids, scope)
    if missing:
        raise AddressGroupNotFound(address_group_id=", ".join(sorted(missing)))
