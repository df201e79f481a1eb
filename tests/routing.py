"""Routers and L3 agents of a `Site`, by the verbs that the API calls."""

from typing import Any

from deuteron.core import agents
from deuteron.query import Query
from deuteron.services.l3 import interfaces, routers
from deuteron.services.l3.agents import agents as l3_agents
from tests.deployments import ADMIN, Site

L3 = "L3 agent"


def report(site: Site, host: str, zone: str | None = None, **said: Any) -> None:
    """An L3 agent reports; `said` are its configurations beside the usual ones."""
    state = {
        "agent_type": L3,
        "binary": "neutron-l3-agent",
        "host": host,
        "topic": "l3_agent",
        "availability_zone": zone,
        "configurations": {"agent_mode": "legacy", "handle_internal_only_routers": True, **said},
    }
    agents.report(site.d, ADMIN, state)


def start(site: Site, host: str, zone: str | None = None, **said: Any) -> str:
    """A host with an Open vSwitch agent and an L3 agent; the id of the latter."""
    site.report(host)
    report(site, host, zone, **said)
    query = Query(filters={"agent_type": (L3,), "host": (host,)})
    return str(agents.list_(site.d, ADMIN, query)[0]["id"])


def a_router(site: Site, **values: Any) -> dict[str, Any]:
    body = {"project_id": "p", "name": "r", "admin_state_up": True, **values}
    return routers.create(site.d, ADMIN, [body])[0]


def join(
    site: Site, router: dict[str, Any], cidr: str | None = "10.0.0.0/24", **values: Any
) -> Any:
    """Put a router on a new subnet of a new network; the port."""
    subnet = site.subnet(site.network(), **{"cidr": cidr, **values})
    body = {"subnet_id": subnet["id"]}
    return interfaces.add(site.d, ADMIN, router["id"], body)


def outside(site: Site, cidr: str = "203.0.113.0/24") -> dict[str, Any]:
    """An external network with a subnet."""
    network = site.network(**{"router:external": True})
    site.subnet(network, cidr, enable_dhcp=False)
    return network


def gate(site: Site, router: dict[str, Any], network: dict[str, Any] | None) -> dict[str, Any]:
    """Give a router a gateway, or none."""
    info = None if network is None else {"network_id": network["id"]}
    return routers.update(site.d, ADMIN, router["id"], {"external_gateway_info": info})


def having(site: Site, router: dict[str, Any]) -> list[str]:
    """Hosts of the agents that a router was given to."""
    return sorted(agent["host"] for agent in l3_agents.agents_of(site.d, ADMIN, router["id"]))
