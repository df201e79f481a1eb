"""What a project sees, on each database: lists, single reads and tags must agree on it.

One world of four projects: `owner` has one thing of each noun, some of them shared with `friend`,
one network is external for all, `other` has the same things for itself alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from deuteron.context import RequestContext
from deuteron.core import (
    address_groups,
    address_scopes,
    networks,
    ports,
    rbac_policies,
    security_group_rules,
    security_groups,
    segment_ranges,
    segments,
    subnet_pools,
    subnets,
    tags,
)
from deuteron.core.deployment import Deployment
from deuteron.db.engine import Database
from deuteron.errors import NetworkError, NotFound
from deuteron.query import Query
from tests.deployments import ADMIN, Site, a_deployment
from tests.statements import counted

PROJECTS = ("owner", "friend", "stranger", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """The verbs of a noun, and a harmless change of one."""

    list_: Callable[..., list[dict[str, Any]]]
    get: Callable[..., dict[str, Any]]
    update: Callable[..., dict[str, Any]]
    delete: Callable[..., None]
    change: Mapping[str, Any]
    tagged: bool = True


NOUNS: Mapping[str, Noun] = {
    name: Noun(
        list_=module.list_,
        get=module.get,
        update=module.update,
        delete=module.delete,
        change={"description": "changed"},
        tagged=name in tags.TAGGABLE,
    )
    for name, module in {
        "networks": networks,
        "subnets": subnets,
        "ports": ports,
        "security_groups": security_groups,
        "security_group_rules": security_group_rules,
        "segments": segments,
        "network_segment_ranges": segment_ranges,
        "subnetpools": subnet_pools,
    }.items()
} | {
    "address_groups": Noun(
        list_=address_groups.list_,
        get=address_groups.get,
        update=address_groups.update,
        delete=address_groups.delete,
        change={"name": "changed"},
        tagged=False,
    ),
    "address_scopes": Noun(
        list_=address_scopes.list_,
        get=address_scopes.get,
        update=address_scopes.update,
        delete=address_scopes.delete,
        change={"name": "changed"},
        tagged=False,
    ),
    "rbac_policies": Noun(
        list_=rbac_policies.list_,
        get=rbac_policies.get,
        update=rbac_policies.update,
        delete=rbac_policies.delete,
        change={"target_tenant": "nobody"},
        tagged=False,
    ),
}


def member(project_id: str) -> RequestContext:
    return RequestContext(request_id="req-test", project_id=project_id, user_id="u")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that is there: noun -> id -> name."""

    d: Deployment
    things: Mapping[str, Mapping[str, str]]

    def id_of(self, noun: str, name: str) -> str:
        (found,) = [one for one, known in self.things[noun].items() if known == name]
        return found

    def listed(self, noun: str, project_id: str, query: Query | None = None) -> set[str]:
        rows = NOUNS[noun].list_(self.d, member(project_id), query or Query())
        assert len({row["id"] for row in rows}) == len(rows)
        return {self.things[noun][row["id"]] for row in rows if row["id"] in self.things[noun]}

    def found(self, noun: str, project_id: str) -> set[str]:
        seen = set()
        for thing_id, name in self.things[noun].items():
            try:
                NOUNS[noun].get(self.d, member(project_id), thing_id)
            except NotFound:
                continue
            seen.add(name)
        return seen


def a_policy(
    d: Deployment, thing: Mapping[str, Any], target: str, kind: str, action: str = "shared"
) -> dict[str, Any]:
    body = {
        "project_id": thing["project_id"],
        "object_type": kind,
        "object_id": thing["id"],
        "action": f"access_as_{action}",
        "target_tenant": target,
    }
    return rbac_policies.create(d, ADMIN, [body])[0]


@pytest.fixture
def d(database: Database, tmp_path) -> Deployment:
    return a_deployment(database, tmp_path, mechanisms=())


