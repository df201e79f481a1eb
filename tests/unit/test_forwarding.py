"""What hosts are told of where the ports of tunnelled networks are."""

from collections.abc import Sequence
from typing import Any

import pytest

from deuteron.core.followers import Entry
from deuteron.core.forwarding import Informed, Message, moves, told
from deuteron.db.forwarding import Placed, Tunnel, key_of
from deuteron.ml2.forwarding_entries import Endpoint, Method

FLOOD = ["00:00:00:00:00:00", "0.0.0.0"]
VXLAN = Tunnel("vxlan", 77)
ENDPOINTS = {
    host: Endpoint(host=host, tunneling_ip=f"192.0.2.{host[1:]}", network_types=("vxlan",))
    for host in ("h1", "h2", "h3")
}
DVR = "network:router_interface_distributed"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class World:
    """Ports of one network, and what happens to them."""

    def __init__(self) -> None:
        self.ports: dict[str, dict[str, Any]] = {}
        self.entries: list[Entry] = []
        self.clock = Clock()
        self.informed = Informed(self.clock)
        self.tunnels: dict[str, Sequence[Tunnel]] = {"n1": [VXLAN]}
        self.tunnel_of: dict[str, Tunnel] = {}

    def port(
        self,
        name: str,
        host: str,
        *addresses: str,
        owner: str = "compute:x",
        tunnel: Tunnel = VXLAN,
    ) -> None:
        """A port comes up."""
        self.tunnel_of[name] = tunnel
        self.ports[name] = {
            "id": name,
            "network_id": "n1",
            "mac_address": f"mac-{name}",
            "device_owner": owner,
            "status": "DOWN",
            "fixed_ips": [{"ip_address": one} for one in addresses or (f"10.0.0.{name[1:]}",)],
            "binding:host_id": host,
        }
        self.change(name, status="ACTIVE")

    def change(self, name: str, event: str = "update", **changes: Any) -> None:
        port = self.ports[name]
        names = {key.replace("host", "binding:host_id"): value for key, value in changes.items()}
        self._note(event, {**port, **names}, was={key: port[key] for key in names})
        port.update(names)

    def delete(self, name: str) -> None:
        self._note("delete", self.ports.pop(name))

    def refresh(self, name: str) -> None:
        self._note("refresh", self.ports[name])

    def _note(self, event: str, port: dict[str, Any], **more: Any) -> None:
        details = {key: value for key, value in port.items() if key not in ("id", "fixed_ips")}
        if event == "delete":
            details["fixed_ips"] = port["fixed_ips"]
        entry = Entry(
            seq=len(self.entries) + 1,
            at="",
            resource="port",
            resource_id=port["id"],
            event=event,
            project_id="p",
            request_id="",
            actor="",
            details={**details, **more},
        )
        self.entries.append(entry)

    def told(self) -> list[Message]:
        entries, self.entries = self.entries, []
        placed = {
            key_of(name, port["binding:host_id"], port["device_owner"]): Placed(
                id=name,
                network_id="n1",
                host=port["binding:host_id"],
                mac_address=port["mac_address"],
                device_owner=port["device_owner"],
                tunnel=self.tunnel_of[name],
                ip_addresses=tuple(one["ip_address"] for one in port["fixed_ips"]),
            )
            for name, port in self.ports.items()
            if port["status"] == "ACTIVE"
        }
        return told(
            moves(entries, self.ports),
            placed=placed,
            tunnels=self.tunnels,
            endpoints=ENDPOINTS,
            informed=self.informed,
        )

    def short(self) -> list[tuple[str, str | None, dict[str, Any]]]:
        """Method, host, and what is in the entries of the network."""
        return [(one.method, one.host, one.entries["n1"]["ports"]) for one in self.told()]


@pytest.fixture
def world() -> World:
    return World()


def pair(name: str, address: str | None = None) -> list[str]:
    return [f"mac-{name}", address or f"10.0.0.{name[1:]}"]


def test_the_first_port_of_a_host_learns_of_all_others_and_makes_itself_known(world):
    world.port("p2", "h2", "10.0.0.2", "10.0.0.3")
    world.told()
    world.port("p1", "h1")
    directed, to_all = world.told()
    assert directed == Message(
        method=Method.ADD,
        host="h1",
        entries={
            "n1": {
                "network_type": "vxlan",
                "segment_id": 77,
                "ports": {"192.0.2.2": [FLOOD, pair("p2"), pair("p2", "10.0.0.3")]},
            }
        },
    )
    assert (to_all.host, to_all.entries["n1"]["ports"]) == (
        None,
        {"192.0.2.1": [FLOOD, pair("p1")]},
    )


