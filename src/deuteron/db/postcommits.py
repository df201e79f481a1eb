"""The queue of postcommit hooks that are due; see `deuteron.core.postcommits` for its rules."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, insert, update

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
    conn: Connectable, entry_id: str, *, drivers: Sequence[str], error: str, due_at: str, attempts: int
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
