"""The `openstack` client on what security groups begin with, and on address groups."""

import pytest

from tests.interop.openstack_client import OpenStack

pytestmark = [
    pytest.mark.slow,
    # The SDK, by which agents report, warns of what it will drop itself.
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]


def test_address_groups(openstack: OpenStack) -> None:
    group = openstack.shown(
        "address group create ag-one --description first --address 10.0.0.5/24 --address 192.0.2.1"
    )
    assert group["addresses"] == ["10.0.0.0/24", "192.0.2.1/32"]
    assert group["description"] == "first"
    openstack.done(
        "address group set ag-one --name ag-two --description second --address 2001:db8::1/64"
    )
    openstack.done("address group unset ag-two --address 10.0.0.0/24")
    changed = openstack.shown("address group show ag-two")
    assert changed["id"] == group["id"]
    assert changed["addresses"] == ["192.0.2.1/32", "2001:db8::/64"]
    assert changed["description"] == "second"
    (row,) = openstack.shown("address group list --name ag-two")
    assert row["Addresses"] == ["192.0.2.1/32", "2001:db8::/64"]
    assert openstack.shown("address group list --name ag-one") == []
    assert openstack.refused("address group set ag-two --address 192.0.2.1").startswith(
        "BadRequestException: 400"
    )
    assert "NotFoundException: 404" in openstack.refused(
        "address group unset ag-two --address 10.9.9.9/32"
    )

    openstack.shown("security group create ag-web")
    rule = openstack.shown("security group rule create ag-web --remote-address-group ag-two")
    assert rule["remote_address_group_id"] == group["id"]
    (listed,) = [
        one
        for one in openstack.shown("security group rule list ag-web --ingress")
        if one["ID"] == rule["id"]
    ]
    assert listed["Remote Address Group"] == group["id"]
    shared = openstack.shown(
        "network rbac create --type address_group --action access_as_shared "
        "--target-all-projects ag-two"
    )
    assert shared["object_id"] == group["id"]
    openstack.done(f"network rbac delete {shared['id']}")
    assert "409" in openstack.refused("address group delete ag-two")
    openstack.done("security group delete ag-web")
    openstack.done("address group delete ag-two")
    assert "No AddressGroup found" in openstack.refused("address group show ag-two")


def test_default_security_group_rules(openstack: OpenStack) -> None:
    before = openstack.shown("default security group rule list")
    assert len(before) == 4
    rule = openstack.shown(
        "default security group rule create --protocol tcp --dst-port 22:23 --ingress "
        "--remote-ip 10.0.0.5/24 --description ssh --for-custom-sg"
    )
    assert (rule["port_range_min"], rule["port_range_max"]) == (22, 23)
    assert (rule["used_in_default_sg"], rule["used_in_non_default_sg"]) == (False, True)
    assert openstack.shown(f"default security group rule show {rule['id']}")["protocol"] == "tcp"
    members = openstack.shown(
        "default security group rule create --protocol icmp --remote-group PARENT --for-custom-sg"
    )
    assert members["remote_group_id"] == "PARENT"
    assert len(openstack.shown("default security group rule list --protocol tcp --ingress")) == 1
    assert "409" in openstack.refused(
        "default security group rule create --protocol icmp --remote-group PARENT --for-custom-sg"
    )

    group = openstack.shown("security group create dr-web --stateless")
    assert group["stateful"] is False
    by_protocol = {one["protocol"]: one for one in group["rules"]}
    assert by_protocol["tcp"]["normalized_cidr"] == "10.0.0.0/24"
    assert by_protocol["icmp"]["remote_group_id"] == group["id"]
    openstack.done("security group delete dr-web")
    openstack.done(f"default security group rule delete {rule['id']} {members['id']}")
    assert openstack.shown("default security group rule list") == before
    gone = openstack.refused(f"default security group rule delete {rule['id']}")
    assert "No DefaultSecurityGroupRule found" in gone
