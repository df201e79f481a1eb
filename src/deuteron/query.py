"""What a list request asks for: filters, fields, order and page, already validated.

`deuteron.api.query` makes it from a query string, `deuteron.db.select` makes SQL of it; `matching`
is for what is not in the database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One list request.

    Args:
        filters: API attribute name -> values, any of which may match. Values are already of the
            attribute's type (bool, int, str, None). Names that are not attributes of the resource
            but of its API (``tags-any``, ``ip_address_substr``, ``fixed_ips``) are kept as sent.
        fields: attribute names wanted, None for all.
        sort: (attribute, ascending) pairs; the id is always added last to make the order total.
        limit: page length, None for everything.
        marker: id of the row after which (before which, in reverse) the page begins.
        page_reverse: the page before the marker instead of the one after it.
    """

    filters: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    fields: tuple[str, ...] | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    limit: int | None = None
    marker: str | None = None
    page_reverse: bool = False


EVERYTHING = Query()


def matching(query: Query, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that fit the filters of a query, in its order; whatever page it asks for.

    Args:
        query: what was asked for.
        rows: API dicts.
    """
    wanted = query.filters.items()
    found = [row for row in rows if all(row.get(name) in values for name, values in wanted)]
    for name, ascending in reversed(query.sort):
        found.sort(key=lambda row: row[name], reverse=not ascending)
    return found
