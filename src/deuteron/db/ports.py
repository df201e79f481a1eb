"""Ports in the database: rows to API dicts and back.

A port is read by two statements, however many are asked for: its row joined with its active
binding, and its addresses, security groups and tags. Every column of the table is shown under its
own name, so a port extension that keeps its value in a column needs no change here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from deuteron.db import select as listing
from deuteron.db import sharing
from deuteron.db.children import Children
from deuteron.db.pages import Page, Pages
from deuteron.db.service_tables import trunks
from deuteron.db.tables import (
    ip_allocations,
    networks,
    port_bindings,
    port_security_groups,
    ports,
    tags,
)
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Port = dict[str, Any]

# Of the provisioning (db/provisioning.py), and for who sees what (db/sharing.py).
_KEPT_INSIDE = {"awaits_l2", "awaits_dhcp", "other_project_id"}
TABLE_COLUMNS = tuple(
    str(column.name) for column in ports.columns if column.name not in _KEPT_INSIDE
)
"""The attributes that are columns of the table itself."""
_COLUMNS: dict[str, ColumnElement[Any]] = {
    **{name: ports.c[name] for name in TABLE_COLUMNS},
    "binding:host_id": port_bindings.c.host,
    "binding:vnic_type": port_bindings.c.vnic_type,
    "binding:profile": port_bindings.c.profile,
    "binding:vif_type": port_bindings.c.vif_type,
    "binding:vif_details": port_bindings.c.vif_details,
    # of service plugins: read along, as a statement of its own would cost each request more
    "qos_network_policy_id": select(networks.c.qos_policy_id)
    .where(networks.c.id == ports.c.network_id)
    .scalar_subquery(),
    "trunk_id": select(trunks.c.id).where(trunks.c.port_id == ports.c.id).scalar_subquery(),
}
_KEYS = tuple(_COLUMNS)
_PROFILE = "binding:profile"
# What is shown as it is kept; a profile also shows whether the port is trusted.
_AS_KEPT = _COLUMNS.keys() - {_PROFILE}
_ROWS = select(*(column.label(key) for key, column in _COLUMNS.items())).select_from(
    # outer: whoever deletes the active binding of a port leaves it without one
    ports.outerjoin(
        port_bindings,
        and_(port_bindings.c.port_id == ports.c.id, port_bindings.c.status == "ACTIVE"),
    )
)
_BY_ID = _ROWS.where(ports.c.id == bindparam("id"))
_BY_ID_SCOPED = sharing.for_one(_BY_ID, "ports")
_BY_IDS = _ROWS.where(ports.c.id.in_(bindparam("ids", expanding=True)))
_CHILDREN = Children(
    (
        "ip",
        ip_allocations.c.port_id,
        [ip_allocations.c.subnet_id, ip_allocations.c.ip_address],
        None,
    ),
    ("group", port_security_groups.c.port_id, [port_security_groups.c.security_group_id], None),
    ("tag", tags.c.resource_id, [tags.c.tag], None),
)


def _port(row: Any) -> Port:
    port = dict(zip(_KEYS, row, strict=True))
    if port["binding:vif_type"] is None:  # no active binding
        port["binding:host_id"] = ""
        port["binding:vnic_type"] = "normal"
        port["binding:profile"] = {}
        port["binding:vif_type"] = "unbound"
        port["binding:vif_details"] = {}
    if port["trusted"] is not None:
        port[_PROFILE] = {**port[_PROFILE], "trusted": port["trusted"]}
    return port


def _complete(
    conn: Connectable,
    found: list[Port],
    page: Page | None,
) -> None:
    """Add addresses, security groups and tags to the rows of ports."""
    by_id = {}
    for port in found:
        port["fixed_ips"] = []
        port["security_groups"] = []
        port["tags"] = []
        by_id[port["id"]] = port
    for kind, port_id, a, b, _ in _CHILDREN.load(conn, list(by_id), page):
        if port_id not in by_id:  # came between the two statements
            continue
        port = by_id[port_id]
        if kind == "ip":
            port["fixed_ips"].append({"subnet_id": a, "ip_address": b})
        elif kind == "group":
            port["security_groups"].append(a)
        else:
            port["tags"].append(a)


def get(conn: Connectable, port_id: str, scope: str | None = None) -> Port | None:
    """The port of this id, or None if a project (None: everything) does not see it."""
    if scope is None:
        row = conn.execute(_BY_ID, {"id": port_id}).fetchone()
    else:
        row = conn.execute(_BY_ID_SCOPED, {"id": port_id, **sharing.parameters(scope)}).fetchone()
    if row is None:
        return None
    port = _port(row)
    _complete(conn, [port], None)
    return port


def get_many(conn: Connectable, port_ids: Sequence[str]) -> list[Port]:
    """The ports of these ids that exist, in no particular order."""
    if not port_ids:
        return []
    found = [_port(row) for row in conn.execute(_BY_IDS, {"ids": list(port_ids)}).fetchall()]
    _complete(conn, found, None)
    return found


def _of_fixed_ips(values: Iterable[Any]) -> ColumnElement[bool]:
    """``fixed_ips=ip_address=A`` and ``fixed_ips=subnet_id=S``: a port with one of each named."""
    wanted: dict[str, list[str]] = {}
    for value in values:
        name, _, text = str(value).partition("=")
        wanted.setdefault(name, []).append(text)
    return and_(
        *(
            exists().where(ip_allocations.c.port_id == ports.c.id, _address_clause(name, texts))
            for name, texts in wanted.items()
        )
    )


def _address_clause(name: str, texts: list[str]) -> ColumnElement[bool]:
    if name == "ip_address_substr":
        return or_(*(listing.contains(ip_allocations.c.ip_address, text) for text in texts))
    return ip_allocations.c[name].in_(texts)


def _of_groups(values: Iterable[Any]) -> ColumnElement[bool]:
    return exists().where(
        port_security_groups.c.port_id == ports.c.id,
        port_security_groups.c.security_group_id.in_(list(values)),
    )


_SPECIAL: Mapping[str, Callable[[tuple[Any, ...]], ColumnElement[bool]]] = {
    "fixed_ips": _of_fixed_ips,
    "security_groups": _of_groups,
}


def _wants_columns(query: Query) -> bool:
    """Whether all that a query wants is columns, which are shown as they are kept."""
    return query.fields is not None and set(query.fields) <= _AS_KEPT


def _read(query: Query) -> Select[Any]:
    if not _wants_columns(query):
        return _ROWS
    # Only what was asked for is read: ids of ten thousand ports need nothing else.
    fields = query.fields or ()
    columns = [_COLUMNS[name].label(name) for name in fields]
    named = {*fields, *query.filters, *(key for key, _ in query.sort)}
    if any(name.startswith("binding:") for name in named):
        return _ROWS.with_only_columns(*columns)
    return select(*columns)


_PAGES = Pages("ports", rows=_read, columns=_COLUMNS, special=_SPECIAL, id_column=ports.c.id)


def list_(conn: Connectable, query: Query, scope: str | None = None) -> list[Port]:
    """The ports that a query asks for and a project (None: everything) sees, in its order."""
    page = _PAGES.of(conn, query, scope)
    rows = conn.execute(page.statement, page.parameters).fetchall()
    if _wants_columns(query):
        fields = query.fields or ()
        found = [dict(zip(fields, row, strict=True)) for row in rows]
    else:
        found = [_port(row) for row in rows]
        _complete(conn, found, page)
    return listing.in_page_order(found, query)


def marker_missing(
    conn: Connectable, query: Query, found: Sequence[Port], scope: str | None
) -> bool:
    """Whether a page is empty because its marker is no port that a project sees."""
    return listing.marker_missing(
        conn,
        id_column=ports.c.id,
        query=query,
        found=found,
        visible=sharing.of_marker("ports", scope),
        parameters=sharing.parameters(scope),
    )


_INSERT = insert(ports)
_INSERT_BINDING = insert(port_bindings)
_INSERT_GROUP = insert(port_security_groups)


def insert_many(
    conn: Connectable,
    rows: Sequence[Port],
    groups: Sequence[Sequence[str]],
    owners: Mapping[str, str],
) -> None:
    """Insert ports with their unbound bindings and their security groups.

    Args:
        rows: API dicts with the ``binding:`` keys; a column that an extension did not fill is null.
        groups: ids of the security groups of each port.
        owners: id of each network that they are on -> its project.
    """
    conn.execute(
        _INSERT,
        [
            {
                **{name: row.get(name) for name in TABLE_COLUMNS},
                "other_project_id": owner if owner != row["project_id"] else None,
            }
            for row in rows
            for owner in (owners[row["network_id"]],)
        ],
    )
    conn.execute(_INSERT_BINDING, [_binding_row(row) for row in rows])
    members = [
        {"port_id": row["id"], "security_group_id": group}
        for row, ids in zip(rows, groups, strict=True)
        for group in ids
    ]
    if members:
        conn.execute(_INSERT_GROUP, members)


def _binding_row(port: Port) -> dict[str, Any]:
    return {
        "port_id": port["id"],
        "host": port["binding:host_id"],
        "status": "ACTIVE",
        "vnic_type": port["binding:vnic_type"],
        "profile": port["binding:profile"],
        "vif_type": port["binding:vif_type"],
        "vif_details": port["binding:vif_details"],
    }


def update_row(conn: Connectable, port: Port, changes: Mapping[str, Any]) -> bool:
    """Write changed columns if the port still has the revision that was read.

    Args:
        port: the port as it was read.
        changes: column name -> new value, with the new ``revision_number``.

    Returns:
        False if another one changed it in between; nothing is written then.
    """
    statement = (
        update(ports)
        .where(ports.c.id == port["id"], ports.c.revision_number == port["revision_number"])
        .values(changes)
    )
    return bool(conn.execute(statement).rowcount == 1)


_DELETE_GROUPS = delete(port_security_groups).where(
    port_security_groups.c.port_id == bindparam("id")
)


def replace_groups(conn: Connectable, port_id: str, groups: Sequence[str]) -> None:
    """Make these the security groups of the port."""
    conn.execute(_DELETE_GROUPS, {"id": port_id})
    if groups:
        conn.execute(
            _INSERT_GROUP, [{"port_id": port_id, "security_group_id": group} for group in groups]
        )


_DELETE_TAGS = delete(tags).where(tags.c.resource_id.in_(bindparam("ids", expanding=True)))
_DELETE = delete(ports).where(ports.c.id.in_(bindparam("ids", expanding=True)))


def delete_many(conn: Connectable, port_ids: Sequence[str]) -> int:
    """Delete ports with all that hangs on them; how many there were."""
    conn.execute(_DELETE_TAGS, {"ids": list(port_ids)})
    return int(conn.execute(_DELETE, {"ids": list(port_ids)}).rowcount)


_OF_NETWORK = select(ports.c.id, ports.c.device_owner, ports.c.device_id).where(
    ports.c.network_id == bindparam("network_id")
)


def owners_on_network(conn: Connectable, network_id: str) -> list[tuple[str, str, str]]:
    """(id, device_owner, device_id) of the ports of a network."""
    return [tuple(row) for row in conn.execute(_OF_NETWORK, {"network_id": network_id})]


_MACS = select(ports.c.network_id, ports.c.mac_address).where(
    ports.c.mac_address.in_(bindparam("macs", expanding=True)),
    ports.c.network_id.in_(bindparam("networks", expanding=True)),
)


def taken_macs(conn: Connectable, wanted: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (network id, MAC address) pairs exist already."""
    pairs = set(wanted)
    if not pairs:
        return set()
    found = conn.execute(
        _MACS, {"macs": [mac for _, mac in pairs], "networks": [net for net, _ in pairs]}
    )
    return {(net, mac) for net, mac in found} & pairs


