"""Routers, their gateways, interfaces and routes, through the application.

Statuses, error types and the order of checks are those of Neutron, as observed.
"""

from typing import Any

import pytest

from tests.api.client import Answer, Api
from tests.api.conftest import MakeApi

NOWHERE = "4ea4cee1-1e1b-48b0-bad2-0dc4a83572f9"


@pytest.fixture
def outside(api: Api) -> dict[str, Any]:
    """An external network with one subnet, 203.0.113.0/24."""
    network = api.create("network", **{"router:external": True})
    api.create(
        "subnet", network_id=network["id"], ip_version=4, cidr="203.0.113.0/24", enable_dhcp=False
    )
    return network


def subnet_of(api: Api, cidr: str, **attributes: Any) -> dict[str, Any]:
    network = attributes.pop("network_id", None) or api.create("network")["id"]
    version = 6 if ":" in cidr else 4
    return api.create("subnet", network_id=network, ip_version=version, cidr=cidr, **attributes)


def act(api: Api, router: dict[str, Any], action: str, document: Any) -> Answer:
    return api.call("PUT", f"/routers/{router['id']}/{action}", document)


def add(api: Api, router: dict[str, Any], subnet: dict[str, Any]) -> Answer:
    return act(api, router, "add_router_interface", {"subnet_id": subnet["id"]})


def remove(api: Api, router: dict[str, Any], subnet: dict[str, Any]) -> Answer:
    return act(api, router, "remove_router_interface", {"subnet_id": subnet["id"]})


def gate(api: Api, router: dict[str, Any], info: Any) -> Answer:
    body = {"router": {"external_gateway_info": info}}
    return api.call("PUT", f"/routers/{router['id']}", body)


def ports_of(api: Api, router: dict[str, Any]) -> list[dict[str, Any]]:
    return api.list("port", f"device_id={router['id']}")


def test_the_life_of_a_router(api: Api) -> None:
    router = api.create("router", name="r", description="d")
    assert router["status"] == "ACTIVE"
    assert (router["external_gateway_info"], router["routes"]) == (None, [])
    assert router["revision_number"] == 1
    changed = api.update("router", router["id"], name="s", admin_state_up=False)
    assert (changed["name"], changed["admin_state_up"]) == ("s", False)
    assert changed["revision_number"] == 2
    assert api.update("router", router["id"], name="s")["revision_number"] == 2
    assert api.show("router", router["id"]) == api.list("router")[0]
    stale = api.call(
        "DELETE", f"/routers/{router['id']}", headers={"If-Match": "revision_number=1"}
    )
    assert stale.refused == (412, "RevisionNumberConstraintFailed")
    api.delete("router", router["id"])
    assert api.call("GET", f"/routers/{router['id']}").refused == (404, "RouterNotFound")


def test_a_page_begins_after_a_router(api: Api) -> None:
    first, second = sorted(api.create("router")["id"] for _ in range(2))
    (found,) = api.list("router", f"limit=1&marker={first}")
    assert found["id"] == second
    assert api.list("router", f"limit=1&marker={second}") == []
    refused = api.call("GET", f"/routers?limit=1&marker={NOWHERE}").refused
    assert refused == (404, "RouterNotFound")


def test_a_site_may_do_without(make_api: MakeApi) -> None:
    api = make_api(DEFAULT={"service_plugins": "qos"})
    assert "router" not in {one["alias"] for one in api.list("extension")}
    assert api.call("GET", "/routers").status == 404


def test_no_more_than_the_quota(make_api: MakeApi) -> None:
    api = make_api(quotas={"quota_router": 1})
    api.create("router")
    assert api.refuse("router") == (409, "OverQuota")


# --- gateways -------------------------------------------------------------------------------------


def test_a_gateway_is_a_port_that_is_nobodys(api: Api, outside: dict[str, Any]) -> None:
    router = api.create("router", external_gateway_info={"network_id": outside["id"]})
    info = router["external_gateway_info"]
    assert (info["network_id"], info["enable_snat"]) == (outside["id"], True)
    (port,) = ports_of(api, router)
    assert (port["device_owner"], port["project_id"]) == ("network:router_gateway", "")
    assert port["fixed_ips"] == info["external_fixed_ips"]
    assert api.show("router", router["id"])["external_gateway_info"] == info
    refused = api.call("DELETE", f"/ports/{port['id']}")
    assert refused.refused == (409, "ServicePortInUse")
    api.delete("router", router["id"])
    assert ports_of(api, router) == []


