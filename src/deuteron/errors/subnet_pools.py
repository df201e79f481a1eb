"""Errors of subnet pools and address scopes."""

from deuteron.errors.base import BadRequest, Conflict, InUse, NotFound


class SubnetPoolNotFound(NotFound):
    """No subnet pool of this id."""

    template = "Subnet pool {subnetpool_id} could not be found."


class EmptySubnetPoolPrefixList(BadRequest):
    """A pool needs at least one prefix."""

    template = "A subnet pool needs at least one prefix."


class PrefixVersionMismatch(BadRequest):
    """The prefixes of a pool are of one IP version."""

    template = "A subnet pool cannot have both IPv4 and IPv6 prefixes."


class IllegalSubnetPoolPrefixBounds(BadRequest):
    """The prefix lengths of a pool do not fit together."""

    template = (
        "Prefix length {prefix_type}={prefixlen} does not fit {base_prefix_type}={base_prefixlen}."
    )


class IllegalSubnetPoolPrefixUpdate(BadRequest):
    """The prefixes of a pool cannot change so."""

    template = "The prefixes cannot change so: {msg}."


class IllegalSubnetPoolUpdate(BadRequest):
    """The pool cannot change so."""

    template = "The subnet pool cannot change so: {reason}."


class SubnetPoolDeleteError(BadRequest):
    """The pool has subnets."""

    template = "The subnet pool cannot be deleted: {reason}."


class SubnetPoolQuotaExceeded(Conflict):
    """The project has as much of the pool as it may have."""

    template = "The project's quota of subnet pool {subnetpool_id} is exceeded."


class MinPrefixSubnetAllocationError(BadRequest):
    """The wanted subnet is larger than the pool gives out."""

    template = "A subnet of prefix length {prefixlen} is larger than the pool allows ({minimum})."


class MaxPrefixSubnetAllocationError(BadRequest):
    """The wanted subnet is smaller than the pool gives out."""

    template = "A subnet of prefix length {prefixlen} is smaller than the pool allows ({maximum})."


class SubnetAllocationError(Conflict):
    """The pool has no room for the subnet."""

    template = "No subnet can be allocated: {reason}."


class NetworkSubnetPoolAffinityError(BadRequest):
    """The subnets of a network are of one pool, or of pools of one address scope."""

    template = "All subnets of one IP version on network {network_id} must be of one subnet pool."


class AddressScopeNotFound(NotFound):
    """No address scope of this id."""

    template = "Address scope {address_scope_id} could not be found."


class AddressScopeInUse(InUse):
    """Subnet pools are in the scope."""

    template = "Address scope {address_scope_id} has subnet pools."


class AddressScopeUpdateError(BadRequest):
    """The scope cannot change so."""

    template = "Address scope {address_scope_id} cannot change so: {reason}."


class AddressScopePrefixConflict(Conflict):
    """Pools of one scope have addresses in common."""

    template = "The prefixes overlap with those of another subnet pool of the address scope."


class NetworkAddressScopeAffinityError(BadRequest):
    """The subnets of a network are in one address scope."""

    template = "All subnets of one IP version on a network must be in one address scope."


class IllegalSubnetPoolIpVersionAssociationToAddressScope(BadRequest):
    """The pool and the scope are of different IP versions."""

    template = (
        "Subnet pool {subnetpool_id} cannot be in address scope {address_scope_id}, which is for "
        "IPv{ip_version}."
    )


class IllegalSubnetPoolAssociationToAddressScope(BadRequest):
    """The scope is not the project's and not shared with it."""

    template = "Subnet pool {subnetpool_id} cannot be in address scope {address_scope_id}."
