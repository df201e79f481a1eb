"""Whose a thing's network, group or other parent is: looked up when a rule asks, in one go.

Owners never change, so they are kept for as long as there is room; ids are never given twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deuteron.context import RequestContext
from deuteron.query import Query
from deuteron.surface import Resource

if TYPE_CHECKING:
    from deuteron.core.deployment import Deployment

NETWORK = "network"
# The field by which a thing names its parent, per rule ``<parent>_owner``.
KEYS: Mapping[str, str] = {NETWORK: "network_id", "security_group": "security_group_id"}

_OF_NETWORKS = ("id", "shared", "router:external")
_ROOM = 50_000


class Owners:
    """The projects of things.

    Args:
        resources: the nouns; each can be the parent of others.
    """

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources = {resource.name: resource for resource in resources}
        self._known: dict[tuple[str, str], str] = {}

    def of(self, d: "Deployment", kind: str, ids: Sequence[str]) -> dict[str, str]:
        """Id -> project of those that exist.

        Args:
            d: what is asked.
            kind: a noun's name.
            ids: of such things.
        """
        known = self._known
        missing = [one for one in ids if (kind, one) not in known]
        list_ = self.resources[kind].list_ if kind in self.resources else None
        if missing and list_ is not None:
            if len(known) > _ROOM:
                known = self._known = {}
                missing = list(ids)
            # Owners are facts; that a rule looks at one shows it to nobody.
            query = Query(
                filters={"id": tuple(dict.fromkeys(missing))}, fields=("id", "project_id")
            )
            for row in list_(d, RequestContext(request_id="", is_admin=True), query):
                known[kind, row["id"]] = row.get("project_id") or ""
        return {one: known[kind, one] for one in ids if (kind, one) in known}


class OfRequest:
    """The parents of what one request is about.

    Args:
        owners: of all things.
        d: what is asked.
        ctx: who asks.
        targets: what rules may look at; the parents of all of them are looked up at once.
    """

    def __init__(
        self, owners: Owners, d: "Deployment", ctx: RequestContext, targets: Sequence[Any]
    ) -> None:
        self._owners = owners
        self._d = d
        self._ctx = ctx
        self._targets = targets
        self._projects: dict[str, dict[str, str]] = {}
        self._networks: dict[str, dict[str, Any]] | None = None

    def owner(self, kind: str, parent_id: str) -> str | None:
        """The project of a parent, None if there is no such thing."""
        projects = self._projects.get(kind)
        if projects is None or parent_id not in projects:
            projects = self._owners.of(self._d, kind, [*self._ids(KEYS.get(kind)), parent_id])
            self._projects[kind] = projects
        return projects.get(parent_id)

    def of_network(self, network_id: str, field: str) -> Any:
        """A field of a network, None if the caller does not see that network."""
        if self._networks is None:
            list_ = self._owners.resources[NETWORK].list_
            assert list_ is not None
            ids = tuple(dict.fromkeys((*self._ids(KEYS[NETWORK]), network_id)))
            rows = list_(self._d, self._ctx, Query(filters={"id": ids}, fields=_OF_NETWORKS))
            self._networks = {row["id"]: row for row in rows}
        return self._networks.get(network_id, {}).get(field)

    def _ids(self, key: str | None) -> list[str]:
        if key is None:
            return []
        return [str(target[key]) for target in self._targets if target.get(key)]

    def require(self, parents: Iterable[tuple[str, str]]) -> None:
        """See to it that the caller may know of these parents.

        Args:
            parents: (kind, id) pairs.

        Raises:
            NotFound: one is not there for the caller.
        """
        for kind, parent_id in parents:
            resource = self._owners.resources.get(kind)
            if resource is not None and resource.get is not None:
                resource.get(self._d, self._ctx, parent_id)
