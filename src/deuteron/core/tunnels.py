"""Tunnels: each agent says where those of its host end, and learns where all others do.

An address belongs to one host, and a host has one address per type of tunnels. Who claims another
host's address gets it: hosts are renamed, and their addresses given to others.
"""

import ipaddress
import logging
from dataclasses import dataclass

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.db import tunnel_endpoints as rows
from deuteron.errors import InvalidInput, TryAgain

LOG = logging.getLogger(__name__)

_TYPES = ("gre", "vxlan", "geneve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What came of an agent's word about its tunnels.

    Args:
        endpoints: host -> address of all tunnels of the type, its own among them.
        left: the address that its host had before and has no more, None if there is none.
    """

    endpoints: dict[str, str]
    left: str | None


def sync(
    d: Deployment, ctx: RequestContext, *, tunnel_type: str, host: str, ip_address: str
) -> Synced:
    """Note where the tunnels of a host end. One statement where that is known.

    Args:
        d: the deployment.
        ctx: the agent.
        tunnel_type: ``vxlan``, ``gre`` or ``geneve``.
        host: of the agent.
        ip_address: where they end.

    Raises:
        InvalidInput: there are no such tunnels here, or this is no address for them.
    """
    if tunnel_type not in _TYPES or tunnel_type not in d.settings.ml2.type_drivers:
        raise InvalidInput(error_message=f"there are no networks of the type {tunnel_type}")
    address = _checked(d, ip_address)
    with d.database.read() as conn:
        known = rows.of_type(conn, tunnel_type)
    if known.get(host) == address:
        return Synced(endpoints=known, left=None)
    with d.database.transaction(ctx) as tx:
        known = rows.of_type(tx, tunnel_type)
        before = known.get(host)
        other = next(
            (one for one, taken in known.items() if taken == address and one != host), None
        )
        if other is not None:
            LOG.info("Tunnel address %s was that of host %s, it is now %s's", address, other, host)
            del known[other]
        if before is not None or other is not None:
            rows.remove(tx, tunnel_type, host=host, ip_address=address)
        if not rows.insert(tx, tunnel_type, host=host, ip_address=address):
            raise TryAgain(reason=f"tunnels of host {host} are being noted by another process")
    known[host] = address
    # What another host gave up may be in use there still, so nobody is told to forget it.
    return Synced(endpoints=known, left=before if other is None else None)


def _checked(d: Deployment, ip_address: str) -> str:
    try:
        address = ipaddress.ip_address(ip_address)
    except ValueError:
        raise InvalidInput(error_message=f"{ip_address} is no address of a tunnel") from None
    wanted = d.settings.ml2.overlay_ip_version
    if address.version != wanted:
        raise InvalidInput(
            error_message=f"tunnels are of IPv{wanted} here, and {address} is none of it"
        )
    return str(address)
