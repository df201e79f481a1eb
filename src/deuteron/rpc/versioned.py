"""Versioned objects as messages have them: the form, and what a kind of object is made of.

    Kind("Port", "1.11", (column("id"), ..., nested("security", PORT_SECURITY, ...)))
    primitive(PORT, api_dict, "1.10")  ->  {"versioned_object.name": "Port", ...}

A field has a name, the version that brought it, and a function of the object as the core gives it.
A column that is null is left out, a relation that is null is sent as null.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from deuteron.errors import InvalidInput

Data = Mapping[str, Any]
Version = tuple[int, int]
Value = Callable[[Data], Any]
Versioned = Callable[[Data, Version], Any]

FIRST: Version = (1, 0)
_OF_NOTHING = uuid.UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a kind of objects.

    Args:
        name: on the wire.
        value: of an object, in a version of its kind.
        since: the version that brought it.
        relation: whether it is sent even if it is null.
    """

    name: str
    value: Versioned
    since: Version = FIRST
    relation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of objects.

    Args:
        name: on the wire.
        version: the newest, ``MAJOR.MINOR``.
        fields: all that there are in the newest version.
    """

    name: str
    version: str
    fields: tuple[Field, ...]


def parsed(version: Any) -> Version:
    """A version as two numbers.

    Raises:
        InvalidInput: it is none.
    """
    numbers = _numbers(version) if isinstance(version, str) else None
    if numbers is None:
        raise InvalidInput(error_message="version must be two numbers, as 1.0")
    return numbers


@lru_cache(maxsize=200)
def _numbers(version: str) -> Version | None:
    major, _, minor = version.partition(".")
    if not (major.isdecimal() and minor.isdecimal() and len(version) < 20):
        return None
    return int(major), int(minor)


def require(kind: Kind, version: Any) -> Version:
    """A version that a kind has or had, as two numbers.

    Raises:
        InvalidInput: it is none.
    """
    limit, newest = parsed(version), parsed(kind.version)
    if limit > newest or limit[0] != newest[0]:
        raise InvalidInput(error_message=f"{kind.name} has no version {version[:20]}")
    return limit


def primitive(kind: Kind, data: Data, version: str | None = None) -> dict[str, Any]:
    """An object as it is sent.

    Args:
        kind: of it.
        data: the object as the core gives it.
        version: that the receiver knows, None for the newest.

    Raises:
        InvalidInput: there is no such version.
    """
    wanted = version or kind.version
    limit = require(kind, wanted)
    values: dict[str, Any] = {}
    for field in kind.fields:
        if field.since <= limit:
            value = field.value(data, limit)
            if value is not None or field.relation:
                values[field.name] = value
    return envelope(kind, wanted, values)


def envelope(kind: Kind, version: str, values: dict[str, Any]) -> dict[str, Any]:
    """The form of any object.

    Args:
        kind: of it.
        version: in which its fields are.
        values: field -> value.
    """
    return {
        "versioned_object.name": kind.name,
        "versioned_object.namespace": "versionedobjects",
        "versioned_object.version": version,
        "versioned_object.data": values,
    }


def column(name: str, *, since: Version = FIRST, key: str | None = None) -> Field:
    """A field that has the value of an attribute.

    Args:
        name: of the field.
        since: the version that brought it.
        key: the attribute, if that is called otherwise.
    """
    attribute = key or name
    return Field(name=name, value=lambda data, _: data.get(attribute), since=since)


def columns(*names: str) -> tuple[Field, ...]:
    """Fields that are as the core gives them, there from the first version."""
    return tuple(column(name) for name in names)


def related(name: str, value: Value, *, since: Version = FIRST) -> Field:
    """A field that is sent even if it is null."""
    return Field(name=name, value=lambda data, _: value(data), since=since, relation=True)


def many(name: str, kind: Kind, items: Callable[[Data], Iterable[Data]]) -> Field:
    """A list of other objects."""
    return related(name, lambda data: [primitive(kind, item) for item in items(data)])


def derived_id(*parts: object) -> str:
    """An id for what has none of its own; the same each time."""
    return str(uuid.uuid5(_OF_NOTHING, "/".join(map(str, parts))))


def attribute(name: str) -> Value:
    """What the core gives under a name, null if it gives nothing."""
    return lambda data: data.get(name)
