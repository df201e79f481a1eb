"""The objects of agents, compared with those that Neutron sent."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from deuteron.errors import InvalidInput
from deuteron.rpc import objects, versioned
from deuteron.rpc.versioned import primitive
from tests.observed import messages

Data = dict[str, Any]


def sent() -> dict[tuple[str, str], Data]:
    """(name, version) -> one object that a Neutron 29 pushed or was asked for."""
    found: dict[tuple[str, str], Data] = {}
    for message in messages():
        if message.get("server") != "29":
            continue
        if message.get("method") == "push" and message["args"]["event_type"] != "deleted":
            some = message["args"]["resource_list"]
        elif message.get("to") in {"pull", "bulk_pull"} and message["result"]:
            some = message["result"] if isinstance(message["result"], list) else [message["result"]]
        else:
            continue
        for one in some:
            key = one["versioned_object.name"], one["versioned_object.version"]
            found[key] = one
    return found


SENT = sent()


def plain(value: Any) -> Any:
    """Objects as what they hold."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict) and "versioned_object.data" in value:
        return {name: plain(one) for name, one in value["versioned_object.data"].items()}
    return value


def as_port(values: Data) -> Data:
    security = values.pop("security")
    for binding in values["bindings"]:
        binding["profile"] = json.loads(binding["profile"])
        binding["vif_details"] = {
            **json.loads(binding["vif_details"]),
            "bound_drivers": {"0": "openvswitch"},
        }
    for level in values["binding_levels"]:
        level["segment"].setdefault("physical_network", None)
    return {
        **values,
        "port_security_enabled": security["port_security_enabled"],
        "security_groups": values.pop("security_group_ids"),
        "extra_dhcp_opts": values.pop("dhcp_options"),
    }


def as_network(values: Data) -> Data:
    return {
        **values,
        "port_security_enabled": values.pop("security")["port_security_enabled"],
        "segment_objects": values.pop("segments"),
    }


def as_subnet(values: Data) -> Data:
    return {
        **values,
        "router:external": values["external"],
        "dns_nameservers": [one["address"] for one in values["dns_nameservers"]],
    }


def as_group(values: Data) -> Data:
    return {**values, "security_group_rules": values.pop("rules")}


def as_policy(values: Data) -> Data:
    for rule in values["rules"]:
        rule["type"] = "dscp_marking" if "dscp_mark" in rule else "bandwidth_limit"
    return values


def as_address_group(values: Data) -> Data:
    return {**values, "addresses": [one["address"] for one in values["addresses"]]}


def as_it_is(values: Data) -> Data:
    return values


KINDS: dict[str, tuple[versioned.Kind, Callable[[Data], Data]]] = {
    "Port": (objects.PORT, as_port),
    "Network": (objects.NETWORK, as_network),
    "Subnet": (objects.SUBNET, as_subnet),
    "SecurityGroup": (objects.SECURITY_GROUP, as_group),
    "SecurityGroupRule": (objects.SECURITY_GROUP_RULE, as_it_is),
    "AddressGroup": (objects.ADDRESS_GROUP, as_address_group),
    "QosPolicy": (objects.QOS_POLICY, as_policy),
    "Trunk": (objects.TRUNK, as_it_is),
    "SubPort": (objects.SUB_PORT, as_it_is),
}


def without_derived_ids(value: Any) -> Any:
    """Ids of what has none here are made of what it holds."""
    if isinstance(value, list):
        return [without_derived_ids(one) for one in value]
    if isinstance(value, dict):
        named = value.get("versioned_object.name")
        kept = {name: without_derived_ids(one) for name, one in value.items()}
        kept.pop("versioned_object.changes", None)
        if named in {"ExtraDhcpOpt", "IPAllocationPool"}:
            kept["versioned_object.data"].pop("id")
        if named == "PortBinding":
            details = json.loads(kept["versioned_object.data"]["vif_details"])
            kept["versioned_object.data"]["vif_details"] = details
        return kept
    return value


