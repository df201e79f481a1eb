"""What the agents of highly available routers are told of them, beside what all are told."""

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.services.l3.agents.view import HA_PORT, View
from deuteron.services.l3.ha import rows
from deuteron.services.l3.kinds import HA_PORT as OWNER

_STATE = "_ha_state"
_LEGACY = "legacy"


def show(d: Deployment, _ctx: RequestContext, view: View) -> None:
    """Add the port through which keepalived of the agent talks, and what it said last.

    One statement, none if no router is highly available. An agent that carries no distributed
    routers is not told of one that it has no port for.

    Args:
        d: the deployment.
        view: of the agent.
    """
    ids = [router_id for router_id, router in view.routers.items() if router["ha"]]
    if not ids:
        return
    with d.database.read() as conn:
        of_agent = {
            place.router_id: place
            for place in rows.places(conn, ids)
            if place.agent_id == view.agent.id
        }
    for router_id in ids:
        place = of_agent.get(router_id)
        port = next(
            (
                one
                for one in view.ports_of(router_id, OWNER)
                if place is not None and one["id"] == place.port_id
            ),
            None,
        )
        if place is not None and port is not None:
            view.routers[router_id][HA_PORT] = port
            view.routers[router_id][_STATE] = place.state
        elif view.agent.mode == _LEGACY:
            del view.routers[router_id]
