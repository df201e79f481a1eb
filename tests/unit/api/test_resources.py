"""The five verbs over HTTP: bodies, statuses, refusals. Statuses and types are Neutron's."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import Result, TestClient

from deuteron.api.auth import NOBODYS_PROJECT
from deuteron.errors import TryAgain
from tests.unit.api.shelf import Shelf

PATH = "/v2.0/networks"


def refused(result: Result) -> tuple[int, str]:
    error = result.json["NeutronError"]
    assert set(error) == {"type", "message", "detail"}
    assert error["message"]
    return result.status_code, error["type"]


def make(client: TestClient, **attributes: Any) -> dict[str, Any]:
    result = client.simulate_post(PATH, json={"network": attributes})
    assert result.status_code == 201, result.text
    return dict(result.json["network"])


def test_create_answers_the_whole_network_with_its_project_twice(client: TestClient) -> None:
    network = make(client, name="blue", project_id="p1")
    assert network["name"] == "blue"
    assert network["admin_state_up"] is True, "a default of the attribute map"
    assert network["project_id"] == network["tenant_id"] == "p1"
    assert "evpn_vni" not in network, "no enabled extension shows it"


def test_the_core_is_told_the_project_under_one_name(client: TestClient, shelf: Shelf) -> None:
    make(client, tenant_id="p1")
    assert shelf.asked[0][0]["project_id"] == "p1"
    assert "tenant_id" not in shelf.asked[0][0]


def test_without_a_project_anywhere_it_is_nobodys(client: TestClient) -> None:
    assert make(client)["project_id"] == NOBODYS_PROJECT


def test_the_project_is_the_callers(client: TestClient) -> None:
    result = client.simulate_post(PATH, json={"network": {}}, headers={"X-Project-Id": "mine"})
    assert result.json["network"]["project_id"] == "mine"


def test_bulk_create_takes_plain_and_wrapped_items(client: TestClient) -> None:
    result = client.simulate_post(
        PATH, json={"networks": [{"name": "a"}, {"network": {"name": "b"}}]}
    )
    assert result.status_code == 201
    assert [network["name"] for network in result.json["networks"]] == ["a", "b"]


def test_bulk_create_refuses_all_if_one_is_wrong(client: TestClient, shelf: Shelf) -> None:
    result = client.simulate_post(PATH, json={"networks": [{"name": "a"}, {"name": 5}]})
    assert refused(result) == (400, "HTTPBadRequest")
    assert not shelf.rows


def test_bulk_create_can_be_switched_off(client_of: Callable[..., TestClient]) -> None:
    result = client_of(bulk=False).simulate_post(PATH, json={"networks": [{"name": "a"}]})
    assert refused(result) == (400, "HTTPBadRequest")


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        "[]",
        '"x"',
        "{}",
        '{"net": {}}',
        '{"network": []}',
        '{"network": null}',
        '{"network": "x"}',
        '{"networks": []}',
        '{"networks": {}}',
        '{"networks": "abc"}',
        '{"networks": [1]}',
        '{"networks": null}',
        '{"networks": [null]}',
        '{"networks": 5}',
        '{"network": {"name": NaN}}',
        '{"network": {"name": "\\u0000"}}',
        '{"network": {"name": "\\ud800"}}',
        '{"network": {"foo": 1, "bar": 2}}',
        '{"network": {"id": "x"}}',
        '{"network": {"name": 5}}',
        '{"network": {"name": null}}',
        '{"network": {"name": "' + "x" * 256 + '"}}',
        '{"network": {"tenant_id": "a", "project_id": "b"}}',
        '{"network": {"tenant_id": 5}}',
        '{"network": {"tenant_id": null}}',
        '{"network": {"tags": ["x"]}}',
        '{"network": {"revision_number": 7}}',
    ],
)
def test_a_wrong_body_is_refused(client: TestClient, shelf: Shelf, raw: str) -> None:
    result = client.simulate_post(PATH, body=raw)
    assert refused(result) == (400, "HTTPBadRequest")
    assert not shelf.asked, "the core never saw it"


@pytest.mark.parametrize("value", ["foo", None, 2, []])
def test_a_value_that_cannot_be_converted_has_the_converters_type(
    client: TestClient, value: Any
) -> None:
    result = client.simulate_post(PATH, json={"network": {"admin_state_up": value}})
    assert refused(result) == (400, "InvalidInput")


def test_bytes_that_are_not_utf8_are_refused(client: TestClient) -> None:
    result = client.simulate_post(PATH, body=b'{"network": {"name": "\xff"}}')
    assert refused(result) == (400, "HTTPBadRequest")


def test_the_content_type_does_not_matter(client: TestClient) -> None:
    body = json.dumps({"network": {"name": "a"}})
    result = client.simulate_post(PATH, body=body, headers={"Content-Type": "text/plain"})
    assert result.status_code == 201


def test_an_oversize_body_is_refused_unread(client_of: Callable[..., TestClient]) -> None:
    client = client_of(largest_body=100)
    assert client.simulate_post(PATH, json={"network": {"name": "x" * 50}}).status_code == 201
    result = client.simulate_post(PATH, json={"network": {"name": "x" * 100}})
    assert refused(result) == (413, "HTTPRequestEntityTooLarge")


def test_an_oversize_body_in_chunks_is_refused(client_of: Callable[..., TestClient]) -> None:
    client = client_of(largest_body=100)
    chunked = {"Transfer-Encoding": "chunked"}
    body = json.dumps({"network": {"name": "x" * 100}})
    without_length = {"CONTENT_LENGTH": ""}
    result = client.simulate_post(PATH, body=body, headers=chunked, extras=without_length)
    assert refused(result) == (413, "HTTPRequestEntityTooLarge")
    body = json.dumps({"network": {"name": "small"}})
    result = client.simulate_post(PATH, body=body, headers=chunked, extras=without_length)
    assert result.json["network"]["name"] == "small"


def test_show(client: TestClient) -> None:
    network = make(client, name="blue")
    result = client.simulate_get(f"{PATH}/{network['id']}")
    assert (result.status_code, result.json) == (200, {"network": network})


def test_show_cut_down_to_fields(client: TestClient) -> None:
    network = make(client, name="blue", project_id="p1")
    result = client.simulate_get(
        f"{PATH}/{network['id']}", query_string="fields=name&fields=tenant_id&fields=nope"
    )
    assert result.json == {"network": {"name": "blue", "tenant_id": "p1"}}


def test_what_is_not_there_is_not_found(client: TestClient) -> None:
    missing = f"{PATH}/nope"
    body = {"network": {"name": "x"}}
    for result in (
        client.simulate_get(missing),
        client.simulate_put(missing, json=body),
        client.simulate_delete(missing),
    ):
        assert refused(result) == (404, "NetworkNotFound")


def test_update(client: TestClient) -> None:
    network = make(client, name="blue")
    result = client.simulate_put(
        f"{PATH}/{network['id']}", json={"network": {"name": "red"}, "junk": 1}
    )
    assert result.status_code == 200
    assert result.json["network"]["name"] == "red"
    assert result.json["network"]["tenant_id"] == NOBODYS_PROJECT


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"foo": 1},
        {"network": None},
        {"network": "x"},
        {"networks": [{"name": "x"}]},
        {"network": {"foo": 1}},
        {"network": {"id": "x"}},
        {"network": {"tenant_id": "x"}},
        {"network": {"project_id": "x"}},
        {"network": {"subnets": []}},
        {"network": {"name": 5}},
    ],
)
def test_a_wrong_update_is_refused(client: TestClient, shelf: Shelf, body: Any) -> None:
    network = make(client)
    shelf.asked.clear()
    result = client.simulate_put(f"{PATH}/{network['id']}", json=body)
    assert refused(result) == (400, "HTTPBadRequest")
    assert not shelf.asked


def test_delete_has_no_content(client: TestClient, shelf: Shelf) -> None:
    network = make(client)
    result = client.simulate_delete(f"{PATH}/{network['id']}")
    assert (result.status_code, result.content) == (204, b"")
    assert "content-type" not in result.headers
    assert not shelf.rows


def test_delete_with_a_body_is_refused(client: TestClient, shelf: Shelf) -> None:
    network = make(client)
    result = client.simulate_delete(f"{PATH}/{network['id']}", body="zz")
    assert refused(result) == (400, "HTTPBadRequest")
    assert shelf.rows


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("revision_number=1", (200, None)),
        ('"revision_number=1"', (200, None)),
        ('"foo", "revision_number=1"', (200, None)),
        ('"foo"', (200, None)),
        ("*", (200, None)),
        ('W/"revision_number=7"', (200, None)),
        ("revision_number=7", (412, "RevisionNumberConstraintFailed")),
        ('"foo", "revision_number=7"', (412, "RevisionNumberConstraintFailed")),
        ("revision_number=x", (400, "BadRequest")),
        ("revision_number=", (400, "BadRequest")),
        ("revision_number=-1", (400, "BadRequest")),
        ("revision_number=" + "9" * 5000, (400, "BadRequest")),
        ("revision_number=1, revision_number=2", (400, "BadRequest")),
        ('"revision_number=1", "revision_number=2"', (400, "BadRequest")),
    ],
)
def test_if_match_constrains_an_update(
    client: TestClient, header: str, expected: tuple[int, str | None]
) -> None:
    network = make(client)
    result = client.simulate_put(
        f"{PATH}/{network['id']}",
        json={"network": {"name": "red"}},
        headers={"If-Match": header},
    )
    if expected[1] is None:
        assert result.status_code == expected[0]
    else:
        assert refused(result) == expected


def test_if_match_constrains_a_delete(client: TestClient, shelf: Shelf) -> None:
    network = make(client)
    path = f"{PATH}/{network['id']}"
    result = client.simulate_delete(path, headers={"If-Match": "revision_number=7"})
    assert refused(result) == (412, "RevisionNumberConstraintFailed")
    assert shelf.rows
    result = client.simulate_delete(path, headers={"If-Match": "revision_number=1"})
    assert result.status_code == 204


def test_a_body_that_is_wrong_is_refused_before_the_revision_is_looked_at(
    client: TestClient,
) -> None:
    network = make(client)
    result = client.simulate_put(
        f"{PATH}/{network['id']}",
        json={"network": {"foo": 1}},
        headers={"If-Match": "revision_number=7"},
    )
    assert refused(result) == (400, "HTTPBadRequest")


def test_an_action_is_handed_the_document_and_answers_as_it_is(client: TestClient) -> None:
    result = client.simulate_put(f"{PATH}/n1/poke", json={"with": "a stick"})
    assert (result.status_code, result.json) == (200, {"n1": {"with": "a stick"}})
    assert client.simulate_put(f"{PATH}/n1/poke").json == {"n1": None}


def test_an_operation_that_lost_against_another_is_run_again_from_a_fresh_body(
    client: TestClient, shelf: Shelf
) -> None:
    shelf.trouble = [TryAgain(reason="deadlock"), TryAgain(reason="deadlock")]
    make(client, name="blue")
    first, second, third = shelf.asked
    assert first == second == third
    assert first[0] is not third[0]
    assert len(shelf.rows) == 1


def test_an_operation_that_always_loses_is_given_up(client: TestClient, shelf: Shelf) -> None:
    shelf.trouble = [TryAgain(reason="deadlock") for _ in range(20)]
    result = client.simulate_post(PATH, json={"network": {}})
    assert result.status_code == 503
    assert len(shelf.asked) == 10


def test_an_unexpected_error_tells_the_caller_nothing_and_the_log_everything(
    client: TestClient, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.trouble = [RuntimeError("the secret is 42")]
    result = client.simulate_get(PATH)
    assert refused(result) == (500, "HTTPInternalServerError")
    assert "42" not in result.text
    assert "the secret is 42" in caplog.text
    assert "Traceback" in caplog.text


class TestMembers:
    def test_a_member_may_not_name_another_project(self, client: TestClient) -> None:
        headers = {"X-Project-Id": "mine", "X-Roles": "member"}
        for body, status in (
            ({"project_id": "other"}, 400),
            ({"project_id": "mine"}, 201),
            ({}, 201),
        ):
            result = client.simulate_post(PATH, json={"network": body}, headers=headers)
            assert result.status_code == status, body

    def test_an_administrator_may(self, client: TestClient) -> None:
        headers = {"X-Project-Id": "mine", "X-Roles": "reader, Admin"}
        result = client.simulate_post(PATH, json={"network": {"project_id": "x"}}, headers=headers)
        assert result.json["network"]["project_id"] == "x"
