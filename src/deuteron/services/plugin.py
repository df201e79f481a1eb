"""What a service plugin is: nouns, extensions, and what these add to networks, subnets and ports.

    services/<name>/__init__.py   plugin(settings), which makes a record of everything below
                    api.py        its nouns and extensions, as data
                    <verbs>.py    its rules: one module per noun, like `deuteron.core`
                    rows.py       its queries

A plugin is whole in its folder, but for its tables: all tables are one history of migrations, so
they stand in `deuteron.db.service_tables`. `deuteron.app.plugins` lists the plugins that there are
and enables those that a site configures.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from deuteron.config.settings import ServiceProvider
from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.core.extension import ResourceExtension
from deuteron.db.rbac_policies import Shareable
from deuteron.surface import Extension, Related, Resource


class Uplink(Protocol):
    """How the subnets of a project are connected with an external network.

    A plugin that has routers offers it; auto-allocated topologies are made with it.
    """

    def connect(
        self,
        d: Deployment,
        ctx: RequestContext,
        *,
        project_id: str,
        external_network_id: str,
        subnet_ids: Sequence[str],
    ) -> str:
        """Make a router of the project between the subnets and the external network.

        Args:
            d: the deployment.
            ctx: the caller.
            project_id: whose it is.
            external_network_id: where it leads.
            subnet_ids: what it connects.

        Returns:
            its id; nothing is left of it if the connection is refused.
        """

    def disconnect(
        self, d: Deployment, ctx: RequestContext, router_id: str, *, subnet_ids: Sequence[str]
    ) -> None:
        """Take the router from these subnets and remove it; what is gone already is fine.

        Args:
            d: the deployment.
            ctx: the caller.
            router_id: what `connect` returned.
            subnet_ids: what it connects.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlugin:
    """One service plugin.

    Args:
        name: as ``service_plugins`` has it; the class paths that mean it too are in
            `deuteron.config.plugins`.
        service_type: what flavors call its service (neutron_lib.plugins.constants).
        extensions: what ``/v2.0/extensions`` shows of it, each of them complete.
        resources: its nouns.
        related: what it adds below nouns of others: collection -> name -> what.
        shareable: object type of RBAC policies -> how such objects are shared.
        limited: those of its nouns that have a quota, singular; `deuteron.db.quotas` counts them.
        providers: service providers that are there without being configured.
        uplink: connects subnets with external networks, None if the plugin has no routers.
        failover: agent type -> (deployment, context), takes from agents that are dead what they
            have, how many; for the types of which a site wishes it.
        networks, subnets, ports: attributes that it adds to these, after those of the core.
        others: attributes that it adds to nouns of service plugins, by collection.
    """

    name: str
    service_type: str
    extensions: tuple[Extension, ...]
    resources: tuple[Resource, ...] = ()
    related: Mapping[str, Mapping[str, Related]] = field(default_factory=dict)
    shareable: Mapping[str, Shareable] = field(default_factory=dict)
    limited: tuple[str, ...] = ()
    providers: tuple[ServiceProvider, ...] = ()
    uplink: Uplink | None = None
    failover: Mapping[str, Callable[[Deployment, RequestContext], int]] = field(
        default_factory=dict
    )
    networks: tuple[ResourceExtension, ...] = ()
    subnets: tuple[ResourceExtension, ...] = ()
    ports: tuple[ResourceExtension, ...] = ()
    others: Mapping[str, tuple[ResourceExtension, ...]] = field(default_factory=dict)
