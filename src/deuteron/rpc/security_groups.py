"""Security groups as the Linux bridge agent's firewall wants them.

devices          port id -> the port, with the rules that it has of the service itself
security_groups  group id -> its rules
sg_member_ips    id of a remote group or address group -> ethertype -> addresses

Agents from before that form ask for ports alone, each with all rules, in which the addresses of
remote groups stand instead of these.
"""

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from deuteron.core import group_info
from deuteron.core.deployment import Deployment
from deuteron.core.group_info import Address, GroupInfo
from deuteron.rpc import arguments
from deuteron.rpc.endpoint import Call, Endpoint, serves
from deuteron.rpc.forms import as_told

Rule = dict[str, Any]

_IPV4, _IPV6 = "IPv4", "IPv6"
# Where answers of DHCP servers come from and go to, and whereto beside the port's own addresses:
# everybody (RFC 2131), the link-local address (RFC 8415).
_DHCP = ((_IPV4, 67, 68, "32", "255.255.255.255/32"), (_IPV6, 547, 546, "128", "fe80::/64"))
_ROUTER_ADVERTISEMENT = 134  # RFC 4861, 4.2
_PREFIX_OF = {"ingress": "source_ip_prefix", "egress": "dest_ip_prefix"}
_AS_IS = (
    "protocol",
    "port_range_min",
    "port_range_max",
    "remote_group_id",
    "remote_address_group_id",
)


def security_group_info_for_devices(
    d: Deployment, call: Call, *, devices: Any, call_version: Any = "1.2", **_others: Any
) -> dict[str, Any]:
    """What a firewall needs for devices.

    Args:
        d: the deployment.
        call: the message.
        devices: their names.
        call_version: from 1.3 on, members are pairs of an address and a MAC address.
    """
    info = group_info.of_devices(d, call.ctx, list(arguments.texts("devices", devices)))
    pairs = isinstance(call_version, str) and serves(call_version, "1.3")
    rules = {
        group["id"]: [
            {**_rule(rule), "stateful": group["stateful"]} for rule in group["security_group_rules"]
        ]
        for group in info.groups
    }
    return {
        "devices": {port["id"]: _port(device, port, rules) for device, port in info.ports},
        "security_groups": rules,
        "sg_member_ips": _members(info, rules, pairs=pairs),
    }


def security_group_rules_for_devices(
    d: Deployment, call: Call, *, devices: Any, **_others: Any
) -> dict[str, dict[str, Any]]:
    """Ports by their ids, each with all rules that a firewall has to know for it.

    Args:
        d: the deployment.
        call: the message.
        devices: their names.
    """
    info = group_info.of_devices(d, call.ctx, list(arguments.texts("devices", devices)))
    rules = {
        group["id"]: [
            {"security_group_id": group["id"], **_rule(rule)}
            for rule in group["security_group_rules"]
        ]
        for group in info.groups
    }
    told = {port["id"]: _port(device, port, rules) for device, port in info.ports}
    for port in told.values():
        own = [rule for group_id in port["security_groups"] for rule in rules.get(group_id, ())]
        port["security_group_rules"] = [
            *(one for rule in own for one in _with_addresses(rule, info, port["fixed_ips"])),
            *port["security_group_rules"],
        ]
    return told


def _with_addresses(rule: Rule, info: GroupInfo, but: Collection[str]) -> Iterator[Rule]:
    """A rule for each address of the remote group that it speaks of, but for the port's own."""
    remote = rule.get("remote_group_id") or rule.get("remote_address_group_id")
    if remote is None:
        yield rule
        return
    for address in dict.fromkeys(address for address, _ in info.members.get(remote, ())):
        if address not in but and _ethertype(address) == rule["ethertype"]:
            yield {**rule, _PREFIX_OF[rule["direction"]]: str(ipaddress.ip_network(address, False))}


def _rule(rule: Mapping[str, Any]) -> Rule:
    told: Rule = {"direction": rule["direction"], "ethertype": rule["ethertype"]}
    for name in _AS_IS:
        if rule[name] is not None:
            told[name] = rule[name]
    prefix = rule["normalized_cidr"] or rule["remote_ip_prefix"]
    if prefix is not None:
        told[_PREFIX_OF[rule["direction"]]] = prefix
    return told


def _port(device: Any, port: Mapping[str, Any], rules: Mapping[str, list[Rule]]) -> dict[str, Any]:
    """A port with bare addresses, its own rules, and the groups that its groups speak of."""
    addresses = [one["ip_address"] for one in port["fixed_ips"]]
    own = [rule for group_id in port["security_groups"] for rule in rules.get(group_id, ())]
    return {
        **as_told(port),
        "fixed_ips": addresses,
        "device": device if isinstance(device, str) else device[0],
        "security_group_rules": [*_of_routers(addresses), *_of_dhcp(addresses)],
        "security_group_source_groups": _distinct(rule.get("remote_group_id") for rule in own),
        "security_group_remote_address_groups": _distinct(
            rule.get("remote_address_group_id") for rule in own
        ),
    }


def _distinct(ids: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(one for one in ids if one is not None))


def _of_routers(addresses: list[str]) -> list[Rule]:
    """Router advertisements may come in."""
    if not any(_ethertype(address) == _IPV6 for address in addresses):
        return []
    return [
        {
            "direction": "ingress",
            "ethertype": _IPV6,
            "protocol": "ipv6-icmp",
            "source_port_range_min": _ROUTER_ADVERTISEMENT,
        }
    ]


def _of_dhcp(addresses: list[str]) -> list[Rule]:
    """Answers of DHCP servers may come in."""
    return [
        {
            "direction": "ingress",
            "ethertype": ethertype,
            "protocol": "udp",
            "port_range_min": client,
            "port_range_max": client,
            "source_port_range_min": server,
            "source_port_range_max": server,
            "dest_ip_prefix": prefix,
        }
        for ethertype, server, client, length, everybody in _DHCP
        for prefix in (
            *(f"{address}/{length}" for address in addresses if _ethertype(address) == ethertype),
            everybody,
        )
    ]


def _members(
    info: GroupInfo, rules: Mapping[str, list[Rule]], *, pairs: bool
) -> dict[str, dict[str, list[Any]]]:
    """The addresses of remote groups, by the ethertypes of the rules that speak of them."""
    told: dict[str, dict[str, list[Any]]] = {}
    for rule in (rule for of_group in rules.values() for rule in of_group):
        remote = rule.get("remote_group_id") or rule.get("remote_address_group_id")
        if remote is not None:
            told.setdefault(remote, {}).setdefault(rule["ethertype"], [])
    for remote, by_ethertype in told.items():
        for address in dict.fromkeys(info.members.get(remote, ())):
            of_ethertype = by_ethertype.get(_ethertype(address[0]))
            if of_ethertype is not None:
                of_ethertype.append(_member(address, pairs=pairs))
    return told


def _member(address: Address, *, pairs: bool) -> Any:
    return list(address) if pairs else address[0]


def _ethertype(address: str) -> str:
    return _IPV6 if ":" in address else _IPV4


ENDPOINT = Endpoint(
    version="1.3",
    methods={
        "security_group_info_for_devices": security_group_info_for_devices,
        "security_group_rules_for_devices": security_group_rules_for_devices,
    },
)
