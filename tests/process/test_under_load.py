"""A real server with several worker processes, hammered: nothing fails, nothing is lost."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.instances.service import Service

PORTS = 250
CLIENTS = 25
pytestmark = pytest.mark.slow


class Client:
    """One connection; each answer is (status, document)."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=120)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body)
        self._connection.request(method, f"/v2.0{path}", data)
        answer = self._connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def create(self, noun: str, **attributes: Any) -> dict[str, Any]:
        status, document = self.call("POST", f"/{noun}s", {noun: attributes})
        assert status == 201, document
        return dict(document[noun])


def at_once(urls: Sequence[str], requests: Sequence[Callable[[Client], Any]]) -> list[Any]:
    """Results of the requests, sent by `CLIENTS` connections that begin together.

    Args:
        urls: of servers, which are asked in turn.
        requests: any number.
    """
    results: list[Any] = [None] * len(requests)
    barrier = threading.Barrier(CLIENTS)

    def work(first: int) -> None:
        with Client(urls[first % len(urls)]) as client:
            barrier.wait()
            for number in range(first, len(requests), CLIENTS):
                results[number] = requests[number](client)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def a_service(database_url: str) -> Service:
    return Service(
        {
            "quotas": {"quota_port": -1},
            "database": {"connection": database_url},
        },
        workers=3,
    )


def test_250_ports_at_once_on_one_subnet(database_url: str) -> None:
    with a_service(database_url).running() as service, Client(service.url) as client:
        network = client.create("network")
        client.create("subnet", network_id=network["id"], cidr="10.0.0.0/24", ip_version=4)
        body = {"port": {"network_id": network["id"]}}
        answers = at_once([service.url], [lambda c: c.call("POST", "/ports", body)] * PORTS)
        assert {status for status, _ in answers} == {201}, [a for a in answers if a[0] != 201][:3]
        given = {document["port"]["fixed_ips"][0]["ip_address"] for _, document in answers}
        assert len(given) == PORTS
        macs = {document["port"]["mac_address"] for _, document in answers}
        assert len(macs) == PORTS
        _, kept = client.call("GET", "/ports?fields=id")
        assert len(kept["ports"]) == PORTS


def test_what_was_accepted_survives_akill(database_url: str) -> None:
    service = a_service(database_url)
    try:
        service.start()
        with Client(service.url) as client:
            network = client.create("network")
            client.create("subnet", network_id=network["id"], cidr="10.0.0.0/16", ip_version=4)
        accepted: list[str] = []
        stop = threading.Event()

        def work() -> None:
            body = {"port": {"network_id": network["id"]}}
            with Client(service.url) as mine, suppress(OSError, HTTPException, ValueError):
                while not stop.is_set():
                    status, document = mine.call("POST", "/ports", body)
                    if status == 201:
                        accepted.append(document["port"]["id"])

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(1.5)
        kill(service.pid)
        stop.set()
        for thread in threads:
            thread.join()
        service.stop()
        service.start()
        with Client(service.url) as after:
            _, kept = after.call("GET", "/ports")
            after.create("port", network_id=network["id"])
        by_id = {port["id"]: port for port in kept["ports"]}
        assert accepted, "the server must have answered before it was killed"
        assert set(accepted) <= by_id.keys()
        addresses = [ip["ip_address"] for port in by_id.values() for ip in port["fixed_ips"]]
        assert len(addresses) == len(by_id) == len(set(addresses)), "no port is half made"
    finally:
        service.remove()


def kill(parent: int) -> None:
    """SIGKILL to the workers and the parent, at once."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=True
    )
    for pid in [*map(int, found.stdout.split()), parent]:
        os.kill(pid, signal.SIGKILL)
