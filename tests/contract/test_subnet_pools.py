"""Subnet pools and address scopes on every database, one request at a time and many at once."""

import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from deuteron.core import address_scopes, networks, prefixes, subnet_pools, subnets
from deuteron.errors import NetworkError, TryAgain
from deuteron.query import Query
from tests.deployments import ADMIN, Site, a_deployment


class PoolSite(Site):
    """A site that makes pools and scopes."""

    def scope(self, ip_version: int = 4, **values: Any) -> str:
        body = {
            "project_id": "p",
            "name": "scope",
            "ip_version": ip_version,
            "shared": False,
            **values,
        }
        return str(address_scopes.create(self.d, self.ctx, [body])[0]["id"])

    def pool(self, *cidrs: str, **values: Any) -> str:
        body = {
            "project_id": "p",
            "name": "pool",
            "prefixes": list(cidrs),
            "is_default": False,
            "shared": False,
            **values,
        }
        return str(subnet_pools.create(self.d, self.ctx, [body])[0]["id"])

    def of(self, pool: str | None, network: dict[str, Any] | None = None, **values: Any) -> str:
        body = {
            "project_id": "p",
            "network_id": (network or self.network())["id"],
            "name": "",
            "ip_version": 4,
            "enable_dhcp": True,
            "subnetpool_id": pool,
            **values,
        }
        return str(subnets.create(self.d, self.ctx, [body])[0]["cidr"])

    def refusal(self, make: Any, *arguments: Any, **values: Any) -> str:
        with pytest.raises(NetworkError) as refused:
            make(*arguments, **values)
        return refused.value.type


@pytest.fixture
def site(database, tmp_path):
    return PoolSite(a_deployment(database, tmp_path, mechanisms=()))


def test_subnets_get_the_smallest_block_that_fits_until_none_is_left(site):
    pool = site.pool("10.0.0.0/25", "10.1.0.0/24", default_prefixlen=26)
    assert [site.of(pool) for _ in range(3)] == ["10.0.0.0/26", "10.0.0.64/26", "10.1.0.0/26"]
    assert site.of(pool, prefixlen=25) == "10.1.0.128/25"
    assert site.refusal(site.of, pool, prefixlen=25) == "SubnetAllocationError"
    assert site.of(pool) == "10.1.0.64/26"
    assert site.refusal(site.of, pool) == "SubnetAllocationError"


def test_a_deleted_subnet_gives_its_prefix_back(site):
    pool = site.pool("10.0.0.0/24", default_prefixlen=24)
    network = site.network()
    assert site.of(pool, network) == "10.0.0.0/24"
    assert site.refusal(subnet_pools.delete, site.d, ADMIN, pool) == "SubnetPoolDeleteError"
    networks.delete(site.d, ADMIN, network["id"])
    assert site.of(pool) == "10.0.0.0/24"


def test_subnets_of_one_request_do_not_overlap(site):
    pool = site.pool("10.0.0.0/24", default_prefixlen=26)
    network = site.network()
    body = {
        "project_id": "p",
        "network_id": network["id"],
        "name": "",
        "ip_version": 4,
        "enable_dhcp": True,
        "subnetpool_id": pool,
    }
    made = subnets.create(site.d, ADMIN, [dict(body) for _ in range(4)])
    assert [one["cidr"] for one in made] == prefixes_of("10.0.0.0/24", 26)
    assert site.refusal(subnets.create, site.d, ADMIN, [body]) == "SubnetAllocationError"


def prefixes_of(cidr: str, length: int) -> list[str]:
    taken: list[str] = []
    while (block := prefixes.free_block([cidr], taken, length, 4)) is not None:
        taken.append(block)
    return taken


def test_a_project_has_no_more_of_a_pool_than_its_quota(site):
    pool = site.pool("10.0.0.0/16", default_prefixlen=24, default_quota=512)
    assert site.of(pool) == "10.0.0.0/24"
    assert site.of(pool, prefixlen=25) == "10.0.1.0/25"
    assert site.refusal(site.of, pool) == "SubnetPoolQuotaExceeded"
    assert site.of(pool, project_id="another") == "10.0.2.0/24"
    assert site.of(pool, prefixlen=25) == "10.0.1.128/25"


