"""Networks in the database: rows to API dicts and back.

A network is read by two statements, however many are asked for: its row, and its subnets, static
segments and tags.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from deuteron.db import rbac_policies, sharing
from deuteron.db.children import Children
from deuteron.db.collection import Collection
from deuteron.db.pages import Page
from deuteron.db.tables import networks, segments, subnetpools, subnets, tags
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Network = dict[str, Any]

_COLUMNS: dict[str, ColumnElement[Any]] = {
    **{str(column.name): column for column in networks.columns if column.name != "external"},
    "router:external": networks.c.external,
}
# The IP version in front of the address scope, null where the subnet is in none.
_ADDRESS_SCOPE = cast(subnets.c.ip_version, String) + (
    select(subnetpools.c.address_scope_id)
    .where(subnetpools.c.id == subnets.c.subnetpool_id)
    .scalar_subquery()
)
_CHILDREN = Children(
    ("subnet", subnets.c.network_id, [subnets.c.id, subnets.c.segment_id, _ADDRESS_SCOPE], None),
    (
        "segment",
        segments.c.network_id,
        # ordered by segment_index in _complete
        [
            segments.c.network_type + "|" + cast(segments.c.segment_index, String),
            segments.c.physical_network,
            cast(segments.c.segmentation_id, String),
        ],
        segments.c.is_dynamic.is_(False),
    ),
    ("tag", tags.c.resource_id, [tags.c.tag], None),
)

ATTRIBUTES = tuple(_COLUMNS)
"""The attributes that are columns of the table."""

_PROVIDER = ("provider:network_type", "provider:physical_network", "provider:segmentation_id")


def _complete(
    conn: Connectable,
    found: list[Network],
    page: Page | None,
) -> None:
    """Add subnets, segments and tags to the rows of networks."""
    by_id = {}
    placed: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for network in found:
        network["subnets"] = []
        network["tags"] = []
        network["l2_adjacency"] = True
        network["ipv4_address_scope"] = None
        network["ipv6_address_scope"] = None
        by_id[network["id"]] = network
        placed[network["id"]] = []
    for kind, network_id, a, b, c in _CHILDREN.load(conn, list(by_id), page):
        if network_id not in by_id:  # came between the two statements
            continue
        network = by_id[network_id]
        if kind == "subnet":
            network["subnets"].append(a)
            if b is not None:  # a routed network: its segments are not one broadcast domain
                network["l2_adjacency"] = False
            if c is not None:
                network[f"ipv{c[0]}_address_scope"] = c[1:]
        elif kind == "segment":
            network_type, _, index = a.partition("|")
            number = None if c is None else int(c)
            placed[network_id].append(
                (int(index), dict(zip(_PROVIDER, (network_type, b, number), strict=True)))
            )
        else:
            network["tags"].append(a)
    for network_id, parts in placed.items():
        parts.sort(key=lambda part: part[0])
        show_segments(by_id[network_id], [segment for _, segment in parts])


def show_segments(network: Network, of_network: Sequence[Mapping[str, Any]]) -> None:
    """Put the segments into the API dict: ``provider:*`` for one, ``segments`` for several.

    Args:
        network: the API dict to change.
        of_network: dicts with the three ``provider:`` keys, in order of their index.
    """
    if len(of_network) > 1:
        network["segments"] = list(of_network)
        return
    network.update(of_network[0] if of_network else dict.fromkeys(_PROVIDER))


def get(conn: Connectable, network_id: str, scope: str | None = None) -> Network | None:
    """The network of this id, or None if a project (None: everything) does not see it."""
    found = get_many(conn, [network_id], scope)
    return found[0] if found else None


def get_many(
    conn: Connectable, network_ids: Sequence[str], scope: str | None = None
) -> list[Network]:
    """The networks of these ids that exist, in no particular order."""
    found = rows(conn, network_ids, scope)
    _complete(conn, found, None)
    return found


def _of_segments(column: ColumnElement[Any]) -> Any:
    def clause(values: tuple[Any, ...]) -> ColumnElement[bool]:
        wanted = [value for value in values if value is not None]
        either = [column.in_(wanted)] if wanted else []
        if None in values:
            either.append(column.is_(None))
        return exists().where(
            segments.c.network_id == networks.c.id, segments.c.is_dynamic.is_(False), or_(*either)
        )

    return clause


def _is_default(values: tuple[Any, ...]) -> ColumnElement[bool]:
    """Only external networks are the default one, or not."""
    known = networks.c.default_external.is_not(None)
    either = [known if value else ~known for value in set(values)]
    return and_(networks.c.external.is_(True), or_(*either))


_SPECIAL = {
    "is_default": _is_default,
    "shared": lambda values: sharing.shared_filter(networks.c.id, values),
    "provider:network_type": _of_segments(segments.c.network_type),
    "provider:physical_network": _of_segments(segments.c.physical_network),
    "provider:segmentation_id": _of_segments(segments.c.segmentation_id),
    "subnets": lambda values: exists().where(
        subnets.c.network_id == networks.c.id, subnets.c.id.in_(values)
    ),
}
_NETWORKS = Collection(
    "networks",
    shown={**_COLUMNS, "shared": sharing.shared_with_caller(networks.c.id)},
    columns=_COLUMNS,
    special=_SPECIAL,
    id_column=networks.c.id,
    begins_anew=False,
)
_BY_IDS = _NETWORKS.rows.where(networks.c.id.in_(bindparam("ids", expanding=True)))
_BY_IDS_SCOPED = sharing.for_one(_BY_IDS, "networks")


def rows(conn: Connectable, network_ids: Sequence[str], scope: str | None = None) -> list[Network]:
    """Only what is of the networks themselves, for those who need no more: one statement.

    Args:
        conn: where to read.
        network_ids: of the networks.
        scope: the project that asks, None for everything.
    """
    statement = _BY_IDS if scope is None else _BY_IDS_SCOPED
    parameters = {"ids": list(network_ids), **sharing.parameters(scope)}
    return [
        dict(zip(_NETWORKS.keys, row, strict=True))
        for row in conn.execute(statement, parameters).fetchall()
    ]


def list_(conn: Connectable, query: Query, scope: str | None = None) -> list[Network]:
    """The networks that a query asks for and a project (None: everything) sees, in its order."""
    found, page = _NETWORKS.page(conn, query, scope)
    if page is not None:
        _complete(conn, found, page)
    return found


def marker_missing(
    conn: Connectable, query: Query, found: Sequence[Network], scope: str | None
) -> bool:
    """Whether a page is empty because its marker is no network that a project sees."""
    return _NETWORKS.marker_missing(conn, query, found, scope)


_DEFAULT_EXTERNAL = select(networks.c.id).where(networks.c.default_external.is_not(None))


def default_external(conn: Connectable) -> str | None:
    """The id of the default external network, None if there is none."""
    found = conn.execute(_DEFAULT_EXTERNAL).first()
    return None if found is None else str(found[0])


_INSERT = insert(networks)
_INSERTED = tuple(
    (column.name, "router:external" if column is networks.c.external else column.name, default)
    for column in networks.columns
    for default in [getattr(column.default, "arg", None)]
)


def insert_many(conn: Connectable, wanted: Sequence[Network]) -> None:
    """Insert networks from API dicts; a column that no extension filled has its default."""
    conn.execute(
        _INSERT,
        [
            {name: network.get(key, default) for name, key, default in _INSERTED}
            for network in wanted
        ],
    )


def update_row(conn: Connectable, network: Network, changes: Mapping[str, Any]) -> bool:
    """Write changed attributes if the network still has the revision that was read.

    Args:
        network: the network as it was read.
        changes: attribute of a column -> new value, with the new ``revision_number``.

    Returns:
        False if another one changed it in between; nothing is written then.
    """
    statement = (
        update(networks)
        .where(
            networks.c.id == network["id"],
            networks.c.revision_number == network["revision_number"],
        )
        .values({_COLUMNS[key]: value for key, value in changes.items()})
    )
    return bool(conn.execute(statement).rowcount == 1)


_DELETE_TAGS = delete(tags).where(
    or_(
        tags.c.resource_id == bindparam("id"),
        tags.c.resource_id.in_(select(subnets.c.id).where(subnets.c.network_id == bindparam("id"))),
    )
)
_DELETE_SUBNETS = delete(subnets).where(subnets.c.network_id == bindparam("id"))
_DELETE = delete(networks).where(networks.c.id == bindparam("id"))


def delete_one(conn: Connectable, network_id: str) -> bool:
    """Delete a network with its subnets, segments, tags and policies; False if it was gone."""
    conn.execute(_DELETE_TAGS, {"id": network_id})
    # before the cascade, which would take the segments that subnets refer to in any order
    conn.execute(_DELETE_SUBNETS, {"id": network_id})
    gone = conn.execute(_DELETE, {"id": network_id}).rowcount == 1
    rbac_policies.delete_of(conn, [network_id])
    return bool(gone)