@pytest.fixture
def world(d: Deployment) -> World:
    site = Site(d)
    made: dict[str, dict[str, str]] = {noun: {} for noun in NOUNS}

    def note(noun: str, thing: Mapping[str, Any], name: str) -> Any:
        made[noun][thing["id"]] = name
        return thing

    for project in ("owner", "other"):
        network = note("networks", site.network(project_id=project), f"{project}'s")
        shown = note("networks", site.network(project_id=project), f"{project}'s shown")
        outside = note(
            "networks",
            site.network(project_id=project, **{"router:external": True}),
            f"{project}'s external",
        )
        for parent in (network, shown, outside):
            name = made["networks"][parent["id"]]
            note("subnets", site.subnet(parent, project_id=project), name)
            note("ports", site.port(parent, project_id=project), name)
            (segment,) = segments.list_(d, ADMIN, Query(filters={"network_id": (parent["id"],)}))
            note("segments", segment, name)
        bodies = [
            {"project_id": project, "name": name, "description": "", "stateful": True}
            for name in (f"{project}'s", f"{project}'s shown")
        ]
        groups = security_groups.create(d, ADMIN, bodies)
        for group in groups:
            note("security_groups", group, group["name"])
            note("security_group_rules", group["security_group_rules"][0], group["name"])
        scopes = address_scopes.create(
            d,
            ADMIN,
            [
                {"project_id": project, "name": name, "ip_version": 4, "shared": False}
                for name in (f"{project}'s", f"{project}'s shown")
            ],
        )
        pools = subnet_pools.create(
            d,
            ADMIN,
            [
                {
                    "project_id": project,
                    "name": scope["name"],
                    "prefixes": ["10.0.0.0/16"],
                    "shared": False,
                    "is_default": False,
                    "address_scope_id": scope["id"],
                }
                for scope in scopes
            ],
        )
        named = address_groups.create(
            d,
            ADMIN,
            [
                {"project_id": project, "name": name, "description": "", "addresses": []}
                for name in (f"{project}'s", f"{project}'s shown")
            ],
        )
        for one in named:
            note("address_groups", one, one["name"])
        for scope, pool in zip(scopes, pools, strict=True):
            note("address_scopes", scope, scope["name"])
            note("subnetpools", pool, pool["name"])
        low = 10 if project == "owner" else 20
        body = {
            "project_id": project,
            "shared": False,
            "name": "",
            "network_type": "vxlan",
            "minimum": low,
            "maximum": low + 5,
        }
        note("network_segment_ranges", segment_ranges.create(d, ADMIN, [body])[0], f"{project}'s")
        if project == "owner":
            note("rbac_policies", a_policy(d, shown, "friend", "network"), "owner's")
            note("rbac_policies", a_policy(d, groups[1], "friend", "security_group"), "group's")
            note("rbac_policies", a_policy(d, scopes[1], "friend", "address_scope"), "scope's")
            note("rbac_policies", a_policy(d, pools[1], "friend", "subnetpool"), "pool's")
            note("rbac_policies", a_policy(d, named[1], "friend", "address_group"), "names'")
            note("ports", site.port(shown, project_id="friend"), "friend's")
    return World(d=d, things=made)


OWN = {"owner's", "owner's shown", "owner's external"}
EXTERNAL = {"owner's external", "other's external"}
SEEN: Mapping[str, Mapping[str, set[str]]] = {
    "networks": {
        "owner": OWN | EXTERNAL,
        "friend": {"owner's shown"} | EXTERNAL,
        "stranger": EXTERNAL,
    },
    "subnets": {
        "owner": OWN | EXTERNAL,
        "friend": {"owner's shown"} | EXTERNAL,
        "stranger": EXTERNAL,
    },
    "ports": {"owner": OWN | {"friend's"}, "friend": {"friend's"}, "stranger": set()},
    "segments": {"owner": OWN, "friend": set(), "stranger": set()},
    "security_groups": {
        "owner": {"owner's", "owner's shown"},
        "friend": {"owner's shown"},
        "stranger": set(),
    },
    "security_group_rules": {
        "owner": {"owner's", "owner's shown"},
        "friend": set(),
        "stranger": set(),
    },
    "network_segment_ranges": {"owner": {"owner's"}, "friend": set(), "stranger": set()},
    "rbac_policies": {
        "owner": {"owner's", "group's", "scope's", "pool's", "names'"},
        "friend": set(),
        "stranger": set(),
    },
    **{
        noun: {
            "owner": {"owner's", "owner's shown"},
            "friend": {"owner's shown"},
            "stranger": set(),
        }
        for noun in ("address_groups", "address_scopes", "subnetpools")
    },
}


