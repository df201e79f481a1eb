"""Subnets in the database: rows to API dicts and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update

from deuteron.db import sharing
from deuteron.db.children import Children
from deuteron.db.collection import Collection
from deuteron.db.pages import Page
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
_SPECIAL = {
    # a subnet is shared and external as its network is
    "shared": lambda values: sharing.shared_filter(subnets.c.network_id, values),
    "router:external": lambda values: subnets.c.network_id.in_(
        select(networks.c.id).where(networks.c.external.in_(values))
    ),
}
_SUBNETS = Collection(
    "subnets",
    shown={**_COLUMNS, "router:external": _EXTERNAL},
    columns=_COLUMNS,
    special=_SPECIAL,
    id_column=subnets.c.id,
)
_OF_NETWORKS = _ROWS.where(subnets.c.network_id.in_(bindparam("networks", expanding=True)))
_CHILDREN = Children(("tag", tags.c.resource_id, [tags.c.tag], None))


def _complete(
    conn: Connectable,
    found: list[Subnet],
    page: Page | None,
) -> None:
    by_id = {}
    for subnet in found:
        subnet["tags"] = []
        by_id[subnet["id"]] = subnet
    for _, subnet_id, tag, _, _ in _CHILDREN.load(conn, list(by_id), page):
        if subnet_id in by_id:
            by_id[subnet_id]["tags"].append(tag)


def get(conn: Connectable, subnet_id: str, scope: str | None = None) -> Subnet | None:
    """The subnet of this id, or None if a project (None: everything) does not see it."""
    subnet = without_tags(conn, subnet_id, scope)
    if subnet is not None:
        _complete(conn, [subnet], None)
    return subnet


def without_tags(conn: Connectable, subnet_id: str, scope: str | None = None) -> Subnet | None:
    """As `get`, but for its tags: one statement."""
    return _SUBNETS.one(conn, subnet_id, scope)


def of_networks(conn: Connectable, network_ids: Sequence[str]) -> list[Subnet]:
    """The subnets of these networks, without their tags: one statement."""
    result = conn.execute(_OF_NETWORKS, {"networks": list(network_ids)})
    return [dict(zip(_KEYS, row, strict=True)) for row in result]


def list_(conn: Connectable, query: Query, scope: str | None = None) -> list[Subnet]:
    """The subnets that a query asks for and a project (None: everything) sees, in its order."""
    found, page = _SUBNETS.page(conn, query, scope)
    if page is not None:
        _complete(conn, found, page)
    return found


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
