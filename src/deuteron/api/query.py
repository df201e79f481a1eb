"""What a query string asks for: filters, fields, order and page.

    name=a&name=b&fields=id&sort_key=name&sort_dir=desc&limit=10&marker=ID&page_reverse=true

A filter's values are converted like the attribute's own, so that the core compares like with
like. An empty value is a value (``empty-string-filtering``); an unknown filter is refused
(``filter-validation``). Rules and error types as observed of Neutron.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from neutron_lib.api import converters

from deuteron.api.attributes import PROJECT, TENANT, Attributes
from deuteron.errors import BadRequest, HTTPBadRequest
from deuteron.query import EVERYTHING, Query

Values = tuple[Any, ...]

_RESERVED = frozenset(("fields", "sort_key", "sort_dir", "limit", "marker", "page_reverse"))
_DIRECTIONS = {"asc": True, "desc": False}
_LARGEST = 2**31 - 1
_OF_FIXED_IPS = frozenset(("ip_address", "subnet_id", "ip_address_substr"))


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRules:
    """What may be asked about one resource.

    Args:
        filters: names that lists can be filtered by -> conversion of the values.
        sortable: names that lists can be ordered by.
        known: names of all attributes.
        key: the attribute that a marker names.
        longest: most items in one answer, None for no limit.
        strict: whether an unknown filter is refused rather than ignored.
    """

    filters: Mapping[str, Callable[[list[str]], Values]]
    sortable: frozenset[str]
    known: frozenset[str]
    key: str = "id"
    longest: int | None = None
    strict: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query string, understood.

    Args:
        query: what the core is asked; its fields are at least those that the answer needs.
        fields: names that the answer is cut down to, None for all.
        parameters: the query string as it came, for links to other pages.
    """

    query: Query
    fields: tuple[str, ...] | None
    parameters: tuple[tuple[str, str], ...]


_NOTHING_ASKED = Asked(query=EVERYTHING, fields=None, parameters=())


def rules_for(
    attributes: Attributes, *, key: str = "id", longest: int | None = None, strict: bool = True
) -> QueryRules:
    """The query rules of a resource.

    Args:
        attributes: the resource's attributes.
        key: the attribute that a marker names.
        longest: most items in one answer, None for no limit.
        strict: whether an unknown filter is refused rather than ignored.
    """
    filters = {
        name: _conversion(name, facts)
        for name, facts in attributes.facts.items()
        if facts.get("is_filter")
    }
    sortable = {name for name, facts in attributes.facts.items() if facts.get("is_sort_key")}
    return QueryRules(
        filters=filters,
        sortable=frozenset(sortable),
        known=frozenset(attributes.facts),
        key=key,
        longest=longest,
        strict=strict,
    )


def _conversion(name: str, facts: Mapping[str, Any]) -> Callable[[list[str]], Values]:
    if name == "fixed_ips":
        return _fixed_ips
    if name == "revision_number":
        return _revisions
    convert = facts.get("convert_to")
    if convert is None:
        return tuple
    return lambda values: tuple(_storable(convert(value)) for value in values)


def _storable(value: Any) -> Any:
    """The value; a number that no database can hold, and so no row has, becomes -1."""
    return -1 if isinstance(value, int) and abs(value) > _LARGEST else value


def _fixed_ips(values: list[str]) -> Values:
    """``ip_address=A``, ``subnet_id=S`` and ``ip_address_substr=T``; others say nothing.

    Raises:
        InvalidInput: not of the form ``name=value`` (neutron-lib's error).
    """
    pairs = (converters.convert_kvp_str_to_list(value) for value in values)
    return tuple(f"{name}={text}" for name, text in pairs if name in _OF_FIXED_IPS)


def _revisions(values: list[str]) -> Values:
    """Numbers; what is none is a revision that nothing has."""
    return tuple(_number(value) if value.isascii() and value.isdigit() else -1 for value in values)


def _number(digits: str) -> int:
    """The number, cut off at one that is larger than any a request can mean."""
    return min(int(digits[:18]), _LARGEST)


