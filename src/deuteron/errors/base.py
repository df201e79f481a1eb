"""What every error is, and those that belong to no resource in particular."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar


class NetworkError(Exception):
    """Base of all errors of the service.

    Args:
        fields: what the template names; kept as attributes for those who catch the error.
    """

    status: int = 500
    template: ClassVar[str] = "An unknown error occurred."
    headers: Mapping[str, str] = MappingProxyType({})
    """Of the answer, beside the usual ones."""

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


class PolicyNotAuthorized(NotAuthorized):
    """The policy does not let the caller do this."""

    template = "rule:{rule} is disallowed by policy."


class InvalidScope(NotAuthorized):
    """A token for a domain or for the system does not do what a project's does."""

    template = "rule:{rule} needs a token for a project, and the caller's is for something else."


class Unauthorized(NetworkError):
    """Nobody knows who the caller is.

    Args:
        challenge: how to say who one is, the value of ``WWW-Authenticate`` (RFC 9110, 11.6.1).
        reason: a sentence.
    """

    status = 401
    template = "{reason}"

    def __init__(self, *, challenge: str, reason: str) -> None:
        super().__init__(reason=reason)
        self.headers = {"WWW-Authenticate": challenge}


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


class Conflict(NetworkError):
    """The request conflicts with what is there."""

    status = 409
    template = "The request conflicts with the present state."


class InUse(Conflict):
    """The resource is still used by others."""

    template = "The resource is in use."


class NeutronDbObjectDuplicateEntry(Conflict):
    """A part of a resource that can be there once is there twice."""

    template = "The request has the {thing} twice."


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


class IdentityUnavailable(ServiceUnavailable):
    """The identity service does not answer, so that nobody can be known who is not known yet."""

    template = "The identity service cannot be asked who the caller is. Try again soon."
    headers = MappingProxyType({"Retry-After": "10"})


class DatabaseUnavailable(ServiceUnavailable):
    """The database does not answer, is full or read-only."""

    template = "The database cannot be used now: {reason}."


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
