"""A service in which everything was done once, to count what is done again."""

from collections.abc import Callable
from typing import Any

from deuteron.core.deployment import Deployment
from tests.api.client import Api
from tests.statements import Statements, counted

# There is a limit, but not one that a test reaches.
LIMITED = (
    "network",
    "router",
    "floatingip",
    "rbac_policy",
    "security_group",
    "security_group_rule",
)


class Used:
    """A service in which everything was done once."""

    def __init__(self, deployment: Deployment, application: Any) -> None:
        self.deployment = deployment
        self.api = Api(application, {"X-Project-Id": "tests"})
        limits = dict.fromkeys(LIMITED, 1000)
        assert self.api.call("PUT", "/quotas/tests", {"quota": limits}).status == 200
        self.api.ovs_agent("host-1")
        self.network = self.a_network()
        self.port = self.api.create(
            "port", network_id=self.network["id"], device_owner="compute:nova"
        )
        self.with_trunk_and_policy(self.network["id"])
        self.pool = self.a_pool(0)
        self.a_flavor()
        self.a_label(0)
        self.outside = self.api.create("network", **{"router:external": True})["id"]
        self.api.create("subnet", network_id=self.outside, cidr="198.18.0.0/15", ip_version=4)
        self.router = self.a_router(self.network)
        self.forwarding = self.floating_ips(self.network)

    def a_label(self, number: int) -> None:
        """A metering label with a rule."""
        label = self.api.create("metering_label")["id"]
        self.api.create(
            "metering_label_rule",
            metering_label_id=label,
            direction="ingress",
            remote_ip_prefix=f"10.{number}.0.0/16",
        )

    def a_router(self, network: dict[str, Any]) -> dict[str, Any]:
        """On all subnets of a network, with a gateway and a route."""
        router = self.api.create("router", external_gateway_info={"network_id": self.outside})
        path = f"/routers/{router['id']}"
        for subnet in self.api.list("subnet", f"network_id={network['id']}"):
            self.api.call("PUT", f"{path}/add_router_interface", {"subnet_id": subnet["id"]})
        routes = [{"destination": "192.0.2.0/24", "nexthop": "10.0.255.254"}]
        assert self.api.call("PUT", path, {"router": {"routes": routes}}).status == 200
        helper = {"protocol": "udp", "port": 69, "helper": "tftp"}
        self.api.call("POST", f"{path}/conntrack_helpers", {"conntrack_helper": helper})
        return router

    def floating_ips(self, network: dict[str, Any]) -> str:
        """One that leads to a port of a network, and the id of one that has port forwardings."""
        port = self.api.create("port", network_id=network["id"])
        outside = {"floating_network_id": self.outside}
        self.api.create("floatingip", **outside, port_id=port["id"])
        other = self.api.create("port", network_id=network["id"])
        forwarding = {
            "internal_port_id": other["id"],
            "internal_ip_address": other["fixed_ips"][0]["ip_address"],
            "internal_port": 80,
            "external_port": 8080,
            "protocol": "tcp",
        }
        floating_ip = str(self.api.create("floatingip", **outside)["id"])
        path = f"/floatingips/{floating_ip}/port_forwardings"
        assert self.api.call("POST", path, {"port_forwarding": forwarding}).status == 201
        return floating_ip

    def a_flavor(self) -> None:
        """With a profile of its own."""
        profile = self.api.create("service_profile", metainfo="m")["id"]
        self.api.create("flavor", service_type="QOS", service_profiles=[profile])

    def a_pool(self, number: int) -> str:
        """Id of a subnet pool in an address scope of its own."""
        scope = self.api.create("address_scope", name="s", ip_version=4)["id"]
        pool = self.api.create(
            "subnetpool",
            name="p",
            prefixes=[f"10.{number}.0.0/16"],
            default_prefixlen=24,
            address_scope_id=scope,
        )
        return str(pool["id"])

    def a_network(self) -> dict[str, Any]:
        network = self.api.create("network")
        self.api.create("subnet", network_id=network["id"], cidr="10.0.0.0/16", ip_version=4)
        return network

    def with_trunk_and_policy(self, network_id: str) -> None:
        """A port that carries a trunk, with a policy of its own."""
        policy = self.api.call("POST", "/qos/policies", {"policy": {"name": "q"}})
        policy_id = policy.body["policy"]["id"]
        rules = f"/qos/policies/{policy_id}/minimum_bandwidth_rules"
        self.api.call("POST", rules, {"minimum_bandwidth_rule": {"min_kbps": 1}})
        parent = self.api.create(
            "port", network_id=network_id, qos_policy_id=policy_id, device_id="trunk"
        )
        subport = self.api.create("port", network_id=network_id)
        vlan = {
            "port_id": subport["id"],
            "segmentation_type": "vlan",
            "segmentation_id": 5,
        }
        self.api.create("trunk", port_id=parent["id"], sub_ports=[vlan])

    def cost(self, request: Callable[[], Any]) -> Statements:
        request()
        with counted(self.deployment.database) as statements:
            request()
        return statements

    def fill(self, numbers: range) -> None:
        """More of everything, once for each of these numbers, which it is told apart by."""
        for number in numbers:
            network = self.a_network()
            for _ in range(3):
                self.api.create("port", network_id=network["id"])
            self.with_trunk_and_policy(network["id"])
            self.a_pool(number + 1)
            self.api.create("security_group", name=f"g{number}")
            self.api.create("address_group", addresses=[f"10.0.0.{number}/32"])
            self.api.create(
                "security_groups_default_statefulness", project_id=f"q{number}", stateful=False
            )
            self.api.create(
                "default_security_group_rule",
                direction="ingress",
                protocol=number + 150,
                used_in_default_sg=True,
                used_in_non_default_sg=True,
            )
            self.api.ovs_agent(f"host-{number}")
            self.a_flavor()
            self.a_label(number)
            self.a_router(network)
            self.floating_ips(network)
            self.api.create(
                "rbac_policy",
                object_type="network",
                object_id=network["id"],
                action="access_as_shared",
                target_tenant="*",
            )
