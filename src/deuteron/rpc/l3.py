"""What L3 agents ask, and what they report.

    start       get_host_ha_router_count, update_all_ha_network_port_statuses
                get_router_ids              the routers of the agent, and those that lack an agent
                sync_routers                256 of them at a time, with all that belongs to them
    a change    sync_routers                one of them anew; one that is not in the answer is gone
                update_floatingip_statuses, update_ha_routers_states
    distributed get_ports_by_subnet, get_agent_gateway_port, delete_agent_gateway_port

Methods, versions, arguments and answers are Neutron's (observed).
"""

from collections.abc import Sequence
from typing import Any

from deuteron.core.deployment import Deployment
from deuteron.rpc import arguments, dhcp
from deuteron.rpc.endpoint import Call, Endpoint
from deuteron.rpc.forms import as_told
from deuteron.services.l3.agents import agents, hosting
from deuteron.services.l3.agents import view as agent_view
from deuteron.services.l3.agents.view import Addition
from deuteron.services.l3.dvr import routers as dvr
from deuteron.services.l3.dvr import view as dvr_view
from deuteron.services.l3.floating import floating_ips
from deuteron.services.l3.floating import view as floating_ip_view
from deuteron.services.l3.ha import routers as ha
from deuteron.services.l3.ha import view as ha_view

Resource = dict[str, Any]

# Shown in one line of the log, at most.
_NAMED = 5
_NO_AGENT = "asks for routers, but is no L3 agent that has reported"

# What is put into routers before their ports are completed; the order matters: what is distributed
# looks at floating IPs.
ADDITIONS: tuple[Addition, ...] = (floating_ip_view.show, ha_view.show, dvr_view.show)


# --- routers --------------------------------------------------------------------------------------


def get_router_ids(d: Deployment, call: Call, *, host: Any, **_others: Any) -> list[str]:
    """Ids of the routers that an agent has, after it was given those that lack an agent.

    Args:
        d: the deployment.
        call: the message.
        host: of the agent.
    """
    host = arguments.text("host", host)
    ids = agents.of_active_agent(d, call.ctx, host)
    if not ids and agents.on_host(d, host)[0] is None:
        call.tell(_NO_AGENT)
    return ids


def sync_routers(
    d: Deployment, call: Call, *, host: Any, router_ids: Any = None, **_others: Any
) -> list[Resource]:
    """Routers with all that an agent needs to know of them; their ports are on its host then.

    Args:
        d: the deployment.
        call: the message.
        host: of the agent.
        router_ids: those that it asks for, None or none for all that it has. Routers that it does
            not have are not in the answer.
    """
    host = arguments.text("host", host)
    wanted = arguments.texts("router_ids", router_ids)
    agent, having = agents.on_host(d, host)
    if agent is None:
        call.tell(_NO_AGENT)
        return []
    ids = sorted(having.intersection(wanted)) if wanted else sorted(having)
    _tell_strange(call, "asks for", set(wanted) - having)
    if not ids:
        return []
    hosting.bind_ports(d, call.ctx, host, ids)
    return agent_view.read(d, call.ctx, agent, ids, ADDITIONS)


def get_host_ha_router_count(d: Deployment, call: Call, *, host: Any, **_others: Any) -> int:
    """How many highly available routers an agent has.

    Args:
        d: the deployment.
        call: the message.
        host: of the agent.
    """
    return ha.count_on(d, call.ctx, arguments.text("host", host))


def update_all_ha_network_port_statuses(
    d: Deployment, call: Call, *, host: Any, **_others: Any
) -> None:
    """The ports by which highly available routers of a host talk have to be wired anew.

    Args:
        d: the deployment.
        call: the message.
        host: of the agent.
    """
    ha.ports_unready(d, call.ctx, arguments.text("host", host))


