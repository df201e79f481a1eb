"""Who has sent a message, by what agents say of themselves in it; for the log."""

from typing import Any

_LONGEST = 200
_NAMING = ("host", "agent_id", "agent_type")


def sender_of(arguments: Any, reply_queue: Any) -> str:
    """The sender, as lines of the log begin.

    Args:
        arguments: of the message, whatever they are.
        reply_queue: where it waits for the answer, None where it does not.
    """
    named = arguments if isinstance(arguments, dict) else {}
    state = named.get("agent_state")
    if isinstance(state, dict):
        inner = state.get("agent_state", state)
        named = inner if isinstance(inner, dict) else named
    words = [f"{name}={shown(named[name])}" for name in _NAMING if named.get(name)]
    if reply_queue:
        words.append(f"reply_queue={shown(reply_queue)}")
    return f"Message of {' '.join(words) or 'an unknown sender'}"


def shown(value: Any) -> str:
    """What an agent sent, as it may stand in the log: not too long, nothing that is not seen."""
    text = str(value)[:_LONGEST]
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
