"""Who may do what unless a site says otherwise: rule name -> check string.

Names and defaults are Neutron's, so that a site's ``policy.yaml`` means here what it means there.
The rules of things that this server does not have are among them: a site's file may refer to them.

    get_network                       see one, and find it in a list
    create_network                    make one
    create_network:shared             ... and give this attribute, other than its default
    update_port:fixed_ips:ip_address  change this part of an attribute
    get_network:segments              see this attribute
    add_addresses                     ``PUT .../{id}/add_addresses``
"""

from collections.abc import Mapping

from deuteron.api.policies.base import BASE
from deuteron.api.policies.networks import NETWORKS
from deuteron.api.policies.own import OWN
from deuteron.api.policies.ports import PORTS
from deuteron.api.policies.routers import ROUTERS
from deuteron.api.policies.security import SECURITY
from deuteron.api.policies.services import SERVICES
from deuteron.api.policies.subnets import SUBNETS

DEFAULTS: Mapping[str, str] = {
    **BASE,
    **NETWORKS,
    **SUBNETS,
    **PORTS,
    **SECURITY,
    **ROUTERS,
    **SERVICES,
    **OWN,
}

_TAGGED = {
    "floatingips": "floatingip",
    "network_segment_ranges": "network_segment_range",
    "networks": "network",
    "policies": "policy",
    "ports": "port",
    "routers": "router",
    "security_groups": "security_group",
    "subnetpools": "subnetpool",
    "subnets": "subnet",
    "trunks": "trunk",
}
# Names that rules had before, which a site's file may still use -> present names.
RENAMED: Mapping[str, str] = {
    f"{verb}_{collection}_tags": f"{verb}_{name}:tags"
    for collection, name in _TAGGED.items()
    for verb in ("get", "create", "update", "delete")
}
