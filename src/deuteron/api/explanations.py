"""Why a port is bound as it is, and how one would be.

    GET  /v2.0/ports/{id}/binding-explanation    the last attempts to bind a port
    POST /v2.0/binding-explanations              an attempt that nothing comes of
         {"binding_explanation": {"network_id": ID, "host": "compute-1",
                                  "vnic_type": "normal", "profile": {}}}

Both answer ``{"binding_explanation": {...}}``; the reason codes are in docs/binding-reasons.md.
"""

from deuteron.api import attributes
from deuteron.api.call import Answer, Call
from deuteron.api.definitions.explanations import QUESTION
from deuteron.api.resources import body
from deuteron.core import binding, explanations

NAME = "binding_explanation"

_QUESTION = attributes.compiled(QUESTION)


def show(call: Call, port_id: str) -> Answer:
    """The explanation of a port."""
    call.policy.require(call.deployment, call.context, "get_binding_explanation")
    return Answer(200, {NAME: explanations.get(call.deployment, call.context, port_id)})


def create(call: Call) -> Answer:
    """The explanation of a port that is not there; nothing is written."""
    call.policy.require(call.deployment, call.context, "create_binding_explanation")
    question = _QUESTION.create(body(NAME, call.document()), call.context)
    return Answer(200, {NAME: binding.explain(call.deployment, call.context, question)})
