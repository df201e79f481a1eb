"""Ports that are on several hosts at once: interfaces of distributed and highly available routers.

    a host gets the router    bind      the drivers are asked for it there
    its agent wires them      wired     ACTIVE there, and so is the port
                              unwired   DOWN there; the port as well if it is ACTIVE nowhere
    a host loses the router   leave     no binding there any more

A distributed port itself shows no host and the vif_type ``distributed``. A replicated one, that of
a highly available router, is bound where its router is active; the other hosts of the router
`attend`: they have it plugged, and frames for everybody on its network, so that they are ready.
What the journal says of such ports names the host that an entry is about, so that others are told
where they came and went.
"""

from collections.abc import Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import binding, port_journal
from deuteron.core.deployment import Deployment
from deuteron.core.driver_sources import Committing, Lookups
from deuteron.db import bindings as binding_rows
from deuteron.db import bulk_bindings
from deuteron.db import distributed_bindings as rows
from deuteron.db import ports as port_rows
from deuteron.db.provisioning import PortState
from deuteron.db.transaction import Transaction
from deuteron.errors import TryAgain

Port = dict[str, Any]

OWNER = binding.DISTRIBUTED
REPLICATED = "network:ha_router_replicated_interface"
VIF_TYPE = rows.DISTRIBUTED


def is_distributed(port: Any) -> bool:
    """Whether a port is on many hosts, and bound on none in particular.

    Args:
        port: API dict, or what the journal has of one.
    """
    return bool(port["device_owner"] == OWNER)


def is_spread(port: Any) -> bool:
    """Whether a port is distributed or replicated.

    Args:
        port: API dict, or what the journal has of one.
    """
    return bool(port["device_owner"] in (OWNER, REPLICATED))


def bind(d: Deployment, ctx: RequestContext, port_ids: Sequence[str], host: str) -> None:
    """Have distributed ports on a host; those that are there already cost nothing more.

    One statement if all of them are. A binding that failed is tried again.

    Args:
        d: the deployment.
        ctx: the caller.
        port_ids: of distributed ports; others are left alone.
        host: one of those that have the router.

    Raises:
        TryAgain: another one does the same, or a port is being deleted.
    """
    with d.database.read() as conn:
        there = rows.on_host(conn, port_ids, host)
        bound = {one for one, row in there.items() if row["vif_type"] != binding_rows.FAILED}
        missing = port_rows.get_many(conn, sorted(set(port_ids) - bound))
    missing = [port for port in missing if is_distributed(port)]
    if not missing:
        return
    lookups = Lookups(d)
    lookups.read_segments({port["network_id"] for port in missing})
    decided = [
        (port, binding.decide(d, ctx, _on(port, host), lookups, Committing(d, ctx)))
        for port in missing
    ]
    decided = [(p, one) for p, one in decided if one.bound or p["id"] not in there]
    if not decided:
        return
    with d.database.transaction(ctx) as tx:
        new = [(port, one) for port, one in decided if port["id"] not in there]
        if new and not rows.insert(tx, [_row(port, one, host) for port, one in new]):
            raise TryAgain(reason=f"another request binds the same ports on host {host}")
        for port, one in decided:
            if port["id"] in there:
                rows.replace(
                    tx, port["id"], host, vif_type=one.vif_type, vif_details=one.vif_details
                )
            port_journal.note(tx, port_journal.BIND, port)
        bulk_bindings.insert_levels(
            tx,
            [
                (port["id"], host, number, level.driver, level.segment_id)
                for port, one in decided
                for number, level in enumerate(one.levels)
            ],
        )
    for port, one in decided:
        if not one.bound:
            binding.keep_attempts(d, ctx, port["id"], [one.attempt])


def attend(d: Deployment, ctx: RequestContext, port_ids: Sequence[str], host: str) -> None:
    """Let a host have replicated ports; one statement if it has all of them.

    Args:
        d: the deployment.
        ctx: the caller.
        port_ids: of replicated ports.
        host: one of those that have the router.

    Raises:
        TryAgain: another one does the same, or a port is being deleted.
    """
    with d.database.read() as conn:
        missing = sorted(set(port_ids) - rows.on_host(conn, port_ids, host).keys())
    if not missing:
        return
    row = {"host": host, "status": rows.DOWN, "vif_type": VIF_TYPE, "vif_details": {}}
    with d.database.transaction(ctx) as tx:
        if not rows.insert(tx, [{"port_id": port_id, **row} for port_id in missing]):
            raise TryAgain(reason=f"another request gives the same ports to host {host}")


def _on(port: Port, host: str, **more: Any) -> Port:
    """A port as it is on one of its hosts."""
    return {**port, "binding:host_id": host, **more}


def _row(port: Port, one: binding.Decision, host: str) -> dict[str, Any]:
    return {
        "port_id": port["id"],
        "host": host,
        "status": rows.DOWN,
        "vif_type": one.vif_type,
        "vif_details": one.vif_details,
    }


def wired(
    d: Deployment,
    ctx: RequestContext,
    found: Sequence[PortState],
    *,
    host: str,
    refresh: bool = False,
) -> None:
    """The agent of a host has wired such ports there.

    Args:
        d: the deployment.
        ctx: the agent.
        found: distributed and replicated ports; those that are not on the host are left alone.
        host: of the agent.
        refresh: the agent has forgotten where the other ports of their networks are.
    """
    _report(d, ctx, [one.id for one in found], host, rows.ACTIVE)
    one_per_network = {one.port["network_id"]: one for one in found if refresh and one.host != host}
    if one_per_network:
        with d.database.transaction(ctx) as tx:
            for one in one_per_network.values():
                port_journal.note(tx, port_journal.REFRESH, _on(dict(one.port), host))


def unwired(d: Deployment, ctx: RequestContext, found: Sequence[PortState], *, host: str) -> None:
    """Distributed ports are no more on the host of an agent; see `wired`."""
    _report(d, ctx, [one.id for one in found], host, rows.DOWN)


def _report(
    d: Deployment, ctx: RequestContext, port_ids: Sequence[str], host: str, status: str
) -> None:
    if not port_ids:
        return
    with d.database.read() as conn:
        there = rows.on_host(conn, port_ids, host)
    changing = {
        port_id: row["status"]
        for port_id, row in there.items()
        if row["status"] != status and row["vif_type"] != binding_rows.FAILED
    }
    if not changing:
        return
    with d.database.transaction(ctx) as tx:
        rows.set_status(tx, sorted(changing), host, status, now=d.clock())
        for port in port_rows.get_many(tx, sorted(changing)):
            now, was = _on(port, host, status=status), _on(port, host, status=changing[port["id"]])
            port_journal.note(tx, port_journal.STATUS, now, was)


def leave(d: Deployment, tx: Transaction, port_ids: Sequence[str], host: str | None = None) -> None:
    """Distributed ports are on a host no more.

    Args:
        d: the deployment.
        tx: the transaction.
        port_ids: of the ports.
        host: which, None for all hosts.
    """
    before = rows.of_ports(tx, port_ids)
    left = {
        port_id: [one for one in of_port if host in (None, one["host"])]
        for port_id, of_port in before.items()
    }
    left = {port_id: gone for port_id, gone in left.items() if gone}
    if not left:
        return
    rows.remove(tx, sorted(left), host, now=d.clock())
    for port in port_rows.get_many(tx, sorted(left)):
        for one in left[port["id"]]:
            was = _on(port, one["host"], status=one["status"])
            now = _on(port, one["host"], status=rows.DOWN)
            port_journal.note(tx, port_journal.UNBIND, now, was)
