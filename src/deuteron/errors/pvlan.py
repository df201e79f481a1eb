"""Errors of private VLANs."""

from deuteron.errors.base import BadRequest


class PVLANNotEnabledOnNetwork(BadRequest):
    """A port has a type only on a network that is a private VLAN."""

    template = "Network {network_id} is no private VLAN."


class PVLANCannotSetCommunityName(BadRequest):
    """Only ports of type community are of one."""

    template = "Port {port_id} is of no community: its pvlan_type is another."


class PVLANCommunityNameRequired(BadRequest):
    """A port of type community must say of which one."""

    template = "Port {port_id} needs a pvlan_community, as its pvlan_type is community."


class PVLANPortSecurityDisabled(BadRequest):
    """What keeps ports apart is part of port security."""

    template = "Port {port_id} in a private VLAN needs port security, its own and the network's."


class PVLANNetworkPortSecurityDisabled(BadRequest):
    """What keeps ports apart is part of port security."""

    template = "Network {network_id} needs port security to become a private VLAN."
