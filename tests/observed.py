"""Messages between Neutron 29 and 25 and their stock agents, as they were seen on the wire.

One line of ``observed.jsonl`` is one message: the largest one of each kind and object version.
"""

import json
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("observed.jsonl")


def messages() -> list[dict[str, Any]]:
    """All of them."""
    return [json.loads(line) for line in _FILE.read_text().splitlines()]


def calls(method: str) -> list[dict[str, Any]]:
    """Calls and casts of a method, to whomever."""
    return [one for one in messages() if one.get("method") == method]


def answers(method: str) -> list[Any]:
    """What Neutron answered to calls of a method."""
    return [one["result"] for one in messages() if one.get("to") == method]
