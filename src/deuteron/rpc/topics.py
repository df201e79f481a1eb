"""Everything that agents may ask: topics, their endpoints, and these methods.

Topics, versions and names are Neutron's. Reports come on a topic of their own and, from some
agents, on the general one.
"""

from collections.abc import Mapping

from deuteron.rpc import (
    devices,
    dhcp,
    dvr,
    l3,
    metering,
    reports,
    resources,
    security_groups,
    trunks,
    tunnels,
)
from deuteron.rpc.endpoint import Endpoint

REPORTS = "q-reports-plugin"
PLUGIN = "q-plugin"
TRUNKS = "trunk"
METERING = "q-metering-plugin"
ROUTERS = "q-l3-plugin"


def topics() -> Mapping[str, tuple[Endpoint, ...]]:
    """Topic -> what is answered there."""
    reporting = reports.endpoint()
    return {
        REPORTS: (reporting,),
        PLUGIN: (
            reporting,
            devices.ENDPOINT,
            tunnels.ENDPOINT,
            security_groups.ENDPOINT,
            resources.ENDPOINT,
            dvr.ENDPOINT,
            *dhcp.endpoints(),
        ),
        TRUNKS: (trunks.ENDPOINT,),
        METERING: (metering.ENDPOINT,),
        ROUTERS: (l3.ENDPOINT,),
    }
