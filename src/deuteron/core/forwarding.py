"""Where the ports of tunnelled networks are, told to the hosts: L2 population.

    entries of the journal --> moves()   which ports may be there, gone or have other addresses
                           --> read()    where the ports of their networks are now
                           --> told()    what hosts have to be told

    port up             first ones of the network on a host: to that host, where all others are
                        to all hosts: the port's addresses (and, with the first, "flood here too")
    port down or gone   to all hosts: the port's addresses go (and, with the last, "flood no more")
    addresses change    to all hosts: before and after
    agent has forgotten its host is told and tells as with its first port

States are told, not steps: of a port that was up and down and up again only that it is up. Who has
asked for details only (BUILD) is where it was. An agent ignores entries of networks that it has no
port of, so its host is told of the others when its first ports are up. Who loses tunnels meanwhile
is told again (`deuteron.core.tunnel_doubts`).
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from deuteron.core import port_journal
from deuteron.core.deployment import Deployment
from deuteron.core.followers import Entry
from deuteron.core.tunnel_doubts import Doubts
from deuteron.db import forwarding as rows
from deuteron.db.forwarding import Placed, Tunnel
from deuteron.ml2.forwarding_entries import (
    Endpoint,
    Entries,
    Method,
    Pairs,
    flooding,
    pairs,
)
from deuteron.ml2.mechanisms import l2population

TUNNELS = ("vxlan", "gre", "geneve")

_THERE = ("ACTIVE", "BUILD")
_PLACE = ("status", "binding:host_id", "mac_address")
# Ports that come up at the same moment may each see the other: both count as the first one.
_FEW = 2
# Seconds for which an agent that has forgotten everything, and says so with each of its reports, is
# told all of a network once.
_RESTARTING = 10.0

Where = tuple[str, Tunnel, str]
"""Network, tunnel and host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What hosts are told.

    Args:
        method: add, remove or update.
        entries: network id -> ``network_type``, ``segment_id``, ``ports`` (tunnel address ->
            pairs); of an update ``chg_ip`` -> network id -> tunnel address -> before and after.
        host: the one that is told, None for all.
    """

    method: Method
    entries: Entries
    host: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A port that was on a host and may be no more."""

    port_id: str
    network_id: str
    host: str
    mac_address: str
    device_owner: str


@dataclass(slots=True, kw_only=True)
class Moves:
    """What entries of the journal say of ports.

    Args:
        networks: of all ports that moved.
        up: ports that may have come, by `deuteron.db.forwarding.key_of`.
        left: places where ports may be no more.
        anywhere: ids of ports of which all places may have come.
        addresses: port id -> all that it had in the meantime.
        before: port id -> addresses before they changed.
        refreshed: (network, host) of agents that have forgotten.
        deserted: (network, host) of ports that are gone, wherever they were wired.
    """

    networks: set[str] = field(default_factory=set)
    up: dict[str, None] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    addresses: dict[str, set[str]] = field(default_factory=dict)
    before: dict[str, set[str]] = field(default_factory=dict)
    anywhere: set[str] = field(default_factory=set)
    refreshed: set[tuple[str, str]] = field(default_factory=set)
    deserted: set[tuple[str, str]] = field(default_factory=set)


