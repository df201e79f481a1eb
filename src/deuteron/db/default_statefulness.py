"""The settings of how new security groups are, in the database."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update

from deuteron.db.collection import Collection
from deuteron.db.tables import security_groups_default_statefulness as settings
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Setting = dict[str, Any]

EVERYBODY = ""
"""The project of the setting for all projects."""

_COLUMNS: dict[str, ColumnElement[Any]] = {str(column.name): column for column in settings.columns}
_SETTINGS = Collection(
    "security_groups_default_statefulness", shown=_COLUMNS, id_column=settings.c.id
)
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


def _shown(setting: Setting) -> Setting:
    if setting.get("project_id") == EVERYBODY:
        setting["project_id"] = None
    return setting


def get(conn: Connectable, setting_id: str, scope: str | None) -> Setting | None:
    """The setting of this id, or None if it is not the project's (None: anybody's)."""
    setting = _SETTINGS.one(conn, setting_id, scope)
    return None if setting is None else _shown(setting)


def list_(conn: Connectable, query: Query, scope: str | None) -> list[Setting]:
    """The settings of a project (None: all) that a query asks for, in its order."""
    found, _ = _SETTINGS.page(conn, query, scope)
    return [_shown(setting) for setting in found]


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
