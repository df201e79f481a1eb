"""Lists over HTTP: what query strings ask, and the links to other pages."""

from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import Result, TestClient

from deuteron.query import EVERYTHING, Query
from tests.unit.api.shelf import Shelf
from tests.unit.api.test_resources import PATH, make, refused


def asked(client: TestClient, shelf: Shelf, query_string: str) -> Query:
    """What the core was asked for this query string."""
    result = client.simulate_get(PATH, query_string=query_string)
    assert result.status_code == 200, result.text
    query = shelf.asked[-1]
    assert isinstance(query, Query)
    return query


@pytest.mark.parametrize(
    ("query_string", "filters"),
    [
        ("name=a", {"name": ("a",)}),
        ("name=a&name=b", {"name": ("a", "b")}),
        ("name=", {"name": ("",)}),
        ("name", {"name": ("",)}),
        ("name=a%20b%2C%C3%A9+c", {"name": ("a b,\u00e9 c",)}),
        ("admin_state_up=true", {"admin_state_up": (True,)}),
        ("shared=0", {"shared": (False,)}),
        ("mtu=1450", {"mtu": (1450,)}),
        ("mtu=99999999999999999999", {"mtu": (-1,)}),
        ("router:external=no", {"router:external": (False,)}),
        ("provider:segmentation_id=5", {"provider:segmentation_id": (5,)}),
        ("provider:physical_network=", {"provider:physical_network": ("",)}),
        ("revision_number=1", {"revision_number": (1,)}),
        ("revision_number=x", {"revision_number": (-1,)}),
        ("description=", {"description": ("",)}),
        ("tenant_id=a", {"project_id": ("a",)}),
        ("tenant_id=a&project_id=a&project_id=b", {"project_id": ("a",)}),
        ("tenant_id=a&project_id=b", {"project_id": ()}),
        ("tags=a,b&not-tags-any=c", {"tags": ("a,b",), "not-tags-any": ("c",)}),
    ],
)
def test_filters_have_the_attributes_type(
    client: TestClient, shelf: Shelf, query_string: str, filters: dict[str, Any]
) -> None:
    assert asked(client, shelf, query_string).filters == filters


@pytest.mark.parametrize(
    ("query_string", "expected"),
    [
        ("foo=bar", (400, "HTTPBadRequest")),
        ("name=a&foo=", (400, "HTTPBadRequest")),
        ("subnets=a", (400, "HTTPBadRequest")),
        ("segments=a", (400, "HTTPBadRequest")),
        ("created_at=x", (400, "HTTPBadRequest")),
        ("changed_since=2020-01-01T00:00:00", (400, "HTTPBadRequest")),
        ("l2_adjacency=true", (400, "HTTPBadRequest")),
        ("port_security_enabled=true", (400, "HTTPBadRequest")),
        ("evpn_vni=1", (400, "HTTPBadRequest")),
        ("name=%ff", (400, "HTTPBadRequest")),
        ("name=%00", (400, "HTTPBadRequest")),
        ("admin_state_up=zz", (400, "InvalidInput")),
        ("admin_state_up=", (400, "InvalidInput")),
        ("mtu=abc", (400, "InvalidInput")),
        ("mtu=", (400, "InvalidInput")),
        ("provider:segmentation_id=", (400, "InvalidInput")),
        ("sort_key=name", (400, "HTTPBadRequest")),
        ("sort_dir=asc", (400, "HTTPBadRequest")),
        ("sort_key=id&sort_key=name&sort_dir=asc", (400, "HTTPBadRequest")),
        ("sort_key=nope&sort_dir=asc", (400, "HTTPBadRequest")),
        ("sort_key=subnets&sort_dir=asc", (400, "HTTPBadRequest")),
        ("sort_key=revision_number&sort_dir=asc", (400, "HTTPBadRequest")),
        ("sort_key=name&sort_dir=up", (400, "HTTPBadRequest")),
        ("limit=-1", (400, "BadRequest")),
        ("limit=x", (400, "BadRequest")),
        ("limit=1.5", (400, "BadRequest")),
        ("limit=", (400, "BadRequest")),
    ],
)
def test_a_query_that_cannot_be_answered_is_refused(
    client: TestClient, shelf: Shelf, query_string: str, expected: tuple[int, str]
) -> None:
    assert refused(client.simulate_get(PATH, query_string=query_string)) == expected
    assert refused(client.simulate_get(f"{PATH}/x", query_string=query_string)) == expected
    assert not shelf.asked


