"""What ports that come, go and change mean for distributed routers: entries of the journal in.

a port comes to a host      the agent there looks at the routers of its subnets
       leaves a host        routers that nothing needs there any more go from it
       comes, moves, goes   all agents with these routers learn where its addresses are: they do
                            not ask for them by ARP
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netaddr import IPAddress, IPNetwork

from deuteron.context import RequestContext
from deuteron.core import port_journal
from deuteron.core.deployment import Deployment
from deuteron.core.followers import Entry
from deuteron.db import ports as port_rows
from deuteron.db import subnets as subnet_rows
from deuteron.db.transaction import Connectable
from deuteron.services.l3 import kinds
from deuteron.services.l3.dvr import routers as dvr
from deuteron.services.l3.dvr import rows

Row = Mapping[str, Any]

_OF_ROUTERS = (*kinds.INTERFACES, kinds.GATEWAY, kinds.SNAT_PORT, kinds.HA_PORT)
_HOST = "binding:host_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """An address that distributed routers on a subnet know, or no longer know.

    Args:
        router_id: of a router.
        subnet_id, ip_address, mac_address: what it knows.
        known: it is there; else it is gone.
    """

    router_id: str
    subnet_id: str
    ip_address: str
    mac_address: str
    known: bool


@dataclass(slots=True, kw_only=True)
class PortNews:
    """What agents of distributed routers have to hear because of ports.

    Args:
        updated: host -> ids of routers at which its agent has to look.
        neighbours: addresses, in the order in which they came and went.
    """

    updated: dict[str, set[str]] = field(default_factory=dict)
    neighbours: list[Neighbour] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """What an entry says of a port.

    Args:
        port_id: of the port.
        came: the host where it is now, '' if it is not new there.
        left: the host where it was, '' if it is still there.
        moved: its addresses are to be told again.
        gone: (subnet id, address, MAC address) that are its no more.
        subnet_ids: of addresses that it had.
    """

    port_id: str
    came: str
    left: str
    moved: bool
    gone: tuple[tuple[str, str, str], ...]
    subnet_ids: frozenset[str]


def read(d: Deployment, ctx: RequestContext, entries: Sequence[Entry]) -> PortNews:
    """What follows from entries, and has routers leave hosts that need them no longer.

    No statement where no port has moved, one where no distributed router is concerned.

    Args:
        d: the deployment.
        ctx: the service itself.
        entries: of the journal.
    """
    dhcp = d.settings.routing.host_dvr_for_dhcp
    moves = [one for entry in entries if (one := _move(entry, dhcp=dhcp)) is not None]
    if not moves:
        return PortNews()
    with d.database.read() as conn:
        ports = {
            port["id"]: port
            for port in port_rows.get_many(conn, sorted({m.port_id for m in moves}))
        }
        subnets = set().union(*(_subnets(move, ports.get(move.port_id)) for move in moves))
        routers = rows.on_subnets(conn, subnets)
        if not routers:
            return PortNews()
        d.ports.load(conn, list(ports.values()))
        news = _news(conn, moves, ports, routers)
    deserted = {
        router_id
        for move in moves
        if move.left
        for subnet_id in _subnets(move, ports.get(move.port_id))
        for router_id in routers.get(subnet_id, ())
    }
    if deserted:
        with d.database.transaction(ctx) as tx:
            beside = rows.neighbours(tx, deserted)
            dvr.settle_hosts(d, tx, deserted.union(*beside.values()))
    return news


def _move(entry: Entry, *, dhcp: bool) -> _Move | None:
    """What an entry says; None if it is nothing to distributed routers."""
    if entry.resource != "port" or entry.details is None:
        return None
    details = entry.details
    was = details.get("was", {})
    before = {**details, **was}
    if details["device_owner"] in _OF_ROUTERS or "mac_address" not in details:
        return None
    deleted = entry.event == "delete"
    served = rows.is_served(details["device_owner"], dhcp=dhcp)
    was_served = rows.is_served(before["device_owner"], dhcp=dhcp)
    host = "" if deleted or not served else details[_HOST]
    was_at = before[_HOST] if was_served else ""
    new = entry.event in (port_journal.BIND, port_journal.ACTIVATE) or was_at != host
    came = host if new else ""
    left = was_at if was_at and (deleted or was_at != host) else ""
    readdressed = "fixed_ips" in was or "mac_address" in was
    moved = bool(came) or readdressed or "allowed_address_pairs" in details.get("changed", ())
    if not (came or left or moved or deleted):
        return None
    held = before.get("fixed_ips", ()) if deleted or readdressed else ()
    return _Move(
        port_id=entry.resource_id,
        came=came,
        left=left,
        moved=moved and not deleted,
        gone=tuple((one["subnet_id"], one["ip_address"], before["mac_address"]) for one in held),
        subnet_ids=frozenset(one["subnet_id"] for one in before.get("fixed_ips", ())),
    )


def _subnets(move: _Move, port: Row | None) -> set[str]:
    now = () if port is None else port["fixed_ips"]
    return {*move.subnet_ids, *(one["subnet_id"] for one in now)}


def _news(
    conn: Connectable,
    moves: Sequence[_Move],
    ports: Mapping[str, Row],
    routers: Mapping[str, set[str]],
) -> PortNews:
    news = PortNews()
    hosts = {host for move in moves for host in (move.came, move.left) if host}
    able = {host for host, agent in rows.agents_on(conn, hosts).items() if agent.distributes}
    beside = rows.neighbours(conn, set().union(*routers.values())) if able else {}
    for move in moves:
        port = ports.get(move.port_id)
        of_port = set().union(*(routers.get(one, ()) for one in _subnets(move, port)))
        for host in {move.came, move.left} & able:
            wanted = news.updated.setdefault(host, set())
            wanted |= of_port.union(*(beside.get(one, ()) for one in of_port))
        for subnet_id, address, mac in move.gone:
            news.neighbours += _neighbours(routers, subnet_id, address, mac, known=False)
        if port is not None and move.moved:
            for subnet_id, address, mac in _addresses(conn, port):
                news.neighbours += _neighbours(routers, subnet_id, address, mac, known=True)
    return news


def _neighbours(
    routers: Mapping[str, Iterable[str]], subnet_id: str, address: str, mac: str, *, known: bool
) -> Iterator[Neighbour]:
    for router_id in sorted(routers.get(subnet_id, ())):
        yield Neighbour(
            router_id=router_id,
            subnet_id=subnet_id,
            ip_address=address,
            mac_address=mac,
            known=known,
        )


def _addresses(conn: Connectable, port: Row) -> Iterator[tuple[str, str, str]]:
    """Where a port may be spoken to: its addresses, and those from which it may send as well."""
    for one in port["fixed_ips"]:
        yield one["subnet_id"], one["ip_address"], port["mac_address"]
    pairs = port.get("allowed_address_pairs") or ()
    single = [
        (network.ip, pair.get("mac_address") or port["mac_address"])
        for pair in pairs
        if (network := IPNetwork(pair["ip_address"])).size == 1
    ]
    if not single:
        return
    subnets = subnet_rows.of_networks(conn, [port["network_id"]])
    for address, mac in single:
        for subnet in subnets:
            if IPAddress(address) in IPNetwork(subnet["cidr"]):
                yield subnet["id"], str(address), mac
                break
