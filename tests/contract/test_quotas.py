"""Quotas on each database: what is refused, when many ask at once, and what that costs."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deuteron import errors
from deuteron.context import RequestContext
from deuteron.core import networks, ports, quotas, security_groups, subnet_pools, subnets
from deuteron.core import security_group_rules as rules
from deuteron.core.deployment import Deployment
from deuteron.db.engine import Database
from deuteron.db.free_ranges import Hints
from deuteron.query import EVERYTHING
from deuteron.services.trunk import trunks
from tests.deployments import Site, a_deployment
from tests.statements import counted

ADMIN = RequestContext(request_id="req-1", project_id="p", is_admin=True)
LIMITED = "[quotas]\nquota_network = 3\nquota_port = 3\nquota_security_group_rule = 6\n"
AT_ONCE = 50

MakeDeployment = Callable[[str], Deployment]


@pytest.fixture
def make(database: Database, tmp_path: Path) -> MakeDeployment:
    def made(configuration: str) -> Deployment:
        return a_deployment(database, tmp_path, mechanisms=(), configuration=configuration)

    return made


@pytest.fixture
def other_database(database_url: str) -> Iterator[Database]:
    """The same database, as another process sees it."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


def a_limit(d: Deployment, project_id: str = "p", **limits: int) -> Mapping[str, int]:
    return quotas.update(d, ADMIN, project_id, limits)


def a_trunk(port: dict[str, Any]) -> dict[str, Any]:
    return {
        "project_id": "p",
        "port_id": port["id"],
        "name": "",
        "admin_state_up": True,
        "sub_ports": [],
    }


def a_pool(prefix: str) -> dict[str, Any]:
    return {
        "project_id": "p",
        "name": "",
        "prefixes": [prefix],
        "is_default": False,
        "shared": False,
        "address_scope_id": None,
    }


def until_it_fits(operation: Callable[[], Any]) -> str:
    """What the API does: a transaction that lost against another is run again."""
    for attempt in range(10):
        try:
            operation()
        except errors.TryAgain:
            time.sleep(random.uniform(0, 0.02 * 2**attempt))
        except errors.NetworkError as error:
            return error.type
        else:
            return "made"
    return "gave up"


