"""Port security: whether addresses of a port are checked and its security groups apply.

The port's own value wins, else the network's is the default. A port that the network itself owns
(device_owner ``network:...``: DHCP, routers) is trusted and has none.
Source: API reference, "Port security"; precedence as observed of Neutron.
"""

from collections.abc import Mapping
from typing import Any

from deuteron.core.extension import ResourceExtension
from deuteron.db.transaction import Transaction

ALIAS = "port-security"
ATTRIBUTE = "port_security_enabled"

_TRUSTED = "network:"


def is_trusted(port: Mapping[str, Any]) -> bool:
    """Whether a port belongs to the network service itself, so that nothing on it is filtered.

    Args:
        port: with its ``device_owner``.
    """
    return bool(port["device_owner"].startswith(_TRUSTED))


def _on_create(
    _tx: Transaction, body: Mapping[str, Any], row: dict[str, Any], network: Mapping[str, Any]
) -> None:
    row[ATTRIBUTE] = not is_trusted(row) and bool(body.get(ATTRIBUTE, network[ATTRIBUTE]))


def _on_update(
    _tx: Transaction,
    changes: Mapping[str, Any],
    row: dict[str, Any],
    _original: Mapping[str, Any],
) -> None:
    if ATTRIBUTE in changes:
        row[ATTRIBUTE] = changes[ATTRIBUTE]


PORT_SECURITY = ResourceExtension(
    aliases=(ALIAS,), columns=(ATTRIBUTE,), on_create=_on_create, on_update=_on_update
)
