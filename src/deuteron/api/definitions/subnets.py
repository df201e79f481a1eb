"""Subnet pools, address scopes and IP availability, as far as neutron-lib's maps do not say it.

Neutron keeps the attributes of subnet pools among those of its core, and the extension that turns
them on, ``subnet_allocation``, outside of neutron-lib.
"""

from typing import Any

from neutron_lib.api import converters
from neutron_lib.api.definitions import (
    address_scope,
    network_ip_availability,
    subnet_service_types,
    subnetpool,
)
from neutron_lib.db import constants


def _version(value: Any) -> int:
    """A number, or what no subnet has (observed: no version finds nothing)."""
    text = str(value)
    return int(text) if text in {"4", "6"} else 0


_POOLS = subnetpool.RESOURCE_ATTRIBUTE_MAP[subnetpool.COLLECTION_NAME]

# A name is as long as others may be.
SUBNET_POOLS: dict[str, Any] = {
    subnetpool.COLLECTION_NAME: {
        **_POOLS,
        "name": {
            **_POOLS["name"],
            "validate": {"type:not_empty_name_string": constants.NAME_FIELD_SIZE},
        },
        # never given, but a filter must be a number for databases that do not convert
        "ip_version": {**_POOLS["ip_version"], "convert_to": _version},
    },
}
ADDRESS_SCOPES: dict[str, Any] = address_scope.RESOURCE_ATTRIBUTE_MAP

_AVAILABILITY = network_ip_availability.RESOURCE_ATTRIBUTE_MAP[
    network_ip_availability.RESOURCE_PLURAL
]


AVAILABILITY: dict[str, Any] = {
    network_ip_availability.RESOURCE_PLURAL: {
        **_AVAILABILITY,
        "ip_version": {**_AVAILABILITY["ip_version"], "convert_to": _version},
    },
}

_TYPES = subnet_service_types.RESOURCE_ATTRIBUTE_MAP["subnets"]["service_types"]

# A null takes all types away.
SERVICE_TYPES: dict[str, Any] = {
    "subnets": {
        "service_types": {**_TYPES, "convert_to": converters.convert_none_to_empty_list},
    },
}
