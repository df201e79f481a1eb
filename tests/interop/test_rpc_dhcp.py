"""DHCP agents on a real broker: asked and told as Neutron's are, whatever becomes of the broker."""

import queue
import time
from typing import Any

import pytest

from deuteron.core import ports
from deuteron.core.dhcp_agents import device_id
from tests.caller import Caller
from tests.contract.test_dhcp_agents import report
from tests.deployments import ADMIN, Site
from tests.instances.rabbitmq import RabbitMQ

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def test_what_an_agent_asks_and_hears(brokered: Site, broker: RabbitMQ) -> None:
    brokered.report("h1")
    report(brokered, "h1")
    agent = Caller(broker.url)
    asked = agent.call(
        "q-plugin", "get_active_networks_info", version="1.1", host="h1", enable_dhcp_filter=False
    )
    assert asked == []
    with agent.listening("dhcp_agent") as heard:
        network = brokered.network()
        subnet = brokered.subnet(network)
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
        wanted = [brokered.port(network)["id"] for _ in range(20)]
        ports.delete(brokered.d, ADMIN, wanted[0])
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
