"""Flavors, their profiles and the providers behind them, through the application.

Statuses and error types are those of Neutron, as observed; where it answers 500, those of the API
reference.
"""

from typing import Any

import pytest

from tests.api.client import Answer, Api
from tests.api.conftest import MakeApi

NOWHERE = "4ea4cee1-1e1b-48b0-bad2-0dc4a83572f9"
PROVIDERS = "VPN:Strong:swan.Driver:default\nservice_provider = VPN:other:other.Driver"


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    plugins = {"service_plugins": "qos"}  # without those that have providers of their own
    return make_api(DEFAULT=plugins, service_providers={"service_provider": PROVIDERS})


def a_profile(api: Api, **values: Any) -> str:
    return str(api.create("service_profile", **values)["id"])


def add(api: Api, flavor: str, *profiles: str) -> Answer:
    body: dict[str, Any] = {"service_profile": {"id": profiles[0]}}
    if len(profiles) > 1:
        body = {"service_profiles": [{"id": one} for one in profiles]}
    return api.call("POST", f"/flavors/{flavor}/service_profiles", body)


def test_the_life_of_a_flavor(api: Api) -> None:
    assert {one["alias"] for one in api.list("extension")} >= {"flavors", "service-type"}
    flavor = api.create("flavor", name="gold", service_type="VPN", enabled=None)
    assert flavor == {
        "id": flavor["id"],
        "name": "gold",
        "description": "",
        "service_type": "VPN",
        "enabled": True,
        "service_profiles": [],
    }
    assert api.show("flavor", flavor["id"]) == flavor
    changed = api.update("flavor", flavor["id"], name="best", description=None, enabled=False)
    assert changed == {**flavor, "name": "best", "description": None, "enabled": False}
    api.create("flavor", service_type="QOS", description="other")
    assert api.list("flavor", "service_type=VPN&enabled=false") == [changed]
    assert [one["name"] for one in api.list("flavor", "sort_key=name&sort_dir=desc")] == [
        "best",
        "",
    ]
    page = api.call("GET", "/flavors?limit=1&sort_key=name&sort_dir=asc").body
    follow = next(one["href"] for one in page["flavors_links"] if one["rel"] == "next")
    rest = api.call("GET", follow.partition("/v2.0")[2]).body["flavors"]
    assert [one["name"] for one in page["flavors"] + rest] == ["", "best"]
    api.delete("flavor", flavor["id"])
    assert api.refuse_delete("flavor", flavor["id"]) == (404, "FlavorNotFound")

    assert api.refuse("flavor", name="a") == (400, "HTTPBadRequest")
    assert api.refuse("flavor", service_type="NONE") == (400, "InvalidServiceType")
    for wrong in (["VPN"], None, "", "x" * 300):
        assert api.refuse("flavor", service_type=wrong) == (400, "InvalidServiceType")
    many = api.call("POST", "/flavors", {"flavors": [{"service_type": "QOS"}]})
    assert many.refused == (400, "HTTPBadRequest")
    flavor = api.create("flavor", service_type="FLAVORS")["id"]
    assert api.refuse_update("flavor", flavor, service_type="VPN") == (400, "HTTPBadRequest")
    assert api.update("flavor", flavor, enabled=None)["enabled"] is True
    assert api.refuse_update("flavor", flavor, enabled="maybe") == (400, "InvalidInput")
    assert api.call("GET", "/flavors?service_profiles=x").refused == (400, "HTTPBadRequest")


def test_profiles_name_a_driver_of_a_provider_or_say_something(api: Api) -> None:
    profile = api.create("service_profile", driver="other.Driver", metainfo="{'a': 1}")
    assert profile == {
        "id": profile["id"],
        "description": "",
        "driver": "other.Driver",
        "enabled": True,
        "metainfo": "{'a': 1}",
    }
    assert api.refuse("service_profile") == (400, "ServiceProfileEmpty")
    assert api.refuse("service_profile", driver="x") == (404, "ServiceProfileDriverNotFound")
    assert api.refuse("service_profile", metainfo={"a": 1}) == (400, "HTTPBadRequest")
    unknown = api.refuse_update("service_profile", profile["id"], driver="x")
    assert unknown == (404, "ServiceProfileDriverNotFound")
    changed = api.update("service_profile", profile["id"], metainfo="", enabled=False)
    assert changed == {**profile, "metainfo": "", "enabled": False}
    assert api.list("service_profile", "driver=other.Driver&enabled=False") == [changed]
    api.delete("service_profile", profile["id"])
    assert api.refuse_delete("service_profile", profile["id"]) == (404, "ServiceProfileNotFound")


