"""Ports, networks and subnets as agents know them: the API's attributes, and how ports are bound.

Agents keep objects and trust what they are told of changes, so what they ask for must be whole:
all bindings of a port with their levels, all segments of a network with the hosts that reach them.
Any number of objects costs the same number of statements.
"""

from typing import Any

from deuteron.context import RequestContext
from deuteron.core import distributed
from deuteron.core import networks as network_verbs
from deuteron.core import ports as port_verbs
from deuteron.core import subnets as subnet_verbs
from deuteron.core.deployment import Deployment
from deuteron.core.segment_hosts import hosts_of
from deuteron.db import agent_objects as rows
from deuteron.db import distributed_bindings as distributed_rows
from deuteron.query import Query

Resource = dict[str, Any]


def ports(d: Deployment, ctx: RequestContext, query: Query) -> list[Resource]:
    """The ports that a query asks for.

    Args:
        d: the deployment.
        ctx: the agent.
        query: filters are those of the API.

    Returns:
        API dicts with ``bindings`` and ``binding_levels`` (see `deuteron.db.agent_objects`), the
        levels of the active binding last, and the ``distributed_bindings`` of a distributed port.
    """
    found = port_verbs.list_(d, ctx, query)
    if not found:
        return found
    ids = [port["id"] for port in found]
    everywhere = [port["id"] for port in found if distributed.is_distributed(port)]
    with d.database.read() as conn:
        bindings = rows.bindings(conn, ids)
        levels = rows.levels(conn, ids)
        of_hosts = distributed_rows.of_ports(conn, everywhere)
    for port in found:
        port["distributed_bindings"] = [
            {**one, "vnic_type": port["binding:vnic_type"], "profile": {}}
            for one in of_hosts.get(port["id"], ())
        ]
        # Agents look for the active one, also of ports that are on many hosts.
        port["bindings"] = [
            one
            for one in bindings.get(port["id"], ())
            if one["host"] or distributed.is_distributed(port)
        ]
        port["binding_levels"] = sorted(
            levels.get(port["id"], ()), key=lambda one: one["host"] == port["binding:host_id"]
        )
    return found


def networks(d: Deployment, ctx: RequestContext, query: Query) -> list[Resource]:
    """The networks that a query asks for.

    Args:
        d: the deployment.
        ctx: the agent.
        query: filters are those of the API.

    Returns:
        API dicts with ``segment_objects``: whole segments with the ``hosts`` that reach them.
    """
    found = network_verbs.list_(d, ctx, query)
    if not found:
        return found
    with d.database.read() as conn:
        segments = rows.segments_of(conn, [network["id"] for network in found])
        physical = [
            one["id"]
            for of_network in segments.values()
            for one in of_network
            if one["physical_network"] is not None
        ]
        hosts = hosts_of(conn, physical) if physical else {}
    for network in found:
        network["segment_objects"] = [
            {**one, "hosts": sorted(hosts.get(one["id"], ()))}
            for one in segments.get(network["id"], ())
        ]
    return found


def subnets(d: Deployment, ctx: RequestContext, query: Query) -> list[Resource]:
    """The subnets that a query asks for.

    Args:
        d: the deployment.
        ctx: the agent.
        query: filters are those of the API.

    Returns:
        API dicts with ``shared``, which is that of their network.
    """
    found = subnet_verbs.list_(d, ctx, query)
    if not found:
        return found
    ids = tuple(sorted({subnet["network_id"] for subnet in found}))
    of_these = Query(filters={"id": ids}, fields=("id", "shared"))
    shared = {one["id"]: one["shared"] for one in network_verbs.list_(d, ctx, of_these)}
    for subnet in found:
        subnet["shared"] = shared.get(subnet["network_id"], False)
    return found
