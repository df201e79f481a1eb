"""Metering: labels whose rules say which traffic of routers is counted.

/metering/metering-labels          labels, of a project or shared with all
/metering/metering-label-rules     which traffic of a direction a label counts, or leaves out

The metering agents beside the L3 agents count, and publish what they counted by themselves.
"""

from deuteron.config import Settings
from deuteron.services.metering import api
from deuteron.services.plugin import ServicePlugin


def plugin(_settings: Settings) -> ServicePlugin:
    """The service plugin of a site; all sites have the same one."""
    return ServicePlugin(
        name="metering",
        service_type="METERING",
        extensions=api.EXTENSIONS,
        resources=api.RESOURCES,
    )
