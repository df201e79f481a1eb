"""What the addresses of a subnet may be: pure rules of CIDRs, gateways, pools and modes.

An address is an int inside this module and text outside of it. The rules and the types of their
refusals are those observed of Neutron; where an RFC says it, it is named.
"""

import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import netaddr

from deuteron.errors import (
    DNSNameServersExhausted,
    GatewayConflictWithAllocationPools,
    HostRoutesExhausted,
    InvalidAllocationPool,
    InvalidInput,
    IpamValueInvalid,
    OutOfBoundsAllocationPool,
    OverlappingAllocationPools,
)

Values = Mapping[str, Any]
Ranges = tuple[tuple[int, int], ...]

# Modes in which a port makes its address from its MAC address (RFC 4862, RFC 8415 section 6.1).
_AUTO_MODES = frozenset({"slaac", "dhcpv6-stateless"})
# Owners that may have the subnet-router anycast address (RFC 4291, section 2.6.1).
_ROUTER_PORTS = frozenset(
    {
        "network:router_interface",
        "network:ha_router_replicated_interface",
        "network:router_interface_distributed",
        "network:router_centralized_snat",
        "network:router_gateway",
    }
)
_EUI64_MIDDLE = 0xFFFE << 24
_BITS = {4: 32, 6: 128}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cidr:
    """A block of addresses.

    Args:
        version: 4 or 6.
        first: its first address, the network address.
        last: its last address, in IPv4 the broadcast address.
        prefix: length of the prefix in bits.
    """

    version: int
    first: int
    last: int
    prefix: int

    def __str__(self) -> str:
        return f"{to_text(self.first, self.version)}/{self.prefix}"

    @property
    def usable(self) -> tuple[int, int]:
        """First and last address that a pool may have.

        In IPv4 not the network and the broadcast address, but of a /31 both (RFC 3021); in IPv6
        not the subnet-router anycast address (RFC 4291, section 2.6.1).
        """
        if self.version == 6:
            return self.first + 1, self.last
        if self.prefix > 30:
            return self.first, self.last
        return self.first + 1, self.last - 1


def to_number(address: str) -> tuple[int, int]:
    """An address in text as (number, IP version).

    Raises:
        InvalidInput: it is no address.
    """
    version = 6 if ":" in address else 4
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    try:
        return int.from_bytes(socket.inet_pton(family, address)), version
    except (OSError, ValueError, TypeError) as error:
        raise InvalidInput(error_message=f"'{address}' is not an IP address") from error


def to_numbers(addresses: Iterable[str], version: int) -> list[int]:
    """Many addresses of one IP version, known to be addresses, as numbers."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    parsed, number = socket.inet_pton, int.from_bytes
    return [number(parsed(family, address)) for address in addresses]


def to_text(number: int, version: int) -> str:
    """An address as the API writes it (RFC 5952)."""
    if version == 4:
        return socket.inet_ntop(socket.AF_INET, number.to_bytes(4))
    return socket.inet_ntop(socket.AF_INET6, number.to_bytes(16))


def canonical(address: str) -> str:
    """The one way to write this address."""
    return to_text(*to_number(address))


def parse(cidr: str) -> Cidr:
    """A CIDR in text; host bits are cleared, a mask may be written as an address.

    Raises:
        InvalidInput: it is no CIDR.
    """
    address, _, length = cidr.partition("/")
    try:
        if length.isascii() and length.isdigit():
            number, version = to_number(address)
            prefix = int(length)
        else:
            network = netaddr.IPNetwork(cidr)
            number, version, prefix = int(network.first), network.version, network.prefixlen
        host_bits = (1 << (_BITS[version] - prefix)) - 1
    except (InvalidInput, netaddr.AddrFormatError, ValueError) as error:
        raise InvalidInput(error_message=f"'{cidr}' is not a CIDR") from error
    first = number & ~host_bits
    return Cidr(version=version, first=first, last=first | host_bits, prefix=prefix)


def canonical_cidr(cidr: str) -> str:
    """The one way to write this block: ``10.0.0.5/255.255.255.0`` is ``10.0.0.0/24``."""
    return str(parse(cidr))


def overlapping(cidr: str, others: Iterable[str]) -> bool:
    """Whether a block has an address in common with any of the others."""
    block = parse(cidr)
    return any(
        other.version == block.version and other.first <= block.last and other.last >= block.first
        for other in map(parse, others)
    )


def default_gateway(cidr: str) -> str:
    """The gateway of a subnet that names none: IPv4 the first host, IPv6 the anycast address."""
    block = parse(cidr)
    return to_text(
        (block.first + (block.version == 4)) % (1 << _BITS[block.version]), block.version
    )


def default_pools(cidr: str, gateway_ip: str | None) -> list[dict[str, str]]:
    """All addresses that ports may have, but the gateway's, as ``{"start", "end"}``, ascending."""
    block = parse(cidr)
    if block.first == block.last:
        return _as_pools([(block.first, block.last)], block.version)
    low, high = block.usable
    parts = [(low, high)]
    if gateway_ip is not None:
        gateway, version = to_number(gateway_ip)
        if version == block.version and low <= gateway <= high:
            parts = [(low, gateway - 1), (gateway + 1, high)]
    return _as_pools([(a, b) for a, b in parts if a <= b], block.version)


