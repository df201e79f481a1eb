"""Connection tracking helpers: routers look into protocols that open connections by themselves.

/routers/{id}/conntrack_helpers        which ports of a router's traffic a helper looks into

    helpers.py    the verbs
    rows.py       its queries

Routers are read with their helpers (`deuteron.services.l3.router_rows`): that costs no statement.
"""

from neutron_lib.api.definitions import expose_l3_conntrack_helper
from neutron_lib.api.definitions import l3_conntrack_helper as definition
from neutron_lib.plugins import constants

from deuteron.config import Settings
from deuteron.services.conntrack_helper import helpers
from deuteron.services.plugin import ServicePlugin
from deuteron.surface import Resource, defined_by

_COLLECTION = definition.COLLECTION_NAME


def plugin(_settings: Settings) -> ServicePlugin:
    """The service plugin of a site; all sites have the same one."""
    return ServicePlugin(
        name="conntrack_helper",
        service_type=constants.CONNTRACKHELPER,
        extensions=(defined_by(definition, {}), defined_by(expose_l3_conntrack_helper)),
        resources=(
            Resource(
                name=definition.RESOURCE_NAME,
                collection=_COLLECTION,
                paths=(f"routers/{{id}}/{_COLLECTION}",),
                parent="router",
                list_=helpers.list_,
                get=helpers.get,
                create=helpers.create,
                update=helpers.update,
                delete=helpers.delete,
                attributes=definition.SUB_RESOURCE_ATTRIBUTE_MAP[_COLLECTION]["parameters"],
            ),
        ),
    )
