"""Ways from an external network to ports inside, in the database: ports, and routers between."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from neutron_lib import constants
from sqlalchemy import ColumnElement, and_, bindparam, exists, select, update

from deuteron.db import sharing
from deuteron.db.router_tables import floatingips, port_forwardings, router_ports, routers
from deuteron.db.tables import ip_allocations, port_bindings, ports, subnets
from deuteron.db.transaction import Connectable

_INTERFACES = constants.ROUTER_INTERFACE_OWNERS
_GATEWAY = constants.DEVICE_OWNER_ROUTER_GW


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An IPv4 address of a port.

    Args:
        ip_address: the address.
        subnet_id: of its subnet.
        gateway_ip: of its subnet, None for none.
        taken_by: id of the floating IP on the external network that leads to it, None for none.
    """

    ip_address: str
    subnet_id: str
    gateway_ip: str | None
    taken_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """A port to which a floating IP may lead.

    Args:
        id: of the port.
        project_id: whose it is.
        vnic_type: of its active binding.
        device_owner: of the port.
        has_forwardings: port forwardings lead to it.
        addresses: its IPv4 addresses.
        details: what floating IPs show of it.
    """

    id: str
    project_id: str
    vnic_type: str
    device_owner: str
    has_forwardings: bool
    addresses: tuple[Address, ...]
    details: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """A router on a way."""

    id: str
    project_id: str
    distributed: bool


_DETAILS = (
    "name",
    "network_id",
    "mac_address",
    "admin_state_up",
    "status",
    "device_id",
    "device_owner",
)
_VNIC_TYPE = (
    select(port_bindings.c.vnic_type)
    .where(port_bindings.c.port_id == ports.c.id, port_bindings.c.status == "ACTIVE")
    .scalar_subquery()
)
_TAKEN_BY = (
    select(floatingips.c.id)
    .where(
        floatingips.c.floating_network_id == bindparam("network"),
        floatingips.c.fixed_port_id == ports.c.id,
        floatingips.c.fixed_ip_address == ip_allocations.c.ip_address,
    )
    .scalar_subquery()
)
_INSIDE = (
    select(
        ports.c.project_id,
        _VNIC_TYPE,
        exists().where(port_forwardings.c.internal_port_id == ports.c.id),
        ip_allocations.c.ip_address,
        ip_allocations.c.subnet_id,
        subnets.c.ip_version,
        subnets.c.gateway_ip,
        _TAKEN_BY,
        *(ports.c[name] for name in _DETAILS),
    )
    .select_from(
        ports.outerjoin(ip_allocations, ip_allocations.c.port_id == ports.c.id).outerjoin(
            subnets, subnets.c.id == ip_allocations.c.subnet_id
        )
    )
    .where(ports.c.id == bindparam("id"))
)
_INSIDE_SCOPED = sharing.for_one(_INSIDE, "ports")


def inside(conn: Connectable, port_id: str, network_id: str, scope: str | None) -> Inside | None:
    """What matters of a port to floating IPs, by one statement.

    Args:
        conn: where to read.
        port_id: of the port.
        network_id: of the external network.
        scope: the project that asks, None for everything.

    Returns:
        None if there is no such port that the project sees.
    """
    statement = _INSIDE if scope is None else _INSIDE_SCOPED
    parameters = {"id": port_id, "network": network_id, **sharing.parameters(scope)}
    rows = conn.execute(statement, parameters).fetchall()
    if not rows:
        return None
    project_id, vnic_type, has_forwardings, *_ = rows[0]
    details = dict(zip(_DETAILS, rows[0][8:], strict=True))
    return Inside(
        id=port_id,
        project_id=project_id,
        vnic_type=vnic_type or "normal",
        device_owner=details["device_owner"],
        has_forwardings=bool(has_forwardings),
        addresses=tuple(
            Address(ip_address=row[3], subnet_id=row[4], gateway_ip=row[6], taken_by=row[7])
            for row in rows
            if row[5] == 4
        ),
        details=details,
    )


