"""The `openstack` client on what is shared, limited and spread: RBAC, zones, agents, defaults."""

import pytest

from tests.interop.clients import Report
from tests.interop.openstack_client import OpenStack

pytestmark = [
    pytest.mark.slow,
    # The SDK, by which agents report, warns of what it will drop itself.
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]


def test_rbac_policies(openstack: OpenStack) -> None:
    makers = {
        "network": "network create rb-object",
        "security_group": "security group create rb-object",
        "address_scope": "address scope create rb-object",
        "subnetpool": "subnet pool create rb-object --pool-prefix 10.0.0.0/16",
        "qos_policy": "network qos policy create rb-object",
        "address_group": "address group create rb-object --address 10.0.0.1",
    }
    made = []
    for kind, command in makers.items():
        thing = openstack.shown(command)
        policy = openstack.shown(
            f"network rbac create --type {kind} --action access_as_shared --target-all-projects "
            "rb-object"
        )
        assert (policy["object_type"], policy["object_id"]) == (kind, thing["id"])
        assert (policy["action"], policy["target_project_id"]) == ("access_as_shared", "*")
        made.append(policy["id"])
        rows = openstack.shown(f"network rbac list --type {kind} --long")
        assert {row["Object Type"] for row in rows} == {kind}
        (row,) = [row for row in rows if row["ID"] == policy["id"]]
        assert (row["Object ID"], row["Action"]) == (thing["id"], "access_as_shared")
    outside = openstack.shown(
        "network rbac create --type network --action access_as_external --target-all-projects "
        "rb-object"
    )
    assert openstack.shown("network show rb-object")["router:external"] is True
    rows = openstack.shown("network rbac list --action access_as_external")
    assert outside["id"] in [row["ID"] for row in rows]
    assert {row["Object Type"] for row in rows} == {"network"}
    assert "409" in openstack.refused(
        "network rbac create --type network --action access_as_shared --target-all-projects "
        "rb-object"
    )
    assert openstack.shown(f"network rbac show {outside['id']}")["action"] == "access_as_external"
    openstack.done(f"network rbac delete {' '.join(made)} {outside['id']}")
    left = {row["ID"] for row in openstack.shown("network rbac list")}
    assert left.isdisjoint({*made, outside["id"]})
    openstack.done("network delete rb-object")
    openstack.done("security group delete rb-object")
    openstack.done("subnet pool delete rb-object")
    openstack.done("address scope delete rb-object")
    openstack.done("network qos policy delete rb-object")
    openstack.done("address group delete rb-object")


def test_default_statefulness(openstack: OpenStack) -> None:
    made = openstack.shown("security group default statefulness create --stateless")
    assert (made["stateful"], made["project_id"]) == (False, None)
    assert openstack.shown("security group default statefulness list") == [
        {"ID": made["id"], "Project ID": None, "Stateful": False}
    ]
    assert openstack.shown("security group create ds-less")["stateful"] is False
    openstack.done(f"security group default statefulness set {made['id']} --stateful")
    assert (
        openstack.shown(f"security group default statefulness show {made['id']}")["stateful"]
        is True
    )
    assert openstack.shown("security group create ds-full")["stateful"] is True
    openstack.done("security group set ds-full --stateless --name ds-now")
    assert openstack.shown("security group show ds-now")["stateful"] is False
    openstack.done("security group delete ds-less ds-now")
    openstack.done(f"security group default statefulness delete {made['id']}")
    assert openstack.shown("security group default statefulness list") == []


def test_zones_and_dhcp_agents(openstack: OpenStack, report: Report) -> None:
    report("z-one", "Open vSwitch agent", bridge_mappings={}, tunnel_types=["vxlan"])
    report("z-one", "DHCP agent", availability_zone="east")
    assert openstack.shown("availability zone list --network --long") == [
        {
            "Zone Name": "east",
            "Zone Status": "available",
            "Zone Resource": "network",
            "Host Name": "",
            "Service Name": "",
            "Service Status": "",
        }
    ]
    assert "404" in openstack.refused("network create z-net --availability-zone-hint west")
    network = openstack.shown("network create z-net --availability-zone-hint east")
    assert (network["availability_zone_hints"], network["availability_zones"]) == (["east"], [])
    (agent,) = openstack.shown("network agent list --agent-type dhcp")
    assert agent["Availability Zone"] == "east"
    openstack.done(f"network agent add network --dhcp {agent['ID']} z-net")
    assert openstack.shown("network show z-net")["availability_zones"] == ["east"]
    hosts = [row["Host"] for row in openstack.shown("network agent list --network z-net")]
    assert hosts == ["z-one"]
    served = [row["Name"] for row in openstack.shown(f"network list --agent {agent['ID']}")]
    assert served == ["z-net"]
    openstack.done(f"network agent remove network --dhcp {agent['ID']} z-net")
    assert openstack.shown("network agent list --network z-net") == []
    openstack.done("network delete z-net")
    for row in openstack.shown("network agent list --host z-one"):
        openstack.done(f"network agent delete {row['ID']}")


def test_the_default_external_network(openstack: OpenStack) -> None:
    made = openstack.shown("network create de-one --external --default")
    assert made["is_default"] is True
    assert "409" in openstack.refused("network create de-two --external --default")
    openstack.done("network set de-one --no-default")
    openstack.shown("network create de-two --external --default")
    assert openstack.shown("network show de-one")["is_default"] is False
    openstack.done("network delete de-one de-two")
