"""Subnet pools and address scopes as clients see them: answers, refusals, bad input, sharing."""

import pytest

from tests.api.client import Api

NOBODY = "11111111-2222-3333-4444-555555555555"
POOL_KEYS = {
    "id", "name", "project_id", "tenant_id", "prefixes", "ip_version", "default_prefixlen",
    "min_prefixlen", "max_prefixlen", "default_quota", "address_scope_id", "is_default", "shared",
    "description", "tags", "created_at", "updated_at", "revision_number",
}  # fmt: skip
SCOPE_KEYS = {"id", "name", "project_id", "tenant_id", "ip_version", "shared"}


def a_pool(api: Api, *prefixes: str, **values):
    return api.create(
        "subnetpool", **{"name": "pool", "prefixes": list(prefixes or ("10.0.0.0/16",)), **values}
    )


def a_scope(api: Api, **values):
    return api.create("address_scope", **{"name": "scope", "ip_version": 4, **values})


def act(api: Api, pool_id: str, action: str, body):
    return api.call("PUT", f"/subnetpools/{pool_id}/{action}", body)


def test_a_pool_shows_its_prefixes_compacted_and_its_lengths_as_text(api):
    pool = a_pool(api, "10.8.0.0/16", "10.9.0.0/16", "10.8.3.0/24")
    assert pool.keys() == POOL_KEYS
    assert pool["prefixes"] == ["10.8.0.0/15"]
    lengths = ("min_prefixlen", "default_prefixlen", "max_prefixlen")
    assert [pool[name] for name in lengths] == ["8", "8", "32"]
    assert api.show("subnetpool", pool["id"]) == pool
    assert api.list("subnetpool") == [pool]
    changed = api.update("subnetpool", pool["id"], min_prefixlen=20, default_prefixlen=24)
    assert [changed[name] for name in lengths] == [20, 24, 32]
    assert changed["revision_number"] == 1
    api.delete("subnetpool", pool["id"])
    assert api.call("GET", f"/subnetpools/{pool['id']}").refused == (404, "SubnetPoolNotFound")


def test_a_pool_of_ipv6_gives_out_64s(api):
    pool = a_pool(api, "fd00::/48")
    assert (pool["ip_version"], pool["default_prefixlen"], pool["max_prefixlen"]) == (
        6,
        "64",
        "128",
    )


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"prefixes": []}, "EmptySubnetPoolPrefixList"),
        ({"prefixes": "10.0.0.0/8"}, "HTTPBadRequest"),
        ({"prefixes": ["10.0.0.0"]}, "HTTPBadRequest"),
        ({"prefixes": [1]}, "HTTPBadRequest"),
        ({"prefixes": [None]}, "HTTPBadRequest"),
        ({"prefixes": ["10.0.0.0/8", "10.0.0.0/8"]}, "HTTPBadRequest"),
        ({"prefixes": ["10.0.0.0/8", "fd00::/8"]}, "PrefixVersionMismatch"),
        ({"name": ""}, "HTTPBadRequest"),
        ({"name": None}, "HTTPBadRequest"),
        ({"name": "x" * 256}, "HTTPBadRequest"),
        ({"min_prefixlen": 33}, "IllegalSubnetPoolPrefixBounds"),
        ({"min_prefixlen": 30, "max_prefixlen": 29}, "IllegalSubnetPoolPrefixBounds"),
        ({"max_prefixlen": 10**20}, "IllegalSubnetPoolPrefixBounds"),
        ({"default_prefixlen": 7}, "IllegalSubnetPoolPrefixBounds"),
        ({"max_prefixlen": 24, "default_prefixlen": 25}, "IllegalSubnetPoolPrefixBounds"),
        ({"min_prefixlen": -1}, "HTTPBadRequest"),
        ({"min_prefixlen": None}, "InvalidInput"),
        ({"default_quota": -1}, "HTTPBadRequest"),
        ({"default_quota": 10**30}, "InvalidInput"),
        ({"address_scope_id": "bad"}, "HTTPBadRequest"),
        ({"is_default": "maybe"}, "InvalidInput"),
        ({"ip_version": 4}, "HTTPBadRequest"),
        ({"unknown": 1}, "HTTPBadRequest"),
    ],
)
def test_a_pool_that_cannot_be(api, values, refusal):
    body = {"name": "pool", "prefixes": ["10.0.0.0/8"], **values}
    assert api.refuse("subnetpool", **body) == (400, refusal)


