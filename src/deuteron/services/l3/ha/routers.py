"""Highly available routers: a VRRP group each, a port for each agent, and which agent is active.

    create    claim_vr_id     a number that no other router of the HA network has
    schedule  give            a port on the HA network for each agent, bound to its host
    an agent  report_states   it is active or standby: the router's ports move to the active one
    take      the ports of agents that lose it

keepalived decides who is active; the service learns it, and has the ports of the router bound
there, so that the fabric sends to the right host. Source: RFC 5798; names and states of the wire
are Neutron's.
"""

import logging
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from neutron_lib import constants

from deuteron.context import RequestContext
from deuteron.core import distributed, port_moves, ports, postcommits, provisioning
from deuteron.core.deployment import Deployment
from deuteron.core.liveness import alive_since
from deuteron.db import ports as port_rows
from deuteron.db import provisioning as provisioning_rows
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import InvalidInput, NoVRIDAvailable, TryAgain
from deuteron.services.l3.ha import rows
from deuteron.services.l3.ha.rows import Place
from deuteron.services.l3.kinds import GATEWAY, HA_PORT, REPLICATED_INTERFACE, SNAT_PORT

LOG = logging.getLogger(__name__)

Row = dict[str, Any]

ACTIVE = constants.HA_ROUTER_STATE_ACTIVE
STANDBY = constants.HA_ROUTER_STATE_STANDBY
UNKNOWN = constants.HA_ROUTER_STATE_UNKNOWN
# What keepalived can say of a router; agents send the first two, and older ones the last as well.
_SAID = (ACTIVE, STANDBY, "fault")
# Groups of one network: RFC 5798, 5.2.3; 255 is kept free, as Neutron does.
_VR_IDS = range(1, 255)
_CLAIMS = 10
_ERROR = "ERROR"
_FOLLOWING = (GATEWAY, REPLICATED_INTERFACE, SNAT_PORT)
"""Owners of the ports that are where the router is active."""


# --- VRRP groups ----------------------------------------------------------------------------------


def claim_vr_id(d: Deployment, tx: Transaction, router: Row) -> None:  # noqa: ARG001
    """Give a router that was inserted a VRRP group of its own: three statements.

    If all are taken the router is in ERROR and no agent gets it (observed of Neutron).

    Args:
        d: the deployment.
        tx: the transaction.
        router: with id, project_id and status; gets ``ha_vr_id``.

    Raises:
        TryAgain: the HA network is not there any more, or others are always faster.
    """
    try:
        router["ha_vr_id"] = _claim(tx, router)
    except NoVRIDAvailable as none_left:
        LOG.warning("%s", none_left)
        router["status"] = _ERROR
        router["ha_vr_id"] = None
    rows.set_vr_id(tx, router["id"], router["ha_vr_id"], router["status"])


def require_vr_id(tx: Transaction, router: Row) -> None:
    """As `claim_vr_id`, but refuse if all are taken.

    Raises:
        NoVRIDAvailable: all are taken.
        TryAgain: see there.
    """
    router["ha_vr_id"] = _claim(tx, router)
    rows.set_vr_id(tx, router["id"], router["ha_vr_id"], router["status"])


def release_vr_id(tx: Transaction, router: Row) -> None:
    """Give the VRRP group of a router back; it has none from now on."""
    rows.release_vr_id(tx, router["id"])
    router["ha_vr_id"] = None
    rows.set_vr_id(tx, router["id"], None, router["status"])


def _claim(tx: Transaction, router: Mapping[str, Any]) -> int:
    network = rows.network_of(tx, router["project_id"])
    if network is None:
        raise TryAgain(reason=f"the HA network of project {router['project_id']} is gone")
    free = sorted(set(_VR_IDS) - rows.vr_ids(tx, network.id))
    if not free:
        raise NoVRIDAvailable(router_id=router["id"])
    # Many at once rarely wish for the same.
    for number in secrets.SystemRandom().sample(free, min(_CLAIMS, len(free))):
        if rows.claim_vr_id(tx, network.id, number, router["id"]):
            return number
    raise TryAgain(reason=f"others took the VRRP groups of network {network.id}")


# --- agents get and lose routers ------------------------------------------------------------------


def give(
    d: Deployment, tx: Transaction, router: Row, agents: Sequence[tuple[str, str]]
) -> ports.Inserted | None:
    """Make the ports through which agents talk that have just got a router.

    Args:
        d: the deployment.
        tx: the transaction in which they got it.
        router: its row.
        agents: (agent id, host).

    Returns:
        what `ports.follow_up` takes after the commit; None if the router is not highly available.

    Raises:
        TryAgain: see `claim_vr_id`.
    """
    if not router["ha"] or not agents:
        return None
    if router["ha_vr_id"] is None:
        claim_vr_id(d, tx, router)
    network = rows.network_of(tx, router["project_id"])
    if network is None:
        raise TryAgain(reason=f"the HA network of project {router['project_id']} is gone")
    name = (constants.HA_PORT_NAME % router["project_id"])[:255]
    bodies = [
        {
            "network_id": network.id,
            "project_id": "",
            "name": name,
            "admin_state_up": True,
            "device_id": router["id"],
            "device_owner": HA_PORT,
            "binding:host_id": host,
        }
        for _, host in agents
    ]
    made = ports.insert(d, tx, bodies, counted=False)
    pairs = [(agent[0], port["id"]) for agent, port in zip(agents, made.ports, strict=True)]
    rows.keep_ports(tx, router["id"], HA_PORT, pairs, state=STANDBY)
    return made


