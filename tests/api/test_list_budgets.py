"""What a list may cost in SQL statements, whatever its length and whoever asks."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deuteron.api import nouns
from deuteron.app import plugins
from tests.api.client import Api
from tests.api.conftest import MakeSite
from tests.api.used import Used

BUDGETS = tomllib.loads(Path(__file__).with_name("list_budgets.toml").read_text())


@pytest.fixture
def used(new_site: MakeSite) -> Used:
    site = new_site()
    return Used(site.deployment, site.application)


def collections(used: Used) -> Iterator[str]:
    """The paths of all lists that there are, below ``/v2.0/``."""
    services = plugins.enabled(used.deployment.settings)
    for noun in (*nouns.resources(), *(noun for one in services for noun in one.resources)):
        if noun.list_ is not None:
            yield noun.paths[0]


def ids(used: Used) -> dict[str, str]:
    """What a path is below of -> the id of one."""
    return {
        "flavors": used.api.list("flavor")[0]["id"],
        "floatingips": used.forwarding,
        "ports": used.port["id"],
        "qos": used.api.call("GET", "/qos/policies").body["policies"][0]["id"],
        "routers": used.router["id"],
    }


def asking(used: Used, api: Api, path: str) -> Callable[[], None]:
    parent = ids(used).get(path.partition("/")[0])

    def ask() -> None:
        answer = api.call("GET", f"/{path.replace('{id}', str(parent))}")
        assert answer.status in (200, 403, 404), answer

    return ask


def test_every_collection_has_a_budget(used: Used) -> None:
    assert sorted(BUDGETS["collections"]) == sorted(collections(used))


def test_a_list_costs_the_same_whatever_its_length(used: Used) -> None:
    callers = {
        "all": used.api,
        "owner": used.api.as_project("tests"),
        "stranger": used.api.as_project("stranger"),
    }
    allowed = {
        (who, path): most
        for path, budgets in BUDGETS["collections"].items()
        for who, most in budgets.items()
    }
    allowed |= {("all", path): most for path, most in BUDGETS["queries"].items()}
    requests = {(who, path): asking(used, callers[who], path) for who, path in allowed}
    used.fill(range(1))
    few = {one: len(used.cost(request)) for one, request in requests.items()}
    used.fill(range(1, 12))
    for one, request in requests.items():
        many = used.cost(request)
        assert len(many) == few[one], (one, many)
        assert len(many) <= allowed[one], (one, many)


def test_a_short_list_has_the_same(used: Used) -> None:
    used.fill(range(1))
    parents = ids(used)
    for noun_path in BUDGETS["collections"]:
        path = noun_path.replace("{id}", str(parents.get(noun_path.partition("/")[0])))
        [whole] = used.api.call("GET", f"/{path}").body.values()
        if isinstance(whole, list) and whole and "id" in whole[0]:
            answer = used.api.call("GET", f"/{path}?fields=id")
            assert answer.status == 200, (path, answer)
            [short] = answer.body.values()
            assert short == [{"id": one["id"]} for one in whole], path
