"""Errors of giving addresses to ports."""

from deuteron.errors.base import BadRequest, Conflict, InUse, InvalidInput


class IpAddressInUse(InUse):
    """The address is another port's."""

    template = "A port of network {net_id} already has address {ip_address}."


class IpAddressAlreadyAllocated(Conflict):
    """The wished address is another port's in this subnet."""

    template = "Subnet {subnet_id} has already given address {ip} to a port."


class IpAddressGenerationFailure(Conflict):
    """No subnet of the network has a free address."""

    template = (
        "Network {net_id} has no free IP address left: widen the allocation pools or add a subnet."
    )


class IpAddressGenerationFailureNoMatchingSubnet(IpAddressGenerationFailure):
    """The subnets of the network are for ports of other owners."""

    template = (
        "No subnet of network {network_id} is for ports of device owner '{service_type}': all have "
        "service types, and other ones."
    )


class InvalidIpForNetwork(BadRequest):
    """The wished address belongs to none of the network's subnets."""

    template = "Address {ip_address} fits none of the subnets of the network."


class InvalidIpForSubnet(BadRequest):
    """The wished address is outside of the subnet, or its network or broadcast address."""

    template = "A port cannot have address {ip_address} of subnet {subnet_id}."


class AllocationOnAutoAddressSubnet(InvalidInput):
    """Ports make their address of this subnet themselves, from their MAC address."""

    template = (
        "Address {ip} cannot be chosen: the addresses of subnet {subnet_id} are made from the "
        "MAC addresses of the ports."
    )


class FixedIpsSubnetsNotOnSameSegment(BadRequest):
    """A port of a routed network has its addresses from the subnets of one segment."""

    template = "The wished addresses belong to different segments of the network."


class HostNotConnectedToAnySegment(Conflict):
    """The host reaches no segment of a routed network."""

    template = "Host {host} reaches no segment of the routed network {network_id}."


class HostNotCompatibleWithFixedIps(Conflict):
    """The addresses of the port belong to a segment that the new host does not reach."""

    template = "Host {host} does not reach the segment of the addresses of port {port_id}."