def at_once(count: int, operation: Callable[[int], Callable[[], Any]]) -> list[str]:
    """What came of operations that began at the same time."""
    begin, outcomes = threading.Barrier(count), []

    def work(number: int) -> None:
        begin.wait()
        outcomes.append(until_it_fits(operation(number)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


def test_a_create_beyond_the_limit_is_undone(make: MakeDeployment) -> None:
    site = Site(make(LIMITED))
    for _ in range(3):
        site.network()
    with pytest.raises(errors.OverQuota) as refused:
        site.network()
    assert refused.value.message == "Quota exceeded for resources: ['network']."
    assert len(networks.list_(site.d, ADMIN, EVERYTHING)) == 3


def test_what_was_deleted_counts_no_more(make: MakeDeployment) -> None:
    site = Site(make(LIMITED))
    made = [site.network() for _ in range(3)]
    networks.delete(site.d, ADMIN, made[0]["id"])
    site.network()
    with pytest.raises(errors.OverQuota):
        site.network()


def test_a_list_is_made_whole_or_not_at_all(make: MakeDeployment) -> None:
    site = Site(make(LIMITED))
    network = site.network()
    bodies = [site.body(network, **{"binding:host_id": ""}) for _ in range(4)]
    with pytest.raises(errors.OverQuota):
        ports.create(site.d, ADMIN, bodies)
    assert ports.list_(site.d, ADMIN, EVERYTHING) == []
    assert len(ports.create(site.d, ADMIN, bodies[:3])) == 3


def test_projects_are_counted_one_by_one(make: MakeDeployment) -> None:
    site = Site(make(LIMITED))
    for project in "abc":
        for _ in range(3):
            site.network(project_id=project)
    with pytest.raises(errors.OverQuota):
        site.network(project_id="b")
    network = site.network(project_id="d")
    mixed = [site.body(network, project_id=one, **{"binding:host_id": ""}) for one in "aabb"]
    assert len(ports.create(site.d, ADMIN, mixed)) == 4
    with pytest.raises(errors.OverQuota):
        ports.create(site.d, ADMIN, mixed)


def test_a_project_may_have_a_limit_of_its_own(make: MakeDeployment) -> None:
    site = Site(make(LIMITED))
    a_limit(site.d, network=5)
    for _ in range(5):
        site.network()
    with pytest.raises(errors.OverQuota):
        site.network()
    a_limit(site.d, network=-1)
    site.network()
    quotas.delete(site.d, ADMIN, "p")
    with pytest.raises(errors.OverQuota):
        site.network()


def test_a_limit_where_others_have_none(make: MakeDeployment) -> None:
    site = Site(make(""))
    a_limit(site.d, network=1)
    site.network()
    with pytest.raises(errors.OverQuota):
        site.network()
    site.network(project_id="q")


def test_trunks_and_subnet_pools_have_the_default(make: MakeDeployment) -> None:
    site = Site(make("[quotas]\ndefault_quota = 1\n"))
    network = site.network()
    trunks.create(site.d, ADMIN, [a_trunk(site.port(network))])
    with pytest.raises(errors.OverQuota):
        trunks.create(site.d, ADMIN, [a_trunk(site.port(network))])
    subnet_pools.create(site.d, ADMIN, [a_pool("10.0.0.0/8")])
    with pytest.raises(errors.OverQuota):
        subnet_pools.create(site.d, ADMIN, [a_pool("172.16.0.0/12")])


def test_zero_means_none(make: MakeDeployment) -> None:
    site = Site(make(LIMITED))
    network = site.network()
    a_limit(site.d, subnet=0)
    with pytest.raises(errors.OverQuota):
        site.subnet(network)
    assert subnets.list_(site.d, ADMIN, EVERYTHING) == []


def test_rules_that_a_group_is_born_with_count(make: MakeDeployment) -> None:
    d = make(LIMITED)
    body = {"project_id": "p", "name": "g", "description": ""}
    group = security_groups.create(d, ADMIN, [body])[0]  # beside the default group with its four
    with pytest.raises(errors.OverQuota) as refused:
        security_groups.create(d, ADMIN, [body])
    assert refused.value.fields["overs"] == ["security_group_rule"]
    rule = {
        "project_id": "p",
        "security_group_id": group["id"],
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": "tcp",
        "port_range_min": None,
        "port_range_max": None,
        "remote_group_id": None,
        "remote_address_group_id": None,
        "remote_ip_prefix": None,
    }
    with pytest.raises(errors.OverQuota):
        rules.create(d, ADMIN, [rule])


def test_a_default_group_is_made_whatever_the_limit(make: MakeDeployment) -> None:
    site = Site(make("[quotas]\nquota_security_group = 0\n"))
    site.network()
    assert quotas.details(site.d, "p")["security_group"] == {"limit": 0, "used": 1, "reserved": 0}


def test_a_limit_is_not_set_below_what_is_in_use(make: MakeDeployment) -> None:
    site = Site(make(LIMITED))
    site.network()
    site.network()
    with pytest.raises(errors.HTTPBadRequest):
        a_limit(site.d, network=1, port=1)
    assert quotas.get(site.d, "p")["port"] == 3
    assert quotas.update(site.d, ADMIN, "p", {"network": 1}, below_use=True)["network"] == 1
    assert a_limit(site.d, network=2)["network"] == 2
    assert a_limit(site.d, network=-1)["network"] == -1


def test_never_over_the_limit_with_50_creates_at_once(
    make: MakeDeployment, other_database: Database
) -> None:
    d = make(LIMITED)
    elsewhere = replace(d, database=other_database, hints=Hints())

    def one(number: int) -> Callable[[], Any]:
        site = Site(elsewhere if number % 2 else d)
        return lambda: site.network(name=f"n{number}")

    outcomes = at_once(AT_ONCE, one)
    assert outcomes == ["OverQuota"] * (AT_ONCE - 3) + ["made"] * 3
    assert quotas.details(d, "p")["network"]["used"] == 3


def test_never_over_a_limit_of_its_own_with_creates_at_once(
    make: MakeDeployment, other_database: Database
) -> None:
    d = make("")
    elsewhere = replace(d, database=other_database, hints=Hints())
    network = Site(d).network()
    a_limit(d, port=5)

    def one(number: int) -> Callable[[], Any]:
        site = Site(elsewhere if number % 2 else d)
        return lambda: site.port(network)

    outcomes = at_once(20, one)
    assert outcomes == ["OverQuota"] * 15 + ["made"] * 5


def test_a_limit_set_while_creates_run_is_not_below_what_they_leave(
    make: MakeDeployment, other_database: Database
) -> None:
    d = make("[quotas]\nquota_network = 100\n")
    elsewhere = replace(d, database=other_database, hints=Hints())

    def one(number: int) -> Callable[[], Any]:
        if number == 0:
            return lambda: a_limit(elsewhere, network=4)
        site = Site(elsewhere if number % 2 else d)
        return site.network

    outcomes = at_once(9, one)
    assert "gave up" not in outcomes
    now = quotas.details(d, "p")["network"]
    assert now["used"] <= now["limit"]


@pytest.mark.parametrize(("configuration", "own"), [(LIMITED, 2), ("", 1)])
def test_what_a_create_pays_for_its_limit(
    make: MakeDeployment, configuration: str, own: int
) -> None:
    site = Site(make(configuration))
    site.network()
    with counted(site.d.database) as statements:
        site.network()
    assert len([one for one in statements if "quotas" in one]) == own, statements
