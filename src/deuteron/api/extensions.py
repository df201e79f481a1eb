"""The extensions of the API: what each adds to the resources, and how it introduces itself.

Most are data of neutron_lib.api.definitions. Those that Neutron keeps elsewhere are written down
here, with the same alias, name and date, which clients may compare. `deuteron.app` chooses the
aliases; this table says what they mean.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from neutron_lib.api.definitions import (
    aap_reject_multicast,
    address_group,
    address_scope,
    agent,
    agent_resources_synced,
    agent_sort_key,
    allowedaddresspairs,
    availability_zone,
    availability_zone_filter,
    data_plane_status,
    default_subnetpools,
    dhcpagentscheduler,
    dns,
    dns_domain_keywords,
    dns_domain_ports,
    empty_string_filtering,
    external_net,
    extra_dhcp_opt,
    filter_validation,
    ip_allocation,
    ip_substring_port_filtering,
    l2_adjacency,
    multiprovidernet,
    network,
    network_availability_zone,
    network_ip_availability,
    network_ip_availability_details,
    network_mtu,
    network_mtu_writable,
    network_segment_range,
    pagination,
    port,
    port_device_profile,
    port_hardware_offload_type,
    port_hint_ovs_tx_steering,
    port_hints,
    port_mac_address_override,
    port_mac_address_regenerate,
    port_numa_affinity_policy,
    port_numa_affinity_policy_socket,
    port_security,
    port_trusted_vif,
    portbindings,
    portbindings_extended,
    project_id,
    provider_net,
    qinq,
    quota_check_limit,
    quota_check_limit_default,
    rbac_address_groups,
    rbac_address_scope,
    rbac_security_groups,
    rbac_subnetpool,
    revisionifmatch,
    security_groups_default_statefulness,
    security_groups_normalized_cidr,
    security_groups_port_filtering,
    security_groups_remote_address_group,
    security_groups_rules_belongs_to_default_sg,
    security_groups_shared_filtering,
    segment,
    segments_peer_subnet_host_routes,
    sorting,
    standard_attr_segment,
    stateful_security_group,
    subnet,
    subnet_dns_publish_fixed_ip,
    subnet_external_network,
    subnet_onboard,
    subnet_segmentid_writable,
    subnet_service_types,
    subnetpool_prefix_ops,
    tag_creation,
    tag_ports_during_bulk_creation,
    uplink_status_propagation,
    uplink_status_propagation_updatable,
    vlantransparent,
)

from deuteron.api.attributes import merged
from deuteron.api.definitions import (
    agents,
    networks,
    ports,
    rbac,
    security_groups,
    standard,
    subnets,
)
from deuteron.errors import StartError
from deuteron.surface import AttributeMap, Extension, defined_by

_KNOWN = (
    defined_by(aap_reject_multicast),
    defined_by(address_group, security_groups.ADDRESS_GROUPS),
    defined_by(address_scope, subnets.ADDRESS_SCOPES),
    defined_by(agent, agents.AGENTS),
    defined_by(agent_resources_synced),
    defined_by(agent_sort_key, agents.SORT_KEYS),
    defined_by(allowedaddresspairs, ports.ADDRESS_PAIRS),
    defined_by(data_plane_status),
    defined_by(default_subnetpools),
    defined_by(dhcpagentscheduler),
    # the names of floating IPs come with routers; those of ports need none
    replace(
        defined_by(dns, {name: dns.RESOURCE_ATTRIBUTE_MAP[name] for name in ("networks", "ports")}),
        requires=(),
    ),
    defined_by(dns_domain_keywords),
    defined_by(dns_domain_ports),
    defined_by(empty_string_filtering),
    defined_by(availability_zone, networks.AVAILABILITY_ZONES),
    defined_by(availability_zone_filter),
    defined_by(external_net, networks.EXTERNAL),
    defined_by(extra_dhcp_opt),
    defined_by(filter_validation),
    defined_by(ip_allocation),
    defined_by(ip_substring_port_filtering),
    defined_by(l2_adjacency),
    defined_by(multiprovidernet, networks.MULTI_PROVIDER),
    defined_by(network_availability_zone),
    defined_by(network_ip_availability, subnets.AVAILABILITY),
    defined_by(network_ip_availability_details),
    defined_by(network_mtu),
    defined_by(network_mtu_writable),
    defined_by(network_segment_range),
    defined_by(pagination),
    defined_by(port_device_profile),
    defined_by(port_hardware_offload_type),
    defined_by(port_hint_ovs_tx_steering),
    defined_by(port_hints),
    defined_by(port_mac_address_override),
    defined_by(port_mac_address_regenerate, ports.REGENERATED_MAC),
    defined_by(port_numa_affinity_policy),
    defined_by(port_numa_affinity_policy_socket),
    defined_by(port_security),
    defined_by(port_trusted_vif),
    defined_by(portbindings, ports.BINDING),
    defined_by(portbindings_extended),
    defined_by(project_id),
    defined_by(provider_net),
    defined_by(qinq),
    defined_by(quota_check_limit, {}),
    defined_by(quota_check_limit_default, {}),
    defined_by(rbac_address_groups),
    defined_by(rbac_address_scope),
    defined_by(rbac_security_groups),
    defined_by(rbac_subnetpool),
    defined_by(revisionifmatch),
    defined_by(security_groups_default_statefulness, security_groups.DEFAULT_STATEFULNESS),
    defined_by(security_groups_normalized_cidr),
    defined_by(security_groups_port_filtering),
    defined_by(security_groups_remote_address_group, security_groups.REMOTE_ADDRESS_GROUPS),
    defined_by(security_groups_rules_belongs_to_default_sg),
    defined_by(security_groups_shared_filtering),
    defined_by(segment),
    defined_by(segments_peer_subnet_host_routes),
    defined_by(sorting),
    defined_by(standard_attr_segment),
    defined_by(stateful_security_group),
    defined_by(subnet_dns_publish_fixed_ip),
    defined_by(subnet_external_network),
    defined_by(subnet_onboard),
    defined_by(subnet_segmentid_writable),
    defined_by(subnet_service_types, subnets.SERVICE_TYPES),
    defined_by(subnetpool_prefix_ops),
    defined_by(tag_creation),
    defined_by(tag_ports_during_bulk_creation),
    defined_by(uplink_status_propagation),
    defined_by(uplink_status_propagation_updatable),
    defined_by(vlantransparent),
    Extension(
        alias="quota_details",
        name="Quota details management support",
        description="How much of its quotas a project has used.",
        updated="2017-02-10T10:00:00-00:00",
        requires=("quotas",),
    ),
    Extension(
        alias="quotas",
        name="Quota management support",
        description="How many resources of each kind a project may have.",
        updated="2012-07-29T10:00:00-00:00",
    ),
    Extension(
        alias="rbac-policies",
        name="RBAC Policies",
        description="Objects that are shared with single projects, or with all.",
        updated="2015-06-17T12:15:12-00:00",
        attributes=rbac.POLICIES,
    ),
    Extension(
        alias="security-group",
        name="security-group",
        description="Groups of rules that say which traffic a port may send and receive.",
        updated="2012-10-05T10:00:00-00:00",
        attributes=security_groups.RESOURCES,
        requires=("standard-attr-description",),
    ),
    Extension(
        alias="security-groups-default-rules",
        name="Default rules for security groups",
        description="The rules that every new security group begins with.",
        updated="2022-12-19T10:00:00-00:00",
        attributes=security_groups.TEMPLATE,
        requires=("security-group", "standard-attr-description"),
    ),
    Extension(
        alias="standard-attr-description",
        name="standard-attr-description",
        description="A free text with every resource.",
        updated="2016-02-10T10:00:00-00:00",
        attributes=dict.fromkeys(standard.DESCRIBED, standard.DESCRIPTION),
    ),
    Extension(
        alias="standard-attr-revisions",
        name="Resource revision numbers",
        description="A number with every resource that grows with each change.",
        updated="2016-04-11T10:00:00-00:00",
        attributes=dict.fromkeys(standard.DESCRIBED, standard.REVISIONS),
    ),
    Extension(
        alias="standard-attr-tag",
        name="Tag support for resources with standard attribute: "
        "port, subnet, subnetpool, network, security_group, network_segment_range",
        description="Words with a resource, by which it can be found.",
        updated="2017-01-01T00:00:00-00:00",
        attributes={
            **dict.fromkeys(standard.TAGGED, standard.TAGS),
            "ports": standard.PORT_TAGS,
        },
    ),
    Extension(
        alias="standard-attr-timestamp",
        name="Resource timestamps",
        description="When every resource was made and last changed.",
        updated="2016-09-12T10:00:00-00:00",
        attributes=dict.fromkeys(standard.DESCRIBED, standard.TIMESTAMPS),
    ),
    Extension(
        alias="subnet_allocation",
        name="Subnet Allocation",
        description="Subnets get their prefixes from pools of prefixes.",
        updated="2015-03-30T10:00:00-00:00",
        attributes=subnets.SUBNET_POOLS,
    ),
)

EXTENSIONS: Mapping[str, Extension] = {extension.alias: extension for extension in _KNOWN}

CORE: Mapping[str, AttributeMap] = {
    **network.RESOURCE_ATTRIBUTE_MAP,
    **subnet.RESOURCE_ATTRIBUTE_MAP,
    **port.RESOURCE_ATTRIBUTE_MAP,
}


def enabled(aliases: Iterable[str], foreign: Iterable[Extension] = ()) -> tuple[Extension, ...]:
    """The extensions of these aliases and the foreign ones, each after those that it requires.

    Args:
        aliases: of extensions in this table.
        foreign: extensions of other distributions, whose drivers bring attributes of their own.

    Raises:
        StartError: an alias is unknown, or requires one that is not among them.
    """
    wanted = {alias: _known(alias) for alias in aliases}
    wanted.update((extension.alias, extension) for extension in foreign)
    ordered: dict[str, Extension] = {}
    while len(ordered) < len(wanted):
        ready = {
            alias: extension
            for alias, extension in wanted.items()
            if alias not in ordered and set(extension.requires) <= ordered.keys()
        }
        if not ready:
            stuck = ", ".join(sorted(wanted.keys() - ordered.keys()))
            raise StartError(msg=f"Extensions lack others that they require: {stuck}")
        ordered.update(ready)
    return tuple(ordered.values())


def _known(alias: str) -> Extension:
    extension = EXTENSIONS.get(alias)
    if extension is None:
        raise StartError(msg=f"There is no extension with alias {alias}")
    return extension


def attribute_maps(extensions: Iterable[Extension]) -> dict[str, AttributeMap]:
    """Collection -> attribute map of the core resources with what the extensions add.

    Args:
        extensions: in the order in which they may replace each other's facts.
    """
    maps: dict[str, Any] = {name: dict(attributes) for name, attributes in CORE.items()}
    for extension in extensions:
        maps = merged(maps, extension.attributes)
    return maps
