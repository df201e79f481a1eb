"""The WSGI application of one process: settings in, what a web server calls out.

`load` is for our own server; `application` is for uWSGI, mod_wsgi and others, which import it by
name (``deuteron.app.wsgi:application``). It is made at the first request and finds its
configuration files by ``DEUTERON_CONFIG_FILES`` or ``OS_NEUTRON_CONFIG_FILES``, separated by
semicolons, and ``OS_NEUTRON_CONFIG_DIR`` for names without a folder, or where Neutron has them.
"""

import os
import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from deuteron import api, config
from deuteron.api import nouns
from deuteron.app import authentication, followers, memory, plugins
from deuteron.app.background import Background, Chore, Following, own_context
from deuteron.app.deployment import build
from deuteron.config import Settings
from deuteron.core import bulk_binding, dhcp_agents, postcommit_repair, segment_ranges
from deuteron.core import followers as journal_followers
from deuteron.core.deployment import Deployment
from deuteron.core.failover import FailOver
from deuteron.db import journal
from deuteron.db.agents import DHCP_AGENT

# What is shown in /v2.0/extensions: each of them complete.
ALIASES = (
    "aap-reject-multicast",
    "address-scope",
    "agent",
    "agent-resources-synced",
    "agent_sort_key",
    "allowed-address-pairs",
    "availability_zone",
    "availability_zone_filter",
    "binding",
    "binding-extended",
    "data-plane-status",
    "default-subnetpools",
    "dhcp_agent_scheduler",
    "dns-domain-ports",
    "dns-integration",
    "dns-integration-domain-keywords",
    "empty-string-filtering",
    "external-net",
    "extra_dhcp_opt",
    "filter-validation",
    "ip-substring-filtering",
    "ip_allocation",
    "l2_adjacency",
    "multi-provider",
    "net-mtu",
    "net-mtu-writable",
    "network-ip-availability",
    "network-ip-availability-details",
    "network-segment-range",
    "network_availability_zone",
    "pagination",
    "port-device-profile",
    "port-hardware-offload-type",
    "port-hint-ovs-tx-steering",
    "port-hints",
    "port-mac-address-regenerate",
    "port-mac-override",
    "port-numa-affinity-policy",
    "port-numa-affinity-policy-socket",
    "port-security",
    "port-trusted-vif",
    "project-id",
    "provider",
    "quota-check-limit",
    "quota-check-limit-default",
    "quota_details",
    "quotas",
    "rbac-address-scope",
    "rbac-policies",
    "rbac-subnetpool",
    "revision-if-match",
    "segment",
    "segments-peer-subnet-host-routes",
    "sorting",
    "standard-attr-description",
    "standard-attr-revisions",
    "standard-attr-segment",
    "standard-attr-tag",
    "standard-attr-timestamp",
    "subnet-dns-publish-fixed-ip",
    "subnet-external-network",
    "subnet-segmentid-writable",
    "subnet-service-types",
    "subnet_allocation",
    "subnet_onboard",
    "subnetpool-prefix-ops",
    "tag-creation",
    "tag-ports-during-bulk-creation",
    "uplink-status-propagation",
    "uplink-status-propagation-updatable",
)
SECURITY_GROUP_ALIASES = (
    "address-group",
    "port-security-groups-filtering",
    "rbac-address-group",
    "rbac-security-groups",
    "security-group",
    "security-groups-default-rules",
    "security-groups-default-statefulness",
    "security-groups-normalized-cidr",
    "security-groups-remote-address-group",
    "security-groups-rules-belongs-to-default-sg",
    "security-groups-shared-filtering",
    "stateful-security-group",
)
# For networks that carry the VLAN tags of their guests, if all drivers support that.
TAGGED_FRAMES_ALIASES = ("qinq", "vlan-transparent")

# Days that entries of the journal are kept at least.
_JOURNAL_DAYS = 30

Start = Callable[..., Any]


