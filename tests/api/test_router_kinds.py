"""Highly available and distributed routers, through the application.

Statuses, error types and the order of checks are those of Neutron, as observed.
"""

from typing import Any

import pytest

from tests.api.client import Api
from tests.api.conftest import MakeApi

HA_PORT = "network:router_ha_interface"
LEGACY = "network:router_interface"
REPLICATED = "network:ha_router_replicated_interface"
DISTRIBUTED = "network:router_interface_distributed"
SNAT = "network:router_centralized_snat"


@pytest.fixture
def outside(api: Api) -> dict[str, Any]:
    network = api.create("network", **{"router:external": True})
    api.create("subnet", network_id=network["id"], ip_version=4, cidr="192.0.2.0/24")
    return network


def a_subnet(api: Api, cidr: str = "10.0.0.0/24", **values: Any) -> dict[str, Any]:
    network_id = values.pop("network_id", None) or api.create("network")["id"]
    version = 6 if ":" in cidr else 4
    return api.create("subnet", network_id=network_id, ip_version=version, cidr=cidr, **values)


def join(api: Api, router: dict[str, Any], subnet: dict[str, Any]) -> str:
    path = f"/routers/{router['id']}/add_router_interface"
    answer = api.call("PUT", path, {"subnet_id": subnet["id"]})
    assert answer.status == 200, answer
    return str(answer.body["port_id"])


def leave(api: Api, router: dict[str, Any], subnet: dict[str, Any]) -> None:
    path = f"/routers/{router['id']}/remove_router_interface"
    assert api.call("PUT", path, {"subnet_id": subnet["id"]}).status == 200


def owned(api: Api, router: dict[str, Any], owner: str) -> list[dict[str, Any]]:
    return api.list("port", f"device_id={router['id']}&device_owner={owner}")


def l3_agent(api: Api, host: str, mode: str = "legacy") -> None:
    api.ovs_agent(host)
    api.agent(host, agent_type="L3 agent", binary="neutron-l3-agent", agent_mode=mode)


def test_their_extensions_are_there(make_api: MakeApi, api: Api) -> None:
    distributed = {"dvr", "router-admin-state-down-before-update"}
    there = {one["alias"] for one in api.list("extension")}
    assert there >= {"l3-ha", "network_ha", *distributed}
    without = make_api(DEFAULT={"enable_dvr": "false", "router_distributed": "true"})
    assert not distributed & {one["alias"] for one in without.list("extension")}
    assert without.call("POST", "/routers", {"router": {"distributed": True}}).status == 400


def test_what_nobody_asks_for_is_configured(make_api: MakeApi) -> None:
    api = make_api(DEFAULT={"l3_ha": "true", "router_distributed": "true"})
    router = api.create("router")
    assert (router["ha"], router["distributed"]) == (True, True)
    router = api.create("router", ha=False, distributed=None)
    assert (router["ha"], router["distributed"]) == (False, True)


def test_only_administrators_see_and_choose_the_kind(api: Api) -> None:
    member = api.as_project("p")
    router = member.create("router")
    assert not {"ha", "distributed"} & router.keys()
    assert member.refuse("router", ha=True) == (403, "PolicyNotAuthorized")
    assert member.refuse_update("router", router["id"], distributed=True)[0] == 403
    shown = api.show("router", router["id"])
    assert (shown["ha"], shown["distributed"]) == (False, False)


def test_a_highly_available_router_has_a_network_that_projects_do_not_see(api: Api) -> None:
    router = api.create("router", ha=True, project_id="p")
    assert (router["ha"], router["status"]) == (True, "ACTIVE")
    [network] = api.list("network", "name=HA%20network%20project%20p")
    assert network["project_id"] == ""
    assert "ha" not in network
    assert api.as_project("p").list("network") == []
    assert api.call("GET", "/networks?ha=true").status == 400
    assert api.refuse_delete("network", network["id"]) == (409, "NetworkInUse")
    api.delete("router", router["id"])
    assert api.list("network") == []


def test_a_network_can_be_made_for_highly_available_routers(api: Api) -> None:
    own = api.create("network", ha=True)
    assert api.refuse("network", ha=True) == (409, "DuplicatedHANetwork")
    api.create("router", ha=True)
    assert [one["id"] for one in api.list("network")] == [own["id"]]
    assert len(own["subnets"]) == 0
    assert len(api.show("network", own["id"])["subnets"]) == 1