def test_one_default_pool_for_each_ip_version(site):
    pool = site.pool("10.0.0.0/16", is_default=True, default_prefixlen=24)
    site.pool("fd00::/48", is_default=True)
    assert site.refusal(site.pool, "10.1.0.0/16", is_default=True) == "InvalidInput"
    assert site.of(None, use_default_subnetpool=True) == "10.0.0.0/24"
    subnet_pools.update(site.d, ADMIN, pool, {"is_default": False})
    other = site.pool("10.1.0.0/16", is_default=True, default_prefixlen=24)
    assert site.of(None, use_default_subnetpool=True) == "10.1.0.0/24"
    assert site.refusal(subnet_pools.update, site.d, ADMIN, pool, {"is_default": True}) == (
        "InvalidInput"
    )
    defaults = subnet_pools.list_(site.d, ADMIN, Query(filters={"is_default": (True,)}))
    assert other in {one["id"] for one in defaults}
    assert len(defaults) == 2


def test_a_default_pool_that_a_project_does_not_see_is_none(site):
    site.pool("10.0.0.0/16", is_default=True, default_prefixlen=24)
    somebody = replace(ADMIN, project_id="another", is_admin=False)
    other = PoolSite(site.d, somebody)
    network = other.network(project_id="another")
    body = {"use_default_subnetpool": True, "project_id": "another"}
    assert other.refusal(other.of, None, network, **body) == "BadRequest"


def test_pools_of_a_scope_have_no_addresses_in_common(site):
    scope = site.scope()
    pool = site.pool("10.0.0.0/16", address_scope_id=scope)
    conflict = "AddressScopePrefixConflict"
    assert site.refusal(site.pool, "10.0.3.0/24", address_scope_id=scope) == conflict
    other = site.pool("10.0.0.0/8")
    changes = {"address_scope_id": scope}
    assert site.refusal(subnet_pools.update, site.d, ADMIN, other, changes) == conflict
    third = site.pool("10.1.0.0/16", address_scope_id=scope)
    more = {"prefixes": ["10.0.255.0/24"]}
    assert site.refusal(subnet_pools.add_prefixes, site.d, ADMIN, third, more) == conflict
    assert site.refusal(address_scopes.delete, site.d, ADMIN, scope) == "AddressScopeInUse"
    for one in (pool, third):
        subnet_pools.delete(site.d, ADMIN, one)
    address_scopes.delete(site.d, ADMIN, scope)


def test_the_subnets_of_a_network_are_of_one_pool_or_scope(site):
    scope = site.scope()
    a, b = (
        site.pool(f"10.{i}.0.0/16", default_prefixlen=24, address_scope_id=scope) for i in (0, 1)
    )
    alone = site.pool("10.2.0.0/16", default_prefixlen=24)
    elsewhere = site.pool("10.3.0.0/16", default_prefixlen=24, address_scope_id=site.scope())
    network = site.network()
    site.of(a, network)
    site.of(b, network)
    assert networks.get(site.d, ADMIN, network["id"])["ipv4_address_scope"] == scope
    assert site.refusal(site.of, alone, network) == "NetworkAddressScopeAffinityError"
    assert site.refusal(site.of, elsewhere, network) == "NetworkAddressScopeAffinityError"
    mixed = site.refusal(site.of, None, network, cidr="192.0.2.0/24")
    assert mixed == "NetworkSubnetPoolAffinityError"
    site.of(None, network, cidr="fd00::/64", ip_version=6)
    shown = networks.get(site.d, ADMIN, network["id"])
    assert (shown["ipv4_address_scope"], shown["ipv6_address_scope"]) == (scope, None)
    moved = {"address_scope_id": site.scope()}
    assert site.refusal(subnet_pools.update, site.d, ADMIN, a, moved) == (
        "NetworkAddressScopeAffinityError"
    )