def test_addresses_of_a_gateway_can_be_wished_and_changed(
    api: Api, outside: dict[str, Any]
) -> None:
    router = api.create("router")
    info = {"network_id": outside["id"], "external_fixed_ips": [{"ip_address": "203.0.113.9"}]}
    assert gate(api, router, info).status == 200
    info["external_fixed_ips"] = [{"ip_address": "203.0.113.7"}, {"ip_address": "203.0.113.8"}]
    changed = gate(api, router, {**info, "enable_snat": False}).body["router"]
    shown = changed["external_gateway_info"]
    assert {one["ip_address"] for one in shown["external_fixed_ips"]} == {
        "203.0.113.7",
        "203.0.113.8",
    }
    assert not shown["enable_snat"]
    assert api.show("router", router["id"])["external_gateway_info"] == shown
    same = gate(api, router, {"network_id": outside["id"]}).body["router"]["external_gateway_info"]
    assert same["external_fixed_ips"] == shown["external_fixed_ips"]
    assert same["enable_snat"]
    other = api.create("router")
    assert gate(api, other, info).refused[0] == 409
    assert ports_of(api, other) == []
    assert gate(api, router, None).body["router"]["external_gateway_info"] is None
    assert ports_of(api, router) == []


def test_what_cannot_be_a_gateway(api: Api, outside: dict[str, Any]) -> None:
    inside = subnet_of(api, "10.0.0.0/24")
    router = api.create("router")
    assert gate(api, router, {"network_id": inside["network_id"]}).refused == (400, "BadRequest")
    assert gate(api, router, {"network_id": NOWHERE}).refused == (404, "NetworkNotFound")
    own = {"network_id": outside["id"], "external_fixed_ips": [{"ip_address": "203.0.113.1"}]}
    assert gate(api, router, own).refused == (400, "BadRequest")
    far = {"network_id": outside["id"], "external_fixed_ips": [{"ip_address": "192.0.2.1"}]}
    assert gate(api, router, far).refused == (400, "InvalidIpForNetwork")
    assert add(api, router, subnet_of(api, "203.0.113.128/25")).status == 200
    assert gate(api, router, {"network_id": outside["id"]}).refused == (400, "BadRequest")
    assert api.show("router", router["id"])["external_gateway_info"] is None


# --- interfaces -----------------------------------------------------------------------------------


def test_an_interface_has_the_gateway_address(api: Api) -> None:
    router = api.create("router")
    subnet = subnet_of(api, "10.0.0.0/24")
    answer = add(api, router, subnet).body
    (port,) = ports_of(api, router)
    assert answer == {
        "id": router["id"],
        "project_id": router["project_id"],
        "port_id": port["id"],
        "network_id": subnet["network_id"],
        "subnet_id": subnet["id"],
        "subnet_ids": [subnet["id"]],
    }
    assert port["device_owner"] == "network:router_interface"
    assert port["fixed_ips"] == [{"subnet_id": subnet["id"], "ip_address": "10.0.0.1"}]
    assert api.show("router", router["id"])["revision_number"] == router["revision_number"] + 1
    assert api.call("DELETE", f"/routers/{router['id']}").refused == (409, "RouterInUse")
    assert api.call("DELETE", f"/ports/{port['id']}").refused == (409, "ServicePortInUse")
    kept = {"port": {"fixed_ips": [{"subnet_id": subnet["id"]}]}}
    same = api.call("PUT", f"/ports/{port['id']}", kept)
    assert same.body["port"]["fixed_ips"] == port["fixed_ips"]
    moved = {"port": {"fixed_ips": [{"ip_address": "10.0.0.9"}]}}
    assert api.call("PUT", f"/ports/{port['id']}", moved).refused == (400, "BadRequest")
    assert remove(api, router, subnet).body == answer
    assert ports_of(api, router) == []
    api.delete("router", router["id"])


