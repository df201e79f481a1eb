"""The domain in which an external DNS service would publish the ports of a network.

Source: API reference, "DNS integration".
"""

from collections.abc import Mapping
from typing import Any

from deuteron.core.extension import ResourceExtension
from deuteron.db.transaction import Transaction

ATTRIBUTE = "dns_domain"


def _on_create(
    _tx: Transaction, body: Mapping[str, Any], row: dict[str, Any], _nothing: Mapping[str, Any]
) -> None:
    row[ATTRIBUTE] = body.get(ATTRIBUTE, "")


DNS_DOMAIN = ResourceExtension(
    aliases=("dns-integration",), columns=(ATTRIBUTE,), on_create=_on_create
)
