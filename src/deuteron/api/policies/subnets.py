"""Rules of subnets, subnet pools and address scopes."""

from collections.abc import Mapping

from deuteron.api.policies.words import (
    ADMIN,
    ADMIN_OR_MEMBER,
    ADMIN_OR_NETWORK_MEMBER,
    ADMIN_OR_NETWORK_READER,
    ADMIN_OR_READER,
    MEMBER,
    READER,
    SERVICE,
)

SUBNETS: Mapping[str, str] = {
    "external_network": "field:subnets:router:external=True",
    "shared_address_scopes": "field:address_scopes:shared=True",
    "create_address_scope": ADMIN_OR_MEMBER,
    "create_address_scope:shared": ADMIN,
    "get_address_scope": f"{ADMIN} or {READER} or rule:shared_address_scopes",
    "update_address_scope": ADMIN_OR_MEMBER,
    "update_address_scope:shared": ADMIN,
    "delete_address_scope": ADMIN_OR_MEMBER,
    "create_subnet": ADMIN_OR_NETWORK_MEMBER,
    "create_subnet:segment_id": ADMIN,
    "create_subnet:service_types": ADMIN,
    "create_subnet:tags": f"{MEMBER} or {ADMIN_OR_NETWORK_MEMBER}",
    "get_subnet": (
        f"{READER} or rule:shared or rule:external_network or {ADMIN_OR_NETWORK_READER} or "
        f"{SERVICE}"
    ),
    "get_subnet:segment_id": ADMIN,
    "get_subnet:tags": (
        f"{READER} or rule:shared or rule:external_network or {ADMIN_OR_NETWORK_READER}"
    ),
    "update_subnet": f"{MEMBER} or {ADMIN_OR_NETWORK_MEMBER}",
    "update_subnet:segment_id": ADMIN,
    "update_subnet:service_types": ADMIN,
    "update_subnet:leak_routes": ADMIN,
    "update_subnet:tags": f"{MEMBER} or {ADMIN_OR_NETWORK_MEMBER}",
    "delete_subnet": f"{MEMBER} or {ADMIN_OR_NETWORK_MEMBER}",
    "delete_subnet:tags": f"{MEMBER} or {ADMIN_OR_NETWORK_MEMBER}",
    "shared_subnetpools": "field:subnetpools:shared=True",
    "create_subnetpool": ADMIN_OR_MEMBER,
    "create_subnetpool:shared": ADMIN,
    "create_subnetpool:is_default": ADMIN,
    "create_subnetpool:tags": ADMIN_OR_MEMBER,
    "get_subnetpool": f"{ADMIN_OR_READER} or rule:shared_subnetpools",
    "get_subnetpool:tags": f"{ADMIN_OR_READER} or rule:shared_subnetpools",
    "update_subnetpool": ADMIN_OR_MEMBER,
    "update_subnetpool:is_default": ADMIN,
    "update_subnetpool:tags": ADMIN_OR_MEMBER,
    "delete_subnetpool": ADMIN_OR_MEMBER,
    "delete_subnetpool:tags": ADMIN_OR_MEMBER,
    "onboard_network_subnets": ADMIN_OR_MEMBER,
    "add_prefixes": ADMIN_OR_MEMBER,
    "remove_prefixes": ADMIN_OR_MEMBER,
}
