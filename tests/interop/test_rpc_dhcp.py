"""DHCP agents on a real broker: asked and told as Neutron's are, whatever becomes of the broker."""

import gc
import queue
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deuteron import config
from deuteron.app.background import Following
from deuteron.core import ports
from deuteron.core.dhcp_agents import device_id
from deuteron.db.engine import Database
from deuteron.rpc.followers import followers
from deuteron.rpc.outgoing import BrokerOutgoing
from deuteron.rpc.service import Service, connect
from deuteron.rpc.topics import topics
from tests.caller import Caller
from tests.contract.test_dhcp_agents import report
from tests.deployments import ADMIN, Clock, Site, a_deployment
from tests.instances.rabbitmq import RabbitMQ

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def broker() -> Iterator[RabbitMQ]:
    """A broker of its own, to be killed."""
    server = RabbitMQ()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path, broker: RabbitMQ) -> Iterator[Site]:
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


def test_what_an_agent_asks_and_hears(site: Site, broker: RabbitMQ) -> None:
    site.report("h1")
    report(site, "h1")
    agent = Caller(broker.url)
    asked = agent.call(
        "q-plugin", "get_active_networks_info", version="1.1", host="h1", enable_dhcp_filter=False
    )
    assert asked == []
    with agent.listening("dhcp_agent") as heard:
        network = site.network()
        subnet = site.subnet(network)
        methods = _methods(heard, 2)
        assert sorted(methods) == ["network_create_end", "subnet_create_end"]
        info = agent.call(
            "q-plugin", "get_network_info", version="1.0", network_id=network["id"], host="h1"
        )
        assert [one["id"] for one in info["subnets"]] == [subnet["id"]]
        wish = {
            "network_id": network["id"],
            "project_id": network["project_id"],
            "device_id": device_id("h1", network["id"]),
            "fixed_ips": [{"subnet_id": subnet["id"]}],
        }
        made = agent.call(
            "q-plugin", "create_dhcp_port", version="1.1", port={"port": wish}, host="h1"
        )
        assert made["device_owner"] == "network:dhcp"
        ready = agent.call("q-plugin", "dhcp_ready_on_ports", version="1.5", port_ids=[made["id"]])
        assert ready is None
        assert _methods(heard, 1) == ["port_create_end"]
        # 20 ports while the broker is away, of which one does not live to see it back
        broker.stop(kill=True)
        begun = time.monotonic()
        wanted = [site.port(network)["id"] for _ in range(20)]
        ports.delete(site.d, ADMIN, wanted[0])
        assert time.monotonic() - begun < 10
        broker.start()
        told = _until(heard, set(wanted[1:]))
        # some of them may have come twice: what failed in the middle is told again
        assert told[1 - len(wanted) :] == wanted[1:]
    agent.close()


def _methods(heard: "queue.Queue[dict[str, Any]]", count: int) -> list[str]:
    return [heard.get(timeout=60)["method"] for _ in range(count)]


def _until(heard: "queue.Queue[dict[str, Any]]", wanted: set[str]) -> list[str]:
    """Ids of the ports that were told, until all of these were, in order."""
    told: list[str] = []
    while wanted - set(told):
        message = heard.get(timeout=60)
        if message["method"] == "port_create_end":
            told.append(message["args"]["payload"]["port"]["id"])
    return told
