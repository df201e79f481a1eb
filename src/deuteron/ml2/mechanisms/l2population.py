"""L2 population: tells the tunnel endpoints of a network where its ports are, so that none floods.

What is told, and when, follows from the journal (`deuteron.core.forwarding`), so that a crash loses
nothing. This driver stands for the wish that it be told, and keeps from happening what would
mislead.
"""

from typing import Any

from neutron_lib import constants, exceptions
from neutron_lib.plugins.ml2 import api

from deuteron.ml2.contexts import NetworkContext, PortContext

NAME = "l2population"


class L2populationMechanismDriver(api.MechanismDriver):
    """The driver ``l2population``. It binds nothing, others do.

    Attributes:
        watched_port_attributes: what its hooks are about, see `Mechanisms.concerned`.
    """

    watched_port_attributes = frozenset({"mac_address"})

    def initialize(self) -> None:
        """Nothing to read."""

    def filter_hosts_with_segment_access(
        self,
        context: Any,  # noqa: ARG002 - the interface's
        segments: Any,  # noqa: ARG002
        candidate_hosts: Any,  # noqa: ARG002
        agent_getter: Any,  # noqa: ARG002
    ) -> set[str]:
        """None: those who bind know."""
        return set()

    def check_vlan_qinq(self, context: NetworkContext) -> bool:  # noqa: ARG002 - the interface's
        """VLANs inside of VLANs are beyond the agents' entries."""
        return False

    def update_port_precommit(self, context: PortContext) -> None:
        """Refuse another MAC address while agents forward to the present one.

        Args:
            context: of an update.

        Raises:
            InvalidInput: the port is ACTIVE.
        """
        port, original = context.current, context.original
        if (
            original is not None
            and port["mac_address"] != original["mac_address"]
            and context.status == constants.PORT_STATUS_ACTIVE
        ):
            message = f"the MAC address of port {port['id']} cannot change while it is ACTIVE"
            raise exceptions.InvalidInput(error_message=message)
