"""Who may see what: the condition that a row is a project's own, or shared with it.

    scope    the project that asks; None sees everything and has no condition
    own      rows with its project_id
    shared   rows that an RBAC policy shows to it, or to everybody ('*')

What each collection shows to a project is the table `VISIBLE` below, as in Neutron: the ports on a
network are seen by the network's owner too, subnets by those who see their network because it is
shared or external.

A condition comes in two forms that mean the same. `Visible.one` is for a row that its id found
already: it looks up the policy of this row. `Visible.many` is for lists: it gathers the ids that
the project sees, so that what others have costs nothing. Both have one bound parameter, whose
value is `parameters(scope)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Table,
    bindparam,
    exists,
    false,
    literal_column,
    or_,
    select,
    true,
    union,
)

from deuteron.db import router_tables, service_tables, tables
from deuteron.db.tables import rbac_policies

SHARED = "access_as_shared"
EXTERNAL = "access_as_external"
EVERYBODY = "*"
"""The target of a policy for all projects."""

_SCOPE = "scope"
Statement = TypeVar("Statement", bound=Select[Any])


@dataclass(frozen=True, slots=True)
class Visible:
    """What a project sees of one table.

    Args:
        one: condition on a row that is found by its id.
        many: condition on the rows of a list.
        parts: conditions that have no row in common and together are `many`, if each of them has
            an index that is in the order of the ids.
        own: whether all rows with the project's ``project_id`` are among them.
    """

    one: ColumnElement[bool]
    many: ColumnElement[bool]
    parts: tuple[ColumnElement[bool], ...] = ()
    own: bool = False


def parameters(scope: str | None) -> dict[str, Any]:
    """The value of the parameter in these conditions and in `shared_with_caller`.

    Args:
        scope: the project that asks. Who sees everything is told only what everybody sees of
            `shared_with_caller`.
    """
    return {_SCOPE: EVERYBODY if scope is None else scope}


def for_one(statement: Statement, collection: str) -> Statement:
    """The statement that finds one row by its id, for a project.

    Args:
        statement: without any scope.
        collection: a key of `VISIBLE`.
    """
    return statement.where(VISIBLE[collection].one)


def for_many(statement: Statement, collection: str, scope: str | None) -> Statement:
    """The statement of a list, for who asks.

    Args:
        statement: without any scope.
        collection: a key of `VISIBLE`.
        scope: the project that asks, None for everything.
    """
    return statement if scope is None else statement.where(VISIBLE[collection].many)


def of_marker(collection: str, scope: str | None) -> ColumnElement[bool] | None:
    """The condition on a page's marker: one that is not seen is none. None for everything.

    Args:
        collection: a key of `VISIBLE`.
        scope: the project that asks, None for everything.
    """
    return None if scope is None else VISIBLE[collection].one


def _me() -> ColumnElement[str]:
    return bindparam(_SCOPE, type_=String())


def _word(text: str) -> ColumnElement[str]:
    """One of our own words as part of the statement: as a parameter it would cost each request."""
    return literal_column(f"'{text}'", String())


def _targets_me() -> ColumnElement[bool]:
    return rbac_policies.c.target_project.in_((_word(EVERYBODY), _me()))


def _acts(actions: tuple[str, ...]) -> ColumnElement[bool]:
    return rbac_policies.c.action.in_([_word(action) for action in actions])


def _policies(object_type: str, actions: tuple[str, ...]) -> Select[Any]:
    """Ids of the objects of a type that a policy shows to the project."""
    return select(rbac_policies.c.object_id).where(
        rbac_policies.c.object_type == _word(object_type),
        _acts(actions),
        _targets_me(),
    )


def _shown(object_id: ColumnElement[str], actions: tuple[str, ...]) -> ColumnElement[bool]:
    """A policy shows the object of this id to the project. An id is of one type only."""
    return exists().where(
        rbac_policies.c.object_id == object_id,
        _acts(actions),
        _targets_me(),
    )


def _among(id_column: ColumnElement[str], *ids: Select[Any]) -> ColumnElement[bool]:
    mine = union(*ids).subquery("mine")
    return id_column.in_(select(next(iter(mine.columns))))


def shared_with_caller(object_id: ColumnElement[str]) -> ColumnElement[bool]:
    """The value of the attribute ``shared``: whether an object is shared with who asks.

    Args:
        object_id: the column of the object's id.
    """
    return _shown(object_id, (SHARED,))


def shared_filter(object_id: ColumnElement[str], values: tuple[Any, ...]) -> ColumnElement[bool]:
    """The filter ``shared=true`` or ``shared=false`` of a list.

    Args:
        object_id: the column of the object's id.
        values: True, False or both.
    """
    condition = shared_with_caller(object_id)
    wanted = {bool(value) for value in values}
    if not wanted:
        return false()
    if len(wanted) > 1:
        return true()
    return condition if wanted.pop() else ~condition


def own_or_shared(table: Table, object_type: str, actions: tuple[str, ...] = (SHARED,)) -> Visible:
    """The rows of a project, and those that a policy shows to it.

    Args:
        table: with the columns ``id`` and ``project_id``.
        object_type: what policies call it.
        actions: of the policies that show it.
    """
    own = table.alias("own")
    return Visible(
        one=or_(table.c.project_id == _me(), _shown(table.c.id, actions)),
        many=_among(
            table.c.id,
            select(own.c.id).where(own.c.project_id == _me()),
            _policies(object_type, actions),
        ),
        own=True,
    )


def own_or_below_own(table: Table, parent: Table, parent_id: str) -> Visible:
    """The rows of a project, and those that belong to something of the project.

    Args:
        table: with the columns ``id`` and ``project_id``.
        parent: what the rows belong to, with the columns ``id`` and ``project_id``.
        parent_id: the column of `table` with the parent's id.
    """
    own, below, owned = table.alias("own"), table.alias("below"), parent.alias("owned")
    return Visible(
        one=or_(
            table.c.project_id == _me(),
            exists().where(owned.c.id == table.c[parent_id], owned.c.project_id == _me()),
        ),
        many=_among(
            table.c.id,
            select(own.c.id).where(own.c.project_id == _me()),
            select(below.c.id)
            .select_from(below.join(owned, owned.c.id == below.c[parent_id]))
            .where(owned.c.project_id == _me()),
        ),
        own=True,
    )


_NETWORK_ACTIONS = (SHARED, EXTERNAL)


def _subnets() -> Visible:
    subnets = tables.subnets
    own, below = subnets.alias("own"), subnets.alias("below")
    networks = _policies("network", _NETWORK_ACTIONS).subquery("shown")
    return Visible(
        one=or_(subnets.c.project_id == _me(), _shown(subnets.c.network_id, _NETWORK_ACTIONS)),
        many=_among(
            subnets.c.id,
            select(own.c.id).where(own.c.project_id == _me()),
            select(below.c.id).join(networks, networks.c.object_id == below.c.network_id),
        ),
        own=True,
    )


def _ports() -> Visible:
    """A port is seen by its own project and by its network's."""
    ports = tables.ports
    parts = (ports.c.project_id == _me(), ports.c.other_project_id == _me())
    return Visible(one=or_(*parts), many=or_(*parts), parts=parts, own=True)


