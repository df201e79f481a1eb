"""Errors of networks."""

from deuteron.errors.base import BadRequest, Conflict, InUse, NotFound, ServiceUnavailable


class NetworkNotFound(NotFound):
    """No network of this id."""

    template = "Network {net_id} could not be found."


class AvailabilityZoneNotFound(NotFound):
    """No agent that could serve it is in the zone."""

    template = "No agent for this is in availability zone {availability_zone}."


class AutoAllocationFailure(Conflict):
    """No topology can be made for a project as the site is."""

    template = "No topology can be made: {reason}."


class DefaultExternalNetworkExists(Conflict):
    """There is one default external network."""

    template = "The default external network is {net_id} already."


class NetworkInUse(InUse):
    """A network with ports that nobody but a user can remove."""

    template = "Network {net_id} is in use: {reason}."


class NetworkMTUSubnetConflict(Conflict):
    """The MTU is too small for the protocol of a subnet."""

    template = "The MTU of network {net_id} is too small: its subnets need at least {mtu} bytes."


class NoNetworkAvailable(ServiceUnavailable):
    """Every segment of every project network type is taken."""

    template = (
        "No free segment is left in any project network type: "
        "widen the ranges or delete networks that are not used."
    )


class VlanTransparencyDriverError(BadRequest):
    """A mechanism driver does not pass tagged frames, or none says that it does."""

    template = "The mechanism drivers do not support VLAN transparent networks."


class VlanQinqDriverError(BadRequest):
    """A mechanism driver does not pass doubly tagged frames, or none says that it does."""

    template = "The mechanism drivers do not support QinQ networks."
