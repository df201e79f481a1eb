"""QoS policies, their rules, and what networks and ports have of them, through the application.

Statuses and error types are those of Neutron, as observed.
"""

from typing import Any

import pytest

from tests.api.client import Answer, Api
from tests.api.conftest import MakeApi

FRIEND = "0b6b0f3f6f7b4c0d9f0f7f4d4d3a2b1c"
NOWHERE = "4ea4cee1-1e1b-48b0-bad2-0dc4a83572f9"

ALIASES = {
    "port-resource-request",
    "port-resource-request-groups",
    "qos",
    "qos-bw-limit-direction",
    "qos-bw-minimum-ingress",
    "qos-default",
    "qos-port-network-policy",
    "qos-pps",
    "qos-pps-minimum",
    "qos-pps-minimum-rule-alias",
    "qos-rule-type-details",
    "qos-rule-type-filter",
    "qos-rules-alias",
}

# type -> a rule's body, another value for it
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "bandwidth_limit": ({"max_kbps": 1000}, {"max_kbps": 2000, "max_burst_kbps": 9}),
    "dscp_marking": ({"dscp_mark": 16}, {"dscp_mark": 18}),
    "minimum_bandwidth": ({"min_kbps": 100}, {"min_kbps": 200, "direction": "ingress"}),
    "minimum_packet_rate": ({"min_kpps": 10}, {"min_kpps": 20, "direction": "any"}),
    "packet_rate_limit": ({"max_kpps": 30}, {"max_kpps": 40, "max_burst_kpps": 2}),
}


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    return make_api(ml2={"mechanism_drivers": "openvswitch"})


@pytest.fixture
def policy(api: Api) -> str:
    return str(a_policy(api)["id"])


def a_policy(api: Api, **attributes: Any) -> dict[str, Any]:
    answer = api.call("POST", "/qos/policies", {"policy": {"name": "gold", **attributes}})
    assert answer.status == 201, answer
    return dict(answer.body["policy"])


def shown(api: Api, policy: str) -> dict[str, Any]:
    answer = api.call("GET", f"/qos/policies/{policy}")
    assert answer.status == 200, answer
    return dict(answer.body["policy"])


def change(api: Api, policy: str, **changes: Any) -> Answer:
    return api.call("PUT", f"/qos/policies/{policy}", {"policy": changes})


def add(api: Api, policy: str, kind: str, **values: Any) -> Answer:
    body = {f"{kind}_rule": values}
    return api.call("POST", f"/qos/policies/{policy}/{kind}_rules", body)


def a_rule(api: Api, policy: str, kind: str, **values: Any) -> dict[str, Any]:
    answer = add(api, policy, kind, **(values or KINDS[kind][0]))
    assert answer.status == 201, answer
    return dict(answer.body[f"{kind}_rule"])


def test_its_extensions_are_there(api: Api) -> None:
    assert {one["alias"] for one in api.list("extension")} >= ALIASES


def test_a_site_may_do_without(make_api: MakeApi) -> None:
    api = make_api(DEFAULT={"service_plugins": "segments"})
    assert not {one["alias"] for one in api.list("extension")} & ALIASES
    assert api.call("GET", "/qos/policies").status == 404
    assert "qos_policy_id" not in api.create("network")


def test_neutrons_extension_driver_may_be_named(make_api: MakeApi) -> None:
    api = make_api(ml2={"extension_drivers": "port_security,qos"})
    assert api.create("network")["qos_policy_id"] is None


