"""Rules of agents, QoS, trunks, quotas, sharing and what else stands beside the core."""

from collections.abc import Mapping

from deuteron.api.policies.words import (
    ADMIN,
    ADMIN_OR_MANAGER,
    ADMIN_OR_MEMBER,
    ADMIN_OR_PARENT_MANAGER,
    ADMIN_OR_PARENT_READER,
    ADMIN_OR_READER,
)

_OF_POLICIES = {
    f"{verb}_policy_{kind}_rule": ADMIN_OR_PARENT_READER
    if verb == "get"
    else ADMIN_OR_PARENT_MANAGER
    for kind in (
        "bandwidth_limit",
        "dscp_marking",
        "minimum_bandwidth",
        "minimum_packet_rate",
        "packet_rate_limit",
    )
    for verb in ("get", "create", "update", "delete")
}
_OF_ALIASES = {
    f"{verb}_alias_{kind}_rule": ADMIN_OR_PARENT_READER
    if verb == "get"
    else ADMIN_OR_PARENT_MANAGER
    for kind in ("bandwidth_limit", "dscp_marking", "minimum_bandwidth")
    for verb in ("get", "update", "delete")
}
_OF_PACKET_RATES = {
    f"{verb}_alias_minimum_packet_rate_rule": f"rule:{verb}_policy_minimum_packet_rate_rule"
    for verb in ("get", "update", "delete")
}

SERVICES: Mapping[str, str] = {
    **_OF_POLICIES,
    **_OF_ALIASES,
    **_OF_PACKET_RATES,
    "create_agent": ADMIN,
    "get_agent": ADMIN,
    "update_agent": ADMIN,
    "delete_agent": ADMIN,
    "create_dhcp-network": ADMIN,
    "get_dhcp-networks": ADMIN,
    "delete_dhcp-network": ADMIN,
    "create_l3-router": ADMIN,
    "get_l3-routers": ADMIN,
    "update_l3-router": ADMIN,
    "delete_l3-router": ADMIN,
    "get_dhcp-agents": ADMIN,
    "get_l3-agents": ADMIN,
    "create_flavor": ADMIN,
    "get_flavor": "role:reader",
    "update_flavor": ADMIN,
    "delete_flavor": ADMIN,
    "create_service_profile": ADMIN,
    "get_service_profile": ADMIN,
    "update_service_profile": ADMIN,
    "delete_service_profile": ADMIN,
    "get_flavor_service_profile": ADMIN_OR_READER,
    "create_flavor_service_profile": ADMIN,
    "delete_flavor_service_profile": ADMIN,
    "get_loggable_resource": ADMIN_OR_MANAGER,
    "create_log": ADMIN_OR_MANAGER,
    "get_log": ADMIN_OR_MANAGER,
    "update_log": ADMIN_OR_MANAGER,
    "delete_log": ADMIN_OR_MANAGER,
    "create_metering_label": ADMIN_OR_MANAGER,
    "get_metering_label": ADMIN_OR_READER,
    "delete_metering_label": ADMIN_OR_MANAGER,
    "create_metering_label_rule": ADMIN_OR_MANAGER,
    "get_metering_label_rule": ADMIN_OR_READER,
    "delete_metering_label_rule": ADMIN_OR_MANAGER,
    "shared_qos_policy": "field:policies:shared=True",
    "get_policy": f"{ADMIN_OR_READER} or rule:shared_qos_policy",
    "get_policy:tags": f"{ADMIN_OR_READER} or rule:shared_qos_policy",
    "create_policy": ADMIN_OR_MANAGER,
    "create_policy:tags": ADMIN_OR_MANAGER,
    "update_policy": ADMIN_OR_MANAGER,
    "update_policy:tags": ADMIN_OR_MANAGER,
    "delete_policy": ADMIN_OR_MANAGER,
    "delete_policy:tags": ADMIN_OR_MANAGER,
    "get_rule_type": "role:reader",
    "get_quota": ADMIN_OR_MANAGER,
    "update_quota": ADMIN,
    "delete_quota": ADMIN,
    "restrict_wildcard": (
        "(not field:rbac_policy:target_tenant=* and not field:rbac_policy:target_project=*) or "
        f"{ADMIN}"
    ),
    "create_rbac_policy": ADMIN_OR_MEMBER,
    "create_rbac_policy:target_tenant": (
        f"{ADMIN} or "
        "(not field:rbac_policy:target_tenant=* and not field:rbac_policy:target_project=*)"
    ),
    "create_rbac_policy:target_project": f"{ADMIN} or not field:rbac_policy:target_project=*",
    "update_rbac_policy": ADMIN_OR_MEMBER,
    "update_rbac_policy:target_tenant": (
        f"{ADMIN} or "
        "(not field:rbac_policy:target_tenant=* and not field:rbac_policy:target_project=*)"
    ),
    "update_rbac_policy:target_project": f"{ADMIN} or not field:rbac_policy:target_project=*",
    "get_rbac_policy": ADMIN_OR_READER,
    "delete_rbac_policy": ADMIN_OR_MEMBER,
    "get_service_provider": "role:reader",
    "get_flavor_next_provider": "rule:get_flavor",  # ours: Neutron has none, and answers 500
    "create_trunk": ADMIN_OR_MEMBER,
    "create_trunk:tags": ADMIN_OR_MEMBER,
    "get_trunk": ADMIN_OR_READER,
    "get_trunk:tags": ADMIN_OR_READER,
    "update_trunk": ADMIN_OR_MEMBER,
    "update_trunk:tags": ADMIN_OR_MEMBER,
    "delete_trunk": ADMIN_OR_MEMBER,
    "delete_trunk:tags": ADMIN_OR_MEMBER,
    "get_subports": ADMIN_OR_READER,
    "add_subports": ADMIN_OR_MEMBER,
    "remove_subports": ADMIN_OR_MEMBER,
}
