"""``PUT /v2.0/agents``: an agent says that it is there and what it can do.

    {"agent": {"agent_type": "Open vSwitch agent", "binary": "neutron-openvswitch-agent",
               "host": "compute-1", "topic": "N/A", "configurations": {...}}}

The fields are those of an agent's state on Neutron's agent RPC; `definitions.agents` has them all.
201 if the agent was unknown, 200 else, with what became of it: ``new``, ``alive`` or ``revived``.
"""

from deuteron.api import attributes
from deuteron.api.call import Answer, Call
from deuteron.api.definitions.agents import REPORT
from deuteron.api.resources import body
from deuteron.core import agents

_REPORT = attributes.compiled(REPORT)


def report(call: Call) -> Answer:
    """Take note of an agent's report."""
    call.policy.require(call.deployment, call.context, "create_agent")
    state = _REPORT.create(body("agent", call.document()), call.context)
    status = agents.report(call.deployment, call.context, state)
    answer = {"agent_type": state["agent_type"], "host": state["host"], "status": status}
    return Answer(201 if status == agents.NEW else 200, {"agent": answer})
