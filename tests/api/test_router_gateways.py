"""Routers with several gateways, through the application.

What is added, meant, changed and taken away; what stays while it is used. Statuses and types of
errors are those of Neutron where it has some.
"""

from typing import Any

import pytest

from tests.api.client import Answer, Api
from tests.api.conftest import MakeApi

NOWHERE = "4ea4cee1-1e1b-48b0-bad2-0dc4a83572f9"
MINE = "1" * 32


def external(api: Api, *cidrs: str) -> str:
    """The id of an external network with these subnets."""
    network_id = str(api.create("network", **{"router:external": True})["id"])
    for cidr in cidrs:
        version = 6 if ":" in cidr else 4
        body = {"network_id": network_id, "ip_version": version, "cidr": cidr}
        api.create("subnet", **body, enable_dhcp=False)
    return network_id


@pytest.fixture
def ext(api: Api) -> str:
    return external(api, "203.0.113.0/24")


@pytest.fixture
def ext2(api: Api) -> str:
    return external(api, "198.51.100.0/24")


def info(network_id: str, *addresses: str, **more: Any) -> dict[str, Any]:
    wished = {"external_fixed_ips": [{"ip_address": one} for one in addresses]} if addresses else {}
    return {"network_id": network_id, **wished, **more}


def act(api: Api, router: dict[str, Any], what: str, *infos: Any) -> Answer:
    body = {"router": {"external_gateways": list(infos)}}
    return api.call("PUT", f"/routers/{router['id']}/{what}_external_gateways", body)


def set_first(api: Api, router: dict[str, Any], wished: Any) -> Answer:
    body = {"router": {"external_gateway_info": wished}}
    return api.call("PUT", f"/routers/{router['id']}", body)


def addresses(router: dict[str, Any]) -> list[str]:
    """Those of its gateways, the first one's first."""
    return [
        address["ip_address"]
        for one in router["external_gateways"]
        for address in one["external_fixed_ips"]
    ]


def ports_of(api: Api, router: dict[str, Any], *, owner: str = "gateway") -> dict[str, str]:
    """Address -> id of the ports of a router."""
    query = f"device_id={router['id']}&device_owner=network:router_{owner}"
    return {
        address["ip_address"]: port["id"]
        for port in api.list("port", query)
        for address in port["fixed_ips"]
    }


def inside(api: Api, router: dict[str, Any], cidr: str = "10.0.0.0/24") -> dict[str, Any]:
    """A subnet that a router is on."""
    network = api.create("network")
    subnet = api.create("subnet", network_id=network["id"], ip_version=4, cidr=cidr)
    added = api.call(
        "PUT", f"/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]}
    )
    assert added.status == 200, added
    return subnet


def test_its_extensions_are_there_with_routing(make_api: MakeApi) -> None:
    aliases = {
        "external-gateway-multihoming",
        "enable-default-route-ecmp",
        "enable-default-route-bfd",
    }
    assert aliases <= {one["alias"] for one in make_api().list("extension")}
    without = make_api(DEFAULT={"service_plugins": "qos"})
    assert not aliases & {one["alias"] for one in without.list("extension")}


# --- add ------------------------------------------------------------------------------------------


def test_the_first_that_is_added_is_the_gateway(api: Api, ext: str, ext2: str) -> None:
    router = api.create("router")
    assert router["external_gateways"] == []
    wished = info(ext, "203.0.113.9", enable_snat=False)
    one = act(api, router, "add", wished).body["router"]
    assert one["external_gateway_info"] == one["external_gateways"][0]
    assert one["external_gateway_info"]["network_id"] == ext
    assert one["external_gateway_info"]["enable_snat"] is False
    assert one["enable_snat"] is False
    more = info(ext2, "198.51.100.9", enable_snat=True)
    two = act(api, router, "add", more, info(ext, "203.0.113.8"))
    assert two.body["router"]["external_gateway_info"] == one["external_gateway_info"]
    shown = api.show("router", router["id"])
    assert shown == two.body["router"]
    assert addresses(shown)[0] == "203.0.113.9"
    assert sorted(addresses(shown)) == ["198.51.100.9", "203.0.113.8", "203.0.113.9"]
    assert api.list("router", f"id={router['id']}") == [shown]
    assert shown["revision_number"] == router["revision_number"] + 2


