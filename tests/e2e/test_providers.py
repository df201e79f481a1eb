"""Flat and VLAN networks leave by the bridges and cards of their physical network."""

import pytest

from tests.e2e.machines import until
from tests.e2e.site import Site, every_pair_reaches

pytestmark = pytest.mark.e2e


def test_a_flat_network_spans_open_vswitch_and_linux_bridges(site: Site) -> None:
    network = site.network("flat", **{"provider:physical_network": "physnet1"})
    machines = [site.machine(network, name) for name in ("ovs1", "ovs2", "lb1")]
    site.wait_until_active(machines)
    every_pair_reaches(machines)


def test_a_vlan_spans_open_vswitch_and_linux_bridges(site: Site) -> None:
    network = site.network("vlan", **{"provider:physical_network": "physnet2"})
    machines = [site.machine(network, name) for name in ("ovs1", "ovs2", "lb1", "lb2")]
    site.wait_until_active(machines)
    every_pair_reaches(machines)


def test_two_vlans_of_one_physical_network_are_apart(two_hosts: Site) -> None:
    networks = [
        two_hosts.network(
            "vlan",
            **{"provider:physical_network": "physnet1", "provider:segmentation_id": number},
        )
        for number in (101, 102)
    ]
    one, other = (
        [two_hosts.machine(network, name) for name in ("ovs1", "ovs2")] for network in networks
    )
    two_hosts.wait_until_active([*one, *other])
    every_pair_reaches(one)
    every_pair_reaches(other)
    # Both networks have the same subnet and give out its addresses in the same order.
    third = two_hosts.machine(networks[1], "ovs1")
    two_hosts.wait_until_active([third])
    until(lambda: third.reaches(other[1].address, 7), "the third reaches its own network")
    assert not one[0].pings(third.address)
