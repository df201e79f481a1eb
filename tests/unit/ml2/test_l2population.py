"""The driver ``l2population`` and what its entries are made of."""

from functools import partial
from typing import Any

import pytest
from neutron_lib import exceptions

from deuteron.context import RequestContext
from deuteron.ml2.contexts import PortContext
from deuteron.ml2.dispatch import Hook, Mechanisms
from deuteron.ml2.forwarding_entries import Endpoint, endpoint_of, pairs
from deuteron.ml2.mechanisms.l2population import L2populationMechanismDriver
from deuteron.ml2.plugin_context import outside_transaction


def test_the_endpoint_of_a_host_is_that_of_its_agent_with_tunnels():
    plain = {"host": "h1", "configurations": {}}
    tunnels = {
        "host": "h1",
        "configurations": {"tunneling_ip": "192.0.2.1", "tunnel_types": ["vxlan"]},
    }
    assert endpoint_of([plain]) is None
    assert endpoint_of([plain, tunnels]) == Endpoint(
        host="h1", tunneling_ip="192.0.2.1", network_types=("vxlan",)
    )
    tunnels["configurations"]["l2pop_network_types"] = []
    assert endpoint_of([tunnels]).network_types == ()


def test_a_port_that_is_everywhere_has_no_address_of_a_place():
    assert pairs("m", ["10.0.0.1", "10.0.0.2"], "compute:x") == [
        ["m", "10.0.0.1"],
        ["m", "10.0.0.2"],
    ]
    assert pairs("m", ["10.0.0.1"], "network:router_interface_distributed") == []
    assert pairs("m", ["10.0.0.1"], "network:ha_router_replicated_interface") == []


@pytest.fixture
def driver() -> L2populationMechanismDriver:
    driver = L2populationMechanismDriver()
    driver.initialize()
    return driver


def test_the_mac_address_of_an_active_port_stays(driver):
    def context(status: str) -> PortContext:
        sources: Any = None
        request = outside_transaction(RequestContext(request_id="req-1"))
        port = {"id": "p1", "mac_address": "m", "status": status, "device_owner": "compute:x"}
        return PortContext(request, {**port, "mac_address": "o"}, port, sources, levels=[])

    with pytest.raises(exceptions.InvalidInput):
        driver.update_port_precommit(context("ACTIVE"))
    driver.update_port_precommit(context("DOWN"))


def test_it_is_asked_when_a_mac_address_changes_and_then_only(driver):
    mechanisms = Mechanisms([("l2population", driver)])
    port = {"mac_address": "m", "name": "n", "status": "ACTIVE"}
    asked = partial(mechanisms.concerned, Hook.UPDATE_PORT_PRECOMMIT, port)
    assert asked({**port, "mac_address": "o"})
    assert not asked({**port, "name": "o", "status": "DOWN"})


def test_it_binds_nothing_and_filters_nothing(driver):
    assert driver.filter_hosts_with_segment_access(None, [], {"h1"}, None) == set()
    assert not driver._supports_port_binding
    assert driver.check_vlan_qinq(None) is False
