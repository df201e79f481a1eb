"""Builds `Settings` from single values, and judges what only several of them together can tell."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from deuteron.config import known, options, plugins, routing, services, values
from deuteron.config.resolve import Resolved
from deuteron.config.settings import (
    Database,
    Deuteron,
    Ml2,
    OsloPolicy,
    Quotas,
    Routing,
    SecurityGroup,
    ServiceProvider,
    Settings,
)

_VNIS = partial(values.tunnel_ranges, highest=values.MAX_VNI, kind="VNIs")

# What drivers read has to be right when the server starts, too; type drivers turn these texts into
# what they work with by the same rules.
_RULES_FOR_DRIVERS: dict[tuple[str, str], Callable[[Any], object]] = {
    ("DEFAULT", "global_physnet_mtu"): values.mtu,
    ("ml2", "path_mtu"): values.mtu,
    ("ml2", "physical_network_mtus"): values.physical_network_mtus,
    ("ml2_type_vlan", "network_vlan_ranges"): values.vlan_ranges,
    ("ml2_type_gre", "tunnel_id_ranges"): partial(
        values.tunnel_ranges, highest=values.MAX_GRE_KEY, kind="GRE keys"
    ),
    ("ml2_type_vxlan", "vni_ranges"): _VNIS,
    ("ml2_type_vxlan", "vxlan_group"): values.multicast_group,
    ("ml2_type_geneve", "vni_ranges"): _VNIS,
    ("securitygroup", "permitted_ethertypes"): values.ethertypes,
}

# Where the segments of a network type come from; other types need no ranges.
_RANGES_OF_TYPES = {
    "vlan": ("ml2_type_vlan", "network_vlan_ranges"),
    "gre": ("ml2_type_gre", "tunnel_id_ranges"),
    "vxlan": ("ml2_type_vxlan", "vni_ranges"),
    "geneve": ("ml2_type_geneve", "vni_ranges"),
}


def settings(resolved: Resolved, *, paths: Sequence[str], warnings: Sequence[str]) -> Settings:
    """All sections; faults are noted in `resolved`.

    Args:
        resolved: the values.
        paths: the files they were read from.
        warnings: those met so far; they become part of the result with those met here.
    """
    for section, name in options.all_options():
        resolved.value(section, name, _RULES_FOR_DRIVERS.get((section, name)))
    value = partial(resolved.value, "DEFAULT")
    state_path = Path(value("state_path") or options.default_state_path()).expanduser().absolute()
    database = _database(resolved, state_path)
    ml2 = _ml2(resolved)
    service_plugins = plugins.service_plugins(_names(value("service_plugins")))
    _judge_plugins(resolved, service_plugins)
    _judge_listening(resolved)
    return Settings(
        config_files=tuple(paths),
        warnings=(
            *warnings,
            *_missing_plugins(service_plugins),
            *_types_without_segments(resolved, ml2),
            *_old_policy(resolved),
        ),
        state_path=state_path,
        bind_host=value("bind_host"),
        bind_port=value("bind_port"),
        api_workers=value("api_workers") or _default_workers(database),
        auth_strategy=value("auth_strategy"),
        http_basic_auth_user_file=value("http_basic_auth_user_file"),
        service_plugins=service_plugins.chosen,
        base_mac=value("base_mac", values.base_mac),
        dvr_base_mac=value("dvr_base_mac", values.base_mac),
        dns_domain=value("dns_domain", values.dns_domain),
        pagination_max_limit=value("pagination_max_limit", values.page_limit),
        allow_bulk=value("allow_bulk"),
        filter_validation=value("filter_validation"),
        max_dns_nameservers=value("max_dns_nameservers"),
        max_subnet_host_routes=value("max_subnet_host_routes"),
        max_allowed_address_pair=value("max_allowed_address_pair"),
        vlan_transparent=value("vlan_transparent"),
        vlan_qinq=value("vlan_qinq"),
        global_physnet_mtu=value("global_physnet_mtu"),
        agent_down_time=value("agent_down_time"),
        enable_new_agents=value("enable_new_agents"),
        dhcp_agents_per_network=value("dhcp_agents_per_network"),
        network_scheduler_driver=value("network_scheduler_driver", values.network_scheduler),
        network_auto_schedule=value("network_auto_schedule"),
        allow_automatic_dhcp_failover=value("allow_automatic_dhcp_failover"),
        dhcp_agent_notification=value("dhcp_agent_notification"),
        enable_services_on_agents_with_admin_state_down=value(
            "enable_services_on_agents_with_admin_state_down"
        ),
        default_availability_zones=value("default_availability_zones", _names),
        transport_url=value("transport_url", values.transport_url),
        control_exchange=value("control_exchange"),
        rpc_response_timeout=value("rpc_response_timeout"),
        rpc_workers=value("rpc_workers"),
        rpc_state_report_workers=value("rpc_state_report_workers"),
        network_link_prefix=value("network_link_prefix", values.link_prefix),
        notify_nova_on_port_status_changes=value("notify_nova_on_port_status_changes"),
        notify_nova_on_port_data_changes=value("notify_nova_on_port_data_changes"),
        send_events_interval=value("send_events_interval"),
        nova=services.nova(resolved),
        ironic=services.ironic(resolved),
        debug=value("debug"),
        log_file=_log_file(value("log_dir"), value("log_file")),
        database=database,
        ml2=ml2,
        securitygroup=SecurityGroup(
            enable_security_group=resolved.value("securitygroup", "enable_security_group")
        ),
        oslo_policy=OsloPolicy(
            policy_file=resolved.value("oslo_policy", "policy_file"),
            policy_dirs=resolved.value("oslo_policy", "policy_dirs", _names),
            policy_default_rule=resolved.value("oslo_policy", "policy_default_rule"),
        ),
        quotas=_quotas(resolved),
        routing=_routing(resolved),
        service_providers=_service_providers(resolved),
        deuteron=Deuteron(
            api_threads=resolved.value("deuteron", "api_threads"),
            max_request_body_size=resolved.value("deuteron", "max_request_body_size"),
        ),
    )


def _database(resolved: Resolved, state_path: Path) -> Database:
    value = partial(resolved.value, "database")

    def url(written: str | None) -> str:
        if not written:
            return f"sqlite:///{state_path / 'deuteron.sqlite'}"
        return values.database_url(written)

    return Database(
        connection=value("connection", url),
        max_pool_size=value("max_pool_size"),
        max_overflow=value("max_overflow"),
        pool_timeout=value("pool_timeout"),
        connection_recycle_time=value("connection_recycle_time"),
        mysql_wsrep_sync_wait=value("mysql_wsrep_sync_wait"),
    )


def _quotas(resolved: Resolved) -> Quotas:
    value = partial(resolved.value, "quotas")
    return Quotas(
        default_quota=value("default_quota", values.quota),
        quota_network=value("quota_network", values.quota),
        quota_subnet=value("quota_subnet", values.quota),
        quota_port=value("quota_port", values.quota),
        quota_rbac_policy=value("quota_rbac_policy", values.quota),
        quota_security_group=value("quota_security_group", values.quota),
        quota_security_group_rule=value("quota_security_group_rule", values.quota),
        quota_router=value("quota_router", values.quota),
        quota_floatingip=value("quota_floatingip", values.quota),
        quota_router_route=value("quota_router_route", values.quota),
    )


def _routing(resolved: Resolved) -> Routing:
    value = partial(resolved.value, "DEFAULT")
    return Routing(
        enable_snat_by_default=value("enable_snat_by_default"),
        enable_default_route_ecmp=value("enable_default_route_ecmp"),
        enable_default_route_bfd=value("enable_default_route_bfd"),
        enable_dvr=value("enable_dvr"),
        router_distributed=value("router_distributed"),
        host_dvr_for_dhcp=value("host_dvr_for_dhcp"),
        l3_ha=value("l3_ha"),
        max_l3_agents_per_router=value("max_l3_agents_per_router"),
        l3_ha_net_cidr=value("l3_ha_net_cidr", routing.ha_prefix),
        l3_ha_network_type=value("l3_ha_network_type") or None,
        l3_ha_network_physical_name=value("l3_ha_network_physical_name") or None,
        router_scheduler_driver=value("router_scheduler_driver", routing.scheduler),
        router_auto_schedule=value("router_auto_schedule"),
        allow_automatic_l3agent_failover=value("allow_automatic_l3agent_failover"),
        enable_ndp_proxy_by_default=value("enable_ndp_proxy_by_default"),
        allowed_conntrack_helpers=value("allowed_conntrack_helpers", routing.conntrack_helpers),
    )


def _service_providers(resolved: Resolved) -> tuple[ServiceProvider, ...]:
    """The providers; of one service type each name and driver stands once, and one default."""
    section, option = "service_providers", "service_provider"
    taken: set[tuple[str, str, str]] = set()
    found = []
    for entry, provider in resolved.lines(section, option, values.service_provider):
        claims = {
            (provider.service_type, "name", provider.name),
            (provider.service_type, "driver", provider.driver),
            *({(provider.service_type, "default", "")} if provider.default else ()),
        }
        for _, what, _ in sorted(claims & taken):
            problem = f"{provider.service_type} has a provider of this {what} already; remove one"
            resolved.fault(section, option, problem, entry=entry)
        taken |= claims
        found.append(provider)
    return tuple(found)


def _default_workers(database: Database) -> int:
    """SQLite has one writer, so a second process would only wait; else one process per core."""
    if database.connection.startswith("sqlite"):
        return 1
    return min(len(os.sched_getaffinity(0)), 4)


def _log_file(folder: str | None, name: str | None) -> str | None:
    return str(Path(folder or "") / name) if name else None


def _ml2(resolved: Resolved) -> Ml2:
    value = partial(resolved.value, "ml2")
    types = value("type_drivers", _unique)
    if not types:
        resolved.fault(
            "ml2",
            "type_drivers",
            "without a type driver there can be no network; write local,flat,vlan,vxlan",
        )
    project_types = value("project_network_types", _unique)
    if resolved.entry("ml2", "project_network_types"):
        _judge_loaded(resolved, "project_network_types", project_types, types)
    else:
        project_types = tuple(name for name in project_types if name in types)
    external = value("external_network_type") or None
    if external:
        _judge_loaded(resolved, "external_network_type", (external,), types)
    return Ml2(
        type_drivers=types,
        project_network_types=project_types,
        mechanism_drivers=value("mechanism_drivers", _unique),
        extension_drivers=value("extension_drivers", _unique),
        external_network_type=external,
        overlay_ip_version=value("overlay_ip_version"),
    )


def _names(items: Sequence[str]) -> tuple[str, ...]:
    return tuple(item for item in items if item)


def _unique(items: Sequence[str]) -> tuple[str, ...]:
    names = _names(items)
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} stands there twice; write it once")
    return names


def _judge_loaded(
    resolved: Resolved, option: str, names: Sequence[str], type_drivers: Sequence[str]
) -> None:
    for name in names:
        if name not in type_drivers:
            near = known.nearest(name, type_drivers)
            meant = f"did you mean {near}?" if near else f"add {name} to type_drivers"
            resolved.fault(
                "ml2",
                option,
                f"{name} is not among the type_drivers {','.join(type_drivers)}; {meant}",
            )


def _judge_plugins(resolved: Resolved, service_plugins: plugins.ServicePlugins) -> None:
    problem = plugins.core_plugin_problem(resolved.value("DEFAULT", "core_plugin") or "ml2")
    if problem:
        resolved.fault("DEFAULT", "core_plugin", problem)
    for name in service_plugins.unknown:
        near = known.nearest(name, plugins.service_plugin_names())
        meant = f"did you mean {near}?" if near else "remove it"
        resolved.fault("DEFAULT", "service_plugins", f"there is no service plugin {name}; {meant}")


def _judge_listening(resolved: Resolved) -> None:
    if resolved.value("DEFAULT", "auth_strategy") != "noauth":
        return
    host = resolved.value("DEFAULT", "bind_host")
    allowed = resolved.value("deuteron", "insecure_listen_without_authentication")
    if values.is_loopback(host) or allowed:
        return
    resolved.fault(
        "DEFAULT",
        "bind_host",
        "whoever reaches this address would be the administrator, as there is no authentication; "
        "use 127.0.0.1, set auth_strategy, or start with "
        "--insecure-listen-without-authentication",
    )


def _old_policy(resolved: Resolved) -> list[str]:
    """Warns of wishes for rules that this server does not have."""
    wished = [
        f"{name} = false"
        for name in ("enforce_new_defaults", "enforce_scope")
        if not resolved.value("oslo_policy", name)
    ]
    if not wished:
        return []
    wishes = ", ".join(wished)
    return [f"[oslo_policy] {wishes} has no effect: write the rules that you need into policy.yaml"]


def _missing_plugins(service_plugins: plugins.ServicePlugins) -> list[str]:
    warnings = []
    parts = [f"{api} ({name})" for name, api in service_plugins.missing.items()]
    if parts:
        warnings.append(
            "service_plugins names what is not part of this server, its API is missing: "
            f"{', '.join(parts)}"
        )
    return warnings


def _types_without_segments(resolved: Resolved, ml2: Ml2) -> list[str]:
    """Warns of project network types from which no network can be had as things stand."""
    warnings = []
    for name in ml2.project_network_types:
        if name in _RANGES_OF_TYPES:
            section, option = _RANGES_OF_TYPES[name]
            if not resolved.value(section, option):
                warnings.append(
                    f"[ml2] project_network_types names {name}, but [{section}] {option} is empty: "
                    "set it, make a network segment range, or name a segment in each network"
                )
    if not ml2.project_network_types:
        warnings.append(
            "[ml2] project_network_types is empty: every network needs provider attributes"
        )
    return warnings
