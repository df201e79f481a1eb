"""L2 population: tells the tunnel endpoints of a network where its ports are, so that none floods.

    port up          first ones of the network on a host: to that host, where all others are
                     to all hosts: the port's addresses (and, with the first, "flood here too")
    port down        to all hosts: the port's addresses go (and, with the last, "flood no more")
    addresses change to all hosts: before and after

What has to be told is worked out by pure functions of ports and endpoints; who tells it is a
`Notifier`. Entries have the form that the agents of the field understand: per network its type
and number, per tunnel endpoint a list of [MAC address, IP address].
"""

import collections
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from neutron_lib import constants, exceptions
from neutron_lib.plugins.ml2 import api

from deuteron.ml2.contexts import NetworkContext, PortContext, Resource

LOG = logging.getLogger(__name__)

# Ports that live on many hosts at once: their addresses are nobody's in particular.
_EVERYWHERE = (constants.DEVICE_OWNER_DVR_INTERFACE, constants.DEVICE_OWNER_HA_REPLICATED_INT)
# Two ports that come up at the same moment each see two: both count as the first one.
_FIRST_PORTS = (1, 2)

Entries = dict[str, Any]


class Method(StrEnum):
    """What an agent shall do with the entries; names of the wire."""

    ADD = "add_fdb_entries"
    REMOVE = "remove_fdb_entries"
    UPDATE = "update_fdb_entries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What agents are told.

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
class Endpoint:
    """Where a host's tunnels end.

    Args:
        host: name.
        tunneling_ip: address of the agent's tunnels.
        network_types: types of segments whose entries its agent understands.
    """

    host: str
    tunneling_ip: str
    network_types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedPort:
    """A port that is ACTIVE on a host."""

    id: str
    host: str
    mac_address: str
    ip_addresses: tuple[str, ...]
    device_owner: str


class Topology(Protocol):
    """What the driver asks about ports and hosts."""

    def active_ports(self, network_id: str) -> Sequence[PlacedPort]:
        """Ports of a network that are ACTIVE and bound to a host."""

    def endpoints(self, hosts: Collection[str]) -> Mapping[str, Endpoint]:
        """Tunnel endpoints of those of the hosts that have one."""


class Notifier(Protocol):
    """Who brings messages to the agents."""

    def send(self, message: Message) -> None:
        """Take a message over; must not block for long."""


class RecordedMessages:
    """A notifier that keeps the last messages in the process.

    Args:
        limit: how many; older ones are dropped.
    """

    def __init__(self, limit: int = 100) -> None:
        self.messages: collections.deque[Message] = collections.deque(maxlen=limit)

    def send(self, message: Message) -> None:
        """Keep it."""
        self.messages.append(message)


def endpoint_of(agents: Iterable[Resource]) -> Endpoint | None:
    """The tunnel endpoint of a host: that of its first agent with a ``tunneling_ip``.

    Args:
        agents: API dicts of one host.
    """
    for agent in agents:
        configurations = agent["configurations"]
        address = configurations.get("tunneling_ip")
        if address:
            types = configurations.get("l2pop_network_types")
            if types is None:
                types = configurations.get("tunnel_types") or ()
            return Endpoint(host=agent["host"], tunneling_ip=address, network_types=tuple(types))
    return None


def flooding() -> list[str]:
    """The pair that says: frames for everybody on the network go to this endpoint, too."""
    return list(constants.FLOODING_ENTRY)


def pairs(mac_address: str, ip_addresses: Iterable[str]) -> list[list[str]]:
    """One [MAC address, IP address] for each address of a port."""
    return [[mac_address, address] for address in ip_addresses]


def pairs_of(port: Resource) -> list[list[str]]:
    """The pairs of a port's API dict; none for a port that is on many hosts at once."""
    if port["device_owner"] in _EVERYWHERE:
        return []
    return pairs(port["mac_address"], (ip["ip_address"] for ip in port["fixed_ips"]))


def port_up(
    port: Resource,
    segment: Resource,
    endpoint: Endpoint,
    *,
    active: Sequence[PlacedPort],
    others: Mapping[str, Endpoint],
    refresh: bool = False,
) -> list[Message]:
    """What is told when a port became ACTIVE.

    Args:
        port: API dict.
        segment: to which it is bound on the host, in driver form.
        endpoint: of its host.
        active: ports of its network, itself included.
        others: endpoints of the hosts of `active`.
        refresh: the agent asks for everything again, as after its restart.
    """
    here = sum(one.host == endpoint.host for one in active)
    messages = []
    own = []
    if refresh or here in _FIRST_PORTS:
        elsewhere = _where_others_are(active, others, endpoint.host)
        if elsewhere:
            entries = _entries(port, segment, elsewhere)
            messages.append(Message(method=Method.ADD, entries=entries, host=endpoint.host))
        own.append(flooding())
    own += pairs_of(port)
    if own:
        entries = _entries(port, segment, {endpoint.tunneling_ip: own})
        messages.append(Message(method=Method.ADD, entries=entries))
    return messages


def _where_others_are(
    active: Sequence[PlacedPort], endpoints: Mapping[str, Endpoint], host: str
) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for one in active:
        endpoint = endpoints.get(one.host)
        if one.host == host or endpoint is None:
            continue
        known = found.setdefault(endpoint.tunneling_ip, [flooding()])
        if one.device_owner not in _EVERYWHERE:
            known += pairs(one.mac_address, one.ip_addresses)
    return found