def load(settings: Settings) -> Any:
    """Build the service of one worker process and start its background work.

    Args:
        settings: what was configured.

    Returns:
        the WSGI application.

    Raises:
        StartError: the database cannot be used, or a driver does not load.
    """
    deployment = build(settings)
    Background(chores(deployment)).start()
    Following(deployment.database, followers.enabled(settings)).start()
    return application_of(deployment)


def application_of(deployment: Deployment) -> Any:
    """The API of a deployment as a WSGI application."""
    settings = deployment.settings
    services = plugins.enabled(settings)
    names = followers.names(settings)
    return api.application(
        deployment,
        resources=plugins.resources(
            nouns.resources(security_groups=settings.securitygroup.enable_security_group), services
        ),
        aliases=_aliases(deployment),
        authenticate=authentication.strategy(settings),
        special=nouns.SPECIAL,
        options=api.Options(
            largest_body=settings.deuteron.max_request_body_size,
            longest_page=settings.pagination_max_limit,
            link_prefix=settings.network_link_prefix,
            bulk=settings.allow_bulk,
            filter_validation=settings.filter_validation,
            rules=authentication.rules(settings),
        ),
        known=api.Known(
            ranges=segment_ranges.use,
            lags=partial(journal_followers.lags, names=names) if names else None,
        ),
        foreign=[extension for service in services for extension in service.extensions],
    )


def _aliases(deployment: Deployment) -> tuple[str, ...]:
    """The extensions of the core that a site has and all of its mechanism drivers support."""
    settings = deployment.settings
    groups = settings.securitygroup.enable_security_group
    wished = (settings.vlan_qinq, settings.vlan_transparent)
    aliases = (
        *ALIASES,
        *(SECURITY_GROUP_ALIASES if groups else ()),
        *(
            alias
            for alias, wish in zip(TAGGED_FRAMES_ALIASES, wished, strict=True)
            if wish is not False
        ),
    )
    supported = deployment.mechanisms.supported(aliases)
    return tuple(alias for alias in aliases if alias in supported)


def chores(deployment: Deployment) -> list[Chore]:
    """What this process does beside answering requests."""
    return [
        Chore(name="postcommit hooks", every=10, run=lambda: postcommit_repair.repair(deployment)),
        Chore(
            name="ports left unbound",
            every=60,
            run=lambda: bulk_binding.resume(deployment, own_context()),
        ),
        Chore(name="memory", every=10, run=memory.GiveBack()),
        *_of_dead_agents(deployment),
        Chore(
            name="journal",
            every=3600,
            run=lambda: journal.prune(
                deployment.database, days=_JOURNAL_DAYS, clock=deployment.clock
            ),
        ),
    ]


def _of_dead_agents(deployment: Deployment) -> list[Chore]:
    """What becomes of the things of agents that are dead, as far as a site wishes it."""
    settings = deployment.settings
    wished = dict(one for plugin in plugins.enabled(settings) for one in plugin.failover.items())
    if settings.allow_automatic_dhcp_failover:
        wished[DHCP_AGENT] = dhcp_agents.fail_over
    return [
        Chore(
            name=f"fail-over, {agent_type}",
            every=max(settings.agent_down_time // 2, 1),
            run=FailOver(deployment, agent_type, move, own_context),
        )
        for agent_type, move in wished.items()
    ]


def _configured_files() -> list[str] | None:
    named = os.environ.get("DEUTERON_CONFIG_FILES") or os.environ.get("OS_NEUTRON_CONFIG_FILES")
    if not named:
        return None
    folder = Path(os.environ.get("OS_NEUTRON_CONFIG_DIR", "."))
    return [str(folder / name.strip()) for name in named.split(";") if name.strip()]


class _Application:
    """Makes the application when it is first called."""

    def __init__(self) -> None:
        self._made: Any = None
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer one WSGI request."""
        if self._made is None:
            with self._lock:
                if self._made is None:
                    self._made = load(config.load(_configured_files()))
        return self._made(environ, start_response)  # type: ignore[no-any-return]


application = _Application()
