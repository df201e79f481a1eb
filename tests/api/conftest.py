"""The whole application in this process, on a fresh database."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deuteron import config
from deuteron.app.deployment import build
from deuteron.app.wsgi import application_of
from deuteron.core.deployment import Deployment
from tests.api.client import Api

MakeDeployment = Callable[..., Deployment]
MakeApi = Callable[..., Api]

SITE: Mapping[str, Mapping[str, str]] = {
    "ml2_type_flat": {"flat_networks": "*"},
    "ml2_type_vlan": {"network_vlan_ranges": "physnet1:1:1000,physnet2"},
}


@pytest.fixture
def make_deployment(tmp_path: Path) -> Iterator[MakeDeployment]:
    """Builds deployments from options by section; SQLite unless a connection is given."""
    made: list[Deployment] = []

    def make(**sections: Mapping[str, Any]) -> Deployment:
        number = len(made)
        options: dict[str, dict[str, Any]] = {
            "database": {"connection": f"sqlite:///{tmp_path}/deuteron-{number}.sqlite"}
        }
        for name, values in (*SITE.items(), *sections.items()):
            options.setdefault(name, {}).update(values)
        path = tmp_path / f"neutron-{number}.conf"
        path.write_text(
            "".join(
                f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
                for name, values in options.items()
            )
        )
        deployment = build(config.load([str(path)]))
        made.append(deployment)
        return deployment

    yield make
    for deployment in made:
        deployment.database.dispose()


@pytest.fixture
def make_api(make_deployment: MakeDeployment) -> MakeApi:
    """Builds applications from options by section."""

    def make(**sections: Mapping[str, Any]) -> Api:
        return Api(application_of(make_deployment(**sections)), {"X-Project-Id": "tests"})

    return make


@pytest.fixture
def deployment(make_deployment: MakeDeployment) -> Deployment:
    """A deployment with the options of SITE."""
    return make_deployment()


@pytest.fixture
def api(deployment: Deployment) -> Api:
    """The API of `deployment`, as an administrator of project ``tests``."""
    return Api(application_of(deployment), {"X-Project-Id": "tests"})
