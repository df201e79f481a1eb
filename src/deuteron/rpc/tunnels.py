"""Agents tell where their tunnels end, and each other through the server."""

from typing import Any

from deuteron.core import tunnels
from deuteron.core.deployment import Deployment
from deuteron.rpc import arguments
from deuteron.rpc.endpoint import Call, Endpoint

UPDATE = "q-agent-notifier-tunnel-update"
DELETE = "q-agent-notifier-tunnel-delete"

# The port that Open vSwitch agents use for VXLAN; the other types have none.
_UDP_PORT = {"vxlan": 4789}


def tunnel_sync(
    d: Deployment, call: Call, *, tunnel_ip: Any, tunnel_type: Any, host: Any
) -> dict[str, Any]:
    """Note where the tunnels of an agent's host end, and tell the others.

    Args:
        d: the deployment.
        call: the message.
        tunnel_ip: where they end.
        tunnel_type: ``vxlan``, ``gre`` or ``geneve``.
        host: of the agent.

    Returns:
        all endpoints of the type, its own among them.

    Raises:
        InvalidInput: there are no such tunnels here, or this is no address for them.
    """
    kind = arguments.text("tunnel_type", tunnel_type)
    address = arguments.text("tunnel_ip", tunnel_ip)
    synced = tunnels.sync(
        d, call.ctx, tunnel_type=kind, host=arguments.text("host", host), ip_address=address
    )
    if synced.left is not None:
        call.outgoing.fanout(
            DELETE, "tunnel_delete", version="1.0", tunnel_ip=synced.left, tunnel_type=kind
        )
    call.outgoing.fanout(
        UPDATE, "tunnel_update", version="1.0", tunnel_ip=address, tunnel_type=kind
    )
    port = {"udp_port": _UDP_PORT[kind]} if kind in _UDP_PORT else {}
    return {
        "tunnels": [
            {"ip_address": found, **port, "host": of_host}
            for of_host, found in synced.endpoints.items()
        ]
    }


ENDPOINT = Endpoint(version="1.4", methods={"tunnel_sync": tunnel_sync})
