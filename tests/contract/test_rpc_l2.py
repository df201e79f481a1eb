"""What layer 2 agents ask and report, on each database, by the functions that answer them."""

from typing import Any

import pytest

from deuteron.core import address_groups, security_group_rules, security_groups
from deuteron.db.engine import Database
from deuteron.errors import InvalidInput, NetworkNotFound
from deuteron.query import Query
from deuteron.rpc import devices, dvr, resources, tunnels
from deuteron.rpc import security_groups as groups
from deuteron.rpc.endpoint import Call
from tests.deployments import ADMIN, LINUXBRIDGE, Site, a_deployment
from tests.observed import answers
from tests.statements import counted


class Recorded:
    """Keeps what agents would be told."""

    def __init__(self) -> None:
        self.fanouts: list[tuple[str, str, dict[str, Any]]] = []

    def cast(self, topic: str, method: str, *, host: str, version: str, **arguments: Any) -> None:
        raise AssertionError("nobody is told alone")

    def fanout(self, topic: str, method: str, *, version: str, **arguments: Any) -> None:
        assert version == "1.0"
        self.fanouts.append((topic, method, arguments))


@pytest.fixture
def told() -> Recorded:
    return Recorded()


@pytest.fixture
def call(told: Recorded) -> Call:
    return Call(ctx=ADMIN, sender="Message of a test", reply_queue="reply_1", outgoing=told)


@pytest.fixture
def site(database: Database, tmp_path) -> Site:
    site = Site(a_deployment(database, tmp_path))
    site.report("h1")
    site.report("h3", LINUXBRIDGE)
    return site


def up(site: Site, call: Call, *ports: dict[str, Any], host: str = "h1") -> dict[str, Any]:
    ids = [port["id"] for port in ports]
    return devices.update_device_list(site.d, call, host=host, devices_up=ids, agent_id="x")


