"""Floating IPs as L3 agents are told of them, with their routers.

    _floatingips                      those that lead to an address of a port
    _pf_floatingips                   those of which single ports lead somewhere; the agent asks for
    fip_managed_by_port_forwardings   where (by ids), and keeps their addresses on the gateway
    port_forwardings_fip_set          (as prefixes)

An agent puts them on the one gateway that it carries, so it is told of those of that network; the
others stay DOWN. The keys are Neutron's (observed).
"""

from ipaddress import ip_address
from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.query import Query
from deuteron.services.l3.agents import view_rows as rows
from deuteron.services.l3.agents.view import GATEWAY_PORT, View
from deuteron.services.l3.floating import floating_ips

_LEADING = "_floatingips"
_FORWARDING = "_pf_floatingips"
_IDS = "fip_managed_by_port_forwardings"
_ADDRESSES = "port_forwardings_fip_set"

Resource = dict[str, Any]


def show(d: Deployment, ctx: RequestContext, view: View) -> None:
    """Add the floating IPs that come in by the first gateways of the routers of a view.

    Args:
        d: the deployment.
        ctx: the caller.
        view: routers while they are put together.
    """
    query = Query(filters={"router_id": tuple(view.routers)})
    found = floating_ips.list_(d, ctx, query)
    if not found:
        return
    with d.database.read() as conn:
        scopes = rows.scopes_behind(conn, view.routers)
    for one in found:
        router = view.routers[one["router_id"]]
        gateway = router.get(GATEWAY_PORT)
        if gateway is None or gateway["network_id"] != one["floating_network_id"]:
            continue
        told = {**one, "tenant_id": one["project_id"]}
        if one["port_id"] is None:
            _show_forwarding(router, told)
        else:
            told["fixed_ip_address_scope"] = scopes.get(one["id"])
            router.setdefault(_LEADING, []).append(told)


def _show_forwarding(router: Resource, told: Resource) -> None:
    address = ip_address(told["floating_ip_address"])
    router.setdefault(_FORWARDING, []).append(told)
    router.setdefault(_IDS, []).append(told["id"])
    router.setdefault(_ADDRESSES, []).append(f"{address}/{address.max_prefixlen}")
