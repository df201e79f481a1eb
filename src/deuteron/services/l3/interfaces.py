"""Interfaces of routers: put a router on a subnet, take it from there.

    add by subnet   a port with the gateway address of the subnet; of a second IPv6 subnet of one
                    network, an address more of the port that is there (one advertises them all)
    add by port     a port that nobody uses becomes the router's
    remove          the port goes, or its address on the subnet if it has others

Source: API reference, "Routers", add_router_interface; checks and answers as observed of Neutron.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from netaddr import IPAddress, IPRange
from neutron_lib.api import validators

from deuteron.context import RequestContext
from deuteron.core import ports
from deuteron.core.deployment import Deployment
from deuteron.db import rbac_policies as rbac_rows
from deuteron.db import subnets as subnet_rows
from deuteron.db.sharing import SHARED
from deuteron.db.transaction import Transaction
from deuteron.errors import (
    BadRequest,
    PortInUse,
    RouterInterfaceInUseByFloatingIP,
    RouterInterfaceInUseByNDPProxy,
    RouterInterfaceInUseByRoute,
    RouterInterfaceNotFound,
    RouterInterfaceNotFoundForSubnet,
    SubnetMismatchForPort,
    SubnetNotFound,
)
from deuteron.services.l3 import kinds, news, overlaps, routers, routes
from deuteron.services.l3 import router_rows as rows
from deuteron.services.l3.afterwards import Afterwards
from deuteron.services.l3.agents import scheduling
from deuteron.services.l3.dvr import routers as dvr
from deuteron.services.l3.router_rows import GATEWAY, Attached, Router

Row = dict[str, Any]


def add(d: Deployment, ctx: RequestContext, router_id: str, document: Any) -> Row:
    """Put a router on a subnet.

    Args:
        document: ``{"subnet_id": ID}`` or ``{"port_id": ID}`` as it came.

    Returns:
        ``id`` and ``project_id`` of the router, ``port_id``, ``network_id``, ``subnet_id`` and
        ``subnet_ids`` of the interface.

    Raises:
        RouterNotFound, SubnetNotFound, PortNotFound: the caller sees none of this id.
        BadRequest: the document is not as it should be, or the subnet cannot be one of the router.
        PortInUse: the port is something else's.
        DeviceIDNotOwnedByTenant: it is another project's than the router.
        IpAddressInUse: another has the gateway address of the subnet.
    """
    subnet_id, port_id = _asked(document)
    if subnet_id and port_id:
        raise _bad("name the subnet or the port, not both")
    after = Afterwards()
    with d.database.transaction(ctx) as tx:
        router = routers.lock(d, tx, router_id)
        attached = rows.attached(tx, router_id)
        if port_id:
            port, subnets = _use_port(d, tx, router, attached, port_id, after)
        else:
            port, subnets = _join_subnet(d, tx, router, attached, str(subnet_id), after)
        if router["distributed"]:
            dvr.sync_snat_ports(d, tx, router, after)
        news.changed(tx, [router])
        unserved = scheduling.lacking(d, tx, [router_id])
    after.run(d, ctx, undo=partial(_undo, d, ctx, router_id, port["id"]))
    scheduling.schedule(d, ctx, unserved)
    return _shown(router_id, port, [subnet["id"] for subnet in subnets])


def _asked(document: Any) -> tuple[str | None, str | None]:
    """The subnet and the port that a request names."""
    named = document if isinstance(document, dict) else {}
    if "port_id" not in named and "subnet_id" not in named:
        raise _bad("name the subnet, as subnet_id, or the port, as port_id")
    for name in ("port_id", "subnet_id"):
        problem = validators.validate_uuid(named[name]) if name in named else None
        if problem:
            raise _bad(problem)
    return named.get("subnet_id"), named.get("port_id")


def _bad(msg: str) -> BadRequest:
    return BadRequest(resource="router", msg=msg)


def _undo(d: Deployment, ctx: RequestContext, router_id: str, port_id: str) -> None:
    remove(d, ctx, router_id, {"port_id": port_id})


def _shown(router_id: str, port: Row, subnet_ids: Sequence[str]) -> Row:
    return {
        "id": router_id,
        "project_id": port["project_id"],
        "port_id": port["id"],
        "network_id": port["network_id"],
        "subnet_id": subnet_ids[-1],
        "subnet_ids": list(subnet_ids),
    }


# --- by subnet ------------------------------------------------------------------------------------


def _join_subnet(
    d: Deployment,
    tx: Transaction,
    router: Router,
    attached: Sequence[Attached],
    subnet_id: str,
    after: Afterwards,
) -> tuple[Row, list[Row]]:
    subnet = subnet_rows.without_tags(tx, subnet_id, tx.context.scope)
    if subnet is None:
        raise SubnetNotFound(subnet_id=subnet_id)
    if not subnet["gateway_ip"]:
        raise _bad(f"subnet {subnet_id} has no gateway address, which its router would have")
    _require_allowed(tx, subnet)
    _require_routable(subnet)
    overlaps.refuse(attached, [subnet], _beyond(tx, attached))
    address = {"subnet_id": subnet_id, "ip_address": subnet["gateway_ip"]}
    owner = kinds.interface_owner(router)
    if subnet["ip_version"] == 6:
        present = _with_ipv6(attached, subnet["network_id"], owner)
        if present is not None:
            return _with_address(d, tx, router, present, address, after), [subnet]
    body = {
        "name": "",
        "admin_state_up": True,
        "project_id": router["project_id"],
        "network_id": subnet["network_id"],
        "fixed_ips": [address],
        "device_id": router["id"],
        "device_owner": owner,
        "description": "",
    }
    made = ports.insert(d, tx, [body], counted=False)
    after.inserted.append(made)
    rows.attach(tx, router["id"], [made.ports[0]["id"]], owner)
    return made.ports[0], [subnet]


def _require_allowed(tx: Transaction, subnet: Row) -> None:
    """Refuse a subnet whose network is not shared with this very project.

    The gateway address of what everybody sees is not for whoever comes first.
    """
    ctx = tx.context
    if ctx.is_admin or subnet["project_id"] == ctx.project_id:
        return
    if ctx.project_id not in rbac_rows.targets(tx, subnet["network_id"], SHARED):
        raise _bad(f"subnet {subnet['id']} is another project's, and not shared with this one")


def _require_routable(subnet: Row) -> None:
    """Refuse an IPv6 subnet whose addresses come from the advertisements of another router."""
    if (
        subnet["ip_version"] == 6
        and subnet["ipv6_ra_mode"] is None
        and subnet["ipv6_address_mode"] is not None
    ):
        raise _bad(f"subnet {subnet['id']} has the advertisements of a router outside")


def _beyond(tx: Transaction, attached: Sequence[Attached]) -> list[Row]:
    """All subnets of the networks that gateways are on."""
    networks = sorted({one.network_id for one in attached if one.owner == GATEWAY})
    return subnet_rows.of_networks(tx, networks) if networks else []


def _with_ipv6(attached: Sequence[Attached], network_id: str, owner: str) -> str | None:
    """The interface that has IPv6 addresses on a network."""
    return next(
        (
            one.port_id
            for one in attached
            if one.network_id == network_id and one.ip_version == 6 and one.owner == owner
        ),
        None,
    )


def _with_address(
    d: Deployment,
    tx: Transaction,
    router: Router,
    port_id: str,
    address: dict[str, str],
    after: Afterwards,
) -> Row:
    port = ports.require(tx, port_id, None)
    return _readdress(d, tx, router, port, [*port["fixed_ips"], address], after)


def _readdress(
    d: Deployment,
    tx: Transaction,
    router: Router,
    port: Row,
    addresses: Sequence[dict[str, str]],
    after: Afterwards,
) -> Row:
    """Give an interface other addresses, which nobody may do while it is the router's."""
    rows.detach(tx, [port["id"]])
    port, due = ports.change(d, tx, port, {"fixed_ips": list(addresses)})
    after.owe(due)
    rows.attach(tx, router["id"], [port["id"]], port["device_owner"])
    return port


