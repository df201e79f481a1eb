"""The objects that agents keep, in the version that each of them knows: tables of fields.

Names, versions and forms are those of Neutron's objects as they were seen on the wire.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from deuteron.rpc.versioned import (
    FIRST,
    Data,
    Field,
    Kind,
    Value,
    Version,
    attribute,
    column,
    columns,
    derived_id,
    many,
    primitive,
    related,
)

# Kept with the details for the API, and no part of them for agents.
_BOUND_DRIVERS = "bound_drivers"

_STANDARD = columns("revision_number", "description", "created_at", "updated_at")

# --- networks -------------------------------------------------------------------------------------

NETWORK_SEGMENT = Kind(
    name="NetworkSegment",
    version="1.0",
    fields=(
        *columns("id", "network_id", "name", "network_type", "physical_network"),
        *columns("segmentation_id", "is_dynamic", "segment_index"),
        related("hosts", lambda data: data.get("hosts", [])),
        *_STANDARD,
    ),
)
NETWORK_PORT_SECURITY = Kind(
    name="NetworkPortSecurity", version="1.0", fields=columns("id", "port_security_enabled")
)
NETWORK = Kind(
    name="Network",
    version="1.3",
    fields=(
        *columns("id", "project_id", "name", "status", "admin_state_up", "vlan_transparent"),
        column("qinq", key="qinq", since=(1, 2)),
        column("shared"),
        column("mtu"),
        related("security", lambda data: primitive(NETWORK_PORT_SECURITY, data)),
        many("segments", NETWORK_SEGMENT, lambda data: data["segment_objects"]),
        related("pvlan", lambda data: bool(data.get("pvlan")), since=(1, 3)),
        related("dns_domain", attribute("dns_domain")),
        related("qos_policy_id", attribute("qos_policy_id")),
        *_STANDARD,
    ),
)

# --- subnets --------------------------------------------------------------------------------------

ALLOCATION_POOL = Kind(
    name="IPAllocationPool", version="1.0", fields=columns("id", "subnet_id", "start", "end")
)
DNS_NAME_SERVER = Kind(
    name="DNSNameServer", version="1.0", fields=columns("address", "subnet_id", "order")
)
ROUTE = Kind(name="Route", version="1.0", fields=columns("subnet_id", "destination", "nexthop"))


def _pools(subnet: Data) -> list[Data]:
    return [
        {
            **pool,
            "subnet_id": subnet["id"],
            "id": derived_id(subnet["id"], pool["start"], pool["end"]),
        }
        for pool in subnet["allocation_pools"]
    ]


def _name_servers(subnet: Data) -> list[Data]:
    return [
        {"address": address, "subnet_id": subnet["id"], "order": order}
        for order, address in enumerate(subnet["dns_nameservers"])
    ]


SUBNET = Kind(
    name="Subnet",
    version="1.2",
    fields=(
        *columns("id", "project_id", "name", "network_id", "segment_id", "subnetpool_id"),
        *columns("ip_version", "cidr", "gateway_ip"),
        many("allocation_pools", ALLOCATION_POOL, _pools),
        column("enable_dhcp"),
        column("shared"),
        many("dns_nameservers", DNS_NAME_SERVER, _name_servers),
        related("dns_publish_fixed_ip", attribute("dns_publish_fixed_ip"), since=(1, 1)),
        many(
            "host_routes",
            ROUTE,
            lambda data: [{**route, "subnet_id": data["id"]} for route in data["host_routes"]],
        ),
        *columns("ipv6_ra_mode", "ipv6_address_mode"),
        related("service_types", attribute("service_types")),
        related("external", lambda data: bool(data.get("router:external")), since=(1, 2)),
        *_STANDARD,
    ),
)

# --- ports ----------------------------------------------------------------------------------------

ADDRESS_PAIR = Kind(
    name="AllowedAddressPair",
    version="1.0",
    fields=columns("port_id", "mac_address", "ip_address"),
)
BINDING = Kind(
    name="PortBinding",
    version="1.0",
    fields=(
        *columns("port_id", "host"),
        Field(name="profile", value=lambda data, _: json.dumps(data["profile"])),
        column("vif_type"),
        Field(name="vif_details", value=lambda data, _: _details(data["vif_details"])),
        *columns("vnic_type", "status"),
    ),
)
DISTRIBUTED_BINDING = Kind(
    name="DistributedPortBinding",
    version="1.0",
    fields=(
        *columns("port_id", "host"),
        Field(name="profile", value=lambda data, _: json.dumps(data["profile"])),
        column("vif_type"),
        Field(name="vif_details", value=lambda data, _: _details(data["vif_details"])),
        *columns("vnic_type", "status"),
        Field(name="router_id", value=lambda data, _: data["device_id"]),
    ),
)
BINDING_LEVEL = Kind(
    name="PortBindingLevel",
    version="1.1",
    fields=(
        *columns("port_id", "host", "level", "driver"),
        related("segment", lambda data: _segment(data["segment"])),
        Field(
            name="segment_id",
            value=lambda data, _: data["segment"] and data["segment"]["id"],
            since=(1, 1),
        ),
    ),
)
DHCP_OPTION = Kind(
    name="ExtraDhcpOpt",
    version="1.1",
    fields=columns("id", "port_id", "opt_name", "opt_value", "ip_version"),
)
IP_ALLOCATION = Kind(
    name="IPAllocation",
    version="1.0",
    fields=columns("port_id", "subnet_id", "network_id", "ip_address"),
)
PORT_SECURITY = Kind(
    name="PortSecurity", version="1.0", fields=columns("id", "port_security_enabled")
)
PORT_DNS = Kind(
    name="PortDNS",
    version="1.1",
    fields=columns(
        "port_id",
        "current_dns_name",
        "current_dns_domain",
        "previous_dns_name",
        "previous_dns_domain",
        "dns_name",
        "dns_domain",
    ),
)
DATA_PLANE_STATUS = Kind(
    name="PortDataPlaneStatus", version="1.0", fields=columns("port_id", "data_plane_status")
)
HINTS = Kind(
    name="PortHints",
    version="1.0",
    fields=(
        column("port_id"),
        Field(name="hints", value=lambda data, _: json.dumps(data["hints"])),
    ),
)


def _details(details: Data) -> str | None:
    shown = {name: value for name, value in details.items() if name != _BOUND_DRIVERS}
    return json.dumps(shown) if shown else None


def _segment(segment: Data | None) -> dict[str, Any] | None:
    return None if segment is None else primitive(NETWORK_SEGMENT, segment)


def _of_port(key: str, kind: Kind) -> Callable[[Data], list[dict[str, Any]]]:
    """The parts of a port under a key, as objects that know their port."""
    return lambda port: [
        primitive(
            kind,
            {
                **part,
                "port_id": port["id"],
                "network_id": port["network_id"],
                "device_id": port["device_id"],
            },
        )
        for part in port.get(key) or ()
    ]


def _options(port: Data) -> list[dict[str, Any]]:
    return [
        primitive(
            DHCP_OPTION,
            {
                **option,
                "port_id": port["id"],
                "id": derived_id(port["id"], option["opt_name"], option["ip_version"]),
            },
        )
        for option in port.get("extra_dhcp_opts") or ()
    ]


def _if_set(name: str, kind: Kind) -> Value:
    """An object of one attribute of a port, None where that is not set."""

    def value(port: Data) -> dict[str, Any] | None:
        if not port.get(name):
            return None
        return primitive(kind, {**port, "port_id": port["id"]})

    return value


def _dns(port: Data) -> dict[str, Any] | None:
    name, domain = port.get("dns_name") or "", port.get("dns_domain") or ""
    if not name and not domain:
        return None
    values = {
        "port_id": port["id"],
        "current_dns_name": name if domain else "",
        "current_dns_domain": domain,
        "previous_dns_name": "",
        "previous_dns_domain": "",
        "dns_name": name,
        "dns_domain": domain,
    }
    return primitive(PORT_DNS, values)


PORT = Kind(
    name="Port",
    version="1.11",
    fields=(
        *columns("id", "project_id", "name", "network_id", "mac_address", "admin_state_up"),
        *columns("device_id", "device_owner", "status"),
        related("allowed_address_pairs", _of_port("allowed_address_pairs", ADDRESS_PAIR)),
        related("bindings", _of_port("bindings", BINDING)),
        related("data_plane_status", _if_set("data_plane_status", DATA_PLANE_STATUS), since=(1, 1)),
        related("dhcp_options", _options),
        related("distributed_bindings", _of_port("distributed_bindings", DISTRIBUTED_BINDING)),
        related("dns", _dns),
        related("fixed_ips", _of_port("fixed_ips", IP_ALLOCATION)),
        related("hints", _if_set("hints", HINTS), since=(1, 8)),
        related("security", lambda data: primitive(PORT_SECURITY, data)),
        related("security_group_ids", attribute("security_groups")),
        related("pvlan_type", attribute("pvlan_type"), since=(1, 11)),
        related("pvlan_community", attribute("pvlan_community"), since=(1, 11)),
        related("qos_policy_id", attribute("qos_policy_id")),
        related("qos_network_policy_id", attribute("qos_network_policy_id"), since=(1, 5)),
        related("binding_levels", _of_port("binding_levels", BINDING_LEVEL)),
        column("numa_affinity_policy", since=(1, 6)),
        column("device_profile", since=(1, 7)),
        column("hardware_offload_type", since=(1, 9)),
        column("trusted", since=(1, 10)),
        *_STANDARD,
    ),
)

# --- security groups ------------------------------------------------------------------------------

SECURITY_GROUP_RULE = Kind(
    name="SecurityGroupRule",
    version="1.3",
    fields=(
        *columns("id", "project_id", "security_group_id", "remote_group_id", "direction"),
        *columns("ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix"),
        column("remote_address_group_id", since=(1, 1)),
        related("normalized_cidr", attribute("normalized_cidr"), since=(1, 2)),
        related("belongs_to_default_sg", attribute("belongs_to_default_sg"), since=(1, 3)),
        *_STANDARD,
    ),
)


def _is_default(group: Data) -> bool:
    """Its rules know; a default group without rules is called so."""
    rules = group["security_group_rules"]
    if rules:
        return bool(rules[0]["belongs_to_default_sg"])
    return bool(group["name"] == "default")


# The version of the rules in each version of the groups from that on.
_RULES_IN_GROUP = (((1, 6), "1.3"), ((1, 4), "1.2"), ((1, 3), "1.1"), (FIRST, "1.0"))


def _rules(group: Data, limit: Version) -> list[dict[str, Any]]:
    version = next(of_rules for since, of_rules in _RULES_IN_GROUP if since <= limit)
    return [primitive(SECURITY_GROUP_RULE, one, version) for one in group["security_group_rules"]]


SECURITY_GROUP = Kind(
    name="SecurityGroup",
    version="1.6",
    fields=(
        *columns("id", "name", "project_id"),
        column("shared", since=(1, 1)),
        column("stateful", since=(1, 2)),
        related("is_default", _is_default),
        Field(name="rules", value=_rules, relation=True),
        *_STANDARD,
    ),
)
ADDRESS_ASSOCIATION = Kind(
    name="AddressAssociation", version="1.0", fields=columns("address", "address_group_id")
)
ADDRESS_GROUP = Kind(
    name="AddressGroup",
    version="1.2",
    fields=(
        *columns("id", "name", "project_id"),
        column("shared", since=(1, 2)),
        many(
            "addresses",
            ADDRESS_ASSOCIATION,
            lambda data: [
                {"address": address, "address_group_id": data["id"]}
                for address in data["addresses"]
            ],
        ),
        *_STANDARD,
    ),
)

# --- trunks ---------------------------------------------------------------------------------------

SUB_PORT = Kind(
    name="SubPort",
    version="1.0",
    fields=columns("port_id", "trunk_id", "segmentation_type", "segmentation_id"),
)
TRUNK = Kind(
    name="Trunk",
    version="1.1",
    fields=(
        *columns("admin_state_up", "id", "project_id", "name", "port_id", "status"),
        many(
            "sub_ports",
            SUB_PORT,
            lambda data: [{**one, "trunk_id": data["id"]} for one in data["sub_ports"]],
        ),
        *_STANDARD,
    ),
)

# --- QoS ------------------------------------------------------------------------------------------


def _rule_kind(name: str, *fields: str) -> Kind:
    return Kind(name=name, version="1.5", fields=columns(*fields, "id", "qos_policy_id"))


_RULE_KINDS: Mapping[str, tuple[Kind, Version]] = {
    "bandwidth_limit": (
        _rule_kind("QosBandwidthLimitRule", "max_kbps", "max_burst_kbps", "direction"),
        FIRST,
    ),
    "dscp_marking": (_rule_kind("QosDscpMarkingRule", "dscp_mark"), (1, 1)),
    "minimum_bandwidth": (
        _rule_kind("QosMinimumBandwidthRule", "min_kbps", "direction"),
        (1, 2),
    ),
    "packet_rate_limit": (
        _rule_kind("QosPacketRateLimitRule", "max_kpps", "max_burst_kpps", "direction"),
        (1, 9),
    ),
    "minimum_packet_rate": (
        _rule_kind("QosMinimumPacketRateRule", "min_kpps", "direction"),
        (1, 10),
    ),
}


def _policy_rules(policy: Data, limit: Version) -> list[dict[str, Any]]:
    """The rules of a policy, but for those of types that came later."""
    found = []
    for rule in policy["rules"]:
        kind, since = _RULE_KINDS[rule["type"]]
        if since <= limit:
            found.append(primitive(kind, {**rule, "qos_policy_id": policy["id"]}))
    return found


QOS_POLICY = Kind(
    name="QosPolicy",
    version="1.10",
    fields=(
        *columns("id", "project_id", "name", "shared"),
        Field(name="rules", value=_policy_rules, relation=True),
        related("is_default", attribute("is_default"), since=(1, 6)),
        *_STANDARD,
    ),
)

# --- routers --------------------------------------------------------------------------------------

CONNTRACK_HELPER = Kind(
    name="ConntrackHelper",
    version="1.0",
    fields=columns("id", "router_id", "protocol", "port", "helper"),
)
NDP_PROXY = Kind(
    name="NDPProxy",
    version="1.0",
    fields=columns("id", "name", "project_id", "router_id", "port_id", "ip_address", "description"),
)
PORT_FORWARDING = Kind(
    name="PortForwarding",
    version="1.3",
    fields=(
        *columns("id", "floatingip_id", "external_port", "protocol", "internal_port_id"),
        *columns("internal_ip_address", "internal_port"),
        column("external_port_range", since=(1, 3)),
        column("internal_port_range", since=(1, 3)),
        related("floating_ip_address", attribute("floating_ip_address")),
        related("router_id", attribute("router_id")),
        column("description", since=(1, 2)),
        *columns("revision_number", "created_at", "updated_at"),
    ),
)


# --- what there is none of ------------------------------------------------------------------------

# Agents ask for it though no service of the site makes any.
LOCAL_IP_ASSOCIATION = Kind(name="LocalIPAssociation", version="1.0", fields=columns("id"))
LOG = Kind(name="Log", version="1.0", fields=columns("id"))

# --- agents ---------------------------------------------------------------------------------------


def _time(name: str) -> Field:
    """A time as objects have it, ``2014-06-04T12:00:00Z``; the API has a blank in the middle."""
    return Field(name=name, value=lambda data, _: f"{data[name].replace(' ', 'T').rstrip('Z')}Z")


AGENT = Kind(
    name="Agent",
    version="1.1",
    fields=(
        *columns("id", "agent_type", "binary", "topic", "host", "availability_zone"),
        column("admin_state_up"),
        _time("started_at"),
        _time("created_at"),
        _time("heartbeat_timestamp"),
        column("description"),
        Field(name="configurations", value=lambda data, _: json.dumps(data["configurations"])),
        column("resources_synced", since=(1, 1)),
    ),
)
