"""Every path that is answered, by which function: one table.

    /                                         versions.versions
    /healthcheck                              operations.health
    /metrics                                  operations.show_metrics
    /v2.0                                     versions.resources
    /v2.0/extensions                          versions.list_extensions
    /v2.0/extensions/{alias}                  versions.show_extension
    /v2.0/<things>                            resources.list_, create
    /v2.0/<things>/{id}                       resources.show, update, delete
    /v2.0/<things>/{id}/<action>              resources.act, view
    /v2.0/<things>/{id}/<others>              resources.list_related, add_related
    /v2.0/<things>/{id}/<others>/{of_it}      resources.remove_related
    /v2.0/<things>/{id}/tags                  tags.list_, add, replace, clear
    /v2.0/<things>/{id}/tags/{tag}            tags.show, put, remove
    and what nouns.SPECIAL names

The things are the resources of `deuteron.api.nouns`. Handlers below ``/v2.0`` take a `Call` and the
variable parts of the path, and are authenticated; the others are falcon responders.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from deuteron.api import operations, resources, tags, versions
from deuteron.api.call import Handler, Responder
from deuteron.api.operations import Known
from deuteron.api.resources import Noun
from deuteron.surface import Extension

if TYPE_CHECKING:
    from deuteron.core.deployment import Deployment

Methods = dict[str, Handler]


def open_to_all(
    deployment: "Deployment",
    *,
    link_prefix: str | None,
    known: Known,
) -> Mapping[str, Mapping[str, Responder]]:
    """Path -> method -> responder of what anybody may ask.

    Args:
        deployment: whose health and metrics are shown.
        link_prefix: what links begin with, None for the request's host.
        known: what the database knows for the metrics.
    """
    return {
        "/": {"GET": partial(versions.versions, link_prefix)},
        "/healthcheck": {"GET": partial(operations.health, deployment)},
        "/metrics": {"GET": partial(operations.show_metrics, deployment, known)},
    }


def authenticated(
    nouns: Iterable[Noun],
    special: Mapping[str, Mapping[str, Handler]],
    extensions: Iterable[Extension],
    *,
    link_prefix: str | None,
) -> Mapping[str, Methods]:
    """Path -> method -> handler of everything else.

    Args:
        nouns: the resources.
        special: path below ``/v2.0/`` -> method -> handler of what is no verb of a resource.
        extensions: those that are enabled.
        link_prefix: what links begin with, None for the request's host.
    """
    table: dict[str, Methods] = {
        "/v2.0": {"GET": partial(versions.resources, link_prefix)},
        "/v2.0/extensions": {"GET": partial(versions.list_extensions, extensions)},
        "/v2.0/extensions/{alias}": {"GET": partial(versions.show_extension, extensions)},
    }
    for noun in nouns:
        for path in noun.resource.paths:
            table.update(_of_resource(noun, f"/v2.0/{path}"))
    for path, methods in special.items():
        table.setdefault(f"/v2.0/{path}", {}).update(methods)
    return table


def _of_resource(noun: Noun, path: str) -> dict[str, Methods]:
    key = noun.resource.key
    one = f"{path}/{{{key}}}" if f"{{{key}}}" not in path else f"{path}/{{of_it}}"
    verbs = noun.resource
    table: dict[str, Methods] = {
        path: {
            **({"GET": partial(resources.list_, noun)} if verbs.list_ else {}),
            **({"POST": partial(resources.create, noun)} if verbs.create else {}),
        },
        one: {
            **({"GET": partial(resources.show, noun)} if verbs.get else {}),
            **({"PUT": partial(resources.update, noun)} if verbs.update else {}),
            **({"DELETE": partial(resources.delete, noun)} if verbs.delete else {}),
        },
    }
    for action in verbs.actions:
        table[f"{one}/{action}"] = {"PUT": partial(resources.act, noun, action)}
    for name in verbs.edits:
        table[f"{one}/{name}"] = {"PUT": partial(resources.edit, noun, name)}
    for name in verbs.views:
        table.setdefault(f"{one}/{name}", {})["GET"] = partial(resources.view, noun, name)
    for name, related in verbs.related.items():
        table[f"{one}/{name}"] = {
            "GET": partial(resources.list_related, noun, name),
            **({"POST": partial(resources.add_related, noun, name)} if related.add else {}),
        }
        if related.remove:
            table[f"{one}/{name}/{{of_it}}"] = {
                "DELETE": partial(resources.remove_related, noun, name)
            }
    if verbs.tagged:
        for below in dict.fromkeys((one, f"/v2.0/{verbs.collection}/{{{key}}}")):
            table.update(_of_tags(noun, below))
    return {below: methods for below, methods in table.items() if methods}


def _of_tags(noun: Noun, one: str) -> dict[str, Methods]:
    """The tags of a resource; they stand below the name of its collection, too (observed)."""
    return {
        f"{one}/tags": {
            "GET": partial(tags.list_, noun),
            "POST": partial(tags.add, noun),
            "PUT": partial(tags.replace, noun),
            "DELETE": partial(tags.clear, noun),
        },
        f"{one}/tags/{{tag}}": {
            "GET": partial(tags.show, noun),
            "PUT": partial(tags.put, noun),
            "DELETE": partial(tags.remove, noun),
        },
    }
