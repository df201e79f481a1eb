"""Errors of L3 agents and the routers that they have."""

from deuteron.errors.base import Conflict, NotFound


class InvalidL3Agent(NotFound):
    """The agent is of another type, is administratively down, or cannot have the router."""

    template = "Agent {id} is no L3 agent, or it has been disabled."


class RouterHostedByL3Agent(Conflict):
    """Another agent has the router."""

    template = "The L3 agent {agent_id} has router {router_id} already."


class RouterReschedulingFailed(Conflict):
    """No other agent can have the router."""

    template = "Router {router_id} cannot be moved: no other L3 agent can have it."


class RouterL3AgentMismatch(Conflict):
    """A distributed router and an agent that knows none."""

    template = "Distributed router {router_id} cannot be on L3 agent {agent_id}, which is legacy."


class DVRL3CannotAssignToDvrAgent(Conflict):
    """Agents of mode dvr have the routers that their host needs."""

    template = "Routers cannot be given to an agent in mode 'dvr' by hand."


class DVRL3CannotRemoveFromDvrAgent(Conflict):
    """Agents of mode dvr have the routers that their host needs."""

    template = "Routers cannot be taken from an agent in mode 'dvr' by hand."
