"""The bindings of a port, one per host (``binding-extended``): how a virtual machine moves.

    create    INACTIVE on the host to which it will move; the drivers bind it there already
    activate  that one becomes the ACTIVE one, the old one becomes INACTIVE and unbound
    delete    the old one

Only ports of compute instances and of shared file systems have several. Statuses, errors and
revision numbers are as observed of Neutron.
"""

from collections.abc import Mapping
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import (
    binding,
    driver_contexts,
    explanations,
    macs,
    port_journal,
    ports,
    postcommits,
)
from deuteron.core.binding import Decision
from deuteron.core.deployment import Deployment
from deuteron.core.driver_sources import Committing, Lookups
from deuteron.db import bindings as rows
from deuteron.db import ports as port_rows
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    BadRequest,
    InvalidInput,
    PortBindingAlreadyActive,
    PortBindingAlreadyExists,
    PortBindingError,
    PortBindingNotFound,
    TryAgain,
)
from deuteron.ml2.contexts import BoundLevel
from deuteron.ml2.dispatch import Hook
from deuteron.query import Query

Binding = dict[str, Any]
Port = dict[str, Any]

_MOVING = ("compute:", "manila:")
_HIDDEN = "bound_drivers"


def _require_port(conn: Connectable, ctx: RequestContext, port_id: str) -> Port:
    """The port, if it is of a kind that may have several bindings."""
    port = ports.require(conn, port_id, ctx.scope)
    if not port["device_owner"].startswith(_MOVING):
        raise BadRequest(
            resource="port",
            msg=f"port {port_id} is of {port['device_owner'] or 'nobody'!r}: "
            "only ports of compute instances and shared file systems have several bindings",
        )
    return port


def _require(
    conn: Connectable, ctx: RequestContext, port_id: str, host: str
) -> tuple[Port, Binding, list[Binding]]:
    """The port, its binding on the host, and all of its bindings."""
    port = _require_port(conn, ctx, port_id)
    of_port = rows.of_port(conn, port_id)
    for one in of_port:
        if one["host"] == host:
            return port, one, of_port
    raise PortBindingNotFound(port_id=port_id, host=host)


def _shown(kept: Mapping[str, Any]) -> Binding:
    details = {name: value for name, value in kept["vif_details"].items() if name != _HIDDEN}
    return {**kept, "vif_details": details}


def list_(d: Deployment, ctx: RequestContext, port_id: str, query: Query) -> list[Binding]:
    """The bindings of a port that a query asks for, in its order.

    Raises:
        PortNotFound: there is no such port.
        BadRequest: it is of a kind that has one binding only.
    """
    with d.database.read() as conn:
        _require_port(conn, ctx, port_id)
        return [_shown(one) for one in rows.list_(conn, port_id, query)]


def get(d: Deployment, ctx: RequestContext, port_id: str, host: str) -> Binding:
    """The binding of a port on a host.

    Raises:
        PortNotFound, PortBindingNotFound: there is none.
        BadRequest: the port is of a kind that has one binding only.
    """
    with d.database.read() as conn:
        return _shown(_require(conn, ctx, port_id, host)[1])


def create(d: Deployment, ctx: RequestContext, port_id: str, body: Mapping[str, Any]) -> Binding:
    """Bind a port on another host, too; the first binding of a port is its active one.

    Args:
        d: the deployment.
        ctx: the caller.
        port_id: of the port.
        body: host, and where they matter vnic_type and profile.

    Raises:
        PortNotFound: there is no such port.
        BadRequest: it is of a kind that has one binding only.
        PortBindingAlreadyExists: there is one on this host.
        PortBindingError: no driver binds it there.
    """
    host = _host(body["host"])
    with d.database.read() as conn:
        port = _require_port(conn, ctx, port_id)
        of_port = rows.of_port(conn, port_id)
    if any(one["host"] == host for one in of_port):
        raise PortBindingAlreadyExists(port_id=port_id, host=host)
    wished = rows.unbound(host, body.get("vnic_type") or "normal", body.get("profile") or {})
    if not any(one["status"] == rows.ACTIVE for one in of_port):
        return _create_active(d, ctx, port, wished)
    made, decision = _decided(d, ctx, port, wished)
    with d.database.transaction(ctx) as tx:
        _bump(d, tx, port)
        rows.add(tx, port_id, made)
        _keep_levels(tx, port_id, host, decision)
        tx.journal("port", port_id, "update", port["project_id"])
    return _shown(made)


