"""A noun that lives in memory, for tests of the HTTP layer: it behaves like one of the core."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from deuteron.context import RequestContext
from deuteron.errors import NetworkNotFound, RevisionNumberConstraintFailed
from deuteron.query import Query

Row = dict[str, Any]


@dataclass
class Shelf:
    """Networks in a dict, with the verbs of a noun and a record of what it was asked.

    Set `trouble` to have the next verbs raise these errors, one each.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)
    ids: Any = field(default_factory=lambda: (f"id-{n}" for n in itertools.count(1)))

    def _work(self, what: Any) -> None:
        self.asked.append(what)
        if self.trouble:
            raise self.trouble.pop(0)

    def _require(self, network_id: str) -> Row:
        if network_id not in self.rows:
            raise NetworkNotFound(net_id=network_id)
        return self.rows[network_id]

    def create(self, _d: Any, _ctx: RequestContext, bodies: list[Row]) -> list[Row]:
        self._work(bodies)
        made = []
        for body in bodies:
            row = {
                "id": next(self.ids),
                **body,
                "status": "ACTIVE",
                "subnets": [],
                "tags": [],
                "created_at": "2014-06-04T12:00:00Z",
                "updated_at": "2014-06-04T12:00:00Z",
                "revision_number": 1,
                "evpn_vni": None,  # a column that no enabled extension shows
            }
            self.rows[row["id"]] = row
            made.append(dict(row))
        return made

    def get(self, _d: Any, _ctx: RequestContext, network_id: str) -> Row:
        self._work(network_id)
        return dict(self._require(network_id))

    def list_(self, _d: Any, _ctx: RequestContext, query: Query) -> list[Row]:
        self._work(query)
        rows = [
            row
            for row in self.rows.values()
            if all(row.get(name) in values for name, values in query.filters.items())
        ]
        rows.sort(key=lambda row: str(row["id"]))
        for name, ascending in reversed(query.sort):
            rows.sort(key=lambda row, name=name: row[name], reverse=not ascending)
        places = [row["id"] for row in rows]
        if query.page_reverse:
            end = places.index(query.marker) if query.marker else len(rows)
            rows = rows[max(0, end - (query.limit or end)) : end]
        else:
            begin = places.index(query.marker) + 1 if query.marker else 0
            rows = rows[begin:][: query.limit]
        if query.fields is None:
            return [dict(row) for row in rows]
        return [{name: row[name] for name in query.fields} for row in rows]

    def update(
        self,
        _d: Any,
        _ctx: RequestContext,
        network_id: str,
        changes: Row,
        *,
        if_revision: int | None = None,
    ) -> Row:
        self._work(changes)
        row = self._require(network_id)
        self._require_revision(row, if_revision)
        row.update(changes, revision_number=row["revision_number"] + 1)
        return dict(row)

    def delete(
        self, _d: Any, _ctx: RequestContext, network_id: str, *, if_revision: int | None = None
    ) -> None:
        self._work(network_id)
        self._require_revision(self._require(network_id), if_revision)
        del self.rows[network_id]

    @staticmethod
    def _require_revision(row: Row, if_revision: int | None) -> None:
        if if_revision is not None and if_revision != row["revision_number"]:
            raise RevisionNumberConstraintFailed(
                expected=if_revision, current=row["revision_number"]
            )
