"""Routers of L3 agents through the API (``l3_agent_scheduler``, ``router_availability_zone``)."""

from typing import Any

import pytest

from tests.api.client import Api
from tests.api.conftest import MakeApi


def l3_agent(api: Api, host: str, *, zone: str | None = None, **said: Any) -> str:
    """An L3 agent reports; its id."""
    state = {
        "agent_type": "L3 agent",
        "binary": "neutron-l3-agent",
        "host": host,
        "topic": "l3_agent",
        "availability_zone": zone,
        "configurations": {"agent_mode": "legacy", **said},
    }
    assert api.call("PUT", "/agents", {"agent": state}).status == 201
    found = api.list("agent", f"agent_type=L3 agent&host={host}")
    return str(found[0]["id"])


def hosts(api: Api, router: dict[str, Any]) -> list[str]:
    answer = api.call("GET", f"/routers/{router['id']}/l3-agents")
    assert answer.status == 200
    return sorted(agent["host"] for agent in answer.body["agents"])


def interface(api: Api, router: dict[str, Any], cidr: str = "10.0.0.0/24") -> dict[str, Any]:
    network_id = api.create("network")["id"]
    subnet = api.create("subnet", network_id=network_id, ip_version=4, cidr=cidr)
    body = {"subnet_id": subnet["id"]}
    answer = api.call("PUT", f"/routers/{router['id']}/add_router_interface", body)
    assert answer.status == 200
    return subnet


def test_routers_of_agents(api: Api) -> None:
    one, two = l3_agent(api, "h1"), l3_agent(api, "h2")
    router = api.create("router", name="r")
    body = {"router_id": router["id"]}
    assert hosts(api, router) == []
    added = api.call("POST", f"/agents/{one}/l3-routers", body)
    assert (added.status, added.body) == (201, None)
    assert api.call("POST", f"/agents/{one}/l3-routers", body).status == 201
    other = api.call("POST", f"/agents/{two}/l3-routers", body)
    assert other.refused == (409, "RouterHostedByL3Agent")
    assert hosts(api, router) == ["h1"]
    (shown,) = api.call("GET", f"/agents/{one}/l3-routers").body["routers"]
    assert shown == api.show("router", router["id"])
    (agent,) = api.call("GET", f"/routers/{router['id']}/l3-agents").body["agents"]
    assert agent == {**api.show("agent", one), "ha_state": None}
    assert api.call("GET", f"/agents/{two}/l3-routers").body == {"routers": []}
    for agent_id in (two, one, one):  # what it does not have is fine
        answer = api.call("DELETE", f"/agents/{agent_id}/l3-routers/{router['id']}")
        assert (answer.status, answer.body) == (204, None)
    assert hosts(api, router) == []


def test_refusals(api: Api) -> None:
    agents = {
        "L3": l3_agent(api, "h1"),
        "DVR": l3_agent(api, "h2", agent_mode="dvr"),
        "LONE": l3_agent(api, "h3", handle_internal_only_routers=False),
        "NO": "nope",
    }
    api.ovs_agent("h1")
    agents["OVS"] = api.list("agent", "agent_type=Open vSwitch agent")[0]["id"]
    router_id = api.create("router")["id"]
    for method, agent, wanted, refused in (
        ("GET", "NO", None, (404, "AgentNotFound")),
        ("POST", "NO", router_id, (404, "AgentNotFound")),
        ("POST", "NO", "nope", (404, "RouterNotFound")),
        ("POST", "OVS", "nope", (404, "RouterNotFound")),
        ("POST", "OVS", router_id, (404, "InvalidL3Agent")),
        ("POST", "DVR", router_id, (409, "DVRL3CannotAssignToDvrAgent")),
        ("POST", "LONE", router_id, (404, "InvalidL3Agent")),
        ("POST", "L3", 1, (400, "HTTPBadRequest")),
        ("DELETE", "NO", router_id, (404, "AgentNotFound")),
        ("DELETE", "DVR", router_id, (409, "DVRL3CannotRemoveFromDvrAgent")),
        ("DELETE", "OVS", "nope", (404, "RouterNotFound")),
    ):
        path = f"/agents/{agents[agent]}/l3-routers"
        body = {"router_id": wanted} if method == "POST" else None
        path = f"{path}/{wanted}" if method == "DELETE" else path
        assert api.call(method, path, body).refused == refused, (method, agent, wanted)
    assert api.call("GET", "/routers/nope/l3-agents").refused == (404, "RouterNotFound")
    api.update("agent", agents["L3"], admin_state_up=False)
    down = api.call("POST", f"/agents/{agents['L3']}/l3-routers", {"router_id": router_id})
    assert down.refused == (404, "InvalidL3Agent")


