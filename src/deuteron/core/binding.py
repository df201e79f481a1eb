"""Binds ports: asks the drivers outside of any transaction, then commits what they decided.

    bind()
      attempt      the drivers, level by level (deuteron.ml2.hierarchy); may block
      commit       if the port still has the revision that the drivers were shown:
                     vif_type and details, levels, explanation, precommit hooks, journal
                   if something else changed, but not what a binding depends on: the same
                   if host, vnic_type or profile changed: all again, with the port as it is now
                   if somebody else bound it, or it is gone: that stands
      postcommit   hooks of the update

Nobody fits: the port is ``binding_failed``, and tried again when its host, vnic_type or profile
change or an agent of its host comes back.

Distributed ports (``network:router_interface_distributed``) have a binding per host, made when
their router comes to it; `needed` leaves them out.
"""

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deuteron import metrics
from deuteron.context import RequestContext
from deuteron.core import driver_contexts, explanations, port_journal, postcommits
from deuteron.core.deployment import Deployment
from deuteron.core.driver_sources import (
    MAX_TRIES,
    Committing,
    Lookups,
    PortSource,
    Transactions,
    pause,
    rehearsing,
)
from deuteron.db import bindings as rows
from deuteron.db import explanations as explanation_rows
from deuteron.db import networks as network_rows
from deuteron.db import ports as port_rows
from deuteron.db.transaction import Transaction
from deuteron.errors import (
    InvalidInput,
    MechanismDriverError,
    NetworkNotFound,
    TryAgain,
)
from deuteron.ml2.contexts import BoundLevel, HostBinding, PortContext
from deuteron.ml2.dispatch import Hook
from deuteron.ml2.hierarchy import Outcome, Step, Walk
from deuteron.ml2.plugin_context import outside_transaction
from deuteron.ml2.reasons import Reason

LOG = logging.getLogger(__name__)

Port = dict[str, Any]

