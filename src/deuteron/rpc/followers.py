"""Who follows the journal so that agents are told, in one visible tuple."""

from collections.abc import Callable

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.core.followers import Follower
from deuteron.rpc import told_dhcp, told_l2, told_l3, told_metering
from deuteron.rpc.endpoint import Outgoing


def followers(
    d: Deployment, outgoing: Outgoing, context: Callable[[], RequestContext]
) -> tuple[Follower, ...]:
    """The followers of a deployment.

    Args:
        d: the deployment.
        outgoing: brings messages to agents.
        context: the service itself as the one who asks.
    """
    notified = d.settings.dhcp_agent_notification
    chosen = d.settings.service_plugins
    metered = chosen is None or "metering" in chosen
    routed = chosen is None or "router" in chosen
    return (
        told_l2.follower(d, outgoing, context),
        *((told_dhcp.follower(d, outgoing, context),) if notified else ()),
        *((told_l3.follower(d, outgoing, context),) if routed else ()),
        *((told_metering.follower(d, outgoing),) if metered else ()),
    )
