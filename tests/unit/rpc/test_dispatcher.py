"""Which method a message means, and what becomes of one that means none."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from deuteron.errors import InvalidInput, TryAgain
from deuteron.rpc.dispatcher import TRIES, Dispatcher
from deuteron.rpc.endpoint import Call, Endpoint, serves
from deuteron.rpc.messaging import ExpectedException, NoSuchMethod, UnsupportedVersion


def _old(d: Any, call: Call, *, device: str) -> str:
    return f"old {device}"


def _new(d: Any, call: Call, *, device: str, host: str = "?") -> str:
    return f"new {device} on {host} asked by {call.ctx.request_id}"


def _tolerant(d: Any, call: Call, **others: Any) -> list[str]:
    return sorted(others)


def _refuses(d: Any, call: Call) -> None:
    raise InvalidInput(error_message="two\nlines")


def _breaks(d: Any, call: Call) -> None:
    raise ZeroDivisionError("by zero")


ENDPOINTS = (
    Endpoint(version="1.2", methods={"up": _old, "refuses": _refuses, "breaks": _breaks}),
    Endpoint(version="2.4", methods={"up": _new, "any": _tolerant}),
    Endpoint(version="1.0", methods={"up": _tolerant}, namespace="trunk"),
)


def a_message(method: Any, version: str | None = "2.0", **arguments: Any) -> Any:
    message = {"method": method, "args": arguments}
    if version is not None:
        message["version"] = version
    return SimpleNamespace(message=message, ctxt={"request_id": "req-1"}, reply_q="reply_x")


@pytest.fixture
def dispatcher() -> Dispatcher:
    nothing: Any = None
    return Dispatcher(nothing, nothing, topic="t", endpoints=ENDPOINTS)


def failure(dispatcher: Dispatcher, message: Any) -> BaseException:
    with pytest.raises(ExpectedException) as raised:
        dispatcher.dispatch(message)
    error: BaseException = raised.value.exc_info[1]
    return error


@pytest.mark.parametrize(
    ("offered", "wanted", "served"),
    [
        ("1.4", "1.4", True),
        ("1.4", "1.0", True),
        ("1.4", "1.5", False),
        ("1.10", "1.9", True),
        ("1.9", "1.10", False),
        ("2.0", "1.0", False),
        ("1.0", "", False),
        ("1.0", "1", False),
        ("1.0", "one.two", False),
    ],
)
def test_versions(offered: str, wanted: str, served: bool) -> None:
    assert serves(offered, wanted) is served


def test_name_version_and_namespace_choose(dispatcher: Dispatcher) -> None:
    assert dispatcher.dispatch(a_message("up", "1.1", device="a")) == "old a"
    assert (
        dispatcher.dispatch(a_message("up", "2.4", device="a", host="h"))
        == "new a on h asked by req-1"
    )
    in_namespace = a_message("up", "1.0", x=1)
    in_namespace.message["namespace"] = "trunk"
    assert dispatcher.dispatch(in_namespace) == ["x"]


def test_a_message_without_a_version_means_the_first(dispatcher: Dispatcher) -> None:
    assert dispatcher.dispatch(a_message("up", None, device="a")) == "old a"


def test_what_fits_nobody_fails(dispatcher: Dispatcher) -> None:
    assert isinstance(failure(dispatcher, a_message("fly")), NoSuchMethod)
    assert isinstance(failure(dispatcher, a_message(["up"])), NoSuchMethod)
    assert isinstance(failure(dispatcher, a_message("up", "3.0")), UnsupportedVersion)
    elsewhere = a_message("up", "1.0")
    elsewhere.message["namespace"] = "other"
    assert isinstance(failure(dispatcher, elsewhere), UnsupportedVersion)


def test_arguments_are_those_of_the_method(dispatcher: Dispatcher) -> None:
    assert "needs device" in str(failure(dispatcher, a_message("up", "1.0")))
    strange = failure(dispatcher, a_message("up", "1.0", device="a", host="h"))
    assert "no argument host" in str(strange)
    assert dispatcher.dispatch(a_message("any", b=1, a=2)) == ["a", "b"]
    listed = a_message("any")
    listed.message["args"] = [1]
    assert isinstance(failure(dispatcher, listed), InvalidInput)


@pytest.mark.parametrize(
    ("method", "level"), [("fly", "WARNING"), ("refuses", "WARNING"), ("breaks", "ERROR")]
)
def test_a_failure_is_one_entry_that_names_the_sender(
    dispatcher: Dispatcher, caplog: pytest.LogCaptureFixture, method: str, level: str
) -> None:
    message = a_message(method, "1.0")
    message.message["args"] = {} if method != "fly" else {"host": "evil", "agent_id": "x"}
    failure(dispatcher, message)
    (entry,) = caplog.records
    assert entry.levelname == level
    assert "reply_queue=reply_x" in entry.getMessage()
    if method == "fly":
        assert "host=evil agent_id=x" in entry.getMessage()


def test_a_lost_transaction_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []

    def _loses(d: Any, call: Call, *, wins_at: int) -> int:
        tries.append(1)
        if len(tries) < wins_at:
            raise TryAgain(reason="test")
        return len(tries)

    nothing: Any = None
    endpoints = (Endpoint(version="1.0", methods={"lose": _loses}),)
    dispatcher = Dispatcher(nothing, nothing, topic="t", endpoints=endpoints)
    with caplog.at_level(logging.WARNING):
        assert dispatcher.dispatch(a_message("lose", "1.0", wins_at=3)) == 3
    assert not caplog.records
    tries.clear()
    assert isinstance(failure(dispatcher, a_message("lose", "1.0", wins_at=99)), TryAgain)
    assert len(tries) == TRIES
