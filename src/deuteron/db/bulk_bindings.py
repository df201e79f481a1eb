"""Bindings of many ports, written at once: a few statements, whatever the number of ports.

What is written together is equal for all ports, but for their revisions; callers group them. Each
verb says whether all ports were as they were read; if one was not, the transaction has to end.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    String,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from deuteron.db.bindings import ACTIVE, FAILED, UNBOUND
from deuteron.db.tables import binding_explanations, port_binding_levels, port_bindings, ports
from deuteron.db.transaction import Connectable, Transaction

_IDS: BindParameter[Any] = bindparam("of_ports", expanding=True)
_HOST: BindParameter[Any] = bindparam("of_host")

# The ids alone find the rows by the primary key, on databases that do not by pairs.
_TAKE_REVISIONS = (
    update(ports)
    .where(
        ports.c.id.in_(_IDS),
        tuple_(ports.c.id, ports.c.revision_number).in_(bindparam("expected", expanding=True)),
    )
    .values(
        revision_number=ports.c.revision_number + bindparam("step", type_=BigInteger),
        updated_at=bindparam("now"),
        status=func.coalesce(bindparam("wished", type_=String), ports.c.status),
        awaits_l2=func.coalesce(bindparam("awaits", type_=Boolean), ports.c.awaits_l2),
    )
)


def take_revisions(
    tx: Transaction,
    revisions: Mapping[str, int],
    *,
    now: str,
    step: int = 1,
    status: str | None = None,
    awaits_l2: bool | None = None,
) -> bool:
    """Give ports a later revision if they still have the expected ones: one statement.

    Args:
        tx: the transaction.
        revisions: port id -> the revision that was read.
        now: ISO text in UTC.
        step: by how much the revisions grow.
        status: the new status of all, None to leave it.
        awaits_l2: whether an agent has to wire them before they are ACTIVE, None to leave that.

    Returns:
        False if another one changed or deleted one of them.
    """
    parameters = {
        "of_ports": list(revisions),
        "expected": list(revisions.items()),
        "step": step,
        "now": now,
        "wished": status,
        "awaits": awaits_l2,
    }
    return bool(tx.execute(_TAKE_REVISIONS, parameters).rowcount == len(revisions))


_BOUND_THERE = (
    port_bindings.c.port_id.in_(_IDS),
    port_bindings.c.host == _HOST,
    port_bindings.c.status == ACTIVE,
)
_BIND = (
    update(port_bindings)
    .where(*_BOUND_THERE, port_bindings.c.vif_type.in_((UNBOUND, FAILED)))
    .values(
        host=bindparam("new_host"),
        vif_type=bindparam("new_type"),
        vif_details=bindparam("new_details"),
    )
)
_INSERT_LEVELS = insert(port_binding_levels)


def bind(
    tx: Transaction,
    port_ids: Sequence[str],
    before: str,
    host: str,
    *,
    vif_type: str,
    vif_details: Mapping[str, Any],
) -> bool:
    """Write the same result of a binding for ports of a host: one statement, three if they move.

    Args:
        tx: the transaction that took the ports' revisions.
        port_ids: of the ports.
        before: host of their active bindings.
        host: where they are bound; on another one than before inactive bindings give way.
        vif_type: how they are bound; ``binding_failed`` too.
        vif_details: with ``bound_drivers``.

    Returns:
        False if one of them is not active there, or bound already.
    """
    if host != before:
        _make_room(tx, port_ids, host)
    parameters = {
        "of_ports": list(port_ids),
        "of_host": before,
        "new_host": host,
        "new_type": vif_type,
        "new_details": dict(vif_details),
    }
    return bool(tx.execute(_BIND, parameters).rowcount == len(port_ids))


def insert_levels(tx: Transaction, made: Sequence[tuple[str, str, int, str, str]]) -> None:
    """Keep the levels of new bindings: one statement.

    Args:
        tx: the transaction of the bindings.
        made: (port id, host, level, driver, segment id) each.
    """
    keys = ("port_id", "host", "level", "driver", "segment_id")
    if made:
        tx.execute(_INSERT_LEVELS, [dict(zip(keys, one, strict=True)) for one in made])


_LEVELS_THERE = delete(port_binding_levels).where(
    port_binding_levels.c.port_id.in_(_IDS), port_binding_levels.c.host == _HOST
)
_BINDINGS_THERE = delete(port_bindings).where(
    port_bindings.c.port_id.in_(_IDS), port_bindings.c.host == _HOST
)
_MOVE = (
    update(port_bindings)
    .where(*_BOUND_THERE)
    .values(host=bindparam("new_host"), vif_type=UNBOUND, vif_details={})
)


def move(tx: Transaction, port_ids: Sequence[str], host: str, new_host: str) -> bool:
    """Make the active bindings of ports those of another host, not bound yet.

    Inactive bindings on the new host give way. Four statements at most.

    Args:
        tx: the transaction that took the ports' revisions.
        port_ids: of the ports.
        host: of their active bindings, '' for none.
        new_host: another one, '' for none.

    Returns:
        False if one of them has no active binding there.
    """
    there = {"of_ports": list(port_ids), "of_host": host}
    if host:
        tx.execute(_LEVELS_THERE, there)
    if new_host:
        _make_room(tx, port_ids, new_host)
    return bool(tx.execute(_MOVE, {**there, "new_host": new_host}).rowcount == len(port_ids))


def _make_room(tx: Transaction, port_ids: Sequence[str], host: str) -> None:
    """Delete inactive bindings where active ones will be."""
    there = {"of_ports": list(port_ids), "of_host": host}
    tx.execute(_LEVELS_THERE, there)
    tx.execute(_BINDINGS_THERE, there)


_EXPLANATIONS = select(binding_explanations.c.port_id, binding_explanations.c.attempts).where(
    binding_explanations.c.port_id.in_(_IDS)
)
_FORGET_EXPLANATIONS = delete(binding_explanations).where(binding_explanations.c.port_id.in_(_IDS))
_INSERT_EXPLANATIONS = insert(binding_explanations)

Attempts = list[dict[str, Any]]


def attempts(conn: Connectable, port_ids: Sequence[str]) -> dict[str, Attempts]:
    """Port id -> the attempts to bind it that are kept, of those that have some: one statement."""
    found = conn.execute(_EXPLANATIONS, {"of_ports": list(port_ids)})
    return {port_id: list(kept) for port_id, kept in found}


def keep_attempts(tx: Transaction, kept: Mapping[str, Attempts], *, instead: bool) -> None:
    """Write the attempts to bind ports: two statements at most.

    Args:
        tx: the transaction that committed the latest of them.
        kept: port id -> all that shall be kept.
        instead: some of the ports have attempts, in whose place these come.
    """
    if instead:
        tx.execute(_FORGET_EXPLANATIONS, {"of_ports": list(kept)})
    tx.execute(
        _INSERT_EXPLANATIONS, [{"port_id": one, "attempts": those} for one, those in kept.items()]
    )
