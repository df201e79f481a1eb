"""Sharing of a network with everybody: ``shared`` and ``router:external`` as RBAC policies.

    shared            says that there is a policy for everybody, access_as_shared
    router:external   a mark of the network; making it makes a policy for everybody,
                      access_as_external, and taking it away takes all such policies

Policies made one by one are `deuteron.core.rbac_policies`.
"""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from deuteron.db import rbac_policies as rows
from deuteron.db.sharing import EVERYBODY, EXTERNAL, SHARED
from deuteron.db.transaction import Transaction
from deuteron.errors import ExternalNetworkInUse, InvalidSharedSetting

Network = Mapping[str, Any]


def new_networks(tx: Transaction, networks: Iterable[Network]) -> None:
    """Share networks that were made just now as they say: one statement, or none."""
    rows.insert_many(
        tx,
        [
            with_everybody("network", network, action)
            for network in networks
            for action, wanted in (
                (SHARED, network["shared"]),
                (EXTERNAL, network["router:external"]),
            )
            if wanted
        ],
    )


def with_everybody(object_type: str, row: Mapping[str, Any], action: str) -> dict[str, Any]:
    """The policy that shows an object to everybody, as a row.

    Args:
        object_type: as the API calls it.
        row: the object, with ``id`` and ``project_id``.
        action: how it is shared.
    """
    return {
        "id": str(uuid.uuid4()),
        "project_id": row["project_id"],
        "object_type": object_type,
        "object_id": row["id"],
        "action": action,
        "target_project": EVERYBODY,
    }


def changed_network(tx: Transaction, network: Network, original: Network) -> None:
    """Share a network as an update says, before its row is written.

    Args:
        tx: the transaction.
        network: as it will be.
        original: as it was.

    Raises:
        InvalidSharedSetting: other projects use it and would no longer see it.
        ExternalNetworkInUse: gateways of routers are on it.
    """
    if network["shared"] != original["shared"]:
        present = rows.targets(tx, network["id"], SHARED)
        if network["shared"]:
            if EVERYBODY not in present:
                rows.insert_many(tx, [with_everybody("network", network, SHARED)])
        else:
            left = {*present, network["project_id"]} - {EVERYBODY}
            if rows.projects_on_network(tx, network["id"]) - left:
                raise InvalidSharedSetting(network=network["id"])
            rows.withdraw(tx, network["id"], SHARED, EVERYBODY)
    if network["router:external"] != original["router:external"]:
        if network["router:external"]:
            rows.insert_many(tx, [with_everybody("network", network, EXTERNAL)])
        else:
            if rows.has_gateways(tx, network["id"]):
                raise ExternalNetworkInUse(net_id=network["id"])
            rows.withdraw(tx, network["id"], EXTERNAL)
