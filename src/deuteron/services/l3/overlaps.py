"""A router cannot be on two subnets with addresses in common: where would it send a packet?"""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from deuteron.errors import BadRequest
from deuteron.services.l3.router_rows import Attached


def refuse(
    attached: Sequence[Attached],
    subnets: Iterable[Mapping[str, Any]],
    beyond: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Refuse subnets that a router is on already, or that overlap with one of those.

    Args:
        attached: the addresses of the router's ports.
        subnets: that it is to be on, each with ``id`` and ``cidr``.
        beyond: subnets of the networks of its gateways, on which it may have no address.

    Raises:
        BadRequest: see above.
    """
    there = {one.subnet_id: one.cidr for one in attached if one.subnet_id and one.cidr}
    taken = {**there, **{subnet["id"]: subnet["cidr"] for subnet in beyond}}
    for subnet in subnets:
        if subnet["id"] in there:
            raise BadRequest(
                resource="router", msg=f"the router is on subnet {subnet['id']} already"
            )
        prefix = ip_network(subnet["cidr"])
        for subnet_id, cidr in taken.items():
            other = ip_network(cidr)
            if prefix.version == other.version and prefix.overlaps(other):
                msg = (
                    f"prefix {prefix} of subnet {subnet['id']} overlaps with prefix {other} of "
                    f"subnet {subnet_id}, on which the router is"
                )
                raise BadRequest(resource="router", msg=msg)
