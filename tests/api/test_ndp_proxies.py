"""NDP proxies of routers, through the application.

Statuses, error types and keys are those of Neutron, as observed, but where it hangs.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.client import Answer, Api
from tests.api.conftest import MakeApi

NOWHERE = "4ea4cee1-1e1b-48b0-bad2-0dc4a83572f9"
PROXY = "ndp_proxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A router between an external network and a subnet of one address scope."""

    api: Api
    pool: str
    outside: str
    plain: str
    router: dict[str, Any]
    network: str
    subnet: str
    port: dict[str, Any]

    def put(self, **changes: Any) -> Answer:
        return self.api.call("PUT", f"/routers/{self.router['id']}", {"router": changes})

    def act(self, action: str, subnet_id: str) -> Answer:
        path = f"/routers/{self.router['id']}/{action}"
        return self.api.call("PUT", path, {"subnet_id": subnet_id})

    def proxy(self, **values: Any) -> dict[str, Any]:
        body = {"router_id": self.router["id"], "port_id": self.port["id"], **values}
        return self.api.create(PROXY, **body)

    def refuse(self, **values: Any) -> tuple[int, str | None]:
        body = {"router_id": self.router["id"], "port_id": self.port["id"], **values}
        return self.api.refuse(PROXY, **body)


def a_subnet(api: Api, network_id: str, pool: str | None, cidr: str | None = None) -> str:
    version = 6 if pool else 4
    source = {"subnetpool_id": pool} if pool else {"cidr": cidr}
    body = {"network_id": network_id, "ip_version": version, "enable_dhcp": False, **source}
    return str(api.create("subnet", **body)["id"])


def a_pool(api: Api, prefix: str, scope: str | None) -> str:
    body = {"name": "p", "prefixes": [prefix], "default_prefixlen": 64, "address_scope_id": scope}
    return str(api.create("subnetpool", **body)["id"])


@pytest.fixture
def place(api: Api) -> Place:
    scope = api.create("address_scope", name="s", ip_version=6)["id"]
    pool = a_pool(api, "2001:db8:1::/48", scope)
    outside = api.create("network", **{"router:external": True})["id"]
    a_subnet(api, outside, pool)
    plain = api.create("network", **{"router:external": True})["id"]
    a_subnet(api, plain, None, "203.0.113.0/24")
    network = api.create("network")["id"]
    subnet = a_subnet(api, network, pool)
    info = {"network_id": outside}
    router = api.create("router", external_gateway_info=info, enable_ndp_proxy=True)
    port = api.create("port", network_id=network)
    made = Place(
        api=api,
        pool=pool,
        outside=outside,
        plain=plain,
        router=router,
        network=network,
        subnet=subnet,
        port=port,
    )
    assert made.act("add_router_interface", subnet).status == 200
    return made


def test_its_extensions_are_there(api: Api, make_api: MakeApi) -> None:
    aliases = {"l3-ndp-proxy", "l3-ext-ndp-proxy"}
    assert {one["alias"] for one in api.list("extension")} >= aliases
    without = make_api(DEFAULT={"service_plugins": "router"})
    assert not {one["alias"] for one in without.list("extension")} & aliases
    assert "enable_ndp_proxy" not in without.create("router")
    alone = make_api(DEFAULT={"service_plugins": "ndp_proxy"})
    assert alone.create("router")["enable_ndp_proxy"] is False


def test_the_life_of_a_proxy(place: Place) -> None:
    api = place.api
    proxy = place.proxy(name="n", description="d")
    address = place.port["fixed_ips"][0]["ip_address"]
    assert proxy == {
        "id": proxy["id"],
        "name": "n",
        "project_id": "tests",
        "tenant_id": "tests",
        "router_id": place.router["id"],
        "port_id": place.port["id"],
        "ip_address": address,
        "description": "d",
        "revision_number": 0,
        "created_at": proxy["created_at"],
        "updated_at": proxy["updated_at"],
    }
    assert api.show(PROXY, proxy["id"]) == proxy
    assert api.list(PROXY, "name=n") == [proxy]
    for query, found in {
        f"router_id={place.router['id']}": [proxy],
        "project_id=tests": [proxy],
        "tenant_id=other": [],
    }.items():
        assert api.list(PROXY, query) == found, query
    changed = api.update(PROXY, proxy["id"], description="x")
    assert (changed["description"], changed["revision_number"]) == ("x", 1)
    readonly = api.call("PUT", f"/ndp_proxies/{proxy['id']}", {PROXY: {"port_id": NOWHERE}})
    assert readonly.refused == (400, "HTTPBadRequest")
    other = api.as_project("other")
    gone = (404, "NDPProxyNotFound")
    assert other.call("GET", f"/ndp_proxies/{proxy['id']}").refused == gone
    api.delete(PROXY, proxy["id"])
    assert api.refuse_delete(PROXY, proxy["id"]) == gone
    assert api.call("GET", f"/ndp_proxies/{proxy['id']}").refused == gone