def test_what_a_pool_names_must_be_there(api):
    body = {"name": "pool", "prefixes": ["10.0.0.0/8"], "address_scope_id": NOBODY}
    assert api.refuse("subnetpool", **body) == (404, "AddressScopeNotFound")
    network = api.create("network")
    subnet = {"network_id": network["id"], "ip_version": 4, "subnetpool_id": NOBODY}
    assert api.refuse("subnet", **subnet) == (404, "SubnetPoolNotFound")


def test_prefixes_of_a_pool_only_become_more(api):
    pool = a_pool(api, "10.8.0.0/15")["id"]
    less = api.refuse_update("subnetpool", pool, prefixes=["10.8.0.0/16"])
    assert less == (400, "IllegalSubnetPoolPrefixUpdate")
    more = ["10.8.0.0/15", "fd00::/8"]
    assert api.refuse_update("subnetpool", pool, prefixes=more) == (400, "PrefixVersionMismatch")
    more = ["10.10.0.0/16", "10.8.0.0/15"]
    assert api.update("subnetpool", pool, prefixes=more)["prefixes"] == more[::-1]
    assert api.refuse_update("subnetpool", pool, ip_version=6)[0] == 400
    assert api.refuse_update("subnetpool", pool, shared=True)[0] == 400


def test_prefix_operations(api):
    pool = a_pool(api, "10.8.0.0/15", "10.10.0.0/16")["id"]
    added = act(api, pool, "add_prefixes", {"prefixes": ["10.11.0.0/16"]})
    assert (added.status, added.body) == (200, {"prefixes": ["10.8.0.0/14"]})
    removed = act(api, pool, "remove_prefixes", {"prefixes": ["10.8.0.0/15", "192.0.2.0/24"]})
    assert (removed.status, removed.body) == (200, {"prefixes": ["10.10.0.0/15"]})
    assert act(api, NOBODY, "add_prefixes", {"prefixes": ["10.0.0.0/8"]}).refused == (
        404,
        "SubnetPoolNotFound",
    )
    wrong_version = act(api, pool, "add_prefixes", {"prefixes": ["fd00::/64"]})
    assert wrong_version.refused == (400, "PrefixVersionMismatch")


@pytest.mark.parametrize("action", ["add_prefixes", "remove_prefixes", "onboard_network_subnets"])
@pytest.mark.parametrize(
    "body",
    [None, [], ["x"], {}, {"prefixes": []}, {"prefixes": "x"}, {"prefixes": [1]},
     {"prefixes": [None]}, {"prefixes": ["bad"]}, {"prefixes": ["10.0.0.0/99"]},
     {"prefixes": [["10.0.0.0/8"]]}],
)  # fmt: skip
def test_documents_of_another_form_are_refused(api, action, body):
    answer = act(api, a_pool(api)["id"], action, body)
    assert answer.status == 400
    assert answer.error in {"HTTPBadRequest", "InvalidInput"}


