"""Rules of ports and their bindings."""

from collections.abc import Mapping

from deuteron.api.policies.words import (
    ADMIN,
    ADMIN_OR_MEMBER,
    ADMIN_OR_NETWORK_MEMBER,
    ADMIN_OR_NETWORK_READER,
    ADMIN_OR_READER,
    ADMIN_OR_SERVICE,
    MEMBER,
    NETWORK_MANAGER,
    NETWORK_MEMBER,
    NETWORK_READER,
    READER,
    SERVICE,
)

PORTS: Mapping[str, str] = {
    "get_port_binding": ADMIN_OR_SERVICE,
    "create_port_binding": SERVICE,
    "delete_port_binding": SERVICE,
    "activate": SERVICE,
    "network_device": "field:port:device_owner=~^network:",
    "compute_device": "field:port:device_owner=~^compute:",
    "baremetal_device": "field:port:device_owner=~^baremetal:",
    "manila_device": "field:port:device_owner=~^manila:",
    "admin_or_data_plane_int": "rule:context_is_admin or role:data_plane_integrator",
    "create_port": f"{ADMIN_OR_SERVICE} or {NETWORK_MEMBER} or rule:shared",
    "create_port:device_id": f"{ADMIN_OR_MEMBER} or {SERVICE}",
    "create_port:device_owner": (
        f"not rule:network_device or {ADMIN_OR_SERVICE} or {NETWORK_MEMBER}"
    ),
    "create_port:mac_address": f"{ADMIN_OR_SERVICE} or {NETWORK_MEMBER}",
    "create_port:fixed_ips": f"{ADMIN_OR_SERVICE} or {NETWORK_MEMBER} or rule:shared",
    "create_port:fixed_ips:ip_address": f"{ADMIN_OR_SERVICE} or {NETWORK_MEMBER}",
    "create_port:fixed_ips:subnet_id": f"{ADMIN_OR_SERVICE} or {NETWORK_MEMBER} or rule:shared",
    "create_port:port_security_enabled": f"{ADMIN_OR_SERVICE} or {NETWORK_MEMBER}",
    "create_port:binding:host_id": ADMIN_OR_SERVICE,
    "create_port:binding:profile": SERVICE,
    "create_port:binding:vnic_type": f"{ADMIN_OR_MEMBER} or {SERVICE}",
    "create_port:allowed_address_pairs": f"{ADMIN_OR_NETWORK_MEMBER} or {SERVICE}",
    "create_port:allowed_address_pairs:mac_address": f"{ADMIN_OR_NETWORK_MEMBER} or {SERVICE}",
    "create_port:allowed_address_pairs:ip_address": f"{ADMIN_OR_NETWORK_MEMBER} or {SERVICE}",
    "create_port:hints": ADMIN,
    "create_port:trusted": ADMIN,
    "create_port:tags": f"{ADMIN_OR_MEMBER} or rule:context_is_advsvc",
    "get_port": f"{ADMIN_OR_SERVICE} or {NETWORK_READER} or {READER}",
    "get_port:binding:vif_type": ADMIN_OR_SERVICE,
    "get_port:binding:vif_details": ADMIN_OR_SERVICE,
    "get_port:binding:host_id": ADMIN_OR_SERVICE,
    "get_port:binding:profile": ADMIN_OR_SERVICE,
    "get_port:resource_request": ADMIN,
    "get_port:hints": ADMIN,
    "get_port:trusted": ADMIN,
    "get_port:tags": f"rule:context_is_advsvc or {ADMIN_OR_NETWORK_READER} or {READER}",
    "update_port": f"{ADMIN_OR_SERVICE} or {MEMBER}",
    "update_port:device_id": f"{ADMIN_OR_MEMBER} or {SERVICE}",
    "update_port:device_owner": (
        f"not rule:network_device or {ADMIN_OR_SERVICE} or {NETWORK_MEMBER}"
    ),
    "update_port:mac_address": f"{ADMIN_OR_SERVICE} or {NETWORK_MANAGER}",
    "update_port:fixed_ips": f"{ADMIN_OR_SERVICE} or {NETWORK_MEMBER}",
    "update_port:fixed_ips:ip_address": f"{ADMIN_OR_SERVICE} or {NETWORK_MEMBER}",
    "update_port:fixed_ips:subnet_id": f"{ADMIN_OR_SERVICE} or {NETWORK_MEMBER} or rule:shared",
    "update_port:port_security_enabled": f"{ADMIN_OR_SERVICE} or {NETWORK_MEMBER}",
    "update_port:binding:host_id": ADMIN_OR_SERVICE,
    "update_port:binding:profile": SERVICE,
    "update_port:binding:vnic_type": f"{ADMIN_OR_SERVICE} or {MEMBER}",
    "update_port:allowed_address_pairs": f"{ADMIN_OR_NETWORK_MEMBER} or {SERVICE}",
    "update_port:allowed_address_pairs:mac_address": f"{ADMIN_OR_NETWORK_MEMBER} or {SERVICE}",
    "update_port:allowed_address_pairs:ip_address": f"{ADMIN_OR_NETWORK_MEMBER} or {SERVICE}",
    "update_port:data_plane_status": f"{ADMIN} or role:data_plane_integrator",
    "update_port:hints": ADMIN,
    "update_port:trusted": ADMIN,
    "update_port:tags": f"{ADMIN_OR_MEMBER} or rule:context_is_advsvc",
    "delete_port": (
        f"{ADMIN_OR_SERVICE} or (service_roles:service and ({NETWORK_MEMBER} or {MEMBER})) or "
        "(not rule:compute_device and not rule:baremetal_device and not rule:manila_device and "
        f"({NETWORK_MEMBER} or "
        f"{MEMBER}))"
    ),
    "delete_port:tags": f"rule:context_is_advsvc or {MEMBER} or {ADMIN_OR_NETWORK_MEMBER}",
    "create_port:pvlan_type": ADMIN_OR_MEMBER,
    "create_port:pvlan_community": ADMIN_OR_MEMBER,
    "update_port:pvlan_type": ADMIN_OR_MEMBER,
    "update_port:pvlan_community": ADMIN_OR_MEMBER,
    "get_port:pvlan_type": ADMIN_OR_READER,
    "get_port:pvlan_community": ADMIN_OR_READER,
}
