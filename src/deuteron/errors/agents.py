"""Errors of agents."""

from deuteron.errors.base import NotFound


class AgentNotFound(NotFound):
    """No agent of this id."""

    template = "Agent {id} could not be found."
