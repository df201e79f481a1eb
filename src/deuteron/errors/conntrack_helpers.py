"""Errors of connection tracking helpers of routers."""

from deuteron.errors.base import BadRequest, NotFound


class ConntrackHelperNotFound(NotFound):
    """The router has no helper of this id."""

    template = "Conntrack helper {id} could not be found."


class ConntrackHelperNotAllowed(BadRequest):
    """The site allows no such helper."""

    template = "Conntrack helper {helper} is not allowed here."


class InvalidProtocolForHelper(BadRequest):
    """The site allows the helper for other protocols."""

    template = "Conntrack helper {helper} is for {supported_protocols}, not for {protocol}."
