"""For those who run the service: is it well, and what does it do?"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import falcon
import orjson

from deuteron import metrics
from deuteron.errors import NetworkError

if TYPE_CHECKING:
    from deuteron.core.deployment import Deployment

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the database knows for the metrics of all processes.

    Args:
        ranges: tells the use of the segment ranges, None to leave it out.
        lags: tells how far followers of the journal are behind, likewise.
    """

    ranges: Callable[["Deployment"], Iterable[metrics.RangeUse]] | None = None
    lags: Callable[["Deployment"], Iterable[metrics.FollowerLag]] | None = None


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
    known: Known,
    _request: falcon.Request,
    response: falcon.Response,
    **_path: Any,
) -> None:
    """``GET /metrics`` in Prometheus' text format.

    Args:
        deployment: handed to those that tell.
        known: what the database knows; left out if it is unwell.
        response: filled.
    """
    used: list[metrics.RangeUse] = []
    behind: list[metrics.FollowerLag] = []
    try:
        used = [] if known.ranges is None else list(known.ranges(deployment))
        behind = [] if known.lags is None else list(known.lags(deployment))
    except NetworkError as error:
        LOG.warning("The metrics lack what the database knows: %s", error.message)
    response.content_type = metrics.CONTENT_TYPE
    response.data = metrics.exposition(used, behind)
