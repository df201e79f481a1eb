"""Names of plugins in ``core_plugin``, ``service_plugins`` and ``extension_drivers``.

Most of these options choose nothing, as the server is one plugin: they are read to tell what a site
that comes from Neutron will find and what it will miss. `SERVICE_PLUGINS` can be chosen.
"""

from collections.abc import Iterable
from dataclasses import dataclass

_ML2 = frozenset({"ml2", "neutron.plugins.ml2.plugin.Ml2Plugin"})

# The plugins that ML2 replaced, and that were removed after Icehouse.
_MONOLITHIC = {
    "openvswitch": "openvswitch",
    "neutron.plugins.openvswitch.ovs_neutron_plugin.OVSNeutronPluginV2": "openvswitch",
    "quantum.plugins.openvswitch.ovs_quantum_plugin.OVSQuantumPluginV2": "openvswitch",
    "linuxbridge": "linuxbridge",
    "neutron.plugins.linuxbridge.lb_neutron_plugin.LinuxBridgePluginV2": "linuxbridge",
    "quantum.plugins.linuxbridge.lb_quantum_plugin.LinuxBridgePluginV2": "linuxbridge",
}

# What the server always does, whether its name is configured or not; topologies need a router.
_PART_OF_THE_SERVER = {
    "auto_allocate": "neutron.services.auto_allocate.plugin.Plugin",
    "network_ip_availability": (
        "neutron.services.network_ip_availability.plugin.NetworkIPAvailabilityPlugin"
    ),
    "network_segment_range": (
        "neutron.services.network_segment_range.plugin.NetworkSegmentRangePlugin"
    ),
    "revisions": "neutron.services.revisions.revision_plugin.RevisionPlugin",
    "segments": "neutron.services.segments.plugin.Plugin",
    "tag": "neutron.services.tag.tag_plugin.TagPlugin",
    "timestamp": "neutron.services.timestamp.timestamp_plugin.TimeStampPlugin",
}

SERVICE_PLUGINS: dict[str, str] = {
    "qos": "neutron.services.qos.qos_plugin.QoSPlugin",
    "trunk": "neutron.services.trunk.plugin.TrunkPlugin",
    "router": "neutron.services.l3_router.l3_router_plugin.L3RouterPlugin",
    "port_forwarding": "neutron.services.portforwarding.pf_plugin.PortForwardingPlugin",
    "conntrack_helper": "neutron.services.conntrack_helper.plugin.Plugin",
    "ndp_proxy": "neutron.services.ndp_proxy.plugin.NDPProxyPlugin",
    "flavors": "neutron.services.flavors.flavors_plugin.FlavorsPlugin",
    "metering": "neutron.services.metering.metering_plugin.MeteringPlugin",
    "pvlan": "neutron.services.pvlan.pvlan_plugin.PVLANPlugin",
}
"""The service plugins of this server: name -> path of Neutron's class of the same API."""

# Those that a site has whatever it names, as in Neutron.
_ALWAYS = ("flavors",)

# Those that bring others with them, as in Neutron.
_NEEDED = {
    "port_forwarding": ("router",),
    "conntrack_helper": ("router",),
    "ndp_proxy": ("router",),
}

