"""What every API resource has: times and the revision number (the ``standard-attr-*`` extensions).

A verb that changes a resource reads its row, asks `require_revision`, keeps only what really
changes (`changed`) and, if anything does, writes it together with `bumped`. A request that changes
nothing leaves revision and time alone, as observed of Neutron.
"""

from collections.abc import Mapping
from typing import Any

from deuteron.errors import RevisionNumberConstraintFailed


def new(now: str, *, revision: int = 0) -> dict[str, Any]:
    """The standard columns of a new row.

    Args:
        now: ISO text in UTC, ``2014-06-04T12:00:00Z``.
        revision: the first number. Neutron's clients see 0 for subnets, rules, segments and
            ranges, 1 for networks, ports and security groups (whose parts count as a change).
    """
    return {"created_at": now, "updated_at": now, "revision_number": revision}


def bumped(row: Mapping[str, Any], now: str) -> dict[str, Any]:
    """The standard columns of a row after a change.

    Args:
        row: the present row or API dict, with its ``revision_number``.
        now: ISO text in UTC.
    """
    return {"updated_at": now, "revision_number": row["revision_number"] + 1}


def changed(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of `wanted` that differ from `row`; those `row` does not know count as different.

    Args:
        row: the present row or API dict.
        wanted: attribute name -> value of an update request.
    """
    absent = object()
    return {name: value for name, value in wanted.items() if row.get(name, absent) != value}


def require_revision(row: Mapping[str, Any], if_revision: int | None) -> None:
    """Refuse an ``If-Match`` that names another revision (alias ``revision-if-match``).

    Args:
        row: the present row or API dict, with its ``revision_number``.
        if_revision: the wished number, None where the request names none.

    Raises:
        RevisionNumberConstraintFailed: the row has another revision.
    """
    if if_revision is not None and row["revision_number"] != if_revision:
        raise RevisionNumberConstraintFailed(expected=if_revision, current=row["revision_number"])
