"""What hangs beside the nouns: tags, bindings, reports, explanations, health, metrics."""

from typing import Any

import pytest

from tests.api.client import Api

STANDARD = {"description", "created_at", "updated_at", "revision_number"}
PROJECT = {"project_id", "tenant_id"}
# What each noun shows with the extensions that are enabled; as Neutron with the same ones.
SHOWN: dict[str, set[str]] = {
    "network": {
        *("id", "name", "admin_state_up", "status", "shared", "mtu", "subnets", "tags"),
        *("router:external", "port_security_enabled", "l2_adjacency"),
        *("provider:network_type", "provider:physical_network", "provider:segmentation_id"),
        *("ipv4_address_scope", "ipv6_address_scope", "qos_policy_id", "dns_domain"),
        *("availability_zone_hints", "availability_zones"),
        *PROJECT,
        *STANDARD,
    },
    "subnet": {
        *("id", "name", "network_id", "ip_version", "cidr", "gateway_ip", "enable_dhcp"),
        *("allocation_pools", "dns_nameservers", "host_routes", "ipv6_ra_mode"),
        *("ipv6_address_mode", "subnetpool_id", "segment_id", "tags"),
        *("service_types", "router:external", "dns_publish_fixed_ip"),
        *PROJECT,
        *STANDARD,
    },
    "port": {
        *("id", "name", "network_id", "mac_address", "admin_state_up", "status", "device_id"),
        *("device_owner", "fixed_ips", "security_groups", "port_security_enabled", "tags"),
        *("allowed_address_pairs", "extra_dhcp_opts", "binding:host_id", "binding:profile"),
        *("binding:vnic_type", "binding:vif_type", "binding:vif_details", "ip_allocation"),
        *("qos_policy_id", "qos_network_policy_id", "resource_request"),
        *("propagate_uplink_status", "numa_affinity_policy", "device_profile", "hints"),
        *("hardware_offload_type", "trusted", "data_plane_status"),
        *("dns_name", "dns_domain", "dns_assignment"),
        *PROJECT,
        *STANDARD,
    },
    "segment": {
        *("id", "network_id", "name", "network_type", "physical_network", "segmentation_id"),
        *STANDARD,
    },
    "security_group": {"id", "name", "stateful", "shared", "security_group_rules", "tags"}
    | PROJECT
    | STANDARD,
    "security_group_rule": {
        *("id", "security_group_id", "direction", "ethertype", "protocol"),
        *("port_range_min", "port_range_max", "remote_group_id", "remote_ip_prefix"),
        *("remote_address_group_id", "normalized_cidr", "belongs_to_default_sg"),
        *PROJECT,
        *STANDARD,
    },
    "agent": {
        *("id", "agent_type", "binary", "host", "topic", "admin_state_up", "alive"),
        *("created_at", "started_at", "heartbeat_timestamp", "configurations", "description"),
        *("resources_synced", "availability_zone"),
    },
}


@pytest.fixture
def port(api: Api) -> dict[str, Any]:
    api.ovs_agent("compute-1")
    api.ovs_agent("compute-2", tunneling_ip="10.0.0.2")
    network = api.create("network")
    api.create("subnet", network_id=network["id"], cidr="10.0.0.0/24", ip_version=4)
    return api.create(
        "port",
        network_id=network["id"],
        device_owner="compute:nova",
        **{"binding:host_id": "compute-1"},
    )


@pytest.mark.parametrize("noun", SHOWN)
def test_answers_show_what_the_extensions_say(api: Api, port: dict[str, Any], noun: str) -> None:
    listed = api.list(noun)
    assert listed
    for row in listed:
        assert set(row) == SHOWN[noun]
        shown = api.show(noun, row["id"])
        assert set(shown) == SHOWN[noun]
    for rule in listed[0].get("security_group_rules", []):
        assert set(rule) >= SHOWN["security_group_rule"]


