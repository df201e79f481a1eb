"""Where the ports of networks are, and the tunnels of networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    select,
    union_all,
)

from deuteron.db.tables import (
    distributed_bindings,
    ip_allocations,
    port_binding_levels,
    port_bindings,
    ports,
    segments,
)
from deuteron.db.transaction import Connectable

_NETWORKS: BindParameter[list[str]] = bindparam("networks", expanding=True)
_TYPES: BindParameter[list[str]] = bindparam("types", expanding=True)
# Owners of ports that are on many hosts at once.
_DISTRIBUTED = "network:router_interface_distributed"
_REPLICATED = "network:ha_router_replicated_interface"


def is_replicated(device_owner: str) -> bool:
    """Whether all hosts of a highly available router have the ports of an owner."""
    return device_owner == _REPLICATED


def key_of(port_id: str, host: str, device_owner: str) -> str:
    """What tells a port on a host from others: its id, and the host if it is on many."""
    many = device_owner in (_DISTRIBUTED, _REPLICATED)
    return f"{port_id} on {host}" if many else port_id


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


def _placed(hosts: Table, wired: FromClause, where: ColumnElement[bool]) -> Select[Any]:
    """Ports on hosts.

    Args:
        hosts: the table that names them.
        wired: ports with their hosts, and with the levels of their segment.
        where: a condition.
    """
    return (
        select(
            ports.c.id.label("port_id"),
            ports.c.network_id,
            hosts.c.host.label("host"),
            ports.c.mac_address,
            ports.c.device_owner,
            port_binding_levels.c.level.label("level"),
            segments.c.network_type,
            segments.c.segmentation_id,
            ip_allocations.c.ip_address.label("ip_address"),
        )
        .select_from(
            wired.join(segments, segments.c.id == port_binding_levels.c.segment_id).outerjoin(
                ip_allocations, ip_allocations.c.port_id == ports.c.id
            )
        )
        .where(ports.c.network_id.in_(_NETWORKS), where)
    )


def _active(table: FromClause) -> ColumnElement[bool]:
    return and_(table.c.port_id == ports.c.id, table.c.status == "ACTIVE")


def _levels_on(table: FromClause) -> ColumnElement[bool]:
    return and_(
        port_binding_levels.c.port_id == ports.c.id, port_binding_levels.c.host == table.c.host
    )


_PLACED = union_all(
    _placed(
        port_bindings,
        ports.join(port_bindings, _active(port_bindings)).join(
            port_binding_levels, _levels_on(port_bindings)
        ),
        and_(ports.c.status == "ACTIVE", ports.c.device_owner.not_in((_DISTRIBUTED, _REPLICATED))),
    ),
    _placed(
        distributed_bindings,
        ports.join(distributed_bindings, _active(distributed_bindings)).join(
            port_binding_levels, _levels_on(distributed_bindings)
        ),
        ports.c.device_owner == _DISTRIBUTED,
    ),
    # those that attend have the segment by which the port is bound elsewhere
    _placed(
        distributed_bindings,
        ports.join(distributed_bindings, _active(distributed_bindings))
        .join(port_bindings, _active(port_bindings))
        .join(port_binding_levels, _levels_on(port_bindings)),
        ports.c.device_owner == _REPLICATED,
    ),
).order_by("port_id", "host", "level", "ip_address")
_TUNNELS = (
    select(segments.c.network_id, segments.c.network_type, segments.c.segmentation_id)
    .where(segments.c.network_id.in_(_NETWORKS), segments.c.network_type.in_(_TYPES))
    .order_by(segments.c.network_id, segments.c.segment_index, segments.c.id)
)


def placed(
    conn: Connectable, network_ids: Sequence[str], types: Sequence[str]
) -> dict[str, Placed]:
    """The ports of networks that are ACTIVE on a host, by `key_of`: one statement.

    Args:
        conn: where to look.
        network_ids: at least one.
        types: of the segments that are tunnels; who is on another at last is left out.
    """
    found: dict[str, tuple[int, Placed]] = {}
    for row in conn.execute(_PLACED, {"networks": list(network_ids)}):
        port_id, network_id, host, mac_address, owner, level, kind, number, address = row
        key = key_of(port_id, host, owner)
        known = found.get(key)
        before = known[1].ip_addresses if known is not None and known[0] == level else ()
        found[key] = (
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
    return {key: one for key, (_, one) in found.items() if one.tunnel.network_type in types}


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