def test_each_is_a_port_that_is_nobodys(api: Api, ext: str) -> None:
    router = api.create("router")
    act(api, router, "add", info(ext), info(ext))
    ports = api.list("port", f"device_id={router['id']}")
    assert [one["device_owner"] for one in ports] == ["network:router_gateway"] * 2
    assert {one["project_id"] for one in ports} == {""}
    for port in ports:
        refused = api.call("DELETE", f"/ports/{port['id']}")
        assert refused.refused == (409, "ServicePortInUse")
    api.delete("router", router["id"])
    assert api.list("port", f"device_id={router['id']}") == []


def test_of_several_that_are_added_all_come_or_none(api: Api, ext: str, ext2: str) -> None:
    router = api.create("router", external_gateway_info=info(ext))
    over = external(api, "198.51.100.128/25")
    internal = api.create("network")["id"]
    taken = addresses(api.show("router", router["id"]))[0]
    for wrong, refused in (
        (info(NOWHERE), (404, "NetworkNotFound")),
        (info(internal), (400, "BadRequest")),
        (info(over), (400, "BadRequest")),
        (info(ext, taken), (409, "IpAddressAlreadyAllocated")),
        (info(ext, "203.0.113.1"), (400, "BadRequest")),
        (info(ext, "192.0.2.1"), (400, "InvalidIpForNetwork")),
    ):
        assert act(api, router, "add", info(ext2), wrong).refused == refused
        assert len(ports_of(api, router)) == 1
    assert addresses(api.show("router", router["id"])) == [taken]


def test_external_networks_do_not_overlap_with_each_other_or_inside(api: Api, ext: str) -> None:
    over, other = external(api, "203.0.113.0/25"), external(api, "192.0.2.0/24")
    router = api.create("router", external_gateway_info=info(ext))
    assert act(api, router, "add", info(over)).refused == (400, "BadRequest")
    assert act(api, router, "update", info(over), info(other)).status == 200
    assert act(api, router, "add", info(ext)).refused == (400, "BadRequest")
    inside(api, router)
    nested = external(api, "10.0.0.0/28")
    assert act(api, router, "add", info(nested)).refused == (400, "BadRequest")
    network = api.create("network")["id"]
    subnet = api.create("subnet", network_id=network, ip_version=4, cidr="192.0.2.0/28")
    joining = {"subnet_id": subnet["id"]}
    refused = api.call("PUT", f"/routers/{router['id']}/add_router_interface", joining)
    assert refused.refused == (400, "BadRequest")


DOCUMENTS = (
    None,
    [],
    "x",
    {},
    {"external_gateways": []},
    {"router": "x"},
    {"router": None},
    {"router": {}},
    {"router": {"external_gateways": "x"}},
    {"router": {"external_gateways": ""}},
    {"router": {"external_gateways": False}},
    {"router": {"external_gateways": {"network_id": NOWHERE}}},
    {"router": {"external_gateways": [5]}},
    {"router": {"external_gateways": [None]}},
    {"router": {"external_gateways": [{}]}},
    {"router": {"external_gateways": [{"network_id": None}]}},
    {"router": {"external_gateways": [{"network_id": "x"}]}},
    {"router": {"external_gateways": [{"network_id": NOWHERE, "unknown": 1}]}},
    {"router": {"external_gateways": [{"network_id": NOWHERE, "enable_snat": "x"}]}},
    {"router": {"external_gateways": [{"network_id": NOWHERE, "external_fixed_ips": "x"}]}},
    {"router": {"external_gateways": [{"network_id": NOWHERE, "qos_policy_id": "x"}]}},
)


