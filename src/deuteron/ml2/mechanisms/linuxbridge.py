"""Binds ports to Linux bridges on hosts where their agent runs."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api

from deuteron.ml2.contexts import PortContext, Resource
from deuteron.ml2.mechanisms import agent_based, options
from deuteron.ml2.mechanisms.agent_based import AgentRules


def mappings(agent: Resource) -> dict[str, str]:
    """Physical network -> interface or bridge; a bridge goes before an interface."""
    configurations = agent["configurations"]
    return {
        **(configurations.get("interface_mappings") or {}),
        **(configurations.get("bridge_mappings") or {}),
    }


class LinuxbridgeMechanismDriver(api.MechanismDriver):
    """The driver ``linuxbridge``; option ``enable_security_group`` of ``[securitygroup]``."""

    agent_type = constants.AGENT_TYPE_LINUXBRIDGE

    def initialize(self) -> None:
        """Read the options."""
        details = {
            portbindings.VIF_DETAILS_CONNECTIVITY: portbindings.CONNECTIVITY_L2,
            portbindings.CAP_PORT_FILTER: options.read(options.SECURITYGROUP).enable_security_group,
        }
        self._rules = AgentRules(
            agent_type=constants.AGENT_TYPE_LINUXBRIDGE,
            vnic_types=(portbindings.VNIC_NORMAL,),
            mappings=mappings,
            vif=lambda _context, _agent: (portbindings.VIF_TYPE_BRIDGE, dict(details)),
        )

    @property
    def connectivity(self) -> str:
        """Layer 2: ports without an address can be bound."""
        return str(portbindings.CONNECTIVITY_L2)

    def bind_port(self, context: PortContext) -> None:
        """Bind where an agent reaches a segment.

        Args:
            context: with segments to bind.
        """
        agent_based.bind(context, self._rules)

    def check_segment_for_agent(self, segment: Resource, agent: Resource) -> bool:
        """Whether the agent is this driver's and reaches the segment.

        Args:
            segment: in driver form.
            agent: API dict.
        """
        return bool(agent_based.hosts_with_access(self._rules, [agent], [segment]))

    def filter_hosts_with_segment_access(
        self,
        context: Any,
        segments: Sequence[Resource],
        candidate_hosts: Collection[str],
        agent_getter: Callable[..., list[Resource]],
    ) -> set[str]:
        """The candidates whose agent reaches one of the segments.

        Args:
            context: passed to `agent_getter`.
            segments: in driver form.
            candidate_hosts: names of hosts.
            agent_getter: finds agents by filters.
        """
        agents = agent_getter(
            context,
            filters={"host": list(candidate_hosts), "agent_type": [self._rules.agent_type]},
        )
        return agent_based.hosts_with_access(self._rules, agents, segments)

    def check_vlan_transparency(self, context: Any) -> bool:  # noqa: ARG002 - the interface's
        """A bridge passes tagged frames."""
        return True
