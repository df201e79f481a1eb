"""Static routes of routers: which are possible, and adding or removing some of them.

A next hop is on a network that the router is on, and is not the router.
Source: API reference, "Routers", add_extraroutes and remove_extraroutes.
"""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from neutron_lib.api import validators

from deuteron.errors import InvalidInput, InvalidRoutes, OverQuota
from deuteron.services.l3.router_rows import Attached, Route

Prefix = IPv4Network | IPv6Network


def require_reachable(
    routes: Sequence[Route], prefixes: Iterable[str], addresses: Iterable[str]
) -> None:
    """Refuse routes over next hops that a router does not reach.

    Args:
        routes: all routes that it is to have.
        prefixes: CIDRs of the subnets that it is on.
        addresses: its own.

    Raises:
        InvalidRoutes: a next hop is elsewhere, or is the router itself.
    """
    if not routes:
        return
    known = [ip_network(prefix) for prefix in prefixes]
    own = {ip_address(address) for address in addresses}
    for route in routes:
        nexthop = ip_address(route["nexthop"])
        if not any(nexthop in prefix for prefix in known if prefix.version == nexthop.version):
            reason = f"next hop {nexthop} is on no subnet that the router is on"
            raise InvalidRoutes(routes=routes, reason=reason)
        if nexthop in own:
            raise InvalidRoutes(routes=routes, reason=f"next hop {nexthop} is the router itself")


def require_reachable_by(routes: Sequence[Route], attached: Sequence[Attached]) -> None:
    """`require_reachable` over the addresses that a router has."""
    there = [(one.cidr, one.ip_address) for one in attached if one.cidr and one.ip_address]
    require_reachable(routes, [cidr for cidr, _ in there], [address for _, address in there])


def are_over(routes: Iterable[Route], cidr: str) -> bool:
    """Whether one of these routes has its next hop on a subnet."""
    prefix = ip_network(cidr)
    return any(
        nexthop in prefix
        for route in routes
        if (nexthop := ip_address(route["nexthop"])).version == prefix.version
    )


def require_few(routes: Sequence[Route], *, at_most: int) -> None:
    """Refuse more routes than a router may have.

    Args:
        routes: all routes that it is to have.
        at_most: -1 for any number.

    Raises:
        OverQuota: see above.
    """
    if 0 <= at_most < len(routes):
        raise OverQuota(overs=["router_route"])


def normal(routes: Iterable[Mapping[str, Any]]) -> list[Route]:
    """Routes in one form and order, each once."""
    pairs = {
        (str(ip_network(one["destination"])), str(ip_address(one["nexthop"]))) for one in routes
    }
    return [
        {"destination": destination, "nexthop": nexthop} for destination, nexthop in sorted(pairs)
    ]


def of_document(document: Any) -> list[Route]:
    """The routes of an action's body, ``{"router": {"routes": [...]}}``.

    Raises:
        InvalidInput: it is something else, or a route is none.
    """
    router = document.get("router") if isinstance(document, dict) else None
    wished = router.get("routes") if isinstance(router, dict) else None
    if not isinstance(wished, list):
        raise InvalidInput(error_message='a body is {"router": {"routes": [...]}}')
    unique = [one for at, one in enumerate(wished) if one not in wished[:at]]
    problem = validators.validate_hostroutes(unique)
    if problem:
        raise InvalidInput(error_message=problem)
    return normal(unique)
