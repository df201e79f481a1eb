"""L3 agents on a real broker: asked and told as Neutron's are, whatever becomes of the broker."""

import queue
from typing import Any

import pytest

from deuteron.services.l3 import routers
from deuteron.services.l3.agents import agents as l3_agents
from tests.caller import Caller
from tests.deployments import ADMIN, Site
from tests.instances.rabbitmq import RabbitMQ
from tests.routing import a_router, gate, join, outside, start

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

TOPIC = "q-l3-plugin"


def test_what_an_agent_asks_and_hears(brokered: Site, broker: RabbitMQ) -> None:
    agent_id = start(brokered, "h1")
    agent = Caller(broker.url)
    assert agent.call(TOPIC, "get_host_ha_router_count", version="1.11", host="h1") == 0
    waiting = a_router(brokered)
    assert agent.call(TOPIC, "get_router_ids", version="1.9", host="h1") == [waiting["id"]]
    with agent.listening("l3_agent") as heard:
        router, external = a_router(brokered), outside(brokered)
        inside = join(brokered, router)
        assert _until(heard, "routers_updated") == {"routers": [router["id"]]}
        gate(brokered, router, external)
        assert _until(heard, "routers_updated") == {"routers": [router["id"]]}
        ids = [router["id"], waiting["id"]]
        answer = agent.call(TOPIC, "sync_routers", version="1.0", host="h1", router_ids=ids)
        told = {one["id"]: one for one in answer}
        assert told.keys() == set(ids)
        (port,) = told[router["id"]]["_interfaces"]
        assert (port["id"], port["binding:host_id"]) == (inside["port_id"], "h1")
        assert told[router["id"]]["gw_port"]["network_id"] == external["id"]
        l3_agents.remove(brokered.d, ADMIN, agent_id, waiting["id"])
        removed = {"payload": {"router_id": waiting["id"]}}
        assert _until(heard, "router_removed_from_agent") == removed
        l3_agents.add(brokered.d, ADMIN, agent_id, waiting["id"])
        assert _until(heard, "router_added_to_agent") == {"payload": [waiting["id"]]}
        # what changes while the broker is away is told when it is back
        broker.stop(kill=True)
        routers.update(brokered.d, ADMIN, router["id"], {"name": "changed"})
        routers.delete(brokered.d, ADMIN, waiting["id"])
        broker.start()
        assert router["id"] in _until(heard, "routers_updated")["routers"]
    agent.close()


def _until(heard: "queue.Queue[dict[str, Any]]", method: str) -> Any:
    """The arguments of the next message of a method."""
    while True:
        message = heard.get(timeout=60)
        if message["method"] == method:
            return message["args"]
