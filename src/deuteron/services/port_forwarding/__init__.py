"""Port forwardings: ports of a floating IP that lead to ports of several servers.

/floatingips/{id}/port_forwardings        what leads where, with ranges and descriptions

    rules.py         which ports can lead to which, no I/O
    forwardings.py   the verbs

What they are to floating IPs, routers and ports is a matter of routing (`deuteron.services.l3`),
which goes on caring for those that there are where this plugin is no longer enabled.
"""

from neutron_lib.api.definitions import (
    expose_port_forwarding_in_fip,
    fip_pf_description,
    fip_pf_detail,
    fip_pf_port_range,
)
from neutron_lib.api.definitions import floating_ip_port_forwarding as definition
from neutron_lib.plugins import constants

from deuteron.config import Settings
from deuteron.services.plugin import ServicePlugin
from deuteron.services.port_forwarding import forwardings
from deuteron.surface import Resource, defined_by

_COLLECTION = definition.COLLECTION_NAME
_PARAMETERS = {
    **definition.SUB_RESOURCE_ATTRIBUTE_MAP[_COLLECTION]["parameters"],
    **fip_pf_description.SUB_RESOURCE_ATTRIBUTE_MAP[_COLLECTION]["parameters"],
    **fip_pf_port_range.SUB_RESOURCE_ATTRIBUTE_MAP[_COLLECTION]["parameters"],
}


def plugin(_settings: Settings) -> ServicePlugin:
    """The service plugin of a site; all sites have the same one."""
    return ServicePlugin(
        name="port_forwarding",
        service_type=constants.PORTFORWARDING,
        extensions=(
            defined_by(definition),
            defined_by(fip_pf_description),
            defined_by(fip_pf_detail),
            defined_by(fip_pf_port_range),
            defined_by(expose_port_forwarding_in_fip),
        ),
        resources=(
            Resource(
                name=definition.RESOURCE_NAME,
                collection=_COLLECTION,
                paths=(f"floatingips/{{id}}/{_COLLECTION}",),
                parent="floatingip",
                list_=forwardings.list_,
                get=forwardings.get,
                create=forwardings.create,
                update=forwardings.update,
                delete=forwardings.delete,
                attributes=_PARAMETERS,
            ),
        ),
    )