class Informed:
    """The hosts that this process has told of others. It may forget: they are told again.

    Args:
        clock: seconds, monotonic.

    Attributes:
        doubts: whom to tell again.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.doubts = Doubts(clock)
        self._clock = clock
        self._told: dict[Where, float] = {}

    def knows(self, where: Where) -> bool:
        """Whether a host was told of a network since it has ports of it."""
        return where in self._told

    def knows_again(self, where: Where) -> bool:
        """Whether a host was told so lately that it has not forgotten it since."""
        return self._clock() < self._told.get(where, float("-inf")) + _RESTARTING

    def note(self, where: Where) -> None:
        """It is told now."""
        self._told[where] = self._clock()

    def forget(self, where: Where) -> None:
        """It has no more ports of the network."""
        self._told.pop(where, None)


def is_wanted(d: Deployment) -> bool:
    """Whether the site has the driver ``l2population``."""
    return l2population.NAME in d.settings.ml2.mechanism_drivers


def moves(entries: Sequence[Entry], ports: Mapping[str, Mapping[str, Any]]) -> Moves:
    """What entries say.

    Args:
        entries: of the journal.
        ports: API dicts of those of their ports that there are, by id.
    """
    found = Moves()
    for entry in entries:
        if entry.resource != "port" or entry.event in ("create", port_journal.PLUGGED):
            continue
        if entry.details is not None:
            _note(found, entry, entry.details, ports.get(entry.resource_id))
        elif entry.resource_id in ports:
            found.networks.add(ports[entry.resource_id]["network_id"])
            found.up[entry.resource_id] = None
    for port_id in found.addresses.keys() & ports.keys():
        found.addresses[port_id] |= _addresses(ports[port_id]["fixed_ips"])
    return found


def _note(
    found: Moves, entry: Entry, details: Mapping[str, Any], port: Mapping[str, Any] | None
) -> None:
    port_id, network_id = entry.resource_id, details["network_id"]
    if entry.event == port_journal.REFRESH:
        found.networks.add(network_id)
        found.refreshed.add((network_id, details["binding:host_id"]))
        return
    was = details.get("was", {})
    before = {**details, **was}
    if "fixed_ips" in before:
        found.addresses.setdefault(port_id, set()).update(_addresses(before["fixed_ips"]))
    if "fixed_ips" in was and before["status"] in _THERE:
        found.networks.add(network_id)
        found.before.setdefault(port_id, _addresses(was["fixed_ips"]))
    if entry.event != "delete" and not any(name in was for name in _PLACE):
        return
    found.networks.add(network_id)
    found.up[rows.key_of(port_id, details["binding:host_id"], details["device_owner"])] = None
    if rows.is_replicated(details["device_owner"]):
        found.anywhere.add(port_id)
    if entry.event == "delete" and before["binding:host_id"]:
        found.deserted.add((network_id, before["binding:host_id"]))
    left = Left(
        port_id=port_id,
        network_id=network_id,
        host=before["binding:host_id"],
        mac_address=before["mac_address"],
        device_owner=before["device_owner"],
    )
    if before["status"] in _THERE and left.host and not _is_there(left, port):
        found.addresses.setdefault(port_id, set())
        found.left.append(left)
        found.deserted.add((network_id, left.host))


def _is_there(left: Left, port: Mapping[str, Any] | None) -> bool:
    return (
        port is not None
        and port["status"] in _THERE
        and port["binding:host_id"] == left.host
        and port["mac_address"] == left.mac_address
    )


def _addresses(fixed_ips: Iterable[Mapping[str, Any]]) -> set[str]:
    return {one["ip_address"] for one in fixed_ips}


def messages(
    d: Deployment,
    entries: Sequence[Entry],
    ports: Mapping[str, Mapping[str, Any]],
    endpoints: Mapping[str, Endpoint],
    informed: Informed,
    *,
    bridged: Collection[str] = (),
) -> list[Message]:
    """What hosts have to be told: two statements, none where no port has moved.

    Args:
        d: the deployment.
        entries: of the journal.
        ports: API dicts of those of their ports that there are, by id.
        endpoints: host -> where its tunnels end.
        informed: what they were told.
        bridged: hosts of Linux bridge agents.
    """
    found = moves(entries, ports)
    if not found.networks:
        return []
    with d.database.read() as conn:
        tunnels = rows.tunnels(conn, sorted(found.networks), TUNNELS)
        placed = rows.placed(conn, sorted(tunnels), TUNNELS) if tunnels else {}
    return told(
        found,
        placed=placed,
        tunnels=tunnels,
        endpoints=endpoints,
        informed=informed,
        bridged=bridged,
    )


def told(
    found: Moves,
    *,
    placed: Mapping[str, Placed],
    tunnels: Mapping[str, Sequence[Tunnel]],
    endpoints: Mapping[str, Endpoint],
    informed: Informed,
    bridged: Collection[str] = (),
) -> list[Message]:
    """What hosts have to be told: what is gone, what is changed, what has come.

    Args:
        found: what has happened.
        placed: the ports of the networks that are ACTIVE on a host, by their keys.
        tunnels: of the networks.
        endpoints: host -> where its tunnels end.
        informed: what they were told; noted there.
        bridged: hosts of Linux bridge agents.
    """
    reached = _reached(placed, endpoints)
    here = _here(reached)
    _note_losses(found, here, informed.doubts)
    made = [
        *_removed(found, here, tunnels, endpoints, informed),
        *_changed(found, reached, endpoints),
    ]
    to_all = _Collected()
    to_host: dict[str, _Collected] = {}
    for where, new in _appeared(found, reached, here, informed).items():
        network_id, tunnel, host = where
        own: Pairs = []
        if len(here[where]) - len(new) < _FEW or not informed.knows(where):
            informed.note(where)
            own.append(flooding())
            _add_others(to_host.setdefault(host, _Collected()), where, here, endpoints)
            informed.doubts.begun(network_id, _hosts(network_id, here), bridged)
        to_all.add(network_id, tunnel, endpoints[host].tunneling_ip, [*own, *_all(new)])
    made += _directed(to_host)
    return [*made, *(Message(method=Method.ADD, entries=one) for one in to_all.entries())]


def again(
    d: Deployment,
    doubtful: Collection[tuple[str, str]],
    endpoints: Mapping[str, Endpoint],
    bridged: Collection[str] = (),
) -> list[Message]:
    """Where all other ports of networks are, for hosts that may have lost it: one statement.

    Args:
        d: the deployment.
        doubtful: (network, host), at least one.
        endpoints: host -> where its tunnels end.
        bridged: hosts of Linux bridge agents, which are told only to whom they flood.
    """
    with d.database.read() as conn:
        placed = rows.placed(conn, sorted({network_id for network_id, _ in doubtful}), TUNNELS)
    here = _here(_reached(placed, endpoints))
    to_host: dict[str, _Collected] = {}
    for where in here:
        network_id, _, host = where
        if (network_id, host) in doubtful:
            collected = to_host.setdefault(host, _Collected())
            if host in bridged:
                _add_others(collected, where, dict.fromkeys(here, ()), endpoints)
            else:
                _add_others(collected, where, here, endpoints)
    return list(_directed(to_host))


def by_network(message: Message) -> Iterator[Message]:
    """A message as one for each of its networks.

    Neutron's Linux bridge agents pass over all that stands behind a network which they have not.
    """
    entries = message.entries
    changes = entries.get("chg_ip")
    for network_id, one in (entries if changes is None else changes).items():
        alone = {network_id: one}
        yield replace(message, entries=alone if changes is None else {"chg_ip": alone})


def _reached(placed: Mapping[str, Placed], endpoints: Mapping[str, Endpoint]) -> dict[str, Placed]:
    """The ports whose hosts have tunnels of their network's type."""
    return {
        port_id: port
        for port_id, port in placed.items()
        if port.host in endpoints and port.tunnel.network_type in endpoints[port.host].network_types
    }


