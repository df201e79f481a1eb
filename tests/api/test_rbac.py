"""RBAC policies through the whole application: who sees what, and when a policy must stay."""

from typing import Any

import pytest

from tests.api.client import Api, path_of

OWNER = "11111111111111111111111111111111"
FRIEND = "22222222222222222222222222222222"
STRANGER = "33333333333333333333333333333333"
ABSENT = "00000000-0000-4000-8000-000000000000"

Network = dict[str, Any]


@pytest.fixture
def owner(api: Api) -> Api:
    return api.as_project(OWNER)


@pytest.fixture
def friend(api: Api) -> Api:
    return api.as_project(FRIEND)


@pytest.fixture
def stranger(api: Api) -> Api:
    return api.as_project(STRANGER)


@pytest.fixture
def network(owner: Api) -> Network:
    return owner.create("network", name="mine")


def share(api: Api, thing: dict[str, Any], target: str = FRIEND, **values: str) -> dict[str, Any]:
    body = {"object_type": "network", "action": "access_as_shared", **values}
    return api.create("rbac_policy", object_id=thing["id"], target_tenant=target, **body)


def sees(api: Api, noun: str, thing: dict[str, Any]) -> bool:
    listed = thing["id"] in [one["id"] for one in api.list(noun)]
    shown = api.call("GET", f"/{path_of(noun)}/{thing['id']}").status
    assert shown == (200 if listed else 404)
    return listed


def test_a_policy_shows_what_it_says(owner: Api, network: Network) -> None:
    policy = share(owner, network)
    assert policy == {
        "id": policy["id"],
        "object_type": "network",
        "object_id": network["id"],
        "action": "access_as_shared",
        "target_tenant": FRIEND,
        "project_id": OWNER,
        "tenant_id": OWNER,
    }
    assert owner.show("rbac_policy", policy["id"]) == policy
    assert owner.list("rbac_policy") == [policy]
    assert owner.list("rbac_policy", f"target_tenant={FRIEND}&object_type=network") == [policy]
    assert owner.list("rbac_policy", f"target_tenant={STRANGER}") == []


def test_a_shared_network_is_there_for_its_target_only(
    owner: Api, friend: Api, stranger: Api, network: Network
) -> None:
    subnet = owner.create("subnet", network_id=network["id"], cidr="10.0.0.0/24", ip_version=4)
    assert not sees(friend, "network", network)
    assert not sees(friend, "subnet", subnet)
    policy = share(owner, network)
    assert sees(friend, "network", network)
    assert sees(friend, "subnet", subnet)
    assert not sees(stranger, "network", network)
    assert not sees(stranger, "subnet", subnet)
    owner.delete("rbac_policy", policy["id"])
    assert not sees(friend, "network", network)


def test_shared_is_told_to_whom_it_concerns(
    api: Api, owner: Api, friend: Api, network: Network
) -> None:
    share(owner, network)
    assert friend.show("network", network["id"])["shared"] is True
    assert owner.show("network", network["id"])["shared"] is False
    assert [one["id"] for one in friend.list("network", "shared=true")] == [network["id"]]
    assert friend.list("network", "shared=false") == []
    assert owner.list("network", "shared=true") == []
    api.update("network", network["id"], shared=True)
    assert owner.show("network", network["id"])["shared"] is True


def test_shared_is_a_policy_for_everybody(api: Api, stranger: Api, network: Network) -> None:
    api.update("network", network["id"], shared=True)
    (policy,) = api.list("rbac_policy", f"object_id={network['id']}")
    assert (policy["target_tenant"], policy["action"]) == ("*", "access_as_shared")
    assert sees(stranger, "network", network)
    api.delete("rbac_policy", policy["id"])
    assert api.show("network", network["id"])["shared"] is False
    assert not sees(stranger, "network", network)
    made = api.create("network", shared=True)
    assert len(api.list("rbac_policy", f"object_id={made['id']}")) == 1
    assert api.update("network", made["id"], shared=False)["shared"] is False
    assert api.list("rbac_policy") == []


