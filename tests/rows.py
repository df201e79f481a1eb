"""Rows that others hang on, inserted directly: networks, subnets, ports."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import insert

from deuteron.context import RequestContext
from deuteron.core import addresses
from deuteron.db import subnets as subnet_rows
from deuteron.db.engine import Database
from deuteron.db.tables import networks, ports
from deuteron.db.transaction import Transaction

ASKED = RequestContext(request_id="req-test", project_id="p")
NOW = "2014-06-04T12:00:00Z"


def a_network(database: Database) -> str:
    """A network; its id."""
    network_id = str(uuid4())
    with database.transaction(ASKED) as tx:
        tx.execute(
            insert(networks),
            {
                "id": network_id,
                "project_id": "p",
                "name": "",
                "admin_state_up": True,
                "status": "ACTIVE",
                "external": False,
                "mtu": 1500,
                "port_security_enabled": True,
                "created_at": NOW,
                "updated_at": NOW,
            },
        )
    return network_id


def a_subnet(
    database: Database,
    network_id: str,
    cidr: str = "10.0.0.0/24",
    *,
    pools: Sequence[tuple[str, str]] | None = None,
    mode: str | None = None,
    segment_id: str | None = None,
    service_types: Sequence[str] = (),
    created_at: str = NOW,
) -> dict[str, Any]:
    """A subnet with the gateway and the pools that it gets by default; its API dict."""
    gateway = addresses.default_gateway(cidr)
    subnet = {
        "id": str(uuid4()),
        "project_id": "p",
        "network_id": network_id,
        "name": "",
        "ip_version": addresses.parse(cidr).version,
        "cidr": cidr,
        "gateway_ip": gateway,
        "enable_dhcp": True,
        "ipv6_ra_mode": mode,
        "ipv6_address_mode": mode,
        "subnetpool_id": None,
        "segment_id": None,
        "allocation_pools": [{"start": a, "end": b} for a, b in pools]
        if pools is not None
        else addresses.default_pools(cidr, gateway),
        "dns_nameservers": [],
        "host_routes": [],
        "service_types": list(service_types),
        "dns_publish_fixed_ip": False,
        "description": "",
        "created_at": created_at,
        "updated_at": created_at,
        "revision_number": 0,
    }
    with database.transaction(ASKED) as tx:
        subnet_rows.insert_many(tx, [subnet])
    # what a segment means is told by the caller of the address management, not by the table
    return {**subnet, "segment_id": segment_id}


def insert_ports(tx: Transaction, network_id: str, macs: Sequence[str]) -> list[str]:
    """Ports with these MAC addresses; their ids."""
    rows = [
        {
            "id": str(uuid4()),
            "project_id": "p",
            "network_id": network_id,
            "name": "",
            "mac_address": mac,
            "admin_state_up": True,
            "status": "DOWN",
            "device_id": "",
            "device_owner": "",
            "port_security_enabled": True,
            "allowed_address_pairs": [],
            "extra_dhcp_opts": [],
            "created_at": NOW,
            "updated_at": NOW,
        }
        for mac in macs
    ]
    tx.execute(insert(ports), rows)
    return [row["id"] for row in rows]
