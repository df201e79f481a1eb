"""Security groups, their rules and what ports have of them, through the whole application.

Statuses and error types are those of Neutron, as observed.
"""

from typing import Any

import pytest

from tests.api.client import Api

NOWHERE = "4ea4cee1-1e1b-48b0-bad2-0dc4a83572f9"


@pytest.fixture
def group(api: Api) -> str:
    return str(api.create("security_group", name="web", project_id="p")["id"])


@pytest.fixture
def network(api: Api) -> str:
    return str(api.create("network", project_id="p")["id"])


def a_rule(group: str, **changes: Any) -> dict[str, Any]:
    return {"security_group_id": group, "direction": "ingress", "project_id": "p", **changes}


def test_a_group_answers_what_neutron_answers(api: Api, group: str) -> None:
    shown = api.show("security_group", group)
    assert set(shown) == {
        "id",
        "name",
        "stateful",
        "shared",
        "project_id",
        "tenant_id",
        "description",
        "security_group_rules",
        "tags",
        "created_at",
        "updated_at",
        "revision_number",
    }
    rule = shown["security_group_rules"][0]
    assert set(rule) == {
        "id",
        "project_id",
        "tenant_id",
        "security_group_id",
        "direction",
        "ethertype",
        "protocol",
        "port_range_min",
        "port_range_max",
        "remote_group_id",
        "remote_address_group_id",
        "remote_ip_prefix",
        "normalized_cidr",
        "belongs_to_default_sg",
        "description",
        "created_at",
        "updated_at",
        "revision_number",
    }
    assert api.show("security_group_rule", rule["id"]) == rule


@pytest.mark.parametrize(
    ("attributes", "refusal"),
    [
        ({"name": "default"}, (409, "SecurityGroupDefaultAlreadyExists")),
        ({"name": "DEFAULT"}, (409, "SecurityGroupDefaultAlreadyExists")),
        ({"name": None}, (400, "HTTPBadRequest")),
        ({"name": "x" * 256}, (400, "HTTPBadRequest")),
        ({"stateful": "perhaps"}, (400, "InvalidInput")),
        ({"security_group_rules": []}, (400, "HTTPBadRequest")),
        ({"colour": "red"}, (400, "HTTPBadRequest")),
    ],
)
def test_groups_that_are_refused(
    api: Api, attributes: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert api.refuse("security_group", **attributes) == refusal


def test_many_groups_are_made_by_one_request(api: Api) -> None:
    bodies = [{"name": "one"}, {"security_group": {"name": "two"}}]
    answer = api.call("POST", "/security-groups", {"security_groups": bodies})
    assert answer.status == 201
    assert [group["name"] for group in answer.body["security_groups"]] == ["one", "two"]


def test_a_project_has_a_default_group_from_the_first_look(api: Api) -> None:
    [group] = api.list("security_group", "project_id=q")
    assert group["name"] == "default"
    assert api.refuse_update("security_group", group["id"], name="mine") == (
        409,
        "SecurityGroupCannotUpdateDefault",
    )
    member = api.as_project("q")
    assert member.refuse_delete("security_group", group["id"]) == (
        409,
        "SecurityGroupCannotRemoveDefault",
    )
    api.delete("security_group", group["id"])


@pytest.mark.parametrize("noun", ["security_group", "security_group_rule"])
def test_what_is_not_there(api: Api, noun: str) -> None:
    error = {"security_group": "SecurityGroupNotFound"}.get(noun, "SecurityGroupRuleNotFound")
    path = f"/{noun.replace('_', '-')}s/{NOWHERE}"
    assert api.call("GET", path).refused == (404, error)
    assert api.refuse_delete(noun, NOWHERE) == (404, error)
    assert api.refuse_update(noun, NOWHERE, description="x") == (404, error)


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"ethertype": "ipv5"}, "SecurityGroupRuleInvalidEtherType"),
        ({"ethertype": None}, "SecurityGroupRuleInvalidEtherType"),
        ({"protocol": "foo"}, "SecurityGroupRuleInvalidProtocol"),
        ({"protocol": 256}, "SecurityGroupRuleInvalidProtocol"),
        ({"protocol": []}, "SecurityGroupRuleInvalidProtocol"),
        ({"protocol": "icmpv6"}, "SecurityGroupEthertypeConflictWithProtocol"),
        ({"protocol": "tcp", "port_range_min": 1}, "SecurityGroupInvalidPortRange"),
        ({"protocol": "tcp", "port_range_min": "x"}, "SecurityGroupInvalidPortValue"),
        ({"port_range_min": 1, "port_range_max": 2}, "SecurityGroupProtocolRequiredWithPorts"),
        ({"protocol": "icmp", "port_range_max": 0}, "SecurityGroupMissingIcmpType"),
        ({"remote_ip_prefix": "10.0.0.0/33"}, "InvalidCIDR"),
        ({"remote_ip_prefix": "2001:db8::/64"}, "SecurityGroupRuleParameterConflict"),
        ({"direction": "up"}, "HTTPBadRequest"),
        ({"security_group_id": 5}, "HTTPBadRequest"),
    ],
)
def test_rules_that_are_refused(
    api: Api, group: str, attributes: dict[str, Any], error: str
) -> None:
    refused = api.refuse("security_group_rule", **{**a_rule(group), **attributes})
    assert refused == (400, error)
    assert len(api.show("security_group", group)["security_group_rules"]) == 2


