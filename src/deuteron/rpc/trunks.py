"""What the agents of trunks ask: to bind sub-ports, and to note what has become of a trunk."""

from typing import Any

from deuteron.core.deployment import Deployment
from deuteron.errors import InvalidInput, TrunkNotFound
from deuteron.rpc import arguments
from deuteron.rpc.endpoint import Call, Endpoint
from deuteron.rpc.forms import as_told
from deuteron.services.trunk import wiring


def update_subport_bindings(
    d: Deployment, call: Call, *, subports: Any
) -> dict[str, list[dict[str, Any]]]:
    """Bind sub-ports to the hosts of their trunks.

    Args:
        d: the deployment.
        call: the message.
        subports: ``trunk_id`` and ``port_id`` of each, as objects or as what they hold.

    Returns:
        trunk id -> API dicts of the sub-ports that are bound; without trunks that are gone.

    Raises:
        InvalidInput: these are no sub-ports.
    """
    if not isinstance(subports, list):
        raise InvalidInput(error_message="subports must be a list")
    by_trunk: dict[str, list[str]] = {}
    for number, one in enumerate(subports):
        given = arguments.mapping(f"subports[{number}]", one)
        held = arguments.mapping(f"subports[{number}]", given.get("versioned_object.data", given))
        trunk_id = arguments.text(f"subports[{number}].trunk_id", held.get("trunk_id"))
        port_id = arguments.text(f"subports[{number}].port_id", held.get("port_id"))
        by_trunk.setdefault(trunk_id, []).append(port_id)
    answer: dict[str, list[dict[str, Any]]] = {}
    for trunk_id, port_ids in by_trunk.items():
        try:
            bound = wiring.bind_subports(d, call.ctx, trunk_id, port_ids)
        except TrunkNotFound:
            continue
        answer[trunk_id] = [as_told(port) for port in bound]
    return answer


def update_trunk_status(d: Deployment, call: Call, *, trunk_id: Any, status: Any) -> None:
    """Note what has become of a trunk.

    Args:
        d: the deployment.
        call: the message.
        trunk_id: of the trunk.
        status: as the API has it.

    Raises:
        InvalidInput: this is no status.
    """
    wiring.report(
        d,
        call.ctx,
        arguments.text("trunk_id", trunk_id),
        arguments.text("status", status),
    )


ENDPOINT = Endpoint(
    version="1.0",
    namespace="trunk",
    methods={
        "update_subport_bindings": update_subport_bindings,
        "update_trunk_status": update_trunk_status,
    },
)
