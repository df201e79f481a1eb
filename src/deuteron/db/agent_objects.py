"""What agents' objects have beside the attributes of the API: bindings, levels, whole segments."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select

from deuteron.db.tables import port_binding_levels, port_bindings, segments
from deuteron.db.transaction import Connectable

Row = dict[str, Any]

_SEGMENT = (
    "id",
    "network_id",
    "name",
    "network_type",
    "physical_network",
    "segmentation_id",
    "is_dynamic",
    "segment_index",
    "description",
    "created_at",
    "updated_at",
    "revision_number",
)
_SEGMENT_COLUMNS = tuple(segments.c[name] for name in _SEGMENT)
_BINDING = ("host", "status", "vnic_type", "profile", "vif_type", "vif_details")
_BINDINGS = (
    select(port_bindings.c.port_id, *(port_bindings.c[name] for name in _BINDING))
    .where(port_bindings.c.port_id.in_(bindparam("ids", expanding=True)))
    .order_by(port_bindings.c.port_id, port_bindings.c.host)
)
_LEVELS = (
    select(
        port_binding_levels.c.port_id,
        port_binding_levels.c.host,
        port_binding_levels.c.level,
        port_binding_levels.c.driver,
        *_SEGMENT_COLUMNS,
    )
    .outerjoin(segments, segments.c.id == port_binding_levels.c.segment_id)
    .where(port_binding_levels.c.port_id.in_(bindparam("ids", expanding=True)))
    .order_by(
        port_binding_levels.c.port_id, port_binding_levels.c.host, port_binding_levels.c.level
    )
)
_SEGMENTS = (
    select(*_SEGMENT_COLUMNS)
    .where(segments.c.network_id.in_(bindparam("ids", expanding=True)))
    .order_by(segments.c.network_id, segments.c.segment_index, segments.c.id)
)


def bindings(conn: Connectable, port_ids: Sequence[str]) -> dict[str, list[Row]]:
    """All bindings of ports, those that are not active too: one statement.

    Args:
        conn: where to look.
        port_ids: at least one.

    Returns:
        port id -> host, status, vnic_type, profile, vif_type, vif_details; a port that has no host
        has a binding without one.
    """
    found: dict[str, list[Row]] = {}
    for row in conn.execute(_BINDINGS, {"ids": list(port_ids)}):
        found.setdefault(row[0], []).append(dict(zip(_BINDING, row[1:], strict=True)))
    return found


def levels(conn: Connectable, port_ids: Sequence[str]) -> dict[str, list[Row]]:
    """The levels of all bindings of ports, from the fabric down: one statement.

    Args:
        conn: where to look.
        port_ids: at least one.

    Returns:
        port id -> host, level, driver, and the whole ``segment`` or None.
    """
    found: dict[str, list[Row]] = {}
    for row in conn.execute(_LEVELS, {"ids": list(port_ids)}):
        segment = dict(zip(_SEGMENT, row[4:], strict=True)) if row[4] is not None else None
        level = {"host": row[1], "level": row[2], "driver": row[3], "segment": segment}
        found.setdefault(row[0], []).append(level)
    return found


def segments_of(conn: Connectable, network_ids: Sequence[str]) -> dict[str, list[Row]]:
    """All segments of networks, dynamic ones too: one statement; network id -> rows.

    Args:
        conn: where to look.
        network_ids: at least one.
    """
    found: dict[str, list[Row]] = {}
    for row in conn.execute(_SEGMENTS, {"ids": list(network_ids)}):
        found.setdefault(row[1], []).append(dict(zip(_SEGMENT, row, strict=True)))
    return found
