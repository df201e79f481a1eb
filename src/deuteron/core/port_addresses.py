"""What ports ask of the address management."""

from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.core import ipam
from deuteron.core.segment_hosts import segments_of_host
from deuteron.db import subnets as subnet_rows
from deuteron.db.transaction import Connectable, Transaction

Port = dict[str, Any]


def wishes(
    tx: Transaction, bodies: Sequence[Port], made: Sequence[Port]
) -> list[ipam.AddressRequest]:
    """What new ports ask of the address management, and how they will get it."""
    by_network: dict[str, list[dict[str, Any]]] = {}
    for subnet in subnet_rows.of_networks(tx, list({port["network_id"] for port in made})):
        by_network.setdefault(subnet["network_id"], []).append(subnet)
    requests = [
        wish(tx, port, by_network.get(port["network_id"], []), body.get("fixed_ips"))
        for body, port in zip(bodies, made, strict=True)
    ]
    for port, request in zip(made, requests, strict=True):
        port["ip_allocation"] = ipam.allocation(request)
    return requests


def wish(
    conn: Connectable,
    port: Port,
    subnets: Sequence[Mapping[str, Any]],
    fixed_ips: list[dict[str, str]] | None,
) -> ipam.AddressRequest:
    """What a port asks of the address management; on a routed network its host matters."""
    host = port["binding:host_id"]
    routed = any(subnet["segment_id"] is not None for subnet in subnets)
    return ipam.AddressRequest(
        port_id=port["id"],
        network_id=port["network_id"],
        mac_address=port["mac_address"],
        device_owner=port["device_owner"],
        subnets=subnets,
        fixed_ips=fixed_ips,
        host=host,
        host_segments=frozenset(segments_of_host(conn, host)) if routed and host else None,
    )
