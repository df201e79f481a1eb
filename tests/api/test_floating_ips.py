"""Floating IPs through the application, with routers between.

Statuses, error types and the order of checks are those of Neutron, as observed.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from deuteron.db.tables import journal
from deuteron.services.l3.floating import floating_ips
from tests.api.client import Api
from tests.api.conftest import MakeApi, MakeSite
from tests.api.sites import Site
from tests.deployments import ADMIN

NOWHERE = "4ea4cee1-1e1b-48b0-bad2-0dc4a83572f9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """An external network, one inside that a router joins to it, and a network on its own."""

    api: Api
    outside: str
    inside: str
    alone: str
    router: str

    def floating_ip(self, **values: Any) -> dict[str, Any]:
        return self.api.create("floatingip", floating_network_id=self.outside, **values)

    def refuse(self, **values: Any) -> tuple[int, str | None]:
        return self.api.refuse("floatingip", floating_network_id=self.outside, **values)

    def port(self, *addresses: str, network: str = "", **values: Any) -> str:
        if addresses:
            values["fixed_ips"] = [{"ip_address": one} for one in addresses]
        made = self.api.create("port", network_id=network or self.inside, **values)
        return str(made["id"])

    def act(self, action: str, router: str, subnet: str) -> tuple[int, str | None]:
        path = f"/routers/{router}/{action}_router_interface"
        return self.api.call("PUT", path, {"subnet_id": subnet}).refused


def a_network(api: Api, cidr: str, **values: Any) -> str:
    network = str(api.create("network", **values)["id"])
    api.create("subnet", network_id=network, cidr=cidr, ip_version=4)
    return network


def subnets(api: Api, network: str) -> list[str]:
    return list(api.show("network", network)["subnets"])


def the_places(api: Api) -> Places:
    outside = a_network(api, "198.51.100.0/24", **{"router:external": True})
    inside = a_network(api, "10.1.0.0/24")
    router = api.create("router", external_gateway_info={"network_id": outside})["id"]
    places = Places(
        api=api,
        outside=outside,
        inside=inside,
        alone=a_network(api, "10.2.0.0/24"),
        router=router,
    )
    assert places.act("add", router, subnets(api, inside)[0])[0] == 200
    return places


@pytest.fixture
def places(api: Api) -> Places:
    return the_places(api)


def test_its_extensions_are_there_with_routers_alone(make_api: MakeApi) -> None:
    present = {one["alias"] for one in make_api().list("extension")}
    own = {"fip-port-details", "floating-ip-router-writable", "floatingip-pools", "qos-fip"}
    assert present >= own
    without = make_api(DEFAULT={"service_plugins": "trunk"})
    assert not own & {one["alias"] for one in without.list("extension")}
    assert without.call("GET", "/floatingips").status == 404
    no_policies = make_api(DEFAULT={"service_plugins": "router"})
    assert own - {one["alias"] for one in no_policies.list("extension")} == {"qos-fip"}


def test_one_that_leads_nowhere(places: Places) -> None:
    made = places.floating_ip(description="d", dns_name="a", dns_domain="b.org.")
    assert set(made) == {
        "id",
        "tenant_id",
        "project_id",
        "floating_ip_address",
        "floating_network_id",
        "router_id",
        "port_id",
        "fixed_ip_address",
        "status",
        "description",
        "qos_policy_id",
        "port_details",
        "dns_domain",
        "dns_name",
        "port_forwardings",
        "tags",
        "created_at",
        "updated_at",
        "revision_number",
    }
    assert places.api.show("floatingip", made["id"]) == made
    nothing = ("router_id", "port_id", "fixed_ip_address", "port_details", "qos_policy_id")
    assert [made[name] for name in nothing] == [None] * len(nothing)
    assert (made["status"], made["dns_name"], made["dns_domain"]) == ("DOWN", "", "")
    (port,) = places.api.list("port", f"device_id={made['id']}")
    assert (port["device_owner"], port["project_id"], port["status"]) == (
        "network:floatingip",
        "",
        "N/A",
    )
    assert port["fixed_ips"][0]["ip_address"] == made["floating_ip_address"]
    assert places.api.refuse_delete("port", port["id"]) == (409, "ServicePortInUse")
    places.api.delete("floatingip", made["id"])
    assert places.api.list("port", f"device_id={made['id']}") == []
    assert places.api.refuse_delete("floatingip", made["id"]) == (404, "FloatingIPNotFound")


def test_addresses_that_are_wished(places: Places) -> None:
    api = places.api
    six = api.create(
        "subnet", network_id=places.outside, cidr="2001:db8::/64", ip_version=6, enable_dhcp=False
    )["id"]
    (first,) = [one for one in subnets(api, places.outside) if one != six]
    second = api.create("subnet", network_id=places.outside, cidr="203.0.113.0/24", ip_version=4)[
        "id"
    ]
    named = places.floating_ip(floating_ip_address="198.51.100.150")
    assert named["floating_ip_address"] == "198.51.100.150"
    by_subnet = places.floating_ip(subnet_id=second)
    assert by_subnet["floating_ip_address"].startswith("203.0.113.")
    both = places.floating_ip(subnet_id=second, floating_ip_address="203.0.113.9")
    assert both["floating_ip_address"] == "203.0.113.9"
    wrong = (409, "IpAddressAlreadyAllocated")
    assert places.refuse(floating_ip_address="198.51.100.150") == wrong
    assert places.refuse(floating_ip_address="192.0.2.1") == (400, "InvalidIpForNetwork")
    misplaced = {"subnet_id": first, "floating_ip_address": "203.0.113.10"}
    assert places.refuse(**misplaced) == (400, "InvalidIpForSubnet")
    six_only = (400, "ExternalIpAddressExhausted")
    assert places.refuse(floating_ip_address="2001:db8::77") == six_only
    assert places.refuse(subnet_id=six) == six_only
    assert places.refuse(subnet_id=NOWHERE) == (404, "SubnetNotFound")
    assert len(api.list("port", "device_owner=network:floatingip")) == 3  # of refused ones none


def test_networks_that_are_not_for_it(places: Places) -> None:
    api = places.api

    def refused(network: str) -> tuple[int, str | None]:
        return api.refuse("floatingip", floating_network_id=network)

    assert refused(places.inside) == (400, "BadRequest")
    assert refused(NOWHERE) == (404, "NetworkNotFound")
    empty = api.create("network", **{"router:external": True})["id"]
    assert refused(empty) == (400, "BadRequest")
    pool = [{"start": "192.0.2.2", "end": "192.0.2.2"}]
    api.create(
        "subnet", network_id=empty, cidr="192.0.2.0/29", ip_version=4, allocation_pools=pool,
        enable_dhcp=False,
    )  # fmt: skip
    api.create("floatingip", floating_network_id=empty)
    assert refused(empty) == (409, "IpAddressGenerationFailure")


def test_it_leads_to_a_port_by_the_router_between(places: Places) -> None:
    api = places.api
    port = places.port("10.1.0.20", name="p", device_id="d", device_owner="compute:nova")
    made = places.floating_ip(port_id=port)
    assert made == api.show("floatingip", made["id"])
    leads = (made["port_id"], made["fixed_ip_address"], made["router_id"], made["status"])
    assert leads == (port, "10.1.0.20", places.router, "DOWN")
    shown = api.show("port", port)
    assert made["port_details"] == {
        name: shown[name]
        for name in (
            "name",
            "network_id",
            "mac_address",
            "admin_state_up",
            "status",
            "device_id",
            "device_owner",
        )
    }
    assert places.refuse(port_id=port) == (409, "FloatingIPPortAlreadyAssociated")
    spare = places.floating_ip()
    assert api.refuse_update("floatingip", spare["id"], port_id=port)[0] == 409
    moved = api.update("floatingip", made["id"], port_id=places.port("10.1.0.21"))
    assert (moved["fixed_ip_address"], moved["revision_number"]) == ("10.1.0.21", 1)
    gone = api.update("floatingip", made["id"], port_id=None)
    assert (gone["port_id"], gone["router_id"], gone["port_details"]) == (None, None, None)
    assert api.update("floatingip", spare["id"], port_id=port)["router_id"] == places.router


def test_a_request_that_names_no_port(places: Places) -> None:
    """It leaves where one leads, unless it says nothing at all."""
    api = places.api
    port = places.port("10.1.0.20", "10.1.0.21")
    made = places.floating_ip(port_id=port, fixed_ip_address="10.1.0.21")
    path = f"/floatingips/{made['id']}"
    described = api.update("floatingip", made["id"], description="new")
    assert described == made | {
        "description": "new",
        "revision_number": 1,
        "updated_at": described["updated_at"],
    }
    same = api.call("PUT", path, {"floatingip": {"description": "new"}})
    assert same.body["floatingip"] == described
    stale = {"If-Match": "revision_number=0"}
    assert api.call("PUT", path, {"floatingip": {"description": "x"}}, headers=stale).status == 412
    assert api.refuse_update("floatingip", made["id"], fixed_ip_address="10.1.0.20")[0] == 400
    assert api.update("floatingip", made["id"], router_id=None) == described
    moved = api.update("floatingip", made["id"], port_id=port, fixed_ip_address="10.1.0.20")
    assert moved["fixed_ip_address"] == "10.1.0.20"
    assert api.call("PUT", path, {"floatingip": {}}).body["floatingip"]["port_id"] is None


def test_ports_to_which_none_can_lead(places: Places) -> None:
    api = places.api
    spare = places.floating_ip()["id"]

    def refused(port: str, **values: Any) -> tuple[int, str | None]:
        answer = places.refuse(port_id=port, **values)
        assert api.refuse_update("floatingip", spare, port_id=port, **values) == answer
        return answer

    bad = (400, "BadRequest")
    assert refused(NOWHERE) == (404, "PortNotFound")
    assert refused(places.port("10.1.0.20", "10.1.0.21")) == bad
    assert refused(places.port("10.1.0.22"), fixed_ip_address="10.1.0.99") == bad
    assert refused(places.port("10.1.0.23"), fixed_ip_address="2001:db8::1") == bad
    assert refused(places.port(fixed_ips=[])) == bad
    assert refused(places.port(device_owner="network:dhcp", device_id="x")) == bad
    unreachable = (404, "ExternalGatewayForFloatingIPNotFound")
    assert refused(places.port(network=places.alone)) == unreachable
    assert places.refuse(fixed_ip_address="10.1.0.22") == bad
    assert api.show("floatingip", spare)["revision_number"] == 0


def test_the_router_that_is_the_gateway_goes_first(places: Places) -> None:
    api = places.api
    (subnet,) = subnets(api, places.inside)
    other = api.create("router", external_gateway_info={"network_id": places.outside})["id"]
    by_port = {"port_id": places.port("10.1.0.200")}
    path = f"/routers/{other}/add_router_interface"
    assert api.call("PUT", path, by_port).status == 200
    port = places.port("10.1.0.20")
    made = places.floating_ip(port_id=port)
    assert made["router_id"] == places.router
    named = api.update("floatingip", made["id"], port_id=port, router_id=other)
    assert named["router_id"] == other
    assert api.update("floatingip", made["id"], router_id=places.router)["router_id"] != other
    assert api.update("floatingip", made["id"], router_id=other)["router_id"] == other
    alone = api.create("router")["id"]
    assert api.refuse_update("floatingip", made["id"], router_id=alone) == (409, "Conflict")
    wrong = api.refuse_update("floatingip", made["id"], router_id=NOWHERE)
    assert wrong == (404, "RouterNotFound")
    api.delete("floatingip", made["id"])
    assert places.act("remove", places.router, subnet)[0] == 200
    assert places.floating_ip(port_id=port)["router_id"] == other


def test_what_it_keeps_from_going(places: Places) -> None:
    api = places.api
    (subnet,) = subnets(api, places.inside)
    port = places.port("10.1.0.20", "10.1.0.30")
    made = places.floating_ip(port_id=port, fixed_ip_address="10.1.0.20")
    in_use = (409, "RouterInterfaceInUseByFloatingIP")
    assert places.act("remove", places.router, subnet) == in_use
    gateway = {"external_gateway_info": None}
    outside = (409, "RouterExternalGatewayInUseByFloatingIp")
    assert api.refuse_update("router", places.router, **gateway) == outside
    lost = api.refuse_update("port", port, fixed_ips=[{"ip_address": "10.1.0.30"}])
    assert lost == (400, "BadRequest")
    api.update("port", port, fixed_ips=[{"ip_address": "10.1.0.20"}])
    assert api.refuse_delete("network", places.outside) == (409, "NetworkInUse")
    assert api.show("floatingip", made["id"])["port_id"] == port
    api.delete("port", port)
    left = api.show("floatingip", made["id"])
    assert (left["port_id"], left["router_id"], left["revision_number"]) == (None, None, 1)
    assert places.act("remove", places.router, subnet)[0] == 200


def test_a_network_goes_with_those_that_lead_nowhere(places: Places) -> None:
    api = places.api
    made = places.floating_ip()["id"]
    assert api.refuse_delete("network", places.outside) == (409, "NetworkInUse")
    assert api.show("floatingip", made)  # the gateway of the router is there, too
    api.update("router", places.router, external_gateway_info=None)
    api.delete("network", places.outside)
    assert api.list("floatingip") == []


def test_lists(places: Places) -> None:
    api = places.api
    port = places.port("10.1.0.20")
    one = places.floating_ip(floating_ip_address="198.51.100.10", description="d")
    two = places.floating_ip(floating_ip_address="198.51.100.20", port_id=port)
    api.call("PUT", f"/floatingips/{one['id']}/tags/red")

    def found(query: str) -> list[str]:
        return [each["floating_ip_address"][-2:] for each in api.list("floatingip", query)]

    order = "sort_key=floating_ip_address&sort_dir="
    assert found(f"{order}asc") == ["10", "20"]
    assert found(f"{order}desc&limit=1") == ["20"]
    assert found(f"{order}asc&limit=1&marker={one['id']}") == ["20"]
    assert found("description=d") == found("tags=red") == ["10"]
    for name in ("port_id", "router_id", "fixed_ip_address"):
        assert found(f"{name}={two[name]}") == ["20"]
    assert found("floating_ip_address=198.51.100.10&floating_ip_address=x") == ["10"]
    assert api.list("floatingip", "fields=port_id&port_id=" + port) == [{"port_id": port}]
    details = api.list("floatingip", f"fields=port_details&port_id={port}")
    assert details == [{"port_details": two["port_details"]}]
    for name in ("dns_name", "qos_policy_id", "port_details", "subnet_id"):
        assert api.call("GET", f"/floatingips?{name}=x").status == 400
    many = {"floatingips": [{"floating_network_id": places.outside}]}
    assert api.call("POST", "/floatingips", many).refused == (400, "HTTPBadRequest")


def test_pools_are_the_subnets_that_a_project_sees(places: Places) -> None:
    api = places.api
    (subnet,) = subnets(api, places.outside)
    api.create("subnet", network_id=places.outside, cidr="2001:db8::/64", ip_version=6)
    hidden = a_network(api, "192.0.2.0/24", **{"router:external": True})
    (policy,) = api.list("rbac_policy", f"object_id={hidden}")
    pool = {
        "subnet_id": subnet,
        "subnet_name": "",
        "network_id": places.outside,
        "cidr": "198.51.100.0/24",
        "project_id": "tests",
        "tenant_id": "tests",
    }
    assert pool in api.list("floatingip_pool")
    assert len(api.list("floatingip_pool")) == 2
    api.delete("rbac_policy", policy["id"])
    member = api.as_project("someone")
    assert member.list("floatingip_pool", "fields=subnet_id") == [{"subnet_id": subnet}]
    assert api.call("GET", f"/floatingip_pools?subnet_id={subnet}").status == 400


def test_other_projects(places: Places) -> None:
    """A project uses external networks that it sees, for ports of its own."""
    api = places.api
    member = api.as_project("someone")
    mine = member.create("floatingip", floating_network_id=places.outside)
    assert mine["project_id"] == "someone"
    foreign = places.port("10.1.0.20")
    gone = (404, "PortNotFound")
    assert member.refuse_update("floatingip", mine["id"], port_id=foreign) == gone
    theirs = places.floating_ip()
    assert member.list("floatingip") == [mine]
    missing = (404, "FloatingIPNotFound")
    assert member.refuse_update("floatingip", theirs["id"], port_id=None) == missing
    assert member.refuse_delete("floatingip", theirs["id"]) == missing
    wished = {"floating_network_id": places.outside, "floating_ip_address": "198.51.100.9"}
    assert member.refuse("floatingip", **wished) == (403, "PolicyNotAuthorized")
    shared = a_network(api, "10.9.0.0/24", shared=True)
    assert places.act("add", places.router, subnets(api, shared)[0])[0] == 200
    own = member.create("port", network_id=shared)["id"]
    assert member.update("floatingip", mine["id"], port_id=own)["router_id"] == places.router
    # an administrator lets one of another project lead there: the project cannot take that away
    member.update("floatingip", mine["id"], port_id=None)
    api.update("floatingip", theirs["id"], port_id=own)
    assert member.refuse_delete("port", own) == (409, "FipAssociated")
    assert api.refuse("floatingip", floating_network_id=places.outside, port_id=own)[0] == 409


def test_policies(places: Places) -> None:
    api = places.api
    policy = api.call("POST", "/qos/policies", {"policy": {"name": "q"}}).body["policy"]["id"]
    made = places.floating_ip(qos_policy_id=policy)
    assert made["qos_policy_id"] == policy
    path = f"/qos/policies/{policy}"
    assert api.call("DELETE", path).refused == (409, "QosPolicyInUse")
    nothing = (404, "QosPolicyNotFound")
    assert places.refuse(qos_policy_id=NOWHERE) == nothing
    assert api.refuse_update("floatingip", made["id"], qos_policy_id=NOWHERE) == nothing
    member = api.as_project("someone")
    unseen = {"floating_network_id": places.outside, "qos_policy_id": policy}
    assert member.refuse("floatingip", **unseen) == nothing
    assert api.update("floatingip", made["id"], qos_policy_id=None)["qos_policy_id"] is None
    assert api.call("DELETE", path).status == 204


def test_their_number_is_limited(places: Places) -> None:
    api = places.api
    assert api.call("PUT", "/quotas/tests", {"quota": {"floatingip": 1}}).status == 200
    places.floating_ip()
    assert places.refuse() == (409, "OverQuota")
    assert len(api.list("port", "device_owner=network:floatingip")) == 1


def entries(site: Site, resource: str) -> list[tuple[str, str, Any]]:
    with site.deployment.database.read() as conn:
        statement = (
            select(journal.c.resource_id, journal.c.event, journal.c.details)
            .where(journal.c.resource == resource)
            .order_by(journal.c.seq)
        )
        return [(row[0], row[1], row[2]) for row in conn.execute(statement)]


def test_the_journal_says_whom_it_concerns(make_site: MakeSite) -> None:
    site = make_site()
    places = the_places(Api(site.application, {"X-Project-Id": "tests"}))
    told = len(entries(site, "router"))
    port = places.port("10.1.0.20", device_id="server", device_owner="compute:nova")
    made = places.floating_ip(port_id=port)["id"]
    places.api.update("floatingip", made, description="x")
    places.api.update("floatingip", made, port_id=None)
    places.api.delete("floatingip", made)
    server = {"id": port, "device_id": "server", "device_owner": "compute:nova"}
    leading = {"routers": [places.router], "ports": [server]}
    assert entries(site, "floatingip") == [
        (made, "create", leading),
        (made, "update", leading),
        (made, "update", leading),
        (made, "delete", {"routers": [], "ports": []}),
    ]
    assert [entry[:2] for entry in entries(site, "router")[told:]] == [
        (places.router, "changed")
    ] * 3


def test_agents_say_their_status(make_site: MakeSite) -> None:
    site = make_site()
    d = site.deployment
    places = the_places(Api(site.application, {"X-Project-Id": "tests"}))
    one = places.floating_ip(port_id=places.port("10.1.0.20"))["id"]
    two = places.floating_ip(port_id=places.port("10.1.0.21"))["id"]
    spare = places.floating_ip()["id"]

    def statuses() -> list[str]:
        return [places.api.show("floatingip", each)["status"] for each in (one, two, spare)]

    said = {one: "ACTIVE", two: "ERROR", spare: "ACTIVE", NOWHERE: "ACTIVE"}
    floating_ips.report_statuses(d, ADMIN, places.router, said)
    assert statuses() == ["ACTIVE", "ERROR", "DOWN"]
    floating_ips.report_statuses(d, ADMIN, NOWHERE, {one: "DOWN"})
    floating_ips.report_statuses(d, ADMIN, places.router, {one: "on fire", two: "ACTIVE"})
    assert statuses() == ["ACTIVE", "ACTIVE", "DOWN"]
    places.api.update("floatingip", one, port_id=None)
    assert statuses()[0] == "ACTIVE"  # until the agent has taken it away
    floating_ips.report_statuses(d, ADMIN, places.router, {two: "ACTIVE"})
    assert statuses() == ["DOWN", "ACTIVE", "DOWN"]
