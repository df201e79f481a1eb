"""Errors of NDP proxies, and of routers that have them."""

from deuteron.errors.base import BadRequest, Conflict, NotFound


class NDPProxyNotFound(NotFound):
    """No NDP proxy of this id."""

    template = "NDP proxy {id} could not be found."


class RouterNDPProxyNotEnable(Conflict):
    """The router answers for nobody."""

    template = "Router {router_id} has no NDP proxies: its enable_ndp_proxy is false."


class RouterGatewayNotValid(Conflict):
    """The router cannot answer for others on the network outside."""

    template = "Router {router_id} cannot have NDP proxies: {reason}."


class RouterGatewayInUseByNDPProxy(Conflict):
    """The router answers for addresses by its gateway."""

    template = "The gateway of router {router_id} stays: NDP proxies use it. Delete them first."


class RouterIPv6GatewayInUse(Conflict):
    """The gateway would have no IPv6 address."""

    template = (
        "The gateway of router {router_id} keeps an IPv6 address: its enable_ndp_proxy is true."
    )


class RouterInterfaceInUseByNDPProxy(Conflict):
    """The router answers for addresses behind the interface."""

    template = (
        "Router {router_id} stays on subnet {subnet_id}: NDP proxies lead there. Delete them first."
    )


class PortUnreachableRouter(Conflict):
    """The router is on no IPv6 subnet of the port."""

    template = "Router {router_id} is on no IPv6 subnet of port {port_id}."


class AddressScopeConflict(Conflict):
    """Addresses inside are not routed outside."""

    template = (
        "Nothing is routed between the IPv6 address scopes outside, {ext_address_scope}, and "
        "inside, {internal_address_scope}."
    )


class InvalidAddress(BadRequest):
    """An address for which the router cannot answer."""

    template = "Address {address} is not possible: {reason}."


class NDPProxyExists(Conflict):
    """There is a proxy for the address already."""

    template = "Router {router_id} has an NDP proxy for {address} already."
