"""A segment of a network, as rules and drivers know it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment of a network.

    Args:
        id: uuid.
        network_id: uuid of its network.
        network_type: local, flat, vlan, gre, vxlan, geneve or a third-party driver's.
        physical_network: None for types without one.
        segmentation_id: VLAN id, VNI or key; None for types without one.
        segment_index: its place in the network's list, from 0.
        is_dynamic: made by a mechanism driver while binding; hidden from users.
    """

    id: str
    network_id: str
    network_type: str
    physical_network: str | None = None
    segmentation_id: int | None = None
    segment_index: int = 0
    is_dynamic: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The segment in driver form (the keys of `neutron_lib.plugins.ml2.api`)."""
        return {
            "id": self.id,
            "network_type": self.network_type,
            "physical_network": self.physical_network,
            "segmentation_id": self.segmentation_id,
            "network_id": self.network_id,
        }
