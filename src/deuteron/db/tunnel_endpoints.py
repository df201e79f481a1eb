"""Where the tunnels of hosts end, by type of tunnels."""

from sqlalchemy import bindparam, delete, or_, select

from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.tables import tunnel_endpoints
from deuteron.db.transaction import Connectable, Transaction

_OF_TYPE = (
    select(tunnel_endpoints.c.host, tunnel_endpoints.c.ip_address)
    .where(tunnel_endpoints.c.tunnel_type == bindparam("type"))
    .order_by(tunnel_endpoints.c.host)
)
_INSERT = InsertIgnore(tunnel_endpoints)
_REMOVE = delete(tunnel_endpoints).where(
    tunnel_endpoints.c.tunnel_type == bindparam("type"),
    or_(
        tunnel_endpoints.c.host == bindparam("of_host"),
        tunnel_endpoints.c.ip_address == bindparam("address"),
    ),
)


def of_type(conn: Connectable, tunnel_type: str) -> dict[str, str]:
    """Host -> address of all tunnels of a type."""
    return {row[0]: row[1] for row in conn.execute(_OF_TYPE, {"type": tunnel_type})}


def remove(tx: Transaction, tunnel_type: str, *, host: str, ip_address: str) -> None:
    """Forget what is known of a host, and of an address, for a type of tunnels."""
    tx.execute(_REMOVE, {"type": tunnel_type, "of_host": host, "address": ip_address})


def insert(tx: Transaction, tunnel_type: str, *, host: str, ip_address: str) -> bool:
    """Keep an endpoint; False if the host or the address has one of the type already."""
    row = {"tunnel_type": tunnel_type, "host": host, "ip_address": ip_address}
    return _INSERT.execute(tx, [row]) == 1