def test_a_kind_changes_while_the_router_is_down(api: Api) -> None:
    router = api.create("router")["id"]
    assert api.refuse_update("router", router, ha=True) == (400, "BadRequest")
    assert api.refuse_update("router", router, distributed=True) == (400, "BadRequest")
    both = {"distributed": True, "admin_state_up": False}
    assert api.refuse_update("router", router, **both) == (400, "BadRequest")
    assert api.update("router", router, ha=None, distributed=None)["ha"] is False
    assert api.update("router", router, ha=True, admin_state_up=False)["ha"] is True
    assert api.refuse_update("router", router, ha=False, admin_state_up=True)[0] == 400
    changed = api.update("router", router, ha=False, distributed=True)
    assert (changed["ha"], changed["distributed"]) == (False, True)
    assert api.list("network") == []
    api.delete("router", router)


def test_interfaces_follow_the_kind(api: Api, outside: dict[str, Any]) -> None:
    gateway = {"network_id": outside["id"]}
    router = api.create("router", external_gateway_info=gateway)
    port = join(api, router, a_subnet(api))
    assert api.show("port", port)["device_owner"] == LEGACY
    kinds = (
        ({"ha": True}, REPLICATED, "unbound", 0),
        ({"distributed": True}, DISTRIBUTED, "distributed", 1),
        ({"ha": False}, DISTRIBUTED, "distributed", 1),
        ({"distributed": False}, LEGACY, "unbound", 0),
    )
    api.update("router", router["id"], admin_state_up=False)
    for change, owner, vif_type, snat_ports in kinds:
        api.update("router", router["id"], **change)
        shown = api.show("port", port)
        assert (shown["device_owner"], shown["binding:vif_type"]) == (owner, vif_type), change
        assert len(owned(api, router, SNAT)) == snat_ports, change
        assert shown["device_id"] == router["id"]
    assert [one["name"] for one in api.list("network") if one["project_id"] == ""] == []


def test_a_distributed_router_has_a_snat_port_on_each_subnet_while_it_has_a_gateway(
    api: Api, outside: dict[str, Any]
) -> None:
    router = api.create("router", distributed=True)
    one, two = a_subnet(api), a_subnet(api, "10.0.1.0/24")
    six = a_subnet(api, "fd00:1::/64", network_id=two["network_id"])
    more = a_subnet(api, "fd00:2::/64", network_id=two["network_id"])

    def snat() -> list[list[str]]:
        return sorted(
            sorted(address["subnet_id"] for address in port["fixed_ips"])
            for port in owned(api, router, SNAT)
        )

    join(api, router, one)
    assert snat() == []
    api.update("router", router["id"], external_gateway_info={"network_id": outside["id"]})
    assert snat() == [[one["id"]]]
    for subnet in (two, six, more):
        join(api, router, subnet)
    assert snat() == sorted([[one["id"]], [two["id"]], sorted([six["id"], more["id"]])])
    [port] = [one for one in owned(api, router, SNAT) if len(one["fixed_ips"]) == 1][:1]
    assert (port["project_id"], port["device_owner"]) == ("", SNAT)
    assert api.refuse_delete("port", port["id"]) == (409, "ServicePortInUse")
    leave(api, router, six)
    leave(api, router, one)
    assert snat() == sorted([[two["id"]], [more["id"]]])
    api.update("router", router["id"], external_gateway_info=None)
    assert snat() == []
    leave(api, router, two)
    leave(api, router, more)
    api.delete("router", router["id"])


def test_an_interface_of_a_distributed_router_is_on_no_host_in_particular(api: Api) -> None:
    router = api.create("router", distributed=True)
    api.ovs_agent("h1")
    subnet = a_subnet(api)
    wished = {"subnet_id": subnet["id"], "ip_address": "10.0.0.9"}
    port = api.create(
        "port", network_id=subnet["network_id"], fixed_ips=[wished], **{"binding:host_id": "h1"}
    )
    assert port["binding:vif_type"] == "ovs"
    path = f"/routers/{router['id']}/add_router_interface"
    assert api.call("PUT", path, {"port_id": port["id"]}).status == 200
    shown = api.show("port", port["id"])
    assert (shown["binding:host_id"], shown["binding:vif_type"]) == ("", "distributed")
    assert shown["device_owner"] == DISTRIBUTED
