"""Trunks on their hosts, as their agents build them, on each database."""

from typing import Any

import pytest

from deuteron.db.engine import Database
from deuteron.errors import InvalidInput
from deuteron.rpc import resources
from deuteron.rpc.endpoint import Call
from deuteron.rpc.trunks import update_subport_bindings, update_trunk_status
from deuteron.services.trunk import trunks
from tests.deployments import ADMIN, Site, a_deployment

CALL = Call(ctx=ADMIN, sender="Message of a test", reply_queue=None, outgoing=None)  # type: ignore[arg-type]


@pytest.fixture
def site(database: Database, tmp_path) -> Site:
    site = Site(a_deployment(database, tmp_path))
    site.report("h1")
    return site


def a_trunk(site: Site, count: int = 2) -> dict[str, Any]:
    """A trunk whose parent was bound after it was made, as servers are started with trunks."""
    network = site.network()
    parent = site.port(network, device_owner="")
    children = [site.port(network, device_owner="") for _ in range(count)]
    body = {
        "project_id": "p",
        "name": "",
        "description": "",
        "admin_state_up": True,
        "port_id": parent["id"],
        "sub_ports": [
            {"port_id": one["id"], "segmentation_type": "vlan", "segmentation_id": 10 + number}
            for number, one in enumerate(children)
        ],
    }
    (trunk,) = trunks.create(site.d, ADMIN, [body])
    site.update(parent, **{"binding:host_id": "h1", "device_owner": "compute:nova"})
    return trunk


def subports(trunk: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**one, "trunk_id": trunk["id"]} for one in trunk["sub_ports"]]


def status(site: Site, trunk: dict[str, Any]) -> str:
    return str(trunks.get(site.d, ADMIN, trunk["id"])["status"])


def test_an_agent_pulls_binds_and_reports(site: Site) -> None:
    trunk = a_trunk(site)
    asked = {"resource_type": "Trunk", "version": "1.1", "resource_id": trunk["port_id"]}
    pulled = resources.pull(site.d, CALL, **asked)
    assert pulled is not None
    told = pulled["versioned_object.data"]["sub_ports"]
    answer = update_subport_bindings(site.d, CALL, subports=told)
    assert {port["id"] for port in answer[trunk["id"]]} == {
        one["port_id"] for one in trunk["sub_ports"]
    }
    for port in answer[trunk["id"]]:
        assert (port["binding:host_id"], port["device_owner"]) == ("h1", "trunk:subport")
        assert port["binding:vif_type"] == "ovs"
    assert status(site, trunk) == "BUILD"
    update_trunk_status(site.d, CALL, trunk_id=trunk["id"], status="ACTIVE")
    shown = trunks.get(site.d, ADMIN, trunk["id"])
    assert (shown["status"], shown["revision_number"]) == ("ACTIVE", trunk["revision_number"] + 2)
    update_trunk_status(site.d, CALL, trunk_id=trunk["id"], status="ACTIVE")
    assert trunks.get(site.d, ADMIN, trunk["id"]) == shown


def test_sub_ports_are_pulled_by_themselves(site: Site) -> None:
    trunk, _other = a_trunk(site), a_trunk(site)
    asked = {"resource_type": "SubPort", "version": "1.0"}
    found = resources.bulk_pull(site.d, CALL, **asked, filter_kwargs={"trunk_id": [trunk["id"]]})
    assert {one["versioned_object.name"] for one in found} == {"SubPort"}
    told = sorted((one["versioned_object.data"] for one in found), key=lambda one: one["port_id"])
    assert told == sorted(subports(trunk), key=lambda one: one["port_id"])
    assert resources.pull(site.d, CALL, **asked, resource_id=told[0]["port_id"]) in found
    assert resources.pull(site.d, CALL, **asked, resource_id=trunk["port_id"]) is None
    assert len(resources.bulk_pull(site.d, CALL, **asked)) == 4


def test_a_sub_port_that_cannot_be_bound_is_an_error(site: Site) -> None:
    trunk = a_trunk(site)
    first = {"id": trunk["sub_ports"][0]["port_id"]}
    site.update(first, **{"binding:vnic_type": "baremetal"})
    assert update_subport_bindings(site.d, CALL, subports=subports(trunk)) == {trunk["id"]: []}
    assert status(site, trunk) == "ERROR"


def test_what_is_not_on_the_trunk_is_left_alone(site: Site) -> None:
    trunk, other = a_trunk(site), site.port(site.network())
    strange = [
        *subports(trunk),
        {"trunk_id": trunk["id"], "port_id": other["id"]},
        {"trunk_id": "gone", "port_id": other["id"]},
    ]
    answer = update_subport_bindings(site.d, CALL, subports=strange)
    assert list(answer) == [trunk["id"]]
    assert len(answer[trunk["id"]]) == 2
    assert status(site, trunk) == "DEGRADED"
    assert site.show(other)["binding:host_id"] == ""


@pytest.mark.parametrize("given", [None, "x", [5], [{}], [{"trunk_id": "t", "port_id": 5}]])
def test_strange_sub_ports_are_refused(site: Site, given: Any) -> None:
    with pytest.raises(InvalidInput):
        update_subport_bindings(site.d, CALL, subports=given)


def test_a_status_that_there_is_not(site: Site) -> None:
    with pytest.raises(InvalidInput):
        update_trunk_status(site.d, CALL, trunk_id=a_trunk(site)["id"], status="FINE")
    update_trunk_status(site.d, CALL, trunk_id="gone", status="ACTIVE")
