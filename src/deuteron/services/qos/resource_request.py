"""What a port needs of its host: its ``resource_request``, by which servers are scheduled.

A minimum bandwidth is asked of a device on the physical network of the network's first segment (or
of one that carries tunnels), a minimum packet rate of the host's switch; both must come from the
same subtree of providers. The id of a group is made of the port and the rules, so that it is the
same each time. Names: Placement's os-traits and os-resource-classes; form as observed of Neutron.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from neutron_lib.placement.constants import TRAIT_NETWORK_TUNNEL
from neutron_lib.placement.utils import physnet_trait, vnic_type_trait

Rule = Mapping[str, Any]

_BANDWIDTH = {
    "ingress": "NET_BW_IGR_KILOBIT_PER_SEC",
    "egress": "NET_BW_EGR_KILOBIT_PER_SEC",
}
_PACKET_RATE = {
    "ingress": "NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC",
    "egress": "NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC",
    "any": "NET_PACKET_RATE_KILOPACKET_PER_SEC",
}


def resource_request(
    *, port_id: str, vnic_type: str, rules: Sequence[Rule], physical_networks: Sequence[str | None]
) -> dict[str, Any] | None:
    """The attribute of one port, None if nothing is asked for.

    Args:
        port_id: of the port.
        vnic_type: of the port.
        rules: of the policy that holds for it, in order.
        physical_networks: of the network's segments, in order; None for one of tunnels.
    """
    of_vnic = vnic_type_trait(vnic_type)
    bandwidth = [rule for rule in rules if rule["type"] == "minimum_bandwidth"]
    rates = [rule for rule in rules if rule["type"] == "minimum_packet_rate"]
    groups = []
    if bandwidth and physical_networks:
        first = physical_networks[0]
        groups.append(
            {
                "id": _group_id(port_id, bandwidth),
                "required": [physnet_trait(first) if first else TRAIT_NETWORK_TUNNEL, of_vnic],
                "resources": {
                    _BANDWIDTH[rule["direction"]]: rule["min_kbps"] for rule in bandwidth
                },
            }
        )
    if rates:
        groups.append(
            {
                "id": _group_id(port_id, rates),
                "required": [of_vnic],
                "resources": {_PACKET_RATE[rule["direction"]]: rule["min_kpps"] for rule in rates},
            }
        )
    if not groups:
        return None
    return {"request_groups": groups, "same_subtree": [group["id"] for group in groups]}


def _group_id(port_id: str, rules: Sequence[Rule]) -> str:
    return str(uuid.uuid5(uuid.UUID(port_id), ":".join(rule["id"] for rule in rules)))