def _segments() -> Visible:
    """A segment has no project of its own: it is its network's."""
    owned = tables.networks.alias("owned")
    of_own = tables.segments.c.network_id.in_(select(owned.c.id).where(owned.c.project_id == _me()))
    return Visible(one=of_own, many=of_own)


def _own(table: Table) -> Visible:
    """Nobody but the project sees it."""
    return Visible(one=table.c.project_id == _me(), many=table.c.project_id == _me())


def _metering() -> tuple[Visible, Visible]:
    """Labels of the project and shared ones, and what belongs to these."""
    labels, rules = service_tables.metering_labels, service_tables.metering_label_rules
    usable = or_(labels.c.project_id == _me(), labels.c.shared)
    below = rules.c.metering_label_id.in_(select(labels.c.id).where(usable))
    return Visible(one=usable, many=usable), Visible(one=below, many=below)


def _conntrack_helpers() -> Visible:
    """A helper has no project of its own: it is its router's."""
    owned, helpers = router_tables.routers.alias("owned"), router_tables.conntrack_helpers
    of_own = helpers.c.router_id.in_(select(owned.c.id).where(owned.c.project_id == _me()))
    return Visible(one=of_own, many=of_own)


def _segment_ranges() -> Visible:
    ranges = tables.network_segment_ranges
    usable = or_(ranges.c.project_id == _me(), ranges.c.shared)
    return Visible(one=usable, many=usable)


VISIBLE: Mapping[str, Visible] = {
    "address_groups": own_or_shared(tables.address_groups, "address_group"),
    "address_scopes": own_or_shared(tables.address_scopes, "address_scope"),
    "conntrack_helpers": _conntrack_helpers(),
    "flavors": Visible(one=true(), many=true()),
    "floatingips": _own(router_tables.floatingips),
    "metering_labels": _metering()[0],
    "metering_label_rules": _metering()[1],
    "networks": own_or_shared(tables.networks, "network", _NETWORK_ACTIONS),
    "network_segment_ranges": _segment_ranges(),
    "ndp_proxies": _own(router_tables.ndp_proxies),
    "policies": own_or_shared(service_tables.qos_policies, "qos_policy"),
    "ports": _ports(),
    "routers": _own(router_tables.routers),
    "security_groups": own_or_shared(tables.security_groups, "security_group"),
    "security_groups_default_statefulness": _own(tables.security_groups_default_statefulness),
    "security_group_rules": own_or_below_own(
        tables.security_group_rules, tables.security_groups, "security_group_id"
    ),
    "segments": _segments(),
    "service_profiles": Visible(one=true(), many=true()),  # by policy, administrators only
    "subnetpools": own_or_shared(tables.subnetpools, "subnetpool"),
    "subnets": _subnets(),
    "trunks": _own(service_tables.trunks),
}
"""Collection -> what a project sees of it."""
