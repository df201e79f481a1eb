"""Names that Neutron knows and this server does not read: accepted in silence, or told apart.

A site's files are shared by the server, the agents and the libraries. What is meant for others is
no fault; a name that nobody knows most likely is, so it is told with the nearest name that is
known. `config check` prints which of the known names are without effect here.
"""

import difflib
from collections.abc import Iterable

# Sections in which every name is judged. Others belong to agents, libraries or drivers, which
# judge them themselves.
JUDGED_SECTIONS = frozenset(
    {
        "DEFAULT",
        "database",
        "deuteron",
        "l2pop",
        "ml2",
        "ml2_type_flat",
        "ml2_type_geneve",
        "ml2_type_gre",
        "ml2_type_vlan",
        "ml2_type_vxlan",
        "ovs_driver",
        "quotas",
        "securitygroup",
        "service_providers",
    }
)

# Sections of Neutron, its agents and the libraries, so that a misspelt one can be told.
_OTHER_SECTIONS = """
    agent cors designate dhcp fwaas healthcheck ironic keystone_authtoken linux_bridge
    macvtap matchmaker_redis matchmaker_ring metadata ml2_arista ml2_cisco
    ml2_odl ml2_sriov network_log nova oslo_concurrency oslo_messaging_amqp
    oslo_messaging_kafka oslo_messaging_notifications oslo_messaging_rabbit oslo_middleware
    oslo_policy oslo_versionedobjects ovn ovs ovs_nb_global placement privsep profiler security
    sql sriov_driver sriov_nic ssl vlans vxlan
"""
KNOWN_SECTIONS = JUDGED_SECTIONS | frozenset(_OTHER_SECTIONS.split())

