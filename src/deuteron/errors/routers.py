"""Errors of routers: their gateways, interfaces and routes."""

from deuteron.errors.base import BadRequest, Conflict, InUse, NotFound


class RouterNotFound(NotFound):
    """No router of this id."""

    template = "Router {router_id} could not be found."


class RouterInUse(InUse):
    """Something still needs the router."""

    template = "Router {router_id} {reason}."


class RouterInterfaceNotFound(NotFound):
    """The router has no such port."""

    template = "Port {port_id} is no interface of router {router_id}."


class RouterInterfaceNotFoundForSubnet(NotFound):
    """The router is not on the subnet."""

    template = "Router {router_id} has no interface on subnet {subnet_id}."


class RouterInterfaceInUseByFloatingIP(InUse):
    """Floating IPs lead to addresses behind the interface."""

    template = (
        "Router {router_id} stays on subnet {subnet_id}: floating IPs lead there. Disassociate "
        "them first."
    )


class RouterInterfaceInUseByRoute(InUse):
    """Routes of the router go over the interface."""

    template = (
        "Router {router_id} stays on subnet {subnet_id}: its routes go over it. Remove them first."
    )


class RouterExternalGatewayInUseByFloatingIp(InUse):
    """Floating IPs come in by the gateway."""

    template = (
        "The gateway of router {router_id} on network {net_id} stays: floating IPs use it. "
        "Disassociate them first."
    )


class UnableToMatchGateways(BadRequest):
    """A request does not say which of the router's gateways it means, or means none."""

    template = "Router {router_id} has no gateway that is meant for certain: {reason}."


class UnableToRemoveGateways(BadRequest):
    """The router has no gateway that could go."""

    template = "Router {router_id} has no gateway."


class RouterInterfaceAttachmentConflict(Conflict):
    """The interface cannot be added as things are."""

    template = "Router {router_id} cannot be on the subnet: {reason}."


class InvalidRoutes(BadRequest):
    """A next hop that the router cannot reach, or that is the router."""

    template = "Invalid routes {routes}: {reason}."


class SubnetMismatchForPort(BadRequest):
    """The port is not on the subnet that the request names."""

    template = "Port {port_id} is not on subnet {subnet_id}."


class ServicePortInUse(InUse):
    """A port that another resource made for itself."""

    template = "Port {port_id} cannot be deleted by itself: it {reason}."