def _here(reached: Mapping[str, Placed]) -> dict[Where, list[Placed]]:
    found: dict[Where, list[Placed]] = {}
    for port in reached.values():
        found.setdefault((port.network_id, port.tunnel, port.host), []).append(port)
    return found


def _hosts(network_id: str, here: Iterable[Where]) -> list[str]:
    return [where[2] for where in here if where[0] == network_id]


def _note_losses(found: Moves, here: Iterable[Where], doubts: Doubts) -> None:
    """Where the last port of a network has left, its host and those of the others lose tunnels."""
    there = {(network_id, host) for network_id, _, host in here}
    for network_id, host in found.deserted - there:
        doubts.lost([host, *_hosts(network_id, here)])


def _add_others(
    collected: "_Collected",
    where: Where,
    here: Mapping[Where, Sequence[Placed]],
    endpoints: Mapping[str, Endpoint],
) -> None:
    """Where the ports of a network are on all other hosts."""
    network_id, tunnel, host = where
    for other, ports in here.items():
        if other[:2] == where[:2] and other[2] != host:
            address = endpoints[other[2]].tunneling_ip
            collected.add(network_id, tunnel, address, [flooding(), *_all(ports)])


def _directed(to_host: Mapping[str, "_Collected"]) -> Iterator[Message]:
    for host, collected in to_host.items():
        for one in collected.entries():
            yield Message(method=Method.ADD, entries=one, host=host)


