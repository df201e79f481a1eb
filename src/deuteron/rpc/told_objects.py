"""Objects that agents keep, and what they are told when these change.

    entries of the journal --> mentioned()  which objects, and which of them are gone
                           --> present()    those that there are, as they are now
                           --> pushes()     messages, in each version that some agent knows

The messages are Neutron's (observed): a fanout for each kind and version, many objects in one.
An object that has changed often since the last look is told once, as it is. One that was made is
told as changed, as agents expect of all but trunks, policies and what routers do besides; one that
is gone by its id, or whole where agents ask whose it was.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import dhcp_scheduling, port_journal
from deuteron.core.deployment import Deployment
from deuteron.core.followers import Entry
from deuteron.errors import InvalidInput
from deuteron.query import Query
from deuteron.rpc import objects, versioned
from deuteron.rpc.message import Message
from deuteron.rpc.resources import SOURCES
from deuteron.rpc.versioned import Kind

Data = Mapping[str, Any]
Present = Mapping[str, Mapping[str, dict[str, Any]]]
"""Name of a kind -> id -> the object as the core gives it."""

CREATED, UPDATED, DELETED = "created", "updated", "deleted"

_VERSION = "1.1"
# Noun of the journal -> kind; in this order agents are told, and in reverse what is gone.
_KINDS: Mapping[str, Kind] = {
    "network": objects.NETWORK,
    "subnet": objects.SUBNET,
    "address_group": objects.ADDRESS_GROUP,
    "security_group": objects.SECURITY_GROUP,
    "security_group_rule": objects.SECURITY_GROUP_RULE,
    "qos_policy": objects.QOS_POLICY,
    "port": objects.PORT,
    "trunk": objects.TRUNK,
    "conntrack_helper": objects.CONNTRACK_HELPER,
    "ndp_proxy": objects.NDP_PROXY,
    "port_forwarding": objects.PORT_FORWARDING,
}
# Those that only agents of routers keep, and those that they keep, too.
_OF_ROUTERS = ("conntrack_helper", "ndp_proxy", "port_forwarding")
_ALSO_OF_ROUTERS = ("qos_policy",)
_CREATED_AS_SUCH = ("trunk", "qos_policy", *_OF_ROUTERS)
# Events that change nothing of an object.
_UNSEEN = frozenset(
    (port_journal.PLUGGED, port_journal.REFRESH, dhcp_scheduling.GIVEN, dhcp_scheduling.TAKEN)
)
# Objects in one message: some hundred kB of ports.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentioned:
    """The objects that entries of the journal are about; ids by nouns, in the order of entries.

    Args:
        changed: those that were made or changed, and may be gone since.
        made: those of them that are new.
        gone: those that were deleted.
        whole: what those were that agents are told of as a whole, by ids.
        joined, left: sub-ports that trunks have got and lost.
    """

    changed: Mapping[str, Sequence[str]]
    made: frozenset[str]
    gone: Mapping[str, Sequence[str]]
    whole: Mapping[str, Data]
    joined: Sequence[Data]
    left: Sequence[Data]


def versions_of_routers() -> dict[str, list[str]]:
    """Kinds of which agents of routers keep objects -> the version for those who name none."""
    nouns = (*_OF_ROUTERS, *_ALSO_OF_ROUTERS)
    return {_KINDS[noun].name: [_KINDS[noun].version] for noun in nouns}


def mentioned(entries: Sequence[Entry]) -> Mentioned:
    """What entries are about."""
    changed: dict[str, dict[str, None]] = {}
    gone: dict[str, dict[str, None]] = {}
    made: set[str] = set()
    whole: dict[str, Data] = {}
    # (trunk, port) -> whether it joined, and as what
    moved: dict[tuple[str, str], tuple[bool, Data]] = {}
    for entry in entries:
        if entry.resource not in _KINDS or entry.event in _UNSEEN:
            continue
        ids = gone if entry.event == "delete" else changed
        ids.setdefault(entry.resource, {})[entry.resource_id] = None
        if entry.event == "create":
            made.add(entry.resource_id)
        if entry.resource in _OF_ROUTERS and entry.event == "delete":
            whole[entry.resource_id] = entry.details or {}
        if entry.resource == "trunk":
            for joined, name in ((True, "joined"), (False, "left")):
                for one in (entry.details or {}).get(name, ()):
                    sub_port = {**one, "trunk_id": entry.resource_id}
                    moved[entry.resource_id, one["port_id"]] = (joined, sub_port)
    return Mentioned(
        changed={noun: list(ids) for noun, ids in changed.items()},
        made=frozenset(made),
        gone={noun: list(ids) for noun, ids in gone.items()},
        whole=whole,
        joined=[one for joined, one in moved.values() if joined],
        left=[one for joined, one in moved.values() if not joined],
    )


def present(
    d: Deployment, ctx: RequestContext, about: Mentioned, kinds: Collection[str]
) -> dict[str, dict[str, dict[str, Any]]]:
    """The objects that are mentioned and there: a constant number of statements for each kind.

    Args:
        d: the deployment.
        ctx: the service itself.
        about: what is mentioned.
        kinds: names of those that matter.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for noun, kind in _KINDS.items():
        ids = about.changed.get(noun)
        if ids and kind.name in kinds:
            query = Query(filters={"id": tuple(ids)})
            loaded = SOURCES[kind.name].load(d, ctx, query)
            found[kind.name] = {one["id"]: one for one in loaded}
    return found


def pushes(
    about: Mentioned, there: Present, versions: Mapping[str, Sequence[str]]
) -> Iterator[Message]:
    """The messages that follow, in each version that somebody knows.

    Args:
        about: what is mentioned.
        there: what of it is there.
        versions: kind -> versions; those that this server has not are left out.
    """
    for noun, kind in _KINDS.items():
        known = there.get(kind.name, {})
        told = [known[one] for one in about.changed.get(noun, ()) if one in known]
        made = about.made if noun in _CREATED_AS_SUCH else ()
        new = [one for one in told if one["id"] in made]
        yield from _pushed(kind, CREATED, new, versions)
        old = [one for one in told if one["id"] not in made]
        yield from _pushed(kind, UPDATED, old, versions)
    yield from _pushed(objects.SUB_PORT, DELETED, about.left, versions)
    yield from _pushed(objects.SUB_PORT, CREATED, about.joined, versions)
    for noun, kind in reversed(tuple(_KINDS.items())):
        gone = [about.whole.get(one) or {"id": one} for one in about.gone.get(noun, ())]
        yield from _pushed(kind, DELETED, gone, versions)


def _pushed(
    kind: Kind, event: str, told: Sequence[Data], versions: Mapping[str, Sequence[str]]
) -> Iterator[Message]:
    if not told:
        return
    for version in versions.get(kind.name, ()):
        if not _has(kind, version):
            continue
        for start in range(0, len(told), _AT_ONCE):
            some = told[start : start + _AT_ONCE]
            yield Message(
                topic=f"neutron-vo-{kind.name}-{version}",
                method="push",
                version=_VERSION,
                arguments={
                    "resource_list": [_form(kind, one, version) for one in some],
                    "event_type": event,
                },
            )


def _form(kind: Kind, one: Data, version: str) -> dict[str, Any]:
    """The object; where only its id is known that alone, with a mark that there is no more."""
    if one.keys() == {"id"}:
        return {**versioned.envelope(kind, version, dict(one)), "versioned_object.changes": ["id"]}
    return versioned.primitive(kind, one, version)


def _has(kind: Kind, version: str) -> bool:
    try:
        versioned.require(kind, version)
    except InvalidInput:
        return False
    return True
