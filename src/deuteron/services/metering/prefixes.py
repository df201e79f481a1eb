"""The prefixes of a metering label rule: what may be said, and what overlaps. Pure.

A rule has a ``remote_ip_prefix``, or a ``source_ip_prefix`` and a ``destination_ip_prefix`` or one
of both. Two rules of a label overlap if they have an address of their remote prefixes in common, in
one direction, and count both or leave out both. Source: Neutron's behaviour, observed.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

import netaddr

from deuteron.errors import Invalid

REMOTE = "remote_ip_prefix"
SOURCE = "source_ip_prefix"
DESTINATION = "destination_ip_prefix"

Rule = Mapping[str, Any]


def canonical(body: Mapping[str, Any]) -> dict[str, str | None]:
    """The three prefixes of a new rule, as the API shows them.

    An address is the prefix of its length; what is beyond the length of a prefix stays (observed).

    Args:
        body: of the request; what is absent, null or empty was not given.

    Returns:
        attribute -> prefix, or None.

    Raises:
        Invalid: a value is no prefix, none was given, or they do not go together.
    """
    given = {name: _prefix(name, body.get(name)) for name in (REMOTE, SOURCE, DESTINATION)}
    if given[REMOTE] is not None:
        if given[SOURCE] is not None or given[DESTINATION] is not None:
            raise Invalid(msg=f"{REMOTE} does not go together with {SOURCE} or {DESTINATION}")
    elif given[SOURCE] is None and given[DESTINATION] is None:
        raise Invalid(msg=f"One of {REMOTE}, {SOURCE} and {DESTINATION} must be given")
    return given


def _prefix(name: str, value: Any) -> str | None:
    if value is None or value in ("", [], {}):
        return None
    try:
        if not isinstance(value, str):
            raise TypeError
        ipaddress.ip_interface(value)  # unlike netaddr it takes no shortened addresses
        return str(netaddr.IPNetwork(value))
    except (TypeError, ValueError, netaddr.AddrFormatError) as error:
        raise Invalid(msg=f"{name} {value!r} is no prefix, such as 10.0.0.0/24") from error


def overlapping(rule: Rule, others: Iterable[Rule]) -> Rule | None:
    """The first of other rules of the same label that overlaps a rule, None if none does.

    Args:
        rule: with canonical prefixes.
        others: the same.
    """
    if rule[REMOTE] is None:
        return None
    wanted = netaddr.IPNetwork(rule[REMOTE])
    for other in others:
        if (
            other[REMOTE] is not None
            and other["direction"] == rule["direction"]
            and other["excluded"] == rule["excluded"]
            and _overlap(wanted, netaddr.IPNetwork(other[REMOTE]))
        ):
            return other
    return None


def _overlap(one: netaddr.IPNetwork, other: netaddr.IPNetwork) -> bool:
    same = one.version == other.version
    return bool(same and one.first <= other.last and other.first <= one.last)
