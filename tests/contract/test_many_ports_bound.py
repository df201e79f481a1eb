"""Many ports bound, or moved to a host, at once: as each by itself, by a few statements."""

from collections.abc import Callable
from typing import Any

import pytest
from neutron_lib.plugins.ml2 import api
from sqlalchemy import select

from deuteron.core import bindings, bulk_binding, explanations, port_moves, ports
from deuteron.core.driver_sources import Lookups
from deuteron.db import bindings as rows
from deuteron.db import distributed_bindings
from deuteron.db.engine import Database
from deuteron.db.tables import journal, postcommits
from deuteron.query import Query
from deuteron.services.l3.agents import hosting
from deuteron.services.l3.ha import routers as ha
from tests.deployments import ADMIN, Site, a_deployment
from tests.routing import a_router, join, start
from tests.statements import counted

Port = dict[str, Any]

FEW, MANY = 3, 12


class Watching(api.MechanismDriver):
    """Binds every port and remembers what its hooks were shown."""

    def __init__(self) -> None:
        self.meanwhile: Callable[[str], None] = lambda port_id: None
        self.refused: set[str] = set()
        self.shown: list[Port] = []
        self.seen: list[tuple[str, str, str, str, str | None]] = []

    def initialize(self) -> None:
        pass

    @property
    def connectivity(self) -> str:
        return "l2"

    def bind_port(self, context: Any) -> None:
        self.meanwhile(context.current["id"])
        self.shown.append(dict(context.current))
        segment = context.segments_to_bind[0]
        context.set_binding(segment[api.ID], "mine", {"host": context.host})

    def _note(self, hook: str, context: Any) -> None:
        levels = context.original_binding_levels or ()
        drivers = ",".join(one["bound_driver"] for one in levels)
        self.seen.append(
            (hook, context.current["id"], context.host, context.vif_type, drivers or None)
        )

    def update_port_precommit(self, context: Any) -> None:
        if context.current["id"] in self.refused and context.vif_type == "mine":
            raise ValueError("no")
        self._note("precommit", context)

    def update_port_postcommit(self, context: Any) -> None:
        self._note("postcommit", context)


@pytest.fixture
def site(database: Database, tmp_path) -> Site:
    return Site(a_deployment(database, tmp_path, mechanisms=("openvswitch",)))


@pytest.fixture
def driver() -> Watching:
    return Watching()


@pytest.fixture
def watched(database: Database, tmp_path, driver: Watching) -> Site:
    """A site whose only driver is the watching one."""
    return Site(a_deployment(database, tmp_path, mechanisms=(), drivers=[("watching", driver)]))


def some(site: Site, count: int, host: str = "") -> list[Port]:
    """Ports on networks of their own."""
    return [site.port(site.network(), host) for _ in range(count)]


def ids(made: list[Port]) -> list[str]:
    return [port["id"] for port in made]


def shown(site: Site, made: list[Port]) -> list[Port]:
    return [site.show(port) for port in made]


def entries(site: Site, port: Port) -> list[tuple[str, Any]]:
    with site.d.database.read() as conn:
        found = conn.execute(
            select(journal.c.event, journal.c.details)
            .where(journal.c.resource_id == port["id"])
            .order_by(journal.c.seq)
        )
        return [(event, details) for event, details in found]


def without_ids(port: Port) -> Port:
    own = ("id", "network_id", "mac_address", "fixed_ips", "dns_assignment", "created_at")
    return {name: value for name, value in port.items() if name not in own}


def levels(site: Site, port: Port, host: str) -> list[str]:
    with site.d.database.read() as conn:
        return [one.driver for one in rows.levels(conn, port["id"], host)]


# --- binding --------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, FEW])
def test_ports_that_are_made_together_are_as_one_that_is_made_alone(site, count):
    site.report("host-1")
    network = site.network()
    alone = site.port(network, "host-1")
    bodies = [site.body(network, **{"binding:host_id": "host-1"}) for _ in range(count)]
    made = ports.create(site.d, ADMIN, bodies)
    for port in made:
        assert without_ids(port) == without_ids(alone)
        assert port["binding:vif_type"] == "ovs"
        assert site.kept(port) == port
        assert levels(site, port, "host-1") == ["openvswitch"]
        assert [event for event, _ in entries(site, port)] == ["create", "bind"]
        (attempt,) = explanations.get(site.d, ADMIN, port["id"])["attempts"]
        assert attempt["outcome"] == "bound"


