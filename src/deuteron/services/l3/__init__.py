"""Routers: where networks meet, and how they come to networks outside.

/routers                                   routers, with their gateways and routes
/routers/{id}/add_router_interface         PUT
/routers/{id}/remove_router_interface      PUT
/routers/{id}/add_extraroutes              PUT
/routers/{id}/remove_extraroutes           PUT
/routers/{id}/add_external_gateways        PUT
/routers/{id}/update_external_gateways     PUT
/routers/{id}/remove_external_gateways     PUT
/routers/{id}/l3-agents                    agents that have it
/agents/{id}/l3-routers                    routers that one has; POST, DELETE
/floatingips                               addresses outside that lead to ports inside
/floatingip_pools                          the subnets that they come from

    routers.py      a router, its gateways (gateways.py), its routes (routes.py)
    interfaces.py   the subnets that it is on
    kinds.py        on one agent, on several, on every host; how one becomes another (conversion.py)
    extensions.py   what that means for ports and subnets; outside.py: gateways and new subnets
    news.py         what its agents have to hear
    uplink.py       a router between subnets and an external network, made at once
    floating/       floating IPs, and the ways by which they lead to ports
    agents/         which L3 agents have which routers, and what they are told of them
    ha/             highly available routers
    dvr/            distributed routers
"""

from neutron_lib.plugins import constants

from deuteron.config import Settings
from deuteron.db.agents import L3_AGENT
from deuteron.services.l3 import api, flavored, uplink
from deuteron.services.l3.agents import agents, availability_zones
from deuteron.services.l3.extensions import OF_PORTS, OF_SUBNETS
from deuteron.services.l3.floating import api as floating_ip_api
from deuteron.services.l3.floating import reached_ports
from deuteron.services.l3.ha import networks as ha_networks
from deuteron.services.plugin import ServicePlugin


def plugin(settings: Settings) -> ServicePlugin:
    """The service plugin of a site.

    Args:
        settings: what was configured; without policies floating IPs have none.
    """
    has_policies = settings.service_plugins is None or "qos" in settings.service_plugins
    return ServicePlugin(
        name="router",
        service_type=constants.L3,
        extensions=(
            *api.EXTENSIONS,
            *(api.DISTRIBUTED if settings.routing.enable_dvr else ()),
            *floating_ip_api.EXTENSIONS,
            *(floating_ip_api.WITH_QOS if has_policies else ()),
        ),
        resources=(*api.RESOURCES, *floating_ip_api.RESOURCES),
        related={"agents": agents.OF_AGENTS, "routers": agents.OF_ROUTERS},
        providers=flavored.providers(settings.service_providers),
        limited=("router", "floatingip", "router_route"),
        uplink=uplink.UPLINK,
        failover={L3_AGENT: agents.fail_over}
        if settings.routing.allow_automatic_l3agent_failover
        else {},
        networks=(ha_networks.OF_NETWORKS, reached_ports.OF_NETWORKS),
        ports=(OF_PORTS, reached_ports.OF_PORTS),
        subnets=(OF_SUBNETS,),
        others={
            "routers": (
                availability_zones.of_routers(default=settings.default_availability_zones),
                flavored.of_routers(settings.service_providers),
            )
        },
    )
