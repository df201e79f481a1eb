"""What agents look for: filters, with values of the types that the attributes have.

The core compares what it is given with columns; a value of another type is an error to some
databases, and a match to others.
"""

from typing import Any

from deuteron.errors import InvalidInput
from deuteron.rpc import arguments

_FLAGS = frozenset(
    (
        "admin_state_up",
        "alive",
        "enable_dhcp",
        "is_default",
        "port_security_enabled",
        "propagate_uplink_status",
        "qinq",
        "router:external",
        "shared",
        "stateful",
        "trusted",
        "vlan_transparent",
    )
)
_NUMBERS = frozenset(
    ("ip_version", "mtu", "port", "provider:segmentation_id", "revision_number", "segmentation_id")
)
_LARGEST = 2**31 - 1
_OF_FIXED_IPS = ("ip_address", "subnet_id")


def found_by(name: str, given: Any) -> dict[str, tuple[Any, ...]]:
    """Filters as queries have them.

    Args:
        name: of the argument that has them.
        given: attribute -> value or list of values, that of ``fixed_ips`` is an object of
            ``ip_address`` and ``subnet_id``; None for none.

    Raises:
        InvalidInput: this is no object, or a value is nothing that the attribute can have.
    """
    wanted = {} if given is None else arguments.mapping(name, given)
    return {
        attribute: _of_fixed_ips(value) if attribute == "fixed_ips" else values(attribute, value)
        for attribute, value in wanted.items()
    }


def values(attribute: str, given: Any) -> tuple[Any, ...]:
    """The values that an attribute may have.

    Args:
        attribute: of the API.
        given: a value or a list of them; None is one.

    Raises:
        InvalidInput: one is nothing that the attribute can have.
    """
    ones = given if isinstance(given, list) else [given]
    if len(ones) > arguments.MOST:
        raise InvalidInput(
            error_message=f"{attribute[:64]} is found by {arguments.MOST} values at most"
        )
    return tuple(_value(attribute, one) for one in ones)


def _value(attribute: str, one: Any) -> Any:
    if one is None:
        return None
    if attribute in _FLAGS:
        if isinstance(one, bool):
            return one
        raise InvalidInput(error_message=f"{attribute} is found by true and false only")
    if isinstance(one, int) and not isinstance(one, bool):
        if attribute not in _NUMBERS:
            return str(one)
        if abs(one) <= _LARGEST:
            return one
    elif isinstance(one, str) and attribute not in _NUMBERS:
        return one
    kind = "numbers" if attribute in _NUMBERS else "texts"
    raise InvalidInput(error_message=f"{attribute[:64]} is found by {kind} only")


def _of_fixed_ips(value: Any) -> tuple[str, ...]:
    given = arguments.mapping("fixed_ips", value)
    strange = sorted(given.keys() - set(_OF_FIXED_IPS))
    if strange:
        raise InvalidInput(error_message=f"fixed_ips are not found by {strange[0][:64]}")
    return tuple(
        f"{part}={arguments.text(part, one)}"
        for part, ones in given.items()
        for one in (ones if isinstance(ones, list) else [ones])
    )
