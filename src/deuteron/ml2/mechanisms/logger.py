"""Writes every call of a hook to the log: what happened to which resource, under which name."""

import logging

from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api

from deuteron.ml2.contexts import NetworkContext, PortContext, SubnetContext
from deuteron.ml2.reasons import Reason

LOG = logging.getLogger(__name__)


def _network(hook: str, context: NetworkContext) -> None:
    network = context.current
    LOG.info(
        "%s: network %s (%r) of project %s",
        hook,
        network["id"],
        network["name"],
        network["project_id"],
    )


def _subnet(hook: str, context: SubnetContext) -> None:
    subnet = context.current
    LOG.info(
        "%s: subnet %s (%r, %s) of network %s",
        hook,
        subnet["id"],
        subnet["name"],
        subnet["cidr"],
        subnet["network_id"],
    )


def _port(hook: str, context: PortContext) -> None:
    port = context.current
    LOG.info(
        "%s: port %s (%r, %s) of network %s on host %r: %s, %s",
        hook,
        port["id"],
        port["name"],
        port["mac_address"],
        port["network_id"],
        context.host,
        port.get(portbindings.VIF_TYPE),
        port["status"],
    )


class LoggerMechanismDriver(api.MechanismDriver):
    """The driver ``logger``, to see what drivers are told. It binds nothing."""

    def initialize(self) -> None:
        """Say that it is there."""
        LOG.info("initialize: every hook will be written here")

    def create_network_precommit(self, context: NetworkContext) -> None:
        """Write it down."""
        _network("create_network_precommit", context)

    def create_network_postcommit(self, context: NetworkContext) -> None:
        """Write it down."""
        _network("create_network_postcommit", context)

    def update_network_precommit(self, context: NetworkContext) -> None:
        """Write it down."""
        _network("update_network_precommit", context)

    def update_network_postcommit(self, context: NetworkContext) -> None:
        """Write it down."""
        _network("update_network_postcommit", context)

    def delete_network_precommit(self, context: NetworkContext) -> None:
        """Write it down."""
        _network("delete_network_precommit", context)

    def delete_network_postcommit(self, context: NetworkContext) -> None:
        """Write it down."""
        _network("delete_network_postcommit", context)

    def create_subnet_precommit(self, context: SubnetContext) -> None:
        """Write it down."""
        _subnet("create_subnet_precommit", context)

    def create_subnet_postcommit(self, context: SubnetContext) -> None:
        """Write it down."""
        _subnet("create_subnet_postcommit", context)

    def update_subnet_precommit(self, context: SubnetContext) -> None:
        """Write it down."""
        _subnet("update_subnet_precommit", context)

    def update_subnet_postcommit(self, context: SubnetContext) -> None:
        """Write it down."""
        _subnet("update_subnet_postcommit", context)

    def delete_subnet_precommit(self, context: SubnetContext) -> None:
        """Write it down."""
        _subnet("delete_subnet_precommit", context)

    def delete_subnet_postcommit(self, context: SubnetContext) -> None:
        """Write it down."""
        _subnet("delete_subnet_postcommit", context)

    def create_port_precommit(self, context: PortContext) -> None:
        """Write it down."""
        _port("create_port_precommit", context)

    def create_port_postcommit(self, context: PortContext) -> None:
        """Write it down."""
        _port("create_port_postcommit", context)

    def update_port_precommit(self, context: PortContext) -> None:
        """Write it down."""
        _port("update_port_precommit", context)

    def update_port_postcommit(self, context: PortContext) -> None:
        """Write it down."""
        _port("update_port_postcommit", context)

    def delete_port_precommit(self, context: PortContext) -> None:
        """Write it down."""
        _port("delete_port_precommit", context)

    def delete_port_postcommit(self, context: PortContext) -> None:
        """Write it down."""
        _port("delete_port_postcommit", context)

    def bind_port(self, context: PortContext) -> None:
        """Write it down, and leave the binding to others."""
        _port("bind_port", context)
        context.decline(
            None, Reason.DECLINED, "This driver writes to the log only; it binds no port."
        )
