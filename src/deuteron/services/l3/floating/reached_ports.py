"""What routers and floating IPs mean for ports that go, and for external networks.

    port of a router, or of    is not deleted by itself, whatever its device_owner says
    a floating IP
    port that one leads to     goes: it leads nowhere, unless it is another project's than the
                               caller's; port forwardings to it go
                               loses an address to which one leads: refused
                               loses one to which port forwardings lead: they go
    network                    goes: with the floating IPs that lead nowhere

Observed of Neutron. A port without floating IPs costs one statement when it goes, and when its
addresses change.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.core.extension import ResourceExtension
from deuteron.core.ports import OWNED_BY_AGENTS
from deuteron.db import ports as port_rows
from deuteron.db.transaction import Transaction
from deuteron.errors import BadRequest, FipAssociated, ServicePortInUse
from deuteron.services.l3.floating import floating_ips, forwarding_rows, forwardings, rows

Row = dict[str, Any]

# Ports that keep no network from being deleted, once those that lead nowhere are gone.
_GOING = (floating_ips.OWNER, *OWNED_BY_AGENTS)


def _on_delete(tx: Transaction, port: Mapping[str, Any]) -> None:
    owner, found = rows.ties(tx, port["id"])
    if owner == floating_ips.OWNER:
        raise ServicePortInUse(port_id=port["id"], reason="has the address of a floating IP")
    if owner is not None:
        raise ServicePortInUse(port_id=port["id"], reason=f"is {owner} of a router")
    whole = [one for one in found if one["port_id"]]
    scope = tx.context.scope
    if scope is not None and any(one["project_id"] != scope for one in whole):
        raise FipAssociated(port_id=port["id"])
    if whole:
        floating_ips.release(tx, port["id"], whole)
    if len(whole) < len(found):
        _forget(tx, found, forwarding_rows.of_port(tx, port["id"]))


def _readdressed(tx: Transaction, port: Row, original: Mapping[str, Any]) -> None:
    present = {one["ip_address"] for one in port["fixed_ips"]}
    lost = {one["ip_address"] for one in original["fixed_ips"]} - present
    if not lost:
        return
    found = rows.leading_to(tx, port["id"])
    if any(one["fixed_ip_address"] in lost for one in found):
        msg = f"a floating IP leads to an address that port {port['id']} would lose"
        raise BadRequest(resource="port", msg=msg)
    if any(one["port_id"] is None for one in found):
        leading = forwarding_rows.of_port(tx, port["id"])
        _forget(tx, found, [one for one in leading if one["internal_ip_address"] in lost])


def _forget(
    tx: Transaction, found: Iterable[Mapping[str, Any]], gone: list[dict[str, Any]]
) -> None:
    """Delete port forwardings, whosever they are."""
    if gone:
        forwardings.remove(tx, gone, {one["id"]: one for one in found})


def _clear(d: Deployment, ctx: RequestContext, network_id: str) -> None:
    """Delete floating IPs that lead nowhere, unless the network stays for other reasons."""
    with d.database.read() as conn:
        owners = {owner for _, owner, _ in port_rows.owners_on_network(conn, network_id)}
    if floating_ips.OWNER in owners and owners <= set(_GOING):
        floating_ips.delete_disassociated(d, ctx, network_id)


OF_PORTS = ResourceExtension(aliases=(), on_delete=_on_delete, readdressed=_readdressed)
OF_NETWORKS = ResourceExtension(aliases=(), clear=_clear)
