"""Private VLANs through the application."""

import pytest

from tests.api.client import Api
from tests.api.conftest import MakeApi

ISOLATED = {"pvlan_type": "isolated"}


@pytest.fixture
def private(make_api: MakeApi) -> Api:
    """A site that asks for private VLANs."""
    return make_api(DEFAULT={"service_plugins": "qos,pvlan"})


def types(api: Api, network_id: str) -> list[tuple[str | None, str | None]]:
    ports = api.list("port", f"network_id={network_id}&sort_key=name&sort_dir=asc")
    return [(port["pvlan_type"], port["pvlan_community"]) for port in ports]


def test_nobody_has_it_who_does_not_ask(api: Api) -> None:
    assert api.call("GET", "/extensions/pvlan").status == 404
    assert api.refuse("network", pvlan=True) == (400, "HTTPBadRequest")
    assert "pvlan" not in api.create("network")


def test_ports_have_types(private: Api) -> None:
    assert private.call("GET", "/extensions/pvlan").status == 200
    network = private.create("network", pvlan=True)
    assert network["pvlan"] is True
    of_network = {"network_id": network["id"]}
    private.create("port", name="a", **of_network)
    port = private.create("port", name="b", **of_network, **ISOLATED)
    assert (port["pvlan_type"], port["pvlan_community"]) == ("isolated", None)
    wished = {"pvlan_type": "community", "pvlan_community": "blue"}
    private.create("port", name="c", **of_network, **wished)
    assert types(private, network["id"]) == [
        ("promiscuous", None),
        ("isolated", None),
        ("community", "blue"),
    ]
    assert [one["name"] for one in private.list("port", "pvlan_community=blue")] == ["c"]
    assert [one["id"] for one in private.list("network", "pvlan=true")] == [network["id"]]
    for wrong in ({"pvlan_type": "x"}, {"pvlan_community": "9"}):
        assert private.refuse("port", **of_network, **wrong) == (400, "HTTPBadRequest")
    refused = private.refuse("port", port_security_enabled=False, **of_network)
    assert refused == (400, "PVLANPortSecurityDisabled")


def test_types_change_with_the_port(private: Api) -> None:
    network = private.create("network", pvlan=True)
    port = private.create("port", network_id=network["id"])
    alone = private.refuse_update("port", port["id"], pvlan_type="community")
    assert alone == (400, "PVLANCommunityNameRequired")
    private.update("port", port["id"], pvlan_type="community", pvlan_community="blue")
    kept = private.update("port", port["id"], name="n", pvlan_type="community")
    assert (kept["pvlan_type"], kept["pvlan_community"]) == ("community", "blue")
    assert private.show("port", port["id"]) == kept
    isolated = private.update("port", port["id"], **ISOLATED)
    assert (isolated["pvlan_type"], isolated["pvlan_community"]) == ("isolated", None)
    reset = private.update("port", port["id"], pvlan_type=None)
    assert reset["pvlan_type"] == "promiscuous"


def test_types_come_and_go_with_the_network(private: Api) -> None:
    network = private.create("network")
    assert network["pvlan"] is False
    port = private.create("port", network_id=network["id"])
    assert port["pvlan_type"] is None
    refused = private.refuse_update("port", port["id"], **ISOLATED)
    assert refused == (400, "PVLANNotEnabledOnNetwork")
    private.update("network", network["id"], pvlan=True)
    assert types(private, network["id"]) == [("promiscuous", None)]
    assert private.show("port", port["id"])["revision_number"] == port["revision_number"] + 1
    private.update("port", port["id"], pvlan_type="community", pvlan_community="blue")
    private.update("network", network["id"], pvlan=False)
    assert types(private, network["id"]) == [(None, None)]
    private.update("network", network["id"], port_security_enabled=False)
    refused = private.refuse_update("network", network["id"], pvlan=True)
    assert refused == (400, "PVLANNetworkPortSecurityDisabled")
    insecure = {"pvlan": True, "port_security_enabled": False}
    assert private.refuse("network", **insecure) == (400, "PVLANNetworkPortSecurityDisabled")