def test_a_policy_answers_what_neutron_answers(api: Api, policy: str) -> None:
    assert set(shown(api, policy)) == {
        "id",
        "name",
        "project_id",
        "tenant_id",
        "description",
        "shared",
        "is_default",
        "rules",
        "tags",
        "created_at",
        "updated_at",
        "revision_number",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_life_of_a_rule(api: Api, policy: str, kind: str) -> None:
    body, changes = KINDS[kind]
    rule = a_rule(api, policy, kind)
    path = f"/qos/policies/{policy}/{kind}_rules"
    assert rule.items() >= body.items()
    assert shown(api, policy)["rules"] == [{**rule, "qos_policy_id": policy, "type": kind}]
    assert api.call("GET", path).body == {f"{kind}_rules": [rule]}

    answer = api.call("PUT", f"{path}/{rule['id']}", {f"{kind}_rule": changes})
    assert answer.body == {f"{kind}_rule": {**rule, **changes}}
    assert api.call("GET", f"{path}/{rule['id']}").body == answer.body
    assert shown(api, policy)["revision_number"] == 2

    assert api.call("DELETE", f"{path}/{rule['id']}").status == 204
    assert api.call("DELETE", f"{path}/{rule['id']}").refused == (404, "QosRuleNotFound")
    assert shown(api, policy)["rules"] == []


@pytest.mark.parametrize(
    "kind", ["bandwidth_limit", "dscp_marking", "minimum_bandwidth", "minimum_packet_rate"]
)
def test_a_rule_without_its_policy(api: Api, policy: str, kind: str) -> None:
    rule, changes = a_rule(api, policy, kind), KINDS[kind][1]
    path = f"/qos/alias-{kind.replace('_', '-')}-rules/{rule['id']}"
    assert api.call("GET", path).body == {f"alias_{kind}_rule": rule}
    answer = api.call("PUT", path, {f"alias_{kind}_rule": changes})
    assert answer.body == {f"alias_{kind}_rule": {**rule, **changes}}
    assert api.call("DELETE", path).status == 204
    assert api.call("GET", path).refused == (404, "QosRuleNotFound")


def test_rules_are_found_in_their_policy_and_by_their_type(api: Api, policy: str) -> None:
    other = a_policy(api)["id"]
    rule = a_rule(api, policy, "bandwidth_limit")["id"]
    missing = (404, "QosRuleNotFound")
    assert api.call("GET", f"/qos/policies/{other}/bandwidth_limit_rules/{rule}").refused == missing
    assert api.call("GET", f"/qos/policies/{policy}/dscp_marking_rules/{rule}").refused == missing
    assert add(api, NOWHERE, "dscp_marking", dscp_mark=8).refused == (404, "QosPolicyNotFound")
    path = f"/qos/policies/{NOWHERE}/dscp_marking_rules"
    assert api.call("GET", path).refused == (404, "QosPolicyNotFound")


def test_lists_of_rules_are_filtered_and_paged(api: Api, policy: str) -> None:
    first = a_rule(api, policy, "bandwidth_limit", max_kbps=5)
    second = a_rule(api, policy, "bandwidth_limit", max_kbps=7, direction="ingress")
    path = f"/qos/policies/{policy}/bandwidth_limit_rules"
    answer = api.call("GET", f"{path}?max_kbps=7&fields=id")
    assert answer.body == {"bandwidth_limit_rules": [{"id": second["id"]}]}
    answer = api.call("GET", f"{path}?sort_key=max_kbps&sort_dir=desc&limit=1")
    assert answer.body["bandwidth_limit_rules"] == [second]
    links = {link["rel"]: link["href"] for link in answer.body["bandwidth_limit_rules_links"]}
    answer = api.call("GET", links["next"].partition("/v2.0")[2])
    assert answer.body["bandwidth_limit_rules"] == [first]
    assert api.call("GET", f"{path}?colour=red").status == 400


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bandwidth_limit", {}),
        ("bandwidth_limit", {"max_kbps": -1}),
        ("bandwidth_limit", {"max_kbps": 2**31}),
        ("bandwidth_limit", {"max_kbps": 1, "direction": "any"}),
        ("bandwidth_limit", {"max_kbps": 1, "project_id": "x"}),
        ("dscp_marking", {"dscp_mark": 17}),
        ("minimum_packet_rate", {"min_kpps": "many"}),
    ],
)
def test_impossible_rules(api: Api, policy: str, kind: str, values: dict[str, Any]) -> None:
    assert add(api, policy, kind, **values).status == 400
    assert shown(api, policy)["rules"] == []


