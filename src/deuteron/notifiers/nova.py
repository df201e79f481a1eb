"""Tells the compute service what happens to the ports of its servers.

Nova waits for `network-vif-plugged` before it starts a server, and keeps a copy of each server's
addresses. It takes these events at ``POST /os-server-external-events`` (its API reference); which
change makes which event is as observed of Neutron:

    of a port of compute:*, whose device_id is a UUID
    ---------------------------------------------------------------------------------------------
    status DOWN or BUILD -> ACTIVE          network-vif-plugged     completed
    status DOWN or BUILD -> ERROR           network-vif-plugged     failed
    status ACTIVE -> DOWN                   network-vif-unplugged   completed
    wired on a host that it will move to    network-vif-plugged     completed
    updated through the API                 network-changed
    deleted                                 network-vif-deleted
    a floating IP comes to lead there, is changed meanwhile, leads there no more
                                            network-changed

What the port is after the change counts: one that was taken from its server tells it nothing.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from deuteron.core import port_journal
from deuteron.core.followers import Follower
from deuteron.db.journal import Entry
from deuteron.notifiers.service import Answer, Event, Poster, deliver

LOG = logging.getLogger(__name__)

NAME = "nova"
SERVICE_TYPE = "compute"
PATH = "/os-server-external-events"

CHANGED = "network-changed"
PLUGGED = "network-vif-plugged"
UNPLUGGED = "network-vif-unplugged"
DELETED = "network-vif-deleted"

# (status before, status after) -> event, and the status that it has itself.
_TRANSITIONS = {
    ("DOWN", "ACTIVE"): (PLUGGED, "completed"),
    ("BUILD", "ACTIVE"): (PLUGGED, "completed"),
    ("DOWN", "ERROR"): (PLUGGED, "failed"),
    ("BUILD", "ERROR"): (PLUGGED, "failed"),
    ("ACTIVE", "DOWN"): (UNPLUGGED, "completed"),
}
_FLOATING_IP = "floatingip"
_VERBS = {"update": CHANGED, "delete": DELETED}

# Entries of the journal told in one request: a crash repeats no more than these.
_AT_ONCE = 200
# A request may have to log in first, and once more with a new token.
_REQUESTS_PER_LEASE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the site wants Nova to be told.

    Args:
        status: that ports were plugged and unplugged.
        data: that ports were changed and deleted.
    """

    status: bool = True
    data: bool = True


def events_of(entry: Entry, wishes: Wishes) -> list[Event]:
    """The events that follow from one entry of the journal; none for most.

    Args:
        entry: with the details that `deuteron.core.port_journal` notes; of a floating IP with the
            ``ports`` that it concerns.
        wishes: what is told.
    """
    if entry.resource == _FLOATING_IP:
        return _of_floating_ip(entry) if wishes.data else []
    port = entry.details
    if entry.resource != "port" or port is None or not _of_server(port):
        return []
    events = []
    if wishes.status:
        before = port.get("was", {}).get("status", "")
        if (found := _TRANSITIONS.get((before, port["status"]))) is not None:
            name, status = found
            events.append(_event(entry.resource_id, port, name) | {"status": status})
        elif entry.event == port_journal.PLUGGED:
            events.append(_event(entry.resource_id, port, PLUGGED) | {"status": "completed"})
    if wishes.data and entry.event in _VERBS:
        events.append(_event(entry.resource_id, port, _VERBS[entry.event]))
    return events


def _of_floating_ip(entry: Entry) -> list[Event]:
    ports = (entry.details or {}).get("ports", ())
    return [_event(port["id"], port, CHANGED) for port in ports if _of_server(port)]


def _event(port_id: str, port: Mapping[str, Any], name: str) -> Event:
    return {"name": name, "server_uuid": port["device_id"], "tag": port_id}


def _of_server(port: Mapping[str, Any]) -> bool:
    """Whether it is the port of one of Nova's servers."""
    device_id: str = port["device_id"]
    if not device_id or not port["device_owner"].startswith("compute:"):
        return False
    try:
        return UUID(device_id).hex == device_id.replace("-", "").lower()
    except ValueError:
        return False


def follower(service: Poster, wishes: Wishes, *, interval: float, timeout: float) -> Follower:
    """What follows the journal for Nova.

    Args:
        service: Nova.
        wishes: what is told.
        interval: seconds between two requests, so that more goes with one.
        timeout: seconds that one request takes at most.
    """

    def handle(entries: Sequence[Entry]) -> float:
        events = [event for entry in entries for event in events_of(entry, wishes)]
        if not events:
            return 0
        deliver(service, PATH, events, settled=_no_use)
        return interval if len(entries) < _AT_ONCE else 0

    return Follower(name=NAME, handle=handle, lease=timeout * _REQUESTS_PER_LEASE, batch=_AT_ONCE)


def _no_use(answer: Answer) -> bool:
    """Log what Nova has no use for; whether that is so for all that it was told.

    It answers for each event, with 404 for a server that is gone and 422 for one without a host.
    """
    if answer.status == HTTPStatus.NOT_FOUND and answer.document is not None:
        LOG.info("Nova knows none of the servers: %s", answer.text)
        return True
    if answer.status < HTTPStatus.MULTIPLE_CHOICES:
        for event in (answer.document or {}).get("events", ()):
            if event.get("code", HTTPStatus.OK) != HTTPStatus.OK:
                LOG.info("Nova has no use for %s", event)
    return False