def _as_pools(ranges: Iterable[tuple[int, int]], version: int) -> list[dict[str, str]]:
    return [{"start": to_text(a, version), "end": to_text(b, version)} for a, b in ranges]


def ranges(pools: Iterable[Values]) -> Ranges:
    """Pools as (first, last) numbers, ascending."""
    return tuple(sorted((to_number(p["start"])[0], to_number(p["end"])[0]) for p in pools))


def checked_pools(
    cidr: str, pools: Sequence[Values], gateway_ip: str | None
) -> list[dict[str, str]]:
    """Pools that the caller wishes, in canonical form and their order.

    Args:
        cidr: of the subnet.
        pools: ``{"start": address, "end": address}``, both inclusive.
        gateway_ip: of the subnet, None if it has none.

    Raises:
        InvalidAllocationPool: a pool's end is before its start or of another IP version.
        OutOfBoundsAllocationPool: a pool holds addresses that ports cannot have.
        OverlappingAllocationPools: two have addresses in common.
        GatewayConflictWithAllocationPools: one holds the gateway's address.
    """
    block = parse(cidr)
    low, high = block.usable
    found = []
    for pool in pools:
        (first, version), (last, version_of_last) = to_number(pool["start"]), to_number(pool["end"])
        if version != version_of_last or first > last:
            raise InvalidAllocationPool(pool=dict(pool))
        found.append((first, last, version))
    for first, last, version in found:
        if version != block.version:
            raise InvalidAllocationPool(pool=_spoken(first, last, version))
        if first < low or last > high:
            raise OutOfBoundsAllocationPool(
                pool=_spoken(first, last, version), subnet_cidr=str(block)
            )
    for (a, b, _), (c, d, _) in pairwise(sorted(found)):
        if c <= b:
            raise OverlappingAllocationPools(
                pool_1=_spoken(a, b, block.version),
                pool_2=_spoken(c, d, block.version),
                subnet_cidr=str(block),
            )
    if gateway_ip is not None:
        require_outside(gateway_ip, pools)
    return _as_pools([(first, last) for first, last, _ in found], block.version)


def _spoken(first: int, last: int, version: int) -> str:
    return f"{to_text(first, version)}-{to_text(last, version)}"


def require_outside(gateway_ip: str, pools: Iterable[Values]) -> None:
    """Refuse a gateway within a pool, from where a port could get its address.

    Raises:
        GatewayConflictWithAllocationPools: it is.
    """
    gateway = to_number(gateway_ip)
    for pool in pools:
        (first, version), (last, _) = to_number(pool["start"]), to_number(pool["end"])
        if (version, first) <= gateway[::-1] <= (version, last):
            raise GatewayConflictWithAllocationPools(
                ip_address=gateway_ip, pool=_spoken(first, last, version)
            )


def is_auto_address(subnet: Values) -> bool:
    """Whether ports make their address of this subnet from their MAC address."""
    return subnet["ipv6_address_mode"] in _AUTO_MODES or subnet["ipv6_ra_mode"] in _AUTO_MODES


def eui64(cidr: str, mac_address: str) -> str:
    """The address that a host makes of a /64 prefix and its MAC address (RFC 4291, appendix A)."""
    mac = int(mac_address.replace(":", "").replace("-", ""), 16)
    identifier = (mac >> 24 << 40) | _EUI64_MIDDLE | (mac & 0xFFFFFF)
    # the universal/local bit is inverted
    return to_text(parse(cidr).first | (identifier ^ (1 << 57)), 6)


def is_eui64(address: str) -> bool:
    """Whether an address looks as if it was made from a MAC address."""
    number, version = to_number(address)
    return version == 6 and number & (0xFFFF << 24) == _EUI64_MIDDLE


def contains(cidr: str, address: str) -> bool:
    """Whether an address lies in a block, be it one that a port may have or not."""
    block = parse(cidr)
    number, version = to_number(address)
    return version == block.version and block.first <= number <= block.last


