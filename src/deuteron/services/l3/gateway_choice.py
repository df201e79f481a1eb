"""The gateways that a router is to have, by those that it has and what a request says. No I/O.

    external_gateway_info   this is the first, or the first goes; the others stay
    add                     these besides
    update                  these alone, in this order: one that is meant stays, others are new
    remove                  all but these

A request means a gateway by its network, and by addresses or subnets that it has there. Without
these it means the only one on the network.

Source: API reference, "Routers", add_external_gateways and its like; the checks as observed of
Neutron.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any

from neutron_lib.api import validators
from neutron_lib.api.definitions import l3, l3_ext_gw_mode, qos_gateway_ip

from deuteron.errors import InvalidInput, UnableToMatchGateways, UnableToRemoveGateways
from deuteron.services.l3.router_rows import GATEWAY, Attached

Info = Mapping[str, Any]
"""What a request says of a gateway, as ``external_gateway_info`` has it."""

Address = Mapping[str, str]

GATEWAYS = "external_gateways"


def _facts(definition: Any) -> Mapping[str, Any]:
    attributes = definition.RESOURCE_ATTRIBUTE_MAP[l3.ROUTERS][l3.EXTERNAL_GW_INFO]
    facts: Mapping[str, Any] = attributes["validate"]["type:dict_or_nodata"]
    return facts


# neutron-lib's own rule for a list of them refuses all: it takes the names of the keys for others.
_FACTS: Mapping[str, Any] = {**_facts(l3_ext_gw_mode), **_facts(qos_gateway_ip)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway that a router has, or is to have.

    Args:
        network_id: where it is.
        port_id: of its port, None of one that is to be made.
        addresses: that it has.
        wished: addresses or subnets that it is to have; none for those that it has, or any.
    """

    network_id: str
    port_id: str | None = None
    addresses: Sequence[Address] = ()
    wished: Sequence[Address] = ()

    @property
    def has_other_wishes(self) -> bool:
        """Whether others are wished than it has; a wish for nothing is for what there is."""
        return bool(self.wished) and any(
            {one[name] for one in self.wished if one.get(name)}
            != {one[name] for one in self.addresses}
            for name in ("subnet_id", "ip_address")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The gateways that a router is to have.

    Args:
        gateways: the first one at the head.
        first: what the request says of that, None for nothing.
        networks: ids of those that the request names, and the caller must see.
    """

    gateways: Sequence[Gateway]
    first: Info | None = None
    networks: frozenset[str] = frozenset()


def of_document(document: Any) -> list[Info]:
    """The gateways of an action's body, ``{"router": {"external_gateways": [...]}}``.

    Null and an empty object stand for none, as clients send them.

    Raises:
        InvalidInput: it is something else, or a gateway is none.
    """
    router = document.get("router") if isinstance(document, dict) else None
    if not isinstance(router, dict) or GATEWAYS not in router:
        raise InvalidInput(error_message=f'a body is {{"router": {{"{GATEWAYS}": [...]}}}}')
    wished = [] if router[GATEWAYS] in (None, {}) else router[GATEWAYS]
    if not isinstance(wished, list):
        raise InvalidInput(error_message=f"{GATEWAYS} is a list of objects, each with a network_id")
    for one in wished:
        problem = validators.validate_dict(one, _FACTS)
        if problem:
            raise InvalidInput(error_message=f"{GATEWAYS}: {problem}")
    return wished


def present(attached: Sequence[Attached], first: str | None) -> list[Gateway]:
    """The gateways that a router has, the first one at the head.

    Args:
        attached: addresses of its ports.
        first: the id of the port of the first one.
    """
    found: dict[str, list[Attached]] = {}
    for one in attached:
        if one.owner == GATEWAY:
            found.setdefault(one.port_id, []).append(one)
    return [
        Gateway(
            network_id=found[port_id][0].network_id,
            port_id=port_id,
            addresses=[
                {"subnet_id": one.subnet_id, "ip_address": one.ip_address}
                for one in found[port_id]
                if one.subnet_id and one.ip_address
            ],
        )
        for port_id in sorted(found, key=lambda port_id: (port_id != first, port_id))
    ]


def with_first(there: Sequence[Gateway], info: Info | None) -> Choice:
    """The gateways if the first is to be this one; None or empty: if it is to go.

    Args:
        there: those that the router has.
        info: ``external_gateway_info``.
    """
    others = there[1:]
    if not info:
        return Choice(gateways=others)
    if there and there[0].network_id == info["network_id"]:
        first = replace(there[0], wished=_wished(info))
    else:
        first = _new(info)
    return Choice(gateways=[first, *others], first=info, networks=_networks([info]))


def with_more(there: Sequence[Gateway], infos: Sequence[Info]) -> Choice:
    """The gateways if there are to be these besides.

    Args:
        there: those that the router has.
        infos: what a request says of each.
    """
    return Choice(
        gateways=[*there, *map(_new, infos)],
        first=infos[0] if infos and not there else None,
        networks=_networks(infos),
    )


def only(there: Sequence[Gateway], infos: Sequence[Info], router_id: str) -> Choice:
    """The gateways if there are to be these alone.

        1.  who has one of the wished addresses is meant
        2.  without addresses: those that are left on the network are, if they are no more
        3.  with addresses that nobody has: another one of the network gets them
        4.  what is left is new

    Args:
        there: those that the router has.
        infos: what a request says of each.
        router_id: of the router.

    Raises:
        UnableToMatchGateways: one of several may be meant.
    """
    left = list(there)
    meant: dict[int, Gateway] = {}
    for at, info in enumerate(infos):
        owners = _owners(left, info)
        if len(owners) > 1:
            raise _several(router_id, info)
        if owners:
            meant[at] = owners[0]
            left.remove(owners[0])
    open_ = [at for at in range(len(infos)) if at not in meant]
    bare = [at for at in open_ if not _wished(infos[at])]
    for network_id in {infos[at]["network_id"] for at in bare}:
        asked = [at for at in bare if infos[at]["network_id"] == network_id]
        if len(_on(left, network_id)) > len(asked):
            raise _several(router_id, infos[asked[0]])
    for at in sorted(open_, key=lambda at: (at not in bare, at)):
        near = _on(left, infos[at]["network_id"])
        if near:
            meant[at] = near[0]
            left.remove(near[0])
    return Choice(
        gateways=[
            replace(meant[at], wished=_wished(info)) if at in meant else _new(info)
            for at, info in enumerate(infos)
        ],
        first=infos[0] if infos else None,
        networks=_networks(infos),
    )


def without(there: Sequence[Gateway], infos: Sequence[Info], router_id: str) -> Choice:
    """The gateways if these are to go; arguments as of `only`.

    Raises:
        UnableToRemoveGateways: there are none.
        UnableToMatchGateways: there is no such one, or one of several may be meant.
    """
    if infos and not there:
        raise UnableToRemoveGateways(router_id=router_id)
    going = set()
    for info in infos:
        found = _owners(there, info) if _wished(info) else _on(there, info["network_id"])
        if len(found) > 1:
            raise _several(router_id, info)
        if not found:
            having = " with one of these addresses" if _wished(info) else ""
            reason = f"it has none on network {info['network_id']}{having}"
            raise UnableToMatchGateways(router_id=router_id, reason=reason)
        going.add(found[0].port_id)
    return Choice(gateways=[one for one in there if one.port_id not in going])


def without_ports(there: Sequence[Gateway], port_ids: Collection[str]) -> Choice:
    """The gateways if those with these ports are to go.

    Args:
        there: those that the router has.
        port_ids: of their ports; others do not matter.
    """
    return Choice(gateways=[one for one in there if one.port_id not in port_ids])


def _networks(infos: Sequence[Info]) -> frozenset[str]:
    return frozenset(info["network_id"] for info in infos)


def _on(among: Sequence[Gateway], network_id: str) -> list[Gateway]:
    return [one for one in among if one.network_id == network_id]


def _new(info: Info) -> Gateway:
    return Gateway(network_id=info["network_id"], wished=_wished(info))


def _wished(info: Info) -> Sequence[Address]:
    wished: Sequence[Address] = info.get("external_fixed_ips") or ()
    return wished


def _owners(among: Sequence[Gateway], info: Info) -> list[Gateway]:
    """Those on the network that have one of the addresses, or are on one of the subnets."""
    return [
        one
        for one in _on(among, info["network_id"])
        if any(_fits(wish, address) for wish in _wished(info) for address in one.addresses)
    ]


def _fits(wish: Address, address: Address) -> bool:
    subnet_id, wanted = wish.get("subnet_id"), wish.get("ip_address")
    if subnet_id and subnet_id != address["subnet_id"]:
        return False
    if wanted:
        return ip_address(wanted) == ip_address(address["ip_address"])
    return bool(subnet_id)


def _several(router_id: str, info: Info) -> UnableToMatchGateways:
    reason = (
        f"it has several on network {info['network_id']}; name an address of the one that is "
        "meant, as external_fixed_ips"
    )
    return UnableToMatchGateways(router_id=router_id, reason=reason)