def test_rules_are_written_in_one_way(api: Api, group: str) -> None:
    rule = api.create(
        "security_group_rule",
        **a_rule(
            group,
            ethertype="ipv6",
            protocol="TCP",
            port_range_min="22",
            port_range_max="22",
            remote_ip_prefix="2001:DB8::1",
        ),
    )
    assert rule["ethertype"] == "IPv6"
    assert rule["protocol"] == "tcp"
    assert (rule["port_range_min"], rule["port_range_max"]) == (22, 22)
    assert rule["remote_ip_prefix"] == "2001:db8::1/128"
    assert rule["description"] == ""
    again = {name: rule[name] for name in ("ethertype", "port_range_min", "port_range_max")}
    refused = api.refuse(
        "security_group_rule",
        **a_rule(group, **again, protocol=6, remote_ip_prefix="2001:db8::1/128"),
    )
    assert refused == (409, "SecurityGroupRuleExists")


def test_rules_of_one_request_are_added_all_or_none(api: Api, group: str) -> None:
    tcp, udp = a_rule(group, protocol="tcp"), a_rule(group, protocol="udp")

    def add(*rules: dict[str, Any]) -> Any:
        return api.call("POST", "/security-group-rules", {"security_group_rules": list(rules)})

    assert add(tcp, tcp).refused == (409, "DuplicateSecurityGroupRuleInPost")
    assert add(tcp).status == 201
    assert add(udp, tcp).refused == (409, "SecurityGroupRuleExists")
    other = api.create("security_group", project_id="p")["id"]
    assert add(udp, a_rule(other)).refused == (400, "SecurityGroupNotSingleGroupRules")
    foreign = a_rule(group, project_id="q")
    assert add(udp, foreign).refused == (400, "SecurityGroupRulesNotSingleProject")
    assert [rule["protocol"] for rule in api.list("security_group_rule", "protocol=UDP")] == []


def test_rules_are_described_and_filtered(api: Api, group: str) -> None:
    rule = api.create("security_group_rule", **a_rule(group, protocol="tcp"))
    api.update("security_group_rule", rule["id"], description="why")
    [found] = api.list("security_group_rule", "description=why&fields=id&fields=protocol")
    assert found == {"id": rule["id"], "protocol": "tcp"}
    assert api.call("GET", "/security-group-rules?protocol=foo").refused == (
        400,
        "SecurityGroupRuleInvalidProtocol",
    )
    assert api.refuse_update("security_group_rule", rule["id"], direction="egress") == (
        400,
        "HTTPBadRequest",
    )


def test_a_group_of_ports_cannot_go_or_change_its_state(api: Api, group: str, network: str) -> None:
    port = api.create("port", network_id=network, security_groups=[group], project_id="p")
    in_use = (409, "SecurityGroupInUse")
    assert api.refuse_delete("security_group", group) == in_use
    assert api.refuse_update("security_group", group, stateful=False) == in_use
    api.update("port", port["id"], security_groups=[])
    api.update("security_group", group, stateful=False)
    api.delete("security_group", group)


def test_a_condition_that_does_not_hold_changes_nothing(api: Api, group: str) -> None:
    for method, body in (("PUT", {"security_group": {"name": "x"}}), ("DELETE", None)):
        answer = api.call(
            method, f"/security-groups/{group}", body, headers={"If-Match": "revision_number=9"}
        )
        assert answer.refused == (412, "RevisionNumberConstraintFailed")
    assert api.show("security_group", group)["name"] == "web"


# Ports


def test_a_port_is_in_its_projects_default_group(api: Api, network: str) -> None:
    port = api.create("port", network_id=network, project_id="q")
    [default] = api.list("security_group", "project_id=q&name=default")
    assert port["security_groups"] == [default["id"]]
    assert api.list("port", f"security_groups={default['id']}") == [port]
    for without in (
        {"security_groups": []},
        {"security_groups": None},
        {"port_security_enabled": False},
        {"device_owner": "network:dhcp"},
    ):
        assert api.create("port", network_id=network, **without)["security_groups"] == []


