"""Network segment ranges: create, get, list, update, delete, and the configuration's own.

The ranges of the configuration files are rows like the others, but read-only: `sync_defaults`
makes them so at every start. What is allocated is a matter of claims, so a range that shrinks or
goes never takes a segment from a network.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from deuteron.config.values import MAX_GRE_KEY, MAX_VLAN_ID, MAX_VNI
from deuteron.context import RequestContext
from deuteron.core import standard
from deuteron.core.deployment import Deployment
from deuteron.db import segment_ranges as rows
from deuteron.db import tags as tag_rows
from deuteron.db.engine import Database
from deuteron.db.free_ranges import reset
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    BadRequest,
    NetworkSegmentRangeDefaultReadOnly,
    NetworkSegmentRangeNetTypeNotSupported,
    NetworkSegmentRangeNotFound,
    NetworkSegmentRangeOverlaps,
    NetworkSegmentRangeReferencedByProject,
    NetworkTunnelRangeError,
    NetworkVlanRangeError,
    TryAgain,
)
from deuteron.metrics import RangeUse
from deuteron.ml2.segments import SegmentManager
from deuteron.ml2.types.allocation import pool_name
from deuteron.query import Query
from deuteron.segment import SegmentRange

Range = dict[str, Any]

# The largest number of each type that has ranges.
_HIGHEST = {"vlan": MAX_VLAN_ID, "vxlan": MAX_VNI, "gre": MAX_GRE_KEY, "geneve": MAX_VNI}
# Numbers named by `available`, at most. Neutron names all and keeps a row for each; a range of
# sixteen million would be an answer of 140 MB.
MOST_AVAILABLE = 65536
_USE = frozenset({"available", "used"})
_DEFAULTS = uuid.UUID("0d1c1c05-8e2d-4b3c-9a8a-6f6e1e2f7c11")


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Range]) -> list[Range]:
    """Make ranges, all or none.

    Args:
        bodies: validated API dicts. A range that is not shared is of the project named.

    Returns:
        API dicts of the ranges, with what is available and used.

    Raises:
        NetworkSegmentRangeNetTypeNotSupported: no driver for the type, or no numbers.
        BadRequest: a VLAN range without a physical network, or a project's without a project.
        NetworkVlanRangeError, NetworkTunnelRangeError: not a range of numbers of the type.
        NetworkSegmentRangeOverlaps: with another one made through the API.
    """
    with d.database.transaction(ctx) as tx:
        made = []
        for body in bodies:
            row = _new(d, body)
            _require_apart(tx, row)
            rows.insert_one(tx, row)
            tx.journal("network_segment_range", row["id"], "create", row["project_id"] or "")
            made.append(row)
        _add_use(tx, made)
        for row in made:
            row["tags"] = []
    return made


def _new(d: Deployment, body: Mapping[str, Any]) -> Range:
    network_type = body.get("network_type")
    if network_type not in d.segments.types or network_type not in _HIGHEST:
        raise NetworkSegmentRangeNetTypeNotSupported(type=network_type)
    physical_network = body.get("physical_network") or ""
    if network_type != "vlan":
        physical_network = ""
    elif not physical_network:
        raise BadRequest(
            resource="network_segment_range", msg="a VLAN range needs a physical_network"
        )
    project_id = None if body["shared"] else body.get("project_id")
    if not body["shared"] and not project_id:
        raise BadRequest(
            resource="network_segment_range", msg="a range that is not shared needs a project_id"
        )
    row = {
        "id": str(uuid.uuid4()),
        "name": body.get("name") or "",
        "description": body.get("description") or "",
        "default": False,
        "shared": body["shared"],
        "project_id": project_id,
        "network_type": network_type,
        "physical_network": physical_network,
        "minimum": body["minimum"],
        "maximum": body["maximum"],
        **standard.new(d.clock()),
    }
    _require_range(row)
    return row


def _require_range(row: Range) -> None:
    first, last = row["minimum"], row["maximum"]
    highest = _HIGHEST[row["network_type"]]
    if first > last:
        error = "it ends before it begins"
    elif not 1 <= first <= last <= highest:
        error = f"its numbers are not within 1 to {highest}"
    else:
        return
    if row["network_type"] == "vlan":
        raise NetworkVlanRangeError(vlan_range=f"{first}:{last}", error=error)
    raise NetworkTunnelRangeError(tunnel_range=f"{first}:{last}", error=error)


def _require_apart(tx: Transaction, row: Range) -> None:
    others = rows.overlapping(
        tx,
        network_type=row["network_type"],
        physical_network=row["physical_network"],
        minimum=row["minimum"],
        maximum=row["maximum"],
        but=row["id"],
    )
    if others:
        raise NetworkSegmentRangeOverlaps(range_id=", ".join(others))


def get(d: Deployment, ctx: RequestContext, range_id: str) -> Range:
    """The range of this id.

    Raises:
        NetworkSegmentRangeNotFound: there is none.
    """
    with d.database.read() as conn:
        row = rows.get(conn, range_id, ctx.scope)
        if row is None:
            raise NetworkSegmentRangeNotFound(range_id=range_id)
        _complete(conn, [row], None)
    return row


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Range]:
    """The ranges that a query asks for, in its order.

    What is available and used takes two statements, and none if it is not asked for.
    """
    with d.database.read() as conn:
        found = rows.list_(conn, query, ctx.scope)
        _complete(conn, found, query.fields)
    return found


def _complete(conn: Connectable, found: Sequence[Range], fields: Iterable[str] | None) -> None:
    if fields is None or "tags" in fields:
        tags = tag_rows.tags_of(conn, "network_segment_ranges", [row["id"] for row in found])
        for row in found:
            row["tags"] = tags.get(row["id"], [])
    if found and (fields is None or _USE.intersection(fields)):
        _add_use(conn, found)


def _add_use(conn: Connectable, found: Sequence[Range]) -> None:
    ids = [row["id"] for row in found]
    used = rows.used(conn, ids)
    claimed = rows.claimed(conn, ids)
    for row in found:
        row["used"] = {str(number): project for number, project in used[row["id"]].items()}
        row["available"] = _available(row, claimed[row["id"]])


def _available(row: Range, taken: Sequence[int]) -> list[int]:
    # As many numbers as can be named, were all that are taken among them.
    last = min(row["maximum"], row["minimum"] + MOST_AVAILABLE + len(taken) - 1)
    free = sorted(set(range(row["minimum"], last + 1)).difference(taken))
    return free[:MOST_AVAILABLE]


def update(
    d: Deployment,
    ctx: RequestContext,
    range_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
) -> Range:
    """Change a range that was made through the API.

    Args:
        changes: validated attributes: name, description, minimum, maximum.
        if_revision: refuse if the range has another revision.

    Raises:
        NetworkSegmentRangeNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        NetworkSegmentRangeDefaultReadOnly: it is of the configuration.
        NetworkSegmentRangeReferencedByProject: a network has a number it would lose.
        NetworkVlanRangeError, NetworkTunnelRangeError: not a range of numbers of the type.
        NetworkSegmentRangeOverlaps: with another one made through the API.
    """
    with d.database.transaction(ctx) as tx:
        row = _require_own(tx, range_id, if_revision)
        wanted = {**row, **changes}
        held = rows.extremes(tx, row)
        if held is not None and (wanted["minimum"] > held[0] or wanted["maximum"] < held[1]):
            raise NetworkSegmentRangeReferencedByProject(range_id=range_id)
        _require_range(wanted)
        _require_apart(tx, wanted)
        changed = standard.changed(row, changes)
        if changed:
            changed.update(standard.bumped(row, d.clock()))
            if not rows.update_row(tx, row, changed):
                raise TryAgain(reason=f"range {range_id} was changed by another request")
            tx.journal("network_segment_range", range_id, "update", row["project_id"] or "")
        row.update(changed)
        _complete(tx, [row], None)
    return row


def _require_own(tx: Transaction, range_id: str, if_revision: int | None) -> Range:
    row = rows.get(tx, range_id, tx.context.scope)
    if row is None:
        raise NetworkSegmentRangeNotFound(range_id=range_id)
    standard.require_revision(row, if_revision)
    if row["default"]:
        raise NetworkSegmentRangeDefaultReadOnly(range_id=range_id)
    return row


def delete(
    d: Deployment, ctx: RequestContext, range_id: str, *, if_revision: int | None = None
) -> None:
    """Delete a range that was made through the API.

    Raises:
        NetworkSegmentRangeNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        NetworkSegmentRangeDefaultReadOnly: it is of the configuration.
        NetworkSegmentRangeReferencedByProject: a network has a number of it.
    """
    with d.database.transaction(ctx) as tx:
        row = _require_own(tx, range_id, if_revision)
        if rows.extremes(tx, row) is not None:
            raise NetworkSegmentRangeReferencedByProject(range_id=range_id)
        reset(tx, pool_name(range_id))
        if not rows.delete_many(tx, [range_id]):
            raise TryAgain(reason=f"range {range_id} is being deleted by another request")
        tag_rows.delete(tx, [range_id])
        tx.journal("network_segment_range", range_id, "delete", row["project_id"] or "")


def use(d: Deployment) -> list[RangeUse]:
    """How much of each range is taken, for the metrics: one statement."""
    with d.database.read() as conn:
        return [
            RangeUse(
                network_type=one.network_type,
                physical_network=one.physical_network,
                minimum=one.minimum,
                maximum=one.maximum,
                used=taken,
            )
            for one, taken in rows.counts(conn)
        ]


def sync_defaults(database: Database, segments: SegmentManager, clock: Callable[[], str]) -> None:
    """Make the read-only ranges those of the configuration; at every start, in any process.

    Ranges that stay keep their ids and hints, so that the order in which freed numbers come again
    survives a restart. Several processes may do this at once.

    Args:
        database: prepared.
        segments: whose drivers have ranges.
        clock: the present time as the API shows it.
    """
    wanted = {one.id: one for one in _configured(segments)}
    with database.read() as conn:
        present = {one.id for one in rows.every(conn) if one.default}
    if present == wanted.keys():
        return
    context = RequestContext(request_id="", is_admin=True)
    with database.transaction(context) as tx:
        every = rows.every(tx)
        gone = [one for one in every if one.default and one.id not in wanted]
        rows.insert_defaults(
            tx,
            [_default_row(wanted[new], clock()) for new in sorted(wanted.keys() - present)],
        )
        if gone:
            rows.delete_many(tx, [one.id for one in gone])
        for one in gone:
            reset(tx, pool_name(one.id))


def _configured(segments: SegmentManager) -> list[SegmentRange]:
    found = []
    for network_type, driver in segments.types.items():
        configured = getattr(driver, "configured_ranges", None)
        for physical_network, first, last in configured() if configured is not None else ():
            key = f"{network_type}/{physical_network}/{first}/{last}"
            found.append(
                SegmentRange(
                    id=str(uuid.uuid5(_DEFAULTS, key)),
                    network_type=network_type,
                    physical_network=physical_network,
                    minimum=first,
                    maximum=last,
                    default=True,
                )
            )
    return found


def _default_row(one: SegmentRange, now: str) -> Range:
    return {
        "id": one.id,
        "name": "",
        "description": None,
        "default": True,
        "shared": True,
        "project_id": None,
        "network_type": one.network_type,
        "physical_network": one.physical_network,
        "minimum": one.minimum,
        "maximum": one.maximum,
        **standard.new(now),
    }
