"""Tags through the whole application."""

import pytest

from tests.api.client import Api

NOWHERE = "4ea4cee1-1e1b-48b0-bad2-0dc4a83572f9"
TAGGED = ("networks", "subnets", "ports", "security-groups", "network_segment_ranges")


@pytest.fixture
def path(api: Api) -> str:
    return f"/networks/{api.create('network')['id']}/tags"


def test_tags_have_verbs_of_their_own(api: Api, path: str) -> None:
    assert api.call("PUT", path, {"tags": ["b", "a"]}).body == {"tags": ["b", "a"]}
    assert api.call("GET", path).body == {"tags": ["a", "b"]}
    put = api.call("PUT", f"{path}/c%20d")
    assert (put.status, put.body) == (201, None)
    assert api.call("POST", path, {"tags": ["e"]}).status == 200
    assert api.call("GET", path).body == {"tags": ["a", "b", "c d", "e"]}
    assert api.call("GET", f"{path}/a").status == 204
    assert api.call("DELETE", f"{path}/a").status == 204
    assert api.call("GET", f"{path}/a").refused == (404, "TagNotFound")
    assert api.call("DELETE", f"{path}/a").refused == (404, "TagNotFound")
    assert api.call("DELETE", path).status == 204
    assert api.call("GET", path).body == {"tags": []}


def test_tags_are_shown_and_found(api: Api, path: str) -> None:
    api.call("PUT", path, {"tags": ["a", "b"]})
    api.create("network", name="other")
    [network] = api.list("network", "tags=a,b")
    assert network["tags"] == ["a", "b"]
    assert [found["name"] for found in api.list("network", "not-tags-any=a")] == ["other"]


def test_tags_change_the_revision(api: Api) -> None:
    network = api.create("network")
    api.call("PUT", f"/networks/{network['id']}/tags", {"tags": ["a"]})
    changed = api.show("network", network["id"])
    assert changed["revision_number"] == network["revision_number"] + 1
    api.call("PUT", f"/networks/{network['id']}/tags/a")
    assert api.show("network", network["id"]) == changed


@pytest.mark.parametrize("collection", TAGGED)
def test_what_is_not_there_has_no_tags(api: Api, collection: str) -> None:
    path = f"/{collection}/{NOWHERE}/tags"
    assert api.call("GET", path).refused == (404, "TagResourceNotFound")
    refused = api.call("PUT", path, {"tags": ["a"]}).refused
    assert refused == (404, "TagResourceNotFound")


@pytest.mark.parametrize("collection", ["segments", "agents", "security-group-rules"])
def test_some_resources_have_no_tags(api: Api, collection: str) -> None:
    assert api.call("GET", f"/{collection}/{NOWHERE}/tags").status == 404


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"tags": "a"}, "InvalidInput"),
        ({"tags": ["a", "a"]}, "InvalidInput"),
        ({"tags": [1]}, "InvalidInput"),
        ({"tags": ["x" * 256]}, "InvalidInput"),
        ({"tag": []}, "InvalidInput"),
        ([], "InvalidInput"),
        ({"tags": [str(number) for number in range(51)]}, "BadRequest"),
    ],
)
def test_tags_that_are_refused(api: Api, path: str, body: object, error: str) -> None:
    for method in ("PUT", "POST"):
        assert api.call(method, path, body).refused == (400, error)
    assert api.call("GET", path).body == {"tags": []}


def test_ports_are_made_with_their_tags(api: Api) -> None:
    network = api.create("network")["id"]
    bodies = [{"network_id": network, "tags": ["b", "a"]}, {"network_id": network}]
    made = api.call("POST", "/ports", {"ports": bodies}).body["ports"]
    assert [port["tags"] for port in made] == [["a", "b"], []]
    assert api.show("port", made[0]["id"])["tags"] == ["a", "b"]
    assert api.refuse("network", tags=["a"]) == (400, "HTTPBadRequest")
