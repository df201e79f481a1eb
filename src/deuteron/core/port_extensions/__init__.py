"""The extensions of the port that come with the service."""

from deuteron.core.extension import ResourceExtension
from deuteron.core.port_extensions.allowed_address_pairs import allowed_address_pairs
from deuteron.core.port_extensions.dns_names import dns_names
from deuteron.core.port_extensions.extra_dhcp_opts import EXTRA_DHCP_OPTS
from deuteron.core.port_extensions.host_attributes import HOST_ATTRIBUTES
from deuteron.core.port_extensions.port_security import PORT_SECURITY


def builtin(*, max_allowed_address_pair: int, dns_domain: str) -> tuple[ResourceExtension, ...]:
    """Those of every site; address pairs come after port security, which they look at.

    Args:
        max_allowed_address_pair: how many address pairs a port may have.
        dns_domain: the domain of the site.
    """
    return (
        PORT_SECURITY,
        allowed_address_pairs(maximum=max_allowed_address_pair),
        EXTRA_DHCP_OPTS,
        HOST_ATTRIBUTES,
        dns_names(domain=dns_domain),
    )