@pytest.mark.parametrize(
    ("attributes", "refusal"),
    [
        ({"security_groups": [NOWHERE]}, (404, "SecurityGroupNotFound")),
        ({"security_groups": ["x"]}, (400, "HTTPBadRequest")),
        ({"security_groups": "x"}, (400, "HTTPBadRequest")),
        ({"port_security_enabled": None}, (400, "InvalidInput")),
        ({"allowed_address_pairs": "x"}, (400, "HTTPBadRequest")),
        ({"allowed_address_pairs": [{}]}, (400, "AllowedAddressPairsMissingIP")),
        ({"allowed_address_pairs": [{"ip_address": "1.1.1.1/33"}]}, (400, "HTTPBadRequest")),
        (
            {"allowed_address_pairs": [{"ip_address": "1.1.1.1"}] * 2},
            (400, "DuplicateAddressPairInRequest"),
        ),
        (
            {"allowed_address_pairs": [{"ip_address": f"1.1.1.{n}"} for n in range(11)]},
            (400, "AllowedAddressPairExhausted"),
        ),
        (
            {
                "allowed_address_pairs": [{"ip_address": "1.1.1.1"}],
                "port_security_enabled": False,
                "security_groups": [],
            },
            (409, "AddressPairAndPortSecurityRequired"),
        ),
        ({"extra_dhcp_opts": [{"opt_name": "a", "opt_value": ""}]}, (400, "InvalidInput")),
        ({"extra_dhcp_opts": {"opt_name": "a", "opt_value": "1"}}, (400, "InvalidInput")),
        (
            {"extra_dhcp_opts": [{"opt_name": "a", "opt_value": value} for value in "12"]},
            (409, "NeutronDbObjectDuplicateEntry"),
        ),
    ],
)
def test_ports_that_are_refused(
    api: Api, network: str, attributes: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert api.refuse("port", network_id=network, **attributes) == refusal
    assert api.list("port") == []


def test_stateful_and_stateless_groups_do_not_mix(api: Api, group: str, network: str) -> None:
    stateless = api.create("security_group", stateful=False, project_id="p")["id"]
    both = {"network_id": network, "security_groups": [group, stateless]}
    assert api.refuse("port", **both) == (409, "SecurityGroupConflict")
    port = api.create("port", network_id=network, security_groups=[stateless])
    refused = api.refuse_update("port", port["id"], security_groups=[group, stateless])
    assert refused == (409, "SecurityGroupConflict")
    assert api.update("port", port["id"], security_groups=[group])["security_groups"] == [group]


def test_port_security_goes_last_and_comes_first(api: Api, group: str, network: str) -> None:
    pairs = [{"ip_address": "1.1.1.1"}]
    port = api.create("port", network_id=network, security_groups=[group])["id"]
    refused = api.refuse_update("port", port, port_security_enabled=False)
    assert refused == (409, "PortSecurityPortHasSecurityGroup")
    bare = api.update("port", port, port_security_enabled=False, security_groups=[])
    assert (bare["port_security_enabled"], bare["security_groups"]) == (False, [])
    assert api.refuse_update("port", port, security_groups=[group]) == (
        400,
        "PortSecurityAndIPRequiredForSecurityGroups",
    )
    assert api.refuse_update("port", port, allowed_address_pairs=pairs) == (
        409,
        "AddressPairAndPortSecurityRequired",
    )
    full = api.update("port", port, port_security_enabled=True, allowed_address_pairs=pairs)
    assert full["allowed_address_pairs"] == [
        {"ip_address": "1.1.1.1", "mac_address": full["mac_address"]}
    ]
    assert api.show("port", port) == full


def test_a_network_says_whether_its_ports_are_secured(api: Api) -> None:
    network = api.create("network", port_security_enabled=False)["id"]
    port = api.create("port", network_id=network)
    assert (port["port_security_enabled"], port["security_groups"]) == (False, [])
    api.update("network", network, port_security_enabled=True)
    assert api.create("port", network_id=network)["port_security_enabled"] is True
    assert api.show("port", port["id"])["port_security_enabled"] is False


def test_dhcp_options_are_merged(api: Api, network: str) -> None:
    options = [{"opt_name": "bootfile-name", "opt_value": "a"}]
    port = api.create("port", network_id=network, extra_dhcp_opts=options)["id"]
    more = [
        {"opt_name": "tftp-server", "opt_value": "1.1.1.1"},
        {"opt_name": "bootfile-name", "opt_value": None},
    ]
    kept = api.update("port", port, extra_dhcp_opts=more)["extra_dhcp_opts"]
    assert kept == [{"opt_name": "tftp-server", "opt_value": "1.1.1.1", "ip_version": 4}]
    assert api.show("port", port)["extra_dhcp_opts"] == kept