# name: (the API that is missing, paths of the classes)
_KNOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "bgp": (
        "BGP dynamic routing",
        ("neutron_dynamic_routing.services.bgp.bgp_plugin.BgpPlugin",),
    ),
    "bgpvpn": ("BGP VPNs", ("networking_bgpvpn.neutron.services.plugin.BGPVPNPlugin",)),
    "evpn": ("EVPN", ("neutron.services.evpn.plugin.EVPNPlugin",)),
    "firewall": (
        "firewalls",
        (
            "neutron.services.firewall.fwaas_plugin.FirewallPlugin",
            "neutron_fwaas.services.firewall.fwaas_plugin.FirewallPlugin",
        ),
    ),
    "firewall_v2": (
        "firewall groups",
        (
            "neutron_fwaas.services.firewall.fwaas_plugin_v2.FirewallPluginV2",
            "neutron_fwaas.services.firewall.fwaas_plugin.FirewallPluginV2",
        ),
    ),
    "l2gw": (
        "L2 gateways",
        ("networking_l2gw.services.l2gateway.plugin.L2GatewayPlugin",),
    ),
    "lbaas": (
        "load balancers",
        (
            "neutron.services.loadbalancer.plugin.LoadBalancerPlugin",
            "neutron_lbaas.services.loadbalancer.plugin.LoadBalancerPlugin",
        ),
    ),
    "lbaasv2": (
        "load balancers",
        ("neutron_lbaas.services.loadbalancer.plugin.LoadBalancerPluginv2",),
    ),
    "local_ip": ("local IPs", ("neutron.services.local_ip.local_ip_plugin.LocalIPPlugin",)),
    "log": ("packet logs", ("neutron.services.logapi.logging_plugin.LoggingPlugin",)),
    "loki": (
        "deliberate database errors",
        ("neutron.services.loki.loki_plugin.LokiPlugin",),
    ),
    "ovn-bgp": ("BGP of OVN", ("neutron.services.bgp.plugin.BGPServicePlugin",)),
    "ovn-vpnaas": (
        "VPNs of OVN",
        ("neutron_vpnaas.services.vpn.ovn_plugin.VPNOVNDriverPlugin",),
    ),
    "ovn-router": (
        "routers and floating IPs of OVN",
        ("neutron.services.ovn_l3.plugin.OVNL3RouterPlugin",),
    ),
    "placement": (
        "bandwidth reports to Placement",
        ("neutron.services.placement_report.plugin.PlacementReportPlugin",),
    ),
    "sfc": ("service function chains", ("networking_sfc.services.sfc.plugin.SfcPlugin",)),
    "flow_classifier": (
        "flow classifiers",
        ("networking_sfc.services.flowclassifier.plugin.FlowClassifierPlugin",),
    ),
    "taas": ("traffic mirrors", ("neutron_taas.services.taas.taas_plugin.TaasPlugin",)),
    "vpnaas": (
        "VPNs",
        (
            "neutron.services.vpn.plugin.VPNDriverPlugin",
            "neutron_vpnaas.services.vpn.plugin.VPNDriverPlugin",
        ),
    ),
}

# Neutron's extension drivers: their attributes are here without a driver.
EXTENSION_DRIVERS_PRESENT = frozenset(
    {
        "data_plane_status",
        "dns",
        "dns_domain_keywords",
        "dns_domain_ports",
        "port_device_profile",
        "port_hardware_offload_type",
        "port_hint_ovs_tx_steering",
        "port_hints",
        "port_numa_affinity_policy",
        "port_security",
        "port_trusted",
        "qos",
        "subnet_dns_publish_fixed_ip",
        "tag_ports_during_bulk_creation",
        "uplink_status_propagation",
        "uplink_status_propagation_updatable",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlugins:
    """Configured service plugins, told apart.

    Args:
        chosen: names of `SERVICE_PLUGINS`, those that are always there included; None where
            nothing is configured at all.
        missing: what was written, and the API that is therefore missing.
        unknown: what was written and is nobody's name.
    """

    chosen: tuple[str, ...] | None
    missing: dict[str, str]
    unknown: tuple[str, ...]


def core_plugin_problem(value: str) -> str | None:
    """Why a core plugin cannot be this server, None if it can.

    Args:
        value: an entry point name or a class path, with a dot or a colon before the class.
    """
    path = value.replace(":", ".")
    if path in _ML2:
        return None
    if path in _MONOLITHIC:
        return (
            "the monolithic plugins were replaced by ML2, which serves the same agents; "
            f"write core_plugin = ml2, and in [ml2] mechanism_drivers = {_MONOLITHIC[path]}"
        )
    return "only ML2 can be the core plugin; write core_plugin = ml2"


def service_plugins(values: Iterable[str]) -> ServicePlugins:
    """Tells what is chosen, what is missing and what nobody knows; the rest is always there.

    Args:
        values: entry point names or class paths, with a dot or a colon before the class.
    """
    names = list(values)
    chosen: list[str] = []
    missing = {}
    unknown = []
    for value in names:
        name = _short_name(value.replace(":", "."))
        if name in SERVICE_PLUGINS:
            chosen.extend((name, *_NEEDED.get(name, ())))
        elif name in _KNOWN:
            missing[value] = _KNOWN[name][0]
        elif name not in _PART_OF_THE_SERVER:
            unknown.append(value)
    return ServicePlugins(
        chosen=tuple(dict.fromkeys((*chosen, *_ALWAYS))) if names else None,
        missing=missing,
        unknown=tuple(unknown),
    )


def service_plugin_names() -> frozenset[str]:
    """All short names that are known."""
    return frozenset((*SERVICE_PLUGINS, *_PART_OF_THE_SERVER, *_KNOWN))


def _short_name(path: str) -> str:
    for name, present in (*SERVICE_PLUGINS.items(), *_PART_OF_THE_SERVER.items()):
        if path == present:
            return name
    for name, (_, paths) in _KNOWN.items():
        if path in paths:
            return name
    return path
