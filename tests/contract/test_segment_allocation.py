"""Segments are handed out by claim, on each database: the manager, the types and their ranges."""

import threading
import uuid

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from neutron_lib import exceptions
from neutron_lib.plugins.ml2 import api
from sqlalchemy import func, insert, select

from deuteron import config
from deuteron.config import resolve
from deuteron.context import RequestContext
from deuteron.core.segment_ranges import sync_defaults
from deuteron.db import segment_ranges
from deuteron.db import segments as rows
from deuteron.db.engine import Database, utc_now
from deuteron.db.tables import free_ranges, networks, segment_claims, segments
from deuteron.errors import (
    InvalidInput,
    NetworkError,
    NoNetworkAvailable,
    SegmentsContainDuplicateEntry,
    SegmentsSetInConjunctionWithProviders,
    StartError,
)
from deuteron.ml2.plugin_context import plugin_context
from deuteron.ml2.segments import SegmentManager, provider_attributes
from deuteron.ml2.types.flat import FlatTypeDriver
from deuteron.ml2.types.geneve import GeneveTypeDriver
from deuteron.ml2.types.gre import GreTypeDriver
from deuteron.ml2.types.local import LocalTypeDriver
from deuteron.ml2.types.vlan import VlanTypeDriver
from deuteron.ml2.types.vxlan import VxlanTypeDriver
from deuteron.segment import Segment
from tests.statements import counted

ASKED = RequestContext(request_id="req-1", project_id="owner", is_admin=True)
LINES = """
[ml2_type_vlan]
network_vlan_ranges = physnet1:101:103,physnet2:201:202
[ml2_type_vxlan]
vni_ranges = 1001:1004
[ml2_type_gre]
tunnel_id_ranges = 1:2
[ml2_type_geneve]
vni_ranges = 1:16777215
"""
KINDS = (
    LocalTypeDriver,
    FlatTypeDriver,
    VlanTypeDriver,
    GreTypeDriver,
    VxlanTypeDriver,
    GeneveTypeDriver,
)


class Site:
    """A segment manager on a database, as one process has it."""

    def __init__(self, database, path, lines=LINES, types=("vxlan",), external=""):
        path.write_text(lines)
        config.load([str(path)])
        self.database = database
        drivers = []
        for kind in KINDS:
            driver = kind()
            driver.initialize()
            drivers.append((driver.get_type(), driver))
        self.manager = SegmentManager(
            drivers,
            project_network_types=types,
            external_network_type=external,
            global_physnet_mtu=1500,
        )
        sync_defaults(database, self.manager, utc_now)

    def create(self, *, project_id="owner", external=False, **body):
        """A network with its segments, as the core makes it."""
        network_id = str(uuid.uuid4())
        wanted = self.manager.wanted({key.replace("__", ":"): v for key, v in body.items()})
        with self.database.transaction(ASKED) as tx:
            context = plugin_context(tx)
            if wanted is None:
                made = [
                    self.manager.allocate(
                        context, network_id=network_id, project_id=project_id, external=external
                    )
                ]
            else:
                made = self.manager.reserve(
                    context, wanted, network_id=network_id, project_id=project_id
                )
            tx.execute(insert(networks), a_network(network_id, project_id))
            rows.insert(tx, made, now=utc_now())
        return made

    def vlan(self, physical_network=None, segmentation_id=None, **more):
        (segment,) = self.create(
            provider__network_type="vlan",
            provider__physical_network=physical_network,
            provider__segmentation_id=segmentation_id,
            **more,
        )
        return segment.physical_network, segment.segmentation_id

    def number(self, **more):
        return self.create(**more)[0].segmentation_id

    def release(self, *made):
        with self.database.transaction(ASKED) as tx:
            self.manager.release(plugin_context(tx), made)
            rows.delete(tx, [segment.id for segment in made])

    def claims(self):
        with self.database.read() as conn:
            return {tuple(row) for row in conn.execute(select(segment_claims))}


def a_network(network_id, project_id="owner"):
    return {
        "id": network_id,
        "project_id": project_id,
        "name": "",
        "admin_state_up": True,
        "status": "ACTIVE",
        "shared": False,
        "external": False,
        "mtu": 1450,
        "port_security_enabled": True,
        "created_at": utc_now(),
        "updated_at": utc_now(),
        "revision_number": 1,
    }