def test_every_project_sees_its_share(world: World) -> None:
    assert {
        noun: {project: world.listed(noun, project) for project in by_project}
        for noun, by_project in SEEN.items()
    } == SEEN


def test_a_single_read_finds_what_a_list_has(world: World) -> None:
    for noun in NOUNS:
        for project in PROJECTS:
            assert world.found(noun, project) == world.listed(noun, project), (noun, project)


def test_a_short_list_has_the_same(world: World) -> None:
    for noun in NOUNS:
        for project in PROJECTS:
            short = world.listed(noun, project, Query(fields=("id",)))
            assert short == world.listed(noun, project), (noun, project)


def test_pages_have_the_same(world: World) -> None:
    for noun in NOUNS:
        for project in PROJECTS:
            seen: list[str] = []
            marker = None
            while True:
                sort = () if noun == "segments" else (("project_id", False),)
                query = Query(limit=2, marker=marker, sort=sort)
                rows = NOUNS[noun].list_(world.d, member(project), query)
                seen += [row["id"] for row in rows]
                if len(rows) < 2:
                    break
                marker = rows[-1]["id"]
            names = {world.things[noun][one] for one in seen if one in world.things[noun]}
            assert names == world.listed(noun, project), (noun, project)


def test_who_asks_for_a_project_gets_what_it_sees_of_it(world: World) -> None:
    """Its own, too, of which it needs no other condition; pages of them as well."""
    for noun in ("networks", "subnets", "ports", "security_groups", "subnetpools"):
        for project in PROJECTS:
            rows = NOUNS[noun].list_(world.d, member(project), Query())
            for asked in PROJECTS:
                expected = sorted(row["id"] for row in rows if row["project_id"] == asked)
                of = Query(filters={"project_id": (asked,)})
                for query in (of, replace(of, limit=100), replace(of, fields=("id",))):
                    found = NOUNS[noun].list_(world.d, member(project), query)
                    assert sorted(row["id"] for row in found) == expected, (noun, project, asked)


@pytest.mark.parametrize("asked", [{}, {"project_id": ("owner",)}, {"status": ("DOWN",)}])
def test_pages_of_ports_are_the_list(world: World, asked: dict[str, Any]) -> None:
    """Its own ports and those of others on its networks, in one order, both ways."""
    for project in PROJECTS:
        whole = Query(filters=asked, sort=(("name", False),))
        seen = [row["id"] for row in ports.list_(world.d, member(project), whole)]
        for limit in (1, 2, 100):
            got: list[str] = []
            query = replace(whole, limit=limit)
            while rows := ports.list_(world.d, member(project), query):
                got += [row["id"] for row in rows]
                query = replace(query, marker=got[-1])
            assert got == seen, (project, limit)
            back = got[-1:]
            query = replace(whole, limit=limit, page_reverse=True)
            while got and (
                rows := ports.list_(world.d, member(project), replace(query, marker=back[0]))
            ):
                back = [row["id"] for row in rows] + back
            assert back == got, (project, limit)
        visible = {row["id"] for row in ports.list_(world.d, member(project), Query())}
        for hidden in world.things["ports"].keys() - visible:
            with pytest.raises(NotFound):
                ports.list_(world.d, member(project), replace(whole, limit=5, marker=hidden))


