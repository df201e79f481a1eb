"""Flat and VLAN networks leave by the bridges and cards of their physical network."""

import pytest

from tests.e2e.site import Site, every_pair_reaches

pytestmark = pytest.mark.e2e


def test_a_flat_network_spans_open_vswitch_and_linux_bridges(site: Site) -> None:
    network = site.network("flat", **{"provider:physical_network": "physnet1"})
    machines = [site.machine(network, name) for name in ("ovs1", "ovs2", "lb1")]
    site.wait_until_active(machines)
    every_pair_reaches(machines)
