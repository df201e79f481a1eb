"""The law of ML2, proved with drivers of another distribution that know neutron-lib alone."""

from typing import Any

import pytest
from neutron_lib import exceptions
from sqlalchemy import func, select, text

from deuteron.core import binding, explanations, networks, ports, subnets
from deuteron.core.driver_sources import Lookups
from deuteron.core.postcommit_repair import repair
from deuteron.db.engine import Database
from deuteron.db.tables import METADATA, free_ranges, journal, postcommits
from deuteron.db.tables import networks as network_table
from deuteron.db.tables import ports as port_table
from deuteron.db.tables import segments as segment_table
from deuteron.errors import DriverError, MechanismDriverError, NoNetworkAvailable
from deuteron.ml2.dispatch import Mechanisms
from tests.deployments import ADMIN, Site, a_deployment

Port = dict[str, Any]
RACK = """
[ml2]
type_drivers = local,flat,vlan,gre,vxlan,geneve,sample
[ml2_type_vlan]
network_vlan_ranges = rack:300:301,physnet1:100:199
"""


class Recorder:
    """A second driver of which the first one's failures must not be hidden."""

    def __init__(self, calls: list[str]) -> None:
        self.calls = calls
        self.fails_in = ""

    def _note(self, hook: str) -> None:
        self.calls.append(f"second {hook}")
        if hook == self.fails_in:
            raise exceptions.BadRequest(resource="network", msg="the second driver refuses")

    def create_network_precommit(self, context: Any) -> None:
        self._note("create_network_precommit")

    def create_network_postcommit(self, context: Any) -> None:
        self._note("create_network_postcommit")

    def update_network_postcommit(self, context: Any) -> None:
        self._note("update_network_postcommit")

    def delete_network_precommit(self, context: Any) -> None:
        self._note("delete_network_precommit")

    def delete_network_postcommit(self, context: Any) -> None:
        self._note("delete_network_postcommit")


@pytest.fixture
def site(sample_distribution, database: Database, tmp_path) -> Site:
    """The sample drivers before Open vSwitch, as a site would configure them."""
    d = a_deployment(database, tmp_path, mechanisms=["sample", "openvswitch"], configuration=RACK)
    return Site(d)


@pytest.fixture
def driver(site: Site) -> Any:
    (found,) = [driver for name, driver in site.d.mechanisms.drivers if name == "sample"]
    return found


def rows(site: Site, table: Any) -> list[dict[str, Any]]:
    with site.d.database.read() as conn:
        return [dict(row) for row in conn.execute(select(table)).mappings()]


def contents(site: Site) -> dict[str, int]:
    """How many rows each table has; hints and the queue's leftovers do not count."""
    with site.d.database.read() as conn:
        return {
            table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in METADATA.sorted_tables
            if table is not free_ranges
        }


# --- found, made, initialised ---------------------------------------------------------------------


def test_the_drivers_are_found_by_their_entry_points(site, driver):
    assert type(driver).__module__ == "sample_ml2.mechanism"
    assert driver.initialized
    assert type(site.d.segments.types["sample"]).__module__ == "sample_ml2.network_type"


def test_the_drivers_know_nothing_of_this_service(sample_distribution):
    for path in sample_distribution.rglob("*.py"):
        assert "deuteron" not in path.read_text()


# --- hooks ----------------------------------------------------------------------------------------


def test_every_hook_of_a_life_is_called_in_order(site, driver):
    site.report("host-1")
    network = site.network()
    networks.update(site.d, ADMIN, network["id"], {"name": "renamed"})
    subnet = site.subnet(network)
    subnets.update(site.d, ADMIN, subnet["id"], {"name": "renamed"})
    port = site.port(network)
    site.update(port, name="renamed")
    ports.delete(site.d, ADMIN, port["id"])
    subnets.delete(site.d, ADMIN, subnet["id"])
    networks.delete(site.d, ADMIN, network["id"])
    for noun, made in (("network", network), ("subnet", subnet), ("port", port)):
        called = driver.hooks(made["id"])
        assert [hook for hook in called if noun in hook] == [
            f"{verb}_{noun}_{when}"
            for verb in ("create", "update", "delete")
            for when in ("precommit", "postcommit")
        ]


