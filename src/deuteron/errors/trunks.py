"""Errors of trunks and their sub-ports."""

from deuteron.errors.base import Conflict, InUse, NotFound


class TrunkNotFound(NotFound):
    """No trunk of this id."""

    template = "Trunk {trunk_id} could not be found."


class SubPortNotFound(NotFound):
    """The port is not on the trunk."""

    template = "Port {port_id} is not on trunk {trunk_id}."


class TrunkPortInUse(InUse):
    """The port is on a trunk already."""

    template = "Port {port_id} is on a trunk already."


class ParentPortInUse(InUse):
    """The port carries a trunk, or a server uses it."""

    template = "Port {port_id} is in use, so it cannot carry a trunk."


class DuplicateSubPort(InUse):
    """Two sub-ports of a trunk cannot have one segmentation id."""

    template = "Trunk {trunk_id} has {segmentation_type} {segmentation_id} already."


class SubPortMtuGreaterThanTrunkPortMtu(Conflict):
    """The frames of the sub-port would not fit through the parent."""

    template = (
        "The MTU {port_mtu} of port {port_id} is larger than the MTU {trunk_mtu} of the trunk's "
        "port {trunk_id}."
    )


class PortInUseAsTrunkParent(InUse):
    """The port carries a trunk."""

    template = "Port {port_id} carries trunk {trunk_id}: delete that first."


class PortInUseAsSubPort(InUse):
    """The port is on a trunk."""

    template = "Port {port_id} is on trunk {trunk_id}: remove it from there first."


class TrunkInUse(InUse):
    """The trunk's port is bound, and its driver cannot take a trunk from a bound port."""

    template = "Trunk {trunk_id} is in use: its port is bound to a host."


class TrunkDisabled(Conflict):
    """The administrative state of the trunk is down."""

    template = "Trunk {trunk_id} is disabled: set its admin_state_up first."


class TrunkInErrorState(Conflict):
    """The trunk has failed."""

    template = "Trunk {trunk_id} is in state ERROR: remove the sub-ports that failed first."
