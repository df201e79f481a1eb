"""Security groups, rules and their template, address groups, and the ports' list of groups.

Source: API reference, "Security groups" and what follows it; conversions and error types
as observed of Neutron.
"""

from typing import Any

import netaddr
from neutron_lib import constants
from neutron_lib.api import converters, validators
from neutron_lib.api.definitions import (
    address_group,
    security_groups_default_statefulness,
    security_groups_remote_address_group,
    stateful_security_group,
)

from deuteron.errors import (
    InvalidCIDR,
    SecurityGroupDefaultAlreadyExists,
    SecurityGroupInvalidPortValue,
    SecurityGroupRuleInvalidEtherType,
    SecurityGroupRuleInvalidProtocol,
)

PROTOCOLS: tuple[str, ...] = tuple(constants.IP_PROTOCOL_MAP)
ETHERTYPES = ("IPv4", "IPv6")


def protocol(value: Any) -> str | None:
    """A protocol's name in lower case, its number as text, or None for any protocol.

    Raises:
        SecurityGroupRuleInvalidProtocol: neither a known name nor a number of 0 to 255.
    """
    if value is None or (isinstance(value, str) and value.lower() == "any"):
        return None
    if isinstance(value, str | int) and not isinstance(value, bool):
        text = str(value)
        if text.isascii() and text.isdigit() and int(text) <= 255:
            return str(int(text))
        if text.lower() in PROTOCOLS:
            return text.lower()
    raise SecurityGroupRuleInvalidProtocol(protocol=value, values=", ".join(PROTOCOLS))


def port_number(value: Any) -> int | None:
    """A port number (or an ICMP type or code), or None.

    Raises:
        SecurityGroupInvalidPortValue: not a number of 0 to 65535.
    """
    if value is None:
        return None
    text = "" if isinstance(value, bool) else str(value)
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise SecurityGroupInvalidPortValue(port=value)


def ethertype(value: Any) -> str:
    """``IPv4`` or ``IPv6``, however it was capitalised.

    Raises:
        SecurityGroupRuleInvalidEtherType: neither.
    """
    for known in ETHERTYPES:
        if isinstance(value, str) and value.lower() == known.lower():
            return known
    raise SecurityGroupRuleInvalidEtherType(ethertype=value, values=", ".join(ETHERTYPES))


def ip_prefix(value: Any) -> str | None:
    """An IP prefix as ``address/length``; None where nothing is given.

    Raises:
        InvalidCIDR: not a prefix.
    """
    if not value:
        return None
    try:
        if not isinstance(value, str):
            raise TypeError
        return str(netaddr.IPNetwork(value))
    except (TypeError, ValueError, netaddr.AddrFormatError):
        raise InvalidCIDR(input=value) from None


def name_that_is_free(value: Any, longest: int) -> str | None:
    """Refuse a name that is no string, too long, or that of a project's default group.

    Raises:
        SecurityGroupDefaultAlreadyExists: the name is ``default``.
    """
    reason = validators.validate_string(value, longest)
    if reason:
        return str(reason)
    if value.lower() == "default":
        raise SecurityGroupDefaultAlreadyExists
    return None


_ID = {
    "allow_post": False,
    "allow_put": False,
    "is_filter": True,
    "is_sort_key": True,
    "is_visible": True,
    "primary_key": True,
}
_PROJECT = {
    "allow_post": True,
    "allow_put": False,
    "is_filter": True,
    "is_sort_key": True,
    "is_visible": True,
    "required_by_policy": True,
    "validate": {"type:string": 255},
}
# An attribute of a rule: given once or not at all, listed by and sorted by.
_OF_RULE = {
    "allow_post": True,
    "allow_put": False,
    "is_filter": True,
    "is_sort_key": True,
    "is_visible": True,
}

