"""What agents send is judged here: a wrong type is told by name, not met somewhere below."""

import math
from collections.abc import Mapping
from typing import Any

from deuteron.errors import InvalidInput

MOST = 10_000
"""No agent asks for more at once; Neutron's ask for 20 devices, all of their host, or 64 ports."""

_LONGEST = 255
# No agent says anything that is nested nearly as deep.
_DEEPEST = 30
_LARGEST = 2**63 - 1


def require_plain(name: str, value: Any) -> None:
    """See to it that whatever is done with a value can be done: that it can be kept and sent.

    Args:
        name: of the argument.
        value: as JSON has it.

    Raises:
        InvalidInput: there is a text in it that no database takes, a number that is none or far
            too large, or it is nested too deep.
    """
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                below.extend(one)
                below.extend(one.values())
            elif isinstance(one, list):
                below.extend(one)
            elif isinstance(one, str):
                if not one.isascii() and not _is_unicode(one):
                    raise InvalidInput(error_message=f"{name} has a text that is no Unicode")
                if "\0" in one:
                    raise InvalidInput(error_message=f"{name} has a text with a null character")
            elif isinstance(one, float):
                if not math.isfinite(one):
                    raise InvalidInput(error_message=f"{name} has a number that is none")
            elif isinstance(one, int) and abs(one) > _LARGEST:
                raise InvalidInput(error_message=f"{name} has a number that is too large")
        if not below:
            return
        level = below
    raise InvalidInput(error_message=f"{name} is nested deeper than {_DEEPEST} levels")


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def text(name: str, value: Any) -> str:
    """A text of 1 to 255 characters.

    Raises:
        InvalidInput: it is none.
    """
    if not isinstance(value, str) or not value or len(value) > _LONGEST:
        raise InvalidInput(error_message=f"{name} must be a text of 1 to {_LONGEST} characters")
    return value


def texts(name: str, value: Any) -> list[str]:
    """A list of texts, which may be empty; None is an empty one.

    Raises:
        InvalidInput: it is none.
    """
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MOST:
        raise InvalidInput(error_message=f"{name} must be a list of at most {MOST} texts")
    return [text(f"{name}[{number}]", one) for number, one in enumerate(value)]


def mapping(name: str, value: Any) -> Mapping[str, Any]:
    """An object.

    Raises:
        InvalidInput: it is none.
    """
    if not isinstance(value, dict):
        raise InvalidInput(error_message=f"{name} must be an object")
    return value
