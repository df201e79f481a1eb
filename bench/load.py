"""The operations, sent to a server one after the other, and what its processes used for each.

warm up: every operation a few times, so that all workers have done everything
measure: every operation `repeat` times `count` requests, on fresh objects
"""

import statistics
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from bench import processes
from bench.client import Client, Failed, decoded

BULK = 100
MANY = 10_000
LISTED = 1_000
# Operations are named after them.
_MANY, _LISTED = f"{MANY:,}", f"{LISTED:,}"
HOST = "bench-1"
PARTS = ("basics", "routing", "lists", "many")

Requests = list[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What requests of one kind cost.

    Args:
        cpu_ms: CPU of the server's processes per request, one figure for each repeat.
        wall_ms: the same by the client's clock.
    """

    cpu_ms: list[float]
    wall_ms: list[float]

    @property
    def cpu(self) -> float:
        """The median of the repeats: one disturbed by others does not count."""
        return statistics.median(self.cpu_ms)

    @property
    def wall(self) -> float:
        """The median of the repeats."""
        return statistics.median(self.wall_ms)


@dataclass(kw_only=True)
class Load:
    """A measurement of one server.

    Args:
        client: of the server.
        pids: of its processes.
        count: requests of each kind in a repeat.
        repeat: how often.
        parts: some of `PARTS`.
        host: to which ports are bound.
        reports: whether the Open vSwitch agent of that host is to report by HTTP, as no other does.
    """

    client: Client
    pids: list[int]
    count: int
    repeat: int
    parts: Collection[str] = PARTS
    host: str = HOST
    reports: bool = True
    costs: dict[str, Cost] = field(default_factory=dict)
    _serial: int = 0

    def run(self, say: Callable[[str], None]) -> dict[str, Cost]:
        """Measures everything.

        Args:
            say: told what is being done.
        """
        count, repeat = self.count, self.repeat
        say("warming up")
        self.count, self.repeat = min(16, count), 1
        self._some()
        self.count, self.repeat = count, repeat
        say("measuring")
        self.costs.clear()
        home, outside = self._some()
        if "lists" in self.parts:
            say(f"filling up to {LISTED:,} routers and floating IPs")
            self._listed(outside or self._outside())
        if "many" in self.parts:
            say(f"filling a subnet until there are {MANY:,} ports")
            self._many(home)
        return self.costs

    def _some(self) -> tuple[str, str]:
        """What does not need many things; the ids of a network inside and of one outside."""
        home, outside = self._network_with_subnet(), ""
        if "basics" in self.parts:
            self._basics(home)
        if "routing" in self.parts:
            outside = self._routing()
        return home, outside

    # --- the operations ---------------------------------------------------------------------------

    def _basics(self, home: str) -> None:
        if self.reports:
            self._agent_reports()
        networks = self._ids(
            self._measured(
                "create network",
                lambda _: [self._network_request() for _ in range(self.count)],
            )
        )
        groups = [networks[i :: self.repeat] for i in range(self.repeat)]
        self._measured(
            "create subnet", lambda turn: [self._subnet_request(one) for one in groups[turn]]
        )
        ports = self._ids(
            self._measured(
                "create port", lambda _: [self._port_request(home) for _ in range(self.count)]
            )
        )
        bound = self._measured(
            "create port with a host, bound",
            lambda _: [
                self._port_request(home, **{"binding:host_id": self.host})
                for _ in range(self.count)
            ],
        )
        self._require_bound(bound)
        self._measured(
            f"create {BULK} ports at once, per port",
            lambda _: [self._bulk_request(home) for _ in range(max(1, self.count // 20))],
            units=BULK,
        )
        self._measured(
            "show port", lambda _: [self.client.encoded("GET", f"/ports/{one}") for one in ports]
        )
        self._measured(
            "update port, name",
            lambda turn: [self._update_request(one, name=f"turn-{turn}") for one in ports],
        )
        shares = [ports[i :: self.repeat] for i in range(self.repeat)]
        moved = self._measured(
            "update port, host",
            lambda turn: [
                self._update_request(one, **{"binding:host_id": self.host}) for one in shares[turn]
            ],
        )
        self._require_bound(moved)
        self._measured(
            "delete port",
            lambda turn: [self.client.encoded("DELETE", f"/ports/{one}") for one in shares[turn]],
        )

    def _routing(self) -> str:
        """Routers and floating IPs; the id of the network outside that they lead to."""
        outside = self._outside()
        routers = self._ids(
            self._measured(
                "create router",
                lambda _: [self._router_request() for _ in range(self.count)],
            )
        )
        subnets = [self._subnet_of_its_own() for _ in routers]
        shares = [
            list(zip(routers, subnets, strict=True))[turn :: self.repeat]
            for turn in range(self.repeat)
        ]
        self._measured(
            "add router interface",
            lambda turn: [
                self.client.encoded(
                    "PUT", f"/routers/{router}/add_router_interface", {"subnet_id": subnet}
                )
                for router, subnet in shares[turn]
            ],
        )
        self._associate(outside)
        return outside

    def _associate(self, outside: str) -> None:
        """Floating IPs that come to lead to ports of one network."""
        inside = str(decoded(self.client.send(self._network_request()))["network"]["id"])
        subnet = decoded(self.client.send(self._subnet_request(inside)))["subnet"]["id"]
        gateway = {"external_gateway_info": {"network_id": outside}}
        router = self.client.call("POST", "/routers", {"router": gateway})["router"]["id"]
        path = f"/routers/{router}/add_router_interface"
        self.client.call("PUT", path, {"subnet_id": subnet})
        total = self.count * self.repeat
        made = [decoded(self.client.send(self._port_request(inside))) for _ in range(total)]
        pairs = [
            (decoded(self.client.send(self._floating_request(outside))), port) for port in made
        ]
        self._measured(
            "associate floating IP",
            lambda turn: [
                self.client.encoded(
                    "PUT",
                    f"/floatingips/{one['floatingip']['id']}",
                    {"floatingip": {"port_id": port["port"]["id"]}},
                )
                for one, port in pairs[turn :: self.repeat]
            ],
        )

    def _listed(self, outside: str) -> None:
        for name, made in (
            ("routers", self._router_request),
            ("floatingips", lambda: self._floating_request(outside)),
        ):
            there = len(self.client.call("GET", f"/{name}?fields=id")[name])
            for _ in range(there, LISTED):
                decoded(self.client.send(made()))
            request = self.client.encoded("GET", f"/{name}?limit={LISTED}")
            words = name.replace("floatingips", "floating IPs")
            self._measured(
                f"list {_LISTED} {words}",
                lambda _, r=request: [r] * max(4, self.count // 25),
                keep=False,
            )

    def _many(self, home: str) -> None:
        there = len(self.client.call("GET", "/ports?fields=id")["ports"])
        for _ in range(0, MANY - there, BULK):
            decoded(self.client.send(self._bulk_request(home)))
        few = max(4, self.count // 25)
        for name, path in (
            ("full", "/ports"),
            ("fields=id", "/ports?fields=id"),
            ("limit=100", "/ports?limit=100"),
        ):
            times = few if name != "limit=100" else self.count
            request = self.client.encoded("GET", path)
            self.client.send(request)
            self._measured(
                f"list {_MANY} ports, {name}", lambda _, r=request, n=times: [r] * n, keep=False
            )
        self._measured(
            f"create port where {_MANY} are",
            lambda _: [self._port_request(home) for _ in range(self.count)],
        )

    # --- measuring --------------------------------------------------------------------------------

    def _measured(
        self,
        name: str,
        prepare: Callable[[int], Requests],
        *,
        units: int = 1,
        keep: bool = True,
    ) -> list[Any]:
        """Sends what `prepare` makes for each repeat; the parsed answers if they are wanted."""
        cpu, wall, answers = [], [], []
        for turn in range(self.repeat):
            requests = prepare(turn)
            with processes.used(self.pids) as spent:
                received = [self.client.send(request) for request in requests]
            cpu.append(spent.cpu_ms / len(requests) / units)
            wall.append(spent.wall_ms / len(requests) / units)
            if keep:
                answers += [decoded(one) for one in received]
            elif any(status != 200 for status, _ in received):
                raise Failed(f"{name}: {received[0]}")
        self.costs[name] = Cost(cpu_ms=cpu, wall_ms=wall)
        return answers

    # --- objects ----------------------------------------------------------------------------------

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _agent_reports(self) -> None:
        agent = {
            "agent_type": "Open vSwitch agent",
            "binary": "neutron-openvswitch-agent",
            "host": self.host,
            "topic": "N/A",
            "configurations": {"tunnel_types": ["vxlan"], "tunneling_ip": "192.0.2.1"},
        }
        self.client.call("PUT", "/agents", {"agent": agent})

    def _network_request(self) -> bytes:
        return self.client.encoded("POST", "/networks", {"network": {"name": f"n-{self._next()}"}})

    def _router_request(self) -> bytes:
        return self.client.encoded("POST", "/routers", {"router": {"name": f"r-{self._next()}"}})

    def _floating_request(self, network_id: str) -> bytes:
        floating_ip = {"floating_network_id": network_id}
        return self.client.encoded("POST", "/floatingips", {"floatingip": floating_ip})

    def _outside(self) -> str:
        """The id of a new external network with a large subnet."""
        body = {"network": {"router:external": True}}
        made = str(self.client.call("POST", "/networks", body)["network"]["id"])
        decoded(self.client.send(self._subnet_request(made, "198.18.0.0/15")))
        return made

    def _subnet_of_its_own(self) -> str:
        """The id of the subnet of a new network."""
        made = decoded(self.client.send(self._network_request()))["network"]["id"]
        return str(decoded(self.client.send(self._subnet_request(made)))["subnet"]["id"])

    def _subnet_request(self, network_id: str, cidr: str = "10.0.0.0/16") -> bytes:
        subnet = {"network_id": network_id, "ip_version": 4, "cidr": cidr}
        return self.client.encoded("POST", "/subnets", {"subnet": subnet})

    def _network_with_subnet(self) -> str:
        made = decoded(self.client.send(self._network_request()))["network"]["id"]
        decoded(self.client.send(self._subnet_request(made)))
        return str(made)

    def _port(self, network_id: str, **more: object) -> dict[str, object]:
        number = self._next()
        return {
            "network_id": network_id,
            "name": f"port-{number}",
            "device_id": f"device-{number}",
            "device_owner": "compute:nova",
            **more,
        }

    def _port_request(self, network_id: str, **more: object) -> bytes:
        return self.client.encoded("POST", "/ports", {"port": self._port(network_id, **more)})

    def _bulk_request(self, network_id: str) -> bytes:
        ports = [self._port(network_id) for _ in range(BULK)]
        return self.client.encoded("POST", "/ports", {"ports": ports})

    def _update_request(self, port_id: str, **changes: object) -> bytes:
        return self.client.encoded("PUT", f"/ports/{port_id}", {"port": changes})

    @staticmethod
    def _ids(answers: Iterable[dict[str, dict[str, str]]]) -> list[str]:
        return [thing["id"] for answer in answers for thing in answer.values()]

    @staticmethod
    def _require_bound(answers: Iterable[dict[str, dict[str, str]]]) -> None:
        kinds = {answer["port"]["binding:vif_type"] for answer in answers}
        if kinds != {"ovs"}:
            raise Failed(f"ports that were to be bound are {', '.join(sorted(kinds))}")
