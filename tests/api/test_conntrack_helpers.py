"""Connection tracking helpers of routers, through the application.

Statuses, error types and keys are those of Neutron, as observed.
"""

from typing import Any

from tests.api.client import Answer, Api
from tests.api.conftest import MakeApi

NOWHERE = "4ea4cee1-1e1b-48b0-bad2-0dc4a83572f9"
TFTP = {"protocol": "udp", "port": 69, "helper": "tftp"}
FTP = {"protocol": "tcp", "port": 21, "helper": "ftp"}


def post(api: Api, router: dict[str, Any], values: dict[str, Any]) -> Answer:
    path = f"/routers/{router['id']}/conntrack_helpers"
    return api.call("POST", path, {"conntrack_helper": values})


def made(api: Api, router: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    answer = post(api, router, values)
    assert answer.status == 201, answer.body
    return dict(answer.body["conntrack_helper"])


def at(router: dict[str, Any], helper: dict[str, Any]) -> str:
    return f"/routers/{router['id']}/conntrack_helpers/{helper['id']}"


def test_its_extensions_are_there(api: Api, make_api: MakeApi) -> None:
    aliases = {"l3-conntrack-helper", "expose-l3-conntrack-helper"}
    assert {one["alias"] for one in api.list("extension")} >= aliases
    without = make_api(DEFAULT={"service_plugins": "router"})
    assert not {one["alias"] for one in without.list("extension")} & aliases
    assert "conntrack_helpers" not in without.create("router")
    alone = make_api(DEFAULT={"service_plugins": "conntrack_helper"})
    assert alone.create("router")["conntrack_helpers"] == []


def test_the_life_of_a_helper(api: Api) -> None:
    router = api.create("router")
    assert router["conntrack_helpers"] == []
    tftp, ftp = made(api, router, TFTP), made(api, router, FTP)
    assert tftp == {"id": tftp["id"], **TFTP}
    shown = api.show("router", router["id"])
    assert shown["conntrack_helpers"] == [FTP, TFTP]
    assert shown["revision_number"] == 3
    assert api.list("router", "fields=conntrack_helpers") == [{"conntrack_helpers": [FTP, TFTP]}]
    assert api.update("router", router["id"], name="n")["conntrack_helpers"] == [FTP, TFTP]
    assert api.call("GET", at(router, tftp)).body == {"conntrack_helper": tftp}
    path = f"/routers/{router['id']}/conntrack_helpers"
    assert api.call("GET", f"{path}?helper=ftp").body == {"conntrack_helpers": [ftp]}
    assert api.call("GET", f"{path}?unknown=1").refused == (400, "HTTPBadRequest")
    changed = api.call("PUT", at(router, tftp), {"conntrack_helper": {"port": 70}})
    assert changed.body == {"conntrack_helper": {**tftp, "port": 70}}
    assert api.call("DELETE", at(router, ftp)).status == 204
    gone = (404, "ConntrackHelperNotFound")
    assert api.call("DELETE", at(router, ftp)).refused == gone
    assert api.call("GET", at(router, ftp)).refused == gone
    assert api.call("PUT", at(router, ftp), {"conntrack_helper": {"port": 1}}).refused == gone
    api.delete("router", router["id"])
    assert api.call("GET", at(router, tftp)).refused == gone
    assert api.call("GET", path).body == {"conntrack_helpers": []}


def test_what_is_refused(api: Api) -> None:
    router = api.create("router")
    tftp, ftp = made(api, router, TFTP), made(api, router, FTP)
    assert post(api, router, TFTP).refused == (400, "BadRequest")
    assert post(api, router, {**FTP, "protocol": "udp"}).refused == (
        400,
        "InvalidProtocolForHelper",
    )
    assert post(api, router, {**FTP, "helper": "no"}).refused == (400, "ConntrackHelperNotAllowed")
    assert post(api, router, {**FTP, "helper": 5}).refused == (400, "ConntrackHelperNotAllowed")
    assert post(api, router, {**FTP, "protocol": "no"}).refused == (400, "InvalidInput")
    assert post(api, router, {**FTP, "port": 0}).refused == (400, "HTTPBadRequest")
    assert post(api, router, {**FTP, "port": "x"}).refused == (400, "InvalidInput")
    assert post(api, router, {}).refused == (400, "HTTPBadRequest")
    assert post(api, {"id": NOWHERE}, TFTP).refused == (404, "RouterNotFound")

    def put(values: dict[str, Any]) -> tuple[int, str | None]:
        return api.call("PUT", at(router, tftp), {"conntrack_helper": values}).refused

    assert put(FTP) == (400, "BadRequest")
    assert put({"protocol": "tcp"}) == (400, "InvalidProtocolForHelper")
    assert put({"helper": "no"}) == (400, "ConntrackHelperNotAllowed")
    assert put({"unknown": 0}) == (400, "HTTPBadRequest")
    other = api.create("router")
    assert api.call("GET", at(other, ftp)).refused == (404, "ConntrackHelperNotFound")
    assert post(api, other, TFTP).status == 201


def test_a_site_allows_its_own(make_api: MakeApi) -> None:
    api = make_api(DEFAULT={"allowed_conntrack_helpers": "own:udp, own:tcp"})
    router = api.create("router")
    for protocol in ("udp", "tcp"):
        made(api, router, {"protocol": protocol, "port": 1, "helper": "own"})
    assert post(api, router, TFTP).refused == (400, "ConntrackHelperNotAllowed")


def test_who_sees_the_router_sees_its_helpers(api: Api) -> None:
    mine, theirs = api.create("router", project_id="mine"), api.create("router")
    me = api.as_project("mine")
    helper, other = made(me, mine, TFTP), made(api, theirs, TFTP)
    assert me.call("GET", at(mine, helper)).status == 200
    assert me.call("GET", at(theirs, other)).refused == (404, "ConntrackHelperNotFound")
    path = f"/routers/{theirs['id']}/conntrack_helpers"
    assert me.call("GET", path).body == {"conntrack_helpers": []}
    assert post(me, theirs, FTP).status in (403, 404)
    assert me.call("DELETE", at(theirs, other)).status == 404
    reader = api.as_project("mine", roles="reader")
    assert reader.call("GET", at(mine, helper)).status == 200
    assert post(reader, mine, FTP).refused == (403, "PolicyNotAuthorized")
    assert me.call("DELETE", at(mine, helper)).status == 204
