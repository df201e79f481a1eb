"""The `openstack` client on where addresses come from: scopes, pools, and how many are in use."""

from typing import Any

import pytest

from tests.interop.openstack_client import OpenStack

pytestmark = pytest.mark.slow


def names(openstack: OpenStack, command: str) -> list[str]:
    return sorted(row["Name"] for row in openstack.shown(f"{command} -c Name"))


def test_address_scopes(openstack: OpenStack) -> None:
    four = openstack.shown("address scope create as-four --share")
    assert (four["name"], four["ip_version"], four["shared"]) == ("as-four", 4, True)
    six = openstack.shown("address scope create as-six --ip-version 6 --no-share")
    assert (six["ip_version"], six["shared"]) == (6, False)
    assert names(openstack, "address scope list --ip-version 6") == ["as-six"]
    assert names(openstack, "address scope list --share") == ["as-four"]
    assert names(openstack, "address scope list --no-share --name as-six") == ["as-six"]
    openstack.done("address scope set as-six --name as-6 --share")
    shown = openstack.shown("address scope show as-6")
    assert (shown["id"], shown["shared"]) == (six["id"], True)
    assert "400" in openstack.refused("address scope set as-6 --no-share")  # that is for ever

    openstack.shown("subnet pool create as-pool --pool-prefix 10.0.0.0/16 --address-scope as-four")
    assert "409" in openstack.refused("address scope delete as-four")
    openstack.done("subnet pool delete as-pool")
    openstack.done("address scope delete as-four as-6")
    assert "No AddressScope found" in openstack.refused("address scope show as-four")


def test_subnet_pools(openstack: OpenStack) -> None:
    scope = openstack.shown("address scope create sp-scope --share")
    pool = openstack.shown(
        "subnet pool create sp-one --pool-prefix 10.10.0.0/16 --pool-prefix 10.20.0.0/16 "
        "--default-prefix-length 26 --min-prefix-length 24 --max-prefix-length 28 "
        "--address-scope sp-scope --share --description d --default-quota 1024 --tag t"
    )
    assert pool["prefixes"] == ["10.10.0.0/16", "10.20.0.0/16"]
    lengths = ("default_prefixlen", "min_prefixlen", "max_prefixlen", "default_quota")
    assert [pool[name] for name in lengths] == [26, 24, 28, 1024]
    assert (pool["address_scope_id"], pool["shared"], pool["tags"]) == (scope["id"], True, ["t"])
    openstack.shown("subnet pool create sp-six --pool-prefix 2001:db8::/32 --default --no-share")
    assert "400" in openstack.refused(
        "subnet pool create sp-more --pool-prefix 2001:db9::/32 --default"
    )
    assert "400" in openstack.refused("subnet pool create sp-wrong --pool-prefix 10.0.0.0/33")

    for options, expected in {
        "--default": ["sp-six"],
        "--no-default": ["sp-one"],
        "--share": ["sp-one"],
        "--no-share": ["sp-six"],
        "--address-scope sp-scope": ["sp-one"],
        "--name sp-six": ["sp-six"],
        "--tags t": ["sp-one"],
        "--not-tags t": ["sp-six"],
    }.items():
        assert names(openstack, f"subnet pool list {options}") == expected, options
    (row,) = openstack.shown("subnet pool list --long --name sp-one")
    assert (row["Address Scope"], row["Tags"]) == (scope["id"], ["t"])

    openstack.done(
        "subnet pool set sp-one --name sp-1 --pool-prefix 10.30.0.0/16 --description e "
        "--default-prefix-length 27 --min-prefix-length 25 --max-prefix-length 29 "
        "--no-address-scope --default-quota 2048 --tag u"
    )
    changed = openstack.shown("subnet pool show sp-1")
    assert changed["prefixes"] == ["10.10.0.0/16", "10.20.0.0/16", "10.30.0.0/16"]
    assert [changed[name] for name in lengths] == [27, 25, 29, 2048]
    assert (changed["address_scope_id"], changed["description"]) == (None, "e")
    assert changed["tags"] == ["t", "u"]
    openstack.done("subnet pool set sp-1 --address-scope sp-scope --default")
    openstack.done("subnet pool set sp-1 --no-default --no-tag --tag v")
    assert openstack.shown("subnet pool show sp-1")["tags"] == ["v"]
    openstack.done("subnet pool unset sp-1 --tag v")
    assert openstack.shown("subnet pool show sp-1")["tags"] == []

    openstack.shown("network create sp-net")
    usual = openstack.shown("subnet create sp-usual --network sp-net --subnet-pool sp-1")
    assert (usual["cidr"], usual["subnetpool_id"]) == ("10.10.0.0/27", pool["id"])
    small = openstack.shown(
        "subnet create sp-small --network sp-net --subnet-pool sp-1 --prefix-length 28"
    )
    assert small["cidr"] == "10.10.0.32/28"
    chosen = openstack.shown(
        "subnet create sp-chosen --network sp-net --subnet-pool sp-1 --subnet-range 10.20.1.0/25"
    )
    assert chosen["cidr"] == "10.20.1.0/25"
    six = openstack.shown(
        "subnet create sp-6 --network sp-net --ip-version 6 --use-default-subnet-pool "
        "--prefix-length 64"
    )
    assert six["cidr"] == "2001:db8::/64"
    assert names(openstack, "subnet list --subnet-pool sp-1") == [
        "sp-chosen",
        "sp-small",
        "sp-usual",
    ]
    shown = openstack.shown("network show sp-net")
    assert (shown["ipv4_address_scope"], shown["ipv6_address_scope"]) == (scope["id"], None)
    refused = openstack.refused("subnet pool delete sp-1")
    assert "400: " in refused
    openstack.done("network delete sp-net")
    openstack.done("subnet pool delete sp-1 sp-six")
    openstack.done("address scope delete sp-scope")


