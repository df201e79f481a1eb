"""Times of agents: as their API shows them, and since when one must have reported to be alive."""

from datetime import UTC, datetime, timedelta

from deuteron.core.deployment import Deployment


def agent_time(iso: str) -> str:
    """A time as the agents' API shows it.

    Args:
        iso: ``2014-06-04T12:00:00Z``.

    Returns:
        ``2014-06-04 12:00:00``.
    """
    return f"{iso[:10]} {iso[11:19]}"


def alive_since(d: Deployment) -> str:
    """An agent that reported at or after this time is alive; in the agents' form.

    Args:
        d: has the clock, and ``agent_down_time`` in seconds.
    """
    now = datetime.fromisoformat(d.clock()).astimezone(UTC)
    since = now - timedelta(seconds=d.settings.agent_down_time)
    return since.strftime("%Y-%m-%d %H:%M:%S")
