"""The addresses of the members of security groups."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from deuteron.db.tables import ip_allocations, port_security_groups, ports
from deuteron.db.transaction import Connectable

_ADDRESSES = (
    select(port_security_groups.c.security_group_id, ip_allocations.c.ip_address)
    .join(ip_allocations, ip_allocations.c.port_id == port_security_groups.c.port_id)
    .where(port_security_groups.c.security_group_id.in_(bindparam("ids", expanding=True)))
    .order_by(port_security_groups.c.security_group_id, ip_allocations.c.ip_address)
)
_PAIRS = (
    select(port_security_groups.c.security_group_id, ports.c.allowed_address_pairs)
    .join(ports, ports.c.id == port_security_groups.c.port_id)
    .where(
        port_security_groups.c.security_group_id.in_(bindparam("ids", expanding=True)),
        ports.c.allowed_address_pairs != [],
    )
    .order_by(port_security_groups.c.security_group_id, ports.c.id)
)


def addresses(
    conn: Connectable, group_ids: Sequence[str]
) -> dict[str, list[tuple[str, str | None]]]:
    """The addresses of the members of groups: two statements.

    Args:
        conn: where to look.
        group_ids: at least one.

    Returns:
        group id -> (address or prefix, MAC address); the MAC address is that of an allowed address
        pair, None for the addresses of ports themselves.
    """
    found: dict[str, list[tuple[str, str | None]]] = {}
    parameters = {"ids": list(group_ids)}
    for group_id, address in conn.execute(_ADDRESSES, parameters):
        found.setdefault(group_id, []).append((address, None))
    for group_id, pairs in conn.execute(_PAIRS, parameters):
        found.setdefault(group_id, []).extend(
            (pair["ip_address"], pair["mac_address"]) for pair in pairs
        )
    return found
