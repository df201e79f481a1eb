"""Every error that crosses a boundary, one class per name on the wire.

    NetworkError                       500
    |-- BadRequest                     400
    |   `-- InvalidInput ...
    |-- NotAuthorized                  403
    |-- NotFound                       404
    |   `-- NetworkNotFound, SubnetNotFound, PortNotFound, ...
    |-- HTTPRequestEntityTooLarge      413
    |-- Conflict                       409
    |   |-- InUse
    |   |   `-- NetworkInUse, SubnetInUse, ...
    |   `-- IpAddressGenerationFailure, ...
    |-- PreconditionFailed             412
    |-- ServiceUnavailable             503
    |   `-- NoNetworkAvailable, DatabaseUnavailable
    |-- DriverError                    what a third-party driver raised, under its name and status
    |   `-- MechanismDriverError       a veto, or failed postcommit hooks
    |-- TryAgain                       internal: the whole operation is tried again
    `-- StartError                     the process cannot start; one line and an exit code

The class name is the ``type`` of the answer (the API reference's and Neutron's error types), the
class says the status, the keyword arguments fill the template. `deuteron.api.faults` is the one
place that turns them into answers.
"""

from collections.abc import Sequence
from typing import Any, ClassVar


class NetworkError(Exception):
    """Base of all errors of the service.

    Args:
        fields: what the template names; kept as attributes for those who catch the error.
    """

    status: int = 500
    template: ClassVar[str] = "An unknown error occurred."

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        self.message = self.template.format(**fields)
        super().__init__(self.message)

    @property
    def type(self) -> str:
        """The error's name on the wire."""
        return type(self).__name__


class BadRequest(NetworkError):
    """The request cannot be understood or breaks a rule that does not depend on state."""

    status = 400
    template = "Bad {resource} request: {msg}."


class HTTPBadRequest(BadRequest):
    """A body or query that the attribute maps refuse."""

    template = "{msg}"


class InvalidInput(BadRequest):
    """A value that a rule of the resource refuses."""

    template = "Invalid input for operation: {error_message}."


class NotAuthorized(NetworkError):
    """The caller may know of the resource but not do this to it."""

    status = 403
    template = "Not authorized: {reason}."


class NotFound(NetworkError):
    """The resource does not exist for this caller."""

    status = 404
    template = "The resource could not be found."


class HTTPNotFound(NotFound):
    """No such path."""


class HTTPRequestEntityTooLarge(NetworkError):
    """A body above what the server accepts."""

    status = 413
    template = "The body is larger than {largest} bytes."


class NetworkNotFound(NotFound):
    """No network of this id."""

    template = "Network {net_id} could not be found."


class SubnetNotFound(NotFound):
    """No subnet of this id."""

    template = "Subnet {subnet_id} could not be found."


class PortNotFound(NotFound):
    """No port of this id."""

    template = "Port {port_id} could not be found."


class AgentNotFound(NotFound):
    """No agent of this id."""

    template = "Agent {id} could not be found."


class PortBindingNotFound(NotFound):
    """The port has no binding on this host."""

    template = "Port {port_id} has no binding on host {host}."


class Conflict(NetworkError):
    """The request conflicts with what is there."""

    status = 409
    template = "The request conflicts with the present state."


class InUse(Conflict):
    """The resource is still used by others."""

    template = "The resource is in use."


class NetworkInUse(InUse):
    """A network with ports that nobody but a user can remove."""

    template = "Network {net_id} is in use: {reason}."


class SubnetInUse(InUse):
    """A subnet from which ports have addresses."""

    template = "Subnet {subnet_id} is in use: {reason}."


class MacAddressInUse(InUse):
    """Two ports of one network cannot share a MAC address."""

    template = "Network {net_id} already has a port with MAC address {mac}."


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


class InvalidAllocationPool(BadRequest):
    """The start of a pool is behind its end, or of another IP version."""

    template = "Allocation pool {pool} does not go from a lower to a higher address of the subnet."


class OutOfBoundsAllocationPool(BadRequest):
    """A pool holds addresses that ports of the subnet cannot have."""

    template = (
        "Allocation pool {pool} exceeds what ports of subnet {subnet_cidr} can have."
    )


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


# --- security groups: values that a rule of a group cannot have -----------------------------------


class InvalidCIDR(BadRequest):
    """A prefix that is none."""

    template = "{input} is not an IP prefix (address/length)."


class SecurityGroupRuleInvalidProtocol(InvalidInput):
    """Neither a protocol's name nor its number."""

    template = (
        "Protocol {protocol} is not supported: use a number of 0 to 255, 'any', or one of {values}."
    )


class SecurityGroupRuleInvalidEtherType(InvalidInput):
    """Neither IPv4 nor IPv6."""

    template = "Ethertype {ethertype} is not supported: use one of {values}."


class SecurityGroupInvalidPortValue(InvalidInput):
    """Not a port number."""

    template = "{port} is not a port number."


