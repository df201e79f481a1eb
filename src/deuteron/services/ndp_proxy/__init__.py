"""NDP proxies: a router answers outside for IPv6 addresses inside (RFC 4389).

/ndp_proxies        for which address of which port which router answers

    proxies.py       the verbs
    extensions.py    whether a router does so at all; what follows when ports go
    rows.py          its queries

That gateways and interfaces stay while they are used is a matter of routing
(`deuteron.services.l3`), which goes on caring for the proxies that there are where this plugin is
no longer enabled.
"""

from neutron_lib.api.definitions import l3_ext_ndp_proxy
from neutron_lib.api.definitions import l3_ndp_proxy as definition
from neutron_lib.plugins import constants

from deuteron.config import Settings
from deuteron.services.ndp_proxy import extensions, proxies
from deuteron.services.plugin import ServicePlugin
from deuteron.surface import Resource, defined_by

_PROXIES = definition.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME]
# Clients list by these; Neutron's own attribute map forgets them.
_FILTERS = ("router_id", "port_id", "ip_address", "project_id")
_ATTRIBUTES = {
    definition.COLLECTION_NAME: {
        # Their project has its old name, too (observed).
        "tenant_id" if name == "project_id" else name: (
            {**facts, "is_filter": True} if name in _FILTERS else facts
        )
        for name, facts in _PROXIES.items()
    }
}


def plugin(settings: Settings) -> ServicePlugin:
    """The service plugin of a site."""
    by_default = settings.routing.enable_ndp_proxy_by_default
    return ServicePlugin(
        name="ndp_proxy",
        service_type=constants.NDPPROXY,
        extensions=(defined_by(definition, _ATTRIBUTES), defined_by(l3_ext_ndp_proxy)),
        resources=(
            Resource(
                name=definition.RESOURCE_NAME,
                collection=definition.COLLECTION_NAME,
                paths=(definition.COLLECTION_NAME, "ndp-proxies"),
                list_=proxies.list_,
                get=proxies.get,
                create=proxies.create,
                update=proxies.update,
                delete=proxies.delete,
            ),
        ),
        ports=(extensions.OF_PORTS,),
        others={"routers": (extensions.of_routers(by_default=by_default),)},
    )
