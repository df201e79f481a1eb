"""Availability zones: which there are, where networks wish to be served, and where they are.

    agents say where they are --> zones            available while one such agent is up
    a network's hints         --> choice of its DHCP agents (`deuteron.core.dhcp_scheduling`)
    its DHCP agents           --> the network's zones

A network that has no hints has those of ``default_availability_zones``.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.core.extension import ResourceExtension
from deuteron.core.presence import Presence
from deuteron.db import availability_zones as rows
from deuteron.db.agents import DHCP_AGENT, L3_AGENT
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import AvailabilityZoneNotFound
from deuteron.query import Query, matching

Row = dict[str, Any]

_HINTS = "availability_zone_hints"
_ZONES = "availability_zones"
_RESOURCES = {DHCP_AGENT: "network", L3_AGENT: "router"}


def list_(d: Deployment, _ctx: RequestContext, query: Query) -> list[Row]:
    """The zones that a query asks for, by name: those of networks and those of routers."""
    with d.database.read() as conn:
        told = rows.all_zones(conn)
    states: dict[tuple[str, str], bool] = {}
    for zone, kind, up in told:
        key = zone, _RESOURCES[kind]
        states[key] = up or states.get(key, False)
    zones = (
        {"name": name, "resource": resource, "state": "available" if up else "unavailable"}
        for (name, resource), up in sorted(states.items())
    )
    return matching(query, zones)


def of_networks(presence: Presence, *, default: Sequence[str]) -> ResourceExtension:
    """What networks have of it.

    Args:
        presence: whether the site has DHCP agents; one without pays nothing when networks are read.
        default: hints of networks that are given none.
    """

    def on_create(
        _tx: Transaction, body: Mapping[str, Any], row: Row, _parent: Mapping[str, Any]
    ) -> None:
        row[_HINTS] = sorted(body.get(_HINTS) or default)
        row[_ZONES] = []

    def load(conn: Connectable, networks: Sequence[Row]) -> None:
        if not {"id", _HINTS} <= networks[0].keys():  # only some fields
            return
        zones: dict[str, list[str]] = {}
        if presence.there(conn):
            for network_id, zone in rows.of_networks(conn, [one["id"] for one in networks]):
                zones.setdefault(network_id, []).append(zone)
        for network in networks:
            network[_HINTS] = network[_HINTS] or []
            network[_ZONES] = sorted(zones.get(network["id"], ()))

    return ResourceExtension(
        aliases=("availability_zone", "network_availability_zone"),
        columns=(_HINTS,),
        on_create=on_create,
        on_create_all=_require_zones,
        load=load,
        shown=(_HINTS, _ZONES),
    )


def _require_zones(tx: Transaction, made: Sequence[tuple[Mapping[str, Any], Row]]) -> None:
    """Refuse hints at zones without DHCP agents: one statement, none where there are no hints."""
    require(tx, {zone for _, network in made for zone in network[_HINTS]}, DHCP_AGENT)


def require(conn: Connectable, zones: Collection[str], agent_type: str) -> None:
    """Zones that are to serve something have agents that could.

    Args:
        conn: where to look: one statement, none where there are no zones.
        zones: their names.
        agent_type: of the agents.

    Raises:
        AvailabilityZoneNotFound: one has none.
    """
    missing = set(zones) - rows.with_agents(conn, zones, agent_type) if zones else set()
    if missing:
        raise AvailabilityZoneNotFound(availability_zone=min(missing))
