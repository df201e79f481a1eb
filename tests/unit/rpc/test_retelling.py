"""What is told again after the broker was away."""

from collections.abc import Sequence

import pytest

from deuteron.core.followers import Entry, NotDelivered
from deuteron.rpc.retelling import Retelling


class Agents:
    """Hear what is told, unless the broker is away."""

    def __init__(self) -> None:
        self.now = 0.0
        self.away = False
        self.heard: list[list[str]] = []
        self.knocks = 0
        self.lately: list[Entry] = []
        self.told = self.process()

    def process(self) -> Retelling:
        """One that begins to tell."""
        return Retelling(self._tell, self._knock, lambda: self.lately, lambda: self.now)

    def _tell(self, entries: Sequence[Entry]) -> None:
        if self.away:
            raise NotDelivered("nobody is there")
        self.heard.append([entry.resource_id for entry in entries])

    def _knock(self) -> None:
        self.knocks += 1
        if self.away:
            raise NotDelivered("nobody is there")

    def new(self) -> list[list[str]]:
        heard, self.heard = self.heard, []
        return heard

    def wait(self, seconds: float) -> list[list[str]]:
        """What is told by itself in so many seconds."""
        for _ in range(int(seconds)):
            self.now += 1
            self.told.idle()
        return self.new()


def entries(*ids: str) -> list[Entry]:
    return [
        Entry(
            seq=sum(one.encode()),
            at="",
            resource="port",
            resource_id=one,
            event="update",
            project_id="",
            request_id="",
            actor="",
            details=None,
        )
        for one in ids
    ]


@pytest.fixture
def agents() -> Agents:
    """A process has told them for a while."""
    agents = Agents()
    agents.told.handle([])
    agents.wait(100)
    agents.knocks = 0
    return agents


def test_nothing_is_told_again_while_the_broker_is_there(agents: Agents) -> None:
    agents.told.handle(entries("a", "b"))
    assert agents.new() == [["a", "b"]]
    assert agents.wait(200) == []


def test_what_was_told_shortly_before_and_since_is_told_again(agents: Agents) -> None:
    agents.told.handle(entries("old"))
    agents.now += 100
    agents.told.handle(entries("lost"))
    agents.now += 3
    agents.away = True
    for _ in range(3):
        with pytest.raises(NotDelivered):
            agents.told.handle(entries("kept"))
        agents.now += 60
    agents.away = False
    agents.new()
    agents.told.handle(entries("kept"))
    agents.told.handle(entries("more"))
    assert agents.new() == [["kept"], ["more"]]
    all_of_it = ["lost", "kept", "more"]
    assert agents.wait(66) == [all_of_it] * 4
    assert agents.wait(200) == []
    agents.told.handle(entries("later"))
    agents.now += 100
    agents.told.handle(entries("latest"))
    assert agents.new() == [["later"], ["latest"]]


def test_who_is_never_idle_is_told_again_too(agents: Agents) -> None:
    agents.away = True
    with pytest.raises(NotDelivered):
        agents.told.handle(entries("a"))
    agents.away = False
    agents.told.handle(entries("a"))
    for _ in range(7):
        agents.now += 10
        agents.told.handle(entries("b"))
    assert [one for one in agents.new() if one[0] == "a" and len(one) > 1]
    assert agents.wait(100) == []


def test_a_broker_that_goes_again_is_waited_for_again(agents: Agents) -> None:
    agents.away = True
    with pytest.raises(NotDelivered):
        agents.told.handle(entries("a"))
    agents.away = False
    agents.told.handle(entries("a"))
    agents.away = True
    agents.now += 6
    with pytest.raises(NotDelivered):
        agents.told.idle()
    agents.away = False
    agents.new()
    agents.told.idle()
    assert agents.new() == [["a"]]
    agents.told.handle(entries("b"))
    assert agents.new() == [["b"]]
    assert agents.wait(66) == [["a", "b"]] * 3
    assert agents.wait(200) == []


def test_a_broker_that_goes_while_nothing_happens_is_noticed(agents: Agents) -> None:
    agents.told.handle(entries("a"))
    assert agents.wait(30) == [["a"]]
    assert agents.knocks == 10
    agents.away = True
    with pytest.raises(NotDelivered):
        agents.wait(5)
    agents.away = False
    agents.told.handle(entries("b"))
    assert agents.new() == [["b"]]
    assert agents.wait(66) == [["b"]] * 4


def test_a_process_that_begins_tells_again_what_others_told_lately(agents: Agents) -> None:
    agents.lately = entries("a", "b")
    agents.told = agents.process()
    agents.told.handle(entries("b", "c"))
    assert agents.new() == [["b", "c"]]
    assert agents.wait(66) == [["a", "b", "c"]] * 4
    agents.told = agents.process()
    assert agents.wait(66) == [["a", "b"]] * 4
