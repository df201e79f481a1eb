"""The site at which the answers were recorded, for us: options, and the agents that report."""

from collections.abc import Mapping
from typing import Any

HOSTS = ("host-1", "host-2")

OPTIONS: Mapping[str, Mapping[str, str]] = {
    "DEFAULT": {
        "service_plugins": (
            "conntrack_helper,flavors,metering,ndp_proxy,port_forwarding,pvlan,qos,router,trunk"
        )
    },
    "ml2": {
        "type_drivers": "flat,vlan,gre,vxlan,geneve,local",
        "project_network_types": "vxlan",
        "mechanism_drivers": "openvswitch,l2population",
    },
    "ml2_type_flat": {"flat_networks": "public"},
    "ml2_type_vlan": {"network_vlan_ranges": "foo:1:10"},
    "ml2_type_vxlan": {"vni_ranges": "1:20000"},
    "ml2_type_gre": {"tunnel_id_ranges": "1:20000"},
    "ml2_type_geneve": {"vni_ranges": "1:20000", "max_header_size": "38"},
    "quotas": {
        "quota_network": "-1",
        "quota_subnet": "-1",
        "quota_port": "-1",
        "quota_router": "-1",
        "quota_floatingip": "-1",
        "quota_security_group": "-1",
        "quota_security_group_rule": "-1",
    },
}


# The areas that were recorded where L3 agents report, and need Keystone for that alone.
ROUTED = ("l3_agents",)

# The areas that were recorded of a reference with several gateways: its L3 plugin is a subclass of
# `L3RouterPlugin` and `ExtraGatewaysDbOnlyMixin` that names the aliases of `MULTIHOMING`.
MULTIHOMED = ("gateways",)
MULTIHOMING = (
    "enable-default-route-bfd",
    "enable-default-route-ecmp",
    "external-gateway-multihoming",
)


def agent(host: str) -> dict[str, Any]:
    """What the Open vSwitch agent of a host reports."""
    return {
        "agent_type": "Open vSwitch agent",
        "binary": "neutron-openvswitch-agent",
        "host": host,
        "topic": "N/A",
        "start_flag": True,
        "configurations": {
            "bridge_mappings": {"public": "br-ex", "foo": "br-foo"},
            "tunnel_types": ["vxlan", "gre", "geneve"],
            "tunneling_ip": f"127.0.1.{HOSTS.index(host) + 1}",
            "integration_bridge": "br-int",
            "datapath_type": "system",
            "l2_population": True,
            "arp_responder_enabled": False,
            "enable_distributed_routing": True,
            "in_distributed_mode": True,
            "extensions": ["qos", "local_ip"],
            "log_agent_heartbeats": False,
            "ovs_capabilities": {
                "datapath_types": ["netdev", "system"],
                "iface_types": ["internal", "system", "vxlan", "gre", "geneve", "patch", "tap"],
            },
            "vhostuser_socket_dir": "/var/run/openvswitch",
            "ovs_hybrid_plug": False,
            "baremetal_smartnic": False,
            "resource_provider_bandwidths": {},
            "devices": 0,
        },
    }


def l3_agent(host: str) -> dict[str, Any]:
    """What the L3 agent of a host reports."""
    return {
        "agent_type": "L3 agent",
        "binary": "neutron-l3-agent",
        "host": host,
        "topic": "l3_agent",
        "availability_zone": "nova",
        "start_flag": True,
        "configurations": {
            "agent_mode": "dvr_snat" if host == HOSTS[0] else "legacy",
            "handle_internal_only_routers": True,
            "interface_driver": "openvswitch",
            "log_agent_heartbeats": False,
            "extensions": ["port_forwarding", "conntrack_helper", "ndp_proxy"],
            "routers": 0,
            "ex_gw_ports": 0,
            "interfaces": 0,
            "floating_ips": 0,
        },
    }
