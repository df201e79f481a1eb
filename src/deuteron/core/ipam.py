"""Which addresses ports get: new ports, changed ports, ports that go.

    assign     wishes of all ports --> numbers from the hints --> one INSERT of all claims
                    ^                                                  |
                    '------------ those that another one has <---------'

Nothing is read of what a subnet has given out: the primary key of ``ip_allocations`` says who has
an address, `deuteron.db.free_ranges` which one to try. Subnets come from the caller, as they are
now. The rules are those of the Networking API, as observed of Neutron.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deuteron.core import addresses
from deuteron.db import ip_allocations, subnets
from deuteron.db.free_ranges import Claims, Hints, Pool
from deuteron.db.transaction import Transaction
from deuteron.errors import (
    AllocationOnAutoAddressSubnet,
    FixedIpsSubnetsNotOnSameSegment,
    HostNotCompatibleWithFixedIps,
    HostNotConnectedToAnySegment,
    InvalidInput,
    InvalidIpForNetwork,
    InvalidIpForSubnet,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    IpAddressGenerationFailureNoMatchingSubnet,
    SubnetNotFound,
    TryAgain,
)

Subnet = Mapping[str, Any]
FixedIp = dict[str, str]

# Ports that carry a router's address; they make none from their MAC address.
_ROUTER_INTERFACES = frozenset(
    {
        "network:router_interface",
        "network:ha_router_replicated_interface",
        "network:router_interface_distributed",
    }
)
ROUTER_OWNERS = _ROUTER_INTERFACES | {"network:router_centralized_snat"}
# A DHCP server may be on every subnet that it serves.
_DHCP = "network:dhcp"
# Its ports are on several segments at once.
_DISTRIBUTED = "network:distributed"
# Lost races in a row after which the whole operation begins again.
_ATTEMPTS = 10

IMMEDIATE = "immediate"
DEFERRED = "deferred"
UNADDRESSED = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRequest:
    """What one port asks for.

    Args:
        port_id: the port, whose row exists.
        network_id: its network.
        mac_address: its MAC address, of which it makes its SLAAC addresses.
        device_owner: its owner, '' where there is none.
        subnets: all subnets of the network, API dicts.
        fixed_ips: ``{"subnet_id", "ip_address"}``, one of them or both; None if the caller did not
            say. An empty list is the wish for no address.
        host: the host of the port, '' if it has none yet.
        host_segments: ids of the segments that the host reaches; needed if a subnet of the network
            belongs to a segment and there is a host.
    """

    port_id: str
    network_id: str
    mac_address: str
    device_owner: str
    subnets: Sequence[Subnet]
    fixed_ips: Sequence[Mapping[str, Any]] | None = None
    host: str = ""
    host_segments: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """One address that a port is to have, from any of `subnets` or, if it is named, the first."""

    request: AddressRequest
    subnets: tuple[Subnet, ...]
    address: str | None = None


def assign(
    tx: Transaction, hints: Hints, requests: Sequence[AddressRequest]
) -> dict[str, list[FixedIp]]:
    """Give new ports their addresses: one statement for all of them in the usual case.

    A port that does not say gets one IPv4 and one IPv6 address, where the network has such
    subnets, and one of each subnet whose addresses are made from MAC addresses. On a routed
    network a port without a host gets none yet. An address that was wished by name costs one
    statement more, the first of a subnet three, every 32nd two.

    Args:
        tx: the transaction in which the ports were inserted.
        hints: of this process.
        requests: one for each port.

    Returns:
        Port id -> its ``fixed_ips``.

    Raises:
        InvalidInput: a wish names neither a subnet nor an address, or another network's subnet.
        SubnetNotFound: it names a subnet that does not exist.
        InvalidIpForNetwork, InvalidIpForSubnet: the address does not belong there.
        AllocationOnAutoAddressSubnet: the subnet's addresses are made from MAC addresses.
        IpAddressAlreadyAllocated: another port has the address.
        IpAddressGenerationFailure: the subnets have no more addresses.
        IpAddressGenerationFailureNoMatchingSubnet: all subnets are for ports of other owners.
        FixedIpsSubnetsNotOnSameSegment, HostNotConnectedToAnySegment: on routed networks.
        TryAgain: others were quicker every time.
    """
    wishes = [wish for request in requests for wish in _wishes_of_new(tx, request)]
    given: dict[str, list[FixedIp]] = {request.port_id: [] for request in requests}
    for wish, fixed_ip in zip(wishes, _claim(tx, hints, wishes), strict=True):
        given[wish.request.port_id].append(fixed_ip)
    return given


def allocation(request: AddressRequest) -> str:
    """The attribute ``ip_allocation`` of a new port (alias ``ip_allocation``).

    ``deferred``: it gets its addresses when its host is known, ``none``: it wants none, else
    ``immediate``. It stays what it is, whatever addresses the port has later (observed of Neutron).
    """
    if request.fixed_ips is not None:
        return IMMEDIATE if request.fixed_ips else UNADDRESSED
    if request.host:
        return IMMEDIATE
    segments = {subnet["segment_id"] for subnet in _serving(request)}
    return DEFERRED if segments and None not in segments else IMMEDIATE


def reassign(
    tx: Transaction,
    hints: Hints,
    request: AddressRequest,
    *,
    current: Sequence[Mapping[str, str]],
    old_mac: str,
) -> list[FixedIp]:
    """Change the addresses of a port: up to three statements, none if they stay.

    An entry with only a subnet keeps an address that the port has there. Addresses made from the
    MAC address stay unless the MAC address changes or the entry says ``delete_subnet``.

    Args:
        tx: the transaction.
        hints: of this process.
        request: the port as it will be, with all the addresses that it shall have.
        current: the ``fixed_ips`` that it has.
        old_mac: the MAC address that it has.

    Returns:
        The new ``fixed_ips``.

    Raises:
        As `assign`.
    """
    kept, wishes, removed = _changes(tx, request, current, old_mac)
    if removed:
        ip_allocations.unclaim(tx, request.port_id, [one["ip_address"] for one in removed])
        release(tx, hints, removed)
    return kept + _claim(tx, hints, wishes)


def release(tx: Transaction, hints: Hints, allocations: Iterable[Mapping[str, str]]) -> None:
    """Tell that addresses are free again, in the transaction that removes them: one statement.

    Args:
        tx: the transaction.
        hints: of this process.
        allocations: the ``fixed_ips`` of all the ports.
    """
    freed: dict[str, list[int]] = {}
    for one in allocations:
        # What is made from a MAC address was never taken from a pool.
        if not addresses.is_eui64(one["ip_address"]):
            number, _ = addresses.to_number(one["ip_address"])
            freed.setdefault(one["subnet_id"], []).append(number)
    if freed:
        hints.released_all(tx, freed)


def subnet_changed(tx: Transaction, hints: Hints, subnet_id: str) -> None:
    """Tell that a subnet has other allocation pools: one statement."""
    hints.reset(tx, subnet_id)


def subnet_deleted(tx: Transaction, hints: Hints, subnet_id: str) -> None:
    """Tell that a subnet is no more: one statement."""
    hints.reset(tx, subnet_id)


def add_auto_addresses(
    tx: Transaction, subnet: Subnet, ports: Iterable[tuple[str, str]]
) -> dict[str, str]:
    """Give ports their addresses of a new subnet whose addresses are made from MAC addresses.

    Args:
        tx: the transaction that made the subnet.
        subnet: its API dict.
        ports: (id, MAC address) of the ports of its network, but those in `ROUTER_OWNERS`.

    Returns:
        Port id -> its address; without the ports that got one at the same time in another way.
    """
    made = {port_id: addresses.eui64(subnet["cidr"], mac) for port_id, mac in ports}
    rows = [_row(subnet, address, port_id) for port_id, address in made.items()]
    if not rows or ip_allocations.claim(tx, rows):
        return made
    holders = ip_allocations.holders(tx, [(subnet["id"], address) for address in made.values()])
    return {
        port_id: address
        for port_id, address in made.items()
        if holders.get((subnet["id"], address)) == port_id
    }


def require_reachable(request: AddressRequest, current: Iterable[Mapping[str, str]]) -> None:
    """Refuse a host that does not reach the segment of the port's addresses.

    Args:
        request: the port with its new host and the segments that this reaches.
        current: the ``fixed_ips`` that it keeps.

    Raises:
        HostNotConnectedToAnySegment: the host reaches no segment of the network.
        HostNotCompatibleWithFixedIps: it reaches another one.
    """
    _candidates(request)
    segments = {None, *(request.host_segments or ())}
    reached = {subnet["id"] for subnet in request.subnets if subnet["segment_id"] in segments}
    if any(one["subnet_id"] not in reached for one in current):
        raise HostNotCompatibleWithFixedIps(host=request.host, port_id=request.port_id)


# --- what a port wants ---------------------------------------------------------------------------


def _wishes_of_new(tx: Transaction, request: AddressRequest) -> list[_Wish]:
    candidates = _candidates(request)
    if request.fixed_ips is None:
        pooled = [s for s in candidates if s["ip_version"] == 4 or not addresses.is_auto_address(s)]
        by_version = [tuple(s for s in pooled if s["ip_version"] == v) for v in (4, 6)]
        wishes = [_Wish(request=request, subnets=choice) for choice in by_version if choice]
    else:
        wishes = _named(tx, request, request.fixed_ips, candidates)
    return wishes + _automatic(request, candidates, without=())


def _serving(request: AddressRequest) -> list[Subnet]:
    """The subnets for ports of its owner: those that name it first, the oldest before others.

    A subnet without service types is for all (alias ``subnet-service-types``).
    """
    owner = request.device_owner
    found = [
        subnet
        for subnet in request.subnets
        if not subnet["service_types"]
        or owner in subnet["service_types"]
        or (owner == _DHCP and subnet["enable_dhcp"])
    ]
    found.sort(key=lambda one: (not one["service_types"], one["created_at"], one["id"]))
    return found


def _candidates(request: AddressRequest) -> list[Subnet]:
    """The subnets from which the port may have addresses, the best first.

    Raises:
        IpAddressGenerationFailureNoMatchingSubnet: the network has none for ports of its owner.
        HostNotConnectedToAnySegment: the network is routed and the host reaches none of it.
        FixedIpsSubnetsNotOnSameSegment: the wishes belong to several segments.
    """
    found = _serving(request)
    if request.subnets and not found:
        raise IpAddressGenerationFailureNoMatchingSubnet(
            network_id=request.network_id, service_type=request.device_owner
        )
    if all(subnet["segment_id"] is None for subnet in found):
        return found
    if request.host:
        reached = {None, *(request.host_segments or ())}
        found = [subnet for subnet in found if subnet["segment_id"] in reached]
        if not found:
            raise HostNotConnectedToAnySegment(host=request.host, network_id=request.network_id)
        return found
    if request.device_owner == _DISTRIBUTED and request.fixed_ips is not None:
        return found
    segments = {None} if not request.fixed_ips else _wished_segments(request.fixed_ips, found)
    if segments is None:
        return found
    if len(segments) > 1:
        raise FixedIpsSubnetsNotOnSameSegment()
    return [subnet for subnet in found if subnet["segment_id"] in segments]


def _wished_segments(
    fixed_ips: Iterable[Mapping[str, Any]], found: Sequence[Subnet]
) -> set[str | None] | None:
    """The segments of the wishes; None if one fits no subnet, which is refused later."""
    segments = set()
    for wanted in fixed_ips:
        for subnet in found:
            if wanted.get("subnet_id", subnet["id"]) == subnet["id"] and (
                "subnet_id" in wanted or addresses.contains(subnet["cidr"], wanted["ip_address"])
            ):
                segments.add(subnet["segment_id"])
                break
        else:
            return None
    return segments


def _named(
    tx: Transaction,
    request: AddressRequest,
    fixed_ips: Iterable[Mapping[str, Any]],
    candidates: Sequence[Subnet],
) -> list[_Wish]:
    """What the caller says; subnets that give every port an address anyway are left out."""
    wishes = []
    for wanted in fixed_ips:
        subnet = _subnet_for(tx, request, wanted, candidates)
        automatic = addresses.is_auto_address(subnet)
        address = wanted.get("ip_address")
        if address is not None:
            address = addresses.canonical(address)
            if automatic and request.device_owner not in _ROUTER_INTERFACES:
                _require_own(request, subnet, address)
            wishes.append(_Wish(request=request, subnets=(subnet,), address=address))
        elif not automatic or request.device_owner in ROUTER_OWNERS:
            wishes.append(_Wish(request=request, subnets=(subnet,)))
    return wishes


def _subnet_for(
    tx: Transaction,
    request: AddressRequest,
    wanted: Mapping[str, Any],
    candidates: Sequence[Subnet],
) -> Subnet:
    """The subnet that a wish means."""
    address, owner = wanted.get("ip_address"), request.device_owner
    if not candidates:
        raise InvalidInput(error_message="an address needs a subnet on the network")
    if "subnet_id" in wanted:
        subnet_id = wanted["subnet_id"]
        subnet = next((one for one in candidates if one["id"] == subnet_id), None)
        if subnet is None:
            own = any(one["id"] == subnet_id for one in request.subnets)
            if not own and subnets.get(tx, subnet_id, tx.context.scope) is None:
                raise SubnetNotFound(subnet_id=subnet_id)
            raise InvalidInput(
                error_message=f"subnet {subnet_id} is not for this port on network "
                f"{request.network_id}"
            )
        if address is not None and not addresses.ip_on_subnet(subnet["cidr"], address, owner):
            raise InvalidIpForSubnet(ip_address=address, subnet_id=subnet_id)
        return subnet
    if address is None:
        raise InvalidInput(error_message="a fixed IP needs a subnet_id or an ip_address")
    for subnet in candidates:
        if addresses.ip_on_subnet(subnet["cidr"], address, owner):
            return subnet
    raise InvalidIpForNetwork(ip_address=address)


def _require_own(request: AddressRequest, subnet: Subnet, address: str) -> None:
    if address != addresses.eui64(subnet["cidr"], request.mac_address):
        raise AllocationOnAutoAddressSubnet(ip=address, subnet_id=subnet["id"])


def _automatic(
    request: AddressRequest, candidates: Iterable[Subnet], *, without: Iterable[str]
) -> list[_Wish]:
    """The addresses that the port will make from its MAC address, whatever it asks for."""
    if request.device_owner in ROUTER_OWNERS:
        return []
    excluded = set(without)
    return [
        _Wish(
            request=request,
            subnets=(subnet,),
            address=addresses.eui64(subnet["cidr"], request.mac_address),
        )
        for subnet in candidates
        if subnet["ip_version"] == 6
        and addresses.is_auto_address(subnet)
        and subnet["id"] not in excluded
    ]


def _changes(
    tx: Transaction,
    request: AddressRequest,
    current: Sequence[Mapping[str, str]],
    old_mac: str,
) -> tuple[list[FixedIp], list[_Wish], list[FixedIp]]:
    """Addresses that stay, wishes for new ones, and addresses that go."""
    wanted = [dict(one) for one in (current if request.fixed_ips is None else request.fixed_ips)]
    dropped = {one["subnet_id"] for one in wanted if one.get("delete_subnet")}
    wanted = [one for one in wanted if one.get("subnet_id") not in dropped]
    stale: set[str] = set()
    if request.mac_address != old_mac:
        old = {one["ip_address"] for one in current if addresses.is_eui64(one["ip_address"])}
        stale = {one["subnet_id"] for one in current if one["ip_address"] in old}
        wanted = [
            one
            for one in wanted
            if one.get("subnet_id") not in stale and one.get("ip_address") not in old
        ]
        wanted += [{"subnet_id": subnet_id} for subnet_id in sorted(stale)]

    rest = {one["ip_address"]: dict(one) for one in current}
    kept, new = [], []
    for one in wanted:
        if "ip_address" in one:
            same = rest.pop(addresses.canonical(one["ip_address"]), None)
            if same is not None:
                kept.append(same)
            else:
                new.append(one)
    for one in wanted:
        if "ip_address" not in one:
            same = next((r for r in rest.values() if r["subnet_id"] == one.get("subnet_id")), None)
            if same is None or addresses.is_eui64(same["ip_address"]):
                new.append(one)
            else:
                kept.append(rest.pop(same["ip_address"]))

    automatic = {one["id"] for one in request.subnets if addresses.is_auto_address(one)}
    staying = automatic - dropped - stale if request.device_owner not in ROUTER_OWNERS else set()
    removed = [one for one in rest.values() if one["subnet_id"] not in staying]
    kept += [one for one in rest.values() if one["subnet_id"] in staying]
    candidates = _candidates(replace(request, fixed_ips=[*kept, *new]))
    wishes = _named(tx, request, new, candidates)
    handled = {wish.subnets[0]["id"] for wish in wishes} | {one["subnet_id"] for one in kept}
    wishes += _automatic(request, candidates, without=handled | dropped)
    return kept, wishes, removed


# --- how it gets it -------------------------------------------------------------------------------


def _claim(tx: Transaction, hints: Hints, wishes: Sequence[_Wish]) -> list[FixedIp]:
    """Claim an address for each wish.

    All claims are one INSERT that leaves out what others have. Who lost is found by one SELECT;
    a named address is refused then, another one is tried for the rest.
    """
    given: dict[int, tuple[str, str]] = {}
    doubtful: set[str] = set()
    for _ in range(_ATTEMPTS):
        tried = _tries(tx, hints, wishes, given, doubtful)
        if not tried:
            break
        rows = [
            _row(subnet, address, wishes[i].request.port_id)
            for i, (subnet, address) in tried.items()
        ]
        if ip_allocations.claim(tx, rows):
            given.update((i, (subnet["id"], address)) for i, (subnet, address) in tried.items())
            break
        _keep_won(tx, wishes, tried, given, doubtful)
    else:
        raise TryAgain(reason="the addresses of a subnet")
    _tell_named(tx, hints, wishes)
    return [{"subnet_id": given[i][0], "ip_address": given[i][1]} for i in range(len(wishes))]


def _tries(
    tx: Transaction,
    hints: Hints,
    wishes: Sequence[_Wish],
    given: Mapping[int, tuple[str, str]],
    doubtful: set[str],
) -> dict[int, tuple[Subnet, str]]:
    """An address to try for each wish that has none yet; the named ones come first."""
    tried: dict[int, tuple[Subnet, str]] = {}
    waiting: dict[tuple[str, ...], list[int]] = {}
    for i, wish in enumerate(wishes):
        if i in given:
            continue
        if wish.address is not None:
            tried[i] = (wish.subnets[0], wish.address)
        else:
            waiting.setdefault(tuple(subnet["id"] for subnet in wish.subnets), []).append(i)
    # in one order everywhere, so that two transactions never wait for each other's pools
    for choice in sorted(waiting):
        group = waiting[choice]
        first = wishes[group[0]]
        found = _next_free(tx, hints, first.subnets, len(group), doubtful)
        if len(found) < len(group):
            raise IpAddressGenerationFailure(net_id=first.request.network_id)
        tried.update(zip(group, found, strict=True))
    return tried


def _next_free(
    tx: Transaction, hints: Hints, choice: Sequence[Subnet], count: int, doubtful: set[str]
) -> list[tuple[Subnet, str]]:
    """Addresses that are probably free; fewer only if all subnets are exhausted."""
    found: list[tuple[Subnet, str]] = []
    for subnet in sorted(choice, key=lambda one: hints.spent(one["id"])):
        pool = Pool(name=subnet["id"], ranges=addresses.ranges(subnet["allocation_pools"]))
        if not pool.ranges:
            continue
        numbers = hints.candidates(
            tx,
            pool,
            count - len(found),
            _claims(tx, subnet),
            doubtful=subnet["id"] in doubtful,
        )
        version = subnet["ip_version"]
        found += [(subnet, addresses.to_text(number, version)) for number in numbers]
        if len(found) == count:
            break
    return found


def _claims(tx: Transaction, subnet: Subnet) -> Claims:
    subnet_id, version = subnet["id"], subnet["ip_version"]

    def among(numbers: Sequence[int]) -> list[int]:
        texts = [addresses.to_text(number, version) for number in numbers]
        return addresses.to_numbers(ip_allocations.claimed_among(tx, subnet_id, texts), version)

    def every() -> list[int]:
        return addresses.to_numbers(ip_allocations.of_subnet(tx, subnet_id), version)

    return Claims(among=among, every=every)


def _row(subnet: Subnet, address: str, port_id: str) -> dict[str, str]:
    return {
        "subnet_id": subnet["id"],
        "ip_address": address,
        "port_id": port_id,
        "network_id": subnet["network_id"],
    }


def _keep_won(
    tx: Transaction,
    wishes: Sequence[_Wish],
    tried: Mapping[int, tuple[Subnet, str]],
    given: dict[int, tuple[str, str]],
    doubtful: set[str],
) -> None:
    """Sort out who won after some of the claims were left out.

    Raises:
        IpAddressAlreadyAllocated: a named address is another port's.
    """
    holders = ip_allocations.holders(tx, [(s["id"], address) for s, address in tried.values()])
    won = set(given.values())
    for i, (subnet, address) in tried.items():
        key = (subnet["id"], address)
        if holders.get(key) == wishes[i].request.port_id and key not in won:
            given[i] = key
            won.add(key)
        elif wishes[i].address is not None and key in holders:
            raise IpAddressAlreadyAllocated(ip=address, subnet_id=subnet["id"])
        else:
            doubtful.add(subnet["id"])


def _tell_named(tx: Transaction, hints: Hints, wishes: Iterable[_Wish]) -> None:
    """Addresses that were claimed by name are no hints any more."""
    named: dict[str, list[int]] = {}
    for wish in wishes:
        if wish.address is not None and not addresses.is_eui64(wish.address):
            number, _ = addresses.to_number(wish.address)
            named.setdefault(wish.subnets[0]["id"], []).append(number)
    for subnet_id, numbers in named.items():
        hints.claimed(tx, subnet_id, numbers)
