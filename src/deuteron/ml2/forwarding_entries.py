"""Forwarding entries, in the form that the agents of the field understand.

Per network its type and number, per tunnel endpoint a list of pairs [MAC address, IP address]; one
pair that is no address says that frames for everybody go to the endpoint, too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from neutron_lib import constants

from deuteron.ml2.contexts import Resource

# Ports that live on many hosts at once: their addresses are nobody's in particular.
_EVERYWHERE = (constants.DEVICE_OWNER_DVR_INTERFACE, constants.DEVICE_OWNER_HA_REPLICATED_INT)

Pairs = list[list[str]]
Entries = dict[str, Any]


class Method(StrEnum):
    """What an agent shall do with entries; names of the wire."""

    ADD = "add_fdb_entries"
    REMOVE = "remove_fdb_entries"
    UPDATE = "update_fdb_entries"


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


def pairs(mac_address: str, ip_addresses: Iterable[str], device_owner: str) -> Pairs:
    """A pair for each address of a port; none for a port that is on many hosts at once."""
    if device_owner in _EVERYWHERE:
        return []
    return [[mac_address, address] for address in ip_addresses]
