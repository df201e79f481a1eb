"""Routers in the database: rows to API dicts and back, their ports and what uses them.

A router is read by two statements, however many are asked for: its row, and all that belongs to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    literal_column,
    null,
    or_,
    select,
    union_all,
    update,
)

from deuteron.db import revisions
from deuteron.db import tags as tag_rows
from deuteron.db.children import Children
from deuteron.db.collection import Collection
from deuteron.db.pages import Page
from deuteron.db.router_tables import (
    conntrack_helpers,
    floatingips,
    ndp_proxies,
    port_forwardings,
    router_l3_agents,
    router_ports,
    router_routes,
    routers,
)
from deuteron.db.tables import agents, ip_allocations, ports, subnets, tags
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Router = dict[str, Any]
Route = dict[str, str]

COLLECTION = "routers"
GATEWAY = "network:router_gateway"

_COLUMNS: dict[str, ColumnElement[Any]] = {
    str(column.name): column for column in routers.columns if column is not routers.c.uses
}
_ROUTERS = Collection(COLLECTION, shown=_COLUMNS, id_column=routers.c.id, begins_anew=False)
_OF_GATEWAYS = router_ports.c.owner == GATEWAY
_CHILDREN = Children(
    (
        "gateway",
        router_ports.c.router_id,
        [router_ports.c.port_id, ports.c.network_id],
        and_(_OF_GATEWAYS, ports.c.id == router_ports.c.port_id),
    ),
    (
        "address",
        router_ports.c.router_id,
        [router_ports.c.port_id, ip_allocations.c.subnet_id, ip_allocations.c.ip_address],
        and_(_OF_GATEWAYS, ip_allocations.c.port_id == router_ports.c.port_id),
    ),
    (
        "route",
        router_routes.c.router_id,
        [router_routes.c.destination, router_routes.c.nexthop],
        None,
    ),
    (
        "zone",
        router_l3_agents.c.router_id,
        [agents.c.availability_zone],
        and_(agents.c.id == router_l3_agents.c.agent_id, agents.c.availability_zone.is_not(None)),
    ),
    (
        "helper",
        conntrack_helpers.c.router_id,
        [
            conntrack_helpers.c.protocol,
            cast(conntrack_helpers.c.port, String(8)),
            conntrack_helpers.c.helper,
        ],
        None,
    ),
    ("tag", tags.c.resource_id, [tags.c.tag], None),
)


def get(conn: Connectable, router_id: str, scope: str | None) -> Router | None:
    """The router of this id with all that belongs to it; None if a project does not see it."""
    router = _ROUTERS.one(conn, router_id, scope)
    if router is not None:
        _complete(conn, [router], None)
    return router


def list_(conn: Connectable, query: Query, scope: str | None) -> list[Router]:
    """The routers that a query asks for and a project (None: everything) sees, in its order."""
    found, page = _ROUTERS.page(conn, query, scope)
    if page is not None:
        _complete(conn, found, page)
    return found


def marker_missing(
    conn: Connectable, query: Query, found: Sequence[Router], scope: str | None
) -> bool:
    """Whether a page is empty because its marker is no router that a project sees."""
    return _ROUTERS.marker_missing(conn, query, found, scope)


def _complete(conn: Connectable, found: list[Router], page: Page | None) -> None:
    """Add gateways, routes, zones, helpers and tags to the rows of routers."""
    by_id: dict[str, Router] = {}
    gateways: dict[str, dict[str, Any]] = {}
    order: dict[str, list[tuple[bool, str]]] = {}
    addresses = []
    for router in found:
        router["routes"] = []
        router["tags"] = []
        router["external_gateways"] = []
        router["availability_zone_hints"] = router["availability_zone_hints"] or []
        router["availability_zones"] = []
        router["conntrack_helpers"] = []
        by_id[router["id"]] = router
    for kind, router_id, a, b, c in _CHILDREN.load(conn, list(by_id), page):
        owner = by_id.get(router_id)
        if owner is None:  # came between the two statements
            continue
        if kind == "gateway":
            gateways[a] = {"network_id": b, "external_fixed_ips": []}
            order.setdefault(router_id, []).append((a != owner["gw_port_id"], a))
        elif kind == "address":
            addresses.append((a, {"subnet_id": b, "ip_address": c}))
        elif kind == "route":
            owner["routes"].append({"destination": a, "nexthop": b})
        elif kind == "zone":
            owner["availability_zones"].append(a)
        elif kind == "helper":
            owner["conntrack_helpers"].append({"protocol": a, "port": int(b), "helper": c})
        else:
            owner["tags"].append(a)
    for port_id, address in addresses:
        gateways[port_id]["external_fixed_ips"].append(address)
    for router_id, port_ids in order.items():  # the first one, then the others as they always are
        by_id[router_id]["external_gateways"] = [gateways[one] for _, one in sorted(port_ids)]
    for router in found:
        router["tags"].sort()
        router["routes"].sort(key=lambda route: (route["destination"], route["nexthop"]))
        router["availability_zones"] = sorted(set(router["availability_zones"]))
        router["conntrack_helpers"].sort(key=lambda one: tuple(one.values()))
        show_gateway(router)


def show_gateway(router: Router) -> None:
    """Derive what clients know as the gateway from all gateways and the columns."""
    gateways = router["external_gateways"]
    for gateway in gateways:
        gateway["enable_snat"] = router["enable_snat"]
    if gateways and router["qos_policy_id"]:
        gateways[0]["qos_policy_id"] = router["qos_policy_id"]
    router["external_gateway_info"] = gateways[0] if gateways else None


def lock(conn: Connectable, router_id: str, now: str, scope: str | None) -> Router | None:
    """Count a router's revision up, so that nobody else changes it until the commit, and read it.

    Args:
        conn: the transaction; this is its first statement.
        router_id: of the router.
        now: ISO text in UTC.
        scope: the project that asks, None for everything.

    Returns:
        As `get`, with the new revision; None if there is none that the project sees.
    """
    if not revisions.bump(conn, COLLECTION, [router_id], now):
        return None
    return get(conn, router_id, scope)


_INSERT = insert(routers)
_DELETE = delete(routers).where(routers.c.id == bindparam("id"))
_INSERT_ROUTES = insert(router_routes)
_DELETE_ROUTES = delete(router_routes).where(router_routes.c.router_id == bindparam("id"))
_INSERT_PORT = insert(router_ports)
_DELETE_PORT = delete(router_ports).where(
    router_ports.c.port_id.in_(bindparam("ports", expanding=True))
)


def insert_many(conn: Connectable, made: Sequence[Router]) -> None:
    """Insert routers from API dicts that hold at least every column of the table."""
    conn.execute(_INSERT, [{name: router[name] for name in _COLUMNS} for router in made])


def update_row(conn: Connectable, router_id: str, changes: Mapping[str, Any]) -> None:
    """Write changed columns of a router that is locked; others than columns are left out."""
    columns = {name: value for name, value in changes.items() if name in _COLUMNS}
    if columns:
        conn.execute(update(routers).where(routers.c.id == router_id).values(columns))


def delete_one(conn: Connectable, router_id: str) -> bool:
    """Delete a router with its tags; False if it was gone already."""
    tag_rows.delete(conn, [router_id])
    return conn.execute(_DELETE, {"id": router_id}).rowcount == 1


def replace_routes(conn: Connectable, router_id: str, routes: Iterable[Route]) -> None:
    """Write the routes of a router that is locked."""
    conn.execute(_DELETE_ROUTES, {"id": router_id})
    wanted = [{"router_id": router_id, **route} for route in routes]
    if wanted:
        conn.execute(_INSERT_ROUTES, wanted)


# --- ports ----------------------------------------------------------------------------------------


CARRIED = or_(router_ports.c.owner != GATEWAY, router_ports.c.port_id == routers.c.gw_port_id)
"""Of ports joined with their routers: those that agents have a place for, one gateway of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """An address of a port of a router; a port without addresses is there once, without one.

    Args:
        port_id: of the port.
        owner: the device_owner that it has as the router's.
        network_id: of the port.
        subnet_id, ip_address, cidr, ip_version: of the address; None without one.
    """

    port_id: str
    owner: str
    network_id: str
    subnet_id: str | None
    ip_address: str | None
    cidr: str | None
    ip_version: int | None


