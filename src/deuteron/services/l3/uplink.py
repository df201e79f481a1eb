"""A router between subnets and an external network, as auto-allocated topologies have it."""

from collections.abc import Sequence

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.errors import NotFound
from deuteron.services.l3 import interfaces, routers
from deuteron.services.plugin import Uplink


class _Router:
    """An `Uplink` by a router."""

    def connect(
        self,
        d: Deployment,
        ctx: RequestContext,
        *,
        project_id: str,
        external_network_id: str,
        subnet_ids: Sequence[str],
    ) -> str:
        """See `Uplink.connect`."""
        body = {
            "name": "auto_allocated_router",
            "admin_state_up": True,
            "project_id": project_id,
            "external_gateway_info": {"network_id": external_network_id},
        }
        router_id: str = routers.create(d, ctx, [body])[0]["id"]
        connected: list[str] = []
        try:
            for subnet_id in subnet_ids:
                interfaces.add(d, ctx, router_id, {"subnet_id": subnet_id})
                connected.append(subnet_id)
        except Exception:
            self.disconnect(d, ctx, router_id, subnet_ids=connected)
            raise
        return router_id

    def disconnect(
        self, d: Deployment, ctx: RequestContext, router_id: str, *, subnet_ids: Sequence[str]
    ) -> None:
        """See `Uplink.disconnect`."""
        for subnet_id in subnet_ids:
            try:
                interfaces.remove(d, ctx, router_id, {"subnet_id": subnet_id})
            except NotFound:
                continue
        try:
            routers.delete(d, ctx, router_id)
        except NotFound:
            return


UPLINK: Uplink = _Router()