@pytest.mark.parametrize("what", ["add", "update", "remove"])
@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_what_is_no_list_of_gateways(api: Api, what: str, document: Any) -> None:
    router = api.create("router")
    refused = api.call("PUT", f"/routers/{router['id']}/{what}_external_gateways", document)
    assert refused.status == 400, refused
    assert refused.error in ("InvalidInput", "HTTPBadRequest")
    assert api.show("router", router["id"]) == router


@pytest.mark.parametrize("nothing", [None, [], {}])
def test_nothing_to_add_or_to_remove_changes_nothing(api: Api, ext: str, nothing: Any) -> None:
    router = api.create("router", external_gateway_info=info(ext))
    for what in ("add", "remove"):
        path = f"/routers/{router['id']}/{what}_external_gateways"
        answer = api.call("PUT", path, {"router": {"external_gateways": nothing}})
        assert (answer.status, answer.body["router"]) == (200, router)


def test_they_are_no_attribute_of_requests(api: Api, ext: str) -> None:
    wished = [info(ext)]
    assert api.refuse("router", external_gateways=wished) == (400, "HTTPBadRequest")
    router = api.create("router")
    refused = api.refuse_update("router", router["id"], external_gateways=wished)
    assert refused == (400, "HTTPBadRequest")
    assert api.call("GET", "/routers?external_gateways=x").refused == (400, "HTTPBadRequest")
    assert api.list("router", "fields=external_gateways") == [{"external_gateways": []}]


# --- remove ---------------------------------------------------------------------------------------


@pytest.fixture
def several(api: Api, ext: str, ext2: str) -> dict[str, Any]:
    """A router with the gateways 203.0.113.9, the first, 203.0.113.8 and .7, and 198.51.100.9."""
    router = api.create("router", external_gateway_info=info(ext, "203.0.113.9"))
    more = [info(ext, "203.0.113.8", "203.0.113.7"), info(ext2, "198.51.100.9")]
    made: dict[str, Any] = act(api, router, "add", *more).body["router"]
    return made


def test_one_is_meant_by_its_network_and_addresses(
    api: Api, several: dict[str, Any], ext: str, ext2: str
) -> None:
    for wrong in (
        info(ext),
        info(ext, "203.0.113.99"),
        info(ext, "198.51.100.9"),
        info(ext, "203.0.113.9", "203.0.113.8"),
        info(external(api, "192.0.2.0/24")),
    ):
        refused = act(api, several, "remove", wrong)
        assert refused.refused == (400, "UnableToMatchGateways"), wrong
    assert act(api, several, "remove", info(NOWHERE)).refused == (404, "NetworkNotFound")
    internal = api.create("network")["id"]
    assert act(api, several, "remove", info(internal)).refused == (400, "BadRequest")
    assert api.show("router", several["id"]) == several
    left = act(api, several, "remove", info(ext, "203.0.113.7")).body["router"]
    assert addresses(left) == ["203.0.113.9", "198.51.100.9"]
    twice = act(api, several, "remove", info(ext2), info(ext2, enable_snat=True))
    assert addresses(twice.body["router"]) == ["203.0.113.9"]
    (subnet,) = api.list("subnet", f"network_id={ext}")
    by_subnet = {**info(ext), "external_fixed_ips": [{"subnet_id": subnet["id"]}]}
    assert act(api, several, "remove", by_subnet).body["router"]["external_gateways"] == []
    assert ports_of(api, several) == {}
    assert act(api, several, "remove", info(ext)).refused == (400, "UnableToRemoveGateways")


def test_an_address_may_be_written_in_any_way(api: Api) -> None:
    ext6 = external(api, "2001:db8::/64")
    router = api.create("router", external_gateway_info=info(ext6, "2001:db8::a"))
    act(api, router, "add", info(ext6, "2001:db8::b"))
    left = act(api, router, "remove", info(ext6, "2001:DB8:0::B")).body["router"]
    assert addresses(left) == ["2001:db8::a"]


