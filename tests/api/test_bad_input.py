"""What cannot be done, over the whole application: the right status and type, and nothing left."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from deuteron.api import attributes, nouns
from deuteron.api.extensions import EXTENSIONS, attribute_maps, enabled
from deuteron.app.wsgi import TAGGED_FRAMES_ALIASES
from tests.api.client import Api, path_of
from tests.api.conftest import MakeApi

MISSING = "00000000-0000-4000-8000-000000000000"
NOUNS = (
    "network",
    "subnet",
    "port",
    "segment",
    "network_segment_range",
    "security_group",
    "security_group_rule",
    "agent",
)


@pytest.fixture
def network(api: Api) -> dict[str, Any]:
    return api.create("network", name="here")


@pytest.fixture
def subnet(api: Api, network: dict[str, Any]) -> dict[str, Any]:
    return api.create("subnet", network_id=network["id"], cidr="10.0.0.0/29", ip_version=4)


@pytest.fixture
def port(api: Api, network: dict[str, Any], subnet: dict[str, Any]) -> dict[str, Any]:
    return api.create("port", network_id=network["id"])


def everything(api: Api) -> dict[str, Any]:
    return {noun: sorted(api.list(noun), key=lambda row: str(row["id"])) for noun in NOUNS}


@pytest.fixture
def unchanged(api: Api, port: dict[str, Any]) -> Iterator[None]:
    """What the test does must leave everything as it was."""
    before = everything(api)
    yield
    assert everything(api) == before


@pytest.mark.usefixtures("unchanged")
def test_malformed_json(api: Api) -> None:
    refused = (400, "HTTPBadRequest")
    for raw, noun in product((b"{", b"[]", b'"x"', b"\xff", b"", b"{}", b"null"), NOUNS):
        if noun != "agent":
            assert api.call("POST", f"/{path_of(noun)}", raw=raw).refused == refused, (noun, raw)
        answer = api.call("PUT", f"/{path_of(noun)}/{MISSING}", raw=raw)
        assert answer.refused == refused, (noun, raw)


@pytest.mark.usefixtures("unchanged")
def test_unknown_attributes(api: Api) -> None:
    for noun in NOUNS:
        if noun != "agent":
            assert api.refuse(noun, nonsense=1) == (400, "HTTPBadRequest"), noun
        assert api.refuse_update(noun, MISSING, nonsense=1) == (400, "HTTPBadRequest"), noun


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("queries", "name"),
    [
        (
            (
                "nonsense=1",
                "sort_key=nonsense&sort_dir=asc",
                "sort_key=id",
                "sort_key=id&sort_dir=up",
            ),
            "HTTPBadRequest",
        ),
        (("limit=-1", "limit=x", "limit="), "BadRequest"),
    ],
)
def test_unknown_filters_and_bad_pages(api: Api, queries: tuple[str, ...], name: str) -> None:
    for noun, query in product(NOUNS, queries):
        answer = api.call("GET", f"/{path_of(noun)}?{query}")
        assert answer.refused == (400, name), (noun, query)


NOT_FOUND = {
    "network": "NetworkNotFound",
    "subnet": "SubnetNotFound",
    "port": "PortNotFound",
    "segment": "SegmentNotFound",
    "network_segment_range": "NetworkSegmentRangeNotFound",
    "security_group": "SecurityGroupNotFound",
    "security_group_rule": "SecurityGroupRuleNotFound",
    "agent": "AgentNotFound",
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("missing", [MISSING, "nope"])
def test_missing_resources(api: Api, missing: str) -> None:
    for noun in NOUNS:
        expected = (404, NOT_FOUND[noun])
        one = f"/{path_of(noun)}/{missing}"
        assert api.call("GET", one).refused == expected
        assert api.call("PUT", one, {noun: {"description": "x"}}).refused == expected
        assert api.call("DELETE", one).refused == expected
        answer = api.call("GET", f"/{path_of(noun)}?limit=1&marker={missing}")
        assert answer.status in (200, 404), "the marker's row may be gone, not the server"


@pytest.mark.usefixtures("unchanged")
def test_missing_parents(api: Api) -> None:
    subnet = {"cidr": "10.9.0.0/24", "ip_version": 4}
    assert api.refuse("subnet", network_id=MISSING, **subnet) == (404, "NetworkNotFound")
    assert api.refuse("port", network_id=MISSING) == (404, "NetworkNotFound")
    answer = api.refuse("segment", network_id=MISSING, network_type="vxlan")
    assert answer == (404, "NetworkNotFound")
    answer = api.refuse("security_group_rule", security_group_id=MISSING, direction="ingress")
    assert answer == (404, "SecurityGroupNotFound")
    for path in (f"/ports/{MISSING}/bindings", f"/ports/{MISSING}/binding-explanation"):
        assert api.call("GET", path).refused == (404, "PortNotFound")
    question = {"binding_explanation": {"network_id": MISSING, "host": "h"}}
    answer = api.call("POST", "/binding-explanations", question)
    assert answer.refused == (404, "NetworkNotFound")
    for collection in ("networks", "subnets", "ports", "security-groups", "network_segment_ranges"):
        tags = f"/{collection}/{MISSING}/tags"
        for method, path, body in (
            ("GET", tags, None),
            ("PUT", tags, {"tags": ["a"]}),
            ("POST", tags, {"tags": ["a"]}),
            ("DELETE", tags, None),
            ("GET", f"{tags}/a", None),
            ("PUT", f"{tags}/a", None),
            ("DELETE", f"{tags}/a", None),
        ):
            assert api.call(method, path, body).status == 404, (method, path)


@pytest.mark.usefixtures("unchanged")
def test_methods_that_are_not_allowed(api: Api, network: dict[str, Any]) -> None:
    one = f"/networks/{network['id']}"
    for method, path in (
        ("PATCH", "/networks"),
        ("DELETE", "/networks"),
        ("PUT", "/networks"),
        ("POST", one),
        ("PATCH", one),
        ("POST", f"{one}/tags/a"),
        ("POST", "/agents"),
        ("POST", "/extensions"),
        ("GET", "/binding-explanations"),
    ):
        answer = api.call(method, path)
        assert answer.refused == (405, "HTTPMethodNotAllowed"), (method, path)
        assert method not in answer.headers["allow"]
    for path in ("/nonsense", f"{one}/nonsense", "/segments/x/tags", "/agents/x/tags"):
        assert api.call("GET", path).refused == (404, "HTTPNotFound")


def test_an_oversize_body(make_api: MakeApi) -> None:
    api = make_api(deuteron={"max_request_body_size": "1024"})
    answer = api.call("POST", "/networks", {"network": {"description": "x" * 1024}})
    assert answer.refused == (413, "HTTPRequestEntityTooLarge")
    assert api.list("network") == []


SUBNETS_THAT_CANNOT_BE: list[tuple[Any, tuple[int, str]]] = [
    ({"cidr": "10.1.0.0/33"}, (400, "InvalidInput")),
    ({"cidr": "x"}, (400, "InvalidInput")),
    ({"cidr": 5}, (400, "HTTPBadRequest")),
    ({"cidr": "10.0.0.0/28"}, (400, "InvalidInput")),
    ({"cidr": "10.1.0.0/24", "ip_version": 6}, (400, "InvalidInput")),
    (
        {"cidr": "10.1.0.0/24", "segment_id": MISSING},
        (404, "SegmentNotFound"),
    ),
    ({"cidr": "10.1.0.0/24", "gateway_ip": "fd00::1"}, (400, "InvalidInput")),
    (
        {
            "cidr": "10.1.0.0/24",
            "allocation_pools": [{"start": "10.2.0.1", "end": "10.2.0.9"}],
        },
        (400, "OutOfBoundsAllocationPool"),
    ),
    (
        {
            "cidr": "10.1.0.0/24",
            "allocation_pools": [{"start": "10.1.0.9", "end": "10.1.0.2"}],
        },
        (400, "InvalidAllocationPool"),
    ),
]


@pytest.mark.usefixtures("unchanged")
def test_subnets_that_cannot_be(api: Api, network: dict[str, Any]) -> None:
    for given, expected in SUBNETS_THAT_CANNOT_BE:
        body = {"network_id": network["id"], "ip_version": 4, **given}
        assert api.refuse("subnet", **body) == expected, given


@pytest.mark.usefixtures("unchanged")
def test_ports_that_cannot_be(
    api: Api, network: dict[str, Any], subnet: dict[str, Any], port: dict[str, Any]
) -> None:
    taken = port["fixed_ips"][0]["ip_address"]
    for given, expected in (
        ({"mac_address": port["mac_address"]}, (409, "MacAddressInUse")),
        ({"fixed_ips": [{"ip_address": "10.9.0.1"}]}, (400, "InvalidIpForNetwork")),
        (
            {"fixed_ips": [{"subnet_id": subnet["id"], "ip_address": "10.9.0.1"}]},
            (400, "InvalidIpForSubnet"),
        ),
        ({"fixed_ips": [{"ip_address": taken}]}, (409, "IpAddressAlreadyAllocated")),
        ({"fixed_ips": [{"subnet_id": MISSING}]}, (404, "SubnetNotFound")),
        ({"fixed_ips": [{"foo": 1}]}, (400, "InvalidInput")),
        ({"security_groups": [MISSING]}, (404, "SecurityGroupNotFound")),
    ):
        assert api.refuse("port", network_id=network["id"], **given) == expected, given


def test_a_pool_that_is_exhausted_refuses_a_bulk_as_a_whole(
    api: Api, network: dict[str, Any], port: dict[str, Any]
) -> None:
    free = 8 - 2 - 1 - 1  # network and broadcast address, gateway, the port that is there
    body = {"ports": [{"network_id": network["id"]}] * (free + 1)}
    assert api.call("POST", "/ports", body).refused == (409, "IpAddressGenerationFailure")
    assert [one["id"] for one in api.list("port")] == [port["id"]]
    body["ports"].pop()
    assert api.call("POST", "/ports", body).status == 201


SEGMENTS_THAT_CANNOT_BE: list[tuple[Any, tuple[int, str]]] = [
    (("vlan", "physnet1", 4095), (400, "InvalidInput")),
    (("vlan", "physnet9", 5), (400, "InvalidInput")),
    (("vlan", None, 5), (400, "InvalidInput")),
    (("vxlan", None, 2**24), (400, "InvalidInput")),
    (("vxlan", "physnet1", 5), (400, "InvalidInput")),
    (("nonsense", None, None), (400, "InvalidInput")),
    ((None, "physnet1", None), (400, "InvalidInput")),
]


@pytest.mark.usefixtures("unchanged")
def test_segments_that_cannot_be(api: Api, network: dict[str, Any]) -> None:
    names = ("network_type", "physical_network", "segmentation_id")
    for given, expected in SEGMENTS_THAT_CANNOT_BE:
        asked = {name: value for name, value in zip(names, given, strict=True) if value is not None}
        provider = {f"provider:{name}": value for name, value in asked.items()}
        several = [provider, {"provider:network_type": "local"}]
        assert api.refuse("network", **provider) == expected, given
        assert api.refuse("network", segments=several) == expected, given
        if "network_type" in asked:
            assert api.refuse("segment", network_id=network["id"], **asked)[0] == 400, given


@pytest.mark.usefixtures("unchanged")
def test_a_segment_in_use_and_one_asked_for_twice(api: Api, network: dict[str, Any]) -> None:
    taken = {name: network[name] for name in ("provider:network_type", "provider:segmentation_id")}
    assert api.refuse("network", **taken) == (409, "TunnelIdInUse")
    assert api.refuse("network", segments=[taken], **taken) == (
        400,
        "SegmentsSetInConjunctionWithProviders",
    )
    twice = {"provider:network_type": "vxlan", "provider:segmentation_id": 4000}
    assert api.refuse("network", segments=[twice, dict(twice)]) == (
        400,
        "SegmentsContainDuplicateEntry",
    )


@pytest.mark.usefixtures("unchanged")
def test_deletes_of_what_is_in_use(
    api: Api, network: dict[str, Any], subnet: dict[str, Any], port: dict[str, Any]
) -> None:
    assert api.refuse_delete("network", network["id"]) == (409, "NetworkInUse")
    assert api.refuse_delete("subnet", subnet["id"]) == (409, "SubnetInUse")
    group = port["security_groups"][0]
    assert api.refuse_delete("security_group", group)[0] == 409


@pytest.mark.usefixtures("unchanged")
def test_a_wrong_revision(
    api: Api, network: dict[str, Any], subnet: dict[str, Any], port: dict[str, Any]
) -> None:
    for noun, one in (("network", network), ("subnet", subnet), ("port", port)):
        path = f"/{noun}s/{one['id']}"
        present = api.show(noun, one["id"])["revision_number"]
        wrong = {"If-Match": f"revision_number={present + 1}"}
        expected = (412, "RevisionNumberConstraintFailed")
        assert api.call("PUT", path, {noun: {"name": "x"}}, headers=wrong).refused == expected
        assert api.call("DELETE", path, headers=wrong).refused == expected
        garbled = {"If-Match": "revision_number=soon"}
        assert api.call("DELETE", path, headers=garbled).refused == (400, "BadRequest")


# --- whatever is asked for: an answer, never an error of the server -------------------------------

# The drivers of the site carry no VLAN tags of guests.
ALIASES = EXTENSIONS.keys() - set(TAGGED_FRAMES_ALIASES)
MAPS = {
    name: attributes.compiled(facts) for name, facts in attribute_maps(enabled(ALIASES)).items()
}
COLLECTIONS = {
    resource.collection: resource for resource in nouns.resources() if resource.attributes is None
}


@pytest.fixture
def everywhere(make_api: MakeApi, database_url: str) -> Api:
    """The API on each kind of database."""
    return make_api(database={"connection": database_url})


@pytest.fixture
def port_everywhere(everywhere: Api) -> dict[str, Any]:
    network = everywhere.create("network", name="here")
    everywhere.create("subnet", network_id=network["id"], cidr="10.0.0.0/29", ip_version=4)
    return everywhere.create("port", network_id=network["id"])


# Filters whose values have a form.
PROPER = {
    "cidr": "10.0.0.0/24",
    "ethertype": "ipv4",
    "fixed_ips": "ip_address_substr=10.0",
    "remote_ip_prefix": "10.0.0.0/24",
}


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_every_filter_sort_key_and_field_is_answered(
    everywhere: Api, port_everywhere: dict[str, Any], collection: str
) -> None:
    path = f"/{COLLECTIONS[collection].paths[0]}"
    for name, facts in MAPS[collection].facts.items():
        queries = [f"fields={name}", f"fields={name}&limit=1"]
        if facts.get("is_filter"):
            value = PROPER.get(name, "1")
            queries += [f"{name}={value}", f"{name}={value}&fields=id&limit=1&limit=2"]
        if facts.get("is_sort_key"):
            queries += [
                f"sort_key={name}&sort_dir=desc&limit=1",
                f"sort_key={name}&sort_dir=asc&fields=id",
            ]
        for query in queries:
            answer = everywhere.call("GET", f"{path}?{query}")
            assert answer.status == 200, (query, answer)
            shown = {key for row in answer.body[collection] for key in row}
            if "fields=" in query:
                assert shown <= {name, "id"}, query


@pytest.mark.slow
@pytest.mark.parametrize("collection", [name for name in COLLECTIONS if COLLECTIONS[name].paged])
def test_pages_by_every_sort_key_meet_everything_once(
    everywhere: Api, port_everywhere: dict[str, Any], collection: str
) -> None:
    for number in range(3):
        everywhere.create("network", name=f"n{number % 2}")
        everywhere.create("security_group", name=f"g{number % 2}")
    everywhere.create(
        "subnet", network_id=port_everywhere["network_id"], cidr="fd00::/64", ip_version=6
    )
    path, key = f"/{COLLECTIONS[collection].paths[0]}", COLLECTIONS[collection].key
    answer = everywhere.call("GET", f"{path}?fields={key}")
    everything = {row[key] for row in answer.body[collection]}
    for name, facts in MAPS[collection].facts.items():
        if not facts.get("is_sort_key"):
            continue
        for direction in ("asc", "desc"):
            seen: list[str] = []
            query = f"sort_key={name}&sort_dir={direction}&fields={key}&limit=2"
            while query:
                answer = everywhere.call("GET", f"{path}?{query}")
                seen += [row[key] for row in answer.body[collection]]
                links = {link["rel"]: link["href"] for link in answer.body[f"{collection}_links"]}
                query = links.get("next", "?").partition("?")[2]
            assert len(seen) == len(everything), (name, direction)
            assert set(seen) == everything


ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    2**70,
    1.5,
    "",
    "x",
    "x" * 300,
    [],
    [None],
    ["x"],
    {},
    {"a": 1},
]


@pytest.mark.slow
@pytest.mark.parametrize("collection", [name for name in COLLECTIONS if name != "agents"])
def test_no_odd_value_is_an_error_of_the_server(
    everywhere: Api, port_everywhere: dict[str, Any], collection: str
) -> None:
    resource = COLLECTIONS[collection]
    path = f"/{resource.paths[0]}"
    least: dict[str, dict[str, Any]] = {
        "subnets": {
            "network_id": port_everywhere["network_id"],
            "ip_version": 4,
            "cidr": "10.7.0.0/24",
        },
        "ports": {"network_id": port_everywhere["network_id"]},
        "segments": {"network_id": port_everywhere["network_id"], "network_type": "vxlan"},
        "security_group_rules": {
            "security_group_id": port_everywhere["security_groups"][0],
            "direction": "ingress",
        },
        "network_segment_ranges": {
            "network_type": "vlan",
            "physical_network": "physnet1",
            "minimum": 2000,
            "maximum": 2001,
        },
    }
    for name in MAPS[collection].known:
        for value in ODD:
            body = {**least.get(collection, {}), name: value}
            answer = everywhere.call("POST", path, {resource.name: body})
            assert answer.status < 500, (name, value, answer)
            if answer.status == 201:
                one = f"{path}/{answer.body[resource.name]['id']}"
                changed = everywhere.call("PUT", one, {resource.name: {name: value}})
                assert changed.status < 500, (name, value, changed)
                deleted = everywhere.call("DELETE", one)
                assert deleted.status == 204, (name, value, deleted)


def test_options_that_are_not_named_stay(api: Api, network: dict[str, Any]) -> None:
    option = {"opt_name": "mtu", "opt_value": "1400", "ip_version": 4}
    port = api.create("port", network_id=network["id"], extra_dhcp_opts=[option])
    for nothing in (None, []):
        assert api.update("port", port["id"], extra_dhcp_opts=nothing)["extra_dhcp_opts"] == [
            option
        ]