def _all(ports: Iterable[Placed]) -> Pairs:
    return [
        pair
        for port in ports
        for pair in pairs(port.mac_address, port.ip_addresses, port.device_owner)
    ]


def _appeared(
    found: Moves,
    reached: Mapping[str, Placed],
    here: Mapping[Where, Sequence[Placed]],
    informed: Informed,
) -> dict[Where, list[Placed]]:
    """The ports that are to be told, by where they are."""
    new: dict[Where, list[Placed]] = {}
    for where in here:
        network_id, _, host = where
        if (network_id, host) in found.refreshed and not informed.knows_again(where):
            informed.forget(where)
            new[where] = list(here[where])
    again = set(new)
    anywhere = (key for key, port in reached.items() if port.id in found.anywhere)
    for key in dict.fromkeys((*found.up, *anywhere)):
        port = reached.get(key)
        if port is not None:
            where = (port.network_id, port.tunnel, port.host)
            if where not in again:
                new.setdefault(where, []).append(port)
    return new


def _removed(
    found: Moves,
    here: Mapping[Where, Sequence[Placed]],
    tunnels: Mapping[str, Sequence[Tunnel]],
    endpoints: Mapping[str, Endpoint],
    informed: Informed,
) -> Iterator[Message]:
    gone = _Collected()
    for left in found.left:
        endpoint = endpoints.get(left.host)
        if endpoint is None:
            continue
        for tunnel in tunnels.get(left.network_id, ()):
            if tunnel.network_type not in endpoint.network_types:
                continue
            where = (left.network_id, tunnel, left.host)
            addresses = sorted(found.addresses[left.port_id])
            lost = pairs(left.mac_address, addresses, left.device_owner)
            if where not in here:
                informed.forget(where)
                lost.insert(0, flooding())
            gone.add(left.network_id, tunnel, endpoint.tunneling_ip, lost)
    for entries in gone.entries():
        yield Message(method=Method.REMOVE, entries=entries)


def _changed(
    found: Moves, reached: Mapping[str, Placed], endpoints: Mapping[str, Endpoint]
) -> Iterator[Message]:
    changes: dict[str, dict[str, dict[str, Pairs]]] = {}
    for port_id, before in found.before.items():
        port = reached.get(port_id)
        if port is None:
            continue
        after = set(port.ip_addresses)
        address = endpoints[port.host].tunneling_ip
        for when, some in (("before", before - after), ("after", after - before)):
            changed = pairs(port.mac_address, sorted(some), port.device_owner)
            if changed:
                of_network = changes.setdefault(port.network_id, {})
                of_network.setdefault(address, {}).setdefault(when, []).extend(changed)
    if changes:
        yield Message(method=Method.UPDATE, entries={"chg_ip": changes})


class _Collected:
    """Entries in the making: as few documents as there can be.

    A document has one tunnel of a network at most.
    """

    def __init__(self) -> None:
        self._pairs: dict[str, dict[Tunnel, dict[str, dict[tuple[str, ...], None]]]] = {}

    def add(self, network_id: str, tunnel: Tunnel, address: str, some: Pairs) -> None:
        """Add pairs of a tunnel address, each once."""
        if some:
            of_network = self._pairs.setdefault(network_id, {})
            known = of_network.setdefault(tunnel, {}).setdefault(address, {})
            known.update((tuple(pair), None) for pair in some)

    def entries(self) -> list[Entries]:
        """All that was added."""
        documents: list[Entries] = []
        for network_id, by_tunnel in self._pairs.items():
            for number, (tunnel, ports) in enumerate(by_tunnel.items()):
                if number == len(documents):
                    documents.append({})
                documents[number][network_id] = {
                    "network_type": tunnel.network_type,
                    "segment_id": tunnel.number,
                    "ports": {
                        address: [list(pair) for pair in known] for address, known in ports.items()
                    },
                }
        return documents