def test_onboarded_subnets_are_the_pools(site):
    pool = site.pool("10.0.0.0/16", default_prefixlen=24)
    network = site.network()
    site.of(None, network, cidr="192.0.2.0/25")
    site.of(None, network, cidr="fd00::/64", ip_version=6)
    order = {"network_id": network["id"]}
    told = subnet_pools.onboard_network_subnets(site.d, ADMIN, pool, order)
    assert [one["cidr"] for one in told] == ["192.0.2.0/25"]
    shown = subnet_pools.get(site.d, ADMIN, pool)
    assert shown["prefixes"] == ["10.0.0.0/16", "192.0.2.0/25"]
    assert subnets.get(site.d, ADMIN, told[0]["id"])["subnetpool_id"] == pool
    again = site.refusal(subnet_pools.onboard_network_subnets, site.d, ADMIN, pool, order)
    assert again == "IllegalSubnetPoolUpdate"
    used = {"prefixes": ["192.0.2.0/26"]}
    assert site.refusal(subnet_pools.remove_prefixes, site.d, ADMIN, pool, used) == (
        "IllegalSubnetPoolPrefixUpdate"
    )
    assert site.of(pool, network) == "10.0.0.0/24"


def at_once(make: Any, count: int) -> Counter[str]:
    """What became of so many calls at the same time; those that lost a race are made again."""

    def one(i: int) -> str:
        for _ in range(20):
            try:
                make(i)
            except TryAgain:
                continue
            except NetworkError as refused:
                return refused.type
            return "made"
        return "gave up"

    with ThreadPoolExecutor(count) as threads:
        return Counter(threads.map(one, range(count)))


def test_of_several_defaults_at_once_there_is_one(site):
    outcome = at_once(lambda i: site.pool(f"10.{i}.0.0/16", is_default=True), 5)
    assert outcome == {"made": 1, "InvalidInput": 4}


def test_of_overlapping_pools_at_once_one_is_in_the_scope(site):
    scope = site.scope()
    outcome = at_once(lambda _: site.pool("10.0.0.0/16", address_scope_id=scope), 5)
    assert outcome == {"made": 1, "AddressScopePrefixConflict": 4}


def test_of_overlapping_subnets_at_once_a_network_has_one(site):
    network = site.network()
    outcome = at_once(lambda _: site.of(None, network, cidr="10.0.0.0/24"), 5)
    assert outcome == {"made": 1, "InvalidInput": 4}


def test_quotas_hold_for_many_at_once(site):
    pool = site.pool("10.0.0.0/16", default_prefixlen=28, default_quota=48)
    made = [site.network() for _ in range(8)]
    outcome = at_once(lambda i: site.of(pool, made[i]), 8)
    assert outcome == {"made": 3, "SubnetPoolQuotaExceeded": 5}


@pytest.mark.slow
def test_allocations_of_many_processes_never_overlap(database_url, site, tmp_path):
    processes, each = 4, 20
    pool = site.pool("10.0.0.0/22", default_prefixlen=28)
    made = [[site.network()["id"] for _ in range(each)] for _ in range(processes)]
    workers = []
    for i in range(processes):
        (tmp_path / str(i)).mkdir()
        command = [sys.executable, "-m", "tests.allocators", database_url, str(tmp_path / str(i))]
        workers.append(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker, ids in zip(workers, made, strict=True):
        assert worker.stdin is not None
        order = {"pool": pool, "networks": ids, "prefixlen": 28}
        worker.stdin.write(json.dumps(order) + "\n")
        worker.stdin.flush()
    answers = [worker.communicate(timeout=120)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * processes
    got = [json.loads(line) for answer in answers for line in answer.splitlines()]
    cidrs = [one for one in got if "/" in one]
    refused = Counter(one for one in got if "/" not in one)
    assert sorted(cidrs) == sorted(prefixes_of("10.0.0.0/22", 28))
    assert refused == {"SubnetAllocationError": processes * each - 64}
