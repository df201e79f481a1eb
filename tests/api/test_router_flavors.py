"""Flavors of routers through the application: statuses and error types as observed of Neutron."""

from typing import Any

import pytest

from tests.api.client import Api
from tests.api.conftest import MakeApi

NOWHERE = "4ea4cee1-1e1b-48b0-bad2-0dc4a83572f9"
PATH = "neutron.services.l3_router.service_providers"
SINGLE, HA = f"{PATH}.single_node.SingleNodeDriver", f"{PATH}.ha.HaDriver"
DVR = f"{PATH}.dvr.DvrDriver"


def a_profile(api: Api, driver: str, **values: Any) -> str:
    return str(api.create("service_profile", driver=driver, **values)["id"])


def a_flavor(api: Api, *profiles: str) -> str:
    body = {"service_type": "L3_ROUTER_NAT", "service_profiles": list(profiles)}
    return str(api.create("flavor", **body)["id"])


def names(api: Api) -> list[str]:
    found = api.call("GET", "/service-providers?service_type=L3_ROUTER_NAT").body
    assert not any(one["default"] for one in found["service_providers"])
    return [one["name"] for one in found["service_providers"]]


def test_providers_of_routers_are_there(api: Api, make_api: MakeApi) -> None:
    assert "l3-flavors" in {one["alias"] for one in api.list("extension")}
    assert names(api) == ["dvrha", "dvr", "ha", "single_node"]
    named = {"service_provider": f"L3_ROUTER_NAT:own:{HA}"}
    assert names(make_api(service_providers=named)) == ["own", "dvrha", "dvr", "single_node"]
    without = make_api(DEFAULT={"service_plugins": "qos"})
    assert "l3-flavors" not in {one["alias"] for one in without.list("extension")}
    assert names(without) == []


@pytest.mark.parametrize("driver", [SINGLE, DVR])
def test_a_router_has_a_flavor(api: Api, driver: str) -> None:
    flavor = a_flavor(api, a_profile(api, driver))
    router = api.create("router", flavor_id=flavor)
    assert (router["flavor_id"], router["ha"], router["distributed"]) == (flavor, False, False)
    assert api.show("router", router["id"])["flavor_id"] == flavor
    assert api.refuse_delete("flavor", flavor) == (409, "FlavorInUse")
    assert api.update("router", router["id"], name="n")["flavor_id"] == flavor
    assert api.refuse_update("router", router["id"], flavor_id=flavor) == (400, "HTTPBadRequest")
    api.delete("router", router["id"])
    api.delete("flavor", flavor)


def test_which_flavors_a_router_cannot_have(api: Api) -> None:
    assert api.refuse("router", flavor_id=NOWHERE) == (404, "FlavorNotFound")
    assert api.refuse("router", flavor_id=None) == (404, "FlavorNotFound")
    for wrong in (5, ["x"], {}):
        assert api.refuse("router", flavor_id=wrong) == (400, "InvalidInput")
    empty = (404, "FlavorServiceProfileBindingNotFound")
    assert api.refuse("router", flavor_id=a_flavor(api)) == empty
    disabled = a_flavor(api, a_profile(api, SINGLE, enabled=False))
    assert api.refuse("router", flavor_id=disabled) == (503, "ServiceProfileDisabled")
    assert api.create("router")["flavor_id"] is None


def test_a_request_says_what_the_driver_supports(api: Api) -> None:
    single = a_flavor(api, a_profile(api, SINGLE))
    refused = (400, "InvalidInput")
    assert api.refuse("router", flavor_id=single, ha=True) == refused
    assert api.refuse("router", flavor_id=single, distributed=True) == refused
    router = api.create("router", flavor_id=single, ha=False, distributed=False)
    up = api.refuse_update("router", router["id"], ha=True)
    assert up == (400, "BadRequest")
    api.update("router", router["id"], admin_state_up=False)
    assert api.refuse_update("router", router["id"], distributed=True) == refused
    assert api.show("router", router["id"])["distributed"] is False
    dvr = a_flavor(api, a_profile(api, DVR))
    assert api.refuse("router", flavor_id=dvr, distributed=False) == refused
    assert api.create("router", flavor_id=dvr, distributed=True)["distributed"] is True