_ATTACHED = (
    select(
        router_ports.c.port_id,
        router_ports.c.owner,
        ports.c.network_id,
        ip_allocations.c.subnet_id,
        ip_allocations.c.ip_address,
        subnets.c.cidr,
        subnets.c.ip_version,
    )
    .select_from(
        router_ports.join(ports, ports.c.id == router_ports.c.port_id)
        .outerjoin(ip_allocations, ip_allocations.c.port_id == router_ports.c.port_id)
        .outerjoin(subnets, subnets.c.id == ip_allocations.c.subnet_id)
    )
    .where(router_ports.c.router_id == bindparam("router"))
)
_ATTACHED_KEYS = (
    "port_id",
    "owner",
    "network_id",
    "subnet_id",
    "ip_address",
    "cidr",
    "ip_version",
)


def attached(conn: Connectable, router_id: str) -> list[Attached]:
    """The addresses of all ports of a router, by one statement."""
    rows = conn.execute(_ATTACHED, {"router": router_id})
    return [Attached(**dict(zip(_ATTACHED_KEYS, row, strict=True))) for row in rows]


def attach(conn: Connectable, router_id: str, port_ids: Sequence[str], owner: str) -> None:
    """Make ports, at least one, a router's."""
    rows = [{"router_id": router_id, "port_id": one, "owner": owner} for one in port_ids]
    conn.execute(_INSERT_PORT, rows)


