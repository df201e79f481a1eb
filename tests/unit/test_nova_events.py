"""Which change of a port makes which event for Nova and Ironic, and what becomes of the answers."""

from collections.abc import Mapping
from typing import Any

import pytest

from deuteron.core.followers import NotDelivered
from deuteron.db.journal import Entry
from deuteron.notifiers import ironic
from deuteron.notifiers.nova import Wishes, events_of, follower
from deuteron.notifiers.service import Answer

SERVER = "7b1d7d2e-6a0f-4e6f-9a35-9df7a1d8b6d1"
PORT = "port-1"
ALL = Wishes()


def an_entry(event: str = "update", was: Mapping[str, str] | None = None, **port: str) -> Entry:
    details: dict[str, Any] = {"device_id": SERVER, "device_owner": "compute:nova", **port}
    details.setdefault("status", "DOWN")
    if was is not None:
        details["was"] = was
    return entry_of(event, details)


def entry_of(event: str, details: Mapping[str, Any] | None, resource: str = "port") -> Entry:
    return Entry(
        seq=1,
        at="2014-06-04T12:00:00Z",
        resource=resource,
        resource_id=PORT,
        event=event,
        project_id="p",
        request_id="req-1",
        actor="u",
        details=details,
    )


def a_transition(before: str, after: str, event: str = "status") -> Entry:
    return an_entry(event, {"status": before}, status=after)


def told(name: str, status: str | None = None) -> dict[str, str]:
    event = {"name": name, "server_uuid": SERVER, "tag": PORT}
    return event if status is None else {**event, "status": status}


def test_a_floating_ip_concerns_the_servers_it_leads_to() -> None:
    server = {"id": PORT, "device_id": SERVER, "device_owner": "compute:nova"}
    load_balancer = {**server, "device_owner": "Octavia"}
    other = {**server, "id": "port-2"}

    def events(*ports: dict[str, str], event: str = "update", **wishes: bool) -> list[Any]:
        details = {"routers": ["r"], "ports": list(ports)}
        return events_of(entry_of(event, details, "floatingip"), Wishes(**wishes))

    changed = told("network-changed")
    assert events(server, event="create") == events(server, event="delete") == [changed]
    assert events(server, other) == [changed, changed | {"tag": "port-2"}]
    assert events() == events(load_balancer) == events(server, data=False) == []
    assert events_of(entry_of("status", {"status": "ACTIVE"}, "floatingip"), ALL) == []


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        ("DOWN", "ACTIVE", told("network-vif-plugged", "completed")),
        ("BUILD", "ACTIVE", told("network-vif-plugged", "completed")),
        ("DOWN", "ERROR", told("network-vif-plugged", "failed")),
        ("BUILD", "ERROR", told("network-vif-plugged", "failed")),
        ("ACTIVE", "DOWN", told("network-vif-unplugged", "completed")),
        ("ACTIVE", "ERROR", None),
        ("ACTIVE", "BUILD", None),
        ("BUILD", "DOWN", None),
        ("ERROR", "ACTIVE", None),
        ("ERROR", "DOWN", None),
    ],
)
def test_transitions(before: str, after: str, event: dict[str, str] | None) -> None:
    assert events_of(a_transition(before, after), ALL) == ([] if event is None else [event])


def test_a_port_that_is_wired_where_it_will_move_to_is_plugged() -> None:
    plugged = [told("network-vif-plugged", "completed")]
    assert events_of(an_entry("plugged", status="ACTIVE"), ALL) == plugged
    assert events_of(an_entry("plugged", status="ACTIVE"), Wishes(status=False)) == []


@pytest.mark.parametrize("event", ["bind", "unbind", "activate", "status", "refresh"])
def test_only_the_verbs_of_the_api_are_changes(event: str) -> None:
    assert events_of(an_entry(event), ALL) == []


def test_an_update_is_a_change_after_what_it_did_to_the_status() -> None:
    assert events_of(an_entry("update"), ALL) == [told("network-changed")]
    assert events_of(a_transition("ACTIVE", "DOWN", "update"), ALL) == [
        told("network-vif-unplugged", "completed"),
        told("network-changed"),
    ]


def test_a_port_that_is_gone_is_told() -> None:
    assert events_of(an_entry("delete", status="ACTIVE"), ALL) == [told("network-vif-deleted")]


@pytest.mark.parametrize(
    "port",
    [
        {"device_owner": "network:dhcp"},
        {"device_owner": ""},
        {"device_owner": "baremetal:none"},
        {"device_id": ""},
        {"device_id": "reserved_dhcp_port"},
        {"device_id": "7b1d7d2e-6a0f-4e6f-9a35"},
    ],
)
def test_ports_of_others_are_no_matter_of_nova(port: dict[str, str]) -> None:
    for event in ("update", "delete"):
        assert events_of(an_entry(event, {"status": "DOWN"}, status="ACTIVE", **port), ALL) == []


