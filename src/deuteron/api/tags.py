"""Tags of a resource: ``/v2.0/{collection}/{id}/tags`` and ``.../tags/{tag}``.

Statuses as observed of Neutron: 200 for lists, 204 for a tag that is there, 201 with ``null`` for
one that was put.
"""

from deuteron.api.call import Answer, Call
from deuteron.api.resources import Noun
from deuteron.core import tags


def list_(noun: Noun, call: Call, resource_id: str) -> Answer:
    """``GET .../tags``."""
    _judge(noun, call, "get", resource_id)
    return Answer(
        200, tags.list_(call.deployment, call.context, noun.resource.collection, resource_id)
    )


def add(noun: Noun, call: Call, resource_id: str) -> Answer:
    """``POST .../tags``: these besides those that are there (``tag-creation``)."""
    _judge(noun, call, "create", resource_id)
    return Answer(
        200,
        tags.add(
            call.deployment, call.context, noun.resource.collection, resource_id, call.document()
        ),
    )


def replace(noun: Noun, call: Call, resource_id: str) -> Answer:
    """``PUT .../tags``: exactly these."""
    _judge(noun, call, "update", resource_id)
    document = call.document()
    return Answer(
        200,
        tags.replace(
            call.deployment, call.context, noun.resource.collection, resource_id, document
        ),
    )


def clear(noun: Noun, call: Call, resource_id: str) -> Answer:
    """``DELETE .../tags``."""
    _judge(noun, call, "delete", resource_id)
    tags.clear(call.deployment, call.context, noun.resource.collection, resource_id)
    return Answer(204)


def show(noun: Noun, call: Call, resource_id: str, tag: str) -> Answer:
    """``GET .../tags/{tag}``: is it there?"""
    _judge(noun, call, "get", resource_id)
    tags.require(call.deployment, call.context, noun.resource.collection, resource_id, tag)
    return Answer(204)


def put(noun: Noun, call: Call, resource_id: str, tag: str) -> Answer:
    """``PUT .../tags/{tag}``."""
    _judge(noun, call, "update", resource_id)
    tags.put(call.deployment, call.context, noun.resource.collection, resource_id, tag)
    return Answer(201, None)


def remove(noun: Noun, call: Call, resource_id: str, tag: str) -> Answer:
    """``DELETE .../tags/{tag}``."""
    _judge(noun, call, "delete", resource_id)
    tags.remove(call.deployment, call.context, noun.resource.collection, resource_id, tag)
    return Answer(204)


def _judge(noun: Noun, call: Call, verb: str, resource_id: str) -> None:
    """May the caller do this to the tags? The rules are those of the attribute ``tags``."""
    name = noun.resource.name
    rule = f"{verb}_segments_tags" if name == "segment" else f"{verb}_{name}:tags"
    call.policy.may_act(noun, call.deployment, call.context, (resource_id,), rule)
