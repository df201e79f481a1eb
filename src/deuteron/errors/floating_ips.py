"""Errors of floating IPs and their port forwardings."""

from deuteron.errors.base import BadRequest, Conflict, InUse, NotFound


class FloatingIPNotFound(NotFound):
    """No floating IP of this id."""

    template = "Floating IP {floatingip_id} could not be found."


class ExternalIpAddressExhausted(BadRequest):
    """The addresses that a port on the external network got are none that floating IPs can have."""

    template = "External network {net_id} gave no IPv4 address for a floating IP."


class ExternalGatewayForFloatingIPNotFound(NotFound):
    """No router leads from the external network to the port."""

    template = (
        "No router leads from external network {external_network_id} to subnet {subnet_id}, so no "
        "floating IP can lead to port {port_id}."
    )


class FloatingIPPortAlreadyAssociated(InUse):
    """The address of the port has a floating IP on that network, or the floating IP has a port."""

    template = (
        "Floating IP {floating_ip_address} ({fip_id}) cannot lead to address {fixed_ip} of port "
        "{port_id}: one address and one floating IP on network {net_id} belong together."
    )


class FipAssociated(InUse):
    """Another project's floating IP leads to the port."""

    template = (
        "A floating IP of another project leads to port {port_id}. Ask an administrator to "
        "disassociate it."
    )


class FipInUseByPortForwarding(InUse):
    """The floating IP has port forwardings."""

    template = "Floating IP {id} has port forwardings. Delete them first."


class PortForwardingNotFound(NotFound):
    """The floating IP has no such port forwarding."""

    template = "Port forwarding {id} could not be found."


class PortHasPortForwarding(BadRequest):
    """Ports of floating IPs lead to the port by a distributed router."""

    template = (
        "No floating IP can lead to port {port_id} by a distributed router: port forwardings do."
    )


class PortHasBindingFloatingIP(InUse):
    """A floating IP leads to the port as a whole."""

    template = (
        "Ports of floating IP {floating_ip_address} ({fip_id}) cannot lead to address {fixed_ip} "
        "of port {port_id}: another floating IP leads to it as a whole."
    )


class NoGatewayThere(Conflict):
    """The router that was named has no gateway on the floating IP's network."""

    template = "Router {router_id} has no gateway on network {network_id}."

    @property
    def type(self) -> str:
        """What Neutron calls it."""
        return "Conflict"
