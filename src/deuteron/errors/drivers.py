"""What drivers of other vendors raise, made presentable."""

from collections.abc import Sequence
from typing import Any

from deuteron.errors.base import BadRequest, Conflict, NetworkError


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
