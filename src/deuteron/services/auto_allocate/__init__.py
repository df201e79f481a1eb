"""Auto-allocated topologies: a network with a way out for a project that asks for nothing else.

    GET /auto-allocated-topology/{project}                 the project's network, made on need
    GET /auto-allocated-topology/{project}?fields=dry-run  could it be made?
    DELETE                                                 gone, with all that was made

    default subnet pools --> network, subnets --.
                                                 >-- uplink --> default external network
    a plugin with routers ----------------------'

A site has it if one of its service plugins has an uplink; without one there is no way out.
"""

from functools import partial
from typing import Any

from neutron_lib.api.definitions import auto_allocated_topology as definition

from deuteron.services.auto_allocate import topologies
from deuteron.services.plugin import ServicePlugin, Uplink
from deuteron.surface import Resource, defined_by

_COLLECTION = definition.COLLECTION_NAME
# A project is any text, and its networks are the business of the core.
_ATTRIBUTES: dict[str, Any] = {
    _COLLECTION: {
        name: {**facts, "validate": {}}
        for name, facts in definition.RESOURCE_ATTRIBUTE_MAP[_COLLECTION].items()
    }
}


def plugin(uplink: Uplink) -> ServicePlugin:
    """The service plugin of a site.

    Args:
        uplink: how subnets come to the default external network.
    """
    return ServicePlugin(
        name="auto_allocate",
        service_type="auto-allocated-topology",
        extensions=(defined_by(definition, _ATTRIBUTES),),
        resources=(
            Resource(
                name=definition.RESOURCE_NAME,
                collection=_COLLECTION,
                paths=(definition.ALIAS, definition.ALIAS.replace("-", "_")),
                get=partial(topologies.get, uplink),
                delete=partial(topologies.delete, uplink),
                questions={"dry-run": topologies.could_be_made},
            ),
        ),
    )
