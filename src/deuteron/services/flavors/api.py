"""The nouns and extensions of flavors, as data."""

from collections.abc import Mapping
from typing import Any

from neutron_lib.api import converters
from neutron_lib.api.definitions import flavors as definition
from neutron_lib.api.definitions import servicetype

from deuteron.services.flavors import flavors, profiles, service_providers
from deuteron.surface import AttributeMap, Extension, Resource, defined_by

_FLAVORS = definition.RESOURCE_ATTRIBUTE_MAP[definition.FLAVORS]
_PROFILES = definition.RESOURCE_ATTRIBUTE_MAP[definition.SERVICE_PROFILES]
_OF_FLAVORS = definition.SUB_RESOURCE_ATTRIBUTE_MAP
_PROVIDERS = servicetype.RESOURCE_ATTRIBUTE_MAP[servicetype.COLLECTION_NAME]
_LONGEST_METAINFO = 4096


def _enabled(value: Any) -> Any:
    """A boolean; null is true (observed)."""
    return True if value is None else converters.convert_to_boolean(value)


_ENABLED = {**_FLAVORS["enabled"], "convert_to": _enabled}

# neutron-lib asks its own directory of plugins for the service type, which only Neutron fills; the
# verb asks the deployment.
_ATTRIBUTES: Mapping[str, AttributeMap] = {
    definition.FLAVORS: {
        **_FLAVORS,
        "service_type": {**_FLAVORS["service_type"], "validate": {}},
        "enabled": _ENABLED,
    },
    definition.SERVICE_PROFILES: {
        **_PROFILES,
        "metainfo": {
            **_PROFILES["metainfo"],
            "validate": {"type:string_or_none": _LONGEST_METAINFO},
        },
        "enabled": _ENABLED,
    },
}

_LISTED: Mapping[str, Any] = {"is_filter": True, "is_sort_key": True}
_HIDDEN: Mapping[str, Any] = {"allow_post": False, "allow_put": False, "is_filter": True}

EXTENSIONS: tuple[Extension, ...] = (
    defined_by(definition, _ATTRIBUTES),
    defined_by(
        servicetype,
        {
            servicetype.COLLECTION_NAME: {
                **{name: {**facts, **_LISTED} for name, facts in _PROVIDERS.items()},
                "default": {
                    **_PROVIDERS["default"],
                    **_LISTED,
                    "convert_to": converters.convert_to_boolean,
                },
                "driver": _HIDDEN,
            }
        },
    ),
)

RESOURCES: tuple[Resource, ...] = (
    Resource(
        name="service_profile",
        collection="service_profiles",
        paths=("flavors/{id}/service_profiles",),
        parent="flavor",
        list_=flavors.list_profiles,
        get=flavors.get_profile,
        create=flavors.add_profiles,
        delete=flavors.remove_profile,
        paged=False,
        attributes=_OF_FLAVORS[definition.SERVICE_PROFILES]["parameters"],
    ),
    Resource(
        name="next_provider",
        collection="next_providers",
        paths=("flavors/{id}/next_providers",),
        key="provider",
        parent="flavor",
        list_=flavors.next_providers,
        paged=False,
        attributes=_OF_FLAVORS[definition.NEXT_PROVIDERS]["parameters"],
    ),
    Resource(
        name="flavor",
        collection="flavors",
        paths=("flavors",),
        list_=flavors.list_,
        get=flavors.get,
        create=flavors.create,
        update=flavors.update,
        delete=flavors.delete,
        bulk=False,
    ),
    Resource(
        name="service_profile",
        collection="service_profiles",
        paths=("service_profiles", "service-profiles"),
        list_=profiles.list_,
        get=profiles.get,
        create=profiles.create,
        update=profiles.update,
        delete=profiles.delete,
        bulk=False,
    ),
    Resource(
        name="service_provider",
        collection="service_providers",
        paths=("service-providers", "service_providers"),
        key="name",
        list_=service_providers.list_,
        paged=False,
    ),
)
