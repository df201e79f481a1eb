"""Whatever is killed while ports are made and plugged, all of them work in the end."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.agents import Agent
from tests.e2e.hosts import Host
from tests.e2e.machines import until
from tests.e2e.networking import Resource
from tests.e2e.site import Site

pytestmark = pytest.mark.e2e

PORTS = 200
HOSTS = ("ovs1", "ovs2")
# What a server that was killed takes to be there again, with room for a busy machine.
_PATIENCE = 60
_RECOVERY = 240


def _children(site: Site) -> Iterator[tuple[int, bool]]:
    """The processes of the server: (pid, whether it answers requests)."""
    for path in Path(f"/proc/{site.service.pid}/task").glob("*/children"):
        for pid in path.read_text().split():
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            yield int(pid), command.startswith(b"deuteron worker")


def _kill(site: Site, *, answering_requests: bool) -> None:
    chosen = [pid for pid, answers in _children(site) if answers is answering_requests]
    assert chosen
    for pid in chosen:
        os.kill(pid, signal.SIGKILL)


def _kill_and_restart_broker(site: Site) -> None:
    site.rabbitmq.stop(kill=True)
    time.sleep(2)
    site.rabbitmq.start()


def _kill_and_restart_agent(agent: Agent) -> None:
    agent.kill()
    agent.start()


def _create(site: Site, **values: Any) -> Resource:
    """Makes a port as a client does that tries again when its connection breaks."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return site.api.create("ports", **values)
        except (OSError, RuntimeError) as error:
            refused = isinstance(error, RuntimeError) and ": 5" not in str(error)
            if refused or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _plug(host: Host, port: Resource) -> None:
    """Gives the port a device of the switch itself, which is all that an agent looks at."""
    name = "tap" + port["id"][:11]
    host.run(
        *("ovs-vsctl", "add-port", "br-int", name, "--", "set", "interface", name),
        *("type=internal", f"external_ids:iface-id={port['id']}"),
        f'external_ids:attached-mac="{port["mac_address"]}"',
    )


def _flows(host: Host, bridge: str) -> str:
    return host.run("ovs-ofctl", "dump-flows", bridge).stdout


def _wrong(host: Host, ports: list[Resource]) -> set[str]:
    """What a host's tunnels lack or have too much if they should lead to these ports alone."""
    # What a switch has learned from traffic of other networks is forgotten by itself.
    told = (flow for flow in _flows(host, "br-tun").splitlines() if "hard_timeout" not in flow)
    words = " ".join(told).replace(",", " ").split()
    found = {word.removeprefix("dl_dst=") for word in words if word.startswith("dl_dst=fa:16:3e")}
    return found ^ {port["mac_address"] for port in ports}


def test_whatever_is_killed_every_port_becomes_active(two_hosts: Site) -> None:
    site = two_hosts
    network = site.network("vxlan", cidr="10.60.0.0/23")
    group = site.api.create("security-groups", name="pings")
    site.api.create(
        "security-group-rules",
        security_group_id=group["id"],
        direction="ingress",
        protocol="icmp",
    )
    faults: dict[int, Callable[[], None]] = {
        PORTS // 5: lambda: _kill(site, answering_requests=True),
        2 * PORTS // 5: lambda: _kill(site, answering_requests=False),
        3 * PORTS // 5: lambda: _kill_and_restart_broker(site),
        4 * PORTS // 5: lambda: _kill_and_restart_agent(site.agents["openvswitch", "ovs2"]),
    }
    made: list[Resource] = []
    lock = threading.Lock()

    def one(number: int) -> None:
        host = HOSTS[number % len(HOSTS)]
        port = _create(
            site,
            network_id=network["id"],
            device_owner="compute:test",
            device_id=str(uuid4()),
            security_groups=[group["id"]],
            **{"binding:host_id": host},
        )
        _plug(site.hosts[host], port)
        with lock:
            made.append(port)
            fault = faults.pop(len(made), None)
        if fault is not None:
            fault()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(PORTS)))
    assert not faults
    accepted = {port["id"] for port in made}
    assert len(accepted) == PORTS

    def active() -> bool:
        shown = site.api.list("ports", f"network_id={network['id']}&fields=id&fields=status")
        return accepted <= {each["id"] for each in shown if each["status"] == "ACTIVE"}

    until(active, "all ports are ACTIVE", seconds=_RECOVERY)
    there = {name: [p for p in made if p["binding:host_id"] == name] for name in HOSTS}
    for name, other in (HOSTS, HOSTS[::-1]):
        host = site.hosts[name]
        until(
            lambda h=host, o=other: not _wrong(h, there[o]),
            f"{name} knows the ports of {other}",
            seconds=_RECOVERY,
        )

    machines = [site.machine(network, name, security_groups=[group["id"]]) for name in HOSTS]
    site.wait_until_active(machines)
    until(lambda: machines[0].pings(machines[1].address), "new machines reach each other")
    site.unplug()

    # With those whose answers were cut off.
    for port in site.api.list("ports", f"network_id={network['id']}&fields=id"):
        site.api.delete("ports", port["id"])
    for name in HOSTS:
        taps = (f"-- del-port br-int tap{port['id'][:11]}" for port in there[name])
        site.hosts[name].shell("ovs-vsctl " + " ".join(taps))
    gone = {port["mac_address"] for port in made}
    for name in HOSTS:
        for bridge in ("br-tun", "br-int"):
            host = site.hosts[name]
            until(
                lambda h=host, b=bridge: not any(mac in _flows(h, b) for mac in gone),
                f"nothing of the deleted ports is left in {bridge} of {name}",
            )
