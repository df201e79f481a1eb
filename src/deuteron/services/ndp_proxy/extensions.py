"""Whether a router answers for others, and what follows when their ports go.

    enable_ndp_proxy   true needs a gateway with an IPv6 address, on a network whose IPv6 subnets
                       have an address scope; before there is one it is a wish for such a one
                       not said with a new router: as the site says; with its first gateway:
                       whether that is such a one
    gateway goes       it is false
    port goes          its proxies go, and those of an address that it loses

Source: API reference, "Router NDP proxy"; the checks as observed of Neutron, which however says
anew with every update what is not said: here a router that is renamed stays as it is. And it knows
no wish: a client that gives a router its gateways afterwards (alias external-gateway-multihoming)
could not say it together with them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from deuteron.core.extension import ResourceExtension
from deuteron.db.transaction import Transaction
from deuteron.errors import RouterGatewayNotValid, RouterIPv6GatewayInUse
from deuteron.services.ndp_proxy import proxies, rows

Row = dict[str, Any]

ENABLED = "enable_ndp_proxy"
_GATEWAY = "external_gateway_info"


def of_routers(*, by_default: bool) -> ResourceExtension:
    """What NDP proxies add to routers.

    Args:
        by_default: whether new routers answer for others if nothing is said.
    """

    def on_create(
        tx: Transaction, body: Mapping[str, Any], router: Row, _nothing: Mapping[str, Any]
    ) -> None:
        wished, info = body.get(ENABLED), body.get(_GATEWAY)
        if not info:
            router[ENABLED] = bool(wished)
            return
        if wished is False or not (wished or by_default):
            return
        network_id = info["network_id"]
        scopes = rows.ipv6_scopes(tx, [network_id], tx.context.scope)
        # one that is not there is refused as the gateway's
        if wished and network_id in scopes and not scopes[network_id]:
            reason = f"no IPv6 subnet of network {network_id} has an address scope"
            raise _refusal(router, reason)
        router[ENABLED] = bool(scopes.get(network_id))

    def on_update(
        tx: Transaction, changes: Mapping[str, Any], router: Row, original: Mapping[str, Any]
    ) -> None:
        wished = changes.get(ENABLED)
        if wished is None and router[_GATEWAY] == original[_GATEWAY]:
            return
        if wished is False:
            router[ENABLED] = False
        elif router[_GATEWAY]:
            router[ENABLED] = _by_gateway(tx, changes, router, original)
        elif wished and original[_GATEWAY]:
            raise _refusal(router, "it is to have no gateway")
        else:
            router[ENABLED] = bool(wished)

    return ResourceExtension(
        aliases=("l3-ext-ndp-proxy",), on_create=on_create, on_update=on_update
    )


def _by_gateway(
    tx: Transaction, changes: Mapping[str, Any], router: Row, original: Mapping[str, Any]
) -> bool:
    """Whether a router with a gateway answers, if that is not refused by a request.

    A wish of before is refused to who gives gateways by the actions for them, as it was part of the
    same command; a gateway that comes by an update ends it.
    """
    wished = bool(changes.get(ENABLED))
    awaited = original[ENABLED] and not original[_GATEWAY] and _GATEWAY not in changes
    fits = _fits(tx, router[_GATEWAY])
    if (wished or awaited) and not fits:
        reason = "its gateway has no IPv6 address, or one without an address scope"
        raise _refusal(router, reason)
    same = _same_network(router, original)
    if original[ENABLED] and not fits and same:
        raise RouterIPv6GatewayInUse(router_id=router["id"])
    return fits if wished or not same or not fits else bool(router[ENABLED])


def _refusal(router: Mapping[str, Any], reason: str) -> RouterGatewayNotValid:
    return RouterGatewayNotValid(router_id=router["id"], reason=reason)


def _fits(tx: Transaction, gateway: Mapping[str, Any]) -> bool:
    addresses = gateway["external_fixed_ips"]
    if not any(":" in address["ip_address"] for address in addresses):
        return False
    network_id = gateway["network_id"]
    return bool(rows.ipv6_scopes(tx, [network_id], None).get(network_id))


def _same_network(router: Mapping[str, Any], original: Mapping[str, Any]) -> bool:
    present, past = router[_GATEWAY], original[_GATEWAY]
    return bool(present and past and present["network_id"] == past["network_id"])


def _ipv6(addresses: Iterable[Mapping[str, str]]) -> set[str]:
    return {one["ip_address"] for one in addresses if ":" in one["ip_address"]}


def _on_delete(tx: Transaction, port: Mapping[str, Any]) -> None:
    if _ipv6(port["fixed_ips"]):
        proxies.forget(tx, rows.of_port(tx, port["id"]))


def _readdressed(tx: Transaction, port: Row, original: Mapping[str, Any]) -> None:
    lost = _ipv6(original["fixed_ips"]) - _ipv6(port["fixed_ips"])
    if lost:
        found = rows.of_port(tx, port["id"])
        proxies.forget(tx, [one for one in found if one["ip_address"] in lost])


OF_PORTS = ResourceExtension(aliases=(), on_delete=_on_delete, readdressed=_readdressed)
