"""A segment of a network, and a range of segments, as rules and drivers know them."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRange:
    """Segmentation ids from which networks get theirs.

    Args:
        id: uuid.
        network_type: vlan, gre, vxlan, geneve or a third-party driver's.
        physical_network: '' for types without one.
        minimum: the first id.
        maximum: the last id.
        project_id: whose networks alone may use it; None for everybody's.
        default: from the configuration files.
    """

    id: str
    network_type: str
    physical_network: str
    minimum: int
    maximum: int
    project_id: str | None = None
    default: bool = False
