"""Host routes between the subnets of a routed network, which the service adds by itself.

The segments of a routed network are joined by routers: a host that is to reach the subnet of
another segment goes through the gateway of its own one, not through its default route
(alias ``segments-peer-subnet-host-routes``; the rules as observed of Neutron).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deuteron.core import prefixes

Subnet = Mapping[str, Any]
Route = dict[str, str]


def with_peers(
    subnet: Subnet, of_network: Iterable[Subnet], *, old_gateway: str | None = None
) -> list[Route]:
    """The host routes of a subnet with one to every subnet on another segment.

    A route that covers the peer already is left as it is.

    Args:
        subnet: as it will be; ``gateway_ip`` is where the routes lead, None for no routes.
        of_network: the subnets of its network, it may be among them.
        old_gateway: the gateway that it had, whose routes go.
    """
    peers = [
        one["cidr"]
        for one in of_network
        if one["id"] != subnet["id"]
        and one["segment_id"] != subnet["segment_id"]
        and one["ip_version"] == subnet["ip_version"]
    ]
    stale = [_route(cidr, old_gateway) for cidr in peers if old_gateway is not None]
    routes = [route for route in subnet["host_routes"] if route not in stale]
    if subnet["gateway_ip"] is None:
        return routes
    covered = [route["destination"] for route in routes]
    return routes + [
        _route(cidr, subnet["gateway_ip"])
        for cidr in peers
        if not any(prefixes.covers([one], [cidr]) for one in covered if _same_kind(one, cidr))
    ]


def without(subnet: Subnet, gone: Subnet) -> list[Route]:
    """The host routes of a subnet after another one of the network went away."""
    if subnet["gateway_ip"] is None:
        return list(subnet["host_routes"])
    stale = _route(gone["cidr"], subnet["gateway_ip"])
    return [route for route in subnet["host_routes"] if route != stale]


def is_routed(subnets: Sequence[Subnet]) -> bool:
    """Whether a network of these subnets is a routed one."""
    return any(subnet["segment_id"] is not None for subnet in subnets)


def _route(cidr: str, gateway_ip: str | None) -> dict[str, Any]:
    return {"destination": cidr, "nexthop": gateway_ip}


def _same_kind(cidr: str, other: str) -> bool:
    return (":" in cidr) == (":" in other)