def ip_on_subnet(cidr: str, address: str, device_owner: str) -> bool:
    """Whether a port of this owner may have this address of the subnet.

    Not the network and the broadcast address in IPv4; in IPv6 the first address is for routers
    (and for ports whose owner is not known yet).
    """
    block = parse(cidr)
    number, version = to_number(address)
    if version != block.version or not block.first <= number <= block.last:
        return False
    if version == 4:
        return number not in {block.first, block.last}
    return number != block.first or not device_owner or device_owner in _ROUTER_PORTS


def plan_subnet(
    body: Values,
    *,
    network_id: str,
    other_cidrs: Iterable[str],
    max_dns_nameservers: int = 5,
    max_host_routes: int = 20,
) -> dict[str, Any]:
    """Check a new subnet and complete its addresses.

    Args:
        body: API dict with ``ip_version``, ``cidr`` and ``enable_dhcp``; the other attributes only
            if the caller gave them (``gateway_ip: None`` is: none).
        network_id: of its network, for messages.
        other_cidrs: of the subnets that the network has.
        max_dns_nameservers: how many name servers it may have.
        max_host_routes: how many host routes it may have.

    Returns:
        ``cidr``, ``gateway_ip``, ``allocation_pools``, ``dns_nameservers`` and ``host_routes`` in
        canonical form.

    Raises:
        InvalidInput: the values do not fit together, or overlap with another subnet.
        IpamValueInvalid: the subnet is so small that its default gateway cannot be one.
        DNSNameServersExhausted, HostRoutesExhausted: more than allowed.
        InvalidAllocationPool, OutOfBoundsAllocationPool, OverlappingAllocationPools,
        GatewayConflictWithAllocationPools: as `checked_pools`.
    """
    block = parse(body["cidr"])
    cidr, version = str(block), body["ip_version"]
    if block.version != version:
        raise _wrong_version("cidr", body["cidr"], version)
    if version == 6 and block.first == 0:
        raise InvalidInput(error_message="an IPv6 subnet cannot begin with ::")
    if body["enable_dhcp"]:
        _require_dhcp_possible(block)
    wanted_gateway = body.get("gateway_ip")
    if wanted_gateway:
        _require_gateway_possible(wanted_gateway, block)
    _check_lists(body, version, "new", max_dns_nameservers, max_host_routes)
    _check_modes(body, block)
    if "gateway_ip" in body:
        gateway = canonical(wanted_gateway) if wanted_gateway else None
    else:
        gateway = default_gateway(cidr)
    wanted_pools = body.get("allocation_pools")
    pools = (
        checked_pools(cidr, wanted_pools, gateway) if wanted_pools else default_pools(cidr, gateway)
    )
    if gateway and _no_host(to_number(gateway), block):
        raise IpamValueInvalid(gateway_ip=gateway, subnet_cidr=cidr)
    if block.prefix == 0:
        raise InvalidInput(error_message="0 is not allowed as the prefix length of a CIDR")
    if overlapping(cidr, other_cidrs):
        raise InvalidInput(
            error_message=f"CIDR {cidr} overlaps with another subnet of network {network_id}"
        )
    return {
        "cidr": cidr,
        "gateway_ip": gateway,
        "allocation_pools": pools,
        "dns_nameservers": list(body.get("dns_nameservers") or ()),
        "host_routes": _canonical_routes(body.get("host_routes") or ()),
    }


def plan_subnet_changes(
    subnet: Values, changes: Values, *, max_dns_nameservers: int = 5, max_host_routes: int = 20
) -> dict[str, Any]:
    """Check changes of a subnet.

    Args:
        subnet: the subnet as it is.
        changes: attribute -> wanted value.
        max_dns_nameservers: how many name servers it may have.
        max_host_routes: how many host routes it may have.

    Returns:
        The changes, addresses in canonical form.

    Raises:
        InvalidInput: a value does not fit the subnet.
        DNSNameServersExhausted, HostRoutesExhausted: more than allowed.
        InvalidAllocationPool, OutOfBoundsAllocationPool, OverlappingAllocationPools,
        GatewayConflictWithAllocationPools: as `checked_pools`.
    """
    block = parse(subnet["cidr"])
    planned = dict(changes)
    if changes.get("enable_dhcp") and not subnet["enable_dhcp"]:
        _require_dhcp_possible(block)
    if changes.get("gateway_ip"):
        _require_gateway_possible(changes["gateway_ip"], block)
        planned["gateway_ip"] = canonical(changes["gateway_ip"])
    _check_lists(changes, block.version, subnet["id"], max_dns_nameservers, max_host_routes)
    if changes.get("enable_dhcp") is False and (
        subnet["ipv6_ra_mode"] or subnet["ipv6_address_mode"]
    ):
        raise InvalidInput(error_message="enable_dhcp must stay true where an IPv6 mode is set")
    gateway = planned.get("gateway_ip", subnet["gateway_ip"])
    if changes.get("allocation_pools") is not None:
        planned["allocation_pools"] = checked_pools(
            subnet["cidr"], changes["allocation_pools"], gateway
        )
    elif gateway and gateway != subnet["gateway_ip"]:
        require_outside(gateway, subnet["allocation_pools"])
    for name in ("dns_nameservers", "allocation_pools"):
        if name in changes and changes[name] is None:
            planned[name] = []
    if "host_routes" in changes:
        planned["host_routes"] = _canonical_routes(changes["host_routes"] or ())
    return planned


