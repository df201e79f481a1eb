"""Tunnels carry packets between hosts, whatever switches them."""

import pytest

from tests.e2e.site import Site, every_pair_reaches

pytestmark = pytest.mark.e2e


def test_two_hosts_reach_each_other_by_vxlan(two_hosts: Site) -> None:
    network = two_hosts.network("vxlan")
    machines = [two_hosts.machine(network, name) for name in ("ovs1", "ovs2")]
    two_hosts.wait_until_active(machines)
    every_pair_reaches(machines)


def test_one_network_spans_open_vswitch_and_linux_bridges(site: Site) -> None:
    network = site.network("vxlan")
    machines = [site.machine(network, name) for name in ("ovs1", "ovs2", "ovs3", "lb1", "lb2")]
    site.wait_until_active(machines)
    every_pair_reaches(machines)


def test_networks_that_follow_each_other_at_once_are_whole(site: Site) -> None:
    # Agents take the tunnels of one down while they are told of those of the next.
    for _ in range(6):
        network = site.network("vxlan")
        machines = [site.machine(network, name) for name in ("ovs1", "ovs2", "ovs3")]
        site.wait_until_active(machines)
        every_pair_reaches(machines)
        site.clear()


def test_a_linux_bridge_hears_of_its_network_among_others_that_it_has_not(site: Site) -> None:
    networks = [site.network("vxlan") for _ in range(4)]
    every = [[site.machine(network, name) for name in ("ovs1", "ovs2")] for network in networks]
    bridged = [site.machine(network, "lb1") for network in networks[2:]]
    site.wait_until_active([machine for machines in (*every, bridged) for machine in machines])
    for machines, machine in zip(every[2:], bridged, strict=True):
        every_pair_reaches([*machines, machine])


@pytest.mark.parametrize("kind", ["gre", "geneve"])
def test_open_vswitch_hosts_reach_each_other_by(kind: str, site: Site) -> None:
    network = site.network(kind)
    machines = [site.machine(network, name) for name in ("ovs1", "ovs3")]
    site.wait_until_active(machines)
    every_pair_reaches(machines)


def test_ports_are_bound_to_the_segment_that_their_host_reaches(site: Site) -> None:
    segments = [
        {"provider:network_type": "vlan", "provider:physical_network": "physnet1"},
        {"provider:network_type": "vxlan"},
    ]
    network = site.network(segments=segments)
    rack = [site.machine(network, name) for name in ("ovs1", "ovs2", "lb1")]
    others = [site.machine(network, name) for name in ("ovs3", "lb2")]
    for machines, kind in ((rack, "vlan"), (others, "vxlan")):
        assert {site.bound_segment(one)["network_type"] for one in machines} == {kind}
    site.wait_until_active([*rack, *others])
    every_pair_reaches(rack)
    every_pair_reaches(others)
    # Nothing joins the segments here, so nothing of one may come out of the other.
    assert not rack[0].pings(others[0].address)