def test_onboarding(api):
    pool = a_pool(api)["id"]
    network = api.create("network")["id"]
    subnet = api.create("subnet", network_id=network, cidr="192.0.2.0/24", ip_version=4)["id"]
    told = act(api, pool, "onboard_network_subnets", {"network_id": network})
    assert (told.status, told.body) == (200, [{"id": subnet, "cidr": "192.0.2.0/24"}])
    assert api.show("subnet", subnet)["subnetpool_id"] == pool
    gone = act(api, pool, "onboard_network_subnets", {"network_id": NOBODY})
    assert gone.refused == (404, "NetworkNotFound")


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({}, (400, "BadRequest")),
        ({"prefixlen": 24}, (400, "BadRequest")),
        ({"prefixlen": 24, "cidr": "10.0.0.0/24"}, (400, "BadRequest")),
        ({"use_default_subnetpool": True}, (400, "BadRequest")),
        ({"subnetpool_id": "bad"}, (400, "HTTPBadRequest")),
        ({"subnetpool_id": "prefix_delegation"}, (400, "BadRequest")),
        ({"use_default_subnetpool": "maybe"}, (400, "InvalidInput")),
        ({"pool": 1, "prefixlen": 24, "cidr": "10.0.0.0/24"}, (400, "BadRequest")),
        ({"pool": 1, "use_default_subnetpool": True}, (400, "BadRequest")),
        ({"pool": 1, "ip_version": 6}, (400, "BadRequest")),
        ({"pool": 1, "prefixlen": 23}, (400, "MinPrefixSubnetAllocationError")),
        ({"pool": 1, "prefixlen": 29}, (400, "MaxPrefixSubnetAllocationError")),
        ({"pool": 1, "prefixlen": 10**20}, (400, "MaxPrefixSubnetAllocationError")),
        ({"pool": 1, "prefixlen": -1}, (400, "HTTPBadRequest")),
        ({"pool": 1, "prefixlen": None}, (400, "InvalidInput")),
        ({"pool": 1, "cidr": "10.200.0.0/24"}, (409, "SubnetAllocationError")),
        ({"pool": 1, "cidr": "fd00::/64"}, (400, "InvalidInput")),
        ({"pool": 1, "gateway_ip": "10.200.0.1"}, (409, "SubnetAllocationError")),
        ({"pool": 1, "gateway_ip": "fd00::1"}, (400, "InvalidInput")),
        (
            {"pool": 1, "allocation_pools": [{"start": "10.0.0.2", "end": "10.0.0.9"}]},
            (400, "BadRequest"),
        ),
    ],
)
def test_a_subnet_that_no_pool_gives(api, values, refusal):
    pool = a_pool(api, default_prefixlen=26, min_prefixlen=24, max_prefixlen=28)
    body = {"network_id": api.create("network")["id"], "ip_version": 4, **values}
    if body.pop("pool", None):
        body["subnetpool_id"] = pool["id"]
    assert api.refuse("subnet", **body) == refusal
    assert api.list("subnet") == []


def test_what_a_subnet_may_say_of_its_prefix(api):
    pool = a_pool(api, default_prefixlen=26)["id"]

    def made(**values):
        network = api.create("network")["id"]
        subnet = api.create(
            "subnet", network_id=network, ip_version=4, subnetpool_id=pool, **values
        )
        return subnet["cidr"], subnet["gateway_ip"]

    assert made() == ("10.0.0.0/26", "10.0.0.1")
    assert made(prefixlen=28, gateway_ip=None) == ("10.0.0.64/28", None)
    assert made(cidr="10.0.9.7/24") == ("10.0.9.0/24", "10.0.9.1")
    assert made(prefixlen=28, gateway_ip="10.0.8.20") == ("10.0.8.16/28", "10.0.8.20")
    assert api.refuse_delete("subnetpool", pool) == (400, "SubnetPoolDeleteError")
    shown = api.list("subnet", f"subnetpool_id={pool}&fields=cidr&fields=router:external")
    assert {one["cidr"] for one in shown} == {
        "10.0.0.0/26",
        "10.0.0.64/28",
        "10.0.9.0/24",
        "10.0.8.16/28",
    }


def test_an_ipv6_subnet_from_a_pool_has_its_first_host_as_gateway(api):
    pool = a_pool(api, "fd00::/48")["id"]
    body = {"network_id": api.create("network")["id"], "ip_version": 6, "subnetpool_id": pool}
    subnet = api.create("subnet", **body)
    assert (subnet["cidr"], subnet["gateway_ip"]) == ("fd00::/64", "fd00::1")


def test_pools_are_filtered_sorted_and_tagged(api):
    a = a_pool(api, "10.1.0.0/16", name="a")
    b = a_pool(api, "fd00::/48", name="b", is_default=True)
    assert [one["id"] for one in api.list("subnetpool", "is_default=true")] == [b["id"]]
    assert [one["id"] for one in api.list("subnetpool", "ip_version=4")] == [a["id"]]
    assert [one["id"] for one in api.list("subnetpool", "default_prefixlen=64")] == [b["id"]]
    names = [one["name"] for one in api.list("subnetpool", "sort_key=name&sort_dir=desc")]
    assert names == ["b", "a"]
    assert api.call("GET", "/subnetpools?prefixes=x").refused == (400, "HTTPBadRequest")
    assert api.call("PUT", f"/subnetpools/{a['id']}/tags", {"tags": ["red"]}).status == 200
    assert [one["id"] for one in api.list("subnetpool", "tags=red")] == [a["id"]]
    assert api.show("subnetpool", a["id"])["tags"] == ["red"]


