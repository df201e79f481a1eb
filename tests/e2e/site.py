"""A site: a server, a broker, emulated hosts and the stock agents on them.

ovs1 ovs2   Open vSwitch; physnet1 and physnet2
ovs3        Open vSwitch; tunnels only
lb1         Linux bridges; physnet1 and physnet2
lb2         Linux bridges; physnet2
"""

import random
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.e2e.agents import Agent
from tests.e2e.hosts import Host, Switches
from tests.e2e.machines import Machine, until
from tests.e2e.networking import Networking, Resource
from tests.instances.process import Folder, die_with_parent, free_port
from tests.instances.rabbitmq import RabbitMQ
from tests.instances.service import Options, Service

_BRIDGES = {"physnet1": "br-phys1", "physnet2": "br-phys2"}
_CARDS = {"physnet1": "eth1", "physnet2": "eth2"}
_HAVING = {
    "ovs1": ("physnet1", "physnet2"),
    "ovs2": ("physnet1", "physnet2"),
    "lb1": ("physnet1", "physnet2"),
    "lb2": ("physnet2",),
}
# How the L3 agents of these hosts route what is distributed.
_MODES = {"ovs1": "dvr_snat", "ovs2": "dvr"}
# It looks at the zones that routers name.
_SCHEDULER = "neutron.scheduler.l3_agent_scheduler.AZLeastRoutersScheduler"
_OPTIONS: Options = {
    "ml2": {
        "type_drivers": "local,flat,vlan,gre,vxlan,geneve",
        "project_network_types": "vxlan",
        "mechanism_drivers": "openvswitch,linuxbridge,l2population",
    },
    "ml2_type_flat": {"flat_networks": "*"},
    "ml2_type_vlan": {"network_vlan_ranges": "physnet1:100:199,physnet2:100:199"},
    "ml2_type_vxlan": {"vni_ranges": "1:100000"},
    "ml2_type_gre": {"tunnel_id_ranges": "1:100000"},
    "ml2_type_geneve": {"vni_ranges": "1:100000"},
}
# What agents listen to last, after they have reported.
_LISTENING = dict.fromkeys(("openvswitch", "linuxbridge"), "q-agent-notifier-l2population-update")
_CLEANED = "cleanup stale flows"
# The agents of layer 2.
LAYER_2 = (
    ("openvswitch", "ovs1"),
    ("openvswitch", "ovs2"),
    ("openvswitch", "ovs3"),
    ("linuxbridge", "lb1"),
    ("linuxbridge", "lb2"),
)
# Each takes seconds of a machine to start.
_AGENTS_STARTING = 400


