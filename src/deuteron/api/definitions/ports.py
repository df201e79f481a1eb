"""Attributes of ports whose values neutron-lib's maps leave unchecked.

A value that the core cannot work with is refused here, not found out by a database.
"""

from typing import Any

from neutron_lib.api import converters, validators
from neutron_lib.api.definitions import (
    allowedaddresspairs,
    port,
    port_mac_address_regenerate,
    portbindings,
)
from neutron_lib.api.definitions import portbindings_extended as bindings
from neutron_lib.exceptions.allowedaddresspairs import AllowedAddressPairsMissingIP

from deuteron.errors import HTTPBadRequest


def mac_address(value: Any) -> Any:
    """A MAC address in canonical form; None, which asks for a new one, is kept."""
    return None if value is None else converters.convert_to_sanitized_mac_address(value)


def address_pairs(value: Any, _argument: None) -> None:
    """Refuse what is no list of address pairs; how many there may be is for the core to say.

    Raises:
        HTTPBadRequest: not a list of objects, an unknown name in one, or a wrong address.
        AllowedAddressPairsMissingIP: a pair without an address (neutron-lib's error).
    """
    if not isinstance(value, list):
        raise HTTPBadRequest(msg="Allowed address pairs must be a list.")
    for pair in value:
        reason = validators.validate_dict(pair)
        if not reason and "ip_address" not in pair:
            raise AllowedAddressPairsMissingIP
        reason = reason or _pair_refused(pair)
        if reason:
            raise HTTPBadRequest(msg=f"Invalid input for allowed_address_pairs. Reason: {reason}.")


def _pair_refused(pair: dict[str, Any]) -> str | None:
    unknown = pair.keys() - {"ip_address", "mac_address"}
    if unknown:
        return f"it has unknown names: {', '.join(sorted(unknown))}"
    # A pair without the name means the port's own MAC address; null is no address (observed).
    if "mac_address" in pair:
        mac = pair["mac_address"]
        reason = validators.validate_mac_address(
            mac
        ) or validators.validate_mac_address_not_multicast(mac)
        if reason:
            return str(reason)
    address = pair["ip_address"]
    if isinstance(address, str) and "/" in address:
        reason = validators.validate_subnet(address) or validators.validate_subnet_not_multicast(
            address
        )
    else:
        reason = validators.validate_ip_address(address) or validators.validate_ip_not_multicast(
            address
        )
    return str(reason) if reason else None


_PAIRS = allowedaddresspairs.RESOURCE_ATTRIBUTE_MAP[port.COLLECTION_NAME]
_MAC = port_mac_address_regenerate.RESOURCE_ATTRIBUTE_MAP[port.COLLECTION_NAME]
_BINDING = portbindings.RESOURCE_ATTRIBUTE_MAP[port.COLLECTION_NAME]
_BINDINGS = bindings.SUB_RESOURCE_ATTRIBUTE_MAP[bindings.COLLECTION_NAME]["parameters"]

# Alias -> what replaces its facts.
REGENERATED_MAC: dict[str, dict[str, Any]] = {
    "ports": {
        "mac_address": {
            **_MAC["mac_address"],
            "convert_to": mac_address,
            "validate": {"type:mac_address_or_none": None},
        },
    },
}
ADDRESS_PAIRS: dict[str, dict[str, Any]] = {
    "ports": {
        "allowed_address_pairs": {
            **_PAIRS["allowed_address_pairs"],
            "validate": {address_pairs: None},
        },
    },
}
BINDING: dict[str, dict[str, Any]] = {
    "ports": {
        **_BINDING,
        "binding:host_id": {
            **_BINDING["binding:host_id"],
            "validate": {"type:string_or_none": 255},
        },
    },
}

# The ``bindings`` below a port. The project is the port's.
BINDINGS: dict[str, Any] = {
    **{name: facts for name, facts in _BINDINGS.items() if name != "project_id"},
    "host": {**_BINDINGS["host"], "validate": {"type:not_empty_string": 255}},
}