def test_external_is_a_policy_for_everybody(api: Api, stranger: Api, network: Network) -> None:
    api.update("network", network["id"], **{"router:external": True})
    (policy,) = api.list("rbac_policy", f"object_id={network['id']}")
    assert (policy["target_tenant"], policy["action"]) == ("*", "access_as_external")
    assert sees(stranger, "network", network)
    assert stranger.show("network", network["id"])["shared"] is False
    api.update("network", network["id"], **{"router:external": False})
    assert api.list("rbac_policy") == []
    assert not sees(stranger, "network", network)


def test_an_external_policy_makes_a_network_external_until_the_last_one_goes(
    api: Api, owner: Api, friend: Api, stranger: Api, network: Network
) -> None:
    first = share(owner, network, action="access_as_external")
    second = share(owner, network, OWNER, action="access_as_external")
    assert owner.show("network", network["id"])["router:external"] is True
    assert sees(friend, "network", network)
    assert not sees(stranger, "network", network)
    owner.delete("rbac_policy", first["id"])
    assert owner.show("network", network["id"])["router:external"] is True
    assert not sees(friend, "network", network)
    owner.delete("rbac_policy", second["id"])
    assert owner.show("network", network["id"])["router:external"] is False


def test_a_network_with_gateways_stays_external(api: Api) -> None:
    network = api.create("network", **{"router:external": True})
    api.create("port", network_id=network["id"], device_owner="network:router_gateway")
    changes = {"router:external": False}
    assert api.refuse_update("network", network["id"], **changes) == (409, "ExternalNetworkInUse")
    (policy,) = api.list("rbac_policy")
    assert api.refuse_delete("rbac_policy", policy["id"]) == (409, "RbacPolicyInUse")


def test_a_network_is_external_for_those_whose_routers_go_out_there(
    api: Api, owner: Api, friend: Api, stranger: Api, network: Network
) -> None:
    owner.create("subnet", network_id=network["id"], cidr="192.0.2.0/24", ip_version=4)
    for_all = share(api, network, "*", action="access_as_external")
    for_friend = share(api, network, action="access_as_external")
    gateway = {"external_gateway_info": {"network_id": network["id"]}}
    router = friend.create("router", **gateway)["id"]
    in_use = (409, "RbacPolicyInUse")
    other = stranger.create("router", **gateway)["id"]
    assert api.refuse_delete("rbac_policy", for_all["id"]) == in_use
    stranger.delete("router", other)
    api.delete("rbac_policy", for_all["id"])
    assert api.refuse_delete("rbac_policy", for_friend["id"]) == in_use
    changes = {"target_tenant": STRANGER}
    assert api.refuse_update("rbac_policy", for_friend["id"], **changes) == in_use
    api.update("rbac_policy", for_friend["id"], target_tenant="*")
    friend.delete("router", router)
    api.update("network", network["id"], is_default=True)
    assert api.refuse_delete("rbac_policy", for_friend["id"]) == in_use


def test_a_policy_stays_while_its_target_has_ports(
    owner: Api, friend: Api, network: Network
) -> None:
    policy = share(owner, network)
    port = friend.create("port", network_id=network["id"])
    assert owner.refuse_delete("rbac_policy", policy["id"]) == (409, "RbacPolicyInUse")
    refused = owner.refuse_update("rbac_policy", policy["id"], target_tenant=STRANGER)
    assert refused == (409, "RbacPolicyInUse")
    friend.delete("port", port["id"])
    assert owner.update("rbac_policy", policy["id"], target_tenant=STRANGER)["target_tenant"] == (
        STRANGER
    )
    owner.delete("rbac_policy", policy["id"])


def test_one_of_two_policies_may_go(api: Api, owner: Api, friend: Api, network: Network) -> None:
    single = share(owner, network)
    everybody = share(api, network, "*")
    friend.create("port", network_id=network["id"])
    owner.delete("rbac_policy", single["id"])
    assert api.refuse_delete("rbac_policy", everybody["id"]) == (409, "RbacPolicyInUse")
    share(owner, network)
    api.delete("rbac_policy", everybody["id"])


