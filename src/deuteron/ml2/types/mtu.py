"""What fits through a network type: the underlay's MTU less the type's overhead, in bytes.

0 means that nothing limits it, in the configuration and in the answers (as Neutron reads
``global_physnet_mtu = 0`` and ``path_mtu = 0``).
"""

from collections.abc import Mapping
from typing import Any

# Outer IP header by version: RFC 791 without options, RFC 8200.
_IP_HEADER = {4: 20, 6: 40}
# RFC 7348: UDP 8, VXLAN 8, inner Ethernet 14.
VXLAN = 30
# RFC 2890: GRE 4 and key 4, inner Ethernet 14.
GRE = 22


def through_physical_network(
    physical_network: str | None, *, underlay: int, overrides: Mapping[str, Any]
) -> int:
    """MTU of a flat or vlan network.

    Args:
        physical_network: it runs on.
        underlay: ``global_physnet_mtu``.
        overrides: ``physical_network_mtus``; bytes as a number or as text.
    """
    limits = [underlay, int(overrides.get(physical_network or "", 0))]
    return min((limit for limit in limits if limit > 0), default=0)


def through_tunnel(*, underlay: int, path: int, ip_version: int, overhead: int) -> int:
    """MTU of a tunnelled network.

    Args:
        underlay: ``global_physnet_mtu``.
        path: ``path_mtu``.
        ip_version: of the outer header, 4 or 6.
        overhead: of the encapsulation within the IP packet.
    """
    smallest = min((limit for limit in (underlay, path) if limit > 0), default=0)
    return smallest - _IP_HEADER[ip_version] - overhead if smallest else 0
