"""QoS: policies of rules that limit, guarantee or mark the traffic of ports and networks.

Rules are kept, checked and told to the drivers of ports; agents enforce them.
"""

from deuteron.config import Settings
from deuteron.services.plugin import ServicePlugin
from deuteron.services.qos import api, extensions, policies, rows, rule_types


def plugin(settings: Settings) -> ServicePlugin:
    """The service plugin of a site.

    Args:
        settings: what was configured; its mechanism drivers say which rules are enforced.
    """
    drivers = rule_types.loaded(settings.ml2.mechanism_drivers)
    return ServicePlugin(
        name="qos",
        service_type="QOS",
        extensions=api.EXTENSIONS,
        resources=api.RESOURCES,
        shareable={policies.OBJECT_TYPE: rows.SHAREABLE},
        networks=(extensions.of_networks(drivers),),
        ports=(extensions.of_ports(drivers),),
    )
