"""Which messages are read at all, and what is told of the others."""

import json
import uuid
from typing import Any

import pytest

from deuteron.rpc.gate import Gate, Verdict


class Time:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def gate(time: Time) -> Gate:
    return Gate("q-plugin", monotonic=time)


def a_message(method: str = "tunnel_sync", *, host: str = "h1", **more: Any) -> str:
    inner = {"method": method, "args": {"host": host}, "_unique_id": uuid.uuid4().hex, **more}
    return json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(inner)})


def a_report(host: str = "h1", agent_type: str = "DHCP agent") -> str:
    state = {"agent_type": agent_type, "host": host}
    return a_message("report_state", args={"agent_state": {"agent_state": state}})


def told(caplog: pytest.LogCaptureFixture) -> str:
    """The one line that was told since the last look."""
    (line,) = caplog.records
    caplog.clear()
    assert not line.exc_info
    return line.getMessage()


def test_messages_of_agents_are_read(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    assert gate.judge(a_message()) is Verdict.READ
    assert gate.judge(a_message().encode()) is Verdict.READ
    assert gate.judge(a_message(_reply_q="reply_1", _msg_id="1", _timeout=None)) is Verdict.READ
    assert gate.judge('{"method": "from before there were envelopes"}') is Verdict.READ
    assert not caplog.records


@pytest.mark.parametrize(
    "body",
    [
        "no JSON",
        b"\xff\xfe",
        "",
        "[]",
        "5",
        "[" * 100_000,
        '{"oslo.version": "2.0", "oslo.message": {}}',
        '{"oslo.version": "2.0", "oslo.message": "no JSON"}',
        '{"oslo.version": "2.0", "oslo.message": "[]"}',
        '{"oslo.version": "9.0", "oslo.message": "{}"}',
        '{"oslo.version": {}, "oslo.message": "{}"}',
        '{"oslo.version": "2.0", "oslo.message": "{\\"args\\": \\"\\\\ud800\\"}"}',
    ],
)
def test_what_is_no_message_is_dropped(
    gate: Gate, caplog: pytest.LogCaptureFixture, body: bytes | str
) -> None:
    assert gate.judge(body) is Verdict.DROP
    assert told(caplog).startswith("Message of an unknown sender on q-plugin dropped: ")


@pytest.mark.parametrize("content_type", [None, "application/x-python-serialize", 5])
def test_only_what_says_so_is_read_as_json(
    gate: Gate, caplog: pytest.LogCaptureFixture, content_type: object
) -> None:
    assert gate.judge(a_message(), content_type) is Verdict.DROP
    assert "host=h1 on q-plugin dropped: it does not say that it is JSON" in told(caplog)


def test_an_answer_needs_a_queue(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    for wrong in ({"_reply_q": {"a": 1}}, {"_reply_q": "reply_1", "_msg_id": 5}):
        assert gate.judge(a_message(**wrong)) is Verdict.DROP
        assert told(caplog).startswith("Message of host=h1 on q-plugin dropped: ")


def test_what_was_answered_is_dropped_if_it_comes_again(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    once = a_message(_unique_id="1")
    assert gate.judge(once) is Verdict.READ
    assert gate.judge(once) is Verdict.READ  # the connection broke before it was taken
    gate.taken("1")
    assert gate.judge(once) is Verdict.DROP
    assert "host=h1 on q-plugin dropped: it came before" in told(caplog)
    gate.taken(None)
    assert gate.judge(a_message(_unique_id=None)) is Verdict.READ


def test_what_is_far_too_large_is_not_even_read(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    assert gate.judge(a_message(padding="x" * 1_000_000)) is Verdict.READ
    for at_the_end in (False, True):
        args = {"host": "h1", "devices": "x" * 10_000_000}
        body = a_message(
            args=dict(reversed(args.items())) if at_the_end else args, _reply_q="reply_1"
        )
        for form in (body, body.encode()):
            assert gate.judge(form) is Verdict.DROP
            assert told(caplog) == (
                "Message of host=h1 reply_queue=reply_1 on q-plugin dropped: "
                "it has more than 10,000,000 bytes"
            )


def test_an_agent_that_only_reports_is_heard_a_few_times_a_second(
    gate: Gate, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    admitted = 0
    for _ in range(30_000):
        time.seconds += 0.0001
        admitted += gate.judge(a_report("evil")) is Verdict.READ
    assert admitted <= 4 * 20
    line = told(caplog)
    assert line.startswith("Message of host=evil agent_type=DHCP agent on q-plugin: it reports")
    assert gate.judge(a_report("h2")) is Verdict.READ
    assert gate.judge(a_report("evil", "L3 agent")) is Verdict.READ
    assert gate.judge(a_message(host="evil")) is Verdict.READ
    time.seconds += 1
    assert gate.judge(a_report("evil")) is Verdict.READ


@pytest.mark.parametrize("args", [None, [], {}, {"agent_state": 5}, {"agent_state": {"x": []}}])
def test_reports_of_nobody_are_one_agents(gate: Gate, args: Any) -> None:
    verdicts = [gate.judge(a_message("report_state", args=args)) for _ in range(30)]
    assert verdicts == [Verdict.READ] * 20 + [Verdict.FLOOD] * 10
