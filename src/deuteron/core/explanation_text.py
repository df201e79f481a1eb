"""A binding explanation as text for people; apart, so that a command need not load the service."""

from collections.abc import Mapping
from typing import Any

Attempt = Mapping[str, Any]


def as_text(explanation: Mapping[str, Any]) -> str:
    """The explanation as lines for a terminal.

    Args:
        explanation: as the API shows it.
    """
    lines = [_headline(explanation)]
    if not explanation["attempts"]:
        lines.append("Nobody has tried to bind it yet.")
    for attempt in explanation["attempts"]:
        lines += ["", *_attempt_lines(attempt)]
    return "\n".join(lines)


def _headline(explanation: Mapping[str, Any]) -> str:
    port_id, host = explanation.get("port_id"), explanation["host"]
    if port_id is None:
        return f"A port of network {explanation['network_id']} on host {host}:"
    where = f"on host {host}" if host else "without a host"
    return f"Port {port_id} {where}: {explanation['vif_type']}"


def _attempt_lines(attempt: Attempt) -> list[str]:
    result = f"bound as {attempt['vif_type']}"
    if attempt["outcome"] == "failed":
        result = f"failed ({attempt['reason']})" if attempt["reason"] else "failed"
    lines = [f"{attempt['at']}  host {attempt['host']}, vnic_type {attempt['vnic_type']}: {result}"]
    for step in attempt["steps"]:
        who = step["driver"] or "-"
        indent = "  " * (step["level"] + 1)
        code = f" ({step['reason']})" if step["reason"] else ""
        lines.append(f"{indent}{who}, {_segment_words(step['segment'])}: {step['outcome']}{code}")
        lines.append(f"{indent}    {step['sentence']}")
        if step["hint"]:
            lines.append(f"{indent}    Hint: {step['hint']}")
    return lines


def _segment_words(segment: Mapping[str, Any] | None) -> str:
    if segment is None:
        return "all segments"
    if segment["network_type"] is None:
        return f"segment {segment['id']}"
    words = [str(segment["network_type"])]
    if segment["segmentation_id"] is not None:
        words.append(str(segment["segmentation_id"]))
    if segment["physical_network"] is not None:
        words.append(f"on {segment['physical_network']}")
    return " ".join(words)
