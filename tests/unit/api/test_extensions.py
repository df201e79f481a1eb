"""The extensions: who they are, what they need, what they add."""

from types import ModuleType

import pytest
from falcon.testing import TestClient

from deuteron.api.extensions import EXTENSIONS, attribute_maps, defined_by, enabled
from deuteron.errors import StartError
from tests.unit.api.test_resources import refused

# alias, name and date as Neutron shows them
FACTS = [
    ("agent", "agent", "2013-02-03T10:00:00-00:00"),
    ("binding", "Port Binding", "2014-02-03T10:00:00-00:00"),
    ("security-group", "security-group", "2012-10-05T10:00:00-00:00"),
    ("standard-attr-description", "standard-attr-description", "2016-02-10T10:00:00-00:00"),
    ("standard-attr-revisions", "Resource revision numbers", "2016-04-11T10:00:00-00:00"),
    ("standard-attr-timestamp", "Resource timestamps", "2016-09-12T10:00:00-00:00"),
    ("standard-attr-segment", "Standard Attribute Segment Extension", "2018-04-09T10:00:00-00:00"),
    ("tag-creation", "Tag creation extension", "2024-23-07T10:00:00-00:00"),
]


@pytest.mark.parametrize(("alias", "name", "updated"), FACTS)
def test_an_extension_introduces_itself(
    client: TestClient, alias: str, name: str, updated: str
) -> None:
    shown = client.simulate_get(f"/v2.0/extensions/{alias}").json["extension"]
    assert shown.pop("description")
    assert shown == {"alias": alias, "name": name, "updated": updated, "links": []}


def test_the_list_has_all_that_are_enabled(client: TestClient) -> None:
    listed = client.simulate_get("/v2.0/extensions").json["extensions"]
    assert sorted(extension["alias"] for extension in listed) == sorted(EXTENSIONS)
    assert client.simulate_get("/v2.0/extensions/").json["extensions"] == listed


def test_an_unknown_extension_is_not_found(client: TestClient) -> None:
    assert refused(client.simulate_get("/v2.0/extensions/router")) == (404, "HTTPNotFound")


def test_each_comes_after_those_it_requires() -> None:
    order = [extension.alias for extension in enabled(reversed(tuple(EXTENSIONS)))]
    for alias, extension in EXTENSIONS.items():
        for required in extension.requires:
            assert order.index(required) < order.index(alias)


def test_a_replacing_extension_wins_whatever_the_order_of_the_aliases() -> None:
    for aliases in (("net-mtu", "net-mtu-writable"), ("net-mtu-writable", "net-mtu")):
        assert attribute_maps(enabled(aliases))["networks"]["mtu"]["allow_post"]


@pytest.mark.parametrize("aliases", [("nonsense",), ("net-mtu-writable",)])
def test_what_cannot_be_enabled_stops_the_start(aliases: tuple[str, ...]) -> None:
    with pytest.raises(StartError, match=aliases[0]):
        enabled(aliases)


def test_without_its_extension_an_attribute_is_unknown() -> None:
    maps = attribute_maps(enabled(()))
    assert "provider:network_type" not in maps["networks"]
    assert "binding:host_id" not in maps["ports"]
    assert "security_groups" not in maps


def test_an_extension_of_another_distribution_joins() -> None:
    colour = ModuleType("colour")
    vars(colour).update(
        ALIAS="colour",
        NAME="Colour",
        DESCRIPTION="Networks have colours",
        UPDATED_TIMESTAMP="2014-06-04T12:00:00-00:00",
        RESOURCE_ATTRIBUTE_MAP={
            "networks": {"colour": {"allow_post": True, "allow_put": True, "is_visible": True}}
        },
        REQUIRED_EXTENSIONS=["net-mtu"],
    )
    extensions = enabled(("net-mtu",), [defined_by(colour)])
    assert [extension.alias for extension in extensions] == ["net-mtu", "colour"]
    assert "colour" in attribute_maps(extensions)["networks"]
    with pytest.raises(StartError, match="colour"):
        enabled((), [defined_by(colour)])
