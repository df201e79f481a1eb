"""Which topologies there are: one for a project at most, by its primary key."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from deuteron.db.insert_ignore import InsertIgnore
from deuteron.db.service_tables import auto_allocated_topologies as topologies
from deuteron.db.transaction import Connectable, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """What was made for a project.

    Args:
        project_id: whose it is.
        network_id: of its network; the topology goes with it.
        router_id: of what leads out of it.
    """

    project_id: str
    network_id: str
    router_id: str


_OF_PROJECT = select(topologies.c.network_id, topologies.c.router_id).where(
    topologies.c.project_id == bindparam("project")
)
_INSERT = InsertIgnore(topologies)


def of_project(conn: Connectable, project_id: str) -> Topology | None:
    """The topology of a project, or None."""
    found = conn.execute(_OF_PROJECT, {"project": project_id}).first()
    if found is None:
        return None
    return Topology(project_id=project_id, network_id=found[0], router_id=found[1])


def keep(tx: Transaction, topology: Topology) -> bool:
    """Keep a new topology; False if the project has one."""
    row = {
        "project_id": topology.project_id,
        "network_id": topology.network_id,
        "router_id": topology.router_id,
    }
    return _INSERT.execute(tx, [row]) == 1
