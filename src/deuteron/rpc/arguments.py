"""What agents send is judged here: a wrong type is told by name, not met somewhere below."""

from collections.abc import Mapping
from typing import Any

from deuteron.errors import InvalidInput

# No agent asks for more at once; Neutron's ask for 20 devices and 64 ports.
_MOST = 10_000
_LONGEST = 255


def text(name: str, value: Any) -> str:
    """A text of 1 to 255 characters.

    Raises:
        InvalidInput: it is none.
    """
    if not isinstance(value, str) or not value or len(value) > _LONGEST or "\0" in value:
        raise InvalidInput(error_message=f"{name} must be a text of 1 to {_LONGEST} characters")
    return value


def texts(name: str, value: Any) -> list[str]:
    """A list of texts, which may be empty; None is an empty one.

    Raises:
        InvalidInput: it is none.
    """
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > _MOST:
        raise InvalidInput(error_message=f"{name} must be a list of at most {_MOST} texts")
    return [text(f"{name}[{number}]", one) for number, one in enumerate(value)]


def mapping(name: str, value: Any) -> Mapping[str, Any]:
    """An object.

    Raises:
        InvalidInput: it is none.
    """
    if not isinstance(value, dict):
        raise InvalidInput(error_message=f"{name} must be an object")
    return value
