"""QoS policies and trunks on each database: what is kept, what a race leaves, what others see."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from deuteron import errors
from deuteron.context import RequestContext
from deuteron.core import networks, ports
from deuteron.db.engine import Database
from deuteron.db.service_tables import qos_default_policies, qos_policies, qos_rules, trunk_subports
from deuteron.db.tables import journal, rbac_policies, tags
from deuteron.query import EVERYTHING, Query
from deuteron.services.qos import policies, rules
from deuteron.services.trunk import trunks
from tests.deployments import ADMIN, Site, a_deployment
from tests.races import at_once

OTHER = RequestContext(request_id="req-2", project_id="other")


@pytest.fixture
def site(database, tmp_path) -> Site:
    return Site(a_deployment(database, tmp_path, mechanisms=("openvswitch",)))


@pytest.fixture
def elsewhere(site, database_url):
    """The same deployment in another process."""
    opened = Database(database_url)
    yield replace(site.d, database=opened)
    opened.dispose()


def a_policy(site: Site, **values: Any) -> dict[str, Any]:
    body = {"project_id": "p", "name": "gold", "shared": False, "is_default": False, **values}
    return policies.create(site.d, ADMIN, [body])[0]


def a_rule(site: Site, policy: dict[str, Any], kind: str, **values: Any) -> dict[str, Any]:
    return rules.create(kind, site.d, ADMIN, policy["id"], [values])[0]


def count(site: Site, table: Any) -> int:
    with site.d.database.read() as conn:
        return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def vlan(port: dict[str, Any], number: int) -> dict[str, Any]:
    return {"port_id": port["id"], "segmentation_type": "vlan", "segmentation_id": number}


def a_trunk(site: Site, port: dict[str, Any], *subports: dict[str, Any]) -> dict[str, Any]:
    body = {
        "project_id": "p",
        "name": "t",
        "admin_state_up": True,
        "port_id": port["id"],
        "sub_ports": list(subports),
    }
    return trunks.create(site.d, ADMIN, [body])[0]


def test_a_policy_is_read_as_it_was_made(site):
    policy = a_policy(site, is_default=True, shared=True)
    limit = a_rule(
        site, policy, "bandwidth_limit", max_kbps=9, max_burst_kbps=0, direction="egress"
    )
    mark = a_rule(site, policy, "dscp_marking", dscp_mark=8)
    kept = policies.get(site.d, ADMIN, policy["id"])
    assert kept == {**policy, "rules": [limit, mark], "revision_number": 2}
    assert policies.list_(site.d, ADMIN, EVERYTHING) == [kept]
    assert mark == {
        "id": mark["id"],
        "qos_policy_id": policy["id"],
        "type": "dscp_marking",
        "dscp_mark": 8,
    }


def test_lists_of_policies(site):
    default = a_policy(site, name="b", is_default=True)
    shared = a_policy(site, name="a", shared=True, project_id="q")
    ids = {default["id"]: "b", shared["id"]: "a"}

    def found(ctx: RequestContext = ADMIN, **filters: Any) -> list[str]:
        query = Query(filters=filters, sort=(("name", True),))
        return [ids[one["id"]] for one in policies.list_(site.d, ctx, query)]

    assert found() == ["a", "b"]
    assert found(is_default=(True,)) == ["b"]
    assert found(is_default=(False,)) == ["a"]
    assert found(is_default=(True, False)) == ["a", "b"]
    assert found(shared=(True,)) == ["a"]
    assert found(OTHER) == ["a"]
    page = Query(limit=1, marker=shared["id"], sort=(("name", True),))
    assert [one["name"] for one in policies.list_(site.d, ADMIN, page)] == ["b"]
    lost = Query(limit=5, marker="nothing")
    assert len(policies.list_(site.d, ADMIN, lost)) == 2


def test_nothing_is_left_of_a_deleted_policy(site):
    policy = a_policy(site, is_default=True, shared=True)
    a_rule(site, policy, "dscp_marking", dscp_mark=8)
    policies.delete(site.d, ADMIN, policy["id"])
    for table in (qos_policies, qos_rules, qos_default_policies, rbac_policies, tags):
        assert count(site, table) == 0
    with site.d.database.read() as conn:
        events = conn.execute(select(journal.c.resource, journal.c.event).order_by(journal.c.seq))
        assert [tuple(row) for row in events] == [
            ("qos_policy", event) for event in ("create", "update", "delete")
        ]


def test_one_of_two_rules_of_a_kind_is_kept(site, elsewhere):
    policy = a_policy(site)

    def add(d: Any) -> Callable[[], Any]:
        return lambda: rules.create("dscp_marking", d, ADMIN, policy["id"], [{"dscp_mark": 8}])

    (failure,) = at_once(add(site.d), add(elsewhere))
    assert isinstance(failure, errors.QoSRulesConflict | errors.TryAgain)
    assert count(site, qos_rules) == 1


def test_one_of_two_default_policies_is_kept(site, elsewhere):
    body = {"project_id": "p", "name": "", "shared": False, "is_default": True}

    def make(d: Any) -> Callable[[], Any]:
        return lambda: policies.create(d, ADMIN, [dict(body)])

    (failure,) = at_once(make(site.d), make(elsewhere))
    assert isinstance(failure, errors.QoSPolicyDefaultAlreadyExists | errors.TryAgain)
    assert count(site, qos_policies) == count(site, qos_default_policies) == 1


def test_a_policy_cannot_go_while_a_port_gets_it(site, elsewhere):
    """Whoever is slower is told, or tries again; no port is left with a policy that is gone."""
    port, policy = site.port(site.network()), a_policy(site)
    failures = at_once(
        lambda: ports.update(site.d, ADMIN, port["id"], {"qos_policy_id": policy["id"]}),
        lambda: policies.delete(elsewhere, ADMIN, policy["id"]),
    )
    for failure in failures:
        assert isinstance(
            failure, errors.QosPolicyInUse | errors.QosPolicyNotFound | errors.TryAgain
        )
    left = site.show(port)["qos_policy_id"]
    assert (left is not None) == (count(site, qos_policies) == 1)


def test_which_policy_holds(site):
    own, of_network = a_policy(site), a_policy(site)
    a_rule(site, own, "minimum_bandwidth", min_kbps=1, direction="egress")
    a_rule(site, of_network, "minimum_packet_rate", min_kpps=2, direction="any")
    network = site.network(qos_policy_id=of_network["id"])
    first = site.port(network)
    second = site.port(network, qos_policy_id=own["id"])
    asked = [port["resource_request"]["request_groups"][0]["resources"] for port in (first, second)]
    assert asked == [
        {"NET_PACKET_RATE_KILOPACKET_PER_SEC": 2},
        {"NET_BW_EGR_KILOBIT_PER_SEC": 1},
    ]
    for port in (first, second):
        assert site.show(port)["resource_request"] == port["resource_request"]
    networks.update(site.d, ADMIN, network["id"], {"qos_policy_id": None})
    assert site.show(first)["resource_request"] is None
    assert site.show(second)["resource_request"] == second["resource_request"]


def test_a_trunk_is_read_as_it_was_made(site):
    network = site.network()
    parent, first, second = (site.port(network) for _ in range(3))
    trunk = a_trunk(site, parent, vlan(second, 9), vlan(first, 8))
    assert trunk["sub_ports"] == [vlan(first, 8), vlan(second, 9)]
    assert trunks.get(site.d, ADMIN, trunk["id"]) == trunk
    assert trunks.list_(site.d, ADMIN, EVERYTHING) == [trunk]
    assert trunks.list_(site.d, OTHER, EVERYTHING) == []
    details = site.show(parent)["trunk_details"]
    assert [one["mac_address"] for one in details["sub_ports"]] == [
        first["mac_address"],
        second["mac_address"],
    ]
    trunks.delete(site.d, ADMIN, trunk["id"])
    assert count(site, trunk_subports) == 0
    ports.delete(site.d, ADMIN, first["id"])


def test_one_of_two_trunks_gets_a_port(site, elsewhere):
    network = site.network()
    first, second, wanted = (site.port(network) for _ in range(3))
    one, two = a_trunk(site, first), a_trunk(site, second)
    document = {"sub_ports": [vlan(wanted, 5)]}
    (failure,) = at_once(
        lambda: trunks.add_subports(site.d, ADMIN, one["id"], document),
        lambda: trunks.add_subports(elsewhere, ADMIN, two["id"], document),
    )
    assert isinstance(failure, errors.TrunkPortInUse | errors.TryAgain)
    assert count(site, trunk_subports) == 1


def test_one_of_two_ports_gets_a_vlan(site, elsewhere):
    network = site.network()
    parent, first, second = (site.port(network) for _ in range(3))
    trunk = a_trunk(site, parent)
    (failure,) = at_once(
        lambda: trunks.add_subports(site.d, ADMIN, trunk["id"], {"sub_ports": [vlan(first, 5)]}),
        lambda: trunks.add_subports(
            elsewhere, ADMIN, trunk["id"], {"sub_ports": [vlan(second, 5)]}
        ),
    )
    assert isinstance(failure, errors.DuplicateSubPort | errors.TryAgain)
    assert len(trunks.get(site.d, ADMIN, trunk["id"])["sub_ports"]) == 1


def test_a_port_cannot_go_while_a_trunk_gets_it(site, elsewhere):
    network = site.network()
    parent, port = site.port(network), site.port(network)
    trunk = a_trunk(site, parent)
    at_once(
        lambda: trunks.add_subports(site.d, ADMIN, trunk["id"], {"sub_ports": [vlan(port, 5)]}),
        lambda: ports.delete(elsewhere, ADMIN, port["id"]),
    )
    on_trunk = trunks.get(site.d, ADMIN, trunk["id"])["sub_ports"]
    there = [one["id"] for one in ports.list_(site.d, ADMIN, EVERYTHING)]
    assert bool(on_trunk) == (port["id"] in there)


def test_a_trunk_goes_down_when_its_port_leaves_its_host(site):
    site.report()
    network = site.segmented(("vlan", "physnet1", 150))
    parent = site.port(network)
    trunk = a_trunk(site, parent)
    assert site.update(parent, **{"binding:host_id": "host-1"})["binding:vif_type"] == "ovs"
    with site.d.database.transaction(ADMIN) as tx:
        trunks.rows.set_status(tx, trunk["id"], "ACTIVE")
    site.update(parent, name="x")
    assert trunks.get(site.d, ADMIN, trunk["id"])["status"] == "ACTIVE"
    site.update(parent, **{"binding:host_id": ""})
    assert trunks.get(site.d, ADMIN, trunk["id"])["status"] == "DOWN"
