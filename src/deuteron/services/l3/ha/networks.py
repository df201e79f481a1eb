"""The hidden networks over which the agents of highly available routers talk VRRP.

    ensure            before a router becomes one: its project's network, made if it is not there
    remove_if_unused  after a router was one: gone with the last of them

A project has one, which is nobody's: projects do not see it, administrators do. Its primary key
decides between those who make it at the same time; the loser's network is rolled back. It cannot
be deleted while routers have VRRP groups on it: foreign keys hold it.

Whoever may create networks can make it himself by ``"ha": true`` (extension ``network_ha``).
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from neutron_lib import constants

from deuteron.context import RequestContext
from deuteron.core import networks, subnets
from deuteron.core.deployment import Deployment
from deuteron.core.driver_sources import pause
from deuteron.core.extension import ResourceExtension
from deuteron.db.transaction import Transaction
from deuteron.errors import (
    DuplicatedHANetwork,
    InvalidInput,
    MechanismDriverError,
    NetworkInUse,
    NotFound,
    TryAgain,
)
from deuteron.services.l3.ha import rows

LOG = logging.getLogger(__name__)

Row = dict[str, Any]

ATTRIBUTE = "ha"
_NOBODY = ""
_LONGEST_NAME = 255
_TRIES = 5


def ensure(d: Deployment, ctx: RequestContext, project_id: str) -> str:
    """The network of a project; one statement if it is there.

    Must be called before the transaction in which a router needs it.

    Args:
        d: the deployment.
        ctx: the caller; whatever he may do, the network is made.
        project_id: whose routers it is for.

    Returns:
        its id.

    Raises:
        NoNetworkAvailable: there is no free segment for it.
        TryAgain: it was removed in this very moment.
    """
    with d.database.read() as conn:
        found = rows.network_of(conn, project_id)
    if found is not None and found.complete:
        return found.id
    as_service = replace(ctx, project_id=project_id, is_admin=True)
    network_id = _make(d, as_service, project_id) if found is None else found.id
    _complete(d, as_service, project_id, network_id)
    return network_id


def _make(d: Deployment, ctx: RequestContext, project_id: str) -> str:
    configured = d.settings.routing
    body = {
        "name": _name(constants.HA_NETWORK_NAME, project_id),
        "project_id": _NOBODY,
        "admin_state_up": True,
        "shared": False,
        ATTRIBUTE: True,
        "provider:network_type": configured.l3_ha_network_type,
        "provider:physical_network": configured.l3_ha_network_physical_name,
    }
    try:
        return str(networks.create(d, ctx, [body])[0]["id"])
    except DuplicatedHANetwork:
        with d.database.read() as conn:
            faster = rows.network_of(conn, project_id)
    if faster is None:
        raise TryAgain(reason=f"the network of project {project_id}'s HA routers comes and goes")
    return faster.id


def _complete(d: Deployment, ctx: RequestContext, project_id: str, network_id: str) -> None:
    body = {
        "name": _name(constants.HA_SUBNET_NAME, project_id),
        "network_id": network_id,
        "project_id": _NOBODY,
        "ip_version": 4,
        "cidr": d.settings.routing.l3_ha_net_cidr,
        "gateway_ip": None,
        "enable_dhcp": False,
        "subnetpool_id": None,
    }
    try:
        subnets.create(d, ctx, [body])
    except InvalidInput:
        with d.database.read() as conn:
            found = rows.network_of(conn, project_id)
        if found is None or found.id != network_id:
            raise TryAgain(reason=f"HA network {network_id} was removed") from None
        if not found.complete:
            raise  # not because another one was faster
    except NotFound as gone:
        raise TryAgain(reason=gone.message) from gone


def _name(template: str, project_id: str) -> str:
    return (template % project_id)[:_LONGEST_NAME]


def remove_if_unused(d: Deployment, ctx: RequestContext, project_id: str) -> None:
    """Remove the network of a project if no router needs it; what hinders that is only logged.

    Args:
        d: the deployment.
        ctx: the caller of what was committed already.
        project_id: whose routers it was for.
    """
    as_service = replace(ctx, project_id=project_id, is_admin=True)
    for attempt in range(1, _TRIES + 1):
        with d.database.read() as conn:
            found = rows.network_of(conn, project_id)
            if found is None or rows.routers_on(conn, found.id):
                return
        try:
            networks.delete(d, as_service, found.id)
        except (NotFound, NetworkInUse):
            return  # others were faster, or need it
        except MechanismDriverError as error:
            LOG.warning("The HA network of project %s stays: %s", project_id, error)
            return
        except TryAgain as conflict:
            LOG.info("The HA network of project %s: %s", project_id, conflict)
            pause(attempt)
        else:
            LOG.info("Removed the HA network of project %s with its last HA router", project_id)
            return


# --- what this means for networks -----------------------------------------------------------------


def _stored(tx: Transaction, body: Mapping[str, Any], row: Row) -> None:
    if body.get(ATTRIBUTE) and not rows.claim_network(tx, tx.context.project_id, row["id"]):
        raise DuplicatedHANetwork(project_id=tx.context.project_id)


def _on_delete(tx: Transaction, network: Mapping[str, Any]) -> None:
    if not rows.is_ha_network(tx, network["id"]):
        return
    if rows.routers_on(tx, network["id"]):
        raise NetworkInUse(net_id=network["id"], reason="highly available routers talk over it")
    rows.forget_network(tx, network["id"])


OF_NETWORKS = ResourceExtension(aliases=("network_ha",), stored=_stored, on_delete=_on_delete)
