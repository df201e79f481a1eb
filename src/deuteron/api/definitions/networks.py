"""The segments that a network may ask for, availability zones, and the default external network."""

from typing import Any

from neutron_lib.api import converters, validators
from neutron_lib.api.definitions import (
    auto_allocated_topology,
    availability_zone,
    external_net,
    multiprovidernet,
    provider_net,
)

from deuteron.errors import HTTPBadRequest

_TEXTS = {
    provider_net.NETWORK_TYPE: provider_net.NETWORK_TYPE_MAX_LEN,
    provider_net.PHYSICAL_NETWORK: provider_net.PHYSICAL_NETWORK_MAX_LEN,
}


def segments(value: Any) -> list[dict[str, Any]]:
    """A list of segments, each with those of the three ``provider:`` keys that are given.

    Null and, for the id, zero and empty text mean "not given" (observed).

    Raises:
        HTTPBadRequest: not a list of objects with these keys and values of their types.
        InvalidInput: a segmentation id that is no number (neutron-lib's error).
    """
    if not isinstance(value, list):
        raise HTTPBadRequest(msg="Invalid input for segments. Reason: it is not a list.")
    return [_segment(entry) for entry in value]


def _segment(entry: Any) -> dict[str, Any]:
    reason = validators.validate_dict(entry)
    if reason:
        raise HTTPBadRequest(msg=f"Invalid input for segments. Reason: {reason}.")
    unknown = entry.keys() - set(provider_net.ATTRIBUTES)
    if unknown:
        raise HTTPBadRequest(msg=f"Unrecognized attribute(s) '{', '.join(sorted(unknown))}'")
    segment: dict[str, Any] = {}
    for name, longest in _TEXTS.items():
        if entry.get(name) is not None:
            reason = validators.validate_string(entry[name], longest)
            if reason:
                raise HTTPBadRequest(msg=f"Invalid input for {name}. Reason: {reason}.")
            segment[name] = entry[name]
    if entry.get(provider_net.SEGMENTATION_ID):
        segment[provider_net.SEGMENTATION_ID] = converters.convert_to_int(
            entry[provider_net.SEGMENTATION_ID]
        )
    return segment


_FACTS = multiprovidernet.RESOURCE_ATTRIBUTE_MAP["networks"][multiprovidernet.SEGMENTS]

MULTI_PROVIDER: dict[str, dict[str, Any]] = {
    "networks": {
        multiprovidernet.SEGMENTS: {
            **{name: fact for name, fact in _FACTS.items() if name != "validate"},
            "convert_to": segments,
        },
    },
}

# Which external network is the default one may be said without topologies that lead to it.
EXTERNAL: dict[str, dict[str, Any]] = {
    "networks": {
        **external_net.RESOURCE_ATTRIBUTE_MAP["networks"],
        **auto_allocated_topology.RESOURCE_ATTRIBUTE_MAP["networks"],
    },
}

_ZONES = availability_zone.COLLECTION_NAME

AVAILABILITY_ZONES: dict[str, dict[str, Any]] = {
    **availability_zone.RESOURCE_ATTRIBUTE_MAP,
    _ZONES: {
        name: {**facts, "allow_post": False, "allow_put": False, "is_sort_key": True}
        for name, facts in availability_zone.RESOURCE_ATTRIBUTE_MAP[_ZONES].items()
    },
}