@pytest.mark.parametrize("how", ["remove", "info", "empty info"])
def test_another_takes_the_place_of_the_first(
    api: Api, several: dict[str, Any], ext: str, how: str
) -> None:
    act(api, several, "remove", info(ext, "203.0.113.8"))
    set_first(api, several, info(ext, enable_snat=False))
    ports = ports_of(api, several)
    if how == "remove":
        left = act(api, several, "remove", info(ext)).body["router"]
    else:
        left = set_first(api, several, None if how == "info" else {}).body["router"]
    assert addresses(left) == ["198.51.100.9"]
    assert left["external_gateway_info"] == left["external_gateways"][0]
    assert left["enable_snat"] is True  # which was said of the one that went
    assert ports_of(api, several) == {"198.51.100.9": ports["198.51.100.9"]}
    assert api.show("router", several["id"]) == left
    assert set_first(api, several, None).body["router"]["external_gateways"] == []


# --- update ---------------------------------------------------------------------------------------


def test_an_update_says_which_there_are_in_their_order(
    api: Api, several: dict[str, Any], ext: str, ext2: str
) -> None:
    ports = ports_of(api, several)
    turned = act(
        api, several, "update", info(ext2), info(ext, "203.0.113.8"), info(ext, "203.0.113.9")
    ).body["router"]
    assert addresses(turned)[0] == "198.51.100.9"
    assert turned["external_gateway_info"]["network_id"] == ext2
    now = ports_of(api, several)
    assert {one: now[one] for one in ("198.51.100.9", "203.0.113.9", "203.0.113.8")} == {
        one: ports[one] for one in ("198.51.100.9", "203.0.113.9", "203.0.113.8")
    }
    assert "203.0.113.7" not in now
    fewer = act(api, several, "update", info(ext2)).body["router"]
    assert addresses(fewer) == ["198.51.100.9"]
    ext3 = external(api, "192.0.2.0/24")
    other = act(api, several, "update", info(ext3, "192.0.2.9"), info(ext2)).body["router"]
    assert addresses(other) == ["192.0.2.9", "198.51.100.9"]
    assert ports_of(api, several)["198.51.100.9"] == ports["198.51.100.9"]
    assert act(api, several, "update").body["router"]["external_gateways"] == []
    assert ports_of(api, several) == {}


def test_any_of_them_may_be_the_first(
    api: Api, several: dict[str, Any], ext: str, ext2: str
) -> None:
    wished = [info(ext, "203.0.113.9"), info(ext, "203.0.113.8"), info(ext2, "198.51.100.9")]
    for first in wished:
        others = [one for one in wished if one is not first]
        turned = act(api, several, "update", first, *others).body["router"]
        shown = api.show("router", several["id"])
        assert shown == turned
        assert shown["external_gateway_info"] == shown["external_gateways"][0]
        assert addresses(shown)[0] == first["external_fixed_ips"][0]["ip_address"]


def test_an_update_changes_addresses(api: Api, several: dict[str, Any], ext: str) -> None:
    ports = ports_of(api, several)
    wished = [info(ext, "203.0.113.9", "203.0.113.10"), info(ext, "203.0.113.8")]
    changed = act(api, several, "update", *wished).body["router"]
    assert set(addresses(changed)) == {"203.0.113.9", "203.0.113.10", "203.0.113.8"}
    now = ports_of(api, several)
    assert now["203.0.113.10"] == now["203.0.113.9"] == ports["203.0.113.9"]
    assert now["203.0.113.8"] == ports["203.0.113.8"]
    moved = act(api, several, "update", info(ext, "203.0.113.77"), info(ext, "203.0.113.8"))
    assert addresses(moved.body["router"]) == ["203.0.113.77", "203.0.113.8"]
    assert ports_of(api, several)["203.0.113.77"] == ports["203.0.113.9"]


