"""The gateways of a router: ports on external networks.

    request --> those that there are to be (`gateway_choice`) --> `_settle`

    comes     a port on its network, no subnet of which overlaps with one that the router is on
    stays     its addresses change, if others are wished
    goes      the port goes; not while floating IPs come in by it that no other gateway serves

The first one is what clients know as ``external_gateway_info`` and what agents carry; the port of
another is on no host. Whether addresses behind the router are hidden (SNAT), and which QoS policy
its traffic to the outside has, are properties of the router, said with the first.

Source: API reference, "Routers", external_gateway_info and external_gateways; order of the checks
as observed of Neutron.
"""

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
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
    UnableToMatchGateways,
)
from deuteron.services.l3 import gateway_choice, overlaps, routes
from deuteron.services.l3 import router_rows as rows
from deuteron.services.l3.afterwards import Afterwards
from deuteron.services.l3.dvr import routers as dvr
from deuteron.services.l3.floating import rows as floating_ip_rows
from deuteron.services.l3.gateway_choice import Choice, Gateway, Info
from deuteron.services.l3.router_rows import GATEWAY, Attached, Router

Subnets = Mapping[str, Sequence[Mapping[str, Any]]]
"""Network id -> its subnets."""


def set_first(
    d: Deployment, tx: Transaction, router: Router, info: Info | None, after: Afterwards
) -> None:
    """Give a router that is locked another first gateway; the others stay.

    Args:
        d: the deployment.
        tx: the transaction.
        router: API dict, changed in place; its row is the caller's to write.
        info: ``external_gateway_info`` of a request; None or empty for none: then one of the
            others, if there are any, becomes the first.
        after: gets what follows after the commit.

    Raises:
        NetworkNotFound, QosPolicyNotFound: the caller sees none of this id.
        BadRequest: it is not external, or one of its subnets overlaps with another of the router's.
        InvalidRoutes: the router's routes go over a gateway that goes.
        RouterExternalGatewayInUseByFloatingIp: floating IPs come in by that.
        RouterGatewayInUseByNDPProxy: NDP proxies do.
        IpAddressInUse, InvalidInput, ...: the wished addresses cannot be had.
    """
    _settle(d, tx, router, after, lambda there: gateway_choice.with_first(there, info))


def add(
    d: Deployment, tx: Transaction, router: Router, infos: Sequence[Info], after: Afterwards
) -> None:
    """Give a router that is locked more gateways.

    Args, Raises: as `set_first`, of several.
    """
    _settle(d, tx, router, after, lambda there: gateway_choice.with_more(there, infos))


def replace(
    d: Deployment, tx: Transaction, router: Router, infos: Sequence[Info], after: Afterwards
) -> None:
    """Give a router that is locked these gateways and no others.

    Args, Raises: as `set_first`, of several, and
        UnableToMatchGateways: one of several may be meant.
    """
    _settle(d, tx, router, after, lambda there: gateway_choice.only(there, infos, router["id"]))


def remove(
    d: Deployment, tx: Transaction, router: Router, infos: Sequence[Info], after: Afterwards
) -> None:
    """Take gateways from a router that is locked.

    Args, Raises: as `set_first`, of several, and
        UnableToMatchGateways: there is no such one, or one of several may be meant.
        UnableToRemoveGateways: there are none.
    """
    try:
        _settle(
            d, tx, router, after, lambda there: gateway_choice.without(there, infos, router["id"])
        )
    except UnableToMatchGateways:
        _require_external(tx, {info["network_id"] for info in infos})
        raise


def drop(
    d: Deployment, tx: Transaction, router: Router, port_ids: Collection[str], after: Afterwards
) -> None:
    """Take the gateways with these ports from a router that is locked.

    Args, Raises: as `set_first`; ids of other ports do not matter.
    """
    _settle(d, tx, router, after, lambda there: gateway_choice.without_ports(there, port_ids))


