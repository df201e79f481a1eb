"""What agents that keep no objects are told by name: those of routers, and most of layer 2.

    port changed for its agent       port_update                      if its host has such an agent,
                                                                      or it may be on several hosts
    another binding is the active    binding_deactivate, binding_activate
    network changed, deleted         network_update, network_delete
    rule, or state of a group        security_groups_rule_updated     once for all groups
    members or their addresses       security_groups_member_updated   once for all groups

They ask for what they need when they are told. Topics, methods and versions are Neutron's
(observed). A status is nothing that they are told: they report it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neutron_lib import constants

from deuteron.core import port_journal
from deuteron.core.audience import Audience
from deuteron.core.followers import Entry
from deuteron.rpc.forms import as_told
from deuteron.rpc.message import Message
from deuteron.rpc.told_objects import Present

# Kinds that must be read for them.
KINDS = ("Port", "SecurityGroupRule")
KINDS_OF_ROUTERS = ("Network",)

_PREFIX = "q-agent-notifier-"
# The other hosts of a highly available router have these plugged, too. Their agents asked before it
# was known where it is active, and the ports bound: they ask no more unless they are told.
_ON_SEVERAL = (constants.DEVICE_OWNER_HA_REPLICATED_INT, constants.DEVICE_OWNER_ROUTER_GW)
# Neutron's agents serve DHCP ports from any group: those are no members.
_NO_MEMBER = "network:dhcp"


def messages(entries: Sequence[Entry], there: Present, audience: Audience) -> Iterator[Message]:
    """The messages that follow from entries of the journal.

    Args:
        entries: of the journal.
        there: ports, networks and rules that they are about, as they are now.
        audience: who listens.
    """
    if audience.named or audience.routers:
        yield from _networks(entries, there.get("Network", {}))
    if not audience.named:
        return
    for entry in entries:
        if entry.resource == "network" and entry.event == "delete":
            yield _fanout("network-delete", "network_delete", "1.0", network_id=entry.resource_id)
    yield from _groups(entries, there)
    yield from _bindings(entries)
    yield from _ports(entries, there.get("Port", {}), audience)


def _fanout(topic: str, method: str, version: str, **arguments: Any) -> Message:
    return Message(topic=_PREFIX + topic, method=method, version=version, arguments=arguments)


def _networks(entries: Sequence[Entry], networks: Mapping[str, Any]) -> Iterator[Message]:
    changed = {
        entry.resource_id: None
        for entry in entries
        if entry.resource == "network" and entry.event == "update"
    }
    for network_id in changed:
        if network_id in networks:
            shown = as_told(networks[network_id])
            shown.pop("segment_objects", None)
            yield _fanout("network-update", "network_update", "1.4", network=shown)


def _groups(entries: Sequence[Entry], there: Present) -> Iterator[Message]:
    rules, members = set[str](), set[str]()
    for entry in entries:
        if entry.resource == "security_group_rule":
            rules |= _group_of_rule(entry, there.get("SecurityGroupRule", {}))
        elif entry.resource == "security_group" and entry.event == "update":
            rules.add(entry.resource_id)
        elif entry.resource == "port":
            members |= _groups_of_member(entry, there.get("Port", {}))
    topic = "security_group-update"
    for method, groups in (
        ("security_groups_rule_updated", rules),
        ("security_groups_member_updated", members),
    ):
        if groups:
            yield _fanout(topic, method, "1.1", security_groups=sorted(groups))


def _group_of_rule(entry: Entry, rules: Mapping[str, Any]) -> set[str]:
    rule = rules.get(entry.resource_id) or entry.details or {}
    return {rule["security_group_id"]} if "security_group_id" in rule else set()


def _groups_of_member(entry: Entry, ports: Mapping[str, Any]) -> set[str]:
    """The groups whose members an entry about a port has changed."""
    details = entry.details or {}
    if entry.event == "delete":
        owner, groups = details.get("device_owner"), details.get("security_groups", ())
        return set() if owner == _NO_MEMBER else set(groups)
    port = ports.get(entry.resource_id)
    if port is None or port["device_owner"] == _NO_MEMBER:
        return set()
    was = details.get("was", {})
    changed = {*was, *details.get("changed", ())}
    if entry.event == "create" or entry.details is None or changed & _OF_MEMBERS:
        return {*port["security_groups"], *was.get("security_groups", ())}
    return set()


_OF_MEMBERS = {"fixed_ips", "mac_address", "security_groups", "allowed_address_pairs"}


def _bindings(entries: Sequence[Entry]) -> Iterator[Message]:
    """Both hosts of a port that has moved are told, the old one first."""
    for entry in entries:
        if entry.resource != "port" or entry.event != port_journal.ACTIVATE or not entry.details:
            continue
        host = entry.details["binding:host_id"]
        before = entry.details.get("was", {}).get("binding:host_id")
        port_id = entry.resource_id
        if before:
            yield _fanout(
                "binding-deactivate",
                "binding_deactivate",
                "1.5",
                port_id=port_id,
                host=before,
                network_id=entry.details["network_id"],
            )
        yield _fanout("binding-activate", "binding_activate", "1.5", port_id=port_id, host=host)


def _ports(
    entries: Sequence[Entry], ports: Mapping[str, Any], audience: Audience
) -> Iterator[Message]:
    changed = {
        entry.resource_id: ports[entry.resource_id]
        for entry in entries
        if entry.resource == "port"
        and entry.resource_id in ports
        and _concerns_wiring(entry, ports[entry.resource_id])
    }
    for port in changed.values():
        host, owner = port["binding:host_id"], port["device_owner"]
        if host not in audience.named and owner not in _ON_SEVERAL:
            continue
        levels = [level for level in port["binding_levels"] if level["host"] == host]
        segment = levels[-1]["segment"] if levels else None
        if segment is None:
            continue
        shown = as_told(port)
        for name in ("bindings", "binding_levels"):
            del shown[name]
        yield _fanout(
            "port-update",
            "port_update",
            "1.0",
            port=shown,
            **{
                name: segment[name]
                for name in ("network_type", "segmentation_id", "physical_network")
            },
        )


def _concerns_wiring(entry: Entry, port: Mapping[str, Any]) -> bool:
    """Whether the agent of a port's host has to look at it again.

    Who has wired it knows that it is there: told of that once more, it would wire it anew.
    """
    details = entry.details
    if entry.event in (port_journal.BIND, port_journal.ACTIVATE):
        return bool(port["status"] != "ACTIVE")
    if entry.event != "update":
        return False
    return details is None or bool({*details.get("was", ()), *details.get("changed", ())})
