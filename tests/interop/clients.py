"""A server for the clients of OpenStack, and the clients; the same ones for all tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.instances.service import Options, Service
from tests.interop.openstack_client import OpenStack

Report = Callable[..., None]

SITE: Options = {
    "DEFAULT": {"dns_domain": "example.org"},
    "ml2": {
        "type_drivers": "local,flat,vlan,gre,vxlan,geneve",
        "project_network_types": "vxlan",
        "mechanism_drivers": "openvswitch,linuxbridge,l2population",
    },
    "ml2_type_flat": {"flat_networks": "*"},
    "ml2_type_vlan": {"network_vlan_ranges": "physnet1:100:199,physnet2:100:199"},
    "ml2_type_vxlan": {"vni_ranges": "1:1000"},
    "service_providers": {"service_provider": "VPN:swan:swan.Driver:default"},
}


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """A server with a site's configuration."""
    with Service(SITE).running() as running:
        yield running


@pytest.fixture(scope="session")
def openstack(service: Service) -> Iterator[OpenStack]:
    """The `openstack` client."""
    client = OpenStack(service.clouds)
    yield client
    client.close()


@pytest.fixture(scope="session")
def sdk(service: Service) -> Any:
    """The network proxy of the SDK."""
    from openstack.config import OpenStackConfig  # half a second
    from openstack.connection import Connection

    clouds = OpenStackConfig(
        config_files=[str(service.clouds)], secure_files=[], vendor_files=[], load_envvars=False
    )
    return Connection(config=clouds.get_one("deuteron")).network


@pytest.fixture
def report(sdk: Any) -> Report:
    """Has an agent report: ``report("host", "Open vSwitch agent", bridge_mappings=...)``."""

    def _report(
        host: str, agent_type: str, *, availability_zone: str | None = None, **configurations: Any
    ) -> None:
        agent = {
            "agent_type": agent_type,
            "binary": f"neutron-{agent_type.lower().replace(' ', '-')}",
            "host": host,
            "topic": "N/A",
            "configurations": configurations,
            "availability_zone": availability_zone,
            "start_flag": True,
        }
        answer = sdk.put("/agents", json={"agent": agent})
        assert answer.ok, answer.text

    return _report
