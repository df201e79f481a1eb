"""The RPC server on a real broker, asked as Neutron's agents ask."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deuteron import config
from deuteron.core import agents
from deuteron.db.engine import Database
from deuteron.query import EVERYTHING
from deuteron.rpc.messaging import RemoteError
from deuteron.rpc.service import Service, connect
from deuteron.rpc.topics import topics
from tests.caller import Caller
from tests.deployments import ADMIN, Site, a_deployment
from tests.instances.rabbitmq import RabbitMQ
from tests.observed import calls


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
