"""Networks within IP packets between hosts: what gre, vxlan and geneve have in common.

They differ in data only: name, size of the number, bytes of the header. See `Tunnel`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neutron_lib import exceptions
from neutron_lib.plugins.ml2 import api
from oslo_config import cfg

from deuteron.config.values import tunnel_ranges
from deuteron.db import segments
from deuteron.db.free_ranges import Hints
from deuteron.errors import StartError
from deuteron.ml2.plugin_context import PluginContext
from deuteron.ml2.types import allocation, mtu


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """What makes one kind of tunnel.

    Args:
        network_type: as the API knows it.
        section: of the configuration files.
        option: in it, for the ranges.
        kind: what the numbers are called.
        highest: the largest number that fits the header.
        overhead: bytes of the encapsulation within the IP packet.
        overhead_option: in the section, for an encapsulation of variable length.
    """

    network_type: str
    section: str
    option: str
    kind: str
    highest: int
    overhead: int = 0
    overhead_option: str = ""


class TunnelTypeDriver(api.ML2TypeDriver):
    """Hands out the numbers of one kind of tunnel.

    Args:
        tunnel: which kind.
    """

    def __init__(self, tunnel: Tunnel) -> None:
        self._tunnel = tunnel
        self._hints = Hints(pools=64)
        self._configured: tuple[tuple[int, int], ...] = ()
        self._mtu = 0

    def initialize(self) -> None:
        """Read the configuration.

        Raises:
            StartError: a range is wrong.
        """
        tunnel = self._tunnel
        try:
            self._configured = tunnel_ranges(
                cfg.CONF[tunnel.section][tunnel.option], highest=tunnel.highest, kind=tunnel.kind
            )
        except ValueError as error:
            raise StartError(msg=f"[{tunnel.section}] {tunnel.option}: {error}") from None
        self._mtu = mtu.through_tunnel(
            underlay=cfg.CONF.global_physnet_mtu,
            path=cfg.CONF.ml2.path_mtu,
            ip_version=cfg.CONF.ml2.overlay_ip_version,
            overhead=tunnel.overhead + self._variable_overhead(),
        )

    def _variable_overhead(self) -> int:
        option = self._tunnel.overhead_option
        return int(cfg.CONF[self._tunnel.section][option]) if option else 0

    def get_type(self) -> str:
        """The network type."""
        return self._tunnel.network_type

    def get_mtu(self, physical: str | None = None) -> int:
        """Bytes of an IP packet that fits into the tunnel, 0 for no limit."""
        del physical
        return self._mtu

    def configured_ranges(self) -> Sequence[tuple[str, int, int]]:
        """(physical network, first, last) of the configuration; see docs/drivers.md."""
        return [("", first, last) for first, last in self._configured]

    def initialize_network_segment_range_support(self) -> None:
        """Nothing to do: ranges are read when a number is wanted."""

    def update_network_segment_range_allocations(self) -> None:
        """Nothing to do: ranges are read when a number is wanted."""

    def is_partial_segment(self, segment: Mapping[str, Any]) -> bool:
        """Whether the number is left open."""
        return segment.get(api.SEGMENTATION_ID) is None

    def validate_provider_segment(self, segment: Mapping[str, Any]) -> None:
        """Refuse what no tunnel has.

        Raises:
            InvalidInput: a physical network, unknown keys, or a number that does not fit the
                header (which Neutron accepts, and no agent can build).
        """
        network_type = self._tunnel.network_type
        known = {api.NETWORK_TYPE, api.SEGMENTATION_ID}
        for key, value in segment.items():
            if value and key not in known:
                raise exceptions.InvalidInput(
                    error_message=f"{key} cannot be given for {network_type} networks"
                )
        number = segment.get(api.SEGMENTATION_ID)
        if number is not None and not 0 <= int(number) <= self._tunnel.highest:
            raise exceptions.InvalidInput(
                error_message=f"segmentation_id {number} leaves the {self._tunnel.kind}: "
                f"0 to {self._tunnel.highest}"
            )

    def reserve_provider_segment(
        self,
        context: PluginContext,
        segment: Mapping[str, Any],
        filters: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Take this number, or any if it is left open.

        Raises:
            TunnelIdInUse: another network has it.
            NoNetworkAvailable: none is left.
        """
        number = segment.get(api.SEGMENTATION_ID)
        if number is None:
            taken = self.allocate_tenant_segment(context, filters)
            if taken is None:
                raise exceptions.NoNetworkAvailable
            return taken
        network_type = self._tunnel.network_type
        if not segments.claim(context.transaction, network_type, "", number):
            raise exceptions.TunnelIdInUse(tunnel_id=number)
        return self._taken(number)

    def allocate_tenant_segment(
        self, context: PluginContext, filters: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """Take any number; None if all are taken."""
        tx = context.transaction
        found = allocation.take_any(
            tx,
            self._hints,
            allocation.ranges_of(tx, self._tunnel.network_type),
            project_id=(filters or {}).get("project_id"),
        )
        return None if found is None else self._taken(found[1])

    def release_segment(self, context: PluginContext, segment: Mapping[str, Any]) -> None:
        """Give the number back."""
        allocation.give_back(
            context.transaction,
            self._hints,
            self._tunnel.network_type,
            "",
            segment[api.SEGMENTATION_ID],
        )

    def _taken(self, number: int) -> dict[str, Any]:
        return {
            api.NETWORK_TYPE: self._tunnel.network_type,
            api.PHYSICAL_NETWORK: None,
            api.SEGMENTATION_ID: number,
            api.MTU: self._mtu,
        }