def test_which_proxies_are_refused(place: Place) -> None:
    api, port = place.api, place.port
    assert place.refuse(ip_address="2001:db8:9::9") == (400, "InvalidAddress")
    assert place.refuse(ip_address="10.0.0.9") == (400, "InvalidAddress")
    assert place.refuse(ip_address="x") == (400, "HTTPBadRequest")
    assert place.refuse(port_id=NOWHERE) == (404, "PortNotFound")
    assert place.refuse(router_id=NOWHERE) == (409, "PortUnreachableRouter")
    assert place.refuse(router_id="x") == (400, "HTTPBadRequest")
    place.proxy(ip_address=port["fixed_ips"][0]["ip_address"].upper())
    assert place.refuse() == (409, "NDPProxyExists")
    of_ipv4 = a_subnet(api, place.network, None, "10.0.0.0/24")
    assert place.act("add_router_interface", of_ipv4).status == 200
    addresses = [{"subnet_id": of_ipv4}]
    four = api.create("port", network_id=place.network, fixed_ips=addresses)
    assert place.refuse(port_id=four["id"]) == (400, "BadRequest")
    far = api.create("network")["id"]
    a_subnet(api, far, place.pool)
    away = api.create("port", network_id=far)
    assert place.refuse(port_id=away["id"]) == (409, "PortUnreachableRouter")
    without = api.create("network")["id"]
    subnet = a_subnet(api, without, a_pool(api, "2001:db8:2::/48", None))
    assert place.act("add_router_interface", subnet).status == 200
    unscoped = api.create("port", network_id=without)
    assert place.refuse(port_id=unscoped["id"]) == (409, "AddressScopeConflict")
    another = api.create("port", network_id=place.network, fixed_ips=[{"subnet_id": place.subnet}])
    assert place.put(enable_ndp_proxy=False).body["router"]["enable_ndp_proxy"] is False
    assert place.refuse(port_id=another["id"]) == (409, "RouterNDPProxyNotEnable")


def test_a_router_answers_if_its_gateway_lets_it(place: Place) -> None:
    api = place.api
    refused = (409, "RouterGatewayNotValid")
    plain, fitting = {"network_id": place.plain}, {"network_id": place.outside}
    assert api.refuse("router", enable_ndp_proxy=True, external_gateway_info=plain) == refused
    nowhere = {"network_id": NOWHERE}
    missing = api.refuse("router", enable_ndp_proxy=True, external_gateway_info=nowhere)
    assert missing == (404, "NetworkNotFound")
    assert not api.create("router", external_gateway_info=fitting)["enable_ndp_proxy"]
    router = api.create("router")

    def put(**changes: Any) -> Answer:
        return api.call("PUT", f"/routers/{router['id']}", {"router": changes})

    assert put(enable_ndp_proxy=True, external_gateway_info=plain).refused == refused
    assert not put(external_gateway_info=plain).body["router"]["enable_ndp_proxy"]
    assert put(enable_ndp_proxy=True).refused == refused
    assert put(external_gateway_info=fitting).body["router"]["enable_ndp_proxy"]
    assert api.show("router", router["id"])["enable_ndp_proxy"]
    assert not put(enable_ndp_proxy=False).body["router"]["enable_ndp_proxy"]
    assert not put(name="n").body["router"]["enable_ndp_proxy"]
    assert put(enable_ndp_proxy=True).body["router"]["enable_ndp_proxy"]
    assert put(enable_ndp_proxy=True, external_gateway_info={}).refused == refused
    assert not put(external_gateway_info={}).body["router"]["enable_ndp_proxy"]
    assert len(api.list("router", "enable_ndp_proxy=true")) == 1