def test_an_address_scope(api):
    scope = a_scope(api)
    assert scope.keys() == SCOPE_KEYS
    assert api.show("address_scope", scope["id"]) == scope
    assert api.update("address_scope", scope["id"], name="n")["name"] == "n"
    assert api.refuse_update("address_scope", scope["id"], ip_version=6) == (400, "HTTPBadRequest")
    assert api.update("address_scope", scope["id"], shared=True)["shared"]
    unshared = api.refuse_update("address_scope", scope["id"], shared=False)
    assert unshared == (400, "AddressScopeUpdateError")
    assert [one["id"] for one in api.list("address_scope", "ip_version=4")] == [scope["id"]]
    assert api.list("address_scope", "ip_version=6") == []
    pool = a_pool(api, address_scope_id=scope["id"])["id"]
    assert api.refuse_delete("address_scope", scope["id"]) == (409, "AddressScopeInUse")
    api.delete("subnetpool", pool)
    api.delete("address_scope", scope["id"])
    assert api.refuse_delete("address_scope", scope["id"]) == (404, "AddressScopeNotFound")


@pytest.mark.parametrize(
    "values",
    [{"ip_version": 5}, {"ip_version": None}, {"name": None}, {"name": "x" * 256},
     {"shared": "maybe"}, {"description": "d"}],
)  # fmt: skip
def test_an_address_scope_that_cannot_be(api, values):
    assert api.refuse("address_scope", **{"ip_version": 4, **values})[0] == 400


def test_a_pool_and_its_scope_are_of_one_ip_version(api):
    body = {"name": "p", "prefixes": ["fd00::/48"], "address_scope_id": a_scope(api)["id"]}
    assert api.refuse("subnetpool", **body) == (
        400,
        "IllegalSubnetPoolIpVersionAssociationToAddressScope",
    )


def test_another_project_sees_what_is_shared_with_it_only(api):
    own, shared = a_pool(api), a_pool(api, "10.1.0.0/16", shared=True)
    scope = a_scope(api)
    stranger = api.as_project("stranger")
    assert [one["id"] for one in stranger.list("subnetpool")] == [shared["id"]]
    assert stranger.list("address_scope") == []
    network = stranger.create("network")["id"]
    for pool_id in (own["id"], NOBODY):
        body = {"network_id": network, "ip_version": 4, "subnetpool_id": pool_id, "prefixlen": 24}
        assert stranger.refuse("subnet", **body) == (404, "SubnetPoolNotFound")
        for action, document in (
            ("add_prefixes", {"prefixes": ["192.0.2.0/24"]}),
            ("remove_prefixes", {"prefixes": ["10.0.0.0/24"]}),
            ("onboard_network_subnets", {"network_id": network}),
        ):
            assert act(stranger, pool_id, action, document).status == 404
        assert stranger.refuse_update("subnetpool", pool_id, name="mine")[0] == 404
        assert stranger.refuse_delete("subnetpool", pool_id)[0] == 404
    body = {"name": "p", "prefixes": ["192.0.2.0/24"], "address_scope_id": scope["id"]}
    assert stranger.refuse("subnetpool", **body) == (404, "AddressScopeNotFound")
    subnet = stranger.create(
        "subnet", network_id=network, ip_version=4, subnetpool_id=shared["id"], prefixlen=24
    )
    assert subnet["cidr"] == "10.1.0.0/24"
    assert stranger.refuse_update("subnetpool", shared["id"], name="mine")[0] in {403, 404}


def test_subnets_of_another_project_cannot_be_onboarded(api):
    network = api.create("network", shared=True)["id"]
    api.create("subnet", network_id=network, cidr="192.0.2.0/24", ip_version=4)
    stranger = api.as_project("stranger")
    pool = a_pool(stranger)["id"]
    answer = act(stranger, pool, "onboard_network_subnets", {"network_id": network})
    assert answer.status == 403
    assert stranger.show("subnetpool", pool)["prefixes"] == ["10.0.0.0/16"]