def test_binding_costs_the_same_statements_for_few_and_for_many(site):
    site.report("host-1")
    site.subnet(network := site.network())

    def cost(count: int) -> int:
        bodies = [site.body(network, **{"binding:host_id": "host-1"}) for _ in range(count)]
        with counted(site.d.database) as statements:
            made = ports.create(site.d, ADMIN, bodies)
        assert {port["binding:vif_type"] for port in made} == {"ovs"}
        return len(statements)

    cost(FEW)
    assert cost(MANY) <= cost(FEW)


def test_ports_that_nobody_can_bind_fail_together_and_say_why(site):
    bodies = [site.body(site.network(), **{"binding:host_id": "nowhere"}) for _ in range(FEW)]
    made = ports.create(site.d, ADMIN, bodies)
    assert {port["binding:vif_type"] for port in made} == {"binding_failed"}
    for port in made:
        assert site.kept(port) == port
        (attempt,) = explanations.get(site.d, ADMIN, port["id"])["attempts"]
        assert attempt["reason"] == "no_agent"


def test_an_agent_that_comes_binds_all_that_wait_for_it_at_once(site):
    made = some(site, MANY, "host-1")
    site.report("host-1")
    assert {port["binding:vif_type"] for port in shown(site, made)} == {"ovs"}
    reasons = explanations.get(site.d, ADMIN, made[0]["id"])["attempts"]
    assert [one["outcome"] for one in reasons] == ["bound", "failed"]


def test_what_fails_again_keeps_its_attempts_and_nothing_else(site):
    network = site.network(**{"provider:network_type": "geneve"})
    made = [site.port(network, "host-1") for _ in range(FEW)]
    before = shown(site, made)
    site.report("host-1")
    assert shown(site, made) == before
    for port in made:
        attempts = explanations.get(site.d, ADMIN, port["id"])["attempts"]
        assert [one["reason"] for one in attempts] == ["tunnel_type_missing", "no_agent"]


def test_one_that_is_changed_meanwhile_is_bound_like_the_others(watched, driver):
    made = some(watched, FEW)
    with watched.d.database.transaction(ADMIN) as tx:
        for port in made:
            rows.reset(tx, port, {**port, "binding:host_id": "host-1"})
    renamed = []

    def meanwhile(port_id: str) -> None:
        if port_id == made[1]["id"] and not renamed:
            renamed.append(ports.update(watched.d, ADMIN, made[2]["id"], {"name": "new"}))

    driver.meanwhile = meanwhile
    waiting = shown(watched, made)
    bulk_binding.bind(watched.d, ADMIN, waiting)
    assert renamed
    assert {port["binding:vif_type"] for port in waiting} == {"mine"}
    assert [watched.kept(port) for port in waiting] == waiting
    assert watched.show(made[2])["name"] == "new"


def test_one_that_a_driver_refuses_does_not_keep_the_others(watched, driver):
    made = some(watched, FEW)
    driver.refused = {made[1]["id"]}
    port_moves.to_host(watched.d, ADMIN, ids(made), "host-1")
    kinds = [port["binding:vif_type"] for port in shown(watched, made)]
    assert kinds == ["mine", "binding_failed", "mine"]


# --- moving ---------------------------------------------------------------------------------------


def test_ports_that_move_together_are_as_one_that_moves_alone(site):
    for host in ("host-1", "host-2"):
        site.report(host)
    alone, *made = some(site, 1 + FEW, "host-1")
    moved = site.update(alone, **{"binding:host_id": "host-2"})
    site.clock.turn(1)
    moved_at = site.clock.now
    port_moves.to_host(site.d, ADMIN, ids(made), "host-2")
    for port in shown(site, made):
        assert port["updated_at"] == moved_at
        assert without_ids({**port, "updated_at": moved["updated_at"]}) == without_ids(
            site.show(moved)
        )
        assert (levels(site, port, "host-1"), levels(site, port, "host-2")) == ([], ["openvswitch"])
        assert [event for event, _ in entries(site, port)] == [
            event for event, _ in entries(site, alone)
        ]
        for (_, mine), (_, other) in zip(entries(site, port), entries(site, alone), strict=True):
            assert (mine or {}).get("was") == (other or {}).get("was")
            assert (mine or {}).get("changed") == (other or {}).get("changed")


