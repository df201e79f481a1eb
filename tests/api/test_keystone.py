"""Callers that a real Keystone knows: tokens of every kind, and Keystone gone."""

import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import falcon
import pytest
from falcon.testing import create_req
from oslo_config import cfg

from deuteron.api import auth, auth_keystone
from deuteron.errors import ConfigError, Unauthorized
from tests.api.client import Answer, Api
from tests.api.conftest import MakeSite
from tests.instances.keystone import Keystone
from tests.instances.process import free_port

As = Callable[..., Api]
SYSTEM = {"system": {"all": True}}
DOMAIN = {"domain": {"id": "default"}}
BLUE = {"project": {"name": "blue", "domain": {"id": "default"}}}


def options(url: str, **more: Any) -> dict[str, dict[str, Any]]:
    return {
        "DEFAULT": {"auth_strategy": "keystone"},
        "keystone_authtoken": {
            "auth_type": "password",
            "auth_url": url,
            "username": "neutron",
            "password": "neutron",
            "project_name": "service",
            "user_domain_id": "default",
            "project_domain_id": "default",
            "http_request_max_retries": 0,
            **more,
        },
    }


def as_user(api: Api, token: str, service: str | None = None) -> Api:
    headers = {"X-Auth-Token": token}
    return api.with_headers(headers if service is None else {**headers, "X-Service-Token": service})


@pytest.fixture
def app(new_site: MakeSite, keystone: Keystone) -> Any:
    return new_site(**options(keystone.url)).application


@pytest.fixture
def nobody(app: Any) -> Api:
    return Api(app, {})


@pytest.fixture
def user(nobody: Api, keystone: Keystone) -> As:
    def of(name: str, scope: Any = None) -> Api:
        return as_user(nobody, keystone.token(name, scope))

    return of


@pytest.fixture
def stopped(keystone: Keystone) -> Iterator[Callable[[], None]]:
    """Stops Keystone when it is called; it runs again after the test."""
    yield keystone.stop
    keystone.stop()
    keystone.start()


def test_without_a_token_nobody_is_answered(nobody: Api, keystone: Keystone) -> None:
    for path in ("/networks", "/extensions", "/ports/x", ""):
        answer = nobody.call("GET", path)
        assert answer.status == 401, path
        assert answer.headers["www-authenticate"] == f'Keystone uri="{keystone.url}"'
        assert answer.body["error"]["code"] == 401
    assert nobody.call("POST", "/networks", {"network": {}}).status == 401


def test_what_anybody_may_ask_needs_no_token(nobody: Api) -> None:
    for path in ("//", "//healthcheck", "//metrics"):
        assert nobody.call("GET", path).status == 200, path


def test_headers_of_others_are_not_believed(nobody: Api, user: As) -> None:
    forged = {"X-Roles": "admin", "X-Project-Id": "p", "X-Identity-Status": "Confirmed"}
    assert nobody.call("GET", "/networks", headers=forged).status == 401
    member = user("blue-member")
    refused = member.call("POST", "/networks", {"network": {"shared": True}}, headers=forged)
    assert refused.refused == (403, "PolicyNotAuthorized")


def test_a_forged_token_is_refused(nobody: Api, keystone: Keystone) -> None:
    good = keystone.token("blue-member")
    for token in ("nonsense", "", good[:-4] + "AAAA", good + "x", "\u00fc"):
        assert as_user(nobody, token).call("GET", "/networks").status == 401, token


def test_projects_have_things_of_their_own(user: As, keystone: Keystone) -> None:
    blue, green = user("blue-member"), user("green-member")
    network = blue.create("network", name="mine")
    assert network["project_id"] == keystone.projects["blue"]
    assert [row["id"] for row in blue.list("network")] == [network["id"]]
    assert green.list("network") == []
    assert green.call("GET", f"/networks/{network['id']}").status == 404
    assert "provider:network_type" not in network
    assert "provider:network_type" in user("admin").show("network", network["id"])


def test_a_reader_reads(user: As) -> None:
    network = user("blue-member").create("network", name="mine")
    reader = user("blue-reader")
    assert reader.show("network", network["id"])["name"] == "mine"
    assert reader.refuse("network", name="x") == (403, "PolicyNotAuthorized")
    assert reader.refuse_update("network", network["id"], name="x") == (403, "PolicyNotAuthorized")
    assert reader.refuse_delete("network", network["id"]) == (403, "PolicyNotAuthorized")


@pytest.mark.parametrize("scope", [SYSTEM, DOMAIN])
def test_tokens_for_no_project_show_and_do_nothing(
    user: As, keystone: Keystone, scope: Any
) -> None:
    network = user("admin").create("network", name="there")
    if scope is DOMAIN:
        grant_on_domain(keystone)
    wide = user("admin", scope)
    assert wide.list("network") == []
    assert wide.call("GET", f"/networks/{network['id']}").status == 404
    assert wide.refuse("network", name="x") == (403, "InvalidScope")
    assert wide.refuse_delete("network", network["id"])[0] in (403, 404)


