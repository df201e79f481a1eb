"""Quotas as the API shows and takes them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.client import Api

DEFAULTS = {
    "network": 100,
    "subnet": 100,
    "port": 500,
    "rbac_policy": 10,
    "security_group": 10,
    "security_group_rule": 100,
}
MANAGER = "manager,member,reader"


def ask(api: Api, path: str) -> Any:
    answer = api.call("GET", f"/quotas{path}")
    assert answer.status == 200, answer
    return answer.body


def put(api: Api, project: str, **quota: Any) -> Any:
    answer = api.call("PUT", f"/quotas/{project}", {"quota": quota})
    assert answer.status == 200, answer
    return answer.body["quota"]


def refused(api: Api, **quota: Any) -> tuple[int, str | None]:
    return api.call("PUT", "/quotas/a", {"quota": quota}).refused


def test_a_project_without_limits_of_its_own(api: Api) -> None:
    assert ask(api, "") == {"quotas": []}
    shown = ask(api, "/a")["quota"]
    assert {name: shown[name] for name in DEFAULTS} == DEFAULTS
    assert ask(api, "/a/default") == ask(api, "/a.json") == {"quota": shown}


def test_limits_are_set_listed_and_taken_back(api: Api) -> None:
    assert put(api, "a", network=1, port="7")["network"] == 1
    assert put(api, "a", network=2)["port"] == 7
    assert ask(api, "/a")["quota"]["network"] == 2
    assert ask(api, "/a/default")["quota"]["network"] == 100
    (listed,) = ask(api, "")["quotas"]
    assert (listed["project_id"], listed["tenant_id"], listed["network"]) == ("a", "a", 2)
    assert api.call("DELETE", "/quotas/a").status == 204
    assert ask(api, "") == {"quotas": []}
    assert ask(api, "/a")["quota"]["network"] == 100
    assert api.call("DELETE", "/quotas/a").refused == (404, "TenantQuotaNotFound")


def test_details_tell_what_is_in_use(api: Api) -> None:
    api.create("network")
    details = ask(api, "/tests/details.json")["quota"]
    assert details["network"] == {"limit": 100, "used": 1, "reserved": 0}
    assert details["security_group_rule"]["used"] == 4
    assert ask(api, "/a/details")["quota"]["network"]["used"] == 0


def test_a_limit_below_what_is_in_use(api: Api) -> None:
    api.create("network", project_id="a")
    assert refused(api, network=0) == (400, "HTTPBadRequest")
    assert refused(api, network=0, check_limit=False) == (400, "HTTPBadRequest")
    assert refused(api, network=0, force="true") == (400, "HTTPBadRequest")
    assert put(api, "a", network=1, check_limit=True)["network"] == 1
    assert put(api, "a", network=0, check_limit=True, force=True)["network"] == 0


@pytest.mark.parametrize(
    ("quota", "error"),
    [
        ({"network": "x"}, "InvalidInput"),
        ({"network": None}, "InvalidInput"),
        ({"network": -2}, "HTTPBadRequest"),
        ({"network": 2**31}, "HTTPBadRequest"),
        ({"network": [1]}, "InvalidInput"),
        ({"floob": 1}, "HTTPBadRequest"),
        ({"tenant_id": "x", "port": 5}, "HTTPBadRequest"),
    ],
)
def test_what_is_no_limit(api: Api, quota: dict[str, Any], error: str) -> None:
    assert refused(api, **quota) == (400, error)
    assert ask(api, "") == {"quotas": []}


@pytest.mark.parametrize("body", [None, [], {}, {"quota": 1}, {"quota": []}, {"quotas": {}}])
def test_bodies_of_another_shape(api: Api, body: Any) -> None:
    assert api.call("PUT", "/quotas/a", body).status == 400


def test_a_body_that_names_nothing_changes_nothing(api: Api) -> None:
    assert put(api, "a")["network"] == 100
    assert ask(api, "") == {"quotas": []}


def test_quotas_are_not_created(api: Api) -> None:
    answer = api.call("POST", "/quotas", {"quota": {"network": 1}})
    assert answer.refused == (501, "HTTPNotImplemented")


def test_ids_that_no_project_has(api: Api) -> None:
    long = "x" * 256
    assert api.call("PUT", f"/quotas/{long}", {"quota": {"port": 1}}).status == 400
    assert api.call("GET", f"/quotas/{long}").status == 200
    assert api.call("DELETE", f"/quotas/{long}").status == 404
    assert put(api, "x" * 255, port=1)["port"] == 1


def test_who_the_caller_is(api: Api) -> None:
    assert ask(api, "/project") == {"project": {"project_id": "tests"}}
    assert ask(api, "/tenant") == {"tenant": {"tenant_id": "tests"}}


def test_who_may_know_and_change_limits(api: Api) -> None:
    put(api, "a", network=1)
    put(api, "b", network=1)
    member, manager = api.as_project("a"), api.as_project("a", roles=MANAGER)
    for path in ("/a", "/a/default", "/a/details"):
        ask(member, path)
        assert member.call("GET", f"/quotas{path.replace('a', 'b', 1)}").status == 403
    assert member.call("GET", "/quotas").status == 403
    assert [one["project_id"] for one in ask(manager, "")["quotas"]] == ["a"]
    for caller in (member, manager):
        assert caller.call("PUT", "/quotas/a", {"quota": {"network": 9}}).status == 403
        assert caller.call("DELETE", "/quotas/a").status == 403


def test_a_create_beyond_the_limit(make_api: Callable[..., Api]) -> None:
    api = make_api(quotas={"quota_network": 1, "quota_rbac_policy": 0})
    network = api.create("network")
    assert api.refuse("network") == (409, "OverQuota")
    policy = {"object_type": "network", "object_id": network["id"], "action": "access_as_shared"}
    assert api.refuse("rbac_policy", target_tenant="*", **policy) == (409, "OverQuota")
    assert len(api.list("network")) == 1


def test_a_site_without_security_groups(make_api: Callable[..., Api]) -> None:
    api = make_api(securitygroup={"enable_security_group": "false"})
    assert "security_group" not in ask(api, "/a")["quota"]