def test_ports_that_were_nowhere_are_moved_and_bound_by_one_commit(site):
    site.report("host-1")
    alone, *made = some(site, 1 + FEW)
    alone = site.update(alone, **{"binding:host_id": "host-1"})
    port_moves.to_host(site.d, ADMIN, ids(made), "host-1")
    for port in shown(site, made):
        assert without_ids(port) == without_ids(alone)
        assert port["binding:vif_type"] == "ovs"
        assert levels(site, port, "host-1") == ["openvswitch"]
        (_, (event, details)) = entries(site, port)
        assert (event, details["was"]) == ("bind", {"binding:host_id": ""})
        (attempt,) = explanations.get(site.d, ADMIN, port["id"])["attempts"]
        assert attempt["outcome"] == "bound"


def test_ports_that_were_nowhere_fail_there_together_and_say_why(site):
    alone, *made = some(site, 1 + FEW)
    alone = site.update(alone, **{"binding:host_id": "host-1"})
    port_moves.to_host(site.d, ADMIN, ids(made), "host-1")
    for port in shown(site, made):
        assert without_ids(port) == without_ids(alone)
        assert (port["binding:host_id"], port["binding:vif_type"]) == ("host-1", "binding_failed")
        (attempt,) = explanations.get(site.d, ADMIN, port["id"])["attempts"]
        assert attempt["reason"] == "no_agent"


def test_one_that_is_changed_while_they_are_decided_about_goes_like_the_others(
    database, tmp_path, driver
):
    driver.watched_port_attributes = frozenset({"mac_address"})
    deployment = a_deployment(database, tmp_path, mechanisms=(), drivers=[("mine", driver)])
    site = Site(deployment)
    made = some(site, FEW)
    renamed = []

    def meanwhile(port_id: str) -> None:
        if not renamed:
            renamed.append(ports.update(site.d, ADMIN, made[1]["id"], {"name": "new"}))

    driver.meanwhile = meanwhile
    before = shown(site, made)
    port_moves.to_host(site.d, ADMIN, ids(made), "host-1")
    # Of what extensions know nothing is kept from a driver.
    decided = {port["id"]: port for port in driver.shown[:FEW]}
    assert decided == {port["id"]: {**port, "binding:host_id": "host-1"} for port in before}
    assert {port["binding:vif_type"] for port in shown(site, made)} == {"mine"}
    assert site.show(made[1])["name"] == "new"


@pytest.mark.parametrize("before", ["", "host-1"])
def test_drivers_are_shown_each_port_that_moves(watched, driver, before):
    made = some(watched, FEW, before)
    drivers = "watching" if before else None
    driver.seen.clear()
    port_moves.to_host(watched.d, ADMIN, ids(made), "host-2")
    for port in made:
        assert [one for one in driver.seen if one[1] == port["id"]] == [
            ("precommit", port["id"], "host-2", "unbound", drivers),
            ("postcommit", port["id"], "host-2", "unbound", drivers),
            ("precommit", port["id"], "host-2", "mine", None),
            ("postcommit", port["id"], "host-2", "mine", None),
        ]
    with watched.d.database.read() as conn:
        assert not conn.execute(select(postcommits)).all()


def test_moving_costs_the_same_statements_for_few_and_for_many(site):
    for host in ("host-1", "host-2"):
        site.report(host)

    def cost(count: int) -> int:
        made = some(site, count, "host-1")
        with counted(site.d.database) as statements:
            port_moves.to_host(site.d, ADMIN, ids(made), "host-2")
        assert {port["binding:host_id"] for port in shown(site, made)} == {"host-2"}
        return len(statements)

    cost(FEW)
    assert cost(MANY) <= cost(FEW)


def test_ports_that_are_there_stay_as_they_are_and_those_that_are_gone_are_left_out(site):
    site.report("host-1")
    there, gone = some(site, 2, "host-1")
    before = site.show(there)
    ports.delete(site.d, ADMIN, gone["id"])
    port_moves.to_host(site.d, ADMIN, ids([there, gone]), "host-1")
    assert site.show(there) == before


