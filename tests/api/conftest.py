"""The whole application in this process, on a database as new."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deuteron.core.deployment import Deployment
from tests.api.client import Api
from tests.api.sites import Site, Sites, build_site

MakeSite = Callable[..., Site]
MakeApi = Callable[..., Api]


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """What the tests of this process have built."""
    sites = Sites(tmp_path_factory.mktemp("sites"))
    yield sites
    sites.close()


@pytest.fixture
def new_site(tmp_path: Path) -> Iterator[MakeSite]:
    """Builds deployments with options by section; SQLite unless a connection is given."""
    built: list[Site] = []

    def make(**sections: Mapping[str, Any]) -> Site:
        folder = tmp_path / f"site-{len(built)}"
        folder.mkdir()
        built.append(build_site(folder, sections))
        return built[-1]

    yield make
    for site in built:
        site.deployment.database.dispose()


@pytest.fixture
def make_site(sites: Sites, new_site: MakeSite) -> MakeSite:
    """Gives deployments with options by section, as new; SQLite unless a connection is given."""
    taken: list[Mapping[str, Mapping[str, Any]]] = []

    def make(**sections: Mapping[str, Any]) -> Site:
        if "database" in sections:
            return new_site(**sections)
        taken.append(sections)
        return sites.take(sections, taken.count(sections))

    return make


@pytest.fixture
def make_api(make_site: MakeSite) -> MakeApi:
    """Gives applications with options by section, to an administrator of project ``tests``."""

    def make(**sections: Mapping[str, Any]) -> Api:
        return Api(make_site(**sections).application, {"X-Project-Id": "tests"})

    return make


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """A deployment and its application without options of its own."""
    return make_site()


@pytest.fixture
def deployment(site: Site) -> Deployment:
    """The deployment of `site`."""
    return site.deployment


@pytest.fixture
def api(site: Site) -> Api:
    """The API of `site`, as an administrator of project ``tests``."""
    return Api(site.application, {"X-Project-Id": "tests"})
