"""Tags of resources in the database: one row each, whatever they are of."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, select
from sqlalchemy import delete as delete_from
from sqlalchemy import insert as insert_into

from deuteron.db import router_tables, service_tables, sharing, tables
from deuteron.db.tables import tags
from deuteron.db.transaction import Connectable

_TAGGABLE: dict[str, Table] = {
    "floatingips": router_tables.floatingips,
    "networks": tables.networks,
    "network_segment_ranges": tables.network_segment_ranges,
    "policies": service_tables.qos_policies,
    "ports": tables.ports,
    "routers": router_tables.routers,
    "security_groups": tables.security_groups,
    "subnetpools": tables.subnetpools,
    "subnets": tables.subnets,
    "trunks": service_tables.trunks,
}

# Above this many the ids are not sent: all tags of the collection are read instead.
_IDS_AT_MOST = 1000

_OF = (
    select(tags.c.resource_id, tags.c.tag)
    .where(tags.c.resource_id.in_(bindparam("ids", expanding=True)))
    .order_by(tags.c.resource_id, tags.c.tag)
)
_OF_ALL = {
    collection: select(tags.c.resource_id, tags.c.tag)
    .where(tags.c.resource_id.in_(select(table.c.id)))
    .order_by(tags.c.resource_id, tags.c.tag)
    for collection, table in _TAGGABLE.items()
}


def tags_of(conn: Connectable, collection: str, ids: Sequence[str]) -> dict[str, list[str]]:
    """The tags of these resources, in order, by one statement; a resource without any is missing.

    Args:
        collection: what the resources are.
        ids: which of them.
    """
    if not ids:
        return {}
    if len(ids) <= _IDS_AT_MOST:
        rows = conn.execute(_OF, {"ids": list(ids)})
    else:
        rows = conn.execute(_OF_ALL[collection])
    found: dict[str, list[str]] = {}
    for resource_id, tag in rows:
        found.setdefault(resource_id, []).append(tag)
    return found


_RESOURCE = {
    collection: (
        select(table.c.project_id, tags.c.tag)
        .select_from(table.outerjoin(tags, tags.c.resource_id == table.c.id))
        .where(table.c.id == bindparam("id"))
        .order_by(tags.c.tag)
    )
    for collection, table in _TAGGABLE.items()
}
_RESOURCE_SCOPED = {
    collection: sharing.for_one(statement, collection)
    for collection, statement in _RESOURCE.items()
}


def of_resource(
    conn: Connectable, collection: str, resource_id: str, scope: str | None = None
) -> tuple[str, list[str]] | None:
    """Whose a resource is and its tags in order; None if a project does not see it.

    Args:
        conn: where to read.
        collection: what it is.
        resource_id: its id.
        scope: the project that asks, None for everything.
    """
    statement = (_RESOURCE if scope is None else _RESOURCE_SCOPED)[collection]
    rows = conn.execute(statement, {"id": resource_id, **sharing.parameters(scope)}).fetchall()
    if not rows:
        return None
    return rows[0][0] or "", [tag for _, tag in rows if tag is not None]


_INSERT = insert_into(tags)


def insert(conn: Connectable, wanted: Mapping[str, Iterable[str]]) -> None:
    """Add tags that are not there yet, by one statement.

    Args:
        wanted: resource id -> its new tags.
    """
    rows = [
        {"resource_id": resource_id, "tag": tag}
        for resource_id, names in wanted.items()
        for tag in names
    ]
    if rows:
        conn.execute(_INSERT, rows)


_REMOVE = delete_from(tags).where(
    tags.c.resource_id == bindparam("id"), tags.c.tag.in_(bindparam("tags", expanding=True))
)


def remove(conn: Connectable, resource_id: str, names: Iterable[str]) -> None:
    """Take these tags from a resource.

    Args:
        resource_id: its id.
        names: the tags.
    """
    parameters: dict[str, Any] = {"id": resource_id, "tags": list(names)}
    if parameters["tags"]:
        conn.execute(_REMOVE, parameters)


_DELETE = delete_from(tags).where(tags.c.resource_id.in_(bindparam("ids", expanding=True)))


def delete(conn: Connectable, ids: Sequence[str]) -> None:
    """Delete the tags of resources that go, by one statement.

    Args:
        ids: of the resources.
    """
    if ids:
        conn.execute(_DELETE, {"ids": list(ids)})