def test_ports_lose_their_host_together(site):
    site.report("host-1")
    made = some(site, FEW, "host-1")
    port_moves.to_host(site.d, ADMIN, ids(made), "")
    for port in shown(site, made):
        assert (port["binding:host_id"], port["binding:vif_type"]) == ("", "unbound")
        assert levels(site, port, "host-1") == []


def test_an_inactive_binding_on_the_new_host_gives_way(site):
    for host in ("host-1", "host-2"):
        site.report(host)
    made = some(site, FEW, "host-1")
    bindings.create(site.d, ADMIN, made[0]["id"], {"host": "host-2"})
    port_moves.to_host(site.d, ADMIN, ids(made), "host-2")
    for port in shown(site, made):
        (only,) = bindings.list_(site.d, ADMIN, port["id"], Query())
        assert (only["host"], only["status"], only["vif_type"]) == ("host-2", "ACTIVE", "ovs")


def test_a_port_whose_addresses_are_not_on_the_new_host_keeps_only_itself_from_it(site, caplog):
    site.report("host-1")
    site.report("host-2", bridge_mappings={"physnet2": "br-2"})
    routed = site.segmented(("vlan", "physnet1", 150))
    (segment,) = Lookups(site.d).segments(routed["id"])
    site.subnet(routed, segment_id=segment.id)
    stuck = site.port(routed, "host-1")
    assert stuck["fixed_ips"]
    made = some(site, FEW, "host-1")
    port_moves.to_host(site.d, ADMIN, [*ids(made), stuck["id"]], "host-2")
    assert {port["binding:host_id"] for port in shown(site, made)} == {"host-2"}
    assert site.kept(stuck) == stuck
    assert f"Port {stuck['id']} does not go to host 'host-2'" in caplog.text


def test_a_port_without_address_gets_one_where_it_goes(site):
    site.report("host-1")
    routed = site.segmented(("vlan", "physnet1", 150))
    (segment,) = Lookups(site.d).segments(routed["id"])
    site.subnet(routed, segment_id=segment.id)
    waiting = site.port(routed)
    made = some(site, FEW)
    assert waiting["fixed_ips"] == []
    port_moves.to_host(site.d, ADMIN, [*ids(made), waiting["id"]], "host-1")
    assert {port["binding:vif_type"] for port in shown(site, [*made, waiting])} == {"ovs"}
    assert len(site.show(waiting)["fixed_ips"]) == 1


# --- routers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [{}, {"distributed": True}, {"ha": True}], ids=str)
def test_an_agent_that_gets_many_routers_costs_the_same_statements(site, kind):
    start(site, "h1", agent_mode="dvr_snat")

    def cost(count: int) -> int:
        made = [a_router(site, **kind) for _ in range(count)]
        joined = [join(site, router)["port_id"] for router in made]
        wanted = [router["id"] for router in made]
        if kind.get("ha"):
            ha.report_states(site.d, ADMIN, "h1", dict.fromkeys(wanted, "active"))
        with counted(site.d.database) as statements:
            hosting.bind_ports(site.d, ADMIN, "h1", wanted)
        with site.d.database.read() as conn:
            there = distributed_bindings.on_host(conn, joined, "h1")
            of_others = [site.show({"id": one})["binding:vif_type"] for one in joined]
        if kind.get("distributed"):
            assert [row["vif_type"] for row in there.values()] == ["ovs"] * count
        else:
            assert of_others == ["ovs"] * count
        return len(statements)

    cost(FEW)
    assert cost(MANY) <= cost(FEW)


def test_a_router_that_becomes_active_elsewhere_takes_its_ports_along(site):
    for host in ("h1", "h2"):
        start(site, host)

    def cost(count: int) -> int:
        router = a_router(site, ha=True)
        joined = [join(site, router, f"10.0.{one}.0/24")["port_id"] for one in range(count)]
        ha.report_states(site.d, ADMIN, "h1", {router["id"]: "active"})
        with counted(site.d.database) as statements:
            ha.report_states(site.d, ADMIN, "h2", {router["id"]: "active"})
        for port_id in joined:
            port = site.show({"id": port_id})
            assert (port["binding:host_id"], port["binding:vif_type"]) == ("h2", "ovs")
        return len(statements)

    cost(FEW)
    assert cost(MANY) <= cost(FEW)
