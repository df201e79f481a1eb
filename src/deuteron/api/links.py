"""Links in answers: to this service, and to the pages before and after a list.

The host is the request's (``Host``), the scheme too unless a proxy says which one its client used
(``X-Forwarded-Proto``). `network_link_prefix` of the configuration replaces both.
"""

from collections.abc import Sequence
from urllib.parse import quote, urlencode, urlsplit

import falcon

from deuteron.api.query import Asked

Link = dict[str, str]


def root(request: falcon.Request, prefix: str | None) -> str:
    """The URL of the service, without a slash at the end.

    Args:
        request: whose host is taken.
        prefix: scheme, host and path to put in its place, None for none.
    """
    if not prefix:
        scheme = request.env.get("HTTP_X_FORWARDED_PROTO") or request.scheme
        return f"{scheme}://{request.netloc}{request.root_path}"
    parts = urlsplit(prefix)
    path = parts.path.rstrip("/") + request.root_path
    return f"{parts.scheme}://{parts.netloc}{path}"


def of_pages(
    request: falcon.Request, asked: Asked, keys: Sequence[str], prefix: str | None
) -> list[Link]:
    """The ``next`` and ``previous`` links of a page (forms and cases as observed of Neutron).

    A page that is shorter than its limit is the last one in the direction it was asked in.

    Args:
        request: for this page.
        asked: its query.
        keys: the keys (ids) of the items of the page, in order.
        prefix: see `root`.
    """
    limit, reverse = asked.query.limit, asked.query.page_reverse
    if not limit:
        return []
    path = request.env["PATH_INFO"].encode("latin-1")
    page = root(request, prefix) + quote(path)
    kept = [pair for pair in asked.parameters if pair[0] != "marker"]
    short = len(keys) < limit
    links = []
    if not short or reverse:
        forward = [pair for pair in kept if pair[0] != "page_reverse"]
        links.append(_link("next", page, forward, keys[-1:]))
    if not short or not reverse:
        # one page_reverse, at the end
        backward = [pair for pair in kept if pair[0] != "page_reverse"]
        links.append(_link("previous", page, backward, keys[:1], ("page_reverse", "True")))
    return links


def _link(
    rel: str,
    page: str,
    parameters: Sequence[tuple[str, str]],
    marker: Sequence[str],
    *more: tuple[str, str],
) -> Link:
    pairs = [*parameters, *(("marker", key) for key in marker), *more]
    return {"rel": rel, "href": f"{page}?{urlencode(pairs)}"}
