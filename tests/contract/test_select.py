"""Lists: the same rows in the same order from every database, and pages that fit together."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from deuteron.context import RequestContext
from deuteron.db import select as listing
from deuteron.db.engine import Database
from deuteron.db.tables import networks, segments, tags
from deuteron.errors import HTTPBadRequest
from deuteron.query import Query
from tests.statements import counted

ASKED = RequestContext(request_id="req-1")
# Of all tables this one has most columns that may be null.
COLUMNS = {column.name: column for column in segments.columns}
BASE = select(segments)

NAMES = [None, "", "a", "A", "b", "B", "ä", "Z", "a%", "a_c", "abc", "\N{SNOWMAN}", "\U0001f600"]
NETWORK = "00000000-0000-0000-0000-000000000000"


def a_segment(number: int, **values: Any) -> dict[str, Any]:
    return {
        # not in the order of insertion
        "id": f"{(number * 7919) % 1000:03}",
        "network_id": NETWORK,
        "network_type": ("vlan", "vxlan", "flat")[number % 3],
        "physical_network": (None, "p1", "p2")[number % 3],
        "segmentation_id": None if number % 5 == 0 else number % 4,
        "segment_index": number % 2,
        "is_dynamic": number % 3 == 0,
        "name": NAMES[number % len(NAMES)],
        "description": NAMES[(number * 3) % len(NAMES)],
        "created_at": "2014-06-04T12:00:00Z",
        "updated_at": "2014-06-04T12:00:00Z",
        "revision_number": number % 3,
        **values,
    }


ROWS = [a_segment(number) for number in range(60)]
TAGS = {
    ROWS[0]["id"]: {"red", "blue"},
    ROWS[1]["id"]: {"red"},
    ROWS[2]["id"]: {"Red"},
    ROWS[3]["id"]: {"blue", "green"},
}


@pytest.fixture
def filled(database: Database) -> Database:
    with database.transaction(ASKED) as tx:
        tx.execute(
            insert(networks),
            {
                "id": NETWORK,
                "project_id": "",
                "name": "",
                "admin_state_up": True,
                "status": "ACTIVE",
                "external": False,
                "mtu": 1500,
                "port_security_enabled": True,
                "created_at": "",
                "updated_at": "",
            },
        )
        tx.execute(insert(segments), ROWS)
        tx.execute(
            insert(tags),
            [{"resource_id": key, "tag": tag} for key, names in TAGS.items() for tag in names],
        )
    return database


def found(database: Database, query: Query, special: Mapping[str, Any] | None = None) -> list[str]:
    """Ids of the rows, by a statement for this query and, if there is one, by that of its shape."""
    special = special or {}
    answers = []
    for for_any in (False, True) if listing.shape(query, special) else (False,):
        statement = listing.page(
            BASE,
            columns=COLUMNS,
            special=special,
            id_column=segments.c.id,
            query=query,
            for_any=for_any,
        )
        with database.read() as reader:
            rows = list(reader.execute(statement, listing.parameters_of(query)))
        answers.append([row.id for row in listing.in_page_order(rows, query)])
    assert all(answer == answers[0] for answer in answers)
    return answers[0]


# --- what the answer should be, in plain Python


def order_key(value: Any) -> tuple[bool, Any]:
    if isinstance(value, str):
        value = [ord(letter) for letter in value]
    return (value is not None, value)


def expected(query: Query) -> list[str]:
    """What `found` should give for a query without pages."""
    rows = [
        row for row in ROWS if all(row[name] in values for name, values in query.filters.items())
    ]
    rows.sort(key=lambda row: row["id"])
    for name, ascending in reversed(query.sort):
        rows.sort(key=lambda row: order_key(row[name]), reverse=not ascending)
    # Python keeps the order of equals when it sorts in reverse, as the id column does.
    return [row["id"] for row in rows]


sorts = st.lists(
    st.tuples(
        st.sampled_from(["name", "description", "segmentation_id", "is_dynamic", "id"]),
        st.booleans(),
    ),
    max_size=3,
    unique_by=lambda key: key[0],
).map(tuple)
filters = st.fixed_dictionaries(
    {},
    optional={
        "name": st.lists(st.sampled_from(NAMES), max_size=4).map(tuple),
        "segmentation_id": st.lists(st.sampled_from([None, 0, 1, 2, 9]), max_size=3).map(tuple),
        "is_dynamic": st.lists(st.booleans(), max_size=2).map(tuple),
    },
)
same_database = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@same_database
@given(filters=filters, sort=sorts)
def test_filters_and_order_are_as_python_has_them(filled, filters, sort):
    query = Query(filters=filters, sort=sort)
    assert found(filled, query) == expected(query)


@same_database
@given(filters=filters, sort=sorts, limit=st.integers(1, 25))
def test_pages_put_together_are_the_list(filled, filters, sort, limit):
    whole = expected(Query(filters=filters, sort=sort))
    query = Query(filters=filters, sort=sort, limit=limit)
    forward: list[str] = []
    while page := found(filled, query):
        assert len(page) <= limit
        forward += page
        query = replace(query, marker=page[-1])
    assert forward == whole
    if not whole:
        return
    # and back again, from the end to the beginning
    query = replace(query, marker=whole[-1], page_reverse=True)
    backward = [whole[-1]]
    while page := found(filled, query):
        backward = page + backward
        query = replace(query, marker=page[0])
    assert backward == whole


# --- single rules


def test_no_value_matches_nothing(filled):
    assert found(filled, Query(filters={"name": ()})) == []


def test_texts_are_compared_with_their_case(filled):
    names = {row["id"]: row["name"] for row in ROWS}
    assert {names[key] for key in found(filled, Query(filters={"name": ("a",)}))} == {"a"}


def test_the_empty_text_is_not_null(filled):
    names = {row["id"]: row["name"] for row in ROWS}
    assert {names[key] for key in found(filled, Query(filters={"name": ("",)}))} == {""}
    assert {names[key] for key in found(filled, Query(filters={"name": (None,)}))} == {None}


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        ({"tags": ("red",)}, [0, 1]),
        ({"tags": ("red,blue",)}, [0]),
        ({"tags": ("red", "blue")}, [0]),
        ({"tags": ("red,",)}, []),
        ({"tags-any": ("blue,green",)}, [0, 3]),
        ({"tags-any": ("Red", "green")}, [2, 3]),
        ({"tags": ("red",), "not-tags": ("blue",)}, [1]),
        ({"tags-any": ("red,blue",), "not-tags": ("red,blue",)}, [1, 3]),
        ({"tags-any": ("red,blue,Red",), "not-tags-any": ("green,red",)}, [2]),
    ],
)
def test_tags(filled, filters, rows):
    assert found(filled, Query(filters=filters)) == sorted(ROWS[number]["id"] for number in rows)


def test_not_tags_keeps_what_has_no_tags(filled):
    assert len(found(filled, Query(filters={"not-tags-any": ("red,blue,green,Red",)}))) == 56


def test_a_text_within_is_taken_literally(filled):
    special = {
        "within": lambda values: listing.contains(segments.c.name, values[0]),
    }
    names = {row["id"]: row["name"] for row in ROWS}

    def within(text: str) -> set[str | None]:
        query = Query(filters={"within": (text,)})
        return {names[key] for key in found(filled, query, special)}

    assert within("%") == {"a%"}
    assert within("_") == {"a_c"}
    assert within("B") == {"B"}
    assert within("bc") == {"abc"}
    assert within("") == set(NAMES) - {None}


def test_a_marker_without_a_limit_is_ignored(filled):
    assert len(found(filled, Query(marker=ROWS[5]["id"]))) == len(ROWS)


def test_reverse_without_a_limit_is_the_reverse_order(filled):
    query = Query(sort=(("name", True),))
    backward = list(reversed(expected(query)))
    assert found(filled, replace(query, page_reverse=True)) == backward


def test_a_missing_marker_is_told_from_the_end_of_the_list(filled):
    def missing(marker: str) -> bool:
        query = Query(limit=5, marker=marker)
        rows = found(filled, query)
        with filled.read() as reader:
            return listing.marker_missing(reader, id_column=segments.c.id, query=query, found=rows)

    assert missing("nowhere")
    assert not missing(max(row["id"] for row in ROWS))
    assert not missing(ROWS[0]["id"])


def test_names_that_do_not_exist_are_refused(filled):
    with pytest.raises(HTTPBadRequest, match="invalid attribute for filtering"):
        found(filled, Query(filters={"nonsense": ("x",)}))
    with pytest.raises(HTTPBadRequest, match="invalid attribute for sort_keys"):
        found(filled, Query(sort=(("nonsense", True),)))


def test_a_page_is_one_statement(filled):
    with counted(filled) as statements:
        found(filled, Query(limit=5, marker=ROWS[5]["id"], sort=(("name", True),)))
    assert len(statements) == 2, statements  # each of the two ways