def test_subnets_that_a_router_cannot_be_on(api: Api, outside: dict[str, Any]) -> None:
    router = api.create("router", external_gateway_info={"network_id": outside["id"]})
    subnet = subnet_of(api, "10.0.0.0/24")
    assert add(api, router, subnet).status == 200
    for other in (
        subnet,
        subnet_of(api, "10.0.0.0/25"),
        subnet_of(api, "10.1.0.0/24", gateway_ip=None),
        subnet_of(api, "203.0.113.0/28"),
        subnet_of(api, "2001:db8::/64", ipv6_address_mode="slaac"),
    ):
        assert add(api, router, other).refused == (400, "BadRequest")
    taken = add(api, api.create("router"), subnet)
    assert taken.refused[0] == 409
    assert add(api, router, {"id": NOWHERE}).refused == (404, "SubnetNotFound")
    assert len(ports_of(api, router)) == 2


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"subnet_id": "x"}, {"port_id": 5}, {"subnet_id": NOWHERE, "port_id": NOWHERE}],
)
def test_a_document_names_one_thing(api: Api, document: Any) -> None:
    router = api.create("router")
    answer = act(api, router, "add_router_interface", document)
    assert answer.refused == (400, "BadRequest")


def test_a_port_becomes_an_interface(api: Api) -> None:
    router = api.create("router")
    subnet = subnet_of(api, "10.0.0.0/24")
    port = api.create("port", network_id=subnet["network_id"])
    document = {"port_id": port["id"]}
    answer = act(api, router, "add_router_interface", document)
    assert (answer.status, answer.body["port_id"]) == (200, port["id"])
    shown = api.show("port", port["id"])
    assert (shown["device_id"], shown["device_owner"]) == (router["id"], "network:router_interface")
    assert act(api, router, "add_router_interface", document).refused == (409, "PortInUse")
    bare = api.create("port", network_id=api.create("network")["id"])
    refused = act(api, router, "add_router_interface", {"port_id": bare["id"]})
    assert refused.refused == (400, "BadRequest")
    other = subnet_of(api, "10.9.0.0/24")
    wrong = {**document, "subnet_id": other["id"]}
    refused = act(api, router, "remove_router_interface", wrong)
    assert refused.refused == (400, "SubnetMismatchForPort")
    assert remove(api, router, other).refused == (404, "RouterInterfaceNotFoundForSubnet")
    refused = act(api, router, "remove_router_interface", {"port_id": bare["id"]})
    assert refused.refused == (404, "RouterInterfaceNotFound")
    assert act(api, router, "remove_router_interface", document).status == 200
    assert api.call("GET", f"/ports/{port['id']}").status == 404


def test_ports_of_routers_stay_whatever_they_say(api: Api, outside: dict[str, Any]) -> None:
    router = api.create("router", external_gateway_info={"network_id": outside["id"]})
    subnet = subnet_of(api, "10.0.0.0/24")
    assert add(api, router, subnet).status == 200
    floating = api.create("floatingip", floating_network_id=outside["id"])
    own = api.list("port", f"device_id={floating['id']}")
    for port in (*ports_of(api, router), *own):
        api.update("port", port["id"], device_owner="", device_id="")
        assert api.refuse_delete("port", port["id"]) == (409, "ServicePortInUse")
    assert remove(api, router, subnet).status == 200
    api.delete("floatingip", floating["id"])
    api.delete("router", router["id"])
    assert api.list("port") == []


def test_an_interface_keeps_its_mac_address(api: Api) -> None:
    router = api.create("router")
    assert add(api, router, subnet_of(api, "10.0.0.0/24")).status == 200
    (port,) = ports_of(api, router)
    refused = (409, "UnsupportedPortDeviceOwner")
    for wished in ("fa:16:3e:00:00:01", None):
        assert api.refuse_update("port", port["id"], mac_address=wished) == refused
    api.update("port", port["id"], mac_address=port["mac_address"])


def test_ipv6_subnets_of_one_network_share_an_interface(api: Api) -> None:
    router = api.create("router")
    first = subnet_of(api, "2001:db8:1::/64")
    second = subnet_of(api, "2001:db8:2::/64", network_id=first["network_id"])
    port = add(api, router, first).body["port_id"]
    assert add(api, router, second).body["port_id"] == port
    addresses = {one["ip_address"] for one in api.show("port", port)["fixed_ips"]}
    assert addresses == {first["gateway_ip"], second["gateway_ip"]}
    assert api.call("DELETE", f"/ports/{port}").refused == (409, "ServicePortInUse")
    assert remove(api, router, first).status == 200
    (left,) = api.show("port", port)["fixed_ips"]
    assert left["ip_address"] == second["gateway_ip"]
    assert remove(api, router, second).status == 200
    assert ports_of(api, router) == []


