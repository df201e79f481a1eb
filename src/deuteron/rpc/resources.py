"""Objects that agents ask for: one by its id, or all that fit, in the version that an agent knows.

An agent asks once for what it has not got and trusts from then on what it is told.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import (
    address_groups,
    agent_objects,
    agents,
    security_group_rules,
    security_groups,
)
from deuteron.core.deployment import Deployment
from deuteron.errors import InvalidInput
from deuteron.query import Query
from deuteron.rpc import arguments, filters, objects, versioned
from deuteron.rpc.endpoint import Call, Endpoint
from deuteron.rpc.versioned import Kind
from deuteron.services.conntrack_helper import helpers
from deuteron.services.ndp_proxy import proxies
from deuteron.services.port_forwarding import forwardings
from deuteron.services.qos import policies
from deuteron.services.trunk import trunks

Load = Callable[..., list[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where objects of a kind come from.

    Args:
        kind: of them.
        load: finds them: (deployment, context, query).
        filters: field of the object -> attribute of the API that it is found by.
        id_: the attribute that `pull` means.
    """

    kind: Kind
    load: Load
    filters: Mapping[str, str]
    id_: str = "id"


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def _none(_d: Deployment, _ctx: RequestContext, _query: Query) -> list[dict[str, Any]]:
    return []


SOURCES: Mapping[str, Source] = {
    source.kind.name: source
    for source in (
        Source(
            kind=objects.PORT,
            load=agent_objects.ports,
            filters={
                **_same("id", "network_id", "project_id", "device_id", "device_owner", "status"),
                **_same("mac_address", "admin_state_up", "name", "qos_policy_id"),
                "security_group_ids": "security_groups",
            },
        ),
        Source(
            kind=objects.NETWORK,
            load=agent_objects.networks,
            filters=_same("id", "project_id", "name", "status", "admin_state_up", "mtu"),
        ),
        Source(
            kind=objects.SUBNET,
            load=agent_objects.subnets,
            filters=_same(
                "id", "project_id", "network_id", "name", "ip_version", "cidr", "enable_dhcp"
            ),
        ),
        Source(
            kind=objects.SECURITY_GROUP,
            load=security_groups.list_,
            filters=_same("id", "project_id", "name", "stateful"),
        ),
        Source(
            kind=objects.SECURITY_GROUP_RULE,
            load=security_group_rules.list_,
            filters=_same(
                "id",
                "project_id",
                "security_group_id",
                "remote_group_id",
                "remote_address_group_id",
                "direction",
                "ethertype",
                "protocol",
            ),
        ),
        Source(
            kind=objects.ADDRESS_GROUP,
            load=address_groups.list_,
            filters=_same("id", "project_id", "name"),
        ),
        Source(
            kind=objects.QOS_POLICY,
            load=policies.list_,
            filters=_same("id", "project_id", "name"),
        ),
        Source(
            kind=objects.TRUNK,
            load=trunks.list_,
            filters=_same("id", "project_id", "port_id", "status"),
            id_="port_id",
        ),
        Source(
            kind=objects.SUB_PORT,
            load=trunks.subports_of_all,
            filters=_same("port_id", "trunk_id", "segmentation_type", "segmentation_id"),
            id_="port_id",
        ),
        Source(
            kind=objects.AGENT,
            load=agents.list_,
            filters=_same("id", "agent_type", "binary", "host", "topic", "admin_state_up"),
        ),
        Source(
            kind=objects.NDP_PROXY,
            load=proxies.list_,
            filters=_same("id", "project_id", "name", "router_id", "port_id", "ip_address"),
        ),
        Source(
            kind=objects.CONNTRACK_HELPER,
            load=helpers.of_all,
            filters=_same("id", "router_id", "protocol", "port", "helper"),
        ),
        Source(
            kind=objects.PORT_FORWARDING,
            load=forwardings.of_all,
            filters=_same(
                "id", "floatingip_id", "protocol", "internal_port_id", "internal_ip_address"
            ),
        ),
        Source(kind=objects.LOCAL_IP_ASSOCIATION, load=_none, filters=_same("id")),
        Source(kind=objects.LOG, load=_none, filters=_same("id")),
    )
}


def bulk_pull(
    d: Deployment,
    call: Call,
    *,
    resource_type: Any,
    version: Any,
    filter_kwargs: Any = None,
) -> list[dict[str, Any]]:
    """The objects that fit.

    Args:
        d: the deployment.
        call: the message.
        resource_type: name of the kind.
        version: that the agent knows.
        filter_kwargs: field -> value, or list of values any of which may fit; all fields must.

    Raises:
        InvalidInput: the kind, its version or a field is unknown, or a value is of a wrong type.
    """
    source = _source(resource_type)
    wanted: dict[str, tuple[Any, ...]] = {}
    for name, value in arguments.mapping("filter_kwargs", filter_kwargs or {}).items():
        if name not in source.filters:
            raise InvalidInput(error_message=f"{source.kind.name} is not found by {name[:64]}")
        attribute = source.filters[name]
        wanted[attribute] = filters.values(attribute, value)
    return _pulled(d, call, source, wanted, version)


def pull(
    d: Deployment, call: Call, *, resource_type: Any, version: Any, resource_id: Any
) -> dict[str, Any] | None:
    """One object, or null.

    Args:
        d: the deployment.
        call: the message.
        resource_type: name of the kind.
        version: that the agent knows.
        resource_id: of the object; of a trunk that of its parent port, as agents ask.

    Raises:
        InvalidInput: the kind or its version is unknown.
    """
    source = _source(resource_type)
    wanted = {source.id_: (arguments.text("resource_id", resource_id),)}
    found = _pulled(d, call, source, wanted, version)
    return found[0] if found else None


def _source(resource_type: Any) -> Source:
    name = arguments.text("resource_type", resource_type)
    if name not in SOURCES:
        raise InvalidInput(error_message=f"there are no objects of the kind {name}")
    return SOURCES[name]


def _pulled(
    d: Deployment,
    call: Call,
    source: Source,
    wanted: Mapping[str, tuple[Any, ...]],
    version: Any,
) -> list[dict[str, Any]]:
    versioned.require(source.kind, version)
    return [
        versioned.primitive(source.kind, one, version)
        for one in source.load(d, call.ctx, Query(filters=wanted))
    ]


ENDPOINT = Endpoint(version="1.1", methods={"pull": pull, "bulk_pull": bulk_pull})
