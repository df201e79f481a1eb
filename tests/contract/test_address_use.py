"""Who uses the addresses of a subnet: counts of them, and what stands in the way of its changes."""

import pytest

from deuteron.core import ip_availability, networks, ports, subnets
from deuteron.db import segments
from deuteron.errors import GatewayIpInUse, SubnetInUse
from deuteron.query import Query
from tests.deployments import ADMIN, Site, a_deployment


@pytest.fixture
def site(database, tmp_path):
    return Site(a_deployment(database, tmp_path, mechanisms=()))


def pool(first, last):
    return [{"start": first, "end": last}]


def test_availability_counts_what_ports_have_in_and_outside_of_the_pools(site):
    network = site.network()
    narrow = site.subnet(network, allocation_pools=pool("10.0.0.100", "10.0.0.109"))
    site.subnet(network, "10.0.1.0/24")
    site.subnet(network, "fd00::/64", ip_version=6)
    site.port(network)
    site.port(network, fixed_ips=[{"ip_address": "10.0.0.7"}, {"ip_address": "10.0.1.1"}])
    shown = ip_availability.get(site.d, ADMIN, network["id"])
    by_cidr = {one["cidr"]: one for one in shown["subnet_ip_availability"]}
    counts = {
        cidr: (
            one["used_ips"],
            one["total_ips"],
            one["ip_availability_details"]["used_ips_in_allocation_pool"],
        )
        for cidr, one in by_cidr.items()
    }
    assert counts[narrow["cidr"]][1:] == (10, counts[narrow["cidr"]][0] - 1)
    assert counts["10.0.1.0/24"][1] == 253
    assert counts["fd00::/64"] == (1, 2**64 - 1, 1)
    assert shown["used_ips"] == 4
    four = ip_availability.list_(site.d, ADMIN, Query(filters={"ip_version": (4,)}))
    assert [one["used_ips"] for one in four] == [3]


def test_a_subnet_of_many_ports_names_a_few_that_keep_it(site):
    network = site.network()
    subnet = site.subnet(network)
    bodies = [site.body(network) for _ in range(30)]
    made = {port["id"] for port in ports.create(site.d, ADMIN, bodies)}
    with pytest.raises(SubnetInUse) as refused:
        subnets.delete(site.d, ADMIN, subnet["id"])
    assert sum(port_id in refused.value.message for port_id in made) == 10
    for port_id in made:
        ports.delete(site.d, ADMIN, port_id)
    dhcp = site.port(network, device_owner="network:dhcp")
    subnets.delete(site.d, ADMIN, subnet["id"])
    assert site.show(dhcp)["fixed_ips"] == []


def test_addresses_that_ports_made_themselves_go_with_the_subnet(site):
    network = site.network()
    slaac = {"ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"}
    subnet = site.subnet(network, "fd00::/64", ip_version=6, **slaac)
    port = site.port(network)
    assert port["fixed_ips"]
    router = site.port(
        network,
        device_owner="network:router_interface",
        fixed_ips=[{"subnet_id": subnet["id"], "ip_address": "fd00::"}],
    )
    with pytest.raises(SubnetInUse, match=router["id"]):
        subnets.delete(site.d, ADMIN, subnet["id"])
    ports.delete(site.d, ADMIN, router["id"])
    subnets.delete(site.d, ADMIN, subnet["id"])
    assert site.show(port)["fixed_ips"] == []
    assert site.show(port)["revision_number"] == port["revision_number"] + 1


def test_the_address_of_a_router_stays_the_gateway(site):
    network = site.network()
    subnet = site.subnet(network, allocation_pools=pool("10.0.0.100", "10.0.0.200"))
    at_gateway = {"fixed_ips": [{"ip_address": "10.0.0.1"}]}
    router = site.port(network, device_owner="network:router_interface", **at_gateway)
    changes = {"gateway_ip": "10.0.0.2"}
    with pytest.raises(GatewayIpInUse, match=router["id"]):
        subnets.update(site.d, ADMIN, subnet["id"], changes)
    ports.delete(site.d, ADMIN, router["id"])
    site.port(network, **at_gateway)  # no router's
    changed = subnets.update(site.d, ADMIN, subnet["id"], changes)
    assert changed["gateway_ip"] == "10.0.0.2"


def test_a_subnet_for_routed_services_needs_no_segment(site):
    network = site.segmented(("vlan", "physnet1", 101), ("vlan", "physnet1", 102))
    with site.d.database.read() as conn:
        (a, _) = segments.of_networks(conn, [network["id"]])[network["id"]]
    site.subnet(network, segment_id=a.id)
    site.subnet(network, "10.0.9.0/24", service_types=["network:routed"])
    assert not networks.get(site.d, ADMIN, network["id"])["l2_adjacency"]
