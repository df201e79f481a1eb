"""Two servers, each on a node of its own of a Galera cluster: what other tests of races say holds.

No lock reaches from one node to the other. A transaction is compared with those of other nodes when
it commits, by the rows that it changed and those that they refer to; one of two that do not go
together is tried again.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deuteron.core import networks, ports, quotas, subnets
from deuteron.core.deployment import Deployment
from deuteron.db.engine import ConnectionSettings, Database
from deuteron.errors import TryAgain
from deuteron.services.l3 import interfaces, routers
from deuteron.services.l3.floating import floating_ips
from deuteron.services.l3.ha import networks as ha_networks
from deuteron.services.l3.ha import rows as ha_rows
from deuteron.services.port_forwarding import forwardings
from tests.contract.test_floating_ips import (  # noqa: F401 (fixtures and tests)
    Joined,
    joined,
    test_a_floating_ip_leads_whole_or_forwards_whatever_comes_first,
    test_a_floating_ip_that_many_move_leads_to_one_port,
    test_a_port_goes_while_many_come_to_lead_to_it,
    test_forwardings_come_and_go_together_with_the_router,
    test_many_are_allocated_at_once,
    test_no_address_goes_from_under_one,
    test_no_interface_or_gateway_goes_from_under_one,
    test_of_many_floating_ips_one_gets_an_address,
    test_of_many_forwardings_of_one_port_one_is_made,
)
from tests.contract.test_routers import (  # noqa: F401
    elsewhere,
    site,
    test_one_of_many_puts_a_router_on_a_subnet,
    test_one_of_many_routers_gets_the_gateway_address_of_a_subnet,
    test_overlapping_subnets_never_get_to_one_router_together,
)
from tests.deployments import ADMIN
from tests.instances.galera import Galera

# What the first node has to apply before it learns of anything else: a second or so.
_LOAD = (
    "USE load_of_others",
    "CREATE TABLE IF NOT EXISTS numbers (number INT PRIMARY KEY AUTO_INCREMENT)",
    "INSERT INTO numbers SELECT NULL FROM seq_1_to_60000",
)


@pytest.fixture
def database_url(two_nodes):
    """Where the other process is."""
    return two_nodes[1]


@pytest.fixture
def database(two_nodes):
    opened = Database(two_nodes[0], settings=ConnectionSettings(lock_timeout=5))
    yield opened
    opened.dispose()


# --- a change of the other node in the last moment ------------------------------------------------

Change = Callable[[Deployment], Any]


def lead(place: Joined, port: dict[str, Any], **more: Any) -> Change:
    made = place.floating_ip()["id"]
    wish = {"port_id": port["id"], **more}
    return lambda d: floating_ips.update(d, ADMIN, made, dict(wish))


def of_an_address(place: Joined, *, whole: bool) -> tuple[Change, Change]:
    """Something comes to lead to an address; the port loses it."""
    port = place.port(fixed_ips=[{"subnet_id": place.subnet["id"]}] * 2)
    first, second = (one["ip_address"] for one in port["fixed_ips"])
    come = lead(place, port, fixed_ip_address=first)
    if not whole:
        made = place.floating_ip()["id"]
        wish = place.forwarding(port, 80, internal_ip_address=first)

        def come(d: Deployment) -> Any:
            return forwardings.create(d, ADMIN, made, [wish])

    keep = {"fixed_ips": [{"ip_address": second}]}
    return come, lambda d: ports.update(d, ADMIN, port["id"], dict(keep))


def of_a_port(place: Joined) -> tuple[Change, Change]:
    """A floating IP comes to lead to a port, which goes."""
    port = place.port()
    return lead(place, port), lambda d: ports.delete(d, ADMIN, port["id"])


def of_a_router(place: Joined, *, gateway: bool) -> tuple[Change, Change]:
    """A floating IP comes to lead through a router, which leaves."""
    router = place.router["id"]
    if gateway:
        bare: dict[str, Any] = {"external_gateway_info": None}
        return lead(place, place.port()), lambda d: routers.update(d, ADMIN, router, dict(bare))
    leave = {"subnet_id": place.subnet["id"]}
    return lead(place, place.port()), lambda d: interfaces.remove(d, ADMIN, router, leave)


def of_floating_ips(place: Joined) -> tuple[Change, Change]:
    """Two floating IPs come to lead to one address."""
    port = place.port()
    return lead(place, port), lead(place, port)


def of_a_floating_ip(place: Joined) -> tuple[Change, Change]:
    """One floating IP comes to lead to two ports."""
    made = place.floating_ip()["id"]

    def to(port: dict[str, Any]) -> Change:
        return lambda d: floating_ips.update(d, ADMIN, made, {"port_id": port["id"]})

    return to(place.port()), to(place.port())


def of_forwardings(place: Joined) -> tuple[Change, Change]:
    """Two floating IPs come to lead to one port of an address."""
    port = place.port()

    def of(made: dict[str, Any], external: int) -> Change:
        wish = place.forwarding(port, 80, external_port=external)
        return lambda d: forwardings.create(d, ADMIN, made["id"], [wish])

    return of(place.floating_ip(), 80), of(place.floating_ip(), 81)


def of_an_interface(place: Joined) -> tuple[Change, Change]:
    """A router comes to be on a subnet twice."""
    subnet = place.site.subnet(place.site.network(), cidr="10.9.0.0/24")
    join = {"subnet_id": subnet["id"]}

    def change(d: Deployment) -> Any:
        return interfaces.add(d, ADMIN, place.router["id"], join)

    return change, change


def of_routes(place: Joined) -> tuple[Change, Change]:
    """A router gets two routes."""

    def route(number: int) -> Change:
        one = {"destination": f"192.0.{number}.0/24", "nexthop": "10.1.0.9"}
        wish = {"router": {"routes": [one]}}
        return lambda d: routers.add_routes(d, ADMIN, place.router["id"], wish)

    return route(1), route(2)


def of_names(place: Joined) -> tuple[Change, Change]:
    """A port gets two names."""
    port = place.port()

    def name(wish: str) -> Change:
        return lambda d: ports.update(d, ADMIN, port["id"], {"name": wish})

    return name("a"), name("b")


def of_wishes(place: Joined) -> tuple[Change, Change]:
    """Two ports wish for one address."""
    body = place.site.body(place.inside, fixed_ips=[{"ip_address": "10.1.0.77"}])

    def change(d: Deployment) -> Any:
        return ports.create(d, ADMIN, [dict(body)])

    return change, change


def of_subnets(place: Joined) -> tuple[Change, Change]:
    """A network gets two subnets that overlap."""
    network = place.site.network()
    body = {
        "project_id": "p",
        "network_id": network["id"],
        "name": "",
        "ip_version": 4,
        "enable_dhcp": False,
        "cidr": "10.9.0.0/24",
        "subnetpool_id": None,
    }

    def change(d: Deployment) -> Any:
        return subnets.create(d, ADMIN, [dict(body)])

    return change, change


def of_a_network(place: Joined) -> tuple[Change, Change]:
    """A network gets a port, and goes."""
    network = place.site.network()
    body = place.site.body(network)
    return (
        lambda d: ports.create(d, ADMIN, [dict(body)]),
        lambda d: networks.delete(d, ADMIN, network["id"]),
    )


def of_a_segment(place: Joined) -> tuple[Change, Change]:
    """Two networks wish for one segment."""
    body = {
        "project_id": "p",
        "name": "",
        "admin_state_up": True,
        "shared": False,
        "provider:network_type": "vxlan",
        "provider:segmentation_id": 77,
    }

    def change(d: Deployment) -> Any:
        return networks.create(d, ADMIN, [dict(body)])

    return change, change


def of_groups(place: Joined) -> tuple[Change, Change]:
    """Two routers need the last VRRP group."""
    network_id = ha_networks.ensure(place.d, ADMIN, "p")
    body = {"project_id": "p", "name": "", "admin_state_up": True}
    others = routers.create(place.d, ADMIN, [body] * 253)
    with place.d.database.transaction(ADMIN) as tx:
        for number, other in enumerate(others, 2):
            assert ha_rows.claim_vr_id(tx, network_id, number, other["id"])

    def change(d: Deployment) -> Any:
        return routers.create(d, ADMIN, [{**body, "ha": True}])

    return change, change


def of_a_quota(place: Joined) -> tuple[Change, Change]:
    """A project has room for one router."""
    quotas.update(place.d, ADMIN, "p", {"router": 2})
    body = {"project_id": "p", "name": "", "admin_state_up": True}

    def change(d: Deployment) -> Any:
        return routers.create(d, ADMIN, [dict(body)])

    return change, change


CHANGES = {
    "an address": lambda place: of_an_address(place, whole=True),
    "a forwarded address": lambda place: of_an_address(place, whole=False),
    "a port": of_a_port,
    "a gateway": lambda place: of_a_router(place, gateway=True),
    "a left subnet": lambda place: of_a_router(place, gateway=False),
    "floating IPs": of_floating_ips,
    "a floating IP": of_a_floating_ip,
    "port forwardings": of_forwardings,
    "an interface": of_an_interface,
    "routes": of_routes,
    "names": of_names,
    "wished addresses": of_wishes,
    "subnets": of_subnets,
    "a network": of_a_network,
    "a segment": of_a_segment,
    "VRRP groups": of_groups,
    "a quota": of_a_quota,
}


@pytest.fixture
def load(galera: Galera) -> Iterator[Callable[[], None]]:
    """Gives the first node something to do."""
    galera.second.run("CREATE DATABASE load_of_others")
    yield lambda: galera.second.run(*_LOAD) and None
    galera.second.run("DROP DATABASE load_of_others")


@pytest.mark.parametrize("of_what", CHANGES)
def test_one_of_two_changes_that_do_not_go_together_is_tried_again(joined, load, of_what):  # noqa: F811
    """The other node commits before the first one does, which does not know of it yet."""
    first, second = CHANGES[of_what](joined)
    here, there = joined.both
    done: list[Any] = []

    def cross(statement: str) -> None:
        if statement == "COMMIT" and not done:
            done.append(None)
            load()
            done.append(second(there))

    with here.database.watched(cross), pytest.raises(TryAgain):
        first(here)
    assert len(done) == 2