RESOURCES: dict[str, dict[str, Any]] = {
    "security_groups": {
        "id": _ID,
        "name": {
            "allow_post": True,
            "allow_put": True,
            "default": "",
            "is_filter": True,
            "is_sort_key": True,
            "is_visible": True,
            "validate": {name_that_is_free: 255},
        },
        "tenant_id": _PROJECT,
        "security_group_rules": {"allow_post": False, "allow_put": False, "is_visible": True},
    },
    "security_group_rules": {
        "id": _ID,
        "tenant_id": _PROJECT,
        "security_group_id": {
            **_OF_RULE,
            "required_by_policy": True,
            "validate": {"type:string": 36},
        },
        "direction": {**_OF_RULE, "validate": {"type:values": ["ingress", "egress"]}},
        "ethertype": {**_OF_RULE, "default": "IPv4", "convert_to": ethertype},
        "protocol": {**_OF_RULE, "default": None, "convert_to": protocol},
        "port_range_min": {**_OF_RULE, "default": None, "convert_to": port_number},
        "port_range_max": {**_OF_RULE, "default": None, "convert_to": port_number},
        "remote_group_id": {
            **_OF_RULE,
            "default": None,
            "validate": {"type:string_or_none": 36},
        },
        "remote_ip_prefix": {**_OF_RULE, "default": None, "convert_to": ip_prefix},
    },
    "ports": {
        "security_groups": {
            "allow_post": True,
            "allow_put": True,
            "convert_to": converters.convert_none_to_empty_list,
            "default": constants.ATTR_NOT_SPECIFIED,
            "is_filter": True,
            "is_visible": True,
            "validate": {"type:uuid_list": None},
        },
    },
}

# What a rule says about traffic, in a group and in the template.
_OF_TRAFFIC = (
    "direction",
    "ethertype",
    "port_range_max",
    "port_range_min",
    "protocol",
    "remote_ip_prefix",
)
_REMOTE_ID = {**_OF_RULE, "default": None, "validate": {"type:string_or_none": 36}}
_USED = {
    "allow_post": True,
    "allow_put": False,
    "convert_to": converters.convert_to_boolean,
    "is_filter": True,
    "is_visible": True,
}

REMOTE_ADDRESS_GROUPS: dict[str, dict[str, Any]] = {
    "security_group_rules": {
        security_groups_remote_address_group.REMOTE_ADDRESS_GROUP_ID: _REMOTE_ID,
    },
}

# The template is nobody's: the project of a request says nothing.
TEMPLATE: dict[str, dict[str, Any]] = {
    "default_security_group_rules": {
        "id": _ID,
        "tenant_id": {**_PROJECT, "is_filter": False, "is_sort_key": False, "is_visible": False},
        "description": {
            "allow_post": True,
            "allow_put": False,
            "default": "",
            "is_filter": True,
            "is_visible": True,
            "validate": {"type:string": 255},
        },
        **{name: RESOURCES["security_group_rules"][name] for name in _OF_TRAFFIC},
        "remote_group_id": _REMOTE_ID,
        "remote_address_group_id": _REMOTE_ID,
        "used_in_default_sg": _USED,
        "used_in_non_default_sg": _USED,
    },
}

_STATEFULNESS = security_groups_default_statefulness.RESOURCE_ATTRIBUTE_MAP[
    security_groups_default_statefulness.COLLECTION_NAME
]
_STATEFUL = stateful_security_group.RESOURCE_ATTRIBUTE_MAP["security_groups"]["stateful"]

# Without a project in the request it is the caller's; null, which only administrators may say, is
# all projects. A group whose request does not say it asks these settings.
DEFAULT_STATEFULNESS: dict[str, dict[str, Any]] = {
    security_groups_default_statefulness.COLLECTION_NAME: {
        "id": _STATEFULNESS["id"],
        "tenant_id": {**_PROJECT, "validate": {"type:string_or_none": 255}},
        "stateful": _STATEFULNESS["stateful"],
    },
    "security_groups": {"stateful": {**_STATEFUL, "default": constants.ATTR_NOT_SPECIFIED}},
}

# The description is that of all resources, the project has the name that answers know it by.
_ADDRESS_GROUP = {
    name: facts
    for name, facts in address_group.RESOURCE_ATTRIBUTE_MAP[address_group.COLLECTION_NAME].items()
    if name not in {"description", "project_id"}
}

ADDRESS_GROUPS: dict[str, dict[str, Any]] = {
    address_group.COLLECTION_NAME: {
        **_ADDRESS_GROUP,
        "tenant_id": _PROJECT,
    },
}