def test_contexts_show_before_and_after(site, driver):
    network = site.network(name="blue")
    networks.update(site.d, ADMIN, network["id"], {"name": "green"})
    for hook in ("update_network_precommit", "update_network_postcommit"):
        call = driver.last(hook)
        assert (call.original["name"], call.current["name"]) == ("blue", "green")
        assert [one["network_type"] for one in call.segments] == ["vxlan"]


def test_a_committed_binding_is_shown_as_an_update(site, driver):
    site.report("host-1")
    port = site.port(site.network(), "host-1")
    for hook in ("update_port_precommit", "update_port_postcommit"):
        call = driver.last(hook)
        assert (call.original_vif_type, call.vif_type) == ("unbound", "ovs")
        assert (call.original["binding:vif_type"], call.current["binding:vif_type"]) == (
            "unbound",
            "ovs",
        )
        assert [level["bound_driver"] for level in call.levels] == ["openvswitch"]
        assert call.original_levels is None
        assert call.current["revision_number"] == port["revision_number"]
        assert call.host == call.original_host == "host-1"


def test_a_move_shows_both_hosts_and_the_old_levels(site, driver):
    site.report("host-1")
    site.report("host-2")
    port = site.port(site.network(), "host-1")
    driver.calls.clear()
    site.update(port, **{"binding:host_id": "host-2"})
    moved, bound = [call for call in driver.calls if call.hook == "update_port_postcommit"]
    assert (moved.original_host, moved.host) == ("host-1", "host-2")
    assert (moved.original_vif_type, moved.vif_type) == ("ovs", "unbound")
    assert [level["bound_driver"] for level in moved.original_levels] == ["openvswitch"]
    assert moved.levels is None
    assert (bound.original_vif_type, bound.vif_type) == ("unbound", "ovs")


def test_a_deleted_port_is_shown_with_its_levels(site, driver):
    site.report("host-1")
    port = site.port(site.network(), "host-1")
    ports.delete(site.d, ADMIN, port["id"])
    for hook in ("delete_port_precommit", "delete_port_postcommit"):
        call = driver.last(hook)
        assert [level["bound_driver"] for level in call.levels] == ["openvswitch"]
        assert call.bottom["network_type"] == "vxlan"


# --- vetoes and failures --------------------------------------------------------------------------

MAKE = {
    "network": lambda site, network: site.network(),
    "subnet": lambda site, network: site.subnet(network),
    "port": lambda site, network: site.port(network),
}


@pytest.mark.parametrize("noun", MAKE)
def test_a_veto_rolls_the_creation_back(site, driver, noun):
    network = site.network()
    site.port(network)  # the project's default group is made
    before = contents(site)
    driver.failures[f"create_{noun}_precommit"] = exceptions.InvalidInput(error_message="no")
    with pytest.raises(DriverError) as raised:
        MAKE[noun](site, network)
    assert (raised.value.type, raised.value.status) == ("InvalidInput", 400)
    assert contents(site) == before
    assert f"create_{noun}_postcommit" not in driver.hooks(driver.calls[-1].id)


@pytest.mark.parametrize("noun", MAKE)
def test_what_fails_after_its_creation_is_removed_again(site, driver, noun):
    network = site.network()
    site.port(network)
    before = contents(site)
    driver.failures[f"create_{noun}_postcommit"] = ValueError("the switch is on fire")
    with pytest.raises(MechanismDriverError) as raised:
        MAKE[noun](site, network)
    assert raised.value.status == 500
    made = driver.last(f"create_{noun}_postcommit").id
    assert driver.hooks(made)[-2:] == [f"delete_{noun}_precommit", f"delete_{noun}_postcommit"]
    site.clock.turn(3600)
    repair(site.d)  # forgets the hook that is no longer due
    after = contents(site)
    assert {name: after[name] for name in after if name != "journal"} == {
        name: before[name] for name in before if name != "journal"
    }
    assert driver.hooks(made).count(f"create_{noun}_postcommit") == 1


