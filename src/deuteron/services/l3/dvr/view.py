"""What the agents of distributed routers are told of them, beside what all are told.

    gw_port_host                    where the router is centrally
    _snat_router_interfaces         by which it leaves there what has no floating IP
    _floatingip_agent_interfaces    by which floating IPs come in on the agent's host
    _floatingips                    those of ports on the agent's host; with `host` and `dest_host`

A floating IP whose port is on no host, or on one whose agent reaches no external networks, is
served centrally (``dvr_snat_bound``). Names and rules are Neutron's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from neutron_lib import constants

from deuteron.context import RequestContext
from deuteron.core import ports as port_verbs
from deuteron.core.deployment import Deployment
from deuteron.db import ports as port_rows
from deuteron.query import Query
from deuteron.services.l3.agents.view import (
    AGENT_GATEWAY_PORTS,
    GATEWAY_HOST,
    GATEWAY_PORT,
    SNAT_PORTS,
    View,
)
from deuteron.services.l3.dvr import rows
from deuteron.services.l3.ha import routers as ha
from deuteron.services.l3.kinds import AGENT_GATEWAY, SNAT_PORT

Row = dict[str, Any]

_FLOATING_IPS = "_floatingips"
_ACTIVE = "ACTIVE"
_DVR_SNAT = "dvr_snat"
_NO_EXTERNAL = rows.DVR_NO_EXTERNAL
_SNAT_BOUND = constants.DVR_SNAT_BOUND
_NEEDS_BINDING = constants.FLOATING_IP_HOST_NEEDS_BINDING


def show(d: Deployment, ctx: RequestContext, view: View) -> None:
    """Add what goes with distributed routers, and leave floating IPs of other hosts out.

    A constant number of statements, none for agents and routers that are not distributed. Floating
    IPs must be there already.

    Args:
        d: the deployment.
        ctx: the agent.
        view: of the agent.
    """
    spread = {one: router for one, router in view.routers.items() if router["distributed"]}
    if not spread or view.agent.mode not in rows.MODES:
        return
    _show_hosts(d, spread)
    gated = {one: router for one, router in spread.items() if router["gw_port_id"]}
    if gated:
        own = {"device_id": (view.agent.id,), "device_owner": (AGENT_GATEWAY,)}
        agent_ports = port_verbs.list_(d, ctx, Query(filters=own))
        for router_id, router in gated.items():
            router[SNAT_PORTS] = view.ports_of(router_id, SNAT_PORT)
            router[AGENT_GATEWAY_PORTS] = agent_ports
    _choose_floating_ips(d, view, spread)


def _show_hosts(d: Deployment, spread: Mapping[str, Row]) -> None:
    with d.database.read() as conn:
        given = rows.scheduled(conn, spread)
        ha_ids = [one for one, router in spread.items() if router["ha"]]
        active = ha.active_hosts(d, conn, ha_ids) if ha_ids else {}
    for router_id, router in spread.items():
        router[GATEWAY_HOST] = _central_host(router, given.get(router_id, []), active)


def _central_host(router: Row, given: list[str], active: Mapping[str, Sequence[str]]) -> str | None:
    """Where the gateway of a router is; None if it has none, or nobody knows."""
    gateway = router.get(GATEWAY_PORT)
    if gateway is None:
        return None
    if not router["ha"]:
        return given[0] if given else None
    host = ha.the_active_host(active.get(router["id"], ()), (gateway["binding:host_id"],))
    moved = gateway["status"] == _ACTIVE and gateway["binding:host_id"] != host
    return None if moved else host


def _choose_floating_ips(d: Deployment, view: View, spread: Mapping[str, Row]) -> None:
    wanted = {
        fip["port_id"]
        for router in spread.values()
        for fip in router.get(_FLOATING_IPS, ())
        if fip["port_id"]
    }
    if not wanted:
        return
    with d.database.read() as conn:
        places = {
            port["id"]: (port["binding:host_id"], port["binding:profile"].get("migrating_to"))
            for port in port_rows.get_many(conn, sorted(wanted))
        }
        hosts = {host for host, _ in places.values() if host}
        modes = {host: agent.mode for host, agent in rows.agents_on(conn, hosts).items()}
    for router in spread.values():
        router[_FLOATING_IPS] = [
            {**fip, **more}
            for fip in router.get(_FLOATING_IPS, ())
            if fip["port_id"] in places
            and (more := served(view.agent.host, view.agent.mode, *places[fip["port_id"]], modes))
            is not None
        ]


def served(
    asking: str, mode: str, host: str, destination: str | None, modes: Mapping[str, str]
) -> Row | None:
    """How an agent serves the floating IP of a port; None if it does not. No I/O.

    Args:
        asking: host of the agent.
        mode: of the agent.
        host: of the port, '' for none.
        destination: to which it will move, None if it stays.
        modes: host -> the mode of its L3 agent.

    Returns:
        what is added to the floating IP.
    """
    central = {"host": _NEEDS_BINDING, _SNAT_BOUND: True}
    if not host:
        return central if mode == _DVR_SNAT else None
    if modes.get(host) == _NO_EXTERNAL:
        return {**central, "dest_host": destination} if mode == _DVR_SNAT else None
    if asking in (host, destination):
        return {"host": host, "dest_host": destination}
    return None
