"""Availability zones of agents and networks through the application; as observed of Neutron."""

from typing import Any

import pytest

from tests.api.client import Api
from tests.api.conftest import MakeApi


def agent(api: Api, host: str, zone: str | None, kind: str = "DHCP agent") -> str:
    """An agent of a zone reports; its id."""
    body = {
        "agent_type": kind,
        "binary": f"neutron-{kind[:4].strip().lower()}-agent",
        "host": host,
        "topic": "t",
        "configurations": {"bridge_mappings": {}, "tunnel_types": ["vxlan"]},
        **({"availability_zone": zone} if zone is not None else {}),
    }
    assert api.call("PUT", "/agents", {"agent": body}).status == 201
    (found,) = api.call("GET", f"/agents?agent_type={kind}&host={host}").body["agents"]
    assert found["availability_zone"] == zone
    return str(found["id"])


def zones(api: Api, query: str = "") -> list[tuple[str, str, str]]:
    answer = api.call("GET", f"/availability_zones{query}")
    assert answer.status == 200
    return [
        (one["name"], one["resource"], one["state"]) for one in answer.body["availability_zones"]
    ]


def test_zones_are_those_of_agents(api: Api) -> None:
    assert zones(api) == []
    first = agent(api, "h1", "east")
    agent(api, "h2", "west", "L3 agent")
    agent(api, "h3", "north", "Metadata agent")
    agent(api, "h4", None)
    east, west = ("east", "network", "available"), ("west", "router", "available")
    assert zones(api) == [east, west]
    api.update("agent", first, admin_state_up=False)
    closed = ("east", "network", "unavailable")
    assert zones(api) == [closed, west]
    for query, expected in {
        "?name=east": [closed],
        "?resource=router": [west],
        "?state=available": [west],
        "?state=unavailable&name=west": [],
        "?limit=1": [closed, west],
        "?sort_key=name&sort_dir=desc": [west, closed],
    }.items():
        assert zones(api, query) == expected, query
    assert api.call("GET", "/availability_zones?bogus=1").refused == (400, "HTTPBadRequest")
    assert zones(api.as_project("user", roles="reader")) == [closed, west]
    agent(api, "h5", "east")
    assert zones(api, "?name=east") == [east]
    assert len(api.list("agent", "availability_zone=east")) == 2


def test_networks_are_served_where_they_wish(api: Api) -> None:
    agent(api, "h1", "east")
    agent(api, "h2", "west")
    for host in ("h1", "h2"):
        api.ovs_agent(host)
    hinted = api.create("network", availability_zone_hints=["west"], name="hinted")
    assert (hinted["availability_zone_hints"], hinted["availability_zones"]) == (["west"], [])
    api.create("subnet", network_id=hinted["id"], cidr="10.0.0.0/24", ip_version=4)
    free = api.create("network", name="free", availability_zone_hints=[])
    for network, hints, served in ((hinted, ["west"], ["west"]), (free, [], [])):
        shown = api.show("network", network["id"])
        assert (shown["availability_zone_hints"], shown["availability_zones"]) == (hints, served)
        (listed,) = api.list("network", f"id={network['id']}")
        assert listed == shown
    query = "fields=availability_zone_hints&sort_key=availability_zone_hints&sort_dir=asc"
    found = [row["availability_zone_hints"] for row in api.list("network", query)]
    assert sorted(found) == [[], ["west"]]
    renamed = api.update("network", hinted["id"], name="other")
    assert renamed["availability_zones"] == ["west"]


@pytest.mark.parametrize(
    ("hints", "refused"),
    [
        (["nowhere"], (404, "AvailabilityZoneNotFound")),
        (["routers"], (404, "AvailabilityZoneNotFound")),
        (["east", "east"], (400, "HTTPBadRequest")),
        ("east", (400, "HTTPBadRequest")),
        (None, (400, "HTTPBadRequest")),
        (["x" * 300], (400, "InvalidInput")),
    ],
)
def test_hints_that_cannot_be(api: Api, hints: Any, refused: tuple[int, str]) -> None:
    agent(api, "h1", "east")
    agent(api, "h2", "routers", "L3 agent")
    assert api.refuse("network", availability_zone_hints=hints) == refused
    assert api.list("network") == []


def test_hints_of_networks_that_have_none(make_api: MakeApi) -> None:
    api = make_api(DEFAULT={"default_availability_zones": "west,east"})
    assert api.refuse("network") == (404, "AvailabilityZoneNotFound")
    agent(api, "h1", "east")
    agent(api, "h2", "west")
    network = api.create("network")
    assert network["availability_zone_hints"] == ["east", "west"]
    changed = api.refuse_update("network", network["id"], availability_zone_hints=[])
    assert changed == (400, "HTTPBadRequest")
    assert api.create("network", availability_zone_hints=["west"])["availability_zone_hints"] == [
        "west"
    ]


def test_one_external_network_is_the_default_one(api: Api) -> None:
    external = {"router:external": True}
    first = api.create("network", name="first", is_default=True, **external)
    assert first["is_default"] is True
    exists = (409, "DefaultExternalNetworkExists")
    assert api.refuse("network", is_default=True, **external) == exists
    second = api.create("network", name="second", **external)
    internal = api.create("network", name="internal", is_default=True)
    assert (second["is_default"], internal["is_default"]) == (False, False)
    assert "is_default" not in api.show("network", internal["id"])
    assert "is_default" not in api.update("network", internal["id"], is_default=True)
    for query, expected in {
        "is_default=True": ["first"],
        "is_default=False": ["second"],
        "is_default=True&is_default=False": ["first", "second"],
    }.items():
        rows = api.list("network", f"{query}&fields=name&sort_key=name&sort_dir=asc")
        assert [row["name"] for row in rows] == expected, query
    assert api.list("network", "name=first&fields=is_default") == [{"is_default": True}]

    assert api.refuse_update("network", second["id"], is_default=True) == exists
    assert api.refuse_update("network", second["id"], is_default=None) == (400, "InvalidInput")
    ended = api.update("network", first["id"], is_default=False)
    assert ended["revision_number"] == first["revision_number"] + 1
    assert api.update("network", second["id"], is_default=True)["is_default"] is True
    # one that ceases to be external ceases to be the default one
    assert "is_default" not in api.update("network", second["id"], **{"router:external": False})
    again = api.update("network", second["id"], **{"router:external": True})
    assert again["is_default"] is False
    both = {"is_default": True, **external}
    assert api.update("network", internal["id"], **both)["is_default"] is True
    many = api.call("POST", "/networks", {"networks": [both, both]})
    assert many.refused == exists
    user = api.as_project("user")
    assert user.refuse("network", is_default=True) == (403, "PolicyNotAuthorized")
