"""For those who run the service: is it well, and what does it do?"""

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import falcon
import orjson

from deuteron import metrics
from deuteron.errors import NetworkError

if TYPE_CHECKING:
    from deuteron.core.deployment import Deployment

LOG = logging.getLogger(__name__)

Ranges = Callable[["Deployment"], Iterable[metrics.RangeUse]]


def health(
    deployment: "Deployment", _request: falcon.Request, response: falcon.Response, **_path: Any
) -> None:
    """``GET /healthcheck``: 200 if the database answers, else 503 and why not."""
    try:
        deployment.database.ping()
    except NetworkError as error:
        response.status = falcon.HTTP_503
        response.data = orjson.dumps({"healthy": False, "database": error.message})
    else:
        response.data = orjson.dumps({"healthy": True, "database": "answers"})


def show_metrics(
    deployment: "Deployment",
    ranges: Ranges | None,
    _request: falcon.Request,
    response: falcon.Response,
    **_path: Any,
) -> None:
    """``GET /metrics`` in Prometheus' text format.

    Args:
        deployment: handed to `ranges`.
        ranges: tells the use of the segment ranges; None, or an unwell database, leaves it out.
        response: filled.
    """
    used: list[metrics.RangeUse] = []
    if ranges is not None:
        try:
            used = list(ranges(deployment))
        except NetworkError as error:
            LOG.warning("The metrics lack the use of segment ranges: %s", error.message)
    response.content_type = metrics.CONTENT_TYPE
    response.data = metrics.exposition(used)