@pytest.fixture
def a_site(database, tmp_path):
    """Makes the site of one process; another call is another process, or a restart."""

    def make(**more):
        return Site(database, tmp_path / "neutron.conf", **more)

    yield make
    resolve.fill_global({}, [])


@pytest.fixture
def site(a_site):
    return a_site()


def a_range(site, minimum, maximum, *, network_type="vxlan", place="", project_id=None):
    """A range made through the API."""
    row = {
        "id": str(uuid.uuid4()),
        "name": "",
        "description": "",
        "default": False,
        "shared": project_id is None,
        "project_id": project_id,
        "network_type": network_type,
        "physical_network": place,
        "minimum": minimum,
        "maximum": maximum,
        "created_at": utc_now(),
        "updated_at": utc_now(),
        "revision_number": 0,
    }
    with site.database.transaction(ASKED) as tx:
        segment_ranges.insert_one(tx, row)


# --- automatic ------------------------------------------------------------------------------------


def test_a_network_without_wishes_gets_the_first_type_with_a_free_segment(a_site):
    site = a_site(types=("gre", "vxlan"))
    made = [site.create()[0] for _ in range(6)]
    assert [one.network_type for one in made] == ["gre"] * 2 + ["vxlan"] * 4
    assert len({(one.network_type, one.segmentation_id) for one in made}) == 6
    with pytest.raises(NoNetworkAvailable) as refused:
        site.create()
    assert refused.value.status == 503


def test_an_external_network_gets_the_type_configured_for_it(a_site):
    site = a_site(external="vlan")
    assert site.create(external=True)[0].network_type == "vlan"
    assert site.create(external=False)[0].network_type == "vxlan"


def test_flat_is_never_handed_out_unasked(a_site):
    site = a_site(types=("flat",))
    with pytest.raises(NoNetworkAvailable):
        site.create()


def test_local_networks_are_without_number(a_site):
    site = a_site(types=("local",))
    made = [site.create()[0] for _ in range(3)]
    assert {(one.network_type, one.segmentation_id) for one in made} == {("local", None)}
    site.release(*made)
    assert site.claims() == set()


def test_vlans_are_taken_from_the_first_physical_network_first(a_site):
    site = a_site(types=("vlan",))
    made = [site.create()[0] for _ in range(5)]
    assert [one.physical_network for one in made] == ["physnet1"] * 3 + ["physnet2"] * 2


# --- wished ---------------------------------------------------------------------------------------


def test_a_wished_segment_is_reserved_and_refused_while_in_use(site):
    assert site.vlan("physnet1", 102) == ("physnet1", 102)
    with pytest.raises(NetworkError) as refused:
        site.vlan("physnet1", 102)
    assert (refused.value.status, refused.value.type) == (409, "VlanIdInUse")
    assert site.vlan("physnet2", 102) == ("physnet2", 102)


@pytest.mark.parametrize("network_type", ["gre", "vxlan", "geneve"])
def test_a_wished_tunnel_is_refused_while_in_use(site, network_type):
    wish = {"provider__network_type": network_type, "provider__segmentation_id": 99999}
    assert site.number(**wish) == 99999
    with pytest.raises(NetworkError) as refused:
        site.create(**wish)
    assert (refused.value.status, refused.value.type) == (409, "TunnelIdInUse")


def test_a_flat_network_is_refused_while_in_use(site):
    wish = {"provider__network_type": "flat", "provider__physical_network": "public"}
    (made,) = site.create(**wish)
    assert (made.physical_network, made.segmentation_id) == ("public", None)
    with pytest.raises(NetworkError) as refused:
        site.create(**wish)
    assert (refused.value.status, refused.value.type) == (409, "FlatNetworkInUse")
    site.release(made)
    site.create(**wish)


def test_ids_outside_of_the_ranges_are_for_those_who_wish_them(site):
    assert site.vlan("physnet1", 4094) == ("physnet1", 4094)
    assert site.number(provider__network_type="gre", provider__segmentation_id=2**32 - 1) == (
        2**32 - 1
    )


