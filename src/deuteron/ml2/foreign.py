"""Errors that drivers raise, as errors of ours.

Drivers raise neutron-lib's exceptions (or any other). Their class name is the type on the wire
and their base class says the status, as `neutron_lib.api.faults` maps it; what is no error of the
field is an internal server error whose text stays in the log.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import netaddr
from neutron_lib import exceptions

from deuteron.db.failures import DATABASE_ERRORS
from deuteron.errors import DriverError, MechanismDriverError, NetworkError

_STATUS_OF = (
    (exceptions.NotFound, 404),
    (exceptions.Conflict, 409),
    (exceptions.InUse, 409),
    (exceptions.BadRequest, 400),
    (exceptions.ServiceUnavailable, 503),
    (exceptions.NotAuthorized, 403),
    (netaddr.AddrFormatError, 400),
    (exceptions.NeutronException, 500),
)


def as_ours(error: BaseException) -> NetworkError:
    """What the caller of the API is shown when a driver raised `error`.

    Args:
        error: ours (returned as it is), neutron-lib's, or anything else.
    """
    if isinstance(error, NetworkError):
        return error
    if isinstance(error, exceptions.MultipleExceptions) and error.inner_exceptions:
        inner = [as_ours(one) for one in error.inner_exceptions]
        return MechanismDriverError(method="", errors=inner)
    for kind, status in _STATUS_OF:
        if isinstance(error, kind):
            return DriverError(name=type(error).__name__, status=status, message=str(error))
    return DriverError(
        name="HTTPInternalServerError",
        status=500,
        message="A driver failed with an internal error; the log of the server has the details.",
    )


@contextmanager
def translated() -> Iterator[None]:
    """Turn what a driver raises in the block into an error of ours.

    Errors of the database pass: the transaction knows what they mean.
    """
    try:
        yield
    except (NetworkError, *DATABASE_ERRORS):
        raise
    except Exception as error:
        raise as_ours(error) from error