def test_rules_that_contradict_each_other(api: Api, policy: str) -> None:
    limit = a_rule(api, policy, "bandwidth_limit", max_kbps=1000)
    conflict = (409, "QoSRuleParameterConflict")
    assert add(api, policy, "bandwidth_limit", max_kbps=5).refused == (409, "QoSRulesConflict")
    assert add(api, policy, "minimum_bandwidth", min_kbps=1001).refused == conflict
    # of the other direction
    a_rule(api, policy, "minimum_bandwidth", min_kbps=1001, direction="ingress")
    a_rule(api, policy, "minimum_bandwidth", min_kbps=1000)
    path = f"/qos/policies/{policy}/bandwidth_limit_rules/{limit['id']}"
    answer = api.call("PUT", path, {"bandwidth_limit_rule": {"max_kbps": 999}})
    assert answer.refused == conflict
    a_rule(api, policy, "minimum_packet_rate", min_kpps=1, direction="any")
    answer = add(api, policy, "minimum_packet_rate", min_kpps=1, direction="egress")
    assert answer.refused == conflict


def test_a_bulk_of_rules_is_all_or_none(api: Api, policy: str) -> None:
    path = f"/qos/policies/{policy}/dscp_marking_rules"
    answer = api.call("POST", path, {"dscp_marking_rules": [{"dscp_mark": 8}, {"dscp_mark": 10}]})
    assert answer.refused == (409, "QoSRulesConflict")
    assert shown(api, policy)["rules"] == []
    assert api.call("POST", path, {"dscp_marking_rules": [{"dscp_mark": 8}]}).status == 201


def test_one_default_policy_per_project(api: Api) -> None:
    default = a_policy(api, is_default=True)
    taken = (409, "QoSPolicyDefaultAlreadyExists")
    body = {"policy": {"name": "x", "is_default": True}}
    assert api.call("POST", "/qos/policies", body).refused == taken
    other = a_policy(api)["id"]
    assert change(api, other, is_default=True).refused == taken
    assert a_policy(api, is_default=True, project_id="another")["is_default"]
    (found,) = api.call("GET", "/qos/policies?is_default=true&project_id=tests").body["policies"]
    assert found["id"] == default["id"]
    assert api.create("network")["qos_policy_id"] == default["id"]
    assert api.create("network", qos_policy_id=other)["qos_policy_id"] == other
    assert change(api, default["id"], is_default=False).body["policy"]["is_default"] is False
    assert api.create("network")["qos_policy_id"] is None
    assert change(api, other, is_default=True).status == 200


def test_who_has_a_policy(api: Api, policy: str) -> None:
    network = api.create("network", qos_policy_id=policy)
    port = api.create("port", network_id=network["id"])
    assert (port["qos_policy_id"], port["qos_network_policy_id"]) == (None, policy)
    own = a_policy(api)["id"]
    port = api.update("port", port["id"], qos_policy_id=own)
    assert (port["qos_policy_id"], port["qos_network_policy_id"]) == (own, policy)
    assert api.show("port", port["id"]) == port
    assert api.list("port", f"id={port['id']}") == [port]
    in_use = (409, "QosPolicyInUse")
    assert api.call("DELETE", f"/qos/policies/{policy}").refused == in_use
    assert api.call("DELETE", f"/qos/policies/{own}").refused == in_use
    assert api.update("port", port["id"], qos_policy_id=None)["qos_policy_id"] is None
    assert api.update("network", network["id"], qos_policy_id=None)["qos_policy_id"] is None
    assert api.show("port", port["id"])["qos_network_policy_id"] is None
    assert api.call("DELETE", f"/qos/policies/{policy}").status == 204
    assert api.call("DELETE", f"/qos/policies/{own}").status == 204


