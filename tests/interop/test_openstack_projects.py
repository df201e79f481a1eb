"""The `openstack` client with Keystone: quotas, and whatever is done for or by other projects."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.instances.keystone import Keystone
from tests.instances.process import free_port
from tests.instances.service import Options, Service
from tests.interop.openstack_client import OpenStack

pytestmark = pytest.mark.slow

_CLOUD = """
  {user}:
    auth:
      auth_url: {keystone}
      username: {user}
      password: {user}
      project_name: {project}
      user_domain_id: default
      project_domain_id: default
    identity_api_version: "3"
    network_endpoint_override: {url}
"""


def site(keystone: Keystone) -> Options:
    return {
        "DEFAULT": {"auth_strategy": "keystone"},
        "keystone_authtoken": {
            "auth_type": "password",
            "auth_url": keystone.url,
            "www_authenticate_uri": keystone.url,
            "username": "neutron",
            "password": "neutron",
            "project_name": "service",
            "user_domain_id": "default",
            "project_domain_id": "default",
            "memcached_servers": "",
        },
    }


@pytest.fixture(scope="module")
def clouds(keystone: Keystone, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A server that knows its callers by Keystone, and a cloud for each of them."""
    with Service(site(keystone), port=free_port()).running() as service:
        path = tmp_path_factory.mktemp("clouds") / "clouds.yaml"
        people = {"admin": "admin", "blue-member": "blue"}
        path.write_text(
            "clouds:"
            + "".join(
                _CLOUD.format(user=user, project=project, keystone=keystone.url, url=service.url)
                for user, project in people.items()
            )
        )
        yield path


@pytest.fixture(scope="module")
def admin(clouds: Path) -> Iterator[OpenStack]:
    client = OpenStack(clouds, "admin")
    yield client
    client.close()


@pytest.fixture(scope="module")
def member(clouds: Path) -> Iterator[OpenStack]:
    """A member of the project ``blue``."""
    client = OpenStack(clouds, "blue-member")
    yield client
    client.close()


def test_quotas(admin: OpenStack, member: OpenStack) -> None:
    def quota(client: OpenStack, command: str) -> dict[str, list[int]]:
        """Resource -> limit, and with ``--usage`` how many are in use and reserved."""
        rows = client.shown(f"quota show --network {command}")
        return {row.pop("Resource"): list(row.values()) for row in rows}

    usual = quota(admin, "--default")
    assert (usual["networks"], usual["ports"], usual["subnet_pools"]) == ([100], [500], [-1])
    admin.done(
        "quota set --networks 1 --ports 7 --subnets 8 --secgroups 9 --secgroup-rules 99 "
        "--rbac-policies 4 --subnetpools 6 blue"
    )
    (row,) = admin.shown("quota list --network")
    assert (row["Networks"], row["Security Group Rules"], row["Subnet Pools"]) == (1, 99, 6)
    member.shown("network create qu-one")
    assert "409" in member.refused("network create qu-two")
    assert quota(member, "--usage")["networks"] == [1, 1, 0]
    assert quota(admin, "blue")["ports"] == [7]
    refused = admin.refused("quota set --networks 0 --no-force blue")
    assert refused.startswith("BadRequestException: 400")
    admin.done("quota set --networks 0 --force blue")
    assert quota(admin, "--usage blue")["networks"] == [0, 1, 0]
    admin.done("quota delete --network blue")
    assert quota(admin, "blue") == usual
    assert admin.shown("quota list --network") == []
    member.done("network delete qu-one")


