"""Errors of subnets: their prefixes, pools, gateways and segments."""

from deuteron.errors.base import BadRequest, Conflict, InUse, NotFound


class SubnetNotFound(NotFound):
    """No subnet of this id."""

    template = "Subnet {subnet_id} could not be found."


class SubnetInUse(InUse):
    """A subnet from which ports have addresses."""

    template = "Subnet {subnet_id} is in use: {reason}."


class InvalidAllocationPool(BadRequest):
    """The start of a pool is behind its end, or of another IP version."""

    template = "Allocation pool {pool} does not go from a lower to a higher address of the subnet."


class OutOfBoundsAllocationPool(BadRequest):
    """A pool holds addresses that ports of the subnet cannot have."""

    template = "Allocation pool {pool} exceeds what ports of subnet {subnet_cidr} can have."


class OverlappingAllocationPools(Conflict):
    """Two pools of a subnet have addresses in common."""

    template = "Allocation pools {pool_1} and {pool_2} of subnet {subnet_cidr} overlap."


class GatewayConflictWithAllocationPools(InUse):
    """The gateway's address is within a pool."""

    template = "Gateway {ip_address} lies within the allocation pool {pool}."


class IpamValueInvalid(Conflict):
    """The default gateway of such a small subnet is no address that a host can have."""

    template = "Gateway {gateway_ip} would be the network or broadcast address of {subnet_cidr}."


class DNSNameServersExhausted(BadRequest):
    """A subnet has only so many name servers."""

    template = "Subnet {subnet_id} cannot have more than {quota} DNS name servers."


class HostRoutesExhausted(BadRequest):
    """A subnet has only so many host routes."""

    template = "Subnet {subnet_id} cannot have more than {quota} host routes."


class InvalidCIDR(BadRequest):
    """A prefix that is none."""

    template = "{input} is not an IP prefix (address/length)."


class GatewayIpInUse(InUse):
    """The gateway of a subnet cannot change while a router has its address."""

    template = "The gateway address {ip_address} is still that of port {port_id}."


class NetworkIdsDontMatch(BadRequest):
    """A subnet and its segment must be of one network."""

    template = "Segment {segment_id} is not of the subnet's network {subnet_network}."


class SubnetsNotAllAssociatedWithSegments(BadRequest):
    """On a routed network every subnet has a segment."""

    template = "Either all subnets of network {network_id} have a segment, or none of them has."


class SubnetCantAssociateToDynamicSegment(BadRequest):
    """A dynamic segment comes and goes with bindings."""

    template = "Segment {segment_id} is dynamic: a subnet cannot be tied to it."


class NoUpdateSubnetWhenMultipleSegmentsOnNetwork(BadRequest):
    """A subnet can be tied to a segment later only if its network has no other one."""

    template = "Network {network_id} has several segments: its subnets cannot be tied to one later."


class SubnetSegmentAssociationChangeNotAllowed(BadRequest):
    """The segment of a subnet is chosen once."""

    template = "The subnet is tied to a segment already, which cannot change."
