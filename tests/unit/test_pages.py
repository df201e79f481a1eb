"""Which lists share a statement: those that differ in nothing but values."""

import pytest
from sqlalchemy import select

from deuteron.db import ports
from deuteron.db.pages import Pages
from deuteron.db.tables import networks
from deuteron.query import Query

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
    assert pages.of(one, "p").statement is pages.of(other, "q").statement
    assert pages.of(one, "p").parameters != pages.of(other, "q").parameters


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
    assert pages.of(query, "p").statement is not pages.of(whole, "p").statement
    assert pages.of(query, None).statement is not pages.of(query, "p").statement


def test_conditions_made_of_values_are_not_shared(pages: Pages) -> None:
    for name in ("shared", "tags"):
        one, other = (pages.of(Query(filters={name: (value,)}), "p") for value in ("a", "b"))
        assert one.statement is not other.statement
        assert str(one.statement) == str(other.statement)


def test_not_every_order_of_fields_is_kept_for_ever(pages: Pages) -> None:
    first = Query(fields=("id", "name"))
    kept = pages.of(first, "p").statement
    assert pages.of(first, "p").statement is kept
    for number in range(1, 1000):
        pages.of(Query(fields=("id",) * number), "p")
    assert pages.of(first, "p").statement is not kept


def test_whose_the_network_of_a_port_is_stays_inside() -> None:
    assert "network_project_id" not in ports.TABLE_COLUMNS
