"""Answers to agents that are gone, or not back yet."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from deuteron.rpc.messaging import MessageUndeliverable
from deuteron.rpc.replies import Replies


class Broker:
    """Has some queues; time passes when somebody pauses, and not before it may."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.passes = threading.Event()
        self.queues: dict[str, list[Any]] = {}
        self.tries = 0
        self.appears: dict[str, float] = {}

    def __call__(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> None:
        self.passes.wait(10)
        self.seconds += seconds
        for name, at in self.appears.items():
            if self.seconds >= at:
                self.queues.setdefault(name, [])

    def deliver(self, message: Any, result: Any, failure: Any) -> None:
        self.tries += 1
        if result == "a set":
            raise TypeError("no JSON")
        if message.reply_q not in self.queues:
            raise MessageUndeliverable("no queue", "", message.reply_q, None)
        self.queues[message.reply_q].append((message.msg_id, result, failure))


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def replies(broker: Broker) -> Replies:
    return Replies(broker.deliver, monotonic=broker, pause=broker.pause)


def a_message(number: int, queue: str | None = "reply_1") -> Any:
    message = {"method": "tunnel_sync", "args": {"host": "h1"}}
    return SimpleNamespace(msg_id=f"m{number}", reply_q=queue, message=message)


def finish(broker: Broker) -> None:
    """Let time pass until nothing is tried again."""
    broker.passes.set()
    for one in threading.enumerate():
        if one.name == "replies":
            one.join(10)
            assert not one.is_alive()


def test_who_waits_is_answered_at_once(replies: Replies, broker: Broker) -> None:
    broker.queues["reply_1"] = []
    replies.send(a_message(1), "yes")
    replies.send(a_message(2), None, "failure")
    assert broker.queues["reply_1"] == [("m1", "yes", None), ("m2", None, "failure")]


def test_who_wants_no_answer_gets_none(replies: Replies, broker: Broker) -> None:
    cast = a_message(1, None)
    replies.send(cast, "yes")
    assert broker.tries == 0


def test_who_comes_back_is_answered_in_order(
    replies: Replies, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.appears["reply_1"] = 10.0
    for number in range(3):
        replies.send(a_message(number), number)
    finish(broker)
    assert [result for _, result, _ in broker.queues["reply_1"]] == [0, 1, 2]
    assert broker.seconds < 20
    assert not caplog.records
    replies.send(a_message(4), 4)
    assert broker.queues["reply_1"][-1][1] == 4


def test_who_is_gone_is_told_of_once_and_costs_little(
    replies: Replies, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.appears["reply_2"] = 5.0
    replies.send(a_message(1, "reply_2"), "yes")
    for number in range(20):
        replies.send(a_message(number), number)
    finish(broker)
    (line,) = caplog.records
    assert line.getMessage().startswith("Message of host=h1 reply_queue=reply_1 has no queue")
    assert 60 <= broker.seconds < 80
    assert broker.tries < 30
    assert broker.queues["reply_2"] == [("m1", "yes", None)]


def test_not_everything_is_kept_for_the_gone(
    replies: Replies, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(10_000):
        replies.send(a_message(number, f"reply_{number}"), number)
    assert sum("is dropped" in one.getMessage() for one in caplog.records) == 1000
    broker.queues = {f"reply_{number}": [] for number in range(10_000)}
    finish(broker)
    assert sum(len(found) for found in broker.queues.values()) == 200


def test_what_cannot_be_said_keeps_nothing_back(
    replies: Replies, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.appears["reply_1"] = 1.0
    replies.send(a_message(1), "first")
    replies.send(a_message(2), "a set")
    replies.send(a_message(3), "last")
    finish(broker)
    assert [result for _, result, _ in broker.queues["reply_1"]] == ["first", "last"]
    assert "cannot be answered" in caplog.text
