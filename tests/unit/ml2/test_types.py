"""What the type drivers accept and what fits through them, without a database."""

import pytest
from neutron_lib import exceptions
from oslo_config import cfg

from deuteron import config
from deuteron.config import resolve
from deuteron.errors import StartError
from deuteron.ml2.types import mtu
from deuteron.ml2.types.flat import FlatTypeDriver
from deuteron.ml2.types.geneve import GeneveTypeDriver
from deuteron.ml2.types.gre import GreTypeDriver
from deuteron.ml2.types.local import LocalTypeDriver
from deuteron.ml2.types.vlan import VlanTypeDriver
from deuteron.ml2.types.vxlan import VxlanTypeDriver

DRIVERS = {
    "local": LocalTypeDriver,
    "flat": FlatTypeDriver,
    "vlan": VlanTypeDriver,
    "gre": GreTypeDriver,
    "vxlan": VxlanTypeDriver,
    "geneve": GeneveTypeDriver,
}
TUNNELS = ("gre", "vxlan", "geneve")


@pytest.fixture
def a_driver(tmp_path):
    """Makes a driver of a type, initialised with lines of a configuration file."""

    def make(network_type, lines=""):
        path = tmp_path / "neutron.conf"
        path.write_text(lines)
        config.load([str(path)])
        driver = DRIVERS[network_type]()
        driver.initialize()
        return driver

    yield make
    resolve.fill_global({}, [])


def a_segment(network_type, physical_network=None, segmentation_id=None):
    return {
        "network_type": network_type,
        "physical_network": physical_network,
        "segmentation_id": segmentation_id,
    }


@pytest.mark.parametrize("network_type", DRIVERS)
def test_a_driver_knows_its_type(a_driver, network_type):
    assert a_driver(network_type).get_type() == network_type


@pytest.mark.parametrize(
    ("segment", "partial"),
    [
        (a_segment("local"), False),
        (a_segment("flat", "physnet1"), False),
        (a_segment("vlan"), True),
        (a_segment("vlan", "physnet1"), True),
        (a_segment("vlan", "physnet1", 5), False),
        (a_segment("vxlan"), True),
        (a_segment("vxlan", None, 5), False),
        (a_segment("gre", None, 0), False),
    ],
)
def test_a_segment_is_partial_if_its_number_is_open(a_driver, segment, partial):
    assert a_driver(segment["network_type"]).is_partial_segment(segment) is partial


ACCEPTED = [
    a_segment("local"),
    a_segment("local", segmentation_id=0),
    a_segment("flat", "any"),
    a_segment("vlan"),
    a_segment("vlan", "physnet1"),
    a_segment("vlan", "physnet1", 1),
    a_segment("vlan", "physnet1", 4094),
    a_segment("gre", segmentation_id=2**32 - 1),
    a_segment("vxlan", segmentation_id=2**24 - 1),
    a_segment("geneve", segmentation_id=0),
]


@pytest.mark.parametrize("segment", ACCEPTED, ids=str)
def test_possible_segments_are_accepted(a_driver, segment):
    a_driver(segment["network_type"]).validate_provider_segment(segment)


REFUSED = [
    a_segment("local", "physnet1"),
    a_segment("local", segmentation_id=3),
    a_segment("flat"),
    a_segment("flat", "any", 3),
    a_segment("vlan", None, 5),
    a_segment("vlan", "physnet1", 0),
    a_segment("vlan", "physnet1", 4095),
    a_segment("vlan", "physnet1", -1),
    a_segment("vxlan", "physnet1"),
    a_segment("vxlan", segmentation_id=2**24),
    a_segment("vxlan", segmentation_id=-1),
    a_segment("gre", segmentation_id=2**32),
    a_segment("geneve", "physnet1", 5),
    {**a_segment("vxlan"), "colour": "red"},
    {**a_segment("vlan", "physnet1"), "colour": "red"},
]


@pytest.mark.parametrize("segment", REFUSED, ids=str)
def test_impossible_segments_are_refused(a_driver, segment):
    with pytest.raises(exceptions.InvalidInput):
        a_driver(segment["network_type"]).validate_provider_segment(segment)


