"""Has many ports on a host: what `ports.update` does with ``binding:host_id``, for all at once.

    the ports as they are
    decide             for those that are nowhere yet: how they are bound there
    one transaction    those are bound, others that are elsewhere are moved, unbound
    bulk_binding       binds what was moved

Drivers whose hooks are about where ports are see each of them move, and then be bound: with such a
driver nothing is bound by the first transaction.

One that others change at the same moment, or that a driver wants to keep where it is: each port is
moved by itself then, and those that cannot be moved stay.
"""

import logging
from collections.abc import Collection, Sequence

from deuteron.context import RequestContext
from deuteron.core import (
    binding,
    bulk_binding,
    driver_contexts,
    foreign_attributes,
    ipam,
    port_changes,
    port_journal,
    ports,
    postcommits,
)
from deuteron.core.binding import Decision
from deuteron.core.bulk_binding import AT_ONCE, Decided, grouped
from deuteron.core.deployment import Deployment
from deuteron.core.driver_sources import Lookups
from deuteron.db import bulk_bindings as binding_rows
from deuteron.db import ports as rows
from deuteron.db import subnets as subnet_rows
from deuteron.db.transaction import Transaction
from deuteron.errors import BadRequest, Conflict, MechanismDriverError, PortNotFound, TryAgain
from deuteron.ml2.dispatch import Hook
from deuteron.ml2.extension_drivers import Noun

LOG = logging.getLogger(__name__)

_HOST = "binding:host_id"
_OF_UPDATES = (Hook.UPDATE_PORT_PRECOMMIT, Hook.UPDATE_PORT_POSTCOMMIT)
# What a move changes of a port that has nothing else which depends on its host.
_MOVED = frozenset(
    (
        *(_HOST, "binding:vif_type", "binding:vif_details"),
        *("status", "revision_number", "updated_at"),
    )
)

Port = ports.Port


def to_host(d: Deployment, ctx: RequestContext, port_ids: Collection[str], host: str) -> None:
    """Have ports on a host, bound there; those that are it already stay as they are.

    Args:
        d: the deployment.
        ctx: the caller.
        port_ids: of the ports; those that are gone are left out.
        host: where they are to be, '' for nowhere.

    Raises:
        TryAgain: others change one of them all the time.
    """
    ids = sorted(port_ids)
    for first in range(0, len(ids), AT_ONCE):
        some = ids[first : first + AT_ONCE]
        try:
            untried, owed = _together(d, ctx, some, host)
        except (TryAgain, BadRequest, Conflict, MechanismDriverError) as conflict:
            if len(ids) > 1:
                LOG.info("%d ports go to host %r one by one: %s", len(some), host, conflict)
            _one_by_one(d, ctx, some, host)
            continue
        for due in owed:
            postcommits.run(d, ctx, due)
        bulk_binding.bind(d, ctx, untried)


def _one_by_one(d: Deployment, ctx: RequestContext, port_ids: Sequence[str], host: str) -> None:
    for port_id in port_ids:
        try:
            ports.update(d, ctx, port_id, {_HOST: host})
        except PortNotFound:
            continue  # removed meanwhile
        except (BadRequest, Conflict, MechanismDriverError) as error:
            LOG.warning("Port %s does not go to host %r: %s", port_id, host, error)


def _together(
    d: Deployment, ctx: RequestContext, port_ids: Sequence[str], host: str
) -> tuple[list[Port], list[postcommits.Due | None]]:
    """The ports that nobody tried to bind by this, and the hooks that are due.

    Raises:
        NetworkError: one of them is being changed by others, or does not go there.
    """
    with d.database.read() as conn:
        found = rows.get_many(conn, port_ids)
        elsewhere = [port for port in found if port[_HOST] != host]
        d.ports.load(conn, elsewhere)
    if not elsewhere:
        return found, []
    foreign_attributes.show(d, ctx, Noun.PORT, elsewhere)
    decisions = _decisions(d, ctx, elsewhere, host)
    decided: list[Decided] = []
    moved: list[tuple[Port, Port]] = []
    owed: list[postcommits.Due | None] = []
    present = {port["id"]: port for port in found}
    with d.database.transaction(ctx) as tx:
        for original, port in _changed(d, tx, elsewhere, host):
            present[port["id"]] = port
            decision = decisions.get(port["id"])
            if not _is_merely_moved(original, port):
                owed.append(ports.write(d, tx, original, port))
            elif decision is None:
                moved.append((original, port))
            else:
                decided.append(Decided(original=original, port=port, decision=decision))
        if moved:
            owed.append(_write(d, tx, moved))
        if decided:
            due, _ = bulk_binding.commit(d, tx, decided)
            owed.append(due)
    for one in decided:
        del present[one.port["id"]]
    return list(present.values()), owed