class SecurityGroupDefaultAlreadyExists(InUse):
    """The name of a project's default group is reserved."""

    template = "The name 'default' belongs to the default security group that exists already."


class SecurityGroupNotFound(NotFound):
    """No security group of this id, or not one that the project may use."""

    template = "There is no security group {id}."


class SecurityGroupRuleNotFound(NotFound):
    """No security group rule of this id."""

    template = "There is no security group rule {id}."


class SecurityGroupInUse(InUse):
    """Ports are members of the group."""

    template = "Security group {id} is used by ports."


class SecurityGroupCannotRemoveDefault(InUse):
    """Only an administrator may delete a project's default group."""

    template = "The default security group can be removed by an administrator only."


class SecurityGroupCannotUpdateDefault(InUse):
    """A project's default group keeps its name."""

    template = "The default security group cannot be renamed."


class SecurityGroupConflict(Conflict):
    """The groups cannot be used together."""

    template = "The security groups conflict: {reason}."


class SecurityGroupInvalidPortRange(InvalidInput):
    """Half a range of ports, or one that ends before it begins."""

    template = (
        "A range of ports needs port_range_min and port_range_max, the first not above the second."
    )


class SecurityGroupInvalidProtocolForPort(InvalidInput):
    """The protocol has no ports."""

    template = "Protocol {protocol} has no ports; these have: {valid_port_protocols}."


class SecurityGroupInvalidIcmpValue(InvalidInput):
    """An ICMP type or code is one octet."""

    template = "ICMP {field} ({attr}) cannot be {value}: use 0 to 255."


class SecurityGroupMissingIcmpType(InvalidInput):
    """A code means nothing without its type."""

    template = "ICMP code {value} (port_range_max) needs a type (port_range_min)."


class SecurityGroupEthertypeConflictWithProtocol(InvalidInput):
    """A protocol of IPv6 in a rule for IPv4."""

    template = "Protocol {protocol} does not exist in {ethertype}."


class SecurityGroupProtocolRequiredWithPorts(InvalidInput):
    """Ports belong to a protocol."""

    template = "A range of ports needs a protocol."


class SecurityGroupMultipleRemoteEntites(InvalidInput):
    """A rule has one remote side at most."""

    template = "Give remote_ip_prefix or remote_group_id, not both."


class SecurityGroupRuleParameterConflict(InvalidInput):
    """The prefix is of the other IP version."""

    template = "Prefix {cidr} is not of {ethertype}."


class SecurityGroupNotSingleGroupRules(InvalidInput):
    """One request can add rules to one group."""

    template = "The rules of one request must be of one security group."


class SecurityGroupRulesNotSingleProject(InvalidInput):
    """One request can add rules of one project."""

    template = "The rules of one request must be of one project."


class DuplicateSecurityGroupRuleInPost(InUse):
    """The request has one rule twice."""

    template = "The request has the same rule twice."


class SecurityGroupRuleExists(InUse):
    """The group has such a rule."""

    template = "The security group has this rule already, with id {rule_id}."


# --- extensions of the port -----------------------------------------------------------------------


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


class NeutronDbObjectDuplicateEntry(Conflict):
    """A part of a resource that can be there once is there twice."""

    template = "The request has the {thing} twice."


# --- tags -----------------------------------------------------------------------------------------


class TagNotFound(NotFound):
    """The resource has no such tag."""

    template = "There is no tag {tag}."


class TagResourceNotFound(NotFound):
    """The resource whose tags are asked for does not exist."""

    template = "There is no resource {resource_id} in {resource}."


class SegmentsSetInConjunctionWithProviders(BadRequest):
    """A network can be described by ``provider:*`` or by ``segments``, not by both."""

    template = "Give either provider attributes or segments, not both."


class SegmentsContainDuplicateEntry(BadRequest):
    """One segment is listed twice."""

    template = "The list of segments has an entry twice."


# --- segments and their ranges --------------------------------------------------------------------


class SegmentNotFound(NotFound):
    """No segment of this id."""

    template = "Segment {segment_id} could not be found."


class SegmentInUse(InUse):
    """A segment with subnets or ports on it."""

    template = "Segment {segment_id} cannot be deleted: {reason}."


class NetworkSegmentRangeNotFound(NotFound):
    """No range of this id."""

    template = "Network segment range {range_id} could not be found."


class NetworkSegmentRangeNetTypeNotSupported(BadRequest):
    """The type has no numbers, or no driver."""

    template = "There are no segment ranges for the network type {type}."


class NetworkSegmentRangeOverlaps(Conflict):
    """Ranges made through the API share no number."""

    template = "The range overlaps with {range_id}."


class NetworkSegmentRangeReferencedByProject(InUse):
    """Networks have segments of the range."""

    template = "Networks have segments of network segment range {range_id}: delete them first."