def test_subnets_of_others_must_be_shared(api: Api, outside: dict[str, Any]) -> None:
    owner = "1" * 32
    member = api.as_project(owner)
    router = member.create("router")
    private = subnet_of(api, "10.0.0.0/24")
    assert add(member, router, private).refused == (404, "SubnetNotFound")
    everybody = api.create("network", shared=True)
    visible = subnet_of(api, "10.2.0.0/24", network_id=everybody["id"])
    assert add(member, router, visible).refused == (400, "BadRequest")
    network = api.create("network")
    shared = subnet_of(api, "10.1.0.0/24", network_id=network["id"])
    share = {"object_type": "network", "object_id": network["id"], "target_tenant": owner}
    api.create("rbac_policy", action="access_as_shared", **share)
    assert add(member, router, shared).status == 200
    (external,) = api.list("subnet", f"network_id={outside['id']}")
    assert add(member, router, external).status in (400, 404)
    stranger = api.as_project("p2")
    assert add(stranger, router, shared).refused == (404, "RouterNotFound")
    assert stranger.call("GET", f"/routers/{router['id']}").refused == (404, "RouterNotFound")
    assert stranger.list("router") == []


def test_a_port_says_nothing_of_routers_of_others(api: Api) -> None:
    member, other = api.as_project("1" * 32), api.as_project("2" * 32)
    own, foreign = member.create("router"), other.create("router")
    network = member.create("network")["id"]
    subnet_of(member, "10.0.0.0/24", network_id=network)
    owner = {"device_owner": "network:router_interface"}
    of_foreign, refused = {"device_id": foreign["id"]}, (409, "DeviceIDNotOwnedByTenant")
    assert member.refuse("port", network_id=network, **owner, **of_foreign) == refused

    port = member.create("port", network_id=network)["id"]
    assert member.refuse_update("port", port, **owner, **of_foreign) == refused
    member.update("port", port, **owner, device_id=own["id"])
    assert member.refuse_update("port", port, **of_foreign) == refused
    assert member.update("port", port, device_id=NOWHERE)["device_id"] == NOWHERE

    api.update("port", port, **of_foreign)
    assert member.update("port", port, name="still")["name"] == "still"
    api.update("network", network, shared=True)
    given = other.create("port", network_id=network)["id"]
    assert act(member, own, "add_router_interface", {"port_id": given}).refused == refused
    assert member.show("port", given)["device_owner"] == ""


# --- routes ---------------------------------------------------------------------------------------


def test_routes_lead_over_neighbours(api: Api) -> None:
    router = api.create("router")
    subnet = subnet_of(api, "10.0.0.0/24")
    add(api, router, subnet)

    def put(*routes: tuple[str, str]) -> Answer:
        wanted = [{"destination": to, "nexthop": over} for to, over in routes]
        return api.call("PUT", f"/routers/{router['id']}", {"router": {"routes": wanted}})

    kept = put(("10.8.0.0/16", "10.0.0.8"), ("10.7.0.0/16", "10.0.0.7")).body["router"]["routes"]
    assert kept == api.show("router", router["id"])["routes"]
    assert {one["destination"] for one in kept} == {"10.7.0.0/16", "10.8.0.0/16"}
    assert put(("10.8.0.0/16", "192.0.2.1")).refused == (400, "InvalidRoutes")
    assert put(("10.8.0.0/16", "10.0.0.1")).refused == (400, "InvalidRoutes")
    assert remove(api, router, subnet).refused == (409, "RouterInterfaceInUseByRoute")
    assert api.show("router", router["id"])["routes"] == kept
    assert put().body["router"]["routes"] == []
    assert remove(api, router, subnet).status == 200


def test_routes_can_be_added_and_removed_by_themselves(make_api: MakeApi) -> None:
    api = make_api(quotas={"quota_router_route": 2})
    router = api.create("router")
    add(api, router, subnet_of(api, "10.0.0.0/24"))

    def edit(action: str, *to: str) -> Answer:
        routes = [{"destination": one, "nexthop": "10.0.0.9"} for one in to]
        return act(api, router, action, {"router": {"routes": routes}})

    assert edit("add_extraroutes", "10.1.0.0/16", "10.2.0.0/16").status == 200
    assert edit("add_extraroutes", "10.1.0.0/16").status == 200
    assert edit("add_extraroutes", "10.3.0.0/16").refused == (409, "OverQuota")
    left = edit("remove_extraroutes", "10.1.0.0/16", "10.9.0.0/16").body["router"]["routes"]
    assert [one["destination"] for one in left] == ["10.2.0.0/16"]
    assert edit("add_extraroutes", "x").refused == (400, "InvalidInput")
    assert act(api, router, "add_extraroutes", {"routes": []}).refused == (400, "InvalidInput")
    assert api.show("router", router["id"])["routes"] == left


