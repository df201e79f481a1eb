"""The service plugins that there are, and which of them a site has."""

from deuteron.config import Settings
from deuteron.services.plugin import ServicePlugin

SERVICE_PLUGINS: tuple[ServicePlugin, ...] = ()


def enabled(settings: Settings) -> tuple[ServicePlugin, ...]:
    """The plugins of a site, in the order in which they extend ports and networks.

    Args:
        settings: what was configured; a site that names no service plugin has all of them.
    """
    wanted = settings.service_plugins
    return tuple(one for one in SERVICE_PLUGINS if wanted is None or one.name in wanted)
