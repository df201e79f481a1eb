"""The limits of a project (alias ``quotas``), as observed of Neutron."""

from collections.abc import Iterable
from typing import Any

from neutron_lib.api import converters
from neutron_lib.db import constants as sizes


def limits_of(resources: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The attribute map of a project's limits.

    Args:
        resources: that have one.
    """
    return {
        resource: {
            "allow_post": False,
            "allow_put": True,
            "convert_to": converters.convert_to_int,
            "validate": {"type:range": [-1, sizes.DB_INTEGER_MAX_VALUE]},
            "is_visible": True,
        }
        for resource in resources
    }
