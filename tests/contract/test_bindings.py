"""The bindings of a port on several hosts, on each database."""

from typing import Any

import pytest

from deuteron.core import bindings, explanations, ports
from deuteron.db import bindings as rows
from deuteron.db.engine import Database
from deuteron.errors import (
    BadRequest,
    InvalidInput,
    PortBindingAlreadyActive,
    PortBindingAlreadyExists,
    PortBindingError,
    PortBindingNotFound,
    PortNotFound,
)
from deuteron.query import EVERYTHING, Query
from tests.deployments import ADMIN, LINUXBRIDGE, Site, a_deployment

Port = dict[str, Any]
UNKNOWN = "11111111-1111-1111-1111-111111111111"


@pytest.fixture
def site(database: Database, tmp_path) -> Site:
    made = Site(a_deployment(database, tmp_path))
    made.report("host-1")
    made.report("host-2")
    made.report("host-3", LINUXBRIDGE)
    return made


@pytest.fixture
def port(site: Site) -> Port:
    """A port that is bound on host-1."""
    return site.port(site.network(), "host-1")


def create(site: Site, port: Port, host: str, **more: Any) -> Any:
    return bindings.create(site.d, ADMIN, port["id"], {"host": host, **more})


def shown(site: Site, port: Port) -> dict[str, tuple[str, str]]:
    found = bindings.list_(site.d, ADMIN, port["id"], EVERYTHING)
    return {one["host"]: (one["status"], one["vif_type"]) for one in found}


def drivers(site: Site, port: Port, host: str) -> list[str]:
    with site.d.database.read() as conn:
        return [level.driver for level in rows.levels(conn, port["id"], host)]


def revision(site: Site, port: Port) -> int:
    return int(site.show(port)["revision_number"])


def test_a_second_binding_is_inactive_and_bound(site, port):
    made = create(site, port, "host-3", profile={"a": 1})
    assert made == {
        "host": "host-3",
        "vif_type": "bridge",
        "vnic_type": "normal",
        "status": "INACTIVE",
        "profile": {"a": 1},
        "vif_details": {"connectivity": "l2", "port_filter": True},
    }
    assert bindings.get(site.d, ADMIN, port["id"], "host-3") == made
    assert shown(site, port) == {
        "host-1": ("ACTIVE", "ovs"),
        "host-3": ("INACTIVE", "bridge"),
    }
    assert drivers(site, port, "host-3") == ["linuxbridge"]
    assert site.show(port)["binding:host_id"] == "host-1"
    assert revision(site, port) == port["revision_number"] + 1


def test_one_binding_per_host(site, port):
    create(site, port, "host-2")
    for host in ("host-1", "host-2"):
        with pytest.raises(PortBindingAlreadyExists):
            create(site, port, host)


def test_a_binding_that_nobody_makes_is_refused_and_explained(site, port):
    with pytest.raises(PortBindingError, match="No Open vSwitch agent"):
        create(site, port, "host-9")
    assert list(shown(site, port)) == ["host-1"]
    assert site.kept(port) == port
    latest = explanations.get(site.d, ADMIN, port["id"])["attempts"][0]
    assert (latest["host"], latest["reason"]) == ("host-9", "no_agent")


@pytest.mark.parametrize("host", ["", None, 7, "x" * 256])
def test_a_host_is_a_name(site, port, host):
    with pytest.raises(InvalidInput):
        create(site, port, host)


def test_activation_moves_the_port(site, port):
    create(site, port, "host-3")
    before = revision(site, port)
    active = bindings.activate(site.d, ADMIN, port["id"], "host-3")
    assert (active["host"], active["status"]) == ("host-3", "ACTIVE")
    assert shown(site, port) == {
        "host-1": ("INACTIVE", "unbound"),
        "host-3": ("ACTIVE", "bridge"),
    }
    moved = site.show(port)
    assert (moved["binding:host_id"], moved["binding:vif_type"]) == ("host-3", "bridge")
    assert moved["status"] == "DOWN"
    assert moved["revision_number"] == before + 2
    assert drivers(site, port, "host-1") == []
    assert drivers(site, port, "host-3") == ["linuxbridge"]


def test_an_instance_moves_there_and_back(site, port):
    create(site, port, "host-2")
    bindings.activate(site.d, ADMIN, port["id"], "host-2")
    back = bindings.activate(site.d, ADMIN, port["id"], "host-1")
    assert (back["status"], back["vif_type"]) == ("ACTIVE", "ovs")
    assert drivers(site, port, "host-1") == ["openvswitch"]
    bindings.delete(site.d, ADMIN, port["id"], "host-2")
    assert shown(site, port) == {"host-1": ("ACTIVE", "ovs")}


def test_a_physical_function_brings_its_address(site):
    port = site.port(site.network(), **{"binding:vnic_type": "direct-physical"})
    with site.d.database.transaction(ADMIN) as tx:
        made = rows.unbound("host-2", "direct-physical", {"device_mac_address": "fa:16:3e:0:0:9"})
        rows.add(tx, port["id"], {**made, "status": "INACTIVE", "vif_type": "hw_veb"})
    bindings.activate(site.d, ADMIN, port["id"], "host-2")
    assert site.show(port)["mac_address"] == "fa:16:3e:0:0:9"


def test_the_active_binding_cannot_be_activated(site, port):
    with pytest.raises(PortBindingAlreadyActive):
        bindings.activate(site.d, ADMIN, port["id"], "host-1")


