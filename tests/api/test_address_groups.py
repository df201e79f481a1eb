"""Address groups through the whole application. Statuses and types are Neutron's, as observed."""

from typing import Any

import pytest

from tests.api.client import Answer, Api

NOWHERE = "4ea4cee1-1e1b-48b0-bad2-0dc4a83572f9"
P, Q = "11111111111111111111111111111111", "22222222222222222222222222222222"
NOT_THERE = (404, "AddressGroupNotFound")


@pytest.fixture
def owner(api: Api) -> Api:
    return api.as_project(P)


@pytest.fixture
def stranger(api: Api) -> Api:
    return api.as_project(Q)


@pytest.fixture
def group(owner: Api) -> dict[str, Any]:
    return owner.create("address_group", name="a", addresses=["10.0.0.5/24", "1.2.3.4/32"])


def act(api: Api, group: str, verb: str, document: Any) -> Answer:
    return api.call("PUT", f"/address-groups/{group}/{verb}_addresses", document)


def test_a_group_answers_what_neutron_answers(owner: Api, group: dict[str, Any]) -> None:
    assert set(group) == {
        "id",
        "name",
        "project_id",
        "tenant_id",
        "addresses",
        "description",
        "created_at",
        "updated_at",
        "revision_number",
    }
    assert group["addresses"] == ["1.2.3.4/32", "10.0.0.0/24"]
    assert owner.show("address_group", group["id"]) == group
    assert owner.list("address_group") == [group]
    assert owner.list("address_group", "name=a&fields=id") == [{"id": group["id"]}]
    assert owner.list("address_group", "name=b") == []
    changed = owner.update("address_group", group["id"], name="b", description="why")
    assert (changed["name"], changed["description"]) == ("b", "why")
    owner.delete("address_group", group["id"])
    assert owner.call("GET", f"/address-groups/{group['id']}").refused == NOT_THERE
    assert owner.refuse_update("address_group", group["id"], name="c") == NOT_THERE
    assert owner.refuse_delete("address_group", group["id"]) == NOT_THERE


@pytest.mark.parametrize(
    "attributes",
    [
        {"addresses": ["1.2.3.4"]},
        {"addresses": ["x"]},
        {"addresses": "x"},
        {"addresses": [5]},
        {"addresses": {"a": 1}},
        {"addresses": ["1.2.3.4/33"]},
        {"addresses": ["10.0.0.0/24", "10.0.0.0/24"]},
        {"name": None},
        {"name": "x" * 256},
        {"description": None},
        {"description": "x" * 256},
        {"shared": True},
        {"id": NOWHERE},
        {"colour": "red"},
    ],
)
def test_groups_that_are_refused(api: Api, attributes: dict[str, Any]) -> None:
    assert api.refuse("address_group", **attributes) == (400, "HTTPBadRequest")
    assert api.list("address_group") == []


@pytest.mark.parametrize(
    "query",
    [
        "shared=True",
        "addresses=10.0.0.0/24",
        "colour=red",
        "tags=x",
        "sort_key=addresses&sort_dir=asc",
    ],
)
def test_queries_that_are_refused(api: Api, query: str) -> None:
    assert api.call("GET", f"/address-groups?{query}").refused == (400, "HTTPBadRequest")


def test_addresses_are_added_and_removed(owner: Api, group: dict[str, Any]) -> None:
    added = act(owner, group["id"], "add", {"addresses": ["9.9.9.9", "10.1.0.1/16"]})
    assert added.status == 200
    whole = added.body["address_group"]
    assert whole["addresses"] == ["1.2.3.4/32", "10.0.0.0/24", "10.1.0.0/16", "9.9.9.9/32"]
    assert whole["tenant_id"] == whole["project_id"] == P
    removed = act(owner, group["id"], "remove", {"addresses": ["9.9.9.9", "10.0.0.0/24"]})
    assert removed.body["address_group"]["addresses"] == ["1.2.3.4/32", "10.1.0.0/16"]
    assert owner.show("address_group", group["id"])["addresses"] == ["1.2.3.4/32", "10.1.0.0/16"]


