"""The way from an external network to an address inside: which address, by which router.

    port      seen by the caller, of the floating IP's project or the caller is an administrator
    address   the one that was named, or the only IPv4 address of the port
    router    on the subnet of the address, with a gateway on the external network; or the one
              that was named, if it has such a gateway

Source: API reference, "Floating IPs"; the checks and their order as observed of Neutron.
"""

from dataclasses import dataclass
from ipaddress import ip_address

from deuteron.db.transaction import Transaction
from deuteron.errors import (
    BadRequest,
    ExternalGatewayForFloatingIPNotFound,
    NoGatewayThere,
    PortNotFound,
    RouterNotFound,
    TryAgain,
)
from deuteron.services.l3.floating import way_rows as rows
from deuteron.services.l3.floating.way_rows import Address, Between, Inside

_DHCP = "network:dhcp"
# What distributed routers reach on the host of the port.
_ON_BRIDGES = ("normal", "smart-nic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """From a floating IP to an address inside."""

    port: Inside
    address: Address
    router: Between


def refusal(msg: str) -> BadRequest:
    """The error of a floating IP that cannot be as it is wished.

    Args:
        msg: why not.
    """
    return BadRequest(resource="floatingip", msg=msg)


def require_inside(tx: Transaction, port_id: str, *, network_id: str, project_id: str) -> Inside:
    """The port, if a floating IP may lead to it.

    Args:
        tx: the transaction.
        port_id: of the port.
        network_id: the external network.
        project_id: whose the floating IP is.

    Raises:
        PortNotFound: the caller sees none of this id.
        BadRequest: it is another project's, or a DHCP server's.
    """
    port = rows.inside(tx, port_id, network_id, tx.context.scope)
    if port is None:
        raise PortNotFound(port_id=port_id)
    if port.project_id != project_id and not tx.context.is_admin:
        raise refusal(f"port {port_id} is another project's")
    if port.device_owner == _DHCP:
        raise refusal(f"port {port_id} is a DHCP server's")
    return port


def choose_address(port: Inside, wished: str | None) -> Address:
    """The address of a port to which a floating IP leads. No I/O.

    Args:
        port: with its IPv4 addresses.
        wished: the one that was named, None if none was.

    Raises:
        BadRequest: it is not the port's or no IPv4 address, or none was named and the port has
            none or several.
    """
    if wished is not None:
        if ip_address(wished).version != 4:
            raise refusal(f"{wished} is no IPv4 address")
        for address in port.addresses:
            if address.ip_address == wished:
                return address
        raise refusal(f"port {port.id} does not have address {wished}")
    if not port.addresses:
        raise refusal(f"port {port.id} has no IPv4 address")
    if len(port.addresses) > 1:
        raise refusal(f"port {port.id} has several IPv4 addresses: name one as fixed_ip_address")
    return port.addresses[0]


def hold(tx: Transaction, port: Inside, address: Address) -> None:
    """See to it that a port keeps an address until the commit.

    Raises:
        TryAgain: it has lost it meanwhile.
    """
    held = rows.hold(tx, port.id, subnet_id=address.subnet_id, ip_address=address.ip_address)
    if not held:
        raise TryAgain(reason=f"port {port.id} was changed by another request")


def find(
    tx: Transaction, port: Inside, address: Address, *, network_id: str, router_id: str | None
) -> Way:
    """The way to an address; that and its router are held, so that it stays one until the commit.

    Args:
        tx: the transaction.
        port: that has the address.
        address: inside.
        network_id: the external network.
        router_id: of the router that was named, None if none was.

    Raises:
        ExternalGatewayForFloatingIPNotFound: no router leads there.
        RouterNotFound: the caller sees none of the named id.
        NoGatewayThere: the named one has no gateway on the external network.
        BadRequest: it is distributed, and does not reach ports of this kind.
    """
    hold(tx, port, address)
    if router_id:
        router = _named(tx, router_id, network_id)
    else:
        router = router_to(tx, port, address, network_id)
    if router.distributed and port.vnic_type not in _ON_BRIDGES:
        raise refusal(
            f"a distributed router does not reach port {port.id}, whose vnic_type is "
            f"{port.vnic_type}"
        )
    return Way(port=port, address=address, router=router)


def _named(tx: Transaction, router_id: str, network_id: str) -> Between:
    rows.use(tx, router_id)
    found = rows.named(tx, router_id, network_id, tx.context.scope)
    if found is None:
        raise RouterNotFound(router_id=router_id)
    router, leads_out = found
    if not leads_out:
        raise NoGatewayThere(router_id=router_id, network_id=network_id)
    return router


def router_to(tx: Transaction, port: Inside, address: Address, network_id: str) -> Between:
    """A router that leads to an address; it is held, so that it does until the commit.

    Args:
        tx: the transaction.
        port: that has the address.
        address: inside.
        network_id: the external network.

    Raises:
        ExternalGatewayForFloatingIPNotFound: there is none.
    """
    router = rows.between(
        tx,
        subnet_id=address.subnet_id,
        gateway_ip=address.gateway_ip,
        network_id=network_id,
    )
    if router is None:
        raise ExternalGatewayForFloatingIPNotFound(
            external_network_id=network_id, subnet_id=address.subnet_id, port_id=port.id
        )
    held = rows.use(tx, router.id) and rows.is_still_between(
        tx, router.id, subnet_id=address.subnet_id, network_id=network_id
    )
    if not held:
        raise TryAgain(reason=f"router {router.id} was changed by another request")
    return router
