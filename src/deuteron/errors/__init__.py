"""Every error that crosses a boundary, one class per name on the wire.

    NetworkError                       500
    |-- BadRequest                     400
    |   `-- InvalidInput ...
    |-- Unauthorized                   401
    |-- NotAuthorized                  403
    |   `-- PolicyNotAuthorized, InvalidScope
    |-- NotFound                       404
    |   `-- NetworkNotFound, SubnetNotFound, PortNotFound, ...
    |-- HTTPRequestEntityTooLarge      413
    |-- Conflict                       409
    |   |-- InUse
    |   |   `-- NetworkInUse, SubnetInUse, ...
    |   `-- IpAddressGenerationFailure, ...
    |-- PreconditionFailed             412
    |-- ServiceUnavailable             503
    |   `-- NoNetworkAvailable, DatabaseUnavailable, IdentityUnavailable
    |-- DriverError                    what a third-party driver raised, under its name and status
    |   `-- MechanismDriverError       a veto, or failed postcommit hooks
    |-- TryAgain                       internal: the whole operation is tried again
    `-- StartError                     the process cannot start; one line and an exit code

The class name is the ``type`` of the answer (the API reference's and Neutron's error types), the
class says the status, the keyword arguments fill the template. `deuteron.api.faults` is the one
place that turns them into answers.

A class stands in the module of its resource; all of them are offered here.
"""

from deuteron.errors.address_groups import *
from deuteron.errors.addresses import *
from deuteron.errors.agents import *
from deuteron.errors.base import *
from deuteron.errors.conntrack_helpers import *
from deuteron.errors.drivers import *
from deuteron.errors.flavors import *
from deuteron.errors.floating_ips import *
from deuteron.errors.ha_routers import *
from deuteron.errors.l3_agents import *
from deuteron.errors.metering import *
from deuteron.errors.ndp_proxies import *
from deuteron.errors.networks import *
from deuteron.errors.ports import *
from deuteron.errors.pvlan import *
from deuteron.errors.qos import *
from deuteron.errors.quotas import *
from deuteron.errors.rbac import *
from deuteron.errors.routers import *
from deuteron.errors.security_groups import *
from deuteron.errors.segments import *
from deuteron.errors.subnet_pools import *
from deuteron.errors.subnets import *
from deuteron.errors.tags import *
from deuteron.errors.trunks import *
