"""Ports of distributed routers on each database: a binding on each host, and who hears of it."""

from typing import Any

import pytest

from deuteron import errors
from deuteron.core import agent_objects, devices, distributed, ports
from deuteron.core.forwarding import Informed
from deuteron.db.journal import JournalReader
from deuteron.query import Query
from deuteron.rpc import told_l2
from tests.deployments import ADMIN, Site, a_deployment
from tests.statements import counted

FLOOD = ["00:00:00:00:00:00", "0.0.0.0"]


@pytest.fixture
def site(database, tmp_path) -> Site:
    site = Site(a_deployment(database, tmp_path))
    for number in (1, 2):
        site.report(f"h{number}", tunneling_ip=f"192.0.2.{number}", l2_population=True)
    return site


@pytest.fixture
def network(site) -> dict[str, Any]:
    network = site.network()
    site.subnet(network)
    return network


@pytest.fixture
def interface(site, network) -> dict[str, Any]:
    return site.port(network, "h9", device_owner=distributed.OWNER, device_id="router")


def places(site: Site, port: dict[str, Any]) -> dict[str, str]:
    """Host -> the status of a port there."""
    [found] = agent_objects.ports(site.d, ADMIN, Query(filters={"id": (port["id"],)}))
    return {one["host"]: one["status"] for one in found["distributed_bindings"]}


def test_it_is_on_no_host_in_particular(site, interface):
    shown = site.show(interface)
    assert (shown["binding:host_id"], shown["binding:vif_type"]) == ("", "distributed")
    assert places(site, interface) == {}


def test_it_is_bound_on_each_host_that_needs_it(site, interface):
    for host in ("h1", "h2", "h1"):
        distributed.bind(site.d, ADMIN, [interface["id"]], host)
    assert places(site, interface) == {"h1": "DOWN", "h2": "DOWN"}
    [known] = agent_objects.ports(site.d, ADMIN, Query(filters={"id": (interface["id"],)}))
    assert [level["host"] for level in known["binding_levels"]] == ["h1", "h2"]
    assert [one["status"] for one in known["bindings"]] == ["ACTIVE"]
    assert {one["vif_type"] for one in known["distributed_bindings"]} == {"ovs"}
    with counted(site.d.database) as statements:
        distributed.bind(site.d, ADMIN, [interface["id"]], "h1")
    assert len(statements) == 1


def test_others_are_left_alone(site, network):
    port = site.port(network, "h1")
    distributed.bind(site.d, ADMIN, [port["id"]], "h2")
    assert places(site, port) == {}


def test_what_cannot_be_bound_is_explained_and_tried_again(site, interface):
    distributed.bind(site.d, ADMIN, [interface["id"]], "h3")
    site.report("h3")
    distributed.bind(site.d, ADMIN, [interface["id"]], "h3")
    [known] = agent_objects.ports(site.d, ADMIN, Query(filters={"id": (interface["id"],)}))
    assert [one["vif_type"] for one in known["distributed_bindings"]] == ["ovs"]


def test_it_is_active_as_long_as_it_is_so_anywhere(site, interface):
    name = interface["id"]
    for host in ("h1", "h2"):
        distributed.bind(site.d, ADMIN, [name], host)
    devices.up(site.d, ADMIN, [name], host="h1")
    devices.up(site.d, ADMIN, [name], host="h2")
    devices.up(site.d, ADMIN, [name], host="h9")
    assert places(site, interface) == {"h1": "ACTIVE", "h2": "ACTIVE"}
    devices.down(site.d, ADMIN, [name], host="h1")
    assert site.show(interface)["status"] == "ACTIVE"
    devices.down(site.d, ADMIN, [name], host="h2")
    assert site.show(interface)["status"] == "DOWN"


def test_it_leaves_hosts_and_goes(site, interface):
    name = interface["id"]
    for host in ("h1", "h2"):
        distributed.bind(site.d, ADMIN, [name], host)
        devices.up(site.d, ADMIN, [name], host=host)
    with site.d.database.transaction(ADMIN) as tx:
        distributed.leave(site.d, tx, [name], "h1")
    assert places(site, interface) == {"h2": "ACTIVE"}
    ports.delete(site.d, ADMIN, name)
    with pytest.raises(errors.PortNotFound):
        site.show(interface)


def test_hosts_hear_where_it_floods(site, network, interface):
    reader = JournalReader(site.d.database, "test", from_now=True, batch=500)
    reader.read()
    informed = Informed()
    server = site.port(network, "h1")

    def heard() -> list[tuple[str, str | None, Any]]:
        entries = []
        while (batch := reader.read()) is not None:
            entries += batch.entries
            reader.done(batch)
        told = told_l2.messages(site.d, ADMIN, entries, informed)
        return [
            (one.method, one.host, next(iter(one.arguments["fdb_entries"].values()))["ports"])
            for one in told
            if "l2population" in one.topic
        ]

    devices.up(site.d, ADMIN, [server["id"]], host="h1")
    heard()
    distributed.bind(site.d, ADMIN, [interface["id"]], "h2")
    assert heard() == []
    devices.up(site.d, ADMIN, [interface["id"]], host="h2")
    address = server["fixed_ips"][0]["ip_address"]
    assert heard() == [
        ("add_fdb_entries", "h2", {"192.0.2.1": [FLOOD, [server["mac_address"], address]]}),
        ("add_fdb_entries", None, {"192.0.2.2": [FLOOD]}),
    ]
    devices.up(site.d, ADMIN, [interface["id"]], host="h2", refresh=True)
    heard()
    with site.d.database.transaction(ADMIN) as tx:
        distributed.leave(site.d, tx, [interface["id"]], "h2")
    assert heard() == [("remove_fdb_entries", None, {"192.0.2.2": [FLOOD]})]
