"""Real servers with several worker processes: of twenty requests at once one wins, none is lost."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.instances.service import Service
from tests.process.test_under_load import Client, at_once

pytestmark = pytest.mark.slow

TIMES = 20
Answer = tuple[int, Any]
Request = Callable[[Client], Answer]


class Site:
    """What may be asked by any of some servers with one database.

    Args:
        urls: of the servers.
    """

    def __init__(self, urls: list[str], client: Client) -> None:
        self.urls = urls
        self.client = client
        self.outside = self.network(**{"router:external": True})
        self.subnet(self.outside, "198.51.100.0/24")
        self.inside = self.network()
        self.of_inside = self.subnet(self.inside, "10.1.0.0/24")
        self.router = client.create(
            "router", external_gateway_info={"network_id": self.outside["id"]}
        )
        status, _ = self.act("add_router_interface", {"subnet_id": self.of_inside["id"]})(client)
        assert status == 200

    def network(self, **more: Any) -> dict[str, Any]:
        return self.client.create("network", **more)

    def subnet(self, network: dict[str, Any], cidr: str) -> dict[str, Any]:
        body = {"ip_version": 4, "enable_dhcp": False}
        return self.client.create("subnet", network_id=network["id"], cidr=cidr, **body)

    def port(self) -> dict[str, Any]:
        return self.client.create("port", network_id=self.inside["id"])

    def floating_ip(self) -> dict[str, Any]:
        return self.client.create("floatingip", floating_network_id=self.outside["id"])

    def act(self, action: str, body: Any, router: dict[str, Any] | None = None) -> Request:
        path = f"/routers/{(router or self.router)['id']}/{action}"
        return lambda client: client.call("PUT", path, body)

    def listed(self, path: str) -> list[dict[str, Any]]:
        _, document = self.client.call("GET", path)
        return next(list(found) for found in document.values())

    def answers(self, *requests: Request) -> list[Answer]:
        """What the requests are answered that are sent at once, to one server after the other."""
        return at_once(self.urls, requests)


def kinds(answers: list[Answer]) -> Counter[tuple[int, str | None]]:
    """How many there are of each status and type of error."""
    return Counter(
        (status, document["NeutronError"]["type"] if status >= 400 else None)
        for status, document in answers
    )


def one_wins(answers: list[Answer], status: int, *errors: str) -> Any:
    """The document of the one answer that is no error; all others are of these."""
    found = kinds(answers)
    assert found.pop((200, None)) == 1, answers
    assert {(status, error) for error in errors} >= found.keys(), answers
    return next(document for said, document in answers if said == 200)


def of_one_subnet(site: Site) -> None:
    subnet = site.subnet(site.network(), "10.2.0.0/24")
    join = site.act("add_router_interface", {"subnet_id": subnet["id"]})
    won = one_wins(site.answers(*[join] * TIMES), 400, "BadRequest")
    ports = site.listed(f"/ports?network_id={subnet['network_id']}")
    assert [port["id"] for port in ports] == [won["port_id"]]


def of_many_routers(site: Site) -> None:
    subnet = site.subnet(site.network(), "10.3.0.0/24")
    document = {"subnet_id": subnet["id"]}
    joins = [
        site.act("add_router_interface", document, site.client.create("router"))
        for _ in range(TIMES)
    ]
    won = one_wins(site.answers(*joins), 409, "IpAddressAlreadyAllocated")
    (port,) = site.listed(f"/ports?network_id={subnet['network_id']}")
    assert (port["id"], port["device_id"]) == (won["port_id"], won["id"])


def of_one_port(site: Site) -> None:
    port = site.port()
    wish = {"floatingip": {"port_id": port["id"]}}

    def lead(made: dict[str, Any]) -> Request:
        return lambda client: client.call("PUT", f"/floatingips/{made['id']}", wish)

    leads = [lead(site.floating_ip()) for _ in range(TIMES)]
    won = one_wins(site.answers(*leads), 409, "FloatingIPPortAlreadyAssociated")
    found = site.listed(f"/floatingips?port_id={port['id']}")
    assert [one["id"] for one in found] == [won["floatingip"]["id"]]


def of_one_floating_ip(site: Site) -> None:
    made = site.floating_ip()
    ports = [site.port() for _ in range(TIMES)]

    def lead(port: dict[str, Any]) -> Request:
        wish = {"floatingip": {"port_id": port["id"]}}
        return lambda client: client.call("PUT", f"/floatingips/{made['id']}", wish)

    answers = site.answers(*(lead(port) for port in ports))
    assert kinds(answers) == {(200, None): TIMES}, answers
    said = [document["floatingip"] for _, document in answers]
    assert len({one["revision_number"] for one in said}) == TIMES, "one after the other"
    (kept,) = site.listed(f"/floatingips?id={made['id']}")
    assert kept == max(said, key=lambda one: one["revision_number"]), "the last one stays"
    (port,) = (one for one in ports if one["id"] == kept["port_id"])
    assert kept["fixed_ip_address"] == port["fixed_ips"][0]["ip_address"]


def of_one_outside_port(site: Site) -> None:
    made, port = site.floating_ip(), site.port()
    wish = {
        "protocol": "tcp",
        "internal_port_id": port["id"],
        "internal_ip_address": port["fixed_ips"][0]["ip_address"],
        "external_port": 80,
    }
    path = f"/floatingips/{made['id']}/port_forwardings"

    def forward(internal: int) -> Request:
        body = {"port_forwarding": {**wish, "internal_port": internal}}
        return lambda client: client.call("POST", path, body)

    answers = site.answers(*(forward(internal) for internal in range(1, TIMES + 1)))
    assert kinds(answers) == {(201, None): 1, (400, "BadRequest"): TIMES - 1}, answers
    assert len(site.listed(path)) == 1


def of_routes(site: Site) -> None:
    routes = [
        {"destination": f"192.0.2.{number}/32", "nexthop": "10.1.0.9"} for number in range(TIMES)
    ]
    bodies = [{"router": {"routes": [route]}} for route in routes]
    answers = site.answers(*(site.act("add_extraroutes", body) for body in bodies))
    assert kinds(answers) == {(200, None): TIMES}, answers
    half = TIMES // 2
    more = {"router": {"routes": [{"destination": "192.0.2.99/32", "nexthop": "10.1.0.9"}]}}
    answers = site.answers(
        *(site.act("remove_extraroutes", body) for body in bodies[:half]),
        *[site.act("add_extraroutes", more)] * half,
    )
    assert kinds(answers) == {(200, None): TIMES}, answers
    (router,) = site.listed(f"/routers?id={site.router['id']}")
    kept = sorted(route["destination"] for route in router["routes"])
    assert kept == sorted(one["destination"] for one in (*routes[half:], *more["router"]["routes"]))


def of_one_topology(site: Site) -> None:
    site.client.call("PUT", f"/networks/{site.outside['id']}", {"network": {"is_default": True}})
    site.client.create(
        "subnetpool", name="pool", prefixes=["10.64.0.0/16"], default_prefixlen=26, is_default=True
    )
    path = "/auto-allocated-topology/blue"
    answers = site.answers(*[lambda client: client.call("GET", path)] * TIMES)
    assert kinds(answers) == {(200, None): TIMES}, answers
    (network,) = {document["auto_allocated_topology"]["id"] for _, document in answers}
    assert [one["id"] for one in site.listed("/networks?project_id=blue")] == [network]
    assert len(site.listed("/subnets?project_id=blue")) == 1
    assert len(site.listed("/routers?project_id=blue")) == 1
    gone = site.answers(*[lambda client: client.call("DELETE", path)] * TIMES)
    assert {status for status, _ in gone} == {204}, gone
    assert site.listed("/networks?project_id=blue") == site.listed("/routers?project_id=blue") == []


RACES = (
    of_one_subnet,
    of_many_routers,
    of_one_port,
    of_one_floating_ip,
    of_one_outside_port,
    of_routes,
    of_one_topology,
)


def a_service(url: str, workers: int, **database: object) -> Service:
    unlimited = dict.fromkeys(
        ("quota_port", "quota_router", "quota_floatingip", "quota_network", "quota_router_route"),
        -1,
    )
    return Service(
        {"quotas": unlimited, "database": {"connection": url, **database}}, workers=workers
    )


@pytest.fixture
def one_server(database_url: str) -> Iterator[Site]:
    """A server of three processes."""
    with a_service(database_url, 3).running() as service, Client(service.url) as client:
        yield Site([service.url], client)


@pytest.fixture
def two_servers(two_nodes: tuple[str, str]) -> Iterator[Site]:
    """A server of two processes on each node of a cluster."""
    with ExitStack() as stack:
        urls = [
            stack.enter_context(a_service(url, 2, mysql_wsrep_sync_wait=1).running()).url
            for url in two_nodes
        ]
        yield Site(urls, stack.enter_context(Client(urls[0])))


def test_of_many_requests_at_once_one_wins(one_server: Site) -> None:
    for race in RACES:
        race(one_server)


def test_one_wins_on_two_nodes_of_a_cluster(two_servers: Site) -> None:
    for race in RACES:
        race(two_servers)
