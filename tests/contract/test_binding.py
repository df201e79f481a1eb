"""Binding on each database: what is committed, when it is tried again, what it costs."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from neutron_lib.plugins.ml2 import api
from sqlalchemy import select

from deuteron.core import agents, binding, bulk_binding, explanations, ports
from deuteron.core.driver_sources import Lookups
from deuteron.db import bindings as rows
from deuteron.db.engine import Database
from deuteron.db.tables import journal, port_bindings, postcommits
from deuteron.errors import PortInUse
from deuteron.query import Query
from deuteron.segment import Segment
from tests.deployments import ADMIN, LINUXBRIDGE, OVS, Site, a_deployment
from tests.statements import counted

Port = dict[str, Any]
NOT_BOUND = {"unbound", "binding_failed"}


class Intruder(api.MechanismDriver):
    """Binds every port, and does something else while it is asked."""

    def __init__(self) -> None:
        self.meanwhile: Callable[[Any], None] = lambda context: None
        self.asked = 0
        self.veto: Exception | None = None
        self.vetoes = 10**6
        self.status: str | None = None

    def initialize(self) -> None:
        pass

    @property
    def connectivity(self) -> str:
        return "l2"

    def bind_port(self, context: Any) -> None:
        self.asked += 1
        self.meanwhile(context)
        segment = context.segments_to_bind[0]
        context.set_binding(segment[api.ID], "mine", {"host": context.host}, status=self.status)

    def update_port_precommit(self, context: Any) -> None:
        if self.veto is not None and self.vetoes > 0:
            self.vetoes -= 1
            raise self.veto


@pytest.fixture
def site(database: Database, tmp_path) -> Site:
    return Site(a_deployment(database, tmp_path))


@pytest.fixture
def intruder() -> Intruder:
    return Intruder()


@pytest.fixture
def open_site(database: Database, tmp_path, intruder: Intruder) -> Site:
    """A site whose only driver is the intruder."""
    return Site(a_deployment(database, tmp_path, mechanisms=(), drivers=[("intruder", intruder)]))


def levels(site: Site, port: Port, host: str) -> list[tuple[str, str]]:
    with site.d.database.read() as conn:
        return [(one.driver, one.segment_id) for one in rows.levels(conn, port["id"], host)]


def once(action: Callable[[], Any]) -> Callable[[Any], None]:
    """The action, at the first call only."""
    left = [action]

    def call(_context: Any) -> None:
        if left:
            left.pop()()

    return call


# --- what is committed ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent_type", "vif_type", "driver"),
    [(OVS, "ovs", "openvswitch"), (LINUXBRIDGE, "bridge", "linuxbridge")],
)
def test_a_port_is_bound_by_the_driver_of_its_hosts_agent(site, agent_type, vif_type, driver):
    site.report("host-1", agent_type)
    network = site.network()
    site.subnet(network)
    port = site.port(network, "host-1")
    assert port["binding:vif_type"] == vif_type
    assert port["binding:vif_details"]["bound_drivers"] == {"0": driver}
    assert port["binding:vif_details"]["connectivity"] == "l2"
    assert port["status"] == "DOWN"
    assert site.kept(port) == port
    ((bound_by, _),) = levels(site, port, "host-1")
    assert bound_by == driver


def test_the_same_port_is_bound_by_another_driver_on_another_host(site):
    site.report("host-1")
    site.report("host-2", LINUXBRIDGE)
    network = site.network()
    port = site.port(network, "host-1")
    moved = site.update(port, **{"binding:host_id": "host-2"})
    assert (moved["binding:vif_type"], moved["status"]) == ("bridge", "DOWN")
    assert moved["revision_number"] > port["revision_number"]
    assert levels(site, port, "host-1") == []
    assert len(levels(site, port, "host-2")) == 1
    assert site.kept(moved) == moved


def test_a_port_without_host_is_unbound(site):
    port = site.port(site.network())
    assert (port["binding:host_id"], port["binding:vif_type"]) == ("", "unbound")


def test_a_port_is_unbound_when_its_host_is_taken_away(site):
    site.report("host-1")
    port = site.port(site.network(), "host-1")
    port = site.update(port, **{"binding:host_id": ""})
    assert (port["binding:vif_type"], port["binding:vif_details"]) == ("unbound", {})
    assert levels(site, port, "host-1") == levels(site, port, "") == []


def test_nobody_fits(site):
    port = site.port(site.network(), "host-9")
    assert (port["binding:vif_type"], port["binding:vif_details"]) == ("binding_failed", {})
    assert levels(site, port, "host-9") == []
    assert site.kept(port) == port


def test_a_failed_port_is_tried_again_with_another_host(site):
    site.report("host-1")
    port = site.port(site.network(), "host-9")
    assert site.update(port, **{"binding:host_id": "host-1"})["binding:vif_type"] == "ovs"


def test_a_profile_binds_anew(open_site, intruder):
    port = open_site.port(open_site.network(), "host-1")
    changed = open_site.update(port, **{"binding:profile": {"a": 1}})
    assert intruder.asked == 2
    assert changed["binding:vif_type"] == "mine"
    assert changed["status"] == "DOWN"


def test_the_vnic_type_of_a_bound_port_stays(open_site, intruder):
    port = open_site.port(open_site.network(), "host-1")
    with pytest.raises(PortInUse):
        open_site.update(port, **{"binding:vnic_type": "smart-nic"})
    freed = open_site.update(port, **{"binding:host_id": ""})
    assert freed["binding:vif_type"] == "unbound"
    changed = open_site.update(port, **{"binding:vnic_type": "smart-nic"})
    assert changed["binding:vnic_type"] == "smart-nic"
    assert intruder.asked == 1


def test_a_driver_may_set_the_status(open_site, intruder):
    intruder.status = "ACTIVE"
    port = open_site.port(open_site.network(), "host-1")
    assert port["status"] == "ACTIVE"
    assert open_site.kept(port) == port


def test_a_bind_is_a_change_of_its_own(site):
    site.report("host-1")
    port = site.port(site.network(), "host-1")
    with site.d.database.read() as conn:
        statement = select(journal.c.event).where(journal.c.resource_id == port["id"])
        events = list(conn.execute(statement.order_by(journal.c.seq)).scalars())
        assert conn.execute(select(postcommits)).all() == []
    assert events == ["create", "bind"]


def test_every_segment_of_a_network_is_a_candidate(site):
    site.report("host-1", tunnel_types=[])
    site.report("host-2", bridge_mappings={})
    network = site.segmented(("vlan", "physnet1", 150), ("vxlan", None, 15))
    on_vlan, on_vxlan = site.port(network, "host-1"), site.port(network, "host-2")
    assert on_vlan["binding:vif_type"] == on_vxlan["binding:vif_type"] == "ovs"
    ((_, first),) = levels(site, on_vlan, "host-1")
    ((_, second),) = levels(site, on_vxlan, "host-2")
    assert first != second


# --- others change the port meanwhile -------------------------------------------------------------


def test_a_change_that_has_no_part_in_it_does_not_disturb(open_site, intruder):
    port = open_site.port(open_site.network())
    intruder.meanwhile = once(lambda: open_site.update(port, name="renamed"))
    bound = open_site.update(port, **{"binding:host_id": "host-1"})
    assert intruder.asked == 2  # the renaming bound it, too: it was not bound yet
    assert (bound["name"], bound["binding:vif_type"]) == ("renamed", "mine")
    assert open_site.kept(bound) == bound


def test_only_the_revision_differs(open_site, intruder):
    port = open_site.port(open_site.network())

    def bump() -> None:
        now = open_site.d.clock()
        with open_site.d.database.transaction(ADMIN) as tx:
            present = open_site.show(port)["revision_number"]
            assert rows.take_revision(tx, port["id"], expected=present, now=now)

    intruder.meanwhile = once(bump)
    bound = open_site.update(port, **{"binding:host_id": "host-1"})
    assert intruder.asked == 1
    assert open_site.kept(bound) == bound
    assert bound["binding:vif_type"] == "mine"


@pytest.mark.parametrize(
    "change",
    [
        {"binding:host_id": "host-2"},
        {"binding:profile": {"a": 1}},
        {"binding:vnic_type": "direct"},
    ],
)
def test_what_drivers_were_shown_must_still_be_so(open_site, intruder, change):
    port = open_site.port(open_site.network())

    def intrude() -> None:
        present = open_site.show(port)
        with open_site.d.database.transaction(ADMIN) as tx:
            assert rows.take_revision(
                tx, port["id"], expected=present["revision_number"], now=open_site.d.clock()
            )
            rows.reset(tx, present, {**present, **change})

    intruder.meanwhile = once(intrude)
    bound = open_site.update(port, **{"binding:host_id": "host-1"})
    assert intruder.asked == 2
    assert bound["binding:vif_type"] == "mine"
    assert {name: bound[name] for name in change} == change
    assert bound["binding:vif_details"]["host"] == bound["binding:host_id"]
    assert open_site.kept(bound) == bound


def test_who_comes_first_has_bound_it(open_site, intruder):
    port = open_site.port(open_site.network())
    intruder.meanwhile = once(lambda: binding.bind(open_site.d, ADMIN, open_site.show(port)))
    bound = open_site.update(port, **{"binding:host_id": "host-1"})
    assert open_site.kept(bound) == bound
    assert len(levels(open_site, port, "host-1")) == 1


def test_a_port_deleted_meanwhile_is_no_error(open_site, intruder):
    port = open_site.port(open_site.network())
    intruder.meanwhile = once(lambda: ports.delete(open_site.d, ADMIN, port["id"]))
    open_site.update(port, **{"binding:host_id": "host-1"})
    assert ports.list_(open_site.d, ADMIN, Query()) == []


def test_after_ten_tries_the_port_is_left_as_it_is(open_site, intruder, caplog):
    port = open_site.port(open_site.network())
    count = 0

    def intrude(_context: Any) -> None:
        nonlocal count
        count += 1
        present = open_site.show(port)
        with open_site.d.database.transaction(ADMIN) as tx:
            rows.take_revision(
                tx, port["id"], expected=present["revision_number"], now=open_site.d.clock()
            )
            rows.reset(tx, present, {**present, "binding:profile": {"count": count}})

    intruder.meanwhile = intrude
    left = open_site.update(port, **{"binding:host_id": "host-1"})
    assert intruder.asked == 10
    assert left["binding:vif_type"] == "unbound"
    assert "left unbound" in caplog.text


def test_many_threads_bind_one_port_once(open_site):
    port = open_site.port(open_site.network())
    with open_site.d.database.transaction(ADMIN) as tx:
        rows.reset(tx, port, {**port, "binding:host_id": "host-1"})
    go = threading.Barrier(6)
    results: list[Port] = []

    def bind() -> None:
        mine = open_site.show(port)
        go.wait()
        results.append(binding.bind(open_site.d, ADMIN, mine))

    threads = [threading.Thread(target=bind) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    assert {result["binding:vif_type"] for result in results} == {"mine"}
    assert len(levels(open_site, port, "host-1")) == 1
    assert open_site.show(port)["revision_number"] == port["revision_number"] + 1


# --- a driver refuses what another one bound ------------------------------------------------------


def test_a_veto_fails_the_binding_and_is_explained(open_site, intruder):
    port = open_site.port(open_site.network())
    intruder.veto, intruder.vetoes = ValueError("no"), 1
    before = open_site.show(port)
    with open_site.d.database.transaction(ADMIN) as tx:
        rows.reset(tx, before, {**before, "binding:host_id": "host-1"})
    bound = binding.bind(open_site.d, ADMIN, open_site.show(port))
    assert bound["binding:vif_type"] == "binding_failed"
    assert levels(open_site, port, "host-1") == []
    (attempt,) = explanations.get(open_site.d, ADMIN, port["id"])["attempts"]
    assert (attempt["outcome"], attempt["reason"]) == ("failed", "driver_error")
    assert attempt["steps"][-1]["driver"] == "intruder"


def test_a_driver_that_refuses_everything_leaves_the_port_unbound(open_site, intruder):
    port = open_site.port(open_site.network())
    with open_site.d.database.transaction(ADMIN) as tx:
        rows.reset(tx, port, {**port, "binding:host_id": "host-1"})
    intruder.veto = ValueError("no")
    bound = binding.bind(open_site.d, ADMIN, open_site.show(port))
    assert bound["binding:vif_type"] == "unbound"
    assert explanations.get(open_site.d, ADMIN, port["id"])["attempts"]


# --- agents come back -----------------------------------------------------------------------------


def failed_port(site: Site, network: Port, host: str = "host-1") -> Port:
    port = site.port(network, host)
    assert port["binding:vif_type"] == "binding_failed"
    return port


def test_a_revived_agent_binds_what_failed(site):
    network = site.network()
    site.report("host-1")
    site.clock.turn(100)
    port, other = failed_port(site, network), failed_port(site, network, "host-2")
    assert site.report("host-1") == "revived"
    bound = site.show(port)
    assert bound["binding:vif_type"] == "ovs"
    assert bound["revision_number"] == port["revision_number"] + 1
    assert site.kept(other) == other


def test_a_new_agent_binds_what_failed(site):
    port = failed_port(site, site.network())
    assert site.report("host-1") == "new"
    assert site.show(port)["binding:vif_type"] == "ovs"


def test_an_agent_that_can_do_more_binds_what_failed(site):
    site.report("host-1", tunnel_types=[])
    port = failed_port(site, site.network())
    assert site.report("host-1", tunnel_types=["vxlan"]) == "alive"
    assert site.show(port)["binding:vif_type"] == "ovs"


def test_a_disabled_agent_binds_nothing_until_it_is_enabled(site):
    site.report("host-1")
    (agent,) = agents.list_(site.d, ADMIN, Query())
    agents.update(site.d, ADMIN, agent["id"], {"admin_state_up": False})
    site.clock.turn(100)
    port = failed_port(site, site.network())
    site.report("host-1")
    assert site.kept(port) == port
    agents.update(site.d, ADMIN, agent["id"], {"admin_state_up": True})
    assert site.show(port)["binding:vif_type"] == "ovs"


def test_what_fails_again_stays_as_it_is_with_a_newer_explanation(site):
    network = site.segmented(("vlan", "physnet1", 150))
    port = failed_port(site, network)
    site.report("host-1", bridge_mappings={})
    assert site.kept(port) == port
    reasons = [
        attempt["reason"] for attempt in explanations.get(site.d, ADMIN, port["id"])["attempts"]
    ]
    assert reasons == ["physical_network_unmapped", "no_agent"]


def test_what_a_crash_left_unbound_is_bound(site):
    site.report("host-1")
    port = site.port(site.network())
    with site.d.database.transaction(ADMIN) as tx:
        rows.reset(tx, port, {**port, "binding:host_id": "host-1"})
    assert bulk_binding.resume(site.d, ADMIN) == 0  # somebody may be about to bind it
    site.clock.turn(61)
    site.report("host-1")
    assert bulk_binding.resume(site.d, ADMIN) == 1
    assert site.show(port)["binding:vif_type"] == "ovs"
    assert bulk_binding.resume(site.d, ADMIN) == 0


# --- routed networks ------------------------------------------------------------------------------


def two_segments(site: Site) -> tuple[Port, list[Segment]]:
    network = site.segmented(("vlan", "physnet1", 150), ("vlan", "physnet1", 151))
    return network, list(Lookups(site.d).segments(network["id"]))


@pytest.mark.parametrize("position", [0, 1])
def test_an_address_holds_a_port_on_its_segment(site, position):
    site.report("host-1")
    network, segments = two_segments(site)
    for number, segment in enumerate(segments):
        subnet = site.subnet(network, f"10.0.{number}.0/24", segment_id=segment.id)
        if number == position:
            wanted = subnet["id"]
    port = site.port(network, "host-1", fixed_ips=[{"subnet_id": wanted}])
    assert [segment for _, segment in levels(site, port, "host-1")] == [segments[position].id]
    (attempt,) = explanations.get(site.d, ADMIN, port["id"])["attempts"]
    assert attempt["steps"][0]["reason"] == "address_on_other_segment"


def test_a_subnet_that_is_not_tied_holds_nobody(site):
    site.report("host-1")
    network, segments = two_segments(site)
    site.subnet(network)
    port = site.port(network, "host-1")
    assert [segment for _, segment in levels(site, port, "host-1")] == [segments[0].id]


# --- what it costs --------------------------------------------------------------------------------


def test_a_bind_costs_ten_statements_at_most(site):
    site.report("host-1")
    network = site.network()
    site.subnet(network)
    port = site.port(network)
    with site.d.database.transaction(ADMIN) as tx:
        rows.reset(tx, port, {**port, "binding:host_id": "host-1"})
    port = site.show(port)
    with counted(site.d.database) as statements:
        bound = binding.bind(site.d, ADMIN, port, fresh=True)
    assert bound["binding:vif_type"] == "ovs"
    assert len(statements) <= 10, statements


def test_networks_and_hosts_are_read_once_for_many_ports(site):
    site.report("host-1")
    network = site.network()
    made = [site.port(network) for _ in range(3)]
    with site.d.database.transaction(ADMIN) as tx:
        for port in made:
            rows.reset(tx, port, {**port, "binding:host_id": "host-1"})
    shown = [site.show(port) for port in made]
    lookups = Lookups(site.d)
    with counted(site.d.database) as statements:
        for port in shown:
            binding.bind(site.d, ADMIN, port, lookups=lookups, fresh=True)
    assert sum("FROM agents" in one for one in statements) == 1
    assert sum("FROM segments" in one for one in statements) == 1


def test_nothing_to_bind_costs_nothing(site):
    site.report("host-1")
    network = site.network()
    for port in (site.port(network), site.port(network, "host-1")):
        with counted(site.d.database) as statements:
            assert binding.bind(site.d, ADMIN, dict(port)) == port
        assert len(statements) == 0, statements


def test_distributed_ports_have_no_host_of_their_own(site):
    owner = "network:router_interface_distributed"
    port = site.port(site.network(), device_owner=owner)
    assert binding.needed({**port, "binding:host_id": "host-1"}) is False


def test_one_active_binding_per_port(site):
    site.report("host-1")
    port = site.port(site.network(), "host-1")
    for host in ("host-2", "host-1", "", "host-1"):
        port = site.update(port, **{"binding:host_id": host})
    with site.d.database.read() as conn:
        found = conn.execute(
            select(port_bindings.c.host).where(port_bindings.c.port_id == port["id"])
        )
        assert list(found.scalars()) == ["host-1"]
