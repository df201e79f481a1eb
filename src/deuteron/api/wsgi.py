"""The WSGI application: what was compiled, the routes and the error handler, put together.

server --> falcon.App --> Observer --> route --> responder --> handler --> core
                                         `-- an error --> faults.answer
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import falcon

from deuteron.api import attributes, faults, routes
from deuteron.api.call import Authenticate, Handler, Responder, responder
from deuteron.api.extensions import attribute_maps, enabled
from deuteron.api.observe import Observer
from deuteron.api.operations import Known
from deuteron.api.policy import Policy
from deuteron.api.policy_files import SiteRules
from deuteron.api.query import rules_for
from deuteron.api.resources import Noun
from deuteron.surface import AttributeMap, Extension, Related, Resource

if TYPE_CHECKING:
    from deuteron.core.deployment import Deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a site may choose about its API.

    Args:
        largest_body: in bytes. A bulk create of a thousand ports is about 300 kB.
        longest_page: most items in one answer, None for no limit (``pagination_max_limit``).
        link_prefix: what links begin with, None for the request's host (``network_link_prefix``).
        bulk: whether many may be created by one request (``allow_bulk``).
        filter_validation: whether an unknown filter is refused rather than ignored.
        rules: of its policy, where they are not the usual ones.
    """

    largest_body: int = 1024 * 1024
    longest_page: int | None = None
    link_prefix: str | None = None
    bulk: bool = True
    filter_validation: bool = True
    rules: SiteRules = field(default_factory=SiteRules)


def application(
    deployment: "Deployment",
    *,
    resources: Iterable[Resource],
    aliases: Iterable[str],
    authenticate: Authenticate,
    special: Mapping[str, Mapping[str, Handler]] | None = None,
    options: Options | None = None,
    known: Known | None = None,
    foreign: Iterable[Extension] = (),
) -> falcon.App[falcon.Request, falcon.Response]:
    """The API as a WSGI application.

    Args:
        deployment: handed to the core with each verb.
        resources: the nouns.
        aliases: of the extensions that are enabled; they say what the nouns have.
        authenticate: says who asks, or raises an error of `deuteron.errors`.
        special: path below ``/v2.0/`` -> method -> handler of what is no verb of a noun.
        options: what the site chose.
        known: what the database knows for the metrics, None to leave it out.
        foreign: extensions of other distributions, see `surface.defined_by`.

    Raises:
        StartError: an alias is unknown or lacks another that it requires.
    """
    options = options or Options()
    resources = tuple(resources)
    policy = Policy(options.rules, resources)
    extensions = enabled(aliases, foreign)
    nouns = _nouns(resources, attribute_maps(extensions), options)
    app: falcon.App[falcon.Request, falcon.Response] = falcon.App(middleware=[Observer()])
    app.req_options.strip_url_path_trailing_slash = True
    app.add_error_handler(Exception, faults.answer)
    app.add_error_handler(falcon.HTTPError, faults.answer)
    open_to_all = routes.open_to_all(
        deployment, link_prefix=options.link_prefix, known=known or Known()
    )
    for path, responders in open_to_all.items():
        _add(app, path, responders)
    table = routes.authenticated(nouns, special or {}, extensions, link_prefix=options.link_prefix)
    for path, handlers in table.items():
        wrapped = {
            method: responder(
                deployment,
                authenticate,
                handler,
                policy=policy,
                largest_body=options.largest_body,
            )
            for method, handler in handlers.items()
        }
        _add(app, path, wrapped)
    return app


def _nouns(
    resources: Iterable[Resource], maps: Mapping[str, AttributeMap], options: Options
) -> list[Noun]:
    compiled = {name: attributes.compiled(facts) for name, facts in maps.items()}
    nouns = []
    for resource in resources:
        own = resource.attributes
        of = compiled[resource.collection] if own is None else attributes.compiled(own)
        rules = rules_for(
            of,
            key=resource.key,
            longest=options.longest_page,
            strict=options.filter_validation,
        )
        nouns.append(
            Noun(
                resource=resource,
                attributes=of,
                rules=rules,
                parts={name: compiled[name] for name in resource.parts},
                related={name: _shown(compiled, one) for name, one in resource.related.items()},
                link_prefix=options.link_prefix,
                bulk=resource.bulk and options.bulk,
            )
        )
    return nouns


def _shown(
    compiled: Mapping[str, attributes.Attributes], related: Related
) -> attributes.Attributes:
    """The attributes of things that belong to others, where they are listed below these."""
    of = compiled[related.collection]
    return replace(of, visible=of.visible | related.shows)


def _add(
    app: falcon.App[falcon.Request, falcon.Response],
    path: str,
    responders: Mapping[str, Responder],
) -> None:
    """Falcon wants an object with a method for each HTTP method."""
    app.add_route(
        path, SimpleNamespace(**{f"on_{method.lower()}": f for method, f in responders.items()})
    )
