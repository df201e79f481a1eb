"""Where the ports of routers are: on the hosts of the agents that have these.

an agent asks for its routers   their ports are bound to its host, before it is answered

router             interfaces                     gateway, SNAT ports
on one agent       the agent's host               the agent's host
highly available   where it is active, once it    the same
                   is known; then they follow
                   what agents say (`ha`); all
                   its hosts attend
distributed        each host that asks            the host of the agent that it was given to,
                                                  or where it is active
"""

from collections.abc import Collection, Mapping, Sequence

from deuteron.context import RequestContext
from deuteron.core import distributed, port_moves
from deuteron.core.deployment import Deployment
from deuteron.services.l3.agents import hosting_rows as rows
from deuteron.services.l3.agents.hosting_rows import Hosted
from deuteron.services.l3.dvr import rows as dvr_rows
from deuteron.services.l3.ha import routers as ha
from deuteron.services.l3.kinds import GATEWAY, HA_PORT, SNAT_PORT

_CENTRAL = (GATEWAY, SNAT_PORT)


def bind_ports(d: Deployment, ctx: RequestContext, host: str, router_ids: Collection[str]) -> None:
    """See to it that the ports of routers are where they are to be.

    Five statements at most if all of them are.

    Args:
        d: the deployment.
        ctx: the agent.
        host: of the agent that asks for these routers, and has them.
        router_ids: of the routers.

    Raises:
        TryAgain: others bind the same ports.
    """
    with d.database.read() as conn:
        found = rows.of_routers(conn, router_ids)
        ha_ids = sorted({one.router_id for one in found if one.ha})
        active = _active(found, ha.active_hosts(d, conn, ha_ids)) if ha_ids else {}
        spread = {one.router_id for one in found if one.distributed}
        given = {
            router_id: hosts[0] for router_id, hosts in dvr_rows.scheduled(conn, spread).items()
        }
    interfaces = [one.port_id for one in found if one.owner == distributed.OWNER]
    if interfaces:
        distributed.bind(d, ctx, interfaces, host)
    replicated = [one.port_id for one in found if one.owner == distributed.REPLICATED]
    if replicated:
        distributed.attend(d, ctx, replicated, host)
    moving: dict[str, list[str]] = {}
    for one in found:
        wanted = _host_of(one, host, active.get(one.router_id), given.get(one.router_id))
        if wanted is not None and (one.host != wanted or not one.bound):
            moving.setdefault(wanted, []).append(one.port_id)
    for wanted, port_ids in moving.items():
        port_moves.to_host(d, ctx, port_ids, wanted)


def _active(
    found: Collection[Hosted], saying: Mapping[str, Sequence[str]]
) -> dict[str, str | None]:
    """Router id -> the host where it is active, by those that say so and where its ports are."""
    places: dict[str, set[str]] = {}
    for one in found:
        if one.owner != HA_PORT:
            places.setdefault(one.router_id, set()).add(one.host)
    return {
        router_id: ha.the_active_host(hosts, places.get(router_id, ()))
        for router_id, hosts in saying.items()
    }


def _host_of(one: Hosted, asking: str, active: str | None, given: str | None) -> str | None:
    """The host where a port is to be; None to leave it where it is."""
    if one.owner in (distributed.OWNER, HA_PORT):
        return None
    if one.ha:
        return active if not one.host else None
    if one.distributed and one.owner in _CENTRAL:
        return given if given is not None else ""
    return asking
