"""Extension drivers of other vendors: their attributes live and die with the resources."""

from dataclasses import replace

import pytest
from neutron_lib import exceptions
from neutron_lib.plugins.ml2 import api
from sqlalchemy import Column, MetaData, String, Table, delete, insert, select

from deuteron.core import networks, ports, subnets
from deuteron.errors import ExtensionDriverError, NetworkError
from deuteron.ml2.extension_drivers import ExtensionDrivers, Model, of_others
from deuteron.query import EVERYTHING
from tests.deployments import Site, a_deployment
from tests.statements import counted

METADATA = MetaData()
COLOURS = Table(
    "vendor_colours",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("colour", String(20)),
)


class Painter(api.ExtensionDriver):
    """Keeps a colour of every resource in a table of its own."""

    extension_alias = "colours"

    def initialize(self):
        pass

    def _keep(self, plugin_context, data, result):
        colour = data.get("colour", result.get("colour", "white"))
        if colour == "invisible":
            raise exceptions.InvalidInput(error_message="no such colour")
        session = plugin_context.session
        session.execute(delete(COLOURS).where(COLOURS.c.id == result["id"]))
        session.execute(insert(COLOURS).values(id=result["id"], colour=colour))
        result["colour"] = colour

    process_create_network = process_create_subnet = process_create_port = _keep
    process_update_network = process_update_subnet = process_update_port = _keep

    def _extend(self, session, base_model, result):
        assert base_model.id == base_model["id"] == result["id"]
        found = session.execute(select(COLOURS.c.colour).where(COLOURS.c.id == base_model.id))
        result["colour"] = found.scalar_one_or_none()

    extend_network_dict = extend_subnet_dict = extend_port_dict = _extend


class Broken(Painter):
    """Cannot show what it keeps."""

    def extend_network_dict(self, session, base_model, result):
        raise ValueError("lost")


@pytest.fixture
def plain(database, tmp_path):
    """A site without extension drivers."""
    return Site(a_deployment(database, tmp_path))


@pytest.fixture
def site(plain, database):
    """A site with the painter."""
    with database.read() as conn:
        conn.execute(select(1))
        METADATA.create_all(conn._connection)
    yield Site(replace(plain.d, extension_drivers=ExtensionDrivers([("painter", Painter())])))
    with database.read() as conn:
        conn.execute(select(1))
        METADATA.drop_all(conn._connection)


def test_attributes_are_kept_shown_and_changed(site):
    network = site.network(colour="red")
    subnet = site.subnet(network, colour="blue")
    port = site.port(network)
    assert (network["colour"], subnet["colour"], port["colour"]) == ("red", "blue", "white")
    for verbs, made, colour in (
        (networks, network, "red"),
        (subnets, subnet, "blue"),
        (ports, port, "white"),
    ):
        assert verbs.get(site.d, site.ctx, made["id"])["colour"] == colour
        assert [one["colour"] for one in verbs.list_(site.d, site.ctx, EVERYTHING)] == [colour]
        before = verbs.get(site.d, site.ctx, made["id"])["revision_number"]
        changed = verbs.update(site.d, site.ctx, made["id"], {"colour": "green"})
        assert changed["colour"] == "green"
        assert changed["revision_number"] == before + 1
        assert verbs.get(site.d, site.ctx, made["id"])["colour"] == "green"
        same = verbs.update(site.d, site.ctx, made["id"], {"name": changed["name"]})
        assert same["revision_number"] == before + 1
        assert verbs.update(site.d, site.ctx, made["id"], {"name": "n2"})["colour"] == "green"


def test_an_error_of_a_driver_vetoes(site):
    network = site.network()
    for verbs, made in ((networks, network), (ports, site.port(network))):
        with pytest.raises(NetworkError) as refused:
            verbs.update(site.d, site.ctx, made["id"], {"name": "new", "colour": "invisible"})
        assert (refused.value.status, refused.value.type) == (400, "InvalidInput")
        assert verbs.get(site.d, site.ctx, made["id"])["name"] != "new"
    with pytest.raises(NetworkError):
        site.network(colour="invisible")
    assert len(networks.list_(site.d, site.ctx, EVERYTHING)) == 1


def test_a_driver_that_cannot_show_is_named(site):
    network = site.network()
    d = replace(site.d, extension_drivers=ExtensionDrivers([("broken", Broken())]))
    with pytest.raises(ExtensionDriverError, match="broken"):
        networks.get(d, site.ctx, network["id"])


def test_without_drivers_nothing_is_asked(plain):
    network = plain.network()
    with counted(plain.d.database) as statements:
        networks.get(plain.d, plain.ctx, network["id"])
    assert statements.transactions == 0


def test_the_aliases_are_those_of_the_drivers():
    assert ExtensionDrivers([("a", Painter()), ("b", Broken())]).aliases == ("colours",)
    assert ExtensionDrivers().aliases == ()


def test_neutrons_own_drivers_are_not_loaded():
    assert of_others(["port_security", "painter", "qos", "dns"]) == ["painter"]


def test_a_model_answers_by_attribute_and_by_key():
    model = Model({"id": "x"})
    assert model.id == model["id"] == model.get("id") == "x"
    assert model.get("absent", 1) == 1
    assert not hasattr(model, "absent")
