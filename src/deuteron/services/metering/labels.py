"""Metering labels: create, get, list, delete. Nothing of a label can be changed.

A shared label counts the traffic of all routers, any other that of the routers of its project.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.errors import MeteringLabelNotFound
from deuteron.query import Query
from deuteron.services.metering import rows

Label = dict[str, Any]

RESOURCE = "metering_label"
"""What the journal calls a label."""


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Label]) -> list[Label]:
    """Create labels, all or none.

    Args:
        d: the deployment.
        ctx: the caller.
        bodies: validated API dicts.

    Returns:
        API dicts of the labels, in the order of the bodies.
    """
    made = [
        {
            "id": str(uuid.uuid4()),
            "project_id": body["project_id"],
            "name": body["name"],
            "description": body["description"],
            "shared": body["shared"],
        }
        for body in bodies
    ]
    with d.database.transaction(ctx) as tx:
        rows.insert_labels(tx, made)
        for label in made:
            tx.journal(RESOURCE, label["id"], "create", label["project_id"])
    return made


def get(d: Deployment, ctx: RequestContext, label_id: str) -> Label:
    """The label of this id.

    Raises:
        MeteringLabelNotFound: there is none.
    """
    with d.database.read() as conn:
        label = rows.get_label(conn, label_id, ctx.scope)
    if label is None:
        raise MeteringLabelNotFound(label_id=label_id)
    return label


def list_(d: Deployment, ctx: RequestContext, query: Query) -> list[Label]:
    """The labels that a query asks for, in its order."""
    with d.database.read() as conn:
        return rows.list_labels(conn, query, ctx.scope)


def delete(
    d: Deployment,
    ctx: RequestContext,
    label_id: str,
    *,
    if_revision: int | None = None,  # noqa: ARG001 (labels have no revision number)
) -> None:
    """Delete a label, with its rules.

    Raises:
        MeteringLabelNotFound: there is none of this id.
    """
    with d.database.transaction(ctx) as tx:
        label = rows.get_label(tx, label_id, ctx.scope)
        if label is None:
            raise MeteringLabelNotFound(label_id=label_id)
        rules = rows.rules_of(tx, [label_id]).get(label_id, [])
        if not rows.delete_label(tx, label_id):
            raise MeteringLabelNotFound(label_id=label_id)
        tx.journal(RESOURCE, label_id, "delete", label["project_id"], {**label, "rules": rules})
