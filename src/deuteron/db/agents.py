"""Agents in the database: rows to API dicts and back.

Their times are kept as their API shows them, ``2014-06-04 12:00:00`` in UTC. Whether an agent is
alive is a comparison with a time that the caller gives.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    bindparam,
    delete,
    false,
    func,
    literal,
    or_,
    select,
    true,
    update,
)

from deuteron.db import select as listing
from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.tables import agents
from deuteron.db.transaction import Connectable, Transaction
from deuteron.query import Query

Agent = dict[str, Any]

DHCP_AGENT = "DHCP agent"
L3_AGENT = "L3 agent"

_KEPT_INSIDE = {"resource_versions", "load"}
_COLUMNS: Mapping[str, ColumnElement[Any]] = {
    str(column.name): column for column in agents.columns if column.name not in _KEPT_INSIDE
}
_KEYS = tuple(_COLUMNS)
_ROWS = select(*_COLUMNS.values())
_BY_ID = _ROWS.where(agents.c.id == bindparam("agent_id"))
_ON_HOST = _ROWS.where(agents.c.host == bindparam("on_host")).order_by(agents.c.agent_type)
_ON_HOSTS = _ROWS.where(agents.c.host.in_(bindparam("hosts", expanding=True))).order_by(
    agents.c.host, agents.c.agent_type
)
# Agents that are told of all ports and networks; the others have schedulers that tell them.
_LISTENING_COLUMNS = ("agent_type", "host", "heartbeat_timestamp", "configurations")
_LISTENING = (
    select(*(agents.c[name] for name in _LISTENING_COLUMNS), agents.c.resource_versions)
    .where(agents.c.agent_type.not_in(("DHCP agent", "Metadata agent")))
    .order_by(agents.c.host, agents.c.agent_type)
)
_REPORTING = select(agents).where(
    agents.c.agent_type == bindparam("of_type"), agents.c.host == bindparam("on_host")
)
_ANY = select(literal(1)).where(agents.c.agent_type == bindparam("of_type")).limit(1)
_HEARTBEATS = select(agents.c.host, agents.c.heartbeat_timestamp).where(
    agents.c.agent_type == bindparam("of_type")
)
_INSERT = InsertIgnore(agents)
_BEAT = (
    update(agents)
    .where(agents.c.id == bindparam("agent_id"))
    .values(heartbeat_timestamp=bindparam("now"))
)
_REPORTED = (
    "binary",
    "topic",
    "availability_zone",
    "configurations",
    "resource_versions",
    "load",
    "started_at",
    "heartbeat_timestamp",
)
_REFRESH = (
    update(agents)
    .where(agents.c.id == bindparam("agent_id"))
    .values({name: bindparam(f"new_{name}") for name in _REPORTED})
)
_DELETE = delete(agents).where(agents.c.id == bindparam("agent_id"))


def _agent(row: Any, alive_since: str) -> Agent:
    agent = dict(zip(_KEYS, row, strict=True))
    agent["alive"] = agent["heartbeat_timestamp"] >= alive_since
    return agent


def get(conn: Connectable, agent_id: str, *, alive_since: str) -> Agent | None:
    """The agent of this id, or None.

    Args:
        conn: where to look.
        agent_id: of the agent.
        alive_since: an agent that reported at or after this time is alive.
    """
    row = conn.execute(_BY_ID, {"agent_id": agent_id}).first()
    return None if row is None else _agent(row, alive_since)


def on_host(conn: Connectable, host: str, *, alive_since: str) -> list[Agent]:
    """The agents of a host, by type: one statement; see `get` for `alive_since`."""
    return [_agent(row, alive_since) for row in conn.execute(_ON_HOST, {"on_host": host})]


def on_hosts(conn: Connectable, hosts: list[str], *, alive_since: str) -> list[Agent]:
    """The agents of these hosts, by host and type: one statement; see `get` for `alive_since`."""
    return [_agent(row, alive_since) for row in conn.execute(_ON_HOSTS, {"hosts": hosts})]


def list_(conn: Connectable, query: Query, *, alive_since: str) -> list[Agent]:
    """The agents that a query asks for, in its order; see `get` for `alive_since`."""
    statement = listing.page(
        _ROWS,
        columns=_COLUMNS,
        special={
            "alive": lambda values: _is_alive(values, alive_since),
            "agent_type": _is_of_type,
        },
        id_column=agents.c.id,
        query=query,
    )
    found = [_agent(row, alive_since) for row in conn.execute(statement).fetchall()]
    return listing.in_page_order(found, query)


def _is_of_type(values: tuple[Any, ...]) -> ColumnElement[bool]:
    """Types are found in any case: clients write ``DHCP Agent`` as well, and MySQL finds it."""
    return func.lower(agents.c.agent_type).in_([str(value).lower() for value in values])


def _is_alive(values: tuple[Any, ...], alive_since: str) -> ColumnElement[bool]:
    beat = agents.c.heartbeat_timestamp
    either = [
        true() if not values else false(),
        *(beat >= alive_since if value else beat < alive_since for value in values),
    ]
    return or_(*either)


def listening(conn: Connectable) -> list[Agent]:
    """All agents but those for DHCP and metadata, by host and type, with what they listen for.

    Args:
        conn: where to look; one statement.

    Returns:
        agent_type, host, heartbeat_timestamp, configurations, resource_versions.
    """
    return [dict(row) for row in conn.execute(_LISTENING).mappings()]


def any_of_type(conn: Connectable, agent_type: str) -> bool:
    """Whether an agent of this type is known, dead or alive."""
    return conn.execute(_ANY, {"of_type": agent_type}).first() is not None


def hosts_alive(conn: Connectable, agent_type: str, alive_since: str) -> dict[str, bool]:
    """Hosts of agents of a type, and whether each reported at or after this time."""
    found = conn.execute(_HEARTBEATS, {"of_type": agent_type})
    return {host: heartbeat >= alive_since for host, heartbeat in found}


def reporting(conn: Connectable, agent_type: str, host: str) -> dict[str, Any] | None:
    """The whole row of the agent of a type on a host, or None."""
    parameters = {"of_type": agent_type, "on_host": host}
    row = conn.execute(_REPORTING, parameters).mappings().first()
    return None if row is None else dict(row)


def insert(tx: Transaction, row: Mapping[str, Any]) -> bool:
    """Keep a new agent; False if the host has one of its type already.

    Args:
        tx: the transaction.
        row: all columns of the table.
    """
    return _INSERT.execute(tx, [row]) == 1


def beat(conn: Connectable, agent_id: str, now: str) -> bool:
    """Note that an agent reported and nothing else is new; False if it was deleted."""
    return bool(conn.execute(_BEAT, {"agent_id": agent_id, "now": now}).rowcount == 1)


def refresh(conn: Connectable, row: Mapping[str, Any]) -> bool:
    """Write what an agent reported; False if it was deleted.

    Args:
        conn: where to write.
        row: all columns of the table, as they will be.
    """
    parameters = {"agent_id": row["id"], **{f"new_{name}": row[name] for name in _REPORTED}}
    return bool(conn.execute(_REFRESH, parameters).rowcount == 1)


def update_row(tx: Transaction, agent_id: str, changes: Mapping[str, Any]) -> bool:
    """Write changed attributes; False if there is no such agent.

    Args:
        tx: the transaction.
        agent_id: of the agent.
        changes: attribute -> new value, at least one.
    """
    statement = update(agents).where(agents.c.id == agent_id).values(dict(changes))
    return bool(tx.execute(statement).rowcount == 1)


def remove(tx: Transaction, agent_id: str) -> bool:
    """Delete an agent; False if there is none of this id."""
    return bool(tx.execute(_DELETE, {"agent_id": agent_id}).rowcount == 1)