def test_profiles_that_flavors_have_stay_as_they_are(api: Api) -> None:
    first, second = sorted((a_profile(api, metainfo="1"), a_profile(api, metainfo="2")))
    flavor = api.create("flavor", service_type="VPN")["id"]
    answer = add(api, flavor, first)
    assert (answer.status, answer.body) == (201, {"service_profile": {"id": first}})
    assert add(api, flavor, first).refused == (409, "FlavorServiceProfileBindingExists")
    twice = add(api, flavor, second, second)
    assert twice.refused == (409, "FlavorServiceProfileBindingExists")
    assert add(api, flavor, NOWHERE).refused == (404, "ServiceProfileNotFound")
    assert add(api, NOWHERE, first).refused == (404, "FlavorNotFound")
    assert add(api, flavor, "x").refused == (400, "HTTPBadRequest")
    path = f"/flavors/{flavor}/service_profiles"
    assert api.call("GET", path).body == {"service_profiles": [{"id": first}]}
    assert api.call("GET", f"{path}/{second}").refused[0] == 404

    assert api.refuse_update("service_profile", first, description="x") == (
        409,
        "ServiceProfileInUse",
    )
    assert api.refuse_delete("service_profile", first) == (409, "ServiceProfileInUse")
    assert api.call("DELETE", f"{path}/{first}").status == 204
    gone = api.call("DELETE", f"{path}/{first}").refused
    assert gone == (404, "FlavorServiceProfileBindingNotFound")

    changed = api.update("flavor", flavor, service_profiles=[second, first])
    assert changed["service_profiles"] == [first, second]
    assert api.update("flavor", flavor, service_profiles=[second])["service_profiles"] == [second]
    other = api.create("flavor", service_type="VPN", service_profiles=[second])["id"]
    assert api.show("flavor", other)["service_profiles"] == [second]
    refused = api.refuse("flavor", service_type="VPN", service_profiles=[NOWHERE])
    assert refused == (404, "ServiceProfileNotFound")
    api.delete("flavor", flavor)
    api.delete("flavor", other)
    api.delete("service_profile", second)


def test_providers_are_those_of_the_configuration_and_the_next_of_an_enabled_profile(
    api: Api,
) -> None:
    swan = {"service_type": "VPN", "name": "strong", "default": True}
    other = {"service_type": "VPN", "name": "other", "default": False}
    path = "/service-providers"
    for query, expected in {
        "": [swan, other],
        "?service_type=VPN&default=False": [other],
        "?name=strong&name=x": [swan],
        "?driver=other.Driver": [other],
        "?service_type=LB": [],
        "?sort_key=service_type&sort_dir=asc&sort_key=name&sort_dir=asc": [other, swan],
        "?sort_key=name&sort_dir=desc": [swan, other],
        "?fields=name": [{"name": "strong"}, {"name": "other"}],
    }.items():
        assert api.call("GET", path + query).body == {"service_providers": expected}, query
    # they have no pages, and no links that would lead in a circle
    assert api.call("GET", f"{path}?limit=1").body == {"service_providers": [swan, other]}
    assert api.call("GET", "/service_providers").body == {"service_providers": [swan, other]}

    flavor = api.create("flavor", service_type="VPN")["id"]
    path = f"/flavors/{flavor}/next_providers"
    assert api.call("GET", path).refused == (404, "FlavorServiceProfileBindingNotFound")
    add(api, flavor, a_profile(api, driver="swan.Driver", enabled=False))
    assert api.call("GET", path).refused == (503, "ServiceProfileDisabled")
    add(api, flavor, a_profile(api, metainfo="no driver"))
    assert api.call("GET", path).refused == (404, "ServiceProfileDriverNotFound")
    add(api, flavor, a_profile(api, driver="other.Driver"))
    expected = {"next_providers": [{"provider": "other", "driver": "other.Driver"}]}
    assert api.call("GET", path).body == expected


def test_flavors_are_everybodys_to_see_and_the_administrators_to_make(api: Api) -> None:
    flavor = api.create("flavor", service_type="VPN")
    profile = a_profile(api, driver="swan.Driver")
    add(api, flavor["id"], profile)
    user = api.as_project("user", roles="reader,member")
    assert user.list("flavor") == [api.show("flavor", flavor["id"])]
    assert user.list("service_profile") == []
    assert user.call("GET", f"/service_profiles/{profile}").status == 404
    assert user.call("GET", f"/flavors/{flavor['id']}/next_providers").status == 200
    assert user.call("GET", "/service-providers").body["service_providers"] != []
    assert user.refuse("flavor", service_type="VPN") == (403, "PolicyNotAuthorized")
    assert user.refuse_update("flavor", flavor["id"], name="x") == (403, "PolicyNotAuthorized")
    assert user.refuse_delete("flavor", flavor["id"]) == (403, "PolicyNotAuthorized")
    assert user.refuse("service_profile", metainfo="x") == (403, "PolicyNotAuthorized")
    assert add(user, flavor["id"], profile).refused == (403, "PolicyNotAuthorized")
    path = f"/flavors/{flavor['id']}/service_profiles/{profile}"
    assert user.call("DELETE", path).status == 404


def test_they_are_there_whatever_a_site_names(make_api: MakeApi) -> None:
    api = make_api(DEFAULT={"service_plugins": "qos"})
    assert api.list("flavor") == []
    assert api.call("GET", "/service-providers").body == {"service_providers": []}
