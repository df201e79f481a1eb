"""Flavors: create, get, list, update, delete; their profiles; who serves the next user.

A flavor is a name for service profiles, one of which serves whoever chooses it. Flavors are the
administrator's, and seen by everybody. Source: API reference, "Flavors framework"; what Neutron
answers 500 to (profiles that are not there, the list of a flavor's profiles, the next provider) is
answered as the reference has it.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.config.settings import ServiceProvider
from deuteron.context import RequestContext
from deuteron.core import standard
from deuteron.core.deployment import Deployment
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import (
    FlavorInUse,
    FlavorNotFound,
    FlavorServiceProfileBindingExists,
    FlavorServiceProfileBindingNotFound,
    InvalidServiceType,
    ServiceProfileDisabled,
    ServiceProfileDriverNotFound,
    ServiceProfileNotFound,
)
from deuteron.query import Query, matching
from deuteron.services.flavors import rows

Flavor = dict[str, Any]

_PROFILES = "service_profiles"


def create(d: Deployment, ctx: RequestContext, bodies: Sequence[Flavor]) -> list[Flavor]:
    """Create flavors, all or none.

    Args:
        bodies: validated API dicts.

    Returns:
        API dicts of the flavors, in the order of the bodies.

    Raises:
        InvalidServiceType: there is no such service here, nor a provider of one.
        ServiceProfileNotFound: a profile is not there.
    """
    for body in bodies:
        _require_service(d, body["service_type"])
    made = [_new(body) for body in bodies]
    with d.database.transaction(ctx) as tx:
        for flavor in made:
            _require_profiles(tx, flavor[_PROFILES])
            rows.insert_flavor(tx, flavor)
            tx.journal("flavor", flavor["id"], "create", "")
    return made


def _require_service(d: Deployment, service_type: Any) -> None:
    provided = {provider.service_type for provider in d.service_providers}
    known = isinstance(service_type, str) and service_type in d.service_types | provided
    if not known:
        raise InvalidServiceType(service_type=service_type)


def _require_profiles(conn: Connectable, profile_ids: Sequence[str]) -> None:
    if not profile_ids:
        return
    known = rows.known_profiles(conn, profile_ids)
    for profile_id in profile_ids:
        if profile_id not in known:
            raise ServiceProfileNotFound(sp_id=profile_id)


def _new(body: Mapping[str, Any]) -> Flavor:
    return {
        "id": str(uuid.uuid4()),
        "name": body["name"],
        "description": body["description"],
        "service_type": body["service_type"],
        "enabled": body["enabled"],
        _PROFILES: sorted(body[_PROFILES]),
    }


def get(d: Deployment, _ctx: RequestContext, flavor_id: str) -> Flavor:
    """The flavor of this id.

    Raises:
        FlavorNotFound: there is none.
    """
    with d.database.read() as conn:
        return _require(conn, flavor_id)


def _require(conn: Connectable, flavor_id: str) -> Flavor:
    flavor = rows.flavor(conn, flavor_id)
    if flavor is None:
        raise FlavorNotFound(flavor_id=flavor_id)
    return flavor


def list_(d: Deployment, _ctx: RequestContext, query: Query) -> list[Flavor]:
    """The flavors that a query asks for, in its order."""
    with d.database.read() as conn:
        return rows.list_flavors(conn, query)


def update(
    d: Deployment,
    ctx: RequestContext,
    flavor_id: str,
    changes: dict[str, Any],
    *,
    if_revision: int | None = None,  # noqa: ARG001 (flavors have no revision number)
) -> Flavor:
    """Change a flavor; profiles that are given take the place of those that it has.

    Raises:
        FlavorNotFound: there is none of this id.
        ServiceProfileNotFound: a profile is not there.
    """
    with d.database.transaction(ctx) as tx:
        flavor = _require(tx, flavor_id)
        changed = standard.changed(flavor, changes)
        if _PROFILES in changed:
            changed[_PROFILES] = sorted(changed[_PROFILES])
            _replace_profiles(tx, flavor, changed[_PROFILES])
        columns = {name: value for name, value in changed.items() if name != _PROFILES}
        if columns:
            rows.update_flavor(tx, flavor_id, columns)
        if changed:
            tx.journal("flavor", flavor_id, "update", "")
    return {**flavor, **changed}


def _replace_profiles(tx: Transaction, flavor: Flavor, wanted: Sequence[str]) -> None:
    present = flavor[_PROFILES]
    _require_profiles(tx, wanted)
    rows.unbind(tx, flavor["id"], [one for one in present if one not in wanted])
    rows.bind(tx, flavor["id"], [one for one in wanted if one not in present])


def delete(
    d: Deployment,
    ctx: RequestContext,
    flavor_id: str,
    *,
    if_revision: int | None = None,  # noqa: ARG001 (flavors have no revision number)
) -> None:
    """Delete a flavor; its profiles stay.

    Raises:
        FlavorNotFound: there is none of this id.
        FlavorInUse: routers have it.
    """
    with d.database.transaction(ctx) as tx:
        # What a router gets in between makes the database refuse: the operation is tried again.
        if rows.is_chosen(tx, flavor_id):
            raise FlavorInUse(flavor_id=flavor_id)
        if not rows.delete_flavor(tx, flavor_id):
            raise FlavorNotFound(flavor_id=flavor_id)
        tx.journal("flavor", flavor_id, "delete", "")


# --- the profiles of a flavor ---------------------------------------------------------------------


def list_profiles(
    d: Deployment, _ctx: RequestContext, flavor_id: str, query: Query
) -> list[dict[str, Any]]:
    """The ids of a flavor's profiles.

    Raises:
        FlavorNotFound: there is no such flavor.
    """
    with d.database.read() as conn:
        flavor = _require(conn, flavor_id)
    return matching(query, ({"id": profile_id} for profile_id in flavor[_PROFILES]))


def get_profile(
    d: Deployment, _ctx: RequestContext, flavor_id: str, profile_id: str
) -> dict[str, Any]:
    """The id of a profile, if the flavor has it.

    Raises:
        FlavorServiceProfileBindingNotFound: it has not.
    """
    with d.database.read() as conn:
        flavor = rows.flavor(conn, flavor_id)
    if flavor is None or profile_id not in flavor[_PROFILES]:
        raise FlavorServiceProfileBindingNotFound(fl_id=flavor_id, sp_id=profile_id)
    return {"id": profile_id}


def add_profiles(
    d: Deployment, ctx: RequestContext, flavor_id: str, bodies: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Give a flavor profiles, all or none.

    Args:
        bodies: ``{"id": <profile>}`` each.

    Raises:
        FlavorNotFound, ServiceProfileNotFound: one of them is not there.
        FlavorServiceProfileBindingExists: the flavor has it already.
    """
    wanted = [str(body["id"]) for body in bodies]
    with d.database.transaction(ctx) as tx:
        flavor = _require(tx, flavor_id)
        _require_profiles(tx, wanted)
        for number, profile_id in enumerate(wanted):
            if profile_id in flavor[_PROFILES] or profile_id in wanted[:number]:
                raise FlavorServiceProfileBindingExists(fl_id=flavor_id, sp_id=profile_id)
        rows.bind(tx, flavor_id, wanted)
        tx.journal("flavor", flavor_id, "update", "")
    return [{"id": profile_id} for profile_id in wanted]