@pytest.mark.parametrize(("name", "version"), sorted(SENT), ids=str)
def test_objects_are_what_neutron_sends(name: str, version: str) -> None:
    kind, as_data = KINDS[name]
    told = SENT[name, version]
    data = as_data(plain(told))
    ours = json.loads(json.dumps(primitive(kind, data, version)))
    assert without_derived_ids(ours) == without_derived_ids(told)


def test_every_kind_was_seen() -> None:
    assert {name for name, _ in SENT} == set(KINDS)


def a_port(**more: Any) -> Data:
    return as_port(plain(SENT["Port", "1.11"])) | more


def fields(kind: versioned.Kind, data: Data, version: str) -> set[str]:
    return set(primitive(kind, data, version)["versioned_object.data"])


def test_an_older_version_has_fewer_fields() -> None:
    newest = fields(objects.PORT, a_port(), "1.11")
    assert newest - fields(objects.PORT, a_port(), "1.10") == {"pvlan_type", "pvlan_community"}
    assert {"hints", "qos_network_policy_id"} & fields(objects.PORT, a_port(), "1.4") == set()


def test_what_a_port_asks_of_its_host_is_there_from_its_version_on() -> None:
    wishes = {
        "numa_affinity_policy": "required",
        "device_profile": "fpga",
        "hardware_offload_type": "switchdev",
        "trusted": False,
    }
    told = primitive(objects.PORT, a_port(**wishes))["versioned_object.data"]
    assert {name: told[name] for name in wishes} == wishes
    # What is not wished is left out, as by Neutron.
    assert fields(objects.PORT, a_port(), "1.11").isdisjoint(wishes)
    for version, known in (("1.9", 3), ("1.8", 2), ("1.7", 2), ("1.6", 1), ("1.5", 0)):
        assert len(fields(objects.PORT, a_port(**wishes), version) & wishes.keys()) == known


def test_rules_have_the_version_that_belongs_to_their_group() -> None:
    group = as_group(plain(SENT["SecurityGroup", "1.6"]))
    for version, of_rules in (("1.6", "1.3"), ("1.5", "1.2"), ("1.3", "1.1"), ("1.0", "1.0")):
        data = primitive(objects.SECURITY_GROUP, group, version)["versioned_object.data"]
        assert {rule["versioned_object.version"] for rule in data["rules"]} == {of_rules}


def test_rules_of_later_types_are_left_out_of_an_older_policy() -> None:
    policy = as_policy(plain(SENT["QosPolicy", "1.10"]))
    policy["rules"].append(
        {"id": "r", "type": "minimum_packet_rate", "min_kpps": 1, "direction": "any"}
    )
    for version, count in (("1.10", 3), ("1.9", 2), ("1.0", 1)):
        data = primitive(objects.QOS_POLICY, policy, version)["versioned_object.data"]
        assert len(data["rules"]) == count


@pytest.mark.parametrize("version", ["1.12", "2.0", "0.9", "1", "x", "1.9999999999999999999", "²"])
def test_a_version_that_is_not_there(version: str) -> None:
    with pytest.raises(InvalidInput):
        primitive(objects.PORT, a_port(), version)


def test_what_is_not_set_is_sent_as_null() -> None:
    port = a_port(hints={"openvswitch": {"other_config": {}}}, data_plane_status="DOWN")
    data = primitive(objects.PORT, port)["versioned_object.data"]
    assert json.loads(data["hints"]["versioned_object.data"]["hints"]) == port["hints"]
    status = data["data_plane_status"]["versioned_object.data"]
    assert status == {"port_id": port["id"], "data_plane_status": "DOWN"}
    assert data["dns"] is None
    named = primitive(objects.PORT, {**port, "dns_name": "vm"})["versioned_object.data"]
    assert named["dns"]["versioned_object.data"]["dns_name"] == "vm"