def parse(rules: QueryRules, query_string: str) -> Asked:
    """Understand a query string.

    Args:
        rules: what may be asked.
        query_string: as it stands in the URL, without the question mark.

    Raises:
        HTTPBadRequest: an unknown filter, a sort key without direction or one that is not
            sortable, or text that is not UTF-8.
        BadRequest: a limit that is no number from 0 up.
        InvalidInput: a filter's value is not of the attribute's type (neutron-lib's error).
    """
    if not query_string:
        if rules.longest is None:
            return _NOTHING_ASKED
        return Asked(query=Query(limit=rules.longest), fields=None, parameters=())
    parameters = _parameters(query_string)
    asked: dict[str, list[str]] = {}
    for name, value in parameters:
        asked.setdefault(name, []).append(value)
    fields = asked.get("fields")
    limit = _limit(asked.get("limit"), rules.longest)
    reverse = asked.get("page_reverse", ["false"])[-1].lower() == "true"
    query = Query(
        filters=_filters(rules, asked),
        fields=None if fields is None else _needed(rules, fields, paged=limit is not None),
        sort=_sort(rules, asked.get("sort_key", ()), asked.get("sort_dir", ())),
        limit=limit,
        marker=(asked.get("marker", [""])[-1] or None) if limit else None,
        page_reverse=reverse and limit is not None,
    )
    return Asked(
        query=query, fields=None if fields is None else tuple(fields), parameters=parameters
    )


def _parameters(query_string: str) -> tuple[tuple[str, str], ...]:
    try:
        pairs = parse_qsl(query_string, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise HTTPBadRequest(msg="The query string is not UTF-8") from None
    if any("\0" in value for _, value in pairs):
        raise HTTPBadRequest(msg="The query string has a NUL character")
    return tuple(pairs)


def _filters(rules: QueryRules, asked: Mapping[str, list[str]]) -> dict[str, Values]:
    filters: dict[str, Values] = {}
    unknown = []
    for asked_name, values in asked.items():
        if asked_name in _RESERVED:
            continue
        name = PROJECT if asked_name == TENANT else asked_name
        convert = rules.filters.get(name)
        if convert is None:
            unknown.append(asked_name)
            continue
        converted = convert(values)
        if name in filters:  # project_id and tenant_id: both must fit
            converted = tuple(value for value in converted if value in filters[name])
        elif not converted:
            continue
        filters[name] = converted
    if unknown and rules.strict:
        raise HTTPBadRequest(msg=f"Cannot filter by {', '.join(unknown)}")
    return filters


def _needed(rules: QueryRules, fields: Iterable[str], *, paged: bool) -> tuple[str, ...]:
    """The attributes that must be read: never none, and the key where links need it."""
    names = (PROJECT if name == TENANT else name for name in fields)
    needed = dict.fromkeys(name for name in names if name in rules.known)
    if paged or not needed:
        needed[rules.key] = None
    return tuple(needed)


def _sort(
    rules: QueryRules, keys: Iterable[str], directions: Iterable[str]
) -> tuple[tuple[str, bool], ...]:
    keys = [key for key in keys if key]
    directions = [direction for direction in directions if direction]
    if len(keys) != len(directions):
        raise HTTPBadRequest(msg="There must be as many sort_dir as sort_key")
    names = [PROJECT if key == TENANT else key for key in keys]
    wrong = [key for key, name in zip(keys, names, strict=True) if name not in rules.sortable]
    if wrong:
        raise HTTPBadRequest(msg=f"Cannot sort by {', '.join(wrong)}")
    wrong = [direction for direction in directions if direction not in _DIRECTIONS]
    if wrong:
        raise HTTPBadRequest(msg=f"sort_dir is 'asc' or 'desc', not {', '.join(wrong)}")
    return tuple(
        (name, _DIRECTIONS[direction]) for name, direction in zip(names, directions, strict=True)
    )


def _limit(values: list[str] | None, longest: int | None) -> int | None:
    if values is None:
        return longest
    text = values[-1].strip()
    if not (text.isascii() and text.isdigit()):
        raise BadRequest(
            resource="limit", msg=f"it must be a whole number from 0 up and not '{values[-1]}'"
        )
    limit = _number(text)
    if longest is None:
        return limit or None
    return min(limit, longest) or longest