def remove_profile(
    d: Deployment,
    ctx: RequestContext,
    flavor_id: str,
    profile_id: str,
    *,
    if_revision: int | None = None,  # noqa: ARG001 (flavors have no revision number)
) -> None:
    """Take a profile from a flavor.

    Raises:
        FlavorServiceProfileBindingNotFound: the flavor does not have it.
    """
    with d.database.transaction(ctx) as tx:
        if not rows.unbind(tx, flavor_id, [profile_id]):
            raise FlavorServiceProfileBindingNotFound(fl_id=flavor_id, sp_id=profile_id)
        tx.journal("flavor", flavor_id, "update", "")


def next_providers(
    d: Deployment, _ctx: RequestContext, flavor_id: str, query: Query
) -> list[dict[str, Any]]:
    """Who would serve the next user of a flavor: one provider and its driver.

    The first enabled profile, by id, whose driver has a provider.

    Raises:
        FlavorServiceProfileBindingNotFound: the flavor has no profiles.
        ServiceProfileDisabled: none of them is enabled.
        ServiceProfileDriverNotFound: nobody provides a driver of those that are.
    """
    with d.database.read() as conn:
        provider = _provider(conn, flavor_id, d.service_providers)
    return matching(query, [{"provider": provider.name, "driver": provider.driver}])


def provider_of(
    conn: Connectable, flavor_id: str, providers: Sequence[ServiceProvider]
) -> ServiceProvider:
    """Who serves those who choose a flavor.

    Args:
        conn: where to read; the flavor stays until the end of a transaction that refers to it.
        flavor_id: of the flavor.
        providers: those that can.

    Raises:
        FlavorNotFound: there is no such flavor.
        FlavorServiceProfileBindingNotFound, ServiceProfileDisabled, ServiceProfileDriverNotFound:
            see `next_providers`.
    """
    _require(conn, flavor_id)
    return _provider(conn, flavor_id, providers)


def _provider(
    conn: Connectable, flavor_id: str, providers: Sequence[ServiceProvider]
) -> ServiceProvider:
    """The first provider of the first enabled profile, by id, whose driver has one."""
    profiles = rows.profiles_of(conn, flavor_id)
    if not profiles:
        raise FlavorServiceProfileBindingNotFound(fl_id=flavor_id, sp_id="")
    drivers = [profile["driver"] for profile in profiles if profile["enabled"]]
    if not drivers:
        raise ServiceProfileDisabled(flavor_id=flavor_id)
    for driver in drivers:
        for provider in providers:
            if provider.driver == driver:
                return provider
    raise ServiceProfileDriverNotFound(driver=drivers[0])
