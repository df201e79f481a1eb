"""The service plugins that there are, and which of them a site has."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from deuteron.config import Settings
from deuteron.services import (
    auto_allocate,
    conntrack_helper,
    flavors,
    l3,
    metering,
    ndp_proxy,
    port_forwarding,
    pvlan,
    qos,
    trunk,
)
from deuteron.services.plugin import ServicePlugin
from deuteron.surface import Related, Resource

SERVICE_PLUGINS: Mapping[str, Callable[[Settings], ServicePlugin]] = {
    "qos": qos.plugin,
    "trunk": trunk.plugin,
    "router": l3.plugin,
    "port_forwarding": port_forwarding.plugin,
    "conntrack_helper": conntrack_helper.plugin,
    "ndp_proxy": ndp_proxy.plugin,
    "flavors": flavors.plugin,
    "metering": metering.plugin,
    "pvlan": pvlan.plugin,
}
"""Name -> what makes the plugin of a site."""

# What nobody has who does not name it.
_ON_REQUEST = frozenset({"pvlan"})


def enabled(settings: Settings) -> tuple[ServicePlugin, ...]:
    """The plugins of a site, in the order in which they extend ports and networks.

    Args:
        settings: what was configured; a site that names no service plugin has all of them but
            those that are there on request.
    """
    wanted = settings.service_plugins
    if wanted is None:
        wanted = tuple(SERVICE_PLUGINS.keys() - _ON_REQUEST)
    named = tuple(make(settings) for name, make in SERVICE_PLUGINS.items() if name in wanted)
    return with_topologies(named)


def resources(
    of_the_core: Iterable[Resource], plugins: Sequence[ServicePlugin]
) -> tuple[Resource, ...]:
    """The nouns of a site, each with what plugins add below it.

    Args:
        of_the_core: those that are there without plugins.
        plugins: of the site.
    """
    found = (*of_the_core, *(noun for plugin in plugins for noun in plugin.resources))
    return tuple(
        replace(noun, related={**noun.related, **added})
        if (added := _added(noun.collection, plugins))
        else noun
        for noun in found
    )


def _added(collection: str, plugins: Sequence[ServicePlugin]) -> dict[str, Related]:
    return {
        name: related
        for plugin in plugins
        for name, related in plugin.related.get(collection, {}).items()
    }


def with_topologies(plugins: tuple[ServicePlugin, ...]) -> tuple[ServicePlugin, ...]:
    """These plugins, and auto-allocated topologies where one of them has a way out."""
    uplink = next((one.uplink for one in plugins if one.uplink is not None), None)
    return plugins if uplink is None else (*plugins, auto_allocate.plugin(uplink))
