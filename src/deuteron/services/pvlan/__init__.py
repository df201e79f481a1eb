"""Private VLANs: networks whose ports reach each other only as their types let them.

The attributes are kept, checked and told to drivers; the agents of Open vSwitch and Linux bridge do
not keep ports apart. A site has the plugin only if it names it, so that nobody counts on that.
"""

from neutron_lib.api.definitions import pvlan as definition

from deuteron.config import Settings
from deuteron.services.plugin import ServicePlugin
from deuteron.services.pvlan import extensions
from deuteron.surface import defined_by


def plugin(_settings: Settings) -> ServicePlugin:
    """The service plugin of a site."""
    return ServicePlugin(
        name="pvlan",
        service_type="PVLAN",
        extensions=(defined_by(definition),),
        networks=(extensions.OF_NETWORKS,),
        ports=(extensions.OF_PORTS,),
    )
