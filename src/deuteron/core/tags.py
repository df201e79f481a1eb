"""Tags of any resource that can have them (aliases ``standard-attr-tag``, ``tag-creation``).

    read tags and owner (one statement) -> what is new, what goes -> write -> revision, journal

A tag is a text of at most 255 characters; a resource has at most 50, each once. A request that
changes nothing leaves the resource's revision alone. Source: API reference, "Tags".
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.db import revisions
from deuteron.db import tags as rows
from deuteron.errors import BadRequest, InvalidInput, TagNotFound, TagResourceNotFound

MAX_LENGTH = 255
MAX_COUNT = 50

_SINGULAR: Mapping[str, str] = {
    "networks": "network",
    "network_segment_ranges": "network_segment_range",
    "policies": "qos_policy",
    "ports": "port",
    "floatingips": "floatingip",
    "security_groups": "security_group",
    "subnetpools": "subnetpool",
    "subnets": "subnet",
    "routers": "router",
    "trunks": "trunk",
}
TAGGABLE: tuple[str, ...] = tuple(_SINGULAR)
"""Collections whose resources have tags."""


def list_(
    d: Deployment, ctx: RequestContext, collection: str, resource_id: str
) -> dict[str, list[str]]:
    """The tags of a resource, as ``{"tags": [...]}``, in order.

    Args:
        collection: one of `TAGGABLE`.
        resource_id: of the resource.

    Raises:
        TagResourceNotFound: there is no such resource.
    """
    with d.database.read() as conn:
        found = rows.of_resource(conn, collection, resource_id, ctx.scope)
    if found is None:
        raise TagResourceNotFound(resource=collection, resource_id=resource_id)
    return {"tags": found[1]}


def require(
    d: Deployment, ctx: RequestContext, collection: str, resource_id: str, tag: str
) -> None:
    """Refuse if the resource has no such tag.

    Raises:
        TagNotFound: it has not.
        TagResourceNotFound: there is no such resource.
        InvalidInput: no tag can be like this.
    """
    _require_tag(tag)
    if tag not in list_(d, ctx, collection, resource_id)["tags"]:
        raise TagNotFound(tag=tag)


def add(
    d: Deployment, ctx: RequestContext, collection: str, resource_id: str, body: object
) -> dict[str, list[str]]:
    """Give a resource these tags besides those it has.

    Args:
        body: ``{"tags": [...]}`` as it came.

    Returns:
        The tags of the request.

    Raises:
        InvalidInput: the body is not a list of different tags.
        BadRequest: the resource would have too many.
        TagResourceNotFound: there is no such resource.
    """
    wanted = tags_in(body)
    _change(d, ctx, collection, resource_id, new=wanted)
    return {"tags": wanted}


def replace(
    d: Deployment, ctx: RequestContext, collection: str, resource_id: str, body: object
) -> dict[str, list[str]]:
    """Give a resource exactly these tags.

    Args, Returns, Raises: as `add`.
    """
    wanted = tags_in(body)
    _change(d, ctx, collection, resource_id, new=wanted, keep=wanted)
    return {"tags": wanted}


def clear(d: Deployment, ctx: RequestContext, collection: str, resource_id: str) -> None:
    """Take all tags from a resource.

    Raises:
        TagResourceNotFound: there is no such resource.
    """
    _change(d, ctx, collection, resource_id, keep=())


def put(d: Deployment, ctx: RequestContext, collection: str, resource_id: str, tag: str) -> None:
    """Give a resource this tag, if it has it not already.

    Raises:
        InvalidInput: no tag can be like this.
        BadRequest: the resource would have too many.
        TagResourceNotFound: there is no such resource.
    """
    _require_tag(tag)
    _change(d, ctx, collection, resource_id, new=(tag,))


def remove(d: Deployment, ctx: RequestContext, collection: str, resource_id: str, tag: str) -> None:
    """Take this tag from a resource.

    Raises:
        InvalidInput: no tag can be like this.
        TagNotFound: the resource has it not.
        TagResourceNotFound: there is no such resource.
    """
    _require_tag(tag)
    _change(d, ctx, collection, resource_id, without=tag)


def _change(
    d: Deployment,
    ctx: RequestContext,
    collection: str,
    resource_id: str,
    *,
    new: Iterable[str] = (),
    keep: Collection[str] | None = None,
    without: str | None = None,
) -> None:
    """Change the tags of one resource.

    Args:
        new: tags it will have.
        keep: of those it has, only these stay; None for all.
        without: a tag that it must have and that goes.
    """
    with d.database.transaction(ctx) as tx:
        found = rows.of_resource(tx, collection, resource_id, ctx.scope)
        if found is None:
            raise TagResourceNotFound(resource=collection, resource_id=resource_id)
        project_id, present = found
        if without is not None and without not in present:
            raise TagNotFound(tag=without)
        gone = {tag for tag in present if (keep is not None and tag not in keep) or tag == without}
        added = sorted(set(new) - set(present))
        if len(present) - len(gone) + len(added) > MAX_COUNT:
            raise BadRequest(
                resource=collection, msg=f"a resource can have {MAX_COUNT} tags at most"
            )
        if not gone and not added:
            return
        rows.remove(tx, resource_id, gone)
        rows.insert(tx, {resource_id: added})
        revisions.bump(tx, collection, [resource_id], d.clock())
        tx.journal(_SINGULAR[collection], resource_id, "update", project_id)


def tags_in(body: object) -> list[str]:
    """The tags of a request's body, checked.

    Args:
        body: JSON as it came.

    Raises:
        InvalidInput: not ``{"tags": [...]}`` with different tags.
        BadRequest: more than a resource can have.
    """
    if not isinstance(body, dict) or "tags" not in body:
        raise InvalidInput(error_message="the body must be {'tags': [...]}")
    wanted: Any = body["tags"]
    if not isinstance(wanted, list):
        raise InvalidInput(error_message=f"'{wanted}' is not a list")
    for tag in wanted:
        _require_tag(tag)
    if len(set(wanted)) < len(wanted):
        raise InvalidInput(error_message="the list has a tag twice")
    return wanted


def _require_tag(tag: object) -> None:
    if not isinstance(tag, str):
        raise InvalidInput(error_message=f"'{tag}' is not a text")
    if len(tag) > MAX_LENGTH:
        raise InvalidInput(error_message=f"'{tag}' is longer than {MAX_LENGTH} characters")
