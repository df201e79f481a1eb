"""Networks as DHCP agents serve them: with all their subnets and ports, many at once.

A constant number of statements, however many networks there are: an agent that starts asks for all
of its networks at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import networks, ports, subnets
from deuteron.core.deployment import Deployment
from deuteron.core.segment_hosts import hosts_of
from deuteron.db import segments as segment_rows
from deuteron.query import Query
from deuteron.segment import Segment

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedNetwork:
    """A network with what is on it.

    Args:
        network: API dict.
        subnets: API dicts, by id: agents build their files by this order.
        ports: API dicts.
        segments: static ones of a routed network, by index; empty for any other network.
        hosts: segment id -> hosts that reach it.
    """

    network: Resource
    subnets: tuple[Resource, ...]
    ports: tuple[Resource, ...]
    segments: tuple[Segment, ...] = ()
    hosts: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def segments_at(self, host: str) -> set[str]:
        """Ids of the segments that a host reaches."""
        return {segment_id for segment_id, hosts in self.hosts.items() if host in hosts}


def read(
    d: Deployment, ctx: RequestContext, network_ids: Sequence[str], *, up: bool = False
) -> list[ServedNetwork]:
    """Networks with what is on them, in the order of their ids.

    Args:
        d: the deployment.
        ctx: the caller.
        network_ids: those that do not exist are not in the answer.
        up: only those that are administratively up.
    """
    if not network_ids:
        return []
    ids: dict[str, tuple[Any, ...]] = {"id": tuple(network_ids)}
    found = networks.list_(d, ctx, Query(filters=ids | ({"admin_state_up": (True,)} if up else {})))
    if not found:
        return []
    on_them = Query(filters={"network_id": tuple(network["id"] for network in found)})
    of_networks = _grouped(subnets.list_(d, ctx, on_them))
    on_networks = _grouped(ports.list_(d, ctx, on_them))
    routed = [
        network_id
        for network_id, those in of_networks.items()
        if any(subnet["segment_id"] is not None for subnet in those)
    ]
    segments: Mapping[str, list[Segment]] = {}
    hosts: Mapping[str, set[str]] = {}
    if routed:
        with d.database.read() as conn:
            segments = segment_rows.of_networks(conn, routed)
            ids_of_segments = [one.id for those in segments.values() for one in those]
            hosts = hosts_of(conn, ids_of_segments) if ids_of_segments else {}
    return [
        ServedNetwork(
            network=network,
            subnets=tuple(of_networks.get(network["id"], ())),
            ports=tuple(on_networks.get(network["id"], ())),
            segments=(static := _static(segments.get(network["id"], ()))),
            hosts={one.id: frozenset(hosts.get(one.id, ())) for one in static},
        )
        for network in found
    ]


def _grouped(resources: Sequence[Resource]) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for resource in resources:
        found.setdefault(resource["network_id"], []).append(resource)
    return found


def _static(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    return tuple(segment for segment in segments if not segment.is_dynamic)
