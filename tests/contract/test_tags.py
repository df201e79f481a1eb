"""Tags of resources on each database. Security groups stand for all that can have them."""

from pathlib import Path

import pytest
from sqlalchemy import insert, select

from deuteron import errors
from deuteron.context import RequestContext
from deuteron.core import security_groups as groups
from deuteron.core import tags
from deuteron.core.deployment import Deployment
from deuteron.db import tables
from deuteron.db import tags as rows
from deuteron.db.engine import Database
from deuteron.query import Query
from tests.deployments import a_deployment
from tests.statements import counted

CTX = RequestContext(request_id="req-1", project_id="p", is_admin=True)
GROUPS = "security_groups"


@pytest.fixture
def d(database: Database, tmp_path: Path) -> Deployment:
    return a_deployment(database, tmp_path, mechanisms=())


@pytest.fixture
def group(d: Deployment) -> str:
    return a_group(d)


def a_group(d: Deployment, *with_tags: str) -> str:
    body = {"project_id": "p", "name": "g", "description": ""}
    group_id = str(groups.create(d, CTX, [body])[0]["id"])
    if with_tags:
        tags.replace(d, CTX, GROUPS, group_id, {"tags": list(with_tags)})
    return group_id


def tags_of(d: Deployment, group_id: str) -> list[str]:
    return tags.list_(d, CTX, GROUPS, group_id)["tags"]


def revision(d: Deployment, group_id: str) -> int:
    return int(groups.get(d, CTX, group_id)["revision_number"])


def test_tags_are_replaced_added_and_taken(d, group):
    assert tags_of(d, group) == []
    assert tags.replace(d, CTX, GROUPS, group, {"tags": ["b", "a"]}) == {"tags": ["b", "a"]}
    assert tags_of(d, group) == ["a", "b"]
    assert tags.add(d, CTX, GROUPS, group, {"tags": ["c", "b"]}) == {"tags": ["c", "b"]}
    tags.put(d, CTX, GROUPS, group, "d")
    tags.remove(d, CTX, GROUPS, group, "a")
    assert tags_of(d, group) == ["b", "c", "d"]
    assert groups.get(d, CTX, group)["tags"] == ["b", "c", "d"]
    tags.replace(d, CTX, GROUPS, group, {"tags": ["d", "e"]})
    assert tags_of(d, group) == ["d", "e"]
    tags.clear(d, CTX, GROUPS, group)
    assert tags_of(d, group) == []


def test_upper_and_lower_case_are_different_tags(d, group):
    tags.replace(d, CTX, GROUPS, group, {"tags": ["a", "A", ""]})
    assert tags_of(d, group) == ["", "A", "a"]
    tags.remove(d, CTX, GROUPS, group, "a")
    assert tags_of(d, group) == ["", "A"]


def test_a_change_of_tags_is_a_change_of_the_resource(d, group):
    for change, expected in (
        (lambda: tags.replace(d, CTX, GROUPS, group, {"tags": ["a", "b"]}), 2),
        (lambda: tags.replace(d, CTX, GROUPS, group, {"tags": ["b", "a"]}), 2),
        (lambda: tags.put(d, CTX, GROUPS, group, "a"), 2),
        (lambda: tags.put(d, CTX, GROUPS, group, "c"), 3),
        (lambda: tags.add(d, CTX, GROUPS, group, {"tags": ["c"]}), 3),
        (lambda: tags.remove(d, CTX, GROUPS, group, "c"), 4),
        (lambda: tags.clear(d, CTX, GROUPS, group), 5),
        (lambda: tags.clear(d, CTX, GROUPS, group), 5),
    ):
        change()
        assert revision(d, group) == expected
    with d.database.read() as conn:
        found = conn.execute(select(tables.journal.c.resource, tables.journal.c.event)).fetchall()
    assert [tuple(row) for row in found].count(("security_group", "update")) == 4


def test_a_tag_that_is_not_there(d, group):
    tags.put(d, CTX, GROUPS, group, "a")
    tags.require(d, CTX, GROUPS, group, "a")
    for refused in (tags.require, tags.remove):
        with pytest.raises(errors.TagNotFound):
            refused(d, CTX, GROUPS, group, "b")


