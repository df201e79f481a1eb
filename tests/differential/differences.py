"""Where the answers differ from those of the reference on purpose, each with its reason.

What is not written down here fails the test; so does what is written down and no longer so.
"""

from collections.abc import Mapping

from tests.differential.difference import Difference
from tests.differential.gateway_differences import GATEWAYS

Extensions = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Alias -> noun -> the keys that it adds to answers."""

# The extensions that the reference has and we have not, and the keys that they add to answers.
# The test fails if one of them is there.
ABSENT: Extensions = {}

# The extensions that we have and the reference has not with these drivers, and their keys. Those of
# `MULTIHOMING` it has where `MULTIHOMED` areas were recorded.
OURS: Extensions = {
    "router-enable-snat": {"router": ("enable_snat",)},
    "enable-default-route-bfd": {"router": ("enable_default_route_bfd",)},
    "enable-default-route-ecmp": {"router": ("enable_default_route_ecmp",)},
    "external-gateway-multihoming": {"router": ("external_gateways",)},
}

# What we show besides, always.
MORE: Mapping[str, str] = {
    "router.external_gateways[].enable_snat": "each is what external_gateway_info is, says the API",
    "router.external_gateways[].qos_policy_id": "likewise, of the first",
}

# What the reference shows besides, at the places where it happens to do so: no part of the API.
INSIDE: Mapping[str, str] = {
    "security_group.security_group_rules[].standard_attr_id": "a number of the database",
    "security_group.security_group_rules[].tags": "rules have no tags where they stand alone",
    "address_group.standard_attr_id": "a number of the database",
    "agent.ha_chassis_priority": "of another kind of agent",
    "agent.resource_versions": "what an agent told of itself",
    "router.enable_default_route_bfd": "of another driver",
    "router.enable_default_route_ecmp": "of another driver",
    "router.enable_snat": "stands in external_gateway_info",
    "router.gw_port_id": "a column of the database",
    "router.ha_vr_id": "a column of the database",
    "router.qos_network_policy_id": "what agents are told",
    "router.qos_policy_id": "stands in external_gateway_info",
}


DIFFERENCES: tuple[Difference, ...] = (
    # Where the reference fails with 500, we say what is wrong with the request, or do it.
    Difference(
        requests=(
            "address_groups/nothing",
            "address_groups/wrapped",
            "l3_agents/nobody",
            "l3_agents/nothing",
            "l3_agents/wrapped",
            "networks/nosegments",
            "quotas/bare",
            "quotas/nobody",
            "quotas/number",
            "rbac/notype",
            "schedulers/nothing",
            "subnet_pools/noprefix",
        ),
        why="a body of the wrong shape is not a fault of the server",
        status=400,
        error="HTTPBadRequest",
    ),
    Difference(
        requests=(
            "metering/badprefix",
            "metering/badsource",
            "metering/noprefix",
            "metering/prefixes",
        ),
        why="nor is a rule with prefixes that are none, or of both kinds",
        status=400,
    ),
    Difference(
        requests=(
            "router_routes/baddest",
            "router_routes/nobody",
            "router_routes/nohop",
            "router_routes/noremove",
            "router_routes/noroutes",
            "router_routes/nothing",
            "router_routes/nullroutes",
            "router_routes/text",
            "router_routes/unwrapped",
        ),
        why="nor are routes that are none",
        status=400,
        error="InvalidInput",
    ),
    Difference(
        requests=("router_routes/badfewer",),
        why="what is no route cannot be taken away",
        status=400,
        error="InvalidInput",
    ),
    Difference(
        requests=("routers/listif", "routers/nobodyoff"),
        why="nor is a body that names neither subnet nor port",
        status=400,
        error="BadRequest",
    ),
    Difference(
        requests=("port_forwardings/noext", "port_forwardings/noint"),
        why="nor is a forwarding from or to no port",
        status=400,
        error="BadRequest",
    ),
    Difference(
        requests=("port_forwardings/bothport",),
        why="a forwarding can be given another port and its address at once",
        status=200,
        like="port_forwardings/moved",
        values=('"$b"', '"10.231.0.23"'),
    ),
    Difference(
        requests=(
            "floating_ips/onepool",
            "router_flavors/listtopology",
            "router_flavors/posttopology",
        ),
        why="there is no such path",
        status=404,
        error="HTTPNotFound",
    ),
    Difference(
        requests=("rbac/absentsg", "trunks/nothing"),
        why="nor is one that says too little, or names what is not there",
        status=400,
        error="InvalidInput",
    ),
    Difference(
        requests=("security_groups/bool",),
        why="true is no protocol",
        status=400,
        error="SecurityGroupRuleInvalidProtocol",
    ),
    Difference(
        requests=("segments/reversed", "segments/toolarge", "segments/turned"),
        why="a range that is none is not a fault of the server",
        status=400,
    ),
    Difference(
        requests=("subnet_pools/taken", "subnet_pools/outside"),
        why="a prefix that the pool cannot give conflicts with the pool",
        status=409,
    ),
    Difference(
        requests=("tags/putabsent", "tags/getabsent", "tags/deleteabsent"),
        why="what does not exist has no tags",
        status=404,
        error="TagResourceNotFound",
    ),
    Difference(requests=("bindings/absent",), why="no such port", status=404, error="PortNotFound"),
    Difference(
        requests=("catalog/absent",),
        why="no such profile",
        status=404,
        error="ServiceProfileNotFound",
    ),
    Difference(
        requests=("catalog/providers",),
        why="the profile names no driver",
        status=404,
        error="ServiceProfileDriverNotFound",
    ),
    Difference(
        requests=("qos/notype",), why="no such type", status=404, error="QosRuleTypeNotFound"
    ),
    Difference(
        requests=("security_groups/describe",),
        why="the description of a rule can be changed",
        status=200,
        like="security_groups/ssh",
    ),
    Difference(
        requests=("outside/tightsub",),
        why="the subnet is made, although a gateway gets no address of it",
        status=201,
        like="outside/gwsvc",
    ),
    # Paths and methods.
    Difference(
        requests=(
            "agents/post",
            "floating_ips/postpool",
            "gateways/addpost",
            "l3_agents/getone",
            "l3_agents/putone",
            "metering/norenamed",
            "metering/putlabel",
            "metering/putrule",
            "metering/putsource",
            "metering/renamed",
            "metering/turned",
            "networks/deleteall",
            "networks/putall",
            "quotas/deleteall",
            "router_flavors/puttopology",
            "routers/tagpost",
            "subnets/deleted",
            "subnets/made",
        ),
        why="the path has no such method, and the Allow header says which it has",
        status=405,
        error="HTTPMethodNotAllowed",
    ),
    Difference(
        requests=("tags/noextension",),
        why="errors have one form everywhere; the reference answers with a page",
        error="HTTPNotFound",
    ),
    Difference(
        requests=("tags/underscore",),
        why="where a name has dashes, underscores do as well",
        status=200,
        more=("tags",),
    ),
    # What was asked for is what is answered.
    Difference(
        requests=("address_groups/cut",),
        why="fields cuts everything else off",
        fewer=("address_group.tenant_id",),
    ),
    Difference(
        requests=("segments/cut",),
        why="fields cuts everything else off",
        fewer=(
            "network_segment_range.created_at",
            "network_segment_range.description",
            "network_segment_range.revision_number",
            "network_segment_range.tags",
            "network_segment_range.updated_at",
        ),
    ),
    Difference(
        requests=("segments/first",),
        why="fields cuts everything else off; the reference does not know it of segments",
        fewer=(
            "segments[].created_at",
            "segments[].description",
            "segments[].name",
            "segments[].network_id",
            "segments[].network_type",
            "segments[].physical_network",
            "segments[].revision_number",
            "segments[].segmentation_id",
            "segments[].updated_at",
        ),
        names=(),
    ),
    Difference(
        requests=("segments/ofvlan",),
        why="a shared range has the key project_id in lists, too",
        more=("network_segment_ranges[].project_id",),
    ),
    Difference(
        requests=("segments/s2",),
        why="the answer has the routes that the subnet got to its peer",
        fewer=("subnet.host_routes",),
        more=("subnet.host_routes[].destination", "subnet.host_routes[].nexthop"),
    ),
    Difference(
        requests=("subnet_pools/described", "subnet_pools/grown", "subnet_pools/defaulted"),
        why="a pool has all its keys after an update, too",
        more=("subnetpool.address_scope_id", "subnetpool.default_quota"),
    ),
    Difference(
        requests=("subnet_pools/limited",),
        why="a pool has all its keys after an update, too",
        more=("subnetpool.address_scope_id",),
    ),
    Difference(
        requests=("bindings/emptied",),
        why="vif_details are those that GET shows, after an update that changes nothing, too",
        more=("port.binding:vif_details.bound_drivers.0",),
    ),
    Difference(
        requests=("qos/defaults",),
        why="is_default filters, as its attribute map says",
        names=("diff-qos-default",),
    ),
    Difference(
        requests=("qos/ingress",),
        why="direction filters, as its attribute map says",
        status=200,
        more=tuple(
            f"bandwidth_limit_rules[].{name}"
            for name in ("direction", "id", "max_burst_kbps", "max_kbps")
        ),
        names=(),
    ),
    Difference(
        requests=("qos/crossed",),
        why="a rule of another type is not found below this one",
        status=404,
        error="QosRuleNotFound",
    ),
    Difference(
        requests=("tags/ofpolicy",), why="QoS policies have tags", status=200, more=("tags",)
    ),
    Difference(
        requests=("default_rules/unchanged",),
        why="an update that changes nothing is fine, as of everything else",
        status=200,
        like="default_rules/a",
    ),
    Difference(
        requests=("default_rules/state",),
        why="settings of default statefulness can be made",
        status=201,
        more=tuple(
            f"{noun}_default_statefulness.{name}"
            for noun in ("security_group", "security_groups")
            for name in ("id", "project_id", "stateful", "tenant_id")
        ),
    ),
    Difference(
        requests=("port_forwardings/bulk",),
        why="what is made has the keys that it has always; the reference shows columns of its own",
        fewer=tuple(
            f"port_forwardings[].{name}"
            for name in (
                "created_at",
                "floating_ip_address",
                "floatingip_id",
                "revision_number",
                "router_id",
                "updated_at",
            )
        ),
    ),
    Difference(
        requests=("port_forwardings/sorted",),
        why="what can be sorted by can be asked for in pages",
        status=200,
        like="port_forwardings/listed",
        more=("port_forwardings_links[].href", "port_forwardings_links[].rel"),
        names=(),
        values=("2222",),
    ),
    Difference(
        requests=("port_forwardings/ranged",),
        why="a range is no single port; the reference tells the one that it had before",
        values=('"24:26"', '"24:26"', "null", "null"),
    ),
    Difference(
        requests=("routing_roles/addroute", "routing_roles/droproute"),
        why="what a member does not see of a router is not shown after changes, either",
        fewer=("router.distributed", "router.ha"),
    ),
    Difference(
        requests=(
            "gateways/mineadd",
            "gateways/mineqos",
            "gateways/upmine",
            "gateways/rmmine",
        ),
        why="what a member does not see of a router is not shown after changes, either",
        fewer=("router.distributed", "router.ha"),
    ),
    *GATEWAYS,
    Difference(
        requests=("ndp_proxies/waiting",),
        why="what is to be so when there is a gateway can be said before, as the client does",
        status=201,
        like="routers/r",
    ),
    Difference(
        requests=("routing_roles/waiting",),
        why="likewise, by a member, who does not see everything",
        status=201,
        like="routers/r",
        fewer=("router.distributed", "router.ha"),
    ),
    Difference(
        requests=("routers/unready",),
        why="what is to be so when there is a gateway can be said before, as the client does",
        status=200,
        like="routers/r",
    ),
    Difference(
        requests=("ndp_proxies/filtered",),
        why="enable_ndp_proxy filters, as its attribute map says",
        names=("diff-ndp-r",),
    ),
    Difference(
        requests=("router_flavors/dry", "router_flavors/dryown", "router_flavors/drythere"),
        why="the answer to a dry run has the keys of a topology",
        more=("auto_allocated_topology.tenant_id",),
    ),
    Difference(
        requests=("router_flavors/providers",),
        why="a flavor tells who provides it; the reference fails",
        status=200,
        more=("next_providers[].driver", "next_providers[].provider"),
    ),
    Difference(
        requests=("ndp_proxies/ofrouter",),
        why="the client lists proxies by router, port and address",
        status=200,
        like="ndp_proxies/listed",
        names=("diff-ndp-n", "diff-ndp-n2"),
    ),
    Difference(
        requests=("ndp_proxies/ofport",),
        why="the client lists proxies by router, port and address",
        status=200,
        like="ndp_proxies/listed",
        names=("diff-ndp-n",),
    ),
    Difference(
        requests=("ndp_proxies/ofaddress",),
        why="the client lists proxies by router, port and address",
        status=200,
        like="ndp_proxies/listed",
        names=("diff-ndp-n2",),
    ),
    # What no driver of ours could build.
    Difference(
        requests=("networks/large",),
        why="a VNI has 24 bits: no agent can build a larger one",
        status=400,
        error="InvalidInput",
    ),
    Difference(
        requests=("ports/hostfive",),
        why="the name of a host is a text",
        status=400,
        error="HTTPBadRequest",
    ),
    # Who may know what.
    Difference(
        requests=("roles/hiddennet", "roles/hiddentags"),
        why="403 would tell that the network exists",
        status=404,
        error="NetworkNotFound",
    ),
    Difference(
        requests=("routing_roles/hiddenhelper", "routing_roles/hiddenrouter"),
        why="403 would tell that the router exists",
        status=404,
        error="RouterNotFound",
    ),
    Difference(
        requests=("routing_roles/hiddenforward",),
        why="403 would tell that the floating IP exists",
        status=404,
        error="FloatingIPNotFound",
    ),
    Difference(
        requests=("roles/hiddengroup",),
        why="403 would tell that the group exists",
        status=404,
        error="SecurityGroupNotFound",
    ),
    Difference(
        requests=("roles/hiddenrule", "roles/hiddendelete"),
        why="another type of error than for a rule that does not exist would tell that it does",
        error="SecurityGroupRuleNotFound",
    ),
    Difference(
        requests=("roles/noagent",),
        why="who sees no agents is told the same of one that exists",
        error="HTTPNotFound",
    ),
    Difference(
        requests=("roles/bindings",),
        why="a list of what the caller sees: nothing",
        status=200,
        more=("bindings",),
    ),
    Difference(
        requests=("roles/sharedtags",),
        why="the rule get_network:tags is for those with whom the network is shared, too",
        status=200,
        more=("tags",),
    ),
    Difference(
        requests=("bindings/change", "bindings/rehost", "bindings/retype"),
        why="no rule has the name update_port_binding, so the default one holds: not for services",
        status=403,
        error="PolicyNotAuthorized",
    ),
)
