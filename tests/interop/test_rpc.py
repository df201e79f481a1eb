"""The RPC server on a real broker, asked as Neutron's agents ask."""

import json
import logging
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import amqp
import pytest

from deuteron import config
from deuteron.core import agents
from deuteron.db.engine import Database
from deuteron.query import EVERYTHING
from deuteron.rpc import skipping
from deuteron.rpc.endpoint import Endpoint
from deuteron.rpc.messaging import RemoteError
from deuteron.rpc.server import Server
from deuteron.rpc.service import Service, connect
from deuteron.rpc.topics import topics
from tests.caller import Caller
from tests.deployments import ADMIN, Site, a_deployment
from tests.instances.rabbitmq import RabbitMQ
from tests.observed import calls, messages
from tests.statements import counted


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    database = Database(sqlite_url)
    yield Site(a_deployment(database, tmp_path))
    database.dispose()


@pytest.fixture
def served(site: Site, rabbitmq: RabbitMQ, tmp_path: Path) -> Iterator[Site]:
    """The site, answering agents."""
    path = tmp_path / "broker.conf"
    path.write_text(f"[DEFAULT]\nstate_path = {tmp_path}\ntransport_url = {rabbitmq.url}\n")
    transport = connect(config.load([str(path)]))
    service = Service(site.d, transport, topics())
    service.begin()
    yield site
    service.end()
    transport.cleanup()


@pytest.fixture
def agent(rabbitmq: RabbitMQ) -> Iterator[Caller]:
    caller = Caller(rabbitmq.url)
    yield caller
    caller.close()


def test_reports_of_all_agents_are_kept(served: Site, agent: Caller) -> None:
    assert agent.call("q-reports-plugin", "has_alive_neutron_server", version="1.4") is True
    kinds: set[tuple[str, str]] = set()
    for message in calls("report_state"):
        reported = message["args"]["agent_state"]["agent_state"]
        kind = (reported["agent_type"], reported["host"])
        answer = agent.call(
            message["key"], "report_state", version=message["version"], **message["args"]
        )
        assert answer == ("alive" if kind in kinds else "new"), kind
        kinds.add(kind)
    known = agents.list_(served.d, ADMIN, EVERYTHING)
    assert {(one["agent_type"], one["host"]) for one in known} == kinds


@contextmanager
def suppress_types(*types: str) -> Iterator[None]:
    """Failures of these types are fine."""
    try:
        yield
    except RemoteError as error:
        if error.exc_type not in types:
            raise


def test_every_call_of_stock_agents_is_answered(served: Site, agent: Caller) -> None:
    methods = {name for one in topics()["q-plugin"] for name in one.methods}
    called: set[str] = set()
    for message in messages():
        if message.get("kind") != "call" or message["key"] != "q-plugin":
            continue
        method, version = message["method"], message["version"]
        assert method in methods, method
        called.add(method)
        # What they speak of is not there.
        with suppress_types("NetworkNotFound", "IpAddressGenerationFailure"):
            agent.call("q-plugin", method, version=version, arguments=message["args"])
    assert len(called) >= 15


def test_an_agent_is_told_where_tunnels_end(served: Site, agent: Caller) -> None:
    with agent.listening("q-agent-notifier-tunnel-update") as heard:
        (message,) = [one for one in calls("tunnel_sync") if one["args"]["host"] == "h2"][:1]
        arguments = {**message["args"], "tunnel_type": "vxlan"}
        answer = agent.call("q-plugin", "tunnel_sync", version="1.4", **arguments)
        assert answer == {"tunnels": [{"ip_address": "10.99.0.2", "udp_port": 4789, "host": "h2"}]}
        told = heard.get(timeout=10)
        assert (told["method"], told["version"]) == ("tunnel_update", "1.0")
        assert told["args"] == {"tunnel_ip": "10.99.0.2", "tunnel_type": "vxlan"}


