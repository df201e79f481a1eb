"""Kinds of routers: on one agent, on several of which one is active, on every host, or both.

No I/O.

    ha  distributed   its interfaces are ports of
    no  no            network:router_interface
    yes no            network:ha_router_replicated_interface     all its agents have them
    no  yes           network:router_interface_distributed       every host has them
    yes yes           the same; the part that is central is on several agents

Which of them a router is can change while it is administratively down. Source: API reference,
"Routers"; the checks as observed of Neutron.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neutron_lib import constants

from deuteron.config.settings import Routing
from deuteron.errors import BadRequest

LEGACY_INTERFACE: str = constants.DEVICE_OWNER_ROUTER_INTF
REPLICATED_INTERFACE: str = constants.DEVICE_OWNER_HA_REPLICATED_INT
DISTRIBUTED_INTERFACE: str = constants.DEVICE_OWNER_DVR_INTERFACE
INTERFACES = (LEGACY_INTERFACE, REPLICATED_INTERFACE, DISTRIBUTED_INTERFACE)
"""Owners of the ports by which routers serve subnets."""

GATEWAY: str = constants.DEVICE_OWNER_ROUTER_GW
HA_PORT: str = constants.DEVICE_OWNER_ROUTER_HA_INTF
SNAT_PORT: str = constants.DEVICE_OWNER_ROUTER_SNAT
AGENT_GATEWAY: str = constants.DEVICE_OWNER_AGENT_GW


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What kind of router one is."""

    distributed: bool
    ha: bool


def of_new(settings: Routing, body: Mapping[str, Any]) -> Kind:
    """The kind of a new router.

    Args:
        settings: what is meant where nothing is said.
        body: validated; absent, null and unspecified values are equal.
    """
    distributed, ha = _given(body, "distributed"), _given(body, "ha")
    return Kind(
        distributed=(settings.enable_dvr and settings.router_distributed)
        if distributed is None
        else distributed,
        ha=settings.l3_ha if ha is None else ha,
    )


def _given(body: Mapping[str, Any], name: str) -> bool | None:
    value = body.get(name)
    return value if isinstance(value, bool) else None


def interface_owner(router: Mapping[str, Any]) -> str:
    """The device owner of the ports by which a router serves subnets.

    Args:
        router: with ``distributed`` and ``ha``.
    """
    if router["distributed"]:
        return DISTRIBUTED_INTERFACE
    return REPLICATED_INTERFACE if router["ha"] else LEGACY_INTERFACE


def changed(original: Mapping[str, Any], changes: Mapping[str, Any]) -> Kind | None:
    """The kind that a router is to become, None if it stays what it is.

    Args:
        original: the router as it is.
        changes: validated; null leaves what is.

    Raises:
        BadRequest: it is not administratively down, before the request already where it is to be
            distributed or is to be no more.
    """
    distributed, ha = _given(changes, "distributed"), _given(changes, "ha")
    kind = Kind(
        distributed=original["distributed"] if distributed is None else distributed,
        ha=original["ha"] if ha is None else ha,
    )
    up = changes.get("admin_state_up", original["admin_state_up"])
    if kind.ha != original["ha"] and up:
        raise _up("ha")
    if kind.distributed != original["distributed"] and (up or original["admin_state_up"]):
        raise _up("distributed")
    same = (kind.distributed, kind.ha) == (original["distributed"], original["ha"])
    return None if same else kind


def _up(name: str) -> BadRequest:
    return BadRequest(
        resource="router", msg=f"'{name}' cannot change while it is up; set admin_state_up to false"
    )
