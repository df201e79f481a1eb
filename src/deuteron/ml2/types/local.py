"""Local networks: on one host only, so there is nothing to hand out."""

from collections.abc import Mapping
from typing import Any

from neutron_lib import constants, exceptions
from neutron_lib.plugins.ml2 import api


class LocalTypeDriver(api.ML2TypeDriver):
    """Any number of local networks may be."""

    def initialize(self) -> None:
        """Nothing to do."""

    def get_type(self) -> str:
        """``local``."""
        return str(constants.TYPE_LOCAL)

    def get_mtu(self, physical: str | None = None) -> int:
        """0: the type sets no limit."""
        del physical
        return 0

    def initialize_network_segment_range_support(self) -> None:
        """Nothing to do: there are no numbers."""

    def update_network_segment_range_allocations(self) -> None:
        """Nothing to do: there are no numbers."""

    def is_partial_segment(self, segment: Mapping[str, Any]) -> bool:
        """Never: the type says all."""
        del segment
        return False

    def validate_provider_segment(self, segment: Mapping[str, Any]) -> None:
        """Refuse everything but the type.

        Raises:
            InvalidInput: something else is given.
        """
        for key, value in segment.items():
            if value and key != api.NETWORK_TYPE:
                raise exceptions.InvalidInput(
                    error_message=f"{key} cannot be given for local networks"
                )

    def reserve_provider_segment(
        self, context: Any, segment: Mapping[str, Any], filters: Any = None
    ) -> dict[str, Any]:
        """Nothing is taken."""
        del context, segment, filters
        return {api.NETWORK_TYPE: self.get_type()}

    def allocate_tenant_segment(self, context: Any, filters: Any = None) -> dict[str, Any]:
        """Nothing is taken."""
        del context, filters
        return {api.NETWORK_TYPE: self.get_type()}

    def release_segment(self, context: Any, segment: Mapping[str, Any]) -> None:
        """Nothing was taken."""
