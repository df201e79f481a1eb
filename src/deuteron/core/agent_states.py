"""What agents say of themselves, judged before anything is made of it.

Schedulers, mechanism drivers and what is told to other agents rely on some of the configurations.
What one agent says wrongly would be met there again and again, and harm others.
"""

import ipaddress
import json
from collections.abc import Mapping
from typing import Any

from deuteron.errors import InvalidInput

MAPPINGS = ("bridge_mappings", "interface_mappings", "device_mappings")
"""Configurations whose keys are physical networks."""

_TEXTS = ("agent_type", "binary", "host", "topic")
_LENGTH = 255
_TYPE_LENGTH = 64
# As JSON; whoever is told of anything has them read. Those of Neutron's agents have some hundred.
_LARGEST = 65_535
_OBJECTS = (*MAPPINGS, "ovs_capabilities", "resource_provider_bandwidths")
_LISTS = ("tunnel_types", "l2pop_network_types")
_TEXT_CONFIGURATIONS = (
    "agent_mode",
    "datapath_type",
    "integration_bridge",
    "router_id",
    "vhostuser_socket_dir",
)


def checked(state: Mapping[str, Any]) -> dict[str, Any]:
    """What an agent reported, complete and of the right types.

    Args:
        state: as agents report it: agent_type, binary, host, topic, configurations, and where they
            have them availability_zone, start_flag, resource_versions.

    Raises:
        InvalidInput: something is missing or of a wrong type.
    """
    for name in _TEXTS:
        longest = _TYPE_LENGTH if name == "agent_type" else _LENGTH
        value = state.get(name)
        if not isinstance(value, str) or not value or len(value) > longest:
            raise InvalidInput(
                error_message=f"{name} of an agent must be a text of 1 to {longest} characters"
            )
    zone = state.get("availability_zone")
    if zone is not None and (not isinstance(zone, str) or len(zone) > _LENGTH):
        raise InvalidInput(
            error_message=f"availability_zone must be a text of at most {_LENGTH} characters"
        )
    configurations = state.get("configurations") or {}
    versions = state.get("resource_versions") or {}
    if not isinstance(configurations, dict) or not isinstance(versions, dict):
        raise InvalidInput(
            error_message="configurations and resource_versions of an agent must be objects"
        )
    if len(json.dumps((configurations, versions))) > _LARGEST:
        raise InvalidInput(
            error_message="configurations and resource_versions of an agent must have"
            f" {_LARGEST} characters at most"
        )
    _check(configurations)
    return {
        **{name: state[name] for name in _TEXTS},
        "availability_zone": zone,
        "configurations": configurations,
        "resource_versions": versions or None,
        "start_flag": bool(state.get("start_flag")),
    }


def _check(configurations: Mapping[str, Any]) -> None:
    """The configurations that somebody relies on have their types, or are null."""
    for name in _OBJECTS:
        if not isinstance(configurations.get(name) or {}, dict):
            raise InvalidInput(error_message=f"configurations.{name} must be an object")
    capabilities = configurations.get("ovs_capabilities") or {}
    lists = {name: configurations.get(name) for name in _LISTS}
    lists["ovs_capabilities.iface_types"] = capabilities.get("iface_types")
    for name, value in lists.items():
        if not _is_list_of_texts(value or []):
            raise InvalidInput(error_message=f"configurations.{name} must be a list of texts")
    for name in _TEXT_CONFIGURATIONS:
        if not isinstance(configurations.get(name) or "", str):
            raise InvalidInput(error_message=f"configurations.{name} must be a text")
    _check_address(configurations.get("tunneling_ip"))


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _check_address(value: Any) -> None:
    """Where tunnels end is told to all other agents, which make tunnels to there."""
    try:
        if value and not isinstance(value, str):
            raise ValueError
        ipaddress.ip_address(value or "::")
    except ValueError:
        raise InvalidInput(
            error_message="configurations.tunneling_ip must be an IP address"
        ) from None