def update_floatingip_statuses(
    d: Deployment, call: Call, *, router_id: Any, fip_statuses: Any, **_others: Any
) -> None:
    """An agent says which floating IPs of a router work.

    Args:
        d: the deployment.
        call: the message.
        router_id: of the router; one that is not there is ignored.
        fip_statuses: floating IP id -> ``ACTIVE``, ``DOWN`` or ``ERROR``. Those that are not the
            router's are ignored, those that were its and are not named are down.
    """
    router_id = arguments.text("router_id", router_id)
    statuses = {
        arguments.text("fip_statuses", one): arguments.text(f"fip_statuses.{one}", status)
        for one, status in arguments.mapping("fip_statuses", fip_statuses).items()
    }
    if not agents.is_router(d, router_id):
        _tell_strange(call, "reports floating IPs of", {router_id})
        return
    floating_ips.report_statuses(d, call.ctx, router_id, statuses)


def update_ha_routers_states(
    d: Deployment, call: Call, *, host: Any, states: Any, **_others: Any
) -> None:
    """An agent says where its highly available routers are active. Nobody waits for an answer.

    Args:
        d: the deployment.
        call: the message.
        host: of the agent.
        states: router id -> ``active`` or ``standby``; routers that it does not have are ignored.
    """
    host = arguments.text("host", host)
    given = {
        arguments.text("states", router_id): arguments.text(f"states.{router_id}", state)
        for router_id, state in arguments.mapping("states", states).items()
    }
    _, having = agents.on_host(d, host)
    _tell_strange(call, "reports states of", given.keys() - having)
    ha.report_states(d, call.ctx, host, {one: given[one] for one in given.keys() & having})


def _tell_strange(call: Call, does: str, router_ids: set[str]) -> None:
    """One line of the log for routers that an agent speaks of and does not have."""
    if router_ids:
        named = sorted(router_ids)[:_NAMED]
        more = f" and {len(router_ids) - _NAMED} more" if len(router_ids) > _NAMED else ""
        call.tell(
            f"{does} routers that it was never given, or has no more; they are ignored:"
            f" {', '.join(named)}{more}"
        )


# --- distributed routers --------------------------------------------------------------------------


def get_ports_by_subnet(
    d: Deployment, call: Call, *, subnet_id: Any, **_others: Any
) -> list[Resource]:
    """The ports of a subnet, for the neighbour tables of routers.

    Args:
        d: the deployment.
        call: the message.
        subnet_id: of the subnet.
    """
    found = dvr.ports_by_subnet(d, call.ctx, arguments.text("subnet_id", subnet_id))
    return [as_told(port) for port in found]


def get_agent_gateway_port(
    d: Deployment, call: Call, *, network_id: Any, host: Any, **_others: Any
) -> Resource | None:
    """The port by which floating IPs of a host come in; made if it is not there.

    Args:
        d: the deployment.
        call: the message.
        network_id: of the external network.
        host: of the agent.

    Returns:
        the port; None if the host is to have none.
    """
    network_id = arguments.text("network_id", network_id)
    port = dvr.agent_gateway_port(d, call.ctx, network_id, arguments.text("host", host))
    if port is None:
        return None
    told = as_told(port)
    agent_view.complete(d, [told])
    return told


def delete_agent_gateway_port(
    d: Deployment, call: Call, *, network_id: Any, host: Any, **_others: Any
) -> None:
    """A host has no floating IPs of an external network any more.

    Args:
        d: the deployment.
        call: the message.
        network_id: of the external network.
        host: of the agent.
    """
    network_id = arguments.text("network_id", network_id)
    dvr.delete_agent_gateway_port(d, call.ctx, network_id, arguments.text("host", host))


# --- the rest -------------------------------------------------------------------------------------


def get_service_plugin_list(d: Deployment, _call: Call, **_others: Any) -> Sequence[str]:
    """What services the site has, by the types that flavors call them."""
    return sorted(d.service_types)


ENDPOINT = Endpoint(
    version="1.13",
    methods={
        "delete_agent_gateway_port": delete_agent_gateway_port,
        "get_agent_gateway_port": get_agent_gateway_port,
        "get_host_ha_router_count": get_host_ha_router_count,
        "get_networks": dhcp.get_networks,
        "get_ports_by_subnet": get_ports_by_subnet,
        "get_router_ids": get_router_ids,
        "get_service_plugin_list": get_service_plugin_list,
        "sync_routers": sync_routers,
        "update_all_ha_network_port_statuses": update_all_ha_network_port_statuses,
        "update_floatingip_statuses": update_floatingip_statuses,
        "update_ha_routers_states": update_ha_routers_states,
    },
)