@pytest.mark.parametrize("early", [True, False])
def test_a_router_that_is_to_answer_waits_for_a_gateway_that_lets_it(
    place: Place, early: bool
) -> None:
    api = place.api
    router = api.create("router", enable_ndp_proxy=early or None)
    path = f"/routers/{router['id']}"
    if not early:
        assert not router["enable_ndp_proxy"]
        router = api.update("router", router["id"], enable_ndp_proxy=True)
    assert router["enable_ndp_proxy"]

    def gateways(*network_ids: str) -> Answer:
        infos = [{"network_id": one} for one in network_ids]
        body = {"router": {"external_gateways": infos}}
        return api.call("PUT", f"{path}/update_external_gateways", body)

    proxy = {"router_id": router["id"], "port_id": place.port["id"]}
    assert api.refuse(PROXY, **proxy) == (409, "PortUnreachableRouter")
    assert gateways(place.plain).refused == (409, "RouterGatewayNotValid")
    assert api.show("router", router["id"]) == router
    assert gateways(place.outside, place.plain).body["router"]["enable_ndp_proxy"]
    assert not gateways(place.plain, place.outside).body["router"]["enable_ndp_proxy"]
    assert gateways(place.outside).body["router"]["enable_ndp_proxy"]
    assert not gateways().body["router"]["enable_ndp_proxy"]


def test_proxies_hold_the_first_gateway(place: Place) -> None:
    place.proxy()
    path = f"/routers/{place.router['id']}"
    first, second = {"network_id": place.outside}, {"network_id": place.plain}
    in_use = (409, "RouterGatewayInUseByNDPProxy")

    def act(what: str, *infos: dict[str, str]) -> Answer:
        body = {"router": {"external_gateways": list(infos)}}
        return place.api.call("PUT", f"{path}/{what}_external_gateways", body)

    assert act("add", second).status == 200
    assert act("update", second, first).refused == in_use
    assert act("remove", first).refused == in_use
    assert act("update").refused == in_use
    assert act("remove", second).status == 200


def test_a_site_may_let_all_answer(make_api: MakeApi) -> None:
    api = make_api(DEFAULT={"enable_ndp_proxy_by_default": "true"})
    scope = api.create("address_scope", name="s", ip_version=6)["id"]
    outside = api.create("network", **{"router:external": True})["id"]
    a_subnet(api, outside, a_pool(api, "2001:db8:1::/48", scope))
    info = {"network_id": outside}
    assert api.create("router", external_gateway_info=info)["enable_ndp_proxy"]
    said = api.create("router", external_gateway_info=info, enable_ndp_proxy=False)
    assert not said["enable_ndp_proxy"]
    assert not api.create("router")["enable_ndp_proxy"]


def test_what_proxies_use_stays(place: Place) -> None:
    api = place.api
    proxy = place.proxy()
    leave = place.act("remove_router_interface", place.subnet)
    assert leave.refused == (409, "RouterInterfaceInUseByNDPProxy")
    for info in ({}, {"network_id": place.plain}):
        refused = place.put(external_gateway_info=info).refused
        assert refused == (409, "RouterGatewayInUseByNDPProxy")
    assert api.refuse_delete("router", place.router["id"]) == (409, "RouterInUse")
    api.delete("port", place.port["id"])
    assert api.call("GET", f"/ndp_proxies/{proxy['id']}").refused == (404, "NDPProxyNotFound")
    assert place.put(external_gateway_info={}).status == 200
    assert place.act("remove_router_interface", place.subnet).status == 200


def test_a_proxy_goes_with_the_address(place: Place) -> None:
    proxy = place.proxy()
    other = [{"subnet_id": place.subnet, "ip_address": "2001:db8:1:1::abcd"}]
    place.api.update("port", place.port["id"], name="n")
    assert place.api.show(PROXY, proxy["id"]) == proxy
    place.api.update("port", place.port["id"], fixed_ips=other)
    assert place.api.list(PROXY) == []


def test_the_gateway_keeps_an_ipv6_address(place: Place) -> None:
    of_ipv4 = a_subnet(place.api, place.outside, None, "198.51.100.0/24")
    info = {"network_id": place.outside, "external_fixed_ips": [{"subnet_id": of_ipv4}]}
    refused = place.put(external_gateway_info=info).refused
    assert refused == (409, "RouterIPv6GatewayInUse")
    both = {"network_id": place.outside, "enable_snat": False}
    assert place.put(external_gateway_info=both).body["router"]["enable_ndp_proxy"]