def _settle(
    d: Deployment,
    tx: Transaction,
    router: Router,
    after: Afterwards,
    choose: Callable[[Sequence[Gateway]], Choice],
) -> None:
    """Give a router the gateways that are chosen when those that it has are known."""
    attached = rows.attached(tx, router["id"])
    there = gateway_choice.present(attached, router["gw_port_id"])
    chosen = choose(there)
    wanted = chosen.gateways
    kept = {one.port_id for one in wanted}
    leaving = [one for one in there if one.port_id not in kept]
    first_stays = bool(there and wanted) and there[0].port_id == wanted[0].port_id
    router.update(_properties(d, tx, chosen.first, first_stays=first_stays))
    _require_external(tx, chosen.networks)
    subnets = _subnets(tx, wanted)
    _require_free_of_subnets(wanted, subnets)
    inside = [one for one in attached if one.owner != GATEWAY]
    _require_routes(router, inside, subnets)
    if there and (leaving or not first_stays):
        _require_unused(tx, router, leaving, wanted, first_stays=first_stays)
    _require_disjoint(inside, wanted, subnets)
    _remove(d, tx, router, leaving, after)
    present = _realise(d, tx, router, there, wanted, after)
    router["gw_port_id"] = present[0].port_id if present else None
    router["external_gateways"] = [
        {"network_id": one.network_id, "external_fixed_ips": list(one.addresses)} for one in present
    ]
    for network_id in sorted({one.network_id for one in leaving}):
        dvr.gateway_left(d, tx, router, network_id, after)
    if router["distributed"]:
        dvr.sync_snat_ports(d, tx, router, after)
    rows.show_gateway(router)


# --- what must hold -------------------------------------------------------------------------------


def _properties(
    d: Deployment, tx: Transaction, info: Info | None, *, first_stays: bool
) -> dict[str, Any]:
    """Columns of the router that change with its first gateway, by what is said of that."""
    by_default = d.settings.routing.enable_snat_by_default
    if info:
        columns = {"enable_snat": info.get("enable_snat", by_default)}
        if "qos_policy_id" in info:
            columns["qos_policy_id"] = _policy(tx, info["qos_policy_id"])
        return columns
    return {} if first_stays else {"enable_snat": by_default, "qos_policy_id": None}


def _policy(tx: Transaction, policy_id: str | None) -> str | None:
    if policy_id and not floating_ip_rows.sees_policy(tx, policy_id, tx.context.scope):
        raise QosPolicyNotFound(policy_id=policy_id)
    return policy_id


def _require_external(tx: Transaction, network_ids: Collection[str]) -> None:
    """Refuse networks that the caller does not see, or that are not external."""
    if not network_ids:
        return
    asked = sorted(network_ids)
    found = {one["id"]: one for one in network_rows.rows(tx, asked, tx.context.scope)}
    for network_id in asked:
        if network_id not in found:
            raise NetworkNotFound(net_id=network_id)
        if not found[network_id]["router:external"]:
            raise BadRequest(resource="router", msg=f"network {network_id} is not external")


def _subnets(tx: Transaction, gateways: Sequence[Gateway]) -> Subnets:
    """The subnets of the networks of gateways: one statement, none without gateways."""
    found: dict[str, list[Mapping[str, Any]]] = {one.network_id: [] for one in gateways}
    if found:
        for subnet in subnet_rows.of_networks(tx, sorted(found)):
            found[subnet["network_id"]].append(subnet)
    return found


def _require_free_of_subnets(gateways: Sequence[Gateway], subnets: Subnets) -> None:
    """Refuse wishes for the address that the external network has for its own gateway."""
    for one in gateways:
        taken = {subnet["gateway_ip"] for subnet in subnets[one.network_id]} - {None}
        for wish in one.wished:
            if wish.get("ip_address") in taken:
                msg = f"address {wish['ip_address']} is the gateway of the external network itself"
                raise BadRequest(resource="router", msg=msg)


def _require_routes(router: Router, inside: Sequence[Attached], subnets: Subnets) -> None:
    """Refuse if the router's routes would lead nowhere over the gateways that it is to have."""
    routes.require_reachable(
        router["routes"],
        [
            *(str(one.cidr) for one in inside if one.cidr),
            *(subnet["cidr"] for of_network in subnets.values() for subnet in of_network),
        ],
        [one.ip_address for one in inside if one.ip_address],
    )