def test_an_update_without_addresses_means_as_many_as_there_are(api: Api, ext: str) -> None:
    router = api.create("router")
    twins = act(api, router, "update", info(ext), info(ext)).body["router"]
    assert len(addresses(twins)) == 2
    again = act(api, router, "update", info(ext), info(ext)).body["router"]
    assert again["external_gateways"] == twins["external_gateways"]
    more = act(api, router, "update", info(ext), info(ext), info(ext)).body["router"]
    assert set(addresses(twins)) < set(addresses(more))
    refused = act(api, router, "update", info(ext), info(ext))
    assert refused.refused == (400, "UnableToMatchGateways")


def test_an_update_that_is_refused_changes_nothing(
    api: Api, several: dict[str, Any], ext: str, ext2: str
) -> None:
    internal = api.create("network")["id"]
    for wrong in (info(NOWHERE), info(internal), info(ext, "203.0.113.1")):
        assert act(api, several, "update", info(ext2), wrong).status >= 400
        assert api.show("router", several["id"]) == several


def test_what_is_known_of_the_first_is_said_with_it(api: Api, ext: str, ext2: str) -> None:
    body = {"policy": {"name": "p"}}
    policy_id = api.call("POST", "/qos/policies", body).body["policy"]["id"]
    router = api.create("router")
    first = info(ext, qos_policy_id=policy_id, enable_snat=False)
    act(api, router, "add", first, info(ext2))
    one, two = api.show("router", router["id"])["external_gateways"]
    assert (one["qos_policy_id"], one["enable_snat"]) == (policy_id, False)
    assert ("qos_policy_id" in two, two["enable_snat"]) == (False, False)
    same = act(api, router, "update", info(ext), info(ext2)).body["router"]
    assert same["external_gateway_info"]["qos_policy_id"] == policy_id
    assert same["enable_snat"] is True
    without = info(ext, qos_policy_id=None, enable_snat=False)
    bare = act(api, router, "update", without, info(ext2)).body["router"]
    assert "qos_policy_id" not in bare["external_gateway_info"]
    act(api, router, "update", first, info(ext2))
    assert api.call("DELETE", f"/qos/policies/{policy_id}").refused == (409, "QosPolicyInUse")
    act(api, router, "remove", info(ext))
    assert api.call("DELETE", f"/qos/policies/{policy_id}").status == 204
    unknown = info(ext, qos_policy_id=NOWHERE)
    assert act(api, router, "update", unknown).refused == (404, "QosPolicyNotFound")


# --- external_gateway_info ------------------------------------------------------------------------


def test_to_change_the_first_leaves_the_others(
    api: Api, several: dict[str, Any], ext: str, ext2: str
) -> None:
    others = set(addresses(several)[1:])
    moved = set_first(api, several, info(ext, "203.0.113.66")).body["router"]
    assert addresses(moved)[0] == "203.0.113.66"
    assert set(addresses(moved)[1:]) == others
    beside = set_first(api, several, info(ext2, "198.51.100.66")).body["router"]
    assert addresses(beside)[0] == "198.51.100.66"
    assert set(addresses(beside)[1:]) == others
    over = external(api, "198.51.100.0/28")
    assert set_first(api, several, info(over)).refused == (400, "BadRequest")
    assert api.show("router", several["id"]) == beside


# --- what uses them -------------------------------------------------------------------------------


