"""The nouns and extensions of routing, as data."""

from neutron_lib.api.definitions import (
    dvr,
    extraroute,
    extraroute_atomic,
    l3,
    l3_enable_default_route_bfd,
    l3_enable_default_route_ecmp,
    l3_ext_gw_mode,
    l3_ext_gw_multihoming,
    l3_ext_ha_mode,
    l3_flavors,
    l3_port_ip_change_not_allowed,
    network_ha,
    router_admin_state_down_before_update,
    router_availability_zone,
    router_enable_snat,
)

from deuteron.services.l3 import interfaces, routers
from deuteron.services.l3.floating import api as floating_ip_api
from deuteron.surface import Extension, Resource, defined_by

# neutron-lib has no definition of it.
_L3_AGENT_SCHEDULER = Extension(
    alias="l3_agent_scheduler",
    name="L3 Agent Scheduler",
    description="Schedule routers among l3 agents",
    updated="2013-02-07T10:00:00-00:00",
    requires=("agent", "router"),
)

EXTENSIONS: tuple[Extension, ...] = (
    defined_by(
        l3,
        {
            l3.ROUTERS: l3.RESOURCE_ATTRIBUTE_MAP[l3.ROUTERS],
            l3.FLOATINGIPS: floating_ip_api.ATTRIBUTES,
        },
    ),
    defined_by(l3_ext_gw_mode),
    defined_by(l3_ext_gw_multihoming),
    defined_by(l3_enable_default_route_ecmp),
    defined_by(l3_enable_default_route_bfd),
    defined_by(l3_ext_ha_mode),
    defined_by(l3_flavors),
    defined_by(network_ha),
    defined_by(extraroute),
    defined_by(extraroute_atomic),
    defined_by(l3_port_ip_change_not_allowed),
    defined_by(router_availability_zone),
    defined_by(router_enable_snat),
    _L3_AGENT_SCHEDULER,
)

# At a site that has distributed routers.
DISTRIBUTED: tuple[Extension, ...] = (
    defined_by(dvr),
    defined_by(router_admin_state_down_before_update),
)

RESOURCES: tuple[Resource, ...] = (
    Resource(
        name="router",
        collection="routers",
        paths=("routers",),
        list_=routers.list_,
        get=routers.get,
        create=routers.create,
        update=routers.update,
        delete=routers.delete,
        actions={
            "add_router_interface": interfaces.add,
            "remove_router_interface": interfaces.remove,
        },
        edits={
            "add_extraroutes": routers.add_routes,
            "remove_extraroutes": routers.remove_routes,
            "add_external_gateways": routers.add_gateways,
            "update_external_gateways": routers.update_gateways,
            "remove_external_gateways": routers.remove_gateways,
        },
        bulk=False,
        tagged=True,
    ),
)
