"""What private VLANs keep of ports, all of a network at once."""

from sqlalchemy import bindparam, select, update

from deuteron.db import revisions
from deuteron.db.engine import utc_now
from deuteron.db.tables import ports
from deuteron.db.transaction import Transaction

_ON_NETWORK = select(ports.c.id, ports.c.project_id).where(
    ports.c.network_id == bindparam("of_network")
)
_SET = (
    update(ports)
    .where(ports.c.network_id == bindparam("of_network"))
    .values(pvlan_type=bindparam("new_type"), pvlan_community=None)
)


def set_types(tx: Transaction, network_id: str, kind: str | None) -> list[tuple[str, str]]:
    """Give all ports of a network one type and no community: three statements, one if it has none.

    Args:
        tx: the transaction of the network's change.
        network_id: of the network.
        kind: the type, None for a network that is no private VLAN any more.

    Returns:
        (id, project_id) of the ports.
    """
    found = [(row[0], row[1]) for row in tx.execute(_ON_NETWORK, {"of_network": network_id})]
    if found:
        tx.execute(_SET, {"of_network": network_id, "new_type": kind})
        revisions.bump(tx, "ports", [port_id for port_id, _ in found], utc_now())
    return found