def test_what_is_of_other_projects(admin: OpenStack, member: OpenStack, keystone: Keystone) -> None:
    made = admin.shown("network create op-net --project green")
    assert made["project_id"] == keystone.projects["green"]
    assert member.shown("network list") == []
    policy = admin.shown(
        "network rbac create --type network --action access_as_shared --target-project green "
        "op-net --project green"
    )
    admin.done(f"network rbac set {policy['id']} --target-project blue")
    shown = admin.shown(f"network rbac show {policy['id']}")
    assert shown["target_project_id"] == keystone.projects["blue"]
    rows = admin.shown("network rbac list --target-project blue")
    assert [row["ID"] for row in rows] == [policy["id"]]
    assert [row["Name"] for row in member.shown("network list --share")] == ["op-net"]
    port = member.shown("port create op-port --network op-net")
    assert port["project_id"] == keystone.projects["blue"]
    assert "409" in admin.refused(f"network rbac delete {policy['id']}")
    member.done("port delete op-port")
    assert "403" in member.refused("network delete op-net")
    assert [row["Name"] for row in admin.shown("network list --project green")] == ["op-net"]
    admin.done("network delete op-net")

    for command in (
        "subnet pool create op-thing --pool-prefix 10.0.0.0/16",
        "network qos policy create op-thing",
    ):
        noun = command.partition(" create")[0]
        project = admin.shown(f"{command} --project blue")["project_id"]
        assert project == keystone.projects["blue"]
        listed = admin.shown(f"{noun} list --project blue")
        assert "op-thing" in [row["Name"] for row in listed], noun
        admin.done(f"{noun} delete op-thing")
    setting = admin.shown("security group default statefulness create --stateless --project blue")
    assert member.shown("security group create op-less")["stateful"] is False
    member.done("security group delete op-less")
    admin.done(f"security group default statefulness delete {setting['id']}")


def test_what_routes_for_other_projects(
    admin: OpenStack, member: OpenStack, keystone: Keystone
) -> None:
    admin.shown("network create or-ext --external")
    admin.shown("subnet create or-extsub --network or-ext --subnet-range 198.51.100.0/24 --no-dhcp")
    blue = "--project blue --project-domain default"
    for command in (
        f"router create or-router {blue}",
        f"floating ip create or-ext {blue}",
        f"network meter create or-meter {blue}",
    ):
        assert admin.shown(command)["project_id"] == keystone.projects["blue"], command
    rule = admin.shown(f"network meter rule create or-meter --remote-ip-prefix 10.0.0.0/8 {blue}")
    assert member.shown("network meter rule list")[0]["ID"] == rule["id"]
    for command in (f"router list {blue}", f"floating ip list {blue}"):
        assert len(admin.shown(command)) == 1, command
        assert admin.shown(command.replace("blue", "green")) == []
    assert [row["Name"] for row in member.shown("router list")] == ["or-router"]
    assert admin.shown(f"router ndp proxy list {blue}") == []
    admin.done("quota set --routers 1 --floating-ips 1 blue")
    assert "409" in member.refused("router create or-second")
    assert "409" in member.refused("floating ip create or-ext")
    admin.done("quota delete --network blue")
    (address,) = member.shown("floating ip list")
    member.done(f"floating ip delete {address['ID']}")
    member.done("router delete or-router")
    admin.done("network meter delete or-meter")
    admin.done("network delete or-ext")


def test_auto_allocated_topologies(admin: OpenStack, member: OpenStack, keystone: Keystone) -> None:
    assert "default external network" in admin.refused(
        "network auto allocated topology create --check-resources"
    )
    admin.shown("network create at-ext --external --default")
    admin.shown("subnet create at-extsub --network at-ext --subnet-range 203.0.113.0/24 --no-dhcp")
    admin.shown(
        "subnet pool create at-pool --share --default --pool-prefix 10.77.0.0/16 "
        "--default-prefix-length 26"
    )
    member.shown("network auto allocated topology create --check-resources")
    made = member.shown("network auto allocated topology create")
    assert member.shown("network auto allocated topology create --or-show")["id"] == made["id"]
    assert member.shown(f"network show {made['id']}")["name"] == "auto_allocated_network"
    (router,) = member.shown("router list --name auto_allocated_router")
    assert router["State"] is True
    member.done("network auto allocated topology delete")
    assert member.shown("router list --name auto_allocated_router") == []
    # the client takes this one for an id
    blue = f"--project {keystone.projects['blue']} --project-domain default"
    refused = member.refused("network auto allocated topology create --project green")
    assert "Not authorized" in refused
    given = admin.shown(f"network auto allocated topology create {blue}")
    assert member.shown("network auto allocated topology create --or-show")["id"] == given["id"]
    admin.done(f"network auto allocated topology delete {blue}")
    assert member.shown("network list --internal") == []
    admin.done("network delete at-ext")
    admin.done("subnet pool delete at-pool")