def test_a_policy_for_everybody_may_become_one_for_those_who_use_it(
    api: Api, friend: Api, network: Network
) -> None:
    policy = share(api, network, "*")
    friend.create("port", network_id=network["id"])
    refused = api.refuse_update("rbac_policy", policy["id"], target_tenant=STRANGER)
    assert refused == (409, "RbacPolicyInUse")
    assert api.update("rbac_policy", policy["id"], target_tenant=FRIEND)["target_tenant"] == FRIEND
    assert api.update("rbac_policy", policy["id"], target_tenant="*")["target_tenant"] == "*"


def test_a_network_stays_shared_while_others_use_it(api: Api, friend: Api) -> None:
    network = api.create("network", shared=True)
    friend.create("port", network_id=network["id"])
    refused = api.refuse_update("network", network["id"], shared=False)
    assert refused == (409, "InvalidSharedSetting")
    share(api, network)
    assert api.update("network", network["id"], shared=False)["shared"] is False
    assert sees(friend, "network", network)


def test_what_is_shared_ends_with_the_object(api: Api, owner: Api, network: Network) -> None:
    share(owner, network)
    owner.delete("network", network["id"])
    assert api.list("rbac_policy") == []
    group = owner.create("security_group", name="g")
    share(owner, group, object_type="security_group")
    owner.delete("security_group", group["id"])
    assert api.list("rbac_policy") == []


def test_the_owner_sees_ports_of_others_on_its_network(
    owner: Api, friend: Api, stranger: Api, network: Network
) -> None:
    share(owner, network, FRIEND)
    share(owner, network, STRANGER)
    port = friend.create("port", network_id=network["id"])
    assert sees(owner, "port", port)
    assert sees(friend, "port", port)
    assert not sees(stranger, "port", port)


def test_a_shared_group_can_be_used_but_not_without_the_policy(
    owner: Api, friend: Api, stranger: Api
) -> None:
    group = owner.create("security_group", name="g")
    network = friend.create("network")
    wish = {"network_id": network["id"], "security_groups": [group["id"]]}
    assert friend.refuse("port", **wish) == (404, "SecurityGroupNotFound")
    policy = share(owner, group, object_type="security_group")
    assert sees(friend, "security_group", group)
    assert friend.show("security_group", group["id"])["shared"] is True
    assert owner.show("security_group", group["id"])["shared"] is False
    assert [one["id"] for one in friend.list("security_group", "shared=true")] == [group["id"]]
    assert not sees(stranger, "security_group", group)
    own = friend.create("security_group", name="own")
    friend.create(
        "security_group_rule",
        security_group_id=own["id"],
        direction="ingress",
        remote_group_id=group["id"],
    )
    port = friend.create("port", **wish)
    assert port["security_groups"] == [group["id"]]
    assert owner.refuse_delete("rbac_policy", policy["id"]) == (409, "RbacPolicyInUse")
    friend.delete("port", port["id"])
    owner.delete("rbac_policy", policy["id"])
    assert friend.refuse("port", **wish) == (404, "SecurityGroupNotFound")


def test_a_shared_pool_can_be_used_but_not_without_the_policy(
    owner: Api, friend: Api, stranger: Api
) -> None:
    pool = owner.create("subnetpool", name="p", prefixes=["10.0.0.0/16"], default_prefixlen=24)
    network = friend.create("network")
    wish = {"network_id": network["id"], "subnetpool_id": pool["id"], "ip_version": 4}
    assert friend.refuse("subnet", **wish) == (404, "SubnetPoolNotFound")
    policy = share(owner, pool, object_type="subnetpool")
    assert sees(friend, "subnetpool", pool)
    assert friend.show("subnetpool", pool["id"])["shared"] is True
    assert not sees(stranger, "subnetpool", pool)
    subnet = friend.create("subnet", **wish)
    assert owner.refuse_delete("rbac_policy", policy["id"]) == (409, "RbacPolicyInUse")
    friend.delete("subnet", subnet["id"])
    owner.delete("rbac_policy", policy["id"])
    assert not sees(friend, "subnetpool", pool)


