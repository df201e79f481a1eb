"""The ports of routers and where they are bound, read for many routers at once."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, select

from deuteron.db.router_tables import router_ports, routers
from deuteron.db.tables import port_bindings
from deuteron.db.transaction import Connectable
from deuteron.services.l3.router_rows import CARRIED

_UNPLUGGED = ("unbound", "binding_failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """A port that agents carry, of a router that is administratively up, and where it is.

    Args:
        port_id: of the port.
        router_id: of the router.
        owner: device owner of the port, as the router's.
        ha, distributed: of the router.
        host: to which the port is bound, '' for none.
        bound: it is, or is on many hosts.
    """

    port_id: str
    router_id: str
    owner: str
    ha: bool
    distributed: bool
    host: str
    bound: bool


_PORTS = (
    select(
        router_ports.c.port_id,
        router_ports.c.router_id,
        router_ports.c.owner,
        routers.c.ha,
        routers.c.distributed,
        port_bindings.c.host,
        port_bindings.c.vif_type,
    )
    .select_from(
        router_ports.join(routers, routers.c.id == router_ports.c.router_id).outerjoin(
            port_bindings,
            and_(
                port_bindings.c.port_id == router_ports.c.port_id,
                port_bindings.c.status == "ACTIVE",
            ),
        )
    )
    .where(
        router_ports.c.router_id.in_(bindparam("ids", expanding=True)),
        routers.c.admin_state_up,
        CARRIED,
    )
    .order_by(router_ports.c.port_id)
)


def of_routers(conn: Connectable, router_ids: Collection[str]) -> list[Hosted]:
    """The ports of those of these routers that are up which agents carry: one statement."""
    if not router_ids:
        return []
    return [
        Hosted(
            port_id=row[0],
            router_id=row[1],
            owner=row[2],
            ha=row[3],
            distributed=row[4],
            host=row[5] or "",
            bound=row[6] is not None and row[6] not in _UNPLUGGED,
        )
        for row in conn.execute(_PORTS, {"ids": sorted(router_ids)})
    ]
