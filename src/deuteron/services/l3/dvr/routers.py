"""Distributed routers: on every host that has ports on their subnets, and centrally for SNAT.

    interfaces          on all those hosts at once (`deuteron.core.distributed`)
    SNAT ports          one on each internal subnet, where the router is centrally: by them packets
                        without a floating IP leave; there while the router has a gateway
    agent gateway port  one for each agent and external network: floating IPs of the host's ports
                        come in by it; made when the agent asks

    hosts that need a router   those of ports that it serves
                               those of routers that share a network with it: packets cross both
                               those of agents that were given its central part

Ports of routers are nobody's, so that projects neither see nor touch them. Names, owners and rules
are Neutron's, as its agents know them.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import distributed, ports
from deuteron.core.deployment import Deployment
from deuteron.db import ports as port_rows
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import TryAgain
from deuteron.query import Query
from deuteron.services.l3 import router_rows
from deuteron.services.l3.afterwards import Afterwards
from deuteron.services.l3.dvr import rows
from deuteron.services.l3.kinds import AGENT_GATEWAY, DISTRIBUTED_INTERFACE, SNAT_PORT
from deuteron.services.l3.router_rows import Attached

Row = dict[str, Any]

# Events of routers in the journal: a host has the router no longer (``host``); the last gateway on
# an external network is gone (``network_id``).
UNSCHEDULED = "unscheduled"
NETWORK_LEFT = "network_left"

_UNPLUGGED = ("unbound", "binding_failed")


# --- SNAT ports -----------------------------------------------------------------------------------


def sync_snat_ports(d: Deployment, tx: Transaction, router: Row, after: Afterwards) -> None:
    """Make the SNAT ports of a router what they are to be: one statement if nothing changes.

    To be called after each change of its interfaces, its gateway or its kind.

    Args:
        d: the deployment.
        tx: the transaction that has locked the router.
        router: with ``distributed`` and ``gw_port_id`` as they are now.
        after: gets what follows after the commit.
    """
    attached = router_rows.attached(tx, router["id"])
    present: dict[str, list[Attached]] = {}
    for one in attached:
        if one.owner == SNAT_PORT:
            present.setdefault(one.port_id, []).append(one)
    needed = router["distributed"] and router["gw_port_id"] is not None
    wanted = wanted_snat_ports(attached) if needed else []
    for network_id, subnet_ids in wanted:
        fits = next(
            (
                port_id
                for port_id, addresses in present.items()
                if _serves(addresses, network_id, subnet_ids)
            ),
            None,
        )
        if fits is None:
            _add_snat_port(d, tx, router, network_id, subnet_ids, after)
        else:
            _readdress(d, tx, router, fits, present.pop(fits), subnet_ids, after)
    _remove(d, tx, sorted(present), after)


def wanted_snat_ports(attached: Iterable[Attached]) -> list[tuple[str, list[str]]]:
    """The SNAT ports that go with the interfaces of a router: no I/O.

    Args:
        attached: addresses of all its ports.

    Returns:
        (network id, ids of subnets): each IPv4 subnet has one, the IPv6 subnets of a network
        share one.
    """
    wanted: dict[tuple[str, str], list[str]] = {}
    for one in attached:
        if one.owner == DISTRIBUTED_INTERFACE and one.subnet_id is not None:
            part = one.subnet_id if one.ip_version == 4 else ""
            wanted.setdefault((one.network_id, part), []).append(one.subnet_id)
    return [(network_id, sorted(subnet_ids)) for (network_id, _), subnet_ids in wanted.items()]


def _serves(addresses: Sequence[Attached], network_id: str, subnet_ids: Sequence[str]) -> bool:
    """Whether a port is the one for these subnets, or some of them."""
    return addresses[0].network_id == network_id and any(
        one.subnet_id in subnet_ids for one in addresses
    )


def _add_snat_port(
    d: Deployment,
    tx: Transaction,
    router: Row,
    network_id: str,
    subnet_ids: Sequence[str],
    after: Afterwards,
) -> None:
    body = {
        "name": "",
        "admin_state_up": True,
        "project_id": "",
        "network_id": network_id,
        "fixed_ips": [{"subnet_id": one} for one in subnet_ids],
        "device_id": router["id"],
        "device_owner": SNAT_PORT,
        "description": "",
    }
    made = ports.insert(d, tx, [body], counted=False)
    after.inserted.append(made)
    router_rows.attach(tx, router["id"], [made.ports[0]["id"]], SNAT_PORT)


def _readdress(
    d: Deployment,
    tx: Transaction,
    router: Row,
    port_id: str,
    addresses: Sequence[Attached],
    subnet_ids: Sequence[str],
    after: Afterwards,
) -> None:
    """Give a port an address of each of its subnets, and keep those that it has."""
    has = {str(one.subnet_id): str(one.ip_address) for one in addresses}
    if sorted(has) == list(subnet_ids):
        return
    fixed_ips = [
        {"subnet_id": one, "ip_address": has[one]} if one in has else {"subnet_id": one}
        for one in subnet_ids
    ]
    router_rows.detach(tx, [port_id])
    _, due = ports.change(d, tx, ports.require(tx, port_id, None), {"fixed_ips": fixed_ips})
    after.owe(due)
    router_rows.attach(tx, router["id"], [port_id], SNAT_PORT)


def _remove(d: Deployment, tx: Transaction, port_ids: Sequence[str], after: Afterwards) -> None:
    if not port_ids:
        return
    router_rows.detach(tx, port_ids)
    for port in port_rows.get_many(tx, port_ids):
        after.owe(ports.remove(d, tx, port))


# --- hosts ----------------------------------------------------------------------------------------


def hosts_of(d: Deployment, conn: Connectable, router_ids: Collection[str]) -> dict[str, set[str]]:
    """The hosts that need distributed routers because of ports there: three statements.

    Hosts of the agents that were given a router are not among them for that.

    Args:
        d: the deployment.
        conn: where to look.
        router_ids: of routers; those that are not distributed have none.

    Returns:
        router id -> hosts whose L3 agent carries distributed routers.
    """
    own = rows.distributed_among(conn, router_ids)
    if not own:
        return {}
    beside = rows.neighbours(conn, own)
    asked = own.union(*beside.values())
    needing = rows.hosts_needing(conn, asked, dhcp=d.settings.routing.host_dvr_for_dhcp)
    able = _able(conn, set().union(*needing.values()))
    return {
        router_id: set().union(
            *(needing.get(one, ()) for one in (router_id, *beside.get(router_id, ())))
        )
        & able
        for router_id in own
    }


def _able(conn: Connectable, hosts: Collection[str]) -> set[str]:
    return {host for host, agent in rows.agents_on(conn, hosts).items() if agent.distributes}


def routers_on(d: Deployment, conn: Connectable, agent: rows.Agent) -> set[str]:
    """Ids of the distributed routers that an agent needs because of ports on its host.

    Args:
        d: the deployment.
        conn: where to look; two statements, none for an agent that carries none.
        agent: that asks.
    """
    if not agent.distributes:
        return set()
    own = rows.needed_on(conn, agent.host, dhcp=d.settings.routing.host_dvr_for_dhcp)
    return own.union(*rows.neighbours(conn, own).values())


def settle_hosts(d: Deployment, tx: Transaction, router_ids: Collection[str]) -> None:
    """Take distributed routers from hosts that need them no longer, and say so in the journal.

    To be called after ports or interfaces went; routers that are not distributed are left alone.

    Args:
        d: the deployment.
        tx: the transaction.
        router_ids: of the routers that may be concerned, and those beside them.
    """
    placed = rows.placed(tx, router_ids)
    if not placed:
        return
    needed = hosts_of(d, tx, list(placed))
    scheduled = rows.scheduled(tx, list(placed))
    lost = {
        router_id: by_host.keys() - needed.get(router_id, set()) - set(scheduled.get(router_id, ()))
        for router_id, by_host in placed.items()
    }
    projects = rows.projects(tx, [one for one, hosts in lost.items() if hosts])
    for router_id, project_id in projects.items():
        for host in sorted(lost[router_id]):
            distributed.leave(d, tx, placed[router_id][host], host)
            tx.journal("router", router_id, UNSCHEDULED, project_id, {"host": host})


def interface_left(
    d: Deployment, tx: Transaction, router: Row, network_id: str, after: Afterwards
) -> None:
    """A distributed router has lost an interface.

    Args:
        d: the deployment.
        tx: the transaction that has locked the router.
        router: its row; nothing is done for one that is not distributed.
        network_id: where the interface was.
        after: gets what follows after the commit.
    """
    if not router["distributed"]:
        return
    sync_snat_ports(d, tx, router, after)
    beside = rows.neighbours(tx, [router["id"]]).get(router["id"], set())
    settle_hosts(d, tx, {router["id"], *beside, *rows.on_network(tx, network_id)})


# --- gateway ports of agents ----------------------------------------------------------------------


def agent_gateway_port(
    d: Deployment, ctx: RequestContext, network_id: str, host: str
) -> Row | None:
    """The port by which floating IPs of a host's ports come in; made if it is not there.

    Args:
        d: the deployment.
        ctx: the agent.
        network_id: of an external network.
        host: of the agent.

    Returns:
        API dict; None if the host has no L3 agent that reaches external networks.

    Raises:
        NetworkNotFound, IpAddressGenerationFailure, ...: no such port can be had.
        TryAgain: another request makes it.
    """
    with d.database.read() as conn:
        agent = rows.agents_on(conn, [host]).get(host)
        if agent is None or agent.mode == rows.DVR_NO_EXTERNAL:
            return None
        present = rows.gateway_port(conn, network_id, agent.id)
    if present is not None:
        return ports.get(d, ctx, present)
    body = {
        "name": "",
        "admin_state_up": True,
        "project_id": "",
        "network_id": network_id,
        "device_id": agent.id,
        "device_owner": AGENT_GATEWAY,
        "binding:host_id": host,
        "description": "",
    }
    with d.database.transaction(ctx) as tx:
        made = ports.insert(d, tx, [body], counted=False)
        if not rows.claim_gateway_port(tx, network_id, agent.id, made.ports[0]["id"]):
            raise TryAgain(reason=f"another request makes the gateway port of host {host}")
    return ports.follow_up(d, ctx, made)[0]


def delete_agent_gateway_port(
    d: Deployment, ctx: RequestContext, network_id: str, host: str
) -> None:
    """Remove the port by which floating IPs of a host's ports came in; none is fine.

    Args:
        d: the deployment.
        ctx: the agent.
        network_id: of the external network.
        host: of the agent.
    """
    after = Afterwards()
    with d.database.transaction(ctx) as tx:
        agent = rows.agents_on(tx, [host]).get(host)
        port_id = None if agent is None else rows.gateway_port(tx, network_id, agent.id)
        if port_id is not None:
            _remove_gateway_ports(d, tx, [port_id], after)
    after.run(d, ctx)


def _remove_gateway_ports(
    d: Deployment, tx: Transaction, port_ids: Sequence[str], after: Afterwards
) -> None:
    rows.forget_gateway_ports(tx, port_ids)
    for port in port_rows.get_many(tx, port_ids):
        after.owe(ports.remove(d, tx, port))


def gateway_left(
    d: Deployment, tx: Transaction, router: Row, network_id: str, after: Afterwards
) -> None:
    """A router has lost its gateway; with the last one on a network agents need no ports there.

    Args:
        d: the deployment.
        tx: the transaction that has locked the router and removed the gateway's port.
        router: its row; nothing is done for one that is not distributed.
        network_id: where the gateway was.
        after: gets what follows after the commit.
    """
    if not router["distributed"] or rows.gateways_on(tx, network_id):
        return
    port_ids = rows.gateway_ports_on(tx, network_id)
    if port_ids:
        _remove_gateway_ports(d, tx, port_ids, after)
    details = {"network_id": network_id}
    tx.journal("router", router["id"], NETWORK_LEFT, router["project_id"], details)


# --- what agents ask ------------------------------------------------------------------------------


def ports_by_subnet(d: Deployment, ctx: RequestContext, subnet_id: str) -> list[Row]:
    """API dicts of the ports of a subnet that are bound anywhere, for the neighbour tables."""
    found = ports.list_(d, ctx, Query(filters={"fixed_ips": (f"subnet_id={subnet_id}",)}))
    return [port for port in found if port["binding:vif_type"] not in _UNPLUGGED]
