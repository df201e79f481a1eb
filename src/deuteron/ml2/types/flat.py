"""Flat networks: a physical network as it is, untagged. One network can have it."""

from collections.abc import Mapping
from typing import Any

from neutron_lib import constants, exceptions
from neutron_lib.plugins.ml2 import api
from oslo_config import cfg

from deuteron.db import segments
from deuteron.ml2.plugin_context import PluginContext
from deuteron.ml2.types import mtu

_ANY = "*"


class FlatTypeDriver(api.ML2TypeDriver):
    """Hands out physical networks that are named by an administrator."""

    def __init__(self) -> None:
        self._allowed: frozenset[str] = frozenset()

    def initialize(self) -> None:
        """Read which physical networks may be used so."""
        self._allowed = frozenset(cfg.CONF.ml2_type_flat.flat_networks)

    def get_type(self) -> str:
        """``flat``."""
        return str(constants.TYPE_FLAT)

    def get_mtu(self, physical: str | None = None) -> int:
        """Bytes of an IP packet on this physical network, 0 for no limit."""
        return mtu.through_physical_network(
            physical,
            underlay=cfg.CONF.global_physnet_mtu,
            overrides=cfg.CONF.ml2.physical_network_mtus,
        )

    def initialize_network_segment_range_support(self) -> None:
        """Nothing to do: there are no numbers."""

    def update_network_segment_range_allocations(self) -> None:
        """Nothing to do: there are no numbers."""

    def is_partial_segment(self, segment: Mapping[str, Any]) -> bool:
        """Never: the physical network must be named."""
        del segment
        return False

    def validate_provider_segment(self, segment: Mapping[str, Any]) -> None:
        """Refuse what is no flat network here.

        Raises:
            InvalidInput: no or an unknown physical network, or more than that.
        """
        physical_network = segment.get(api.PHYSICAL_NETWORK)
        problem = None
        if not physical_network:
            problem = "physical_network is required for flat networks"
        elif not self._allowed:
            problem = "flat networks are disabled: [ml2_type_flat] flat_networks is empty"
        elif _ANY not in self._allowed and physical_network not in self._allowed:
            problem = f"physical_network '{physical_network}' is unknown for flat networks"
        elif segment.get(api.SEGMENTATION_ID):
            problem = "segmentation_id cannot be given for flat networks"
        if problem is not None:
            raise exceptions.InvalidInput(error_message=problem)

    def reserve_provider_segment(
        self, context: PluginContext, segment: Mapping[str, Any], filters: Any = None
    ) -> dict[str, Any]:
        """Take the physical network.

        Raises:
            FlatNetworkInUse: another network has it.
        """
        del filters
        physical_network = segment[api.PHYSICAL_NETWORK]
        if not segments.claim(context.transaction, self.get_type(), physical_network, 0):
            raise exceptions.FlatNetworkInUse(physical_network=physical_network)
        return {
            api.NETWORK_TYPE: self.get_type(),
            api.PHYSICAL_NETWORK: physical_network,
            api.MTU: self.get_mtu(physical_network),
        }

    def allocate_tenant_segment(self, context: Any, filters: Any = None) -> None:
        """None: a flat network is never handed out unasked."""

    def release_segment(self, context: PluginContext, segment: Mapping[str, Any]) -> None:
        """Give the physical network back."""
        segments.unclaim(context.transaction, self.get_type(), segment[api.PHYSICAL_NETWORK], 0)