class NetworkSegmentRangeDefaultReadOnly(BadRequest):
    """The ranges of the configuration change there."""

    template = (
        "Network segment range {range_id} comes from the configuration of the server: "
        "change it there."
    )


class NetworkVlanRangeError(BadRequest):
    """A range of VLAN ids that cannot be (Neutron answers 500 here)."""

    template = "The VLAN range {vlan_range} is wrong: {error}."


class NetworkTunnelRangeError(BadRequest):
    """A range of tunnel ids that cannot be (Neutron answers 500 here)."""

    template = "The tunnel range {tunnel_range} is wrong: {error}."


class NetworkMTUSubnetConflict(Conflict):
    """The MTU is too small for the protocol of a subnet."""

    template = "The MTU of network {net_id} is too small: its subnets need at least {mtu} bytes."


class GatewayIpInUse(InUse):
    """The gateway of a subnet cannot change while a router has its address."""

    template = "The gateway address {ip_address} is still that of port {port_id}."


class PortBound(InUse):
    """Something cannot change while the port is bound."""

    template = (
        "Port {port_id} is bound as {vif_type}: its MAC address cannot change "
        "from {old_mac} to {new_mac}."
    )


class NetworkIdsDontMatch(BadRequest):
    """A subnet and its segment must be of one network."""

    template = "Segment {segment_id} is not of the subnet's network {subnet_network}."


class SubnetsNotAllAssociatedWithSegments(BadRequest):
    """On a routed network every subnet has a segment."""

    template = "Either all subnets of network {network_id} have a segment, or none of them has."


class SubnetCantAssociateToDynamicSegment(BadRequest):
    """A dynamic segment comes and goes with bindings."""

    template = "Segment {segment_id} is dynamic: a subnet cannot be tied to it."


class SubnetSegmentAssociationChangeNotAllowed(BadRequest):
    """The segment of a subnet is chosen once."""

    template = "The subnet is tied to a segment already, which cannot change."


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


class PreconditionFailed(NetworkError):
    """If-Match names another revision than the present one."""

    status = 412
    template = "{msg}"


class RevisionNumberConstraintFailed(PreconditionFailed):
    """The wished revision number is not the present one."""

    template = "Constrained to revision {expected}, but the present revision is {current}."


class ServiceUnavailable(NetworkError):
    """The request was right, but cannot be served now."""

    status = 503
    template = "The service is temporarily unavailable."


class NoNetworkAvailable(ServiceUnavailable):
    """Every segment of every project network type is taken."""

    template = (
        "No free segment is left in any project network type: "
        "widen the ranges or delete networks that are not used."
    )


class DatabaseUnavailable(ServiceUnavailable):
    """The database does not answer, is full or read-only."""

    template = "The database cannot be used now: {reason}."


class DriverError(NetworkError):
    """What a driver raised, shown under the name and with the status that it gave.

    Args:
        name: the error's name on the wire.
        status: HTTP status.
        message: the driver's words.
    """

    def __init__(self, *, name: str, status: int, message: str) -> None:
        Exception.__init__(self, message)
        self.fields = {}
        self.name = name
        self.status = status
        self.message = message

    @property
    def type(self) -> str:
        """The error's name on the wire."""
        return self.name


class ExtensionDriverError(BadRequest):
    """An extension driver could not show its attributes (Neutron's status and name)."""

    template = "Extension driver {driver} failed; the log of the server has the details."


class MechanismDriverError(DriverError):
    """Mechanism drivers vetoed an operation, or failed after it.

    One status is shown as it is, with the messages joined; several different ones become a
    Conflict that lists them (Neutron's way of showing several inner errors).

    Args:
        method: the hook.
        errors: what the drivers raised, at least one, as errors of ours.
        failures: the dispatcher's records, for those who repeat what failed.
    """

    def __init__(
        self, *, method: str, errors: Sequence[NetworkError], failures: Sequence[Any] = ()
    ) -> None:
        if len({error.status for error in errors}) == 1:
            name, status = errors[0].type, errors[0].status
            message = "\n".join(error.message for error in errors)
        else:
            name, status = Conflict.__name__, Conflict.status
            message = "\n".join(
                f"HTTP {error.status} {error.type}: {error.message}" for error in errors
            )
        super().__init__(name=name, status=status, message=message)
        self.method = method
        self.errors = tuple(errors)
        self.failures = tuple(failures)


class TryAgain(NetworkError):
    """The transaction lost against another one; nothing was changed, the operation may be repeated.

    Raised by `deuteron.db`, caught by `deuteron.api`, which runs the whole operation again.
    """

    status = 503
    template = "The operation conflicted with others too often, try again: {reason}."


class StartError(NetworkError):
    """The process cannot start; the message names the thing and the way out."""

    template = "{msg}"
    exit_code: ClassVar[int] = 1


class ConfigError(StartError):
    """The configuration is at fault; the message has a line for each fault."""

    exit_code = 2