@pytest.mark.parametrize(
    "refused",
    [
        lambda d: tags.list_(d, CTX, GROUPS, "nope"),
        lambda d: tags.add(d, CTX, "ports", "nope", {"tags": ["a"]}),
        lambda d: tags.replace(d, CTX, "networks", "nope", {"tags": ["a"]}),
        lambda d: tags.clear(d, CTX, "subnets", "nope"),
        lambda d: tags.put(d, CTX, "network_segment_ranges", "nope", "a"),
        lambda d: tags.remove(d, CTX, GROUPS, "nope", "a"),
        lambda d: tags.require(d, CTX, GROUPS, "nope", "a"),
    ],
)
def test_a_resource_that_is_not_there(d, refused):
    with pytest.raises(errors.TagResourceNotFound):
        refused(d)


def test_the_resource_is_of_the_collection(d, group):
    with pytest.raises(errors.TagResourceNotFound):
        tags.put(d, CTX, "networks", group, "a")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"tag": []},
        {"tags": None},
        {"tags": "a"},
        {"tags": [1]},
        {"tags": [["a"]]},
        {"tags": ["a", "a"]},
        {"tags": ["x" * 256]},
    ],
)
def test_a_body_that_is_no_list_of_tags(d, group, body):
    for refused in (tags.add, tags.replace):
        with pytest.raises(errors.InvalidInput):
            refused(d, CTX, GROUPS, group, body)


def test_a_resource_has_fifty_tags_at_most(d, group):
    fifty = [str(number) for number in range(50)]
    with pytest.raises(errors.BadRequest, match="50"):
        tags.replace(d, CTX, GROUPS, group, {"tags": [*fifty, "one more"]})
    tags.replace(d, CTX, GROUPS, group, {"tags": fifty})
    tags.put(d, CTX, GROUPS, group, "7")
    for refused in (
        lambda: tags.put(d, CTX, GROUPS, group, "one more"),
        lambda: tags.add(d, CTX, GROUPS, group, {"tags": ["one more"]}),
    ):
        with pytest.raises(errors.BadRequest, match="50"):
            refused()
    tags.replace(d, CTX, GROUPS, group, {"tags": [f"other {number}" for number in range(50)]})


def test_a_long_tag_is_kept_and_a_longer_one_refused(d, group):
    tags.put(d, CTX, GROUPS, group, "ä" * 255)
    assert tags_of(d, group) == ["ä" * 255]
    with pytest.raises(errors.InvalidInput):
        tags.put(d, CTX, GROUPS, group, "x" * 256)


def test_resources_are_found_by_their_tags(d):
    both, one, none = a_group(d, "a", "b"), a_group(d, "a"), a_group(d)

    def found(**filters: str) -> set[str]:
        named = {name.replace("_", "-"): (value,) for name, value in filters.items()}
        query = Query(filters={"name": ("g",), **named})
        return {group["id"] for group in groups.list_(d, CTX, query)}

    assert found(tags="a,b") == {both}
    assert found(tags_any="a,b") == {both, one}
    assert found(not_tags="a,b") == {one, none}
    assert found(not_tags_any="a,b") == {none}


def test_tags_go_with_their_resource(d, database):
    group, other = a_group(d, "a"), a_group(d, "a")
    groups.delete(d, CTX, group)
    with database.read() as conn:
        left = conn.execute(select(tables.tags.c.resource_id)).fetchall()
    assert [row[0] for row in left] == [other]


def test_tags_of_many_are_loaded_by_one_statement(d, database):
    tagged = [a_group(d, "b", "a") for _ in range(3)]
    bare = a_group(d)
    with database.read() as conn, counted(database) as statements:
        assert rows.tags_of(conn, GROUPS, [*tagged, bare]) == {one: ["a", "b"] for one in tagged}
    assert len(statements) == 1
    many = [*tagged, *(f"no-{number}" for number in range(1100))]
    with database.transaction(CTX) as tx:
        tx.execute(insert(tables.tags).values(resource_id="a network", tag="x"))
    with database.read() as conn, counted(database) as statements:
        assert rows.tags_of(conn, GROUPS, many) == {one: ["a", "b"] for one in tagged}
    assert len(statements) == 1


def test_a_change_takes_few_statements(d, group):
    with counted(d.database) as statements:
        tags.replace(d, CTX, GROUPS, group, {"tags": [str(number) for number in range(50)]})
    assert len(statements) == 4, statements  # tags; rows; revision; journal