# --- by port --------------------------------------------------------------------------------------


def _use_port(
    d: Deployment,
    tx: Transaction,
    router: Router,
    attached: Sequence[Attached],
    port_id: str,
    after: Afterwards,
) -> tuple[Row, list[Row]]:
    port = ports.require(tx, port_id, tx.context.scope)
    if port["device_id"]:
        raise PortInUse(port_id=port_id, net_id=port["network_id"], device_id=port["device_id"])
    if not port["fixed_ips"]:
        raise _bad(f"port {port_id} has no address, and an interface of a router needs one")
    of_network = {one["id"]: one for one in subnet_rows.of_networks(tx, [port["network_id"]])}
    subnets = [of_network[address["subnet_id"]] for address in port["fixed_ips"]]
    owner = kinds.interface_owner(router)
    for subnet in subnets:
        _require_routable(subnet)
    # first, as whose port it is matters more than where it is (observed)
    port, due = ports.change(d, tx, port, {"device_id": router["id"], "device_owner": owner})
    after.owe(due)
    if any(subnet["ip_version"] == 6 for subnet in subnets):
        other = _with_ipv6(attached, port["network_id"], owner)
        if other is not None:
            raise _bad(f"port {other} is the router's IPv6 interface on this network already")
    overlaps.refuse(attached, subnets, _beyond(tx, attached))
    _require_disjoint(subnets)
    _require_own_or_pooled(tx.context, port, of_network)
    rows.attach(tx, router["id"], [port_id], owner)
    return port, subnets


