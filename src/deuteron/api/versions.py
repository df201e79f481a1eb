"""What this service is and has: versions, core resources, extensions."""

from collections.abc import Iterable

import falcon
import orjson

from deuteron.api import links
from deuteron.api.call import Answer, Call
from deuteron.errors import HTTPNotFound
from deuteron.surface import Extension

CORE = (("network", "networks"), ("subnet", "subnets"), ("port", "ports"))


def versions(link_prefix: str | None, request: falcon.Request, response: falcon.Response) -> None:
    """``GET /``: the one version of the API.

    Args:
        link_prefix: what links begin with, None for the request's host.
        request: the request.
        response: filled.
    """
    href = f"{links.root(request, link_prefix)}/v2.0/"
    version = {"id": "v2.0", "status": "CURRENT", "links": [{"rel": "self", "href": href}]}
    response.data = orjson.dumps({"versions": [version]})


def resources(link_prefix: str | None, call: Call) -> Answer:
    """``GET /v2.0``: the core resources."""
    base = f"{links.root(call.request, link_prefix)}/v2.0"
    listed = [
        {
            "name": name,
            "collection": collection,
            "links": [{"rel": "self", "href": f"{base}/{collection}"}],
        }
        for name, collection in CORE
    ]
    return Answer(200, {"resources": listed})


def list_extensions(extensions: Iterable[Extension], _call: Call) -> Answer:
    """``GET /v2.0/extensions``."""
    return Answer(200, {"extensions": [extension.as_dict() for extension in extensions]})


def show_extension(extensions: Iterable[Extension], _call: Call, alias: str) -> Answer:
    """``GET /v2.0/extensions/{alias}``.

    Raises:
        HTTPNotFound: no such extension.
    """
    for extension in extensions:
        if extension.alias == alias:
            return Answer(200, {"extension": extension.as_dict()})
    raise HTTPNotFound
