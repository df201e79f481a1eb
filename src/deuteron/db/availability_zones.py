"""Availability zones: what agents say of where they are.

There is no table of zones: a zone is there as long as an agent says that it is in it.
"""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import bindparam, select

from deuteron.db.agents import DHCP_AGENT, L3_AGENT
from deuteron.db.tables import agents, network_dhcp_agents
from deuteron.db.transaction import Connectable

# Above this many the ids are not sent: the zones of all networks are read.
_IDS_AT_MOST = 1000

_ALL = (
    select(agents.c.availability_zone, agents.c.agent_type, agents.c.admin_state_up)
    .where(agents.c.agent_type.in_((DHCP_AGENT, L3_AGENT)), agents.c.availability_zone.is_not(None))
    .distinct()
)
_OF_NETWORKS = (
    select(network_dhcp_agents.c.network_id, agents.c.availability_zone)
    .join(agents, agents.c.id == network_dhcp_agents.c.agent_id)
    .where(agents.c.availability_zone.is_not(None))
    .distinct()
)
_OF_THESE = _OF_NETWORKS.where(
    network_dhcp_agents.c.network_id.in_(bindparam("ids", expanding=True))
)
_KNOWN = (
    select(agents.c.availability_zone)
    .where(
        agents.c.agent_type == bindparam("of_type"),
        agents.c.availability_zone.in_(bindparam("zones", expanding=True)),
    )
    .distinct()
)


def all_zones(conn: Connectable) -> list[tuple[str, str, bool]]:
    """Zone, type of agents, and whether such agents of it are administratively up; may be both."""
    return [(zone, kind, up) for zone, kind, up in conn.execute(_ALL) if zone]


def with_agents(conn: Connectable, zones: Collection[str], agent_type: str) -> set[str]:
    """Those of these zones that have agents of a type."""
    parameters = {"zones": sorted(zones), "of_type": agent_type}
    return {row[0] for row in conn.execute(_KNOWN, parameters)}


def of_networks(conn: Connectable, network_ids: Sequence[str]) -> Iterable[tuple[str, str]]:
    """(network id, zone) of the DHCP agents that serve these networks, and perhaps others."""
    if len(network_ids) > _IDS_AT_MOST:
        rows = conn.execute(_OF_NETWORKS)
    else:
        rows = conn.execute(_OF_THESE, {"ids": list(network_ids)})
    return [(network_id, zone) for network_id, zone in rows if zone]
