"""Agents, and what an agent says of itself.

`REPORT` is the body of ``PUT /v2.0/agents``: the fields of an agent's state as it travels over
Neutron's agent RPC (``report_state``).
"""

from typing import Any

from neutron_lib import constants
from neutron_lib.api import converters
from neutron_lib.api.definitions import agent

_AGENTS = agent.RESOURCE_ATTRIBUTE_MAP[agent.COLLECTION_NAME]

# neutron-lib's map names neither the type of ``alive``, by which agents are listed, nor an order.
AGENTS: dict[str, dict[str, Any]] = {
    agent.COLLECTION_NAME: {
        **_AGENTS,
        "alive": {**_AGENTS["alive"], "convert_to": converters.convert_to_boolean},
        "id": {**_AGENTS["id"], "is_sort_key": True},
    },
}

# What lists can be ordered by: what is kept of an agent, so not ``alive`` (observed).
_ORDERED = (
    "agent_type",
    "binary",
    "topic",
    "host",
    "admin_state_up",
    "created_at",
    "started_at",
    "heartbeat_timestamp",
    "description",
)
SORT_KEYS: dict[str, dict[str, Any]] = {
    agent.COLLECTION_NAME: {name: {**_AGENTS[name], "is_sort_key": True} for name in _ORDERED},
}

_REQUIRED = {"allow_post": True, "allow_put": True, "validate": {"type:not_empty_string": 255}}
_OPTIONAL = {"allow_post": True, "allow_put": True, "default": constants.ATTR_NOT_SPECIFIED}

REPORT: dict[str, Any] = {
    "agent_type": _REQUIRED,
    "binary": _REQUIRED,
    "host": _REQUIRED,
    "topic": _REQUIRED,
    "configurations": {**_OPTIONAL, "default": {}, "validate": {"type:dict": None}},
    "availability_zone": {**_OPTIONAL, "validate": {"type:string_or_none": 255}},
    "start_flag": {**_OPTIONAL, "convert_to": converters.convert_to_boolean},
    "resource_versions": {**_OPTIONAL, "validate": {"type:dict_or_none": None}},
}
