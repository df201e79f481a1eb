"""The form that resources have for agents where it is that of the API."""

from collections.abc import Mapping
from typing import Any


def as_told(resource: Mapping[str, Any]) -> dict[str, Any]:
    """An API dict as agents expect it: with the project under its old name, too."""
    return {**resource, "tenant_id": resource["project_id"]}
