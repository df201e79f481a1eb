"""Errors of segments and of the ranges they are taken from."""

from deuteron.errors.base import BadRequest, Conflict, InUse, NotFound


class SegmentsSetInConjunctionWithProviders(BadRequest):
    """A network can be described by ``provider:*`` or by ``segments``, not by both."""

    template = "Give either provider attributes or segments, not both."


class SegmentsContainDuplicateEntry(BadRequest):
    """One segment is listed twice."""

    template = "The list of segments has an entry twice."


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
