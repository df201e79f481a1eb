"""Subnets in the database: rows to API dicts and back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, insert, select, update

from deuteron.db import select as listing
from deuteron.db import sharing
from deuteron.db.children import Children
from deuteron.db.tables import networks, subnets, tags
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Subnet = dict[str, Any]

_COLUMNS: dict[str, ColumnElement[Any]] = {str(column.name): column for column in subnets.columns}
_KEYS = tuple(_COLUMNS)
ATTRIBUTES = _KEYS
_ROWS = select(*_COLUMNS.values())
# A subnet is external as its network is.
_EXTERNAL = (
    select(networks.c.external).where(networks.c.id == subnets.c.network_id).scalar_subquery()
)
_SHOWN_KEYS = (*_KEYS, "router:external")
_SHOWN = select(*_COLUMNS.values(), _EXTERNAL.label("router:external"))
_BY_ID = _SHOWN.where(subnets.c.id == bindparam("id"))
_BY_ID_SCOPED = sharing.for_one(_BY_ID, "subnets")
_OF_NETWORKS = _ROWS.where(subnets.c.network_id.in_(bindparam("networks", expanding=True)))
_CHILDREN = Children(("tag", tags.c.resource_id, [tags.c.tag], None))


def _complete(
    conn: Connectable,
    found: list[Subnet],
    statement: Select[Any] | None,
    parameters: Mapping[str, Any] | None = None,
) -> None:
    by_id = {}
    for subnet in found:
        subnet["tags"] = []
        by_id[subnet["id"]] = subnet
    for _, subnet_id, tag, _, _ in _CHILDREN.load(conn, list(by_id), statement, parameters):
        if subnet_id in by_id:
            by_id[subnet_id]["tags"].append(tag)


def get(conn: Connectable, subnet_id: str, scope: str | None = None) -> Subnet | None:
    """The subnet of this id, or None if a project (None: everything) does not see it."""
    statement = _BY_ID if scope is None else _BY_ID_SCOPED
    row = conn.execute(statement, {"id": subnet_id, **sharing.parameters(scope)}).fetchone()
    if row is None:
        return None
    subnet = dict(zip(_SHOWN_KEYS, row, strict=True))
    _complete(conn, [subnet], None)
    return subnet


def of_networks(conn: Connectable, network_ids: Sequence[str]) -> list[Subnet]:
    """The subnets of these networks, without their tags: one statement."""
    result = conn.execute(_OF_NETWORKS, {"networks": list(network_ids)})
    return [dict(zip(_KEYS, row, strict=True)) for row in result]


def list_(conn: Connectable, query: Query, scope: str | None = None) -> list[Subnet]:
    """The subnets that a query asks for and a project (None: everything) sees, in its order."""
    if query.fields is not None and set(query.fields) <= set(_KEYS):
        keys, base = query.fields, select(*(_COLUMNS[k] for k in query.fields))
        complete = False
    else:
        keys, base, complete = _SHOWN_KEYS, _SHOWN, True
    statement = listing.page(
        sharing.for_many(base, "subnets", scope),
        columns=_COLUMNS,
        special=_SPECIAL,
        id_column=subnets.c.id,
        query=query,
    )
    parameters = sharing.parameters(scope)
    found = [
        dict(zip(keys, row, strict=True)) for row in conn.execute(statement, parameters).fetchall()
    ]
    if listing.marker_missing(
        conn,
        id_column=subnets.c.id,
        query=query,
        found=found,
        visible=sharing.of_marker("subnets", scope),
        parameters=sharing.parameters(scope),
    ):
        return list_(conn, replace(query, marker=None), scope)  # as Neutron does for subnets
    if complete:
        _complete(conn, found, statement, parameters)
    return listing.in_page_order(found, query)


_SPECIAL = {
    # a subnet is shared and external as its network is
    "shared": lambda values: sharing.shared_filter(subnets.c.network_id, values),
    "router:external": lambda values: subnets.c.network_id.in_(
        select(networks.c.id).where(networks.c.external.in_(values))
    ),
}
_INSERT = insert(subnets)


def insert_many(conn: Connectable, wanted: Sequence[Subnet]) -> None:
    """Insert subnets from API dicts that hold at least every column of the table."""
    conn.execute(_INSERT, [{key: subnet[key] for key in _KEYS} for subnet in wanted])


def update_row(conn: Connectable, subnet: Subnet, changes: Mapping[str, Any]) -> bool:
    """Write changed attributes if the subnet still has the revision that was read.

    Returns:
        False if another one changed it in between; nothing is written then.
    """
    statement = (
        update(subnets)
        .where(
            subnets.c.id == subnet["id"],
            subnets.c.revision_number == subnet["revision_number"],
        )
        .values(changes)
    )
    return bool(conn.execute(statement).rowcount == 1)


_DELETE_TAGS = delete(tags).where(tags.c.resource_id == bindparam("id"))
_DELETE = delete(subnets).where(subnets.c.id == bindparam("id"))


def delete_one(conn: Connectable, subnet_id: str) -> bool:
    """Delete a subnet and its tags; False if it was gone already."""
    conn.execute(_DELETE_TAGS, {"id": subnet_id})
    return bool(conn.execute(_DELETE, {"id": subnet_id}).rowcount == 1)