def test_what_is_not_a_port_or_was_noted_without_details_tells_nothing() -> None:
    assert events_of(entry_of("update", None), ALL) == []
    assert events_of(entry_of("delete", {"status": "ACTIVE"}, resource="network"), ALL) == []


def test_a_site_may_wish_less() -> None:
    plugged, deleted = a_transition("DOWN", "ACTIVE", "update"), an_entry("delete")
    status, data = Wishes(data=False), Wishes(status=False)
    assert [one["name"] for one in events_of(plugged, status)] == ["network-vif-plugged"]
    assert [one["name"] for one in events_of(plugged, data)] == ["network-changed"]
    assert events_of(deleted, status) == []
    assert len(events_of(deleted, data)) == 1


# --- ironic


def a_machine(event: str, was: str = "", status: str = "ACTIVE", **port: str) -> Entry:
    details = {
        "device_id": SERVER,
        "device_owner": "baremetal:none",
        "binding:vnic_type": "baremetal",
        "binding:host_id": SERVER,
        "mac_address": "fa:16:3e:00:00:01",
        "status": status,
        "was": {"status": was} if was else {},
        **port,
    }
    return entry_of(event, details)


@pytest.mark.parametrize(
    ("entry", "event", "status"),
    [
        (a_machine("status", "DOWN", "ACTIVE"), "network.bind_port", "ACTIVE"),
        (a_machine("bind", "DOWN", "ERROR"), "network.bind_port", "ERROR"),
        (a_machine("update", "ACTIVE", "DOWN"), "network.unbind_port", "DOWN"),
        (a_machine("status", "ACTIVE", "ERROR"), "network.unbind_port", "ERROR"),
        (a_machine("delete"), "network.delete_port", "DELETED"),
    ],
)
def test_ironic_is_told_of_machines(entry: Entry, event: str, status: str) -> None:
    assert ironic.event_of(entry) == {
        "event": event,
        "port_id": PORT,
        "mac_address": "fa:16:3e:00:00:01",
        "status": status,
        "device_id": SERVER,
        "binding:host_id": SERVER,
        "binding:vnic_type": "baremetal",
    }


def test_ironic_is_told_nothing_else() -> None:
    assert ironic.event_of(a_machine("update")) is None
    assert ironic.event_of(a_machine("status", "BUILD", "ACTIVE")) is None
    assert ironic.event_of(a_machine("delete", **{"binding:vnic_type": "normal"})) is None
    assert ironic.event_of(entry_of("update", None)) is None
    told_without_host = ironic.event_of(a_machine("delete", **{"binding:host_id": ""}))
    assert told_without_host is not None
    assert "binding:host_id" not in told_without_host


# --- what becomes of the answers


class Post:
    """Answers as it is told to; remembers the batches and how often it was to log in anew."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers)
        self.batches: list[list[str]] = []
        self.forgotten = 0

    def post(
        self, path: str, document: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Answer:
        assert headers is None
        assert path == "/os-server-external-events"
        self.batches.append([event["name"] for event in document["events"]])
        status, said = self.answers.pop(0) if self.answers else (200, {"events": []})
        return Answer(status=status, document=said, text="words")

    def forget(self) -> None:
        self.forgotten += 1


def handled(nova: Post, *entries: Entry) -> float:
    return follower(nova, ALL, interval=2, timeout=10).handle(entries)


CHANGE, PLUG = an_entry(), a_transition("DOWN", "ACTIVE")
NAMES = ["network-changed", "network-vif-plugged"]


def test_a_batch_goes_at_once_and_then_more_is_awaited() -> None:
    nova = Post()
    assert handled(nova, CHANGE, PLUG) == 2
    assert nova.batches == [NAMES]
    assert handled(nova, *[CHANGE] * 200) == 0, "more is waiting already"


def test_what_tells_nothing_costs_nothing() -> None:
    nova = Post()
    assert handled(nova, an_entry("bind")) == 0
    assert nova.batches == []


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (404, {"itemNotFound": {"message": "No instances found for any event", "code": 404}}),
        (207, {"events": [{**told("network-changed"), "status": "failed", "code": 422}]}),
        (200, None),
    ],
)
def test_what_nova_has_no_use_for_is_not_told_again(status: int, document: Any) -> None:
    nova = Post((status, document))
    handled(nova, CHANGE, PLUG)
    assert nova.batches == [NAMES]


@pytest.mark.parametrize("status", [401, 403, 409, 429, 500, 502, 503])
def test_what_nova_cannot_take_now_is_told_again(status: int) -> None:
    nova = Post((status, {}))
    with pytest.raises(NotDelivered, match=str(status)):
        handled(nova, CHANGE)
    assert nova.forgotten == 1


def test_a_page_that_is_not_novas_is_not_its_answer() -> None:
    with pytest.raises(NotDelivered):
        handled(Post((404, None)), CHANGE)


def test_one_that_nova_refuses_does_not_hold_up_the_others() -> None:
    nova = Post((400, {}), (400, {}), (200, {"events": []}))
    handled(nova, CHANGE, PLUG)
    assert nova.batches == [NAMES, NAMES[:1], NAMES[1:]]
