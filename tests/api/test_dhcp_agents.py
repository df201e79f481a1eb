"""Networks of DHCP agents through the API (``dhcp_agent_scheduler``)."""

from typing import Any

import pytest

from tests.api.client import Api


def dhcp_agent(api: Api, host: str) -> str:
    """A DHCP agent reports; its id."""
    api.ovs_agent(host)
    api.agent(host, agent_type="DHCP agent", binary="neutron-dhcp-agent")
    found = api.list("agent", f"agent_type=DHCP agent&host={host}")
    return str(found[0]["id"])


def hosts(api: Api, network: dict[str, Any]) -> list[str]:
    answer = api.call("GET", f"/networks/{network['id']}/dhcp-agents")
    assert answer.status == 200
    return sorted(agent["host"] for agent in answer.body["agents"])


def test_networks_of_agents(api: Api) -> None:
    one, two = dhcp_agent(api, "h1"), dhcp_agent(api, "h2")
    network = api.create("network", name="n")
    body = {"network_id": network["id"]}
    assert hosts(api, network) == []
    added = api.call("POST", f"/agents/{one}/dhcp-networks", body)
    assert (added.status, added.body) == (201, None)
    again = api.call("POST", f"/agents/{one}/dhcp-networks", body)
    assert again.refused == (409, "NetworkHostedByDHCPAgent")
    assert hosts(api, network) == ["h1"]
    (shown,) = api.call("GET", f"/agents/{one}/dhcp-networks").body["networks"]
    assert shown == api.show("network", network["id"])
    (agent,) = api.call("GET", f"/networks/{network['id']}/dhcp-agents").body["agents"]
    assert agent == api.show("agent", one)
    assert api.call("GET", f"/agents/{two}/dhcp-networks").body == {"networks": []}
    other = f"/agents/{two}/dhcp-networks/{network['id']}"
    assert api.call("DELETE", other).refused == (409, "NetworkNotHostedByDhcpAgent")
    assert api.call("DELETE", f"/agents/{one}/dhcp-networks/{network['id']}").status == 204
    assert hosts(api, network) == []


@pytest.mark.parametrize(
    ("method", "path", "body", "refused"),
    [
        ("GET", "/agents/nope/dhcp-networks", None, (404, "AgentNotFound")),
        ("POST", "/agents/nope/dhcp-networks", {"network_id": "NET"}, (404, "AgentNotFound")),
        ("POST", "/agents/DHCP/dhcp-networks", {"network_id": "nope"}, (404, "NetworkNotFound")),
        ("POST", "/agents/OVS/dhcp-networks", {"network_id": "NET"}, (404, "InvalidDHCPAgent")),
        ("POST", "/agents/DHCP/dhcp-networks", {}, (400, "HTTPBadRequest")),
        ("POST", "/agents/DHCP/dhcp-networks", [], (400, "HTTPBadRequest")),
        ("POST", "/agents/DHCP/dhcp-networks", {"network_id": 1}, (400, "HTTPBadRequest")),
        ("DELETE", "/agents/DHCP/dhcp-networks/no", None, (409, "NetworkNotHostedByDhcpAgent")),
    ],
)
def test_refusals(api: Api, method: str, path: str, body: Any, refused: tuple[int, str]) -> None:
    dhcp_id = dhcp_agent(api, "h1")
    ovs_id = api.list("agent", "agent_type=Open vSwitch agent")[0]["id"]
    network_id = api.create("network")["id"]
    path = path.replace("DHCP", dhcp_id, 1).replace("OVS", ovs_id)
    if isinstance(body, dict) and body.get("network_id") == "NET":
        body = {"network_id": network_id}
    assert api.call(method, path, body).refused == refused


def test_only_administrators(api: Api) -> None:
    agent_id = dhcp_agent(api, "h1")
    network_id = api.create("network")["id"]
    member = api.as_project("tests")
    body = {"network_id": network_id}
    for method, path in (
        ("GET", f"/agents/{agent_id}/dhcp-networks"),
        ("POST", f"/agents/{agent_id}/dhcp-networks"),
        ("DELETE", f"/agents/{agent_id}/dhcp-networks/{network_id}"),
        ("GET", f"/networks/{network_id}/dhcp-agents"),
    ):
        answer = member.call(method, path, body if method == "POST" else None)
        assert answer.status == 403, path


def test_agents_are_described_and_forgotten(api: Api) -> None:
    agent_id = dhcp_agent(api, "h1")
    assert api.show("agent", agent_id)["resources_synced"] is None
    changed = api.update("agent", agent_id, description="a", admin_state_up=False)
    assert (changed["description"], changed["admin_state_up"]) == ("a", False)
    fixed = api.call("PUT", f"/agents/{agent_id}", {"agent": {"host": "x"}})
    assert fixed.refused == (400, "HTTPBadRequest")
    api.delete("agent", agent_id)
    assert api.list("agent", "agent_type=DHCP agent") == []