def test_what_a_create_and_an_update_answer_is_what_a_show_answers(api: Api) -> None:
    network = api.create("network", name="n")
    made = {
        "network": network,
        "subnet": api.create("subnet", network_id=network["id"], cidr="10.0.0.0/24", ip_version=4),
        "port": api.create("port", network_id=network["id"]),
        "segment": api.create("segment", network_id=network["id"], network_type="vxlan"),
        "security_group": api.create("security_group", name="g"),
        "network_segment_range": api.create(
            "network_segment_range", minimum=70000, maximum=70010, network_type="vxlan"
        ),
    }
    for noun, row in made.items():
        if noun not in ("network", "subnet"):  # these changed since, by what was made below them
            shown = api.show(noun, row["id"])
            absent = {"project_id"} if noun == "network_segment_range" else set()
            assert {k: row[k] for k in row.keys() - absent} == {
                k: shown[k] for k in shown.keys() - absent
            }, noun
        changed = api.update(noun, row["id"], name="other")
        assert changed["name"] == "other"
        assert api.show(noun, row["id"]) == changed, noun


def test_tags(api: Api) -> None:
    network = api.create("network")
    tags = f"/networks/{network['id']}/tags"

    def statuses(*calls: tuple[str, str, Any]) -> list[tuple[int, Any]]:
        answers = [api.call(method, tags + rest, body) for method, rest, body in calls]
        return [(answer.status, answer.body) for answer in answers]

    assert statuses(
        ("GET", "", None),
        ("PUT", "", {"tags": ["b", "a"]}),
        ("POST", "", {"tags": ["c"]}),
        ("PUT", "/d", None),
        ("GET", "/d", None),
        ("DELETE", "/a", None),
        ("GET", "", None),
    ) == [
        (200, {"tags": []}),
        (200, {"tags": ["b", "a"]}),
        (200, {"tags": ["c"]}),
        (201, None),
        (204, None),
        (204, None),
        (200, {"tags": ["b", "c", "d"]}),
    ]
    assert api.show("network", network["id"])["tags"] == ["b", "c", "d"]
    assert [row["id"] for row in api.list("network", "tags=b,c")] == [network["id"]]
    assert api.list("network", "not-tags=b,c") == []
    assert statuses(("DELETE", "", None), ("GET", "", None)) == [(204, None), (200, {"tags": []})]
    assert [
        api.call("PUT", tags, body).refused
        for body in ({"tags": "x"}, {"tags": ["x", "x"]}, {"tags": [5]}, {"foo": 1})
    ] == [(400, "InvalidInput")] * 4
    assert api.call("GET", f"{tags}/nope").refused == (404, "TagNotFound")
    assert api.call("PUT", f"{tags}/{'x' * 256}").refused == (400, "InvalidInput")
    too_many = {"tags": [str(number) for number in range(51)]}
    assert api.call("PUT", tags, too_many).refused == (400, "BadRequest")


def test_security_groups_are_found_by_both_spellings(api: Api) -> None:
    group = api.create("security_group", name="g")
    for path in ("security-groups", "security_groups"):
        assert api.call("GET", f"/{path}/{group['id']}").body["security_group"] == group
        assert api.call("GET", f"/{path}/{group['id']}/tags").body == {"tags": []}
    for path in ("network_segment_ranges", "network-segment-ranges"):
        assert api.call("GET", f"/{path}").body["network_segment_ranges"]


def test_an_agent_reports(api: Api) -> None:
    state = {"agent_type": "A", "binary": "b", "host": "h", "topic": "t"}
    first = api.call("PUT", "/agents", {"agent": state})
    assert (first.status, first.body) == (
        201,
        {"agent": {"agent_type": "A", "host": "h", "status": "new"}},
    )
    again = api.call("PUT", "/agents", {"agent": state})
    assert (again.status, again.body["agent"]["status"]) == (200, "alive")
    [agent] = api.list("agent", "alive=true&host=h")
    assert api.list("agent", "alive=no") == []
    assert api.update("agent", agent["id"], description="d")["description"] == "d"
    for wrong in ({}, {**state, "host": ""}, {**state, "configurations": "x"}):
        assert api.call("PUT", "/agents", {"agent": wrong}).refused == (400, "HTTPBadRequest")
    api.delete("agent", agent["id"])


