"""Revision numbers that move because a part of the resource changed: its tags, its rules.

A change of the resource itself compares and sets the number with its own UPDATE; here it is counted
up without being read first, so parts that change at the same time do not disturb each other.
"""

from collections.abc import Sequence

from sqlalchemy import bindparam, update

from deuteron.db import router_tables, service_tables, tables
from deuteron.db.transaction import Connectable

_TABLES = {
    **{
        table.name: table
        for table in (
            tables.networks,
            tables.network_segment_ranges,
            tables.ports,
            tables.security_groups,
            tables.security_group_rules,
            tables.segments,
            tables.subnetpools,
            tables.subnets,
        )
    },
    "floatingips": router_tables.floatingips,
    "policies": service_tables.qos_policies,
    "routers": router_tables.routers,
    "trunks": service_tables.trunks,
}
_BUMPS = {
    collection: (
        update(table)
        .where(table.c.id.in_(bindparam("ids", expanding=True)))
        .values(revision_number=table.c.revision_number + 1, updated_at=bindparam("now"))
    )
    for collection, table in _TABLES.items()
}


def bump(conn: Connectable, collection: str, ids: Sequence[str], now: str) -> int:
    """Count a change of parts as a change of their resources.

    The rows are locked until the transaction ends, so whatever is checked afterwards within the
    resources cannot change meanwhile.

    Args:
        collection: of the resources.
        ids: which of them, at least one.
        now: ISO text in UTC.

    Returns:
        How many of them exist.
    """
    return int(conn.execute(_BUMPS[collection], {"ids": list(ids), "now": now}).rowcount)
