"""The extensions of the port that come with the service."""

from deuteron.core.extension import ResourceExtension
from deuteron.core.port_extensions.allowed_address_pairs import allowed_address_pairs
from deuteron.core.port_extensions.extra_dhcp_opts import EXTRA_DHCP_OPTS
from deuteron.core.port_extensions.port_security import PORT_SECURITY


def builtin(*, max_allowed_address_pair: int) -> tuple[ResourceExtension, ...]:
    """Port security, allowed address pairs and extra DHCP options, in the order that they need.

    Args:
        max_allowed_address_pair: how many address pairs a port may have.
    """
    return (PORT_SECURITY, allowed_address_pairs(maximum=max_allowed_address_pair), EXTRA_DHCP_OPTS)