def test_policies_that_are_not_there(api: Api) -> None:
    network = api.create("network")
    port = api.create("port", network_id=network["id"])
    missing = (404, "QosPolicyNotFound")
    assert api.refuse("network", qos_policy_id=NOWHERE) == missing
    assert api.refuse("port", network_id=network["id"], qos_policy_id=NOWHERE) == missing
    assert api.refuse_update("network", network["id"], qos_policy_id=NOWHERE) == missing
    assert api.refuse_update("port", port["id"], qos_policy_id=NOWHERE) == missing
    assert api.refuse_update("port", port["id"], qos_policy_id="gold")[0] == 400
    assert api.call("DELETE", f"/qos/policies/{NOWHERE}").refused == missing
    assert change(api, NOWHERE, name="x").refused == missing


def test_what_a_port_asks_of_its_host(api: Api, policy: str) -> None:
    network = api.create(
        "network",
        **{
            "provider:network_type": "vlan",
            "provider:physical_network": "physnet1",
            "provider:segmentation_id": 5,
        },
    )
    port = api.create("port", network_id=network["id"], qos_policy_id=policy)
    assert port["resource_request"] is None
    a_rule(api, policy, "minimum_bandwidth", min_kbps=100)
    a_rule(api, policy, "minimum_bandwidth", min_kbps=200, direction="ingress")
    a_rule(api, policy, "minimum_packet_rate", min_kpps=7, direction="any")
    asked = api.show("port", port["id"])["resource_request"]
    bandwidth, rate = asked["request_groups"]
    assert asked["same_subtree"] == [bandwidth["id"], rate["id"]]
    assert bandwidth["required"] == ["CUSTOM_PHYSNET_PHYSNET1", "CUSTOM_VNIC_TYPE_NORMAL"]
    assert bandwidth["resources"] == {
        "NET_BW_EGR_KILOBIT_PER_SEC": 100,
        "NET_BW_IGR_KILOBIT_PER_SEC": 200,
    }
    assert rate["required"] == ["CUSTOM_VNIC_TYPE_NORMAL"]
    assert rate["resources"] == {"NET_PACKET_RATE_KILOPACKET_PER_SEC": 7}
    # the same whenever it is told
    created = api.create("port", network_id=network["id"], qos_policy_id=policy)
    assert api.show("port", created["id"])["resource_request"] == created["resource_request"]
    direct = api.update("port", created["id"], **{"binding:vnic_type": "direct"})
    (group, _) = direct["resource_request"]["request_groups"]
    assert group["required"][1] == "CUSTOM_VNIC_TYPE_DIRECT"
    assert api.update("port", port["id"], qos_policy_id=None)["resource_request"] is None
    tunnelled = api.create("network", qos_policy_id=policy)
    port = api.create("port", network_id=tunnelled["id"])
    (group, _) = port["resource_request"]["request_groups"]
    assert group["required"][0] == "CUSTOM_NETWORK_TUNNEL_PROVIDER"


def test_rules_that_no_driver_of_the_port_enforces(make_api: MakeApi) -> None:
    api = make_api(ml2={"mechanism_drivers": "openvswitch,linuxbridge"})
    policy, network = a_policy(api)["id"], api.create("network")["id"]
    a_rule(api, policy, "dscp_marking")
    refused = (409, "QosRuleNotSupported")
    smart = {"network_id": network, "binding:vnic_type": "smart-nic"}
    assert api.refuse("port", qos_policy_id=policy, **smart) == refused
    port = api.create("port", **smart)["id"]
    assert api.refuse_update("port", port, qos_policy_id=policy) == refused
    assert api.refuse_update("network", network, qos_policy_id=policy) == refused
    api.delete("port", port)
    assert api.update("network", network, qos_policy_id=policy)["qos_policy_id"] == policy
    assert api.refuse("port", **smart) == refused
    # a port on a Linux bridge can be limited and marked, and be guaranteed nothing
    api.linuxbridge_agent("host-1")
    flat = {
        "provider:network_type": "vlan",
        "provider:physical_network": "physnet1",
        "provider:segmentation_id": 7,
    }
    bridged = api.create("network", **flat)["id"]
    bound = api.create("port", network_id=bridged, **{"binding:host_id": "host-1"})
    assert bound["binding:vif_type"] == "bridge"
    assert api.update("port", bound["id"], qos_policy_id=policy)["qos_policy_id"] == policy
    assert add(api, policy, "minimum_bandwidth", min_kbps=1).refused == refused
    assert add(api, policy, "bandwidth_limit", max_kbps=1).status == 201