def test_an_unknown_filter_is_ignored_where_the_site_wants_it(
    client_of: Callable[..., TestClient], shelf: Shelf
) -> None:
    assert asked(client_of(filter_validation=False), shelf, "foo=bar").filters == {}


def test_no_query_asks_for_everything(client: TestClient, shelf: Shelf) -> None:
    assert asked(client, shelf, "") is EVERYTHING


def test_sort_keys_and_directions_are_pairs(client: TestClient, shelf: Shelf) -> None:
    query = asked(client, shelf, "sort_key=name&sort_dir=desc&sort_key=tenant_id&sort_dir=asc")
    assert query.sort == (("name", False), ("project_id", True))


def test_empty_sort_keys_and_directions_say_nothing(client: TestClient, shelf: Shelf) -> None:
    assert asked(client, shelf, "sort_key=&sort_dir=").sort == ()


def test_the_last_limit_counts_and_zero_is_none(client: TestClient, shelf: Shelf) -> None:
    assert asked(client, shelf, "limit=2&limit=1").limit == 1
    assert asked(client, shelf, "limit=0").limit is None


def test_a_marker_without_limit_says_nothing(client: TestClient, shelf: Shelf) -> None:
    query = asked(client, shelf, "marker=nope&page_reverse=True")
    assert (query.marker, query.page_reverse) == (None, False)


def test_only_true_reverses(client: TestClient, shelf: Shelf) -> None:
    assert asked(client, shelf, "limit=1&page_reverse=TRUE").page_reverse
    assert not asked(client, shelf, "limit=1&page_reverse=1").page_reverse


@pytest.mark.parametrize(
    ("query_string", "read"),
    [
        ("fields=name", ("name",)),
        ("fields=name&fields=name&fields=mtu", ("name", "mtu")),
        ("fields=tenant_id&fields=project_id", ("project_id",)),
        ("fields=nope", ("id",)),
        ("fields=", ("id",)),
        ("fields=name&limit=1", ("name", "id")),
    ],
)
def test_only_what_is_shown_is_read(
    client: TestClient, shelf: Shelf, query_string: str, read: tuple[str, ...]
) -> None:
    assert asked(client, shelf, query_string).fields == read


def test_rows_are_cut_down_to_the_fields(client: TestClient) -> None:
    make(client, name="blue", project_id="p1")

    def shown(fields: str) -> Any:
        return client.simulate_get(PATH, query_string=fields).json["networks"]

    assert shown("fields=name&fields=tenant_id") == [{"name": "blue", "tenant_id": "p1"}]
    assert shown("fields=id,name") == [{}]
    assert shown("fields=") == [{}]
    assert shown("fields=name&limit=1") == [{"name": "blue"}]


def links(result: Result) -> dict[str, str]:
    assert result.status_code == 200, result.text
    return {link["rel"]: link["href"] for link in result.json.get("networks_links", [])}


@pytest.fixture
def three(client: TestClient) -> TestClient:
    for name in "abc":
        make(client, name=name)
    return client


def test_the_first_page_links_both_ways(three: TestClient) -> None:
    result = three.simulate_get(PATH, query_string="limit=2&fields=name&name=a&name=b&name=c")
    base = "http://falconframework.org/v2.0/networks?limit=2&fields=name&name=a&name=b&name=c"
    assert result.json["networks"] == [{"name": "a"}, {"name": "b"}]
    assert links(result) == {
        "next": f"{base}&marker=id-2",
        "previous": f"{base}&marker=id-1&page_reverse=True",
    }


