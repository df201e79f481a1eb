"""Flavors: kinds of a service that projects choose by name, realised by drivers of providers.

/flavors                                  flavors, with the ids of their profiles
/flavors/{id}/service_profiles            the profiles of a flavor
/flavors/{id}/next_providers              who would serve the next user of a flavor
/service_profiles                         profiles: a driver, and what it is to know
/service-providers                        who is there, from the configuration
"""

from deuteron.config import Settings
from deuteron.services.flavors.api import EXTENSIONS, RESOURCES
from deuteron.services.plugin import ServicePlugin


def plugin(_settings: Settings) -> ServicePlugin:
    """The service plugin of a site; all sites have the same one."""
    return ServicePlugin(
        name="flavors", service_type="FLAVORS", extensions=EXTENSIONS, resources=RESOURCES
    )
