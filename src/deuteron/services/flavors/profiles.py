"""Service profiles: a driver, and what it is to know. Flavors have them.

A profile that a flavor has neither changes nor goes (observed).
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import standard
from deuteron.core.deployment import Deployment
from deuteron.db.transaction import Connectable
from deuteron.errors import (
    ServiceProfileDriverNotFound,
    ServiceProfileEmpty,
    ServiceProfileInUse,
    ServiceProfileNotFound,
)
from deuteron.query import Query
from deuteron.services.flavors import rows, service_providers

Profile = dict[str, Any]


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Profile]) -> list[Profile]:
    """Create profiles, all or none.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the profiles, in the order of the bodies.

    Raises:
        ServiceProfileEmpty: neither a driver nor metainfo is given.
        ServiceProfileDriverNotFound: no provider has the driver.
    """
    for body in bodies:
        if not body["driver"] and not body["metainfo"]:
            raise ServiceProfileEmpty
        _require_driver(d, body)
    made = [_new(body) for body in bodies]
    with d.database.transaction(ctx) as tx:
        for profile in made:
            rows.insert_profile(tx, profile)
            tx.journal("service_profile", profile["id"], "create", "")
    return made


def _require_driver(d: Deployment, body: Mapping[str, Any]) -> None:
    driver = body.get("driver")
    if driver and service_providers.of_driver(d, driver) is None:
        raise ServiceProfileDriverNotFound(driver=driver)


def _new(body: Mapping[str, Any]) -> Profile:
    return {
        "id": str(uuid.uuid4()),
        "description": body["description"],
        "driver": body["driver"],
        "enabled": body["enabled"],
        "metainfo": body["metainfo"],
    }


def get(d: Deployment, _ctx: RequestContext, profile_id: str) -> Profile:
    """The profile of this id.

    Raises:
        ServiceProfileNotFound: there is none.
    """
    with d.database.read() as conn:
        return _require(conn, profile_id)


def _require(conn: Connectable, profile_id: str) -> Profile:
    profile = rows.profile(conn, profile_id)
    if profile is None:
        raise ServiceProfileNotFound(sp_id=profile_id)
    return profile


def list_(d: Deployment, _ctx: RequestContext, query: Query) -> list[Profile]:
    """The profiles that a query asks for, in its order."""
    with d.database.read() as conn:
        return rows.list_profiles(conn, query)


def update(
    d: Deployment,
    ctx: RequestContext,
    profile_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,  # noqa: ARG001 (profiles have no revision number)
) -> Profile:
    """Change a profile.

    Raises:
        ServiceProfileNotFound: there is none of this id.
        ServiceProfileDriverNotFound: no provider has the driver.
        ServiceProfileInUse: a flavor has it.
    """
    with d.database.transaction(ctx) as tx:
        profile = _require(tx, profile_id)
        _require_driver(d, changes)
        if rows.is_used(tx, profile_id):
            raise ServiceProfileInUse(sp_id=profile_id)
        changed = standard.changed(profile, changes)
        if changed:
            rows.update_profile(tx, profile_id, changed)
            tx.journal("service_profile", profile_id, "update", "")
    return {**profile, **changed}


def delete(
    d: Deployment,
    ctx: RequestContext,
    profile_id: str,
    *,
    if_revision: int | None = None,  # noqa: ARG001 (profiles have no revision number)
) -> None:
    """Delete a profile.

    Raises:
        ServiceProfileNotFound: there is none of this id.
        ServiceProfileInUse: a flavor has it.
    """
    with d.database.transaction(ctx) as tx:
        if rows.is_used(tx, profile_id):
            raise ServiceProfileInUse(sp_id=profile_id)
        # What a flavor gets in between makes the database refuse: the operation is tried again.
        if not rows.delete_profile(tx, profile_id):
            raise ServiceProfileNotFound(sp_id=profile_id)
        tx.journal("service_profile", profile_id, "delete", "")
