"""NDP proxies on each database: what they hold, what agents hear of them, who wins."""

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest

from deuteron import errors
from deuteron.core import address_scopes, agents, ports, subnet_pools
from deuteron.core.forwarding import Informed
from deuteron.db.journal import JournalReader
from deuteron.query import EVERYTHING
from deuteron.rpc import resources, told_l2
from deuteron.rpc.endpoint import Call
from deuteron.services.l3 import interfaces, routers
from deuteron.services.ndp_proxy import proxies
from tests.deployments import ADMIN, Site, a_deployment
from tests.races import at_once

CALL = Call(ctx=ADMIN, sender="Message of a test", reply_queue=None, outgoing=None)  # type: ignore[arg-type]


@pytest.fixture
def site(database, tmp_path) -> Site:
    return Site(a_deployment(database, tmp_path, mechanisms=("openvswitch",)))


class Place:
    """A router between an external network and a subnet of one address scope."""

    def __init__(self, site: Site) -> None:
        self.d = site.d
        self.site = site
        scope = {"project_id": "p", "name": "s", "ip_version": 6, "shared": False}
        (scoped,) = address_scopes.create(self.d, ADMIN, [scope])
        pool = {
            "project_id": "p",
            "name": "p",
            "prefixes": ["2001:db8::/48"],
            "default_prefixlen": 64,
            "address_scope_id": scoped["id"],
            "shared": False,
            "is_default": False,
            "description": "",
        }
        (self.pool,) = subnet_pools.create(self.d, ADMIN, [pool])
        outside = site.network(**{"router:external": True})
        self.subnet(outside)
        self.network = site.network()
        self.inside = self.subnet(self.network)
        body = {
            "project_id": "p",
            "name": "r",
            "admin_state_up": True,
            "external_gateway_info": {"network_id": outside["id"]},
            "enable_ndp_proxy": True,
        }
        self.router = routers.create(self.d, ADMIN, [body])[0]["id"]
        interfaces.add(self.d, ADMIN, self.router, {"subnet_id": self.inside})

    def subnet(self, network: dict[str, Any]) -> str:
        body = {"ip_version": 6, "subnetpool_id": self.pool["id"], "enable_dhcp": False}
        return str(self.site.subnet(network, cidr=None, **body)["id"])

    def proxy(self, port_id: str) -> dict[str, Any]:
        body = {"project_id": "p", "router_id": self.router, "port_id": port_id}
        return proxies.create(self.d, ADMIN, [body])[0]


@pytest.fixture
def place(site: Site) -> Place:
    return Place(site)


def raised(*jobs: Callable[[], Any]) -> list[type]:
    """The types of what jobs at the same time raised."""
    return [type(error) for error in at_once(*jobs)]


def test_one_of_many_proxies_for_an_address_is_made(place: Place) -> None:
    port = place.site.port(place.network)["id"]
    said = raised(*[lambda: place.proxy(port)] * 6)
    assert said == [errors.NDPProxyExists] * 5
    assert len(proxies.list_(place.d, ADMIN, EVERYTHING)) == 1


def test_no_proxy_is_left_without_its_interface_or_port(place: Place) -> None:
    for _ in range(3):
        port = place.site.port(place.network)["id"]
        said = raised(
            lambda port=port: place.proxy(port),
            lambda port=port: ports.delete(place.d, ADMIN, port),
        )
        # whoever looks while it goes may find the port without its addresses
        assert set(said) <= {errors.PortNotFound, errors.BadRequest}
        assert proxies.list_(place.d, ADMIN, EVERYTHING) == []
    port = place.site.port(place.network)["id"]
    leave = {"subnet_id": place.inside}
    said = raised(
        lambda: place.proxy(port),
        lambda: interfaces.remove(place.d, ADMIN, place.router, leave),
    )
    held = len(proxies.list_(place.d, ADMIN, EVERYTHING))
    lost = errors.RouterInterfaceInUseByNDPProxy if held else errors.PortUnreachableRouter
    assert said == [lost]


def test_no_proxy_is_left_without_its_address(place: Place) -> None:
    """Who takes the address in the last moment waits, and takes the proxy along."""
    two = [{"subnet_id": place.inside}] * 2
    port = place.site.port(place.network, fixed_ips=two)
    first, second = (one["ip_address"] for one in port["fixed_ips"])
    keep = {"fixed_ips": [{"ip_address": second}]}
    taking = Thread(target=lambda: ports.update(place.d, ADMIN, port["id"], keep))

    def take(statement: str) -> None:
        if statement == "COMMIT" and not taking.ident:
            taking.start()
            taking.join(0.5)

    with place.d.database.watched(take):
        assert place.proxy(port["id"])["ip_address"] == first
    taking.join()
    assert [one["ip_address"] for one in place.site.show(port)["fixed_ips"]] == [second]
    assert proxies.list_(place.d, ADMIN, EVERYTHING) == []


def test_agents_pull_proxies_and_are_told_of_them(place: Place) -> None:
    state = {"agent_type": "L3 agent", "binary": "a", "host": "h", "topic": "t"}
    agents.report(place.d, ADMIN, {**state, "configurations": {}})
    port = place.site.port(place.network)["id"]
    reader = JournalReader(place.d.database, "test", from_now=True, batch=500)
    reader.read()

    def told() -> list[tuple[str, str, Any]]:
        batch = reader.read()
        assert batch is not None
        messages = told_l2.messages(place.d, ADMIN, batch.entries, Informed())
        reader.done(batch)
        return [
            (message.topic, message.arguments["event_type"], one["versioned_object.data"])
            for message in messages
            if message.method == "push"
            for one in message.arguments["resource_list"]
        ]

    topic = "neutron-vo-NDPProxy-1.0"
    names = ("id", "name", "project_id", "router_id", "port_id", "ip_address", "description")
    made = place.proxy(port)
    shown = {name: made[name] for name in names}
    assert told() == [(topic, "created", shown)]
    asked = {"resource_type": "NDPProxy", "version": "1.0"}
    wanted = {"router_id": [place.router]}
    pulled = resources.bulk_pull(place.d, CALL, **asked, filter_kwargs=wanted)
    assert [one["versioned_object.data"] for one in pulled] == [shown]
    # what the agents of distributed routers ask about the host of a port
    of_host = {"host": "h", "agent_type": "L3 agent"}
    about = {"resource_type": "Agent", "version": "1.1", "filter_kwargs": of_host}
    (found,) = resources.bulk_pull(place.d, CALL, **about)
    assert found["versioned_object.data"]["configurations"] == "{}"
    assert found["versioned_object.data"]["host"] == "h"
    ports.delete(place.d, ADMIN, port)
    assert (topic, "deleted", shown) in told()
