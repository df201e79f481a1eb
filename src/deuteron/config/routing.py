"""Options of routers, as Neutron names them; they stand in ``[DEFAULT]`` and ``[quotas]``."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network

from oslo_config import cfg

_SCHEDULERS = "neutron.scheduler.l3_agent_scheduler"
_SCHEDULER_NAMES = ("LeastRoutersScheduler", "AZLeastRoutersScheduler", "ChanceScheduler")
# VRRP counts its routers with one octet (RFC 5798, 5.2.3), and each agent needs an address.
_LONGEST_HA_PREFIX = 29

_HELPERS = (
    "amanda:tcp",
    "ftp:tcp",
    "h323:udp",
    "h323:tcp",
    "irc:tcp",
    "netbios-ns:udp",
    "pptp:tcp",
    "sane:tcp",
    "sip:udp",
    "sip:tcp",
    "snmp:udp",
    "tftp:udp",
)

OPTIONS: tuple[cfg.Opt, ...] = (
    cfg.BoolOpt(
        "enable_snat_by_default",
        default=True,
        help="Whether gateways of routers hide the addresses behind them, if nothing is said.",
    ),
    cfg.BoolOpt(
        "enable_default_route_ecmp",
        default=False,
        help="Whether routers use all their gateways at once, if nothing is said.",
    ),
    cfg.BoolOpt(
        "enable_default_route_bfd",
        default=False,
        help="Whether routers watch their gateways by BFD, if nothing is said.",
    ),
    cfg.BoolOpt("enable_dvr", default=True, help="Whether there are distributed routers."),
    cfg.BoolOpt(
        "router_distributed",
        default=False,
        help="Whether routers are distributed, if nothing is said.",
    ),
    cfg.BoolOpt(
        "host_dvr_for_dhcp",
        default=True,
        help="Whether distributed routers are on hosts that have ports of DHCP agents only.",
    ),
    cfg.BoolOpt(
        "l3_ha", default=False, help="Whether routers are highly available, if nothing is said."
    ),
    cfg.IntOpt(
        "max_l3_agents_per_router",
        default=3,
        min=0,
        help="L3 agents of a highly available router; 0: all of them.",
    ),
    cfg.StrOpt(
        "l3_ha_net_cidr",
        default="169.254.192.0/18",
        help="The prefix of the network over which agents of highly available routers talk.",
    ),
    cfg.StrOpt(
        "l3_ha_network_type", default="", help="Its network type; empty: as networks of projects."
    ),
    cfg.StrOpt("l3_ha_network_physical_name", default="", help="Its physical network."),
    cfg.StrOpt(
        "router_scheduler_driver",
        default=f"{_SCHEDULERS}.LeastRoutersScheduler",
        help="How L3 agents are chosen: LeastRoutersScheduler takes those with the fewest routers, "
        "AZLeastRoutersScheduler spreads over availability zones before, ChanceScheduler takes "
        "any.",
    ),
    cfg.BoolOpt(
        "router_auto_schedule",
        default=True,
        help="Whether routers are given to L3 agents without being asked to.",
    ),
    cfg.BoolOpt(
        "allow_automatic_l3agent_failover",
        default=False,
        help="Whether routers are taken from L3 agents that are dead.",
    ),
    cfg.BoolOpt(
        "enable_ndp_proxy_by_default",
        default=False,
        help="Whether routers answer for addresses behind them, if nothing is said.",
    ),
    cfg.ListOpt(
        "allowed_conntrack_helpers",
        default=list(_HELPERS),
        help="Connection tracking helpers that routers may be given, HELPER:PROTOCOL.",
    ),
)

QUOTAS: tuple[cfg.Opt, ...] = (
    cfg.IntOpt("quota_router", default=10, help="Routers per project, -1: no limit."),
    cfg.IntOpt("quota_floatingip", default=50, help="Floating IPs per project, -1: no limit."),
    cfg.IntOpt("quota_router_route", default=30, help="Routes per router, -1: no limit."),
)


def ha_prefix(value: str) -> str:
    """An IPv4 prefix with room for agents."""
    try:
        prefix = IPv4Network(value.strip())
    except ValueError:
        raise ValueError("this is no IPv4 prefix; write 169.254.192.0/18") from None
    if prefix.prefixlen > _LONGEST_HA_PREFIX:
        raise ValueError(f"it has too few addresses; a prefix is at most /{_LONGEST_HA_PREFIX}")
    return str(prefix)


def scheduler(value: str) -> str:
    """One of Neutron's schedulers of routers, by the path of its class."""
    module, _, name = value.strip().rpartition(".")
    if module != _SCHEDULERS or name not in _SCHEDULER_NAMES:
        raise ValueError(
            f"there is no such scheduler; use {_SCHEDULERS}. with {', '.join(_SCHEDULER_NAMES)}"
        )
    return name


def conntrack_helpers(values: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Helper -> its protocols, of ``HELPER:PROTOCOL`` entries."""
    found: dict[str, tuple[str, ...]] = {}
    for value in values:
        helper, colon, protocol = (part.strip() for part in value.partition(":"))
        if not (helper and colon and protocol):
            raise ValueError(f"{value} is no HELPER:PROTOCOL; write tftp:udp")
        found[helper] = (*found.get(helper, ()), protocol)
    return found
