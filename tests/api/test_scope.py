"""Projects among one another: nobody sees or touches what is another's, and ids do not help.

`owner` has one thing of every noun, `other` asks: for each thing by each verb, and with each of its
ids wherever an id can stand in a body. An administrator sees that nothing has changed.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.client import Answer, Api, path_of

OWNER = "11111111111111111111111111111111"
OTHER = "22222222222222222222222222222222"
ABSENT = "00000000-0000-4000-8000-000000000000"

Thing = dict[str, Any]
Things = dict[str, Thing]

# What is answered where a thing is not there for who asks.
MISSING = {
    "network": "NetworkNotFound",
    "subnet": "SubnetNotFound",
    "port": "PortNotFound",
    "security_group": "SecurityGroupNotFound",
    "security_group_rule": "SecurityGroupRuleNotFound",
    "rbac_policy": "RbacPolicyNotFound",
    "security_groups_default_statefulness": "SecurityGroupDefaultStatefulnessNotFound",
    "subnetpool": "SubnetPoolNotFound",
    "address_scope": "AddressScopeNotFound",
    "trunk": "TrunkNotFound",
    "address_group": "AddressGroupNotFound",
    # an administrator's matter altogether
    "segment": "HTTPNotFound",
    "network_segment_range": "HTTPNotFound",
    "agent": "HTTPNotFound",
}
CHANGES: dict[str, Thing] = {
    **{noun: {"description": "changed"} for noun in MISSING},
    "rbac_policy": {"target_tenant": OTHER},
    "address_scope": {"name": "changed"},
    "security_groups_default_statefulness": {"stateful": False},
}
TAGGED = ("network", "subnet", "port", "security_group", "subnetpool", "trunk")


def one_of_each(admin: Api, api: Api) -> Things:
    """One thing of each noun, of the project that `api` asks for."""
    network = api.create("network", name="n")
    group = api.create("security_group", name="g")
    scope = api.create("address_scope", name="s", ip_version=4)
    parent = api.create("port", network_id=network["id"])
    qos = {"policy": {"name": "q", "project_id": network["project_id"]}}
    (segment,) = admin.list("segment", f"network_id={network['id']}")
    return {
        "network": network,
        "subnet": api.create("subnet", network_id=network["id"], cidr="10.0.0.0/24", ip_version=4),
        "port": api.create("port", network_id=network["id"], device_owner="compute:nova"),
        "security_group": group,
        "security_group_rule": group["security_group_rules"][0],
        "segment": segment,
        "rbac_policy": api.create(
            "rbac_policy",
            object_type="network",
            object_id=network["id"],
            action="access_as_shared",
            target_tenant="33333333333333333333333333333333",
        ),
        "address_scope": scope,
        "subnetpool": api.create(
            "subnetpool", name="p", prefixes=["10.8.0.0/16"], address_scope_id=scope["id"]
        ),
        "address_group": api.create("address_group", name="a", addresses=["192.0.2.0/24"]),
        "trunk": api.create("trunk", port_id=parent["id"]),
        "spare port": api.create("port", network_id=network["id"]),
        "qos policy": admin.call("POST", "/qos/policies", qos).body["policy"],
    }


@pytest.fixture
def owner(api: Api) -> Api:
    return api.as_project(OWNER)


@pytest.fixture
def other(api: Api) -> Api:
    made = api.as_project(OTHER)
    for asking in (made, api):
        asking.list("security_group")  # makes their default groups
    return made


@pytest.fixture
def theirs(api: Api, owner: Api) -> Things:
    api.ovs_agent("host-1")
    made = one_of_each(api, owner)
    made["network_segment_range"] = api.create(
        "network_segment_range",
        shared=False,
        project_id=OWNER,
        network_type="vxlan",
        minimum=5000000,
        maximum=5000010,
    )
    (made["agent"],) = api.list("agent")
    made["security_groups_default_statefulness"] = api.create(
        "security_groups_default_statefulness", project_id=OWNER
    )
    return made


def everything(admin: Api) -> dict[str, list[Thing]]:
    return {noun: admin.list(noun) for noun in MISSING}


@pytest.mark.parametrize("noun", MISSING)
def test_what_is_anothers_is_not_there(api: Api, other: Api, theirs: Things, noun: str) -> None:
    path, missing = f"/{path_of(noun)}/{theirs[noun]['id']}", (404, MISSING[noun])
    before = everything(api)
    assert other.list(noun, f"id={theirs[noun]['id']}") == []
    assert theirs[noun]["id"] not in [one["id"] for one in other.list(noun)]
    assert other.call("GET", path).refused == missing
    assert other.call("PUT", path, {noun: CHANGES[noun]}).refused == missing
    assert other.call("DELETE", path).refused == missing
    assert everything(api) == before


@pytest.mark.parametrize("noun", MISSING)
def test_what_is_anothers_looks_like_what_does_not_exist(
    other: Api, theirs: Things, noun: str
) -> None:
    for method, body in (("GET", None), ("PUT", {noun: CHANGES[noun]}), ("DELETE", None)):
        foreign, absent = (
            other.call(method, f"/{path_of(noun)}/{one}", body)
            for one in (theirs[noun]["id"], ABSENT)
        )
        assert foreign.refused == absent.refused
        assert _words(foreign, theirs[noun]["id"]) == _words(absent, ABSENT)


def _words(answer: Answer, own_id: str) -> str:
    return str(answer.body["NeutronError"]["message"]).replace(own_id, "ID")


@pytest.mark.parametrize("noun", TAGGED)
def test_tags_of_another_are_not_there(api: Api, other: Api, theirs: Things, noun: str) -> None:
    before = everything(api)
    path = f"/{path_of(noun)}/{theirs[noun]['id']}/tags"
    tags = {"tags": ["mine"]}
    for method, below, body in (
        ("GET", "", None),
        ("POST", "", tags),
        ("PUT", "", tags),
        ("DELETE", "", None),
        ("GET", "/mine", None),
        ("PUT", "/mine", None),
        ("DELETE", "/mine", None),
    ):
        assert other.call(method, path + below, body).status == 404, (method, below)
    assert everything(api) == before


def test_bindings_of_another_are_not_there(api: Api, other: Api, theirs: Things) -> None:
    before = everything(api)
    path = f"/ports/{theirs['port']['id']}"
    for method, below, body in (
        ("GET", "/bindings", None),
        ("GET", "/bindings/host-1", None),
        ("POST", "/bindings", {"binding": {"host": "host-1"}}),
        ("PUT", "/bindings/host-1", {"binding": {"profile": {}}}),
        ("PUT", "/bindings/host-1/activate", {}),
        ("DELETE", "/bindings/host-1", None),
        ("GET", "/binding-explanation", None),
    ):
        answer = other.call(method, path + below, body)
        # 403 or nothing where no member may ask at all, whatever the port
        nothing = answer.body == {"bindings": []}
        assert nothing or answer.status in (403, 404), (method, below)
    assert everything(api) == before


Body = Callable[[Things, Things], tuple[str, str, Thing]]

# What `other` sends: (method, path, body) of its own things and theirs, and what it is answered.
NAMED: dict[str, tuple[Body, tuple[int, str]]] = {
    "port on a network": (
        lambda _, theirs: ("POST", "/ports", {"port": {"network_id": theirs["network"]["id"]}}),
        (404, "NetworkNotFound"),
    ),
    "ports, one on a network": (
        lambda own, theirs: (
            "POST",
            "/ports",
            {"ports": [{"network_id": one["network"]["id"]} for one in (own, theirs)]},
        ),
        (404, "NetworkNotFound"),
    ),
    "subnet on a network": (
        lambda _, theirs: (
            "POST",
            "/subnets",
            {
                "subnet": {
                    "network_id": theirs["network"]["id"],
                    "cidr": "10.9.0.0/24",
                    "ip_version": 4,
                }
            },
        ),
        (404, "NetworkNotFound"),
    ),
    "segment of a network": (
        lambda _, theirs: (
            "POST",
            "/segments",
            {"segment": {"network_id": theirs["network"]["id"], "network_type": "vxlan"}},
        ),
        (404, "NetworkNotFound"),
    ),
    "port with an address of a subnet": (
        lambda own, theirs: (
            "POST",
            "/ports",
            {
                "port": {
                    "network_id": own["network"]["id"],
                    "fixed_ips": [{"subnet_id": theirs["subnet"]["id"]}],
                }
            },
        ),
        (404, "SubnetNotFound"),
    ),
    "port gets an address of a subnet": (
        lambda own, theirs: (
            "PUT",
            f"/ports/{own['port']['id']}",
            {"port": {"fixed_ips": [{"subnet_id": theirs["subnet"]["id"]}]}},
        ),
        (404, "SubnetNotFound"),
    ),
    "port in a group": (
        lambda own, theirs: (
            "POST",
            "/ports",
            {
                "port": {
                    "network_id": own["network"]["id"],
                    "security_groups": [theirs["security_group"]["id"]],
                }
            },
        ),
        (404, "SecurityGroupNotFound"),
    ),
    "port joins a group": (
        lambda own, theirs: (
            "PUT",
            f"/ports/{own['port']['id']}",
            {"port": {"security_groups": [theirs["security_group"]["id"]]}},
        ),
        (404, "SecurityGroupNotFound"),
    ),
    "rule of a group": (
        lambda _, theirs: (
            "POST",
            "/security-group-rules",
            {
                "security_group_rule": {
                    "security_group_id": theirs["security_group"]["id"],
                    "direction": "ingress",
                }
            },
        ),
        (404, "SecurityGroupNotFound"),
    ),
    "rule for what comes from a group": (
        lambda own, theirs: (
            "POST",
            "/security-group-rules",
            {
                "security_group_rule": {
                    "security_group_id": own["security_group"]["id"],
                    "direction": "ingress",
                    "remote_group_id": theirs["security_group"]["id"],
                }
            },
        ),
        (404, "SecurityGroupNotFound"),
    ),
    "subnet of a pool": (
        lambda own, theirs: (
            "POST",
            "/subnets",
            {
                "subnet": {
                    "network_id": own["network"]["id"],
                    "subnetpool_id": theirs["subnetpool"]["id"],
                    "ip_version": 4,
                }
            },
        ),
        (404, "SubnetPoolNotFound"),
    ),
    "subnets of a network for a pool": (
        lambda own, theirs: (
            "PUT",
            f"/subnetpools/{own['subnetpool']['id']}/onboard_network_subnets",
            {"network_id": theirs["network"]["id"]},
        ),
        (404, "NetworkNotFound"),
    ),
    "pool in an address scope": (
        lambda _, theirs: (
            "POST",
            "/subnetpools",
            {
                "subnetpool": {
                    "name": "p",
                    "prefixes": ["10.7.0.0/16"],
                    "address_scope_id": theirs["address_scope"]["id"],
                }
            },
        ),
        (404, "AddressScopeNotFound"),
    ),
    "pool joins an address scope": (
        lambda own, theirs: (
            "PUT",
            f"/subnetpools/{own['subnetpool']['id']}",
            {"subnetpool": {"address_scope_id": theirs["address_scope"]["id"]}},
        ),
        (404, "AddressScopeNotFound"),
    ),
    "port with a QoS policy": (
        lambda own, theirs: (
            "POST",
            "/ports",
            {
                "port": {
                    "network_id": own["network"]["id"],
                    "qos_policy_id": theirs["qos policy"]["id"],
                }
            },
        ),
        (404, "QosPolicyNotFound"),
    ),
    "port gets a QoS policy": (
        lambda own, theirs: (
            "PUT",
            f"/ports/{own['port']['id']}",
            {"port": {"qos_policy_id": theirs["qos policy"]["id"]}},
        ),
        (404, "QosPolicyNotFound"),
    ),
    "network gets a QoS policy": (
        lambda own, theirs: (
            "PUT",
            f"/networks/{own['network']['id']}",
            {"network": {"qos_policy_id": theirs["qos policy"]["id"]}},
        ),
        (404, "QosPolicyNotFound"),
    ),
    "trunk on a port": (
        lambda _, theirs: (
            "POST",
            "/trunks",
            {"trunk": {"port_id": theirs["spare port"]["id"]}},
        ),
        (404, "PortNotFound"),
    ),
    "trunk with a port": (
        lambda own, theirs: (
            "POST",
            "/trunks",
            {
                "trunk": {
                    "port_id": own["spare port"]["id"],
                    "sub_ports": [
                        {
                            "port_id": theirs["spare port"]["id"],
                            "segmentation_type": "vlan",
                            "segmentation_id": 5,
                        }
                    ],
                }
            },
        ),
        (404, "PortNotFound"),
    ),
    "port joins a trunk": (
        lambda own, theirs: (
            "PUT",
            f"/trunks/{own['trunk']['id']}/add_subports",
            {
                "sub_ports": [
                    {
                        "port_id": theirs["spare port"]["id"],
                        "segmentation_type": "vlan",
                        "segmentation_id": 5,
                    }
                ]
            },
        ),
        (404, "PortNotFound"),
    ),
    "policy for a pool": (
        lambda _, theirs: (
            "POST",
            "/rbac-policies",
            {
                "rbac_policy": {
                    "object_type": "subnetpool",
                    "object_id": theirs["subnetpool"]["id"],
                    "action": "access_as_shared",
                    "target_tenant": OTHER,
                }
            },
        ),
        (400, "InvalidInput"),
    ),
    "rule for what comes from an address group": (
        lambda own, theirs: (
            "POST",
            "/security-group-rules",
            {
                "security_group_rule": {
                    "security_group_id": own["security_group"]["id"],
                    "direction": "ingress",
                    "remote_address_group_id": theirs["address_group"]["id"],
                }
            },
        ),
        (404, "AddressGroupNotFound"),
    ),
    "address for a group": (
        lambda _, theirs: (
            "PUT",
            f"/address-groups/{theirs['address_group']['id']}/add_addresses",
            {"address_group": {"addresses": ["192.0.2.1/32"]}},
        ),
        (404, "AddressGroupNotFound"),
    ),
    "policy for an address group": (
        lambda _, theirs: (
            "POST",
            "/rbac-policies",
            {
                "rbac_policy": {
                    "object_type": "address_group",
                    "object_id": theirs["address_group"]["id"],
                    "action": "access_as_shared",
                    "target_tenant": OTHER,
                }
            },
        ),
        (400, "InvalidInput"),
    ),
    "policy for a network": (
        lambda _, theirs: (
            "POST",
            "/rbac-policies",
            {
                "rbac_policy": {
                    "object_type": "network",
                    "object_id": theirs["network"]["id"],
                    "action": "access_as_shared",
                    "target_tenant": OTHER,
                }
            },
        ),
        (400, "InvalidInput"),
    ),
    "policy for a group": (
        lambda _, theirs: (
            "POST",
            "/rbac-policies",
            {
                "rbac_policy": {
                    "object_type": "security_group",
                    "object_id": theirs["security_group"]["id"],
                    "action": "access_as_shared",
                    "target_tenant": OTHER,
                }
            },
        ),
        (400, "InvalidInput"),
    ),
    "network for a project": (
        lambda _own, _theirs: ("POST", "/networks", {"network": {"project_id": OWNER}}),
        (400, "HTTPBadRequest"),
    ),
}


@pytest.mark.parametrize("case", NAMED)
def test_an_id_of_another_counts_as_absent(api: Api, other: Api, theirs: Things, case: str) -> None:
    body, refused = NAMED[case]
    own = one_of_each(api, other)
    before = everything(api)
    answer = other.call(*body(own, theirs))
    assert answer.refused == refused
    absent = {noun: {"id": ABSENT} for noun in theirs}
    unknown = other.call(*body(own, absent))
    assert unknown.refused == refused
    ids = [thing["id"] for thing in theirs.values()]
    assert _without(answer, ids) == _without(unknown, [ABSENT])
    assert everything(api) == before


def _without(answer: Answer, ids: list[str]) -> str:
    words = str(answer.body["NeutronError"]["message"])
    for one in ids:
        words = words.replace(one, "ID")
    return words


FILTERS = {
    "network_id": ("network", ("subnet", "port")),
    "security_group_id": ("security_group", ("security_group_rule",)),
    "project_id": ("", ("network", "subnet", "port", "security_group", "security_group_rule")),
    "object_id": ("network", ("rbac_policy",)),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_shows_nothing_of_others(other: Api, theirs: Things, name: str) -> None:
    noun, lists = FILTERS[name]
    value = theirs[noun]["id"] if noun else OWNER
    for listed in lists:
        assert other.list(listed, f"{name}={value}") == [], listed


def test_what_is_seen_but_anothers_may_not_be_changed(
    api: Api, owner: Api, other: Api, theirs: Things
) -> None:
    for noun in ("network", "security_group"):
        owner.create(
            "rbac_policy",
            object_type=noun,
            object_id=theirs[noun]["id"],
            action="access_as_shared",
            target_tenant=OTHER,
        )
    before = everything(api)
    for noun in ("network", "subnet", "security_group"):
        path = f"/{path_of(noun)}/{theirs[noun]['id']}"
        assert other.call("GET", path).status == 200
        assert other.call("GET", f"{path}/tags").status == 200
        for method, target, body in (
            ("PUT", path, {noun: CHANGES[noun]}),
            ("PUT", f"{path}/tags/mine", None),
            ("DELETE", path, None),
        ):
            answer = other.call(method, target, body)
            assert answer.refused == (403, "PolicyNotAuthorized"), (noun, method, target)
    rule = {"security_group_id": theirs["security_group"]["id"], "direction": "ingress"}
    assert other.refuse("security_group_rule", **rule)[0] == 403
    assert everything(api) == before


def test_an_administrator_sees_all(api: Api, theirs: Things) -> None:
    for noun, thing in ((noun, theirs[noun]) for noun in MISSING):
        assert api.show(noun, thing["id"])["id"] == thing["id"]
        assert thing["id"] in [one["id"] for one in api.list(noun)]