def port_down(
    port: Resource, segment: Resource, endpoint: Endpoint, *, active: Sequence[PlacedPort]
) -> list[Message]:
    """What is told when a port is no longer ACTIVE on a host, or gone.

    Args:
        port: API dict.
        segment: to which it was bound on the host, in driver form.
        endpoint: of that host.
        active: ports of its network that are left.
    """
    gone = pairs_of(port)
    if not any(one.host == endpoint.host and one.id != port["id"] for one in active):
        gone.insert(0, flooding())
    if not gone:
        return []
    entries = _entries(port, segment, {endpoint.tunneling_ip: gone})
    return [Message(method=Method.REMOVE, entries=entries)]


def addresses_changed(port: Resource, original: Resource, endpoint: Endpoint) -> list[Message]:
    """What is told when an ACTIVE port's addresses are others than before.

    Args:
        port: API dict after the change.
        original: API dict before it.
        endpoint: of its host.
    """
    before, after = _addresses(original), _addresses(port)
    change = {
        "before": pairs(port["mac_address"], sorted(before - after)),
        "after": pairs(port["mac_address"], sorted(after - before)),
    }
    change = {when: changed for when, changed in change.items() if changed}
    if not change:
        return []
    entries = {"chg_ip": {port["network_id"]: {endpoint.tunneling_ip: change}}}
    return [Message(method=Method.UPDATE, entries=entries)]


def _addresses(port: Resource) -> set[str]:
    return {ip["ip_address"] for ip in port["fixed_ips"]}


def _entries(port: Resource, segment: Resource, ports: dict[str, list[list[str]]]) -> Entries:
    return {
        port["network_id"]: {
            "network_type": segment[api.NETWORK_TYPE],
            "segment_id": segment[api.SEGMENTATION_ID],
            "ports": ports,
        }
    }


class L2populationMechanismDriver(api.MechanismDriver):
    """The driver ``l2population``. It binds nothing, others do.

    Where there is somebody who tells agents, `TellingDriver` takes its place; without, it has no
    hooks that cost anything.
    """

    def initialize(self) -> None:
        """Nothing to read."""

    def filter_hosts_with_segment_access(
        self,
        context: Any,  # noqa: ARG002 - the interface's
        segments: Any,  # noqa: ARG002
        candidate_hosts: Any,  # noqa: ARG002
        agent_getter: Any,  # noqa: ARG002
    ) -> set[str]:
        """None: those who bind know."""
        return set()

    def check_vlan_qinq(self, context: NetworkContext) -> bool:  # noqa: ARG002 - the interface's
        """VLANs inside of VLANs are beyond the agents' entries."""
        return False

    def update_port_precommit(self, context: PortContext) -> None:
        """Refuse another MAC address while agents forward to the present one.

        Args:
            context: of an update.

        Raises:
            InvalidInput: the port is ACTIVE.
        """
        port, original = context.current, context.original
        if (
            original is not None
            and port["mac_address"] != original["mac_address"]
            and context.status == constants.PORT_STATUS_ACTIVE
        ):
            message = f"the MAC address of port {port['id']} cannot change while it is ACTIVE"
            raise exceptions.InvalidInput(error_message=message)


class TellingDriver(L2populationMechanismDriver):
    """The driver ``l2population`` where agents can be told.

    Args:
        topology: whom to ask about ports and hosts.
        notifier: who tells the agents.
    """

    def __init__(self, *, topology: Topology, notifier: Notifier) -> None:
        self._topology = topology
        self._notifier = notifier

    def update_port_postcommit(self, context: PortContext) -> None:
        """Tell what an update changed.

        Args:
            context: of an update.
        """
        original = context.original
        if original is None:
            return
        if _addresses(original) != _addresses(context.current):
            self._addresses_changed(context, original)
        down = constants.PORT_STATUS_DOWN
        active = constants.PORT_STATUS_ACTIVE
        moved = context.host != context.original_host
        if moved and context.original_status == active and context.status == down:
            self._gone(original, context.original_bottom_bound_segment, context.original_host)
        elif context.status != context.original_status:
            if context.status == active:
                self.port_up(context)
            elif context.status == down:
                self._gone(context.current, context.bottom_bound_segment, context.host)

    def delete_port_postcommit(self, context: PortContext) -> None:
        """Tell that a port is gone.

        Args:
            context: of the port as it was.
        """
        self._gone(context.current, context.bottom_bound_segment, context.host)

    def port_up(self, context: PortContext, *, refresh: bool = False) -> None:
        """Tell that a port is ACTIVE.

        Args:
            context: of the port.
            refresh: its agent asks for everything again.
        """
        place = self._place(context.bottom_bound_segment, context.host)
        if place is None:
            return
        topology, segment, endpoint = place
        active = topology.active_ports(context.current["network_id"])
        others = topology.endpoints({one.host for one in active})
        self._send(
            port_up(
                context.current,
                segment,
                endpoint,
                active=active,
                others=others,
                refresh=refresh,
            )
        )

    def _gone(self, port: Resource, segment: Resource | None, host: str | None) -> None:
        place = self._place(segment, host)
        if place is not None:
            topology, bound, endpoint = place
            active = topology.active_ports(port["network_id"])
            self._send(port_down(port, bound, endpoint, active=active))

    def _addresses_changed(self, context: PortContext, original: Resource) -> None:
        place = self._place(context.bottom_bound_segment, context.original_host)
        if place is not None:
            self._send(addresses_changed(context.current, original, place[2]))

    def _place(
        self, segment: Resource | None, host: str | None
    ) -> tuple[Topology, Resource, Endpoint] | None:
        """Whom to ask, the segment and the host's endpoint; None where no tunnel is concerned."""
        if segment is None or not host:
            return None
        endpoint = self._topology.endpoints([host]).get(host)
        if endpoint is None:
            LOG.debug("Host %s has no agent with a tunnel endpoint", host)
            return None
        if segment[api.NETWORK_TYPE] not in endpoint.network_types:
            return None
        return self._topology, segment, endpoint

    def _send(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._notifier.send(message)