def test_partial_segments_are_completed(site):
    assert site.vlan("physnet2")[0] == "physnet2"
    place, number = site.vlan()
    assert (place, number) in {("physnet1", n) for n in (101, 102, 103)}
    assert site.number(provider__network_type="vxlan") in range(1001, 1005)
    site.vlan("physnet2")
    with pytest.raises(NetworkError) as refused:
        site.vlan("physnet2")
    assert (refused.value.status, refused.value.type) == (503, "NoNetworkAvailable")


def test_an_unknown_physical_network_is_refused_unless_a_range_names_it(site):
    for number in (None, 5):
        with pytest.raises(NetworkError) as refused:
            site.vlan("elsewhere", number)
        assert (refused.value.status, refused.value.type) == (400, "InvalidInput")
    a_range(site, 7, 7, network_type="vlan", place="elsewhere")
    assert site.vlan("elsewhere", 5) == ("elsewhere", 5)
    assert site.vlan("elsewhere") == ("elsewhere", 7)


def test_many_segments_are_reserved_in_their_order_complete_ones_first(site):
    wish = [
        {"provider:network_type": "vlan", "provider:physical_network": "physnet2"},
        {"provider:network_type": "vxlan"},
        {
            "provider:network_type": "vlan",
            "provider:physical_network": "physnet2",
            "provider:segmentation_id": 201,
        },
    ]
    made = site.create(segments=wish)
    assert [one.segment_index for one in made] == [0, 1, 2]
    assert [one.segmentation_id for one in made][::2] == [202, 201]
    with site.database.read() as conn:
        network_id = made[0].network_id
        assert rows.of_networks(conn, [network_id]) == {network_id: made}


def test_a_refused_segment_leaves_none_of_the_others_taken(site):
    site.vlan("physnet1", 101)
    before = site.claims()
    with pytest.raises(NetworkError):
        site.create(
            segments=[
                {"provider:network_type": "vxlan"},
                {
                    "provider:network_type": "vlan",
                    "provider:physical_network": "physnet1",
                    "provider:segmentation_id": 101,
                },
            ]
        )
    assert site.claims() == before


V = {"provider:network_type": "vxlan"}
V5 = {**V, "provider:segmentation_id": 5}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({**V, "segments": [V]}, SegmentsSetInConjunctionWithProviders),
        ({**V, "segments": []}, SegmentsSetInConjunctionWithProviders),
        ({"segments": [V5, V5]}, SegmentsContainDuplicateEntry),
        ({"segments": [{"provider:network_type": "local"}] * 2}, SegmentsContainDuplicateEntry),
        ({"segments": [{"provider:physical_network": "physnet1"}]}, InvalidInput),
        ({"segments": [{"provider:network_type": "unknown"}]}, InvalidInput),
        ({"provider:network_type": "unknown"}, InvalidInput),
        ({"provider:network_type": ""}, InvalidInput),
        ({"provider:physical_network": "physnet1"}, InvalidInput),
        ({"provider:segmentation_id": 5}, InvalidInput),
    ],
    ids=str,
)
def test_contradicting_wishes_are_refused(site, body, error):
    with pytest.raises(NetworkError) as refused:
        site.manager.wanted(body)
    assert (refused.value.status, refused.value.type) == (400, error.__name__)


@pytest.mark.parametrize("body", [{}, {"segments": []}, {"provider:network_type": None}], ids=str)
def test_no_wish_is_none(site, body):
    assert site.manager.wanted(body) is None


def test_partial_segments_may_be_equal(site):
    assert site.manager.wanted({"segments": [V, V]}) is not None


# --- release --------------------------------------------------------------------------------------


def test_a_freed_id_is_handed_out_last(site):
    made = [site.create()[0] for _ in range(2)]
    site.release(made[0])
    freed = made[0].segmentation_id
    later = [site.number() for _ in range(3)]
    assert later[-1] == freed
    assert freed not in later[:-1]


def test_a_freed_id_that_was_wished_is_handed_out_last_too(site):
    (wished,) = site.create(provider__network_type="vxlan", provider__segmentation_id=1001)
    site.release(wished)
    assert [site.number() for _ in range(4)][-1] == 1001


def test_a_freed_id_waits_in_other_processes_too(a_site):
    one, other = a_site(), a_site()
    (made,) = one.create()
    one.release(made)
    assert [other.number() for _ in range(4)][-1] == made.segmentation_id


