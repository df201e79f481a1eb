"""The processes that speak with agents: started and kept with the server, gone with it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from deuteron.rpc.messaging import MessagingTimeout
from tests.caller import Caller
from tests.instances.rabbitmq import RabbitMQ
from tests.process.conftest import STARTING, Server, Start
from tests.process.test_serve import wait_until_gone


@pytest.fixture
def configuration(tmp_path: Path, rabbitmq: RabbitMQ) -> Path:
    path = tmp_path / "broker.conf"
    path.write_text(f"[DEFAULT]\ntransport_url = {rabbitmq.url}\n")
    return path


@pytest.fixture
def caller(rabbitmq: RabbitMQ) -> Iterator[Caller]:
    made = Caller(rabbitmq.url)
    yield made
    made.close()


def _until(holds: Callable[[], bool], seconds: float = STARTING) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _answers(caller: Caller, topic: str) -> bool:
    """Asks as agents do: again, if nobody listened when they asked."""
    for _ in range(6):
        with suppress(MessagingTimeout):
            answer = caller.call(topic, "has_alive_neutron_server", version="1.4", timeout=5)
            return bool(answer)
    return False


def _children(server: Server) -> list[int]:
    """The processes that any thread of the server has started."""
    lists = Path(f"/proc/{server.pid}/task").glob("*/children")
    return [int(pid) for one in lists for pid in one.read_text().split()]


def test_agents_are_answered_and_processes_that_die_are_replaced(
    start: Start, configuration: Path, caller: Caller
) -> None:
    server = start("--config-file", str(configuration))
    server.wait_for_answer()
    for topic in ("q-plugin", "q-reports-plugin"):
        assert _answers(caller, topic)
    before = set(_children(server))
    assert len(before) == 3  # one answers requests, one agents, one takes reports

    for pid in before:
        os.kill(pid, signal.SIGKILL)
    _until(lambda: len(set(_children(server)) - before) == 3)
    for topic in ("q-plugin", "q-reports-plugin"):
        assert _answers(caller, topic)
    pids = _children(server)
    assert server.end() == 0
    wait_until_gone(pids)


def test_a_broker_that_comes_back_is_served_again(
    start: Start, configuration: Path, rabbitmq: RabbitMQ
) -> None:
    server = start("--config-file", str(configuration))
    server.wait_for_answer()
    before = Caller(rabbitmq.url)
    assert _answers(before, "q-plugin")
    before.close()
    rabbitmq.stop(kill=True)
    assert server.get("/v2.0/networks") == (200, '{"networks":[]}')
    begin = time.monotonic()
    for _ in range(20):
        assert server.post("/v2.0/networks", {"network": {}}) == 201
    assert time.monotonic() - begin < 10
    rabbitmq.start()
    after = Caller(rabbitmq.url)
    for topic in ("q-plugin", "q-reports-plugin"):
        assert _answers(after, topic)
    after.close()


def test_a_broker_that_is_away_does_not_hold_up_the_api(
    start: Start, tmp_path: Path, rabbitmq: RabbitMQ
) -> None:
    path = tmp_path / "nobody.conf"
    path.write_text("[DEFAULT]\ntransport_url = rabbit://guest:guest@127.0.0.1:9/\n")
    server = start("--config-file", str(path))
    server.wait_for_answer()
    assert server.get("/v2.0/networks") == (200, '{"networks":[]}')
    pids = _children(server)
    assert server.end() == 0
    wait_until_gone(pids)


def test_the_rpc_server_runs_alone(configuration: Path, tmp_path: Path, caller: Caller) -> None:
    command = [sys.executable, "-m", "deuteron", "rpc", "--config-file", str(configuration)]
    process = subprocess.Popen([*command, "--state-dir", str(tmp_path / "alone")])
    try:
        assert _answers(caller, "q-plugin")
        process.terminate()
        assert process.wait(STARTING) == 0
    finally:
        process.kill()
        process.wait()


def test_the_rpc_server_needs_a_broker(tmp_path: Path) -> None:
    (tmp_path / "empty.conf").touch()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "deuteron", "rpc"),
            *("--config-file", str(tmp_path / "empty.conf"), "--state-dir", str(tmp_path)),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("deuteron: no broker is configured; set [DEFAULT] transport_url")
