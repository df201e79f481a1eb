"""Flavors and service profiles in the database: rows to API dicts and back.

A flavor is read by two statements, however many are asked for: its row, and its profiles.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update

from deuteron.db.collection import Collection
from deuteron.db.pages import Page
from deuteron.db.router_tables import routers
from deuteron.db.service_tables import flavor_service_profiles as of_flavors
from deuteron.db.service_tables import flavors, service_profiles
from deuteron.db.transaction import Connectable
from deuteron.query import Query

Row = dict[str, Any]

# Above this many the ids are not sent: the profiles are joined to the flavors' own query.
_IDS_AT_MOST = 1000

_FLAVOR_COLUMNS: dict[str, ColumnElement[Any]] = {str(one.name): one for one in flavors.columns}
_PROFILE_COLUMNS: dict[str, ColumnElement[Any]] = {
    str(one.name): one for one in service_profiles.columns
}
_FLAVORS = Collection("flavors", shown=_FLAVOR_COLUMNS, id_column=flavors.c.id, begins_anew=False)
_PROFILES = Collection(
    "service_profiles",
    shown=_PROFILE_COLUMNS,
    id_column=service_profiles.c.id,
    begins_anew=False,
)


def flavor(conn: Connectable, flavor_id: str) -> Row | None:
    """The flavor of this id with the ids of its profiles, or None."""
    row = _FLAVORS.one(conn, flavor_id, None)
    if row is not None:
        _complete(conn, [row], None)
    return row


def list_flavors(conn: Connectable, query: Query) -> list[Row]:
    """The flavors that a query asks for, in its order."""
    found, page = _FLAVORS.page(conn, query, None)
    if page is not None:
        _complete(conn, found, page)
    return found


def profile(conn: Connectable, profile_id: str) -> Row | None:
    """The service profile of this id, or None."""
    return _PROFILES.one(conn, profile_id, None)


def list_profiles(conn: Connectable, query: Query) -> list[Row]:
    """The service profiles that a query asks for, in its order."""
    return _PROFILES.page(conn, query, None)[0]


_BINDINGS = select(of_flavors.c.flavor_id, of_flavors.c.service_profile_id)
_BINDINGS_OF = _BINDINGS.where(of_flavors.c.flavor_id.in_(bindparam("ids", expanding=True)))


def _complete(conn: Connectable, found: list[Row], page: Page | None) -> None:
    """Add the ids of their profiles to the rows of flavors."""
    if not found:
        return
    by_id: dict[str, list[str]] = {row["id"]: [] for row in found}
    if page is None or len(by_id) <= _IDS_AT_MOST:
        bindings = conn.execute(_BINDINGS_OF, {"ids": list(by_id)})
    else:
        wanted = page.ids()
        bindings = conn.execute(
            _BINDINGS.join(wanted, wanted.c.id == of_flavors.c.flavor_id), page.parameters
        )
    for flavor_id, profile_id in bindings:
        if flavor_id in by_id:  # else it came between the two statements
            by_id[flavor_id].append(profile_id)
    for row in found:
        row["service_profiles"] = sorted(by_id[row["id"]])


_OF_FLAVOR = (
    select(service_profiles.c.id, service_profiles.c.driver, service_profiles.c.enabled)
    .join(of_flavors, of_flavors.c.service_profile_id == service_profiles.c.id)
    .where(of_flavors.c.flavor_id == bindparam("id"))
    .order_by(service_profiles.c.id)
)
_KNOWN = select(service_profiles.c.id).where(
    service_profiles.c.id.in_(bindparam("ids", expanding=True))
)
_USER = (
    select(of_flavors.c.flavor_id)
    .where(of_flavors.c.service_profile_id == bindparam("id"))
    .limit(1)
)


_CHOOSER = select(routers.c.id).where(routers.c.flavor_id == bindparam("id")).limit(1)


def is_chosen(conn: Connectable, flavor_id: str) -> bool:
    """Whether a router has the flavor."""
    return conn.execute(_CHOOSER, {"id": flavor_id}).fetchone() is not None


def profiles_of(conn: Connectable, flavor_id: str) -> list[Row]:
    """The profiles of a flavor, by id: ``id``, ``driver`` and ``enabled`` of each."""
    return [
        {"id": profile_id, "driver": driver, "enabled": enabled}
        for profile_id, driver, enabled in conn.execute(_OF_FLAVOR, {"id": flavor_id})
    ]


def known_profiles(conn: Connectable, profile_ids: Sequence[str]) -> set[str]:
    """Those of these ids that are service profiles."""
    return {row[0] for row in conn.execute(_KNOWN, {"ids": list(profile_ids)})}


def is_used(conn: Connectable, profile_id: str) -> bool:
    """Whether a flavor has the profile."""
    return conn.execute(_USER, {"id": profile_id}).fetchone() is not None


_INSERT_FLAVOR = insert(flavors)
_INSERT_PROFILE = insert(service_profiles)
_BIND = insert(of_flavors)
_UNBIND = delete(of_flavors).where(
    of_flavors.c.flavor_id == bindparam("flavor"),
    of_flavors.c.service_profile_id.in_(bindparam("ids", expanding=True)),
)
_DELETE_FLAVOR = delete(flavors).where(flavors.c.id == bindparam("id"))
_DELETE_PROFILE = delete(service_profiles).where(service_profiles.c.id == bindparam("id"))


def insert_flavor(conn: Connectable, row: Row) -> None:
    """Insert a flavor from an API dict, with its profiles."""
    conn.execute(_INSERT_FLAVOR, {name: row[name] for name in _FLAVOR_COLUMNS})
    bind(conn, row["id"], row["service_profiles"])


def insert_profile(conn: Connectable, row: Row) -> None:
    """Insert a service profile from an API dict."""
    conn.execute(_INSERT_PROFILE, {name: row[name] for name in _PROFILE_COLUMNS})


def bind(conn: Connectable, flavor_id: str, profile_ids: Sequence[str]) -> None:
    """Give a flavor profiles that it does not have; none is fine."""
    if profile_ids:
        conn.execute(
            _BIND, [{"flavor_id": flavor_id, "service_profile_id": one} for one in profile_ids]
        )


def unbind(conn: Connectable, flavor_id: str, profile_ids: Sequence[str]) -> int:
    """Take profiles from a flavor; how many it had."""
    if not profile_ids:
        return 0
    return int(conn.execute(_UNBIND, {"flavor": flavor_id, "ids": list(profile_ids)}).rowcount)


def update_flavor(conn: Connectable, flavor_id: str, changes: Mapping[str, Any]) -> None:
    """Write changed columns of a flavor, at least one."""
    conn.execute(update(flavors).where(flavors.c.id == flavor_id).values(dict(changes)))


def update_profile(conn: Connectable, profile_id: str, changes: Mapping[str, Any]) -> None:
    """Write changed columns of a service profile, at least one."""
    statement = update(service_profiles).where(service_profiles.c.id == profile_id)
    conn.execute(statement.values(dict(changes)))


def delete_flavor(conn: Connectable, flavor_id: str) -> bool:
    """Delete a flavor, its profiles stay; False if it was gone."""
    return conn.execute(_DELETE_FLAVOR, {"id": flavor_id}).rowcount == 1


def delete_profile(conn: Connectable, profile_id: str) -> bool:
    """Delete a service profile; False if it was gone."""
    return conn.execute(_DELETE_PROFILE, {"id": profile_id}).rowcount == 1
