"""Where the ports of a network are and where the tunnels of their hosts end, for L2 population."""

from collections.abc import Collection, Mapping

from deuteron.db import agents as agent_rows
from deuteron.db import bindings as binding_rows
from deuteron.db.engine import Database
from deuteron.ml2.mechanisms.l2population import Endpoint, PlacedPort, endpoint_of

_EVER = ""  # a tunnel ends where it ends even if its agent is silent just now


class KeptTopology:
    """The topology as the database has it.

    Args:
        database: where to look.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def active_ports(self, network_id: str) -> list[PlacedPort]:
        """Ports of a network that are ACTIVE and bound to a host: one statement."""
        with self._database.read() as conn:
            found = binding_rows.active_on_network(conn, network_id)
        ports: dict[str, PlacedPort] = {}
        addresses: dict[str, list[str]] = {}
        for port_id, mac_address, device_owner, host, address in found:
            addresses.setdefault(port_id, [])
            if address is not None:
                addresses[port_id].append(address)
            ports[port_id] = PlacedPort(
                id=port_id,
                host=host,
                mac_address=mac_address,
                ip_addresses=tuple(addresses[port_id]),
                device_owner=device_owner,
            )
        return list(ports.values())

    def endpoints(self, hosts: Collection[str]) -> Mapping[str, Endpoint]:
        """Tunnel endpoints of those of the hosts that have one: one statement."""
        if not hosts:
            return {}
        with self._database.read() as conn:
            agents = agent_rows.on_hosts(conn, sorted(hosts), alive_since=_EVER)
        by_host: dict[str, list[dict[str, object]]] = {}
        for agent in agents:
            by_host.setdefault(agent["host"], []).append(agent)
        found = {host: endpoint_of(of_host) for host, of_host in by_host.items()}
        return {host: endpoint for host, endpoint in found.items() if endpoint is not None}