def data(told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = told["versioned_object.data"]
    return found


def pulled(site: Site, call: Call, kind: str, version: str, **filters: Any) -> list[dict[str, Any]]:
    return resources.bulk_pull(
        site.d, call, resource_type=kind, version=version, filter_kwargs=filters
    )


# --- devices --------------------------------------------------------------------------------------


def test_twenty_devices_cost_what_one_does(site: Site, call: Call) -> None:
    network = site.network()
    site.subnet(network)
    ports = [site.port(network, "h1") for _ in range(21)]
    costs = []
    for some in (ports[:1], ports[1:]):
        with counted(site.d.database) as statements:
            answer = up(site, call, *some)
        costs.append(len(statements))
        assert answer == {
            "devices_up": [port["id"] for port in some],
            "failed_devices_up": [],
            "devices_down": [],
            "failed_devices_down": [],
        }
    assert costs[0] == costs[1] <= 6, statements
    with counted(site.d.database) as statements:
        up(site, call, *ports)
    assert len(statements) == 1, statements
    assert {site.show(port)["status"] for port in ports} == {"ACTIVE"}


def test_devices_go_down_and_say_whether_they_exist(site: Site, call: Call) -> None:
    port, other = site.port(site.network(), "h1"), site.port(site.network(), "h2")
    up(site, call, port)
    gone = "00000000-0000-0000-0000-000000000000"
    answer = devices.update_device_list(
        site.d, call, host="h1", devices_down=[port["id"], gone, other["id"]]
    )
    assert answer["devices_down"] == [
        {"device": port["id"], "exists": True},
        {"device": gone, "exists": False},
        {"device": other["id"], "exists": True},
    ]
    assert site.show(port)["status"] == "DOWN"
    said = devices.update_device_down(site.d, call, device=f"tap{gone[:11]}", host="h1")
    assert said == {"device": f"tap{gone[:11]}", "exists": False}


def test_a_linux_bridge_agent_asks_wires_and_reports(site: Site, call: Call) -> None:
    network = site.segmented(("flat", "physnet1", None))
    site.subnet(network, "10.50.0.0/24")
    port = site.port(network, "h3", device_owner="compute:lab")
    name = f"tap{port['id'][:11]}"
    (entry,) = devices.get_devices_details_list(
        site.d, call, devices=[name], agent_id="lb", host="h3"
    )
    (observed,) = answers("get_devices_details_list")[-1]
    assert entry.keys() == observed.keys()
    own = ("network_id", "port_id", "mac_address", "fixed_ips", "device", "propagate_uplink_status")
    assert {k: v for k, v in entry.items() if k not in own} == {
        k: v for k, v in observed.items() if k not in own
    }
    assert (entry["device"], entry["port_id"]) == (name, port["id"])
    assert entry["fixed_ips"] == site.show(port)["fixed_ips"]
    assert site.show(port)["status"] == "BUILD"
    devices.update_device_up(site.d, call, device=name, agent_id="lb", host="h3")
    assert site.show(port)["status"] == "ACTIVE"
    devices.update_device_down(site.d, call, device=name, agent_id="lb", host="h3")
    assert site.show(port)["status"] == "DOWN"


def test_what_cannot_be_wired_has_no_details(site: Site, call: Call) -> None:
    network = site.network()
    unbound, failed, elsewhere = (
        site.port(network),
        site.port(network, "nowhere"),
        site.port(network, "h1"),
    )
    names = [one["id"] for one in (unbound, failed, elsewhere)] + ["tap00000000-00", "eth0", "tap"]
    found = devices.get_devices_details_list_and_failed_devices(
        site.d, call, devices=names, host="h3"
    )
    assert found == {
        "devices": [
            {"device": unbound["id"]},
            {"device": failed["id"]},
            {"device": elsewhere["id"], "no_active_binding": True},
            *({"device": name} for name in names[3:]),
        ],
        "failed_devices": [],
    }
    assert {site.show(one)["status"] for one in (unbound, failed, elsewhere)} == {"DOWN"}


def test_a_device_is_found_by_its_mac_address(site: Site, call: Call) -> None:
    port = site.port(site.network(), "h1", **{"binding:profile": {"pci_slot": "0000:01:00.1"}})
    for name, found in (
        (port["mac_address"], True),
        ([port["mac_address"].upper(), "0000:01:00.1"], True),
        ([port["mac_address"], "0000:01:00.2"], False),
        ([port["mac_address"], None], True),
    ):
        entry = devices.get_device_details(site.d, call, device=name, host="h1")
        assert ("port_id" in entry) is found


@pytest.mark.parametrize(
    "arguments",
    [
        {"host": None},
        {"host": ["h1"]},
        {"host": "h1", "devices_up": "tap"},
        {"host": "h1", "devices_up": [5]},
        {"host": "h1", "devices_down": [["a", "b", "c"]]},
        {"host": "h1", "devices_down": ["x" * 300]},
        {"host": "h1", "devices_up": ["x"] * 100_000},
    ],
)
def test_bad_devices_are_refused(site: Site, call: Call, arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        devices.update_device_list(site.d, call, **arguments)


def test_a_host_may_have_thousands_of_devices(site: Site, call: Call) -> None:
    port = site.port(site.network(), "h3")
    names = [f"tap{number:08x}-00" for number in range(3000)] + [f"tap{port['id'][:11]}"]
    with counted(site.d.database) as statements:
        found = devices.get_devices_details_list(site.d, call, devices=names, host="h3")
    assert [one.get("port_id") for one in found] == [None] * 3000 + [port["id"]]
    assert len(statements) < 30


def test_devices_that_are_nobodys_are_told_of(
    site: Site, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    network = site.network()
    mine = site.port(network, "h1")
    moving = site.port(network, "h3")
    elsewhere = site.port(network, "h3", device_owner="network:dhcp")
    up(site, call, mine, moving)
    devices.update_device_list(site.d, call, host="h1", devices_down=["gone"])
    assert not caplog.messages
    names = [mine["id"], "tap00000000-00\n", elsewhere["id"]]
    devices.update_device_list(site.d, call, host="h1", devices_up=names)
    devices.update_device_up(site.d, call, host="h1", device="tap00000000-01")
    devices.get_device_details(site.d, call, host="h1", device="tap00000000-02")
    many = [f"tap00000000-1{number}" for number in range(7)]
    devices.get_devices_details_list(site.d, call, host="h1", devices=many)
    wired, asks = ("has wired", "asks for")
    strange = "devices that are no ports here, or elsewhere:"
    assert caplog.messages == [
        f"{wired} {strange} tap00000000-00\\n, {elsewhere['id']}",
        f"{wired} {strange} tap00000000-01",
        f"{asks} {strange} tap00000000-02",
        f"{asks} {strange} {', '.join(many[:5])} and 2 more",
    ]


def test_network_details_are_those_of_the_api(site: Site, call: Call) -> None:
    network = site.network()
    found = devices.get_network_details(site.d, call, network=network["id"], agent_id="x")
    assert found["provider:segmentation_id"] == network["provider:segmentation_id"]
    assert found["tenant_id"] == "p"
    with pytest.raises(NetworkNotFound):
        devices.get_network_details(site.d, call, network="gone")
    port = site.port(network, "h1")
    (listed,) = devices.get_ports_by_vnic_type_and_host(site.d, call, vnic_type="normal", host="h1")
    assert listed["id"] == port["id"]


# --- tunnels --------------------------------------------------------------------------------------


def test_tunnels_are_told_to_all(site: Site, call: Call, told: Recorded) -> None:
    def sync(host: str, address: str, kind: str = "vxlan") -> dict[str, str]:
        answer = tunnels.tunnel_sync(site.d, call, tunnel_ip=address, tunnel_type=kind, host=host)
        assert all(
            one.get("udp_port") == (4789 if kind == "vxlan" else None) for one in answer["tunnels"]
        )
        return {one["host"]: one["ip_address"] for one in answer["tunnels"]}

    def update(address: str, kind: str = "vxlan") -> tuple[str, str, dict[str, str]]:
        arguments = {"tunnel_ip": address, "tunnel_type": kind}
        return "q-agent-notifier-tunnel-update", "tunnel_update", arguments

    assert sync("h1", "10.99.0.1") == {"h1": "10.99.0.1"}
    assert sync("h2", "10.99.0.2") == {"h1": "10.99.0.1", "h2": "10.99.0.2"}
    assert sync("h2", "10.99.0.2", "gre") == {"h2": "10.99.0.2"}
    assert told.fanouts == [update("10.99.0.1"), update("10.99.0.2"), update("10.99.0.2", "gre")]
    told.fanouts.clear()
    with counted(site.d.database) as statements:
        sync("h2", "10.99.0.2")
    assert len(statements) == 1
    told.fanouts.clear()

    assert sync("h2", "10.99.0.22") == {"h1": "10.99.0.1", "h2": "10.99.0.22"}
    gone = {"tunnel_ip": "10.99.0.2", "tunnel_type": "vxlan"}
    deleted = ("q-agent-notifier-tunnel-delete", "tunnel_delete", gone)
    assert told.fanouts == [deleted, update("10.99.0.22")]
    told.fanouts.clear()

    assert sync("h9", "10.99.0.22") == {"h1": "10.99.0.1", "h9": "10.99.0.22"}
    assert sync("h1", "10.99.0.22") == {"h1": "10.99.0.22"}
    assert told.fanouts == [update("10.99.0.22"), update("10.99.0.22")]


@pytest.mark.parametrize(
    ("kind", "address"),
    [("vlan", "10.0.0.1"), ("stt", "10.0.0.1"), ("vxlan", "ten"), ("vxlan", "2001:db8::1")],
)
def test_tunnels_that_cannot_be(site: Site, call: Call, kind: str, address: str) -> None:
    with pytest.raises(InvalidInput):
        tunnels.tunnel_sync(site.d, call, tunnel_ip=address, tunnel_type=kind, host="h1")


# --- objects --------------------------------------------------------------------------------------


def test_ports_are_pulled_whole(site: Site, call: Call) -> None:
    network = site.network()
    site.subnet(network)
    port, unbound = site.port(network, "h1"), site.port(network)
    (told,) = pulled(site, call, "Port", "1.11", id=[port["id"]])
    assert told["versioned_object.version"] == "1.11"
    kept = data(told)
    (level,) = kept["binding_levels"]
    segment = data(data(level)["segment"])
    assert segment["segmentation_id"] == network["provider:segmentation_id"]
    assert data(kept["bindings"][0])["host"] == "h1"
    assert "bound_drivers" not in data(kept["bindings"][0])["vif_details"]
    assert kept["security_group_ids"] == port["security_groups"]
    assert kept["revision_number"] == site.show(port)["revision_number"]

    (bare,) = pulled(site, call, "Port", "1.10", id=[unbound["id"]])
    assert (data(bare)["bindings"], data(bare)["binding_levels"]) == ([], [])
    assert "pvlan_type" not in data(bare)


def test_the_members_of_a_group_cost_what_one_does(site: Site, call: Call) -> None:
    network = site.network()
    site.subnet(network)
    ports = [site.port(network, "h1") for _ in range(15)]
    (group_id,) = ports[0]["security_groups"]
    costs = []
    for filters in ({"id": [ports[0]["id"]]}, {"security_group_ids": [group_id]}):
        with counted(site.d.database) as statements:
            found = pulled(site, call, "Port", "1.11", **filters)
        costs.append(len(statements))
    assert {data(one)["id"] for one in found} == {port["id"] for port in ports}
    assert costs[0] == costs[1] <= 8, statements


def test_other_objects_are_pulled(site: Site, call: Call) -> None:
    network = site.segmented(("vlan", "physnet1", 150), ("vxlan", None, 77))
    subnet = site.subnet(network, dns_nameservers=["192.0.2.53"])
    port = site.port(network, "h1")
    (group_id,) = port["security_groups"]

    (net,) = pulled(site, call, "Network", "1.3", id=[network["id"]])
    segments = [data(one) for one in data(net)["segments"]]
    assert [one.get("segmentation_id") for one in segments] == [150, 77]
    assert [one["hosts"] for one in segments] == [["h1", "h3"], []]
    assert "pvlan" not in data(pulled(site, call, "Network", "1.1", id=[network["id"]])[0])
    (sub,) = pulled(site, call, "Subnet", "1.2", network_id=[network["id"]])
    assert (data(sub)["id"], data(sub)["shared"]) == (subnet["id"], False)
    common = site.network(shared=True)
    site.subnet(common)
    (sub,) = pulled(site, call, "Subnet", "1.2", network_id=[common["id"]])
    assert data(sub)["shared"] is True
    (group,) = pulled(site, call, "SecurityGroup", "1.6", id=[group_id])
    assert (data(group)["is_default"], len(data(group)["rules"])) == (True, 4)
    rules = pulled(site, call, "SecurityGroupRule", "1.3", security_group_id=[group_id])
    assert len(rules) == 4
    assert pulled(site, call, "SecurityGroupRule", "1.3", security_group_id=["gone"]) == []
    assert pulled(site, call, "QosPolicy", "1.10") == []

    trunk = {"resource_type": "Trunk", "version": "1.1", "resource_id": port["id"]}
    assert resources.pull(site.d, call, **trunk) is None


def test_of_what_no_service_makes_there_is_none(site: Site, call: Call) -> None:
    for kind in ("LocalIPAssociation", "Log"):
        asked = {"resource_type": kind, "version": "1.0"}
        assert resources.bulk_pull(site.d, call, **asked, filter_kwargs=None) == []
        assert resources.pull(site.d, call, **asked, resource_id="x") is None


@pytest.mark.parametrize(
    "arguments",
    [
        {"resource_type": "Router", "version": "1.0"},
        {"resource_type": "Port", "version": "9.9"},
        {"resource_type": "Port", "version": None},
        {"resource_type": "Port", "version": "1.11", "filter_kwargs": {"password": ["x"]}},
        {"resource_type": "Port", "version": "1.11", "filter_kwargs": {"id": [{}]}},
        {"resource_type": "Port", "version": "1.11", "filter_kwargs": [1]},
    ],
)
def test_strange_pulls_are_refused(site: Site, call: Call, arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        resources.bulk_pull(site.d, call, **arguments)


# --- security groups ------------------------------------------------------------------------------


def test_a_firewall_is_told_of_groups_and_members(site: Site, call: Call) -> None:
    network = site.network()
    site.subnet(network)
    body = {"project_id": "p", "name": "a", "description": "", "addresses": ["10.1.1.0/24"]}
    (addresses,) = address_groups.create(site.d, ADMIN, [{**body, "shared": False}])
    port = site.port(network, "h3")
    member = site.port(
        network,
        "h1",
        allowed_address_pairs=[{"ip_address": "10.0.0.200", "mac_address": "fa:16:3e:ec:6f:4f"}],
    )
    (group_id,) = port["security_groups"]
    rule = {"direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "project_id": "p"}
    security_group_rules.create(
        site.d,
        ADMIN,
        [
            {
                **rule,
                "security_group_id": group_id,
                "port_range_min": 22,
                "port_range_max": 23,
                "remote_group_id": None,
                "remote_ip_prefix": None,
                "remote_address_group_id": addresses["id"],
                "description": "",
            }
        ],
    )
    (open_port,) = [site.port(network, "h3", port_security_enabled=False)]
    names = [f"tap{one['id'][:11]}" for one in (port, open_port)]
    found = groups.security_group_info_for_devices(site.d, call, devices=names, call_version="1.3")
    observed = answers("security_group_info_for_devices")[-1]
    assert found.keys() == observed.keys()
    assert list(found["devices"]) == [port["id"]]
    (device,) = found["devices"].values()
    address = port["fixed_ips"][0]["ip_address"]
    assert (device["device"], device["fixed_ips"]) == (names[0], [address])
    assert device["security_group_source_groups"] == [group_id]
    assert device["security_group_remote_address_groups"] == [addresses["id"]]
    (like,) = observed["devices"].values()
    expected = [dict(one) for one in like["security_group_rules"]]
    expected[0]["dest_ip_prefix"] = f"{address}/32"
    assert device["security_group_rules"] == expected

    def sortable(rules: list[dict[str, Any]], ids: dict[str, str]) -> list[str]:
        return sorted(
            str(sorted((k, ids.get(str(v), str(v))) for k, v in rule.items())) for rule in rules
        )

    (theirs_id,) = observed["security_groups"]
    theirs_addresses = next(one for one in observed["sg_member_ips"] if one != theirs_id)
    names_of = {group_id: "G", theirs_id: "G", addresses["id"]: "A", theirs_addresses: "A"}
    ours = found["security_groups"][group_id]
    theirs = observed["security_groups"][theirs_id]
    with_ipv6 = {"direction": "ingress", "ethertype": "IPv6", "remote_group_id": group_id}
    assert sortable(ours, names_of) == sortable(
        [*theirs, {**with_ipv6, "stateful": True}], names_of
    )
    assert found["sg_member_ips"] == {
        group_id: {
            "IPv4": [
                [address, None],
                [member["fixed_ips"][0]["ip_address"], None],
                ["10.0.0.200", "fa:16:3e:ec:6f:4f"],
            ],
            "IPv6": [],
        },
        addresses["id"]: {"IPv4": [["10.1.1.0/24", None]]},
    }
    bare = groups.security_group_info_for_devices(site.d, call, devices=names)
    assert bare["sg_member_ips"][addresses["id"]] == {"IPv4": ["10.1.1.0/24"]}


def test_an_old_firewall_is_told_each_port_with_all_its_rules(site: Site, call: Call) -> None:
    network = site.network()
    site.subnet(network)
    body = {"project_id": "p", "name": "a", "description": "", "shared": False}
    (addresses,) = address_groups.create(
        site.d, ADMIN, [{**body, "addresses": ["10.1.1.0/24", "2001:db8::/64"]}]
    )
    pair = {"ip_address": "10.0.0.200", "mac_address": "fa:16:3e:ec:6f:4f"}
    port, member = site.port(network, "h3"), site.port(network, allowed_address_pairs=[pair])
    (group_id,) = port["security_groups"]
    blank = dict.fromkeys(
        ("port_range_min", "port_range_max", "remote_group_id", "remote_ip_prefix", "protocol")
    )
    rule = {**blank, "security_group_id": group_id, "direction": "egress", "ethertype": "IPv4"}
    rule |= {"project_id": "p", "description": ""}
    by_addresses = {**rule, "protocol": "tcp", "remote_address_group_id": addresses["id"]}
    by_prefix = {**rule, "remote_ip_prefix": "10.9.9.9/16", "remote_address_group_id": None}
    security_group_rules.create(site.d, ADMIN, [by_addresses, by_prefix])

    name = f"tap{port['id'][:11]}"
    told = groups.security_group_rules_for_devices(site.d, call, devices=[name, "tapdeadbeef-00"])
    assert list(told) == [port["id"]]
    device = told[port["id"]]
    own, others = port["fixed_ips"][0]["ip_address"], member["fixed_ips"][0]["ip_address"]
    assert (device["device"], device["fixed_ips"]) == (name, [own])
    assert device["security_group_source_groups"] == [group_id]
    assert device["security_group_remote_address_groups"] == [addresses["id"]]
    of_group = {"security_group_id": group_id}
    inward = {**of_group, "direction": "ingress", "ethertype": "IPv4", "remote_group_id": group_id}
    outward = {**of_group, "direction": "egress", "ethertype": "IPv4"}
    expected = [
        {**inward, "source_ip_prefix": f"{others}/32"},
        {**inward, "source_ip_prefix": "10.0.0.200/32"},
        outward,
        {**outward, "ethertype": "IPv6"},
        {
            **outward,
            "protocol": "tcp",
            "remote_address_group_id": addresses["id"],
            "dest_ip_prefix": "10.1.1.0/24",
        },
        {**outward, "dest_ip_prefix": "10.9.0.0/16"},
    ]
    rules = [one for one in device["security_group_rules"] if "security_group_id" in one]
    assert sorted(map(str, rules)) == sorted(map(str, expected))
    of_service = [one["dest_ip_prefix"] for one in device["security_group_rules"][len(rules) :]]
    assert of_service == [f"{own}/32", "255.255.255.255/32", "fe80::/64"]


def test_the_cost_of_a_firewall_is_constant(site: Site, call: Call) -> None:
    network = site.network()
    site.subnet(network)
    ports = [site.port(network, "h3") for _ in range(12)]
    costs = []
    for some in (ports[:1], ports):
        names = [f"tap{port['id'][:11]}" for port in some]
        with counted(site.d.database) as statements:
            groups.security_group_info_for_devices(site.d, call, devices=names)
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 12, statements
    assert len(security_groups.list_(site.d, ADMIN, Query())) == 1


# --- distributed routing --------------------------------------------------------------------------


def test_hosts_have_addresses_for_distributed_routing(
    site: Site, call: Call, told: Recorded
) -> None:
    first = dvr.get_dvr_mac_address_by_host(site.d, call, host="h1")
    assert first["host"] == "h1"
    assert first["mac_address"].startswith("FA-16-3F-")
    assert dvr.get_dvr_mac_address_by_host(site.d, call, host="h1") == first
    second = dvr.get_dvr_mac_address_by_host(site.d, call, host="h2")
    assert dvr.get_dvr_mac_address_list(site.d, call) == [first, second]
    assert [arguments["dvr_macs"] for _, _, arguments in told.fanouts] == [[first], [first, second]]


def test_distributed_routers_find_gateways_and_ports(site: Site, call: Call) -> None:
    network = site.network()
    subnet = site.subnet(network)
    assert dvr.get_subnet_for_dvr(site.d, call, subnet=subnet["id"]) == {}
    assert dvr.get_subnet_for_dvr(site.d, call, subnet="gone") == {}
    gateway = site.port(
        network, device_owner="network:router_interface", fixed_ips=[{"ip_address": "10.0.0.1"}]
    )
    found = dvr.get_subnet_for_dvr(site.d, call, subnet=subnet["id"])
    assert (found["id"], found["gateway_mac"]) == (subnet["id"], gateway["mac_address"])
    port = site.port(network, "h1")
    address = {"subnet_id": subnet["id"], "ip_address": port["fixed_ips"][0]["ip_address"]}
    named = dvr.get_subnet_for_dvr(site.d, call, subnet=subnet["id"], fixed_ips=[address])
    assert named["gateway_mac"] == port["mac_address"]
    listed = dvr.get_ports_on_host_by_subnet(site.d, call, host="h1", subnet=subnet["id"])
    assert [one["id"] for one in listed] == [port["id"]]
