"""What a request may cost: SQL statements, and our own frames on the way to a driver.

Statements are counted as the database sees them, without BEGIN and COMMIT. The numbers are
ceilings; whoever needs one more has to say why here.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from neutron_lib.plugins.ml2 import api as driver_api

import deuteron
from deuteron.app.wsgi import application_of
from deuteron.core.deployment import Deployment
from deuteron.ml2.dispatch import Mechanisms
from tests import cpu
from tests.api.conftest import MakeSite
from tests.api.used import Used

# Statements of one request in a process that has done the same before.
CEILINGS = {
    "create network": 10,
    "create security group": 8,
    "create rule with an address group": 8,  # two for the quota
    "show address group": 1,
    "add addresses": 3,
    "create subnet": 8,
    # holds the pool, reads it and what it gave out
    "create subnet from a pool": 12,
    "create port": 12,
    "create port, bound": 20,
    "bulk of 100 ports": 14,
    "update port name": 7,
    "bind port by update": 20,
    "delete port": 9,
    "show port": 2,
    "show network": 2,
    "show subnet": 2,
    "show security group": 3,
    "agent refreshes": 2,
    "create router": 6,
    "create router with a gateway": 20,
    "add router interface": 19,
    "remove router interface": 18,  # one for floating IPs that lead to its port
    "create floating IP": 10,
    "associate floating IP": 11,
    "disassociate floating IP": 6,
    "delete floating IP": 14,
    "create port forwarding": 15,
    "show router": 2,
}


@pytest.fixture
def used(new_site: MakeSite) -> Used:
    """Newly built: what the drivers of an older one have at hand changes what a request costs."""
    site = new_site()
    return Used(site.deployment, site.application)


def _requests(used: Used) -> dict[str, Callable[[], Any]]:
    api, network_id = used.api, used.network["id"]
    bound = {"binding:host_id": "host-1"}
    bare = [api.create("network")["id"] for _ in range(2)]
    pooled = {"subnetpool_id": used.pool, "ip_version": 4}
    spare = [api.create("port", network_id=network_id)["id"] for _ in range(4)]
    groups = api.list("security_group")
    number = iter(range(1000))
    many = {"ports": [{"network_id": network_id} for _ in range(100)]}
    addresses = api.create("address_group", addresses=["10.0.0.0/8"])["id"]
    rule = {"security_group_id": groups[0]["id"], "direction": "ingress"}
    protocol = iter(range(100, 200))
    return {
        "create security group": lambda: api.create("security_group", name="g"),
        "create rule with an address group": lambda: api.create(
            "security_group_rule",
            **rule,
            remote_address_group_id=addresses,
            protocol=next(protocol),
        ),
        "show address group": lambda: api.show("address_group", addresses),
        "add addresses": lambda: api.call(
            "PUT",
            f"/address-groups/{addresses}/add_addresses",
            {"addresses": [f"192.0.2.{next(number)}"]},
        ),
        "create network": lambda: api.create("network"),
        "create subnet": lambda: api.create(
            "subnet", network_id=bare.pop(), cidr="10.0.0.0/24", ip_version=4
        ),
        "create subnet from a pool": lambda: api.create("subnet", network_id=bare.pop(), **pooled),
        "create port": lambda: api.create("port", network_id=network_id),
        "create port, bound": lambda: api.create("port", network_id=network_id, **bound),
        "bulk of 100 ports": lambda: api.call("POST", "/ports", many),
        "update port name": lambda: api.update("port", used.port["id"], name=f"n{next(number)}"),
        "bind port by update": lambda: api.update("port", spare.pop(), **bound),
        "delete port": lambda: api.delete("port", spare.pop()),
        "show port": lambda: api.show("port", used.port["id"]),
        "show network": lambda: api.show("network", network_id),
        "show subnet": lambda: api.show("subnet", api.list("subnet", "fields=id")[0]["id"]),
        "show security group": lambda: api.show("security_group", groups[0]["id"]),
        "agent refreshes": lambda: api.ovs_agent("host-1", start_flag=False),
        **_requests_of_routers(used),
        **_requests_of_floating_ips(used),
    }


def _requests_of_floating_ips(used: Used) -> dict[str, Callable[[], Any]]:
    api = used.api
    network = {"network_id": used.network["id"]}
    outside = {"floating_network_id": used.outside}
    inside = [api.create("port", **network)["id"] for _ in range(4)]
    alone = [api.create("floatingip", **outside)["id"] for _ in range(4)]
    leading = [api.create("floatingip", **outside, port_id=inside.pop())["id"] for _ in range(2)]
    (one,) = api.list("floatingip", f"id={used.forwarding}")[0]["port_forwardings"]
    forwarding = {
        name: one[name] for name in ("internal_port_id", "internal_ip_address", "protocol")
    }
    ports = iter(range(100, 200))
    return {
        "create floating IP": lambda: api.create("floatingip", **outside),
        "associate floating IP": lambda: api.update("floatingip", alone[-1], port_id=inside.pop()),
        "disassociate floating IP": lambda: api.update("floatingip", leading.pop(), port_id=None),
        "delete floating IP": lambda: api.delete("floatingip", alone.pop()),
        "create port forwarding": lambda: api.call(
            "POST",
            f"/floatingips/{used.forwarding}/port_forwardings",
            {
                "port_forwarding": {
                    **forwarding,
                    "internal_port": (port := next(ports)),
                    "external_port": port,
                }
            },
        ),
    }


def _requests_of_routers(used: Used) -> dict[str, Callable[[], Any]]:
    api = used.api
    router = api.create("router")["id"]
    network = api.create("network")["id"]
    on = [
        {"subnet_id": api.create("subnet", network_id=network, cidr=cidr, ip_version=4)["id"]}
        for cidr in ("10.64.0.0/24", "10.65.0.0/24", "10.66.0.0/24", "10.67.0.0/24")
    ]
    off = on[2:]
    add, remove = (f"/routers/{router}/{what}_router_interface" for what in ("add", "remove"))
    for one in off:
        assert api.call("PUT", add, one).status == 200
    joins, leaves = iter(on[:2]), iter(off)
    gate = {"external_gateway_info": {"network_id": used.outside}}
    return {
        "create router": lambda: api.create("router"),
        "create router with a gateway": lambda: api.create("router", **gate),
        "add router interface": lambda: api.call("PUT", add, next(joins)),
        "remove router interface": lambda: api.call("PUT", remove, next(leaves)),
        "show router": lambda: api.show("router", used.router["id"]),
    }


@pytest.mark.parametrize("name", CEILINGS)
def test_statements_of_a_request(used: Used, name: str) -> None:
    statements = used.cost(_requests(used)[name])
    own = statements[1:] if name == "show subnet" else statements  # the first finds its id
    assert len(own) <= CEILINGS[name], statements


def test_dhcp_agents_cost_two_statements_per_port(used: Used) -> None:
    requests = _requests(used)
    names = ("create port", "bulk of 100 ports", "create port, bound")
    without = {name: len(used.cost(requests[name])) for name in names}
    used.api.agent("host-1", agent_type="DHCP agent", binary="neutron-dhcp-agent")
    assert {name: len(used.cost(requests[name])) for name in names} == {
        # does the network have enough agents; does the port wait for one of them
        name: count + 2
        for name, count in without.items()
    }


def test_a_group_of_2000_rules_lists_in_60_ms_of_cpu(used: Used) -> None:
    owner = used.api.as_project("owner")
    unlimited = {"quota": {"security_group_rule": -1}}
    assert used.api.call("PUT", "/quotas/owner", unlimited).status == 200
    group = owner.create("security_group", name="large")["id"]
    rules = [
        {
            "security_group_id": group,
            "direction": "ingress",
            "protocol": "tcp",
            "port_range_min": number % 500 + 1,
            "port_range_max": number % 500 + 1,
            "remote_ip_prefix": f"10.{number // 500}.0.1/24",
        }
        for number in range(2000)
    ]
    made = owner.call("POST", "/security-group-rules", {"security_group_rules": rules})
    assert made.status == 201
    for client in (used.api, owner):
        for path in (
            f"/security-groups?id={group}",
            f"/security-groups/{group}",
            f"/security-group-rules?security_group_id={group}",
        ):
            answer = client.get_raw(path)
            assert len(answer) > 2000 * 300
            spent = cpu.spent(partial(client.get_raw, path))
            assert spent <= 0.060, f"{path}: {spent * 1000:.0f} ms"


class _Witness(driver_api.MechanismDriver):  # type: ignore[misc]
    """Notes how many of our functions are on the stack when it is called."""

    def __init__(self) -> None:
        self.frames: list[str] = []

    def initialize(self) -> None:
        """Nothing to prepare."""

    def create_port_precommit(self, context: Any) -> None:
        """Look at the stack."""
        ours = str(Path(deuteron.__file__).parent)
        frame = sys._getframe().f_back
        while frame is not None:
            if frame.f_code.co_filename.startswith(ours):
                self.frames.append(f"{frame.f_code.co_filename}:{frame.f_code.co_name}")
            frame = frame.f_back


def test_at_most_six_frames_lead_from_a_request_to_a_drivers_hook(
    deployment: Deployment,
) -> None:
    from dataclasses import replace

    witness = _Witness()
    drivers = (*deployment.mechanisms.drivers, ("witness", witness))
    watched = replace(deployment, mechanisms=Mechanisms(drivers))
    used = Used(watched, application_of(watched))
    witness.frames.clear()
    used.api.create("port", network_id=used.network["id"])
    assert 0 < len(witness.frames) <= 6, "\n".join(witness.frames)
