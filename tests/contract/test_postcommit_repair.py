"""Postcommit hooks that a crash cut off or that failed are repeated until they have succeeded."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from deuteron.context import RequestContext
from deuteron.core import networks, postcommits
from deuteron.core.deployment import Deployment
from deuteron.core.extension import Extended
from deuteron.core.postcommit_repair import repair
from deuteron.db import networks as network_rows
from deuteron.db.moments import later
from deuteron.db.tables import postcommits as queue
from deuteron.errors import NetworkNotFound
from deuteron.ml2.dispatch import Hook, Mechanisms

ASKED = RequestContext(request_id="req-1", project_id="p", roles=frozenset({"member"}))


class Driver:
    """Notes what it is told and fails as long as it is asked to."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.fails = False
        self.delay = 0.0

    def _note(self, hook: str, context: Any) -> None:
        time.sleep(self.delay)
        self.told.append((hook, context.current["name"]))
        if self.fails:
            raise RuntimeError("the switch does not answer")

    def create_network_postcommit(self, context: Any) -> None:
        self._note("create", context)

    def update_network_postcommit(self, context: Any) -> None:
        self._note("update", context)

    def delete_network_postcommit(self, context: Any) -> None:
        self._note("delete", context)


class NoSegments:
    """A segment manager for networks that have none."""

    def release(self, *_anything: Any) -> None:
        """There is nothing to release."""