def test_a_shared_address_group_can_be_used_but_not_without_the_policy(
    owner: Api, friend: Api, stranger: Api
) -> None:
    addresses = owner.create("address_group", name="a", addresses=["192.0.2.0/24"])
    group = friend.create("security_group", name="g")
    wish = {
        "security_group_id": group["id"],
        "direction": "ingress",
        "remote_address_group_id": addresses["id"],
    }
    assert friend.refuse("security_group_rule", **wish) == (404, "AddressGroupNotFound")
    policy = share(owner, addresses, object_type="address_group")
    assert sees(friend, "address_group", addresses)
    assert "shared" not in friend.show("address_group", addresses["id"])  # as in Neutron
    assert not sees(stranger, "address_group", addresses)
    rule = friend.create("security_group_rule", **wish)
    assert owner.refuse_delete("rbac_policy", policy["id"]) == (409, "RbacPolicyInUse")
    friend.delete("security_group_rule", rule["id"])
    owner.delete("rbac_policy", policy["id"])
    assert not sees(friend, "address_group", addresses)
    share(owner, addresses, object_type="address_group")
    owner.delete("address_group", addresses["id"])
    assert owner.list("rbac_policy") == []


def test_a_pool_is_shared_only_with_those_who_see_its_scope(
    api: Api, owner: Api, friend: Api
) -> None:
    scope = owner.create("address_scope", name="s", ip_version=4)
    pool = owner.create(
        "subnetpool", name="p", prefixes=["10.0.0.0/16"], address_scope_id=scope["id"]
    )
    body = {"object_type": "subnetpool", "object_id": pool["id"], "action": "access_as_shared"}
    assert owner.refuse("rbac_policy", **body, target_tenant=FRIEND) == (400, "InvalidInput")
    policy = share(owner, scope, object_type="address_scope")
    assert sees(friend, "address_scope", scope)
    share(owner, pool, object_type="subnetpool")
    assert api.refuse("rbac_policy", **body, target_tenant="*") == (400, "InvalidInput")
    mine = friend.create(
        "subnetpool", name="f", prefixes=["10.1.0.0/16"], address_scope_id=scope["id"]
    )
    assert owner.refuse_delete("rbac_policy", policy["id"]) == (409, "RbacPolicyInUse")
    friend.delete("subnetpool", mine["id"])
    owner.delete("rbac_policy", policy["id"])
    owner.delete("subnetpool", pool["id"])
    owner.delete("address_scope", scope["id"])
    assert api.list("rbac_policy") == []


