"""What every verb of the core works with: one deployment of the service.

    api handler --> core.ports.create(deployment, context, bodies)
                        |-- deployment.database     THE transaction
                        |-- deployment.segments     type drivers
                        |-- deployment.mechanisms   mechanism drivers
                        `-- deployment.hints        numbers that may be free

It is built once, in `deuteron.app`, and passed on; nothing below reads a global.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from deuteron.config import Settings
from deuteron.config.settings import ServiceProvider
from deuteron.core.extension import Extended
from deuteron.core.presence import Presence
from deuteron.db.agents import DHCP_AGENT, L3_AGENT
from deuteron.db.engine import Database
from deuteron.db.free_ranges import Hints
from deuteron.db.quotas import OF_THE_CORE
from deuteron.db.rbac_policies import SHAREABLE, Shareable
from deuteron.ml2.dispatch import Mechanisms
from deuteron.ml2.extension_drivers import ExtensionDrivers
from deuteron.ml2.segments import SegmentManager

_PLAIN = Extended()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The parts of one running service.

    Args:
        settings: what the configuration files say.
        database: where everything is kept.
        segments: hands out segments by the type drivers.
        mechanisms: the mechanism drivers, in the order of the configuration.
        networks, subnets, ports: the extensions of each.
        hints: addresses that this process may try first.
        clock: the present time as ISO 8601 text in UTC, ``2014-06-04T12:00:00Z``.
        extension_drivers: of other distributions, for attributes of their own.
        shareable: what RBAC policies can share, by object type.
        limited: resources that have a quota, singular.
        dhcp_presence, l3_presence: whether the site has agents of these types, as far as this
            process has heard.
        service_types: what flavors call the services that are here.
        service_providers: who provides services, those that are configured first.
        others: the extensions of the nouns of service plugins, by collection.
    """

    settings: Settings
    database: Database
    segments: SegmentManager
    mechanisms: Mechanisms
    networks: Extended
    subnets: Extended
    ports: Extended
    hints: Hints
    clock: Callable[[], str]
    extension_drivers: ExtensionDrivers = field(default_factory=ExtensionDrivers)
    shareable: Mapping[str, Shareable] = field(default_factory=lambda: SHAREABLE)
    limited: tuple[str, ...] = OF_THE_CORE
    dhcp_presence: Presence = field(default_factory=lambda: Presence(DHCP_AGENT))
    l3_presence: Presence = field(default_factory=lambda: Presence(L3_AGENT))
    service_types: frozenset[str] = frozenset()
    service_providers: tuple[ServiceProvider, ...] = ()
    others: Mapping[str, Extended] = field(default_factory=dict)

    def extended(self, collection: str) -> Extended:
        """The extensions of a noun of a service plugin.

        Args:
            collection: plural noun of the API.
        """
        return self.others.get(collection, _PLAIN)
