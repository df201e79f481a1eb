"""Flavors, availability zones, the default external network and topologies, on each database."""

import uuid
from dataclasses import replace
from typing import Any

import pytest

from deuteron import errors
from deuteron.core import agents, availability_zones, networks, subnet_pools
from deuteron.db.engine import Database
from deuteron.query import EVERYTHING, Query
from deuteron.services.auto_allocate import topologies
from deuteron.services.flavors import flavors, profiles
from tests.deployments import ADMIN, Site, a_deployment
from tests.races import at_once


@pytest.fixture
def site(database, tmp_path) -> Site:
    return Site(a_deployment(database, tmp_path, mechanisms=("openvswitch",)))


@pytest.fixture
def elsewhere(site, database_url):
    """The same deployment in another process."""
    opened = Database(database_url)
    yield replace(site.d, database=opened)
    opened.dispose()


def a_profile(site: Site, **values: Any) -> dict[str, Any]:
    body = {"description": "", "driver": "", "enabled": True, "metainfo": "m", **values}
    return profiles.create(site.d, ADMIN, [body])[0]


def a_flavor(site: Site, **values: Any) -> dict[str, Any]:
    body = {
        "name": "gold",
        "description": "",
        "service_type": "QOS",
        "enabled": True,
        "service_profiles": [],
        **values,
    }
    return flavors.create(site.d, ADMIN, [body])[0]


def test_flavors_are_read_as_they_were_made(site):
    known = [a_profile(site), a_profile(site, metainfo="x" * 4096, driver="", enabled=False)]
    ids = sorted(profile["id"] for profile in known)
    flavor = a_flavor(site, service_profiles=ids, description="d" * 1024)
    bare = a_flavor(site, name="bare", description=None)
    assert flavors.get(site.d, ADMIN, flavor["id"]) == flavor
    query = Query(sort=(("name", True),), limit=1)
    assert flavors.list_(site.d, ADMIN, query) == [bare]
    after = replace(query, marker=bare["id"])
    assert flavors.list_(site.d, ADMIN, after) == [flavor]
    assert flavors.list_(site.d, ADMIN, Query(filters={"service_type": ("QOS",)}, limit=9)) != []
    assert profiles.list_(site.d, ADMIN, Query(filters={"enabled": (False,)})) == [known[1]]
    changed = flavors.update(site.d, ADMIN, flavor["id"], {"service_profiles": ids[:1]})
    assert changed["service_profiles"] == ids[:1]
    with pytest.raises(errors.ServiceProfileInUse):
        profiles.delete(site.d, ADMIN, ids[0])
    flavors.delete(site.d, ADMIN, flavor["id"])
    for profile_id in ids:
        profiles.delete(site.d, ADMIN, profile_id)
    assert flavors.list_(site.d, ADMIN, EVERYTHING) == [bare]


def test_a_profile_cannot_go_while_a_flavor_gets_it(site, elsewhere):
    for _ in range(3):
        flavor, profile = a_flavor(site), a_profile(site)
        body = {"id": profile["id"]}
        failures = at_once(
            lambda flavor=flavor, body=body: flavors.add_profiles(
                site.d, ADMIN, flavor["id"], [body]
            ),
            lambda profile=profile: profiles.delete(elsewhere, ADMIN, profile["id"]),
        )
        (failure,) = failures
        left = flavors.get(site.d, ADMIN, flavor["id"])["service_profiles"]
        if isinstance(failure, errors.ServiceProfileInUse):
            assert left == [profile["id"]]
        else:
            assert isinstance(failure, errors.ServiceProfileNotFound)
            assert left == []


def test_zones_of_agents_and_networks(site):
    for host, zone in (("h1", "east"), ("h2", "west"), ("h3", "")):
        site.report(host)
        state = {
            "agent_type": "DHCP agent",
            "binary": "b",
            "host": host,
            "topic": "t",
            "configurations": {},
            "availability_zone": zone,
        }
        agents.report(site.d, ADMIN, state)
    zones = availability_zones.list_(site.d, ADMIN, EVERYTHING)
    assert [(one["name"], one["state"]) for one in zones] == [
        ("east", "available"),
        ("west", "available"),
    ]
    network = site.network(availability_zone_hints=["west"])
    site.subnet(network)
    shown = networks.get(site.d, ADMIN, network["id"])
    assert (shown["availability_zone_hints"], shown["availability_zones"]) == (["west"], ["west"])
    with pytest.raises(errors.AvailabilityZoneNotFound):
        site.network(availability_zone_hints=["north", "west"])


def test_one_of_two_networks_becomes_the_default_one(site, elsewhere):
    external = {"router:external": True, "name": "n"}
    one, two = site.network(**external), site.network(**external)
    failures = at_once(
        lambda: networks.update(site.d, ADMIN, one["id"], {"is_default": True}),
        lambda: networks.update(elsewhere, ADMIN, two["id"], {"is_default": True}),
    )
    assert [type(failure) for failure in failures] == [errors.DefaultExternalNetworkExists]
    (found,) = networks.list_(site.d, ADMIN, Query(filters={"is_default": (True,)}))
    others = networks.list_(site.d, ADMIN, Query(filters={"is_default": (False,)}))
    assert {found["id"], others[0]["id"]} == {one["id"], two["id"]}


class Nowhere:
    """An uplink whose routers are only counted."""

    def __init__(self) -> None:
        self.routers: set[str] = set()

    def connect(self, *_words: Any, **_more: Any) -> str:
        router_id = str(uuid.uuid4())
        self.routers.add(router_id)
        return router_id

    def disconnect(self, _d: Any, _ctx: Any, router_id: str, **_more: Any) -> None:
        self.routers.discard(router_id)


def test_a_project_gets_one_topology(site, elsewhere):
    site.network(**{"router:external": True, "is_default": True})
    pool = {
        "project_id": "p",
        "name": "pool",
        "prefixes": ["10.0.0.0/16"],
        "default_prefixlen": 24,
        "is_default": True,
        "shared": True,
    }
    subnet_pools.create(site.d, ADMIN, [pool])
    uplink = Nowhere()
    made: list[str] = []

    def get(d: Any) -> None:
        made.append(topologies.get(uplink, d, ADMIN, "q")["id"])

    assert at_once(lambda: get(site.d), lambda: get(elsewhere), lambda: get(site.d)) == []
    assert len(set(made)) == len(uplink.routers) == 1
    own = networks.list_(site.d, ADMIN, Query(filters={"project_id": ("q",)}))
    assert [network["id"] for network in own] == [made[0]]
    assert own[0]["admin_state_up"] is True
    topologies.delete(uplink, site.d, ADMIN, "q")
    assert uplink.routers == set()
    assert networks.list_(site.d, ADMIN, Query(filters={"project_id": ("q",)})) == []
    topologies.delete(uplink, site.d, ADMIN, "q")