@pytest.mark.parametrize(
    ("lines", "physical_network", "accepted"),
    [
        ("[ml2_type_flat]\nflat_networks = *\n", "anything", True),
        ("[ml2_type_flat]\nflat_networks = one,two\n", "two", True),
        ("[ml2_type_flat]\nflat_networks = one,two\n", "three", False),
        ("[ml2_type_flat]\nflat_networks =\n", "one", False),
    ],
)
def test_flat_networks_are_those_of_the_configuration(a_driver, lines, physical_network, accepted):
    driver = a_driver("flat", lines)
    if accepted:
        driver.validate_provider_segment(a_segment("flat", physical_network))
    else:
        with pytest.raises(exceptions.InvalidInput):
            driver.validate_provider_segment(a_segment("flat", physical_network))


# Bytes as Neutron 29 answers them.
@pytest.mark.parametrize(
    ("network_type", "lines", "expected"),
    [
        ("local", "", 0),
        ("flat", "", 1500),
        ("vlan", "", 1500),
        ("vxlan", "", 1450),
        ("gre", "", 1458),
        ("geneve", "", 1450),
        ("geneve", "[ml2_type_geneve]\nmax_header_size = 38\n", 1442),
        ("vxlan", "[ml2]\noverlay_ip_version = 6\n", 1430),
        ("gre", "[ml2]\noverlay_ip_version = 6\n", 1438),
        ("vxlan", "[ml2]\npath_mtu = 9000\n", 1450),
        ("vxlan", "[DEFAULT]\nglobal_physnet_mtu = 9000\n", 8950),
        ("vxlan", "[DEFAULT]\nglobal_physnet_mtu = 9000\n[ml2]\npath_mtu = 4000\n", 3950),
        ("vlan", "[ml2]\npath_mtu = 1000\n", 1500),
        ("vlan", "[ml2]\nphysical_network_mtus = physnet1:1400\n", 1400),
        ("flat", "[ml2]\nphysical_network_mtus = physnet1:9000,physnet2:1400\n", 1500),
        (
            "flat",
            "[DEFAULT]\nglobal_physnet_mtu = 9000\n[ml2]\nphysical_network_mtus = physnet1:4000\n",
            4000,
        ),
    ],
)
def test_what_fits_through_a_type(a_driver, network_type, lines, expected):
    assert a_driver(network_type, lines).get_mtu("physnet1") == expected


def test_an_underlay_without_limit_has_none():
    assert mtu.through_physical_network("physnet1", underlay=0, overrides={}) == 0
    assert mtu.through_physical_network("physnet1", underlay=0, overrides={"physnet1": 900}) == 900
    assert mtu.through_tunnel(underlay=0, path=0, ip_version=4, overhead=30) == 0
    assert mtu.through_tunnel(underlay=0, path=1400, ip_version=4, overhead=30) == 1350


def test_a_vlan_network_named_alone_has_all_ids(a_driver):
    lines = "[ml2_type_vlan]\nnetwork_vlan_ranges = one,two:10:20,two:30:40\n"
    assert list(a_driver("vlan", lines).configured_ranges()) == [
        ("one", 1, 4094),
        ("two", 10, 20),
        ("two", 30, 40),
    ]


@pytest.mark.parametrize("network_type", [*TUNNELS, "vlan"])
def test_a_wrong_range_ends_the_start_with_its_option(network_type):
    sections = {"vlan": ("ml2_type_vlan", "network_vlan_ranges", ["p:9:1"])}
    section, option, value = sections.get(
        network_type,
        (
            f"ml2_type_{network_type}",
            "tunnel_id_ranges" if network_type == "gre" else "vni_ranges",
            ["9:1"],
        ),
    )
    resolve.fill_global({}, [])
    cfg.CONF.set_override(option, value, group=section)
    try:
        with pytest.raises(StartError) as refused:
            DRIVERS[network_type]().initialize()
    finally:
        resolve.fill_global({}, [])
    assert f"[{section}] {option}" in str(refused.value)
