"""The status of ports, as agents make it: what a port waits for, and when it has it.

Two columns of a port say what it waits for: ``awaits_l2`` an agent that wires it, ``awaits_dhcp``
an agent that serves its addresses. Whoever takes the last of them away makes it ACTIVE, in the same
UPDATE: two agents that are done at the same moment cannot both leave it to the other.

All statements are for any number of ports. MariaDB assigns from left to right and uses what it has
assigned: what depends on the old status comes first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    bindparam,
    case,
    exists,
    not_,
    or_,
    select,
    update,
)

from deuteron.db.tables import (
    ip_allocations,
    network_dhcp_agents,
    port_bindings,
    ports,
    subnets,
)
from deuteron.db.transaction import Connectable, Transaction

ACTIVE = "ACTIVE"
DOWN = "DOWN"
BUILD = "BUILD"
_UNPLUGGED = ("unbound", "binding_failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class PortState:
    """What decides about the status of a port.

    Args:
        port: what is told of it: id, project_id, network_id, mac_address, device_id, device_owner,
            status and of the active binding ``binding:host_id`` and ``binding:vnic_type``.
        host: of the active binding, '' where there is none.
        bound: whether that has succeeded.
        profile: of the active binding.
        admin_state_up: whether it may be ACTIVE at all.
        awaits_l2, awaits_dhcp: what it waits for.
    """

    port: Mapping[str, Any]
    host: str
    bound: bool
    profile: Mapping[str, Any]
    admin_state_up: bool
    awaits_l2: bool
    awaits_dhcp: bool

    @property
    def id(self) -> str:
        """Of the port."""
        return str(self.port["id"])

    @property
    def status(self) -> str:
        """Of the port."""
        return str(self.port["status"])


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_STATES = select(
    ports.c.id,
    ports.c.project_id,
    ports.c.network_id,
    ports.c.mac_address,
    ports.c.device_id,
    ports.c.device_owner,
    ports.c.status,
    port_bindings.c.host,
    port_bindings.c.vnic_type,
    port_bindings.c.vif_type,
    port_bindings.c.profile,
    ports.c.admin_state_up,
    ports.c.awaits_l2,
    ports.c.awaits_dhcp,
).select_from(
    ports.outerjoin(
        port_bindings,
        and_(port_bindings.c.port_id == ports.c.id, port_bindings.c.status == "ACTIVE"),
    )
)
# SQLite takes no more than 1000 conditions in one statement.
_RANGES = 500
_STATES_BY_ID = _STATES.where(ports.c.id.in_(_IDS))
_NOTED = ("id", "project_id", "network_id", "mac_address", "device_id", "device_owner", "status")


def _state(row: Any) -> PortState:
    host, vnic_type, vif_type, profile, admin_state_up, awaits_l2, awaits_dhcp = row[7:]
    port = dict(zip(_NOTED, row[:7], strict=True))
    port["binding:host_id"] = host or ""
    port["binding:vnic_type"] = vnic_type or "normal"
    return PortState(
        port=port,
        host=host or "",
        bound=bool(host) and vif_type not in _UNPLUGGED,
        profile=profile or {},
        admin_state_up=admin_state_up,
        awaits_l2=awaits_l2,
        awaits_dhcp=awaits_dhcp,
    )


def states(conn: Connectable, port_ids: Sequence[str]) -> list[PortState]:
    """The states of the ports of these ids that exist, in no particular order: one statement."""
    if not port_ids:
        return []
    return [_state(row) for row in conn.execute(_STATES_BY_ID, {"ids": list(port_ids)})]


def states_by_prefix(conn: Connectable, prefixes: Sequence[str]) -> list[PortState]:
    """The states of the ports whose ids begin so: one statement for some hundreds.

    Args:
        conn: where to look.
        prefixes: hexadecimal digits and hyphens, at least one.
    """
    # An index finds ranges; '~' is behind every digit.
    either = [and_(ports.c.id >= one, ports.c.id < f"{one}~") for one in prefixes]
    return [
        _state(row)
        for start in range(0, len(either), _RANGES)
        for row in conn.execute(_STATES.where(or_(*either[start : start + _RANGES])))
    ]


def states_by_mac(conn: Connectable, addresses: Sequence[str]) -> list[PortState]:
    """The states of the ports that have one of these MAC addresses, on any network."""
    return [_state(row) for row in conn.execute(_STATES.where(ports.c.mac_address.in_(addresses)))]


_BOUND = exists().where(
    port_bindings.c.port_id == ports.c.id,
    port_bindings.c.status == "ACTIVE",
    port_bindings.c.host != "",
    port_bindings.c.vif_type.not_in(_UNPLUGGED),
)
_BOUND_ON_HOST = _BOUND.where(port_bindings.c.host == bindparam("of_host"))
_MAY_BE_ACTIVE = and_(ports.c.admin_state_up, ports.c.status != ACTIVE)


def _becomes(
    status: ColumnElement[Any] | str, when: ColumnElement[bool]
) -> list[tuple[Any, ColumnElement[Any]]]:
    """The columns of a port whose status changes where `when` holds; the status comes last."""
    return [
        (ports.c.revision_number, ports.c.revision_number + case((when, 1), else_=0)),
        (ports.c.updated_at, case((when, bindparam("now")), else_=ports.c.updated_at)),
        (ports.c.status, case((when, status), else_=ports.c.status)),
    ]


_WIRED = (
    update(ports)
    .where(ports.c.id.in_(_IDS), _BOUND_ON_HOST)
    .ordered_values(
        *_becomes(ACTIVE, and_(_MAY_BE_ACTIVE, not_(ports.c.awaits_dhcp))),
        (ports.c.awaits_l2, False),
    )
)
_SERVED = (
    update(ports)
    .where(ports.c.id.in_(_IDS))
    .ordered_values(
        *_becomes(ACTIVE, and_(_MAY_BE_ACTIVE, not_(ports.c.awaits_l2), _BOUND)),
        (ports.c.awaits_dhcp, False),
    )
)
_UNWIRED = (
    update(ports)
    .where(ports.c.id.in_(_IDS), _BOUND_ON_HOST)
    .ordered_values(*_becomes(DOWN, ports.c.status != DOWN), (ports.c.awaits_l2, True))
)
_PREPARED = case((ports.c.admin_state_up, BUILD), else_=DOWN)
_PREPARING = (
    update(ports)
    .where(ports.c.id.in_(_IDS), _BOUND_ON_HOST)
    .ordered_values(*_becomes(_PREPARED, ports.c.status != _PREPARED), (ports.c.awaits_l2, True))
)


def wired(tx: Transaction, port_ids: Sequence[str], host: str, *, now: str) -> None:
    """An agent has wired ports that are bound on its host; others are left alone.

    Args:
        tx: the transaction.
        port_ids: at least one.
        host: of the agent.
        now: ISO text in UTC.
    """
    tx.execute(_WIRED, {"ids": list(port_ids), "of_host": host, "now": now})


def unwired(tx: Transaction, port_ids: Sequence[str], host: str, *, now: str) -> None:
    """Ports that are bound on the host are there no more; see `wired`."""
    tx.execute(_UNWIRED, {"ids": list(port_ids), "of_host": host, "now": now})


def preparing(tx: Transaction, port_ids: Sequence[str], host: str, *, now: str) -> None:
    """An agent is about to wire ports that are bound on its host; see `wired`."""
    tx.execute(_PREPARING, {"ids": list(port_ids), "of_host": host, "now": now})


def served(tx: Transaction, port_ids: Sequence[str], *, now: str) -> None:
    """A DHCP agent serves the addresses of ports; see `wired`."""
    tx.execute(_SERVED, {"ids": list(port_ids), "now": now})


_AWAIT_DHCP = (
    update(ports)
    .where(ports.c.id.in_(_IDS))
    .values(
        awaits_dhcp=case(
            (
                and_(
                    ports.c.device_owner.not_in(bindparam("owners", expanding=True)),
                    exists().where(network_dhcp_agents.c.network_id == ports.c.network_id),
                    exists()
                    .where(ip_allocations.c.port_id == ports.c.id)
                    .where(subnets.c.id == ip_allocations.c.subnet_id, subnets.c.enable_dhcp),
                ),
                True,
            ),
            else_=False,
        )
    )
)


def await_dhcp(tx: Transaction, port_ids: Sequence[str], *, exempt: Sequence[str]) -> None:
    """Have ports wait for a DHCP agent, if their network has one and a subnet of theirs DHCP.

    Args:
        tx: the transaction in which they got their addresses.
        port_ids: at least one.
        exempt: device owners of ports that never wait.
    """
    tx.execute(_AWAIT_DHCP, {"ids": list(port_ids), "owners": list(exempt)})
