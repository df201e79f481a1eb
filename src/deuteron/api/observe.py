"""What happens to every request: an id, a place in the log, a measurement.

Falcon calls `process_request` before it looks for a route and `process_response` at the end, also
of refused requests.

Request ids (as oslo.middleware does it): each request gets an id of its own, answered in
``x-openstack-request-id``; an inbound ``X-Openstack-Request-Id`` of the right form is the global
id under which several services worked for one client, and is logged beside it.
"""

import logging
import re
import time
import uuid
from typing import Any

import falcon
from prometheus_client import Histogram

from deuteron.api.auth import REQUEST_ID
from deuteron.errors import HTTPNotFound
from deuteron.logs import REQUEST
from deuteron.metrics import REQUESTS

LOG = logging.getLogger(__name__)

ANSWERED_ID = "x-openstack-request-id"
_ID = re.compile(r"req-[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}")
_STARTED = "deuteron.started"
_METHODS = frozenset(("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"))
_SUFFIX = ".json"


class Observer:
    """Gives ids and measures.

    Its memory of Prometheus' children is bounded by routes, methods and statuses.
    """

    def __init__(self) -> None:
        self._timers: dict[tuple[str, str, str], Histogram] = {}

    def process_request(self, request: falcon.Request, _response: falcon.Response) -> None:
        """Name the request; a ``.json`` at the end of its path says nothing new.

        Raises:
            HTTPNotFound: the path has a NUL character, which not every database can compare.
        """
        env = request.env
        env[_STARTED] = time.perf_counter()
        own = f"req-{uuid.uuid4()}"
        env[REQUEST_ID] = own
        inbound = env.get("HTTP_X_OPENSTACK_REQUEST_ID")
        if inbound and _ID.fullmatch(inbound):
            REQUEST.set(f"{own}/{inbound}")
        else:
            REQUEST.set(own)
        path = request.path
        if path.endswith(_SUFFIX):
            request.path = path[: -len(_SUFFIX)]
        if "\0" in path:
            raise HTTPNotFound

    def process_response(
        self,
        request: falcon.Request,
        response: falcon.Response,
        _resource: Any,
        _succeeded: bool,
    ) -> None:
        """Answer the id, count and time the request."""
        env = request.env
        response.set_header(ANSWERED_ID, env[REQUEST_ID])
        method = request.method if request.method in _METHODS else "other"
        key = (method, request.uri_template or "none", str(response.status)[:3])
        timer = self._timers.get(key)
        if timer is None:
            timer = self._timers[key] = REQUESTS.labels(*key)
        seconds = time.perf_counter() - env[_STARTED]
        timer.observe(seconds)
        if LOG.isEnabledFor(logging.DEBUG):
            LOG.debug("%s %s: %s in %.4f s", request.method, request.path, key[2], seconds)
        REQUEST.set("-")
