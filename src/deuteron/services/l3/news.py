"""What the journal says of routers, for those who tell agents.

create, update, delete   of the router itself
changed                  something that its agents have to know: an interface, a floating IP,
                         a port forwarding, an address of one of its ports
"""

from collections.abc import Iterable, Mapping
from typing import Any

from deuteron.db.transaction import Transaction

NOUN = "router"
CREATE = "create"
UPDATE = "update"
DELETE = "delete"
CHANGED = "changed"


def changed(tx: Transaction, routers: Iterable[Mapping[str, Any]]) -> None:
    """Note that agents have to look at routers anew.

    Args:
        tx: the transaction of the change.
        routers: each with ``id`` and ``project_id``.
    """
    for router in routers:
        tx.journal(NOUN, router["id"], CHANGED, router["project_id"])
