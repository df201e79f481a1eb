"""Nova is told by a real server, whatever is killed in between."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException

import pytest

from tests.instances.nova import Nova
from tests.instances.service import Service
from tests.process.test_under_load import Client, kill

SERVER = "7b1d7d2e-6a0f-4e6f-9a35-9df7a1d8b6d1"
pytestmark = pytest.mark.slow


def a_service(database_url: str, nova: Nova) -> Service:
    return Service(
        {
            "quotas": {"quota_port": -1},
            "database": {"connection": database_url},
            "DEFAULT": {"send_events_interval": 1},
            "nova": {"auth_type": "none", "endpoint": nova.url, "timeout": 1},
        },
        workers=2,
    )


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() < begin + seconds, "it did not happen"
        time.sleep(0.02)


def test_a_kill_loses_no_event(database_url: str) -> None:
    deleted: list[str] = []
    stop = threading.Event()
    with Nova() as nova:
        service = a_service(database_url, nova)

        def work(network_id: str) -> None:
            body = {"network_id": network_id, "device_id": SERVER, "device_owner": "compute:nova"}
            with Client(service.url) as mine, suppress(OSError, HTTPException, ValueError):
                while not stop.is_set():
                    port_id = mine.create("port", **body)["id"]
                    if mine.call("DELETE", f"/ports/{port_id}")[0] == 204:
                        deleted.append(port_id)

        def load(seconds: float) -> list[threading.Thread]:
            stop.clear()
            threads = [threading.Thread(target=work, args=(network["id"],)) for _ in range(4)]
            for thread in threads:
                thread.start()
            time.sleep(seconds)
            return threads

        def end(threads: list[threading.Thread]) -> None:
            stop.set()
            for thread in threads:
                thread.join()

        try:
            service.start()
            with Client(service.url) as client:
                network = client.create("network")
            time.sleep(1)
            threads = load(1.5)
            until(lambda: nova.events)
            kill(service.pid)
            end(threads)
            service.stop()
            service.start()
            threads = load(0.5)
            nova.stop()
            time.sleep(1)
            end(threads)
            nova.start()
            told = Counter[str]()

            def all_told() -> bool:
                told.clear()
                told.update(event["tag"] for event in nova.events)
                return set(deleted) <= told.keys()

            until(all_told)
            assert {event["name"] for event in nova.events} == {"network-vif-deleted"}
            assert sum(told.values()) - len(told) <= 2 * 200, "one request is repeated per crash"
        finally:
            stop.set()
            service.remove()
