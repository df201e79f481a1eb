"""The service plugins that there are, and which of them a site has."""

from collections.abc import Callable, Mapping

from deuteron.config import Settings
from deuteron.services import flavors, qos, trunk
from deuteron.services.plugin import ServicePlugin

SERVICE_PLUGINS: Mapping[str, Callable[[Settings], ServicePlugin]] = {
    "qos": qos.plugin,
    "trunk": trunk.plugin,
    "flavors": flavors.plugin,
}
"""Name -> what makes the plugin of a site."""


def enabled(settings: Settings) -> tuple[ServicePlugin, ...]:
    """The plugins of a site, in the order in which they extend ports and networks.

    Args:
        settings: what was configured; a site that names no service plugin has all of them.
    """
    wanted = settings.service_plugins
    return tuple(
        make(settings) for name, make in SERVICE_PLUGINS.items() if wanted is None or name in wanted
    )