def test_releasing_twice_does_no_harm(site):
    (made,) = site.create()
    site.release(made)
    site.release(made)
    assert len({site.number() for _ in range(4)}) == 4


def test_a_rolled_back_allocation_comes_back(site):
    class Veto(Exception):
        pass

    for _ in range(6):
        with pytest.raises(Veto), site.database.transaction(ASKED) as tx:
            site.manager.allocate(plugin_context(tx), network_id="n", project_id="p")
            raise Veto
    assert {site.number() for _ in range(4)} == {1001, 1002, 1003, 1004}


# --- ranges ---------------------------------------------------------------------------------------


def test_a_project_gets_its_own_range_then_shared_ones_then_the_default(site):
    a_range(site, 1003, 1003, project_id="p1")
    a_range(site, 2001, 2001)
    got = [site.number(project_id="p1") for _ in range(5)]
    assert got[:2] == [1003, 2001]
    assert sorted(got[2:]) == [1001, 1002, 1004]
    with pytest.raises(NoNetworkAvailable):
        site.create(project_id="p1")


def test_the_range_of_a_project_is_nobody_elses(site):
    a_range(site, 1001, 1003, project_id="p1")
    assert site.number(project_id="p2") == 1004
    with pytest.raises(NoNetworkAvailable):
        site.create(project_id="p2")
    with pytest.raises(NoNetworkAvailable):
        site.create(project_id="")
    assert site.number(project_id="p1") in range(1001, 1004)


def test_a_restart_with_other_ranges_keeps_what_is_allocated(a_site):
    site = a_site()
    made = [site.create()[0] for _ in range(4)]
    narrower = a_site(lines="[ml2_type_vxlan]\nvni_ranges = 1003:1006\n")
    assert {one.segmentation_id for one in made} == {1001, 1002, 1003, 1004}
    assert {narrower.number() for _ in range(2)} == {1005, 1006}
    with pytest.raises(NoNetworkAvailable):
        narrower.create()
    outside = next(one for one in made if one.segmentation_id == 1001)
    inside = next(one for one in made if one.segmentation_id == 1003)
    narrower.release(outside, inside)
    assert narrower.number() == 1003
    with pytest.raises(NoNetworkAvailable):
        narrower.create()


def test_ranges_of_the_configuration_are_kept_once_and_under_the_same_id(a_site):
    def kept(site):
        with site.database.read() as conn:
            return {one.id: (one.minimum, one.maximum) for one in segment_ranges.every(conn)}

    first = kept(a_site())
    assert sorted(first.values()) == [
        (1, 2),
        (1, 16777215),
        (101, 103),
        (201, 202),
        (1001, 1004),
    ]
    assert kept(a_site()) == first
    assert (
        kept(a_site(lines="[ml2_type_gre]\ntunnel_id_ranges = 1:3\n"))
        .keys()
        .isdisjoint(key for key, bounds in first.items() if bounds == (1, 2))
    )


def test_sixteen_million_numbers_are_one_row(site):
    with site.database.read() as conn:
        before = conn.execute(select(func.count()).select_from(free_ranges)).scalar_one()
    assert before == 0
    site.create(provider__network_type="geneve")
    with site.database.read() as conn:
        count = conn.execute(select(func.count()).select_from(free_ranges)).scalar_one()
    assert count <= 3


def test_an_allocation_takes_two_statements(site):
    site.create()
    with counted(site.database) as statements, site.database.transaction(ASKED) as tx:
        site.manager.allocate(plugin_context(tx), network_id=str(uuid.uuid4()), project_id="owner")
    assert len(statements) <= 4, statements
    with counted(site.database) as statements:
        site.create(provider__network_type="geneve")
        site.create(provider__network_type="geneve")
        del statements[:]
        site.create(provider__network_type="geneve")
    # the ranges, the claim; the rows of the network and its segment
    assert len(statements) == 4, statements


# --- MTU ------------------------------------------------------------------------------------------


def test_the_mtu_is_that_of_the_narrowest_segment(site):
    def of(*types):
        return [Segment(id="", network_id="", network_type=one) for one in types]

    mtu = site.manager.mtu
    assert mtu(of("vlan"), None) == 1500
    assert mtu(of("vlan", "vxlan"), None) == 1450
    assert mtu(of("vlan", "gre"), 1400) == 1400
    assert mtu(of("local"), None) == 1500
    assert mtu(of("unknown"), None) == 1500
    assert mtu([], 0) == 1500
    assert mtu(of("vxlan"), 1450) == 1450
    with pytest.raises(InvalidInput):
        mtu(of("vlan", "vxlan"), 1451)


