"""Tells the bare metal service what happens to the ports of its machines.

Ironic takes these events at ``POST /v1/events`` (its API reference, version 1.54); which change
makes which event is as observed of Neutron:

    of a port of vnic_type baremetal
    ----------------------------------------------------------
    status DOWN -> ACTIVE or ERROR          network.bind_port
    status ACTIVE -> DOWN or ERROR          network.unbind_port
    deleted                                 network.delete_port
"""

from collections.abc import Sequence
from typing import Any

from deuteron.core.followers import Follower
from deuteron.db.journal import Entry
from deuteron.notifiers.service import Event, Poster, deliver

NAME = "ironic"
SERVICE_TYPE = "baremetal"
VERSION = "/v1"
PATH = "/events"

BOUND = "network.bind_port"
UNBOUND = "network.unbind_port"
DELETED = "network.delete_port"

_TRANSITIONS = {
    ("DOWN", "ACTIVE"): BOUND,
    ("DOWN", "ERROR"): BOUND,
    ("ACTIVE", "DOWN"): UNBOUND,
    ("ACTIVE", "ERROR"): UNBOUND,
}
# The first version of Ironic's API that has events.
_HEADERS = {"X-OpenStack-Ironic-API-Version": "1.54"}
_AT_ONCE = 200
# A request may have to log in first, and once more with a new token.
_REQUESTS_PER_LEASE = 3


def event_of(entry: Entry) -> Event | None:
    """The event that follows from one entry of the journal; None for most.

    Args:
        entry: with the details that `deuteron.core.port_journal` notes.
    """
    port: Any = entry.details
    if entry.resource != "port" or port is None or port["binding:vnic_type"] != "baremetal":
        return None
    if entry.event == "delete":
        name, status = DELETED, "DELETED"
    else:
        status = port["status"]
        name = _TRANSITIONS.get((port.get("was", {}).get("status", ""), status), "")
        if not name:
            return None
    event = {
        "event": name,
        "port_id": entry.resource_id,
        "mac_address": port["mac_address"],
        "status": status,
        "device_id": port["device_id"],
        "binding:host_id": port["binding:host_id"],
        "binding:vnic_type": port["binding:vnic_type"],
    }
    return {name: value for name, value in event.items() if value}  # '' is no UUID for Ironic


def follower(service: Poster, *, interval: float, timeout: float) -> Follower:
    """What follows the journal for Ironic.

    Args:
        service: Ironic.
        interval: seconds between two requests, so that more goes with one.
        timeout: seconds that one request takes at most.
    """

    def handle(entries: Sequence[Entry]) -> float:
        events = [event for entry in entries if (event := event_of(entry)) is not None]
        if not events:
            return 0
        deliver(service, PATH, events, headers=_HEADERS)
        return interval if len(entries) < _AT_ONCE else 0

    return Follower(name=NAME, handle=handle, lease=timeout * _REQUESTS_PER_LEASE, batch=_AT_ONCE)