def test_a_short_page_is_the_last_in_its_direction(three: TestClient) -> None:
    result = three.simulate_get(PATH, query_string="limit=2&marker=id-2")
    assert set(links(result)) == {"previous"}
    result = three.simulate_get(PATH, query_string="limit=2&marker=id-2&page_reverse=True")
    assert [network["id"] for network in result.json["networks"]] == ["id-1"]
    assert links(result) == {"next": "http://falconframework.org/v2.0/networks?limit=2&marker=id-1"}


def test_an_empty_page_links_without_marker(three: TestClient) -> None:
    result = three.simulate_get(PATH, query_string="limit=2&name=none")
    base = "http://falconframework.org/v2.0/networks?limit=2&name=none"
    assert links(result) == {"previous": f"{base}&page_reverse=True"}
    result = three.simulate_get(PATH, query_string="page_reverse=True&limit=2&name=none")
    assert links(result) == {"next": base}


def test_a_list_without_limit_has_no_links(three: TestClient) -> None:
    assert "networks_links" not in three.simulate_get(PATH).json


def test_following_the_links_meets_everything_once(three: TestClient) -> None:
    seen, url = [], f"{PATH}?limit=1&sort_key=name&sort_dir=desc"
    while url:
        path, _, query_string = url.partition("?")
        result = three.simulate_get(path, query_string=query_string)
        seen += [network["name"] for network in result.json["networks"]]
        url = links(result).get("next", "").removeprefix("http://falconframework.org")
    assert seen == ["c", "b", "a"]


def test_links_are_escaped_once(three: TestClient) -> None:
    result = three.simulate_get(PATH, query_string="limit=1&name=a%20b&name=%C3%A9,%2B&name=a")
    assert "name=a+b&name=%C3%A9%2C%2B&name=a" in links(result)["next"]


@pytest.mark.parametrize(
    ("headers", "root"),
    [
        ({"Host": "api.example.org"}, "http://api.example.org"),
        ({"Host": "api.example.org:9696"}, "http://api.example.org:9696"),
        (
            {"Host": "api.example.org", "X-Forwarded-Proto": "https"},
            "https://api.example.org",
        ),
        ({"X-Forwarded-Host": "evil.example.org"}, "http://falconframework.org"),
    ],
)
def test_links_name_the_host_of_the_request(
    three: TestClient, headers: dict[str, str], root: str
) -> None:
    result = three.simulate_get(PATH, query_string="limit=1", headers=headers)
    assert links(result)["next"] == f"{root}/v2.0/networks?limit=1&marker=id-1"


def test_links_begin_with_the_prefix_of_the_site(client_of: Callable[..., TestClient]) -> None:
    client = client_of(link_prefix="https://cloud.example.org/net/")
    make(client)
    result = client.simulate_get(PATH, query_string="limit=1")
    root = "https://cloud.example.org/net/v2.0/networks"
    assert links(result)["next"].startswith(f"{root}?limit=1")


def test_links_keep_the_path_as_it_was_asked(three: TestClient) -> None:
    result = three.simulate_get(f"{PATH}.json", query_string="limit=1")
    assert links(result)["next"].startswith("http://falconframework.org/v2.0/networks.json?")


def test_a_site_may_bound_the_page(client_of: Callable[..., TestClient], shelf: Shelf) -> None:
    client = client_of(longest_page=2)
    for name in "abc":
        make(client, name=name)
    for query_string, limit in (("", 2), ("limit=0", 2), ("limit=9", 2), ("limit=1", 1)):
        assert asked(client, shelf, query_string).limit == limit
    assert set(links(client.simulate_get(PATH))) == {"next", "previous"}
