"""What metering agents ask: which routers of their host have which labels."""

from typing import Any

from deuteron.core.deployment import Deployment
from deuteron.rpc import arguments
from deuteron.rpc.endpoint import Call, Endpoint
from deuteron.services.metering import agent_view


def get_sync_data_metering(d: Deployment, _call: Call, *, host: Any = None) -> list[dict[str, Any]]:
    """The routers of the L3 agent of a host that have labels, with these and their rules.

    Args:
        d: the deployment.
        host: of the agent; without it, all routers that have labels.

    Raises:
        InvalidInput: this is no host.
    """
    return agent_view.of_host(d, None if host is None else arguments.text("host", host))


ENDPOINT = Endpoint(version="1.0", methods={"get_sync_data_metering": get_sync_data_metering})