class Site:
    """Use it as a context; what it starts, it ends.

    Args:
        rabbitmq: the broker, which runs.
        database_url: of an empty database; none for SQLite.
    """

    def __init__(self, rabbitmq: RabbitMQ, database_url: str = "") -> None:
        self.rabbitmq = rabbitmq
        self.hosts: dict[str, Host] = {}
        self.agents: dict[tuple[str, str], Agent] = {}
        self._ready: set[tuple[str, str]] = set()
        self.machines: list[Machine] = []
        database = {"database": {"connection": database_url}} if database_url else {}
        default = {"transport_url": rabbitmq.url, "router_scheduler_driver": _SCHEDULER}
        self.service = Service(
            {"DEFAULT": default, **database, **_OPTIONS},
            port=free_port(),  # the same when it is started again
        )
        self._ends = ExitStack()

    def __enter__(self) -> "Site":
        try:
            self._start()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._ends.close()

    def _start(self) -> None:
        folder = Folder("hosts", "root")
        self._ends.callback(folder.remove)
        folder.path.chmod(0o755)  # dnsmasq reads its files under an account of its own
        self._ends.callback(self.service.remove)
        self.service.start()
        self.api = Networking(self.service.url)
        switches = Switches()
        self._ends.callback(switches.close)
        for number, name in enumerate(("ovs1", "ovs2", "ovs3", "lb1", "lb2"), 1):
            host = Host(
                name=name,
                number=number,
                folder=folder.path / name,
                open_vswitch=name.startswith("ovs"),
            )
            self.hosts[name] = host
            self._ends.callback(host.stop)
            host.start(switches)
        self._relay()
        self._ends.callback(self.unplug)

    def _relay(self) -> None:
        pids = ",".join(str(host.pid) for host in self.hosts.values())
        relay = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.relay", str(self.rabbitmq.port), pids],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            preexec_fn=die_with_parent,  # noqa: PLW1509 - no lock is held when it is called
        )

        def end() -> None:
            relay.kill()
            relay.communicate()

        self._ends.callback(end)
        assert relay.stdout is not None
        if relay.stdout.readline() != b"ready\n":
            raise RuntimeError("the relay does not start")

    def launch(self, *wanted: tuple[str, str]) -> None:
        """Starts agents that do not run yet, and waits for none.

        Args:
            wanted: (kind, host).
        """
        for kind, name in wanted:
            if (kind, name) in self.agents:
                continue
            host = self.hosts[name]
            where = _BRIDGES if host.open_vswitch else _CARDS
            agent = Agent(
                kind=kind,
                host=host,
                transport_url=self.rabbitmq.url,
                physical_networks={net: where[net] for net in _HAVING.get(name, ())},
                mode=_MODES.get(name, "legacy"),
            )
            self.agents[kind, name] = agent
            self._ends.callback(agent.kill)
            agent.start()

    def start_agents(self, *wanted: tuple[str, str]) -> None:
        """Starts agents that do not run yet and waits until the server has heard of all.

        Args:
            wanted: (kind, host).
        """
        self.launch(*wanted)
        new = [one for one in wanted if one not in self._ready]
        for one in new:
            self._wait_for(self.agents[one])
        self._let_clean([self.agents[one] for one in new if one[0] == "openvswitch"])
        self._ready.update(new)

    def stop_all_but(self, *wanted: tuple[str, str]) -> None:
        """Ends all other agents.

        Args:
            wanted: (kind, host).
        """
        for one in self.agents.keys() - set(wanted):
            self.agents.pop(one).kill()
            self._ready.discard(one)

    def _wait_for(self, agent: Agent) -> None:
        topic = _LISTENING.get(agent.kind)
        query = f"host={agent.host.name}&binary={agent.program}&fields=alive"
        try:
            until(
                lambda: (
                    any(one["alive"] for one in self.api.list("agents", query))
                    and (not topic or self.rabbitmq.listened(f"{topic}.{agent.host.name}"))
                ),
                f"{agent.program} on {agent.host.name} reports and listens",
                seconds=_AGENTS_STARTING,
            )
        except AssertionError as error:
            raise AssertionError(f"{error}\n{agent.log[-4000:]}") from None

    def _let_clean(self, agents: Sequence[Agent]) -> None:
        """Gives Open vSwitch agents a first port, until they have removed flows of others.

        Those of Neutron 29 do so once, when they look at ports for the second time. Who joined a
        security group since they had the first one is removed, too, and stays shut out.
        """
        if not agents:
            return
        made = self.api.made
        network = self.network("local", cidr="10.49.0.0/24")
        machines = [self.machine(network, agent.host.name) for agent in agents]
        for agent in agents:
            until(lambda agent=agent: _CLEANED in agent.log, f"{agent.host.name} has cleaned up")
        for machine in machines:
            self.machines.remove(machine)
            machine.unplug()
        self.api.undo(down_to=made)

    def network(self, kind: str = "", *, cidr: str = "10.50.0.0/24", **values: Any) -> Resource:
        """Makes a network with one subnet, which is its ``subnet``.

        Args:
            kind: its network type; empty if the values tell.
            cidr: of the subnet.
            values: of the network; those of the subnet in ``subnet``.
        """
        subnet = {"enable_dhcp": False, **values.pop("subnet", {})}
        if kind:
            values["provider:network_type"] = kind
        network = self.api.create("networks", name=f"test {kind or 'segments'}", **values)
        network["subnet"] = self.api.create(
            "subnets", network_id=network["id"], ip_version=4, cidr=cidr, **subnet
        )
        return network

    def machine(
        self,
        network: Resource,
        host: str,
        *,
        static: bool = True,
        ipv6: bool = False,
        **port: Any,
    ) -> Machine:
        """Makes a port on a host and plugs a machine with it.

        Args:
            network: of the port.
            host: where the machine runs.
            static: whether it has its IPv4 address at once.
            ipv6: whether it takes the IPv6 addresses that routers offer.
            port: values of the port.
        """
        made = self.api.create(
            "ports",
            **{
                "network_id": network["id"],
                "binding:host_id": host,
                "device_owner": "compute:test",
                "device_id": str(uuid4()),
                **port,
            },
        )
        vif_type = made["binding:vif_type"]
        assert vif_type not in {"unbound", "binding_failed"}, f"port on {host}: {vif_type}"
        machine = Machine(host=self.hosts[host], port=made, mtu=network["mtu"], ipv6=ipv6)
        segment = self.bound_segment(machine)
        if segment["network_type"] == "vlan" and not machine.host.open_vswitch:
            card = _CARDS[segment["physical_network"]]
            machine.host.vlan(card, segment["segmentation_id"])
        self.machines.append(machine)
        machine.plug(static=static)
        return machine

    def wait_until_active(self, machines: Iterable[Machine]) -> float:
        """Waits until the ports of machines are ACTIVE; the seconds that it took."""
        waited = {machine.port["id"]: machine for machine in machines}

        def active() -> bool:
            statuses = self.api.list("ports", "fields=id&fields=status")
            return waited.keys() <= {one["id"] for one in statuses if one["status"] == "ACTIVE"}

        return until(active, f"ports {', '.join(waited)} are ACTIVE")

    def bound_segment(self, machine: Machine) -> Resource:
        """The segment by which a machine's port is bound."""
        answer = self.api.request("GET", f"ports/{machine.port['id']}/binding-explanation")
        steps = answer["binding_explanation"]["attempts"][0]["steps"]
        (segment,) = (one["segment"] for one in steps if one["outcome"] == "bound")
        found: Resource = segment
        return found

    def clear(self) -> None:
        """Ends all machines and deletes what was made for them."""
        self.unplug()
        for port in self.api.list("ports", "device_owner=compute:test&fields=id"):
            self.api.delete("ports", port["id"])
        self.api.undo()

    def unplug(self) -> None:
        """Ends all machines; their ports stay."""
        while self.machines:
            self.machines.pop().unplug()


def every_pair_reaches(machines: Sequence[Machine]) -> None:
    """Waits until each machine pings each other one and TCP flows, both ways."""
    for machine in machines:
        machine.echo(7)
    pairs = [(one, other) for one in machines for other in machines if one is not other]
    random.shuffle(pairs)
    for one, other in pairs:
        what = f"{one.host.name} {one.address} {{}} {other.host.name} {other.address}"
        until(partial(one.pings, other.address), what.format("pings"))
        until(partial(one.reaches, other.address, 7), what.format("reaches"))
