"""The HTTP layer over a noun in memory."""

from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import TestClient

from deuteron.api import Known, Options, application
from deuteron.api.auth import noauth
from deuteron.api.extensions import EXTENSIONS
from deuteron.errors import DatabaseUnavailable
from deuteron.surface import Resource
from tests.unit.api.shelf import Shelf

ALIASES = tuple(EXTENSIONS)


class Database:
    """Answers a ping, or does not."""

    well = True

    def ping(self) -> None:
        if not self.well:
            raise DatabaseUnavailable(reason="it is unplugged")


class Deployment:
    def __init__(self) -> None:
        self.database = Database()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


@pytest.fixture
def client_of(shelf: Shelf, deployment: Deployment) -> Callable[..., TestClient]:
    """A client of an application with these options."""

    def make(*, known: Known | None = None, special: Any = None, **options: Any) -> TestClient:
        networks = Resource(
            name="network",
            collection="networks",
            paths=("networks",),
            list_=shelf.list_,
            get=shelf.get,
            create=shelf.create,
            update=shelf.update,
            delete=shelf.delete,
            actions={"poke": lambda _d, _ctx, network_id, document: {network_id: document}},
        )
        agents = Resource(
            name="agent", collection="agents", paths=("agents",), list_=lambda _d, _ctx, _q: []
        )
        app = application(
            deployment,
            resources=(networks, agents),
            aliases=ALIASES,
            authenticate=noauth,
            special=special,
            options=Options(**options),
            known=known,
        )
        return TestClient(app)

    return make


@pytest.fixture
def client(client_of: Callable[..., TestClient]) -> TestClient:
    return client_of()
