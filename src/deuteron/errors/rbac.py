"""Errors of sharing: RBAC policies, and ``shared`` and ``router:external`` that they stand for."""

from deuteron.errors.base import Conflict, InUse, InvalidInput, NotFound


class RbacPolicyNotFound(NotFound):
    """No RBAC policy of this id."""

    template = "RBAC policy {id} could not be found."


class DuplicateRbacPolicy(Conflict):
    """The object is shared with this target in this way already."""

    template = "An RBAC policy with these values exists already."


class RbacPolicyInUse(Conflict):
    """A project uses the object and would no longer see it."""

    template = "RBAC policy on object {object_id} cannot be taken away: {details}."


class InvalidActionForType(InvalidInput):
    """Objects of this type cannot be shared in this way."""

    template = "Invalid action '{action}' for object type '{object_type}', valid are: {valid}."


class InvalidSharedSetting(Conflict):
    """Other projects use the network, so that it stays shared."""

    template = "Network {network} stays shared: other projects use it."


class ExternalNetworkInUse(InUse):
    """Gateways of routers are on the network, so that it stays external."""

    template = "Network {net_id} stays external: it has gateways of routers."