def test_bindings(api: Api, port: dict[str, Any]) -> None:
    path = f"/ports/{port['id']}/bindings"
    made = api.call("POST", path, {"binding": {"host": "compute-2"}})
    assert made.status == 201
    binding = made.body["binding"]
    assert set(binding) == {"host", "status", "vif_type", "vif_details", "vnic_type", "profile"}
    assert (binding["host"], binding["status"]) == ("compute-2", "INACTIVE")
    assert api.call("GET", f"{path}/compute-2").body == {"binding": binding}
    assert api.call("POST", path, {"binding": {"host": "compute-2"}}).status == 409

    def hosts(query: str = "") -> list[str]:
        listed = api.call("GET", f"{path}{query}")
        assert listed.status == 200, listed
        return [row["host"] for row in listed.body["bindings"]]

    assert sorted(hosts()) == ["compute-1", "compute-2"]
    assert hosts("?status=ACTIVE&fields=host") == ["compute-1"]
    first = api.call("GET", f"{path}?limit=1&fields=host").body
    links = {link["rel"]: link["href"] for link in first["bindings_links"]}
    assert links["next"].endswith(f"{path}?limit=1&fields=host&marker=compute-1")
    assert hosts(f"?{links['next'].partition('?')[2]}") == ["compute-2"]
    for query in ("?project_id=x", "?sort_key=host&sort_dir=asc"):
        assert api.call("GET", f"{path}{query}").refused == (400, "HTTPBadRequest")

    changed = api.call("PUT", f"{path}/compute-2", {"binding": {"profile": {"a": 1}}})
    assert (changed.status, changed.body["binding"]["profile"]) == (200, {"a": 1})
    active = api.call("PUT", f"{path}/compute-2/activate")
    assert (active.status, active.body["status"]) == (200, "ACTIVE")
    assert api.show("port", port["id"])["binding:host_id"] == "compute-2"
    assert api.call("DELETE", f"{path}/compute-1").status == 204
    missing = api.call("PUT", f"{path}/compute-1/activate")
    assert missing.refused == (404, "PortBindingNotFound")
    bulk = {"bindings": [{"host": "a"}, {"host": "b"}]}
    assert api.call("POST", path, bulk).refused == (400, "HTTPBadRequest")


def test_explanations(api: Api, port: dict[str, Any]) -> None:
    answer = api.call("GET", f"/ports/{port['id']}/binding-explanation")
    explanation = answer.body["binding_explanation"]
    assert explanation["port_id"] == port["id"]
    assert explanation["vif_type"] == port["binding:vif_type"] == "ovs"
    question = {"network_id": port["network_id"], "host": "nowhere"}
    answer = api.call("POST", "/binding-explanations", {"binding_explanation": question})
    assert answer.status == 200
    assert answer.body["binding_explanation"]["vif_type"] != "ovs"
    for wrong in ({"network_id": port["network_id"]}, {**question, "vnic_type": "x"}):
        refused = api.call("POST", "/binding-explanations", {"binding_explanation": wrong})
        assert refused.refused == (400, "HTTPBadRequest")


def test_health_and_metrics(api: Api, port: dict[str, Any]) -> None:
    assert api.call("GET", "//healthcheck").body["healthy"] is True
    text = api.call("GET", "//metrics").body
    assert 'deuteron_http_request_seconds_count{method="POST",route="/v2.0/ports"' in text
    assert 'deuteron_binds_total{outcome="bound"' in text
    assert 'network_type="vxlan"' in text


def test_an_extension_is_listed_and_shown(api: Api) -> None:
    listed = api.call("GET", "/extensions").body["extensions"]
    assert len(listed) == len({extension["alias"] for extension in listed}) > 25
    for extension in listed:
        shown = api.call("GET", f"/extensions/{extension['alias']}").body["extension"]
        assert shown == extension