def test_subnets_are_onboarded(openstack: OpenStack) -> None:
    pool = openstack.shown("subnet pool create ob-pool --pool-prefix 10.99.0.0/16")
    for number, command in enumerate(("subnet pool add network", "network onboard subnet")):
        openstack.shown(f"network create ob-{number}")
        openstack.shown(
            f"subnet create ob-{number} --network ob-{number} --subnet-range 172.2{number}.0.0/16"
        )
        said = openstack.typed(f"{command} ob-{number} ob-pool")
        assert said == "" or "deprecated" in said
        assert openstack.shown(f"subnet show ob-{number}")["subnetpool_id"] == pool["id"]
    shown = openstack.shown("subnet pool show ob-pool")
    assert shown["prefixes"] == ["10.99.0.0/16", "172.20.0.0/15"]
    openstack.done("network delete ob-0 ob-1")
    openstack.done("subnet pool delete ob-pool")


def test_ip_availability(openstack: OpenStack) -> None:
    def of_network(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row for row in rows if row["Network Name"] == "ip-net"]

    network = openstack.shown("network create ip-net")
    openstack.shown("subnet create ip-four --network ip-net --subnet-range 192.0.2.0/28")
    openstack.shown(
        "subnet create ip-six --network ip-net --ip-version 6 --subnet-range 2001:db8::/120"
    )
    openstack.shown("port create ip-port --network ip-net --fixed-ip subnet=ip-four")
    (row,) = of_network(openstack.shown("ip availability list"))
    assert (row["Network ID"], row["Total IPs"], row["Used IPs"]) == (network["id"], 13, 1)
    (row,) = of_network(openstack.shown("ip availability list --ip-version 6"))
    assert (row["Network Name"], row["Total IPs"], row["Used IPs"]) == ("ip-net", 255, 0)
    shown = openstack.shown("ip availability show ip-net")
    assert (shown["network_name"], shown["used_ips"]) == ("ip-net", 1)
    assert {one["subnet_name"]: one["used_ips"] for one in shown["subnet_ip_availability"]} == {
        "ip-four": 1,
        "ip-six": 0,
    }
    openstack.done("port delete ip-port")
    openstack.done("network delete ip-net")


def test_subnets_of_certain_services(openstack: OpenStack) -> None:
    openstack.shown("network create st-net")
    made = openstack.shown(
        "subnet create st-sub --network st-net --subnet-range 192.0.2.0/24 "
        "--service-type compute:nova --service-type network:dhcp"
    )
    assert sorted(made["service_types"]) == ["compute:nova", "network:dhcp"]
    openstack.done("subnet set st-sub --service-type compute:other")
    openstack.done("subnet unset st-sub --service-type compute:nova --service-type network:dhcp")
    assert openstack.shown("subnet show st-sub")["service_types"] == ["compute:other"]
    assert names(openstack, "subnet list --service-type compute:other") == ["st-sub"]
    assert "409" in openstack.refused("port create st-port --network st-net")
    openstack.done("network delete st-net")
