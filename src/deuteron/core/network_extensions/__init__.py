"""The extensions of the network that come with the service."""

from deuteron.core.extension import ResourceExtension
from deuteron.core.network_extensions.dns_domain import DNS_DOMAIN
from deuteron.core.network_extensions.tagged_frames import TAGGED_FRAMES

BUILTIN: tuple[ResourceExtension, ...] = (DNS_DOMAIN, TAGGED_FRAMES)
"""Those of every site."""
