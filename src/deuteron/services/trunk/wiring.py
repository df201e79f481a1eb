"""A trunk on its host: its agent binds the sub-ports there, and says when the trunk is done.

    trunk pushed or pulled --> agent makes its bridge --> bind_subports   BUILD, sub-ports bound
                                                      --> report          ACTIVE, DEGRADED, ...

The statuses and their order are Neutron's.
"""

import logging
from collections.abc import Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import ports, standard
from deuteron.core.deployment import Deployment
from deuteron.db.bindings import FAILED
from deuteron.errors import InvalidInput, NetworkError, TryAgain
from deuteron.services.trunk import rows, trunks

LOG = logging.getLogger(__name__)

Port = dict[str, Any]

ACTIVE = "ACTIVE"
BUILD = "BUILD"
DEGRADED = "DEGRADED"
STATUSES = (ACTIVE, trunks.DOWN, BUILD, DEGRADED, trunks.ERROR)
OWNER = "trunk:subport"


def bind_subports(
    d: Deployment, ctx: RequestContext, trunk_id: str, port_ids: Sequence[str]
) -> list[Port]:
    """Bind sub-ports of a trunk to the host of its parent, or to the one that it moves to.

    Each is bound for itself, as drivers may refuse one and take another. If one cannot be bound
    the trunk is in ERROR; if one cannot be changed it is DEGRADED.

    Args:
        d: the deployment.
        ctx: the agent.
        trunk_id: of the trunk.
        port_ids: of ports; those that are not on the trunk are left alone.

    Returns:
        API dicts of those that are bound; none if one could not be.

    Raises:
        TrunkNotFound: there is none of this id.
    """
    trunk = trunks.get(d, ctx, trunk_id)
    on_trunk = {one["port_id"] for one in trunk["sub_ports"]}
    parent = ports.get(d, ctx, trunk["port_id"])
    host = parent["binding:profile"].get("migrating_to") or parent["binding:host_id"]
    report(d, ctx, trunk_id, BUILD)
    wanted = [port_id for port_id in port_ids if port_id in on_trunk]
    bound: list[Port] = []
    for port_id in wanted:
        changes = {"binding:host_id": host, "device_owner": OWNER}
        try:
            port = ports.update(d, ctx, port_id, changes)
        except TryAgain:
            raise
        except NetworkError as error:
            LOG.warning("Sub-port %s of trunk %s is not bound: %s", port_id, trunk_id, error)
            continue
        if port["binding:vif_type"] == FAILED:
            LOG.warning("Sub-port %s of trunk %s cannot be bound on %s", port_id, trunk_id, host)
            report(d, ctx, trunk_id, trunks.ERROR)
            return []
        bound.append(port)
    if len(bound) < len(port_ids):
        report(d, ctx, trunk_id, DEGRADED)
    return bound


def report(d: Deployment, ctx: RequestContext, trunk_id: str, status: str) -> None:
    """Note what has become of a trunk on its host; one that is gone is none of anybody's.

    Args:
        d: the deployment.
        ctx: the agent.
        trunk_id: of the trunk.
        status: ``ACTIVE``, ``DOWN``, ``BUILD``, ``DEGRADED`` or ``ERROR``.

    Raises:
        InvalidInput: this is no status.
    """
    if status not in STATUSES:
        raise InvalidInput(error_message=f"a trunk is {', '.join(STATUSES)}, not {status}")
    with d.database.transaction(ctx) as tx:
        trunk = rows.get(tx, trunk_id, None)
        if trunk is None or trunk["status"] == status:
            return
        changes = {"status": status, **standard.bumped(trunk, d.clock())}
        if not rows.update_row(tx, trunk, changes):
            raise TryAgain(reason=f"trunk {trunk_id} was changed by another request")
        tx.journal("trunk", trunk_id, "status", trunk["project_id"])