@pytest.mark.parametrize(
    ("verb", "document", "refusal"),
    [
        ("add", {"addresses": ["10.0.0.9/24"]}, (400, "AddressesAlreadyExist")),
        ("remove", {"addresses": ["9.9.9.9"]}, (404, "AddressesNotFound")),
        ("add", {"addresses": ["x"]}, (400, "AddrFormatError")),
        ("remove", {"addresses": ["x"]}, (400, "AddrFormatError")),
        ("add", {"addresses": None}, (400, "HTTPBadRequest")),
        ("add", {}, (400, "HTTPBadRequest")),
        ("add", [], (400, "HTTPBadRequest")),
        ("remove", {"addresses": [{}]}, (400, "HTTPBadRequest")),
        ("no", {"addresses": []}, (404, "HTTPNotFound")),
    ],
)
def test_addresses_that_are_refused(
    owner: Api, group: dict[str, Any], verb: str, document: Any, refusal: tuple[int, str]
) -> None:
    assert act(owner, group["id"], verb, document).refused == refusal
    assert owner.show("address_group", group["id"]) == group
    assert act(owner, NOWHERE, "add", {"addresses": ["1.1.1.1"]}).refused == NOT_THERE


def test_rules_have_an_address_group_as_their_remote_side(
    owner: Api, group: dict[str, Any]
) -> None:
    security_group = owner.create("security_group", name="web")["id"]
    rule = {"security_group_id": security_group, "direction": "ingress"}
    remote = {"remote_address_group_id": group["id"]}
    made = owner.create("security_group_rule", **rule, **remote)
    assert made["remote_address_group_id"] == group["id"]
    found = owner.list("security_group_rule", f"remote_address_group_id={group['id']}")
    assert found == [made]
    same = owner.refuse("security_group_rule", **rule, **remote)
    assert same == (409, "SecurityGroupRuleExists")
    for other in ({"remote_ip_prefix": "10.0.0.0/8"}, {"remote_group_id": security_group}):
        refused = owner.refuse("security_group_rule", **rule, **remote, **other)
        assert refused == (400, "SecurityGroupMultipleRemoteEntites")
    assert owner.refuse_delete("address_group", group["id"]) == (409, "AddressGroupInUse")
    owner.delete("security_group", security_group)
    owner.delete("address_group", group["id"])


@pytest.mark.parametrize(
    ("remote", "refusal"),
    [
        (NOWHERE, NOT_THERE),
        ("x", NOT_THERE),
        (5, (400, "HTTPBadRequest")),
        ([], (400, "HTTPBadRequest")),
        ("x" * 300, (400, "HTTPBadRequest")),
    ],
)
def test_remote_address_groups_that_are_refused(
    api: Api, remote: Any, refusal: tuple[int, str]
) -> None:
    rule = {"security_group_id": api.create("security_group")["id"], "direction": "ingress"}
    assert api.refuse("security_group_rule", **rule, remote_address_group_id=remote) == refusal


def test_another_projects_group_is_not_there(
    owner: Api, stranger: Api, group: dict[str, Any]
) -> None:
    assert stranger.list("address_group") == []
    assert stranger.call("GET", f"/address-groups/{group['id']}").refused == NOT_THERE
    assert stranger.refuse_update("address_group", group["id"], name="x") == NOT_THERE
    assert stranger.refuse_delete("address_group", group["id"]) == NOT_THERE
    for verb in ("add", "remove"):
        refused = act(stranger, group["id"], verb, {"addresses": ["1.2.3.4"]})
        assert refused.refused == NOT_THERE
    rule = {"security_group_id": stranger.create("security_group")["id"], "direction": "ingress"}
    remote = {"remote_address_group_id": group["id"]}
    assert stranger.refuse("security_group_rule", **rule, **remote) == NOT_THERE
    policy = owner.create(
        "rbac_policy",
        object_type="address_group",
        object_id=group["id"],
        action="access_as_shared",
        target_tenant=Q,
    )
    assert [one["id"] for one in stranger.list("address_group")] == [group["id"]]
    for verb in ("add", "remove"):
        refused = act(stranger, group["id"], verb, {"addresses": ["1.2.3.4"]})
        assert refused.refused == (403, "PolicyNotAuthorized")
    stranger.create("security_group_rule", **rule, **remote)
    in_use = owner.refuse_delete("rbac_policy", policy["id"])
    assert in_use == (409, "RbacPolicyInUse")


def test_many_are_made_by_one_request(api: Api) -> None:
    bodies = [{"name": "one"}, {"name": "two", "addresses": None}]
    answer = api.call("POST", "/address-groups", {"address_groups": bodies})
    assert answer.status == 201
    assert [group["addresses"] for group in answer.body["address_groups"]] == [[], []]
