"""What routing means for ports, subnets and networks.

    port of a router      is not moved to other addresses by itself, nor deleted (`reached_ports`)
    another's router      is no router that a project's port may be an interface of
    its addresses change  the router's agents look at it anew
    gateway of a subnet   the routers with a gateway there likewise
    subnet outside        gateways get addresses of it (`outside`)

Source: alias l3-port-ip-change-not-allowed; device owners as observed of Neutron.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.core.extension import ResourceExtension
from deuteron.db.transaction import Transaction
from deuteron.errors import BadRequest, DeviceIDNotOwnedByTenant
from deuteron.services.l3 import kinds, news, outside
from deuteron.services.l3 import router_rows as rows
from deuteron.services.l3.floating import rows as floating_ip_rows

Row = dict[str, Any]

_OF_ROUTERS = ("network:router_", "network:ha_router_")
# Their addresses are the routers' own affair.
_WITH_FIXED_ADDRESSES = frozenset(
    (
        "network:router_interface",
        "network:router_ha_interface",
        "network:ha_router_replicated_interface",
        "network:router_centralized_snat",
        "network:router_interface_distributed",
    )
)


def _on_create(
    tx: Transaction, _body: Mapping[str, Any], row: Row, _network: Mapping[str, Any]
) -> None:
    _require_own_router(tx, row)


def _require_own_router(tx: Transaction, port: Mapping[str, Any]) -> None:
    """Refuse a port that says to be an interface of another project's router.

    Who looks for the interfaces of a router by these words believes them, as metadata agents do.
    """
    if tx.context.is_admin or port["device_owner"] not in kinds.INTERFACES:
        return
    for router in floating_ip_rows.with_projects(tx, [port["device_id"]]):
        if router["project_id"] != port["project_id"]:
            raise DeviceIDNotOwnedByTenant(device_id=port["device_id"])


def _on_update(
    tx: Transaction, changes: Mapping[str, Any], row: Row, original: Mapping[str, Any]
) -> None:
    """The addresses are not yet in the row: the changes say what they are to be."""
    if any(row[name] != original[name] for name in ("device_id", "device_owner")):
        _require_own_router(tx, row)
    if not original["device_owner"].startswith(_OF_ROUTERS) or "fixed_ips" not in changes:
        return
    if _are_kept(original["fixed_ips"], changes["fixed_ips"]):
        return
    router = rows.of_port(tx, row["id"])
    if router is None:
        return
    if original["device_owner"] in _WITH_FIXED_ADDRESSES:
        msg = f"the addresses of port {row['id']} are a matter of router {router['id']}"
        raise BadRequest(resource="ports", msg=msg)
    news.changed(tx, [router])


def _are_kept(present: Sequence[Mapping[str, str]], wished: Sequence[Mapping[str, str]]) -> bool:
    """Whether a wish is for the addresses that there are; a subnet alone is for the one there."""
    of_subnet = {one["subnet_id"]: one["ip_address"] for one in present}
    asked = {one.get("ip_address") or of_subnet.get(one.get("subnet_id", "")) for one in wished}
    return asked == {one["ip_address"] for one in present} and len(wished) == len(present)


def _on_subnet_update(
    tx: Transaction, _changes: Mapping[str, Any], row: Row, original: Mapping[str, Any]
) -> None:
    if row["gateway_ip"] != original["gateway_ip"]:
        news.changed(tx, rows.on_subnet(tx, row["id"]))


OF_PORTS = ResourceExtension(
    aliases=("l3-port-ip-change-not-allowed",),
    on_create=_on_create,
    on_update=_on_update,
)
OF_SUBNETS = ResourceExtension(aliases=(), on_update=_on_subnet_update, created=outside.follow)