_DEFAULT = """
    advertise_mtu agent_mode
    allow_automatic_lbaas_agent_failover allow_overlapping_ips allow_pagination allow_sorting
    allowed_rpc_exception_modules amqp_auto_delete amqp_durable_queues
    api_extensions_path api_paste_config backdoor_port backdoor_socket backlog
    bulk_reload_interval check_child_processes cleanup_on_shutdown client_socket_timeout
    db_backend default_ipv4_subnet_pool default_ipv6_subnet_pool
    default_log_levels default_notification_level default_publisher_id
    dhcp_broadcast_reply dhcp_confs dhcp_delete_namespaces dhcp_domain dhcp_driver
    dhcp_load_type disable_process_locking dnsmasq_base_log_dir dnsmasq_config_file
    dnsmasq_dns_servers dnsmasq_enable_addr6_list dnsmasq_lease_max dnsmasq_local_resolv
    dnsmasq_txt_record
    enable_isolated_metadata enable_metadata_network enable_metadata_proxy
    enable_traditional_dhcp endpoint_type executor_thread_pool_size external_dns_driver
    external_ingress_mark external_pids fake_call fake_rabbit fatal_deprecations
    fatal_exception_format_errors force_gateway_on_subnet force_metadata
    graceful_shutdown_timeout ha_confs_path ha_conntrackd_enabled ha_conntrackd_group
    ha_conntrackd_hashlimit ha_conntrackd_hashsize ha_conntrackd_ipv4_mcast_addr
    ha_conntrackd_rcvsocketbuffer ha_conntrackd_sndsocketbuffer ha_conntrackd_socketbuffersize
    ha_conntrackd_socketbuffersize_max_grown ha_conntrackd_unix_backlog ha_vrrp_advert_int
    ha_vrrp_auth_password ha_vrrp_auth_type ha_vrrp_health_check_interval
    handle_internal_only_routers http_retries instance_format
    instance_uuid_format interface_driver ipam_driver ipv6_gateway ipv6_pd_enabled
    kombu_reconnect_delay kombu_ssl_ca_certs kombu_ssl_certfile kombu_ssl_keyfile
    kombu_ssl_version
    loadbalancer_pool_scheduler_driver lock_path log_color log_config log_config_append
    log_date_format log_format log_options log_rotate_interval log_rotate_interval_type
    log_rotation_type logdir logfile logging_context_format_string logging_debug_format_suffix
    logging_default_format_string logging_exception_prefix logging_user_identity_format
    matchmaker_heartbeat_freq matchmaker_heartbeat_ttl matchmaker_ringfile
    mac_generation_retries
    max_fixed_ips_per_port max_header_line max_logfile_count
    max_logfile_size_mb max_rtr_adv_interval memcached_servers metadata_access_mark
    metadata_port metadata_proxy_group metadata_proxy_socket metadata_proxy_user
    min_l3_agents_per_router min_rtr_adv_interval my_ip my_ipv6
    network_device_mtu notification_driver notification_topics
    nova_admin_auth_url nova_admin_password nova_admin_tenant_id nova_admin_tenant_name
    nova_admin_username nova_api_insecure nova_ca_certificates_file nova_client_cert
    nova_client_priv_key nova_region_name nova_url num_sync_threads ovs_use_veth
    per_router_log_files periodic_fuzzy_delay periodic_interval publish_errors qpid_heartbeat
    qpid_hostname qpid_hosts qpid_password qpid_port qpid_protocol qpid_sasl_mechanisms
    qpid_tcp_nodelay qpid_topology_version qpid_username quota_items ra_confs
    rabbit_durable_queues rabbit_ha_queues rabbit_host rabbit_hosts rabbit_login_method
    rabbit_max_retries rabbit_password rabbit_port rabbit_retry_backoff rabbit_retry_interval
    rabbit_use_ssl rabbit_userid rabbit_virtual_host radvd_user rate_limit_burst
    rate_limit_except_level rate_limit_interval report_interval resync_interval resync_throttle
    retry_until_window root_helper router_delete_namespaces
    router_log_files_in_ha_confs rpc_backend
    rpc_cast_timeout rpc_conn_pool_size rpc_ping_enabled rpc_resources_processing_step
    rpc_response_max_timeout rpc_thread_pool_size
    rpc_zmq_bind_address rpc_zmq_contexts rpc_zmq_host rpc_zmq_ipc_dir
    rpc_zmq_matchmaker rpc_zmq_port rpc_zmq_topic_backlog run_external_periodic_tasks
    setproctitle ssl_ca_file ssl_cert_file ssl_key_file syslog_log_facility
    tcp_keepidle use_journal use_json use_namespaces use_ssl use_stderr use_syslog
    use_syslog_rfc_format verbose wsgi_default_pool_size wsgi_keep_alive
    wsgi_log_format wsgi_server_debug"""

_DATABASE = """
    asyncio_connection asyncio_slave_connection backend connection_debug connection_parameters
    connection_trace db_inc_retry_interval db_max_retries db_max_retry_interval db_retry_interval
    engine max_retries min_pool_size mysql_enable_ndb mysql_sql_mode retry_interval
    slave_connection sqlite_db sqlite_synchronous synchronous_reader use_db_reconnect use_tpool
"""

_QUOTAS = """
    quota_driver quota_firewall quota_firewall_policy quota_firewall_rule
    quota_health_monitor quota_healthmonitor quota_items quota_listener
    quota_loadbalancer quota_member quota_network_gateway quota_packet_filter
    quota_pool quota_rbac_entry quota_router_route quota_subnetpool quota_vip
    track_quota_usage
"""

# Known by name, without effect on this server.
WITHOUT_EFFECT: dict[str, frozenset[str]] = {
    "DEFAULT": frozenset(_DEFAULT.split()),
    "database": frozenset(_DATABASE.split()),
    "quotas": frozenset(_QUOTAS.split()),
    "ml2_type_vxlan": frozenset({"l2_population"}),
    "l2pop": frozenset({"agent_boot_time"}),
    "securitygroup": frozenset({"defer_apply"}),
}


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant.

    Args:
        word: what was written.
        known: what could have been meant.

    Returns:
        A member of `known`, or None if nothing is near.
    """
    found = difflib.get_close_matches(word.lower(), sorted(known), n=1, cutoff=0.72)
    return found[0] if found else None
