"""What agents report of themselves, and what they ask about each other.

A report says what an agent is and does; the answer says whether it was known, and so whether it
has to fetch everything anew. Its time is the agent's own: whether an agent is alive is judged by
our clock, so an agent whose clock is wrong is not taken for dead.
"""

import time as clocks
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from deuteron.core import agents
from deuteron.core.deployment import Deployment
from deuteron.errors import DatabaseUnavailable, InvalidInput
from deuteron.query import Query
from deuteron.rpc import arguments
from deuteron.rpc.endpoint import Call, Endpoint
from deuteron.rpc.filters import values
from deuteron.rpc.intake import Intake, Verdict

# Differs in each report, to find it in the log of the agent.
_OF_ONE_REPORT = "uuid"
_FILTERS = frozenset({"id", "agent_type", "host", "binary", "topic", "admin_state_up"})


def endpoint() -> Endpoint:
    """The methods, with a memory of their own of who reported."""
    intake = Intake(monotonic=clocks.monotonic, now=lambda: datetime.now(UTC))
    return Endpoint(
        version="1.4",
        methods={
            "report_state": partial(report_state, intake),
            "has_alive_neutron_server": has_alive_neutron_server,
            "get_agents": get_agents,
            "delete_agent": delete_agent,
        },
    )


def report_state(intake: Intake, d: Deployment, call: Call, *, agent_state: Any, time: Any) -> str:
    """Keep what an agent reports.

    Args:
        intake: judges whether it has to be written.
        d: the deployment.
        call: the message.
        agent_state: what it reports, inside of another ``agent_state``.
        time: by the agent's clock.

    Returns:
        ``new``, ``alive`` or ``revived``.

    Raises:
        InvalidInput: something is missing or of a wrong type.
    """
    outer = arguments.mapping("agent_state", agent_state)
    inner = arguments.mapping("agent_state.agent_state", outer.get("agent_state"))
    state = {name: value for name, value in inner.items() if name != _OF_ONE_REPORT}
    verdict = intake.judge(state, sender=call.sender, reply_queue=call.reply_queue)
    if verdict is Verdict.KNOWN:
        return agents.ALIVE
    try:
        intake.compare_clocks(state, arguments.text("time", time), sender=call.sender)
    except ValueError:
        raise InvalidInput(error_message="time must be a time in ISO 8601") from None
    status = agents.report(d, call.ctx, state)
    intake.written(state)
    return status


def has_alive_neutron_server(d: Deployment, _call: Call, **_others: Any) -> bool:
    """Whether messages are answered, which is the answer, and the database can be reached."""
    try:
        d.database.ping()
    except DatabaseUnavailable:
        return False
    return True


def get_agents(d: Deployment, call: Call, **filters: Any) -> list[dict[str, Any]]:
    """The agents that have these attributes.

    Args:
        d: the deployment.
        call: the message.
        filters: attribute -> value or list of values; ``is_active`` means alive.

    Raises:
        InvalidInput: an attribute is unknown, or a value is of a wrong type.
    """
    wanted: dict[str, tuple[Any, ...]] = {}
    for name, value in filters.items():
        column = "alive" if name == "is_active" else name
        if column not in {"alive", *_FILTERS}:
            raise InvalidInput(error_message=f"agents are not found by {name}")
        wanted[column] = values(column, value)
    return agents.list_(d, call.ctx, Query(filters=wanted))


def delete_agent(d: Deployment, call: Call, *, host: Any, agent_type: Any) -> None:
    """Forget the agent of a type on a host, if there is one."""
    query: Mapping[str, tuple[str, ...]] = {
        "host": (arguments.text("host", host),),
        "agent_type": (arguments.text("agent_type", agent_type),),
    }
    for agent in agents.list_(d, call.ctx, Query(filters=query)):
        agents.delete(d, call.ctx, agent["id"])
