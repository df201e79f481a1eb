"""A site that speaks with agents over a broker of its own, which a test may kill."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from deuteron import config
from deuteron.app.background import Following
from deuteron.db.engine import Database
from deuteron.rpc.followers import followers
from deuteron.rpc.outgoing import BrokerOutgoing
from deuteron.rpc.service import Service, connect
from deuteron.rpc.topics import topics
from tests.deployments import ADMIN, Clock, Site, a_deployment
from tests.instances.rabbitmq import RabbitMQ


@pytest.fixture
def broker() -> Iterator[RabbitMQ]:
    """A broker of its own, to be killed."""
    server = RabbitMQ()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def brokered(sqlite_url: str, tmp_path: Path, broker: RabbitMQ) -> Iterator[Site]:
    """A site that answers agents and tells them."""
    database = Database(sqlite_url)
    made = Site(a_deployment(database, tmp_path, clock=Clock()))
    path = tmp_path / "broker.conf"
    path.write_text(f"[DEFAULT]\nstate_path = {tmp_path}\ntransport_url = {broker.url}\n")
    transport = connect(config.load([str(path)]))
    service = Service(made.d, transport, topics())
    following = Following(database, followers(made.d, BrokerOutgoing(transport), lambda: ADMIN))
    service.begin()
    following.start()
    yield made
    following.stop()
    service.end()
    transport.cleanup()
    database.dispose()
    gc.collect()  # what the library leaves of connections that the broker has cut
