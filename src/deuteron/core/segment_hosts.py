"""Which hosts reach which segments: by the physical networks that their agents report.

Routed networks need it: a port gets addresses of the subnets whose segment its host reaches.
"""

from collections.abc import Iterable, Sequence

from deuteron.db import segments as rows
from deuteron.db.transaction import Connectable, Transaction


def segments_of_host(conn: Connectable, host: str, *, network_id: str | None = None) -> set[str]:
    """Ids of the segments that a host reaches.

    Args:
        conn: where to look.
        host: as its agents report it.
        network_id: only segments of this network.
    """
    return rows.of_host(conn, host, network_id=network_id)


def hosts_of(conn: Connectable, segment_ids: Sequence[str]) -> dict[str, set[str]]:
    """Hosts that reach each of these segments: one statement."""
    return rows.hosts_of(conn, segment_ids)


def set_hosts(tx: Transaction, host: str, physical_networks: Iterable[str]) -> bool:
    """Note the physical networks of a host; segments made later are reached through them, too.

    Args:
        tx: the transaction.
        host: as its agents report it.
        physical_networks: all of them, of all agents of the host.

    Returns:
        whether the host is on one that it was not on before.
    """
    return rows.set_physical_networks(tx, host, set(physical_networks))
