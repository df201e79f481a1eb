"""How much is told of who misbehaves, and how senders are shown."""

import logging

import pytest

from deuteron.rpc.lines import Lines
from deuteron.rpc.sender import sender_of


class Time:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_who_goes_on_is_told_of_less_and_less(caplog: pytest.LogCaptureFixture) -> None:
    time = Time()
    lines = Lines(logging.getLogger("test"), monotonic=time)
    for _ in range(10_000):
        lines.warn("Message of host=evil", "on t refused: x")
    assert len(caplog.records) == 100
    lines.warn("Message of host=h2", "on t refused: y")
    assert caplog.records[-1].getMessage() == "Message of host=h2 on t refused: y"
    time.seconds += 10
    lines.warn("Message of host=evil", "on t refused: x")
    assert caplog.records[-1].getMessage() == (
        "Message of host=evil on t refused: x (9900 lines about it were left out before this one)"
    )
    lines.warn("Message of host=evil", "on t refused: x")
    assert caplog.records[-1].getMessage() == "Message of host=evil on t refused: x"


def test_ever_other_senders_do_not_flood_either(caplog: pytest.LogCaptureFixture) -> None:
    lines = Lines(logging.getLogger("test"), monotonic=Time())
    for number in range(20_000):
        lines.warn(f"Message of host=h{number}", "on t refused: x")
    assert len(caplog.records) == 1000


def test_a_sender_is_named_by_what_it_says_of_itself() -> None:
    assert (
        sender_of({"host": "h1", "agent_id": "a", "x": 1}, None) == "Message of host=h1 agent_id=a"
    )
    state = {"agent_state": {"agent_state": {"host": "h1", "agent_type": "DHCP agent"}}}
    assert sender_of(state, "q") == "Message of host=h1 agent_type=DHCP agent reply_queue=q"
    for nothing in (None, [], {}, {"agent_state": []}, {"host": None}):
        assert sender_of(nothing, None) == "Message of an unknown sender"


def test_a_name_does_nothing_to_the_log() -> None:
    told = sender_of({"host": "a\n2014 ERROR \x1b[2J\u2028\0" + "x" * 1000}, None)
    assert told.startswith("Message of host=a\\n2014 ERROR \\x1b[2J\\u2028\\x00xxx")
    assert len(told) < 300
    assert told.isprintable()
