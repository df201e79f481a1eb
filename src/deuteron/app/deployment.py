"""Constructs a deployment: settings in, everything that the verbs of the core work with out.

settings --> database --> type drivers --> segment manager
                     `--> mechanism drivers
                     `--> extensions of the core and of the service plugins
"""

from collections.abc import Sequence

from deuteron import metrics
from deuteron.app import followers, plugins
from deuteron.config import Settings
from deuteron.core import (
    availability_zones,
    network_extensions,
    port_extensions,
    segment_ranges,
)
from deuteron.core.default_external_network import DEFAULT_EXTERNAL_NETWORK
from deuteron.core.deployment import Deployment
from deuteron.core.extension import Extended
from deuteron.core.presence import Presence
from deuteron.db import schema
from deuteron.db.agents import DHCP_AGENT
from deuteron.db.engine import ConnectionSettings, Database, utc_now
from deuteron.db.free_ranges import Hints
from deuteron.db.quotas import OF_THE_CORE
from deuteron.db.rbac_policies import SHAREABLE
from deuteron.ml2 import loading
from deuteron.ml2.dispatch import Mechanisms
from deuteron.ml2.extension_drivers import ExtensionDrivers, of_others
from deuteron.ml2.segments import SegmentManager
from deuteron.services.plugin import ServicePlugin

# Connections that one process keeps beyond those of its request threads: background work.
_SPARE_CONNECTIONS = 2
# What flavors call what is always here: the names of Neutron's plugins of the same APIs.
_SERVICE_TYPES = frozenset(
    (
        "CORE",
        "NETWORK_SEGMENT_RANGE",
        "TAG",
        "network-ip-availability",
        "revision_plugin",
        "segments",
        "timestamp",
    )
)
# Seconds to wait for a connection where none are configured.
_POOL_TIMEOUT = 30


def build(settings: Settings) -> Deployment:
    """Open the database, load the drivers and put them together.

    Args:
        settings: what was configured; `deuteron.config.load` has filled oslo.config's global
            options as well, which drivers read in their ``initialize``.

    Raises:
        StartError: the database cannot be used, or a driver does not load.
    """
    database = open_database(settings)
    schema.prepare(database, may_upgrade=database.dialect == "sqlite")
    types = loading.load(loading.TYPE_DRIVERS, settings.ml2.type_drivers, "type driver")
    loading.initialize(types, "type driver")
    segments = SegmentManager(
        types,
        project_network_types=settings.ml2.project_network_types,
        external_network_type=settings.ml2.external_network_type or "",
        global_physnet_mtu=settings.global_physnet_mtu,
    )
    segment_ranges.sync_defaults(database, segments, utc_now)
    names = settings.ml2.mechanism_drivers
    drivers = loading.load(loading.MECHANISM_DRIVERS, names, "mechanism driver")
    loading.initialize(drivers, "mechanism driver")
    of_vendors = of_others(settings.ml2.extension_drivers)
    extensions = loading.load(loading.EXTENSION_DRIVERS, of_vendors, "extension driver")
    loading.initialize(extensions, "extension driver")
    services = plugins.enabled(settings)
    dhcp_presence = Presence(DHCP_AGENT)
    return Deployment(
        settings=settings,
        database=database,
        segments=segments,
        mechanisms=Mechanisms(drivers, observe=metrics.observe_driver_hook),
        networks=Extended(
            extensions=(
                availability_zones.of_networks(
                    dhcp_presence, default=settings.default_availability_zones
                ),
                DEFAULT_EXTERNAL_NETWORK,
                *network_extensions.BUILTIN,
                *(one for service in services for one in service.networks),
            )
        ),
        dhcp_presence=dhcp_presence,
        subnets=Extended(extensions=tuple(one for service in services for one in service.subnets)),
        ports=Extended(
            extensions=(
                *port_extensions.builtin(
                    max_allowed_address_pair=settings.max_allowed_address_pair,
                    dns_domain=settings.dns_domain,
                ),
                *(one for service in services for one in service.ports),
            )
        ),
        hints=Hints(),
        clock=utc_now,
        extension_drivers=ExtensionDrivers(extensions),
        shareable={
            **SHAREABLE,
            **{name: how for one in services for name, how in one.shareable.items()},
        },
        limited=(*OF_THE_CORE, *(name for one in services for name in one.limited)),
        service_types=_SERVICE_TYPES | {one.service_type for one in services},
        service_providers=(
            *settings.service_providers,
            *(provider for one in services for provider in one.providers),
        ),
        others=_others(services),
    )


def _others(services: Sequence[ServicePlugin]) -> dict[str, Extended]:
    """What service plugins add to each other's nouns, by collection."""
    collections = {name for one in services for name in one.others}
    return {
        name: Extended(extensions=tuple(e for one in services for e in one.others.get(name, ())))
        for name in collections
    }


def open_database(settings: Settings) -> Database:
    """The database that is configured, not yet looked at.

    Raises:
        StartError: its URL cannot be understood.
    """
    configured = settings.database
    return Database(
        configured.connection,
        pool_size=(
            settings.deuteron.api_threads + _SPARE_CONNECTIONS + len(followers.enabled(settings))
            if configured.max_pool_size is None
            else configured.max_pool_size
        ),
        max_overflow=configured.max_overflow,
        pool_timeout=configured.pool_timeout or _POOL_TIMEOUT,
        recycle=configured.connection_recycle_time,
        settings=ConnectionSettings(wsrep_sync_wait=configured.mysql_wsrep_sync_wait),
    )
