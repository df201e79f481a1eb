"""The gateway of a router: a port on an external network.

    none     -> network    a port on it, no subnet of which overlaps with one that the router is on
    network  -> same       its addresses change, if others are wished
    network  -> other      the old port goes, a new one comes; not while floating IPs come in by it
    network  -> none       the port goes; refused likewise

Whether addresses behind the router are hidden (SNAT), and which QoS policy its traffic to the
outside has, are properties of the router.
Source: API reference, "Routers", external_gateway_info; order of the checks as observed of Neutron.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.core import ports
from deuteron.core.deployment import Deployment
from deuteron.db import networks as network_rows
from deuteron.db import subnets as subnet_rows
from deuteron.db.transaction import Transaction
from deuteron.errors import (
    BadRequest,
    NetworkNotFound,
    QosPolicyNotFound,
    RouterExternalGatewayInUseByFloatingIp,
    RouterGatewayInUseByNDPProxy,
)
from deuteron.services.l3 import overlaps, routes
from deuteron.services.l3 import router_rows as rows
from deuteron.services.l3.afterwards import Afterwards
from deuteron.services.l3.dvr import routers as dvr
from deuteron.services.l3.floating import rows as floating_ip_rows
from deuteron.services.l3.router_rows import GATEWAY, Attached, Router

Info = Mapping[str, Any]


def set_(
    d: Deployment, tx: Transaction, router: Router, info: Info | None, after: Afterwards
) -> dict[str, Any]:
    """Give a router that is locked another gateway, or none.

    Args:
        d: the deployment.
        tx: the transaction.
        router: API dict; what it shows of its gateway is changed in place.
        info: ``external_gateway_info`` of a request; None or empty for no gateway.
        after: gets what follows after the commit.

    Returns:
        Columns of the router that change.

    Raises:
        NetworkNotFound, QosPolicyNotFound: the caller sees none of this id.
        BadRequest: it is not external, or one of its subnets overlaps with another of the router's.
        InvalidRoutes: the router's routes go over the gateway that it has.
        RouterExternalGatewayInUseByFloatingIp: floating IPs come in by that.
        RouterGatewayInUseByNDPProxy: NDP proxies do.
        IpAddressInUse, InvalidInput, ...: the wished addresses cannot be had.
    """
    wished = (info or {}).get("external_fixed_ips") or []
    columns = {"enable_snat": (info or {}).get("enable_snat", _snat_by_default(d))}
    if info and "qos_policy_id" in info:
        columns["qos_policy_id"] = _policy(tx, info["qos_policy_id"])
    attached = rows.attached(tx, router["id"])
    network_id = info["network_id"] if info else None
    subnets = _subnets(tx, network_id, wished) if network_id else []
    _require_routes(router, attached, subnets)
    present = router["external_gateway_info"]
    if present and present["network_id"] == network_id:
        if _differ(present["external_fixed_ips"], wished):
            port = ports.require(tx, router["gw_port_id"], None)
            port, due = ports.change(d, tx, port, {"fixed_ips": wished})
            after.owe(due)
            present["external_fixed_ips"] = port["fixed_ips"]
    else:
        if present:
            _remove(d, tx, router, after)
            attached = [one for one in attached if one.port_id != router["gw_port_id"]]
        if info and network_id:
            overlaps.refuse(attached, subnets)
            _add(d, tx, router, info, after)
        columns["gw_port_id"] = router["gw_port_id"]
    router.update(columns)
    if not router["gw_port_id"]:
        columns["qos_policy_id"] = router["qos_policy_id"] = None
    if router["distributed"]:
        dvr.sync_snat_ports(d, tx, router, after)
    rows.show_gateway(router)
    return columns


def _policy(tx: Transaction, policy_id: str | None) -> str | None:
    if policy_id and not floating_ip_rows.sees_policy(tx, policy_id, tx.context.scope):
        raise QosPolicyNotFound(policy_id=policy_id)
    return policy_id


def _snat_by_default(d: Deployment) -> bool:
    return d.settings.routing.enable_snat_by_default


def _subnets(
    tx: Transaction, network_id: str, wished: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    """The subnets of an external network, if addresses on it may be these."""
    networks = network_rows.rows(tx, [network_id], tx.context.scope)
    if not networks:
        raise NetworkNotFound(net_id=network_id)
    if not networks[0]["router:external"]:
        raise BadRequest(resource="router", msg=f"network {network_id} is not external")
    subnets = subnet_rows.of_networks(tx, [network_id])
    gateways = {subnet["gateway_ip"] for subnet in subnets}
    for address in wished:
        if address.get("ip_address") in gateways - {None}:
            msg = f"address {address['ip_address']} is the gateway of the external network itself"
            raise BadRequest(resource="router", msg=msg)
    return subnets


def _require_routes(
    router: Router, attached: Sequence[Attached], subnets: Sequence[Mapping[str, Any]]
) -> None:
    """Refuse if the router's routes would lead nowhere over the new gateway."""
    inside = [one for one in attached if one.port_id != router["gw_port_id"] and one.cidr]
    routes.require_reachable(
        router["routes"],
        [*(str(one.cidr) for one in inside), *(subnet["cidr"] for subnet in subnets)],
        [one.ip_address for one in inside if one.ip_address],
    )


def _differ(present: Sequence[Mapping[str, str]], wished: Sequence[Mapping[str, str]]) -> bool:
    """Whether other subnets or addresses are wished; a wish for nothing is for what there is."""
    if not wished:
        return False
    return any(
        {one[name] for one in wished if one.get(name)} != {one[name] for one in present}
        for name in ("subnet_id", "ip_address")
    )


def _add(d: Deployment, tx: Transaction, router: Router, info: Info, after: Afterwards) -> None:
    body = {
        "name": "",
        "admin_state_up": True,
        "project_id": "",  # nobody's, so that the router's project cannot touch it
        "network_id": info["network_id"],
        "device_id": router["id"],
        "device_owner": GATEWAY,
        "description": "",
    }
    if info.get("external_fixed_ips"):
        body["fixed_ips"] = info["external_fixed_ips"]
    made = ports.insert(d, tx, [body], counted=False)
    after.inserted.append(made)
    port = made.ports[0]
    rows.attach(tx, router["id"], port["id"], GATEWAY)
    router["gw_port_id"] = port["id"]
    router["external_gateways"] = [
        {"network_id": port["network_id"], "external_fixed_ips": port["fixed_ips"]}
    ]


def _remove(d: Deployment, tx: Transaction, router: Router, after: Afterwards) -> None:
    """Take the gateway away.

    Raises:
        RouterExternalGatewayInUseByFloatingIp, RouterGatewayInUseByNDPProxy: see `set_`.
    """
    used_by = rows.coming_in(tx, router["id"])
    if rows.NDP_PROXY in used_by:
        raise RouterGatewayInUseByNDPProxy(router_id=router["id"])
    if used_by:
        raise RouterExternalGatewayInUseByFloatingIp(
            router_id=router["id"], net_id=router["external_gateway_info"]["network_id"]
        )
    port_id = router["gw_port_id"]
    rows.update_row(tx, router["id"], {"gw_port_id": None})
    rows.detach(tx, [port_id])
    after.owe(ports.remove(d, tx, ports.require(tx, port_id, None)))
    router["gw_port_id"] = None
    router["external_gateways"] = []
    dvr.gateway_left(d, tx, router, router["external_gateway_info"]["network_id"], after)
