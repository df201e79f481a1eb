"""List, show, create, update and delete, the same for every noun of the API.

    create   document -> bodies -> attributes.create -> policy -> noun.create -> shown -> 201
    update   document -> body   -> attributes.update -> policy -> noun.update -> shown -> 200
    delete                                              policy -> noun.delete          -> 204
    list     query string -> Query                   -> noun.list_ -> policy  -> shown -> 200, links
    show     query string -> fields                  -> noun.get   -> policy  -> shown -> 200

A noun is a `Resource`: names, and the functions of the core that act. `Noun` adds what was
compiled for it. The ids of the path come first among what a verb is told: none for a list, one
for a thing, two for a thing below another. Bodies, statuses and refusals as observed of Neutron.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import falcon

from deuteron.api import links
from deuteron.api.attributes import PROJECT, TENANT, Attributes, Body
from deuteron.api.call import Answer, Call
from deuteron.api.query import QueryRules, parse
from deuteron.errors import BadRequest, HTTPBadRequest
from deuteron.surface import Resource, Row

_REVISION = "revision_number="
# An entity tag in quotes; a weak one (W/"...") never matches (RFC 9110, 13.1.1).
_ENTITY_TAG = re.compile(r'(W/)?"([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """A resource with what was compiled for it.

    Args:
        resource: names and verbs.
        attributes: what bodies may say and answers show.
        rules: what query strings may ask.
        parts: attribute -> attributes of the resources that it lists.
        related: name -> attributes of the noun of which things belong to it.
        link_prefix: what links begin with, None for the request's host.
        bulk: many may be created by one request.
    """

    resource: Resource
    attributes: Attributes
    rules: QueryRules
    parts: Mapping[str, Attributes]
    related: Mapping[str, Attributes]
    link_prefix: str | None = None
    bulk: bool = True


def list_(noun: Noun, call: Call, *ids: str) -> Answer:
    """``GET /v2.0/things``."""
    assert noun.resource.list_ is not None
    asked = parse(noun.rules, call.request.query_string)
    d, ctx, policy = call.deployment, call.context, call.policy
    query = policy.query(noun, ctx, asked.query)
    rows = [] if query is None else noun.resource.list_(d, ctx, *ids, query)
    collection = noun.resource.collection
    body: dict[str, Any] = {}
    if asked.query.limit and noun.resource.paged:
        keys = [row[noun.rules.key] for row in rows]
        pages = links.of_pages(call.request, asked, keys, noun.link_prefix)
        if pages:
            body[f"{collection}_links"] = pages
    body[collection] = shown(noun, policy.seen(noun, d, ctx, ids, rows), asked.fields)
    return Answer(200, body)


def show(noun: Noun, call: Call, *ids: str) -> Answer:
    """``GET /v2.0/things/{id}``."""
    assert noun.resource.get is not None
    asked = parse(noun.rules, call.request.query_string)
    d, ctx, policy = call.deployment, call.context, call.policy
    policy.require_readable(noun, ctx)
    question = _question(noun, asked.fields)
    find = question or noun.resource.get
    row = policy.require_seen(noun, d, ctx, ids, find(d, ctx, *ids))
    return Answer(200, _one(noun, shown(noun, [row], None if question else asked.fields)[0]))


def _question(noun: Noun, fields: Sequence[str] | None) -> Callable[..., Row] | None:
    """What is asked in the place of a thing, by a word among the fields."""
    if not noun.resource.questions or not fields:
        return None
    return next((ask for word, ask in noun.resource.questions.items() if word in fields), None)


def create(noun: Noun, call: Call, *ids: str) -> Answer:
    """``POST /v2.0/things``: one under the singular, many under the plural."""
    assert noun.resource.create is not None
    given, many = bodies(noun, call.document())
    d, ctx, policy = call.deployment, call.context, call.policy
    checked = [noun.attributes.create(body, ctx) for body in given]
    for body in checked:
        policy.may_create(noun, d, ctx, ids, body)
    rows = noun.resource.create(d, ctx, *ids, checked)
    made = shown(noun, policy.without_hidden(noun, d, ctx, ids, rows))
    if many:
        return Answer(201, {noun.resource.collection: made})
    return Answer(201, _one(noun, made[0]))


def update(noun: Noun, call: Call, *ids: str) -> Answer:
    """``PUT /v2.0/things/{id}``, perhaps with ``If-Match: revision_number=N``."""
    assert noun.resource.update is not None
    document = call.document()
    if _names_many(noun, document):
        raise HTTPBadRequest(msg="Only one at a time can be updated")
    given = body(_name_in(noun, document), document)
    d, ctx, policy = call.deployment, call.context, call.policy
    changes = noun.attributes.update(given, ctx)
    policy.may_change(noun, d, ctx, ids, changes)
    row = noun.resource.update(d, ctx, *ids, changes, **_condition(call.request))
    rows = policy.without_hidden(noun, d, ctx, ids, [row])
    return Answer(200, _one(noun, shown(noun, rows)[0]))


def delete(noun: Noun, call: Call, *ids: str) -> Answer:
    """``DELETE /v2.0/things/{id}``, perhaps with ``If-Match: revision_number=N``."""
    assert noun.resource.delete is not None
    if call.raw:
        raise HTTPBadRequest(msg="A DELETE request has no body")
    d, ctx = call.deployment, call.context
    call.policy.may_delete(noun, d, ctx, ids)
    noun.resource.delete(d, ctx, *ids, **_condition(call.request))
    return Answer(204)


def act(noun: Noun, action: str, call: Call, *ids: str) -> Answer:
    """``PUT /v2.0/things/{id}/{action}``; the core checks and answers documents as they are."""
    verb = noun.resource.actions[action]
    d, ctx = call.deployment, call.context
    call.policy.may_act(noun, d, ctx, ids, action)
    return Answer(200, verb(d, ctx, *ids, call.document()))


def edit(noun: Noun, name: str, call: Call, *ids: str) -> Answer:
    """``PUT /v2.0/things/{id}/{name}``; the core checks documents, the thing is answered."""
    d, ctx, policy = call.deployment, call.context, call.policy
    document = call.document()
    said = document.get(noun.resource.name) if isinstance(document, dict) else None
    policy.may_act(noun, d, ctx, ids, name, said)
    row = noun.resource.edits[name](d, ctx, *ids, document)
    rows = policy.without_hidden(noun, d, ctx, ids, [row])
    return Answer(200, _one(noun, shown(noun, rows)[0]))


def view(noun: Noun, name: str, call: Call, *ids: str) -> Answer:
    """``GET /v2.0/things/{id}/{name}``; the core answers documents as they are."""
    return Answer(200, noun.resource.views[name](call.deployment, call.context, *ids))


def list_related(noun: Noun, name: str, call: Call, *ids: str) -> Answer:
    """``GET /v2.0/things/{id}/{name}``: what of another noun belongs to it, whole."""
    related = noun.resource.related[name]
    d, ctx = call.deployment, call.context
    call.policy.require(d, ctx, related.rule)
    rows = related.list_(d, ctx, *ids)
    _complete(noun.related[name], rows)
    return Answer(200, {related.collection: rows})


def add_related(noun: Noun, name: str, call: Call, *ids: str) -> Answer:
    """``POST /v2.0/things/{id}/{name}``; the body is an object with the id of the other."""
    related = noun.resource.related[name]
    assert related.add is not None
    d, ctx = call.deployment, call.context
    call.policy.require(d, ctx, related.add_rule)
    document = call.document()
    other = document.get(related.key) if isinstance(document, dict) else None
    if not isinstance(other, str):
        raise HTTPBadRequest(msg=f"The body is not an object with a text '{related.key}'")
    related.add(d, ctx, *ids, other)
    return Answer(201, None)


def remove_related(noun: Noun, name: str, call: Call, *ids: str) -> Answer:
    """``DELETE /v2.0/things/{id}/{name}/{id of the other}``."""
    related = noun.resource.related[name]
    assert related.remove is not None
    d, ctx = call.deployment, call.context
    call.policy.require(d, ctx, related.remove_rule)
    related.remove(d, ctx, *ids)
    return Answer(204)


def body(name: str, document: Any) -> Body:
    """The object that a document has under a name.

    Args:
        name: singular.
        document: the parsed body, None where there is none.

    Raises:
        HTTPBadRequest: the document, or what it has there, is no object.
    """
    if document is not None and not isinstance(document, dict):
        raise HTTPBadRequest(msg="The body is not a JSON object")
    given = None if document is None else document.get(name)
    if given is None:
        raise HTTPBadRequest(msg=f"The body has no '{name}'")
    if not isinstance(given, dict):
        raise HTTPBadRequest(msg=f"'{name}' is not an object")
    return given


def bodies(noun: Noun, document: Any) -> tuple[Sequence[Body], bool]:
    """The objects that a document wants to be created, and whether it wants many.

    Items of a list may be wrapped under the singular once more.

    Args:
        noun: with its two names.
        document: the parsed body, None where there is none.

    Raises:
        HTTPBadRequest: neither name is there, an item is no object, or many are not allowed.
    """
    name, collection = _name_in(noun, document), noun.resource.collection
    if not _names_many(noun, document):
        return [body(name, document)], False
    if not noun.bulk:
        raise HTTPBadRequest(msg="Bulk operation not supported")
    items = document[collection]
    if not items:
        raise HTTPBadRequest(msg=f"'{collection}' is empty")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise HTTPBadRequest(msg=f"'{collection}' is not a list of objects")
    return [body(name, item if name in item else {name: item}) for item in items], True


def _name_in(noun: Noun, document: Any) -> str:
    """The name of one that a document has."""
    other = noun.resource.other_name
    return (
        other if other and isinstance(document, dict) and other in document else noun.resource.name
    )


def _one(noun: Noun, row: Row) -> dict[str, Row]:
    """The document of one."""
    other = noun.resource.other_name
    return {noun.resource.name: row, other: row} if other else {noun.resource.name: row}


def _names_many(noun: Noun, document: Any) -> bool:
    """A noun whose plural is its singular is always one."""
    plural = noun.resource.collection
    return isinstance(document, dict) and plural in document and plural != noun.resource.name


def shown(noun: Noun, rows: list[Row], fields: Sequence[str] | None = None) -> list[Row]:
    """Rows of the core as answers show them: without what is not visible, the project twice.

    Args:
        noun: whose rows.
        rows: API dicts, changed in place; rows of one answer have the same hidden names.
        fields: names to cut them down to, None for all.
    """
    for name, attributes in noun.parts.items():
        for row in rows:
            _complete(attributes, row.get(name, []))
    _complete(noun.attributes, rows)
    if fields is None or not rows or rows[0].keys() == set(fields):
        return rows
    return [{name: row[name] for name in fields if name in row} for row in rows]


def _complete(attributes: Attributes, rows: Sequence[Row]) -> None:
    if not rows:
        return
    hidden = [name for name in rows[0] if name not in attributes.visible]
    for row in rows:
        for name in hidden:
            row.pop(name, None)
        if attributes.shows_tenant and PROJECT in row:
            row[TENANT] = row[PROJECT]


def _condition(request: falcon.Request) -> dict[str, int]:
    """``if_revision`` from the If-Match header; nothing where it names no revision.

    Raises:
        BadRequest: a revision that is no number, or several.
    """
    header = request.env.get("HTTP_IF_MATCH")
    if not header:
        return {}
    quoted = _ENTITY_TAG.findall(header)
    tags = [tag for weak, tag in quoted if not weak] if quoted else [header.strip()]
    revisions = [tag.removeprefix(_REVISION) for tag in tags if tag.startswith(_REVISION)]
    if not revisions:
        return {}
    if len(revisions) > 1:
        raise BadRequest(resource="if-match", msg="it names several revisions")
    text = revisions[0]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadRequest(resource="if-match", msg="it must be revision_number=NUMBER")
    return {"if_revision": int(text)}
