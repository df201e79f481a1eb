"""The last attempts to bind each port, kept as one document per port."""

from typing import Any

from sqlalchemy import bindparam, insert, select, update

from deuteron.db.tables import binding_explanations
from deuteron.db.transaction import Connectable, Transaction

_OF_PORT = select(binding_explanations.c.attempts).where(
    binding_explanations.c.port_id == bindparam("of_port")
)
_INSERT = insert(binding_explanations)
_UPDATE = (
    update(binding_explanations)
    .where(binding_explanations.c.port_id == bindparam("of_port"))
    .values(attempts=bindparam("all_attempts"))
)

Attempt = dict[str, Any]


def attempts(conn: Connectable, port_id: str) -> list[Attempt] | None:
    """The attempts that are kept for a port, the latest one last; None if there never was one."""
    row = conn.execute(_OF_PORT, {"of_port": port_id}).first()
    return None if row is None else list(row[0])


def keep(tx: Transaction, port_id: str, kept: list[Attempt], *, new: bool) -> None:
    """Write the attempts of a port: one statement.

    Args:
        tx: the transaction that committed the latest of them.
        port_id: of the port.
        kept: all that shall be kept.
        new: there are none yet.
    """
    if new:
        tx.execute(_INSERT, {"port_id": port_id, "attempts": kept})
    else:
        tx.execute(_UPDATE, {"of_port": port_id, "all_attempts": kept})
