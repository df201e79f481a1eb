"""Errors on the wire."""

import falcon
import netaddr
import pytest
from falcon.testing import TestClient
from neutron_lib import exceptions as lib
from neutron_lib.exceptions import l3, placement

from deuteron import errors
from deuteron.api.faults import fault_of
from tests.unit.api.shelf import Shelf


class DriversOwnNotFound(lib.NotFound):
    message = "No fabric %(fabric)s"


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (errors.NetworkNotFound(net_id="x"), 404, "NetworkNotFound"),
        (errors.DatabaseUnavailable(reason="x"), 503, "DatabaseUnavailable"),
        (errors.NoNetworkAvailable(), 503, "NoNetworkAvailable"),
        (
            errors.DriverError(name="FabricDown", status=502, message="x"),
            502,
            "FabricDown",
        ),
        (lib.PortNotFound(port_id="x"), 404, "PortNotFound"),
        (DriversOwnNotFound(fabric="x"), 404, "DriversOwnNotFound"),
        (lib.NetworkInUse(net_id="x"), 409, "NetworkInUse"),
        (lib.Conflict(), 409, "Conflict"),
        (lib.InvalidInput(error_message="x"), 400, "InvalidInput"),
        (lib.ServiceUnavailable(), 503, "ServiceUnavailable"),
        (lib.NotAuthorized(), 403, "NotAuthorized"),
        (lib.NetworkTunnelRangeError(tunnel_range="x", error="y"), 500, "NetworkTunnelRangeError"),
        (l3.RouterNotFound(router_id="x"), 404, "RouterNotFound"),
        (placement.PlacementClientError(msg="x"), 500, "PlacementClientError"),
        (netaddr.AddrFormatError("x"), 400, "AddrFormatError"),
        (NotImplementedError("x"), 501, "NotImplementedError"),
        (falcon.HTTPBadRequest(), 400, "HTTPBadRequest"),
        (falcon.HTTPRouteNotFound(), 404, "HTTPNotFound"),
        (ValueError("x"), 500, "HTTPInternalServerError"),
    ],
)
def test_statuses_and_types(error: Exception, status: int, name: str) -> None:
    fault = fault_of(error)
    assert (fault.status, fault.type) == (status, name)
    assert fault.message


def test_several_errors_of_one_status_are_joined() -> None:
    several = lib.MultipleExceptions(
        [lib.PortNotFound(port_id="p"), DriversOwnNotFound(fabric="f")]
    )
    fault = fault_of(several)
    assert (fault.status, fault.type) == (404, "PortNotFound")
    assert "p could not be found" in fault.message
    assert "No fabric f" in fault.message


def test_several_errors_of_different_statuses_conflict() -> None:
    several = lib.MultipleExceptions([lib.PortNotFound(port_id="p"), ValueError("secret")])
    fault = fault_of(several)
    assert (fault.status, fault.type) == (409, "Conflict")
    assert "HTTP 404 PortNotFound" in fault.message
    assert "secret" not in fault.message


def test_what_is_not_implemented_is_keyed_by_its_name(client: TestClient, shelf: Shelf) -> None:
    shelf.trouble = [NotImplementedError("no such thing")]
    result = client.simulate_get("/v2.0/networks/x")
    assert result.status_code == 501
    assert result.json == {
        "NotImplementedError": {
            "type": "NotImplementedError",
            "message": "no such thing",
            "detail": "",
        }
    }


def test_an_error_that_says_all_is_logged_in_one_line(
    client: TestClient, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.trouble = [errors.DatabaseUnavailable(reason="the disk is full")]
    result = client.simulate_get("/v2.0/networks")
    assert result.status_code == 503
    assert "the disk is full" in result.json["NeutronError"]["message"]
    assert "Traceback" not in caplog.text
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_refusal_is_no_error_in_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    client.simulate_get("/v2.0/networks/nope")
    assert [record.levelname for record in caplog.records] == ["INFO"]
