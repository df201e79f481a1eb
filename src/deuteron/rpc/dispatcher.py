"""From a message to a handler and back: one place that chooses, checks, tries again and tells.

message --> method, namespace and version  --nobody--> UnsupportedVersion, NoSuchMethod
        --> names of the arguments         --wrong---> InvalidInput
        --> handler, again if its transaction lost
        --> answer, or the error as the answer, and one line in the log that names the sender
"""

import logging
import random
import time
import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from deuteron import logs
from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.errors import InvalidInput, NetworkError, TryAgain
from deuteron.rpc.arguments import require_plain
from deuteron.rpc.endpoint import (
    Arguments,
    Call,
    Endpoint,
    Handler,
    Outgoing,
    arguments_of,
    serves,
)
from deuteron.rpc.lines import Lines
from deuteron.rpc.messaging import ExpectedException, NoSuchMethod, UnsupportedVersion
from deuteron.rpc.sender import sender_of, shown

LOG = logging.getLogger(__name__)

TRIES = 10
# Seconds: the first pause is at most this long, each further one at most twice its predecessor.
FIRST_PAUSE = 0.005
LONGEST_PAUSE = 0.5


class Dispatcher:
    """Answers the messages of one topic. Thread-safe.

    Args:
        deployment: what handlers work with.
        outgoing: what they tell other agents by.
        topic: for the log.
        endpoints: of the topic.
    """

    def __init__(
        self,
        deployment: Deployment,
        outgoing: Outgoing,
        *,
        topic: str,
        endpoints: Sequence[Endpoint],
    ) -> None:
        self._deployment = deployment
        self._outgoing = outgoing
        self._topic = topic
        self._lines = Lines(LOG)
        self._methods: dict[tuple[str | None, str], list[tuple[str, Handler, Arguments]]] = {}
        for endpoint in endpoints:
            for name, handler in endpoint.methods.items():
                offers = self._methods.setdefault((endpoint.namespace, name), [])
                offers.append((endpoint.version, handler, arguments_of(handler)))

    def dispatch(self, incoming: Any) -> Any:
        """Answer one message.

        Args:
            incoming: of oslo.messaging, with ``message``, ``ctxt`` and ``reply_q``.

        Returns:
            what JSON can say.

        Raises:
            ExpectedException: holds the error that is the answer; it is in the log already.
        """
        message = incoming.message
        reply_queue = getattr(incoming, "reply_q", None)
        sender = sender_of(message.get("args"), reply_queue)
        request_id = _request_id(incoming.ctxt)
        call = Call(
            ctx=RequestContext(request_id=request_id, is_admin=True),
            sender=sender,
            reply_queue=reply_queue,
            outgoing=self._outgoing,
            tell=partial(self._lines.warn, sender),
        )
        token = logs.REQUEST.set(request_id)
        try:
            return self._answer(message, call)
        except (NoSuchMethod, UnsupportedVersion, NetworkError) as error:
            self._lines.warn(sender, f"on {self._topic} refused: {error}")
            raise ExpectedException() from None
        except Exception as error:
            LOG.exception(
                "%s on %s: %s failed: %r", sender, self._topic, shown(message.get("method")), error
            )
            raise ExpectedException() from None
        finally:
            logs.REQUEST.reset(token)

    def _answer(self, message: Mapping[str, Any], call: Call) -> Any:
        method, arguments = message.get("method"), message.get("args") or {}
        handler, known = self._choose(
            message.get("namespace"), method, str(message.get("version") or "1.0")
        )
        _check(method, arguments, known)
        pause = FIRST_PAUSE
        for tries in range(1, TRIES):
            try:
                return handler(self._deployment, call, **arguments)
            except TryAgain as conflict:
                LOG.debug("Try %s of %s lost against another: %s", tries, method, conflict)
                time.sleep(random.uniform(0, pause))
                pause = min(2 * pause, LONGEST_PAUSE)
        return handler(self._deployment, call, **arguments)

    def _choose(self, namespace: Any, method: Any, version: str) -> tuple[Handler, Arguments]:
        offers = (
            self._methods.get((namespace, method), ())
            if isinstance(method, str) and (namespace is None or isinstance(namespace, str))
            else ()
        )
        for offered, handler, known in offers:
            if serves(offered, version):
                return handler, known
        named = shown(method)
        if offers or namespace is not None:
            raise UnsupportedVersion(shown(version), method=named)
        raise NoSuchMethod(named)


def _check(method: Any, arguments: Any, known: Arguments) -> None:
    if not isinstance(arguments, dict):
        raise InvalidInput(error_message=f"the arguments of {method} must be an object")
    missing = sorted(known.required - arguments.keys())
    if missing:
        raise InvalidInput(error_message=f"{method} needs {', '.join(missing)}")
    strange = sorted(arguments.keys() - known.known)
    if strange and not known.others:
        raise InvalidInput(error_message=f"{method} knows no argument {shown(', '.join(strange))}")
    for name, value in arguments.items():
        require_plain(shown(name), value)


def _request_id(ctxt: Any) -> str:
    given = ctxt.get("request_id") if isinstance(ctxt, dict) else None
    if isinstance(given, str) and given.startswith("req-") and len(given) <= 64:
        return given
    return f"req-{uuid.uuid4()}"
