"""Binds ports to Open vSwitch on hosts where its agent runs."""

import posixpath
import uuid
from collections.abc import Callable, Collection, Sequence
from typing import Any

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings, provider_net, qinq, vlantransparent
from neutron_lib.plugins.ml2 import api, ovs_constants

from deuteron.ml2.contexts import PortContext, Resource
from deuteron.ml2.mechanisms import agent_based, options
from deuteron.ml2.mechanisms.agent_based import AgentRules
from deuteron.ml2.reasons import Reason

VNIC_TYPES = (
    portbindings.VNIC_NORMAL,
    portbindings.VNIC_DIRECT,
    portbindings.VNIC_SMARTNIC,
    portbindings.VNIC_VHOST_VDPA,
)
# The name space in which Open vSwitch agents number their resource providers in Placement; a fact
# of the wire, equal wherever the agent runs.
_NAMESPACE = uuid.UUID("87ee7d5c-73bb-11e8-9008-c4d987b2a692")
_VHOST_USER = {
    ovs_constants.OVS_DPDK_VHOST_USER,
    ovs_constants.OVS_DPDK_VHOST_USER_CLIENT,
}


def mappings(agent: Resource) -> dict[str, str]:
    """The agent's ``bridge_mappings``: physical network -> bridge."""
    return agent["configurations"].get("bridge_mappings") or {}


def vif(
    port: Resource, agent: Resource, *, port_filter: bool, create_tap: bool
) -> tuple[str, Resource]:
    """How the host plugs the port in.

    Args:
        port: API dict.
        agent: API dict.
        port_filter: whether security groups are enforced on the host.
        create_tap: whether the compute service makes tap devices itself.

    Returns:
        ``vif_type``, ``vif_details``.
    """
    configurations = agent["configurations"]
    datapath = configurations.get("datapath_type", ovs_constants.OVS_DATAPATH_SYSTEM)
    vnic_type = agent_based.vnic_type_of(port)
    if vnic_type != portbindings.VNIC_DIRECT and _serves_vhost_user(configurations):
        vif_type, details = portbindings.VIF_TYPE_VHOST_USER, _vhost_user(port, configurations)
    else:
        hybrid = configurations.get(portbindings.OVS_HYBRID_PLUG)
        vif_type = portbindings.VIF_TYPE_OVS
        details = {
            portbindings.VIF_DETAILS_CONNECTIVITY: portbindings.CONNECTIVITY_L2,
            portbindings.CAP_PORT_FILTER: port_filter,
            portbindings.OVS_HYBRID_PLUG: hybrid,
        }
        if (
            create_tap
            and not hybrid
            and datapath == ovs_constants.OVS_DATAPATH_SYSTEM
            and vnic_type != portbindings.VNIC_DIRECT
        ):
            details["ovs_create_tap"] = True
    details[portbindings.OVS_DATAPATH_TYPE] = datapath
    bridge = configurations.get("integration_bridge")
    if bridge:
        details[portbindings.VIF_DETAILS_BRIDGE_NAME] = bridge
    return vif_type, details


def _serves_vhost_user(configurations: Resource) -> bool:
    return configurations.get("datapath_type") == ovs_constants.OVS_DATAPATH_NETDEV and bool(
        _VHOST_USER & _interface_types(configurations)
    )


def _interface_types(configurations: Resource) -> set[str]:
    return set((configurations.get("ovs_capabilities") or {}).get("iface_types") or ())


def _vhost_user(port: Resource, configurations: Resource) -> Resource:
    """Details of a port on a user space datapath; it has no filter and a socket of its own."""
    folder = configurations.get("vhostuser_socket_dir", ovs_constants.VHOST_USER_SOCKET_DIR)
    # Where Open vSwitch is the client of the socket, the virtual machine is its server.
    ovs_is_client = ovs_constants.OVS_DPDK_VHOST_USER_CLIENT in _interface_types(configurations)
    return {
        portbindings.CAP_PORT_FILTER: False,
        portbindings.OVS_HYBRID_PLUG: False,
        portbindings.VHOST_USER_MODE: (
            portbindings.VHOST_USER_MODE_SERVER
            if ovs_is_client
            else portbindings.VHOST_USER_MODE_CLIENT
        ),
        portbindings.VHOST_USER_OVS_PLUG: True,
        portbindings.VHOST_USER_SOCKET: posixpath.join(
            folder, (constants.VHOST_USER_DEVICE_PREFIX + port["id"])[:14]
        ),
    }


class OpenvswitchMechanismDriver(api.MechanismDriver):
    """The driver ``openvswitch``; options ``[OVS_DRIVER]`` and ``[securitygroup]``."""

    resource_provider_uuid5_namespace = _NAMESPACE

    agent_type = constants.AGENT_TYPE_OVS

    def initialize(self) -> None:
        """Read the options.

        Raises:
            StartError: ``vnic_type_prohibit_list`` makes no sense.
        """
        own = options.read(options.OVS_DRIVER)
        self._create_tap: bool = own.ovs_create_tap
        self._port_filter: bool = options.read(options.SECURITYGROUP).enable_security_group
        self._rules = AgentRules(
            agent_type=constants.AGENT_TYPE_OVS,
            vnic_types=agent_based.permitted(
                VNIC_TYPES, own.vnic_type_prohibit_list, "openvswitch"
            ),
            mappings=mappings,
            vif=self._vif,
            namespace=_NAMESPACE,
        )

    def _vif(self, context: PortContext, agent: Resource) -> tuple[str, Resource]:
        return vif(
            context.current, agent, port_filter=self._port_filter, create_tap=self._create_tap
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
        profile = context.current.get(portbindings.PROFILE) or {}
        if (
            agent_based.vnic_type_of(context.current) == portbindings.VNIC_DIRECT
            and portbindings.VNIC_DIRECT in self._rules.vnic_types
            and "switchdev" not in (profile.get("capabilities") or ())
        ):
            context.decline(
                None,
                Reason.SWITCHDEV_MISSING,
                "Open vSwitch serves vnic_type 'direct' only on a device that offloads its "
                "flows, and the binding profile does not say that this one does.",
                'Put {"capabilities": ["switchdev"]} into binding:profile if it does.',
            )
            return
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

    def responsible_for_ports_allocation(self, context: PortContext) -> bool:
        """Whether the resource providers chosen by Placement are those of this driver's agent."""
        return agent_based.responsible(context, self._rules)

    @staticmethod
    def provider_network_attribute_updates_supported() -> list[str]:
        """A network of bound ports may get another segmentation id."""
        return [provider_net.SEGMENTATION_ID]

    def supported_extensions(self, extensions: set[str]) -> set[str]:
        """All but VLANs inside of VLANs."""
        return extensions - {vlantransparent.ALIAS, qinq.ALIAS}