def take(
    d: Deployment, tx: Transaction, router_id: str, agent_ids: Iterable[str] | None = None
) -> list[postcommits.Due]:
    """Remove the ports through which agents talk that are about to lose a router.

    Args:
        d: the deployment.
        tx: the transaction in which they lose it, before they do.
        router_id: of the router.
        agent_ids: of these agents; None for all.

    Returns:
        hooks that are due after the commit.
    """
    wanted = None if agent_ids is None else set(agent_ids)
    of_router = rows.places(tx, [router_id])
    leaving = [place for place in of_router if wanted is None or place.agent_id in wanted]
    if leaving and (attended := rows.replicated(tx, router_id)):
        for place in leaving:
            distributed.leave(d, tx, attended, place.host)
    port_ids = [place.port_id for place in leaving if place.port_id is not None]
    if not port_ids:
        return []
    rows.forget_ports(tx, router_id, port_ids)
    due = [ports.remove(d, tx, port) for port in port_rows.get_many(tx, port_ids)]
    return [one for one in due if one is not None]


# --- what agents say ------------------------------------------------------------------------------


def report_states(d: Deployment, ctx: RequestContext, host: str, states: Mapping[str, str]) -> None:
    """The agent of a host says which of its routers are active there and which are standby.

    The ports of those that became active are bound to the host. Routers that it was not given
    are none of its business.

    Args:
        d: the deployment.
        ctx: the agent.
        host: of the agent.
        states: router id -> state.

    Raises:
        InvalidInput: there is no such state.
    """
    wrong = sorted(set(states.values()) - set(_SAID))
    if wrong:
        raise InvalidInput(error_message=f"an HA router is {' or '.join(_SAID)}, not {wrong[0]!r}")
    if not states:
        return
    with d.database.transaction(ctx) as tx:
        known = rows.states_on(tx, host, sorted(states))
        changed = {
            one: said for one, said in states.items() if one in known and known[one][1] != said
        }
        rows.set_states(tx, host, changed)
        for router_id, state in changed.items():
            details = {"host": host, "state": state}
            tx.journal("router", router_id, "ha_state", known[router_id][0], details)
    active = [one for one, said in states.items() if said == ACTIVE and one in known]
    _bind_ports(d, ctx, active, host)
    left = [one for one in changed if known[one][1] == ACTIVE and one not in active]
    if left:  # for a moment two were active, and the one that stays so says nothing more
        with d.database.read() as conn:
            others = active_hosts(d, conn, left)
        for router_id, hosts in others.items():
            _bind_ports(d, ctx, [router_id], hosts[0])


def _bind_ports(d: Deployment, ctx: RequestContext, router_ids: Sequence[str], host: str) -> None:
    """Have the ports of routers where these are active."""
    if not router_ids:
        return
    with d.database.read() as conn:
        moving = rows.ports_elsewhere(conn, sorted(router_ids), _FOLLOWING, host)
    port_moves.to_host(d, ctx, moving, host)


def count_on(d: Deployment, ctx: RequestContext, host: str) -> int:  # noqa: ARG001
    """How many highly available routers the agent of a host has."""
    with d.database.read() as conn:
        return rows.count_on(conn, host)


def ports_unready(d: Deployment, ctx: RequestContext, host: str) -> None:
    """The L3 agent of a host starts: its HA ports are DOWN until they are wired again.

    Else keepalived would start before its network is there, and think that it is alone.
    """
    with d.database.read() as conn:
        ids = rows.wired_on(conn, host, HA_PORT)
        states = provisioning_rows.states(conn, ids)
    provisioning.unwired(d, ctx, states, host=host)


# --- what is known --------------------------------------------------------------------------------


def active_hosts(
    d: Deployment, conn: Connectable, router_ids: Sequence[str]
) -> dict[str, list[str]]:
    """Router id -> hosts where it is active, of those for which that is known: one statement.

    It is one host but for the time until a dead one is known to be dead.
    """
    since = alive_since(d)
    found: dict[str, list[str]] = {}
    for place in rows.places(conn, router_ids):
        if place.state == ACTIVE and _is_there(place, since):
            found.setdefault(place.router_id, []).append(place.host)
    return found


def the_active_host(hosts: Sequence[str], present: Collection[str]) -> str | None:
    """Where a router is active.

    Args:
        hosts: that say so.
        present: where ports of it are, which follow who said so last.
    """
    return next((host for host in hosts if host in present), hosts[0] if hosts else None)


def states_shown(d: Deployment, conn: Connectable, router_id: str) -> dict[str, str | None]:
    """Agent id -> the state of a router there, as the API shows it: one statement.

    What an agent said that is dead now is not true any more: where others live it is ``standby``,
    else nobody knows.
    """
    return shown(rows.places(conn, [router_id]), alive_since(d))


def shown(places: Sequence[Place], since: str) -> dict[str, str | None]:
    """See `states_shown`.

    Args:
        places: of one router.
        since: an agent that reported then or later is alive.
    """
    alone = not any(_is_there(place, since) for place in places)
    return {
        place.agent_id: (
            place.state
            if place.state != ACTIVE or _is_there(place, since)
            else UNKNOWN
            if alone
            else STANDBY
        )
        for place in places
    }


def _is_there(place: Place, since: str) -> bool:
    return place.admin_state_up and place.heartbeat_timestamp >= since