def detach(conn: Connectable, port_ids: Sequence[str]) -> None:
    """Make ports nobody's."""
    conn.execute(_DELETE_PORT, {"ports": list(port_ids)})


_GATEWAYS_ON = (
    select(router_ports.c.port_id)
    .join(ports, ports.c.id == router_ports.c.port_id)
    .where(ports.c.network_id == bindparam("network"), _OF_GATEWAYS)
    .order_by(router_ports.c.port_id)
)


def gateways_on(conn: Connectable, network_id: str) -> list[str]:
    """Ids of the ports on a network that are gateways of routers."""
    return list(conn.execute(_GATEWAYS_ON, {"network": network_id}).scalars())


_OF_PORT = (
    select(routers.c.id, routers.c.project_id)
    .join(router_ports, router_ports.c.router_id == routers.c.id)
    .where(router_ports.c.port_id == bindparam("port"))
)


def of_port(conn: Connectable, port_id: str) -> Router | None:
    """``id`` and ``project_id`` of the router that has a port; None if none has."""
    row = conn.execute(_OF_PORT, {"port": port_id}).fetchone()
    return None if row is None else {"id": row[0], "project_id": row[1]}


_ON_SUBNET = (
    select(routers.c.id, routers.c.project_id)
    .select_from(
        routers.join(router_ports, router_ports.c.router_id == routers.c.id).join(
            ip_allocations, ip_allocations.c.port_id == router_ports.c.port_id
        )
    )
    .where(ip_allocations.c.subnet_id == bindparam("subnet"))
    .distinct()
)


def on_subnet(conn: Connectable, subnet_id: str) -> list[Router]:
    """``id`` and ``project_id`` of the routers that are on a subnet, their gateways included."""
    rows = conn.execute(_ON_SUBNET, {"subnet": subnet_id})
    return [{"id": router_id, "project_id": project_id} for router_id, project_id in rows]


# --- what uses them -------------------------------------------------------------------------------

FLOATING_IP = "floating IP"
NDP_PROXY = "NDP proxy"


def _kind(name: str) -> ColumnElement[str]:
    return literal_column(f"'{name}'", String()).label("kind")


_COMING_IN = union_all(
    select(_kind(FLOATING_IP), floatingips.c.floating_network_id)
    .where(floatingips.c.router_id == bindparam("router"))
    .distinct(),
    select(_kind(NDP_PROXY), null()).where(
        exists().where(ndp_proxies.c.router_id == bindparam("router"))
    ),
)


def coming_in(conn: Connectable, router_id: str) -> set[tuple[str, str | None]]:
    """What comes in by a router's gateways.

    Returns:
        (`FLOATING_IP`, id of the external network) for each that has some, and
        (`NDP_PROXY`, None) if there are any: these come in by the first gateway.
    """
    return {(row[0], row[1]) for row in conn.execute(_COMING_IN, {"router": router_id})}


def _leads_to(port: ColumnElement[Any], address: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(
        floatingips.c.router_id == bindparam("router"),
        ip_allocations.c.port_id == port,
        ip_allocations.c.ip_address == address,
        ip_allocations.c.subnet_id.in_(bindparam("subnets", expanding=True)),
    )


_LEADING = union_all(
    select(_kind(FLOATING_IP), ip_allocations.c.subnet_id).where(
        _leads_to(floatingips.c.fixed_port_id, floatingips.c.fixed_ip_address)
    ),
    select(_kind(FLOATING_IP), ip_allocations.c.subnet_id).where(
        floatingips.c.id == port_forwardings.c.floatingip_id,
        _leads_to(port_forwardings.c.internal_port_id, port_forwardings.c.internal_ip_address),
    ),
    select(_kind(NDP_PROXY), ip_allocations.c.subnet_id).where(
        ndp_proxies.c.router_id == bindparam("router"),
        ip_allocations.c.port_id == ndp_proxies.c.port_id,
        ip_allocations.c.ip_address == ndp_proxies.c.ip_address,
        ip_allocations.c.subnet_id.in_(bindparam("subnets", expanding=True)),
    ),
)


def reached(conn: Connectable, router_id: str, subnet_ids: Sequence[str]) -> list[tuple[str, str]]:
    """What comes in by a router and leads to these subnets; port forwardings are floating IPs.

    Returns:
        (`FLOATING_IP` or `NDP_PROXY`, subnet id) pairs, each once, in order.
    """
    rows = conn.execute(_LEADING, {"router": router_id, "subnets": list(subnet_ids)})
    return sorted({(kind, subnet_id) for kind, subnet_id in rows})
