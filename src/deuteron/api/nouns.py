"""The nouns of the API, and the functions of the core that act on them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deuteron.api import agents, explanations, quotas
from deuteron.api.call import Handler
from deuteron.api.definitions import ports as port_definitions
from deuteron.context import RequestContext
from deuteron.core import (
    address_groups,
    address_scopes,
    availability_zones,
    bindings,
    default_security_group_rules,
    default_statefulness,
    dhcp_agents,
    ip_availability,
    networks,
    ports,
    rbac_policies,
    security_group_rules,
    security_groups,
    segment_ranges,
    segments,
    subnet_pools,
    subnets,
)
from deuteron.core import agents as agent_verbs
from deuteron.surface import Related, Resource, Row

if TYPE_CHECKING:
    from deuteron.core.deployment import Deployment


def _create_binding(
    d: "Deployment", ctx: RequestContext, port_id: str, bodies: list[Row]
) -> list[Row]:
    return [bindings.create(d, ctx, port_id, body) for body in bodies]


def _update_binding(
    d: "Deployment",
    ctx: RequestContext,
    port_id: str,
    host: str,
    changes: Row,
    *,
    if_revision: int | None = None,  # noqa: ARG001 (bindings have no revision number)
) -> Row:
    return bindings.update(d, ctx, port_id, host, changes)


def _delete_binding(
    d: "Deployment",
    ctx: RequestContext,
    port_id: str,
    host: str,
    *,
    if_revision: int | None = None,  # noqa: ARG001 (bindings have no revision number)
) -> None:
    bindings.delete(d, ctx, port_id, host)


def _activate_binding(
    d: "Deployment", ctx: RequestContext, port_id: str, host: str, _document: Any
) -> Row:
    """The answer is the binding, not wrapped (observed)."""
    return bindings.activate(d, ctx, port_id, host)


def _add_addresses(d: "Deployment", ctx: RequestContext, group_id: str, document: Any) -> Row:
    return _address_group(address_groups.add_addresses(d, ctx, group_id, document))


def _remove_addresses(d: "Deployment", ctx: RequestContext, group_id: str, document: Any) -> Row:
    return _address_group(address_groups.remove_addresses(d, ctx, group_id, document))


def _address_group(group: Row) -> Row:
    return {"address_group": {**group, "tenant_id": group["project_id"]}}


def _update_default_rule(
    d: "Deployment",
    ctx: RequestContext,
    rule_id: str,
    _changes: Row,
    *,
    if_revision: int | None = None,  # noqa: ARG001 (the template's rules have no revision number)
) -> Row:
    """Nothing of a rule can be changed: an attribute is refused before, no attribute is fine."""
    return default_security_group_rules.get(d, ctx, rule_id)


def _delete_default_rule(
    d: "Deployment",
    ctx: RequestContext,
    rule_id: str,
    *,
    if_revision: int | None = None,  # noqa: ARG001 (the template's rules have no revision number)
) -> None:
    default_security_group_rules.delete(d, ctx, rule_id)


def _update_statefulness(
    d: "Deployment",
    ctx: RequestContext,
    setting_id: str,
    changes: Row,
    *,
    if_revision: int | None = None,  # noqa: ARG001 (settings have no revision number)
) -> Row:
    return default_statefulness.update(d, ctx, setting_id, changes)


def _delete_statefulness(
    d: "Deployment",
    ctx: RequestContext,
    setting_id: str,
    *,
    if_revision: int | None = None,  # noqa: ARG001 (settings have no revision number)
) -> None:
    default_statefulness.delete(d, ctx, setting_id)


_ALWAYS = (
    Resource(
        name="network",
        collection="networks",
        paths=("networks",),
        list_=networks.list_,
        get=networks.get,
        create=networks.create,
        update=networks.update,
        delete=networks.delete,
        related={
            "dhcp-agents": Related(
                collection="agents", list_=dhcp_agents.agents_of, rule="get_dhcp-agents"
            )
        },
        tagged=True,
    ),
    Resource(
        name="subnet",
        collection="subnets",
        paths=("subnets",),
        list_=subnets.list_,
        get=subnets.get,
        create=subnets.create,
        update=subnets.update,
        delete=subnets.delete,
        tagged=True,
    ),
    Resource(
        name="port",
        collection="ports",
        paths=("ports",),
        list_=ports.list_,
        get=ports.get,
        create=ports.create,
        update=ports.update,
        delete=ports.delete,
        tagged=True,
    ),
    Resource(
        name="binding",
        collection="bindings",
        paths=("ports/{id}/bindings",),
        key="host",
        parent="port",
        list_=bindings.list_,
        get=bindings.get,
        create=_create_binding,
        update=_update_binding,
        delete=_delete_binding,
        actions={"activate": _activate_binding},
        bulk=False,
        attributes=port_definitions.BINDINGS,
    ),
    Resource(
        name="subnetpool",
        collection="subnetpools",
        paths=("subnetpools",),
        list_=subnet_pools.list_,
        get=subnet_pools.get,
        create=subnet_pools.create,
        update=subnet_pools.update,
        delete=subnet_pools.delete,
        actions={
            "add_prefixes": subnet_pools.add_prefixes,
            "remove_prefixes": subnet_pools.remove_prefixes,
            "onboard_network_subnets": subnet_pools.onboard_network_subnets,
        },
        bulk=False,
        tagged=True,
    ),
    Resource(
        name="address_scope",
        collection="address_scopes",
        paths=("address-scopes", "address_scopes"),
        list_=address_scopes.list_,
        get=address_scopes.get,
        create=address_scopes.create,
        update=address_scopes.update,
        delete=address_scopes.delete,
        bulk=False,
    ),
    Resource(
        name="network_ip_availability",
        collection="network_ip_availabilities",
        paths=("network-ip-availabilities", "network_ip_availabilities"),
        key="network_id",
        list_=ip_availability.list_,
        get=ip_availability.get,
    ),
    Resource(
        name="segment",
        collection="segments",
        paths=("segments",),
        list_=segments.list_,
        get=segments.get,
        create=segments.create,
        update=segments.update,
        delete=segments.delete,
        bulk=False,
    ),
    Resource(
        name="network_segment_range",
        collection="network_segment_ranges",
        paths=("network_segment_ranges", "network-segment-ranges"),
        list_=segment_ranges.list_,
        get=segment_ranges.get,
        create=segment_ranges.create,
        update=segment_ranges.update,
        delete=segment_ranges.delete,
        tagged=True,
    ),
    Resource(
        name="agent",
        collection="agents",
        paths=("agents",),
        list_=agent_verbs.list_,
        get=agent_verbs.get,
        update=agent_verbs.update,
        delete=agent_verbs.delete,
        related={
            "dhcp-networks": Related(
                collection="networks",
                key="network_id",
                list_=dhcp_agents.networks_of,
                rule="get_dhcp-networks",
                add=dhcp_agents.add,
                add_rule="create_dhcp-network",
                remove=dhcp_agents.remove,
                remove_rule="delete_dhcp-network",
            )
        },
    ),
)

_ZONES = Resource(
    name="availability_zone",
    collection="availability_zones",
    paths=("availability_zones", "availability-zones"),
    key="name",
    list_=availability_zones.list_,
    paged=False,
)

_RBAC = Resource(
    name="rbac_policy",
    collection="rbac_policies",
    paths=("rbac-policies", "rbac_policies"),
    list_=rbac_policies.list_,
    get=rbac_policies.get,
    create=rbac_policies.create,
    update=rbac_policies.update,
    delete=rbac_policies.delete,
)

_SECURITY_GROUPS = (
    Resource(
        name="security_group",
        collection="security_groups",
        paths=("security-groups", "security_groups"),
        list_=security_groups.list_,
        get=security_groups.get,
        create=security_groups.create,
        update=security_groups.update,
        delete=security_groups.delete,
        tagged=True,
        parts=("security_group_rules",),
    ),
    Resource(
        name="security_group_rule",
        collection="security_group_rules",
        paths=("security-group-rules", "security_group_rules"),
        list_=security_group_rules.list_,
        get=security_group_rules.get,
        create=security_group_rules.create,
        update=security_group_rules.update,
        delete=security_group_rules.delete,
    ),
    Resource(
        name="default_security_group_rule",
        collection="default_security_group_rules",
        paths=("default-security-group-rules", "default_security_group_rules"),
        list_=default_security_group_rules.list_,
        get=default_security_group_rules.get,
        create=default_security_group_rules.create,
        update=_update_default_rule,
        delete=_delete_default_rule,
        bulk=False,
    ),
    Resource(
        name="security_groups_default_statefulness",
        collection="security_groups_default_statefulness",
        # of the SDK, which Neutron does not understand
        other_name="security_group_default_statefulness",
        paths=(
            "security-groups-default-statefulness",
            "security_groups_default_statefulness",
        ),
        list_=default_statefulness.list_,
        get=default_statefulness.get,
        create=default_statefulness.create,
        update=_update_statefulness,
        delete=_delete_statefulness,
        bulk=False,
    ),
    Resource(
        name="address_group",
        collection="address_groups",
        paths=("address-groups", "address_groups"),
        list_=address_groups.list_,
        get=address_groups.get,
        create=address_groups.create,
        update=address_groups.update,
        delete=address_groups.delete,
        actions={"add_addresses": _add_addresses, "remove_addresses": _remove_addresses},
    ),
)


def resources(*, security_groups: bool = True) -> tuple[Resource, ...]:
    """The nouns of a site.

    Args:
        security_groups: whether it has security groups (``enable_security_group``).
    """
    return (*_ALWAYS, _ZONES, _RBAC, *(_SECURITY_GROUPS if security_groups else ()))


# What is no verb of a noun: path below /v2.0/ -> method -> handler.
SPECIAL: Mapping[str, Mapping[str, Handler]] = {
    "agents": {"PUT": agents.report},
    "binding-explanations": {"POST": explanations.create},
    "ports/{id}/binding-explanation": {"GET": explanations.show},
    "quotas": {"GET": quotas.list_, "POST": quotas.create},
    "quotas/project": {"GET": quotas.show_project},
    "quotas/tenant": {"GET": quotas.show_tenant},
    "quotas/{id}": {"GET": quotas.show, "PUT": quotas.update, "DELETE": quotas.delete},
    "quotas/{id}/default": {"GET": quotas.show_default},
    "quotas/{id}/details": {"GET": quotas.show_details},
}
