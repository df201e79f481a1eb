"""The segment manager beside allocation: MTU, dynamic segments, renumbering, foreign drivers."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from neutron_lib import exceptions
from neutron_lib.plugins.ml2 import api
from sqlalchemy import insert

from deuteron.db import segments as rows
from deuteron.db.tables import segment_claims
from deuteron.errors import InvalidInput, NetworkError, StartError, TryAgain
from deuteron.ml2.plugin_context import plugin_context
from deuteron.ml2.segments import SegmentManager, provider_attributes
from deuteron.ml2.types.local import LocalTypeDriver
from deuteron.segment import Segment
from tests.segment_site import ASKED

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


def test_drivers_that_want_a_dynamic_segment_at_once_share_it(a_site):
    (static,) = a_site().create()
    wish = {"network_type": "vlan", "physical_network": "physnet1"}
    sites = [a_site() for _ in range(6)]
    together = threading.Barrier(len(sites))

    def allocate(site):
        together.wait()
        while True:
            try:
                with site.database.transaction(ASKED) as tx:
                    context = plugin_context(tx)
                    return site.manager.allocate_dynamic(context, static.network_id, wish)
            except TryAgain:
                continue

    with ThreadPoolExecutor(len(sites)) as threads:
        made = list(threads.map(allocate, sites))
    assert len({one.id for one in made}) == 1


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
