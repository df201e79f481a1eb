"""Trunks and sub-ports in the database: rows to API dicts and back, and which ports they use.

A trunk is read by three statements, however many are asked for: its row, its sub-ports, its tags.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    delete,
    insert,
    literal,
    select,
    union_all,
    update,
)

from deuteron.db import select as listing
from deuteron.db import sharing
from deuteron.db import tags as tag_rows
from deuteron.db.collection import Collection
from deuteron.db.pages import Page
from deuteron.db.service_tables import trunk_subports, trunks
from deuteron.db.tables import agents, networks, port_bindings, ports
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Trunk = dict[str, Any]
SubPort = dict[str, Any]

COLLECTION = "trunks"
# Above this many the ids are not sent: the sub-ports are joined to the trunks' own query.
_IDS_AT_MOST = 1000

_COLUMNS: dict[str, ColumnElement[Any]] = {str(column.name): column for column in trunks.columns}
_TRUNKS = Collection(COLLECTION, shown=_COLUMNS, id_column=trunks.c.id)


def get(conn: Connectable, trunk_id: str, scope: str | None) -> Trunk | None:
    """The trunk of this id with its sub-ports and tags; None if a project does not see it."""
    trunk = _TRUNKS.one(conn, trunk_id, scope)
    if trunk is not None:
        _complete(conn, [trunk], None)
    return trunk


def list_(conn: Connectable, query: Query, scope: str | None) -> list[Trunk]:
    """The trunks that a query asks for and a project (None: everything) sees, in its order."""
    found, page = _TRUNKS.page(conn, query, scope)
    if page is not None:
        _complete(conn, found, page)
    return found


_SUBPORTS = select(
    trunk_subports.c.trunk_id,
    trunk_subports.c.port_id,
    trunk_subports.c.segmentation_type,
    trunk_subports.c.segmentation_id,
)
# One trunk has at most 4094 of them, so they are sorted when they were read.
_SUBPORTS_OF = _SUBPORTS.where(trunk_subports.c.trunk_id.in_(bindparam("ids", expanding=True)))


def _complete(
    conn: Connectable,
    found: list[Trunk],
    page: Page | None,
) -> None:
    """Add sub-ports and tags to the rows of trunks."""
    if not found:
        return
    ids = [trunk["id"] for trunk in found]
    if page is None or len(ids) <= _IDS_AT_MOST:
        rows = conn.execute(_SUBPORTS_OF, {"ids": ids})
    else:
        wanted = page.ids()
        rows = conn.execute(
            _SUBPORTS.join(wanted, wanted.c.id == trunk_subports.c.trunk_id), page.parameters
        )
    subports: dict[str, list[SubPort]] = {}
    for trunk_id, port_id, kind, number in rows:
        subports.setdefault(trunk_id, []).append(
            {"port_id": port_id, "segmentation_type": kind, "segmentation_id": number}
        )
    tags = tag_rows.tags_of(conn, COLLECTION, ids)
    for trunk in found:
        trunk["sub_ports"] = in_order(subports.get(trunk["id"], []))
        trunk["tags"] = tags.get(trunk["id"], [])


def in_order(subports: Iterable[SubPort]) -> list[SubPort]:
    """Sub-ports as answers list them: by their place on the trunk."""
    return sorted(subports, key=lambda one: (one["segmentation_type"], one["segmentation_id"]))


_SUBPORT_KEYS = ("trunk_id", "port_id", "segmentation_type", "segmentation_id")


def list_subports(conn: Connectable, query: Query) -> list[SubPort]:
    """The sub-ports of all trunks that a query asks for, with the ``trunk_id`` of each."""
    statement = listing.page(
        _SUBPORTS,
        columns={name: trunk_subports.c[name] for name in _SUBPORT_KEYS},
        special={},
        id_column=trunk_subports.c.port_id,
        query=query,
    )
    return [dict(zip(_SUBPORT_KEYS, row, strict=True)) for row in conn.execute(statement)]


_INSERT = insert(trunks)
_INSERT_SUBPORTS = insert(trunk_subports)
_DELETE = delete(trunks).where(trunks.c.id == bindparam("id"))
_DELETE_SUBPORTS = delete(trunk_subports).where(
    trunk_subports.c.trunk_id == bindparam("trunk_id"),
    trunk_subports.c.port_id.in_(bindparam("ports", expanding=True)),
)
_SET_STATUS = (
    update(trunks).where(trunks.c.id == bindparam("trunk_id")).values(status=bindparam("new"))
)


def insert_one(conn: Connectable, trunk: Trunk) -> None:
    """Insert a trunk from an API dict, with its sub-ports."""
    conn.execute(_INSERT, {name: trunk[name] for name in _COLUMNS})
    add_subports(conn, trunk["id"], trunk["sub_ports"])


def add_subports(conn: Connectable, trunk_id: str, subports: Sequence[SubPort]) -> None:
    """Insert sub-ports of a trunk; none is fine."""
    if subports:
        conn.execute(_INSERT_SUBPORTS, [{**one, "trunk_id": trunk_id} for one in subports])


def remove_subports(conn: Connectable, trunk_id: str, port_ids: Sequence[str]) -> int:
    """Delete sub-ports of a trunk; how many there were."""
    if not port_ids:
        return 0
    parameters = {"trunk_id": trunk_id, "ports": list(port_ids)}
    return int(conn.execute(_DELETE_SUBPORTS, parameters).rowcount)


def set_status(conn: Connectable, trunk_id: str, status: str) -> None:
    """Write the status of a trunk."""
    conn.execute(_SET_STATUS, {"trunk_id": trunk_id, "new": status})


def update_row(conn: Connectable, trunk: Trunk, changes: Mapping[str, Any]) -> bool:
    """Write changed columns if the trunk still has the revision that was read.

    Args:
        trunk: as it was read.
        changes: column name -> new value, with the new ``revision_number``.

    Returns:
        False if another one changed it in between; nothing is written then.
    """
    statement = (
        update(trunks)
        .where(trunks.c.id == trunk["id"], trunks.c.revision_number == trunk["revision_number"])
        .values(changes)
    )
    return conn.execute(statement).rowcount == 1


def delete_one(conn: Connectable, trunk_id: str) -> bool:
    """Delete a trunk with its sub-ports and tags; False if it was gone already."""
    tag_rows.delete(conn, [trunk_id])
    return conn.execute(_DELETE, {"id": trunk_id}).rowcount == 1


# --- ports ----------------------------------------------------------------------------------------

_PORTS = (
    select(
        ports.c.id,
        ports.c.network_id,
        ports.c.device_id,
        networks.c.mtu,
        port_bindings.c.host,
        port_bindings.c.vif_type,
    )
    .select_from(
        ports.join(networks, networks.c.id == ports.c.network_id).outerjoin(
            port_bindings,
            and_(port_bindings.c.port_id == ports.c.id, port_bindings.c.status == "ACTIVE"),
        )
    )
    .where(ports.c.id.in_(bindparam("ids", expanding=True)))
)
_PORTS_SCOPED = sharing.for_one(_PORTS, "ports")
_PORT_KEYS = ("id", "network_id", "device_id", "mtu", "host", "vif_type")


def ports_of(
    conn: Connectable, port_ids: Iterable[str], scope: str | None
) -> dict[str, dict[str, Any]]:
    """What matters to trunks about ports that a project (None: everything) sees; by one statement.

    Returns:
        Port id -> ``network_id``, ``device_id``, ``mtu`` of the network, ``host`` and ``vif_type``.
    """
    statement = _PORTS if scope is None else _PORTS_SCOPED
    rows = conn.execute(
        statement, {"ids": sorted(set(port_ids)), **sharing.parameters(scope)}
    ).fetchall()
    return {row[0]: dict(zip(_PORT_KEYS, row, strict=True)) for row in rows}


_USES = union_all(
    select(trunks.c.port_id, trunks.c.id, literal(1)).where(
        trunks.c.port_id.in_(bindparam("ids", expanding=True))
    ),
    select(trunk_subports.c.port_id, trunk_subports.c.trunk_id, literal(0)).where(
        trunk_subports.c.port_id.in_(bindparam("ids", expanding=True))
    ),
)


def uses(conn: Connectable, port_ids: Iterable[str]) -> dict[str, tuple[str, bool]]:
    """Which trunks ports are of, by one statement.

    Returns:
        Port id -> (trunk id, whether the port carries it rather than is on it).
    """
    rows = conn.execute(_USES, {"ids": sorted(set(port_ids))})
    return {port_id: (trunk_id, bool(carries)) for port_id, trunk_id, carries in rows}


_AGENT_TYPES = select(agents.c.agent_type).where(agents.c.host == bindparam("host"))


def agent_types(conn: Connectable, host: str) -> set[str]:
    """The types of the agents of a host."""
    return {row[0] for row in conn.execute(_AGENT_TYPES, {"host": host})}


_DETAILS = (
    select(
        trunk_subports.c.trunk_id,
        trunk_subports.c.port_id,
        trunk_subports.c.segmentation_type,
        trunk_subports.c.segmentation_id,
        ports.c.mac_address,
    )
    .select_from(trunk_subports.join(ports, ports.c.id == trunk_subports.c.port_id))
    .where(trunk_subports.c.trunk_id.in_(bindparam("ids", expanding=True)))
)


def details(conn: Connectable, trunk_ids: Iterable[str]) -> dict[str, list[SubPort]]:
    """Trunk id -> its sub-ports with their MAC addresses, by one statement."""
    found: dict[str, list[SubPort]] = {}
    for trunk_id, port_id, kind, number, mac in conn.execute(_DETAILS, {"ids": sorted(trunk_ids)}):
        found.setdefault(trunk_id, []).append(
            {
                "port_id": port_id,
                "segmentation_type": kind,
                "segmentation_id": number,
                "mac_address": mac,
            }
        )
    return {trunk_id: in_order(subports) for trunk_id, subports in found.items()}
