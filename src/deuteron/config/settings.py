"""What was configured, as records: read once, validated, then passed on.

An attribute has the name of its option, and a record the name of its section, so that a name
found here is found in the files, too. Options of ``[DEFAULT]`` are attributes of `Settings`.
Lists are tuples, ranges are pairs of whole numbers with both ends included.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Range = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Section ``[database]``.

    Args:
        connection: a URL; SQLite in the state folder where none is configured.
        max_pool_size: connections kept per process, 0 means no limit.
        max_overflow: connections beyond that while it is busy, -1 means no limit.
        pool_timeout: seconds to wait for a connection, None for the library's default.
        connection_recycle_time: seconds after which a connection is replaced.
        max_retries: tries to reach the database at start, -1 means without end.
        retry_interval: seconds between those tries.
        mysql_wsrep_sync_wait: Galera's variable of that name, None to leave it.
        connection_debug: 0 silent, 50 statements, 100 statements and rows in the log.
    """

    connection: str
    max_pool_size: int
    max_overflow: int
    pool_timeout: int | None
    connection_recycle_time: int
    max_retries: int
    retry_interval: int
    mysql_wsrep_sync_wait: int | None
    connection_debug: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ml2:
    """Section ``[ml2]``.

    Args:
        type_drivers: entry point names, in the order of loading.
        project_network_types: types tried in this order for a network that asks for none.
        mechanism_drivers: entry point names, in the order of asking.
        extension_drivers: entry point names, those of this server included.
        path_mtu: bytes an overlay packet may have, 0 means `global_physnet_mtu`.
        physical_network_mtus: bytes per physical network that differs from the global value.
        external_network_type: type of an external network that asks for none, None as others.
        overlay_ip_version: 4 or 6, of the tunnels' outer header.
        tunnelled_network_rp_name: resource provider of tunnelled networks' bandwidth.
    """

    type_drivers: tuple[str, ...]
    project_network_types: tuple[str, ...]
    mechanism_drivers: tuple[str, ...]
    extension_drivers: tuple[str, ...]
    path_mtu: int
    physical_network_mtus: Mapping[str, int]
    external_network_type: str | None
    overlay_ip_version: int
    tunnelled_network_rp_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ml2TypeFlat:
    """Section ``[ml2_type_flat]``.

    Args:
        flat_networks: physical networks, ``('*',)`` for any, empty for none.
    """

    flat_networks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ml2TypeVlan:
    """Section ``[ml2_type_vlan]``.

    Args:
        network_vlan_ranges: VLAN ids for project networks by physical network; a physical network
            that is named alone has all of them.
    """

    network_vlan_ranges: Mapping[str, tuple[Range, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ml2TypeGre:
    """Section ``[ml2_type_gre]``.

    Args:
        tunnel_id_ranges: GRE keys for project networks.
    """

    tunnel_id_ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ml2TypeVxlan:
    """Section ``[ml2_type_vxlan]``.

    Args:
        vni_ranges: VNIs for project networks.
        vxlan_group: multicast group of networks without L2 population, None for none.
    """

    vni_ranges: tuple[Range, ...]
    vxlan_group: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ml2TypeGeneve:
    """Section ``[ml2_type_geneve]``.

    Args:
        vni_ranges: VNIs for project networks.
        max_header_size: bytes of the Geneve header with its options.
    """

    vni_ranges: tuple[Range, ...]
    max_header_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    """Section ``[securitygroup]``.

    Args:
        enable_security_group: whether the security groups API is part of the server.
        enable_ipset: told to agents.
        firewall_driver: an agent's matter, kept for drivers that look at it.
        permitted_ethertypes: as ``0x4008``, told to agents.
    """

    enable_security_group: bool
    enable_ipset: bool
    firewall_driver: str | None
    permitted_ethertypes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deuteron:
    """Section ``[deuteron]``: what has no name in Neutron.

    Args:
        api_threads: requests that one worker process handles at a time.
        insecure_listen_without_authentication: listen beyond loopback without authentication.
        max_request_body_size: bytes of the largest accepted body.
    """

    api_threads: int
    insecure_listen_without_authentication: bool
    max_request_body_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that our own code reads.

    Args:
        config_files: the files that were read, in this order; a later one wins.
        warnings: sentences about what was accepted although it is old or without effect.
        state_path: the folder of what is kept on this machine.
        bind_host: the address to listen on.
        bind_port: the port to listen on.
        api_workers: processes that serve requests.
        auth_strategy: ``noauth``.
        service_plugins: the configured names that are part of this server.
        base_mac: the first octets of generated MAC addresses, as ``fa:16:3e:00:00:00``.
        dns_domain: domain of the names that ports get.
        pagination_max_limit: most items in one answer, None for no limit.
        allow_bulk: whether a body may hold many resources.
        filter_validation: whether an unknown filter is refused.
        max_dns_nameservers: per subnet.
        max_subnet_host_routes: per subnet.
        max_allowed_address_pair: per port.
        global_physnet_mtu: bytes, of the physical networks.
        vlan_transparent: None where the drivers decide.
        agent_down_time: seconds of silence after which an agent is dead.
        enable_new_agents: whether an agent that reports first may be used at once.
        dhcp_agents_per_network: how many DHCP agents serve a network.
        dhcp_lease_duration: seconds, -1 for ever; told to agents.
        default_availability_zones: hints of a resource that has none.
        network_link_prefix: what the links of answers begin with, None for the request's host.
        notify_nova_on_port_status_changes: whether the compute service is told.
        notify_nova_on_port_data_changes: whether the compute service is told.
        sg_filter_ethertypes: whether rules take only the ether types that the API names.
        host: the name of this machine.
        debug: log more.
        log_file: None for standard error.
    """

    config_files: tuple[str, ...]
    warnings: tuple[str, ...]
    state_path: Path
    bind_host: str
    bind_port: int
    api_workers: int
    auth_strategy: str
    service_plugins: tuple[str, ...]
    base_mac: str
    dns_domain: str
    pagination_max_limit: int | None
    allow_bulk: bool
    filter_validation: bool
    max_dns_nameservers: int
    max_subnet_host_routes: int
    max_allowed_address_pair: int
    global_physnet_mtu: int
    vlan_transparent: bool | None
    agent_down_time: int
    enable_new_agents: bool
    dhcp_agents_per_network: int
    dhcp_lease_duration: int
    default_availability_zones: tuple[str, ...]
    network_link_prefix: str | None
    notify_nova_on_port_status_changes: bool
    notify_nova_on_port_data_changes: bool
    sg_filter_ethertypes: bool
    host: str
    debug: bool
    log_file: str | None
    database: Database
    ml2: Ml2
    ml2_type_flat: Ml2TypeFlat
    ml2_type_vlan: Ml2TypeVlan
    ml2_type_gre: Ml2TypeGre
    ml2_type_vxlan: Ml2TypeVxlan
    ml2_type_geneve: Ml2TypeGeneve
    securitygroup: SecurityGroup
    deuteron: Deuteron