def test_floating_ips_hold_the_last_gateway_of_their_network(
    api: Api, several: dict[str, Any], ext: str, ext2: str
) -> None:
    subnet = inside(api, several)
    port = api.create("port", network_id=subnet["network_id"])
    fip = api.create("floatingip", floating_network_id=ext2, port_id=port["id"])
    assert fip["router_id"] == several["id"]
    in_use = (409, "RouterExternalGatewayInUseByFloatingIp")
    assert act(api, several, "remove", info(ext2)).refused == in_use
    assert act(api, several, "update", info(ext, "203.0.113.9")).refused == in_use
    assert act(api, several, "update").refused == in_use
    spare = act(api, several, "add", info(ext2, "198.51.100.8"))
    assert spare.status == 200
    assert act(api, several, "remove", info(ext2, "198.51.100.9")).status == 200
    assert act(api, several, "remove", info(ext2)).refused == in_use
    act(api, several, "remove", info(ext, "203.0.113.8"))
    assert set_first(api, several, None).body["router"]["external_gateway_info"]["network_id"] == (
        ext2
    )
    assert set_first(api, several, None).refused == in_use
    assert set_first(api, several, info(ext)).refused == in_use
    api.update("floatingip", fip["id"], port_id=None)
    assert set_first(api, several, info(ext)).status == 200


def test_routes_lead_over_any_gateway(api: Api, ext: str, ext2: str) -> None:
    router = api.create("router")
    act(api, router, "add", info(ext), info(ext2, "198.51.100.9"))

    def put(nexthop: str) -> tuple[int, str | None]:
        routes = [{"destination": "10.9.0.0/16", "nexthop": nexthop}]
        return api.call("PUT", f"/routers/{router['id']}", {"router": {"routes": routes}}).refused

    assert put("198.51.100.9") == (400, "InvalidRoutes")
    assert put("192.0.2.1") == (400, "InvalidRoutes")
    assert put("198.51.100.20") == (200, None)
    assert act(api, router, "remove", info(ext2)).refused == (400, "InvalidRoutes")
    assert act(api, router, "update", info(ext)).refused == (400, "InvalidRoutes")
    assert act(api, router, "remove", info(ext)).status == 200
    assert set_first(api, router, None).refused == (400, "InvalidRoutes")
    assert act(api, router, "add", info(ext2)).status == 200
    assert act(api, router, "remove", info(ext2, "198.51.100.9")).status == 200
    api.delete("router", router["id"])


def test_a_network_with_any_gateway_stays_external(
    api: Api, several: dict[str, Any], ext2: str
) -> None:
    refused = api.refuse_update("network", ext2, **{"router:external": False})
    assert refused == (409, "ExternalNetworkInUse")
    assert api.call("DELETE", f"/networks/{ext2}").refused == (409, "NetworkInUse")
    (subnet,) = api.list("subnet", f"network_id={ext2}")
    assert api.call("DELETE", f"/subnets/{subnet['id']}").refused == (409, "SubnetInUse")
    assert act(api, several, "remove", info(ext2)).status == 200
    api.delete("network", ext2)


def test_a_network_stays_shared_with_projects_that_have_any_gateway_there(
    api: Api, ext: str
) -> None:
    private = api.create("network")["id"]
    api.create("subnet", network_id=private, ip_version=4, cidr="192.0.2.0/24")
    share = {"object_type": "network", "object_id": private, "target_tenant": MINE}
    policy = api.create("rbac_policy", action="access_as_external", **share)
    mine = api.as_project(MINE)
    router = mine.create("router")
    assert act(mine, router, "add", info(ext), info(private)).status == 200
    path = f"/rbac-policies/{policy['id']}"
    assert api.call("DELETE", path).refused == (409, "RbacPolicyInUse")
    assert act(mine, router, "remove", info(private)).status == 200
    assert api.call("DELETE", path).status == 204
    assert act(mine, router, "add", info(private)).refused == (404, "NetworkNotFound")


def test_distributed_routers_have_snat_ports_while_there_is_any_gateway(
    api: Api, ext: str, ext2: str
) -> None:
    router = api.create("router", distributed=True)
    inside(api, router)
    assert ports_of(api, router, owner="centralized_snat") == {}
    act(api, router, "add", info(ext), info(ext2))
    snat = ports_of(api, router, owner="centralized_snat")
    assert len(snat) == 1
    act(api, router, "remove", info(ext))
    assert ports_of(api, router, owner="centralized_snat") == snat
    act(api, router, "remove", info(ext2))
    assert ports_of(api, router, owner="centralized_snat") == {}