def test_a_flood_of_reports_hardly_reaches_the_database(
    served: Site, agent: Caller, rabbitmq: RabbitMQ
) -> None:
    (message, *_) = calls("report_state")
    agent.call("q-reports-plugin", "report_state", version="1.4", **message["args"])
    with counted(served.d.database) as statements:
        for _ in range(1000):
            agent.cast("q-reports-plugin", "report_state", version="1.4", **message["args"])
        assert agent.call("q-plugin", "has_alive_neutron_server", version="1.4", timeout=5)
        deadline = time.monotonic() + 30
        while rabbitmq.waiting("q-reports-plugin") and time.monotonic() < deadline:
            time.sleep(0.1)
        other = {"agent_state": {**message["args"]["agent_state"]["agent_state"], "host": "h9"}}
        arguments = {**message["args"], "agent_state": other}
        assert agent.call("q-reports-plugin", "report_state", version="1.4", **arguments) == "new"
    assert len(statements) < 200, len(statements)


GARBAGE = (
    "no JSON",
    "",
    "[]",
    "5",
    '{"oslo.version": "2.0"}',
    '{"oslo.version": "9.0", "oslo.message": "{}"}',
    '{"oslo.version": "2.0", "oslo.message": "no JSON"}',
    '{"oslo.version": "2.0", "oslo.message": "[]"}',
    '{"oslo.version": "2.0", "oslo.message": "{}"}',
    '{"oslo.version": "2.0", "oslo.message": "{\\"method\\": 5, \\"args\\": 5}"}',
    '{"method": "tunnel_sync", "_reply_q": {}, "_msg_id": 5}',
    "[" * 100_000,
    '{"method": "tunnel_sync", "args": {"host": "' + "x" * 20_000_000 + '"}}',
    '{"method": "update_device_list", "args": {"host": null}, "_unique_id": 5}',
)


