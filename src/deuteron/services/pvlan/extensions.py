"""What private VLANs add to networks and ports.

    network   pvlan             whether it is one
    port      pvlan_type        promiscuous (reaches all), isolated (reaches promiscuous ones), or
                                community (and those of its own community too); null elsewhere
              pvlan_community   which one

A network that becomes a private VLAN makes its ports promiscuous, so that nothing changes for
them; one that ceases to be takes their types away. Source: neutron-lib's definition ``pvlan``;
rules as observed of Neutron.
"""

from collections.abc import Mapping
from typing import Any

from deuteron.core.extension import ResourceExtension
from deuteron.core.port_extensions.port_security import is_trusted
from deuteron.db import networks as network_rows
from deuteron.db.transaction import Transaction
from deuteron.errors import (
    PVLANCannotSetCommunityName,
    PVLANCommunityNameRequired,
    PVLANNetworkPortSecurityDisabled,
    PVLANNotEnabledOnNetwork,
    PVLANPortSecurityDisabled,
)
from deuteron.services.pvlan import rows

PVLAN = "pvlan"
TYPE = "pvlan_type"
COMMUNITY = "pvlan_community"
_PROMISCUOUS = "promiscuous"
_OF_COMMUNITY = "community"
_SECURITY = "port_security_enabled"

Row = dict[str, Any]


def _network_created(
    _tx: Transaction, body: Mapping[str, Any], row: Row, _nothing: Mapping[str, Any]
) -> None:
    row[PVLAN] = bool(body.get(PVLAN))
    _require_secure_network(row)


def _network_changed(
    tx: Transaction, changes: Mapping[str, Any], row: Row, original: Mapping[str, Any]
) -> None:
    if PVLAN not in changes:
        return
    _require_secure_network(row)
    if row[PVLAN] != original[PVLAN]:
        for port_id, project_id in rows.set_types(
            tx, row["id"], _PROMISCUOUS if row[PVLAN] else None
        ):
            tx.journal("port", port_id, "update", project_id)


def _require_secure_network(network: Mapping[str, Any]) -> None:
    if network[PVLAN] and not network[_SECURITY]:
        raise PVLANNetworkPortSecurityDisabled(network_id=network["id"])


def _port_created(
    _tx: Transaction, body: Mapping[str, Any], row: Row, network: Mapping[str, Any]
) -> None:
    row[TYPE], row[COMMUNITY] = placed(row, network, body.get(TYPE), body.get(COMMUNITY))


def _port_changed(
    tx: Transaction, changes: Mapping[str, Any], row: Row, original: Mapping[str, Any]
) -> None:
    if original[TYPE] is None and not (changes.get(TYPE) or changes.get(COMMUNITY)):
        row[TYPE], row[COMMUNITY] = None, None
        return  # on a network of the usual kind
    networks = network_rows.rows(tx, [row["network_id"]])
    kind = changes.get(TYPE, original[TYPE])
    community = changes.get(COMMUNITY)
    if kind == _OF_COMMUNITY:
        community = community or original[COMMUNITY]
    row[TYPE], row[COMMUNITY] = placed(row, networks[0], kind, community)


def placed(
    port: Mapping[str, Any], network: Mapping[str, Any], kind: str | None, community: str | None
) -> tuple[str | None, str | None]:
    """The type and the community of a port.

    Args:
        port: with its port security.
        network: of the port, with its port security.
        kind: wanted, None for any.
        community: wanted, None for none.

    Raises:
        PVLANNotEnabledOnNetwork: something is wanted of a network that is no private VLAN.
        PVLANPortSecurityDisabled: the port, which is not the network's own, has none.
        PVLANCannotSetCommunityName, PVLANCommunityNameRequired: the two do not fit.
    """
    if not network[PVLAN]:
        if kind or community:
            raise PVLANNotEnabledOnNetwork(network_id=network["id"])
        return None, None
    if not is_trusted(port) and not (port[_SECURITY] and network[_SECURITY]):
        raise PVLANPortSecurityDisabled(port_id=port["id"])
    if kind == _OF_COMMUNITY and not community:
        raise PVLANCommunityNameRequired(port_id=port["id"])
    if kind != _OF_COMMUNITY and community:
        raise PVLANCannotSetCommunityName(port_id=port["id"])
    return kind or _PROMISCUOUS, community


OF_NETWORKS = ResourceExtension(
    aliases=("pvlan",),
    columns=(PVLAN,),
    on_create=_network_created,
    on_update=_network_changed,
)
OF_PORTS = ResourceExtension(
    aliases=("pvlan",),
    columns=(TYPE, COMMUNITY),
    on_create=_port_created,
    on_update=_port_changed,
)
