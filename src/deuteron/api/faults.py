"""Errors become answers here, and nowhere else: ``{"NeutronError": {type, message, detail}}``.

NetworkError (ours)                    its own status and type
neutron-lib's exceptions               as Neutron maps them; drivers raise them
NotImplementedError                    501
falcon's (no such path, wrong method)  their status, Neutron's type
anything else                          500 without a word about the cause; the log has it
"""

import logging
from typing import NamedTuple

import falcon
import netaddr
import orjson
from neutron_lib import exceptions as lib

from deuteron.errors import Conflict, HTTPNotFound, NetworkError, Unauthorized

LOG = logging.getLogger(__name__)

# The first that fits counts.
_OF_NEUTRON_LIB: tuple[tuple[type[Exception], int], ...] = (
    (lib.NotFound, 404),
    (lib.Conflict, 409),
    (lib.InUse, 409),
    (lib.BadRequest, 400),
    (lib.ServiceUnavailable, 503),
    (lib.NotAuthorized, 403),
    (lib.NeutronException, 500),
    (netaddr.AddrFormatError, 400),
)
# Names that clients of Neutron know.
_OF_STATUS = {
    400: "HTTPBadRequest",
    404: "HTTPNotFound",
    405: "HTTPMethodNotAllowed",
    413: "HTTPRequestEntityTooLarge",
    501: "HTTPNotImplemented",
}
_UNKNOWN = "The request failed by an error of the server. Its log says more under the request id."


class Fault(NamedTuple):
    """An error as the caller sees it.

    Args:
        status: HTTP status.
        type: the error's name.
        message: what is wrong.
        expected: whether the error says all there is to say; else its traceback is logged.
        key: the name of the object that holds it.
    """

    status: int
    type: str
    message: str
    expected: bool = True
    key: str = "NeutronError"


def fault_of(error: BaseException) -> Fault:
    """What the caller is told about an error.

    Args:
        error: any.
    """
    if isinstance(error, NetworkError):
        return Fault(error.status, error.type, error.message)
    if isinstance(error, lib.MultipleExceptions):
        return _of_several(error)
    if isinstance(error, falcon.HTTPError):
        name = _OF_STATUS.get(error.status_code, "HTTPError")
        return Fault(error.status_code, name, _words(error))
    if isinstance(error, NotImplementedError):
        name = type(error).__name__
        return Fault(501, name, str(error) or "This is not supported", key=name)
    for known, status in _OF_NEUTRON_LIB:
        if isinstance(error, known):
            return Fault(status, type(error).__name__, str(error))
    return Fault(500, "HTTPInternalServerError", _UNKNOWN, expected=False)


def _words(error: falcon.HTTPError) -> str:
    if isinstance(error, falcon.HTTPMethodNotAllowed):
        allowed = dict(error.headers or {}).get("Allow", "")
        return f"The method is not allowed here; these are: {allowed}"
    if error.status_code == HTTPNotFound.status:
        return HTTPNotFound().message
    return error.description or error.title


def _of_several(error: lib.MultipleExceptions) -> Fault:
    """One status for all is kept, with the messages joined; different ones become a conflict."""
    inner = [fault_of(one) for one in error.inner_exceptions]
    if not inner:
        return Fault(500, type(error).__name__, str(error))
    if len({fault.status for fault in inner}) == 1:
        message = "\n".join(fault.message for fault in inner)
        return Fault(inner[0].status, inner[0].type, message)
    lines = (f"HTTP {fault.status} {fault.type}: {fault.message}" for fault in inner)
    return Fault(Conflict.status, Conflict.__name__, "\n".join(lines))


def answer(
    request: falcon.Request, response: falcon.Response, error: Exception, _path: object
) -> None:
    """Falcon's error handler: write the fault into the answer, and into the log.

    Args:
        request: what was asked.
        response: what will be answered.
        error: what happened.
    """
    fault = fault_of(error)
    if isinstance(error, falcon.HTTPError | NetworkError) and error.headers:
        response.set_headers(dict(error.headers))  # Allow, WWW-Authenticate, Retry-After
    if not fault.expected:
        LOG.error("%s %s failed", request.method, request.path, exc_info=error)
    elif fault.status >= 500:
        LOG.error("%s %s failed: %s", request.method, request.path, fault.message)
    else:
        LOG.info("%s %s refused: %s", request.method, request.path, fault.message)
    response.status = falcon.code_to_http_status(fault.status)
    response.content_type = falcon.MEDIA_JSON
    if isinstance(error, Unauthorized):
        told = {"code": fault.status, "title": fault.type, "message": fault.message}
        response.data = orjson.dumps({"error": told})  # keystonemiddleware's form
        return
    response.data = orjson.dumps(
        {fault.key: {"type": fault.type, "message": fault.message, "detail": ""}}
    )