def require_version(address: str, version: int, *, name: str = "cidr") -> None:
    """Refuse an address or CIDR of another IP version.

    Args:
        address: in text.
        version: the wanted one.
        name: of the attribute, for the message.

    Raises:
        InvalidInput: it is of another one, or none at all.
    """
    if parse(address).version != version:
        raise _wrong_version(name, address, version)


def _wrong_version(name: str, value: str, version: int) -> InvalidInput:
    return InvalidInput(error_message=f"{name} '{value}' does not match the ip_version '{version}'")


def _require_dhcp_possible(block: Cidr) -> None:
    refused = None
    text = netaddr.IPAddress(block.first, block.version)
    if block.prefix > _BITS[block.version] - 2:
        refused = f"a subnet with prefix length {block.prefix} has no room for DHCP"
    elif text.is_multicast():
        refused = "a multicast subnet is not supported with enable_dhcp"
    elif text.is_loopback():
        refused = "a loopback subnet is not supported with enable_dhcp"
    elif block.version == 4 and block.first == 0:
        refused = "a subnet that begins with 0.0.0.0 is not supported with enable_dhcp"
    if refused:
        raise InvalidInput(error_message=refused)


def _no_host(address: tuple[int, int], block: Cidr) -> bool:
    """Whether this is the network or the broadcast address of an IPv4 subnet."""
    return block.version == 4 and address in {(block.first, 4), (block.last, 4)}


def _require_gateway_possible(gateway_ip: str, block: Cidr) -> None:
    address = to_number(gateway_ip)
    if address[1] != block.version:
        raise _wrong_version("gateway_ip", gateway_ip, block.version)
    if _no_host(address, block):
        raise InvalidInput(
            error_message=f"gateway {gateway_ip} is the network or broadcast address"
        )


def _check_lists(
    values: Values, version: int, subnet_id: str, max_nameservers: int, max_routes: int
) -> None:
    """Name servers and host routes: how many, and of which IP version."""
    nameservers = values.get("dns_nameservers") or ()
    if len(nameservers) > max_nameservers:
        raise DNSNameServersExhausted(subnet_id=subnet_id, quota=max_nameservers)
    for address in nameservers:
        if to_number(address)[1] != version:
            raise _wrong_version("dns_nameserver", address, version)
    routes = values.get("host_routes") or ()
    if len(routes) > max_routes:
        raise HostRoutesExhausted(subnet_id=subnet_id, quota=max_routes)
    for route in routes:
        if to_number(route["nexthop"])[1] != version:
            raise _wrong_version("nexthop", route["nexthop"], version)
        if parse(route["destination"]).version != version:
            raise _wrong_version("destination", route["destination"], version)


def _canonical_routes(routes: Iterable[Values]) -> list[dict[str, str]]:
    return [
        {"destination": route["destination"], "nexthop": canonical(route["nexthop"])}
        for route in routes
    ]


def _check_modes(body: Values, block: Cidr) -> None:
    """How the hosts of an IPv6 subnet get their addresses (RFC 4861, RFC 8415)."""
    modes = {name: body.get(name) for name in ("ipv6_ra_mode", "ipv6_address_mode")}
    given = {name: mode for name, mode in modes.items() if mode}
    if not given:
        return
    refused = None
    if block.version == 4:
        refused = f"{next(iter(given))} is not valid when ip_version is 4"
    elif not body["enable_dhcp"]:
        refused = "an IPv6 mode cannot be set when enable_dhcp is false"
    elif len(set(given.values())) > 1:
        refused = (
            f"ipv6_ra_mode '{modes['ipv6_ra_mode']}' and "
            f"ipv6_address_mode '{modes['ipv6_address_mode']}' must be equal if both are set"
        )
    elif is_auto_address(modes) and block.prefix != 64:
        refused = f"addresses made from MAC addresses need a /64 prefix, {block} is none"
    if refused:
        raise InvalidInput(error_message=refused)
