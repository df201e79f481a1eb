"""Agents: they report, and an agent that is silent for ``agent_down_time`` seconds is dead.

    report --> known?  --no-->  insert                          'new'
                 |yes           + physical networks of the host
                 |              + ports that wait there are tried again
                 |--> heartbeat, what it says of itself         'alive'
                 `--> the same, if it was dead                  'revived'
                      + the rest as for a new one

Two agents of one type on one host are one row: the host and the type are an agent's name, as in
Neutron.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import agent_states, bulk_binding, dhcp_scheduling, segment_hosts
from deuteron.core.deployment import Deployment
from deuteron.core.liveness import agent_time, alive_since
from deuteron.db import agents as rows
from deuteron.db.agents import DHCP_AGENT
from deuteron.db.transaction import Transaction
from deuteron.errors import AgentNotFound, TryAgain
from deuteron.query import Query

Agent = dict[str, Any]

NEW = "new"
ALIVE = "alive"
REVIVED = "revived"

# What says that it serves more says nothing.
_MOST_NETWORKS = 2**31 - 1


def report(d: Deployment, ctx: RequestContext, state: Mapping[str, Any]) -> str:
    """Note that an agent is alive and what it says of itself. Two statements where that is all.

    Args:
        d: the deployment.
        ctx: the caller.
        state: as agents report it; see `deuteron.core.agent_states`.

    Returns:
        ``new``, ``alive``, or ``revived`` for one that was dead: such an agent asks for all of
        its state again.

    Raises:
        InvalidInput: something is missing or of a wrong type.
    """
    reported = agent_states.checked(state)
    now = agent_time(d.clock())
    for presence in (d.dhcp_presence, d.l3_presence):
        if reported["agent_type"] == presence.agent_type:
            presence.met()
    with d.database.read() as conn:
        known = rows.reporting(conn, reported["agent_type"], reported["host"])
        if known is not None:
            row = _refreshed(known, reported, now)
            revived = known["heartbeat_timestamp"] < alive_since(d)
            changed = _abilities(row) != _abilities(known)
            if not (revived or changed or reported["start_flag"]):
                _write(conn, known, row)
                return ALIVE
    with d.database.transaction(ctx) as tx:
        if known is None:
            row = _new(d, reported, now)
            if not rows.insert(tx, row):
                raise TryAgain(reason="another report of the same agent came first")
        else:
            _write(tx, known, row)
        reaches_more = _note_physical_networks(d, tx, row["host"])
        tx.journal("agent", row["id"], "update" if known else "create", "")
    if reaches_more:
        dhcp_scheduling.host_reaches_more(d, ctx, row["host"])
    if row["admin_state_up"] and (known is None or revived or changed):
        bulk_binding.resume(d, ctx, host=row["host"])
    return NEW if known is None else REVIVED if revived else ALIVE


def _load(reported: Mapping[str, Any]) -> int:
    """What the scheduler of networks weighs: the networks that a DHCP agent serves."""
    if reported["agent_type"] != DHCP_AGENT:
        return 0
    networks = reported["configurations"].get("networks", 0)
    return networks if isinstance(networks, int) and 0 <= networks <= _MOST_NETWORKS else 0


def _new(d: Deployment, reported: Mapping[str, Any], now: str) -> dict[str, Any]:
    row = {name: value for name, value in reported.items() if name != "start_flag"}
    return {
        **row,
        "id": str(uuid.uuid4()),
        "admin_state_up": d.settings.enable_new_agents,
        "description": None,
        "created_at": now,
        "started_at": now,
        "heartbeat_timestamp": now,
        "load": _load(reported),
        "resources_synced": None,
    }


def _refreshed(known: Mapping[str, Any], reported: Mapping[str, Any], now: str) -> dict[str, Any]:
    row = {**known, "heartbeat_timestamp": now, "load": _load(reported)}
    for name in ("binary", "topic", "configurations"):
        row[name] = reported[name]
    for name in ("availability_zone", "resource_versions"):
        if reported[name] is not None:
            row[name] = reported[name]
    if reported["start_flag"]:
        row["started_at"] = now
    return row


def _write(conn: Any, known: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    """Write only the heartbeat where nothing else is new."""
    now = row["heartbeat_timestamp"]
    if {**known, "heartbeat_timestamp": now} == row:
        written = rows.beat(conn, row["id"], now)
    else:
        written = rows.refresh(conn, row)
    if not written:
        raise TryAgain(reason="the agent was deleted while it reported")


def _abilities(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the agent can do, without the numbers that it merely counts."""
    return {
        name: value
        for name, value in row["configurations"].items()
        if isinstance(value, bool) or not isinstance(value, int | float)
    }


def _note_physical_networks(d: Deployment, tx: Transaction, host: str) -> bool:
    """The host is on the physical networks that any of its agents has a bridge or interface for.

    Returns:
        whether it is on one that it was not on before.
    """
    found: set[str] = set()
    for agent in rows.on_host(tx, host, alive_since=alive_since(d)):
        for mapping in agent_states.MAPPINGS:
            found.update(agent["configurations"].get(mapping) or {})
    return segment_hosts.set_hosts(tx, host, found)


def get(d: Deployment, ctx: RequestContext, agent_id: str) -> Agent:
    """The agent of this id.

    Raises:
        AgentNotFound: there is none.
    """
    with d.database.read() as conn:
        agent = rows.get(conn, agent_id, alive_since=alive_since(d))
    if agent is None:
        raise AgentNotFound(id=agent_id)
    return agent


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Agent]:
    """The agents that a query asks for, in its order."""
    with d.database.read() as conn:
        return rows.list_(conn, query, alive_since=alive_since(d))


def update(
    d: Deployment,
    ctx: RequestContext,
    agent_id: str,
    changes: Mapping[str, Any],
    *,
    if_revision: int | None = None,
) -> Agent:
    """Change what an operator may say about an agent; one that is enabled is given its ports again.

    Args:
        d: the deployment.
        ctx: the caller.
        agent_id: of the agent.
        changes: admin_state_up, description.
        if_revision: agents have none; taken and not looked at.

    Raises:
        AgentNotFound: there is none of this id.
    """
    with d.database.transaction(ctx) as tx:
        agent = rows.get(tx, agent_id, alive_since=alive_since(d))
        if agent is None:
            raise AgentNotFound(id=agent_id)
        different = {name: value for name, value in changes.items() if agent[name] != value}
        if different:
            rows.update_row(tx, agent_id, different)
            details = {
                "agent_type": agent["agent_type"],
                "host": agent["host"],
                "changed": different,
            }
            tx.journal("agent", agent_id, "update", "", details)
    if different.get("admin_state_up"):
        bulk_binding.resume(d, ctx, host=agent["host"])
    return {**agent, **different}


def delete(
    d: Deployment,
    ctx: RequestContext,
    agent_id: str,
    *,
    if_revision: int | None = None,
) -> None:
    """Forget an agent and what only it said of its host; it comes back if it reports again.

    Raises:
        AgentNotFound: there is none of this id.
    """
    with d.database.transaction(ctx) as tx:
        agent = rows.get(tx, agent_id, alive_since=alive_since(d))
        if agent is None or not rows.remove(tx, agent_id):
            raise AgentNotFound(id=agent_id)
        _note_physical_networks(d, tx, agent["host"])
        tx.journal("agent", agent_id, "delete", "")
