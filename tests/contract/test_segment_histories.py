"""Many allocations at once, and any sequence of them: claims are always those of the networks."""

import threading

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from deuteron.config import resolve
from deuteron.db.engine import Database
from deuteron.db.tables import free_ranges, networks, segment_claims, segments
from deuteron.errors import NetworkError, NoNetworkAvailable
from tests.segment_site import ASKED, SegmentSite

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
            SegmentSite(self.database, self.path, lines=lines, types=("vlan",)) for _ in range(2)
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
