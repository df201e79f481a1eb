"""The rules of drivers whose work on a host is done by an agent there.

    vnic_type -> agents of the type on the host -> alive? -> each segment: type? mapping? -> bound

A driver describes its agent by `AgentRules` and calls these functions from its hooks; whatever
they turn down they explain with `PortContext.decline`. The order of the checks and their effect
are Neutron's, observed with its own drivers.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.placement import utils as placement
from neutron_lib.plugins.ml2 import api

from deuteron.errors import StartError
from deuteron.ml2.contexts import Decline, PortContext, Resource
from deuteron.ml2.reasons import Reason

_TUNNELS = (constants.TYPE_GRE, constants.TYPE_VXLAN, constants.TYPE_GENEVE)
_PHYSICAL = (constants.TYPE_FLAT, constants.TYPE_VLAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRules:
    """What a driver knows of its agent.

    Args:
        agent_type: as agents report it, such as ``Open vSwitch agent``.
        vnic_types: values of ``binding:vnic_type`` that it serves.
        mappings: of an agent (API dict): physical network -> bridge or interface.
        vif: ``vif_type`` and ``vif_details`` of a port bound by this agent.
        namespace: of the resource provider ids in Placement, None where it reports none.
    """

    agent_type: str
    vnic_types: tuple[str, ...]
    mappings: Callable[[Resource], Mapping[str, Any]]
    vif: Callable[[PortContext, Resource], tuple[str, Resource]]
    namespace: uuid.UUID | None = None


def network_types(agent: Resource) -> list[str]:
    """Types of segments that the agent can reach: its tunnels and what needs no tunnel.

    Args:
        agent: API dict.
    """
    tunnels = agent["configurations"].get("tunnel_types") or []
    return [*tunnels, constants.TYPE_LOCAL, constants.TYPE_FLAT, constants.TYPE_VLAN]


def bind(context: PortContext, rules: AgentRules) -> None:
    """Bind the port to the first segment that a living agent of its host reaches.

    Args:
        context: with segments to bind.
        rules: of the driver.
    """
    vnic_type = vnic_type_of(context.current)
    if vnic_type not in rules.vnic_types:
        context.decline(
            None,
            Reason.VNIC_TYPE_UNSUPPORTED,
            f"The {rules.agent_type} serves no ports of vnic_type {vnic_type!r}, "
            f"only {_listed(rules.vnic_types)}.",
            "Choose another binding:vnic_type, or configure a driver that serves this one.",
        )
        return
    agents = context.host_agents(rules.agent_type)
    if not agents:
        context.decline(
            None,
            Reason.NO_AGENT,
            f"No {rules.agent_type} is known on host {context.host!r}.",
            f"Start it there, and see that it reports under the name {context.host!r}.",
        )
    for agent in agents:
        if _bind_by(context, rules, agent, vnic_type):
            return


def _bind_by(context: PortContext, rules: AgentRules, agent: Resource, vnic_type: str) -> bool:
    unfit = _unfit(rules, agent, vnic_type)
    if unfit is not None:
        context.decline(unfit.segment_id, unfit.reason, unfit.sentence, unfit.hint)
        return False
    for segment in context.segments_to_bind or ():
        refusal = refusal_of(segment, agent, rules)
        if refusal is None:
            context.set_binding(segment[api.ID], *rules.vif(context, agent))
            return True
        context.decline(refusal.segment_id, refusal.reason, refusal.sentence, refusal.hint)
    return False


def _unfit(rules: AgentRules, agent: Resource, vnic_type: str) -> Decline | None:
    if not agent["alive"]:
        return Decline(
            segment_id=None,
            reason=Reason.AGENT_DEAD,
            sentence=f"The {rules.agent_type} on host {agent['host']!r} is dead: "
            f"it last reported at {agent['heartbeat_timestamp']} UTC.",
            hint="Start the agent and see that it reaches this server; "
            "the port is tried again when it reports.",
        )
    if vnic_type == portbindings.VNIC_SMARTNIC and not agent["configurations"].get(
        "baremetal_smartnic"
    ):
        return Decline(
            segment_id=None,
            reason=Reason.SMARTNIC_MISSING,
            sentence=f"The {rules.agent_type} on host {agent['host']!r} runs on no smart NIC.",
            hint="Set baremetal_smartnic in the agent's configuration if it does.",
        )
    return None


def refusal_of(segment: Resource, agent: Resource, rules: AgentRules) -> Decline | None:
    """Why the agent cannot reach a segment; None if it can.

    Args:
        segment: in driver form.
        agent: API dict.
        rules: of the driver.
    """
    network_type = segment[api.NETWORK_TYPE]
    reachable = network_types(agent)
    where = f"The {rules.agent_type} on host {agent['host']!r}"
    if network_type not in reachable:
        if network_type in _TUNNELS:
            own = [one for one in reachable if one in _TUNNELS]
            return Decline(
                segment_id=segment[api.ID],
                reason=Reason.TUNNEL_TYPE_MISSING,
                sentence=f"{where} makes no {network_type} tunnels; it has "
                f"{_listed(own) if own else 'no tunnel types at all'}.",
                hint=f"Add {network_type} to tunnel_types in the agent's configuration, "
                "or add a segment of a type that it has to the network.",
            )
        return Decline(
            segment_id=segment[api.ID],
            reason=Reason.NETWORK_TYPE_UNSUPPORTED,
            sentence=f"{where} cannot reach segments of type {network_type!r}, "
            f"only {_listed(reachable)}.",
            hint="Add a segment of another type to the network, or a driver that serves this one.",
        )
    physical_network = segment.get(api.PHYSICAL_NETWORK)
    mappings = rules.mappings(agent)
    if network_type in _PHYSICAL and physical_network not in mappings:
        return Decline(
            segment_id=segment[api.ID],
            reason=Reason.PHYSICAL_NETWORK_UNMAPPED,
            sentence=f"{where} is not connected to physical network {physical_network!r}; "
            f"it has {_listed(f'{net}:{dev}' for net, dev in mappings.items()) or 'none'}.",
            hint=f"Map {physical_network!r} to a bridge or interface in the agent's "
            "configuration, or put the port on another host.",
        )
    return None


def hosts_with_access(
    rules: AgentRules, agents: Iterable[Resource], segments: Sequence[Resource]
) -> set[str]:
    """Hosts whose agent reaches at least one of the segments.

    Args:
        rules: of the driver.
        agents: API dicts of the driver's type.
        segments: in driver form.
    """
    return {
        agent["host"]
        for agent in agents
        if agent["agent_type"] == rules.agent_type
        and any(refusal_of(segment, agent, rules) is None for segment in segments)
    }


def responsible(context: PortContext, rules: AgentRules) -> bool:
    """Whether all resource providers that Placement chose for the port are this host's agent's.

    Args:
        context: of a port with ``allocation`` in its binding profile: group -> provider id.
        rules: of the driver.
    """
    allocation = (context.current.get(portbindings.PROFILE) or {}).get("allocation")
    if rules.namespace is None or not allocation:
        return False
    agents = [agent for agent in context.host_agents(rules.agent_type) if agent["admin_state_up"]]
    offered = [_providers(agent, rules.namespace) for agent in agents]
    return all(
        sum(uuid.UUID(provider) in own for own in offered) == 1 for provider in allocation.values()
    )


def _providers(agent: Resource, namespace: uuid.UUID) -> set[uuid.UUID]:
    """Ids of the resource providers that the agent reports to Placement."""
    configurations = agent["configurations"]
    own = {
        placement.device_resource_provider_uuid(
            namespace=namespace, host=agent["host"], device=device
        )
        for device in configurations.get(constants.RP_BANDWIDTHS) or {}
    }
    if constants.RP_PP_WITHOUT_DIRECTION in configurations or (
        constants.RP_PP_WITH_DIRECTION in configurations
    ):
        own.add(placement.agent_resource_provider_uuid(namespace=namespace, host=agent["host"]))
    return own


def vnic_type_of(port: Resource) -> str:
    """The ``binding:vnic_type`` of a port, ``normal`` where it names none."""
    return str(port.get(portbindings.VNIC_TYPE) or portbindings.VNIC_NORMAL)


def permitted(vnic_types: Sequence[str], prohibited: Sequence[str], driver: str) -> tuple[str, ...]:
    """The vnic types that are left when an operator prohibits some.

    Args:
        vnic_types: those of the driver.
        prohibited: ``vnic_type_prohibit_list`` of its section.
        driver: name, for the error.

    Raises:
        StartError: an unknown one is prohibited, or none is left.
    """
    unknown = [one for one in prohibited if one not in vnic_types]
    if unknown:
        raise StartError(
            msg=f"vnic_type_prohibit_list of the {driver} driver: {_listed(unknown)} "
            f"is not among its types: {_listed(vnic_types)}."
        )
    left = tuple(one for one in vnic_types if one not in prohibited)
    if not left:
        raise StartError(
            msg=f"vnic_type_prohibit_list of the {driver} driver leaves no type: "
            "take the driver out of mechanism_drivers instead."
        )
    return left


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
