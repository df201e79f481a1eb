"""Floating IP pools: the subnets from which floating IPs come, as far as the caller may know.

They are no things of their own: each IPv4 subnet of an external network is one.
"""

from typing import Any

from sqlalchemy import select

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.db import sharing
from deuteron.db.tables import networks, subnets
from deuteron.query import Query

_POOLS = (
    select(subnets.c.id, subnets.c.name, subnets.c.network_id, subnets.c.cidr)
    .join(networks, networks.c.id == subnets.c.network_id)
    .where(networks.c.external, subnets.c.ip_version == 4)
    .order_by(subnets.c.id)
)
_POOLS_SCOPED = sharing.for_many(_POOLS, "networks", "")
_KEYS = ("subnet_id", "subnet_name", "network_id", "cidr")


def list_(d: Deployment, ctx: RequestContext, _query: Query) -> list[dict[str, Any]]:
    """All pools, ordered by the id of their subnet; they are said to be the caller's (observed)."""
    statement = _POOLS if ctx.scope is None else _POOLS_SCOPED
    with d.database.read() as conn:
        found = conn.execute(statement, sharing.parameters(ctx.scope)).fetchall()
    return [{**dict(zip(_KEYS, row, strict=True)), "project_id": ctx.project_id} for row in found]
