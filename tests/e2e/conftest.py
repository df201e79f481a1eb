"""One site for all tests of packets: its agents take seconds each to start."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.e2e import agents
from tests.e2e.site import LAYER_2, Site
from tests.instances import mariadb
from tests.instances.rabbitmq import RabbitMQ

# How much of an agent's log is shown with a test that fails.
_TAIL = 30
# Modules in the order in which they are run. While the first ones wait for packets, the agents
# start that the next ones need (their AGENTS); what loads the machine or measures is last.
_ORDER = (
    "test_tunnels",
    "test_providers",
    "test_security_groups",
    "test_dhcp",
    "test_routing",
    "test_what_is_killed",
    "test_rolling_restart",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts tests of packets in order, after all others."""
    here = Path(__file__).parent
    items.sort(key=lambda item: _ORDER.index(item.path.stem) if item.path.parent == here else -1)


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
    """Shows with a failure what server and agents have logged, and where packets would go."""
    report = yield
    site = getattr(item, "funcargs", {}).get("whole_site")
    if report.failed and site is not None and site.service.folder.exists():
        report.sections.append(("log of the server", site.service.log))
        for (kind, host), agent in site.agents.items():
            tail = "\n".join(agent.log.splitlines()[-_TAIL:])
            report.sections.append((f"log of {kind} on {host}", tail))
        for host in site.hosts.values():
            report.sections.append((f"forwarding of {host.name}", host.forwarding()))
        for machine in site.machines:
            known = machine.namespace.run("ip", "neighbour", check=False).stdout
            report.sections.append((f"neighbours of {machine.address}", known))
    return report


@pytest.fixture(scope="session")
def whole_site(rabbitmq: RabbitMQ, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site without agents, on MariaDB if it is installed, else on SQLite."""
    installed = mariadb.programs() is not None
    url = request.getfixturevalue("mariadb").create("e2e") if installed else ""
    with Site(rabbitmq, url) as site:
        yield site


@pytest.fixture
def site(whole_site: Site, request: pytest.FixtureRequest) -> Iterator[Site]:
    """The site with all layer 2 agents and those that the module needs; no networks."""
    whole_site.start_agents(*_agents_of(request.node))
    yield whole_site
    whole_site.clear()
    _launch_for_the_next(whole_site, request)


@pytest.fixture
def two_hosts(whole_site: Site, request: pytest.FixtureRequest) -> Iterator[Site]:
    """The site with the agents of two hosts, and no networks."""
    whole_site.start_agents(*LAYER_2[:2])
    yield whole_site
    whole_site.clear()
    _launch_for_the_next(whole_site, request)


def _launch_for_the_next(site: Site, request: pytest.FixtureRequest) -> None:
    items = request.session.items
    for item in items[items.index(request.node) + 1 :]:
        site.launch(*_agents_of(item))


def _agents_of(item: pytest.Item) -> tuple[tuple[str, str], ...]:
    module = item.getparent(pytest.Module)
    assert module is not None
    layer_2 = LAYER_2 if "site" in getattr(item, "fixturenames", ()) else ()
    return (*layer_2, *getattr(module.obj, "AGENTS", ()))
