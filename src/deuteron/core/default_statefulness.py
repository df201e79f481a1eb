"""How new security groups are where the request does not say it: stateful or stateless.

    the project's setting, else that for all projects, else stateful

Default groups are stateful whatever the settings say, as in Neutron. Source: Neutron's extension
``security-groups-default-statefulness``.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.db import default_statefulness as rows
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    SecurityGroupDefaultStatefulnessAlreadyExists,
    SecurityGroupDefaultStatefulnessNotFound,
)
from deuteron.query import Query

Setting = dict[str, Any]

_RESOURCE = "default_statefulness"


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Setting]) -> list[Setting]:
    """Set how the new groups of projects are.

    Args:
        bodies: validated API dicts; a project of None means all projects.

    Returns:
        API dicts of the settings, in the order of the bodies.

    Raises:
        SecurityGroupDefaultStatefulnessAlreadyExists: a project has a setting.
    """
    made = [
        {
            "id": str(uuid.uuid4()),
            "project_id": body["project_id"] or None,
            "stateful": body["stateful"],
        }
        for body in bodies
    ]
    with d.database.transaction(ctx) as tx:
        for setting in made:
            project_id = setting["project_id"]
            # Who is as quick as another one loses to the unique key and is tried again.
            if rows.of_projects(tx, [project_id or rows.EVERYBODY]):
                raise SecurityGroupDefaultStatefulnessAlreadyExists(
                    whom=f"project {project_id}" if project_id else "all projects"
                )
            rows.insert_one(tx, setting)
            tx.journal(_RESOURCE, setting["id"], "create", project_id or "")
    return made


def get(d: Deployment, ctx: RequestContext, setting_id: str) -> Setting:
    """The setting of this id.

    Raises:
        SecurityGroupDefaultStatefulnessNotFound: there is none.
    """
    with d.database.read() as conn:
        return _require(conn, setting_id, ctx.scope)


def _require(conn: Connectable, setting_id: str, scope: str | None) -> Setting:
    setting = rows.get(conn, setting_id, scope)
    if setting is None:
        raise SecurityGroupDefaultStatefulnessNotFound(id=setting_id)
    return setting


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Setting]:
    """The settings that a query asks for, in its order."""
    with d.database.read() as conn:
        return rows.list_(conn, query, ctx.scope)


def update(
    d: Deployment, ctx: RequestContext, setting_id: str, changes: Mapping[str, Any]
) -> Setting:
    """Change a setting; groups that exist stay as they are.

    Raises:
        SecurityGroupDefaultStatefulnessNotFound: there is none of this id.
    """
    with d.database.transaction(ctx) as tx:
        setting = _require(tx, setting_id, ctx.scope)
        stateful = changes.get("stateful", setting["stateful"])
        if stateful == setting["stateful"]:
            return setting
        if not rows.update_one(tx, setting_id, stateful=stateful):
            raise SecurityGroupDefaultStatefulnessNotFound(id=setting_id)
        tx.journal(_RESOURCE, setting_id, "update", setting["project_id"] or "")
    return {**setting, "stateful": stateful}


def delete(d: Deployment, ctx: RequestContext, setting_id: str) -> None:
    """Delete a setting.

    Raises:
        SecurityGroupDefaultStatefulnessNotFound: there is none of this id.
    """
    with d.database.transaction(ctx) as tx:
        setting = _require(tx, setting_id, ctx.scope)
        if not rows.delete_one(tx, setting_id):
            raise SecurityGroupDefaultStatefulnessNotFound(id=setting_id)
        tx.journal(_RESOURCE, setting_id, "delete", setting["project_id"] or "")


def complete(tx: Transaction, bodies: Sequence[Mapping[str, Any]]) -> list[bool]:
    """Whether new groups are stateful, by one statement, or none if all say it.

    Args:
        tx: the transaction.
        bodies: of the groups; ``stateful`` is absent where it was not given.

    Returns:
        One for each body.
    """
    silent = {body["project_id"] for body in bodies if "stateful" not in body}
    set_ = rows.of_projects(tx, {*silent, rows.EVERYBODY}) if silent else {}
    usual = set_.get(rows.EVERYBODY, True)
    return [
        body["stateful"] if "stateful" in body else set_.get(body["project_id"], usual)
        for body in bodies
    ]
