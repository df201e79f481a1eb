"""VLAN networks: 4094 of them on each physical network (IEEE 802.1Q).

Ids within the ranges are handed out; an administrator may name any id of a known physical
network. A physical network is known by the configuration or by a range made through the API.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from neutron_lib import constants, exceptions
from neutron_lib.plugins.ml2 import api
from oslo_config import cfg

from deuteron.config.values import MAX_VLAN_ID, vlan_ranges
from deuteron.db import segments
from deuteron.db.free_ranges import Hints
from deuteron.errors import StartError
from deuteron.ml2.plugin_context import PluginContext
from deuteron.ml2.types import allocation, mtu
from deuteron.segment import SegmentRange


class VlanTypeDriver(api.ML2TypeDriver):
    """Hands out VLAN ids."""

    def __init__(self) -> None:
        self._hints = Hints(pools=256)
        self._configured: dict[str, tuple[tuple[int, int], ...]] = {}

    def initialize(self) -> None:
        """Read the configuration.

        Raises:
            StartError: a range is wrong.
        """
        try:
            self._configured = vlan_ranges(cfg.CONF.ml2_type_vlan.network_vlan_ranges)
        except ValueError as error:
            raise StartError(msg=f"[ml2_type_vlan] network_vlan_ranges: {error}") from None

    def get_type(self) -> str:
        """``vlan``."""
        return str(constants.TYPE_VLAN)

    def get_mtu(self, physical: str | None = None) -> int:
        """Bytes of an IP packet on this physical network, 0 for no limit."""
        return mtu.through_physical_network(
            physical,
            underlay=cfg.CONF.global_physnet_mtu,
            overrides=cfg.CONF.ml2.physical_network_mtus,
        )

    def configured_ranges(self) -> Sequence[tuple[str, int, int]]:
        """(physical network, first, last) of the configuration; see docs/drivers.md."""
        return [
            (physical_network, first, last)
            for physical_network, ranges in self._configured.items()
            for first, last in ranges
        ]

    def initialize_network_segment_range_support(self) -> None:
        """Nothing to do: ranges are read when a number is wanted."""

    def update_network_segment_range_allocations(self) -> None:
        """Nothing to do: ranges are read when a number is wanted."""

    def is_partial_segment(self, segment: Mapping[str, Any]) -> bool:
        """Whether the id is left open."""
        return segment.get(api.SEGMENTATION_ID) is None

    def validate_provider_segment(self, segment: Mapping[str, Any]) -> None:
        """Refuse what is no VLAN.

        Whether the physical network is known can be decided with the ranges only, which are read
        when the segment is reserved.

        Raises:
            InvalidInput: an id without physical network or out of 1..4094, or unknown keys.
        """
        number = segment.get(api.SEGMENTATION_ID)
        problem = None
        if number is not None and not segment.get(api.PHYSICAL_NETWORK):
            problem = "segmentation_id requires physical_network for VLAN networks"
        elif number is not None and not 1 <= int(number) <= MAX_VLAN_ID:
            problem = f"segmentation_id out of range (1 through {MAX_VLAN_ID})"
        known = {api.NETWORK_TYPE, api.PHYSICAL_NETWORK, api.SEGMENTATION_ID}
        for key, value in segment.items():
            if value and key not in known:
                problem = f"{key} cannot be given for VLAN networks"
        if problem is not None:
            raise exceptions.InvalidInput(error_message=problem)

    def reserve_provider_segment(
        self,
        context: PluginContext,
        segment: Mapping[str, Any],
        filters: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Take this id, or any of the physical network, or any at all.

        Raises:
            InvalidInput: the physical network is unknown.
            VlanIdInUse: another network has the id.
            NoNetworkAvailable: none is left.
        """
        tx = context.transaction
        physical_network = segment.get(api.PHYSICAL_NETWORK) or None
        number = segment.get(api.SEGMENTATION_ID)
        ranges = self._in_order(allocation.ranges_of(tx, self.get_type()))
        if physical_network is not None:
            self._require_known(physical_network, ranges)
        if physical_network is not None and number is not None:
            if not segments.claim(tx, self.get_type(), physical_network, number):
                raise exceptions.VlanIdInUse(vlan_id=number, physical_network=physical_network)
            return self._taken(physical_network, number)
        found = allocation.take_any(
            tx,
            self._hints,
            ranges,
            project_id=(filters or {}).get("project_id"),
            physical_network=physical_network,
        )
        if found is None:
            raise exceptions.NoNetworkAvailable
        return self._taken(*found)

    def allocate_tenant_segment(
        self, context: PluginContext, filters: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """Take any id; None if all are taken."""
        tx = context.transaction
        found = allocation.take_any(
            tx,
            self._hints,
            self._in_order(allocation.ranges_of(tx, self.get_type())),
            project_id=(filters or {}).get("project_id"),
            physical_network=(filters or {}).get("physical_network"),
        )
        return None if found is None else self._taken(*found)

    def release_segment(self, context: PluginContext, segment: Mapping[str, Any]) -> None:
        """Give the id back."""
        allocation.give_back(
            context.transaction,
            self._hints,
            self.get_type(),
            segment[api.PHYSICAL_NETWORK],
            segment[api.SEGMENTATION_ID],
        )

    def _in_order(self, ranges: Sequence[SegmentRange]) -> list[SegmentRange]:
        """Physical networks in the order of the configuration, then the others."""
        place = {name: position for position, name in enumerate(self._configured)}
        return sorted(ranges, key=lambda one: place.get(one.physical_network, len(place)))

    def _require_known(self, physical_network: str, ranges: Sequence[SegmentRange]) -> None:
        if physical_network in self._configured:
            return
        if all(one.physical_network != physical_network for one in ranges):
            raise exceptions.InvalidInput(
                error_message=f"physical_network '{physical_network}' is unknown for VLAN networks"
            )

    def _taken(self, physical_network: str, number: int) -> dict[str, Any]:
        return {
            api.NETWORK_TYPE: self.get_type(),
            api.PHYSICAL_NETWORK: physical_network,
            api.SEGMENTATION_ID: number,
            api.MTU: self.get_mtu(physical_network),
        }
