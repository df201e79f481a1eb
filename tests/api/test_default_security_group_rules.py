"""The template of security groups and their default statefulness, through the whole application.

Statuses and error types are those of Neutron, as observed.
"""

from typing import Any

import pytest

from tests.api.client import Api

NOWHERE = "4ea4cee1-1e1b-48b0-bad2-0dc4a83572f9"
RULE = "default_security_group_rule"
SETTING = "security_groups_default_statefulness"
P = "11111111111111111111111111111111"


def a_rule(**changes: Any) -> dict[str, Any]:
    return {
        "direction": "ingress",
        "used_in_default_sg": False,
        "used_in_non_default_sg": True,
        **changes,
    }


def test_a_rule_answers_what_neutron_answers(api: Api) -> None:
    made = api.create(RULE, **a_rule(protocol="TCP", description="why", project_id="q"))
    assert set(made) == {
        "id",
        "ethertype",
        "direction",
        "protocol",
        "port_range_min",
        "port_range_max",
        "remote_ip_prefix",
        "remote_address_group_id",
        "remote_group_id",
        "description",
        "used_in_default_sg",
        "used_in_non_default_sg",
    }
    assert (made["protocol"], made["ethertype"]) == ("tcp", "IPv4")
    assert api.show(RULE, made["id"]) == made
    assert api.list(RULE, "protocol=tcp&used_in_default_sg=False") == [made]
    assert len(api.list(RULE, "remote_group_id=PARENT")) == 2
    unchanged = api.update(RULE, made["id"])
    assert unchanged == made
    assert api.refuse_update(RULE, made["id"], description="x") == (400, "HTTPBadRequest")
    api.delete(RULE, made["id"])
    gone = (404, "DefaultSecurityGroupRuleNotFound")
    assert api.call("GET", f"/default-security-group-rules/{made['id']}").refused == gone
    assert api.refuse_delete(RULE, made["id"]) == gone
    assert api.refuse_update(RULE, made["id"]) == gone


