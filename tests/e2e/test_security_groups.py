"""Firewalls of stock agents do what security groups say, and as soon as they say otherwise."""

import pytest

from tests.e2e.machines import Machine, echoes, until
from tests.e2e.networking import Resource
from tests.e2e.site import Site

pytestmark = pytest.mark.e2e

OPEN, CLOSED = 7, 8


def _rule(site: Site, group: Resource, **values: object) -> Resource:
    return site.api.create(
        "security-group-rules",
        **{"security_group_id": group["id"], "direction": "ingress", **values},
    )


def _client_and_server(site: Site, host: str, group: Resource) -> tuple[Machine, Machine]:
    network = site.network("vxlan")
    client = site.machine(network, "ovs1")
    server = site.machine(network, host, security_groups=[group["id"]])
    site.wait_until_active([client, server])
    for port in (OPEN, CLOSED):
        server.echo(port)
    return client, server


@pytest.mark.parametrize("host", ["ovs2", "lb1"])
def test_what_is_not_allowed_is_blocked_and_changes_count_at_once(host: str, site: Site) -> None:
    group = site.api.create("security-groups", name="server")
    tcp = _rule(site, group, protocol="tcp", port_range_min=OPEN, port_range_max=OPEN)
    client, server = _client_and_server(site, host, group)
    until(lambda: client.reaches(server.address, OPEN), "the open port answers")
    assert not client.reaches(server.address, CLOSED)
    assert not client.pings(server.address)

    icmp = _rule(site, group, protocol="icmp")
    until(lambda: client.pings(server.address), "pings are answered")
    site.api.delete("security-group-rules", icmp["id"])
    until(lambda: not client.pings(server.address), "pings are blocked")

    with client.connect(server.address, OPEN, seconds=10) as flow:
        flow.settimeout(2)
        assert echoes(flow)
        site.api.delete("security-group-rules", tcp["id"])
        until(lambda: not echoes(flow, size=10), "the flow is cut")
    until(lambda: not client.reaches(server.address, OPEN), "no flow is let in")


@pytest.mark.parametrize("host", ["ovs2", "lb1"])
def test_members_of_a_remote_group_come_and_go(host: str, site: Site) -> None:
    friends = site.api.create("security-groups", name="friends")
    group = site.api.create("security-groups", name="server")
    _rule(site, group, remote_group_id=friends["id"])
    client, server = _client_and_server(site, host, group)
    assert not client.reaches(server.address, OPEN)
    default = client.port["security_groups"]
    site.api.update("ports", client.port["id"], security_groups=[*default, friends["id"]])
    until(lambda: client.reaches(server.address, OPEN), "a friend is let in")
    site.api.update("ports", client.port["id"], security_groups=default)
    until(lambda: not client.reaches(server.address, OPEN), "no friend is kept out")


@pytest.mark.parametrize("host", ["ovs1", "lb1"])
def test_a_machine_speaks_for_nobody_else(host: str, site: Site) -> None:
    network = site.network("vxlan")
    machine = site.machine(network, host)
    other = site.machine(network, "ovs2")
    site.wait_until_active([machine, other])
    other.echo(OPEN)
    until(lambda: machine.reaches(other.address, OPEN), "it reaches the other by its own address")
    machine.namespace.run("ip", "address", "add", "10.50.0.99/24", "dev", "eth0")
    assert not machine.reaches(other.address, OPEN, source="10.50.0.99")

    pair = {"ip_address": "10.50.0.99"}
    site.api.update("ports", machine.port["id"], allowed_address_pairs=[pair])
    until(
        lambda: machine.reaches(other.address, OPEN, source="10.50.0.99"),
        "it may use an address that is allowed",
    )
