"""Ranges of segmentation ids: those of the configuration files and those made through the API."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from deuteron.db import select as listing
from deuteron.db import sharing
from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.tables import network_segment_ranges as ranges
from deuteron.db.tables import networks, segment_claims, segments
from deuteron.db.transaction import Connectable, Transaction
from deuteron.query import Query
from deuteron.segment import SegmentRange

Range = dict[str, Any]

_RECORD = (
    ranges.c.id,
    ranges.c.network_type,
    ranges.c.physical_network,
    ranges.c.minimum,
    ranges.c.maximum,
    ranges.c.project_id,
    ranges.c.default,
)
_IN_ORDER = (ranges.c.minimum, ranges.c.id)
_OF_TYPE = select(*_RECORD).where(ranges.c.network_type == bindparam("type")).order_by(*_IN_ORDER)
_EVERY = select(*_RECORD).order_by(ranges.c.network_type, ranges.c.physical_network, *_IN_ORDER)


def _record(row: Any) -> SegmentRange:
    range_id, network_type, physical_network, minimum, maximum, project_id, default = row
    return SegmentRange(
        id=range_id,
        network_type=network_type,
        physical_network=physical_network or "",
        minimum=minimum,
        maximum=maximum,
        project_id=project_id,
        default=default,
    )


def of_type(conn: Connectable, network_type: str) -> list[SegmentRange]:
    """The ranges of one network type, by their first id: one statement."""
    return [_record(row) for row in conn.execute(_OF_TYPE, {"type": network_type})]


def every(conn: Connectable) -> list[SegmentRange]:
    """All ranges, by type, physical network and first id: one statement."""
    return [_record(row) for row in conn.execute(_EVERY)]


# --- the API's ranges -----------------------------------------------------------------------------

_COLUMNS: Mapping[str, ColumnElement[Any]] = {str(column.name): column for column in ranges.columns}
_KEYS = tuple(_COLUMNS)
_ROWS = select(*_COLUMNS.values())
_ONE = _ROWS.where(ranges.c.id == bindparam("range_id"))
_ONE_SCOPED = sharing.for_one(_ONE, "network_segment_ranges")
_INSERT = insert(ranges)
_DELETE = delete(ranges).where(ranges.c.id.in_(bindparam("ids", expanding=True)))
_OVERLAPPING = (
    select(ranges.c.id)
    .where(
        ranges.c.default.is_(False),
        ranges.c.network_type == bindparam("type"),
        ranges.c.physical_network == bindparam("place"),
        ranges.c.minimum <= bindparam("last"),
        ranges.c.maximum >= bindparam("first"),
        ranges.c.id != bindparam("but"),
    )
    .order_by(*_IN_ORDER)
)


def _shown(row: Any) -> Range:
    return dict(zip(_KEYS, row, strict=True))


def get(conn: Connectable, range_id: str, scope: str | None = None) -> Range | None:
    """The range of this id without its use, or None if a project does not see it."""
    statement = _ONE if scope is None else _ONE_SCOPED
    row = conn.execute(statement, {"range_id": range_id, **sharing.parameters(scope)}).first()
    return None if row is None else _shown(row)


def list_(conn: Connectable, query: Query, scope: str | None = None) -> list[Range]:
    """The ranges that a query asks for and a project sees, in its order, without their use."""
    statement = listing.page(
        sharing.for_many(_ROWS, "network_segment_ranges", scope),
        columns=_COLUMNS,
        special={},
        id_column=ranges.c.id,
        query=query,
    )
    found = conn.execute(statement, sharing.parameters(scope))
    return listing.in_page_order((_shown(row) for row in found), query)


def overlapping(
    conn: Connectable,
    *,
    network_type: str,
    physical_network: str,
    minimum: int,
    maximum: int,
    but: str = "",
) -> list[str]:
    """Ids of the ranges made through the API that share a number with this one.

    Args:
        conn: where to look.
        network_type: of the range.
        physical_network: '' for types without one.
        minimum: the first id.
        maximum: the last id.
        but: the range itself, when it is changed.
    """
    parameters = {
        "type": network_type,
        "place": physical_network,
        "first": minimum,
        "last": maximum,
        "but": but,
    }
    return list(conn.execute(_OVERLAPPING, parameters).scalars())


def insert_one(tx: Transaction, row: Range) -> None:
    """Insert a range from an API dict that holds at least every column of the table."""
    tx.execute(_INSERT, {name: row[name] for name in _KEYS})


_INSERT_DEFAULT = InsertIgnore(ranges)


def insert_defaults(tx: Transaction, rows: Sequence[Range]) -> None:
    """Insert ranges of the configuration; those that another process just inserted are there."""
    if rows:
        _INSERT_DEFAULT.execute(tx, rows)


def update_row(tx: Transaction, row: Range, changes: Mapping[str, Any]) -> bool:
    """Write changed attributes if the range still has the revision that was read.

    Args:
        tx: the transaction.
        row: the range as it was read.
        changes: attribute -> new value, with the new ``revision_number``.

    Returns:
        False if another one changed it in between; nothing is written then.
    """
    statement = (
        update(ranges)
        .where(ranges.c.id == row["id"], ranges.c.revision_number == row["revision_number"])
        .values({_COLUMNS[name]: value for name, value in changes.items()})
    )
    return bool(tx.execute(statement).rowcount == 1)


def delete_many(tx: Transaction, range_ids: Sequence[str]) -> int:
    """Delete ranges; how many there were."""
    return int(tx.execute(_DELETE, {"ids": list(range_ids)}).rowcount)


# --- use ------------------------------------------------------------------------------------------


def _holds(table: FromClause) -> ColumnElement[bool]:
    """A range holds the number of a row of `table` (segments or claims)."""
    return and_(
        table.c.network_type == ranges.c.network_type,
        func.coalesce(table.c.physical_network, "") == ranges.c.physical_network,
        table.c.segmentation_id.between(ranges.c.minimum, ranges.c.maximum),
    )


_OF_IDS = ranges.c.id.in_(bindparam("ids", expanding=True))
_USED = (
    select(ranges.c.id, segments.c.segmentation_id, networks.c.project_id)
    .join(segments, _holds(segments))
    .join(networks, networks.c.id == segments.c.network_id)
    .where(_OF_IDS)
    .order_by(segments.c.segmentation_id)
)
_CLAIMED = (
    select(ranges.c.id, segment_claims.c.segmentation_id)
    .join(segment_claims, _holds(segment_claims))
    .where(_OF_IDS)
    .order_by(segment_claims.c.segmentation_id)
)
_COUNTS = (
    select(*_RECORD, func.count(segment_claims.c.segmentation_id))
    .outerjoin(segment_claims, _holds(segment_claims))
    .group_by(*_RECORD)
    .order_by(ranges.c.network_type, ranges.c.physical_network, *_IN_ORDER)
)
_EXTREMES = select(
    func.min(segments.c.segmentation_id), func.max(segments.c.segmentation_id)
).where(
    segments.c.network_type == bindparam("type"),
    func.coalesce(segments.c.physical_network, "") == bindparam("place"),
    segments.c.segmentation_id.between(bindparam("first"), bindparam("last")),
)


def used(conn: Connectable, range_ids: Sequence[str]) -> dict[str, dict[int, str]]:
    """Segmentation id -> project of the network that has it, by range: one statement.

    Args:
        conn: where to look.
        range_ids: of the ranges; each is in the answer.
    """
    found: dict[str, dict[int, str]] = {range_id: {} for range_id in range_ids}
    for range_id, number, project_id in conn.execute(_USED, {"ids": list(range_ids)}):
        found[range_id][number] = project_id
    return found


def claimed(conn: Connectable, range_ids: Sequence[str]) -> dict[str, list[int]]:
    """The segmentation ids that are taken, ascending, by range: one statement.

    Args:
        conn: where to look.
        range_ids: of the ranges; each is in the answer.
    """
    found: dict[str, list[int]] = {range_id: [] for range_id in range_ids}
    for range_id, number in conn.execute(_CLAIMED, {"ids": list(range_ids)}):
        found[range_id].append(number)
    return found


def counts(conn: Connectable) -> list[tuple[SegmentRange, int]]:
    """Every range and how many of its ids are taken: one statement."""
    return [(_record(row[:-1]), row[-1]) for row in conn.execute(_COUNTS)]


def extremes(conn: Connectable, row: Range) -> tuple[int, int] | None:
    """The lowest and the highest segmentation id of a range that a network has, None if none."""
    parameters = {
        "type": row["network_type"],
        "place": row["physical_network"],
        "first": row["minimum"],
        "last": row["maximum"],
    }
    lowest, highest = conn.execute(_EXTREMES, parameters).one()
    return None if lowest is None else (lowest, highest)
