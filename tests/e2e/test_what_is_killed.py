"""Whatever is killed while ports are made and plugged, all of them work in the end."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.agents import Agent
from tests.e2e.hosts import Host
from tests.e2e.machines import until
from tests.e2e.networking import Resource
from tests.e2e.site import LAYER_2, Site, every_pair_reaches

pytestmark = pytest.mark.e2e

PORTS = 200
# From one fault to the next.
_BETWEEN = 30
HOSTS = ("ovs1", "ovs2", "lb1", "lb2")
# Linux bridge agents take a second of the machine for each port.
_IN_TURN = 8 * HOSTS[:2] + HOSTS[2:]
# What a server that was killed takes to be there again, with room for a busy machine.
_PATIENCE = 60
_RECOVERY = 400


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


def _kill_and_restart_all(site: Site) -> None:
    """The whole server, its parent process too, and the broker."""
    for pid in (*[pid for pid, _ in _children(site)], site.service.pid):
        os.kill(pid, signal.SIGKILL)
    site.rabbitmq.stop(kill=True)
    site.service.stop()
    site.rabbitmq.start()
    site.service.start()


def _kill_and_restart_agent(agent: Agent) -> None:
    agent.kill()
    agent.start()


def _create(site: Site, **values: Any) -> Resource:
    """Makes a port as a client does that tries again when its connection breaks."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return site.api.create("ports", **values)
        except (OSError, HTTPException, RuntimeError) as error:
            refused = isinstance(error, RuntimeError) and ": 5" not in str(error)
            if refused or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _plug(host: Host, port: Resource) -> None:
    """Gives the port a device of its own on the host, which is all that an agent looks at."""
    tap = "tap" + port["id"][:11]
    if host.open_vswitch:
        host.run(
            *("ovs-vsctl", "add-port", "br-int", tap, "--", "set", "interface", tap),
            *("type=internal", f"external_ids:iface-id={port['id']}"),
            f'external_ids:attached-mac="{port["mac_address"]}"',
        )
    else:
        bridge = "brq" + port["network_id"][:11]
        host.shell(
            f"ip link show {bridge} >/dev/null 2>&1"
            f" || ip link add {bridge} type bridge forward_delay 0 mcast_snooping 0 || true\n"
            f"ip link set {bridge} up\n"
            f"ip link add {tap} type veth\n"
            f"ip link set {tap} up master {bridge}"
        )


def _unplug(host: Host, ports: list[Resource]) -> None:
    taps = ["tap" + port["id"][:11] for port in ports]
    if host.open_vswitch:
        host.shell("ovs-vsctl " + " ".join(f"-- del-port br-int {tap}" for tap in taps))
    else:
        host.shell("\n".join(f"ip link delete {tap}" for tap in taps))


def _flows(host: Host, bridge: str) -> str:
    return host.run("ovs-ofctl", "dump-flows", bridge).stdout


def _reached(host: Host, network: Resource) -> set[str]:
    """The MAC addresses to which a host's tunnels lead."""
    if host.open_vswitch:
        # What a switch has learned from traffic of other networks is forgotten by itself.
        flows = _flows(host, "br-tun").splitlines()
        told = " ".join(flow for flow in flows if "hard_timeout" not in flow)
        words = told.replace(",", " ").split()
        return {word.removeprefix("dl_dst=") for word in words if word.startswith("dl_dst=fa:16:")}
    tunnel = f"vxlan-{network['provider:segmentation_id']}"
    lines = host.run("bridge", "fdb", "show", "dev", tunnel, check=False).stdout.splitlines()
    return {line.split()[0] for line in lines if line.startswith("fa:16:") and " dst " in line}


def _remembered(host: Host) -> str:
    """All that a host's agent has made of ports."""
    if host.open_vswitch:
        return _flows(host, "br-tun") + _flows(host, "br-int")
    return host.run("bridge", "fdb", "show").stdout + host.run("iptables-save").stdout


def test_whatever_is_killed_every_port_becomes_active(site: Site) -> None:
    site.stop_all_but(*LAYER_2)
    network = site.network("vxlan", cidr="10.60.0.0/23")
    group = site.api.create("security-groups", name="open")
    site.api.create("security-group-rules", security_group_id=group["id"], direction="ingress")
    faults: list[Callable[[], None]] = [
        lambda: _kill(site, answering_requests=True),
        lambda: _kill(site, answering_requests=False),
        lambda: _kill_and_restart_broker(site),
        lambda: _kill_and_restart_agent(site.agents["openvswitch", "ovs2"]),
        lambda: _kill_and_restart_agent(site.agents["linuxbridge", "lb2"]),
        lambda: _kill_and_restart_all(site),
    ]
    made: list[Resource] = []
    wanted = threading.Semaphore(0)

    def one(number: int) -> None:
        wanted.acquire()
        host = _IN_TURN[number % len(_IN_TURN)]
        port = _create(
            site,
            network_id=network["id"],
            device_owner="compute:test",
            device_id=str(uuid4()),
            security_groups=[group["id"]],
            **{"binding:host_id": host},
        )
        _plug(site.hosts[host], port)
        made.append(port)

    with ThreadPoolExecutor(4) as pool:
        making = [pool.submit(one, number) for number in range(PORTS)]
        for number, fault in enumerate(faults):
            wanted.release(_BETWEEN)
            half = number * _BETWEEN + _BETWEEN // 2
            until(lambda h=half: len(made) >= h, "ports are made", seconds=_PATIENCE)
            fault()
        wanted.release(PORTS)
        for each in making:
            each.result()
    accepted = {port["id"] for port in made}
    assert len(accepted) == PORTS

    def active() -> bool:
        shown = site.api.list("ports", f"network_id={network['id']}&fields=id&fields=status")
        return accepted <= {each["id"] for each in shown if each["status"] == "ACTIVE"}

    until(active, "all ports are ACTIVE", seconds=_RECOVERY)
    there = {name: [p for p in made if p["binding:host_id"] == name] for name in HOSTS}
    macs = {name: {port["mac_address"] for port in there[name]} for name in HOSTS}
    for name in HOSTS:
        elsewhere = set().union(*(macs[other] for other in HOSTS if other != name))
        until(
            lambda h=site.hosts[name], e=elsewhere: _reached(h, network) == e,
            f"{name} knows the ports of the others and no more",
            seconds=_RECOVERY,
        )

    machines = [site.machine(network, name, security_groups=[group["id"]]) for name in HOSTS]
    site.wait_until_active(machines)
    every_pair_reaches(machines)
    site.unplug()

    # With those whose answers were cut off.
    for port in site.api.list("ports", f"network_id={network['id']}&fields=id"):
        site.api.delete("ports", port["id"])
    for name in HOSTS:
        _unplug(site.hosts[name], there[name])
    gone = {word for port in made for word in (port["mac_address"], port["id"][:10])}
    for name in HOSTS:
        until(
            lambda h=site.hosts[name]: not any(word in _remembered(h) for word in gone),
            f"nothing of the deleted ports is left on {name}",
        )