def test_an_update_that_fails_afterwards_stands_and_is_repeated(site, driver):
    network = site.network()
    driver.failures["update_network_postcommit"] = ValueError("later")
    networks.update(site.d, ADMIN, network["id"], {"name": "green"})
    assert networks.get(site.d, ADMIN, network["id"])["name"] == "green"
    (left,) = rows(site, postcommits)
    assert (left["hook"], left["drivers"]) == ("update_network_postcommit", ["sample"])


def test_a_veto_of_an_update_leaves_everything(site, driver):
    network = site.network()
    port = site.port(network)
    driver.failures["update_port_precommit"] = exceptions.Conflict()
    with pytest.raises(DriverError):
        site.update(port, name="green", **{"binding:host_id": "host-1"})
    assert site.kept(port) == port


def test_a_veto_of_a_delete_keeps_the_resource(site, driver):
    port = site.port(site.network())
    driver.failures["delete_port_precommit"] = exceptions.Conflict()
    with pytest.raises(DriverError):
        ports.delete(site.d, ADMIN, port["id"])
    assert site.kept(port) == port


def test_a_delete_that_fails_afterwards_is_done(site, driver):
    network = site.network()
    driver.failures["delete_network_postcommit"] = ValueError("later")
    networks.delete(site.d, ADMIN, network["id"])
    assert rows(site, network_table) == []
    (left,) = rows(site, postcommits)
    assert left["hook"] == "delete_network_postcommit"


# --- several drivers ------------------------------------------------------------------------------


@pytest.fixture
def both(site, driver) -> tuple[Site, list[str], Recorder]:
    """A site with a second driver, and the hooks of both in the order of their calls."""
    calls: list[str] = []
    original = driver._note

    def note(hook: str, context: Any) -> None:
        calls.append(f"first {hook}")
        original(hook, context)

    driver._note = note
    second = Recorder(calls)
    object.__setattr__(
        site.d, "mechanisms", Mechanisms([*site.d.mechanisms.drivers, ("second", second)])
    )
    return site, calls, second


def test_deletes_walk_the_drivers_in_reverse(both):
    site, calls, _ = both
    network = site.network()
    calls.clear()
    networks.delete(site.d, ADMIN, network["id"])
    assert calls == [
        "second delete_network_precommit",
        "first delete_network_precommit",
        "second delete_network_postcommit",
        "first delete_network_postcommit",
    ]


def test_all_are_told_of_an_update_although_one_failed(both, driver):
    site, calls, _ = both
    network = site.network()
    driver.failures["update_network_postcommit"] = ValueError("later")
    calls.clear()
    networks.update(site.d, ADMIN, network["id"], {"name": "green"})
    assert calls[-2:] == ["first update_network_postcommit", "second update_network_postcommit"]


def test_the_first_who_fails_after_a_creation_ends_the_walk(both, driver):
    site, calls, _ = both
    driver.failures["create_network_postcommit"] = ValueError("now")
    with pytest.raises(MechanismDriverError):
        site.network()
    assert "second create_network_postcommit" not in calls


def test_a_late_veto_undoes_what_earlier_drivers_allowed(both):
    site, _, second = both
    second.fails_in = "create_network_precommit"
    with pytest.raises(DriverError) as raised:
        site.network()
    assert (raised.value.type, raised.value.status) == ("BadRequest", 400)
    assert rows(site, network_table) == rows(site, segment_table) == []


# --- the session of a precommit hook --------------------------------------------------------------


@pytest.fixture
def keeping(site, driver) -> Site:
    """The driver keeps a row of its own per port, by the session it is given."""
    with site.d.database.transaction(ADMIN) as tx:
        tx.execute(text("DROP TABLE IF EXISTS sample_ml2_ports"))
        tx.execute(text("CREATE TABLE sample_ml2_ports (port_id VARCHAR(36) PRIMARY KEY)"))
    driver.keeps_ports = True
    yield site
    with site.d.database.transaction(ADMIN) as tx:
        tx.execute(text("DROP TABLE sample_ml2_ports"))


def kept(site: Site) -> set[str]:
    with site.d.database.read() as conn:
        return set(conn.execute(text("SELECT port_id FROM sample_ml2_ports")).scalars())


