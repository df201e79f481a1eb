"""Open vSwitch agents that restart one after another: the calls that stock agents make, no packets.

    python -m tests.restarts TRANSPORT_URL API_URL NETWORK_ID HOST...

Every agent asks for what is on its host, as after its own restart: tunnels, each port by itself,
the rules of their security groups; then it tells that all are wired. A process of its own, so that
it takes no time from who measures the server.
"""

import json
import sys
import urllib.request
from collections import defaultdict
from datetime import UTC, datetime
from itertools import count
from typing import Any

from tests.caller import Caller

_TUNNELS = ("vxlan", "gre", "geneve")
_AT_ONCE = 20  # devices in one call
_NUMBERS = count()


def report(agent: Caller, host: str, address: str, *, start: bool = True) -> str:
    """Has an agent report its state; what the server says to it."""
    state = {
        "binary": "neutron-openvswitch-agent",
        "host": host,
        "topic": "N/A",
        "agent_type": "Open vSwitch agent",
        "configurations": {
            "bridge_mappings": {},
            "tunnel_types": list(_TUNNELS),
            "tunneling_ip": address,
            "l2_population": True,
            "datapath_type": "system",
            "devices": next(_NUMBERS),
        },
        "resource_versions": {"Port": "1.11", "Network": "1.3", "SecurityGroupRule": "1.3"},
        **({"start_flag": True} if start else {}),
    }
    now = datetime.now(UTC).replace(tzinfo=None).isoformat()
    said: str = agent.call(
        "q-reports-plugin",
        "report_state",
        version="1.4",
        agent_state={"agent_state": state},
        time=now,
    )
    return said


def restart(agent: Caller, host: str, address: str, ports: list[dict[str, Any]]) -> None:
    """Asks and tells what an agent does when it starts."""
    agent.call("q-reports-plugin", "has_alive_neutron_server", version="1.4")
    report(agent, host, address)
    for kind in _TUNNELS:
        agent.call(
            "q-plugin",
            "tunnel_sync",
            version="1.4",
            tunnel_ip=address,
            tunnel_type=kind,
            host=host,
        )
    for port in ports:
        (found,) = _pulled(agent, "Port", "1.11", id=[port["id"]])
        assert found["versioned_object.data"]["mac_address"] == port["mac_address"]
    groups = sorted({group for port in ports for group in port["security_groups"]})
    for group in groups:
        assert _pulled(agent, "SecurityGroupRule", "1.3", security_group_id=[group])
    for first in range(0, len(ports), _AT_ONCE):
        devices = [port["id"] for port in ports[first : first + _AT_ONCE]]
        answer = agent.call(
            "q-plugin",
            "update_device_list",
            version="1.9",
            devices_up=devices,
            devices_down=[],
            agent_id=f"ovs-agent-{host}",
            host=host,
            refresh_tunnels=first == 0,
        )
        assert set(answer["devices_up"]) == set(devices)
    report(agent, host, address, start=False)


def _pulled(agent: Caller, resource: str, version: str, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = agent.call(
        "q-plugin",
        "bulk_pull",
        version="1.1",
        arguments={"version": version},
        resource_type=resource,
        filter_kwargs=filters,
    )
    return found


def _run(transport_url: str, api_url: str, network_id: str, hosts: list[str]) -> None:
    with urllib.request.urlopen(f"{api_url}/v2.0/ports?network_id={network_id}") as answer:
        shown = json.load(answer)["ports"]
    ports = defaultdict(list)
    for port in shown:
        ports[port["binding:host_id"]].append(port)
    for number, host in enumerate(hosts, 1):
        agent = Caller(transport_url, host)
        restart(agent, host, f"10.99.1.{number}", ports[host])
        agent.close()


if __name__ == "__main__":
    _run(*sys.argv[1:4], sys.argv[4:])
