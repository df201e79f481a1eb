"""Trunks: create, get, list, update, delete, and their sub-ports: add, remove, get.

    create, add_subports   THE transaction
                             ports and networks         1 statement
                             which of them have trunks   1 statement
                             segments of networks        1 statement, for ``inherit``
                             agents of the host          1 statement, of a bound parent
                             rows, journal

A trunk is DOWN until what it means is done on the host of its port, and again after each change.
Source: API reference, "Trunk networking".
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import quotas, standard
from deuteron.core.deployment import Deployment
from deuteron.db import revisions
from deuteron.db import segments as segment_rows
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    DuplicateSubPort,
    SubPortNotFound,
    TrunkDisabled,
    TrunkInErrorState,
    TrunkInUse,
    TrunkNotFound,
    TryAgain,
)
from deuteron.query import Query
from deuteron.services.trunk import rows, rules

Trunk = dict[str, Any]
SubPort = dict[str, Any]

DOWN = "DOWN"
ERROR = "ERROR"


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Trunk]) -> list[Trunk]:
    """Create trunks, all or none.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the trunks, in the order of the bodies.

    Raises:
        PortNotFound, ParentPortInUse, TrunkPortInUse, PortInUse, ...: a port cannot be used, see
            `deuteron.services.trunk.rules`.
        InvalidInput: the segmentation of a sub-port is impossible.
        OverQuota: the project has as many trunks as it may have.
    """
    made = []
    with d.database.transaction(ctx) as tx:
        for body in bodies:
            trunk = _new(d, body)
            parent, subports = _usable(d, tx, trunk["port_id"], body["sub_ports"], new=True)
            trunk["port_id"] = parent["id"]
            trunk["sub_ports"] = rows.in_order(subports)
            rows.insert_one(tx, trunk)
            tx.journal("trunk", trunk["id"], "create", trunk["project_id"])
            made.append(trunk)
        quotas.take(d, tx, "trunk", {trunk["project_id"] for trunk in made})
    return made


def _new(d: Deployment, body: Mapping[str, Any]) -> Trunk:
    return {
        "id": str(uuid.uuid4()),
        "project_id": body["project_id"],
        "name": body["name"],
        "description": body.get("description") or "",
        "admin_state_up": body["admin_state_up"],
        "status": DOWN,
        "port_id": body["port_id"],
        "sub_ports": [],
        "tags": [],
        **standard.new(d.clock()),
    }


def _usable(
    d: Deployment, tx: Transaction, parent_id: str, wanted: Sequence[SubPort], *, new: bool
) -> tuple[Mapping[str, Any], list[SubPort]]:
    """The parent, and sub-ports with type and id, if all of them can be used.

    Args:
        parent_id: of the trunk's port.
        wanted: sub-ports as they were given.
        new: whether the parent is to get the trunk, rather than has it.
    """
    named = [subport["port_id"] for subport in wanted]
    ports = rows.ports_of(tx, [parent_id, *named], tx.context.scope)
    uses = rows.uses(tx, [parent_id, *named])
    parent = ports.get(parent_id)
    if new:
        rules.require_parent(parent_id, parent, uses, may_be_bound=_may_be_bound(d, tx, parent))
    # A trunk of the caller's whose port is another project's has no MTU that the caller may know.
    known = parent or {"id": parent_id, "mtu": None}
    inheriting = {
        ports[one["port_id"]]["network_id"]
        for one in wanted
        if one.get("segmentation_type") == rules.INHERIT and one["port_id"] in ports
    }
    segments = segment_rows.of_networks(tx, sorted(inheriting)) if inheriting else {}
    return known, rules.placed(wanted, parent=known, ports=ports, uses=uses, segments=segments)


def _may_be_bound(d: Deployment, conn: Connectable, port: Mapping[str, Any] | None) -> bool:
    """Whether a port may get or lose a trunk as it is bound now."""
    if port is None or not port["host"]:
        return True
    return rules.can_change_while_bound(
        d.settings.ml2.mechanism_drivers, port["vif_type"], rows.agent_types(conn, port["host"])
    )


def get(d: Deployment, ctx: RequestContext, trunk_id: str) -> Trunk:
    """The trunk of this id, with its sub-ports.

    Raises:
        TrunkNotFound: there is none.
    """
    with d.database.read() as conn:
        return _require(conn, trunk_id, ctx.scope)


def _require(conn: Connectable, trunk_id: str, scope: str | None) -> Trunk:
    trunk = rows.get(conn, trunk_id, scope)
    if trunk is None:
        raise TrunkNotFound(trunk_id=trunk_id)
    return trunk


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Trunk]:
    """The trunks that a query asks for, in its order, with their sub-ports."""
    with d.database.read() as conn:
        return rows.list_(conn, query, ctx.scope)


def subports_of_all(d: Deployment, _ctx: RequestContext, query: Query) -> list[SubPort]:
    """The sub-ports of all trunks that an agent asks for, with the ``trunk_id`` of each."""
    with d.database.read() as conn:
        return rows.list_subports(conn, query)


def update(
    d: Deployment,
    ctx: RequestContext,
    trunk_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,
) -> Trunk:
    """Change a trunk; the API lets through its name, description and administrative state.

    Raises:
        TrunkNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
    """
    with d.database.transaction(ctx) as tx:
        trunk = _require(tx, trunk_id, ctx.scope)
        standard.require_revision(trunk, if_revision)
        changed = standard.changed(trunk, changes)
        if not changed:
            return trunk
        changed.update(standard.bumped(trunk, d.clock()))
        if not rows.update_row(tx, trunk, changed):
            raise TryAgain(reason=f"trunk {trunk_id} was changed by another request")
        tx.journal("trunk", trunk_id, "update", trunk["project_id"])
    return {**trunk, **changed}


def delete(
    d: Deployment, ctx: RequestContext, trunk_id: str, *, if_revision: int | None = None
) -> None:
    """Delete a trunk; its ports stay.

    Raises:
        TrunkNotFound: there is none of this id.
        RevisionNumberConstraintFailed: it has another revision.
        TrunkDisabled: its administrative state is down.
        TrunkInUse: its port is bound, and the driver cannot take the trunk from it.
    """
    with d.database.transaction(ctx) as tx:
        trunk = _require(tx, trunk_id, ctx.scope)
        standard.require_revision(trunk, if_revision)
        _require_enabled(trunk)
        parent = rows.ports_of(tx, [trunk["port_id"]], None).get(trunk["port_id"])
        if not _may_be_bound(d, tx, parent):
            raise TrunkInUse(trunk_id=trunk_id)
        if not rows.delete_one(tx, trunk_id):
            raise TrunkNotFound(trunk_id=trunk_id)
        tx.journal("trunk", trunk_id, "delete", trunk["project_id"])


def _require_enabled(trunk: Trunk) -> None:
    if not trunk["admin_state_up"]:
        raise TrunkDisabled(trunk_id=trunk["id"])


# --- sub-ports ------------------------------------------------------------------------------------


def add_subports(d: Deployment, ctx: RequestContext, trunk_id: str, document: Any) -> Trunk:
    """Put ports on a trunk, all or none.

    Args:
        document: ``{"sub_ports": [...]}`` as it came.

    Returns:
        API dict of the trunk.

    Raises:
        TrunkNotFound: there is none of this id.
        TrunkDisabled, TrunkInErrorState: it cannot be changed as it is.
        DuplicateSubPort: it has this VLAN already.
        InvalidInput, PortInUse, ...: as in `create`.
    """
    with d.database.transaction(ctx) as tx:
        trunk = _require(tx, trunk_id, ctx.scope)
        wanted = rules.require_list(document)
        _, added = _usable(d, tx, trunk["port_id"], wanted, new=False)
        _require_enabled(trunk)
        if trunk["status"] == ERROR:
            raise TrunkInErrorState(trunk_id=trunk_id)
        taken = {(one["segmentation_type"], one["segmentation_id"]) for one in trunk["sub_ports"]}
        for one in added:
            place = (one["segmentation_type"], one["segmentation_id"])
            if place in taken:
                raise DuplicateSubPort(
                    trunk_id=trunk_id, segmentation_type=place[0], segmentation_id=place[1]
                )
            taken.add(place)
        if added:
            _touch(d, tx, trunk, "joined", added)
            rows.add_subports(tx, trunk_id, added)
            trunk["sub_ports"] = rows.in_order([*trunk["sub_ports"], *added])
    return _shown(trunk)


def _shown(trunk: Trunk) -> Trunk:
    """What an action answers, which nobody completes: the project under both of its names."""
    return {**trunk, "tenant_id": trunk["project_id"]}


def _touch(
    d: Deployment, tx: Transaction, trunk: Trunk, what: str, changed: Sequence[SubPort]
) -> None:
    """Count a change of sub-ports as a change of the trunk, which is not done on the host yet.

    Args:
        what: ``joined`` or ``left``, for those who follow the journal.
        changed: the sub-ports that did.
    """
    now = d.clock()
    if not revisions.bump(tx, rows.COLLECTION, [trunk["id"]], now):
        raise TrunkNotFound(trunk_id=trunk["id"])
    trunk.update(standard.bumped(trunk, now))
    if trunk["status"] != DOWN:
        rows.set_status(tx, trunk["id"], DOWN)
        trunk["status"] = DOWN
    details = {what: [dict(one) for one in changed]}
    tx.journal("trunk", trunk["id"], "update", trunk["project_id"], details)


def remove_subports(d: Deployment, ctx: RequestContext, trunk_id: str, document: Any) -> Trunk:
    """Take ports from a trunk, all or none.

    Args:
        document: ``{"sub_ports": [{"port_id": ID}, ...]}`` as it came.

    Returns:
        API dict of the trunk.

    Raises:
        TrunkNotFound, SubPortNotFound: there is no such trunk, or the port is not on it.
        TrunkDisabled: its administrative state is down.
        InvalidInput: the document is not as it should be.
    """
    with d.database.transaction(ctx) as tx:
        trunk = _require(tx, trunk_id, ctx.scope)
        _require_enabled(trunk)
        gone = [subport["port_id"] for subport in rules.require_list(document)]
        present = {subport["port_id"] for subport in trunk["sub_ports"]}
        for port_id in gone:
            if port_id not in present:
                raise SubPortNotFound(trunk_id=trunk_id, port_id=port_id)
        if gone:
            leaving = [one for one in trunk["sub_ports"] if one["port_id"] in gone]
            _touch(d, tx, trunk, "left", leaving)
            if rows.remove_subports(tx, trunk_id, gone) < len(gone):
                raise TryAgain(reason=f"trunk {trunk_id} was changed by another request")
            trunk["sub_ports"] = [one for one in trunk["sub_ports"] if one["port_id"] not in gone]
    return _shown(trunk)


def get_subports(d: Deployment, ctx: RequestContext, trunk_id: str) -> dict[str, list[SubPort]]:
    """The sub-ports of a trunk, as ``{"sub_ports": [...]}``.

    Raises:
        TrunkNotFound: there is none of this id.
    """
    return {"sub_ports": get(d, ctx, trunk_id)["sub_ports"]}