@pytest.mark.parametrize("change", [{"ha": True}, {"distributed": True}])
def test_a_router_of_another_kind_keeps_them(
    api: Api, several: dict[str, Any], change: dict[str, Any]
) -> None:
    api.update("router", several["id"], admin_state_up=False)
    ports = ports_of(api, several)
    changed = api.update("router", several["id"], **change)
    assert changed["external_gateways"] == several["external_gateways"]
    assert ports_of(api, several) == ports


# --- default routes -------------------------------------------------------------------------------


def test_what_routers_do_with_several_is_the_sites_unless_it_is_said(make_api: MakeApi) -> None:
    ecmp, bfd = names = ("enable_default_route_ecmp", "enable_default_route_bfd")
    site = make_api(DEFAULT={ecmp: "true"})
    assert [site.create("router")[name] for name in names] == [True, False]
    assert [site.create("router", **{ecmp: None})[name] for name in names] == [True, False]
    router = site.create("router", **{ecmp: False, bfd: "true"})
    assert [router[name] for name in names] == [False, True]
    changed = site.update("router", router["id"], **{ecmp: True})
    assert [changed[name] for name in names] == [True, True]
    assert site.update("router", router["id"], **{bfd: None})[bfd] is True
    assert site.show("router", router["id"]) == changed
    assert site.refuse("router", **{ecmp: "x"}) == (400, "InvalidInput")
    assert site.refuse_update("router", router["id"], **{bfd: 7}) == (400, "InvalidInput")


# --- who may --------------------------------------------------------------------------------------


def test_what_a_member_may_say_of_gateways(api: Api, ext: str, ext2: str) -> None:
    mine = api.as_project(MINE)
    router = mine.create("router")
    forbidden = (403, "PolicyNotAuthorized")
    assert act(mine, router, "add", info(ext)).status == 200
    for what in ("add", "update"):
        assert act(mine, router, what, info(ext2, enable_snat=False)).refused == forbidden
        assert act(mine, router, what, info(ext2, "198.51.100.9")).refused == forbidden
        mixed = act(mine, router, what, info(ext), info(ext2, "198.51.100.9"))
        assert mixed.refused == forbidden
    assert act(mine, router, "update", info(ext), info(ext2)).status == 200
    assert act(mine, router, "remove", info(ext2, enable_snat=True)).status == 200
    (own,) = addresses(api.show("router", router["id"]))
    assert act(mine, router, "remove", info(ext, own)).status == 200
    for flag in ("enable_default_route_ecmp", "enable_default_route_bfd"):
        assert mine.refuse("router", **{flag: True}) == forbidden
        assert mine.refuse_update("router", router["id"], **{flag: False}) == forbidden


def test_what_others_may_not(api: Api, several: dict[str, Any], ext: str) -> None:
    for what in ("add", "update", "remove"):
        stranger = api.as_project(MINE)
        assert act(stranger, several, what, info(ext)).refused == (404, "RouterNotFound")
        reader = api.as_project(several["project_id"], roles="reader")
        assert act(reader, several, what, info(ext)).refused == (403, "PolicyNotAuthorized")
        unknown = {"id": NOWHERE}
        assert act(api, unknown, what, info(ext)).refused == (404, "RouterNotFound")
    assert api.show("router", several["id"]) == several


def test_a_site_may_let_members_say_more(make_api: MakeApi, tmp_path: Any) -> None:
    rules = tmp_path / "policy.yaml"
    rules.write_text('"add_external_gateways:external_gateways:enable_snat": "role:member"\n')
    api = make_api(oslo_policy={"policy_file": str(rules)})
    network = external(api, "203.0.113.0/24")
    mine = api.as_project(MINE)
    router = mine.create("router")
    assert act(mine, router, "add", info(network, enable_snat=False)).status == 200
    refused = act(mine, router, "update", info(network, enable_snat=True))
    assert refused.refused == (403, "PolicyNotAuthorized")