def test_the_first_port_of_a_network_tells_only_of_itself(world):
    world.port("p1", "h1")
    assert world.short() == [("add_fdb_entries", None, {"192.0.2.1": [FLOOD, pair("p1")]})]


def test_the_second_port_counts_as_the_first_and_further_ones_tell_their_addresses_only(world):
    world.port("p9", "h2")
    for name in ("p1", "p2"):
        world.port(name, "h1")
        world.told()
    world.change("p2", status="DOWN")
    world.told()
    world.port("p2", "h1")
    assert [host for _, host, _ in world.short()] == ["h1", None]
    world.port("p3", "h1")
    assert world.short() == [("add_fdb_entries", None, {"192.0.2.1": [pair("p3")]})]


def test_many_ports_at_once_are_one_message_for_each_host_and_one_for_all(world):
    for number in range(1, 9):
        world.port(f"p{number}", "h1" if number % 2 else "h2")
    to_first, to_second, to_all = world.short()
    odd, even = ([pair(f"p{n}") for n in range(first, 9, 2)] for first in (1, 2))
    assert to_first == ("add_fdb_entries", "h1", {"192.0.2.2": [FLOOD, *even]})
    assert to_second == ("add_fdb_entries", "h2", {"192.0.2.1": [FLOOD, *odd]})
    assert to_all[1:] == (None, {"192.0.2.1": [FLOOD, *odd], "192.0.2.2": [FLOOD, *even]})


def test_who_has_many_ports_already_learns_of_others_from_a_process_that_told_it_nothing(world):
    for number in range(1, 6):
        world.port(f"p{number}", "h1")
    world.port("p9", "h2")
    world.entries = world.entries[:1]  # the rest is to be read yet
    assert [host for _, host, _ in world.short()] == ["h1", None]


def test_a_restarted_agent_gets_everything_again_once(world):
    for number in range(1, 6):
        world.port(f"p{number}", "h1")
    world.port("p9", "h2")
    world.told()
    world.clock.now += 60
    world.refresh("p1")
    directed, to_all = world.short()
    assert directed == ("add_fdb_entries", "h1", {"192.0.2.2": [FLOOD, pair("p9")]})
    assert to_all[2] == {"192.0.2.1": [FLOOD, *(pair(f"p{n}") for n in range(1, 6))]}
    world.clock.now += 1
    world.refresh("p2")  # with the next of its reports
    assert world.told() == []
    world.clock.now += 60
    world.refresh("p2")
    assert len(world.told()) == 2


def test_a_port_that_is_everywhere_is_flooded_to_but_has_no_address_of_a_place(world):
    world.port("p8", "h2", owner=DVR)
    assert world.short() == [("add_fdb_entries", None, {"192.0.2.2": [FLOOD]})]
    world.port("p1", "h1")
    assert world.short()[0][2] == {"192.0.2.2": [FLOOD]}


@pytest.mark.parametrize("end", ["delete", "down", "failed"])
def test_the_last_port_of_a_host_takes_the_flooding_with_it(world, end):
    world.port("p1", "h1")
    world.port("p2", "h1")
    world.told()

    def leave(name: str) -> None:
        if end == "delete":
            world.delete(name)
        else:
            world.change(name, status="DOWN" if end == "down" else "ERROR")

    leave("p1")
    assert world.short() == [("remove_fdb_entries", None, {"192.0.2.1": [pair("p1")]})]
    leave("p2")
    assert world.short() == [("remove_fdb_entries", None, {"192.0.2.1": [FLOOD, pair("p2")]})]


def test_a_port_that_is_asked_for_only_stays_where_it_was(world):
    world.port("p1", "h1")
    world.told()
    world.change("p1", status="BUILD")
    assert world.told() == []
    world.change("p1", status="DOWN")
    assert [method for method, _, _ in world.short()] == ["remove_fdb_entries"]


def test_a_port_that_was_down_in_between_is_told_as_it_is(world):
    world.port("p1", "h1")
    world.told()
    world.change("p1", status="DOWN")
    world.change("p1", status="ACTIVE")
    assert world.short() == [("add_fdb_entries", None, {"192.0.2.1": [FLOOD, pair("p1")]})]
    world.port("p2", "h1")
    world.delete("p2")
    assert world.short() == [("remove_fdb_entries", None, {"192.0.2.1": [pair("p2")]})]


