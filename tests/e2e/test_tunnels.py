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


@pytest.mark.parametrize("kind", ["gre", "geneve"])
def test_open_vswitch_hosts_reach_each_other_by(kind: str, site: Site) -> None:
    network = site.network(kind)
    machines = [site.machine(network, name) for name in ("ovs1", "ovs3")]
    site.wait_until_active(machines)
    every_pair_reaches(machines)
