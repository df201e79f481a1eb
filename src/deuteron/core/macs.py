"""MAC addresses of ports: made at random below the site's base, one per network and port."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deuteron.db import ports as rows
from deuteron.db.transaction import Connectable
from deuteron.errors import MacAddressInUse

DIRECT_PHYSICAL = "direct-physical"


def generate(base_mac: str) -> str:
    """A random address whose first octets are the site's.

    Args:
        base_mac: six octets; the first three are kept, the fourth too unless it is ``00``
            (the rule of the ``base_mac`` option).
    """
    octets = base_mac.split(":")
    kept = octets[:3] if int(octets[3], 16) == 0 else octets[:4]
    made = [f"{octet:02x}" for octet in secrets.token_bytes(6 - len(kept))]
    return ":".join(kept + made)


def of_device(port: Mapping[str, Any]) -> str | None:
    """The MAC of the physical function behind a port, where there is one.

    The address of a ``direct-physical`` port is its device's; Compute reports it in the binding
    profile (``port-mac-override``).

    Args:
        port: API dict or body with ``binding:vnic_type`` and ``binding:profile``.
    """
    if port.get("binding:vnic_type") != DIRECT_PHYSICAL:
        return None
    return (port.get("binding:profile") or {}).get("device_mac_address")


def require_free(conn: Connectable, wanted: Iterable[tuple[str, str]]) -> None:
    """Refuse addresses that another port of the network has.

    Args:
        wanted: (network id, MAC address) pairs that a request names.

    Raises:
        MacAddressInUse: one is taken, or is named twice.
    """
    pairs: Sequence[tuple[str, str]] = list(wanted)
    if len(set(pairs)) < len(pairs):
        network_id, mac = max(pairs, key=pairs.count)
        raise MacAddressInUse(net_id=network_id, mac=mac)
    for network_id, mac in rows.taken_macs(conn, pairs):
        raise MacAddressInUse(net_id=network_id, mac=mac)
