"""What was configured, as records: read once, validated, then passed on.

An attribute has the name of its option, and a record the name of its section, so that a name
found here is found in the files, too. Options of ``[DEFAULT]`` are attributes of `Settings`.
Lists are tuples. What only type and mechanism drivers read is not here: they read oslo.config's
global object, as the interface of drivers has it, and that holds the same values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Section ``[database]``.

    Args:
        connection: a URL; SQLite in the state folder where none is configured.
        max_pool_size: connections kept per process, 0 means no limit, None as many as it needs.
        max_overflow: connections beyond that while it is busy, -1 means no limit.
        pool_timeout: seconds to wait for a connection, None for the library's default.
        connection_recycle_time: seconds after which a connection is replaced.
        mysql_wsrep_sync_wait: Galera's variable of that name, None to leave it.
    """

    connection: str
    max_pool_size: int | None
    max_overflow: int
    pool_timeout: int | None
    connection_recycle_time: int
    mysql_wsrep_sync_wait: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ml2:
    """Section ``[ml2]``.

    Args:
        type_drivers: entry point names, in the order of loading.
        project_network_types: types tried in this order for a network that asks for none.
        mechanism_drivers: entry point names, in the order of asking.
        extension_drivers: entry point names, those of this server included.
        external_network_type: type of an external network that asks for none, None as others.
        overlay_ip_version: of the addresses of tunnels, 4 or 6.
    """

    type_drivers: tuple[str, ...]
    project_network_types: tuple[str, ...]
    mechanism_drivers: tuple[str, ...]
    extension_drivers: tuple[str, ...]
    external_network_type: str | None
    overlay_ip_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    """Section ``[securitygroup]``.

    Args:
        enable_security_group: whether the security groups API is part of the server.
    """

    enable_security_group: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """Section ``[quotas]``: how many of each a project may have, -1 means any number.

    Args:
        default_quota: of what is not named here.
    """

    default_quota: int
    quota_network: int
    quota_subnet: int
    quota_port: int
    quota_rbac_policy: int
    quota_security_group: int
    quota_security_group_rule: int
    quota_router: int
    quota_floatingip: int
    quota_router_route: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """What section ``[DEFAULT]`` says of routers.

    Args:
        enable_snat_by_default: whether gateways hide the addresses behind them.
        enable_default_route_ecmp: whether routers use all their gateways at once.
        enable_default_route_bfd: whether they watch them by BFD.
        enable_dvr: whether there are distributed routers.
        router_distributed: whether routers are distributed, if nothing is said.
        host_dvr_for_dhcp: whether they are on hosts that have ports of DHCP agents only.
        l3_ha: whether they are highly available, if nothing is said.
        max_l3_agents_per_router: of a highly available one; 0 for all.
        l3_ha_net_cidr: prefix of the network over which their agents talk.
        l3_ha_network_type: its network type, None as those of projects.
        l3_ha_network_physical_name: its physical network, None for none.
        router_scheduler_driver: which scheduler chooses L3 agents, the name of its class.
        router_auto_schedule: whether routers are given to agents without being asked to.
        allow_automatic_l3agent_failover: whether routers are taken from dead agents.
        enable_ndp_proxy_by_default: whether routers answer for addresses behind them.
        allowed_conntrack_helpers: helper -> protocols of those that routers may be given.
    """

    enable_snat_by_default: bool
    enable_default_route_ecmp: bool
    enable_default_route_bfd: bool
    enable_dvr: bool
    router_distributed: bool
    host_dvr_for_dhcp: bool
    l3_ha: bool
    max_l3_agents_per_router: int
    l3_ha_net_cidr: str
    l3_ha_network_type: str | None
    l3_ha_network_physical_name: str | None
    router_scheduler_driver: str
    router_auto_schedule: bool
    allow_automatic_l3agent_failover: bool
    enable_ndp_proxy_by_default: bool
    allowed_conntrack_helpers: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deuteron:
    """Section ``[deuteron]``: what has no name in Neutron.

    Args:
        api_threads: requests that one worker process handles at a time.
        max_request_body_size: bytes of the largest accepted body.
    """

    api_threads: int
    max_request_body_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OsloPolicy:
    """Section ``[oslo_policy]``.

    Args:
        policy_file: name or path of the site's own rules, None for the usual name.
        policy_dirs: names or paths of folders of further such files.
        policy_default_rule: the rule that stands for those that do not exist.
    """

    policy_file: str | None
    policy_dirs: tuple[str, ...]
    policy_default_rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProvider:
    """One line ``service_provider`` of section ``[service_providers]``.

    Args:
        service_type: what is provided, as flavors name it.
        name: of the provider, in lower case.
        driver: by which it is provided.
        default: whether it is the one for those who name none.
    """

    service_type: str
    name: str
    driver: str
    default: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Nova:
    """Section ``[nova]``, beside what keystoneauth reads there.

    Args:
        region_name: of the catalog, None where there is one.
        endpoint_type: ``public``, ``admin`` or ``internal``.
        timeout: seconds to wait for an answer.
    """

    region_name: str | None
    endpoint_type: str
    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ironic:
    """Section ``[ironic]``, beside what keystoneauth reads there.

    Args:
        region_name: of the catalog, None where there is one.
        valid_interfaces: of the catalog, the best first.
        timeout: seconds to wait for an answer.
    """

    region_name: str | None
    valid_interfaces: tuple[str, ...]
    timeout: float


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
        auth_strategy: ``noauth``, ``http_basic`` or ``keystone``.
        http_basic_auth_user_file: users and hashes of their passwords.
        service_plugins: names of those that are enabled, None for all that there are.
        dns_domain: the domain of the names of ports.
        dvr_base_mac: as base_mac, for the addresses of distributed routers.
        base_mac: the first octets of generated MAC addresses, as ``fa:16:3e:00:00:00``.
        pagination_max_limit: most items in one answer, None for no limit.
        allow_bulk: whether a body may hold many resources.
        filter_validation: whether an unknown filter is refused.
        max_dns_nameservers: per subnet.
        max_subnet_host_routes: per subnet.
        max_allowed_address_pair: per port.
        vlan_transparent: whether such networks may be made, None if the drivers decide.
        vlan_qinq: the same of networks with two VLAN tags.
        global_physnet_mtu: bytes, of the physical networks.
        agent_down_time: seconds of silence after which an agent is dead.
        enable_new_agents: whether an agent that reports first may be used at once.
        dhcp_agents_per_network: how many serve a network, where there are so many.
        network_scheduler_driver: which scheduler chooses them, the name of its class.
        network_auto_schedule: whether networks are given to agents without being asked to.
        allow_automatic_dhcp_failover: whether networks are taken from dead agents.
        dhcp_agent_notification: whether DHCP agents are told of changes.
        enable_services_on_agents_with_admin_state_down: whether agents that are administratively
            down go on with what they have.
        default_availability_zones: hints of what has none.
        transport_url: of the agents' broker, None where there are no agents to speak with.
        control_exchange: of the broker, for calls and casts.
        rpc_response_timeout: seconds to wait for an agent's answer.
        rpc_workers: processes that answer agents.
        rpc_state_report_workers: processes that only take reports.
        network_link_prefix: what the links of answers begin with, None for the request's host.
        notify_nova_on_port_status_changes: whether Nova is told that ports were plugged.
        notify_nova_on_port_data_changes: whether Nova is told that ports changed otherwise.
        send_events_interval: seconds between two requests to Nova.
        nova: how Nova is reached, None where it is told nothing.
        ironic: how Ironic is reached, None where it is told nothing.
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
    http_basic_auth_user_file: str
    service_plugins: tuple[str, ...] | None
    dvr_base_mac: str
    base_mac: str
    dns_domain: str
    pagination_max_limit: int | None
    allow_bulk: bool
    filter_validation: bool
    max_dns_nameservers: int
    max_subnet_host_routes: int
    max_allowed_address_pair: int
    vlan_transparent: bool | None
    vlan_qinq: bool | None
    global_physnet_mtu: int
    agent_down_time: int
    enable_new_agents: bool
    dhcp_agents_per_network: int
    network_scheduler_driver: str
    network_auto_schedule: bool
    allow_automatic_dhcp_failover: bool
    dhcp_agent_notification: bool
    enable_services_on_agents_with_admin_state_down: bool
    default_availability_zones: tuple[str, ...]
    transport_url: str | None
    control_exchange: str
    rpc_response_timeout: int
    rpc_workers: int
    rpc_state_report_workers: int
    network_link_prefix: str | None
    notify_nova_on_port_status_changes: bool
    notify_nova_on_port_data_changes: bool
    send_events_interval: int
    nova: Nova | None
    ironic: Ironic | None
    debug: bool
    log_file: str | None
    database: Database
    ml2: Ml2
    securitygroup: SecurityGroup
    oslo_policy: OsloPolicy
    quotas: Quotas
    routing: Routing
    service_providers: tuple[ServiceProvider, ...]
    deuteron: Deuteron
