"""The nouns and extensions of metering, as data."""

from collections.abc import Mapping

from neutron_lib.api.definitions import metering as definition
from neutron_lib.api.definitions import metering_source_and_destination_filters as filters

from deuteron.services.metering import labels, rules
from deuteron.surface import AttributeMap, Extension, Resource, defined_by

_RULES = definition.RESOURCE_ATTRIBUTE_MAP[definition.METERING_LABEL_RULES]
_PREFIXES = filters.SUB_RESOURCE_ATTRIBUTE_MAP[definition.METERING_LABEL_RULES]["parameters"]

# A rule is its label's project's: it says so itself to nobody (observed).
_ATTRIBUTES: Mapping[str, AttributeMap] = {
    **definition.RESOURCE_ATTRIBUTE_MAP,
    definition.METERING_LABEL_RULES: {
        **_RULES,
        "tenant_id": {**_RULES["tenant_id"], "is_visible": False},
    },
}

EXTENSIONS: tuple[Extension, ...] = (
    defined_by(definition, _ATTRIBUTES),
    defined_by(filters, {definition.METERING_LABEL_RULES: _PREFIXES}),
)

RESOURCES: tuple[Resource, ...] = (
    Resource(
        name="metering_label",
        collection="metering_labels",
        paths=(
            "metering/metering-labels",
            "metering/metering_labels",
            "metering-labels",
            "metering_labels",
        ),
        list_=labels.list_,
        get=labels.get,
        create=labels.create,
        delete=labels.delete,
    ),
    Resource(
        name="metering_label_rule",
        collection="metering_label_rules",
        paths=(
            "metering/metering-label-rules",
            "metering/metering_label_rules",
            "metering-label-rules",
            "metering_label_rules",
        ),
        list_=rules.list_,
        get=rules.get,
        create=rules.create,
        delete=rules.delete,
    ),
)
