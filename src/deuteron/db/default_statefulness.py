"""The settings of how new security groups are, in the database."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update

from deuteron.db import select as listing
from deuteron.db.tables import security_groups_default_statefulness as settings
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Setting = dict[str, Any]

EVERYBODY = ""
"""The project of the setting for all projects."""

_COLUMNS: dict[str, ColumnElement[Any]] = {str(column.name): column for column in settings.columns}
_KEYS = tuple(_COLUMNS)
_ROWS = select(settings)
_OWN = settings.c.project_id == bindparam("owner")
_BY_ID = _ROWS.where(settings.c.id == bindparam("id"))
_OF_PROJECTS = select(settings.c.project_id, settings.c.stateful).where(
    settings.c.project_id.in_(bindparam("projects", expanding=True))
)
_INSERT = insert(settings)
_UPDATE = (
    update(settings)
    .where(settings.c.id == bindparam("setting_id"))
    .values(stateful=bindparam("wanted"))
)
_DELETE = delete(settings).where(settings.c.id == bindparam("id"))


def _shown(row: Any) -> Setting:
    setting = dict(zip(_KEYS, row, strict=True))
    setting["project_id"] = setting["project_id"] or None
    return setting


def get(conn: Connectable, setting_id: str, scope: str | None) -> Setting | None:
    """The setting of this id, or None if it is not the project's (None: anybody's)."""
    statement = _BY_ID if scope is None else _BY_ID.where(_OWN)
    row = conn.execute(statement, {"id": setting_id, "owner": scope}).fetchone()
    return None if row is None else _shown(row)


def list_(conn: Connectable, query: Query, scope: str | None) -> list[Setting]:
    """The settings of a project (None: all) that a query asks for, in its order."""
    statement = listing.page(
        _ROWS if scope is None else _ROWS.where(_OWN),
        columns=_COLUMNS,
        special={},
        id_column=settings.c.id,
        query=query,
    )
    found = [_shown(row) for row in conn.execute(statement, {"owner": scope})]
    if listing.marker_missing(
        conn,
        id_column=settings.c.id,
        query=query,
        found=found,
        visible=None if scope is None else _OWN,
        parameters={"owner": scope},
    ):
        # as in Neutron, the list begins anew
        return list_(conn, replace(query, marker=None), scope)
    return listing.in_page_order(found, query)


def of_projects(conn: Connectable, project_ids: Iterable[str]) -> dict[str, bool]:
    """Project id -> stateful, of those of these projects that have a setting."""
    found = conn.execute(_OF_PROJECTS, {"projects": list(project_ids)})
    return {row[0]: row[1] for row in found}


def insert_one(conn: Connectable, setting: Setting) -> None:
    """Insert a setting from its API dict."""
    conn.execute(_INSERT, {**setting, "project_id": setting["project_id"] or EVERYBODY})


def update_one(conn: Connectable, setting_id: str, *, stateful: bool) -> bool:
    """Change a setting; False if it is gone."""
    parameters = {"setting_id": setting_id, "wanted": stateful}
    return bool(conn.execute(_UPDATE, parameters).rowcount == 1)


def delete_one(conn: Connectable, setting_id: str) -> bool:
    """Delete a setting; False if it is gone."""
    return bool(conn.execute(_DELETE, {"id": setting_id}).rowcount == 1)
