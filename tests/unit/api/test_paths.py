"""Which paths and methods are answered, and how the others are refused."""

from collections.abc import Callable

import pytest
from falcon.testing import TestClient

from deuteron.api.call import Answer
from tests.unit.api.test_resources import make, refused


def test_the_root_shows_the_version(client: TestClient) -> None:
    result = client.simulate_get("/", headers={"Host": "api:9696", "X-Forwarded-Proto": "https"})
    assert result.json == {
        "versions": [
            {
                "id": "v2.0",
                "status": "CURRENT",
                "links": [{"rel": "self", "href": "https://api:9696/v2.0/"}],
            }
        ]
    }


@pytest.mark.parametrize("path", ["/v2.0", "/v2.0/"])
def test_the_version_shows_the_core_resources(client: TestClient, path: str) -> None:
    listed = client.simulate_get(path, headers={"Host": "api"}).json["resources"]
    assert listed[0] == {
        "name": "network",
        "collection": "networks",
        "links": [{"rel": "self", "href": "http://api/v2.0/networks"}],
    }
    assert [resource["name"] for resource in listed] == ["network", "subnet", "port"]


@pytest.mark.parametrize(
    "path",
    ["/v2.0/nothing", "/v3", "/v2.0/networks/x/foo", "/v2.0/networks.xml", "/v2.0/networks/%00"],
)
def test_an_unknown_path_is_not_found(client: TestClient, path: str) -> None:
    result = client.simulate_get(path)
    assert refused(result) == (404, "HTTPNotFound")
    assert result.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/v2.0/networks"),
        ("PUT", "/v2.0/networks"),
        ("DELETE", "/v2.0/networks"),
        ("POST", "/v2.0/networks/x"),
        ("PATCH", "/v2.0/networks/x"),
        ("POST", "/v2.0/agents"),
        ("GET", "/v2.0/networks/x/poke"),
        ("POST", "/v2.0/"),
        ("PUT", "/"),
        ("POST", "/v2.0/extensions"),
        ("POST", "/healthcheck"),
    ],
)
def test_a_method_that_is_not_allowed(client: TestClient, method: str, path: str) -> None:
    result = client.simulate_request(method, path, body="{}")
    assert refused(result) == (405, "HTTPMethodNotAllowed")
    assert result.headers["allow"] in result.json["NeutronError"]["message"]
    assert method not in result.headers["allow"]


def test_head_is_not_allowed_and_has_no_body(client: TestClient) -> None:
    result = client.simulate_head("/v2.0/networks")
    assert (result.status_code, result.content) == (405, b"")


def test_a_slash_or_json_at_the_end_says_nothing(client: TestClient) -> None:
    network = make(client)
    one = f"/v2.0/networks/{network['id']}"
    for path in (f"{one}/", f"{one}.json"):
        assert client.simulate_get(path).json == {"network": network}
    for path in ("/v2.0/networks/", "/v2.0/networks.json"):
        assert client.simulate_get(path).json == {"networks": [network]}
    assert client.simulate_put(f"{one}/", json={"network": {}}).status_code == 200


def test_a_special_path_joins_a_resources_methods(
    client_of: Callable[..., TestClient],
) -> None:
    special = {
        "agents": {"PUT": lambda call: Answer(200, call.document())},
        "agents/{id}/echo/{word}": {"GET": lambda _call, *words: Answer(200, words)},
    }
    client = client_of(special=special)
    assert client.simulate_put("/v2.0/agents", json={"a": 1}).json == {"a": 1}
    assert client.simulate_get("/v2.0/agents").json == {"agents": []}
    assert client.simulate_get("/v2.0/agents/7/echo/hello").json == ["7", "hello"]
    assert refused(client.simulate_put("/v2.0/agents", body="{")) == (400, "HTTPBadRequest")
