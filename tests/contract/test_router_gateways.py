"""Several gateways of a router on each database: races, drivers that refuse, what agents get."""

from dataclasses import replace
from typing import Any

import pytest
from neutron_lib.plugins.ml2 import api as ml2

from deuteron import errors
from deuteron.core import ports
from deuteron.db.engine import Database
from deuteron.query import Query
from deuteron.rpc import l3
from deuteron.rpc.endpoint import Call
from deuteron.services.l3 import routers
from deuteron.services.l3.agents import agents as l3_agents
from deuteron.services.l3.agents import hosting
from deuteron.services.l3.dvr import routers as dvr
from deuteron.services.l3.floating import floating_ips
from deuteron.services.l3.ha import routers as ha
from tests.deployments import ADMIN, Site, a_deployment
from tests.races import results
from tests.routing import a_router, join, outside, start

CALL = Call(ctx=ADMIN, sender="Message of a test", reply_queue=None, outgoing=None)  # type: ignore[arg-type]


@pytest.fixture
def site(database, tmp_path) -> Site:
    return Site(a_deployment(database, tmp_path, mechanisms=("openvswitch",)))


@pytest.fixture
def elsewhere(site, database_url):
    """The same deployment in another process."""
    opened = Database(database_url)
    yield replace(site.d, database=opened)
    opened.dispose()


def body(*infos: dict[str, Any]) -> dict[str, Any]:
    return {"router": {"external_gateways": list(infos)}}


def on(network: dict[str, Any], *addresses: str) -> dict[str, Any]:
    wished = [{"ip_address": one} for one in addresses]
    return {"network_id": network["id"], **({"external_fixed_ips": wished} if wished else {})}


def add(site: Site, router: dict[str, Any], *infos: dict[str, Any]) -> dict[str, Any]:
    return routers.add_gateways(site.d, ADMIN, router["id"], body(*infos))


