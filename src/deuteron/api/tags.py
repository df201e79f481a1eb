"""Tags of a resource: ``/v2.0/{collection}/{id}/tags`` and ``.../tags/{tag}``.

Statuses as observed of Neutron: 200 for lists, 204 for a tag that is there, 201 with ``null`` for
one that was put.
"""

from deuteron.api.call import Answer, Call
from deuteron.core import tags


def list_(collection: str, call: Call, resource_id: str) -> Answer:
    """``GET .../tags``."""
    return Answer(200, tags.list_(call.deployment, call.context, collection, resource_id))


def add(collection: str, call: Call, resource_id: str) -> Answer:
    """``POST .../tags``: these besides those that are there (``tag-creation``)."""
    return Answer(
        200, tags.add(call.deployment, call.context, collection, resource_id, call.document())
    )


def replace(collection: str, call: Call, resource_id: str) -> Answer:
    """``PUT .../tags``: exactly these."""
    document = call.document()
    return Answer(
        200, tags.replace(call.deployment, call.context, collection, resource_id, document)
    )


def clear(collection: str, call: Call, resource_id: str) -> Answer:
    """``DELETE .../tags``."""
    tags.clear(call.deployment, call.context, collection, resource_id)
    return Answer(204)


def show(collection: str, call: Call, resource_id: str, tag: str) -> Answer:
    """``GET .../tags/{tag}``: is it there?"""
    tags.require(call.deployment, call.context, collection, resource_id, tag)
    return Answer(204)


def put(collection: str, call: Call, resource_id: str, tag: str) -> Answer:
    """``PUT .../tags/{tag}``."""
    tags.put(call.deployment, call.context, collection, resource_id, tag)
    return Answer(201, None)


def remove(collection: str, call: Call, resource_id: str, tag: str) -> Answer:
    """``DELETE .../tags/{tag}``."""
    tags.remove(call.deployment, call.context, collection, resource_id, tag)
    return Answer(204)
