"""Allowed address pairs: further MAC and IP addresses from which a port may send.

A pair without a MAC address means the port's own at the time of the request. The addresses are
kept as they were written. Source: API reference, "Allowed address pairs".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.core.extension import ResourceExtension
from deuteron.db.transaction import Transaction
from deuteron.errors import (
    AddressPairAndPortSecurityRequired,
    AllowedAddressPairExhausted,
    DuplicateAddressPairInRequest,
)

ALIAS = "allowed-address-pairs"
ATTRIBUTE = "allowed_address_pairs"

Pair = dict[str, str]


def completed(pairs: Sequence[Mapping[str, str]], *, mac_address: str, maximum: int) -> list[Pair]:
    """The pairs of a request, each with a MAC address.

    Args:
        pairs: dicts with ``ip_address`` (an address or a prefix) and perhaps ``mac_address``.
        mac_address: the port's.
        maximum: how many pairs a port may have.

    Raises:
        AllowedAddressPairExhausted: more than `maximum`.
        DuplicateAddressPairInRequest: two pairs are the same, once both have a MAC address.
    """
    if len(pairs) > maximum:
        raise AllowedAddressPairExhausted(quota=maximum)
    made: list[Pair] = []
    seen = set()
    for pair in pairs:
        whole = {
            "mac_address": pair.get("mac_address") or mac_address,
            "ip_address": pair["ip_address"],
        }
        key = (whole["mac_address"].lower(), whole["ip_address"].lower())
        if key in seen:
            raise DuplicateAddressPairInRequest(**whole)
        seen.add(key)
        made.append(whole)
    return made


def allowed_address_pairs(*, maximum: int) -> ResourceExtension:
    """The extension; it must come after port security.

    Args:
        maximum: how many pairs a port may have (option ``max_allowed_address_pair``).
    """

    def on_create(
        _tx: Transaction, body: Mapping[str, Any], row: dict[str, Any], _network: Mapping[str, Any]
    ) -> None:
        pairs = body.get(ATTRIBUTE) or []
        if pairs and not row["port_security_enabled"]:
            raise AddressPairAndPortSecurityRequired
        row[ATTRIBUTE] = completed(pairs, mac_address=row["mac_address"], maximum=maximum)

    def on_update(
        _tx: Transaction,
        changes: Mapping[str, Any],
        row: dict[str, Any],
        original: Mapping[str, Any],
    ) -> None:
        pairs = changes.get(ATTRIBUTE, original[ATTRIBUTE])
        if pairs and not row["port_security_enabled"]:
            raise AddressPairAndPortSecurityRequired
        if ATTRIBUTE in changes:
            row[ATTRIBUTE] = completed(pairs, mac_address=row["mac_address"], maximum=maximum)

    return ResourceExtension(
        aliases=(ALIAS,), columns=(ATTRIBUTE,), on_create=on_create, on_update=on_update
    )
