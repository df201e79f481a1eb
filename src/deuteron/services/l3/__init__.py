"""Routers: where networks meet, and how they come to networks outside.

/routers                                   routers, with their gateways and routes
/routers/{id}/add_router_interface         PUT
/routers/{id}/remove_router_interface      PUT
/routers/{id}/add_extraroutes              PUT
/routers/{id}/remove_extraroutes           PUT
/routers/{id}/l3-agents                    agents that have it
/agents/{id}/l3-routers                    routers that one has; POST, DELETE

    routers.py      a router, its gateway (gateways.py), its routes (routes.py)
    interfaces.py   the subnets that it is on
    extensions.py   what that means for ports and subnets
    news.py         what its agents have to hear
    agents.py       which L3 agents have which routers (scheduling.py, choice.py)
    agent_view.py   routers as they are told of them
    uplink.py       a router between subnets and an external network, made at once
"""

from neutron_lib.plugins import constants

from deuteron.config import Settings
from deuteron.db.agents import L3_AGENT
from deuteron.services.l3 import agents, api, availability_zones, ha_networks, uplink
from deuteron.services.l3.extensions import OF_PORTS, OF_SUBNETS
from deuteron.services.plugin import ServicePlugin


def plugin(settings: Settings) -> ServicePlugin:
    """The service plugin of a site."""
    return ServicePlugin(
        name="router",
        service_type=constants.L3,
        extensions=(*api.EXTENSIONS, *(api.DISTRIBUTED if settings.routing.enable_dvr else ())),
        resources=api.RESOURCES,
        related={"agents": agents.OF_AGENTS, "routers": agents.OF_ROUTERS},
        limited=("router",),
        uplink=uplink.UPLINK,
        failover={L3_AGENT: agents.fail_over}
        if settings.routing.allow_automatic_l3agent_failover
        else {},
        networks=(ha_networks.OF_NETWORKS,),
        ports=(OF_PORTS,),
        subnets=(OF_SUBNETS,),
        others={
            "routers": (availability_zones.of_routers(default=settings.default_availability_zones),)
        },
    )