def _require_unused(
    tx: Transaction,
    router: Router,
    leaving: Sequence[Gateway],
    wanted: Sequence[Gateway],
    *,
    first_stays: bool,
) -> None:
    """Refuse if something comes in by gateways that go, and by no other that stays there.

    Raises:
        RouterExternalGatewayInUseByFloatingIp, RouterGatewayInUseByNDPProxy: see `set_first`.
    """
    used = rows.coming_in(tx, router["id"])
    if not first_stays and any(kind == rows.NDP_PROXY for kind, _ in used):
        raise RouterGatewayInUseByNDPProxy(router_id=router["id"])
    served = {one.network_id for one in wanted}
    for one in leaving:
        if one.network_id not in served and (rows.FLOATING_IP, one.network_id) in used:
            raise RouterExternalGatewayInUseByFloatingIp(
                router_id=router["id"], net_id=one.network_id
            )


def _require_disjoint(
    inside: Sequence[Attached], wanted: Sequence[Gateway], subnets: Subnets
) -> None:
    """Refuse a new gateway whose network overlaps with one that the router is on.

    Several on one network are no matter: who looks for an address there finds it by either.
    """
    for one in wanted:
        if one.port_id is None:
            others = [
                subnet
                for network_id, of_network in subnets.items()
                if network_id != one.network_id
                for subnet in of_network
            ]
            overlaps.refuse(inside, subnets[one.network_id], others)


# --- what follows ---------------------------------------------------------------------------------


def _remove(
    d: Deployment, tx: Transaction, router: Router, leaving: Sequence[Gateway], after: Afterwards
) -> None:
    port_ids = [str(one.port_id) for one in leaving]
    if not port_ids:
        return
    if router["gw_port_id"] in port_ids:
        rows.update_row(tx, router["id"], {"gw_port_id": None})
    rows.detach(tx, port_ids)
    for port_id in port_ids:
        after.owe(ports.remove(d, tx, ports.require(tx, port_id, None)))


def _realise(
    d: Deployment,
    tx: Transaction,
    router: Router,
    there: Sequence[Gateway],
    wanted: Sequence[Gateway],
    after: Afterwards,
) -> list[Gateway]:
    """The wanted gateways with their ports and addresses, in the order in which they are read."""
    ready = {}
    for at, one in enumerate(wanted):
        if one.port_id is not None:
            demoted = at > 0 and one.port_id == there[0].port_id
            ready[one.port_id] = _change(d, tx, one, after, demoted=demoted)
    made = iter(_make(d, tx, router, [one for one in wanted if one.port_id is None], after))
    present = [next(made) if one.port_id is None else ready[one.port_id] for one in wanted]
    return [*present[:1], *sorted(present[1:], key=lambda one: str(one.port_id))]


def _change(
    d: Deployment, tx: Transaction, gateway: Gateway, after: Afterwards, *, demoted: bool
) -> Gateway:
    """Give a gateway the addresses that are wished; one that is the first no more has no host."""
    changes: dict[str, Any] = {"binding:host_id": ""} if demoted else {}
    if gateway.has_other_wishes:
        changes["fixed_ips"] = gateway.wished
    if not changes:
        return gateway
    port = ports.require(tx, str(gateway.port_id), None)
    port, due = ports.change(d, tx, port, changes)
    after.owe(due)
    return dataclasses.replace(gateway, addresses=port["fixed_ips"])


def _make(
    d: Deployment, tx: Transaction, router: Router, new: Sequence[Gateway], after: Afterwards
) -> list[Gateway]:
    if not new:
        return []
    bodies = []
    for one in new:
        body = {
            "name": "",
            "admin_state_up": True,
            "project_id": "",  # nobody's, so that the router's project cannot touch it
            "network_id": one.network_id,
            "device_id": router["id"],
            "device_owner": GATEWAY,
            "description": "",
        }
        if one.wished:
            body["fixed_ips"] = one.wished
        bodies.append(body)
    made = ports.insert(d, tx, bodies, counted=False)
    after.inserted.append(made)
    rows.attach(tx, router["id"], [port["id"] for port in made.ports], GATEWAY)
    return [
        dataclasses.replace(one, port_id=port["id"], addresses=port["fixed_ips"])
        for one, port in zip(new, made.ports, strict=True)
    ]