_IN_SUBNET = (
    select(ports.c.id, ports.c.device_owner)
    .select_from(ip_allocations.join(ports, ports.c.id == ip_allocations.c.port_id))
    .where(ip_allocations.c.subnet_id == bindparam("subnet_id"))
)
_HOLDER = _IN_SUBNET.where(ip_allocations.c.ip_address == bindparam("address"))
_SOME = _IN_SUBNET.limit(10)
_SOME_OWNED = _SOME.where(ports.c.device_owner.in_(bindparam("owners", expanding=True)))
_SOME_NOT_OWNED = _SOME.where(ports.c.device_owner.not_in(bindparam("owners", expanding=True)))
_IDS_IN_SUBNET = _IN_SUBNET.with_only_columns(ports.c.id).distinct()


def holder(conn: Connectable, subnet_id: str, address: str) -> tuple[str, str] | None:
    """(id, device_owner) of the port that has this address of a subnet, None if it is free."""
    found = conn.execute(_HOLDER, {"subnet_id": subnet_id, "address": address}).first()
    return None if found is None else (found[0], found[1])


def some_in_subnet(
    conn: Connectable, subnet_id: str, owners: Iterable[str], *, owned: bool
) -> list[str]:
    """Ids of a few ports that have an address from a subnet.

    Args:
        conn: where to read.
        subnet_id: of the subnet.
        owners: device owners, at least one.
        owned: those of these owners, or those of all others.
    """
    statement = _SOME_OWNED if owned else _SOME_NOT_OWNED
    found = conn.execute(statement, {"subnet_id": subnet_id, "owners": list(owners)})
    return sorted({row[0] for row in found})


def in_subnet(conn: Connectable, subnet_id: str) -> list[str]:
    """Ids of all ports that have an address from a subnet."""
    return list(conn.execute(_IDS_IN_SUBNET, {"subnet_id": subnet_id}).scalars())


_MACS_ON_NETWORK = select(ports.c.id, ports.c.mac_address, ports.c.device_owner).where(
    ports.c.network_id == bindparam("network_id")
)


def macs_on_network(conn: Connectable, network_id: str) -> list[tuple[str, str, str]]:
    """(id, MAC address, device_owner) of the ports of a network."""
    return [tuple(row) for row in conn.execute(_MACS_ON_NETWORK, {"network_id": network_id})]


_DROP_ADDRESSES = delete(ip_allocations).where(ip_allocations.c.subnet_id == bindparam("subnet_id"))


def drop_addresses(conn: Connectable, subnet_id: str) -> None:
    """Take every address of a subnet from its port."""
    conn.execute(_DROP_ADDRESSES, {"subnet_id": subnet_id})
