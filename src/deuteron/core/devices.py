"""Devices: what agents call ports. They find them by name, and report them up and down.

A device is named by the id of its port, by ``tap`` or another prefix with the first characters of
that id, by a MAC address, or by a MAC address and a PCI slot. Any number of devices costs the same
number of statements; a device that nobody knows is no error.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import distributed, provisioning
from deuteron.core.deployment import Deployment
from deuteron.db import agent_objects as object_rows
from deuteron.db import networks as network_rows
from deuteron.db import ports as port_rows
from deuteron.db import provisioning as rows
from deuteron.db.provisioning import PortState
from deuteron.db.transaction import Connectable

Device = str | tuple[str, str | None]
"""The name of a device; a MAC address may come with a PCI slot."""

_PREFIXES = ("tap", "qvo", "sg-")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Interfaces have names of at most 15 characters, of which the prefix takes three.
_BEGIN = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{2,27}")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_COMPUTE = "compute:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A device that was asked for.

    Args:
        device: its name, as it was asked for.
        state: of its port, None if there is none.
        port: API dict, None if it is not to be wired on the host.
        segment: to which the port is bound, None if it is not.
        network: row of the port's network.
    """

    device: Device
    state: PortState | None
    port: Mapping[str, Any] | None = None
    segment: Mapping[str, Any] | None = None
    network: Mapping[str, Any] | None = None

    def is_active_elsewhere(self, host: str) -> bool:
        """Whether it is a server's port, which is bound to another host."""
        state = self.state
        return (
            state is not None
            and state.host != host
            and state.port["device_owner"].startswith(_COMPUTE)
        )


def find(conn: Connectable, devices: Sequence[Device]) -> list[PortState | None]:
    """The states of the ports of devices, in the order of the devices.

    Args:
        conn: where to look; one statement for each way in which devices are named.
        devices: their names.
    """
    names = [_meant(device) for device in devices]
    by_id = [name for kind, name, _ in names if kind == "id"]
    begins = sorted({name for kind, name, _ in names if kind == "begin"})
    macs = sorted({name for kind, name, _ in names if kind == "mac"})
    known = {one.id: one for one in rows.states(conn, by_id)}
    begun = rows.states_by_prefix(conn, begins) if begins else []
    with_macs = rows.states_by_mac(conn, macs) if macs else []

    def state(kind: str, name: str, slot: str | None) -> PortState | None:
        if kind == "id":
            return known.get(name)
        if kind == "begin":
            return _only([one for one in begun if one.id.startswith(name)])
        return _only(
            [
                one
                for one in with_macs
                if one.port["mac_address"] == name
                and (slot is None or one.profile.get("pci_slot") == slot)
            ]
        )

    return [state(*name) if name[0] else None for name in names]


def _meant(device: Device) -> tuple[str, str, str | None]:
    """How a device is named: (``id``, ``begin``, ``mac`` or '', what is left of it, PCI slot)."""
    name, slot = device if isinstance(device, tuple) else (device, None)
    if name.startswith(_PREFIXES):
        name = name[3:]
    if _ID.fullmatch(name):
        return "id", name, None
    if _BEGIN.fullmatch(name):
        return "begin", name, None
    if _MAC.fullmatch(name.lower()):
        return "mac", name.lower(), slot
    return "", name, None


def _only(found: Sequence[PortState]) -> PortState | None:
    return found[0] if len(found) == 1 else None


def details(
    d: Deployment, ctx: RequestContext, devices: Sequence[Device], *, host: str
) -> list[Found]:
    """What an agent needs to wire devices; those that it will wire are BUILD from now on.

    Args:
        d: the deployment.
        ctx: the agent.
        devices: their names.
        host: of the agent.

    Returns:
        one for each device, in order.
    """
    with d.database.read() as conn:
        states = find(conn, devices)
        ids = sorted({one.id for one in states if one is not None and one.bound})
        ports = {port["id"]: port for port in port_rows.get_many(conn, ids)}
        d.ports.load(conn, list(ports.values()))
        levels = object_rows.levels(conn, ids) if ids else {}
        networks = {
            network["id"]: network
            for network in network_rows.rows(
                conn, sorted({port["network_id"] for port in ports.values()}), None
            )
        }
    found = []
    for device, state in zip(devices, states, strict=True):
        port = None if state is None else ports.get(state.id)
        if state is None or port is None:
            found.append(Found(device=device, state=state))
            continue
        of_host = [one for one in levels.get(state.id, ()) if one["host"] == state.host]
        found.append(
            Found(
                device=device,
                state=state,
                port=port,
                segment=of_host[-1]["segment"] if of_host else None,
                network=networks.get(port["network_id"]),
            )
        )
    asked = [one.state for one in found if one.state is not None and one.segment is not None]
    provisioning.preparing(d, ctx, asked, host=host)
    return found


def up(
    d: Deployment,
    ctx: RequestContext,
    devices: Sequence[Device],
    *,
    host: str,
    refresh: bool = False,
) -> list[PortState | None]:
    """An agent has wired devices.

    Args:
        d: the deployment.
        ctx: the agent.
        devices: their names.
        host: of the agent; devices of other hosts are left alone.
        refresh: the agent has forgotten where the other ports of their networks are.

    Returns:
        the states of their ports as they were, None for those that are gone.
    """
    with d.database.read() as conn:
        states = find(conn, devices)
    there, everywhere = _apart(states)
    provisioning.wired(d, ctx, there, host=host, refresh=refresh)
    distributed.wired(d, ctx, everywhere, host=host, refresh=refresh)
    return states


def down(
    d: Deployment, ctx: RequestContext, devices: Sequence[Device], *, host: str
) -> list[PortState | None]:
    """Devices are no more on the host of an agent; see `up`."""
    with d.database.read() as conn:
        states = find(conn, devices)
    there, everywhere = _apart(states)
    provisioning.unwired(d, ctx, there, host=host)
    distributed.unwired(d, ctx, everywhere, host=host)
    return states


def strange(
    devices: Sequence[Device], states: Sequence[PortState | None], *, host: str
) -> list[Device]:
    """The devices that the agent of a host has nothing to do with.

    Those of servers are wired where they will move to before they do, and some ports are on many
    hosts.

    Args:
        devices: their names.
        states: of their ports, None for those that are no ports.
        host: of the agent.
    """
    return [
        device
        for device, state in zip(devices, states, strict=True)
        if state is None
        or not (
            state.host == host
            or state.port["device_owner"].startswith(_COMPUTE)
            or distributed.is_spread(state.port)
        )
    ]


def _apart(states: Sequence[PortState | None]) -> tuple[list[PortState], list[PortState]]:
    """The ports that have one binding, and those that are on many hosts; some are both."""
    known = [one for one in states if one is not None]
    return (
        [one for one in known if not distributed.is_distributed(one.port)],
        [one for one in known if distributed.is_spread(one.port)],
    )