def test_garbage_is_dropped(
    served: Site, agent: Caller, rabbitmq: RabbitMQ, caplog: pytest.LogCaptureFixture
) -> None:
    assert agent.call("q-plugin", "has_alive_neutron_server", version="1.4")
    for body in GARBAGE:
        caplog.clear()
        rabbitmq.publish("neutron", "q-plugin", body)
        assert agent.call("q-plugin", "has_alive_neutron_server", version="1.4")
        assert rabbitmq.waiting("q-plugin") == 0
        deadline = time.monotonic() + 5
        while not (told := _warnings(caplog)) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(told) == 1, (body[:100], told)
        assert told[0].startswith("Message of "), told


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was told; none of it with a traceback."""
    told = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert not any(one.exc_info for one in told)
    return [one.getMessage() for one in told]


def an_envelope(method: str, **more: Any) -> str:
    """A message of an agent, as it is on the wire."""
    inner = {"method": method, "version": "1.4", "_unique_id": uuid.uuid4().hex, **more}
    return json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(inner)})


def test_who_is_gone_before_the_answer_keeps_nobody_waiting(
    served: Site, agent: Caller, rabbitmq: RabbitMQ
) -> None:
    for number in range(20):  # more than there are threads
        asked = {"_msg_id": uuid.uuid4().hex, "_reply_q": f"reply_gone_{number}"}
        body = an_envelope("has_alive_neutron_server", args={"host": "gone"}, **asked)
        rabbitmq.publish("neutron", "q-plugin", body)
    assert agent.call("q-plugin", "has_alive_neutron_server", version="1.4", timeout=5)


def test_who_is_back_after_a_while_has_its_answer(
    served: Site, agent: Caller, rabbitmq: RabbitMQ
) -> None:
    asked = {"_msg_id": "m1", "_reply_q": "reply_late", "args": {}}
    rabbitmq.publish("neutron", "q-plugin", an_envelope("has_alive_neutron_server", **asked))
    # One that was asked later is answered, so this was tried.
    assert agent.call("q-plugin", "has_alive_neutron_server", version="1.4")
    with rabbitmq.connect() as connection:
        channel = connection.channel()
        channel.queue_declare("reply_late", auto_delete=False)
        deadline = time.monotonic() + 20
        while (answer := channel.basic_get("reply_late")) is None:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        channel.queue_delete("reply_late")
    told = json.loads(json.loads(answer.body)["oslo.message"])
    assert (told["_msg_id"], told["result"]) == ("m1", True)


def test_a_message_that_comes_twice_is_answered_once(
    served: Site, agent: Caller, rabbitmq: RabbitMQ, caplog: pytest.LogCaptureFixture
) -> None:
    body = an_envelope("fly", args={"host": "evil"})
    for _ in range(2):
        rabbitmq.publish("neutron", "q-plugin", body)
    assert agent.call("q-plugin", "has_alive_neutron_server", version="1.4")
    assert sorted(one.partition(": ")[0] for one in _warnings(caplog)) == [
        "Message of host=evil on q-plugin dropped",
        "Message of host=evil on q-plugin refused",
    ]


def test_one_agent_that_reports_all_the_time_is_hardly_heard(
    site: Site,
    rabbitmq: RabbitMQ,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[str] = []
    passed: list[int] = []
    skip = skipping.skip

    def noting(*words: Any, **more: Any) -> int:
        passed.append(skip(*words, **more))
        return passed[-1]

    monkeypatch.setattr(skipping, "skip", noting)

    def hear(_d: Any, _call: Any, *, agent_state: Any, time: Any) -> None:
        heard.append(agent_state["agent_state"]["host"])

    topic = "q-reports-flooded"
    path = tmp_path / "broker.conf"
    path.write_text(f"[DEFAULT]\nstate_path = {tmp_path}\ntransport_url = {rabbitmq.url}\n")
    transport = connect(config.load([str(path)]))
    endpoint = Endpoint(version="1.4", methods={"report_state": hear})
    service = Service(site.d, transport, {topic: (endpoint,)})
    service.begin()
    begin = time.monotonic()
    with rabbitmq.connect() as connection:
        channel = connection.channel()
        for number in range(3001):
            state = {"agent_type": "DHCP agent", "host": "evil" if number < 3000 else "h2"}
            args = {"agent_state": {"agent_state": state}, "time": "2014-06-04T12:00:00"}
            body = an_envelope("report_state", args=args)
            message = amqp.Message(body, content_type="application/json")
            channel.basic_publish(message, exchange="neutron", routing_key=topic)
    while "h2" not in heard:
        assert time.monotonic() < begin + 60
        time.sleep(0.05)
    seconds = time.monotonic() - begin
    told = _warnings(caplog)
    service.end()
    transport.cleanup()
    assert heard.count("evil") <= 20 * (int(seconds) + 2)  # seconds of the clock, begun ones too
    assert any(passed)
    (line,) = told
    assert line.startswith(f"Message of host=evil agent_type=DHCP agent on {topic}: it reports")


def test_all_topics_end_at_once(
    site: Site, rabbitmq: RabbitMQ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "broker.conf"
    path.write_text(f"[DEFAULT]\nstate_path = {tmp_path}\ntransport_url = {rabbitmq.url}\n")
    service = Service(site.d, connect(config.load([str(path)])), topics())
    together = threading.Barrier(len(topics()))
    monkeypatch.setattr(Server, "end", lambda _server: together.wait(10))
    service.end()  # where one waited for another, the barrier would break


def test_what_nobody_answers_is_refused_and_nothing_else_suffers(
    served: Site, agent: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    for method, version, arguments, failure in (
        ("fly", "1.0", {"host": "evil"}, "NoSuchMethod"),
        ("report_state", "2.0", {"host": "evil"}, "UnsupportedVersion"),
        ("report_state", "1.9", {"host": "evil"}, "UnsupportedVersion"),
        ("report_state", "1.4", {"host": "evil"}, "InvalidInput"),
        ("report_state", "1.4", {"agent_state": 5, "time": "now"}, "InvalidInput"),
    ):
        caplog.clear()
        with pytest.raises(RemoteError) as refused:
            agent.call("q-reports-plugin", method, version=version, **arguments)
        assert refused.value.exc_type == failure
        (line,) = [r.getMessage() for r in caplog.records if "refused" in r.getMessage()]
        assert "host=evil" in line or "reply_queue=" in line
        assert "\n" not in line
    assert agent.call("q-reports-plugin", "has_alive_neutron_server", version="1.4") is True