REFUSED: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "unknown type": ({"object_type": "router"}, (400, "InvalidInput")),
    "type is no text": ({"object_type": 5}, (400, "InvalidInput")),
    "unknown action": ({"action": "access_as_guest"}, (400, "InvalidActionForType")),
    "action of another type": (
        {"object_type": "security_group", "action": "access_as_external"},
        (400, "InvalidActionForType"),
    ),
    "no such object": ({"object_id": ABSENT}, (400, "InvalidInput")),
    "no such group": (
        {"object_type": "security_group", "object_id": ABSENT},
        (400, "InvalidInput"),
    ),
    "object is no id": ({"object_id": "x"}, (400, "HTTPBadRequest")),
    "target is no project": ({"target_tenant": "abc"}, (400, "InvalidInput")),
    "target is empty": ({"target_tenant": ""}, (400, "InvalidInput")),
    "target is no text": ({"target_tenant": None}, (400, "InvalidInput")),
    "another name of the target": ({"target_project": FRIEND}, (400, "HTTPBadRequest")),
    "unknown attribute": ({"colour": "red"}, (400, "HTTPBadRequest")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_policy_is_refused(owner: Api, network: Network, case: str) -> None:
    wrong, refused = REFUSED[case]
    body = {
        "object_type": "network",
        "object_id": network["id"],
        "action": "access_as_shared",
        "target_tenant": FRIEND,
    }
    assert owner.refuse("rbac_policy", **{**body, **wrong}) == refused
    assert owner.list("rbac_policy") == []


@pytest.mark.parametrize("missing", ["object_type", "object_id", "action", "target_tenant"])
def test_a_policy_needs_all_its_parts(owner: Api, network: Network, missing: str) -> None:
    body = {
        "object_type": "network",
        "object_id": network["id"],
        "action": "access_as_shared",
        "target_tenant": FRIEND,
    }
    del body[missing]
    assert owner.refuse("rbac_policy", **body) == (400, "HTTPBadRequest")


def test_a_policy_is_made_once(owner: Api, network: Network) -> None:
    policy = share(owner, network)
    body = {key: policy[key] for key in ("object_type", "object_id", "action", "target_tenant")}
    assert owner.refuse("rbac_policy", **body) == (409, "DuplicateRbacPolicy")
    other = share(owner, network, STRANGER)
    refused = owner.refuse_update("rbac_policy", other["id"], target_tenant=FRIEND)
    assert refused == (409, "DuplicateRbacPolicy")
    twice = owner.call("POST", "/rbac-policies", {"rbac_policies": [dict(body), dict(body)]})
    assert twice.refused == (409, "DuplicateRbacPolicy")


def test_many_policies_are_made_at_once_or_none(api: Api, owner: Api) -> None:
    networks = [owner.create("network") for _ in range(3)]
    bodies = [
        {
            "object_type": "network",
            "object_id": network["id"],
            "action": "access_as_shared",
            "target_tenant": FRIEND,
        }
        for network in networks
    ]
    wrong = [*bodies, {**bodies[0], "object_id": ABSENT}]
    answer = owner.call("POST", "/rbac-policies", {"rbac_policies": wrong})
    assert answer.refused == (400, "InvalidInput")
    assert api.list("rbac_policy") == []
    answer = owner.call("POST", "/rbac-policies", {"rbac_policies": bodies})
    assert answer.status == 201
    assert [one["object_id"] for one in answer.body["rbac_policies"]] == [n["id"] for n in networks]


def test_only_owners_share(api: Api, friend: Api, stranger: Api, network: Network) -> None:
    body = {
        "object_type": "network",
        "object_id": network["id"],
        "action": "access_as_shared",
        "target_tenant": STRANGER,
    }
    assert stranger.refuse("rbac_policy", **body) == (400, "InvalidInput")  # not there at all
    share(api, network)
    assert friend.refuse("rbac_policy", **body) == (400, "InvalidInput")  # there, not its own
    assert friend.refuse("rbac_policy", **{**body, "action": "access_as_external"}) == (
        400,
        "InvalidInput",
    )


def test_policies_of_others_are_not_there(
    owner: Api, friend: Api, stranger: Api, network: Network
) -> None:
    policy = share(owner, network)
    missing = (404, "RbacPolicyNotFound")
    for other in (friend, stranger):
        assert other.list("rbac_policy") == []
        assert other.call("GET", f"/rbac-policies/{policy['id']}").refused == missing
        assert other.refuse_update("rbac_policy", policy["id"], target_tenant=FRIEND) == missing
        assert other.refuse_delete("rbac_policy", policy["id"]) == missing
    assert owner.call("GET", f"/rbac-policies/{ABSENT}").refused == missing


def test_a_policy_keeps_all_but_its_target(owner: Api, network: Network) -> None:
    policy = share(owner, network)
    for name in ("object_type", "object_id", "action", "project_id", "id"):
        refused = owner.refuse_update("rbac_policy", policy["id"], **{name: policy[name]})
        assert refused == (400, "HTTPBadRequest"), name
    same = owner.update("rbac_policy", policy["id"], target_tenant=FRIEND)
    assert same == policy


def test_sharing_counts_as_a_change(owner: Api, network: Network) -> None:
    before = owner.show("network", network["id"])["revision_number"]
    policy = share(owner, network)
    assert owner.show("network", network["id"])["revision_number"] == before + 1
    owner.delete("rbac_policy", policy["id"])
    assert owner.show("network", network["id"])["revision_number"] == before + 2


def test_policies_are_listed_in_pages(owner: Api, network: Network) -> None:
    for number in range(5):
        share(owner, network, f"{number:032x}")
    first = owner.list("rbac_policy", "limit=3")
    rest = owner.list("rbac_policy", f"limit=3&marker={first[-1]['id']}")
    assert (len(first), len(rest)) == (3, 2)
    assert len({one["id"] for one in first + rest}) == 5
