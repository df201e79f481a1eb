"""Reports that need not be written, and what is told of strange agents."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deuteron.rpc.intake import Intake, Verdict

STATE = {"agent_type": "Open vSwitch agent", "host": "h1", "configurations": {"devices": 1}}


class Time:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2014, 6, 4, 12, tzinfo=UTC) + timedelta(seconds=self.seconds - 1000)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def intake(time: Time) -> Intake:
    return Intake(monotonic=time, now=time.now)


def report(intake: Intake, queue: str | None = "reply_1", **more: Any) -> Verdict:
    state = {**STATE, **more}
    verdict = intake.judge(state, sender="Message of host=h1", reply_queue=queue)
    if verdict is Verdict.WRITE:
        intake.written(state)
    return verdict


def test_the_same_again_at_once_is_known(intake: Intake, time: Time) -> None:
    assert report(intake) is Verdict.WRITE
    assert report(intake) is Verdict.KNOWN
    assert report(intake, configurations={"devices": 2}) is Verdict.WRITE
    time.seconds += 2
    assert report(intake, configurations={"devices": 2}) is Verdict.WRITE


def test_what_was_not_written_is_not_known(intake: Intake) -> None:
    intake.judge(STATE, sender="x", reply_queue=None)
    assert intake.judge(STATE, sender="x", reply_queue=None) is Verdict.WRITE


def test_a_flood_is_cut_and_told_once(
    intake: Intake, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    written = 0
    for number in range(10_000):
        time.seconds += 0.0001
        written += report(intake, configurations={"devices": number}) is Verdict.WRITE
    assert written <= 12
    (line,) = caplog.records
    assert "host=h1" in line.getMessage()
    assert report(intake, host="h2") is Verdict.WRITE
    time.seconds += 30
    assert report(intake) is Verdict.WRITE


def test_a_restart_is_no_second_agent(
    intake: Intake, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    for queue in ("reply_1", "reply_1", None, "reply_2", "reply_2"):
        report(intake, queue)
        time.seconds += 30
    assert not caplog.records
    report(intake, "reply_1")
    assert "two agents of this type claim its host" in caplog.text


@pytest.mark.parametrize(
    ("time_of_agent", "told"),
    [
        ("2014-06-04T12:00:00.123456", None),
        ("2014-06-04T12:00:30", None),
        ("2014-06-04T13:00:00.000001", "3600 s ahead of"),
        ("2014-06-04T11:00:00.000001", "3600 s behind"),
    ],
)
def test_a_wrong_clock_is_told_once(
    intake: Intake, caplog: pytest.LogCaptureFixture, time_of_agent: str, told: str | None
) -> None:
    for _ in range(3):
        intake.compare_clocks(STATE, time_of_agent, sender="Message of host=h1")
    assert [told in one.getMessage() for one in caplog.records if told] == ([True] if told else [])
    assert len(caplog.records) == (1 if told else 0)