class Clock:
    def __init__(self) -> None:
        self.now = "2014-06-04T12:00:00Z"

    def __call__(self) -> str:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now = later(self.now, seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def driver() -> Driver:
    return Driver()


@pytest.fixture
def other() -> Driver:
    return Driver()


@pytest.fixture
def d(database, driver, other, clock) -> Deployment:
    return Deployment(
        settings=None,  # type: ignore[arg-type]
        database=database,
        segments=NoSegments(),  # type: ignore[arg-type]
        mechanisms=Mechanisms([("switch", driver), ("other", other)]),
        networks=Extended(),
        subnets=Extended(),
        ports=Extended(),
        hints=None,  # type: ignore[arg-type]
        clock=clock,
    )


def a_network(name: str, **values: Any) -> dict[str, Any]:
    return {
        "id": f"id-{name}",
        "project_id": "p",
        "name": name,
        "admin_state_up": True,
        "status": "ACTIVE",
        "shared": False,
        "router:external": False,
        "mtu": 1500,
        "port_security_enabled": True,
        "description": "",
        "created_at": "2014-06-04T11:00:00Z",
        "updated_at": "2014-06-04T11:00:00Z",
        "revision_number": 1,
        **values,
    }


def crash(d: Deployment, hook: Hook, network: dict[str, Any], *, there: bool = True) -> None:
    """Commit a change and end before its hooks are run."""
    with d.database.transaction(ASKED) as tx:
        if there:
            network_rows.insert_many(tx, [network])
        original = network if hook is Hook.UPDATE_NETWORK_POSTCOMMIT else None
        segments = () if hook is Hook.DELETE_NETWORK_POSTCOMMIT else None
        item = postcommits.Item(current=network, original=original, segments=segments)
        postcommits.due(d, tx, hook, [item])


def waiting(d: Deployment) -> list[Any]:
    with d.database.read() as reader:
        return list(reader.execute(select(queue)))


def rounds(d: Deployment, clock: Clock, *, seconds: int) -> Iterator[int]:
    for _ in range(seconds // 10):
        clock.forward(10)
        yield repair(d)


def test_hooks_that_a_crash_cut_off_are_run(d, driver, other, clock):
    crash(d, Hook.CREATE_NETWORK_POSTCOMMIT, a_network("n"))
    assert repair(d) == 0, "the process that made the change has its time first"
    assert driver.told == []
    clock.forward(301)
    assert repair(d) == 1
    assert driver.told == other.told == [("create", "n")]
    assert waiting(d) == []
    assert repair(d) == 0


def test_a_repeated_update_shows_the_present_state(d, driver, clock):
    crash(d, Hook.UPDATE_NETWORK_POSTCOMMIT, a_network("old"))
    with d.database.transaction(ASKED) as tx:
        network = network_rows.get(tx, "id-old")
        network_rows.update_row(tx, network, {"name": "new", "revision_number": 2})
    clock.forward(301)
    assert repair(d) == 1
    assert driver.told == [("update", "new")]


def test_a_deletion_is_repeated_from_what_was_kept_of_it(d, driver, clock):
    crash(d, Hook.DELETE_NETWORK_POSTCOMMIT, a_network("n"), there=False)
    clock.forward(301)
    assert repair(d) == 1
    assert driver.told == [("delete", "n")]


def test_hooks_of_what_has_gone_are_dropped(d, driver, clock):
    crash(d, Hook.UPDATE_NETWORK_POSTCOMMIT, a_network("n"), there=False)
    clock.forward(301)
    assert repair(d) == 1
    assert driver.told == []
    assert waiting(d) == []


def test_an_update_that_fails_is_repeated_for_ever_and_more_rarely(d, driver, other, clock):
    crash(d, Hook.UPDATE_NETWORK_POSTCOMMIT, a_network("n"))
    driver.fails = True
    clock.forward(301)
    for _ in rounds(d, clock, seconds=3600):
        pass
    after_an_hour = len(driver.told)
    assert 8 < after_an_hour < 15
    assert other.told == [("update", "n")], "who has succeeded is not told again"
    (row,) = waiting(d)
    assert row.drivers == ["switch"]
    assert "does not answer" in row.error
    driver.fails = False
    assert sum(rounds(d, clock, seconds=700)) == 1
    assert len(driver.told) == after_an_hour + 1
    assert waiting(d) == []


def test_a_creation_that_fails_for_good_is_undone(d, driver, clock):
    crash(d, Hook.CREATE_NETWORK_POSTCOMMIT, a_network("n"))
    driver.fails = True
    clock.forward(301)
    assert networks.get(d, ASKED, "id-n")["name"] == "n"
    for _ in rounds(d, clock, seconds=2 * 3600):
        pass
    with pytest.raises(NetworkNotFound):
        networks.get(d, ASKED, "id-n")
    hooks = [hook for hook, _ in driver.told]
    assert hooks[:10] == ["create"] * 10
    # and the deletion is told until it is heard
    assert set(hooks[10:]) == {"delete"}
    driver.fails = False
    assert sum(rounds(d, clock, seconds=700)) == 1
    assert waiting(d) == []


def test_a_driver_that_is_not_configured_any_more_is_forgotten(d, driver, other, clock):
    crash(d, Hook.UPDATE_NETWORK_POSTCOMMIT, a_network("n"))
    clock.forward(301)
    assert repair(replace(d, mechanisms=Mechanisms([("other", other)]))) == 1
    assert driver.told == []
    assert waiting(d) == []


def test_processes_that_repair_at_once_tell_a_driver_once(d, driver, clock):
    for number in range(10):
        crash(d, Hook.CREATE_NETWORK_POSTCOMMIT, a_network(f"n{number}"))
    clock.forward(301)
    driver.delay = 0.01
    together = threading.Barrier(3)
    settled: list[int] = []

    def run() -> None:
        together.wait(10)
        settled.append(repair(d))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(settled) == 10
    assert sorted(driver.told) == [("create", f"n{number}") for number in range(10)]


def test_a_crash_of_the_repairer_is_repaired(d, driver, clock):
    crash(d, Hook.CREATE_NETWORK_POSTCOMMIT, a_network("n"))
    clock.forward(301)

    class Killed(BaseException):
        pass

    def die(_context: Any) -> None:
        raise Killed

    driver.create_network_postcommit = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        repair(replace(d, mechanisms=Mechanisms([("switch", driver)])))
    del driver.create_network_postcommit
    assert repair(d) == 0
    clock.forward(301)
    assert repair(d) == 1
    assert driver.told == [("create", "n")]