# --- dynamic --------------------------------------------------------------------------------------


def test_a_dynamic_segment_is_made_once_and_released(site):
    (static,) = site.create()
    wish = {"network_type": "vlan", "physical_network": "physnet1"}
    with site.database.transaction(ASKED) as tx:
        context = plugin_context(tx)
        made = site.manager.allocate_dynamic(context, static.network_id, wish)
        again = site.manager.allocate_dynamic(context, static.network_id, wish)
        other = site.manager.allocate_dynamic(
            context, static.network_id, {**wish, "physical_network": "physnet2"}
        )
    assert made == again
    assert made.is_dynamic
    assert other.physical_network == "physnet2"
    with site.database.read() as conn:
        kept = rows.of_networks(conn, [static.network_id])[static.network_id]
    assert [one.is_dynamic for one in kept] == [False, True, True]
    assert provider_attributes(kept)["provider:network_type"] == "vxlan"
    with site.database.transaction(ASKED) as tx:
        for _ in range(2):
            site.manager.release_dynamic(plugin_context(tx), made.id)
        site.manager.release_dynamic(plugin_context(tx), static.id)
        assert rows.find(tx, made.id) is None
        assert rows.find(tx, static.id) == static
    assert ("vlan", "physnet1", made.segmentation_id) not in site.claims()


def test_an_exhausted_dynamic_segment_raises_what_drivers_know(site):
    site.vlan("physnet2")
    site.vlan("physnet2")
    (static,) = site.create()
    wish = {"network_type": "vlan", "physical_network": "physnet2"}
    with pytest.raises(exceptions.NoNetworkAvailable), site.database.transaction(ASKED) as tx:
        site.manager.allocate_dynamic(plugin_context(tx), static.network_id, wish)


# --- renumbering ----------------------------------------------------------------------------------


def test_a_vlan_is_renumbered(site):
    (made,) = site.create(
        provider__network_type="vlan",
        provider__physical_network="physnet1",
        provider__segmentation_id=101,
    )
    with site.database.transaction(ASKED) as tx:
        renumbered = site.manager.renumber(plugin_context(tx), made, 103, project_id="owner")
        assert rows.find(tx, made.id) == renumbered
    assert renumbered.segmentation_id == 103
    assert site.claims() == {("vlan", "physnet1", 103)}
    (tunnel,) = site.create()
    with pytest.raises(InvalidInput), site.database.transaction(ASKED) as tx:
        site.manager.renumber(plugin_context(tx), tunnel, 5, project_id="owner")


# --- third-party type drivers ---------------------------------------------------------------------


class SessionDriver(api.TypeDriver):
    """A driver that is handed the ORM session, as those written before ML2TypeDriver are."""

    def __init__(self):
        self.released = []

    def initialize(self):
        pass

    def get_type(self):
        return "magic"

    def is_partial_segment(self, segment):
        return False

    def validate_provider_segment(self, segment):
        if segment.get("segmentation_id") == 13:
            raise exceptions.InvalidInput(error_message="unlucky")

    def reserve_provider_segment(self, session, segment, filters=None):
        session.execute(
            insert(segment_claims).values(
                network_type="magic", physical_network="", segmentation_id=7
            )
        )
        return {**segment, "segmentation_id": 7}

    def allocate_tenant_segment(self, session, filters=None):
        assert filters == {"project_id": "owner"}
        return self.reserve_provider_segment(session, {"network_type": "magic"})

    def release_segment(self, session, segment):
        self.released.append(segment["segmentation_id"])

    def get_mtu(self, physical):
        return 777


def test_a_driver_of_another_vendor_is_handed_the_session(site):
    driver = SessionDriver()
    site.manager = SegmentManager(
        [("magic", driver)],
        project_network_types=["magic"],
        external_network_type="",
        global_physnet_mtu=1500,
    )
    made = site.create()
    assert ("magic", "", 7) in site.claims()
    assert site.manager.mtu(made, None) == 777
    site.release(*made)
    assert driver.released == [7]
    with pytest.raises(NetworkError) as refused:
        site.create(provider__network_type="magic", provider__segmentation_id=13)
    assert (refused.value.status, refused.value.type) == (400, "InvalidInput")


