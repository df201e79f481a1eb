"""What sharing costs: a list must not grow with the number of RBAC policies."""

import uuid

import pytest
from sqlalchemy import insert, update

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.db import tables
from tests import cpu
from tests.api.client import Api
from tests.api.conftest import MakeSite
from tests.api.sites import Site
from tests.statements import counted

NETWORKS = 200
POLICIES = 20_000
ME = "22222222222222222222222222222222"
# Seconds of CPU that a list of so many networks may take, the database in this process included.
CEILING = 0.1

ADMIN = RequestContext(request_id="req-test", is_admin=True)


def a_site(site: Site) -> tuple[Api, list[str]]:
    """Networks of another project, with a subnet each; nobody else sees them yet."""
    admin = Api(site.application, {"X-Project-Id": "tests"})
    unlimited = {"quota": {"network": -1, "subnet": -1}}
    assert admin.call("PUT", "/quotas/tests", unlimited).status == 200
    ids = []
    for first in range(0, NETWORKS, 50):
        bodies = {"networks": [{"name": f"n{first + number}"} for number in range(50)]}
        made = admin.call("POST", "/networks", bodies).body["networks"]
        ids += [network["id"] for network in made]
    subnets = [{"network_id": one, "cidr": "10.0.0.0/24", "ip_version": 4} for one in ids]
    assert admin.call("POST", "/subnets", {"subnets": subnets}).status == 201
    return admin, ids


def share(deployment: Deployment, pairs: list[tuple[str, str]]) -> None:
    """Policies for (network, target) pairs, as rows: twenty thousand requests would take long."""
    rows = [
        {
            "id": str(uuid.uuid4()),
            "project_id": "tests",
            "object_type": "network",
            "object_id": network_id,
            "action": "access_as_shared",
            "target_project": target,
        }
        for network_id, target in pairs
    ]
    with deployment.database.transaction(ADMIN) as tx:
        tx.execute(insert(tables.rbac_policies), rows)


def others(count: int) -> list[str]:
    return [f"{number:032x}" for number in range(count)]


@pytest.mark.parametrize("way", ["shared with me and many others", "my own, shared with many"])
def test_many_policies_do_not_slow_a_list(make_site: MakeSite, way: str) -> None:
    site = make_site(ml2={"project_network_types": "vxlan"})
    deployment = site.deployment
    _, ids = a_site(site)
    targets = others(POLICIES // NETWORKS - 1)
    if way == "my own, shared with many":
        with deployment.database.transaction(ADMIN) as tx:
            for table in (tables.networks, tables.subnets):
                tx.execute(update(table).values(project_id=ME))
    else:
        targets = [ME, *targets]
    share(deployment, [(one, target) for one in ids for target in targets])
    me = Api(site.application).as_project(ME)
    for path in ("networks", "subnets", "networks?shared=true", "networks?fields=id"):

        def ask(path: str = path) -> int:
            answer = me.call("GET", f"/{path}")
            assert answer.status == 200
            return len(next(iter(answer.body.values())))

        expected = 0 if path.endswith("shared=true") and way.startswith("my") else NETWORKS
        assert ask() == expected, path
        assert cpu.spent(ask) < CEILING, path
        with counted(deployment.database) as statements:
            ask()
        # whether a member may read subnets depends on their networks
        assert len(statements) <= (6 if path == "subnets" else 2), statements


def test_networks_of_others_do_not_slow_a_list(make_site: MakeSite) -> None:
    """Twenty thousand policies of which one is mine."""
    site = make_site(ml2={"project_network_types": "vxlan"})
    deployment = site.deployment
    _, ids = a_site(site)
    per_network = POLICIES // NETWORKS
    share(deployment, [(one, target) for one in ids for target in others(per_network)])
    share(deployment, [(ids[0], ME)])
    me = Api(site.application).as_project(ME)

    def ask() -> None:
        assert [one["id"] for one in me.list("network")] == [ids[0]]
        assert me.show("network", ids[0])["shared"] is True

    ask()
    assert cpu.spent(ask) < CEILING / 4
