"""What a firewall on a host needs to know for ports: their groups' rules, and remote addresses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import address_groups, devices, security_groups
from deuteron.core.deployment import Deployment
from deuteron.core.devices import Device
from deuteron.db import group_members
from deuteron.db import ports as port_rows
from deuteron.query import Query

Address = tuple[str, str | None]
"""An address or a prefix, and a MAC address that it has to come with, None for any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupInfo:
    """What is known for some ports.

    Args:
        ports: (device, API dict) of those that have port security and belong to no service.
        groups: API dicts with rules, of all groups of these ports.
        members: id of a remote group or address group -> its addresses.
    """

    ports: tuple[tuple[Device, dict[str, Any]], ...]
    groups: tuple[dict[str, Any], ...]
    members: dict[str, list[Address]]


def of_devices(d: Deployment, ctx: RequestContext, wanted: Sequence[Device]) -> GroupInfo:
    """What a firewall needs for devices, by a constant number of statements.

    Args:
        d: the deployment.
        ctx: the agent.
        wanted: names of devices; those that nobody knows are left out.
    """
    with d.database.read() as conn:
        states = devices.find(conn, wanted)
        names = {
            state.id: name
            for name, state in zip(wanted, states, strict=True)
            if state is not None and not state.port["device_owner"].startswith("network:")
        }
        found = port_rows.get_many(conn, sorted(names))
        found = [port for port in found if port["port_security_enabled"]]
        d.ports.load(conn, found)
    ids = sorted({group_id for port in found for group_id in port["security_groups"]})
    groups = security_groups.list_(d, ctx, Query(filters={"id": tuple(ids)})) if ids else []
    rules = [rule for group in groups for rule in group["security_group_rules"]]
    remote = sorted({rule["remote_group_id"] for rule in rules if rule["remote_group_id"]})
    remote_addresses = sorted(
        {rule["remote_address_group_id"] for rule in rules if rule["remote_address_group_id"]}
    )
    members: dict[str, list[Address]] = {one: [] for one in (*remote, *remote_addresses)}
    if remote:
        with d.database.read() as conn:
            members.update(group_members.addresses(conn, remote))
    if remote_addresses:
        query = Query(filters={"id": tuple(remote_addresses)})
        for group in address_groups.list_(d, ctx, query):
            members[group["id"]] = [(address, None) for address in group["addresses"]]
    return GroupInfo(
        ports=tuple((names[port["id"]], port) for port in found),
        groups=tuple(groups),
        members=members,
    )
