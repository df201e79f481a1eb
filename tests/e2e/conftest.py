"""One site for all tests of packets: its agents take seconds each to start."""

import os
from collections.abc import Generator, Iterator

import pytest

from tests.e2e import agents
from tests.e2e.site import Site
from tests.instances import mariadb
from tests.instances.rabbitmq import RabbitMQ

# How much of an agent's log is shown with a test that fails.
_TAIL = 30


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips visibly what cannot be tested here; fails where that must not be."""
    if item.get_closest_marker("e2e") and (lacking := agents.missing()):
        needed = f"packets between hosts need {lacking}"
        if os.environ.get("CI") == "true":
            pytest.fail(needed)
        pytest.skip(needed)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows with a failure what server and agents have logged."""
    report = yield
    site = getattr(item, "funcargs", {}).get("whole_site")
    if report.failed and site is not None and site.service.folder.exists():
        report.sections.append(("log of the server", site.service.log))
        for (kind, host), agent in site.agents.items():
            tail = "\n".join(agent.log.splitlines()[-_TAIL:])
            report.sections.append((f"log of {kind} on {host}", tail))
    return report


@pytest.fixture(scope="session")
def whole_site(rabbitmq: RabbitMQ, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site without agents, on MariaDB if it is installed, else on SQLite."""
    installed = mariadb.programs() is not None
    url = request.getfixturevalue("mariadb").create("e2e") if installed else ""
    with Site(rabbitmq, url) as site:
        yield site


@pytest.fixture
def site(whole_site: Site) -> Iterator[Site]:
    """The site with the layer 2 agents of all hosts, and no networks."""
    yield from _cleared(
        whole_site,
        *(("openvswitch", name) for name in ("ovs1", "ovs2", "ovs3")),
        *(("linuxbridge", name) for name in ("lb1", "lb2")),
    )


@pytest.fixture
def two_hosts(whole_site: Site) -> Iterator[Site]:
    """The site with the agents of two hosts, and no networks."""
    yield from _cleared(whole_site, ("openvswitch", "ovs1"), ("openvswitch", "ovs2"))


@pytest.fixture
def served(site: Site) -> Site:
    """The site with a DHCP and a metadata agent, too."""
    site.start_agents(("dhcp", "ovs1"), ("metadata", "ovs1"))
    return site


def _cleared(site: Site, *wanted: tuple[str, str]) -> Iterator[Site]:
    site.start_agents(*wanted)
    yield site
    site.clear()