@pytest.mark.parametrize(
    ("attributes", "refusal"),
    [
        ({"used_in_default_sg": "perhaps"}, (400, "InvalidInput")),
        ({"used_in_non_default_sg": None}, (400, "InvalidInput")),
        ({"ethertype": "IPv5"}, (400, "SecurityGroupRuleInvalidEtherType")),
        ({"protocol": "foo"}, (400, "SecurityGroupRuleInvalidProtocol")),
        ({"direction": "up"}, (400, "HTTPBadRequest")),
        ({"description": None}, (400, "HTTPBadRequest")),
        ({"description": "x" * 300}, (400, "HTTPBadRequest")),
        ({"security_group_id": NOWHERE}, (400, "HTTPBadRequest")),
        ({"id": NOWHERE}, (400, "HTTPBadRequest")),
        (
            {"port_range_min": 1, "port_range_max": 1},
            (400, "SecurityGroupProtocolRequiredWithPorts"),
        ),
        (
            {"remote_group_id": "PARENT", "remote_ip_prefix": "10.0.0.0/8"},
            (400, "SecurityGroupMultipleRemoteEntites"),
        ),
        ({"remote_group_id": NOWHERE}, (404, "SecurityGroupNotFound")),
        ({"remote_group_id": "x"}, (404, "SecurityGroupNotFound")),
        ({"remote_group_id": []}, (400, "HTTPBadRequest")),
        ({"remote_group_id": 5}, (400, "HTTPBadRequest")),
        ({"remote_address_group_id": NOWHERE}, (404, "AddressGroupNotFound")),
        ({"remote_address_group_id": "x"}, (404, "AddressGroupNotFound")),
    ],
)
def test_rules_that_are_refused(
    api: Api, attributes: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert api.refuse(RULE, **a_rule(**attributes)) == refusal
    assert len(api.list(RULE)) == 4
    api.create("security_group")


@pytest.mark.parametrize("missing", ["direction", "used_in_default_sg", "used_in_non_default_sg"])
def test_a_rule_says_where_it_is_used(api: Api, missing: str) -> None:
    body = a_rule()
    del body[missing]
    assert api.refuse(RULE, **body) == (400, "HTTPBadRequest")


def test_rules_are_made_one_by_one(api: Api) -> None:
    answer = api.call("POST", "/default-security-group-rules", {f"{RULE}s": [a_rule()]})
    assert answer.refused == (400, "HTTPBadRequest")
    api.create(RULE, **a_rule())
    assert api.refuse(RULE, **a_rule()) == (409, "DefaultSecurityGroupRuleExists")


@pytest.mark.parametrize(
    "query", ["project_id=x", "colour=red", "sort_key=description&sort_dir=asc"]
)
def test_queries_that_are_refused(api: Api, query: str) -> None:
    answer = api.call("GET", f"/default-security-group-rules?{query}")
    assert answer.refused == (400, "HTTPBadRequest")


def test_the_template_is_the_administrators(api: Api) -> None:
    member = api.as_project(P)
    rules = member.list(RULE)
    assert len(rules) == 4
    assert member.refuse(RULE, **a_rule()) == (403, "PolicyNotAuthorized")
    assert member.refuse_delete(RULE, rules[0]["id"]) == (403, "PolicyNotAuthorized")


def test_new_groups_begin_with_the_template(api: Api) -> None:
    made = api.create(RULE, **a_rule(protocol="tcp", remote_group_id="PARENT"))
    group = api.create("security_group", project_id=P)
    [rule] = [one for one in group["security_group_rules"] if one["protocol"] == "tcp"]
    assert rule["remote_group_id"] == group["id"]
    assert rule["belongs_to_default_sg"] is False
    assert rule["id"] != made["id"]
    assert api.show("security_group_rule", rule["id"]) == rule
    [default] = api.list("security_group", f"project_id={P}&name=default")
    assert {one["protocol"] for one in default["security_group_rules"]} == {None}
    assert {one["belongs_to_default_sg"] for one in default["security_group_rules"]} == {True}
    found = api.list("security_group_rule", f"belongs_to_default_sg=true&project_id={P}")
    assert len(found) == 4


def test_what_a_rule_shows_cannot_be_given(api: Api) -> None:
    rule = {"security_group_id": api.create("security_group")["id"], "direction": "ingress"}
    for given in ({"normalized_cidr": "10.0.0.0/24"}, {"belongs_to_default_sg": True}):
        assert api.refuse("security_group_rule", **rule, **given) == (400, "HTTPBadRequest")
    made = api.create("security_group_rule", **rule, remote_ip_prefix="10.0.0.5/24")
    assert (made["remote_ip_prefix"], made["normalized_cidr"]) == ("10.0.0.5/24", "10.0.0.0/24")
    found = api.list("security_group_rule", "normalized_cidr=10.0.0.0/24&fields=id")
    assert found == [{"id": made["id"]}]


# Statefulness


def test_a_setting_answers_what_neutron_answers(api: Api) -> None:
    made = api.create(SETTING, project_id=P, stateful=False)
    assert set(made) == {"id", "project_id", "tenant_id", "stateful"}
    assert api.show(SETTING, made["id"]) == made
    assert api.list(SETTING, f"project_id={P}&stateful=False") == [made]
    assert api.update(SETTING, made["id"], stateful=True)["stateful"] is True
    again = api.refuse(SETTING, project_id=P)
    assert again == (409, "SecurityGroupDefaultStatefulnessAlreadyExists")
    api.delete(SETTING, made["id"])
    gone = (404, "SecurityGroupDefaultStatefulnessNotFound")
    path = f"/security-groups-default-statefulness/{made['id']}"
    assert api.call("GET", path).refused == gone
    assert api.refuse_update(SETTING, made["id"], stateful=True) == gone
    assert api.refuse_delete(SETTING, made["id"]) == gone


@pytest.mark.parametrize(
    ("attributes", "refusal"),
    [
        ({"stateful": "perhaps"}, (400, "InvalidInput")),
        ({"project_id": 5}, (400, "HTTPBadRequest")),
        ({"project_id": "x" * 256}, (400, "HTTPBadRequest")),
        ({"id": NOWHERE}, (400, "HTTPBadRequest")),
        ({"colour": "red"}, (400, "HTTPBadRequest")),
    ],
)
def test_settings_that_are_refused(
    api: Api, attributes: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert api.refuse(SETTING, **attributes) == refusal
    assert api.list(SETTING) == []


def test_settings_are_made_one_by_one(api: Api) -> None:
    path = "/security-groups-default-statefulness"
    for method, where in (("POST", path), ("PUT", f"{path}/{NOWHERE}")):
        answer = api.call(method, where, {SETTING: [{"stateful": True}]})
        assert answer.refused == (400, "HTTPBadRequest")


def test_new_groups_are_as_the_settings_say(api: Api) -> None:
    manager = api.as_project(P, roles="manager,member,reader")
    assert manager.refuse(SETTING, project_id=None) == (400, "HTTPBadRequest")
    assert api.as_project(P).refuse(SETTING, stateful=False) == (403, "PolicyNotAuthorized")
    site = api.create(SETTING, project_id=None, stateful=False)
    assert site["project_id"] is None
    assert manager.create("security_group")["stateful"] is False
    own = manager.create(SETTING)
    assert (own["project_id"], own["stateful"]) == (P, True)
    assert manager.create("security_group")["stateful"] is True
    assert manager.create("security_group", stateful=False)["stateful"] is False
    assert manager.list(SETTING) == [own]
    assert api.refuse(SETTING, project_id=None) == (
        409,
        "SecurityGroupDefaultStatefulnessAlreadyExists",
    )


def test_the_sdk_has_its_own_name_for_a_setting(api: Api) -> None:
    theirs, path = "security_group_default_statefulness", f"/{SETTING.replace('_', '-')}"
    made = api.call("POST", path, {theirs: {"stateful": False}})
    assert made.status == 201
    assert made.body[theirs] == made.body[SETTING]
    one = f"{path}/{made.body[theirs]['id']}"
    changed = api.call("PUT", one, {theirs: {"stateful": True}})
    assert changed.body[theirs]["stateful"] is True
    assert api.call("GET", one).body == changed.body
    assert api.call("PUT", one, {"other": {"stateful": True}}).refused == (400, "HTTPBadRequest")
