"""The stock DHCP and metadata agents serve machines."""

from pathlib import Path

import pytest

from tests.e2e import metadata
from tests.e2e.machines import until
from tests.e2e.site import Site

pytestmark = pytest.mark.e2e

AGENTS = (("dhcp", "ovs1"), ("metadata", "ovs1"))


def test_machines_are_given_what_their_subnet_says(site: Site, tmp_path: Path) -> None:
    network = site.network(
        "vxlan",
        subnet={
            "enable_dhcp": True,
            "dns_nameservers": ["10.50.0.53"],
            "host_routes": [{"destination": "10.9.0.0/16", "nexthop": "10.50.0.9"}],
        },
    )
    machines = [site.machine(network, name, static=False) for name in ("ovs2", "lb2")]
    site.wait_until_active(machines)
    for machine in machines:
        lease = machine.lease(tmp_path / machine.host.name)
        assert lease["ip"] == machine.address
        assert lease["mask"] == "24"
        assert lease["dns"] == "10.50.0.53"
        assert lease["mtu"] == str(network["mtu"])
        words = lease["staticroutes"].split()
        routes = dict(zip(words[::2], words[1::2], strict=True))
        assert routes["10.9.0.0/16"] == "10.50.0.9"
        assert routes["0.0.0.0/0"] == network["subnet"]["gateway_ip"]
        assert f"{metadata.ADDRESS}/32" in routes
    until(lambda: machines[0].pings(machines[1].address), "the two reach each other")


def test_metadata_tells_nova_who_asks(site: Site, tmp_path: Path) -> None:
    network = site.network("vxlan", subnet={"enable_dhcp": True})
    machine = site.machine(network, "ovs2", static=False)
    site.wait_until_active([machine])
    assert machine.lease(tmp_path / "lease")
    with metadata.stand_in_for_nova(site.hosts["ovs1"]):
        metadata.require_known(machine)
