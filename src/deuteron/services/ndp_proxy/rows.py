"""NDP proxies in the database: rows to API dicts and back; address scopes of networks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update

from deuteron.db import sharing
from deuteron.db.collection import Collection
from deuteron.db.router_tables import ndp_proxies
from deuteron.db.tables import networks, subnetpools, subnets
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Proxy = dict[str, Any]

COLLECTION = "ndp_proxies"
_COLUMNS: dict[str, ColumnElement[Any]] = {
    str(column.name): column for column in ndp_proxies.columns
}
_PROXIES = Collection(COLLECTION, shown=_COLUMNS, id_column=ndp_proxies.c.id)


def get(conn: Connectable, proxy_id: str, scope: str | None) -> Proxy | None:
    """The proxy of this id; None if a project (None: everything) does not see it."""
    return _PROXIES.one(conn, proxy_id, scope)


def list_(conn: Connectable, query: Query, scope: str | None) -> list[Proxy]:
    """The proxies that a query asks for and a project (None: everything) sees, in its order."""
    return _PROXIES.page(conn, query, scope)[0]


def of_port(conn: Connectable, port_id: str) -> list[Proxy]:
    """The proxies for addresses of a port, whosever they are."""
    return list_(conn, Query(filters={"port_id": (port_id,)}), None)


_INSERT = insert(ndp_proxies)
_DELETE = delete(ndp_proxies).where(ndp_proxies.c.id.in_(bindparam("ids", expanding=True)))


def insert_one(conn: Connectable, proxy: Proxy) -> None:
    """Insert a proxy from an API dict."""
    conn.execute(_INSERT, {name: proxy[name] for name in _COLUMNS})


def update_row(
    conn: Connectable, proxy_id: str, changes: Mapping[str, Any], *, revision: int
) -> bool:
    """Write changed columns of a proxy; False if it has not this revision any more."""
    statement = update(ndp_proxies).where(
        ndp_proxies.c.id == proxy_id, ndp_proxies.c.revision_number == revision
    )
    return conn.execute(statement.values(dict(changes))).rowcount == 1


def delete_many(conn: Connectable, proxy_ids: Sequence[str]) -> int:
    """Delete proxies; how many were there."""
    return int(conn.execute(_DELETE, {"ids": list(proxy_ids)}).rowcount)


# --- address scopes -------------------------------------------------------------------------------

_SCOPES = (
    select(networks.c.id, subnets.c.id, subnetpools.c.address_scope_id)
    .select_from(
        networks.outerjoin(
            subnets, (subnets.c.network_id == networks.c.id) & (subnets.c.ip_version == 6)
        ).outerjoin(subnetpools, subnetpools.c.id == subnets.c.subnetpool_id)
    )
    .where(networks.c.id.in_(bindparam("ids", expanding=True)))
)
_SCOPES_SEEN = sharing.for_one(_SCOPES, "networks")


def ipv6_scopes(
    conn: Connectable, network_ids: Iterable[str], scope: str | None
) -> dict[str, str | None]:
    """Network id -> the address scope of its IPv6 subnets, None if they have none.

    Args:
        conn: where to read; one statement.
        network_ids: at least one; those that a project does not see are absent.
        scope: the project that asks, None for everything.
    """
    statement = _SCOPES if scope is None else _SCOPES_SEEN
    parameters = {"ids": sorted(set(network_ids)), **sharing.parameters(scope)}
    found: dict[str, str | None] = {}
    for network_id, _, address_scope in conn.execute(statement, parameters):
        found[network_id] = found.get(network_id) or address_scope
    return found
