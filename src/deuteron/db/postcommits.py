"""The queue of postcommit hooks that are due; see `deuteron.core.postcommits` for its rules."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from deuteron.db.tables import postcommits
from deuteron.db.transaction import Connectable

_INSERT = insert(postcommits)
_DELETE = delete(postcommits).where(postcommits.c.id.in_(bindparam("ids", expanding=True)))
_FAILED = (
    update(postcommits)
    .where(postcommits.c.id == bindparam("row_id"))
    .values(
        drivers=bindparam("drivers"),
        error=bindparam("error"),
        due_at=bindparam("due_at"),
        attempts=bindparam("attempts"),
    )
)

_OVERDUE = (
    select(postcommits)
    .where(postcommits.c.due_at <= bindparam("now"))
    .order_by(postcommits.c.due_at, postcommits.c.id)
    .limit(bindparam("at_most"))
)
_CLAIM = (
    update(postcommits)
    .where(
        postcommits.c.id == bindparam("row_id"),
        postcommits.c.due_at == bindparam("seen_due_at"),
        postcommits.c.attempts == bindparam("seen_attempts"),
    )
    .values(due_at=bindparam("until"), attempts=postcommits.c.attempts + 1)
)


def append(conn: Connectable, entries: Sequence[dict[str, Any]]) -> None:
    """Note hooks that are due, in the transaction of the change.

    Args:
        entries: one per resource: id, hook, resource_id, payload, drivers, due_at.
    """
    conn.execute(_INSERT, [{"attempts": 0, "error": None, **entry} for entry in entries])


def settle(conn: Connectable, ids: Sequence[str]) -> None:
    """Forget entries whose hooks have run."""
    conn.execute(_DELETE, {"ids": list(ids)})


def postpone(
    conn: Connectable,
    entry_id: str,
    *,
    drivers: Sequence[str],
    error: str,
    due_at: str,
    attempts: int,
) -> None:
    """Note that hooks of these drivers failed, and when to repeat them."""
    conn.execute(
        _FAILED,
        {
            "row_id": entry_id,
            "drivers": list(drivers),
            "error": error,
            "due_at": due_at,
            "attempts": attempts,
        },
    )


def claim(conn: Connectable, *, now: str, until: str, at_most: int) -> list[dict[str, Any]]:
    """Take entries that are overdue, so that no other process repeats them at the same time.

    Args:
        now: entries that were due by then are overdue.
        until: when they are overdue again if nobody settles or postpones them.
        at_most: how many to take.

    Returns:
        Rows of the table as they are now, the longest overdue first, with this attempt counted.
    """
    overdue = conn.execute(_OVERDUE, {"now": now, "at_most": at_most}).mappings().all()
    claimed = []
    for row in overdue:
        seen = {
            "row_id": row["id"],
            "seen_due_at": row["due_at"],
            "seen_attempts": row["attempts"],
            "until": until,
        }
        if conn.execute(_CLAIM, seen).rowcount == 1:
            claimed.append({**row, "due_at": until, "attempts": row["attempts"] + 1})
    return claimed
