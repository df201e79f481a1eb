"""A router becomes one of another kind: highly available or not, distributed or not.

    before   `prepare`   the HA network is there
    in the transaction   its agents lose it, with the ports through which they talk
                         its interfaces get another owner, and are on all hosts or on none
                         a VRRP group is taken or given back, SNAT ports come or go
    after                it is given to agents anew

It is administratively down, so nothing is cut off that works.
"""

from functools import partial
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import distributed, ports
from deuteron.core.deployment import Deployment
from deuteron.db.transaction import Transaction
from deuteron.services.l3 import kinds
from deuteron.services.l3 import router_rows as rows
from deuteron.services.l3.afterwards import Afterwards
from deuteron.services.l3.agents import rows as agent_rows
from deuteron.services.l3.agents import scheduling
from deuteron.services.l3.dvr import routers as dvr
from deuteron.services.l3.dvr import rows as dvr_rows
from deuteron.services.l3.ha import networks as ha_networks
from deuteron.services.l3.ha import routers as ha
from deuteron.services.l3.kinds import Kind

Row = dict[str, Any]

_ACTIVE = "ACTIVE"


def prepare(d: Deployment, ctx: RequestContext, router: Row, kind: Kind | None) -> None:
    """See to what a router of another kind needs; nothing where that is none.

    Args:
        d: the deployment.
        ctx: the caller.
        router: as it is.
        kind: that it is to become, None if it stays what it is.

    Raises:
        NoNetworkAvailable: there is no segment for the HA network.
    """
    if kind is not None and kind.ha and not router["ha"]:
        ha_networks.ensure(d, ctx, router["project_id"])


def convert(d: Deployment, tx: Transaction, router: Row, kind: Kind, after: Afterwards) -> None:
    """Make a router that is locked one of another kind.

    Args:
        d: the deployment.
        tx: the transaction.
        router: API dict; changed in place, its row is the caller's to write.
        kind: another one than it is of.
        after: gets what follows after the commit.

    Raises:
        NoVRIDAvailable: no VRRP group is left.
        TryAgain: the HA network is gone.
    """
    _take_from_agents(d, tx, router, after)
    was_ha, owner = router["ha"], kinds.interface_owner(router)
    router.update(distributed=kind.distributed, ha=kind.ha, status=_ACTIVE)
    if kinds.interface_owner(router) != owner:
        _change_interfaces(d, tx, router, owner, after)
    if kind.ha and not was_ha:
        ha.require_vr_id(tx, router)
    elif was_ha and not kind.ha:
        ha.release_vr_id(tx, router)
        after.then.append(partial(_without_ha, router["project_id"]))
    dvr.sync_snat_ports(d, tx, router, after)
    after.then.append(partial(_schedule, router["id"]))


def _without_ha(project_id: str, d: Deployment, ctx: RequestContext) -> None:
    ha_networks.remove_if_unused(d, ctx, project_id)


def _schedule(router_id: str, d: Deployment, ctx: RequestContext) -> None:
    scheduling.schedule(d, ctx, [router_id])


def _take_from_agents(d: Deployment, tx: Transaction, router: Row, after: Afterwards) -> None:
    """No agent has the router any more, wherever it was."""
    router_id = router["id"]
    for known in agent_rows.schedulable(tx, [router_id]):
        for place in agent_rows.places(tx, [router_id])[router_id]:
            scheduling.take(d, tx, known, place.agent, after)
    if not router["distributed"]:
        return
    for host, port_ids in dvr_rows.placed(tx, [router_id]).get(router_id, {}).items():
        distributed.leave(d, tx, port_ids, host)
        tx.journal("router", router_id, dvr.UNSCHEDULED, router["project_id"], {"host": host})


def _change_interfaces(
    d: Deployment, tx: Transaction, router: Row, old_owner: str, after: Afterwards
) -> None:
    """Give the interfaces of a router the owner that goes with its kind."""
    owner = kinds.interface_owner(router)
    attached = rows.attached(tx, router["id"])
    for port_id in sorted({one.port_id for one in attached if one.owner == old_owner}):
        port = ports.require(tx, port_id, None)
        changes = {"device_owner": owner, "binding:host_id": ""}
        _, due = ports.change(d, tx, port, changes)
        after.owe(due)
        rows.detach(tx, [port_id])
        rows.attach(tx, router["id"], [port_id], owner)