def test_only_administrators(api: Api) -> None:
    agent_id = l3_agent(api, "h1")
    member = api.as_project("tests")
    router_id = member.create("router")["id"]
    for method, path in (
        ("GET", f"/agents/{agent_id}/l3-routers"),
        ("POST", f"/agents/{agent_id}/l3-routers"),
        ("DELETE", f"/agents/{agent_id}/l3-routers/{router_id}"),
        ("GET", f"/routers/{router_id}/l3-agents"),
    ):
        body = {"router_id": router_id} if method == "POST" else None
        assert member.call(method, path, body).status == 403, path


def test_what_gives_a_router_to_an_agent(api: Api) -> None:
    l3_agent(api, "h1", zone="z1")
    bare, joined, gated = (api.create("router") for _ in range(3))
    interface(api, joined)
    outside = api.create("network", **{"router:external": True})
    info = {"network_id": outside["id"]}
    api.update("router", gated["id"], external_gateway_info=info)
    born_gated = api.create("router", external_gateway_info=info)
    assert hosts(api, bare) == []
    assert [hosts(api, one) for one in (joined, gated, born_gated)] == [["h1"]] * 3
    assert api.show("router", joined["id"])["availability_zones"] == ["z1"]
    assert bare["availability_zones"] == []
    api.update("router", bare["id"], name="changed")
    assert hosts(api, bare) == ["h1"]


def test_an_agent_for_gateways_gets_no_other_router(api: Api) -> None:
    l3_agent(api, "h1", handle_internal_only_routers=False)
    router = api.create("router")
    interface(api, router)
    assert hosts(api, router) == []
    outside = api.create("network", **{"router:external": True})
    api.update("router", router["id"], external_gateway_info={"network_id": outside["id"]})
    assert hosts(api, router) == ["h1"]


def test_hints_at_zones(make_api: MakeApi) -> None:
    scheduler = "neutron.scheduler.l3_agent_scheduler.AZLeastRoutersScheduler"
    api = make_api(DEFAULT={"router_scheduler_driver": scheduler})
    l3_agent(api, "h1", zone="z1")
    l3_agent(api, "h2", zone="z2")
    router = api.create("router", availability_zone_hints=["z2"])
    assert router["availability_zone_hints"] == ["z2"]
    interface(api, router)
    assert hosts(api, router) == ["h2"]
    body = {"router": {"availability_zone_hints": ["nowhere"]}}
    assert api.call("POST", "/routers", body).refused == (404, "AvailabilityZoneNotFound")
    fixed = {"router": {"availability_zone_hints": ["z1"]}}
    assert api.call("PUT", f"/routers/{router['id']}", fixed).status == 400


def test_default_zones_are_hints(make_api: MakeApi) -> None:
    api = make_api(DEFAULT={"default_availability_zones": "z1"})
    assert api.call("POST", "/routers", {"router": {}}).refused == (
        404,
        "AvailabilityZoneNotFound",
    )
    l3_agent(api, "h1", zone="z1")
    assert api.create("router")["availability_zone_hints"] == ["z1"]


@pytest.mark.parametrize("alias", ["l3_agent_scheduler", "router_availability_zone"])
def test_aliases(api: Api, alias: str) -> None:
    assert api.call("GET", f"/extensions/{alias}").status == 200