def grant_on_domain(keystone: Keystone) -> None:
    admin = keystone.token("admin")
    users = keystone.call("GET", "/users?name=admin", token=admin)["users"]
    roles = keystone.call("GET", "/roles?name=admin", token=admin)["roles"]
    path = f"/domains/default/users/{users[0]['id']}/roles/{roles[0]['id']}"
    keystone.call("PUT", path, token=admin)


def test_a_service_token_gives_its_roles_to_checks(user: As, keystone: Keystone) -> None:
    blue = user("blue-member")
    network = blue.create("network")
    port = user("admin").create(
        "port",
        network_id=network["id"],
        project_id=keystone.projects["blue"],
        device_owner="compute:nova",
    )
    assert blue.refuse_delete("port", port["id"]) == (403, "PolicyNotAuthorized")
    token = keystone.token("blue-member")
    with_member = as_user(blue, token, service=keystone.token("green-member"))
    assert with_member.call("GET", "/networks").status == 401  # it is no service's
    as_user(blue, token, service=keystone.token("nova")).delete("port", port["id"])


def test_who_has_the_role_of_a_service_acts_for_projects(user: As) -> None:
    network = user("blue-member").create("network")
    nova = user("nova")
    port = nova.create(
        "port",
        network_id=network["id"],
        project_id=network["project_id"],
        **{"binding:profile": {"a": 1}},
    )
    assert port["binding:profile"] == {"a": 1}
    assert "binding:profile" not in user("blue-member").show("port", port["id"])


def test_a_revoked_token_ends_when_it_is_forgotten(new_site: MakeSite, keystone: Keystone) -> None:
    settings = new_site(**options(keystone.url)).deployment.settings
    conf = cfg.ConfigOpts()
    conf([], project="neutron", default_config_files=list(settings.config_files))
    site, forward = auth_keystone.site_of(conf), [0.0]
    tokens = auth_keystone.Tokens(site, lambda: time.time() + forward[0])
    token = keystone.token("blue-member")
    assert tokens(asking(token)).project_id == keystone.projects["blue"]
    revoke(keystone, token)
    assert tokens(asking(token)).project_id == keystone.projects["blue"]
    forward[0] = site.cache_time + 1
    with pytest.raises(Unauthorized):
        tokens(asking(token))


def asking(token: str) -> falcon.Request:
    request = create_req(headers={"X-Auth-Token": token})
    request.env[auth.REQUEST_ID] = "req-1"
    return request


def revoke(keystone: Keystone, token: str) -> None:
    headers = {"X-Auth-Token": token, "X-Subject-Token": token}
    request = urllib.request.Request(
        f"{keystone.url}/auth/tokens", method="DELETE", headers=headers
    )
    urllib.request.urlopen(request, timeout=30).close()


def test_an_expired_token_is_refused_unless_a_service_goes_on_with_it(
    nobody: Api, keystone: Keystone, stopped: Callable[[], None]
) -> None:
    stopped()
    keystone.start(expiration=20)
    token = keystone.token("blue-member")
    member = as_user(nobody, token)
    assert member.call("GET", "/networks").status == 200
    time.sleep(20.1)
    assert member.call("GET", "/networks").status == 401
    service = as_user(nobody, token, service=keystone.token("nova"))
    assert service.call("GET", "/networks").status == 200


def test_while_keystone_is_down_known_tokens_work_and_others_are_told_to_wait(
    nobody: Api, keystone: Keystone, stopped: Callable[[], None]
) -> None:
    known, new = keystone.token("blue-member"), keystone.token("blue-member")
    assert as_user(nobody, known).call("GET", "/networks").status == 200
    stopped()
    assert as_user(nobody, known).create("network")["name"] == ""
    told_to_wait(as_user(nobody, new).call("GET", "/networks"))
    keystone.start()
    assert as_user(nobody, new).call("GET", "/networks").status == 200


def test_the_start_needs_no_keystone(new_site: MakeSite) -> None:
    url = f"http://127.0.0.1:{free_port()}/v3"
    api = Api(new_site(**options(url)).application, {})
    assert api.call("GET", "//healthcheck").status == 200
    told_to_wait(as_user(api, "some-token").call("GET", "/networks"))
    assert api.call("GET", "/networks").status == 401


def told_to_wait(answer: Answer) -> None:
    assert answer.refused == (503, "IdentityUnavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_a_service_user_with_a_wrong_password_is_no_fault_of_the_caller(
    new_site: MakeSite, keystone: Keystone
) -> None:
    app = new_site(**options(keystone.url, password="wrong")).application
    told_to_wait(as_user(Api(app, {}), keystone.token("blue-member")).call("GET", "/networks"))


@pytest.mark.parametrize("option", ["auth_type", "auth_url", "username", "password"])
def test_what_is_missing_is_told_at_start(new_site: MakeSite, option: str) -> None:
    given = options("http://127.0.0.1:9/v3")
    del given["keystone_authtoken"][option]
    with pytest.raises(ConfigError, match=rf"^\[keystone_authtoken\] {option} is not set"):
        new_site(**given)