def test_a_segment_without_driver_is_left_alone(site):
    (made,) = site.create()
    site.manager = SegmentManager(
        [("local", LocalTypeDriver())],
        project_network_types=["local"],
        external_network_type="",
        global_physnet_mtu=1500,
    )
    site.release(made)
    assert len(site.claims()) == 1


@pytest.mark.parametrize(
    ("project", "external", "words"),
    [(["vlan"], "", "project_network_types"), (["local"], "vlan", "external_network_type")],
)
def test_a_type_without_driver_ends_the_start(project, external, words):
    with pytest.raises(StartError, match=words):
        SegmentManager(
            [("local", LocalTypeDriver())],
            project_network_types=project,
            external_network_type=external,
            global_physnet_mtu=1500,
        )


def test_two_drivers_of_one_type_end_the_start():
    with pytest.raises(StartError, match="other"):
        SegmentManager(
            [("local", LocalTypeDriver()), ("other", LocalTypeDriver())],
            project_network_types=[],
            external_network_type="",
            global_physnet_mtu=1500,
        )


# --- many at once ---------------------------------------------------------------------------------


def test_concurrent_allocations_never_share_a_number(a_site, database):
    sites = [a_site(lines="[ml2_type_vxlan]\nvni_ranges = 1:40\n") for _ in range(4)]
    got, faults = [], []

    def allocate(site):
        for _ in range(10):
            for _attempt in range(20):
                try:
                    got.append(site.number())
                    break
                except NetworkError as error:
                    if error.type != "TryAgain":
                        faults.append(error)
                        return
            else:
                faults.append("tried too often")

    threads = [threading.Thread(target=allocate, args=[site]) for site in sites]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert sorted(got) == list(range(1, 41))


# --- any sequence of operations -------------------------------------------------------------------

VLANS = st.integers(101, 106)


class Allocations(RuleBasedStateMachine):
    """Whatever is done, claims are those of the networks, and exhaustion is never a mistake."""

    database: Database
    path = None

    def __init__(self):
        super().__init__()
        self.held = {}
        with self.database.transaction(ASKED) as tx:
            for table in (segments, segment_claims, free_ranges, networks):
                tx.execute(table.delete())
        lines = "[ml2_type_vlan]\nnetwork_vlan_ranges = p:101:104\n"
        self.processes = [
            Site(self.database, self.path, lines=lines, types=("vlan",)) for _ in range(2)
        ]

    @rule(process=st.integers(0, 1))
    def allocate(self, process):
        free = set(range(101, 105)) - self.held.keys()
        try:
            (made,) = self.processes[process].create()
        except NoNetworkAvailable:
            assert not free
        else:
            assert made.segmentation_id in free
            self.held[made.segmentation_id] = made

    @rule(process=st.integers(0, 1), number=VLANS)
    def reserve(self, process, number):
        try:
            (made,) = self.processes[process].create(
                provider__network_type="vlan",
                provider__physical_network="p",
                provider__segmentation_id=number,
            )
        except NetworkError as refused:
            assert refused.type == "VlanIdInUse"  # noqa: PT017 either outcome may be right
            assert number in self.held
        else:
            assert number not in self.held
            self.held[number] = made

    @precondition(lambda self: self.held)
    @rule(process=st.integers(0, 1), data=st.data())
    def release(self, process, data):
        number = data.draw(st.sampled_from(sorted(self.held)))
        self.processes[process].release(self.held.pop(number))

    @invariant()
    def claims_are_those_of_the_networks(self):
        assert {number for _, _, number in self.processes[0].claims()} == self.held.keys()


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_any_sequence_of_operations(dialect, tmp_path, sqlite_template):
    path = tmp_path / "any.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    machine = type(
        "AllocationsHere", (Allocations,), {"database": database, "path": tmp_path / "any.conf"}
    )
    case = machine.TestCase
    case.settings = settings(
        max_examples=25,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    try:
        case("runTest").runTest()
    finally:
        resolve.fill_global({}, [])
        database.dispose()
