"""When the extensions of a resource are asked for what they show."""

from typing import Any

import pytest

from deuteron.core.extension import Extended, ResourceExtension

NOWHERE: Any = None


def showing(name: str, *shown: str) -> ResourceExtension:
    def load(_conn: Any, rows: Any) -> None:
        for row in rows:
            row.setdefault("loaded", []).append(name)

    def derive(rows: Any) -> None:
        for row in rows:
            row.setdefault("derived", []).append(name)

    return ResourceExtension(aliases=(name,), load=load, derive=derive, shown=shown)


EXTENDED = Extended(extensions=(showing("a", "x"), showing("b"), showing("c", "y", "z")))


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        (None, ["a", "b", "c"]),
        (("id",), ["b"]),
        (("id", "x"), ["a", "b"]),
        (("z",), ["b", "c"]),
    ],
)
def test_only_what_is_asked_for_is_loaded(fields: tuple[str, ...] | None, asked: list[str]) -> None:
    row: dict[str, Any] = {}
    EXTENDED.load(NOWHERE, [row], fields)
    assert row == {"loaded": asked, "derived": asked}


def test_nothing_is_loaded_for_no_rows() -> None:
    EXTENDED.load(NOWHERE, [])