def _require_disjoint(subnets: Sequence[Row]) -> None:
    if len({subnet["id"] for subnet in subnets if subnet["ip_version"] == 4}) > 1:
        raise _bad("the port is on several IPv4 subnets, and an interface is on one at most")


def _require_own_or_pooled(ctx: RequestContext, port: Row, subnets: dict[str, Row]) -> None:
    """Refuse an address that the owner of the subnet keeps for itself, as that of a gateway."""
    if ctx.is_admin:
        return
    for address in port["fixed_ips"]:
        subnet = subnets[address["subnet_id"]]
        given = IPAddress(address["ip_address"])
        pooled = any(
            given in IPRange(pool["start"], pool["end"]) for pool in subnet["allocation_pools"]
        )
        if not pooled and subnet["project_id"] != ctx.project_id:
            raise _bad(
                f"port {port['id']} has an address outside the allocation pools of subnet "
                f"{subnet['id']}, which is another project's"
            )


# --- remove ---------------------------------------------------------------------------------------


def remove(d: Deployment, ctx: RequestContext, router_id: str, document: Any) -> Row:
    """Take a router from a subnet.

    Args:
        document: ``{"subnet_id": ID}``, ``{"port_id": ID}`` or both, as it came.

    Returns:
        As `add`.

    Raises:
        RouterNotFound, SubnetNotFound: the caller sees none of this id.
        RouterInterfaceNotFound, RouterInterfaceNotFoundForSubnet: the router is not there.
        SubnetMismatchForPort: the port is not on the subnet.
        RouterInterfaceInUseByFloatingIP, RouterInterfaceInUseByNDPProxy,
        RouterInterfaceInUseByRoute: something goes over it.
        BadRequest: the document is not as it should be.
    """
    subnet_id, port_id = _asked(document)
    after = Afterwards()
    with d.database.transaction(ctx) as tx:
        router = routers.lock(d, tx, router_id)
        owner = kinds.interface_owner(router)
        attached = [one for one in rows.attached(tx, router_id) if one.owner == owner]
        if port_id:
            leaving = _of_port(router_id, attached, port_id, subnet_id)
        else:
            leaving = _of_subnet(tx, router_id, attached, str(subnet_id))
        _require_unused(tx, router, leaving)
        port = ports.require(tx, leaving[0].port_id, None)
        gone = {one.ip_address for one in leaving}
        left = [one for one in port["fixed_ips"] if one["ip_address"] not in gone]
        if left and not port_id:
            _readdress(d, tx, router, port, left, after)
        else:
            routers.remove_ports(d, tx, {port["id"]}, after)
        dvr.interface_left(d, tx, router, port["network_id"], after)
        news.changed(tx, [router])
        unserved = scheduling.lacking(d, tx, [router_id])
    after.run(d, ctx)
    scheduling.schedule(d, ctx, unserved)
    return _shown(router_id, port, [str(one.subnet_id) for one in leaving])


def _of_port(
    router_id: str, attached: Sequence[Attached], port_id: str, subnet_id: str | None
) -> list[Attached]:
    leaving = [one for one in attached if one.port_id == port_id]
    if not leaving:
        raise RouterInterfaceNotFound(router_id=router_id, port_id=port_id)
    if subnet_id and subnet_id not in {one.subnet_id for one in leaving}:
        raise SubnetMismatchForPort(port_id=port_id, subnet_id=subnet_id)
    return leaving


def _of_subnet(
    tx: Transaction, router_id: str, attached: Sequence[Attached], subnet_id: str
) -> list[Attached]:
    if subnet_rows.without_tags(tx, subnet_id, tx.context.scope) is None:
        raise SubnetNotFound(subnet_id=subnet_id)
    leaving = [one for one in attached if one.subnet_id == subnet_id]
    if not leaving:
        raise RouterInterfaceNotFoundForSubnet(router_id=router_id, subnet_id=subnet_id)
    return leaving[:1]


def _require_unused(tx: Transaction, router: Router, leaving: Sequence[Attached]) -> None:
    """Refuse if floating IPs or NDP proxies lead there, or routes go over it."""
    subnet_ids = sorted({one.subnet_id for one in leaving if one.subnet_id})
    for kind, subnet_id in rows.reached(tx, router["id"], subnet_ids):
        if kind == rows.FLOATING_IP:
            raise RouterInterfaceInUseByFloatingIP(router_id=router["id"], subnet_id=subnet_id)
        raise RouterInterfaceInUseByNDPProxy(router_id=router["id"], subnet_id=subnet_id)
    for one in leaving:
        if one.cidr and routes.are_over(router["routes"], one.cidr):
            raise RouterInterfaceInUseByRoute(router_id=router["id"], subnet_id=one.subnet_id)