DISTRIBUTED = "network:router_interface_distributed"
_INPUTS = ("binding:host_id", "binding:vnic_type", "binding:profile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the drivers decided.

    Args:
        vif_type: ``binding_failed`` if nobody fits.
        vif_details: as the API shows them, with ``bound_drivers``.
        status: wished port status, None to leave it.
        levels: from the fabric down; empty if nobody fits.
        attempt: the record for the explanation.
    """

    vif_type: str
    vif_details: dict[str, Any]
    status: str | None
    levels: tuple[BoundLevel, ...]
    attempt: explanations.Attempt

    @property
    def bound(self) -> bool:
        """Somebody fits."""
        return bool(self.levels)

    def awaits_l2(self, d: Deployment) -> bool | None:
        """Whether an agent has to wire the port; None if nobody fits."""
        if not self.levels:
            return None
        return self.status is None and d.mechanisms.wired_by_agent(self.levels[-1].driver)


def needed(port: Mapping[str, Any]) -> bool:
    """Whether the port has a host and is not bound there.

    Args:
        port: API dict.
    """
    return bool(
        port.get("binding:host_id")
        and port["binding:vif_type"] in {rows.UNBOUND, rows.FAILED}
        and port["device_owner"] != DISTRIBUTED
    )


def bind(
    d: Deployment,
    ctx: RequestContext,
    port: Port,
    *,
    lookups: Lookups | None = None,
    fresh: bool = False,
    quietly: bool = False,
) -> Port:
    """Bind a port to its host, if it has one and is not bound yet.

    Must be called outside of a transaction, after the commit of what made it necessary. It never
    asks for that to be repeated: a port that others change all the time is left as it is.

    Args:
        d: the deployment.
        ctx: the caller.
        port: API dict as it was committed; changed in place.
        lookups: what was read of networks and hosts already, to bind many ports.
        fresh: the port was created just now: saves a statement.
        quietly: leave a port alone, but for its explanation, that failed before and fails again.

    Returns:
        the same dict, with the binding, revision and time as they are now.

    Raises:
        DatabaseUnavailable: the result could not be written.
    """
    if not needed(port):
        return port
    known = Lookups(d) if lookups is None else lookups
    attempts: list[explanations.Attempt] = []
    for count in range(1, MAX_TRIES + 1):
        walk, segments = _walk(d, ctx, port, known, Committing(d, ctx))
        walk.down(segments)
        decision = _decision(d, port, walk)
        attempts.append(decision.attempt)
        if quietly and port["binding:vif_type"] == rows.FAILED and not decision.bound:
            keep_attempts(d, ctx, port["id"], attempts)
            return port
        try:
            written = _commit(d, ctx, port, decision, attempts, fresh=fresh)
        except TryAgain as conflict:
            LOG.info("Attempt %d to bind port %s: %s", count, port["id"], conflict)
            fresh = False
            pause(count)
            continue
        except MechanismDriverError as veto:
            written = _commit_vetoed(d, ctx, port, decision, attempts, veto)
            if written is None:
                return port
        if written is not None:
            postcommits.run(d, ctx, written.due)
            return _become(port, written.port)
        with d.database.read() as conn:
            present = port_rows.get(conn, port["id"])
        if present is None:
            return port  # deleted meanwhile: what was answered before stands
        if not needed(_become(port, present)):
            return port
    LOG.error(
        "Port %s was changed by others %d times while it was bound; it is left unbound",
        port["id"],
        MAX_TRIES,
    )
    return port


def _become(port: Port, present: Mapping[str, Any]) -> Port:
    """Bring the port up to date; what extensions show beside its row stays as it was."""
    port.update(present)
    return port


def decide(
    d: Deployment,
    ctx: RequestContext,
    port: Port,
    lookups: Lookups,
    transactions: Transactions,
    *,
    hypothetical: bool = False,
) -> Decision:
    """Ask the drivers. Nothing is written but the dynamic segments that they take.

    Args:
        d: the deployment.
        ctx: the caller.
        port: API dict; its ``binding:*`` say what is wanted.
        lookups: what was read already.
        transactions: how dynamic segments are taken.
        hypothetical: no such port exists: it counts as one with an address.
    """
    walk, segments = _walk(d, ctx, port, lookups, transactions, hypothetical=hypothetical)
    walk.down(segments)
    return _decision(d, port, walk, hypothetical=hypothetical)


def _walk(
    d: Deployment,
    ctx: RequestContext,
    port: Port,
    lookups: Lookups,
    transactions: Transactions,
    *,
    hypothetical: bool = False,
) -> tuple[Walk, list[dict[str, Any]]]:
    """The drivers and the segments that they are to be asked about."""
    source = PortSource(d, port["network_id"], lookups, transactions)
    binding = HostBinding(
        host=port["binding:host_id"],
        vif_type=rows.UNBOUND,
        vif_details={},
        vnic_type=port["binding:vnic_type"],
        profile=port["binding:profile"],
    )
    shown = {**port, "binding:vif_type": rows.UNBOUND, "binding:vif_details": {}}
    walk = Walk(
        d.mechanisms,
        PortContext(outside_transaction(ctx), shown, None, source, binding=binding),
        has_address=hypothetical or bool(port["fixed_ips"]),
        exhausted=source.exhausted,
    )
    segments, skipped = _candidates(d, port, source.static_segments())
    walk.steps += skipped
    return walk, segments


def _decision(d: Deployment, port: Port, walk: Walk, *, hypothetical: bool = False) -> Decision:
    """What the drivers said, as a record."""
    proposal = walk.proposal
    attempt = explanations.attempt_of(
        at=d.clock(),
        host=port["binding:host_id"],
        vnic_type=port["binding:vnic_type"],
        vif_type=None if proposal is None else proposal.vif_type,
        steps=walk.steps,
    )
    if not hypothetical:
        _tell(port, attempt)
    if proposal is None:
        return Decision(
            vif_type=rows.FAILED, vif_details={}, status=None, levels=(), attempt=attempt
        )
    levels = walk.levels()
    details = dict(proposal.vif_details or {})
    details["bound_drivers"] = {str(number): one.driver for number, one in enumerate(levels)}
    return Decision(
        vif_type=proposal.vif_type,
        vif_details=details,
        status=proposal.status,
        levels=levels,
        attempt=attempt,
    )


def _tell(port: Port, attempt: explanations.Attempt) -> None:
    """Count the attempt, and write a failed one to the log."""
    for reason in explanations.reasons_of(attempt):
        metrics.BINDS.labels(attempt["outcome"], reason).inc()
    if attempt["vif_type"] is None:
        LOG.warning(
            "Port %s cannot be bound on host %s: %s",
            port["id"],
            attempt["host"],
            attempt["sentence"],
        )


def _candidates(
    d: Deployment, port: Port, segments: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[Step]]:
    """The segments that a port may be bound to at the top, and why others are left out.

    On a routed network, addresses of subnets that are tied to a segment hold the port there.
    """
    if not segments:
        step = _skipped(
            None, Reason.NO_SEGMENTS, "The network has no segment.", "Add a segment to it."
        )
        return [], [step]
    wanted = {ip["subnet_id"] for ip in port["fixed_ips"]}
    if len(segments) == 1 or not wanted:
        return segments, []
    with d.database.read() as conn:
        tied = rows.segments_of_subnets(conn, sorted(wanted))
    if None in tied:
        return segments, []
    fit = [segment for segment in segments if segment["id"] in tied]
    skipped = [
        _skipped(
            segment,
            Reason.ADDRESS_ON_OTHER_SEGMENT,
            "The port's addresses are of subnets that are tied to another segment.",
            "Give the port an address of a subnet of this segment.",
        )
        for segment in segments
        if segment["id"] not in tied
    ]
    return fit, skipped


def _skipped(segment: dict[str, Any] | None, reason: Reason, sentence: str, hint: str) -> Step:
    return Step(
        level=0,
        driver="",
        segment=segment,
        outcome=Outcome.SKIPPED,
        reason=reason.value,
        sentence=sentence,
        hint=hint,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a commit wrote: the port as it is now, and the hooks that are due."""

    port: Port
    due: postcommits.Due | None


def _commit(
    d: Deployment,
    ctx: RequestContext,
    port: Port,
    decision: Decision,
    attempts: Sequence[explanations.Attempt],
    *,
    fresh: bool,
) -> Written | None:
    """Write the decision if it is about the port as it is; None if it no longer is.

    Raises:
        TryAgain: lost against another transaction; nothing was written.
        MechanismDriverError: a driver vetoed; nothing was written.
    """
    port_id, now = port["id"], d.clock()
    with d.database.transaction(ctx) as tx:
        original = _claim(d, tx, port, decision, now)
        if original is None:
            return None
        bound = bound_port(original, decision, now)
        if not rows.bind(
            tx,
            port_id,
            port["binding:host_id"],
            vif_type=decision.vif_type,
            vif_details=decision.vif_details,
        ):
            raise TryAgain(reason=f"the binding of port {port_id} changed")
        if decision.levels:
            levels = [(level.driver, level.segment_id) for level in decision.levels]
            rows.insert_levels(tx, port_id, port["binding:host_id"], levels)
        _keep(tx, port_id, attempts, fresh=fresh)
        if d.mechanisms.concerned(Hook.UPDATE_PORT_PRECOMMIT, original, bound):
            context = driver_contexts.for_port(
                d,
                ctx,
                bound,
                original=original,
                levels=decision.levels,
                original_levels=(),
                tx=tx,
            )
            d.mechanisms.precommit(Hook.UPDATE_PORT_PRECOMMIT, [context])
        port_journal.note(tx, port_journal.BIND, bound, original)
        item = postcommits.Item(
            current=bound, original=original, levels=decision.levels, original_levels=()
        )
        due = postcommits.due(d, tx, Hook.UPDATE_PORT_POSTCOMMIT, [item])
    return Written(port=bound, due=due)


def bound_port(port: Port, decision: Decision, now: str) -> Port:
    """A port as it is when a decision about it is written.

    Args:
        port: API dict before.
        decision: of the drivers.
        now: ISO text in UTC.
    """
    return {
        **port,
        "binding:vif_type": decision.vif_type,
        "binding:vif_details": decision.vif_details,
        "status": decision.status or port["status"],
        "revision_number": port["revision_number"] + 1,
        "updated_at": now,
    }


def _claim(d: Deployment, tx: Transaction, port: Port, decision: Decision, now: str) -> Port | None:
    """The port as it is before the binding, its revision taken.

    None if the decision is not about it any more.
    """
    port_id = port["id"]
    awaits_l2 = decision.awaits_l2(d)
    if rows.take_revision(
        tx,
        port_id,
        expected=port["revision_number"],
        now=now,
        status=decision.status,
        awaits_l2=awaits_l2,
    ):
        return dict(port)
    present = port_rows.get(tx, port_id)
    if present is None or not needed(present):
        return None
    if any(present[name] != port[name] for name in _INPUTS):
        return None
    if not rows.take_revision(
        tx,
        port_id,
        expected=present["revision_number"],
        now=now,
        status=decision.status,
        awaits_l2=awaits_l2,
    ):
        raise TryAgain(reason=f"port {port_id} is being changed by others")
    return {**port, **present}


def _keep(
    tx: Transaction, port_id: str, attempts: Sequence[explanations.Attempt], *, fresh: bool
) -> None:
    kept = None if fresh else explanation_rows.attempts(tx, port_id)
    latest = explanations.latest(kept or (), attempts)
    explanation_rows.keep(tx, port_id, latest, new=kept is None)


def keep_attempts(
    d: Deployment, ctx: RequestContext, port_id: str, attempts: Sequence[explanations.Attempt]
) -> None:
    """Keep attempts that change nothing else of the port; not worth a second try.

    Args:
        d: the deployment.
        ctx: the caller.
        port_id: of the port.
        attempts: the latest last.
    """
    try:
        with d.database.transaction(ctx) as tx:
            _keep(tx, port_id, attempts, fresh=False)
    except TryAgain as conflict:
        LOG.info("The explanation of port %s was not kept: %s", port_id, conflict)


def _commit_vetoed(
    d: Deployment,
    ctx: RequestContext,
    port: Port,
    decision: Decision,
    attempts: list[explanations.Attempt],
    veto: MechanismDriverError,
) -> Written | None:
    """A driver refused the binding that another one made: the port is ``binding_failed``.

    None if it refuses that, too; then the port stays unbound.
    """
    names = ", ".join(failure.driver for failure in veto.failures)
    attempts[-1] = explanations.refused(decision.attempt, driver=names, words=veto.message)
    failed = Decision(
        vif_type=rows.FAILED, vif_details={}, status=None, levels=(), attempt=attempts[-1]
    )
    try:
        return _commit(d, ctx, port, failed, attempts, fresh=False)
    except (MechanismDriverError, TryAgain) as error:
        LOG.error("Port %s stays unbound: %s", port["id"], error)
        keep_attempts(d, ctx, port["id"], attempts)
        return None


def explain(d: Deployment, ctx: RequestContext, body: Mapping[str, Any]) -> Port:
    """What would happen to a port; nothing is written, and dynamic segments are given back.

    Args:
        d: the deployment.
        ctx: the caller.
        body: network_id, host, and where they matter vnic_type and profile.

    Returns:
        as `deuteron.core.explanations.get`, with one attempt and no port_id.

    Raises:
        NetworkNotFound: there is no such network.
        InvalidInput: a value is missing or of a wrong type.
    """
    port = _hypothetical(body)
    with d.database.read() as conn:
        seen = network_rows.rows(conn, [port["network_id"]], ctx.scope)
    if not seen:
        raise NetworkNotFound(net_id=port["network_id"])
    port["project_id"] = seen[0]["project_id"]
    lookups = Lookups(d)
    with rehearsing(d, ctx) as transactions:
        decision = decide(d, ctx, port, lookups, transactions, hypothetical=True)
    return {
        "port_id": None,
        "network_id": port["network_id"],
        "host": port["binding:host_id"],
        "vnic_type": port["binding:vnic_type"],
        "vif_type": decision.vif_type,
        "attempts": [decision.attempt],
    }


def _hypothetical(body: Mapping[str, Any]) -> Port:
    """A port as drivers would see it."""
    for name in ("network_id", "host"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise InvalidInput(error_message=f"{name} must be a text that is not empty")
    vnic_type, profile = body.get("vnic_type") or "normal", body.get("profile") or {}
    if not isinstance(vnic_type, str):
        raise InvalidInput(error_message="vnic_type must be a text")
    if not isinstance(profile, dict):
        raise InvalidInput(error_message="profile must be an object")
    return {
        "id": str(uuid.uuid4()),
        "name": "",
        "network_id": body["network_id"],
        "mac_address": "fa:16:3e:00:00:00",
        "admin_state_up": True,
        "status": "DOWN",
        "device_id": "",
        "device_owner": "",
        "fixed_ips": [],
        "security_groups": [],
        "binding:host_id": body["host"],
        "binding:vnic_type": vnic_type,
        "binding:profile": profile,
        "binding:vif_type": rows.UNBOUND,
        "binding:vif_details": {},
    }
