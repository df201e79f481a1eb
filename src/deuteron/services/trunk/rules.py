"""Which ports a trunk can be made of. No I/O.

    parent     carries no trunk and is on none; not bound, unless its driver can take a trunk then
    sub-ports  carry no trunk and are on none, no device uses them, fit through the parent (MTU),
               each with a VLAN of its own; ``inherit`` means the type and id of their network

Source: API reference, "Trunk networking"; order of the checks as observed of Neutron.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neutron_lib.api import converters, validators
from neutron_lib.exceptions import InvalidInput as NotANumber

from deuteron.errors import (
    InvalidInput,
    ParentPortInUse,
    PortInUse,
    PortNotFound,
    SubPortMtuGreaterThanTrunkPortMtu,
    TrunkPortInUse,
)
from deuteron.segment import Segment

SubPort = dict[str, Any]
Port = Mapping[str, Any]
Uses = Mapping[str, tuple[str, bool]]

INHERIT = "inherit"
VLAN = "vlan"
_VLAN_IDS = range(1, 4095)


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Who realises trunks.

    Args:
        name: of the mechanism driver.
        vif_types: of parents that it serves.
        agent_type: of its agent, which must be on the parent's host.
        may_be_bound: whether a parent may get or lose its trunk while it is bound.
    """

    name: str
    vif_types: frozenset[str]
    agent_type: str
    may_be_bound: bool


DRIVERS = (
    Driver(
        name="openvswitch",
        vif_types=frozenset(("ovs", "vhostuser")),
        agent_type="Open vSwitch agent",
        may_be_bound=False,
    ),
    Driver(
        name="linuxbridge",
        vif_types=frozenset(("bridge",)),
        agent_type="Linux bridge agent",
        may_be_bound=True,
    ),
)


def can_change_while_bound(
    mechanisms: Collection[str], vif_type: str, agent_types: Collection[str]
) -> bool:
    """Whether a bound port may get or lose a trunk.

    Args:
        mechanisms: names of the mechanism drivers that are loaded.
        vif_type: of the port.
        agent_types: of the agents on its host.
    """
    able = [
        driver
        for driver in DRIVERS
        if driver.name in mechanisms
        and vif_type in driver.vif_types
        and driver.agent_type in agent_types
    ]
    return len(able) == 1 and able[0].may_be_bound


def require_list(value: Any) -> list[SubPort]:
    """The sub-ports of an action's document, as they were given.

    Raises:
        InvalidInput: not ``{"sub_ports": [...]}`` with ports, each once, and numbers, each once.
    """
    if not isinstance(value, dict) or "sub_ports" not in value:
        raise InvalidInput(error_message="the body must be {'sub_ports': [...]}")
    subports = value["sub_ports"]
    try:
        reason = validators.get_validator("type:subports")(subports)
    except (TypeError, AttributeError) as error:  # an unhashable value where a text is expected
        reason = str(error)
    if reason:
        raise InvalidInput(error_message=reason)
    return [dict(subport) for subport in subports]


def require_parent(port_id: str, port: Port | None, uses: Uses, *, may_be_bound: bool) -> None:
    """Refuse a port that cannot carry a trunk.

    Args:
        port_id: of the port.
        port: what is known of it; None if it is not there for the caller.
        uses: port id -> trunk, whether it carries it.
        may_be_bound: whether its driver can take a trunk while it is bound.

    Raises:
        TrunkPortInUse: it is on a trunk.
        ParentPortInUse: it carries one, or is bound.
        PortNotFound: there is none.
    """
    if port_id in uses:
        raise (
            ParentPortInUse(port_id=port_id)
            if uses[port_id][1]
            else TrunkPortInUse(port_id=port_id)
        )
    if port is None:
        raise PortNotFound(port_id=port_id)
    if port["host"] and not may_be_bound:
        raise ParentPortInUse(port_id=port_id)


def placed(
    subports: Sequence[SubPort],
    *,
    parent: Port,
    ports: Mapping[str, Port],
    uses: Uses,
    segments: Mapping[str, Sequence[Segment]],
) -> list[SubPort]:
    """Sub-ports as they are kept, each with type and id.

    Args:
        subports: as they were given.
        parent: the trunk's port.
        ports: those that are there for the caller, by id.
        uses: port id -> trunk, whether it carries it.
        segments: network id -> its segments, of those that ``inherit`` needs.

    Raises:
        ParentPortInUse, TrunkPortInUse, PortInUse, PortNotFound: a port cannot be used.
        SubPortMtuGreaterThanTrunkPortMtu: it would not fit.
        InvalidInput: type or id are missing or impossible.
    """
    made: list[SubPort] = []
    for subport in subports:
        port_id = subport["port_id"]
        port = ports.get(port_id)
        if port_id == parent["id"]:
            raise ParentPortInUse(port_id=port_id)
        if port is not None and port["mtu"] and parent["mtu"] and port["mtu"] > parent["mtu"]:
            raise SubPortMtuGreaterThanTrunkPortMtu(
                port_id=port_id,
                port_mtu=port["mtu"],
                trunk_id=parent["id"],
                trunk_mtu=parent["mtu"],
            )
        kind, number = _segmentation(_inherited(subport, port, segments))
        _require_free(port_id, port, uses)
        made.append({"port_id": port_id, "segmentation_type": kind, "segmentation_id": number})
    return made


def _inherited(
    subport: SubPort, port: Port | None, segments: Mapping[str, Sequence[Segment]]
) -> SubPort:
    """The sub-port with the type and id of its network, if it wants these."""
    if subport.get("segmentation_type") != INHERIT or port is None:
        return subport
    of_network = segments.get(port["network_id"], ())
    first = of_network[0] if len(of_network) == 1 else None
    return {
        "port_id": subport["port_id"],
        "segmentation_type": None if first is None else first.network_type,
        "segmentation_id": None if first is None else first.segmentation_id,
    }


def _segmentation(subport: SubPort) -> tuple[str, int]:
    if "segmentation_type" not in subport or "segmentation_id" not in subport:
        raise InvalidInput(
            error_message=f"sub-port {subport['port_id']} needs segmentation_type and "
            "segmentation_id"
        )
    kind = subport["segmentation_type"]
    try:
        number = converters.convert_to_int(subport["segmentation_id"])
    except NotANumber:
        raise InvalidInput(
            error_message=f"segmentation_id '{subport['segmentation_id']}' is not a number"
        ) from None
    if kind != VLAN:
        raise InvalidInput(error_message=f"Unknown segmentation_type '{kind}'")
    if number not in _VLAN_IDS:
        raise InvalidInput(error_message=f"segmentation_id {number} is not between 1 and 4094")
    return kind, number


def _require_free(port_id: str, port: Port | None, uses: Uses) -> None:
    if port_id in uses:
        raise (
            ParentPortInUse(port_id=port_id)
            if uses[port_id][1]
            else TrunkPortInUse(port_id=port_id)
        )
    if port is None:
        raise PortNotFound(port_id=port_id)
    if port["device_id"]:
        raise PortInUse(port_id=port_id, net_id=port["network_id"], device_id=port["device_id"])
