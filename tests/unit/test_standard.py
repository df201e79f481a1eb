"""Times and revision numbers."""

import pytest

from deuteron.core import standard
from deuteron.errors import RevisionNumberConstraintFailed

ROW = {"name": "a", "description": None, "revision_number": 4, "updated_at": "then"}


def test_a_change_counts_and_is_dated():
    assert standard.bumped(ROW, "now") == {"revision_number": 5, "updated_at": "now"}


def test_only_what_differs_is_a_change():
    assert standard.changed(ROW, {"name": "a", "description": ""}) == {"description": ""}
    assert standard.changed(ROW, {"name": "a", "new": None}) == {"new": None}


@pytest.mark.parametrize("wished", [None, 4])
def test_the_present_revision_matches(wished):
    standard.require_revision(ROW, wished)


@pytest.mark.parametrize("wished", [0, 3, 5])
def test_another_revision_does_not(wished):
    with pytest.raises(RevisionNumberConstraintFailed, match="4"):
        standard.require_revision(ROW, wished)