def test_a_drivers_rows_come_and_go_with_the_port(keeping):
    network = keeping.network()
    port = keeping.port(network)
    assert kept(keeping) == {port["id"]}
    ports.delete(keeping.d, ADMIN, port["id"])
    assert kept(keeping) == set()


def test_a_drivers_rows_are_rolled_back_with_the_port(keeping, driver):
    network = keeping.network()
    driver.failures["create_port_precommit"] = ValueError("no")
    with pytest.raises(MechanismDriverError):
        keeping.port(network)
    assert kept(keeping) == set()
    assert rows(keeping, port_table) == []


# --- hierarchical binding -------------------------------------------------------------------------


def vlans(site: Site) -> list[dict[str, Any]]:
    return [one for one in rows(site, segment_table) if one["is_dynamic"]]


def on_rack(site: Site, host: str = "rack-1") -> None:
    site.report(host, tunnel_types=[], bridge_mappings={"rack": "br-rack"})


def test_a_port_is_bound_through_a_dynamic_segment(site, driver):
    on_rack(site)
    network = site.network()
    port = site.port(network, "rack-1")
    assert port["binding:vif_type"] == "ovs"
    assert port["binding:vif_details"]["bound_drivers"] == {"0": "sample", "1": "openvswitch"}
    (dynamic,) = vlans(site)
    assert (dynamic["network_type"], dynamic["physical_network"]) == ("vlan", "rack")
    call = driver.last("update_port_postcommit")
    assert [level["bound_driver"] for level in call.levels] == ["sample", "openvswitch"]
    assert (call.top["network_type"], call.bottom["id"]) == ("vxlan", dynamic["id"])
    (attempt,) = explanations.get(site.d, ADMIN, port["id"])["attempts"]
    assert [(step["level"], step["driver"], step["outcome"]) for step in attempt["steps"]] == [
        (0, "sample", "continued"),
        (1, "sample", "declined"),
        (1, "openvswitch", "bound"),
    ]


def test_ports_of_a_rack_share_the_dynamic_segment(site):
    on_rack(site)
    on_rack(site, "rack-2")
    network = site.network()
    for host in ("rack-1", "rack-1", "rack-2"):
        assert site.port(network, host)["binding:vif_type"] == "ovs"
    assert len(vlans(site)) == 1


def test_dynamic_segments_are_hidden_and_go_with_the_network(site):
    on_rack(site)
    network = site.network()
    port = site.port(network, "rack-1")
    shown = networks.get(site.d, ADMIN, network["id"])
    assert shown["provider:network_type"] == "vxlan"
    ports.delete(site.d, ADMIN, port["id"])
    networks.delete(site.d, ADMIN, network["id"])
    assert rows(site, segment_table) == []
    for _ in range(2):  # both VLANs of the rack are free again
        assert site.port(site.network(), "rack-1")["binding:vif_type"] == "ovs"


def test_a_rack_without_a_free_vlan_is_told(site):
    on_rack(site)
    for _ in range(2):
        site.port(site.network(), "rack-1")
    for host in ("rack-1", "silent-1"):
        port = site.port(site.network(), host)
        assert port["binding:vif_type"] == "binding_failed"
        (attempt,) = explanations.get(site.d, ADMIN, port["id"])["attempts"]
        assert attempt["reason"] == "no_dynamic_segment"
        assert "'rack'" in attempt["sentence"]


def test_nobody_below_the_rack_is_told(site):
    network = site.network()
    port = site.port(network, "rack-9")
    (attempt,) = explanations.get(site.d, ADMIN, port["id"])["attempts"]
    assert [(step["level"], step["driver"], step["reason"]) for step in attempt["steps"]] == [
        (0, "sample", "lower_level_failed"),
        (1, "sample", "declined"),
        (1, "openvswitch", "no_agent"),
        (0, "openvswitch", "no_agent"),
    ]


def test_a_question_gives_the_dynamic_segment_back(site):
    on_rack(site)
    network = site.network()
    question = {"network_id": network["id"], "host": "rack-1"}
    assert binding.explain(site.d, ADMIN, question)["vif_type"] == "ovs"
    assert vlans(site) == []