def _changed(
    d: Deployment, tx: Transaction, elsewhere: Sequence[Port], host: str
) -> list[tuple[Port, Port]]:
    """The ports before and after a move, as far as it changes them."""
    subnets = subnet_rows.of_networks(tx, sorted({one["network_id"] for one in elsewhere}))
    of_network = dict(grouped(subnets, lambda subnet: subnet["network_id"]))
    pairs = []
    for original in elsewhere:
        known = of_network.get(original["network_id"], [])
        port = port_changes.changed(d, tx, original, {_HOST: host}, subnets=known)
        if port != original:
            pairs.append((original, port))
    return pairs


def _decisions(
    d: Deployment, ctx: RequestContext, elsewhere: Sequence[Port], host: str
) -> dict[str, Decision]:
    """Port id -> how it is bound on a host by the commit that moves it, of those nowhere yet."""
    there = []
    for port in elsewhere:
        moved = {**port, _HOST: host}
        if (
            not port[_HOST]
            and port["ip_allocation"] != ipam.DEFERRED  # drivers want to know its addresses
            and binding.needed(moved)
            and not any(d.mechanisms.concerned(hook, port, moved) for hook in _OF_UPDATES)
        ):
            there.append(moved)
    decisions = bulk_binding.decide(d, ctx, there, Lookups(d))
    return {port["id"]: one for port, one in zip(there, decisions, strict=True)}


def _is_merely_moved(original: Port, port: Port) -> bool:
    """Whether a move changes nothing of a port that needs a statement of its own."""
    return {**port, **{name: original[name] for name in _MOVED}} == original


def _write(
    d: Deployment, tx: Transaction, pairs: Sequence[tuple[Port, Port]]
) -> postcommits.Due | None:
    """As `ports.write`, for ports that are moved and nothing else."""
    before = {
        original["id"]: ports.levels_before(d, tx, original, Hook.UPDATE_PORT_POSTCOMMIT)
        for original, _ in pairs
    }

    def written(pair: tuple[Port, Port]) -> tuple[int, str, str]:
        original, port = pair
        step = port["revision_number"] - original["revision_number"]
        return step, port["status"], port["updated_at"]

    for (step, status, now), alike in grouped(pairs, written):
        revisions = {original["id"]: original["revision_number"] for original, _ in alike}
        if not binding_rows.take_revisions(tx, revisions, now=now, step=step, status=status):
            raise TryAgain(reason="one of them is being changed by others")
    for (host, new_host), alike in grouped(pairs, lambda pair: (pair[0][_HOST], pair[1][_HOST])):
        ids = [original["id"] for original, _ in alike]
        if not binding_rows.move(tx, ids, host, new_host):
            raise TryAgain(reason="the binding of one of them changed")
    contexts = [
        driver_contexts.for_port(
            d,
            tx.context,
            port,
            original=original,
            original_levels=before[port["id"]],
            tx=tx,
        )
        for original, port in pairs
        if d.mechanisms.concerned(Hook.UPDATE_PORT_PRECOMMIT, original, port)
    ]
    d.mechanisms.precommit(Hook.UPDATE_PORT_PRECOMMIT, contexts)
    for original, port in pairs:
        port_journal.note(tx, "update", port, original)
    items = [
        postcommits.Item(current=port, original=original, original_levels=before[port["id"]])
        for original, port in pairs
    ]
    return postcommits.due(d, tx, Hook.UPDATE_PORT_POSTCOMMIT, items)
