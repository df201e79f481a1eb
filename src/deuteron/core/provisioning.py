"""When a port is ACTIVE: when it is bound, and what it waits for has come.

    bound by the driver of an agent         waits for that agent           (core/binding.py)
    addresses of a subnet with DHCP, and
    its network has a DHCP agent            waits for that agent           await_dhcp
    agent asks for what it has to wire      BUILD, waits for it            preparing
    agent has wired it                      waits for it no more           wired
    agent has lost it                       DOWN, waits for it             unwired
    DHCP agent serves it                    waits for it no more           served

A port that waits for nothing any more is ACTIVE, if it is bound and administratively up. Each verb
is for any number of ports and costs a constant number of statements. Every change of a status is
in the journal, and told to the mechanism drivers as an update.
"""

from collections.abc import Callable, Sequence

from deuteron.context import RequestContext
from deuteron.core import driver_contexts, port_journal, postcommits
from deuteron.core.deployment import Deployment
from deuteron.db import ports as port_rows
from deuteron.db import provisioning as rows
from deuteron.db.provisioning import PortState
from deuteron.db.transaction import Transaction
from deuteron.ml2.dispatch import Hook

# Ports of the service itself, which no DHCP agent tells about, and those of nobody.
_NEVER_AWAIT_DHCP = (
    "",
    "network:dhcp",
    "network:floatingip",
    "network:floatingip_agent_gateway",
    "network:ha_router_replicated_interface",
    "network:router_centralized_snat",
    "network:router_gateway",
    "network:router_ha_interface",
    "network:router_interface",
    "network:router_interface_distributed",
)
_COMPUTE = "compute:"

Write = Callable[[Transaction, list[str], str], None]


def await_dhcp(d: Deployment, tx: Transaction, port_ids: Sequence[str]) -> None:
    """Have ports wait for a DHCP agent that has to serve their addresses, if one will.

    Costs nothing where the site has no DHCP agents, else one statement.

    Args:
        d: the deployment.
        tx: the transaction in which the ports got their addresses.
        port_ids: of the ports.
    """
    if port_ids and d.dhcp_presence.there(tx):
        rows.await_dhcp(tx, port_ids, exempt=_NEVER_AWAIT_DHCP)


def preparing(d: Deployment, ctx: RequestContext, found: Sequence[PortState], *, host: str) -> None:
    """An agent asked how to wire ports: they are BUILD until it is done.

    Args:
        d: the deployment.
        ctx: the agent.
        found: the ports as they are; those that are not bound on the host are left alone.
        host: of the agent.
    """
    changing = [
        one
        for one in found
        if _on(one, host)
        and (not one.awaits_l2 or one.status != (rows.BUILD if one.admin_state_up else rows.DOWN))
    ]
    _change(d, ctx, changing, lambda tx, ids, now: rows.preparing(tx, ids, host, now=now))


def wired(
    d: Deployment,
    ctx: RequestContext,
    found: Sequence[PortState],
    *,
    host: str,
    refresh: bool = False,
) -> None:
    """An agent has wired ports.

    Args:
        d: the deployment.
        ctx: the agent.
        found: the ports as they are. Those that are not bound on the host are left alone, but
            that a server's port is plugged where it will move to is noted.
        host: of the agent.
        refresh: the agent has forgotten where the other ports of their networks are.
    """
    changing = [
        one
        for one in found
        if _on(one, host)
        and (
            one.awaits_l2
            or (one.status != rows.ACTIVE and one.admin_state_up and not one.awaits_dhcp)
        )
    ]
    _change(d, ctx, changing, lambda tx, ids, now: rows.wired(tx, ids, host, now=now))
    elsewhere = [
        one for one in found if one.host != host and one.port["device_owner"].startswith(_COMPUTE)
    ]
    one_per_network = {one.port["network_id"]: one for one in found if refresh and _on(one, host)}
    if elsewhere or one_per_network:
        with d.database.transaction(ctx) as tx:
            for one in elsewhere:
                port_journal.note(tx, port_journal.PLUGGED, one.port)
            for one in one_per_network.values():
                port_journal.note(tx, port_journal.REFRESH, one.port)


def unwired(d: Deployment, ctx: RequestContext, found: Sequence[PortState], *, host: str) -> None:
    """Ports are no more on the host of an agent; see `preparing`."""
    changing = [
        one for one in found if _on(one, host) and (one.status != rows.DOWN or not one.awaits_l2)
    ]
    _change(d, ctx, changing, lambda tx, ids, now: rows.unwired(tx, ids, host, now=now))


def served(d: Deployment, ctx: RequestContext, port_ids: Sequence[str]) -> None:
    """A DHCP agent serves the addresses of ports.

    Args:
        d: the deployment.
        ctx: the agent.
        port_ids: of the ports; those that are gone are left out.
    """
    with d.database.read() as conn:
        found = rows.states(conn, port_ids)
    changing = [
        one
        for one in found
        if one.awaits_dhcp
        or (one.status != rows.ACTIVE and one.admin_state_up and one.bound and not one.awaits_l2)
    ]
    _change(d, ctx, changing, lambda tx, ids, now: rows.served(tx, ids, now=now))


def _on(one: PortState, host: str) -> bool:
    return one.bound and one.host == host


def _change(
    d: Deployment, ctx: RequestContext, changing: Sequence[PortState], write: Write
) -> None:
    """Write, then tell what has changed by it: five statements and a commit."""
    if not changing:
        return
    before = {one.id: one.status for one in changing}
    hook = Hook.UPDATE_PORT_PRECOMMIT
    with d.database.transaction(ctx) as tx:
        write(tx, sorted(before), d.clock())
        ports = port_rows.get_many(tx, list(before))
        changed = [
            (port, {**port, "status": before[port["id"]]})
            for port in ports
            if port["status"] != before[port["id"]]
        ]
        for _, original in changed:
            original["revision_number"] -= 1
        contexts = [
            driver_contexts.for_port(d, ctx, port, original=original, tx=tx)
            for port, original in changed
            if d.mechanisms.concerned(hook, original, port)
        ]
        d.mechanisms.precommit(hook, contexts)
        for port, original in changed:
            port_journal.note(tx, port_journal.STATUS, port, original)
        items = [postcommits.Item(current=port, original=original) for port, original in changed]
        due = postcommits.due(d, tx, Hook.UPDATE_PORT_POSTCOMMIT, items)
    postcommits.run(d, ctx, due)