def test_a_network_needs_one_driver_that_enforces(make_api: MakeApi) -> None:
    api = make_api(ml2={"mechanism_drivers": "linuxbridge"})
    policy = a_policy(api)["id"]
    a_rule(api, policy, "minimum_bandwidth")
    refused = (409, "QosRuleNotSupportedByNetwork")
    assert api.refuse("network", qos_policy_id=policy) == refused
    network = api.create("network")["id"]
    assert api.refuse_update("network", network, qos_policy_id=policy) == refused


def test_what_chose_the_hosts_of_servers_stays(api: Api, policy: str) -> None:
    network = api.create("network", qos_policy_id=policy)["id"]
    rule = a_rule(api, policy, "minimum_bandwidth")
    allocated = {"binding:profile": {"allocation": {NOWHERE: NOWHERE}}}
    port = api.create("port", network_id=network, device_owner="compute:az", **allocated)["id"]
    path = f"/qos/policies/{policy}/minimum_bandwidth_rules/{rule['id']}"
    assert add(api, policy, "minimum_packet_rate", min_kpps=1).status == 501
    assert api.call("PUT", path, {"minimum_bandwidth_rule": {"min_kbps": 1}}).status == 501
    answer = api.call("DELETE", path)
    assert (answer.status, list(answer.body)) == (501, ["NotImplementedError"])
    assert len(shown(api, policy)["rules"]) == 1
    other = a_policy(api)["id"]
    answer = api.call("PUT", f"/ports/{port}", {"port": {"qos_policy_id": other}})
    assert answer.status == 501
    a_rule(api, policy, "dscp_marking")  # nobody was scheduled by it


def test_the_types_of_rules(make_api: MakeApi) -> None:
    def types(api: Api, query: str = "") -> set[str]:
        answer = api.call("GET", f"/qos/rule-types{query}")
        return {one["type"] for one in answer.body["rule_types"]}

    both = make_api(ml2={"mechanism_drivers": "openvswitch,linuxbridge"})
    assert types(both) == {"bandwidth_limit", "dscp_marking"}
    assert types(both, "?all_supported=true") == set(KINDS)
    bridge = make_api(ml2={"mechanism_drivers": "linuxbridge"})
    assert types(bridge, "?all_supported=true") == {"bandwidth_limit", "dscp_marking"}
    assert types(bridge, "?all_rules=true") == set(KINDS)
    none = make_api(ml2={"mechanism_drivers": "logger"})
    assert types(none) == set()
    answer = both.call("GET", "/qos/rule-types/bandwidth_limit")
    drivers = answer.body["rule_type"]["drivers"]
    assert [driver["name"] for driver in drivers] == ["openvswitch", "linuxbridge"]
    parameters = {one["parameter_name"]: one for one in drivers[0]["supported_parameters"]}
    assert parameters["direction"] == {
        "parameter_name": "direction",
        "parameter_type": "choices",
        "parameter_values": ["ingress", "egress"],
    }
    assert parameters["max_kbps"]["parameter_values"] == {"start": 0, "end": 2**31 - 1}
    assert both.call("GET", "/qos/rule-types/colour").status == 404


