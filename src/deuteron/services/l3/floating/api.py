"""The nouns and extensions of floating IPs, as data."""

from neutron_lib.api.definitions import (
    dns,
    fip_port_details,
    floatingip_pools,
    floatingip_router_writable,
    l3,
    qos_fip,
    qos_gateway_ip,
)

from deuteron.services.l3.floating import floating_ips, pools
from deuteron.surface import AttributeMap, Extension, Resource, defined_by

ATTRIBUTES: AttributeMap = {
    **l3.RESOURCE_ATTRIBUTE_MAP[l3.FLOATINGIPS],
    **dns.RESOURCE_ATTRIBUTE_MAP[l3.FLOATINGIPS],
}
"""Of floating IPs, without those of the extensions below."""

_POOLS = floatingip_pools.RESOURCE_ATTRIBUTE_MAP[floatingip_pools.COLLECTION_NAME]
# A pool names its project twice, too (observed).
_POOL_ATTRIBUTES = {**_POOLS, "tenant_id": _POOLS["project_id"]}

EXTENSIONS: tuple[Extension, ...] = (
    defined_by(fip_port_details),
    defined_by(floatingip_pools, {floatingip_pools.COLLECTION_NAME: _POOL_ATTRIBUTES}),
    defined_by(floatingip_router_writable),
)
WITH_QOS: tuple[Extension, ...] = (defined_by(qos_fip), defined_by(qos_gateway_ip))
"""What there is besides where policies are."""

RESOURCES: tuple[Resource, ...] = (
    Resource(
        name="floatingip",
        collection="floatingips",
        paths=("floatingips",),
        list_=floating_ips.list_,
        get=floating_ips.get,
        create=floating_ips.create,
        update=floating_ips.update,
        delete=floating_ips.delete,
        bulk=False,
        tagged=True,
    ),
    Resource(
        name="floatingip_pool",
        collection="floatingip_pools",
        paths=("floatingip_pools", "floatingip-pools"),
        key="subnet_id",
        list_=pools.list_,
        paged=False,
    ),
)