def gateway_ports(site: Site, router: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Network id -> port, where it has one on each."""
    filters = {"device_id": (router["id"],), "device_owner": ("network:router_gateway",)}
    return {one["network_id"]: one for one in ports.list_(site.d, ADMIN, Query(filters=filters))}


# --- races ----------------------------------------------------------------------------------------


def test_many_at_once_give_a_router_as_many_gateways(site, elsewhere):
    router, external = a_router(site), outside(site)
    ends = results(
        *(
            lambda d=d: routers.add_gateways(d, ADMIN, router["id"], body(on(external)))
            for d in (site.d, elsewhere) * 10
        )
    )
    assert all(isinstance(one, dict) for one in ends), ends
    shown = routers.get(site.d, ADMIN, router["id"])
    assert len(shown["external_gateways"]) == 20
    assert shown["external_gateway_info"] == shown["external_gateways"][0]
    assert sorted(len(one["external_gateways"]) for one in ends) == list(range(1, 21))
    assert {one["gw_port_id"] for one in ends} == {shown["gw_port_id"]}
    routers.delete(site.d, ADMIN, router["id"])
    assert gateway_ports(site, router) == {}


def test_one_of_many_gets_an_address_and_one_takes_a_gateway_away(site, elsewhere):
    router, external = a_router(site), outside(site)
    wished = body(on(external, "203.0.113.9"))
    for verb, refusals in (
        (routers.add_gateways, (errors.IpAddressAlreadyAllocated,)),
        (
            routers.remove_gateways,
            (errors.UnableToMatchGateways, errors.UnableToRemoveGateways),
        ),
    ):
        ends = results(
            *(
                lambda d=d, verb=verb: verb(d, ADMIN, router["id"], wished)
                for d in (site.d, elsewhere) * 4
            )
        )
        won = [one for one in ends if isinstance(one, dict)]
        assert len(won) == 1, ends
        assert all(isinstance(one, refusals) for one in ends if one not in won), ends
    assert gateway_ports(site, router) == {}


def test_networks_that_overlap_never_get_to_one_router_together(site, elsewhere):
    router = a_router(site)
    wide, narrow = outside(site, "203.0.113.0/24"), outside(site, "203.0.113.128/25")
    ends = results(
        *(
            lambda d=d, one=one: routers.add_gateways(d, ADMIN, router["id"], body(on(one)))
            for d, one in ((site.d, wide), (elsewhere, narrow))
        )
    )
    assert len([one for one in ends if isinstance(one, dict)]) == 1, ends
    assert len([one for one in ends if isinstance(one, errors.BadRequest)]) == 1, ends


def test_a_gateway_does_not_go_from_under_a_floating_ip(site, elsewhere):
    first, second = outside(site), outside(site, "198.51.100.0/24")
    for attempt in range(4):
        router = a_router(site)
        inside = join(site, router, f"10.{attempt}.0.0/24")
        add(site, router, on(first), on(second))
        vm = site.port({"id": inside["network_id"]})
        leading = {"project_id": "p", "floating_network_id": second["id"], "port_id": vm["id"]}
        gone, led = results(
            lambda router=router: routers.remove_gateways(
                elsewhere, ADMIN, router["id"], body(on(second))
            ),
            lambda leading=leading: floating_ips.create(site.d, ADMIN, [leading]),
        )
        shown = routers.get(site.d, ADMIN, router["id"])
        kept = second["id"] in {one["network_id"] for one in shown["external_gateways"]}
        if kept:
            assert isinstance(gone, errors.RouterExternalGatewayInUseByFloatingIp), gone
            assert led[0]["router_id"] == router["id"]
        else:
            assert isinstance(led, errors.ExternalGatewayForFloatingIPNotFound), led


# --- drivers --------------------------------------------------------------------------------------


class Refusing(ml2.MechanismDriver):
    """Refuses ports on one network, after the commit."""

    network_id = ""

    def initialize(self) -> None:
        pass

    def create_port_postcommit(self, context: Any) -> None:
        if context.current["network_id"] == self.network_id:
            raise ValueError("no port of mine")


def test_a_driver_that_refuses_one_leaves_those_that_were_there(database, tmp_path):
    driver = Refusing()
    d = a_deployment(
        database, tmp_path, mechanisms=("openvswitch",), drivers=[("refusing", driver)]
    )
    site = Site(d)
    first, second, third = (
        outside(site, cidr) for cidr in ("203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24")
    )
    router = a_router(site)
    before = add(site, router, on(first, "203.0.113.9"), on(second))
    driver.network_id = third["id"]
    with pytest.raises(errors.MechanismDriverError):
        add(site, router, on(second), on(third))
    after = routers.get(site.d, ADMIN, router["id"])
    assert after["external_gateways"] == before["external_gateways"]
    with pytest.raises(errors.MechanismDriverError):
        add(site, a_router(site), on(third))
    assert len(ports.list_(site.d, ADMIN, Query())) == 2


# --- agents ---------------------------------------------------------------------------------------


def sync(site: Site, host: str = "h1") -> dict[str, Any]:
    (told,) = l3.sync_routers(site.d, CALL, host=host, router_ids=None)
    return told


def test_agents_carry_the_first_and_are_told_of_the_others(site):
    start(site, "h1")
    first, second = outside(site), outside(site, "198.51.100.0/24")
    router = a_router(site)
    inside = join(site, router)
    add(site, router, on(first), on(second))
    told = sync(site)
    of = gateway_ports(site, router)
    assert told["gw_port"]["id"] == told["gw_port_id"] == of[first["id"]]["id"]
    assert [one["network_id"] for one in told["external_gateways"]] == [first["id"], second["id"]]
    assert [one["id"] for one in told["_interfaces"]] == [inside["port_id"]]
    hosts = {net: one["binding:host_id"] for net, one in gateway_ports(site, router).items()}
    assert hosts == {first["id"]: "h1", second["id"]: ""}

    turned = body(on(second), on(first))
    routers.update_gateways(site.d, ADMIN, router["id"], turned)
    told = sync(site)
    assert told["gw_port"]["id"] == of[second["id"]]["id"]
    hosts = {net: one["binding:host_id"] for net, one in gateway_ports(site, router).items()}
    assert hosts == {first["id"]: "", second["id"]: "h1"}
    revisions = {one["id"]: one["revision_number"] for one in gateway_ports(site, router).values()}
    sync(site)
    assert revisions == {
        one["id"]: one["revision_number"] for one in gateway_ports(site, router).values()
    }

    routers.remove_gateways(site.d, ADMIN, router["id"], body(on(second)))
    told = sync(site)
    assert told["gw_port"]["id"] == of[first["id"]]["id"]
    assert gateway_ports(site, router)[first["id"]]["binding:host_id"] == "h1"


def test_agents_are_told_of_floating_ips_on_the_network_of_the_first_alone(site):
    start(site, "h1")
    first, second = outside(site), outside(site, "198.51.100.0/24")
    router = a_router(site)
    inside = join(site, router)
    add(site, router, on(first), on(second))
    made = {}
    for network in (first, second):
        vm = site.port({"id": inside["network_id"]})
        leading = {"project_id": "p", "floating_network_id": network["id"], "port_id": vm["id"]}
        made[network["id"]] = floating_ips.create(site.d, ADMIN, [leading])[0]["id"]

    carried: set[str] = set()

    def told() -> list[str]:
        """Says of those that it carried, and is told of no more, that they are down."""
        ids = [one["id"] for one in sync(site)["_floatingips"]]
        carried.update(ids)
        said = {one: "ACTIVE" if one in ids else "DOWN" for one in carried}
        l3.update_floatingip_statuses(site.d, CALL, router_id=router["id"], fip_statuses=said)
        return ids

    def statuses() -> list[str]:
        return [floating_ips.get(site.d, ADMIN, one)["status"] for one in made.values()]

    assert (told(), statuses()) == ([made[first["id"]]], ["ACTIVE", "DOWN"])
    turned = body(on(second), on(first))
    routers.update_gateways(site.d, ADMIN, router["id"], turned)
    assert (told(), statuses()) == ([made[second["id"]]], ["DOWN", "ACTIVE"])


def test_agents_are_told_of_routes_that_they_can_make(site):
    start(site, "h1")
    first, second = outside(site), outside(site, "198.51.100.0/24")
    router = a_router(site)
    join(site, router, "10.0.0.0/24")
    add(site, router, on(first), on(second))
    hops = {"10.7.0.0/16": "10.0.0.9", "10.8.0.0/16": "203.0.113.9", "10.9.0.0/16": "198.51.100.9"}
    routes = [{"destination": one, "nexthop": hop} for one, hop in hops.items()]
    routers.update(site.d, ADMIN, router["id"], {"routes": routes})

    def told() -> list[str]:
        return [one["nexthop"] for one in sync(site)["routes"]]

    assert told() == ["10.0.0.9", "203.0.113.9"]
    routers.update_gateways(site.d, ADMIN, router["id"], body(on(second), on(first)))
    assert told() == ["10.0.0.9", "198.51.100.9"]
    assert routers.get(site.d, ADMIN, router["id"])["routes"] == routes


def test_only_the_first_is_where_a_highly_available_router_is_active(site):
    hosts = {host: start(site, host) for host in ("h1", "h2")}
    first, second = outside(site), outside(site, "198.51.100.0/24")
    router = a_router(site, ha=True)
    add(site, router, on(first), on(second))
    assert {one["id"] for one in l3_agents.agents_of(site.d, ADMIN, router["id"])} == set(
        hosts.values()
    )
    for host in ("h1", "h2"):
        ha.report_states(site.d, ADMIN, host, {router["id"]: "active"})
        hosting.bind_ports(site.d, ADMIN, host, [router["id"]])
        where = {net: one["binding:host_id"] for net, one in gateway_ports(site, router).items()}
        assert where == {first["id"]: host, second["id"]: ""}


def test_ports_of_agents_go_with_the_last_gateway_of_any_router_on_their_network(site):
    site.report("h1")
    site.report("h1", "L3 agent", agent_mode="dvr")
    first, second = outside(site), outside(site, "198.51.100.0/24")
    router = a_router(site, distributed=True)
    add(site, router, on(first), on(second), on(second))
    port = dvr.agent_gateway_port(site.d, ADMIN, second["id"], "h1")
    (_, *spare) = routers.get(site.d, ADMIN, router["id"])["external_gateways"]
    address = spare[0]["external_fixed_ips"][0]["ip_address"]
    routers.remove_gateways(site.d, ADMIN, router["id"], body(on(second, address)))
    assert site.show(port)
    routers.remove_gateways(site.d, ADMIN, router["id"], body(on(second)))
    with pytest.raises(errors.PortNotFound):
        site.show(port)