def _host(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > 255:
        raise InvalidInput(error_message="host must be a text of 1 to 255 characters")
    return value


def _create_active(d: Deployment, ctx: RequestContext, port: Port, wished: Binding) -> Binding:
    port_id = port["id"]
    with d.database.transaction(ctx) as tx:
        _bump(d, tx, port, status="DOWN", step=2)
        rows.add(tx, port_id, wished)
        tx.journal("port", port_id, "update", port["project_id"])
        present = ports.require(tx, port_id, ctx.scope)
    return _active_result(d, ctx, binding.bind(d, ctx, present))


def _active_result(d: Deployment, ctx: RequestContext, port: Port) -> Binding:
    host = port["binding:host_id"]
    if port["binding:vif_type"] == rows.FAILED:
        last = explanations.get(d, ctx, port["id"])["attempts"][0]
        raise PortBindingError(port_id=port["id"], host=host, reason=last["sentence"])
    return get(d, ctx, port["id"], host)


def _decided(
    d: Deployment, ctx: RequestContext, port: Port, wished: Binding
) -> tuple[Binding, Decision]:
    """An inactive binding as the drivers bind it.

    Raises:
        PortBindingError: none does.
    """
    as_if = {
        **port,
        "binding:host_id": wished["host"],
        "binding:vnic_type": wished["vnic_type"],
        "binding:profile": wished["profile"],
    }
    decision = binding.decide(d, ctx, as_if, Lookups(d), Committing(d, ctx))
    binding.keep_attempts(d, ctx, port["id"], [decision.attempt])
    if not decision.bound:
        raise PortBindingError(
            port_id=port["id"], host=wished["host"], reason=decision.attempt["sentence"]
        )
    made = {
        **wished,
        "status": rows.INACTIVE,
        "vif_type": decision.vif_type,
        "vif_details": decision.vif_details,
    }
    return made, decision


def _keep_levels(tx: Transaction, port_id: str, host: str, decision: Decision) -> None:
    levels = [(level.driver, level.segment_id) for level in decision.levels]
    rows.insert_levels(tx, port_id, host, levels)


def _bump(
    d: Deployment, tx: Transaction, port: Port, *, status: str | None = None, step: int = 1
) -> None:
    if not rows.take_revision(
        tx,
        port["id"],
        expected=port["revision_number"],
        now=d.clock(),
        status=status,
        step=step,
    ):
        raise TryAgain(reason=f"port {port['id']} was changed by another request")


def update(
    d: Deployment, ctx: RequestContext, port_id: str, host: str, changes: Mapping[str, Any]
) -> Binding:
    """Change a binding and bind it anew; a profile that is not given is emptied.

    Args:
        d: the deployment.
        ctx: the caller.
        port_id: of the port.
        host: of the binding.
        changes: vnic_type, profile, host.

    Raises:
        PortNotFound, PortBindingNotFound: there is none.
        BadRequest: the port is of a kind that has one binding only.
        PortBindingAlreadyExists: there is one on the new host.
        PortBindingError: no driver binds it so; an inactive binding stays as it was then.
    """
    with d.database.read() as conn:
        port, present, of_port = _require(conn, ctx, port_id, host)
    wished = {
        **present,
        "host": _host(changes.get("host") or host),
        "vnic_type": changes.get("vnic_type") or present["vnic_type"],
        "profile": changes.get("profile") or {},
    }
    if wished["host"] != host and any(one["host"] == wished["host"] for one in of_port):
        raise PortBindingAlreadyExists(port_id=port_id, host=wished["host"])
    if present["status"] == rows.ACTIVE:
        inputs = {
            "binding:host_id": wished["host"],
            "binding:vnic_type": wished["vnic_type"],
            "binding:profile": wished["profile"],
        }
        port = ports.update(d, ctx, port_id, inputs, of_binding=True)
        return _active_result(d, ctx, port)
    if wished == present and present["vif_type"] != rows.UNBOUND:
        return _shown(present)
    made, decision = _decided(d, ctx, port, wished)
    with d.database.transaction(ctx) as tx:
        _bump(d, tx, port)
        rows.delete_levels(tx, port_id, host)
        if not rows.change(tx, port_id, host, made):
            raise PortBindingNotFound(port_id=port_id, host=host)
        _keep_levels(tx, port_id, made["host"], decision)
        tx.journal("port", port_id, "update", port["project_id"])
    return _shown(made)


def delete(d: Deployment, ctx: RequestContext, port_id: str, host: str) -> None:
    """Delete a binding. Without its active one a port is bound nowhere and DOWN.

    Raises:
        PortNotFound, PortBindingNotFound: there is none.
        BadRequest: the port is of a kind that has one binding only.
    """
    with d.database.transaction(ctx) as tx:
        port, present, _ = _require(tx, ctx, port_id, host)
        if present["status"] == rows.ACTIVE:
            _bump(d, tx, port, status="DOWN", step=2)
        else:
            _bump(d, tx, port)
        rows.remove(tx, port_id, host)
        unbound = {**port, "binding:host_id": "", "status": "DOWN"}
        now = unbound if present["status"] == rows.ACTIVE else port
        port_journal.note(tx, port_journal.UNBIND, now, port)


def activate(d: Deployment, ctx: RequestContext, port_id: str, host: str) -> Binding:
    """Make an inactive binding the active one; the port is DOWN until its new host has wired it.

    Raises:
        PortNotFound, PortBindingNotFound: there is none.
        BadRequest: the port is of a kind that has one binding only.
        PortBindingAlreadyActive: it is the active one.
        MechanismDriverError: a driver refused.
    """
    with d.database.transaction(ctx) as tx:
        original, chosen, of_port = _require(tx, ctx, port_id, host)
        if chosen["status"] == rows.ACTIVE:
            raise PortBindingAlreadyActive(port_id=port_id, host=host)
        active = next((one for one in of_port if one["status"] == rows.ACTIVE), None)
        port = _activated(d, original, chosen)
        changes = {
            name: port[name] for name in ("status", "mac_address", "revision_number", "updated_at")
        }
        original_levels = _levels(tx, port_id, active["host"]) if active else ()
        levels = _levels(tx, port_id, host)
        changes["awaits_l2"] = bool(levels) and d.mechanisms.wired_by_agent(levels[-1].driver)
        if not port_rows.update_row(tx, original, changes):
            raise TryAgain(reason=f"port {port_id} was changed by another request")
        if active is not None:
            rows.delete_levels(tx, port_id, active["host"])
            idle = rows.unbound(active["host"], active["vnic_type"], active["profile"])
            rows.change(tx, port_id, active["host"], {**idle, "status": rows.INACTIVE})
        rows.change(tx, port_id, host, {**chosen, "status": rows.ACTIVE})
        if d.mechanisms.concerned(Hook.UPDATE_PORT_PRECOMMIT, original, port):
            context = driver_contexts.for_port(
                d,
                ctx,
                port,
                original=original,
                levels=levels,
                original_levels=original_levels,
                tx=tx,
            )
            d.mechanisms.precommit(Hook.UPDATE_PORT_PRECOMMIT, [context])
        port_journal.note(tx, port_journal.ACTIVATE, port, original)
        item = postcommits.Item(
            current=port, original=original, levels=levels, original_levels=original_levels
        )
        due = postcommits.due(d, tx, Hook.UPDATE_PORT_POSTCOMMIT, [item])
    postcommits.run(d, ctx, due)
    binding.bind(d, ctx, port)  # one that was active before is not bound any more
    return get(d, ctx, port_id, host)


def _activated(d: Deployment, port: Port, chosen: Binding) -> Port:
    """The port as it is with another active binding."""
    activated = {
        **port,
        "binding:host_id": chosen["host"],
        "binding:vnic_type": chosen["vnic_type"],
        "binding:profile": chosen["profile"],
        "binding:vif_type": chosen["vif_type"],
        "binding:vif_details": chosen["vif_details"],
        "status": "DOWN",
        "revision_number": port["revision_number"] + 2,
        "updated_at": d.clock(),
    }
    activated["mac_address"] = macs.of_device(activated) or port["mac_address"]
    return activated


def _levels(tx: Transaction, port_id: str, host: str) -> tuple[BoundLevel, ...]:
    return tuple(
        BoundLevel(driver=level.driver, segment_id=level.segment_id)
        for level in rows.levels(tx, port_id, host)
    )
