"""Where the ports of networks are, and the tunnels of networks."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BindParameter, and_, bindparam, select

from deuteron.db.tables import ip_allocations, port_binding_levels, port_bindings, ports, segments
from deuteron.db.transaction import Connectable

_NETWORKS: BindParameter[list[str]] = bindparam("networks", expanding=True)
_TYPES: BindParameter[list[str]] = bindparam("types", expanding=True)


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A segment that is made of tunnels; ``number`` is its segmentation_id."""

    network_type: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A port that is ACTIVE on a host, on a tunnel."""

    id: str
    network_id: str
    host: str
    mac_address: str
    device_owner: str
    tunnel: Tunnel
    ip_addresses: tuple[str, ...]


_PLACED = (
    select(
        ports.c.id,
        ports.c.network_id,
        port_bindings.c.host,
        ports.c.mac_address,
        ports.c.device_owner,
        port_binding_levels.c.level,
        segments.c.network_type,
        segments.c.segmentation_id,
        ip_allocations.c.ip_address,
    )
    .join(
        port_bindings,
        and_(port_bindings.c.port_id == ports.c.id, port_bindings.c.status == "ACTIVE"),
    )
    .join(
        port_binding_levels,
        and_(
            port_binding_levels.c.port_id == ports.c.id,
            port_binding_levels.c.host == port_bindings.c.host,
        ),
    )
    .join(segments, segments.c.id == port_binding_levels.c.segment_id)
    .outerjoin(ip_allocations, ip_allocations.c.port_id == ports.c.id)
    .where(ports.c.network_id.in_(_NETWORKS), ports.c.status == "ACTIVE")
    .order_by(ports.c.id, port_binding_levels.c.level, ip_allocations.c.ip_address)
)
_TUNNELS = (
    select(segments.c.network_id, segments.c.network_type, segments.c.segmentation_id)
    .where(segments.c.network_id.in_(_NETWORKS), segments.c.network_type.in_(_TYPES))
    .order_by(segments.c.network_id, segments.c.segment_index, segments.c.id)
)


def placed(
    conn: Connectable, network_ids: Sequence[str], types: Sequence[str]
) -> dict[str, Placed]:
    """The ports of networks that are ACTIVE on a host, by id: one statement.

    Args:
        conn: where to look.
        network_ids: at least one.
        types: of the segments that are tunnels; who is on another at last is left out.
    """
    found: dict[str, tuple[int, Placed]] = {}
    for row in conn.execute(_PLACED, {"networks": list(network_ids)}):
        port_id, network_id, host, mac_address, owner, level, kind, number, address = row
        known = found.get(port_id)
        before = known[1].ip_addresses if known is not None and known[0] == level else ()
        found[port_id] = (
            level,
            Placed(
                id=port_id,
                network_id=network_id,
                host=host,
                mac_address=mac_address,
                device_owner=owner,
                tunnel=Tunnel(kind, number),
                ip_addresses=before if address is None else (*before, address),
            ),
        )
    return {one.id: one for _, one in found.values() if one.tunnel.network_type in types}


def tunnels(
    conn: Connectable, network_ids: Sequence[str], types: Sequence[str]
) -> dict[str, list[Tunnel]]:
    """The segments of networks that are tunnels: network id -> at least one; one statement.

    Args:
        conn: where to look.
        network_ids: at least one.
        types: of segments that are tunnels.
    """
    found: dict[str, list[Tunnel]] = {}
    parameters = {"networks": list(network_ids), "types": list(types)}
    for network_id, kind, number in conn.execute(_TUNNELS, parameters):
        found.setdefault(network_id, []).append(Tunnel(kind, number))
    return found
