"""Which lists share a statement: those that differ in nothing but values."""

import pytest
from sqlalchemy import Connection, select

from deuteron.db import ports
from deuteron.db.pages import Pages
from deuteron.db.tables import networks
from deuteron.db.transaction import Reader
from deuteron.query import Query


def nowhere() -> Connection:
    raise AssertionError("nothing is read")


ELSEWHERE = Reader(nowhere, "mysql")
COLUMNS = {str(column.name): column for column in networks.columns}


@pytest.fixture
def pages() -> Pages:
    return Pages(
        "networks",
        rows=lambda query: select(*(COLUMNS[name] for name in query.fields or COLUMNS)),
        columns=COLUMNS,
        special={"shared": networks.c.external.in_},
        id_column=networks.c.id,
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Query(filters={"name": ("a",)}), Query(filters={"name": ("b",)})),
        (Query(filters={"name": ("a", "b")}), Query(filters={"name": ("c", "d", "e")})),
        (Query(filters={"name": ("a", None)}), Query(filters={"name": (None, "c", None)})),
        (Query(limit=1, marker="a"), Query(limit=200, marker="b")),
    ],
)
def test_lists_that_differ_in_values_share_a_statement(
    pages: Pages, one: Query, other: Query
) -> None:
    assert pages.of(ELSEWHERE, one, "p").statement is pages.of(ELSEWHERE, other, "q").statement
    assert pages.of(ELSEWHERE, one, "p").parameters != pages.of(ELSEWHERE, other, "q").parameters


@pytest.mark.parametrize(
    "query",
    [
        Query(fields=("id",)),
        Query(sort=(("name", True),)),
        Query(limit=1),
        Query(limit=1, marker="a"),
        Query(limit=1, marker="a", page_reverse=True),
        Query(filters={"name": ()}),
        Query(filters={"name": (None,)}),
        Query(filters={"name": (None, "a")}),
        Query(filters={"name": (None, "a", "b")}),
        Query(filters={"name": ("a",)}),
        Query(filters={"name": ("a", "b")}),
        Query(filters={"status": ("a",)}),
        Query(filters={"name": ("a",), "status": ("a",)}),
        Query(filters={"shared": (True,)}),
        Query(filters={"tags": ("red",)}),
    ],
)
def test_lists_that_differ_in_more_do_not(pages: Pages, query: Query) -> None:
    whole = Query()
    assert (
        pages.of(ELSEWHERE, query, "p").statement is not pages.of(ELSEWHERE, whole, "p").statement
    )
    assert (
        pages.of(ELSEWHERE, query, None).statement is not pages.of(ELSEWHERE, query, "p").statement
    )


def test_only_who_asks_for_its_own_needs_no_other_condition(pages: Pages) -> None:
    own, others = (Query(filters={"project_id": (project,)}) for project in ("p", "q"))
    assert "rbac_policies" not in str(pages.of(ELSEWHERE, own, "p").statement)
    assert "rbac_policies" in str(pages.of(ELSEWHERE, others, "p").statement)
    both = Query(filters={"project_id": ("p", "q")})
    assert "rbac_policies" in str(pages.of(ELSEWHERE, both, "p").statement)


def test_conditions_made_of_values_are_not_shared(pages: Pages) -> None:
    for name in ("shared", "tags"):
        one, other = (
            pages.of(ELSEWHERE, Query(filters={name: (value,)}), "p") for value in ("a", "b")
        )
        assert one.statement is not other.statement
        assert str(one.statement) == str(other.statement)


def test_not_every_order_of_fields_is_kept_for_ever(pages: Pages) -> None:
    first = Query(fields=("id", "name"))
    kept = pages.of(ELSEWHERE, first, "p").statement
    assert pages.of(ELSEWHERE, first, "p").statement is kept
    for number in range(1, 1000):
        pages.of(ELSEWHERE, Query(fields=("id",) * number), "p")
    assert pages.of(ELSEWHERE, first, "p").statement is not kept


def test_whose_the_network_of_a_port_is_stays_inside() -> None:
    assert "other_project_id" not in ports.TABLE_COLUMNS
