"""What a security group rule may say, and when two rules say the same. Pure.

    body -> normalised() -> a form in which equal rules look alike, or an error that says why not

Values arrive checked one by one (`deuteron.api.definitions.security_groups`); here is what depends
on several of them. Source: API reference, "Security group rules"; the names and numbers of
protocols are IANA's, the order of the checks is Neutron's as observed.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import netaddr

from deuteron.errors import (
    SecurityGroupEthertypeConflictWithProtocol,
    SecurityGroupInvalidIcmpValue,
    SecurityGroupInvalidPortRange,
    SecurityGroupInvalidPortValue,
    SecurityGroupInvalidProtocolForPort,
    SecurityGroupMissingIcmpType,
    SecurityGroupMultipleRemoteEntites,
    SecurityGroupProtocolRequiredWithPorts,
    SecurityGroupRuleParameterConflict,
)

PROTOCOLS: Mapping[str, int] = {
    "ah": 51,
    "dccp": 33,
    "egp": 8,
    "esp": 50,
    "gre": 47,
    "hopopt": 0,
    "icmp": 1,
    "icmpv6": 58,
    "igmp": 2,
    "ip": 0,
    "ipip": 4,
    "ipv6-encap": 41,
    "ipv6-frag": 44,
    "ipv6-icmp": 58,
    "ipv6-nonxt": 59,
    "ipv6-opts": 60,
    "ipv6-route": 43,
    "ospf": 89,
    "pgm": 113,
    "rsvp": 46,
    "sctp": 132,
    "tcp": 6,
    "udp": 17,
    "udplite": 136,
    "vrrp": 112,
}
"""Names that a rule may use for protocols, and their numbers."""

# The name that stands for a number which has two.
_PREFERRED = {0: "ip", 58: "ipv6-icmp"}
_NAMES = {str(number): name for name, number in PROTOCOLS.items()} | {
    str(number): name for number, name in _PREFERRED.items()
}

_WITH_PORTS = {"dccp": 33, "sctp": 132, "tcp": 6, "udp": 17, "udplite": 136}
_PORTED = frozenset(_WITH_PORTS.values())
_ICMP = frozenset({1, 58})
_OF_IPV6 = frozenset({41, 43, 44, 58, 59, 60})

# Prefixes that exclude nothing.
ANYWHERE = ("0.0.0.0/0", "::/0")

_ALL_PORTS = (1, 65535)
_REMOTE = ("remote_ip_prefix", "remote_group_id", "remote_address_group_id")


def normalised(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The rule of a request in the form in which it is kept.

    ICMP of IPv6 has one name (``ipv6-icmp``) and number (58); all ports are no ports.

    Args:
        rule: validated body: ``ethertype``, ``protocol`` (a name, a number as text, or None),
            ``port_range_min``, ``port_range_max``, ``remote_group_id``,
            ``remote_address_group_id``, ``remote_ip_prefix`` (address/length).

    Returns:
        A copy with ``protocol`` and the ports normalised.

    Raises:
        SecurityGroupProtocolRequiredWithPorts, SecurityGroupInvalidPortRange,
        SecurityGroupInvalidPortValue, SecurityGroupInvalidIcmpValue,
        SecurityGroupMissingIcmpType, SecurityGroupInvalidProtocolForPort: the ports do not fit.
        SecurityGroupRuleParameterConflict: the prefix is of the other IP version.
        SecurityGroupEthertypeConflictWithProtocol: a protocol of IPv6 for IPv4.
        SecurityGroupMultipleRemoteEntites: more than one remote side.
    """
    made = dict(rule)
    made["protocol"] = _protocol_of(rule["protocol"], rule["ethertype"])
    if (rule["port_range_min"], rule["port_range_max"]) == _ALL_PORTS:
        made["port_range_min"] = made["port_range_max"] = None
    _require_range(made)
    prefix = made["remote_ip_prefix"]
    if prefix and (":" in prefix) != (made["ethertype"] == "IPv6"):
        raise SecurityGroupRuleParameterConflict(ethertype=made["ethertype"], cidr=prefix)
    if made["ethertype"] == "IPv4" and _number(made["protocol"]) in _OF_IPV6:
        raise SecurityGroupEthertypeConflictWithProtocol(
            ethertype=made["ethertype"], protocol=made["protocol"]
        )
    if sum(1 for side in _REMOTE if made[side]) > 1:
        raise SecurityGroupMultipleRemoteEntites
    return made


def normalized_cidr(prefix: str | None) -> str | None:
    """The network of a prefix: ``10.0.0.0/24`` of ``10.0.0.5/24``; None of None.

    Args:
        prefix: address/length.
    """
    return None if prefix is None else str(netaddr.IPNetwork(prefix).cidr)


def key(rule: Mapping[str, Any]) -> Hashable:
    """What two rules of one group have in common if they say the same.

    Args:
        rule: normalised, or as it is kept.
    """
    protocol = rule["protocol"]
    prefix = rule["remote_ip_prefix"]
    return (
        rule["direction"],
        rule["ethertype"],
        protocol and _NAMES.get(protocol, "ipv6-icmp" if protocol == "icmpv6" else protocol),
        rule["port_range_min"],
        rule["port_range_max"],
        rule["remote_group_id"],
        rule["remote_address_group_id"],
        None if prefix in ANYWHERE else prefix,
    )


def _protocol_of(protocol: str | None, ethertype: str) -> str | None:
    if ethertype == "IPv6":
        if protocol in {"icmp", "icmpv6"}:
            return "ipv6-icmp"
        if protocol == "1":
            return "58"
    return protocol


def _number(protocol: str | None) -> int | None:
    if protocol is None:
        return None
    return PROTOCOLS[protocol] if protocol in PROTOCOLS else int(protocol)


def _require_range(rule: Mapping[str, Any]) -> None:
    """Refuse ports that the protocol cannot have; ICMP's are its type and code."""
    first, last = rule["port_range_min"], rule["port_range_max"]
    if first is None and last is None:
        return
    number = _number(rule["protocol"])
    if number is None:
        raise SecurityGroupProtocolRequiredWithPorts
    if number in _PORTED:
        if first == 0 or last == 0:
            raise SecurityGroupInvalidPortValue(port=0)
        if first is None or last is None or first > last:
            raise SecurityGroupInvalidPortRange
    elif number in _ICMP:
        _require_icmp(first, last)
    else:
        raise SecurityGroupInvalidProtocolForPort(
            protocol=number, valid_port_protocols=", ".join(sorted(_WITH_PORTS))
        )


def _require_icmp(icmp_type: int | None, code: int | None) -> None:
    for attr, field, value in (
        ("port_range_min", "type", icmp_type),
        ("port_range_max", "code", code),
    ):
        if value is not None and not 0 <= value <= 255:
            raise SecurityGroupInvalidIcmpValue(field=field, attr=attr, value=value)
    if icmp_type is None:
        raise SecurityGroupMissingIcmpType(value=code)