def test_a_port_that_moved_is_taken_from_its_old_host_first(world):
    world.port("p1", "h1")
    world.told()
    world.change("p1", "activate", host="h2", status="DOWN")
    world.change("p1", status="ACTIVE")
    assert world.short() == [
        ("remove_fdb_entries", None, {"192.0.2.1": [FLOOD, pair("p1")]}),
        ("add_fdb_entries", None, {"192.0.2.2": [FLOOD, pair("p1")]}),
    ]


def test_another_mac_address_takes_the_old_one_away(world):
    world.port("p1", "h1")
    world.told()
    world.change("p1", mac_address="other")
    assert world.short() == [
        ("remove_fdb_entries", None, {"192.0.2.1": [pair("p1")]}),
        ("add_fdb_entries", None, {"192.0.2.1": [FLOOD, ["other", "10.0.0.1"]]}),
    ]


def test_changed_addresses_are_told_as_before_and_after(world):
    world.port("p1", "h1", "10.0.0.1", "10.0.0.2")
    world.told()
    world.change("p1", fixed_ips=[{"ip_address": "10.0.0.9"}])
    world.change("p1", fixed_ips=[{"ip_address": "10.0.0.2"}, {"ip_address": "10.0.0.3"}])
    (message,) = world.told()
    assert message == Message(
        method=Method.UPDATE,
        entries={
            "chg_ip": {
                "n1": {
                    "192.0.2.1": {"before": [pair("p1")], "after": [pair("p1", "10.0.0.3")]},
                }
            }
        },
    )
    world.change("p1", fixed_ips=[])
    world.delete("p1")
    (message,) = world.told()
    assert message.entries["n1"]["ports"]["192.0.2.1"] == [
        FLOOD,
        pair("p1", "10.0.0.2"),
        pair("p1", "10.0.0.3"),
    ]


def test_hosts_that_have_no_such_tunnels_are_told_nothing_of(world):
    world.port("p1", "h9")
    world.tunnels["n1"] = [Tunnel("gre", 1)]
    world.port("p2", "h2", tunnel=Tunnel("gre", 1))
    world.delete("p2")
    assert world.told() == []


def test_the_tunnels_of_one_network_do_not_mix(world):
    other = Tunnel("vxlan", 78)
    world.tunnels["n1"] = [VXLAN, other]
    world.port("p3", "h3", tunnel=other)
    world.port("p2", "h2")
    world.told()
    world.port("p1", "h1")
    directed, to_all = world.told()
    assert directed.entries["n1"]["segment_id"] == to_all.entries["n1"]["segment_id"] == 77
    assert directed.entries["n1"]["ports"] == {"192.0.2.2": [FLOOD, pair("p2")]}
    world.delete("p1")  # which of them it was on nobody knows any more
    messages = world.told()
    assert [one.entries["n1"]["segment_id"] for one in messages] == [77, 78]


def _doubtful(world):
    """Who is told again within the next seconds."""
    world.clock.now += 5
    found = world.informed.doubts.due()
    world.informed.doubts.settle(found)
    return found


@pytest.mark.parametrize("end", ["delete", "down"])
def test_hosts_that_lose_a_network_while_another_begins_are_told_of_that_again(world, end):
    world.port("p1", "h1")
    world.port("p2", "h2")
    world.port("p3", "h2")
    world.told()
    assert _doubtful(world) == set()
    world.clock.now += 60
    if end == "delete":
        world.delete("p1")
    else:
        world.change("p1", status="DOWN")
    world.told()
    world.informed.doubts.begun("n2", ["h1", "h2", "h3"])
    assert _doubtful(world) == {("n2", "h1"), ("n2", "h2")}


def test_who_begins_makes_all_doubt_that_lose_something(world):
    world.port("p1", "h1")
    world.port("p2", "h2")
    world.told()
    world.informed.doubts.lost(["h1", "h2", "h3"])
    assert _doubtful(world) == {("n1", "h1"), ("n1", "h2")}


def test_a_port_that_was_not_the_last_one_takes_no_tunnel(world):
    for name in ("p1", "p2"):
        world.port(name, "h1")
    world.told()
    world.clock.now += 60
    world.delete("p1")
    world.told()
    world.informed.doubts.begun("n2", ["h1"])
    assert _doubtful(world) == set()


def test_a_network_that_is_gone_took_its_tunnels_with_it(world):
    world.port("p1", "h1")
    world.change("p1", status="DOWN")
    world.told()
    world.clock.now += 60
    world.tunnels.clear()
    world.delete("p1")
    assert world.told() == []
    world.informed.doubts.begun("n2", ["h1"])
    assert _doubtful(world) == {("n2", "h1")}
