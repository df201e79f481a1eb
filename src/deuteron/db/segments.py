"""Segments of networks and the claims that make them exclusive.

A claim is a row whose primary key is (type, physical network, segmentation id): who inserts it has
the segment. Claims are apart from the rows of segments because a type driver is asked before the
segment exists, and because a type without numbers (local) claims nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, select, update
from sqlalchemy import delete as delete_from
from sqlalchemy import insert as insert_into

from deuteron.db import select as listing
from deuteron.db import sharing
from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.tables import (
    host_physical_networks,
    port_binding_levels,
    ports,
    segment_claims,
    segments,
    subnets,
)
from deuteron.db.transaction import Connectable, Transaction
from deuteron.query import Query
from deuteron.segment import Segment

# --- claims ---------------------------------------------------------------------------------------

_CLAIM = InsertIgnore(segment_claims)
_PLACE = and_(
    segment_claims.c.network_type == bindparam("type"),
    segment_claims.c.physical_network == bindparam("place"),
)
_UNCLAIM = delete_from(segment_claims).where(
    _PLACE, segment_claims.c.segmentation_id == bindparam("of")
)
_CLAIMED = select(segment_claims.c.segmentation_id).where(_PLACE)
_CLAIMED_AMONG = _CLAIMED.where(
    segment_claims.c.segmentation_id.in_(bindparam("numbers", expanding=True))
)
_CLAIMED_WITHIN = _CLAIMED.where(
    segment_claims.c.segmentation_id.between(bindparam("first"), bindparam("last"))
).order_by(segment_claims.c.segmentation_id)


def claim(tx: Transaction, network_type: str, physical_network: str, segmentation_id: int) -> bool:
    """Take a segment: one statement.

    Args:
        tx: the transaction.
        network_type: of the segment.
        physical_network: '' for types without one.
        segmentation_id: 0 for types without one.

    Returns:
        False if another network has it.
    """
    row = {
        "network_type": network_type,
        "physical_network": physical_network,
        "segmentation_id": segmentation_id,
    }
    return _CLAIM.execute(tx, [row]) == 1


def unclaim(
    tx: Transaction, network_type: str, physical_network: str, segmentation_id: int
) -> bool:
    """Give a segment back, see `claim`; False if nobody had it."""
    parameters = {"type": network_type, "place": physical_network, "of": segmentation_id}
    return bool(tx.execute(_UNCLAIM, parameters).rowcount == 1)


def claimed_among(
    conn: Connectable, network_type: str, physical_network: str, numbers: Sequence[int]
) -> list[int]:
    """Which of these segmentation ids are taken."""
    parameters = {"type": network_type, "place": physical_network, "numbers": list(numbers)}
    return list(conn.execute(_CLAIMED_AMONG, parameters).scalars())


def claimed_within(
    conn: Connectable, network_type: str, physical_network: str, first: int, last: int
) -> list[int]:
    """The segmentation ids from `first` to `last` that are taken, ascending."""
    parameters = {"type": network_type, "place": physical_network, "first": first, "last": last}
    return list(conn.execute(_CLAIMED_WITHIN, parameters).scalars())


# --- records --------------------------------------------------------------------------------------

_RECORD = (
    segments.c.id,
    segments.c.network_id,
    segments.c.network_type,
    segments.c.physical_network,
    segments.c.segmentation_id,
    segments.c.segment_index,
    segments.c.is_dynamic,
)
_OF_NETWORKS = (
    select(*_RECORD)
    .where(segments.c.network_id.in_(bindparam("network_ids", expanding=True)))
    .order_by(segments.c.is_dynamic, segments.c.segment_index, segments.c.id)
)
_ONE = select(*_RECORD).where(segments.c.id == bindparam("segment_id"))
_DYNAMIC = (
    select(*_RECORD)
    .where(
        segments.c.network_id == bindparam("network_id"),
        segments.c.is_dynamic.is_(True),
        segments.c.network_type == bindparam("type"),
    )
    .order_by(segments.c.id)
)
_INSERT = insert_into(segments)
_DELETE = delete_from(segments).where(segments.c.id.in_(bindparam("ids", expanding=True)))
_RENUMBER = (
    update(segments)
    .where(segments.c.id == bindparam("segment_id"))
    .values(
        segmentation_id=bindparam("number"),
        revision_number=segments.c.revision_number + 1,
        updated_at=bindparam("now"),
    )
)


def _segment(row: Any) -> Segment:
    (
        segment_id,
        network_id,
        network_type,
        physical_network,
        segmentation_id,
        segment_index,
        is_dynamic,
    ) = row
    return Segment(
        id=segment_id,
        network_id=network_id,
        network_type=network_type,
        physical_network=physical_network,
        segmentation_id=segmentation_id,
        segment_index=segment_index,
        is_dynamic=is_dynamic,
    )


def of_networks(conn: Connectable, network_ids: Sequence[str]) -> dict[str, list[Segment]]:
    """Segments by network, static ones first in order of their index: one statement.

    Args:
        conn: where to look.
        network_ids: networks without segments are not in the answer.
    """
    found: dict[str, list[Segment]] = {}
    for row in conn.execute(_OF_NETWORKS, {"network_ids": list(network_ids)}):
        segment = _segment(row)
        found.setdefault(segment.network_id, []).append(segment)
    return found


def find(conn: Connectable, segment_id: str) -> Segment | None:
    """The segment of this id, static or dynamic, or None."""
    row = conn.execute(_ONE, {"segment_id": segment_id}).first()
    return None if row is None else _segment(row)


def dynamic_like(
    conn: Connectable,
    network_id: str,
    *,
    network_type: str,
    physical_network: str | None,
    segmentation_id: int | None,
) -> Segment | None:
    """A dynamic segment of the network that fits what is given, or None.

    Args:
        conn: where to look.
        network_id: of the segment.
        network_type: of the segment.
        physical_network: None for any.
        segmentation_id: None for any.
    """
    for row in conn.execute(_DYNAMIC, {"network_id": network_id, "type": network_type}):
        segment = _segment(row)
        if physical_network in {None, "", segment.physical_network} and (
            segmentation_id in {None, segment.segmentation_id}
        ):
            return segment
    return None


def _place(segment: Segment) -> str:
    return "/".join((segment.network_id, segment.network_type, segment.physical_network or ""))


def insert(
    tx: Transaction,
    made: Sequence[Segment],
    *,
    now: str,
    name: str | None = None,
    description: str | None = None,
    revision: int = 0,
    sole: bool = False,
) -> None:
    """Keep new segments: one statement.

    Args:
        tx: the transaction that claimed them.
        made: may be empty.
        now: ISO text in UTC.
        name: of all of them.
        description: of all of them.
        revision: with which they begin; those that came with their network have 0.
        sole: they are dynamic, and there must be no other such one for the same place.

    Raises:
        TryAgain: `sole`, and another transaction has just made one.
    """
    rows = [
        {
            "id": segment.id,
            "network_id": segment.network_id,
            "network_type": segment.network_type,
            "physical_network": segment.physical_network,
            "segmentation_id": segment.segmentation_id,
            "segment_index": segment.segment_index,
            "is_dynamic": segment.is_dynamic,
            "name": name,
            "description": description,
            "created_at": now,
            "updated_at": now,
            "revision_number": revision,
            "dynamic_place": _place(segment) if sole else None,
        }
        for segment in made
    ]
    if rows:
        tx.execute(_INSERT, rows if len(rows) > 1 else rows[0])


def delete(tx: Transaction, segment_ids: Sequence[str]) -> int:
    """Delete segments (their claims are the type driver's matter); how many there were."""
    return int(tx.execute(_DELETE, {"ids": list(segment_ids)}).rowcount)


def renumber(tx: Transaction, segment_id: str, segmentation_id: int, *, now: str) -> None:
    """Give a segment another segmentation id.

    Args:
        tx: the transaction that claimed the new id.
        segment_id: of the segment.
        segmentation_id: the new one.
        now: ISO text in UTC.
    """
    tx.execute(_RENUMBER, {"segment_id": segment_id, "number": segmentation_id, "now": now})


# --- what uses a segment --------------------------------------------------------------------------

_SUBNETS_ON = select(subnets.c.id).where(subnets.c.segment_id == bindparam("segment_id"))
_PORTS_ON = (
    select(ports.c.id, ports.c.device_owner)
    .join(port_binding_levels, port_binding_levels.c.port_id == ports.c.id)
    .where(port_binding_levels.c.segment_id == bindparam("segment_id"))
    .distinct()
)


def subnets_on(conn: Connectable, segment_id: str) -> list[str]:
    """Ids of the subnets that are tied to a segment."""
    return sorted(conn.execute(_SUBNETS_ON, {"segment_id": segment_id}).scalars())


def ports_on(conn: Connectable, segment_id: str) -> dict[str, str]:
    """Port id -> device_owner of the ports that are bound to a segment at any level."""
    rows = conn.execute(_PORTS_ON, {"segment_id": segment_id})
    return dict(sorted((port_id, device_owner) for port_id, device_owner in rows))


# --- hosts ----------------------------------------------------------------------------------------

_ON = segments.c.physical_network == host_physical_networks.c.physical_network
_OF_HOST = (
    select(segments.c.id)
    .join(host_physical_networks, _ON)
    .where(host_physical_networks.c.host == bindparam("of_host"), segments.c.is_dynamic.is_(False))
)
_OF_HOST_ON = _OF_HOST.where(segments.c.network_id == bindparam("network_id"))
_HOSTS_OF = (
    select(segments.c.id, host_physical_networks.c.host)
    .join(host_physical_networks, _ON)
    .where(segments.c.id.in_(bindparam("ids", expanding=True)))
)
_NETWORKS_OF_HOST = select(host_physical_networks.c.physical_network).where(
    host_physical_networks.c.host == bindparam("of_host")
)
_ADD_TO_HOST = InsertIgnore(host_physical_networks)
_TAKE_FROM_HOST = delete_from(host_physical_networks).where(
    host_physical_networks.c.host == bindparam("of_host"),
    host_physical_networks.c.physical_network.in_(bindparam("gone", expanding=True)),
)


def of_host(conn: Connectable, host: str, *, network_id: str | None = None) -> set[str]:
    """Ids of the static segments that a host reaches by its physical networks.

    Args:
        conn: where to look.
        host: as its agents report it.
        network_id: of this network only.
    """
    if network_id is None:
        return set(conn.execute(_OF_HOST, {"of_host": host}).scalars())
    parameters = {"of_host": host, "network_id": network_id}
    return set(conn.execute(_OF_HOST_ON, parameters).scalars())


def hosts_of(conn: Connectable, segment_ids: Sequence[str]) -> dict[str, set[str]]:
    """Hosts that reach each of these segments by a physical network."""
    found: dict[str, set[str]] = {segment_id: set() for segment_id in segment_ids}
    for segment_id, host in conn.execute(_HOSTS_OF, {"ids": list(segment_ids)}):
        found[segment_id].add(host)
    return found


def set_physical_networks(tx: Transaction, host: str, physical_networks: set[str]) -> bool:
    """Note which physical networks a host is on: one statement if nothing changed.

    Args:
        tx: the transaction.
        host: as its agents report it.
        physical_networks: all of them, of all its agents.

    Returns:
        whether the host is on one that it was not on before.
    """
    known = set(tx.execute(_NETWORKS_OF_HOST, {"of_host": host}).scalars())
    gone = sorted(known - physical_networks)
    new = sorted(physical_networks - known)
    if gone:
        tx.execute(_TAKE_FROM_HOST, {"of_host": host, "gone": gone})
    if new:
        _ADD_TO_HOST.execute(tx, [{"host": host, "physical_network": name} for name in new])
    return bool(new)


# --- the API's segments ---------------------------------------------------------------------------

_COLUMNS: Mapping[str, ColumnElement[Any]] = {
    str(column.name): column for column in segments.columns if column.name != "is_dynamic"
}
_KEYS = tuple(name for name in _COLUMNS if name != "segment_index")
_SHOWN = select(*(_COLUMNS[name] for name in _KEYS))
_SHOWN_ONE = _SHOWN.where(segments.c.id == bindparam("segment_id"))
_SHOWN_ONE_SCOPED = sharing.for_one(_SHOWN_ONE, "segments")


def get(conn: Connectable, segment_id: str, scope: str | None = None) -> dict[str, Any] | None:
    """API dict of a segment, or None if a project (None: everything) does not see it.

    Dynamic ones are shown like static ones, as in Neutron.
    """
    statement = _SHOWN_ONE if scope is None else _SHOWN_ONE_SCOPED
    parameters = {"segment_id": segment_id, **sharing.parameters(scope)}
    row = conn.execute(statement, parameters).first()
    return None if row is None else dict(zip(_KEYS, row, strict=True))


def list_(conn: Connectable, query: Query, scope: str | None = None) -> list[dict[str, Any]]:
    """API dicts of the segments that a query asks for and a project sees, in its order."""
    statement = listing.page(
        sharing.for_many(_SHOWN, "segments", scope),
        columns=_COLUMNS,
        special={},
        id_column=segments.c.id,
        query=query,
    )
    result = conn.execute(statement, sharing.parameters(scope))
    return listing.in_page_order([dict(zip(_KEYS, row, strict=True)) for row in result], query)


def update_row(tx: Transaction, segment: Mapping[str, Any], changes: Mapping[str, Any]) -> bool:
    """Write changed attributes if the segment still has the revision that was read.

    Args:
        tx: the transaction.
        segment: API dict as it was read.
        changes: attribute -> new value, with the new ``revision_number``.

    Returns:
        False if another one changed it in between; nothing is written then.
    """
    statement = (
        update(segments)
        .where(
            segments.c.id == segment["id"],
            segments.c.revision_number == segment["revision_number"],
        )
        .values({_COLUMNS[name]: value for name, value in changes.items()})
    )
    return bool(tx.execute(statement).rowcount == 1)
