"""Layer 2 agents on a real broker: told of everything, whatever becomes of the broker."""

import queue
import time
from typing import Any

import pytest

from deuteron.core import ports
from tests.caller import Caller
from tests.contract.test_told_l2 import start
from tests.deployments import ADMIN, Site
from tests.instances.rabbitmq import RabbitMQ

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

Heard = queue.Queue[dict[str, Any]]


def test_what_happens_while_the_broker_is_away_is_told_when_it_is_back(
    brokered: Site, broker: RabbitMQ
) -> None:
    start(brokered, "h1")
    network = brokered.network()
    brokered.subnet(network)
    agent = Caller(broker.url)
    with (
        agent.listening("neutron-vo-Port-1.11") as heard,
        agent.listening("q-agent-notifier-l2population-update") as places,
    ):
        first = brokered.port(network, "h1")
        assert _until(heard, {first["id"]})[first["id"]]["revision_number"]
        answer = agent.call(
            "q-plugin", "update_device_list", version="1.9", host="h1", devices_up=[first["id"]]
        )
        assert answer["devices_up"] == [first["id"]]
        assert places.get(timeout=30)["method"] == "add_fdb_entries"

        broker.stop(kill=True)
        begun = time.monotonic()
        made = [brokered.port(network, "h1") for _ in range(20)]
        for port in made:
            brokered.update(port, name="changed")
        gone = made.pop()
        ports.delete(brokered.d, ADMIN, gone["id"])
        ports.delete(brokered.d, ADMIN, first["id"])
        assert time.monotonic() - begun < 20
        broker.start()

        wanted = {port["id"] for port in made} | {gone["id"], first["id"]}
        found = _until(heard, wanted)
        assert {found[port["id"]].get("name") for port in made} == {"changed"}
        for port in (gone, first):
            assert found[port["id"]].keys() == {"id"}
        while (told := places.get(timeout=60))["method"] != "remove_fdb_entries":
            pass
        (entries,) = told["args"]["fdb_entries"].values()
        address = [first["mac_address"], first["fixed_ips"][0]["ip_address"]]
        assert address in entries["ports"]["192.0.2.1"]
    agent.close()


def _until(heard: Heard, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """The last that was said of ports, when all of these were told."""
    found: dict[str, dict[str, Any]] = {}
    while wanted - found.keys():
        message = heard.get(timeout=90)
        for one in message["args"]["resource_list"]:
            data = one["versioned_object.data"]
            known = found.get(data["id"], {})
            if "revision_number" in known and "revision_number" in data:
                assert data["revision_number"] >= known["revision_number"]
            found[data["id"]] = data
    return found