def test_how_many_routes_a_router_has_is_a_matter_of_its_project(api: Api) -> None:
    router = api.create("router")
    add(api, router, subnet_of(api, "10.0.0.0/24"))
    limit = {"quota": {"router_route": 1}}
    assert api.call("PUT", "/quotas/tests", limit).body["quota"]["router_route"] == 1
    details = api.call("GET", "/quotas/tests/details").body["quota"]["router_route"]
    assert details == {"limit": 1, "used": 0, "reserved": 0}

    def put(number: int) -> tuple[int, str | None]:
        routes = [
            {"destination": f"10.{one}.0.0/16", "nexthop": "10.0.0.9"}
            for one in range(1, number + 1)
        ]
        return api.call("PUT", f"/routers/{router['id']}", {"router": {"routes": routes}}).refused

    assert put(2) == (409, "OverQuota")
    assert put(1) == (200, None)
    api.call("PUT", "/quotas/tests", {"quota": {"router_route": -1}})
    assert put(31) == (200, None)
    api.call("DELETE", "/quotas/tests")
    assert put(32) == (409, "OverQuota")
    assert api.call("PUT", "/quotas/tests", {"quota": {"router_route": 0}}).status == 200


def test_traffic_to_the_outside_has_a_policy(api: Api, outside: dict[str, Any]) -> None:
    def policy(**values: Any) -> str:
        body = {"policy": {"name": "p", **values}}
        return str(api.call("POST", "/qos/policies", body).body["policy"]["id"])

    policy_id, other = policy(), policy(project_id="other")
    info = {"network_id": outside["id"]}
    router = api.create("router", external_gateway_info={**info, "qos_policy_id": policy_id})
    assert router["external_gateway_info"]["qos_policy_id"] == policy_id
    in_use = api.call("DELETE", f"/qos/policies/{policy_id}")
    assert in_use.refused == (409, "QosPolicyInUse")
    kept = gate(api, router, info).body["router"]["external_gateway_info"]
    assert kept["qos_policy_id"] == policy_id
    assert api.show("router", router["id"])["external_gateway_info"] == kept
    unknown = {**info, "qos_policy_id": NOWHERE}
    assert gate(api, router, unknown).refused == (404, "QosPolicyNotFound")
    assert gate(api, router, {**info, "qos_policy_id": "x"}).refused == (400, "HTTPBadRequest")
    assert gate(api, router, {**info, "qos_policy_id": other}).status == 200
    without = gate(api, router, {**info, "qos_policy_id": None}).body["router"]
    assert "qos_policy_id" not in without["external_gateway_info"]
    assert gate(api, router, {**info, "qos_policy_id": policy_id}).status == 200
    assert gate(api, router, {}).status == 200
    assert api.call("DELETE", f"/qos/policies/{policy_id}").status == 204


def test_a_policy_is_one_that_the_caller_sees(api: Api, outside: dict[str, Any]) -> None:
    body = {"policy": {"name": "p", "project_id": "other"}}
    policy_id = api.call("POST", "/qos/policies", body).body["policy"]["id"]
    info = {"network_id": outside["id"], "qos_policy_id": policy_id}
    refused = api.as_project("mine").refuse("router", external_gateway_info=info)
    assert refused == (404, "QosPolicyNotFound")


def test_routers_are_found_by_whether_they_hide_addresses(
    api: Api, outside: dict[str, Any]
) -> None:
    hiding = api.create("router", external_gateway_info={"network_id": outside["id"]})
    info = {"network_id": outside["id"], "enable_snat": False}
    plain = api.create("router", external_gateway_info=info)
    assert (hiding["enable_snat"], plain["enable_snat"]) == (True, False)
    assert api.list("router", "enable_snat=false") == [plain]
    assert api.list("router", "fields=enable_snat&sort_key=enable_snat&sort_dir=asc") == [
        {"enable_snat": False},
        {"enable_snat": True},
    ]
    assert api.refuse("router", enable_snat=False) == (400, "HTTPBadRequest")
    assert api.refuse_update("router", plain["id"], enable_snat=True) == (400, "HTTPBadRequest")
