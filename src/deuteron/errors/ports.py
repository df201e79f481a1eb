"""Errors of ports, their bindings and their extensions."""

from deuteron.errors.base import BadRequest, Conflict, InUse, InvalidInput, NetworkError, NotFound


class PortNotFound(NotFound):
    """No port of this id."""

    template = "Port {port_id} could not be found."


class PortBindingNotFound(NotFound):
    """The port has no binding on this host."""

    template = "Port {port_id} has no binding on host {host}."


class MacAddressInUse(InUse):
    """Two ports of one network cannot share a MAC address."""

    template = "Network {net_id} already has a port with MAC address {mac}."


class PortSecurityAndIPRequiredForSecurityGroups(InvalidInput):
    """Security groups do nothing without port security."""

    template = "Security groups need a port with port security."


class PortSecurityPortHasSecurityGroup(InUse):
    """Port security goes after the security groups."""

    template = "Port security cannot be switched off while the port has security groups."


class AddressPairAndPortSecurityRequired(Conflict):
    """Address pairs do nothing without port security."""

    template = "Allowed address pairs need a port with port security."


class AllowedAddressPairExhausted(BadRequest):
    """More address pairs than a port may have."""

    template = "A port can have {quota} allowed address pairs at most."


class DuplicateAddressPairInRequest(InvalidInput):
    """One address pair twice."""

    template = "The address pair of MAC {mac_address} and IP {ip_address} is there twice."


class PortInUse(InUse):
    """A device uses the port, or a driver has bound it."""

    template = "Port {port_id} of network {net_id} is used by device {device_id}."


class DeviceIDNotOwnedByTenant(Conflict):
    """The device that a port says to be of is a router of another project."""

    template = "Device {device_id} is a router of another project."


class PortBound(InUse):
    """Something cannot change while the port is bound."""

    template = (
        "Port {port_id} is bound as {vif_type}: its MAC address cannot change "
        "from {old_mac} to {new_mac}."
    )


class UnsupportedPortDeviceOwner(Conflict):
    """Ports of the network itself are not changed like those of servers."""

    template = "Port {port_id} is {device_owner} and cannot get {op}."


class PortBoundNUMAAffinityPolicy(InUse):
    """The compute service has placed the guest already."""

    template = (
        "Port {port_id} is bound to host {host_id}: its NUMA affinity policy cannot become "
        "{numa_affinity_policy}."
    )


class PortBindingAlreadyExists(Conflict):
    """A port has one binding per host."""

    template = "Port {port_id} has a binding on host {host} already."


class PortBindingAlreadyActive(Conflict):
    """The binding to activate is the active one."""

    template = "The binding of port {port_id} on host {host} is active already."


class PortBindingError(NetworkError):
    """No driver could bind the port on the host of a binding."""

    template = (
        "Port {port_id} could not be bound on host {host}: {reason} "
        "Its binding-explanation has the details."
    )
