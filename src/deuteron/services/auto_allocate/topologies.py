"""Topologies of projects: get, which makes them; delete; and the question whether one can be made.

    get   there is one                                  -> its network
          checks         default external network, default subnet pools
          network        administratively down, so that nobody uses it yet
          subnets        one from the default pool of each IP version
          uplink         a router between them and the external network
          keep           the primary key decides between requests at the same time
          network up

Each step is a verb with a transaction of its own; what was made is taken down again if a later one
fails, or if another request was faster.
"""

from collections.abc import Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import networks, subnet_pools, subnets
from deuteron.core.deployment import Deployment
from deuteron.db import networks as network_rows
from deuteron.db import ports as port_rows
from deuteron.errors import (
    AutoAllocationFailure,
    BadRequest,
    NetworkInUse,
    NotAuthorized,
    NotFound,
    SubnetAllocationError,
    TryAgain,
)
from deuteron.query import Query
from deuteron.services.auto_allocate import rows
from deuteron.services.auto_allocate.rows import Topology
from deuteron.services.plugin import Uplink

Row = dict[str, Any]

# What clients send who mean their own project.
_OWN = "None"
# Ports of the network itself, as routers and DHCP agents have them.
_OF_THE_NETWORK = "network:"
_DEFAULT_POOLS = Query(filters={"is_default": (True,)}, sort=(("ip_version", True),))


def get(uplink: Uplink, d: Deployment, ctx: RequestContext, project_id: str) -> Row:
    """The network of a project's topology; both are made if they are not there.

    Args:
        uplink: how subnets come to the external network.
        d: the deployment.
        ctx: the caller.
        project_id: of a project; ``None`` for the caller's.

    Raises:
        NotAuthorized: it is another's.
        AutoAllocationFailure: the site lacks something for it, or it could not be made.
        OverQuota: the project may not have so much.
    """
    project_id = _project(ctx, project_id)
    with d.database.read() as conn:
        present = rows.of_project(conn, project_id)
    if present is None:
        present = _make(uplink, d, ctx, project_id)
    return _shown(present.network_id, project_id)


def could_be_made(d: Deployment, ctx: RequestContext, project_id: str) -> Row:
    """Whether the site has what a topology is made of.

    Raises:
        NotAuthorized: the project is another's.
        AutoAllocationFailure: something is missing.
    """
    project_id = _project(ctx, project_id)
    _external_network(d)
    _pools(d, ctx)
    return _shown("dry-run=pass", project_id)


def _shown(network_id: str, project_id: str) -> Row:
    return {"id": network_id, "project_id": project_id}


def _project(ctx: RequestContext, project_id: str) -> str:
    wanted = ctx.project_id if project_id == _OWN else project_id
    if wanted != ctx.project_id and not ctx.is_admin:
        raise NotAuthorized(reason="the topology is another project's")
    return wanted


def _external_network(d: Deployment) -> str:
    with d.database.read() as conn:
        found = network_rows.default_external(conn)
    if found is None:
        raise AutoAllocationFailure(reason="there is no default external network")
    return found


def _pools(d: Deployment, ctx: RequestContext) -> list[Row]:
    """The default subnet pools that are there for the caller, one for an IP version at most."""
    found = subnet_pools.list_(d, ctx, _DEFAULT_POOLS)
    if not found:
        raise AutoAllocationFailure(reason="there is no default subnet pool")
    return found


def _make(uplink: Uplink, d: Deployment, ctx: RequestContext, project_id: str) -> Topology:
    external = _external_network(d)
    pools = _pools(d, ctx)
    network = _network(d, ctx, project_id)
    made: list[Row] = []
    router_id = None
    try:
        made = _subnets(d, ctx, network, pools)
        router_id = _connect(uplink, d, ctx, external, made)
        topology = Topology(project_id=project_id, network_id=network["id"], router_id=router_id)
        with d.database.transaction(ctx) as tx:
            kept = rows.keep(tx, topology)
        if kept:
            networks.update(d, ctx, network["id"], {"admin_state_up": True})
            return topology
    except Exception:
        _take_down(uplink, d, ctx, network["id"], router_id, made)
        raise
    _take_down(uplink, d, ctx, network["id"], router_id, made)
    with d.database.read() as conn:
        faster = rows.of_project(conn, project_id)
    if faster is None:
        raise TryAgain(reason=f"another request made and removed the topology of {project_id}")
    return faster


def _network(d: Deployment, ctx: RequestContext, project_id: str) -> Row:
    body = {
        "name": "auto_allocated_network",
        "admin_state_up": False,
        "project_id": project_id,
        "shared": False,
    }
    return networks.create(d, ctx, [body])[0]


def _subnets(d: Deployment, ctx: RequestContext, network: Row, pools: Sequence[Row]) -> list[Row]:
    bodies = [
        {
            "name": f"auto_allocated_subnet_v{pool['ip_version']}",
            "network_id": network["id"],
            "project_id": network["project_id"],
            "ip_version": pool["ip_version"],
            "subnetpool_id": pool["id"],
            "enable_dhcp": True,
        }
        for pool in pools
    ]
    try:
        return subnets.create(d, ctx, bodies)
    except (BadRequest, NotFound, SubnetAllocationError) as error:
        raise AutoAllocationFailure(
            reason=f"the default subnet pools have no subnets for the project: {error.message}"
        ) from error


def _connect(
    uplink: Uplink, d: Deployment, ctx: RequestContext, external: str, own: Sequence[Row]
) -> str:
    try:
        return uplink.connect(
            d,
            ctx,
            project_id=own[0]["project_id"],
            external_network_id=external,
            subnet_ids=[subnet["id"] for subnet in own],
        )
    except BadRequest as error:
        reason = f"there is no way to the default external network: {error.message}"
        raise AutoAllocationFailure(reason=reason) from error


def _take_down(
    uplink: Uplink,
    d: Deployment,
    ctx: RequestContext,
    network_id: str,
    router_id: str | None,
    of_network: Sequence[Row],
) -> None:
    """Remove what was made; what is gone already is fine."""
    if router_id is not None:
        uplink.disconnect(d, ctx, router_id, subnet_ids=[subnet["id"] for subnet in of_network])
    try:
        networks.delete(d, ctx, network_id)
    except NotFound:
        return


def delete(
    uplink: Uplink,
    d: Deployment,
    ctx: RequestContext,
    project_id: str,
    *,
    if_revision: int | None = None,  # noqa: ARG001 (topologies have no revision number)
) -> None:
    """Remove the topology of a project with all that was made for it; none is fine.

    Args:
        uplink: that connected it.
        d: the deployment.
        ctx: the caller.
        project_id: of a project; ``None`` for the caller's.

    Raises:
        NotAuthorized: it is another's.
        NetworkInUse: its network has ports of users.
    """
    project_id = _project(ctx, project_id)
    with d.database.read() as conn:
        topology = rows.of_project(conn, project_id)
        if topology is None:
            return
        owners = port_rows.owners_on_network(conn, topology.network_id)
    used = [port_id for port_id, owner, _ in owners if not owner.startswith(_OF_THE_NETWORK)]
    if used:
        raise NetworkInUse(
            net_id=topology.network_id, reason=f"delete its ports first: {', '.join(used)}"
        )
    own = subnets.list_(d, ctx, Query(filters={"network_id": (topology.network_id,)}))
    _take_down(uplink, d, ctx, topology.network_id, topology.router_id, own)
