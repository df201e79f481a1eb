"""Gateways of routers, when their external network gets another subnet.

    IPv6        a gateway without an IPv6 address gets one of the new subnet
    IPv4        likewise, if the service types of the subnet name gateways
    SLAAC       all ports of the network make themselves an address anyway (`deuteron.core.subnets`)

Each gateway in a transaction of its own; one for which there is no address stays as it is.
Source: observed of Neutron, which refuses the request in that case although the subnet is there.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import addresses, ports, postcommits
from deuteron.core.deployment import Deployment
from deuteron.core.driver_sources import pause
from deuteron.db import subnets as subnet_rows
from deuteron.db.transaction import Transaction
from deuteron.errors import NetworkError, PortNotFound, TryAgain
from deuteron.services.l3 import router_rows as rows

LOG = logging.getLogger(__name__)

Row = dict[str, Any]

_TRIES = 10


def follow(d: Deployment, ctx: RequestContext, made: Sequence[Row]) -> None:
    """Give gateways addresses of new subnets, as far as they lack some.

    One statement for each subnet of an external network from which gateways get addresses.

    Args:
        d: the deployment.
        ctx: the caller; gateways are nobody's, so they follow whoever it is.
        made: API dicts of subnets.
    """
    everybody = replace(ctx, is_admin=True)
    for subnet in made:
        if subnet["router:external"] and _is_for_gateways(subnet):
            with d.database.read() as conn:
                gateways = rows.gateways_on(conn, subnet["network_id"])
            for port_id in gateways:
                _give(d, everybody, port_id, subnet)


def _is_for_gateways(subnet: Mapping[str, Any]) -> bool:
    if addresses.is_auto_address(subnet):
        return False
    types = subnet["service_types"]
    return rows.GATEWAY in types or (subnet["ip_version"] == 6 and not types)


def _give(d: Deployment, ctx: RequestContext, port_id: str, subnet: Row) -> None:
    for attempt in range(1, _TRIES + 1):
        try:
            with d.database.transaction(ctx) as tx:
                port = ports.require(tx, port_id, None)
                if _has_enough(tx, port, subnet["ip_version"]):
                    return
                wished = [*port["fixed_ips"], {"subnet_id": subnet["id"]}]
                _, due = ports.change(d, tx, port, {"fixed_ips": wished})
            postcommits.run(d, ctx, due)
        except TryAgain:
            pause(attempt)
        except PortNotFound:
            return
        except NetworkError as error:
            LOG.warning("Gateway %s gets no address of its new subnet: %s", port_id, error)
            return
        else:
            return
    LOG.warning("Gateway %s gets no address of its new subnet: it always changes", port_id)


def _has_enough(tx: Transaction, port: Mapping[str, Any], ip_version: int) -> bool:
    """Whether a gateway has an address of this version, or several, that it did not make itself."""
    of_network = {one["id"]: one for one in subnet_rows.of_networks(tx, [port["network_id"]])}
    held = [of_network[one["subnet_id"]] for one in port["fixed_ips"]]
    versions = [one["ip_version"] for one in held if not addresses.is_auto_address(one)]
    return len(versions) > 1 or ip_version in versions
