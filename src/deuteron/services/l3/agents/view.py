"""Routers as L3 agents are told of them: with their ports, many at once.

    routers                        API dicts of those that are administratively up
    their ports                    gw_port, _interfaces
    additions                      floating IPs, and what other kinds of routers bring
    networks, subnets, scopes      completes all ports that are there then
    their routes                   those over ports that it carries

An agent carries one gateway, the first; of the others it is told what clients see, no more. Routes
over these it could not make, and would take for made when they can be.

A constant number of statements, however many routers there are: an agent that starts asks for all
of its routers, 256 at a time. The keys are Neutron's (observed).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import ports
from deuteron.core.deployment import Deployment
from deuteron.query import Query
from deuteron.services.l3 import routers, routes
from deuteron.services.l3.agents import view_rows as rows
from deuteron.services.l3.agents.rows import L3Agent
from deuteron.services.l3.kinds import GATEWAY, INTERFACES
from deuteron.services.l3.router_rows import Route

Resource = dict[str, Any]

GATEWAY_PORT = "gw_port"
GATEWAY_HOST = "gw_port_host"
INTERFACE_PORTS = "_interfaces"
SNAT_PORTS = "_snat_router_interfaces"
HA_PORT = "_ha_interface"
AGENT_GATEWAY_PORTS = "_floatingip_agent_interfaces"

_SINGLE = (GATEWAY_PORT, HA_PORT)
_MANY = (INTERFACE_PORTS, SNAT_PORTS, AGENT_GATEWAY_PORTS)
# What an agent is told of a subnet on which a port is.
_OF_SUBNETS = (
    "id",
    "cidr",
    "gateway_ip",
    "dns_nameservers",
    "ipv6_ra_mode",
    "subnetpool_id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Routers for an agent, while they are put together.

    Args:
        agent: who asks.
        routers: router id -> what the agent will be told; additions put their keys there, or take
            routers out.
        ports: router id -> owner -> API dicts of those of its ports.
    """

    agent: L3Agent
    routers: dict[str, Resource]
    ports: Mapping[str, Mapping[str, Sequence[Resource]]] = field(default_factory=dict)

    def ports_of(self, router_id: str, *owners: str) -> list[Resource]:
        """The ports of a router with these owners."""
        of_router = self.ports.get(router_id, {})
        return [port for owner in owners for port in of_router.get(owner, ())]


Addition = Callable[[Deployment, RequestContext, View], None]
"""Puts something besides into the routers of a view, in a constant number of statements."""


def read(
    d: Deployment,
    ctx: RequestContext,
    agent: L3Agent,
    router_ids: Collection[str],
    additions: Sequence[Addition] = (),
) -> list[Resource]:
    """Routers as an agent is told of them; without those that are administratively down.

    Args:
        d: the deployment.
        ctx: the caller.
        agent: who is told.
        router_ids: any number.
        additions: what else there is to tell, in this order.
    """
    if not router_ids:
        return []
    wanted = Query(filters={"id": tuple(router_ids), "admin_state_up": (True,)})
    found = {router["id"]: _router(router) for router in routers.list_(d, ctx, wanted)}
    if not found:
        return []
    view = View(agent=agent, routers=found, ports=_ports(d, ctx, found))
    for router_id, router in found.items():
        for port in view.ports_of(router_id, GATEWAY):
            if port["id"] == router["gw_port_id"]:
                port["qos_policy_id"] = router["qos_policy_id"]
                router[GATEWAY_PORT] = port
        interfaces = view.ports_of(router_id, *INTERFACES)
        if interfaces:
            router[INTERFACE_PORTS] = interfaces
    for show in additions:
        show(d, ctx, view)
    complete(d, list(_shown_ports(found.values())))
    for router in found.values():
        if len(router["external_gateways"]) > 1:
            router["routes"] = _carried(router)
    return list(found.values())


def _router(router: Mapping[str, Any]) -> Resource:
    return {
        **router,
        "tenant_id": router["project_id"],
        "ha_vr_id": router["ha_vr_id"] or 0,
    }


def _ports(
    d: Deployment, ctx: RequestContext, found: Mapping[str, Resource]
) -> dict[str, dict[str, list[Resource]]]:
    """Router id -> owner -> ports; a port that merely says that it is a router's is not."""
    with d.database.read() as conn:
        owned = rows.ports_of(conn, found)
    by_owner: dict[str, dict[str, list[Resource]]] = {}
    if not owned:
        return by_owner
    for port in ports.list_(d, ctx, Query(filters={"device_id": tuple(found)})):
        if port["id"] in owned:
            router_id, owner = owned[port["id"]]
            port["tenant_id"] = port["project_id"]
            by_owner.setdefault(router_id, {}).setdefault(owner, []).append(port)
    return by_owner


def _shown_ports(found: Iterable[Mapping[str, Any]]) -> Iterator[Resource]:
    for router in found:
        for key in _SINGLE:
            if router.get(key):
                yield router[key]
        for key in _MANY:
            yield from router.get(key, ())


def _carried(router: Mapping[str, Any]) -> list[Route]:
    """The routes of a router whose next hop is on a network of a port that an agent is told of."""
    cidrs = [
        subnet["cidr"]
        for port in _shown_ports([router])
        for subnet in (*port.get("subnets", ()), *port.get("extra_subnets", ()))
    ]
    return [one for one in router["routes"] if any(routes.are_over([one], cidr) for cidr in cidrs)]


def complete(d: Deployment, given: Sequence[Resource]) -> None:
    """Add what agents need to know of the networks of ports: one statement.

    Args:
        d: the deployment.
        given: API dicts of ports; those without addresses stay as they are.
    """
    addressed = [port for port in given if port["fixed_ips"]]
    if not addressed:
        return
    with d.database.read() as conn:
        networks = rows.networks_with_subnets(conn, {port["network_id"] for port in addressed})
    told = {
        subnet["id"]: {name: subnet[name] for name in _OF_SUBNETS}
        for _, subnets in networks.values()
        for subnet in subnets
    }
    for port in addressed:
        mtu, subnets = networks.get(port["network_id"], (0, []))
        _complete_one(port, subnets, told)
        port["mtu"] = mtu


def _complete_one(
    port: Resource, subnets: Sequence[Mapping[str, Any]], told: Mapping[str, Resource]
) -> None:
    """Add the subnets that a port is on, and those of the same network that it is not on.

    A gateway on a routed network meets those of its own segment only.
    """
    lengths = {subnet["id"]: int(subnet["cidr"].rpartition("/")[2]) for subnet in subnets}
    port["fixed_ips"] = [
        {**fixed_ip, "prefixlen": lengths[fixed_ip["subnet_id"]]}
        for fixed_ip in port["fixed_ips"]
        if fixed_ip["subnet_id"] in lengths
    ]
    used = {fixed_ip["subnet_id"] for fixed_ip in port["fixed_ips"]}
    is_gateway = port["device_owner"] == GATEWAY
    segments = {subnet["segment_id"] for subnet in subnets if subnet["id"] in used}
    scopes: dict[str, str | None] = {"4": None, "6": None}
    port["subnets"] = []
    port["extra_subnets"] = []
    for subnet in subnets:
        scopes[str(subnet["ip_version"])] = subnet["address_scope_id"]
        if subnet["id"] in used:
            port["subnets"].append(told[subnet["id"]])
        elif not is_gateway or subnet["segment_id"] in segments:
            port["extra_subnets"].append(told[subnet["id"]])
    port["address_scopes"] = scopes