def test_what_is_not_seen_cannot_be_touched(world: World) -> None:
    for name, noun in NOUNS.items():
        before = {row["id"]: row for row in noun.list_(world.d, ADMIN, Query())}
        for thing_id, known in world.things[name].items():
            if known in SEEN[name]["stranger"]:
                continue
            ctx = member("stranger")
            for attempt in (
                lambda noun=noun, ctx=ctx, one=thing_id: noun.update(
                    world.d, ctx, one, dict(noun.change)
                ),
                lambda noun=noun, ctx=ctx, one=thing_id: noun.delete(world.d, ctx, one),
            ):
                with pytest.raises(NotFound):
                    attempt()
            if noun.tagged:
                with pytest.raises(NotFound):
                    tags.put(world.d, ctx, name, thing_id, "t")
                with pytest.raises(NotFound):
                    tags.list_(world.d, ctx, name, thing_id)
        assert {row["id"]: row for row in noun.list_(world.d, ADMIN, Query())} == before, name


def test_a_marker_that_is_not_seen_is_no_marker(world: World) -> None:
    """What it leads to is what a marker that does not exist leads to, page or refusal."""
    for name, noun in NOUNS.items():
        hidden = next(
            one for one, known in world.things[name].items() if known not in SEEN[name]["friend"]
        )

        def page(marker: str, noun: Noun = noun) -> Any:
            query = Query(limit=2, marker=marker)
            try:
                return [row["id"] for row in noun.list_(world.d, member("friend"), query)]
            except NotFound as refused:
                return refused.type

        assert page(hidden) == page("00000000-0000-4000-8000-000000000000"), name


def test_who_reads_for_all_sees_everything_and_may_share_nothing(world: World) -> None:
    reader = replace(member("stranger"), has_global_access=True)
    for name, noun in NOUNS.items():
        rows = {row["id"] for row in noun.list_(world.d, reader, Query())}
        assert rows >= world.things[name].keys(), name
    body = {
        "project_id": "stranger",
        "object_type": "network",
        "object_id": world.id_of("networks", "owner's"),
        "action": "access_as_shared",
        "target_tenant": "stranger",
    }
    with pytest.raises(NetworkError):
        rbac_policies.create(world.d, reader, [body])


def test_many_parents_load_their_children(database: Database, tmp_path) -> None:
    """Above a thousand rows children are found by the list's own statement, scope and all."""
    configuration = "[ml2]\nproject_network_types = local"  # of which there is no end
    d = a_deployment(database, tmp_path, mechanisms=(), configuration=configuration)
    bodies = [
        {
            "project_id": "owner",
            "name": "n",
            "admin_state_up": True,
            "shared": False,
            "router:external": False,
            "description": "",
        }
        for _ in range(1001)
    ]
    made = networks.create(d, ADMIN, bodies)
    tags.put(d, ADMIN, "networks", made[0]["id"], "first")
    networks.list_(d, member("owner"), Query(limit=1))  # asks whether there are DHCP agents
    with counted(database) as statements:
        found = networks.list_(d, member("owner"), Query())
    assert len(statements) == 2
    assert len(found) == 1001
    assert sum(len(one["tags"]) for one in found) == 1
    assert networks.list_(d, member("stranger"), Query()) == []


def test_policies_of_one_request_cost_the_same_whatever_their_number(
    d: Deployment, database: Database
) -> None:
    site = Site(d)
    made = [site.network() for _ in range(6)]

    def share(some: list[dict[str, Any]]) -> int:
        bodies = [
            {
                "project_id": "p",
                "object_type": "network",
                "object_id": network["id"],
                "action": "access_as_shared",
                "target_tenant": "friend",
            }
            for network in some
        ]
        with counted(database) as statements:
            rbac_policies.create(d, ADMIN, bodies)
        return len(statements)

    assert share(made[:1]) == share(made[1:]) <= 6


def test_an_object_that_goes_takes_the_policy_made_meanwhile(
    d: Deployment, database: Database
) -> None:
    """Whoever shares an object locks it: a policy never outlives what it shows."""
    site = Site(d)
    network = site.network()
    networks.delete(d, ADMIN, network["id"])
    with pytest.raises(NetworkError):
        a_policy(d, network, "friend", "network")
    assert rbac_policies.list_(d, ADMIN, Query()) == []
