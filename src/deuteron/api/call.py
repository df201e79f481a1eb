"""One request on its way to a handler, and the answer that comes back.

falcon --> respond() --> handler(call) --> Answer(status, body) --> falcon
              |             |
              |             `-- a function in resources.py, tags.py, bindings.py, ...
              `-- authenticates, runs the handler again on TryAgain
"""

import json
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import falcon
import orjson

from deuteron.api.policy import Policy
from deuteron.context import RequestContext
from deuteron.errors import HTTPBadRequest, HTTPRequestEntityTooLarge, TryAgain

if TYPE_CHECKING:
    from deuteron.core.deployment import Deployment

LOG = logging.getLogger(__name__)

Authenticate = Callable[[falcon.Request], RequestContext]
Responder = Callable[..., None]

TRIES = 10
# Seconds: the first pause is at most this long, each further one at most twice its predecessor.
FIRST_PAUSE = 0.005
LONGEST_PAUSE = 0.5

_STATUS = {
    200: falcon.HTTP_200,
    201: falcon.HTTP_201,
    204: falcon.HTTP_204,
}
_WITH_BODY = frozenset(("POST", "PUT", "DELETE"))


class Answer(NamedTuple):
    """What a handler says.

    Args:
        status: 200, 201 or 204 (without body).
        body: anything that JSON can say.
    """

    status: int
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, authenticated.

    Args:
        deployment: what the core works with.
        context: who asks.
        request: the HTTP request.
        raw: its body.
        policy: says what the caller may do.
    """

    deployment: "Deployment"
    context: RequestContext
    request: falcon.Request
    raw: bytes
    policy: Policy

    def document(self) -> Any:
        """The body as JSON; None where there is none. Parsed anew each time.

        Raises:
            HTTPBadRequest: it is not JSON, or text in it has a NUL character, which not every
                database can keep.
        """
        if not self.raw:
            return None
        try:
            if b"\\u0000" in self.raw:
                raise ValueError
            return orjson.loads(self.raw)
        except ValueError:
            raise HTTPBadRequest(msg="The body is not valid JSON") from None


Handler = Callable[..., Answer]


def responder(
    deployment: "Deployment",
    authenticate: Authenticate,
    handler: Handler,
    *,
    policy: Policy,
    largest_body: int,
) -> Responder:
    """The falcon responder that runs a handler.

    The handler gets the call and what stands in the variable places of the path, in order. It is
    run again, from the parsing of the body on, when its transaction lost against another
    (`TryAgain`).

    Args:
        deployment: handed to the core.
        authenticate: says who asks, or raises.
        handler: returns the answer.
        policy: says what callers may do.
        largest_body: in bytes.
    """

    def respond(request: falcon.Request, response: falcon.Response, **path: str) -> None:
        context = policy.with_powers(authenticate(request))
        raw = read(request, largest_body) if request.method in _WITH_BODY else b""
        call = Call(deployment=deployment, context=context, request=request, raw=raw, policy=policy)
        answer = _until_it_fits(handler, call, tuple(path.values()))
        response.status = _STATUS[answer.status]
        if answer.status != 204:
            response.data = _as_json(answer.body)

    return respond


def _as_json(body: Any) -> bytes:
    """Text of an answer; the numbers of IPv6 addresses are larger than orjson can say."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return json.dumps(body, separators=(",", ":")).encode()


def _until_it_fits(handler: Handler, call: Call, ids: tuple[str, ...]) -> Answer:
    pause = FIRST_PAUSE
    for tries in range(1, TRIES):
        try:
            return handler(call, *ids)
        except TryAgain as conflict:
            LOG.debug("Try %s lost against another: %s", tries, conflict)
            time.sleep(random.uniform(0, pause))
            pause = min(2 * pause, LONGEST_PAUSE)
    return handler(call, *ids)


def read(request: falcon.Request, largest: int) -> bytes:
    """The body of a request.

    Args:
        request: with Content-Length or in chunks.
        largest: in bytes.

    Raises:
        HTTPRequestEntityTooLarge: it is larger.
    """
    length = request.content_length
    if length is None:
        if request.get_header("Transfer-Encoding") is None:
            return b""
        length = largest + 1
    elif length > largest:
        raise HTTPRequestEntityTooLarge(largest=largest)
    body = _exactly(request, length)
    if len(body) > largest:
        raise HTTPRequestEntityTooLarge(largest=largest)
    return body


def _exactly(request: falcon.Request, length: int) -> bytes:
    """So many bytes of the body, or fewer where it ends; a server may hand it out in parts."""
    parts = []
    while length > 0:
        part: bytes = request.stream.read(length)
        if not part:
            break
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
