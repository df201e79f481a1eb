"""What trunks mean for ports: details of the trunk that a port carries, and who cannot be deleted.

A port that carries a trunk shows ``trunk_details``; others do not have the attribute (observed).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.core.extension import ResourceExtension
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import PortInUseAsSubPort, PortInUseAsTrunkParent
from deuteron.services.trunk import rows
from deuteron.services.trunk.trunks import DOWN

Row = dict[str, Any]

# Read along with each port, see `deuteron.db.ports`.
_TRUNK = "trunk_id"
_UNBOUND = "unbound"


def _load(conn: Connectable, ports: Sequence[Row]) -> None:
    """One statement if any port carries a trunk, else none; not for ports read in part."""
    if _TRUNK not in ports[0]:
        return
    carrying = [port for port in ports if port.get(_TRUNK)]
    if not carrying:
        return
    subports = rows.details(conn, {port[_TRUNK] for port in carrying})
    for port in carrying:
        port["trunk_details"] = {
            "trunk_id": port[_TRUNK],
            "sub_ports": subports.get(port[_TRUNK], []),
        }


def _on_update(
    tx: Transaction, _changes: Mapping[str, Any], row: Row, original: Mapping[str, Any]
) -> None:
    """A trunk whose port leaves its host is nowhere."""
    left = row["binding:vif_type"] == _UNBOUND != original["binding:vif_type"]
    if left and original.get(_TRUNK):
        rows.set_status(tx, original[_TRUNK], DOWN)


def _on_delete(tx: Transaction, port: Mapping[str, Any]) -> None:
    use = rows.uses(tx, [port["id"]]).get(port["id"])
    if use is None:
        return
    trunk_id, carries = use
    if carries:
        raise PortInUseAsTrunkParent(port_id=port["id"], trunk_id=trunk_id)
    raise PortInUseAsSubPort(port_id=port["id"], trunk_id=trunk_id)


OF_PORTS = ResourceExtension(
    aliases=("trunk-details",),
    on_update=_on_update,
    on_delete=_on_delete,
    load=_load,
    shown=("trunk_details",),
)
