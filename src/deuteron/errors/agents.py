"""Errors of agents."""

from deuteron.errors.base import Conflict, NotFound


class AgentNotFound(NotFound):
    """No agent of this id."""

    template = "Agent {id} could not be found."


class InvalidDHCPAgent(NotFound):
    """The agent is of another type, or is administratively down."""

    template = "Agent {id} is no DHCP agent, or it has been disabled."


class NetworkHostedByDHCPAgent(Conflict):
    """The agent serves the network already."""

    template = "The DHCP agent {agent_id} serves network {network_id} already."


class NetworkNotHostedByDhcpAgent(Conflict):
    """The agent does not serve the network."""

    template = "The DHCP agent {agent_id} does not serve network {network_id}."
