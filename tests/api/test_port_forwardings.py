"""Port forwardings through the application: ranges, what keeps what from going, what follows.

Statuses, error types and the order of checks are those of Neutron, as observed.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.client import Answer, Api
from tests.api.conftest import MakeApi
from tests.api.test_floating_ips import NOWHERE, Places, a_network, subnets, the_places

BAD = (400, "BadRequest")
NOT_FOUND = (404, "PortForwardingNotFound")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarder:
    """A floating IP that leads nowhere yet, and a port with two addresses."""

    places: Places
    floating_ip: str
    port: str

    @property
    def api(self) -> Api:
        return self.places.api

    @property
    def path(self) -> str:
        return f"/floatingips/{self.floating_ip}/port_forwardings"

    def post(self, **values: Any) -> Answer:
        body = {
            "protocol": "tcp",
            "internal_port_id": self.port,
            "internal_ip_address": "10.1.0.20",
            **values,
        }
        return self.api.call("POST", self.path, {"port_forwarding": body})

    def make(self, internal: int, external: int, **values: Any) -> dict[str, Any]:
        answer = self.post(internal_port=internal, external_port=external, **values)
        assert answer.status == 201, answer
        return dict(answer.body["port_forwarding"])

    def put(self, forwarding: dict[str, Any], **changes: Any) -> Answer:
        return self.api.call("PUT", f"{self.path}/{forwarding['id']}", {"port_forwarding": changes})

    def get(self, query: str = "") -> list[dict[str, Any]]:
        answer = self.api.call("GET", f"{self.path}?{query}")
        assert answer.status == 200, answer
        return list(answer.body["port_forwardings"])

    def shown(self) -> dict[str, Any]:
        return self.api.show("floatingip", self.floating_ip)


@pytest.fixture
def forwarder(api: Api) -> Forwarder:
    places = the_places(api)
    return Forwarder(
        places=places,
        floating_ip=places.floating_ip()["id"],
        port=places.port("10.1.0.20", "10.1.0.21"),
    )


def test_its_extensions_are_there_and_bring_routers(make_api: MakeApi) -> None:
    own = {
        "expose-port-forwarding-in-fip",
        "floating-ip-port-forwarding",
        "floating-ip-port-forwarding-description",
        "floating-ip-port-forwarding-detail",
        "floating-ip-port-forwarding-port-ranges",
    }
    alone = make_api(DEFAULT={"service_plugins": "port_forwarding"})
    assert {one["alias"] for one in alone.list("extension")} >= own | {"router"}
    without = make_api(DEFAULT={"service_plugins": "router"})
    assert not own & {one["alias"] for one in without.list("extension")}
    places = the_places(without)
    made = places.floating_ip()
    assert "port_forwardings" not in made
    assert without.call("GET", f"/floatingips/{made['id']}/port_forwardings").status == 404


def test_the_life_of_one(forwarder: Forwarder) -> None:
    made = forwarder.make(80, 8080, description="d")
    assert made == {
        "id": made["id"],
        "protocol": "tcp",
        "internal_port_id": forwarder.port,
        "internal_ip_address": "10.1.0.20",
        "internal_port": 80,
        "internal_port_range": "80:80",
        "external_port": 8080,
        "external_port_range": "8080:8080",
        "description": "d",
    }
    path = f"{forwarder.path}/{made['id']}"
    assert forwarder.api.call("GET", path).body["port_forwarding"] == made
    assert forwarder.get() == [made]
    floating_ip = forwarder.shown()
    in_it = ("id", "protocol", "internal_ip_address", "internal_port_id", "internal_port")
    assert floating_ip["port_forwardings"] == [
        {name: made[name] for name in (*in_it, "external_port")}
    ]
    leads = (floating_ip["router_id"], floating_ip["port_id"], floating_ip["revision_number"])
    assert leads == (forwarder.places.router, None, 1)
    changed = forwarder.put(made, description="x", external_port=8081)
    assert changed.body["port_forwarding"] == made | {
        "description": "x",
        "external_port": 8081,
        "external_port_range": "8081:8081",
    }
    assert forwarder.put(made, description="x").status == 200
    assert forwarder.shown()["revision_number"] == 2
    assert forwarder.api.call("DELETE", path).status == 204
    left = forwarder.shown()
    state = (left["router_id"], left["port_forwardings"], left["revision_number"])
    assert state == (None, [], 3)
    assert forwarder.api.call("DELETE", path).refused == NOT_FOUND


def test_a_description_may_be_longer_than_others(forwarder: Forwarder) -> None:
    long = "x" * 1024
    made = forwarder.make(22, 2222, description=long)
    assert made["description"] == long
    refused = forwarder.post(internal_port=23, external_port=2323, description=long + "x").refused
    assert refused == (400, "HTTPBadRequest")


def test_ranges(forwarder: Forwarder) -> None:
    many = forwarder.post(internal_port_range="100:110", external_port_range="1000:1010")
    made = many.body["port_forwarding"]
    assert (many.status, made["internal_port"], made["external_port"]) == (201, None, None)
    assert forwarder.post(internal_port=500, external_port_range="5000:5002").status == 201
    assert forwarder.post(internal_port_range="510", external_port_range="5010").status == 201
    both = forwarder.post(internal_port=1, internal_port_range="2:2", external_port=9000)
    assert both.body["port_forwarding"]["internal_port_range"] == "1:1"
    shown = forwarder.shown()["port_forwardings"]
    assert [one for one in shown if one["id"] == made["id"]] == [
        {
            "id": made["id"],
            "protocol": "tcp",
            "internal_ip_address": "10.1.0.20",
            "internal_port_id": forwarder.port,
        }
    ]
    for wrong in (
        {"internal_port_range": "300:310", "external_port_range": "3000:3005"},
        {"internal_port_range": "105:107", "external_port_range": "4000:4002"},  # taken inside
        {"internal_port_range": "400:405", "external_port_range": "1005:1010"},  # and outside
        {"internal_port": 7},
        {"external_port": 7},
        {},
    ):
        assert forwarder.post(**wrong).refused == BAD, wrong
    for malformed in (
        {"internal_port": 0, "external_port": 1},
        {"internal_port": 70000, "external_port": 1},
        {"internal_port_range": "9:8", "external_port_range": "8:9"},
        {"internal_port": 1, "external_port": 2, "protocol": "6"},
    ):
        assert forwarder.post(**malformed).refused == (400, "HTTPBadRequest"), malformed


def test_ports_that_overlap(forwarder: Forwarder) -> None:
    first = forwarder.make(80, 8080)
    assert forwarder.post(internal_port=80, external_port=8081).refused == BAD
    assert forwarder.post(internal_port=81, external_port=8080).refused == BAD
    forwarder.make(80, 8080, protocol="udp")
    second = forwarder.make(80, 8081, internal_ip_address="10.1.0.21")
    assert forwarder.put(second, external_port=8080).refused == BAD
    assert forwarder.put(second, internal_ip_address="10.1.0.20").refused == BAD
    assert forwarder.put(first, protocol="udp").refused == BAD
    assert forwarder.put(first, internal_port_range="80:82").refused == BAD
    wider = {"internal_port_range": "80:82", "external_port_range": "90:92"}
    assert forwarder.put(first, **wider).body["port_forwarding"]["external_port"] is None
    elsewhere = forwarder.places.floating_ip()["id"]
    other = Forwarder(places=forwarder.places, floating_ip=elsewhere, port=forwarder.port)
    assert other.post(internal_port=81, external_port=8080).refused == BAD
    other.make(83, 8080)


def test_ports_to_which_none_can_lead(forwarder: Forwarder) -> None:
    api, places = forwarder.api, forwarder.places
    there = {"internal_port": 1, "external_port": 1}

    def refused(port: str, address: str) -> tuple[int, str | None]:
        return forwarder.post(**there, internal_port_id=port, internal_ip_address=address).refused

    assert refused(NOWHERE, "10.1.0.20") == (404, "PortNotFound")
    assert refused(forwarder.port, "10.1.0.99") == BAD
    assert refused(places.port("10.2.0.9", network=places.alone), "10.2.0.9") == BAD
    forwarder.make(80, 8080)
    other = api.create("router", external_gateway_info={"network_id": places.outside})["id"]
    assert places.act("add", other, subnets(api, places.alone)[0])[0] == 200
    by_other = places.port("10.2.0.10", network=places.alone)
    assert refused(by_other, "10.2.0.10") == BAD  # not by the router of the floating IP
    whole = places.port("10.1.0.50")
    places.floating_ip(port_id=whole)
    assert refused(whole, "10.1.0.50") == (409, "PortHasBindingFloatingIP")
    missing = api.call("POST", f"/floatingips/{NOWHERE}/port_forwardings", {"port_forwarding": {}})
    assert missing.status in (400, 404)


def test_a_floating_ip_leads_to_a_port_or_forwards(forwarder: Forwarder) -> None:
    api, places = forwarder.api, forwarder.places
    whole = places.floating_ip(port_id=places.port("10.1.0.50"))["id"]
    other = Forwarder(places=places, floating_ip=whole, port=forwarder.port)
    taken = (409, "FloatingIPPortAlreadyAssociated")
    assert other.post(internal_port=1, external_port=1).refused == taken
    made = forwarder.make(80, 8080)
    spare = places.port("10.1.0.51")
    in_use = (409, "FipInUseByPortForwarding")
    assert api.refuse_update("floatingip", forwarder.floating_ip, port_id=spare) == in_use
    assert api.refuse_delete("floatingip", forwarder.floating_ip) == in_use
    kept = api.update("floatingip", forwarder.floating_ip, port_id=None, description="x")
    assert kept["router_id"] == places.router
    assert len(kept["port_forwardings"]) == 1
    (subnet,) = subnets(api, places.inside)
    in_use = (409, "RouterInterfaceInUseByFloatingIP")
    api.update("floatingip", whole, port_id=None)
    assert places.act("remove", places.router, subnet) == in_use
    assert api.call("DELETE", f"{forwarder.path}/{made['id']}").status == 204
    assert api.update("floatingip", forwarder.floating_ip, port_id=spare)["port_id"] == spare


def test_distributed_routers(forwarder: Forwarder) -> None:
    """They lead on the host of the port: not to ports that bridges do not have, nor both ways."""
    api, places = forwarder.api, forwarder.places
    gateway = {"external_gateway_info": {"network_id": places.outside}}
    router = api.create("router", distributed=True, **gateway)["id"]
    assert places.act("add", router, subnets(api, places.alone)[0])[0] == 200
    port = places.port("10.2.0.10", network=places.alone)
    forwarder.make(80, 8080, internal_port_id=port, internal_ip_address="10.2.0.10")
    assert places.refuse(port_id=port) == (400, "PortHasPortForwarding")
    direct = places.port(network=places.alone, **{"binding:vnic_type": "direct"})
    assert places.refuse(port_id=direct) == BAD
    plain = places.port("10.2.0.11", network=places.alone)
    assert places.floating_ip(port_id=plain)["router_id"] == router
    # by any other router both may lead to a port
    inside = Forwarder(places=places, floating_ip=places.floating_ip()["id"], port=forwarder.port)
    inside.make(81, 8081)
    lead = {"port_id": forwarder.port, "fixed_ip_address": "10.1.0.21"}
    assert places.floating_ip(**lead)["router_id"] == places.router


def test_they_go_with_what_they_lead_to(forwarder: Forwarder) -> None:
    api = forwarder.api
    forwarder.make(80, 8080)
    second = forwarder.make(81, 8081, internal_ip_address="10.1.0.21")
    api.update("port", forwarder.port, name="n", fixed_ips=[{"ip_address": "10.1.0.21"}])
    assert forwarder.get() == [second]
    before = forwarder.shown()
    api.delete("port", forwarder.port)
    assert forwarder.get() == []
    after = forwarder.shown()
    assert after["router_id"] is None
    assert after["revision_number"] == before["revision_number"] + 1
    api.delete("floatingip", forwarder.floating_ip)


def test_another_port(forwarder: Forwarder) -> None:
    made = forwarder.make(80, 8080)
    other = forwarder.places.port("10.1.0.60")
    moved = forwarder.put(made, internal_port_id=other).body["port_forwarding"]
    assert (moved["internal_port_id"], moved["internal_ip_address"]) == (other, "10.1.0.60")
    assert forwarder.put(made, internal_port_id=NOWHERE).refused == (404, "PortNotFound")
    assert forwarder.put(made, internal_ip_address="10.1.0.20").refused == BAD
    assert forwarder.put({"id": NOWHERE}, description="x").refused == NOT_FOUND


def test_lists(forwarder: Forwarder) -> None:
    for port in (3, 1, 2):
        forwarder.make(port, port + 10, protocol="udp" if port == 3 else "tcp")
    wide = forwarder.post(internal_port_range="20:22", external_port_range="30:32")
    assert wide.status == 201

    def found(query: str) -> list[str]:
        return [one["external_port_range"] for one in forwarder.get(query)]

    order = "sort_key=external_port&sort_dir="
    assert found(f"{order}desc") == ["30:32", "13:13", "12:12", "11:11"]
    first = forwarder.get(f"{order}asc&limit=1")[0]["id"]
    assert found(f"{order}asc&limit=1&marker={first}") == ["12:12"]
    assert found("protocol=udp") == found("external_port=13") == ["13:13"]
    assert found("external_port=30") == found("external_port=x") == []
    assert found("external_port_range=30:32") == ["30:32"]
    assert forwarder.get("fields=external_port&external_port=11") == [{"external_port": 11}]
    for name in ("internal_port", "internal_ip_address", "internal_port_range", "foo"):
        assert forwarder.api.call("GET", f"{forwarder.path}?{name}=1").status == 400


def test_many_at_once(forwarder: Forwarder) -> None:
    body = {
        "protocol": "tcp",
        "internal_port_id": forwarder.port,
        "internal_ip_address": "10.1.0.20",
    }
    wanted = [{**body, "internal_port": port, "external_port": port} for port in (1, 2)]
    twice = [*wanted, {**body, "internal_port": 2, "external_port": 3}]
    post = {"port_forwardings": twice}
    assert forwarder.api.call("POST", forwarder.path, post).refused == BAD
    assert forwarder.get() == []
    answer = forwarder.api.call("POST", forwarder.path, {"port_forwardings": wanted})
    assert answer.status == 201
    assert [one["external_port"] for one in answer.body["port_forwardings"]] == [1, 2]
    assert forwarder.shown()["revision_number"] == 1


def test_other_projects(forwarder: Forwarder) -> None:
    api, places = forwarder.api, forwarder.places
    made = forwarder.make(80, 8080)
    member = api.as_project("someone")
    for method, path, body in (
        ("GET", forwarder.path, None),
        ("GET", f"{forwarder.path}/{made['id']}", None),
        ("PUT", f"{forwarder.path}/{made['id']}", {"port_forwarding": {"description": "x"}}),
        ("DELETE", f"{forwarder.path}/{made['id']}", None),
    ):
        assert member.call(method, path, body).status == 404
    own = member.create("floatingip", floating_network_id=places.outside)["id"]
    path = f"/floatingips/{own}/port_forwardings"
    body = {
        "protocol": "tcp",
        "internal_port_id": forwarder.port,
        "internal_ip_address": "10.1.0.20",
        "internal_port": 9,
        "external_port": 9,
    }
    answer = member.call("POST", path, {"port_forwarding": body})
    assert answer.refused == (404, "PortNotFound")
    shared = a_network(api, "10.9.0.0/24", shared=True)
    assert places.act("add", places.router, subnets(api, shared)[0])[0] == 200
    port = member.create("port", network_id=shared)
    body["internal_port_id"] = port["id"]
    body["internal_ip_address"] = port["fixed_ips"][0]["ip_address"]
    assert member.call("POST", path, {"port_forwarding": body}).status == 201
    assert len(member.call("GET", path).body["port_forwardings"]) == 1
