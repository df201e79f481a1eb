"""What it costs to tell an L3 agent that starts about all its routers.

    routers          one agent has all of them; each is on networks of its own
    sync_routers     asked by the RPC of agents, in one call, as stock agents do

The first call binds the ports of the routers to the agent's host, later ones only tell.
"""

from datetime import UTC, datetime

from bench import processes
from bench.client import Client, Failed
from bench.load import Cost
from tests import restarts
from tests.caller import Caller

ROUTERS = 200
INTERFACES = 5
HOST = "bench-l3"
FIRST = f"sync_routers, {ROUTERS} with {INTERFACES} interfaces, first"
AGAIN = f"sync_routers, {ROUTERS} with {INTERFACES} interfaces, again"
_TOPIC = "q-l3-plugin"
# An agent is believed to be alive for longer than it takes to make so many routers.
_REPORT_EACH = 10
_SECONDS = 300


def measured(
    client: Client, transport_url: str, pids: list[int], *, repeat: int
) -> dict[str, Cost]:
    """The costs of `FIRST` and `AGAIN`.

    Args:
        client: of the server, which has no other L3 agent.
        transport_url: of its broker.
        pids: of its processes.
        repeat: how often it is asked again.

    Raises:
        Failed: the agent is not told of all routers with all interfaces.
    """
    agent = Caller(transport_url, HOST)
    try:
        ids = []
        for number in range(ROUTERS):
            if number % _REPORT_EACH == 0:
                _report(agent)
            ids.append(_make_router(client, number))
        _report(agent)
        having = agent.call(_TOPIC, "get_router_ids", version="1.9", timeout=_SECONDS, host=HOST)
        if lacking := set(ids).difference(having):
            raise Failed(f"the agent was not given {len(lacking)} of {ROUTERS} routers")
        return {
            FIRST: _cost(agent, pids, ids, times=1),
            AGAIN: _cost(agent, pids, ids, times=repeat),
        }
    finally:
        agent.close()


def _cost(agent: Caller, pids: list[int], ids: list[str], *, times: int) -> Cost:
    cpu, wall = [], []
    for _ in range(times):
        processes.settle(pids)
        with processes.used(pids) as spent:
            told = agent.call(
                _TOPIC,
                "sync_routers",
                version="1.0",
                timeout=_SECONDS,
                host=HOST,
                router_ids=ids,
            )
        cpu.append(spent.cpu_ms)
        wall.append(spent.wall_ms)
        interfaces = [len(router.get("_interfaces", ())) for router in told]
        if interfaces != [INTERFACES] * ROUTERS:
            raise Failed(f"the agent is told of {len(told)} routers, {sum(interfaces)} interfaces")
    return Cost(cpu_ms=cpu, wall_ms=wall)


def _make_router(client: Client, number: int) -> str:
    router = client.call("POST", "/routers", {"router": {"name": f"synced-{number}"}})["router"]
    networks = [{"name": "synced"} for _ in range(INTERFACES)]
    made = client.call("POST", "/networks", {"networks": networks})["networks"]
    subnets = [
        {"network_id": network["id"], "ip_version": 4, "cidr": f"10.0.{octet}.0/24"}
        for octet, network in enumerate(made)
    ]
    for subnet in client.call("POST", "/subnets", {"subnets": subnets})["subnets"]:
        path = f"/routers/{router['id']}/add_router_interface"
        client.call("PUT", path, {"subnet_id": subnet["id"]})
    return str(router["id"])


def _report(agent: Caller) -> None:
    """Both agents of the host say that they are alive: this one, and the one that plugs ports."""
    restarts.report(agent, HOST, "192.0.2.3")
    state = {
        "agent_type": "L3 agent",
        "binary": "neutron-l3-agent",
        "host": HOST,
        "topic": "l3_agent",
        "availability_zone": "nova",
        "configurations": {
            "agent_mode": "legacy",
            "handle_internal_only_routers": True,
            "interface_driver": "openvswitch",
        },
        "start_flag": True,
    }
    agent.call(
        "q-reports-plugin",
        "report_state",
        version="1.3",
        agent_state={"agent_state": state},
        time=datetime.now(UTC).replace(tzinfo=None).isoformat(),
    )