def test_ten_levels_are_bound_and_eleven_are_not(site):
    network = site.network()
    port = site.port(network, "deep-10")
    assert port["binding:vif_type"] == "sample"
    assert len(port["binding:vif_details"]["bound_drivers"]) == 10
    too_deep = site.port(network, "deep-11")
    assert too_deep["binding:vif_type"] == "binding_failed"
    (attempt,) = explanations.get(site.d, ADMIN, too_deep["id"])["attempts"]
    assert "too_many_levels" in [step["reason"] for step in attempt["steps"]]


def test_a_loop_is_refused(site):
    port = site.port(site.network(), "loop-1")
    assert port["binding:vif_type"] == "binding_failed"
    (attempt,) = explanations.get(site.d, ADMIN, port["id"])["attempts"]
    assert "driver_loop" in [step["reason"] for step in attempt["steps"]]


def test_a_driver_that_raises_does_not_stop_the_others(site):
    site.report("raise-1")
    port = site.port(site.network(), "raise-1")
    assert port["binding:vif_type"] == "ovs"
    (attempt,) = explanations.get(site.d, ADMIN, port["id"])["attempts"]
    assert "ValueError: the switch speaks another language" in attempt["steps"][0]["sentence"]


def test_a_driver_binds_by_itself_and_sets_the_status(site):
    port = site.port(site.network(), "sample-1")
    assert (port["binding:vif_type"], port["status"]) == ("sample", "ACTIVE")
    assert port["binding:vif_details"] == {"plug": "it in", "bound_drivers": {"0": "sample"}}


# --- others change the port meanwhile -------------------------------------------------------------


def test_a_port_that_is_changed_meanwhile_is_tried_again(site, driver):
    port = site.port(site.network())
    left = ["sample-2"]

    def intrude(context: Any) -> None:
        if left:
            ports.update(site.d, ADMIN, port["id"], {"binding:host_id": left.pop()})

    driver.while_binding = intrude
    bound = site.update(port, **{"binding:host_id": "sample-1"})
    assert (bound["binding:host_id"], bound["binding:vif_type"]) == ("sample-2", "sample")
    committed = [
        call
        for call in driver.calls
        if call.hook == "update_port_postcommit" and call.vif_type == "sample"
    ]
    assert [call.host for call in committed] == ["sample-2"]  # what was discarded is not told
    assert site.kept(bound) == bound


def test_a_port_that_is_deleted_meanwhile_is_not_committed(site, driver):
    port = site.port(site.network())
    driver.while_binding = lambda context: ports.delete(site.d, ADMIN, port["id"])
    site.update(port, **{"binding:host_id": "sample-1"})
    assert "sample" not in [
        call.vif_type for call in driver.calls if call.hook == "update_port_postcommit"
    ]
    assert rows(site, port_table) == []


# --- a network type of its own --------------------------------------------------------------------


def test_networks_of_the_sample_type(site):
    kind = {"provider:network_type": "sample"}
    first = site.network(**kind)
    assert (first["provider:segmentation_id"], first["mtu"]) == (1, 1400)
    second = site.network(**kind, **{"provider:segmentation_id": 3})
    assert second["provider:segmentation_id"] == 3
    with pytest.raises(DriverError) as raised:
        site.network(**kind, **{"provider:segmentation_id": 3})
    assert (raised.value.type, raised.value.status) == ("NumberInUse", 409)
    with pytest.raises(DriverError) as raised:
        site.network(**kind, **{"provider:segmentation_id": 4})
    assert (raised.value.type, raised.value.status) == ("InvalidInput", 400)
    site.network(**kind)
    with pytest.raises((DriverError, NoNetworkAvailable)) as exhausted:
        site.network(**kind)
    assert exhausted.value.status == 503
    networks.delete(site.d, ADMIN, second["id"])
    assert site.network(**kind)["provider:segmentation_id"] == 3


def test_the_journal_tells_of_a_binding(site):
    on_rack(site)
    port = site.port(site.network(), "rack-1")
    events = [one["event"] for one in rows(site, journal) if one["resource_id"] == port["id"]]
    assert events == ["create", "bind"]
    assert Lookups(site.d).segments(port["network_id"])