def test_an_inactive_binding_is_changed_and_bound_anew(site, port):
    create(site, port, "host-2", profile={"a": 1})
    update = {"profile": {"b": 2}}
    changed = bindings.update(site.d, ADMIN, port["id"], "host-2", update)
    assert (changed["status"], changed["vif_type"], changed["profile"]) == (
        "INACTIVE",
        "ovs",
        {"b": 2},
    )
    assert revision(site, port) == port["revision_number"] + 2
    emptied = bindings.update(site.d, ADMIN, port["id"], "host-2", {"vnic_type": "normal"})
    assert emptied["profile"] == {}


def test_an_inactive_binding_may_go_to_another_host(site, port):
    create(site, port, "host-2")
    moved = bindings.update(site.d, ADMIN, port["id"], "host-2", {"host": "host-3"})
    assert moved["vif_type"] == "bridge"
    assert set(shown(site, port)) == {"host-1", "host-3"}
    assert drivers(site, port, "host-2") == []
    with pytest.raises(PortBindingAlreadyExists):
        bindings.update(site.d, ADMIN, port["id"], "host-3", {"host": "host-1"})


def test_a_change_that_nobody_binds_leaves_an_inactive_binding_as_it_was(site, port):
    made = create(site, port, "host-2")
    with pytest.raises(PortBindingError):
        bindings.update(site.d, ADMIN, port["id"], "host-2", {"vnic_type": "baremetal"})
    assert bindings.get(site.d, ADMIN, port["id"], "host-2") == made


def test_the_active_binding_is_changed_with_its_port(site, port):
    changed = bindings.update(site.d, ADMIN, port["id"], "host-1", {"profile": {"a": 1}})
    assert (changed["status"], changed["vif_type"], changed["profile"]) == (
        "ACTIVE",
        "ovs",
        {"a": 1},
    )
    assert site.show(port)["binding:profile"] == {"a": 1}
    with pytest.raises(PortBindingError):
        bindings.update(site.d, ADMIN, port["id"], "host-1", {"vnic_type": "baremetal"})
    assert shown(site, port) == {"host-1": ("ACTIVE", "binding_failed")}


def test_the_inactive_binding_is_deleted_with_its_levels(site, port):
    create(site, port, "host-2")
    bindings.delete(site.d, ADMIN, port["id"], "host-2")
    assert list(shown(site, port)) == ["host-1"]
    assert drivers(site, port, "host-2") == []


def test_without_its_active_binding_a_port_is_nowhere_and_can_be_bound_again(site, port):
    bindings.delete(site.d, ADMIN, port["id"], "host-1")
    assert shown(site, port) == {}
    nowhere = site.show(port)
    assert (nowhere["binding:host_id"], nowhere["binding:vif_type"]) == ("", "unbound")
    assert nowhere["status"] == "DOWN"
    made = create(site, port, "host-3")
    assert (made["status"], made["vif_type"]) == ("ACTIVE", "bridge")
    assert site.show(port)["binding:host_id"] == "host-3"


def test_a_port_without_active_binding_is_bound_by_an_update(site, port):
    bindings.delete(site.d, ADMIN, port["id"], "host-1")
    bound = site.update(port, **{"binding:host_id": "host-2"})
    assert bound["binding:vif_type"] == "ovs"
    assert shown(site, port) == {"host-2": ("ACTIVE", "ovs")}


def test_an_update_of_the_port_takes_the_place_of_an_inactive_binding(site, port):
    create(site, port, "host-3")
    site.update(port, **{"binding:host_id": "host-3"})
    assert shown(site, port) == {"host-3": ("ACTIVE", "bridge")}


def test_a_port_with_several_bindings_is_deleted(site, port):
    create(site, port, "host-2")
    ports.delete(site.d, ADMIN, port["id"])
    with pytest.raises(PortNotFound):
        bindings.list_(site.d, ADMIN, port["id"], EVERYTHING)


def test_a_list_may_be_filtered(site, port):
    create(site, port, "host-2")
    query = Query(filters={"status": ("INACTIVE",)})
    assert [one["host"] for one in bindings.list_(site.d, ADMIN, port["id"], query)] == ["host-2"]


VERBS = [
    lambda d, port, host: bindings.get(d, ADMIN, port, host),
    lambda d, port, host: bindings.update(d, ADMIN, port, host, {"profile": {}}),
    lambda d, port, host: bindings.delete(d, ADMIN, port, host),
    lambda d, port, host: bindings.activate(d, ADMIN, port, host),
]


@pytest.mark.parametrize("verb", VERBS)
def test_an_unknown_binding_is_not_found(site, port, verb):
    with pytest.raises(PortBindingNotFound):
        verb(site.d, port["id"], "host-9")


@pytest.mark.parametrize(
    "verb",
    [*VERBS, lambda d, port, host: bindings.create(d, ADMIN, port, {"host": host})],
)
def test_an_unknown_port_is_not_found(site, verb):
    with pytest.raises(PortNotFound):
        verb(site.d, UNKNOWN, "host-1")


@pytest.mark.parametrize(
    "verb",
    [*VERBS, lambda d, port, host: bindings.create(d, ADMIN, port, {"host": host})],
)
@pytest.mark.parametrize("owner", ["", "network:dhcp", "baremetal:none"])
def test_other_ports_have_one_binding(site, verb, owner):
    port = site.port(site.network(), "host-1", device_owner=owner)
    with pytest.raises(BadRequest):
        verb(site.d, port["id"], "host-1")


def test_shared_file_systems_move_too(site):
    port = site.port(site.network(), "host-1", device_owner="manila:share")
    assert create(site, port, "host-2")["status"] == "INACTIVE"
