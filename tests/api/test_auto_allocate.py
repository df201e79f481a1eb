"""Auto-allocated topologies through the API, with routers that are only what they must be.

Statuses and error types are those of Neutron, as observed.
"""

import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from deuteron import api as http
from deuteron.api import nouns
from deuteron.app import authentication, plugins
from deuteron.app.wsgi import ALIASES, SECURITY_GROUP_ALIASES
from deuteron.context import RequestContext
from deuteron.core import ports, subnets
from deuteron.core.deployment import Deployment
from deuteron.errors import BadRequest, PortNotFound
from deuteron.services.plugin import ServicePlugin
from deuteron.surface import Extension
from tests.api.client import Answer, Api

FAILED = (409, "AutoAllocationFailure")
_ROUTERS = Extension(alias="router", name="Routers", description="", updated="")


class Routers:
    """An uplink: a router is a port with the gateway's address on each subnet."""

    def __init__(self) -> None:
        self.routers: dict[str, list[str]] = {}
        self.refuses = False
        self.before_connect: Any = None

    def connect(
        self,
        d: Deployment,
        ctx: RequestContext,
        *,
        project_id: str,
        external_network_id: str,
        subnet_ids: Sequence[str],
    ) -> str:
        if self.before_connect is not None:
            begin, self.before_connect = self.before_connect, None
            begin()
        if self.refuses:
            raise BadRequest(resource="router", msg="no")
        router_id = str(uuid.uuid4())
        made = []
        for subnet_id in subnet_ids:
            subnet = subnets.get(d, ctx, subnet_id)
            body = {
                "project_id": project_id,
                "network_id": subnet["network_id"],
                "name": "",
                "admin_state_up": True,
                "device_id": router_id,
                "device_owner": "network:router_interface",
                "fixed_ips": [{"subnet_id": subnet_id, "ip_address": subnet["gateway_ip"]}],
            }
            made.append(ports.create(d, ctx, [body])[0]["id"])
        self.routers[router_id] = made
        return router_id

    def disconnect(
        self, d: Deployment, ctx: RequestContext, router_id: str, *, subnet_ids: Sequence[str]
    ) -> None:
        for port_id in self.routers.pop(router_id, ()):
            try:
                ports.delete(d, ctx, port_id)
            except PortNotFound:
                continue


@pytest.fixture
def routers() -> Routers:
    return Routers()


@pytest.fixture
def api(deployment: Deployment, routers: Routers) -> Api:
    """With a plugin that has routers."""
    plugin = ServicePlugin(name="router", service_type="L3", extensions=(_ROUTERS,), uplink=routers)
    services = plugins.with_topologies((plugin,))
    app = http.application(
        deployment,
        resources=(*nouns.resources(), *(noun for one in services for noun in one.resources)),
        aliases=(*ALIASES, *SECURITY_GROUP_ALIASES),
        authenticate=authentication.strategy(deployment.settings),
        special=nouns.SPECIAL,
        foreign=[extension for one in services for extension in one.extensions],
    )
    return Api(app, {"X-Project-Id": "tests"})


@pytest.fixture
def ready(api: Api) -> Api:
    """With a default external network and default pools of both IP versions."""
    api.create("network", name="outside", is_default=True, **{"router:external": True})
    for prefix, length in (("10.0.0.0/16", 24), ("2001:db8::/48", 64)):
        api.create(
            "subnetpool",
            name="p",
            prefixes=[prefix],
            default_prefixlen=length,
            is_default=True,
            shared=True,
        )
    return api


def topology(api: Api, project: str = "None", method: str = "GET", query: str = "") -> Answer:
    return api.call(method, f"/auto-allocated-topology/{project}{query}")


def left(api: Api) -> list[str]:
    return [row["name"] for row in api.list("network") if row["name"] != "outside"]


def test_a_site_without_routers_has_none(make_api: Any) -> None:
    api = make_api(DEFAULT={"service_plugins": "qos"})
    assert "auto-allocated-topology" not in {one["alias"] for one in api.list("extension")}
    assert topology(api).status == 404


def test_a_project_gets_a_network_with_a_way_out(ready: Api, routers: Routers) -> None:
    user = ready.as_project("user")
    answer = topology(user)
    assert answer.status == 200
    made = answer.body["auto_allocated_topology"]
    assert set(made) == {"id", "project_id", "tenant_id"}
    assert made["project_id"] == "user"
    network = user.show("network", made["id"])
    assert (network["name"], network["admin_state_up"]) == ("auto_allocated_network", True)
    assert network["project_id"] == "user"
    own = user.list("subnet", f"network_id={network['id']}&sort_key=ip_version&sort_dir=asc")
    assert [(one["name"], one["ip_version"]) for one in own] == [
        ("auto_allocated_subnet_v4", 4),
        ("auto_allocated_subnet_v6", 6),
    ]
    assert len(routers.routers) == 1
    assert topology(user, "user").body == answer.body
    assert topology(ready, "user").body == answer.body
    assert topology(user, "tests").refused == (403, "NotAuthorized")

    port = user.create("port", network_id=network["id"])
    assert topology(user, method="DELETE").refused == (409, "NetworkInUse")
    assert routers.routers
    user.delete("port", port["id"])
    assert topology(user, method="DELETE").status == 204
    assert (left(ready), routers.routers) == ([], {})


def test_it_can_be_asked_whether_one_can_be_made(api: Api) -> None:
    assert topology(api, query="?fields=dry-run").refused == FAILED
    assert topology(api).refused == FAILED
    api.create("network", name="outside", is_default=True, **{"router:external": True})
    assert topology(api, query="?fields=dry-run").refused == FAILED
    pool = {"prefixes": ["10.0.0.0/24"], "default_prefixlen": 24, "is_default": True}
    api.create("subnetpool", name="p", **pool)
    # the pool is not shared with others
    user = api.as_project("user")
    assert topology(user, query="?fields=dry-run").refused == FAILED
    passed = topology(api, query="?fields=dry-run")
    assert passed.body["auto_allocated_topology"] == {
        "id": "dry-run=pass",
        "project_id": "tests",
        "tenant_id": "tests",
    }
    assert left(api) == []
    assert topology(api).status == 200
    assert topology(api, "other").refused == FAILED  # the pool is used up
    assert left(api) == ["auto_allocated_network"]


def test_nothing_is_left_of_one_that_fails(ready: Api, routers: Routers) -> None:
    routers.refuses = True
    assert topology(ready).refused == FAILED
    assert left(ready) == []
    routers.refuses = False
    limits = {"quota": {"subnet": 1}}
    assert ready.call("PUT", "/quotas/poor", limits).status == 200
    assert topology(ready.as_project("poor")).refused == (409, "OverQuota")
    assert (left(ready), routers.routers) == ([], {})


def test_of_two_requests_at_once_one_makes_it(ready: Api, routers: Routers) -> None:
    first: list[Answer] = []
    routers.before_connect = lambda: first.append(topology(ready))
    second = topology(ready)
    assert first[0].status == second.status == 200
    assert first[0].body == second.body
    assert left(ready) == ["auto_allocated_network"]
    assert len(routers.routers) == 1