_GATEWAY_PORTS = router_ports.alias("gateways")
_ON_NETWORK = ports.alias("outside")
_LEADS_OUT = exists().where(
    _GATEWAY_PORTS.c.router_id == routers.c.id,
    _GATEWAY_PORTS.c.owner == _GATEWAY,
    _ON_NETWORK.c.id == _GATEWAY_PORTS.c.port_id,
    _ON_NETWORK.c.network_id == bindparam("network"),
)
_ROUTER = (routers.c.id, routers.c.project_id, routers.c.distributed)


def _has_interface(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """The join of a router with those of its interfaces that are on the subnet."""
    return and_(
        router_ports.c.router_id == routers.c.id,
        router_ports.c.owner.in_(_INTERFACES),
        ip_allocations.c.port_id == router_ports.c.port_id,
        ip_allocations.c.subnet_id == bindparam("subnet"),
        *conditions,
    )


_BETWEEN = (
    select(*_ROUTER).where(_LEADS_OUT, _has_interface()).distinct().order_by(routers.c.id).limit(1)
)
_BY_GATEWAY = select(*_ROUTER).where(
    _LEADS_OUT, _has_interface(ip_allocations.c.ip_address == bindparam("address"))
)
_NAMED = select(*_ROUTER, _LEADS_OUT).where(routers.c.id == bindparam("router"))
_NAMED_SCOPED = sharing.for_one(_NAMED, "routers")
_STILL = select(routers.c.id).where(
    routers.c.id == bindparam("router"),
    _LEADS_OUT,
    exists().where(_has_interface()).correlate(routers),
)
_USE = update(routers).where(routers.c.id == bindparam("router")).values(uses=routers.c.uses + 1)


def between(
    conn: Connectable, *, subnet_id: str, gateway_ip: str | None, network_id: str
) -> Between | None:
    """A router on a subnet with a gateway on an external network; None if there is none.

    Before all others the one that is the gateway of the subnet, which is found at once.

    Args:
        conn: where to read.
        subnet_id: inside.
        gateway_ip: of the subnet, None for none.
        network_id: outside.
    """
    asked = {"subnet": subnet_id, "network": network_id}
    row = None
    if gateway_ip is not None:
        row = conn.execute(_BY_GATEWAY, {**asked, "address": gateway_ip}).fetchone()
    if row is None:
        row = conn.execute(_BETWEEN, asked).fetchone()
    return None if row is None else _between(row)


def _between(row: Sequence[Any]) -> Between:
    return Between(id=row[0], project_id=row[1], distributed=bool(row[2]))


def named(
    conn: Connectable, router_id: str, network_id: str, scope: str | None
) -> tuple[Between, bool] | None:
    """A router, and whether it has a gateway on a network; None if a project does not see it."""
    statement = _NAMED if scope is None else _NAMED_SCOPED
    parameters = {"router": router_id, "network": network_id, **sharing.parameters(scope)}
    row = conn.execute(statement, parameters).fetchone()
    return None if row is None else (_between(row), bool(row[3]))


def use(conn: Connectable, router_id: str) -> bool:
    """Wait for those who change a router, and let them wait; False if it is gone."""
    return conn.execute(_USE, {"router": router_id}).rowcount == 1


_HOLD = (
    update(ip_allocations)
    .where(
        ip_allocations.c.subnet_id == bindparam("subnet"),
        ip_allocations.c.ip_address == bindparam("address"),
        ip_allocations.c.port_id == bindparam("port"),
    )
    .values(uses=ip_allocations.c.uses + 1)
)


def hold(conn: Connectable, port_id: str, *, subnet_id: str, ip_address: str) -> bool:
    """Wait for those who take an address from a port, and let them wait; False if it is gone.

    Who takes it deletes its row first and looks for what leads there after that.
    """
    asked = {"subnet": subnet_id, "address": ip_address, "port": port_id}
    return conn.execute(_HOLD, asked).rowcount == 1


def is_still_between(conn: Connectable, router_id: str, *, subnet_id: str, network_id: str) -> bool:
    """Whether a router is still on a subnet, with a gateway on an external network."""
    asked = {"router": router_id, "subnet": subnet_id, "network": network_id}
    return conn.execute(_STILL, asked).fetchone() is not None