def test_tags_of_a_policy(api: Api, policy: str) -> None:
    for path in (f"/qos/policies/{policy}/tags", f"/policies/{policy}/tags"):
        assert api.call("PUT", path, {"tags": ["a", "b"]}).status == 200
        assert api.call("GET", path).body == {"tags": ["a", "b"]}
    assert shown(api, policy)["tags"] == ["a", "b"]
    assert len(api.call("GET", "/qos/policies?tags=a,b").body["policies"]) == 1
    assert api.call("GET", "/qos/policies?tags=c").body["policies"] == []


def test_an_old_revision_is_refused(api: Api, policy: str) -> None:
    answer = api.call(
        "PUT",
        f"/qos/policies/{policy}",
        {"policy": {"name": "x"}},
        headers={"If-Match": "revision_number=7"},
    )
    assert answer.refused == (412, "RevisionNumberConstraintFailed")
    assert change(api, policy, name="x").body["policy"]["revision_number"] == 1
    assert change(api, policy, name="x").body["policy"]["revision_number"] == 1


# What is another project's is not there, unless it is shared.


@pytest.fixture
def secret(api: Api) -> str:
    policy = str(a_policy(api, project_id="owner")["id"])
    a_rule(api, policy, "dscp_marking")
    return policy


def test_anothers_policy_is_not_there(api: Api, secret: str) -> None:
    other = api.as_project("other")
    missing = (404, "QosPolicyNotFound")
    network = other.create("network")["id"]
    port = other.create("port", network_id=network)["id"]
    assert other.call("GET", "/qos/policies").body == {"policies": []}
    assert other.call("GET", f"/qos/policies/{secret}").refused == missing
    assert other.call("GET", f"/qos/policies/{secret}/dscp_marking_rules").refused == missing
    assert other.refuse("network", qos_policy_id=secret) == missing
    assert other.refuse("port", network_id=network, qos_policy_id=secret) == missing
    assert other.refuse_update("port", port, qos_policy_id=secret) == missing
    rule = shown(api, secret)["rules"][0]["id"]
    path = f"/qos/alias-dscp-marking-rules/{rule}"
    assert other.call("GET", path).refused == (404, "QosRuleNotFound")


def test_anothers_policy_is_shared_with_everybody(api: Api, secret: str) -> None:
    other = api.as_project("other")
    assert change(api, secret, shared=True).body["policy"]["shared"] is True
    (found,) = other.call("GET", "/qos/policies?shared=true").body["policies"]
    assert found["id"] == secret
    network = other.create("network", qos_policy_id=secret)["id"]
    assert change(api, secret, shared=False).refused == (409, "RbacPolicyInUse")
    api.delete("network", network)
    assert change(api, secret, shared=False).status == 200
    assert other.call("GET", f"/qos/policies/{secret}").status == 404


def test_anothers_policy_is_shared_with_one(api: Api, secret: str) -> None:
    rbac = api.create(
        "rbac_policy",
        object_type="qos_policy",
        object_id=secret,
        action="access_as_shared",
        target_tenant=FRIEND,
    )
    friend, other = api.as_project(FRIEND), api.as_project("other")
    assert friend.call("GET", f"/qos/policies/{secret}").status == 200
    assert other.call("GET", f"/qos/policies/{secret}").status == 404
    port = friend.create("port", network_id=friend.create("network")["id"])["id"]
    friend.update("port", port, qos_policy_id=secret)
    assert api.refuse_delete("rbac_policy", rbac["id"]) == (409, "RbacPolicyInUse")


def test_who_was_given_a_policy_cannot_take_it_away(api: Api, secret: str) -> None:
    other = api.as_project("other")
    network = other.create("network")["id"]
    port = other.create("port", network_id=network)["id"]
    api.update("port", port, qos_policy_id=secret)
    api.update("network", network, qos_policy_id=secret)
    refused = (403, "PolicyRemoveAuthorizationError")
    assert other.refuse_update("port", port, qos_policy_id=None) == refused
    assert other.refuse_update("network", network, qos_policy_id=None) == refused
    assert other.update("port", port, name="x")["qos_policy_id"] == secret
