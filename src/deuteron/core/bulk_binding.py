"""Binds many ports at once: the drivers are asked port by port, the results written together.

decide     the drivers of each port, outside of any transaction      `deuteron.core.binding`
commit     all results in one transaction, a few statements
           one of the ports was changed by others, or a driver vetoes:
             nothing is written, and each port is bound by itself
postcommit hooks of the updates
"""

import logging
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from deuteron.context import RequestContext
from deuteron.core import binding, driver_contexts, explanations, port_journal, postcommits
from deuteron.core.binding import Decision, Port
from deuteron.core.deployment import Deployment
from deuteron.core.driver_sources import Committing, Lookups
from deuteron.db import bindings as binding_rows
from deuteron.db import bulk_bindings as rows
from deuteron.db import ports as port_rows
from deuteron.db.transaction import Transaction
from deuteron.errors import MechanismDriverError, NetworkError, TryAgain
from deuteron.ml2.dispatch import Hook

LOG = logging.getLogger(__name__)

# Ports in one transaction.
AT_ONCE = 1000
# A port without a binding for so long was left by a process that died before it bound it.
_LEFT_BEHIND = timedelta(minutes=1)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the drivers decided about a port.

    Args:
        original: API dict as it was committed.
        port: on the host where it is to be bound; the original, unless that is nowhere yet.
        decision: how.
    """

    original: Port
    port: Port
    decision: Decision


def bind(
    d: Deployment,
    ctx: RequestContext,
    ports: Sequence[Port],
    *,
    lookups: Lookups | None = None,
    fresh: bool = False,
    quietly: bool = False,
) -> None:
    """Bind those of these ports to their hosts that have one and are not bound yet.

    As `binding.bind` for each of them. A failure of one does not keep the others from it.

    Args:
        d: the deployment.
        ctx: the caller.
        ports: API dicts as they were committed; changed in place.
        lookups: what was read of networks and hosts already.
        fresh: the ports were created just now.
        quietly: leave ports alone, but for their explanations, that failed before and fail again.
    """
    waiting = [port for port in ports if binding.needed(port)]
    known = Lookups(d) if lookups is None else lookups
    for first in range(0, len(waiting), AT_ONCE):
        some = waiting[first : first + AT_ONCE]
        if len(some) > 1 and _together(d, ctx, some, known, fresh=fresh, quietly=quietly):
            continue
        for port in some:
            try:
                binding.bind(d, ctx, port, lookups=known, fresh=fresh, quietly=quietly)
            except NetworkError:
                if len(ports) == 1:
                    raise
                LOG.exception("Port %s could not be bound", port["id"])


def _together(
    d: Deployment,
    ctx: RequestContext,
    ports: Sequence[Port],
    lookups: Lookups,
    *,
    fresh: bool,
    quietly: bool,
) -> bool:
    """Bind ports in one transaction; False if it had to be given up."""
    decisions = decide(d, ctx, ports, lookups)
    decided = [
        Decided(original=port, port=port, decision=decision)
        for port, decision in zip(ports, decisions, strict=True)
    ]
    try:
        with d.database.transaction(ctx) as tx:
            if quietly:
                decided = _without_failed_again(tx, decided)
            due, bound = commit(d, tx, decided, fresh=fresh) if decided else (None, [])
    except (TryAgain, MechanismDriverError) as conflict:
        LOG.info("%d ports are bound one by one: %s", len(ports), conflict)
        return False
    for one, port in zip(decided, bound, strict=True):
        one.port.update(port)
    postcommits.run(d, ctx, due)
    return True


def decide(
    d: Deployment, ctx: RequestContext, ports: Sequence[Port], lookups: Lookups
) -> list[Decision]:
    """What the drivers say about each of these ports; outside of any transaction.

    Args:
        d: the deployment.
        ctx: the caller.
        ports: API dicts, on the hosts where they are to be bound.
        lookups: what was read of networks and hosts already.
    """
    lookups.read_segments({port["network_id"] for port in ports})
    transactions = Committing(d, ctx)
    return [binding.decide(d, ctx, port, lookups, transactions) for port in ports]


def _without_failed_again(tx: Transaction, decided: Sequence[Decided]) -> list[Decided]:
    """Those that changed; of the others the attempts alone are kept."""
    again: list[Decided] = []
    changed: list[Decided] = []
    for one in decided:
        failed = one.port["binding:vif_type"] == binding_rows.FAILED
        fails_again = failed and not one.decision.bound
        (again if fails_again else changed).append(one)
    if again:
        _keep_attempts(tx, again, fresh=False)
    return changed


def commit(
    d: Deployment, tx: Transaction, decided: Sequence[Decided], *, fresh: bool = False
) -> tuple[postcommits.Due | None, list[Port]]:
    """Write the decisions, if they are about the ports as they are.

    Args:
        d: the deployment.
        tx: the transaction.
        decided: at least one.
        fresh: nobody tried to bind these ports before.

    Returns:
        the hooks that are due, and the ports as they are now.

    Raises:
        TryAgain: one of them was changed by others.
        MechanismDriverError: a driver vetoed.
    """
    now = d.clock()
    changed = [(binding.bound_port(one.port, one.decision, now), one) for one in decided]
    _take_revisions(d, tx, changed, now)
    _write_bindings(tx, decided)
    _keep_attempts(tx, decided, fresh=fresh)
    contexts = [
        driver_contexts.for_port(
            d,
            tx.context,
            bound,
            original=one.original,
            levels=one.decision.levels,
            original_levels=(),
            tx=tx,
        )
        for bound, one in changed
        if d.mechanisms.concerned(Hook.UPDATE_PORT_PRECOMMIT, one.original, bound)
    ]
    d.mechanisms.precommit(Hook.UPDATE_PORT_PRECOMMIT, contexts)
    for bound, one in changed:
        port_journal.note(tx, port_journal.BIND, bound, one.original)
    items = [
        postcommits.Item(
            current=bound,
            original=dict(one.original),
            levels=one.decision.levels,
            original_levels=(),
        )
        for bound, one in changed
    ]
    due = postcommits.due(d, tx, Hook.UPDATE_PORT_POSTCOMMIT, items)
    return due, [bound for bound, _ in changed]


def _take_revisions(
    d: Deployment, tx: Transaction, changed: Sequence[tuple[Port, Decided]], now: str
) -> None:
    def written(pair: tuple[Port, Decided]) -> tuple[int, str | None, bool | None]:
        bound, one = pair
        step = bound["revision_number"] - one.original["revision_number"]
        status = bound["status"] if bound["status"] != one.original["status"] else None
        return step, status, one.decision.awaits_l2(d)

    for (step, status, awaits_l2), alike in grouped(changed, written):
        expected = {bound["id"]: one.original["revision_number"] for bound, one in alike}
        if not rows.take_revisions(
            tx, expected, now=now, step=step, status=status, awaits_l2=awaits_l2
        ):
            raise TryAgain(reason="one of them is being changed by others")


def _write_bindings(tx: Transaction, decided: Sequence[Decided]) -> None:
    def written(one: Decided) -> tuple[str, str, str, str]:
        details = repr(one.decision.vif_details)
        hosts = one.original["binding:host_id"], one.port["binding:host_id"]
        return *hosts, one.decision.vif_type, details

    for (before, host, vif_type, _), alike in grouped(decided, written):
        ids = [one.port["id"] for one in alike]
        details = alike[0].decision.vif_details
        if not rows.bind(tx, ids, before, host, vif_type=vif_type, vif_details=details):
            raise TryAgain(reason="the binding of one of them changed")
    rows.insert_levels(
        tx,
        [
            (one.port["id"], one.port["binding:host_id"], number, level.driver, level.segment_id)
            for one in decided
            for number, level in enumerate(one.decision.levels)
        ],
    )


def _keep_attempts(tx: Transaction, decided: Sequence[Decided], *, fresh: bool) -> None:
    kept = {} if fresh else rows.attempts(tx, [one.port["id"] for one in decided])
    latest = {
        one.port["id"]: explanations.latest(kept.get(one.port["id"], ()), [one.decision.attempt])
        for one in decided
    }
    rows.keep_attempts(tx, latest, instead=bool(kept))


def grouped(items: Sequence[Item], key: Callable[[Item], Hashable]) -> list[tuple[Any, list[Item]]]:
    """(key, items) of those that have the same key, in order of the first of each.

    Args:
        items: to be grouped.
        key: of an item.
    """
    found: dict[Hashable, list[Item]] = {}
    for one in items:
        found.setdefault(key(one), []).append(one)
    return list(found.items())


def resume(d: Deployment, ctx: RequestContext, *, host: str | None = None) -> int:
    """Bind the ports that wait for it.

    Args:
        d: the deployment.
        ctx: the caller.
        host: one whose agents are new, back or able to do more: all ports there that are not
            bound. None: the ports of all hosts that a process which died left unbound.

    Returns:
        how many are bound now.
    """
    with d.database.read() as conn:
        if host is not None:
            waiting = binding_rows.waiting_on(conn, host)
        else:
            before = datetime.fromisoformat(d.clock()).astimezone(UTC) - _LEFT_BEHIND
            waiting = binding_rows.left_unbound(conn, before.strftime("%Y-%m-%dT%H:%M:%SZ"))
    lookups = Lookups(d)
    count = 0
    for first in range(0, len(waiting), AT_ONCE):
        with d.database.read() as conn:
            ports = port_rows.get_many(conn, waiting[first : first + AT_ONCE])
        bind(d, ctx, ports, lookups=lookups, quietly=True)
        count += sum(not binding.needed(port) for port in ports)
    return count
